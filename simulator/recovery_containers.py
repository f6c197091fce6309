"""What is registered with a Recovery Services vault, and what could be: machines and storage accounts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from simulator import container_rows
from simulator.protectable_rows import WORKLOAD_OF
from simulator.recovery_filters import terms
from simulator.recovery_rows import (
    ACTION,
    CONTAINER,
    ITEMS,
    OLDEST,
    PROTECTABLE,
    TABLE,
    VAULT,
    page,
    refusal,
    require_vault,
    told,
)
from simulator.routes import Routes
from simulator.store import Row, rows_of
from simulator.wire import Request, Response
from simulator.world import merged

if TYPE_CHECKING:
    from simulator.world import World

routes = Routes()
_TYPE = f"{ACTION}/backupFabrics/protectionContainers"
_MACHINES, _ACCOUNTS = "Microsoft.Compute/virtualMachines", "Microsoft.Storage/storageAccounts"
_LONG_AGO = "2025-01-01T00:00:00Z"
# The first word of a container's name, how it is written, and what is registered by it.
_NAMES = {
    "iaasvmcontainer": ("IaasVMContainer;iaasvmcontainerv2", _MACHINES),
    "vmappcontainer": ("VMAppContainer;Compute", _MACHINES),
    "storagecontainer": ("StorageContainer;Storage", _ACCOUNTS),
}
_NAME = re.compile(f"({'|'.join(_NAMES)});[^;]+;[^;]+;[^;]+")
_PROTECTABLE = {"azureworkload": "vmappcontainer", "azurestorage": "storagecontainer"}
_MANAGEMENT = {"vmappcontainer": "AzureWorkload", "storagecontainer": "AzureStorage"}
_FILTERS = ("backupManagementType", "containerType", "friendlyName", "healthStatus", "status")


@routes.on(
    "GET", VAULT + "/backupProtectionContainers", f"{ACTION}/backupProtectionContainers/read", since=OLDEST
)
def containers(world: World, request: Request, **at: str) -> Response:
    asked = terms(request, (*_FILTERS, "backupEngineName", "fabricName"))
    found = [row for row in _registered(world, at) if _asked_for(row["properties"], asked)]
    return page(request, found, lambda row: told(row, row["properties"], _TYPE))


@routes.on("GET", CONTAINER, f"{_TYPE}/read", since=OLDEST)
def container(world: World, request: Request, **at: str) -> Response:
    wanted = CONTAINER.format(**at).lower()
    for row in _registered(world, at):
        if row["id"].lower() == wanted:
            return Response(200, told(row, row["properties"], _TYPE))
    raise refusal(
        404,
        "BMSUserErrorContainerObjectNotFound",
        "Item not found.\r\nPlease check if the container is registered to the vault.",
    )


@routes.on(
    "GET",
    VAULT + "/backupFabrics/{fabric}/protectableContainers",
    f"{ACTION}/backupFabrics/protectableContainers/read",
    since=OLDEST,
)
def protectable_containers(world: World, request: Request, **at: str) -> Response:
    """What lies in the vault's region and subscription and is registered with no vault of it."""
    asked = terms(request, ("backupManagementType",)).get("backupmanagementtype", "").lower()
    vault = require_vault(world, at)
    kind = _PROTECTABLE.get(asked, "")
    taken = set(_names_in(world, at["subscription"]))
    found = []
    for row in near(world, vault, _NAMES[kind][1]) if kind else ():
        name = _name(kind, row["id"])
        if name.lower() not in taken:
            described = container_rows.protectable(row["id"], _MANAGEMENT[kind], name.partition(";")[0])
            row_id = f"{vault['id']}/backupFabrics/Azure/protectableContainers/{name}"
            found.append({"id": row_id, "name": name, "properties": described})
    kind_of_all = f"{ACTION}/backupFabrics/protectableContainers"
    return page(request, found, lambda row: told(row, row["properties"], kind_of_all))


def near(world: World, vault: Row, type: str) -> list[Row]:
    """Resources that a vault could protect, for all that is known of their place."""
    where = "lower(type) = ? AND starts_with(_key, ?) AND lower(location) = ?"
    under = f"/subscriptions/{str(vault['subscriptionId']).lower()}/"
    values = [type.lower(), under, str(vault["location"]).lower()]
    return world.store.query("resources", where, values, world.now())


def _asked_for(properties: dict[str, Any], asked: dict[str, str]) -> bool:
    said = {name.lower(): str(value).lower() for name, value in properties.items()}
    said["status"] = said["registrationstatus"]
    return all(said.get(name, "") == value.lower() for name, value in asked.items())


def _registered(world: World, at: dict[str, str]) -> list[Row]:
    """Every container a row lies in, or that `world.json` names, as a row of its own."""
    vault = require_vault(world, at)
    under = f"{VAULT.format(**at).lower()}/backupfabrics/"
    inside = dict[str, list[Row]]()
    for kind in (ITEMS, PROTECTABLE):
        for row in world.store.find(TABLE, world.now(), type=kind, under=VAULT.format(**at)):
            inside.setdefault(_parts_of_id(row["id"])[11], []).append(row)
    for container_id in world.known.containers:
        if container_id.startswith(under):
            inside.setdefault(_parts_of_id(container_id)[11], [])
    known = {name: contents for name, contents in inside.items() if _NAME.fullmatch(name)}
    sources = _sources(world, vault, known)
    return [_row(world, vault, name, sources[name], contents) for name, contents in sorted(known.items())]


def _row(world: World, vault: Row, name: str, source: str, contents: list[Row]) -> Row:
    kind = name.partition(";")[0]
    shown = _name(kind, source)
    row_id = container_rows.container_id(str(vault["id"]), shown)
    said = world.known.containers.get(container_rows.container_id(str(vault["id"]).lower(), name).lower(), {})
    return {"id": row_id, "name": shown, "properties": merged(_properties(kind, source, contents), said)}


def _properties(kind: str, source: str, contents: list[Row]) -> dict[str, Any]:
    if kind == "iaasvmcontainer":
        return container_rows.machine(source)
    if kind == "storagecontainer":
        return container_rows.account(source, sum(row["type"].lower() == ITEMS for row in contents))
    return container_rows.host(source, _counts(contents), _LONG_AGO)


def _counts(contents: list[Row]) -> dict[str, int]:
    """The databases of a host by workload; those protected may not have been kept as discovered."""
    databases = dict[str, set[tuple[str, str]]]()
    for row in contents:
        given = row["properties"]
        item_type = str(given.get("protectableItemType") or given.get("workloadType")).lower()
        if item_type in WORKLOAD_OF:
            name = (str(given.get("parentName")).lower(), str(given.get("friendlyName")).lower())
            databases.setdefault(WORKLOAD_OF[item_type], set()).add(name)
    return {workload: len(names) for workload, names in sorted(databases.items())}


def _sources(world: World, vault: Row, names: Iterable[str]) -> dict[str, str]:
    """The id of what each container stands for, in the casing of its own row if it has one."""
    ids = {name: _source(vault, name) for name in names}
    found = world.store.connection.execute(
        f"SELECT _key, id FROM {rows_of('resources')} WHERE _key IN (SELECT unnest(?::VARCHAR[])) "
        "AND _from <= ? AND _until > ?",
        [[one.lower() for one in ids.values()], world.now(), world.now()],
    ).fetchall()
    cased = {str(key): str(row_id) for key, row_id in found}
    return {name: cased.get(one.lower(), one) for name, one in ids.items()}


def _source(vault: Row, name: str) -> str:
    kind, _, group, source = name.split(";")
    place = f"/subscriptions/{vault['subscriptionId']}/resourceGroups/{group}"
    return f"{place}/providers/{_NAMES[kind][1]}/{source}"


def _name(kind: str, source: str) -> str:
    parts = _parts_of_id(source, lower=False)
    return f"{_NAMES[kind][0]};{parts[3]};{parts[-1]}"


def _names_in(world: World, subscription: str) -> Iterator[str]:
    """The lower-cased names of all containers of a subscription."""
    found = world.store.connection.execute(
        f"SELECT DISTINCT split_part(_key, '/', 13) FROM {rows_of(TABLE)} WHERE lower(type) IN (?, ?) "
        "AND starts_with(_key, ?) AND _from <= ? AND _until > ?",
        [ITEMS, PROTECTABLE, f"/subscriptions/{subscription.lower()}/", world.now(), world.now()],
    ).fetchall()
    yield from (str(name) for (name,) in found)
    for container_id in world.known.containers:
        if container_id.startswith(f"/subscriptions/{subscription.lower()}/"):
            yield _parts_of_id(container_id)[11]


def _parts_of_id(row_id: str, *, lower: bool = True) -> list[str]:
    return (row_id.lower() if lower else row_id).strip("/").split("/")
