"""The codes of Azure Files backup, those of restores among them."""

from __future__ import annotations

from typing import Final

from backupkit.failure_codes import PAGES, Failure, restores

_FILES = PAGES + "troubleshoot-azure-files"

# One row a group of lines: a formatter would spread each over seven.
# fmt: off
FILES_CODES: Final = (
    Failure("FileshareBackupFailedWithAzureRpRequestThrottling", "passing",
        "if it repeats, move the schedule to an hour when the storage account is less busy", _FILES,
        phrases=("operation failed due to storage service throttling",)),
    Failure("DatamoverGenericError", "passing",
        "nothing to do unless it repeats: then give the job's activity id to Microsoft support", _FILES,
        phrases=("failed to transfer data to vault",)),

    Failure("ParallelSnapshotRequest", "wait",
        "wait for the other backup job of this file share, it may run from another vault", _FILES,
        phrases=("a backup job is already in progress for this file share",)),
    Failure("BMSUserErrorConflictingProtectionOperation", "wait",
        "wait for the other operation on this item to end, the vault's jobs show it", _FILES,
        phrases=("another configure protection operation is in progress for this item",)),

    Failure("DatamoverInsufficientVaultStorage", "self-heal",
        "nothing to do: the next backup starts by itself, with more storage of the vault", _FILES,
        phrases=("current operation has failed due to insufficient vault storage",)),

    Failure("AFSMaxSnapshotReached", "human",
        "delete on-demand snapshots of the file share, 200 snapshots is the most", _FILES,
        phrases=("reached the max limit of snapshots for this file share",)),
    Failure("UserErrorFileShareEndpointUnreachable", "human",
        "see that the storage account still exists and is of a kind that backup supports", _FILES,
        phrases=("storage account not found or not supported",)),
    Failure("UserErrorBackupAFSInSoftDeleteState", "human",
        "undelete the file share before its soft delete ends, or stop its protection", _FILES,
        phrases=("backup failed as the azure file share is in soft-deleted state",)),
    Failure("UserErrorStorageAccountIsLocked", "human",
        "remove the read-only lock of the storage account, or make it a delete lock", _FILES,
        phrases=("jobs failed due to storage account being in locked state",)),
    Failure("UserErrorStorageAccountInternetRoutingNotSupported", "human",
        "set the routing preference of the storage account to Microsoft network routing", _FILES,
        phrases=("storage accounts with internet routing configuration are not supported",)),
    Failure("UserErrorStorageKeyBasedAuthenticationNotPermitted", "human",
        "allow key access on the storage account, Azure Files backup needs it", _FILES,
        phrases=("storage account does not support key based authentication",)),
    Failure("UserErrorStorageAccountSasPolicyNotSupported", "human",
        "raise the upper limit of SAS expiry on the storage account to 8 hours or more", _FILES,
        phrases=("requires a minimum sas expiration period of 8 hours",)),
    Failure("AzureOperationFailed", "human",
        "take the storage account off Smart Tier, which backup does not support; if it is not on it, give "
        "the job's activity id to Microsoft support", _FILES,
        phrases=("azure operation generic failure",)),

    Failure("FileShareNotFound", "gone",
        "stop protection, keeping or deleting the backup data: the file share is gone", _FILES,
        phrases=("operation failed as the file share",)),
    Failure("UserErrorStorageAccountNotFound", "gone",
        "stop protection, keeping or deleting the backup data: the storage account is gone", _FILES,
        phrases=("operation failed as the specified storage account does not exist anymore",)),
    Failure("UserErrorDTSStorageAccountNotFound", "gone",
        "stop protection, keeping or deleting the backup data: the storage account is gone", _FILES,
        phrases=("the storage account details provided are incorrect",)),
    Failure("UserErrorBackupAFSInDeleteState", "gone",
        "stop protection: the file share is deleted for good, and its snapshots with it", _FILES,
        phrases=("as the associated azure file share is permanently deleted",)),

    *restores(_FILES, {
        "FileshareRestoreFailedWithAzureRpRequestThrottling": "",
        "TargetFileShareNotFound": "target file share not found",
        "DataTransferServiceCoFLimitReached": "number of failed files are more than the threshold",
        "DataTransferServiceAllFilesFailedToRecover": "recovery failed as no file could be recovered",
        "UserErrorDTSSourceUriNotValid": "because one of the files in the source does not exist",
        "DataTransferServiceSourceUriNotValid": "",
        "UserErrorDTSDestLocked": "a recovery job is in process to the same destination",
        "UserErrorTargetFileShareFull": "restore operation failed as target file share is full",
        "UserErrorTargetFileShareQuotaNotSufficient": "not have sufficient storage size quota for restore",
        # The page writes "File Sync PreRestoreFailed": it is the sentence that finds it.
        "FileSyncPreRestoreFailed": "an error occurred while performing pre restore operations",
        "AzureFileSyncChangeDetectionInProgress":
            "azure file sync service change detection is in progress for the target file share",
        "UserErrorAFSRecoverySomeFilesNotRestored": "one or more files could not be recovered successfully",
        "UserErrorAFSSourceSnapshotNotFound": "snapshot corresponding to recovery point cannot be found",
        "UserErrorAnotherRestoreInProgressOnSameTarget":
            "another restore job is in progress on the same target file share",
        "UserErrorSourceOrTargetAccountNotAccessible":
            "source or target storage account is not accessible from the azure files restore service",
        "UserErrorRestoreAFSInSoftDeleteState": "is in a file share that is in soft-deleted state",
        "UserErrorRestoreAFSInDeleteState":
            "as the associated file share containing the restore point snapshots has been deleted",
    }),
)
