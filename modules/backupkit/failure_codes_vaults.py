"""The codes of what Backup vaults protect but blobs: of any of it, of disks, of PostgreSQL and of AKS."""

from __future__ import annotations

from typing import Final

from backupkit.failure_codes import PAGES, WIRE, Failure, restores

_BLOB = PAGES + "backup-azure-troubleshoot-blob-backup"
_DISK = PAGES + "disk-backup-troubleshoot"
_PROTECT = PAGES + "backup-azure-dataprotection-use-rest-api-backup-disks"
_POSTGRESQL = PAGES + "backup-azure-database-postgresql-troubleshoot"
_AKS = PAGES + "azure-kubernetes-service-backup-troubleshoot"

_SNAPSHOT_GROUP = (
    "create the snapshot resource group if it is gone, and give the vault's managed identity the role "
    "Disk Snapshot Contributor on it"
)
_DISK_READER = "give the vault's managed identity the role Disk Backup Reader on the disk"
_TARGET_GROUP = "nothing to do for the backup: a restore has no such target resource group, or no right to it"

# One row a group of lines: a formatter would spread each over seven.
# fmt: off
VAULT_CODES: Final = (
    Failure("UserErrorMissingRequiredPermissions", "human",
        "give the vault's managed identity the role it lacks on the datasource", _BLOB,
        phrases=("appropriate permissions to perform the operation",)),
    Failure("UserErrorDatasourceAndBackupVaultLocationMismatch", "human",
        "protect the datasource in a Backup vault of its own region", _BLOB,
        phrases=("datasource location is different from the backup vault location",)),
    Failure("DppPluginInvalidInputParameters", "human",
        "compare the backup instance with its datasource, of which something it names may be gone, and "
        "edit it; no cause is published", "github.com/MicrosoftDocs/azure-docs/issues/118226",
        phrases=("invalid inputs from caller",)),
    Failure("ScenarioPluginInvalidWorkflowDataRequest", "human",
        "compare the parameters of the backup instance with what its datasource needs, and protect it anew",
        "github.com/hashicorp/terraform-provider-azurerm/issues/25294"),
    Failure("MOSJobTimedOutError", "unknown",
        "read the job's message in the vault: this code was seen in a job and is explained nowhere", WIRE),

    Failure("UserErrorDppDatasourceAlreadyProtected", "foreign",
        "nothing to do for the backup: the datasource is protected already, in the vault that the message "
        "names; delete its backup instance there if it is to move", _PROTECT,
        phrases=("datasource is already protected under the backup vault",)),
    Failure("UserErrorDppDatasourceAlreadyHasBackupInstance", "foreign",
        "nothing to do for the backup: the datasource has a backup instance already, in the vault that the "
        "message names; delete that if it is to move", _DISK,
        phrases=("datasource is already associated with the backup instance",
                 "disk is already associated with a backup instance")),
    Failure("UserErrorInvalidRestorableTimeRange", "foreign",
        "nothing to do for the backup: somebody asked for restore points of an impossible time", WIRE,
        phrases=("the given time range is invalid",)),
    Failure("UserErrorDisableSoftDeleteNotAllowed", "foreign",
        "nothing to do for the backup: somebody tried to turn off a soft delete that is always on", WIRE,
        phrases=("cannot disable soft delete once set to alwayson",)),
    Failure("UserIdentityCreateUpdateOperationFailed", "foreign",
        "nothing to do for the backup: changing the vault's managed identity failed, set it again", WIRE,
        phrases=("operation to create or update user identity failed",)),
)

DISK_CODES: Final = (
    Failure("UserErrorMaxConcurrentOperationLimitReached", "wait",
        "wait for the running backup of this disk to end, and space its schedule wider if it repeats", _DISK,
        phrases=("maximum number of allowed concurrent backups has reached",)),

    Failure("UserErrorNotEnoughPermissionOnDisk", "human", _DISK_READER, _DISK),
    Failure("UserErrorDiskBackupDiskOrMSIPermissionsNotPresent", "human",
        f"look whether the disk still exists: if not, stop its protection; if so, {_DISK_READER}", _DISK,
        phrases=("invalid disk or azure backup service requires additional permissions",)),
    Failure("UserErrorDiskBackupAuthorizationFailed", "human",
        f"{_DISK_READER}, and Disk Snapshot Contributor on the snapshot resource group", _DISK,
        phrases=("backup vault managed identity is missing the necessary permissions",)),
    Failure("UserErrorNotEnoughPermissionOnSnapshotRG", "human", _SNAPSHOT_GROUP, _DISK),
    Failure("UserErrorDiskBackupSnapshotRGOrMSIPermissionsNotPresent", "human", _SNAPSHOT_GROUP, _DISK,
        phrases=("as snapshot data store resource group no longer exists",)),
    Failure("UserErrorSnapshotRGOrMSIPermissionsNotPresent", "human", _SNAPSHOT_GROUP, _DISK),
    Failure("UserErrorSnapshotRGNotFound", "human", _SNAPSHOT_GROUP, _DISK,
        phrases=("as snapshot data store resource group does not exist",)),
    Failure("UserErrorSnapshotRGSubscriptionMismatch", "human",
        "protect the disk with a snapshot resource group in the subscription of the disk", _DISK,
        phrases=("invalid subscription selected for snapshot data store",)),
    Failure("UserErrorOperationalStoreParametersNotProvided", "human",
        "protect the disk anew, naming a snapshot resource group", _DISK,
        phrases=("as snapshot data store resource group parameter is not provided",)),
    Failure("UserErrorInvalidOperationalStoreResourceGroup", "human",
        "protect the disk anew, with a snapshot resource group that exists", _DISK,
        phrases=("snapshot data store resource group provided is invalid",)),
    Failure("UserErrorDiskBackupDiskTypeNotSupported", "human",
        "stop protection of the disk: the support matrix rules its kind out", _DISK),
    Failure("UserErrorDESKeyVaultKeyDisabled", "human",
        "enable the key of the disk encryption set in its key vault", _DISK,
        phrases=("the key vault key used for disk encryption set is not in enabled state",)),
    Failure("UserErrorDESKeyVaultKeyNotAvailable", "human",
        "recover the key of the disk encryption set in its key vault", _DISK,
        phrases=("the key vault key used for disk encryption set is not available",)),
    Failure("UserErrorMSIPermissionsNotPresentOnDES", "human",
        "give the vault's managed identity the role Reader on the disk encryption set", _DISK,
        phrases=("needs permission to access the disk encryption set used with the disk",)),
    Failure("UserErrorMissingSubscriptionRegistration", "human",
        "register Microsoft.Compute and Microsoft.Storage in the subscription of the disk", _DISK,
        phrases=("the subscription is not registered to use namespace",)),
    Failure("UserErrorSubscriptionDiskQuotaLimitReached", "human",
        "have the subscription's quota of disks and snapshots raised, or delete some", _DISK,
        phrases=("disk quota maximum limit has been reached",)),
    Failure("BackupAgentPluginHostValidateProtectionError", "human",
        "protect the disk in a vault of a region where disk backup is offered", _DISK,
        phrases=("disk backup is not yet available in the region",)),

    Failure("UserErrorManagedDiskNotFound", "gone",
        "stop protection, or protect the disk anew where it was moved to", _DISK,
        phrases=("as managed disk no longer exists",)),

    Failure("UserErrorNotEnoughPermissionOnTargetRG", "foreign", _TARGET_GROUP, _DISK,
        phrases=("requires additional permissions on the target resource group to do this operation",)),
    Failure("UserErrorDiskBackupRestoreRGOrMSIPermissionsNotPresent", "foreign", _TARGET_GROUP, _DISK),
    Failure("UserErrorRestoreTargetRGNotFound", "foreign", _TARGET_GROUP, _DISK,
        phrases=("as the target resource group does not exist",)),
    *restores(_DISK, {
        "UserErrorSameNameDiskAlreadyExists": "could not restore as a disk with same name already exists",
        "UserErrorDiskSnapshotNotFound": "the disk snapshot for this restore point has been deleted",
        "UserErrorSnapshotMetadataNotFound": "the disk snapshot metadata for this restore point has been",
    }),
)

POSTGRESQL_CODES: Final = (
    Failure("UserErrorServerConnectionClosed", "passing",
        "nothing to do unless it repeats: then give the job's activity id to Microsoft support", _POSTGRESQL,
        phrases=("server closed the connection unexpectedly",)),
    Failure("PostgreSQLFlexServerError", "unknown",
        "read the job's message in the vault: the server refused, and says itself why", WIRE),

    Failure("UserErrorMSIMissingPermissions", "human",
        "give the vault's managed identity the role Reader on the PostgreSQL server", _POSTGRESQL),
    Failure("UserErrorBackupUserAuthFailed", "human",
        "set a Microsoft Entra admin on the server, and create the database user of the backup", _POSTGRESQL),
    Failure("UserErrorMissingNetworkSecurityPermissions", "human",
        "let Azure services reach the server: Allow access to Azure services", _POSTGRESQL),
    Failure("UserErrorDBUserAuthFailed", "human",
        "correct the credentials in the key vault's secret, and let that user log in", _POSTGRESQL),
    Failure("UserErrorInvalidSecret", "human",
        "put the secret that the backup instance names into its key vault", _POSTGRESQL),
    Failure("UserErrorMissingDBPermissions", "human",
        "give the database user of the key vault's secret the rights that a backup needs", _POSTGRESQL),
    Failure("UserErrorSecretValueInUnsupportedFormat", "human",
        "write the key vault's secret in the form that backup reads", _POSTGRESQL),
    Failure("UserErrorInvalidSecretStore", "human",
        "see that the key vault that the backup instance names exists and lets the vault in", _POSTGRESQL),
    Failure("UserErrorMissingPermissionsOnSecretStore", "human",
        "let the vault's managed identity read the secrets of the key vault", _POSTGRESQL),

    Failure("UserErrorDBNotFound", "gone",
        "stop protection, keeping or deleting the backup data: the database or its server is gone",
        _POSTGRESQL),

    *restores(_POSTGRESQL, {"UserErrorContainerNotAccessible": "", "UserErrorDatabaseNameAlreadyInUse": ""}),
)

_REINSTALL = "delete the backup extension of the cluster and install it again"
_STORAGE_ROLE = "give the extension's identity the role Storage Blob Data Contributor on the storage account"
_WARNING = "the rest of the cluster was backed up"

AKS_CODES: Final = (
    Failure("ExtensionTimedOutWaitingForBackupItemSync", "passing", f"if it repeats, {_REINSTALL}", _AKS),
    Failure("CSISnapshottingTimedOut", "passing",
        "if it repeats, read the logs of the CSI driver: it did not give the snapshot in time", _AKS),
    Failure("UserErrorBackupStorageLocationNotReady", "passing",
        f"wait an hour after the extension was installed, its role takes that long; then {_STORAGE_ROLE}",
        _AKS),

    Failure("KubernetesBackupListExtensionsError", "human",
        "assign the role Reader on the cluster to the vault's managed identity anew", _AKS),
    Failure("UserErrorKubernetesBackupExtensionNotFoundError", "human", _REINSTALL, _AKS),
    Failure("UserErrorKubernetesBackupExtensionHasErrors", "human", _REINSTALL, _AKS),
    Failure("UserErrorKubernetesBackupExtensionIdentityNotFound", "human", _REINSTALL, _AKS),
    Failure("KubernetesBackupCustomResourcesTrackingTimeOutError", "human",
        f"see that the pods in dataprotection-microsoft run, add a node if not; else {_REINSTALL}", _AKS),
    Failure("UserErrorBackupPluginPodRestartedDuringBackup", "human",
        "raise resources.limits.memory of the extension, its pods ran out of memory", _AKS),
    Failure("UserErrorNoDefaultBackupStorageLocationFound", "human",
        f"{_REINSTALL}, with a storage account and container that exist", _AKS),
    Failure("UserErrorBackupFailedBackupStorageLocationReadOnly", "human",
        "let the storage account of the extension be written to again", _AKS),
    Failure("UserErrorExtensionMSIMissingPermissionsOnBackupStorageLocation", "human", _STORAGE_ROLE, _AKS),
    Failure("UserErrorSnapshotResourceGroupHasLocks", "human",
        "remove the lock from the snapshot resource group of the cluster", _AKS),
    Failure("DppUserErrorVaultTierPolicyNotSupported", "human",
        "take vault-standard out of the policy, this region does not have it", _AKS),

    Failure("UserErrorPVSnapshotDisallowedByPolicy", "human",
        f"exempt snapshots from the Azure Policy that denies them, then back up by hand; {_WARNING}", _AKS),
    Failure("UserErrorPVSnapshotLimitReached", "human",
        f"shorten the retention of the policy, a volume has 500 snapshots at most; {_WARNING}", _AKS),
    Failure("UserErrorHookExecutionFailed", "human",
        f"read the logs and correct the hook that failed; {_WARNING}", _AKS),
    Failure("UserErrorNamespaceNotFound", "human",
        f"correct the namespaces of the backup instance, one is gone; {_WARNING}", _AKS),
    Failure("UserErrorPVCHasNoVolume", "human",
        f"bind a volume to the claim if it is to be backed up; {_WARNING}", _AKS),
    Failure("UserErrorPVCNotBoundToVolume", "human",
        f"bind a volume to the pending claim if it is to be backed up; {_WARNING}", _AKS),
    Failure("UserErrorPVNotFound", "human",
        f"attach a volume whose disk exists; {_WARNING}", _AKS),
    Failure("UserErrorStorageClassMissingForPVC", "human",
        f"name the storage class in the claim; {_WARNING}", _AKS),
    Failure("KubernetesBackupGenericWarning", "human",
        f"read which Kubernetes resource the job names, often an admission webhook without its service; "
        f"{_WARNING}", _AKS),

    Failure("BackupPluginDeleteBackupOperationFailed", "foreign",
        "nothing to do for the backup: old points could not be deleted, see that the extension runs", _AKS),
    Failure("UserErrorDeleteBackupFailedBackupStorageLocationReadOnly", "foreign",
        "nothing to do for the backup: old points stay until the storage account can be written to", _AKS),
    Failure("UserErrorDeleteBackupFailedBackupStorageLocationNotFound", "foreign",
        f"nothing to do for the backup but old points stay: {_REINSTALL}, with storage that exists", _AKS),
    *restores(_AKS, {
        "UserErrorBackupPluginPodRestartedDuringRestore": "",
        "UserErrorSourceandTargetClusterCRDVersionMismatch": "",
    }),
)
