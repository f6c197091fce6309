"""Backup jobs of a Recovery Services vault."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from simulator import clock, recovery_operations, recovery_runs
from simulator.recovery_filters import moment, terms
from simulator.recovery_kinds import kind_of
from simulator.recovery_limits import count_read
from simulator.recovery_matching import RUNNING, is_backup
from simulator.recovery_rows import (
    ACTION,
    JOB,
    JOBS,
    OLDEST,
    TABLE,
    VAULT,
    invalid,
    page,
    require_job,
    rows,
    told,
)
from simulator.routes import Routes
from simulator.store import Row
from simulator.wire import Request, Response

if TYPE_CHECKING:
    from simulator.world import World

routes = Routes()
TYPE = f"{ACTION}/backupJobs"
_FILTERS = ("status", "operation", "backupManagementType", "jobId", "startTime", "endTime")
_LISTED = (
    "jobType",
    "duration",
    "actionsInfo",
    "errorDetails",
    "virtualMachineVersion",
    "workloadType",
    "storageAccountName",
    "storageAccountVersion",
    "isUserTriggered",
    "entityFriendlyName",
    "backupManagementType",
    "operation",
    "status",
    "startTime",
    "endTime",
    "activityId",
)
_FULL = (*_LISTED, "containerName", "extendedInfo")
# A job of a database has one task, which stands as the job does, but for these.
_DATABASE_TASK = {"Cancelling": "InProgress", "CompletedWithWarnings": "Completed"}
# What recorded jobs say of their two tasks, by how the job stands.
_TASKS = {
    "InProgress": ("Completed", "InProgress"),
    "Cancelling": ("Completed", "InProgress"),
    "Completed": ("Completed", "Completed"),
    "CompletedWithWarnings": ("Completed", "Failed"),
    "Failed": ("InProgress", "NotStarted"),
    "Cancelled": ("Completed", "Cancelled"),
}


@routes.on("GET", VAULT + "/backupJobs", f"{TYPE}/read", since=OLDEST)
def jobs(world: World, request: Request, **at: str) -> Response:
    """Newest first; without what only a single job tells."""
    count_read(world, request, at["subscription"], "backupJobs")
    asked = terms(request, _FILTERS)
    since, until = _range(asked)
    held = [row for row in rows(world, JOBS, at) if _asked_for(row, asked)]
    started = {row["id"]: clock.moment(row["properties"]["startTime"]) for row in held}
    found = [row for row in held if since <= started[row["id"]] <= until]
    found.sort(key=lambda row: started[row["id"]], reverse=True)
    return page(request, found, lambda row: body(world, row, _LISTED))


@routes.on("GET", JOB, f"{TYPE}/read", since=OLDEST)
def job(world: World, request: Request, **at: str) -> Response:
    count_read(world, request, at["subscription"], "backupJobs")
    return Response(200, body(world, require_job(world, at), _FULL))


@routes.on("POST", JOB + "/cancel", f"{TYPE}/cancel/action", since=OLDEST)
def cancel(world: World, request: Request, **at: str) -> Response:
    told_of = require_job(world, at)
    if told_of["properties"]["status"] != "InProgress":
        raise invalid(f"The job {at['job']} is {told_of['properties']['status']} and cannot be cancelled.")
    operation = recovery_operations.begin(world, told_of["id"], {"job": told_of["name"]})
    row = world.store.get(TABLE, told_of["id"], world.now())
    recovery_runs.cancel(world, row or told_of, world.operations[operation]["ends"])
    return recovery_operations.accepted(world, request, told_of["id"], operation)


def body(world: World, row: Row, names: tuple[str, ...]) -> dict[str, Any]:
    """A job as its vault tells it: a function of its row and now."""
    given = row["properties"]
    properties = {name: given.get(name) for name in names}
    if given["status"] in RUNNING:
        properties["endTime"] = None
        seconds = world.now() - clock.moment(given["startTime"])
        properties["duration"] = clock.iso_duration(round(seconds, 6))
    if "extendedInfo" in names:
        properties["extendedInfo"] = {"tasksList": _tasks(row), **(given.get("extendedInfo") or {})}
    return told(row, properties, TYPE)


def _tasks(row: Row) -> list[dict[str, str]]:
    given, kind = row["properties"], kind_of(row["properties"])
    if not is_backup(row) or given["status"] not in _TASKS:
        return []
    if kind and kind.is_database:
        return [
            {
                "taskId": "Transfer data to vault",
                "status": _DATABASE_TASK.get(given["status"], given["status"]),
            }
        ]
    snapshot, transfer = _TASKS[given["status"]]
    if kind and kind.name == "files":
        return [
            {"taskId": "Take Snapshot", "taskType": "Normal", "status": snapshot},
            {"taskId": "Transfer data to vault", "taskType": "Normal", "status": transfer},
        ]
    return [
        {"taskId": "Take Snapshot", "duration": "PT0S", "status": snapshot},
        {"taskId": "Transfer data to vault", "duration": "PT0S", "status": transfer},
    ]


def _range(asked: dict[str, str]) -> tuple[float, float]:
    """The filter's two times bound when a job started."""
    since = moment(asked["starttime"]) if "starttime" in asked else -math.inf
    until = moment(asked["endtime"]) if "endtime" in asked else math.inf
    if since > until:
        raise invalid("The startTime of the filter is later than its endTime.")
    return since, until


def _asked_for(row: Row, asked: dict[str, str]) -> bool:
    given = row["properties"]
    has = {
        "status": given.get("status"),
        # `Backup (Full)` is a Backup.
        "operation": str(given.get("operation")).partition(" (")[0],
        "backupmanagementtype": given.get("backupManagementType"),
        "jobid": row["name"],
    }
    return all(str(has[name]).lower() == asked[name].lower() for name in has if name in asked)
