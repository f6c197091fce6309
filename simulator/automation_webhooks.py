"""Webhooks: URLs that start a runbook. A URL is told once, and only its digest is kept."""

from __future__ import annotations

import secrets
import uuid
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from simulator import clock
from simulator.automation_rows import Call, Operations, bad, check_only, invalid, missing, named, shown, stamp
from simulator.automation_runbooks import find_runbook
from simulator.wire import Response

if TYPE_CHECKING:
    from simulator.store import Row

operations = Operations()

LONGEST_YEARS = 10
_PATCHED = ("isEnabled", "runOn", "parameters", "description")
_SHOWN = (
    "isEnabled",
    "expiryTime",
    "runbook",
    "lastInvokedTime",
    "runOn",
    "parameters",
    "uri",
    "creationTime",
    "lastModifiedBy",
    "lastModifiedTime",
)


@operations.on("POST", "webhooks/generateUri", "webhooks/action")
def generate_uri(call: Call) -> Response:
    """A JSON text; nothing is remembered of it until a webhook is made with it."""
    account = uuid.uuid5(uuid.NAMESPACE_URL, str(call.account["id"]).lower())
    region = str(call.account["location"]).lower().replace(" ", "") or "westeurope"
    token = f"{secrets.token_urlsafe(32)}%3d"
    return Response(200, f"https://{account}.webhook.{region}.azure-automation.net/webhooks?token={token}")


@operations.on("GET", "webhooks", "webhooks/read")
def list_webhooks(call: Call) -> Response:
    return call.listed([_body(row) for row in call.all("webhooks")])


@operations.on("GET", "webhooks/{name}", "webhooks/read")
def get_webhook(call: Call) -> Response:
    return Response(200, _body(call.require("webhooks", call.name)))


@operations.on("PUT", "webhooks/{name}", "webhooks/write")
def put_webhook(call: Call) -> Response:
    old, given = call.find("webhooks", call.name), call.properties()
    kept = _unchanged(old["properties"], given) if old else _new(call, given)
    properties = {
        **kept,
        "isEnabled": bool(given.get("isEnabled", True)),
        "runOn": given.get("runOn"),
        "parameters": given.get("parameters"),
        "lastModifiedTime": call.stamp,
    }
    return call.written(_body(call.keep("webhooks", call.name, properties)), new=not old)


@operations.on("PATCH", "webhooks/{name}", "webhooks/write")
def patch_webhook(call: Call) -> Response:
    old, given = call.require("webhooks", call.name), call.properties()
    check_only(given, _PATCHED, "webhook")
    properties = {**old["properties"], **given, "lastModifiedTime": call.stamp}
    return Response(200, _body(call.keep("webhooks", call.name, properties)))


@operations.on("DELETE", "webhooks/{name}", "webhooks/delete")
def delete_webhook(call: Call) -> Response:
    call.drop(call.require("webhooks", call.name))
    return Response(200)


def _new(call: Call, given: dict[str, Any]) -> dict[str, Any]:
    """What never changes again; raises RefusedError: 400, or 404 where there is no such runbook."""
    if urlsplit(str(given.get("uri") or "")).scheme != "https":
        raise invalid("uri", "A webhook needs the URI that generateUri gives.")
    runbook = find_runbook(call, named(given, "runbook"))
    if runbook is None:
        raise missing("Runbook")
    return {
        "uriSha256": _digest(given["uri"]),
        "expiryTime": _expiry(call, given.get("expiryTime")),
        "runbook": {"name": runbook["name"]},
        "creationTime": call.stamp,
    }


def _unchanged(old: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Raises RefusedError: 400 where URL, expiry or runbook would be another (inferred)."""
    uri, expiry = given.get("uri"), given.get("expiryTime")
    runbook = named(given, "runbook") or old["runbook"]["name"]
    changed = {
        "uri": bool(uri) and _digest(uri) != old.get("uriSha256"),
        "expiryTime": bool(expiry) and _moment(expiry) != _moment(old["expiryTime"]),
        "runbook": runbook.lower() != old["runbook"]["name"].lower(),
    }
    for name, differs in changed.items():
        if differs:
            raise bad(f"The {name} of a webhook cannot be changed; delete the webhook and create it again.")
    return old


def _expiry(call: Call, given: Any) -> str:
    at = _moment(given)
    limit = datetime.fromtimestamp(call.now, UTC)
    last = limit.replace(year=limit.year + LONGEST_YEARS, day=min(limit.day, 28)).timestamp() + 4 * 86400
    if not call.now < at <= last:
        raise invalid("expiryTime", f"It is in the future and at most {LONGEST_YEARS} years from now.")
    return stamp(at)


def _moment(given: Any) -> float:
    try:
        return clock.moment(str(given))
    except ValueError as error:
        raise invalid("expiryTime", "Invalid expiry time.") from error


def _digest(uri: Any) -> str:
    return sha256(str(uri).encode()).hexdigest()


def _body(row: Row) -> dict[str, Any]:
    """As recorded: the URL is an empty text, and of a description nothing is told."""
    blank = {"uri": "", "lastModifiedBy": ""}
    properties = {**row["properties"], **blank}
    return shown(row, {name: properties.get(name) for name in _SHOWN})
