"""What a Backup vault protects, and what it has soft-deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.pages import paged
from simulator.protection_rows import (
    ACTION,
    DELETED,
    GROUP,
    INSTANCE,
    INSTANCES,
    OLDEST,
    PROVIDER,
    TABLE,
    VAULT,
    require,
    rows,
    told,
    without_nulls,
)
from simulator.routes import Routes
from simulator.store import Row
from simulator.wire import Request, Response

if TYPE_CHECKING:
    from simulator.world import World

routes = Routes()
_TYPE = f"{ACTION}/backupInstances"
_DELETED = f"{ACTION}/deletedBackupInstances"
_GRAPH_ONLY = "backupInstanceExtendedProperties"
_CREDENTIALS = "datasourceAuthCredentials"
"""Told with its nulls, unlike all around it."""


@routes.on("GET", VAULT + "/backupInstances", f"{_TYPE}/read", since=OLDEST)
def instances(world: World, request: Request, **at: str) -> Response:
    return paged(request, [_body(row, _TYPE) for row in rows(world, INSTANCES, at)])


@routes.on("GET", INSTANCE, f"{_TYPE}/read", since=OLDEST)
def instance(world: World, request: Request, **at: str) -> Response:
    return Response(200, _body(require(world, request, at, f"backupInstances/{at['instance']}"), _TYPE))


@routes.on("GET", VAULT + "/deletedBackupInstances", f"{_DELETED}/read", since=OLDEST)
def deleted_instances(world: World, request: Request, **at: str) -> Response:
    return paged(request, [_body(row, _DELETED) for row in rows(world, DELETED, at)])


@routes.on("GET", VAULT + "/deletedBackupInstances/{instance}", f"{_DELETED}/read", since=OLDEST)
def deleted_instance(world: World, request: Request, **at: str) -> Response:
    found = require(world, request, at, f"deletedBackupInstances/{at['instance']}")
    return Response(200, _body(found, _DELETED))


@routes.on(
    "GET",
    GROUP + "/providers/{rest*}" + PROVIDER + "/backupInstances",
    "Microsoft.DataProtection/backupInstances/read",
    since=OLDEST,
)
def of_resource(world: World, request: Request, **at: str) -> Response:
    """The instances that protect a resource, in whatever vault of its tenant, whoever may read that vault."""
    resource = (GROUP + "/providers/{rest}").format(**at)
    found = world.store.about(TABLE, INSTANCES, resource, world.now())
    return paged(request, [_body(world.rest_row(row), _TYPE) for row in found])


def _body(row: Row, type: str) -> dict[str, Any]:
    given = {name: one for name, one in (row["properties"] or {}).items() if name != _GRAPH_ONLY}
    properties = without_nulls(given)
    info = properties.get("policyInfo") or {}
    if info.get("policyVersion") == "":
        properties["policyInfo"] = {name: one for name, one in info.items() if name != "policyVersion"}
    if given.get(_CREDENTIALS):
        properties[_CREDENTIALS] = given[_CREDENTIALS]
    return told(row, type, properties)
