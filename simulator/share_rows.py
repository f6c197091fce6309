"""Properties of the rows of Azure file shares, as Resource Graph has them.

Plain functions of plain values, in recorded shapes. Where one returns what changes, None removes.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from simulator.recovery_errors import kpis
from simulator.recovery_kinds import ADHOC

Properties = dict[str, Any]
SOURCE_TYPE = "Microsoft.Storage/storageAccounts/fileServices/shares"
HOURS = (4, 6, 8, 12)
"""Between two backups of a day, which span its window."""


def container(account: str) -> str:
    _, _, _, _, group, *_, name = account.split("/")
    return f"StorageContainer;storage;{group};{name}"


def item_path(account: str, name: str, *, hashed: bool = False) -> str:
    """Where an item stands below its vault: by the name of the share, or, as newer ones, by a hash."""
    digest = sha256(f"{account}/{name}".lower().encode()).hexdigest()
    shown = digest if hashed else name
    return (
        f"backupFabrics/Azure/protectionContainers/{container(account)}/protectedItems/AzureFileShare;{shown}"
    )


def item(account: str, name: str, *, vault: str, location: str, policy: str, synced: str) -> Properties:
    """A share that was never backed up; `account`, `vault` and `policy` are ids."""
    return {
        **_as_the_vault_says(account, name, vault, policy),
        **_as_graph_adds(account, name, location, policy),
        "extendedInfo": {
            "recoveryPointCount": 0,
            "policyState": "Consistent",
            "resourceState": "Active",
            "resourceStateSyncTime": synced,
        },
    }


def _as_the_vault_says(account: str, name: str, vault: str, policy: str) -> Properties:
    return {
        "friendlyName": name,
        "protectionStatus": "Healthy",
        "protectionState": "IRPending",
        "lastBackupStatus": "IRPending",
        "protectedItemType": "AzureFileShareProtectedItem",
        "backupManagementType": "AzureStorage",
        "workloadType": "AzureFileShare",
        "containerName": container(account),
        # The provider's name comes so from the vault.
        "sourceResourceId": account.replace("/Microsoft.Storage/", "/Microsoft.storage/"),
        "vaultId": vault,
        "policyId": policy,
        "policyName": policy.rpartition("/")[2],
        "isScheduledForDeferredDelete": False,
        "isRehydrate": False,
        "isArchiveEnabled": False,
        "softDeleteRetentionPeriod": 14,
    }


def _as_graph_adds(account: str, name: str, location: str, policy: str) -> Properties:
    """The data source is named by its account."""
    return {
        "currentProtectionState": "ProtectionConfigured",
        "isDatasourceDeleted": False,
        "protectedPrimaryRegion": location,
        "rpoWarningThresholdInPrimaryRegion": "1.00:00:00",
        "policyInfo": {"name": policy.rpartition("/")[2], "policyId": policy},
        "dataSourceId": account,
        "dataSourceInfo": {
            "objectType": "Datasource",
            "datasourceType": SOURCE_TYPE,
            "resourceType": SOURCE_TYPE,
            "resourceID": account,
            "resourceName": name,
            "resourceLocation": location,
        },
        "dataSourceSetInfo": {
            "objectType": "DatasourceSet",
            "datasourceType": SOURCE_TYPE,
            "resourceType": "Microsoft.Storage/storageAccounts",
            "resourceID": account,
            "resourceName": account.rpartition("/")[2],
            "resourceLocation": location,
        },
    }


def recovery_point(item: Mapping[str, Any], at: str) -> Properties:
    """What a new recovery point changes on its item."""
    known, state = item.get("extendedInfo") or {}, item.get("protectionState")
    count = int(known.get("recoveryPointCount") or 0) + 1
    return {
        "lastRecoveryPoint": at,
        "protectionState": "Protected" if state == "IRPending" else state,
        "extendedInfo": {"oldestRecoveryPoint": at, **known, "recoveryPointCount": count},
    }


def last_backup(at: str, code: str = "") -> Properties:
    """What the newest backup, started `at`, changes on its item; `code` is why it failed."""
    return {
        "lastBackupTime": at,
        "lastBackupStatus": "Failed" if code else "Completed",
        "protectionStatus": "Unhealthy" if code else "Healthy",
        "kpisHealths": kpis(code),
    }


def job(
    item: str,
    account: str,
    name: str,
    *,
    location: str,
    operation: str = "Backup",
    user: bool | None = False,
) -> Properties:
    """Whose job it is; `item` and `account` are ids.

    Who started it stands in the property bag, and `isUserTriggered` is false either way; `user` None is the
    newer type, which does not say.
    """
    described: Properties = {
        "jobType": "AzureStorageJobV2" if user is None else "AzureStorageJob",
        "operation": operation,
        "entityFriendlyName": name,
        "backupManagementType": "AzureStorage",
        "workloadType": "AzureFileShare",
        "storageAccountName": account.rpartition("/")[2],
        "storageAccountVersion": "MicrosoftStorage",
        "backupInstanceId": item,
        "dataSourceId": account,
        "dataSourceLocation": location,
    }
    bag = {"Data Transferred (in MB)": "0", "File Share Name": name}
    if user is None:
        return {**described, "extendedInfo": {"propertyBag": bag}}
    told = {"propertyBag": {**bag, ADHOC: str(user)}}
    return {**described, "isUserTriggered": False, "extendedInfo": told}


def policy(runs: str, days: int, *, zone: str, every_hours: int = 0, window_hours: int = 12) -> Properties:
    """`runs` is the local wall-clock time of a run, or of the first of a day, written as a stamp."""
    kept: Properties = {"retentionDuration": {"count": days, "durationType": "Days"}}
    if not every_hours:
        kept = {"retentionTimes": [runs], **kept}
    return {
        "backupManagementType": "AzureStorage",
        "workLoadType": "AzureFileShare",
        "schedulePolicy": _hourly(runs, every_hours, window_hours) if every_hours else _daily(runs),
        "retentionPolicy": {"retentionPolicyType": "LongTermRetentionPolicy", "dailySchedule": kept},
        "timeZone": zone,
        "protectedItemsCount": 0,
    }


def _daily(runs: str) -> Properties:
    return {
        "schedulePolicyType": "SimpleSchedulePolicy",
        "scheduleRunFrequency": "Daily",
        "scheduleRunTimes": [runs],
        "scheduleWeeklyFrequency": 0,
    }


def _hourly(runs: str, every: int, window: int) -> Properties:
    return {
        "schedulePolicyType": "SimpleSchedulePolicy",
        "scheduleRunFrequency": "Hourly",
        "hourlySchedule": {
            "interval": every,
            "scheduleWindowStartTime": runs,
            "scheduleWindowDuration": window,
        },
    }


def as_listed(
    name: str, *, modified: str, protocol: str = "SMB", tier: str = "TransactionOptimized"
) -> Properties:
    """A share as its storage account lists it, `modified` a stamp."""
    told: Properties = {
        "name": name,
        "lastModifiedTime": modified,
        "enabledProtocols": protocol,
        "shareQuota": 5120,
        "leaseStatus": "unlocked",
        "leaseState": "available",
    }
    return {**told, **({"rootSquash": "NoRootSquash"} if protocol == "NFS" else {"accessTier": tier})}


def deleted(at: str, days_left: int) -> Properties:
    """What changes when a share is deleted, and kept for `days_left` more."""
    return {"deleted": True, "deletedTime": at, "remainingRetentionDays": days_left, "version": "01"}
