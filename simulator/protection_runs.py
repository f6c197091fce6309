"""How a backup of an instance runs: what it is going to come to is written when it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator import alert_runs, clock
from simulator import protection_shapes as shapes
from simulator.protection_errors import cause
from simulator.protection_kinds import destination
from simulator.protection_rows import JOBS, TABLE, cased
from simulator.store import Row

if TYPE_CHECKING:
    from simulator.world import World

DEFAULT_TAG = "default"
"""What jobs of a request without a tag were recorded with."""


def start(world: World, instance: Row, tag: str) -> Row:
    """Begin an on-demand backup and write how it is going to end."""
    now, job = world.now(), _job(world, instance, tag)
    world.store.put(TABLE, job, now)
    ends = round(now + world.paced(world.backup_seconds(instance["id"])), 6)
    _end(world, job, instance["id"], world.next_outcome(instance["id"]) or "Completed", ends)
    return job


def continue_all(world: World) -> None:
    """Let the jobs that were running when the estate was loaded end as `outcomes` says."""
    if not world.known.outcomes:
        return
    where = "lower(type) = ? AND properties->>'$.status' IN ('InProgress', 'Started')"
    for job in world.store.query(TABLE, where, [JOBS], world.now()):
        named = str(job["properties"].get("backupInstanceId") or "")
        versions = list(world.store.versions(TABLE, job["id"]))
        if len(versions) > 1 or versions[0].since or not _is_backup(job):
            continue
        outcome = world.next_outcome(named)
        if outcome:
            started = clock.moment(job["properties"]["startTime"])
            _end(world, job, named, outcome, round(started + world.paced(world.backup_seconds(named)), 6))


def jobs_of(world: World, instance: Row) -> list[Row]:
    """The backup jobs of an instance, as its vault knows them."""
    where = "lower(type) = ? AND starts_with(_key, ?) AND lower(properties->>'$.backupInstanceId') = ?"
    named = str(instance["id"]).lower()
    vault = named.rpartition("/backupinstances/")[0] + "/"
    found = world.store.query(TABLE, where, [JOBS, vault, named], world.now())
    return [world.rest_row(job) for job in found if _is_backup(job)]


def _is_backup(job: Row) -> bool:
    return str(job["properties"].get("operationCategory") or "Backup").lower() == "backup"


def _job(world: World, instance: Row, tag: str) -> Row:
    job_id, given = world.new_id(), instance["properties"]
    properties = shapes.job(
        cased(instance["id"]),
        given,
        activity=world.new_id(),
        user=True,
        destination=destination(given["dataSourceInfo"]["datasourceType"]),
    )
    now = world.now()
    properties |= shapes.course(properties, "InProgress", now, now, tag=tag)
    vault = cased(instance["id"]).rpartition("/backupInstances/")[0]
    same = {name: instance[name] for name in ("tenantId", "resourceGroup", "subscriptionId")}
    path = f"{vault}/backupJobs/{job_id}"
    return {"id": path, "name": job_id, "type": JOBS, **same, "location": "", "properties": properties}


def _end(world: World, job: Row, instance_id: str, outcome: str, ends: float) -> None:
    status, _, code = outcome.partition(":")
    if status == "Never":
        world.store.put(TABLE, job, world.now())
        return
    given = job["properties"]
    tag = ((given.get("extendedInfo") or {}).get("additionalDetails") or {}).get("RetentionTag", DEFAULT_TAG)
    started = clock.moment(given["startTime"])
    codes = (code,) if code else ()
    changes = shapes.course(given, status, started, ends, tag=tag, codes=codes)
    final = _changed(job, {**changes, "startTime": given["startTime"]})
    world.store.put(TABLE, final, ends)
    alert_runs.follow(world, final, instance_id, ends)
    instance = world.store.get(TABLE, instance_id, world.now())
    after = _after(instance["properties"], given["startTime"], status, code) if instance else {}
    if instance and after:
        world.store.put(TABLE, _changed(instance, after), ends)


def _after(instance: dict[str, Any], started: str, status: str, code: str) -> dict[str, Any]:
    """A cause that needs a person stays on the instance until a backup succeeds; others do not show."""
    if status in ("Completed", "CompletedWithWarnings"):
        return {**shapes.recovery_point(instance, started), **shapes.trouble(instance, "")}
    return shapes.trouble(instance, code) if status == "Failed" and cause(code).human else {}


def _changed(row: Row, changes: dict[str, Any]) -> Row:
    return {**row, "properties": {**row["properties"], **changes}}
