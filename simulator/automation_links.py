"""Job schedules: which runbook starts by which schedule, and with which parameters."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any

from simulator.automation_contents import contents
from simulator.automation_rows import (
    Call,
    Operations,
    bad,
    conflict,
    invalid,
    missing,
    named,
    shown,
)
from simulator.wire import RefusedError, Response

if TYPE_CHECKING:
    from simulator.store import Row

operations = Operations()

MOST_PARAMETERS = 50
_CLAUSE = re.compile(r"properties/(schedule|runbook)/name\s+eq\s+'([^']*)'", re.IGNORECASE)


@operations.on("GET", "jobSchedules", "jobSchedules/read")
def list_links(call: Call) -> Response:
    """Without parameters, which only a GET tells."""
    wanted = _wanted(call.request.query.get("$filter", ""))
    found = [row for row in call.all("jobSchedules") if _is(row, wanted)]
    return call.listed([_body(row, listed=True) for row in found])


@operations.on("GET", "jobSchedules/{name}", "jobSchedules/read")
def get_link(call: Call) -> Response:
    return Response(200, _body(call.require("jobSchedules", call.name)))


@operations.on("PUT", "jobSchedules/{name}", "jobSchedules/write")
def put_link(call: Call) -> Response:
    """Never an update; and a runbook is linked to a schedule once."""
    given = call.properties()
    try:
        uuid.UUID(call.name)
    except ValueError as error:
        raise invalid("jobScheduleId", f"'{call.name}' is no GUID.") from error
    if call.find("jobSchedules", call.name):
        raise conflict("A jobSchedule with same id already exists.")
    runbook, schedule = _linked(call, given)
    ends = {"runbook": runbook.lower(), "schedule": schedule.lower()}
    if any(_is(row, ends) for row in call.all("jobSchedules")):
        raise conflict("A job schedule for the specified runbook and schedule already exists.")
    properties = {
        "runbook": {"name": runbook},
        "schedule": {"name": schedule},
        "runOn": given.get("runOn"),
        "parameters": _parameters(given),
    }
    return call.written(_body(call.keep("jobSchedules", call.name, properties)), new=True)


@operations.on("DELETE", "jobSchedules/{name}", "jobSchedules/delete")
def delete_link(call: Call) -> Response:
    call.drop(call.require("jobSchedules", call.name))
    return Response(200)


def renew(call: Call, runbook: str) -> None:
    """Do to a runbook's links what an update of it does to them.

    They get other ids. Some have seen them vanish, or lose their parameters; an estate can ask for that.
    """
    how = call.world.known.automation.get("links_on_update", "renewed")
    for row in of_runbook(call, runbook):
        call.drop(row)
        if how != "lost":
            kept = {} if how == "renewed" else {"parameters": None}
            call.keep("jobSchedules", call.world.new_id(), {**row["properties"], **kept})


def of_runbook(call: Call, name: str) -> list[Row]:
    return [row for row in call.all("jobSchedules") if _is(row, {"runbook": name.lower()})]


def of_schedule(call: Call, name: str) -> list[Row]:
    return [row for row in call.all("jobSchedules") if _is(row, {"schedule": name.lower()})]


def _linked(call: Call, given: dict[str, Any]) -> tuple[str, str]:
    """The names of runbook and schedule, in their own casing.

    Raises:
        RefusedError: 404 where one is not there, 400 where the runbook was never published.
    """
    names = {end: named(given, end) for end in ("runbook", "schedule")}
    for end, name in names.items():
        if not name:
            raise invalid(end, "A job schedule needs the name of one.")
    runbook = call.world.store.get("resources", call.id("runbooks", names["runbook"]), call.now)
    if runbook is None:
        raise missing("Runbook")
    if contents(call, runbook).published is None:
        raise bad(f"The runbook {names['runbook']} has not been published.")
    schedule = call.require("schedules", names["schedule"])
    return str(runbook["name"]), str(schedule["name"])


def _parameters(given: dict[str, Any]) -> dict[str, Any] | None:
    """Their names come back in lower case."""
    told = given.get("parameters")
    if told is None:
        return None
    if not isinstance(told, dict) or not all(isinstance(one, str) for one in told.values()):
        raise invalid("parameters", "They are an object of texts.")
    if len(told) > MOST_PARAMETERS:
        raise invalid("parameters", f"There are at most {MOST_PARAMETERS}.")
    return {name.lower(): value for name, value in told.items()}


def _body(row: Row, *, listed: bool = False) -> dict[str, Any]:
    properties = {"jobScheduleId": str(row["id"]).rpartition("/")[2], **row["properties"]}
    if listed:
        properties.pop("parameters", None)
    return shown(row, properties)


def _is(row: Row, wanted: dict[str, str]) -> bool:
    return all(row["properties"][end]["name"].lower() == name for end, name in wanted.items())


def _wanted(text: str) -> dict[str, str]:
    """Raises RefusedError: 501 for filters that are not played."""
    parts = re.split(r"\s+and\s+", text.strip(), flags=re.IGNORECASE) if text.strip() else []
    clauses = [_CLAUSE.fullmatch(part) for part in parts]
    if not all(clauses):
        raise RefusedError(
            501,
            "NotSimulated",
            f"the simulator filters job schedules by properties/schedule/name and properties/runbook/name, "
            f"got {text!r}",
        )
    return {one[1].lower(): one[2].lower() for one in clauses if one}
