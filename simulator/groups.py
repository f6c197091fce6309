"""Resource groups: rows of `resourcecontainers`, and those the ids of resources mention."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.pages import paged
from simulator.routes import Routes
from simulator.store import TABLES, Row, rows_of
from simulator.subscriptions import GROUP, check_subscription, tenant_of
from simulator.wire import RefusedError, Request, Response

if TYPE_CHECKING:
    from simulator.world import World

routes = Routes()
READ = "Microsoft.Resources/subscriptions/resourceGroups/read"
WRITE = "Microsoft.Resources/subscriptions/resourceGroups/write"


@routes.on("GET", "/subscriptions/{subscription}/resourcegroups", READ, scope="")
def list_groups(world: World, request: Request, subscription: str) -> Response:
    check_subscription(world, subscription)
    where, values = world.access.visible_sql(world.access.principal(request))
    return paged(request, list(_groups(world, subscription, where, values).values()))


@routes.on("GET", "/subscriptions/{subscription}/resourcegroups/{group}", READ)
def get_group(world: World, request: Request, subscription: str, group: str) -> Response:
    return Response(200, check_group(world, subscription, group))


@routes.on("HEAD", "/subscriptions/{subscription}/resourcegroups/{group}", READ)
def head_group(world: World, request: Request, subscription: str, group: str) -> Response:
    check_group(world, subscription, group)
    return Response(204)


@routes.on("PUT", "/subscriptions/{subscription}/resourcegroups/{group}", WRITE)
def put_group(world: World, request: Request, subscription: str, group: str) -> Response:
    check_subscription(world, subscription)
    given = request.json()
    if not isinstance(given, dict) or not given.get("location"):
        raise RefusedError(400, "LocationRequired", "The location property is required for this definition.")
    known = _groups(world, subscription, "true", []).get(group.lower())
    row: Row = {
        "id": f"/subscriptions/{subscription}/resourceGroups/{group}",
        "name": group,
        "type": GROUP,
        "tenantId": tenant_of(world, subscription),
        "location": given["location"],
        "resourceGroup": group,
        "subscriptionId": subscription,
        "properties": {"provisioningState": "Succeeded"},
        "tags": given.get("tags"),
    }
    world.store.put("resourcecontainers", row, world.now())
    return Response(200 if known else 201, _group(row))


def check_group(world: World, subscription: str, group: str) -> dict[str, Any]:
    """The group's body.

    Raises:
        RefusedError: 404, for the subscription or for the group.
    """
    check_subscription(world, subscription)
    found = _groups(world, subscription, "true", []).get(group.lower())
    if found is None:
        raise RefusedError(404, "ResourceGroupNotFound", f"Resource group '{group}' could not be found.")
    return found


def _groups(world: World, subscription: str, where: str, values: list[Any]) -> dict[str, dict[str, Any]]:
    """Bodies by lower-cased name, of the groups with a row for which the SQL condition holds."""
    under = f"/subscriptions/{subscription.lower()}/resourcegroups/"
    now = world.now()
    each = (
        f"SELECT _key, id, location FROM {{table}} WHERE starts_with(_key, ?) AND _from <= {now!r} "
        f"AND _until > {now!r} AND ({where})"
    )
    union = " UNION ALL ".join(each.format(table=rows_of(table)) for table in TABLES)
    found = world.store.connection.execute(
        "SELECT split_part(_key, '/', 5) AS name, arg_min(split_part(id, '/', 5), _key), "
        f"arg_min(location, _key) FROM ({union}) GROUP BY name ORDER BY name",
        [under, *values] * len(TABLES),
    ).fetchall()
    rows = {str(row["name"]).lower(): row for row in _described(world, subscription)}
    return {name: _group(rows.get(name) or _derived(subscription, given, at)) for name, given, at in found}


def _described(world: World, subscription: str) -> list[Row]:
    return world.store.find(
        "resourcecontainers", world.now(), type=GROUP, under=f"/subscriptions/{subscription}"
    )


def _derived(subscription: str, name: str, location: str) -> Row:
    return {
        "id": f"/subscriptions/{subscription}/resourceGroups/{name}",
        "name": name,
        "location": location or "westeurope",
    }


def _group(row: Row) -> dict[str, Any]:
    body = {
        "id": row["id"],
        "name": row["name"],
        "type": "Microsoft.Resources/resourceGroups",
        "location": row["location"],
        "properties": {"provisioningState": "Succeeded"},
    }
    optional = {key: row[key] for key in ("tags", "managedBy") if row.get(key)}
    return {**body, **optional}
