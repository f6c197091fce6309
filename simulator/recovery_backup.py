"""On-demand backup of a protected item."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator import (
    clock,
    recovery_matching,
    recovery_operations,
    recovery_requests,
    recovery_runs,
    triggers,
)
from simulator.recovery_errors import cause
from simulator.recovery_kinds import Kind, backup_type, is_on_demand, kind_of
from simulator.recovery_rows import ACTION, ITEM, OLDEST, invalid, refusal, require_item, vault_of
from simulator.routes import Routes
from simulator.store import Row
from simulator.wire import RefusedError, Request, Response

if TYPE_CHECKING:
    from simulator.world import World

routes = Routes()
_BUSY_MACHINE = (
    "Unable to initiate backup as another backup operation is currently in progress. "
    "Wait until it is completed, then try again."
)


@routes.on(
    "POST",
    ITEM + "/backup",
    f"{ACTION}/backupFabrics/protectionContainers/protectedItems/backup/action",
    since=OLDEST,
)
def backup(world: World, request: Request, **at: str) -> Response:
    """Accepted means that a job is going to be there; refusals come in the order of Azure's checks."""
    body = request.json()
    item = require_item(world, at)
    kind = _kind(item)
    asked = recovery_requests.read(world, kind, body)
    _refuse_unprotected(item)
    jobs = recovery_matching.jobs_of(world, item)
    _refuse_limit(world, kind, asked.type, jobs)
    busy = any(job["properties"]["status"] in recovery_matching.RUNNING for job in jobs)
    if busy and world.known.busy == "refuse":
        raise refusal(400, **_busy(kind))
    job = "" if busy else recovery_runs.start(world, item, asked)["name"]
    operation = recovery_operations.begin(world, item["id"], {"error": _busy(kind)} if busy else {"job": job})
    triggers.record(world, item["id"], vault_of(item["id"]), body, job)
    return recovery_operations.accepted(world, request, item["id"], operation)


def _kind(item: Row) -> Kind:
    given = item["properties"]
    kind = kind_of(given)
    if kind is None:
        raise RefusedError(
            501,
            "NotSimulated",
            f"the simulator backs up virtual machines, file shares and databases, and {item['id']} is "
            f"{given.get('backupManagementType')!r} {given.get('workloadType')!r}; add its kind to "
            f"simulator/recovery_kinds.py",
        )
    return kind


def _busy(kind: Kind) -> dict[str, str]:
    message = cause(kind.busy).message if kind.name != "vm" else _BUSY_MACHINE
    return {"code": kind.busy, "message": message}


def _refuse_unprotected(item: Row) -> None:
    """The codes Azure sends here are not public."""
    given = item["properties"]
    if given.get("isScheduledForDeferredDelete") is True:
        raise invalid("The item is in soft deleted state. Undelete it and resume its protection first.")
    if given.get("protectionState") in ("ProtectionStopped", "BackupsSuspended", "ProtectionPaused"):
        raise invalid("Protection of the item is stopped. Resume its protection first.")


def _refuse_limit(world: World, kind: Kind, asked: str, jobs: list[Row]) -> None:
    """Limits of a day are refused with 400, never 429; of a database the full backups are limited."""
    if kind.is_database and asked not in recovery_requests.FULLS:
        return
    since = world.now() - recovery_requests.DAY_S
    today = [
        job
        for job in jobs
        if is_on_demand(job["properties"])
        and clock.moment(job["properties"]["startTime"]) > since
        and (not kind.is_database or backup_type(job["properties"]["operation"]) in recovery_requests.FULLS)
    ]
    if len(today) >= kind.a_day:
        raise refusal(
            400,
            "CloudDosAbsoluteLimitReached",
            "Operation is blocked as you have reached the limit on number of operations permitted in "
            "24 hours.\r\nRetry the operation after 24 hours.",
        )
