"""The codes of SAP HANA and SAP ASE databases in Azure VMs, those of restores among them.

Some names of SAP ASE are plain words (`InvalidInput`) that other services use
too; none of those starts anything.
"""

from __future__ import annotations

from typing import Final

from backupkit.failure_codes import PAGES, SELF_HELP, WIRE, Failure, restores

_HANA = PAGES + "backup-azure-sap-hana-database-troubleshoot"
_SNAPSHOT = PAGES + "sap-hana-database-instance-troubleshoot"
_ASE = PAGES + "troubleshoot-sap-ase-sybase-database-backup"

_SCRIPT = "run the pre-registration script in the VM"
_SUPPORT = "nothing to do unless it repeats: then give the job's activity id to Microsoft support"
_HEALS = "nothing to do: the service takes a Full now; ask Microsoft support if none follows in 24 hours"

# One row a group of lines: a formatter would spread each over seven.
# fmt: off
_HANA_DATABASE = (
    Failure("UserErrorInOpeningHanaOdbcConnection", "passing",
        f"if it repeats, see that SYSTEMDB and the tenant are online, then {_SCRIPT}", _HANA,
        phrases=("failed to connect to hana system",)),
    Failure("UserErrorCannotConnectToAzureActiveDirectoryService", "passing",
        "if it repeats, let the VM reach Microsoft Entra ID through its firewall or proxy", _HANA,
        phrases=("unable to connect to the aad service from the hana system",)),
    Failure("UserErrorHANALSNValidationFailure", "self-heal", _HEALS, _HANA, needs_full=True,
        phrases=("backup log chain is broken",)),

    Failure("UserErrorHANASystemDBNotRunning", "human",
        "start the SAP HANA system: `HDB start` as the sidadm user", WIRE,
        phrases=("systemdb for hana is not in running state",
                 "systemdb for the sap hana instance is not in running state")),
    Failure("BackintRequestNotReceivedError", "human",
        "see that HANA's backint parameters are as protecting the database set them, and ask Microsoft "
        "support if they are: no cause is published", SELF_HELP),
    Failure("UserErrorInvalidBackintConfiguration", "human",
        "set HANA's backint parameters back as protecting the database set them, with none at host level",
        _HANA, phrases=("detected invalid backint configuration", "when the backint configuration is")),
    Failure("UserErrorHANAInternalRoleNotPresent", "human",
        f"{_SCRIPT}: the backup user lacks the role SAP_INTERNAL_HANA_SUPPORT", _HANA,
        phrases=("does not have required role privileges to carry out backup",)),
    Failure("UserErrorInsufficientPrivilegeOfDatabaseUser", "human",
        f"{_SCRIPT}: the backup user lacks rights in HANA", _HANA,
        phrases=("does not have enough privileges to carry out backup and restore",)),
    Failure("UserErrorDatabaseUserPasswordExpired", "human",
        f"{_SCRIPT}: the password of the backup user has expired", _HANA,
        phrases=("backup user's password expired",)),
    Failure("UserErrorHanaPreScriptNotRun", "human", f"{_SCRIPT}: it was never run there", _HANA,
        phrases=("pre-registration script not run",)),
    Failure("UserErrorPreregistrationScriptNotRun", "human", f"{_SCRIPT}: it was never run there", _HANA),
    Failure("UserErrorHanaInstanceNameInvalid", "human",
        f"{_SCRIPT} with the right instance: one HANA instance of a VM is backed up, not several", _HANA,
        phrases=("the specified sap hana instance is either invalid or",)),
    Failure("UserErrorSDCtoMDCUpgradeDetected", "human",
        f"stop protection of the old database, keeping its data, {_SCRIPT} and protect the new ones", _HANA,
        phrases=("sdc to mdc upgrade detected",)),
    Failure("UserErrorInconsistentSSFS", "human",
        "have the secure store of HANA repaired as SAP note 2097613 says", _HANA),
    Failure("UserErrorMisConfiguredSslCaStore", "human",
        "make the VM's root certificates readable for all (chmod o+r), then restart the plug-in host", _HANA),
    Failure("UserErrorDefaultSidAdmDirectoryChanged", "human",
        "set HOME of the sidadm user to /usr/sap/SID/home", _HANA,
        phrases=("default sid-adm directory changed",)),
    Failure("UserErrorHANAPODoesNotExist", "gone",
        "stop protection, keeping or deleting the backup data: the database was deleted", _HANA,
        phrases=("database configured for backup does not exist",)),

    *restores(_HANA, {
        "UserErrorTargetPOExistsOverwriteNotSpecified": "target database cannot be overwritten for restore",
        "UserErrorRecoverySysScriptFailedToTriggerRestore": "recoverysys.py could not be run successfully",
        "UserErrorDBNameNotInCorrectFormat": "restored database name not in correct format",
        "UserErrorHDBsettingsScriptNotFound": "hdbsetting.sh file cannot be found",
    }),
    Failure("UserErrorIncompatibleSrcTargetSystemsForRestore", "foreign",
        "nothing to do for the backup: a restore between HANA systems that do not fit together", WIRE,
        numbers=(520512,), phrases=("source and target systems for restore are incompatible",)),
)


def _identity_lacks(what: str, code: str, said: str) -> Failure:
    return Failure(code, "human", f"give the managed identity of the VM the role {what}", _SNAPSHOT,
        phrases=(said,))


_HANA_SNAPSHOT = (
    Failure("UserErrorVMIdentityNotEnabled", "human",
        "turn on the system-assigned identity of the VM and give it the roles for snapshots", _SNAPSHOT,
        phrases=("system-assigned managed identity is not enabled on the azure vm",)),
    _identity_lacks("Disk Snapshot Contributor on the snapshot resource group",
        "UserErrorVMIdentityRequiresCreateSnapshotsRole", "not authorized to create snapshots."),
    _identity_lacks("Disk Snapshot Contributor on the snapshot resource group",
        "UserErrorVMIdentityRequiresReadSnapshotsRole", "not authorized to read snapshots"),
    _identity_lacks("Disk Snapshot Contributor on the snapshot resource group",
        "UserErrorVMIdentityRequiresReadDisksRole", "not authorized to read disks details"),
    _identity_lacks("Disk Snapshot Contributor on the snapshot resource group",
        "UserErrorVMIdentityRequiresCreateDisksRole", "not authorized to create disks"),
    _identity_lacks("Disk Snapshot Contributor on its disks",
        "UserErrorVMIdentityRequiresGetDiskSASRole", "not authorized to get disk shared access signature"),
    _identity_lacks("Virtual Machine Contributor on the VM",
        "UserErrorVMIdentityRequiresUpdateVMRole", "not authorized to attach disks on virtual machine"),
    _identity_lacks("Virtual Machine Contributor on the VM",
        "UserErrorVMIdentityRequiresReadVMRole", "not authorized to read virtual machine storage profile"),
    _identity_lacks("that the job's additional details name",
        "UserErrorVMIdentityRequiresPermissionsForSnapshot",
        "does not have adequate permissions for snapshot based workload backup"),
    Failure("UserErrorSnapshotTargetRGNotFoundOrVMIdentityRequiresPermissions", "human",
        "see that the snapshot resource group of the policy exists and the VM's identity may use it",
        _SNAPSHOT, phrases=("either the snapshot resource group does not exist or",)),
    Failure("UserErrorDeleteSnapshotRoleOrResourceGroupMissing", "human",
        "give Backup Management Service the role Disk Snapshot Contributor on the snapshot resource group",
        _SNAPSHOT, phrases=("does not have permissions to delete workload backup snapshots",)),
    Failure("UserErrorDiskTypeNotSupportedForWkloadBackup", "human",
        "move the database to managed disks: others cannot be snapshot", _SNAPSHOT,
        phrases=("unmanaged disk not supported for workload snapshot backups",)),
    Failure("UserErrorMaxDisksSupportedForWkloadBackupExceeded", "human",
        "spread the database over fewer disks, the support matrix says how many", _SNAPSHOT,
        phrases=("disks count exceeded maximum disks supported for workload backup",)),
    Failure("UserErrorWLBackupFilesystemTypeNotSupported", "human",
        "move the database to a file system that the support matrix names", _SNAPSHOT,
        phrases=("file system type not supported for workload snapshot backups",)),
    Failure("UserErrorWLBackupDeviceTypeNotSupported", "human",
        "move the database to a kind of device that the support matrix names", _SNAPSHOT,
        phrases=("device type not supported for workload snapshot backups",)),
    Failure("UserErrorWLOnOSVolumeNotSupported", "human",
        "move the database off the volume of the operating system", _SNAPSHOT,
        phrases=("workload data on os volume is not supported",)),
    Failure("UserErrorSnapshotOperationsUnsupportedWithInactiveDatabase", "human",
        "start every database of the HANA system, a snapshot needs them all", _SNAPSHOT,
        phrases=("snapshot backups are not supported on inactive database",)),
    *restores(_SNAPSHOT, {
        "UserErrorConflictingFileSystemPresentOnTargetMachine":
            "with the same identity are present on the target machine",
        "UserErrorDiskAttachLimitReached": "limit on maximum number of attached disks on the vm is reached",
        "UserErrorPITSnapshotDeleted": "the selected snapshot recovery point is deleted or not present",
        "UserErrorRestoreDiskIncompatible": "the restored disk type is not supported by the target vm",
    }),
)

HANA_CODES: Final = (*_HANA_DATABASE, *_HANA_SNAPSHOT)

ASE_CODES: Final = (
    Failure("DatabaseBackupOperationFailed", "passing", _SUPPORT, _ASE),
    Failure("BackupValidationFailed", "passing", _SUPPORT, _ASE,
        phrases=("database backup validation failed.",)),
    Failure("WriteToBackupStreamFailure", "passing", _SUPPORT, _ASE,
        phrases=("failure while writing data to backup stream",)),
    Failure("GetPluginVersionError", "passing", _SUPPORT, _ASE,
        phrases=("error while getting plugin version",)),
    Failure("DatabaseQueryExecutionError", "passing",
        "if it repeats, see that the database is online", _ASE,
        phrases=("ase exception occurred while running query on database",)),

    Failure("UserErrorASELSNValidationFailure", "self-heal", _HEALS, _ASE, needs_full=True,
        phrases=("log sequence validation failed",)),
    Failure("FullBackupNotPerformed", "self-heal", _HEALS, _ASE, needs_full=True,
        phrases=("no previous full backups were found",)),
    Failure("LatestFullBackupIsOld", "self-heal", _HEALS, _ASE, needs_full=True,
        phrases=("the latest full backup is more than 15 days old",)),

    Failure("UserErrorASEScriptNotRun", "human", f"{_SCRIPT}: it was never run there",
        PAGES + "sap-ase-database-about"),
    Failure("ASEBackupServerNotRunning", "human",
        "start the backup server of the SAP ASE instance", _ASE),
    Failure("DatabaseExistenceValidationFailure", "human",
        "bring the database online, or stop its protection if it is gone", _ASE,
        phrases=("database existence validation failed.",)),
    Failure("GetDatabaseVersionFailure", "human", "start the SAP ASE database that could not be asked", _ASE,
        phrases=("error while fetching database version",)),
    Failure("DumpHistoryCorrupted", "human",
        "check the disk space, and repair the dump history file as SAP note 2167081 says", _ASE,
        phrases=("dump history file is corrupted",)),
    Failure("CompressionLevelNotSet", "human", f"{_SCRIPT}: the new one sets the compression level", _ASE,
        phrases=("compression has been enabled but",)),
    Failure("InvalidDatabaseConnectionDetails", "human",
        f"{_SCRIPT} with a host name that resolves and a user that may back up", _ASE,
        phrases=("invalid database authentication credentials were supplied",)),
    Failure("RegistrationFailure", "human",
        f"start the SAP ASE server, then {_SCRIPT} with the right instance, host and user", _ASE,
        phrases=("registration failed on the instance",)),
    Failure("ConfigureProtectionFailed", "human",
        "see that the database is online and its credentials are right, then protect it again", _ASE,
        phrases=("configure protection operation failed on the instance",)),
    Failure("InvalidLogicalContainerName", "human",
        "correct the name of the SAP ASE instance that was asked for", _ASE,
        phrases=("invalid database instance name supplied",)),
    Failure("InvalidWorkloadType", "human",
        "correct the workload type that was asked for", _ASE),
    Failure("InvalidInput", "human",
        "correct what was asked for: the service took a parameter for invalid", _ASE,
        phrases=("invalid input for one or more parameters was passed",)),
    Failure("DatabaseOperationFailed", "human",
        "give the database user of the backup the rights it lacks", _ASE,
        phrases=("database operation failed with an error",)),
    Failure("GeneralPluginException", "human",
        "give the job's activity id to Microsoft support: the plug-in failed within", _ASE),

    *restores(_ASE, {
        "OperationNotSupportedError": "restore inquire operation not supported",
        "FailedToCreateDatabase": "failed to create database for restoring",
        "InvalidDatabaseName": "database name supplied during alternative location restore",
        "ForceOverwriteOptionNotSet": "restore failed because overwrite options",
        "InvalidOverwriteOption": "restore operation failed due to overwrite option set to null",
        "PointInTimeRestoreFailed": "database restore operation to the specified point-in-time has failed",
        "RestoreMasterALROLRUnSupported": "be restored using alternate and original location",
        "DatabaseRestoreFailed": "database restore has failed due to an unknown error",
        "MultiActiveConnections": "because the active connections exceed one",
    }),
)
