"""What a Recovery Services vault has discovered, and could protect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator import estate_rows, protectable_rows
from simulator.recovery_containers import near
from simulator.recovery_filters import terms
from simulator.recovery_rows import (
    ACTION,
    ITEMS,
    OLDEST,
    PROTECTABLE,
    TABLE,
    VAULT,
    page,
    require_vault,
    rows,
    told,
)
from simulator.routes import Routes
from simulator.store import Row, rows_of
from simulator.wire import Request, Response

if TYPE_CHECKING:
    from simulator.world import World

routes = Routes()
_TYPE = f"{ACTION}/backupFabrics/protectionContainers/protectableItems"
_PAGE = 200
"""Azure's own, by its documentation."""
_NAMES = {
    "backupmanagementtype": "backupManagementType",
    "friendlyname": "friendlyName",
    "itemtype": "protectableItemType",
    "parentname": "parentName",
    "servername": "serverName",
    "status": "protectionState",
    "workloadtype": "workloadType",
}


@routes.on("GET", VAULT + "/backupProtectableItems", f"{ACTION}/backupProtectableItems/read", since=OLDEST)
def protectable_items(world: World, request: Request, **at: str) -> Response:
    """Those of machines are looked for anew each time; the others are rows."""
    asked = terms(request, _NAMES)
    found = rows(world, PROTECTABLE, at)
    if asked.get("backupmanagementtype", "").lower() in ("azureiaasvm", ""):
        found += _machines(world, require_vault(world, at))
    return page(request, [row for row in found if _asked_for(row["properties"], asked)], _body, _PAGE)


def _asked_for(properties: dict[str, Any], asked: dict[str, str]) -> bool:
    """A workload is asked for by the name that items have: SQLDataBase for what says SQL."""
    for name, value in asked.items():
        wanted = protectable_rows.WORKLOAD_OF.get(value.lower(), value) if name == "workloadtype" else value
        if str(properties.get(_NAMES[name], "")).lower() != wanted.lower():
            return False
    return True


def _machines(world: World, vault: Row) -> list[Row]:
    """Virtual machines of the vault's region and subscription that no vault of it protects."""
    taken = world.store.connection.execute(
        f"SELECT DISTINCT lower(properties->>'$.sourceResourceId') FROM {rows_of(TABLE)} "
        "WHERE lower(type) = ? AND starts_with(_key, ?) AND _from <= ? AND _until > ?",
        [ITEMS, f"/subscriptions/{str(vault['subscriptionId']).lower()}/", world.now(), world.now()],
    ).fetchall()
    known = {str(source) for (source,) in taken}
    near_by = near(world, vault, "Microsoft.Compute/virtualMachines")
    return [_machine(vault, row["id"]) for row in near_by if row["id"].lower() not in known]


def _machine(vault: Row, vm: str) -> Row:
    path = estate_rows.item_path(vm).replace("/protectedItems/VM;", "/protectableItems/vm;")
    name = path.rpartition("/vm;")[2]
    return {"id": f"{vault['id']}/{path}", "name": name, "properties": protectable_rows.machine(vm)}


def _body(row: Row) -> dict[str, Any]:
    return told(row, row["properties"], _TYPE)
