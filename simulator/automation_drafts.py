"""Drafts of runbooks, publishing them, and reading what is published."""

from __future__ import annotations

import hmac
from hashlib import sha256

from simulator import automation_links
from simulator.automation_contents import contents, keep_contents
from simulator.automation_rows import ACTION, Call, Operations, bad, missing, no_resource
from simulator.automation_runbooks import SINCE, TICKS_OF_1970, runbook, set_state
from simulator.wire import Response

operations = Operations()

_RESULT = "runbooks/{name}/operationResults/{operation}"
TAKES_S = 1.0
_OCTETS = {"Content-Type": "application/octet-stream"}
_PLAIN = {"Content-Type": "text/plain; charset=utf-8"}


@operations.on("GET", "runbooks/{name}/content", "runbooks/content/read", since=SINCE)
def get_content(call: Call) -> Response:
    found = contents(call, runbook(call))
    if found.published is None:
        raise missing("Published runbook content")
    return Response(200, found.published, _OCTETS)


@operations.on("GET", "runbooks/{name}/draft", "runbooks/draft/read", since=SINCE)
def get_draft(call: Call) -> Response:
    found = contents(call, runbook(call))
    if found.draft is None:
        raise missing("Runbook draft")
    stamps = dict.fromkeys(("creationTime", "lastModifiedTime"), found.drafted)
    return Response(200, {**stamps, "inEdit": True, "parameters": {}, "outputTypes": []})


@operations.on("GET", "runbooks/{name}/draft/content", "runbooks/draft/read", since=SINCE)
def get_draft_content(call: Call) -> Response:
    found = contents(call, runbook(call))
    if found.draft is None:
        raise missing("Runbook draft")
    return Response(200, found.draft, _OCTETS)


@operations.on("PUT", "runbooks/{name}/draft/content", "runbooks/draft/content/write", since=SINCE)
def put_draft_content(call: Call) -> Response:
    """A runbook that was published gets a draft by it; a new one must have been made with one."""
    row = runbook(call)
    known = contents(call, row)
    if known.draft is None and row["properties"]["state"] == "New":
        place = f"{ACTION}/{call.account['name']}/runbooks/{call.name}/draft"
        raise no_resource(place, call.at["group"])
    keep_contents(call, row, published=known.published, draft=bytes(call.request.body))
    set_state(call, row, "Edit")
    return _begun(call, str(row["id"]))


@operations.on("POST", "runbooks/{name}/publish", "runbooks/publish/action", since=SINCE)
def publish(call: Call) -> Response:
    """Re-creates the links to schedules, like every update."""
    row = runbook(call)
    known = contents(call, row)
    if known.draft is None:
        raise bad(f"The runbook {call.name} has no draft to publish.")
    keep_contents(call, row, published=known.draft, draft=None)
    set_state(call, row, "Published")
    automation_links.renew(call, call.name)
    return _begun(call, str(row["id"]))


@operations.on("GET", _RESULT, "runbooks/operationResults/read", since=SINCE)
def get_result(call: Call) -> Response:
    row, operation = runbook(call), call.at["operation"]
    found = call.world.operations.get(operation.lower())
    if found is None or found["of"] != str(row["id"]).lower():
        raise missing("Operation result")
    if call.now < found["ends"]:
        return _accepted(call, str(row["id"]), operation)
    return Response(200, b"", _PLAIN)


def _begun(call: Call, of: str) -> Response:
    """The change is there at once; that it is done is told a little later."""
    operation, now = call.world.new_id(), call.now
    ends = round(now + call.world.paced(TAKES_S), 6)
    call.world.operations[operation] = {"of": of.lower(), "starts": now, "ends": ends}
    return _accepted(call, of, operation)


def _accepted(call: Call, of: str, operation: str) -> Response:
    """One channel only, without Retry-After; the link is signed, over some 4,000 characters."""
    where = f"{call.request.base}{of}/operationResults/{operation}"
    ticks = round(call.now * 1e7) + TICKS_OF_1970
    signature = hmac.digest(b"simulator", operation.encode(), sha256).hex()
    query = f"api-version={call.request.query['api-version']}&t={ticks}&c={signature * 55}&s={signature * 5}"
    headers = {"Location": f"{where}?{query}&h={signature}", "ocp-automation-operationresultid": operation}
    return Response(202, None, headers)
