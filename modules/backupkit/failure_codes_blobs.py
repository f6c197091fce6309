"""The codes of blob backup, Azure Data Lake Storage included, those of restores among them."""

from __future__ import annotations

from typing import Final

from backupkit.failure_codes import PAGES, Failure, restores

_BLOB = PAGES + "backup-azure-troubleshoot-blob-backup"

_VERSIONS = (
    "keep lifecycle rules off blob versions younger than seven days, they were touched during the backup"
)

# One row a group of lines: a formatter would spread each over seven.
# fmt: off
BLOB_CODES: Final = (
    Failure("UserErrorAzureStorageAccountManagementOperationLimitReached", "passing",
        "if it repeats, find what else lists this storage account's management operations so often", _BLOB,
        phrases=("azure storage account management list operations limit reached",)),
    Failure("ObjectReplicationPolicyCreationFailure", "passing",
        "nothing to do unless it repeats: then give the job's activity id to Microsoft support", _BLOB,
        phrases=("failed to create object replication policy on the storage account",)),

    Failure("UserErrorPitrRestoreInProgress", "wait",
        "wait for the restore of this storage account to end", _BLOB,
        phrases=("be performed while a restore is in progress on the source account",)),
    Failure("LongRunningBackupTrackingFailure", "self-heal",
        "nothing to do unless the next one fails too: it goes on, the account's activity log shows it",
        _BLOB, phrases=("failed to track the long-running backup operation",)),
    Failure("LongRunningOperationTrackingFailure", "self-heal",
        "nothing to do unless the next one fails too: it goes on, the account's activity log shows it",
        _BLOB, phrases=("failed to track the long-running operation",)),

    Failure("UserErrorBackupRequestThrottled", "limit",
        "wait until tomorrow, and find what backs it up so often: the day's backups are used up", _BLOB,
        phrases=("for maximum number of backups on a given backup instance in a day",
                 "number of backups on a given backup instance in a day reached")),

    Failure("UserErrorUnsupportedStorageAccountType", "human",
        "stop protection of the storage account: the support matrix rules its kind out", _BLOB),
    Failure("UserErrorMaxOrsPolicyExistOnStorageAccount", "human",
        "remove an object replication policy of the storage account, backup needs one of its own", _BLOB,
        phrases=("maximum object replication policy exists on the source storage account",)),
    Failure("UserErrorCrossTenantOrsPolicyDisabled", "human",
        "allow cross-tenant object replication on the storage account", _BLOB,
        phrases=("cross tenant object replication policy disabled",)),
    Failure("UserErrorSelectedContainerPartOfAnotherORPolicy", "human",
        "take the container out of the other object replication policy, or out of the backup", _BLOB,
        phrases=("the selected container is present in another object replication policy",)),
    Failure("UserErrorRequiredStorageFeaturesDisabled", "human",
        "turn on what backup needs on the storage account: versioning, change feed", _BLOB,
        phrases=("due to required storage feature(s) being disabled",)),
    Failure("UserErrorPitrDisabledOnStorageAccount", "human",
        "turn on point-in-time restore of the storage account", _BLOB,
        phrases=("the required setting pitr is disabled on storage account",)),
    Failure("UserErrorVaultedBackupFeatureNotEnabled", "human",
        "register Microsoft.Storage/HardenBackup and Microsoft.DataProtection/BlobVaultedBackup in the "
        "subscription", _BLOB, phrases=("must be registered for the required features to use vaulted",)),
    Failure("UserErrorAzureResourceNotFoundByPlugin", "human",
        "look whether the storage account still exists, and stop its protection if not", _BLOB,
        phrases=("unable to find the specified azure resource",)),
    Failure("UserErrorStorageAccountInLockedState", "human",
        "remove the read-only lock of the storage account", _BLOB,
        phrases=("operation failed because storage account is in locked state",)),
    Failure("UserErrorRequestDisallowedByAzurePolicy", "human",
        "exempt the storage account from the Azure Policy that the message names", _BLOB,
        phrases=("an azure policy is configured on the resource which is preventing the operation",)),
    Failure("UserErrorNoContainersSelectedForOperation", "human",
        "edit the backup instance and select containers", _BLOB,
        phrases=("no containers selected for operation",)),
    Failure("UserErrorIncorrectContainersSelectedForOperation", "human",
        "edit the backup instance: a container that it names is gone", _BLOB,
        phrases=("incorrect containers selected for operation",
                 "incorrect containers are selected for the backup operation")),
    Failure("UserErrorBlobVersionDeletedDuringBackup", "human", _VERSIONS, _BLOB,
        phrases=("one or more blob versions getting deleted in the backup",)),
    Failure("UserErrorBlobVersionArchivedDuringBackup", "human", _VERSIONS, _BLOB,
        phrases=("blob versions moving to the archive tier in the backup",)),
    Failure("UserErrorBlobVersionArchivedAndDeletedDuringBackup", "human", _VERSIONS, _BLOB,
        phrases=("blob versions moving to the archive tier or getting deleted",)),
    Failure("UserErrorKeyVaultKeyWasNotFound", "human",
        "recover the key of the storage account's encryption in its key vault", _BLOB,
        phrases=("key vault key is not found to unwrap the encryption key",)),
    Failure("UserErrorInvalidParameterInRequest", "human",
        "correct what was asked for: the service took a parameter for invalid", _BLOB,
        phrases=("request parameter is invalid.",)),
    Failure("UserErrorInvalidResourceUriInRequest", "human",
        "correct the resource id that was asked for", _BLOB,
        phrases=("operation failed due to invalid resource uri in the request",)),

    Failure("UserErrorStopProtectionNotSupportedForBlobOperationalBackup", "foreign",
        "nothing to do for the backup: operational blob backup cannot be stopped, only deleted", _BLOB,
        phrases=("stop protection is not supported for operational tier blob backups",)),
    Failure("UserErrorObjectReplicationPolicyDeletionFailureOnRestoreTarget", "foreign",
        "nothing to do for the backup: a restore has left its object replication policy, delete that", _BLOB,
        phrases=("failed to delete object replication policy on the restore target",)),
    *restores(_BLOB, {
        "UserErrorInvalidRecoveryPointInTime": "restore point in time is invalid",
        "UserErrorInvalidRestorePrefixRange": "restore prefix range for item-level restore is invalid",
        "UserErrorImmutabilityPolicyConfigured": "policy is configured on one or more containers",
        "UserErrorRestorePointNotFound": "",
        "UserErrorContainerNotFoundForPointInTimeRestore": "container selected for the restore was not found",
        "UserErrorTargetContainersExistOnAccount": "the containers that are part of restore request should",
        "UserErrorRestorePointNotFoundInBackupVault": "",
        "UserErrorOriginalLocationRestoreNotSupported": "supported for vaulted blob backup",
        "LongRunningRestoreTrackingFailure": "failed to track the long-running restore operation",
        "UserErrorTooManyRestoreCriteriaGivenForBlobRestore": "passed in the restore request exceeds",
        "UserErrorTooManyPrefixesGivenForBlobRestore": "too many blob prefixes were given for a container",
        "UserErrorContainerHasImmutabilityPolicyDuringRestore":
            "containers selected for the restore has an immutability policy",
        "UserErrorArchivedRecoveryPointsRequestedForRestore":
            "containers selected for the restore have archived recovery points",
        "UserErrorRestoreFailurePreviousObjectReplicationPolicyNotDeleted":
            "an object replication policy from a previous restore is still on the restore target",
    }),
)
