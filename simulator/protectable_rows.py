"""Properties of the rows of what a vault has discovered and could protect.

Plain functions of plain values, in recorded shapes of SQL Server and SAP HANA and in the documented one of
file shares; SAP ASE has the names of the API's specification. A discovered item stays when it is protected.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simulator.recovery_errors import cause

Properties = dict[str, Any]
NOT_PROTECTED, PROTECTED = "NotProtected", "Protected"


@dataclass(frozen=True)
class Discovered:
    """`workload` is how protectable items and inquiries call it; items name that of a database."""

    workload: str
    instance_type: str
    database_type: str


DISCOVERED = {
    "sql": Discovered("SQL", "SQLInstance", "SQLDataBase"),
    "hana": Discovered("SAPHana", "SAPHanaSystem", "SAPHanaDatabase"),
    "ase": Discovered("SAPAse", "SAPAseSystem", "SAPAseDatabase"),
}
WORKLOAD_OF = {
    **{one.database_type.lower(): one.workload for one in DISCOVERED.values()},
    "azurefileshare": "AzureFileShare",
}
"""The workload of a protectable item, by that of the item it can become."""


def instance_path(kind: str, vm: str, instance: str) -> str:
    """Where an instance stands below its vault, all of it in lower case."""
    return _path(_host(vm), f"{DISCOVERED[kind].instance_type};{instance}")


def database_path(kind: str, vm: str, instance: str, name: str) -> str:
    return _path(_host(vm), f"{DISCOVERED[kind].database_type};{instance};{name}")


def share_path(account: str, name: str) -> str:
    _, _, _, _, group, *_, account_name = account.split("/")
    return _path(f"storagecontainer;storage;{group};{account_name}", f"azurefileshare;{name}")


def instance(kind: str, vm: str, name: str, *, refused: str = "") -> Properties:
    """An instance of which no database was discovered; `refused` is the code for which none can be."""
    described = _of_workload(kind, vm, name, DISCOVERED[kind].instance_type, name)
    return {
        **described,
        "isAutoProtectable": kind == "sql",
        "IsProtectable": False,
        "prebackupvalidation": _validation(refused),
    }


def one_more(instance: Properties) -> Properties:
    """What changes on an instance when a database of it is discovered."""
    count = instance["subprotectableitemcount"] + 1
    return {"subprotectableitemcount": count, "subinquireditemcount": count}


def database(kind: str, vm: str, name: str, *, instance: str, protected: bool = False) -> Properties:
    described = _of_workload(kind, vm, instance, DISCOVERED[kind].database_type, name)
    return {**described, "protectionState": PROTECTED if protected else NOT_PROTECTED}


def share(account: str, name: str, *, protected: bool = False) -> Properties:
    return {
        "parentContainerFabricId": account,
        "parentContainerFriendlyName": account.rpartition("/")[2],
        "azureFileShareType": "XSMB",
        "backupManagementType": "AzureStorage",
        "workloadType": "AzureFileShare",
        "protectableItemType": "AzureFileShare",
        "friendlyName": name,
        "protectionState": PROTECTED if protected else NOT_PROTECTED,
    }


def machine(vm: str) -> Properties:
    """A virtual machine, which is never a row: the vault looks for those it could protect."""
    return {
        "virtualMachineId": vm,
        "virtualMachineVersion": "Compute",
        "resourceGroup": vm.split("/")[4],
        "backupManagementType": "AzureIaasVM",
        "protectableItemType": "Microsoft.Compute/virtualMachines",
        "friendlyName": vm.rpartition("/")[2],
        "protectionState": NOT_PROTECTED,
    }


def _of_workload(kind: str, vm: str, parent: str, item_type: str, name: str) -> Properties:
    return {
        "parentName": parent,
        "serverName": vm.rpartition("/")[2],
        "isAutoProtectable": False,
        "isAutoProtected": False,
        "subinquireditemcount": 0,
        "subprotectableitemcount": 0,
        "IsProtectable": True,
        "backupManagementType": "AzureWorkload",
        "workloadType": DISCOVERED[kind].workload,
        "protectableItemType": item_type,
        "friendlyName": name,
        "protectionState": NOT_PROTECTED,
    }


def _validation(refused: str) -> Properties:
    if not refused:
        return {"status": "Success", "code": "Success"}
    return {"status": "Failed", "code": refused, "message": cause(refused).message}


def _host(vm: str) -> str:
    _, _, _, _, group, *_, name = vm.split("/")
    return f"vmappcontainer;compute;{group};{name}"


def _path(container: str, item: str) -> str:
    return f"backupFabrics/Azure/protectionContainers/{container.lower()}/protectableItems/{item.lower()}"
