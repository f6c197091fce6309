"""Protected items of a Recovery Services vault."""

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
    VAULT,
    page,
    require_item,
    rows,
    told,
    vault_of,
)
from simulator.routes import MANAGEMENT, Routes
from simulator.store import Row
from simulator.wire import Request, Response

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
