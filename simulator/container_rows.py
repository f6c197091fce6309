"""Properties of containers: what a vault knows of the machines and storage accounts registered with it."""

from __future__ import annotations

from typing import Any

from simulator.protectable_rows import DISCOVERED
from simulator.recovery_errors import detail_of_item

Properties = dict[str, Any]
_WELL: Properties = {"code": "Success", "message": "", "recommendations": [""]}


def container_id(vault: str, name: str) -> str:
    return f"{vault}/backupFabrics/Azure/protectionContainers/{name}"


def host(vm: str, counts: dict[str, int], updated: str) -> Properties:
    """A machine registered for its databases; `counts` are those discovered, by workload."""
    return {
        "sourceResourceId": vm,
        "lastUpdatedTime": updated,
        "extendedInfo": {
            "hostServerName": vm.rpartition("/")[2],
            "inquiryInfo": {
                "status": "Success",
                "errorDetail": dict(_WELL),
                "inquiryDetails": [_inquiry(workload, count) for workload, count in counts.items()],
            },
        },
        **_registered(vm, "AzureWorkload", "VMAppContainer"),
    }


def account(storage_account: str, items: int) -> Properties:
    return {
        "sourceResourceId": storage_account,
        "protectedItemCount": items,
        **_registered(storage_account, "AzureStorage", "StorageContainer"),
    }


def machine(vm: str) -> Properties:
    return {
        "virtualMachineId": vm,
        "virtualMachineVersion": "Compute",
        "resourceGroup": vm.split("/")[4],
        **_registered(vm, "AzureIaasVM", "Microsoft.Compute/virtualMachines"),
    }


def failed_inquiry(kind: str, code: str) -> Properties:
    """What differs on a host whose databases could not be looked for."""
    failed = {"status": "Failed", "errorDetail": detail_of_item(code)}
    details = [
        _inquiry(DISCOVERED[kind].workload, 0) | {"inquiryValidation": {**failed, "additionalDetail": code}}
    ]
    return {"extendedInfo": {"inquiryInfo": {**failed, "inquiryDetails": details}}}


def protectable(source: str, management: str, container_type: str) -> Properties:
    """What could be registered."""
    return {
        "friendlyName": source.rpartition("/")[2],
        "backupManagementType": management,
        "protectableContainerType": container_type,
        "healthStatus": "Healthy",
        "containerId": source,
    }


def _inquiry(workload: str, count: int) -> Properties:
    validation = {"status": "Success", "errorDetail": dict(_WELL), "additionalDetail": ""}
    return {"type": workload, "itemCount": count, "inquiryValidation": validation}


def _registered(source: str, management: str, container_type: str) -> Properties:
    return {
        "friendlyName": source.rpartition("/")[2],
        "backupManagementType": management,
        "registrationStatus": "Registered",
        "healthStatus": "Healthy",
        "containerType": container_type,
        "protectableObjectType": container_type,
    }
