"""The properties of an estate's rows, in the shapes Azure gives them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from simulator import clock
from simulator.recovery_errors import details

Properties = dict[str, Any]

_NEVER = "2001-01-01T00:00:00Z"


def subscription(management_groups: Iterable[str], managed_by: str = "") -> Properties:
    """`managed_by` is the tenant to which it is delegated."""
    return {
        "state": "Enabled",
        "managedByTenants": [{"tenantId": managed_by}] if managed_by else [],
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "EnterpriseAgreement_2014-09-01",
            "spendingLimit": "Off",
        },
        "managementGroupAncestorsChain": [{"name": name, "displayName": name} for name in management_groups],
    }


def group(name: str, managed_by: str, tags: Mapping[str, str] | None, location: str) -> Properties:
    """The columns of a resource group's row, which its id does not say."""
    return {
        "name": name,
        "type": "microsoft.resources/subscriptions/resourcegroups",
        "location": location,
        "managedBy": managed_by,
        "tags": dict(tags or {}),
        "properties": {"provisioningState": "Succeeded"},
    }


def vault(
    *,
    redundancy: str = "GeoRedundant",
    cross_region: bool = False,
    soft_delete: str = "Enabled",
    immutability: str = "Disabled",
    public: bool = True,
) -> Properties:
    return {
        "provisioningState": "Succeeded",
        "privateEndpointStateForBackup": "None" if public else "Enabled",
        "privateEndpointStateForSiteRecovery": "None",
        "publicNetworkAccess": "Enabled" if public else "Disabled",
        "redundancySettings": {
            "standardTierStorageRedundancy": redundancy,
            "crossRegionRestore": "Enabled" if cross_region else "Disabled",
        },
        "monitoringSettings": {
            "azureMonitorAlertSettings": {"alertsForAllJobFailures": "Enabled"},
            "classicAlertSettings": {"alertsForCriticalOperations": "Disabled"},
        },
        "securitySettings": {
            "softDeleteSettings": {
                "softDeleteState": soft_delete,
                "softDeleteRetentionPeriodInDays": 0 if soft_delete == "Disabled" else 14,
                "enhancedSecurityState": soft_delete,
            },
            "immutabilitySettings": {"state": immutability},
            "multiUserAuthorization": "Disabled",
        },
        "restoreSettings": {"crossSubscriptionRestoreSettings": {"crossSubscriptionRestoreState": "Enabled"}},
        "secureScore": "Minimum",
        "bcdrSecurityLevel": "Fair",
    }


def automation_account(created: str) -> Properties:
    return {
        "state": "Ok",
        "disableLocalAuth": False,
        "publicNetworkAccess": True,
        "sku": {"name": "Basic", "family": None, "capacity": None},
        "creationTime": created,
        "lastModifiedTime": created,
    }


def storage_account(name: str) -> Properties:
    return {
        "provisioningState": "Succeeded",
        "allowBlobPublicAccess": False,
        "allowSharedKeyAccess": False,
        "minimumTlsVersion": "TLS1_2",
        "supportsHttpsTrafficOnly": True,
        "publicNetworkAccess": "Enabled",
        "primaryEndpoints": {"blob": f"https://{name}.blob.core.windows.net/"},
    }


def virtual_machine(group: str, name: str) -> Properties:
    windows = "sql" in name or "win" in name
    return {
        "provisioningState": "Succeeded",
        "hardwareProfile": {"vmSize": "Standard_D4s_v5"},
        "osProfile": {"computerName": name},
        "storageProfile": {
            "osDisk": {
                "name": f"{name}-os",
                "osType": "Windows" if windows else "Linux",
                "diskSizeGB": 128,
                "managedDisk": {
                    "id": f"{group}/providers/Microsoft.Compute/disks/{name}-os",
                    "storageAccountType": "Premium_LRS",
                },
            },
            "dataDisks": [],
        },
        "networkProfile": {
            "networkInterfaces": [{"id": f"{group}/providers/Microsoft.Network/networkInterfaces/{name}-nic"}]
        },
        "extended": {
            "instanceView": {
                "computerName": name,
                "powerState": {"code": "PowerState/running", "displayStatus": "VM running", "level": "Info"},
            }
        },
    }


def policy(runs: str, days: int, *, weekly: bool) -> Properties:
    """`runs` is the local wall-clock time of a run, written as a stamp."""
    schedule: Properties = {
        "schedulePolicyType": "SimpleSchedulePolicy",
        "scheduleRunFrequency": "Weekly" if weekly else "Daily",
        "scheduleRunTimes": [runs],
        "scheduleWeeklyFrequency": 0,
    }
    count, unit = (max(days // 7, 1), "Weeks") if weekly else (days, "Days")
    kept: Properties = {
        "retentionTimes": [runs],
        "retentionDuration": {"count": count, "durationType": unit},
    }
    if weekly:
        schedule["scheduleRunDays"] = kept["daysOfTheWeek"] = ["Sunday"]
    return {
        "backupManagementType": "AzureIaasVM",
        "policyType": "V1",
        "instantRPDetails": {},
        "instantRpRetentionRangeInDays": 5 if weekly else 2,
        "schedulePolicy": schedule,
        "retentionPolicy": {
            "retentionPolicyType": "LongTermRetentionPolicy",
            "weeklySchedule" if weekly else "dailySchedule": kept,
        },
        "protectedItemsCount": 0,
    }


def item_path(vm: str) -> str:
    """Where a vault keeps the item of a VM."""
    name = _container(vm)
    return f"backupFabrics/Azure/protectionContainers/IaasVMContainer;{name}/protectedItems/VM;{name}"


def item(vault: Mapping[str, Any], vm: str, policy: str) -> Properties:
    """A protected VM that was never backed up."""
    return {**_as_the_vault_says(vault, vm, policy), **_as_graph_adds(vault, vm, policy)}


def _as_the_vault_says(vault: Mapping[str, Any], vm: str, policy: str) -> Properties:
    return {
        "friendlyName": vm.rpartition("/")[2],
        "virtualMachineId": vm,
        "sourceResourceId": vm,
        "protectedItemType": "Microsoft.Compute/virtualMachines",
        "backupManagementType": "AzureIaasVM",
        "workloadType": "VM",
        "containerName": _container(vm),
        "vaultId": vault["id"],
        "policyId": policy,
        "policyName": policy.rpartition("/")[2],
        "protectionState": "IRPending",
        "protectionStatus": "Healthy",
        "healthStatus": "Passed",
        "lastBackupStatus": "",
        "lastBackupTime": _NEVER,
        "extendedInfo": {"recoveryPointCount": 0, "policyInconsistent": False},
        "isScheduledForDeferredDelete": False,
        "isRehydrate": False,
        "isArchiveEnabled": False,
        "softDeleteRetentionPeriod": 14,
    }


def _as_graph_adds(vault: Mapping[str, Any], vm: str, policy: str) -> Properties:
    """Resource Graph brings items closer to the instances of Backup vaults."""
    return {
        "currentProtectionState": "ProtectionConfigured",
        "isDatasourceDeleted": False,
        "protectedPrimaryRegion": vault["location"],
        "rpoWarningThresholdInPrimaryRegion": "1.00:00:00",
        "policyInfo": {"name": policy.rpartition("/")[2], "policyId": policy},
        "dataSourceId": vm,
        "dataSourceInfo": {
            "objectType": "Datasource",
            "datasourceType": "Microsoft.Compute/virtualMachines",
            "resourceType": "Microsoft.Compute/virtualMachines",
            "resourceID": vm,
            "resourceName": vm.rpartition("/")[2],
            "resourceLocation": vault["location"],
        },
    }


def recovery_point(item: Mapping[str, Any], at: str) -> Properties:
    """What a new recovery point changes on its item."""
    known, state = item["extendedInfo"], item["protectionState"]
    count = {"recoveryPointCount": known["recoveryPointCount"] + 1}
    return {
        "lastRecoveryPoint": at,
        "protectionState": "Protected" if state == "IRPending" else state,
        "extendedInfo": {"oldestRecoveryPoint": at, **known, **count},
    }


def stopped() -> Properties:
    """What changes on an item when its protection is stopped and its data kept."""
    return {
        "protectionState": "ProtectionStopped",
        "currentProtectionState": "ProtectionStopped",
        "policyId": "",
        "policyName": "",
        "policyInfo": {"name": "", "policyId": ""},
    }


def soft_deleted(at: str) -> Properties:
    """What changes on an item when it is deleted, at `at`; it stays listed for 14 days."""
    return {
        **stopped(),
        "currentProtectionState": "SoftDeleted",
        "isScheduledForDeferredDelete": True,
        "deferredDeleteTimeInUTC": at,
        "deferredDeleteTimeRemaining": "13.12:00:00",
    }


def job(item: Mapping[str, Any], vault: Mapping[str, Any], operation: str, user: bool | None) -> Properties:
    """Whose job it is; only the older of the two job types says whether a person started it."""
    of = item["properties"]
    described = {
        "jobType": "AzureIaaSVMJobV2" if user is None else "AzureIaaSVMJob",
        "operation": operation,
        "entityFriendlyName": of["friendlyName"],
        "backupManagementType": of["backupManagementType"],
        "workloadType": of["workloadType"],
        "containerName": of["containerName"],
        "virtualMachineVersion": "Compute",
        "backupInstanceId": item["id"],
        "dataSourceId": of["dataSourceId"],
        "dataSourceLocation": vault["location"],
    }
    return described if user is None else {**described, "isUserTriggered": user}


def course(
    status: str,
    start: float,
    end: float,
    codes: Iterable[int | str],
    told_as: Callable[[str], Properties] = details,
) -> Properties:
    """How a job went; while it is in progress `end` is now. `told_as` makes an error detail of a code."""
    described: Properties = {
        "status": status,
        "startTime": clock.stamp(start),
        "duration": clock.iso_duration(end - start),
    }
    if status == "InProgress":
        described["actionsInfo"] = [1]
    else:
        described["endTime"] = clock.stamp(end)
    errors = [told_as(str(code)) for code in codes]
    return {**described, "errorDetails": errors} if errors else described


def _container(vm: str) -> str:
    _, _, _, _, group, *_, name = vm.split("/")
    return f"iaasvmcontainerv2;{group};{name}"
