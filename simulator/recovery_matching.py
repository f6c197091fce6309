"""Which job is of which protected item: by the item's id, else by names within the vault."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.recovery_kinds import entity_of, kind_of
from simulator.recovery_rows import ITEMS, JOBS, TABLE, vault_of
from simulator.store import Row

if TYPE_CHECKING:
    from simulator.world import World

RUNNING = ("InProgress", "Cancelling")


def item_of(world: World, job: Row) -> Row | None:
    """The protected item a job is of, as Resource Graph has it."""
    now, named = world.now(), job["properties"].get("backupInstanceId")
    if named:
        return world.store.get(TABLE, named, now)
    friendly = _lower(job, "entityFriendlyName")
    where = "lower(type) = ? AND starts_with(_key, ?) AND lower(properties->>'$.friendlyName') IN (?, ?)"
    values = [ITEMS, vault_of(job["id"]).lower() + "/", friendly, entity_of(friendly)[1]]
    found = [item for item in world.store.query(TABLE, where, values, now) if is_of(job, item)]
    return found[0] if found else None


def jobs_of(world: World, item: Row) -> list[Row]:
    """The backup jobs of an item, as its vault knows them."""
    where = (
        "lower(type) = ? AND starts_with(_key, ?) AND (lower(properties->>'$.backupInstanceId') = ? "
        "OR contains(lower(properties->>'$.entityFriendlyName'), ?))"
    )
    vault, name = vault_of(item["id"]).lower() + "/", _lower(item, "friendlyName")
    found = world.store.query(TABLE, where, [JOBS, vault, item["id"].lower(), name], world.now())
    return [world.rest_row(job) for job in found if is_of(job, item) and is_backup(job)]


def is_backup(job: Row) -> bool:
    return _lower(job, "operation").startswith("backup")


def is_of(job: Row, item: Row) -> bool:
    named = _lower(job, "backupInstanceId")
    if named:
        return named == str(item["id"]).lower()
    kind = kind_of(item["properties"] or {})
    if _lower(job, "backupManagementType") != _lower(item, "backupManagementType"):
        return False
    if kind and kind.is_database:
        return _names_database(job, item)
    container = _lower(job, "containerName")
    same_container = not container or _bare(container) == _bare(_lower(item, "containerName"))
    return same_container and _lower(job, "entityFriendlyName") == _lower(item, "friendlyName")


def _names_database(job: Row, item: Row) -> bool:
    """A job says less than the item: the workload, the instance and the server may be missing."""
    instance, name, server = entity_of(_lower(job, "entityFriendlyName"))
    return (
        name == _lower(item, "friendlyName")
        and _lower(job, "workloadType") in ("", _lower(item, "workloadType"))
        and instance in ("", _lower(item, "parentName"))
        and server in ("", _lower(item, "serverName"))
    )


def _lower(row: Row, name: str) -> str:
    return str((row["properties"] or {}).get(name) or "").lower()


def _bare(container: str) -> str:
    """Names of containers come with and without the kind in front."""
    return container.removeprefix("iaasvmcontainer;")
