"""Why backups fail, as jobs and items of Recovery Services say it; here are those of virtual machines."""

from __future__ import annotations

from typing import Any

from simulator.recovery_causes import NO_NUMBER, OF_DATABASES, OF_SHARES, Cause

_SUPPORT = "If the issue persists, contact Microsoft support."
_AGENT = "Make sure the VM agent is current and running, and may reach 168.63.129.16."
_GONE = "Make sure the virtual machine exists, or stop its protection."

_CAUSES = (
    Cause(
        130001,
        "CloudInternalError",
        "Microsoft Azure Backup encountered an internal error.",
        f"Wait for a few minutes and then try again. {_SUPPORT}",
        False,
    ),
    Cause(
        320001,
        "ResourceNotFound",
        "Could not perform the operation as VM no longer exists.",
        "Stop protecting the virtual machine without deleting backup data.",
    ),
    Cause(
        380008,
        "AzureVmOffline",
        "Azure Backup service is not able to access the VM.",
        "Install the VM agent and make sure the virtual machine is running.",
    ),
    Cause(
        400001,
        "",
        "Another operation is currently in progress on this item.",
        "Wait until the previous operation is completed, and then retry.",
        False,
    ),
    Cause(
        400002,
        "BackUpOperationFailed",
        "Backup failed with an internal error.",
        f"Follow https://aka.ms/backup-operation-failed and retry. {_SUPPORT}",
        False,
    ),
    Cause(
        400039,
        "GuestAgentSnapshotTaskStatusError",
        "Could not communicate with the VM agent for snapshot status.",
        "Retry the backup operation.",
        False,
    ),
    Cause(
        400052,
        "DiffCopyFailedToTransferData",
        "Backup failed to copy data to vault.",
        "Retry the backup after some time.",
        False,
    ),
    Cause(400094, "BCMV2VMNotFound", "The virtual machine doesn't exist.", _GONE),
    Cause(400136, "UserErrorVmNotFoundV2", "Virtual machine doesn't exist.", _GONE),
    Cause(
        400141,
        "UserErrorResourceGroupNotFound",
        "Resource group doesn't exist.",
        "Select an existing resource group.",
    ),
    Cause(400158, "", "The backup completed, but something needs attention.", _SUPPORT),
    Cause(
        400160,
        "UserErrorVmProvisioningStateFailed",
        "The VM is in failed provisioning state.",
        "Remove the extension that failed, then restart the virtual machine.",
    ),
    Cause(
        400175,
        "UserErrorVmVaultLocationMismatch",
        "Virtual machine and vault are in different region.",
        "Select a vault in the region of the virtual machine.",
    ),
    Cause(
        400196,
        "UserErrorGuestAgentStatusUnavailable",
        "VM agent is unable to communicate with the Azure Backup Service.",
        _AGENT,
    ),
    Cause(
        400198,
        "UserErrorKeyVaultPermissionsNotConfigured",
        "Azure Backup Service does not have sufficient permissions to Key Vault for Backup of "
        "Encrypted Virtual Machines.",
        "Grant the Azure Backup Service the permissions.",
    ),
    Cause(
        400206,
        "ExtensionSnapshotFailedNoNetwork",
        "Snapshot operation failed due to no network connectivity on the virtual machine.",
        "Give the virtual machine network access.",
    ),
    Cause(
        400288,
        "UserErrorRpCollectionDeleted",
        "The Restore Point collection has been deleted by the user.",
        "Retry the operation.",
        False,
    ),
    Cause(
        400309,
        "UserErrorGenericResourceNotFound",
        "Azure resource does not exist.",
        f"Make sure required resources exist. {_SUPPORT}",
    ),
    Cause(
        400349,
        "UserErrorCrpReportedUserError",
        "Backup failed due to an error. For details, see Job Error Message Details.",
        "See https://aka.ms/AB-AzureVM.",
    ),
)
_WELL: dict[str, Any] = {"code": 0, "title": "Success", "message": "", "recommendations": []}
_BY_NUMBER = {one.number: one for one in _CAUSES}
_BY_TITLE = {one.title.lower(): one for one in (*_CAUSES, *OF_DATABASES, *OF_SHARES) if one.title}


def cause(code: str) -> Cause:
    """By number or text code; one nobody knows is what an operator can do nothing with."""
    if code.isdecimal():
        number = int(code)
        return _BY_NUMBER.get(
            number, Cause(number, "", f"The operation failed with error {number}.", _SUPPORT)
        )
    advice = f"For more information, see https://aka.ms/AB-{code}"
    return _BY_TITLE.get(code.lower(), Cause(NO_NUMBER, code, f"The operation failed with {code}.", advice))


def details(code: str) -> dict[str, Any]:
    """One of a job's `errorDetails`."""
    known = cause(code)
    return {
        "errorCode": known.number,
        "errorTitle": known.title,
        "errorString": known.message,
        "recommendations": [known.advice],
    }


def details_of_database(code: str) -> dict[str, Any]:
    """The same of a job of a database."""
    return {**details(code), "additionalDetails": cause(code).message}


def details_of_share(code: str) -> dict[str, Any]:
    """The same of a job of a file share, which has no text code but in a link."""
    return {name: one for name, one in details(code).items() if name != "errorTitle"}


def detail_of_item(code: str) -> dict[str, Any]:
    """The `lastBackupErrorDetail` of a database's item: its code is a text."""
    known = cause(code)
    return {
        "code": known.title or str(known.number),
        "message": known.message,
        "recommendations": [known.advice],
    }


def health(code: str) -> dict[str, Any]:
    """One of an item's `healthDetails`, which name the same things otherwise."""
    known = cause(code)
    return {
        "code": known.number,
        "title": known.title,
        "message": known.message,
        "recommendations": [known.advice],
    }


def kpis(code: str = "") -> dict[str, Any]:
    """An item's `kpisHealths` after a backup: a cause that needs a person degrades, another is unhealthy."""
    why = health(code) if code else _WELL
    status = "Healthy"
    if code:
        status = "TransientDegraded" if cause(code).human else "TransientUnhealthy"
    return {"BackupOperationStatusKPI": {"resourceHealthStatus": status, "resourceHealthDetails": [why]}}
