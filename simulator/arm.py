"""Resources of any type, as Resource Manager serves them: GET, lists, PUT, PATCH, DELETE.

A type is served when a row of the estate has it or `metadata` lists it; for
any other the answer is that it is not simulated.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from simulator.arm_ids import ANY, Place, action, place
from simulator.groups import check_group
from simulator.metadata import knows
from simulator.pages import keyset
from simulator.routes import Routes
from simulator.store import AUTOMATION, TABLES, Row
from simulator.subscriptions import check_subscription, tenant_of
from simulator.wire import RefusedError, Request, Response
from simulator.world import merged

if TYPE_CHECKING:
    from simulator.world import World

routes = Routes()

_ONE = "/subscriptions/{subscription}/{rest*}"
_HIDDEN = ("tenantId", "resourceGroup", "subscriptionId")
"""Columns of Resource Graph that no resource carries."""
_OWN_WRITES = "microsoft.dataprotection/backupvaults/"
"""What lies below is written by its service alone, which does more than keep a row."""
_WRITABLE = ("location", "tags", "kind", "managedBy", "sku", "plan", "identity", "zones", "extendedLocation")


@routes.on("GET", "/subscriptions/{subscription}/resources", ANY, scope="")
@routes.on("GET", "/subscriptions/{subscription}/resourceGroups/{group}/resources", ANY, scope="")
def list_resources(world: World, request: Request, subscription: str, group: str = "") -> Response:
    """Everything of the `resources` table, without properties."""
    _check_place(world, subscription, group)
    under = request.path.rpartition("/")[0]
    kind = _filtered_type(request.query.get("$filter", ""))
    page = keyset(world, request, "resources", under=under, type=kind)
    page["value"] = [
        {name: value for name, value in body(world, row).items() if name != "properties"}
        for row in page["value"]
    ]
    return Response(200, page)


@routes.on("GET", _ONE, ANY, scope="")
def get(world: World, request: Request, subscription: str, rest: str) -> Response:
    here = _allowed(world, request)
    if here.is_list:
        return _list(world, request, here)
    _, row = _existing(world, request, here)
    return _answer(world, row, 200)


@routes.on("HEAD", _ONE, ANY, scope="")
def head(world: World, request: Request, subscription: str, rest: str) -> Response:
    _existing(world, request, _allowed(world, request))
    return Response(204)


@routes.on("PUT", _ONE, ANY, scope="")
def put(world: World, request: Request, subscription: str, rest: str) -> Response:
    here = _allowed(world, request)
    _check_known(world, request, here)
    _check_place(world, here.subscription, here.group)
    _check_parent(world, here)
    found = _find(world, here)
    _check_match(request, found[1] if found else None)
    table, old = found or ("resources", None)
    row = _written(world, here, _object(request), old)
    world.store.put(table, row, world.now())
    return _answer(world, row, 200 if old else 201)


@routes.on("PATCH", _ONE, ANY, scope="")
def patch(world: World, request: Request, subscription: str, rest: str) -> Response:
    """Tags are replaced, everything else is merged."""
    here = _allowed(world, request)
    table, old = _existing(world, request, here)
    _check_match(request, old)
    given = _object(request)
    row: Row = merged(old, {name: given[name] for name in (*_WRITABLE, "properties") if name in given})
    if "tags" in given:
        row["tags"] = given["tags"]
    world.store.put(table, row, world.now())
    return _answer(world, row, 200)


@routes.on("DELETE", _ONE, ANY, scope="")
def delete(world: World, request: Request, subscription: str, rest: str) -> Response:
    here = _allowed(world, request)
    _check_known(world, request, here)
    _check_place(world, here.subscription, here.group)
    found = _find(world, here)
    if not found:
        return Response(204)
    _check_match(request, found[1])
    for table in (found[0], AUTOMATION):
        for row in world.store.find(table, world.now(), under=here.id):
            world.store.remove(table, row["id"], world.now())
    world.store.remove(found[0], here.id, world.now())
    return Response(200)


def body(world: World, row: Row) -> dict[str, Any]:
    """A row as its service answers it: with its own casing of the type and without what is empty."""
    known = world.rest_row(row)
    shown = {name: value for name, value in known.items() if name not in _HIDDEN and value not in (None, "")}
    own = place(str(row["id"]))
    if own and own.type.lower() == str(row["type"]).lower():
        shown["type"] = own.type
    return shown


def _allowed(world: World, request: Request) -> Place:
    """Where the request points, if the caller may do it there; of a list everybody sees what he may."""
    here = place(request.path)
    writes = request.method not in ("GET", "HEAD")
    if here is None or (writes and (here.is_list or here.type.lower().startswith(_OWN_WRITES))):
        raise _not_simulated(request)
    if here.is_list:
        world.access.principal(request)
    else:
        world.access.check(request, action(request.method, request.path), request.path)
    return here


def _not_simulated(request: Request) -> RefusedError:
    return RefusedError(
        501,
        "NotSimulated",
        f"the simulator has no {request.method} https://{request.host}{request.path}: no row of the estate "
        f"has such a type; add one, or the operation to the file of its service",
    )


def _list(world: World, request: Request, here: Place) -> Response:
    under = here.parent or here.container
    for table in TABLES:
        page = keyset(world, request, table, under=under, type=here.type)
        if page["value"]:
            page["value"] = [body(world, row) for row in page["value"]]
            return Response(200, page)
    _check_known(world, request, here)
    _check_place(world, here.subscription, here.group)
    return Response(200, {"value": []})


def _check_known(world: World, request: Request, here: Place) -> None:
    if not knows(world, here.type):
        raise _not_simulated(request)


def _find(world: World, here: Place) -> tuple[str, Row] | None:
    for table in TABLES:
        row = world.store.get(table, here.id, world.now())
        if row:
            return table, row
    return None


def _existing(world: World, request: Request, here: Place) -> tuple[str, Row]:
    found = _find(world, here)
    if not found:
        _check_known(world, request, here)
        _check_place(world, here.subscription, here.group)
        raise RefusedError(
            404,
            "ResourceNotFound",
            f"The Resource '{here.name}' under resource group '{here.group or '<null>'}' was not found. "
            f"For more details please go to https://aka.ms/ARMResourceNotFoundFix",
            headers={"x-ms-failure-cause": "gateway"},
        )
    return found


def _check_place(world: World, subscription: str, group: str) -> None:
    if group:
        check_group(world, subscription, group)
    else:
        check_subscription(world, subscription)


def _check_parent(world: World, here: Place) -> None:
    above = place(here.parent) if here.parent else None
    if above and not above.is_list and not _find(world, above):
        raise RefusedError(
            404,
            "ParentResourceNotFound",
            f"Failed to perform 'write' on resource(s) of type '{here.type.partition('/')[2]}', because the "
            f"parent resource '{here.parent}' could not be found.",
        )


def _check_match(request: Request, row: Row | None) -> None:
    wanted, unwanted = request.headers.get("if-match"), request.headers.get("if-none-match")
    if (wanted and (row is None or wanted not in ("*", etag(row)))) or (unwanted == "*" and row is not None):
        raise RefusedError(
            412,
            "PreconditionFailed",
            "The condition specified using HTTP conditional header(s) is not met.",
        )


def etag(row: Row) -> str:
    text = json.dumps(row, sort_keys=True).encode()
    return f'W/"{hashlib.sha256(text).hexdigest()[:16]}"'


def _answer(world: World, row: Row, status: int) -> Response:
    return Response(status, body(world, row), {"ETag": etag(row)})


def _object(request: Request) -> dict[str, Any]:
    given = request.json()
    if not isinstance(given, dict):
        raise RefusedError(
            400, "InvalidRequestContent", "The request content was invalid: an object is expected."
        )
    return given


def _written(world: World, here: Place, given: dict[str, Any], old: Row | None) -> Row:
    if not here.parent and not (given.get("location") or old):
        raise RefusedError(400, "LocationRequired", "The location property is required for this definition.")
    properties = {**(given.get("properties") or {}), "provisioningState": "Succeeded"}
    return {
        "id": old["id"] if old else here.id,
        "name": old["name"] if old else here.id.rsplit("/", 1)[1],
        "type": here.type.lower(),
        "tenantId": old["tenantId"] if old else tenant_of(world, here.subscription),
        "resourceGroup": here.group,
        "subscriptionId": here.subscription,
        "location": old["location"] if old else "",
        **{name: given[name] for name in _WRITABLE if name in given},
        "properties": properties,
    }


def _filtered_type(text: str) -> str:
    """Of `$filter` only resourceType is played."""
    if not text:
        return ""
    words = text.replace("'", " ' ").split()
    if words[:2] == ["resourceType", "eq"] and words[2::2] == ["'", "'"]:
        return words[3]
    raise RefusedError(
        501, "NotSimulated", f"the simulator filters resources by resourceType only, got {text!r}"
    )
