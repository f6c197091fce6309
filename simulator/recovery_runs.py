"""How a backup runs: what its job and its item are going to be is written when it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator import alert_runs, clock, recovery_databases, recovery_points, recovery_starts
from simulator.recovery_matching import is_backup, item_of
from simulator.recovery_outcomes import after, changed, ended
from simulator.recovery_requests import Asked
from simulator.recovery_rows import JOBS, TABLE
from simulator.store import Row

if TYPE_CHECKING:
    from simulator.world import World


def start(world: World, item: Row, asked: Asked) -> Row:
    """Begin an on-demand backup and write how it is going to end."""
    now, job = world.now(), recovery_starts.job(world, item, asked)
    outcome = recovery_databases.failure(world, item, asked.type) or world.next_outcome(item["id"])
    world.store.put(TABLE, job, now)
    ends = round(now + world.paced(world.backup_seconds(item["id"])), 6)
    _end(world, job, outcome or "Completed", ends)
    return job


def cancel(world: World, job: Row, ends: float) -> None:
    """The job stops by `ends`, and its item stays as it is now."""
    now = world.now()
    item = item_of(world, job)
    if item:
        world.store.put(TABLE, item, now)
        alert_runs.forget(world, job, item["id"])
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
        if item is None or len(versions) > 1 or versions[0].since or not is_backup(job):
            continue
        outcome = world.next_outcome(item["id"])
        if outcome:
            started = clock.moment(job["properties"]["startTime"])
            _end(world, job, outcome, round(started + world.paced(world.backup_seconds(item["id"])), 6))


def _end(world: World, job: Row, outcome: str, ends: float) -> None:
    status, _, code = outcome.partition(":")
    if status == "Never":
        world.store.put(TABLE, job, world.now())
        return
    final, item = ended(job, status, code, ends), item_of(world, job)
    world.store.put(TABLE, final, ends)
    alert_runs.follow(world, final, item["id"] if item else "", ends)
    if item and status != "Cancelled":
        if status != "Failed":
            recovery_points.keep_last(world, world.rest_row(item))
        world.store.put(TABLE, after(item, job, status, code), ends)
