"""Schedules: when runbooks start. What they mean in time is told in `automation_times`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.automation_links import of_schedule
from simulator.automation_rows import Call, Operations, check_only, invalid, shown
from simulator.automation_times import NEVER, advanced, moment, next_run, offset, recurrence, wall, zone
from simulator.wire import Response

if TYPE_CHECKING:
    from simulator.store import Row

operations = Operations()

AHEAD_S = 300.0
_FORBIDDEN = set("<>*%&:\\?.+/")


@operations.on("GET", "schedules", "schedules/read")
def list_schedules(call: Call) -> Response:
    return call.listed([_body(call, row) for row in call.all("schedules")])


@operations.on("GET", "schedules/{name}", "schedules/read")
def get_schedule(call: Call) -> Response:
    return Response(200, _body(call, call.require("schedules", call.name)))


@operations.on("PUT", "schedules/{name}", "schedules/write")
def put_schedule(call: Call) -> Response:
    old, given = call.find("schedules", call.name), call.properties()
    _check_name(call.name)
    where = str(given.get("timeZone") or "UTC")
    zone(where)
    starts = _start(call, given, where, old)
    ends = _expiry(given, starts)
    properties = {
        "description": given.get("description"),
        "startTime": wall(starts, where),
        "expiryTime": NEVER if ends is None else wall(ends, where),
        "isEnabled": True,
        **recurrence(given),
        "timeZone": where,
        "advancedSchedule": advanced(given),
        "creationTime": old["properties"]["creationTime"] if old else call.stamp,
        "lastModifiedTime": call.stamp,
    }
    return call.written(_body(call, call.keep("schedules", call.name, properties)), new=not old)


@operations.on("PATCH", "schedules/{name}", "schedules/write")
def patch_schedule(call: Call) -> Response:
    old, given = call.require("schedules", call.name), call.properties()
    check_only(given, ("description", "isEnabled"), "schedule")
    properties = {**old["properties"], **given, "lastModifiedTime": call.stamp}
    return Response(200, _body(call, call.keep("schedules", call.name, properties)))


@operations.on("DELETE", "schedules/{name}", "schedules/delete")
def delete_schedule(call: Call) -> Response:
    """Its links go with it."""
    old = call.require("schedules", call.name)
    for link in of_schedule(call, call.name):
        call.drop(link)
    call.drop(old)
    return Response(200)


def _check_name(name: str) -> None:
    if len(name) > 128 or set(name) & _FORBIDDEN or name != name.rstrip():
        raise invalid(
            "scheduleName",
            "It has at most 128 characters, none of <>*%&:\\?.+/ and no blank at its end.",
        )


def _start(call: Call, given: dict[str, Any], where: str, old: Row | None) -> float:
    """The whole minute it starts.

    Raises:
        RefusedError: 400 where that is too soon; the start a schedule has already stays allowed.
    """
    at = moment("startTime", given.get("startTime"), where)
    minute = at - at % 60
    before = moment("startTime", old["properties"]["startTime"], where) if old else 0.0
    if minute == before - before % 60:
        return minute
    if at < call.now + AHEAD_S:
        raise invalid(
            "scheduleAllData with value Orchestrator.Schedules.DataAccess.Models.ScheduleAllData",
            "The start time of the schedule must be at least 5 minutes after the time you create the "
            "schedule.",
        )
    return minute


def _expiry(given: dict[str, Any], starts: float) -> float | None:
    told = given.get("expiryTime")
    if not told or str(told).startswith("9999-12-31"):
        return None
    at = moment("expiryTime", told, str(given.get("timeZone") or "UTC"))
    if at <= starts:
        raise invalid("expiryTime", "The expiry time of the schedule must be after its start time.")
    return at - at % 60


def _body(call: Call, row: Row) -> dict[str, Any]:
    known = row["properties"]
    following = next_run(known, call.now)
    times = {
        "startTimeOffsetMinutes": offset(known["startTime"]),
        "expiryTimeOffsetMinutes": offset(known["expiryTime"]),
        "nextRun": following,
        "nextRunOffsetMinutes": offset(following) if following else None,
    }
    return shown(row, {**known, **times})
