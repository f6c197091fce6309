"""Properties of the rows of databases in virtual machines, as Resource Graph has them.

Plain functions of plain values, in recorded shapes of SQL Server and SAP HANA; SAP ASE, of which nothing was
recorded, has the names of the API's specification. Where one returns what changes, None removes.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulator.recovery_errors import detail_of_item, kpis

Properties = dict[str, Any]


@dataclass(frozen=True)
class Database:
    """`instance` is the one most have: SQL Server's default instance, or a system id."""

    workload: str
    item_type: str
    parent_type: str
    instance: str


DATABASES = {
    "sql": Database("SQLDataBase", "AzureVmWorkloadSQLDatabase", "AzureVmWorkloadSQLInstance", "MSSQLSERVER"),
    "hana": Database(
        "SAPHanaDatabase", "AzureVmWorkloadSAPHanaDatabase", "AzureVmWorkloadSAPHanaSystem", "HXE"
    ),
    "ase": Database("SAPAseDatabase", "AzureVmWorkloadSAPAseDatabase", "AzureVmWorkloadSAPAseSystem", "ASE"),
}
WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SUCCESS = {"code": "Success", "message": ""}


def container(vm: str) -> str:
    """The container's name, whose parts come in lower case."""
    _, _, _, _, group, *_, name = vm.split("/")
    return f"VMAppContainer;compute;{group.lower()};{name.lower()}"


def item_path(kind: str, vm: str, instance: str, name: str) -> str:
    """Where an item stands below its vault."""
    item = f"{DATABASES[kind].workload};{instance.lower()};{name.lower()}"
    return f"backupFabrics/Azure/protectionContainers/{container(vm)}/protectedItems/{item}"


def item(
    kind: str,
    vm: str,
    name: str,
    *,
    instance: str,
    vault: str,
    location: str,
    policy: str,
    recovery_model: str = "FULL",
) -> Properties:
    """A database that was never backed up; `vm`, `vault` and `policy` are ids."""
    return {
        **_as_the_vault_says(kind, vm, name, instance=instance, vault=vault, policy=policy),
        **_as_graph_adds(kind, vm, name, instance=instance, location=location, policy=policy),
        "extendedInfo": {
            "recoveryPointCount": 0,
            "policyState": "Consistent",
            **({"recoveryModel": recovery_model} if kind == "sql" else {}),
        },
    }


def _as_the_vault_says(
    kind: str, vm: str, name: str, *, instance: str, vault: str, policy: str
) -> Properties:
    described = DATABASES[kind]
    return {
        "friendlyName": name,
        "serverName": vm.rpartition("/")[2],
        "parentName": instance,
        "parentType": described.parent_type,
        "protectionStatus": "Healthy",
        "protectionState": "IRPending",
        "lastBackupStatus": "IRPending",
        "lastBackupErrorDetail": dict(_SUCCESS),
        "protectedItemDataSourceId": str(
            uuid.uuid5(uuid.NAMESPACE_URL, f"{vm}/{instance}/{name}").int % 10**14
        ),
        "protectedItemHealthStatus": "IRPending",
        "protectedItemType": described.item_type,
        "backupManagementType": "AzureWorkload",
        "workloadType": described.workload,
        "containerName": container(vm),
        "sourceResourceId": vm,
        "vaultId": vault,
        "policyId": policy,
        "policyName": policy.rpartition("/")[2],
        "isScheduledForDeferredDelete": False,
        "isRehydrate": False,
        "isArchiveEnabled": False,
        "softDeleteRetentionPeriod": 14,
    }


def _as_graph_adds(kind: str, vm: str, name: str, *, instance: str, location: str, policy: str) -> Properties:
    """The data source is named by its machine."""
    workload, machine = DATABASES[kind].workload, vm.rpartition("/")[2]
    source = {
        "objectType": "Datasource",
        "datasourceType": workload,
        "resourceID": vm,
        "resourceLocation": location,
    }
    return {
        "currentProtectionState": "ProtectionConfigured",
        "isDatasourceDeleted": False,
        "protectedPrimaryRegion": location,
        "rpoWarningThresholdInPrimaryRegion": "1.00:00:00",
        "policyInfo": {"name": policy.rpartition("/")[2], "policyId": policy},
        "dataSourceId": vm,
        "dataSourceInfo": {**source, "resourceType": workload, "resourceName": name},
        "dataSourceSetInfo": {
            **source,
            "objectType": "DatasourceSet",
            "resourceType": "Microsoft.Compute/virtualMachines",
            "resourceName": f"{machine}/{instance}",
        },
    }


def recovery_point(item: Mapping[str, Any], at: str, *, log: bool = False) -> Properties:
    """What a new recovery point changes on its item; logs lengthen a range and are not counted."""
    known, state = item.get("extendedInfo") or {}, item.get("protectionState")
    count = int(known.get("recoveryPointCount") or 0) + (0 if log else 1)
    return {
        "lastRecoveryPoint": at,
        "protectionState": "Protected" if state == "IRPending" else state,
        "extendedInfo": {"oldestRecoveryPoint": at, **known, "recoveryPointCount": count},
    }


def last_backup(at: str, code: str = "") -> Properties:
    """What the newest backup, started `at`, changes on its item; `code` is why it failed."""
    status = "Unhealthy" if code else "Healthy"
    return {
        "lastBackupTime": at,
        "lastBackupStatus": status,
        "protectedItemHealthStatus": status,
        "lastBackupErrorDetail": detail_of_item(code) if code else None,
        "kpisHealths": kpis(code),
    }


def job(
    kind: str,
    item: str,
    vm: str,
    name: str,
    *,
    location: str,
    server: str = "",
    operation: str = "Backup (Full)",
    user: bool | None = False,
) -> Properties:
    """Whose job it is; `item` and `vm` are ids.

    A scheduled job does not say that it is one, and `user` None is the newer type, which says nothing either.
    """
    described: Properties = {
        "jobType": "AzureWorkloadJobV2" if user is None else "AzureWorkloadJob",
        "operation": operation,
        "entityFriendlyName": f"{name} [{server or vm.rpartition('/')[2]}]",
        "backupManagementType": "AzureWorkload",
        "workloadType": DATABASES[kind].workload,
        "backupInstanceId": item,
        "dataSourceId": vm,
        "dataSourceLocation": location,
    }
    return {**described, "isUserTriggered": True} if user else described


def policy(kind: str, *, zone: str, parts: Sequence[Mapping[str, Any]]) -> Properties:
    """`parts` are of `full`, `between` and `log`."""
    return {
        "backupManagementType": "AzureWorkload",
        "workLoadType": DATABASES[kind].workload,
        "settings": {"timeZone": zone, "issqlcompression": False, "isCompression": False},
        "subProtectionPolicy": [dict(part) for part in parts],
        "protectedItemsCount": 0,
    }


def has_logs(policy: Mapping[str, Any]) -> bool:
    return any(part.get("policyType") == "Log" for part in policy.get("subProtectionPolicy") or ())


def full(runs: str, week_days: Iterable[str], days: int) -> Properties:
    """Daily, or on `week_days`; `runs` is the local wall-clock time of a run, written as a stamp."""
    on = list(week_days)
    count, unit = (max(days // 7, 1), "Weeks") if on else (days, "Days")
    kept: Properties = {
        "retentionTimes": [runs],
        "retentionDuration": {"count": count, "durationType": unit},
    }
    return {
        "policyType": "Full",
        "schedulePolicy": _schedule(runs, on),
        "retentionPolicy": {
            "retentionPolicyType": "LongTermRetentionPolicy",
            "weeklySchedule" if on else "dailySchedule": {**({"daysOfTheWeek": on} if on else {}), **kept},
        },
    }


def between(policy_type: str, runs: str, week_days: Iterable[str], days: int = 30) -> Properties:
    """A Differential or Incremental, on days without a full backup."""
    return {
        "policyType": policy_type,
        "schedulePolicy": _schedule(runs, list(week_days)),
        "retentionPolicy": _simple(days),
    }


def log(minutes: int, days: int = 15) -> Properties:
    return {
        "policyType": "Log",
        "schedulePolicy": {"schedulePolicyType": "LogSchedulePolicy", "scheduleFrequencyInMins": minutes},
        "retentionPolicy": _simple(days),
    }


def _schedule(runs: str, on: list[str]) -> Properties:
    return {
        "schedulePolicyType": "SimpleSchedulePolicy",
        "scheduleRunFrequency": "Weekly" if on else "Daily",
        **({"scheduleRunDays": on} if on else {}),
        "scheduleRunTimes": [runs],
        "scheduleWeeklyFrequency": 0,
    }


def _simple(days: int) -> Properties:
    duration = {"count": days, "durationType": "Days"}
    return {"retentionPolicyType": "SimpleRetentionPolicy", "retentionDuration": duration}


def sql_virtual_machine(vm: str) -> Properties:
    """What says that a machine has SQL Server, whether or not a vault ever looked into it."""
    return {
        "virtualMachineResourceId": vm,
        "provisioningState": "Succeeded",
        "sqlImageOffer": "SQL2022-WS2022",
        "sqlImageSku": "Standard",
        "sqlServerLicenseType": "PAYG",
        "sqlManagement": "Full",
    }
