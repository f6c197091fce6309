"""Backup vaults and their policies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.pages import paged
from simulator.protection_rows import (
    ACTION,
    GROUP,
    OLDEST,
    POLICIES,
    PROVIDER,
    SUBSCRIPTION,
    TABLE,
    VAULT,
    VAULTS,
    cased,
    require,
    require_vault,
    rows,
    told,
    without_nulls,
)
from simulator.routes import Routes
from simulator.store import Row
from simulator.subscriptions import check_subscription
from simulator.wire import Request, Response

if TYPE_CHECKING:
    from simulator.world import World

routes = Routes()
_READ = f"{ACTION}/read"
_POLICIES = f"{ACTION}/backupPolicies"


@routes.on("GET", SUBSCRIPTION + PROVIDER + "/backupVaults", _READ, scope="", since=OLDEST)
def of_subscription(world: World, request: Request, **at: str) -> Response:
    check_subscription(world, at["subscription"])
    return _listed(world, request, SUBSCRIPTION.format(**at))


@routes.on("GET", GROUP + PROVIDER + "/backupVaults", _READ, scope="", since=OLDEST)
def of_group(world: World, request: Request, **at: str) -> Response:
    check_subscription(world, at["subscription"])
    return _listed(world, request, GROUP.format(**at))


@routes.on("GET", VAULT, _READ, since=OLDEST)
def vault(world: World, request: Request, **at: str) -> Response:
    return Response(200, _vault(require_vault(world, at)))


@routes.on("GET", VAULT + "/backupPolicies", f"{_POLICIES}/read", since=OLDEST)
def policies(world: World, request: Request, **at: str) -> Response:
    return paged(request, [_policy(row) for row in rows(world, POLICIES, at)])


@routes.on("GET", VAULT + "/backupPolicies/{policy}", f"{_POLICIES}/read", since=OLDEST)
def policy(world: World, request: Request, **at: str) -> Response:
    return Response(200, _policy(require(world, request, at, f"backupPolicies/{at['policy']}")))


def _listed(world: World, request: Request, under: str) -> Response:
    """What the caller may read: lists are filtered, not refused."""
    caller = world.access.principal(request)
    found = dict[str, Row]()
    for table in (TABLE, "resources"):
        for row in world.store.find(table, world.now(), type=VAULTS, under=under):
            if world.access.may(caller, _READ, row["id"]):
                found[str(row["id"]).lower()] = world.rest_row(row)
    return paged(request, [_vault(row) for _, row in sorted(found.items())])


def _vault(row: Row) -> dict[str, Any]:
    body: dict[str, Any] = {
        "location": row["location"],
        "properties": {"provisioningState": "Succeeded", **without_nulls(row["properties"] or {})},
        "id": cased(row["id"]),
        "name": row["name"],
        "type": ACTION,
    }
    return body | {name: row[name] for name in ("tags", "identity") if row.get(name)}


def _policy(row: Row) -> dict[str, Any]:
    return told(row, _POLICIES, without_nulls(row["properties"] or {}))
