"""Runbooks: rows of `resources`; what they contain is told in `automation_drafts`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from simulator import automation_links, clock
from simulator.automation_contents import contents, keep_contents
from simulator.automation_environments import OLD_PYTHON, check_environment
from simulator.automation_fetch import UnfetchedError, checked, fetch
from simulator.automation_rows import (
    ACTION,
    Call,
    Operations,
    bad,
    check_only,
    invalid,
    name_of,
    no_resource,
    type_of,
)
from simulator.store import AUTOMATION
from simulator.wire import RefusedError, Response

if TYPE_CHECKING:
    from simulator.store import Row

operations = Operations()

SINCE = "2018-06-30"
TYPES = (
    "Script",
    "Graph",
    "PowerShellWorkflow",
    "PowerShell",
    "GraphPowerShellWorkflow",
    "GraphPowerShell",
    "Python",
    "Python2",
    "Python3",
    "PowerShell72",
)
_NAME = re.compile(r"[A-Za-z][-_0-9A-Za-z]{0,62}")
_RULE = "It begins with a letter and has at most 63 letters, digits, underscores and hyphens."
_PATCHED = ("description", "logVerbose", "logProgress", "logActivityTrace", "runtimeEnvironment")
_LISTED = (
    "runbookType",
    "state",
    "logVerbose",
    "logProgress",
    "logActivityTrace",
    "creationTime",
    "lastModifiedTime",
)
TICKS_OF_1970 = 621355968000000000


def runbook(call: Call) -> Row:
    """Raises RefusedError: 404."""
    found = find_runbook(call, call.name)
    if found is None:
        raise no_resource(f"{ACTION}/{call.account['name']}/runbooks/{call.name}", call.at["group"])
    return found


def find_runbook(call: Call, name: str) -> Row | None:
    return call.world.store.get("resources", call.id("runbooks", name), call.now)


@operations.on("GET", "runbooks", "runbooks/read", since=SINCE)
def list_runbooks(call: Call) -> Response:
    """With fewer properties than a GET has, and no environment (so in recordings, which are older)."""
    found = call.world.store.find("resources", call.now, under=call.id("runbooks", ""))
    return call.listed([_listed(row) for row in found])


@operations.on("GET", "runbooks/{name}", "runbooks/read", since=SINCE)
def get_runbook(call: Call) -> Response:
    return _answer(call, runbook(call))


@operations.on("PUT", "runbooks/{name}", "runbooks/write", since=SINCE)
def put_runbook(call: Call) -> Response:
    """An update re-creates the links to schedules."""
    old = find_runbook(call, call.name)
    body, given = call.body(), call.properties()
    if not old and not _NAME.fullmatch(call.name):
        raise bad(f"The runbook name '{call.name}' is invalid. {_RULE}")
    if not body.get("location"):
        raise RefusedError(400, "LocationRequired", "The location property is required for this definition.")
    environment = _environment(call, given, old)
    published = _published(call, given)
    properties = {
        **{name: given.get(name) for name in ("description", "runbookType")},
        **{name: given.get(name) or False for name in ("logVerbose", "logProgress")},
        "logActivityTrace": given.get("logActivityTrace") or 0,
        "runtimeEnvironment": environment,
        "state": _state(given, old, published),
        "creationTime": old["properties"].get("creationTime") if old else call.stamp,
        "lastModifiedTime": call.stamp,
    }
    row = _keep(call, old, properties, body.get("tags") or {}, str(body["location"]))
    _keep_contents(call, row, given, published)
    if old:
        automation_links.renew(call, call.name)
    return _answer(call, row, new=not old)


@operations.on("PATCH", "runbooks/{name}", "runbooks/write", since=SINCE)
def patch_runbook(call: Call) -> Response:
    old, body = runbook(call), call.body()
    given = body.get("properties") or {}
    check_only(given, _PATCHED, "runbook")
    if "runtimeEnvironment" in given:
        check_environment(call, str(given["runtimeEnvironment"]), old["properties"]["runbookType"])
    properties = {**old["properties"], **given, "lastModifiedTime": call.stamp}
    return _answer(call, _keep(call, old, properties, body.get("tags", old["tags"]), old["location"]))


@operations.on("DELETE", "runbooks/{name}", "runbooks/delete", since=SINCE)
def delete_runbook(call: Call) -> Response:
    """Its links and webhooks go with it."""
    old = find_runbook(call, call.name)
    if old is None:
        return Response(204)
    for row in [*call.all("jobSchedules"), *call.all("webhooks")]:
        if row["properties"]["runbook"]["name"].lower() == call.name.lower():
            call.drop(row)
    call.world.store.remove(AUTOMATION, f"{old['id']}/content", call.now)
    call.world.store.remove("resources", old["id"], call.now)
    return Response(200)


def set_state(call: Call, row: Row, state: str) -> None:
    properties = {**row["properties"], "state": state, "lastModifiedTime": call.stamp}
    call.world.store.put("resources", {**row, "properties": properties}, call.now)


def _environment(call: Call, given: dict[str, Any], old: Row | None) -> str:
    """The environment it is going to have.

    Raises:
        RefusedError: 400, for a type that is none, that would change, or that does not suit the environment.
    """
    kind, environment = given.get("runbookType"), str(given.get("runtimeEnvironment") or "")
    if kind not in TYPES:
        raise invalid("runbookType", f"{kind!r} is none of {', '.join(TYPES)}.")
    if old and old["properties"]["runbookType"] != kind:
        raise invalid("runbookType", "The type of a runbook cannot be changed.")
    if environment:
        check_environment(call, environment, kind)
    elif kind == "Python":
        raise invalid("runtimeEnvironment", "A runbook of type Python needs one.")
    return environment or (OLD_PYTHON if kind == "Python3" else "")


def _published(call: Call, given: dict[str, Any]) -> bytes | None:
    if not given.get("publishContentLink"):
        return None
    try:
        return fetch(call.world, checked(given["publishContentLink"]))
    except UnfetchedError as error:
        raise invalid("publishContentLink", str(error)) from error


def _state(given: dict[str, Any], old: Row | None, published: bytes | None) -> str:
    before = old["properties"]["state"] if old else "New"
    if published is not None:
        return "Published"
    return "Edit" if "draft" in given and before == "Published" else str(before)


def _keep_contents(call: Call, row: Row, given: dict[str, Any], published: bytes | None) -> None:
    known = contents(call, row)
    if published is not None:
        keep_contents(call, row, published=published, draft=None)
    elif isinstance(given.get("draft"), dict) and known.draft is None:
        keep_contents(call, row, published=known.published, draft=b"")


def _keep(call: Call, old: Row | None, properties: dict[str, Any], tags: Any, location: str) -> Row:
    row_id = old["id"] if old else call.id("runbooks", call.name)
    row = {
        **{key: call.account[key] for key in ("tenantId", "resourceGroup", "subscriptionId")},
        "id": row_id,
        "name": name_of({"id": row_id}),
        "type": "microsoft.automation/automationaccounts/runbooks",
        "location": location,
        "tags": tags,
        "properties": properties,
    }
    call.world.store.put("resources", row, call.now)
    return row


def _listed(row: Row) -> dict[str, Any]:
    properties = row["properties"] or {}
    return {
        **_outline(row),
        "properties": {name: properties[name] for name in _LISTED if name in properties},
    }


def _outline(row: Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "name": name_of(row),
        "type": type_of(row),
        "location": row["location"],
        "tags": row["tags"] or {},
    }


def _answer(call: Call, row: Row, *, new: bool = False) -> Response:
    known = call.world.rest_row(row)
    properties = known["properties"] or {}
    modified = clock.moment(str(properties.get("lastModifiedTime") or "1970-01-01T00:00:00Z"))
    etag = f'"{round(modified * 1e7) + TICKS_OF_1970}"'
    body = {**_outline(known), "etag": etag, "properties": {**_DEFAULTS, **properties}}
    answer = call.written(body, new=new)
    return Response(answer.status, body, {**answer.headers, "ETag": etag})


_DEFAULTS: dict[str, Any] = {
    "description": None,
    "logVerbose": False,
    "logProgress": False,
    "logActivityTrace": 0,
    "parameters": {},
    "jobCount": 0,
    "provisioningState": "Succeeded",
    "serviceManagementTags": None,
    "outputTypes": [],
    "lastModifiedBy": None,
}
