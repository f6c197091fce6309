"""Protected items of a Recovery Services vault, and whether a resource is one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from simulator.recovery_filters import terms
from simulator.recovery_kinds import kind_of
from simulator.recovery_rows import (
    ACTION,
    ITEM,
    ITEMS,
    OLDEST,
    TABLE,
    VAULT,
    invalid,
    page,
    require_item,
    rows,
    told,
    vault_of,
)
from simulator.routes import MANAGEMENT, Routes
from simulator.store import Row
from simulator.wire import Request, Response
from simulator.world import merged

if TYPE_CHECKING:
    from simulator.world import World

routes = Routes()
TYPE = f"{ACTION}/backupFabrics/protectionContainers/protectedItems"
NEVER = "2001-01-01T00:00:00Z"
_FILTERS = {
    "backupManagementType": "backupManagementType",
    "itemType": "workloadType",
    "policyName": "policyName",
    "containerName": "containerName",
    "friendlyName": "friendlyName",
    "healthState": "protectionStatus",
}
# Resource Graph brings both kinds of vaults to one shape; these names are its own.
_GRAPH_ONLY = re.compile(
    r"dataSource.*|policyInfo|currentProtectionState|.*InSecondaryRegion|protectedPrimaryRegion|configured.*|"
    r"rpoWarningThreshold.*|isAzureManagedLinkedResource|isDatasourceDeleted|allowedOperations|backupSetName|"
    r"createMode|isInlineInquiry|isRehydrate|objectType|resourceGuardOperationRequests"
)
_EXPANDED = "extendedInfo"


@routes.on("GET", VAULT + "/backupProtectedItems", f"{ACTION}/backupProtectedItems/read", since=OLDEST)
def items(world: World, request: Request, **at: str) -> Response:
    asked = terms(request, (*_FILTERS, "backupEngineName", "fabricName", "backupSetName"))
    return page(
        request, [row for row in rows(world, ITEMS, at) if _asked_for(row["properties"], asked)], body
    )


@routes.on("GET", ITEM, f"{TYPE}/read", since=OLDEST)
def item(world: World, request: Request, **at: str) -> Response:
    """`$filter=expand eq 'extendedinfo'` asks for what a list of virtual machines does not tell."""
    expand = terms(request, ("expand",)).get("expand", "").lower()
    return Response(200, body(require_item(world, at), expanded=expand == _EXPANDED.lower()))


@routes.on(
    "POST",
    "/subscriptions/{subscription}/providers/Microsoft.RecoveryServices/locations/{region}/backupStatus",
    "Microsoft.RecoveryServices/locations/backupStatus/action",
    since=OLDEST,
)
def backup_status(world: World, request: Request, **at: str) -> Response:
    """Whether any vault of the subscription protects a resource, whoever may read that vault."""
    given = request.json()
    if not isinstance(given, dict) or not isinstance(given.get("resourceId"), str):
        raise invalid("Provide a resourceId.")
    if not isinstance(given.get("resourceType"), str):
        raise invalid("Provide a resourceType.")
    resource = given["resourceId"].rstrip("/").lower()
    found = _protecting(world, at["subscription"], resource, given)
    answer = _status(given, found)
    return Response(200, merged(answer, world.known.backup_status.get(resource, {})))


def body(row: Row, *, expanded: bool = False) -> dict[str, Any]:
    """An item as its vault tells it: a function of the row."""
    given = row["properties"] or {}
    kind = kind_of(given)
    properties = {name: one for name, one in given.items() if not _GRAPH_ONLY.fullmatch(name)}
    if kind and kind.name == "vm":
        properties["lastBackupTime"] = given.get("lastBackupTime") or NEVER
        properties["lastBackupStatus"] = given.get("lastBackupStatus") or ""
        properties.pop("vaultId", None)
        if not expanded:
            properties.pop(_EXPANDED, None)
    else:
        properties["lastBackupStatus"] = given.get("lastBackupStatus") or "IRPending"
        properties["vaultId"] = f"https://{MANAGEMENT}{vault_of(row['id'])}"
        properties.pop("policyName", None)
    return told(row, properties, TYPE)


def _asked_for(properties: dict[str, Any], asked: dict[str, str]) -> bool:
    names = {name.lower(): property for name, property in _FILTERS.items()}
    return all(
        str(properties.get(names.get(name, name), "")).lower() == value.lower()
        for name, value in asked.items()
    )


def _protecting(world: World, subscription: str, resource: str, given: dict[str, Any]) -> Row | None:
    """The item of a resource in whatever vault; a share or a database is named besides its resource."""
    where = (
        "lower(type) = ? AND starts_with(_key, ?) AND (lower(properties->>'$.sourceResourceId') = ? "
        "OR lower(properties->>'$.dataSourceInfo.resourceID') = ?)"
    )
    values = [ITEMS, f"/subscriptions/{subscription.lower()}/", resource, resource]
    found = [world.rest_row(row) for row in world.store.query(TABLE, where, values, world.now())]
    named = [row for row in found if _is_named(row["properties"], given)]
    return named[0] if named else None


def _is_named(properties: dict[str, Any], given: dict[str, Any]) -> bool:
    """The type of the resource is the item's workload; a database may be named with its instance."""
    if str(properties.get("workloadType")).lower() != given["resourceType"].lower():
        return False
    name = str(properties.get("friendlyName")).lower()
    full = f"{properties.get('parentName')}/{name}".lower()
    return str(given.get("poLogicalName") or "").lower() in ("", name, full)


def _status(given: dict[str, Any], found: Row | None) -> dict[str, Any]:
    names = _names_of(found["id"]) if found else _names_to_be(given)
    answer = {
        "protectionStatus": "Protected" if found else "NotProtected",
        "fabricName": "Azure",
        **names,
        "protectedItemsCount": 0,
        "objectType": "BackupStatusResponse",
    }
    if found:
        answer["vaultId"] = vault_of(found["id"])
        answer["policyName"] = found["properties"].get("policyName") or ""
    return answer


def _names_of(item_id: str) -> dict[str, str]:
    parts = item_id.split("/")
    return {"containerName": _lower_kind(parts[-3]), "protectedItemName": _lower_kind(parts[-1])}


def _lower_kind(name: str) -> str:
    """`VM;...` of the item is `vm;...` here."""
    kind, _, rest = name.partition(";")
    return f"{kind.lower()};{rest}"


def _names_to_be(given: dict[str, Any]) -> dict[str, str]:
    """The names a virtual machine would get; of other kinds nothing is told."""
    parts = given["resourceId"].strip("/").split("/")
    if given["resourceType"].lower() != "vm" or len(parts) < 8:
        return {}
    where = f"iaasvmcontainerv2;{parts[3]};{parts[-1]}".lower()
    return {"containerName": f"iaasvmcontainer;{where}", "protectedItemName": f"vm;{where}"}
