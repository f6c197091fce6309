"""Why backups of Backup vaults fail, as their jobs and operations say it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_MORE = "Refer https://aka.ms/AzureBackupTroubleshootFailures for more details."
_SUPPORT = "If the issue persists, contact Microsoft support."
_WAIT = "Wait until the running backup has completed, then retry."
_ROLES = "Grant the vault's identity the roles it needs, and retry."
_CLUSTER = "Check the backup extension of the cluster, its identity and its pods."


@dataclass(frozen=True)
class Cause:
    """`human`: it will not pass by itself. `retryable` is what the service says, and nearly always false."""

    code: str
    message: str
    advice: str
    human: bool = True
    retryable: bool = False


# A role is missing, or what it would be on (troubleshooting of disks and of AKS).
_RIGHTS = {
    "LinkedAuthorizationFailed": "A role on a linked resource is missing.",
    "UserErrorDiskBackupAuthorizationFailed": "The vault may not back up the disk.",
    "UserErrorDiskBackupDiskOrMSIPermissionsNotPresent": "The disk is gone, or the right to it.",
    "UserErrorDiskBackupSnapshotRGOrMSIPermissionsNotPresent": "The snapshots' group, or the right, is gone.",
    "UserErrorMSIPermissionsNotPresentOnDES": "The vault may not use the disk encryption set.",
    "UserErrorNotEnoughPermissionOnDisk": "The vault may not read the disk.",
    "UserErrorNotEnoughPermissionOnSnapshotRG": "The vault may not write the snapshots.",
    "UserErrorSnapshotRGOrMSIPermissionsNotPresent": "The snapshots' group or the right to it is gone.",
}
# Something is set so that no backup can work (troubleshooting of disks).
_SETTINGS = {
    "BackupAgentPluginHostValidateProtectionError": "The data source cannot be protected as it is.",
    "UserErrorDESKeyVaultKeyDisabled": "The key of the disk encryption set is disabled.",
    "UserErrorDESKeyVaultKeyNotAvailable": "The key of the disk encryption set is not there.",
    "UserErrorDiskBackupDiskTypeNotSupported": "Disks of this type are not supported.",
    "UserErrorInvalidOperationalStoreResourceGroup": "The snapshots' group is not valid.",
    "UserErrorMissingSubscriptionRegistration": "The subscription is not registered for Microsoft.Compute.",
    "UserErrorOperationalStoreParametersNotProvided": "No group for the snapshots is given.",
    "UserErrorSnapshotRGNotFound": "The snapshots' group does not exist.",
    "UserErrorSnapshotRGSubscriptionMismatch": "The snapshots' group is in another subscription.",
    "UserErrorSubscriptionDiskQuotaLimitReached": "The subscription has no snapshots left to take.",
}
# Clusters, their extension and their volumes (troubleshooting of AKS); some are warnings only.
_CLUSTERS = {
    "DppUserErrorVaultTierPolicyNotSupported": "The cluster cannot be backed up to the vault tier.",
    "KubernetesBackupCustomResourcesTrackingTimeOutError": "The extension's pods lack processor or memory.",
    "KubernetesBackupGenericWarning": "Some of the cluster was not backed up.",
    "KubernetesBackupListExtensionsError": "The extensions of the cluster cannot be listed.",
    "UserErrorBackupFailedBackupStorageLocationReadOnly": "The backup storage location is read-only.",
    "UserErrorBackupPluginPodRestartedDuringBackup": "A pod restarted during the backup.",
    "UserErrorExtensionMSIMissingPermissionsOnBackupStorageLocation": "The extension may not write.",
    "UserErrorHookExecutionFailed": "A hook failed.",
    "UserErrorKubernetesBackupExtensionHasErrors": "The extension has errors.",
    "UserErrorKubernetesBackupExtensionIdentityNotFound": "The extension has no identity.",
    "UserErrorKubernetesBackupExtensionNotFoundError": "The cluster has no extension.",
    "UserErrorNamespaceNotFound": "A namespace does not exist.",
    "UserErrorNoDefaultBackupStorageLocationFound": "The extension has no default storage location.",
    "UserErrorPVSnapshotDisallowedByPolicy": "A policy forbids the snapshots.",
    "UserErrorPVSnapshotLimitReached": "A volume has no snapshots left to take.",
    "UserErrorSnapshotResourceGroupHasLocks": "The snapshots' group has a lock.",
}
_CAUSES = (
    Cause("InternalServerError", "Internal Server Error", _MORE, human=False, retryable=True),
    Cause(
        "CloudInternalError",
        "Microsoft Azure Backup encountered an internal error.",
        f"Wait for a few minutes and then try the operation again. {_SUPPORT}",
        human=False,
    ),
    Cause("MOSJobTimedOutError", "The job did not end in the time it was given.", _SUPPORT, human=False),
    Cause("DppPluginInvalidInputParameters", "The input of the operation is not valid.", _MORE),
    Cause("PostgreSQLFlexServerError", "The PostgreSQL flexible server answered with an error.", _MORE),
    Cause(
        "UserErrorMaxConcurrentOperationLimitReached",
        "The maximum number of concurrent backups of this resource is reached.",
        _WAIT,
        human=False,
    ),
    Cause("BMSUserErrorObjectLocked", "Another operation holds this resource.", _WAIT, human=False),
    Cause(
        "CloudDosTimeboudLimitReached",
        "The operation is blocked, as a security precaution, since multiple attempts were made beyond an "
        "internal limit.",
        "Please retry after few hours",
    ),
    Cause(
        "BMSUserErrorInvalidInput", "Input provided for the call is invalid.", "Correct the input and retry."
    ),
    Cause("UserErrorManagedDiskNotFound", "The managed disk does not exist.", "Delete the backup instance."),
    Cause(
        "UserErrorMissingRequiredPermissions",
        "Appropriate permissions to perform the operation is missing.",
        "Grant appropriate permissions to perform this operation as mentioned at "
        "https://aka.ms/UserErrorMissingRequiredPermissions and retry the operation.",
    ),
    Cause(
        "ExtensionTimedOutWaitingForBackupItemSync",
        "The backup extension waited too long for its items.",
        "Retry the backup.",
        human=False,
    ),
    Cause("CSISnapshottingTimedOut", "A volume took too long.", "Retry the backup.", human=False),
    Cause(
        "UserErrorBackupStorageLocationNotReady",
        "The backup storage location is not ready.",
        "Wait an hour and retry.",
        human=False,
    ),
    *(Cause(code, message, _ROLES) for code, message in _RIGHTS.items()),
    *(Cause(code, message, _MORE) for code, message in _SETTINGS.items()),
    *(Cause(code, message, _CLUSTER) for code, message in _CLUSTERS.items()),
)
_BY_CODE = {one.code.lower(): one for one in _CAUSES}


def cause(code: str) -> Cause:
    """One nobody knows is what an operator can do nothing with."""
    return _BY_CODE.get(code.lower(), Cause(code, f"The operation failed with {code}.", _SUPPORT))


def user_facing(code: str, **more: Any) -> dict[str, Any]:
    """A UserFacingError without causes of its own."""
    known = cause(code)
    return {
        "message": known.message,
        "recommendedAction": [known.advice],
        "details": None,
        "code": known.code,
        "target": "",
        "innerError": None,
        "isRetryable": known.retryable,
        "isUserError": False,
        "properties": None,
        **more,
    }


def details(code: str) -> dict[str, Any]:
    """One of a job's `errorDetails`: the cause stands in itself once more, and there is never retryable."""
    inner = user_facing(code, isRetryable=False)
    return user_facing(code, details=[inner], target=None)
