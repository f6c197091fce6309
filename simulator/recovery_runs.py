"""How a backup runs: what its job and its item are going to be is written when it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator import clock
from simulator.recovery_outcomes import after, changed, ended
from simulator.recovery_rows import ITEMS, JOBS, TABLE, vault_of
from simulator.store import Row

if TYPE_CHECKING:
    from simulator.world import World

RUNNING = ("InProgress", "Cancelling")


def start(world: World, item: Row, expires: str) -> Row:
    """Begin an on-demand backup of a virtual machine and write how it is going to end."""
    now, job = world.now(), _job(world, item, expires)
    world.store.put(TABLE, job, now)
    ends = round(now + world.paced(world.backup_seconds(item["id"])), 6)
    _end(world, job, world.next_outcome(item["id"]) or "Completed", ends)
    return job


def cancel(world: World, job: Row, ends: float) -> None:
    """The job stops by `ends`, and its item stays as it is now."""
    now = world.now()
    item = item_of(world, job)
    if item:
        world.store.put(TABLE, item, now)
    world.store.put(TABLE, changed(job, {"status": "Cancelling"}), now)
    world.store.put(TABLE, ended(job, "Cancelled", "", ends), ends)


def continue_all(world: World) -> None:
    """Let the jobs that were running when the estate was loaded end as `outcomes` says."""
    if not world.known.outcomes:
        return
    where = "lower(type) = ? AND properties->>'$.status' = 'InProgress'"
    for job in world.store.query(TABLE, where, [JOBS], world.now()):
        item = item_of(world, job)
        versions = list(world.store.versions(TABLE, job["id"]))
        if item is None or len(versions) > 1 or versions[0].since or not _is_backup(job):
            continue
        outcome = world.next_outcome(item["id"])
        if outcome:
            started = clock.moment(job["properties"]["startTime"])
            _end(world, job, outcome, round(started + world.paced(world.backup_seconds(item["id"])), 6))


def item_of(world: World, job: Row) -> Row | None:
    """The protected item a job is of: by its id, else by names within the vault."""
    now, named = world.now(), job["properties"].get("backupInstanceId")
    if named:
        return world.store.get(TABLE, named, now)
    where = "lower(type) = ? AND starts_with(_key, ?) AND lower(properties->>'$.friendlyName') = ?"
    values = [ITEMS, vault_of(job["id"]).lower() + "/", _lower(job, "entityFriendlyName")]
    found = [item for item in world.store.query(TABLE, where, values, now) if is_of(job, item)]
    return found[0] if found else None


def jobs_of(world: World, item: Row) -> list[Row]:
    """The backup jobs of an item, as its vault knows them."""
    where = (
        "lower(type) = ? AND starts_with(_key, ?) AND "
        "(lower(properties->>'$.backupInstanceId') = ? OR lower(properties->>'$.entityFriendlyName') = ?)"
    )
    vault, name = vault_of(item["id"]).lower() + "/", _lower(item, "friendlyName")
    found = world.store.query(TABLE, where, [JOBS, vault, item["id"].lower(), name], world.now())
    return [world.rest_row(job) for job in found if is_of(job, item) and _is_backup(job)]


def is_of(job: Row, item: Row) -> bool:
    named = _lower(job, "backupInstanceId")
    if named:
        return named == str(item["id"]).lower()
    container = _lower(job, "containerName")
    same_container = not container or _bare(container) == _bare(_lower(item, "containerName"))
    return same_container and _lower(job, "entityFriendlyName") == _lower(item, "friendlyName")


def _is_backup(job: Row) -> bool:
    return _lower(job, "operation").startswith("backup")


def _lower(row: Row, name: str) -> str:
    return str((row["properties"] or {}).get(name) or "").lower()


def _bare(container: str) -> str:
    """Names of containers come with and without the kind in front."""
    return container.removeprefix("iaasvmcontainer;")


def _job(world: World, item: Row, expires: str) -> Row:
    """A job row as Resource Graph has it."""
    job_id, given = world.new_id(), item["properties"]
    properties = {
        "jobType": "AzureIaaSVMJob",
        "actionsInfo": ["Cancellable"],
        "containerName": _bare_name(given.get("containerName") or item["id"].split("/")[-3]),
        "duration": "PT0S",
        "virtualMachineVersion": "Compute",
        "extendedInfo": {
            "propertyBag": {
                "VM Name": given.get("friendlyName"),
                "Recovery Point Expiry Time in UTC": expires,
                "Backup Size": "0 MB",
            },
            "internalPropertyBag": {"IsInstantRpJob": "True"},
        },
        "isUserTriggered": True,
        "entityFriendlyName": given.get("friendlyName"),
        "backupManagementType": "AzureIaasVM",
        "operation": "Backup",
        "status": "InProgress",
        "startTime": clock.stamp(world.now()),
        "activityId": world.new_id(),
        "backupInstanceId": item["id"],
        "dataSourceId": given.get("sourceResourceId"),
    }
    same = {name: item[name] for name in ("tenantId", "location", "resourceGroup", "subscriptionId")}
    job_path = f"{vault_of(item['id'])}/backupJobs/{job_id}"
    return {"id": job_path, "name": job_id, "type": JOBS, **same, "properties": properties}


def _bare_name(container: str) -> str:
    kind, _, rest = container.partition(";")
    return rest if kind.lower() == "iaasvmcontainer" else container


def _end(world: World, job: Row, outcome: str, ends: float) -> None:
    status, _, code = outcome.partition(":")
    if status == "Never":
        world.store.put(TABLE, job, world.now())
        return
    world.store.put(TABLE, ended(job, status, code, ends), ends)
    item = item_of(world, job)
    if item and status != "Cancelled":
        world.store.put(TABLE, after(item, job, status, code), ends)
