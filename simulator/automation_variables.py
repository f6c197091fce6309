"""Variables of an Automation account; of an encrypted one only a digest is kept."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from simulator.automation_rows import Call, Operations, bad, check_only, invalid, shown
from simulator.wire import Response

if TYPE_CHECKING:
    from simulator.store import Row

operations = Operations()

LONGEST = 1_048_576


@operations.on("GET", "variables", "variables/read")
def list_variables(call: Call) -> Response:
    return call.listed([_body(row) for row in call.all("variables")])


@operations.on("GET", "variables/{name}", "variables/read")
def get_variable(call: Call) -> Response:
    return Response(200, _body(call.require("variables", call.name)))


@operations.on("PUT", "variables/{name}", "variables/write")
def put_variable(call: Call) -> Response:
    old, given = call.find("variables", call.name), call.properties()
    encrypted = bool(given.get("isEncrypted"))
    if old and old["properties"]["isEncrypted"] != encrypted:
        raise invalid("isEncrypted", "It cannot be changed.")
    created = old["properties"]["creationTime"] if old else call.stamp
    properties = {
        "creationTime": created,
        "lastModifiedTime": call.stamp,
        "isEncrypted": encrypted,
        "description": given.get("description"),
        **_value(given.get("value"), encrypted=encrypted),
    }
    return call.written(_body(call.keep("variables", call.name, properties)), new=not old)


@operations.on("PATCH", "variables/{name}", "variables/write")
def patch_variable(call: Call) -> Response:
    old, given = call.require("variables", call.name), call.properties()
    check_only(given, ("value", "description"), "variable")
    properties = {**old["properties"], "lastModifiedTime": call.stamp}
    if "description" in given:
        properties["description"] = given["description"]
    if "value" in given:
        properties |= _value(given["value"], encrypted=properties["isEncrypted"])
    return Response(200, _body(call.keep("variables", call.name, properties)))


@operations.on("DELETE", "variables/{name}", "variables/delete")
def delete_variable(call: Call) -> Response:
    call.drop(call.require("variables", call.name))
    return Response(200)


def _value(value: Any, *, encrypted: bool) -> dict[str, Any]:
    """What is kept of it; raises RefusedError: 400 for what is no JSON."""
    if value is None:
        return {"value": None}
    text = str(value)
    if len(text) > LONGEST:
        raise invalid("value", f"It has {len(text)} characters; {LONGEST} is the most.")
    try:
        json.loads(text)
    except ValueError as error:
        raise bad("Invalid JSON - Kindly check the value of the variable.") from error
    return {"valueSha256": sha256(text.encode()).hexdigest()} if encrypted else {"value": text}


def _body(row: Row) -> dict[str, Any]:
    kept = {name: one for name, one in row["properties"].items() if name != "valueSha256"}
    return shown(row, {**kept, "value": None} if kept.get("isEncrypted") else kept)
