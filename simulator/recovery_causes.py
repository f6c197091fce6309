"""Why backups of databases and file shares fail; the codes and advice of Azure's troubleshooting pages."""

from __future__ import annotations

from dataclasses import dataclass

NO_NUMBER = 499000
"""Jobs carry a number; this one stands for the text codes whose number is not public."""


@dataclass(frozen=True)
class Cause:
    """`title` is the text code, "" where Azure sends none; `human`: it will not pass by itself."""

    number: int
    title: str
    message: str
    advice: str
    human: bool = True


def _cause(title: str, message: str, advice: str, *, human: bool = True) -> Cause:
    return Cause(NO_NUMBER, title, message, f"{advice} https://aka.ms/AB-{title}", human)


OF_DATABASES = (
    _cause(
        "UserErrorParentFullBackupMissing",
        "First full backup is missing for this data source.",
        "Trigger an on-demand full backup.",
        human=False,
    ),
    _cause(
        "UserErrorSQLPODoesNotSupportBackupType",
        "This SQL database does not support the requested backup type.",
        "Take a full backup, or change the recovery model of the database.",
    ),
    _cause(
        "UserErrorSQLPODoesNotExist",
        "Azure Backup was not able to find the database.",
        "Make sure the database exists, or stop its protection.",
    ),
    _cause(
        "UserErrorHANAPODoesNotExist",
        "Database configured for backup does not exist.",
        "Make sure the database exists, or stop its protection.",
    ),
    _cause(
        "UserErrorSQLLSNValidationFailure",
        "Log chain is broken.",
        "Trigger an on-demand full backup.",
        human=False,
    ),
    _cause(
        "UserErrorHANALSNValidationFailure",
        "Backup log chain is broken.",
        "A full backup is triggered by the service.",
        human=False,
    ),
    _cause(
        "OperationCancelledBecauseConflictingOperationRunningUserError",
        "Operation cancelled as a conflicting operation was already running on the same database.",
        "Please try again after some time.",
        human=False,
    ),
    _cause(
        "UserErrorBackupFailedAsRemedialBackupInProgress",
        "Remedial backup in progress.",
        "Wait until the full backup is completed.",
        human=False,
    ),
    _cause(
        "UserErrorOpeningSQLConnection",
        "Azure Backup is not able to connect to the SQL instance.",
        "Make sure the instance is running and its login may connect.",
        human=False,
    ),
    _cause(
        "UserErrorInOpeningHanaOdbcConnection",
        "Failed to connect to HANA system.",
        "Make sure the system is running and its user may connect.",
        human=False,
    ),
    _cause(
        "UserErrorBackupFailedAsTransactionLogIsFull",
        "Cannot take backup as transaction log for the data source is full.",
        "Make room in the transaction log.",
    ),
    _cause(
        "UserErrorSQLNoSysadminMembership",
        "Azure Backup service account is not a sysadmin of the SQL instance.",
        "Grant NT Service\\AzureWLBackupPluginSvc the role sysadmin.",
    ),
    _cause(
        "WorkloadExtensionNotReachable",
        "AzureBackup workload extension operation failed.",
        "Register the virtual machine again.",
    ),
    _cause("VMNotInRunningStateUserError", "VM is not in running state.", "Start the virtual machine."),
)
OF_SHARES = (
    _cause(
        "FileshareBackupFailedWithAzureRpRequestThrottling",
        "File share backup or restore failed due to storage service throttling.",
        "Try the backup operation at a later time.",
        human=False,
    ),
    _cause(
        "DatamoverGenericError",
        "An error occurred while moving data to the vault.",
        "Wait for a few minutes, then retry.",
        human=False,
    ),
    _cause(
        "ParallelSnapshotRequest",
        "Another backup job is currently in progress for this file share.",
        "Wait until the existing backup job completes, also in other vaults.",
        human=False,
    ),
    _cause(
        "AFSMaxSnapshotReached",
        "You have reached the max limit of snapshots for this file share.",
        "Delete on-demand snapshots of the file share.",
    ),
    _cause(
        "FileShareNotFound",
        "Operation failed as the file share is not found.",
        "Make sure the file share exists, or stop its protection.",
    ),
    _cause(
        "UserErrorStorageAccountNotFound",
        "Storage account not found.",
        "Make sure the storage account exists, or stop its protection.",
    ),
    _cause(
        "UserErrorBackupAFSInSoftDeleteState",
        "Backup failed as the Azure file share is in soft-deleted state.",
        "Undelete the file share.",
    ),
)
