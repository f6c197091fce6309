"""Recovery Services vaults and their backup policies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.recovery_filters import terms
from simulator.recovery_rows import (
    ACTION,
    GROUP,
    OLDEST,
    POLICIES,
    POLICY,
    SUBSCRIPTION,
    TABLE,
    VAULT,
    VAULTS,
    page,
    require_vault,
    rows,
    told,
)
from simulator.routes import Routes
from simulator.store import Row
from simulator.wire import RefusedError, Request, Response

if TYPE_CHECKING:
    from simulator.world import World

routes = Routes()
_READ = f"{ACTION}/read"


@routes.on(
    "GET", SUBSCRIPTION + "/providers/Microsoft.RecoveryServices/vaults", _READ, scope="", since=OLDEST
)
def of_subscription(world: World, request: Request, **at: str) -> Response:
    return _listed(world, request, SUBSCRIPTION.format(**at))


@routes.on("GET", GROUP + "/providers/Microsoft.RecoveryServices/vaults", _READ, scope="", since=OLDEST)
def of_group(world: World, request: Request, **at: str) -> Response:
    return _listed(world, request, GROUP.format(**at))


@routes.on("GET", VAULT, _READ, since=OLDEST)
def vault(world: World, request: Request, **at: str) -> Response:
    return Response(200, _vault(require_vault(world, at)))


@routes.on("GET", VAULT + "/backupPolicies", f"{ACTION}/backupPolicies/read", since=OLDEST)
def policies(world: World, request: Request, **at: str) -> Response:
    asked = terms(request, ("backupManagementType", "workloadType", "isPrivateEndpointEnabled"))
    found = rows(world, POLICIES, at)
    if management := asked.get("backupmanagementtype", "").lower():
        found = [row for row in found if _said(row, "backupManagementType") == management]
    if workload := asked.get("workloadtype", "").lower():
        found = [row for row in found if _workload(row) == workload]
    return page(request, found, _policy)


@routes.on("GET", POLICY, f"{ACTION}/backupPolicies/read", since=OLDEST)
def policy(world: World, request: Request, **at: str) -> Response:
    require_vault(world, at)
    row = world.store.get(TABLE, POLICY.format(**at), world.now())
    if row is None:
        raise RefusedError(404, "", "", envelope="empty")
    return Response(200, _policy(world.rest_row(row)))


def _workload(row: Row) -> str:
    """Policies of machines do not name their workload, nor do older ones of shares."""
    of_kind = {"azureiaasvm": "vm", "azurestorage": "azurefileshare"}
    return _said(row, "workLoadType") or of_kind.get(_said(row, "backupManagementType"), "")


def _said(row: Row, name: str) -> str:
    return str((row["properties"] or {}).get(name) or "").lower()


def _listed(world: World, request: Request, under: str) -> Response:
    """What the caller may read: lists are filtered, not refused."""
    caller = world.access.principal(request)
    found = dict[str, Row]()
    for table in (TABLE, "resources"):
        for row in world.store.find(table, world.now(), type=VAULTS, under=under):
            if world.access.may(caller, _READ, row["id"]):
                found[str(row["id"]).lower()] = world.rest_row(row)
    return page(request, [row for _, row in sorted(found.items())], _vault)


def _vault(row: Row) -> dict[str, Any]:
    body: dict[str, Any] = {
        "location": row["location"],
        "name": row["name"],
        "properties": {"provisioningState": "Succeeded", **(row["properties"] or {})},
        "id": row["id"],
        "type": ACTION,
        "sku": row["sku"] or {"name": "Standard"},
    }
    return body | {name: row[name] for name in ("tags", "identity") if row.get(name)}


def _policy(row: Row) -> dict[str, Any]:
    return told(row, row["properties"] or {}, f"{ACTION}/backupPolicies")
