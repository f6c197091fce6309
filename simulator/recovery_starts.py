"""The job of an on-demand backup that has just been accepted, as Resource Graph has it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from simulator import clock, database_rows, share_rows
from simulator.recovery_kinds import Kind, kind_of
from simulator.recovery_requests import Asked
from simulator.recovery_rows import JOBS, vault_of
from simulator.store import Row

if TYPE_CHECKING:
    from simulator.world import World


def job(world: World, item: Row, asked: Asked) -> Row:
    job_id, kind = world.new_id(), kind_of(item["properties"])
    properties = {
        **(_of_machine(item, asked) if kind is None or kind.name == "vm" else _of_other(kind, item, asked)),
        "status": "InProgress",
        "startTime": clock.stamp(world.now()),
        "duration": "PT0S",
        "activityId": world.new_id(),
    }
    same = {name: item[name] for name in ("tenantId", "location", "resourceGroup", "subscriptionId")}
    job_path = f"{vault_of(item['id'])}/backupJobs/{job_id}"
    return {"id": job_path, "name": job_id, "type": JOBS, **same, "properties": properties}


def _of_machine(item: Row, asked: Asked) -> dict[str, Any]:
    given = item["properties"]
    return {
        "jobType": "AzureIaaSVMJob",
        "actionsInfo": ["Cancellable"],
        "containerName": _bare_name(given.get("containerName") or item["id"].split("/")[-3]),
        "virtualMachineVersion": "Compute",
        "extendedInfo": {
            "propertyBag": {
                "VM Name": given.get("friendlyName"),
                "Recovery Point Expiry Time in UTC": _american(asked.expires),
                "Backup Size": "0 MB",
            },
            "internalPropertyBag": {"IsInstantRpJob": "True"},
        },
        "isUserTriggered": True,
        "entityFriendlyName": given.get("friendlyName"),
        "backupManagementType": "AzureIaasVM",
        "operation": "Backup",
        "backupInstanceId": item["id"],
        "dataSourceId": given.get("sourceResourceId"),
    }


def _of_other(kind: Kind, item: Row, asked: Asked) -> dict[str, Any]:
    given = item["properties"]
    source = given.get("dataSourceInfo") or {}
    of = str(source.get("resourceID") or given.get("dataSourceId") or given.get("sourceResourceId") or "")
    name = str(given.get("friendlyName") or "")
    location = str(source.get("resourceLocation") or item["location"])
    if not kind.is_database:
        return share_rows.job(item["id"], of, name, location=location, user=True)
    described = database_rows.job(
        kind.name,
        item["id"],
        of,
        name,
        location=location,
        server=str(given.get("serverName") or ""),
        operation=f"Backup ({asked.type})",
        user=True,
    )
    return {**described, "actionsInfo": ["Cancellable"], "extendedInfo": {"propertyBag": {}}}


def _bare_name(container: str) -> str:
    kind, _, rest = container.partition(";")
    return rest if kind.lower() == "iaasvmcontainer" else container


def _american(at: float) -> str:
    """As jobs tell an expiry: `6/25/2021 12:00:00 AM`."""
    there = datetime.fromtimestamp(at, UTC)
    return f"{there.month}/{there.day}/{there.year} {there.hour % 12 or 12}:{there:%M:%S %p}"
