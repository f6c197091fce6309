"""The codes of databases in Azure VMs: those that any of them may meet, and those of SQL Server."""

from __future__ import annotations

from typing import Final

from backupkit.failure_codes import PAGES, SELF_HELP, WIRE, Failure, restores

_SQL = PAGES + "backup-sql-server-azure-troubleshoot"
_HANA = PAGES + "backup-azure-sap-hana-database-troubleshoot"

_REGISTER = "register the VM with the vault again (Backup Infrastructure, Re-register)"
_HEALS = (
    "nothing to do after a scheduled backup, the service takes a Full itself; "
    "take one by hand after a backup that was started by hand"
)

# One row a group of lines: a formatter would spread each over seven.
# fmt: off
DATABASE_CODES: Final = (
    Failure("UserErrorVMInternetConnectivityIssue", "passing",
        "if it repeats, let the VM reach Azure Backup, Storage and Microsoft Entra ID, and check its DNS",
        _SQL, phrases=("not able to contact azure backup service due to internet connectivity issues",)),
    Failure("UserErrorJobCancelledOnMachineReboot", "passing",
        "nothing to do unless it repeats: then find what restarts the VM while it is backed up", SELF_HELP,
        phrases=("job was cancelled because the machine rebooted",)),

    Failure("UserErrorBackupFailedAsRemedialBackupInProgress", "wait",
        "wait for the full backup that the service is taking of this database",
        _HANA, phrases=("backup failed because a remedial backup is in progress for this database",
                        "remedial backup in progress")),
    Failure("OperationCancelledBecauseConflictingOperationRunningUserError", "wait",
        "wait for the other backup of this database to end, and move schedules apart if it repeats", _SQL,
        phrases=("as a conflicting operation was already running on the same database",
                 "conflicting operation in progress")),
    Failure("OperationCancelledBecauseConflictingAutohealOperationRunningUserError", "wait",
        "wait for the full backup that the service is taking of this database", _HANA,
        phrases=("auto-heal full backup in progress",)),

    Failure("UserErrorParentFullBackupMissing", "self-heal", _HEALS, _SQL, needs_full=True,
        phrases=("first full backup is missing for this",)),

    Failure("WorkloadExtensionNotReachable", "human", "start the VM, then " + _REGISTER, _SQL,
        numbers=(530010,), phrases=("azurebackup workload extension operation failed",)),
    Failure("UserErrorWorkloadExtensionNotInstalled", "human", _REGISTER, _SQL,
        phrases=("workload backup extension was removed from the virtual machine",)),
    Failure("WorkloadExtensionNotPresent", "human", _REGISTER, _SQL),
    Failure("WorkloadExtensionDidntDequeueMsg", "human", _REGISTER, _SQL),
    Failure("WLExtPluginServiceStartTimedOut", "human",
        "see that the database is online, the VM agent runs and no antivirus blocks the backup plug-in",
        SELF_HELP),
    Failure("SendCmdToPluginHostFailed", "human",
        "start the Azure Backup Workload Plugin service in the VM, as NT Service\\AzureWLBackupPluginSvc",
        SELF_HELP),
    Failure("GuestAgentStatusUnavailableUserError", "human",
        "start, update or install the agent of the VM that the database runs in", _SQL,
        phrases=("uses azure vm guest agent for doing backup but guest agent is not available",)),
    Failure("VMNotInRunningStateUserError", "human",
        "start the VM and the database server in it", _SQL,
        phrases=("is either shutdown and not accessible to azure backup service",)),
    Failure("UserErrorInsufficientSpaceOnSystemDriveForExtensionMetadata", "human",
        "free space on the system drive of the VM that the database runs in", _HANA,
        phrases=("to perform configure backup, backup or restore activities",)),

    Failure("UserErrorJobSuccessfullyCancelled", "foreign",
        "nothing to do: somebody cancelled the job; back up by hand if the point is missed", SELF_HELP),
    Failure("AutoProtectionCancelledOrNotValid", "foreign",
        "nothing to do for databases that are protected; turn auto-protection of the instance on again "
        "if the others are to be protected too", _SQL,
        phrases=("auto-protection intent was either removed or is no more valid",)),
)

_SQL_PASSING = (
    Failure("UserErrorOpeningSQLConnection", "passing",
        "if it repeats, see that the SQL Server instance runs, takes connections and lets the login of the "
        "backup in", _SQL, phrases=("not able to connect to the sql instance",)),
    Failure("UserErrorConnectionToPrimaryReplicaIsNotActive", "passing",
        "if it repeats, open the endpoint between the replicas (port 5022 by default) in their firewalls",
        SELF_HELP, phrases=("the connection to the primary replica is not active",)),
    Failure("UserErrorAGReplicaRoleIsResolving", "wait",
        "wait for the failover of the availability group to end", SELF_HELP,
        phrases=("backup failed as current replica does not have a healthy role",)),
    Failure("UserErrorFileManipulationIsNotAllowedDuringBackup", "wait",
        "wait for what adds, drops or shrinks files of the database, and keep it out of the backup's hours",
        SELF_HELP, phrases=("encryption changes on a database must be serialized",)),
)

_SQL_HEALS = (
    Failure("UserErrorSQLLSNValidationFailure", "self-heal",
        _HEALS + ", and stop whatever else backs the database up", _SQL, needs_full=True,
        phrases=("log chain is broken.",)),
    Failure("UserErrorBackupFailedDBGuidChanged", "self-heal", _HEALS, SELF_HELP, needs_full=True),
    Failure("UserErrorLatestFullPitIsOld", "self-heal", _HEALS, SELF_HELP, needs_full=True,
        phrases=("latest full pit is very old",)),
    Failure("UserErrorLogBackupFailedAsRecoveryModelChanged", "self-heal", _HEALS, SELF_HELP,
        needs_full=True),
)

_SQL_HUMAN = (
    Failure("UserErrorNoFullBackupTriggeredAfterRestore", "human",
        "take a Full by hand: none was taken since the database was restored", SELF_HELP, needs_full=True,
        phrases=("no full backup happened after restore operation on this datasource",)),
    Failure("UserErrorParentFullBackupMissingRemedialFullNotPossible", "human",
        "see that the primary replica runs and is protected, then take a Full by hand", SELF_HELP,
        needs_full=True),
    Failure("UserErrorOtherBackupProductCausingSQLLSNValidationFailure", "human",
        "stop the other product that backs the database up, or have it take copy-only backups", SELF_HELP,
        phrases=("log chain is broken, as another backup product is taking backups",)),
    Failure("UserErrorSQLPODoesNotSupportBackupType", "human",
        "take log backups out of the policy, or set the recovery model to full; to be ignored where "
        "neither is wanted, since the other types go on", _SQL,
        phrases=("this sql database does not support the requested backup type",)),
    Failure("UserErrorSQLPODoesNotSupportBackupTypeOnSecondaryNode", "human",
        "set a backup preference that lets the secondary replica take this type of backup", SELF_HELP),
    Failure("UserErrorCannotTakeBackupBasedOnBackupPreference", "human",
        "compare the availability group's backup preference with the node that the backup started on",
        SELF_HELP, phrases=("the node on which the backup was triggered cannot take the backup",)),
    Failure("FabricSvcBackupPreferenceCheckFailedUserError", "human",
        "register every node of the availability group with the vault, or change its backup preference",
        _SQL, phrases=("backup preference for sql always on availability group cannot be met",)),
    Failure("UserErrorBackupFailedAsReplicaIsNotInSynchronizingOrSynchronizedState", "human",
        "bring the secondary replica back into the synchronized or synchronizing state", SELF_HELP,
        phrases=("because it is not in synchronizing or synchronized state",)),
    Failure("UserErrorBackupFailedStandaloneDatabaseMovedInToAG", "human",
        "stop protection of the database, keeping its data, then protect it as one of the availability "
        "group", SELF_HELP),
    Failure("UserErrorCannotOpenFailoverClusteringRegKey", "human",
        "see that the failover cluster service runs and the availability group was not dropped", SELF_HELP,
        phrases=("failed to open the windows server failover clustering registry subkey",)),
    Failure("UserErrorSQLNoSysadminMembership", "human",
        "make NT Service\\AzureWLBackupPluginSvc a sysadmin of the SQL Server instance, its login enabled",
        _SQL, phrases=("for all operations and this account needs sql sysadmin",)),
    Failure("UserErrorPermissionDenied", "human",
        "give NT Service\\AzureWLBackupPluginSvc the rights it lacks, then discover the databases again",
        SELF_HELP, phrases=("was denied permission on this datasource",)),
    Failure("UserErrorNoSQlInstancesOnMachine", "human",
        "start SQL Server in the VM, or unregister the VM if there is none any more", WIRE,
        phrases=("no sql instances found on this machine",)),
    Failure("UserErrorDotNetVersionUpgradeRequired", "human",
        "install the .NET Framework that the message asks for, and restart the VM at its next window",
        SELF_HELP, phrases=("azure backup for sql server requires .net framework version",)),
    Failure("UserErrorBackupFailedAsTransactionLogIsFull", "human",
        "free the transaction log of the database or let it grow (SQL Server error 9002)", _SQL,
        phrases=("cannot take backup as transaction log for the",)),
    Failure("UserErrorBackupFailedDatabaseFilesLimitExceeded", "human",
        "reduce the files of the database to 1,000 or fewer", SELF_HELP,
        phrases=("as the number of files in the database exceeded the limit",)),
    Failure("UserErrorOperationFailedAsDatasourceIsOpenedByAnotherUser", "human",
        "end the session that holds the single-user database, sp_who2 shows it", SELF_HELP,
        phrases=("can only have one user connected at a time",)),
    Failure("UserErrorOperationNotAllowedDatabaseMirroringEnabled", "human",
        "end the mirroring of the database, or stop its protection: mirrors are not backed up", SELF_HELP,
        phrases=("participating in a database mirroring session is not supported",)),
    Failure("UserErrorSQLVDIInitFailed", "human",
        "register sqlvdi.dll in the VM again, and run DBCC CHECKDB on the database", SELF_HELP,
        phrases=("sql vdi initialization has failed",)),
    Failure("UserErrorOperatingSystemFault", "human",
        "enlarge the paging file of the VM", SELF_HELP),
    Failure("UserErrorGenericSQLUserCorrectableFault", "human",
        "read SQL Server's own error in the job's additional details, and correct that", SELF_HELP,
        phrases=("generic sql user correctable error",)),
)

_SQL_OTHER = (
    Failure("UserErrorSQLPODoesNotExist", "gone",
        "stop protection, keeping or deleting the backup data: the database was deleted or renamed", _SQL,
        phrases=("sql database does not exist",)),
    Failure("UserErrorBailingOutFromBackupOtherNodeMarkerExists", "foreign",
        "nothing to do: another node of the availability group has taken this backup", SELF_HELP),
    *restores(_SQL, {
        "UserErrorCannotRestoreExistingDBWithoutForceOverwrite":
            "database with same name already exists at the target location",
        "UserErrorRestoreFailedDatabaseCannotBeOfflined":
            "restore failed as the database could not be brought offline",
        "UserErrorCannotFindServerCertificateWithThumbprint":
            "cannot find the server certificate with thumbprint on the target",
        "UserErrorRestoreNotPossibleBecauseLogBackupContainsBulkLoggedChanges":
            "the log backup used for recovery contains bulk-logged changes",
    }),
    *restores(SELF_HELP, {
        "UserErrorDatabaseFileCollision":
            "some of the files with same name already exist on the destination server",
        "UserErrorInsufficientSpaceForRestoreOnDisk":
            "insufficient free space on disk volume to create the datasource",
        "UserErrorRestoreFailedIncompatibleSQLServerInstanceVersion":
            "versions of the source instance and the target instance are incompatible",
        "UserErrorOperationFailedTargetSQLServerInSingleUserMode":
            "operation failed as the server is in single-user mode",
    }),
)

SQL_CODES: Final = (*_SQL_PASSING, *_SQL_HEALS, *_SQL_HUMAN, *_SQL_OTHER)
