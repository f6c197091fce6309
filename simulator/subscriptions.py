"""Tenants, subscriptions and resource groups.

Those with a row in `resourcecontainers` are described by it; any other that
the ids of rows mention exists all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.access import forbidden
from simulator.routes import Routes
from simulator.store import TABLES, Row, rows_of
from simulator.wire import RefusedError, Request, Response

if TYPE_CHECKING:
    from simulator.world import World

routes = Routes()

SUBSCRIPTION = "microsoft.resources/subscriptions"
GROUP = "microsoft.resources/subscriptions/resourcegroups"
NO_TENANT = "11111111-1111-1111-1111-111111111111"
"""The tenant of estates whose rows name none."""
_LOCATIONS = {
    "eastus": "East US",
    "eastus2": "East US 2",
    "westus2": "West US 2",
    "northeurope": "North Europe",
    "westeurope": "West Europe",
    "uksouth": "UK South",
    "germanywestcentral": "Germany West Central",
    "francecentral": "France Central",
    "swedencentral": "Sweden Central",
    "southeastasia": "Southeast Asia",
}


@routes.on("GET", "/tenants", "Microsoft.Resources/tenants/read", scope="")
def list_tenants(world: World, request: Request) -> Response:
    """Not those of subscriptions that are delegated: an identity is in its own tenant alone."""
    one = home_tenant(world)
    home = {"id": f"/tenants/{one}", "tenantId": one, "tenantCategory": "Home", "displayName": "Simulated"}
    return Response(200, {"value": [home]})


@routes.on("GET", "/subscriptions", "Microsoft.Resources/subscriptions/read", scope="")
def list_subscriptions(world: World, request: Request) -> Response:
    value = _seen(world, request)
    return Response(200, {"value": value, "count": {"type": "Total", "value": len(value)}})


@routes.on("GET", "/subscriptions/{subscription}", "Microsoft.Resources/subscriptions/read", scope="")
def get_subscription(world: World, request: Request, subscription: str) -> Response:
    check_subscription(world, subscription)
    for one in _seen(world, request):
        if str(one["subscriptionId"]).lower() == subscription.lower():
            return Response(200, one)
    caller = world.access.principal(request)
    raise forbidden(caller, "Microsoft.Resources/subscriptions/read", f"/subscriptions/{subscription}")


@routes.on(
    "GET", "/subscriptions/{subscription}/locations", "Microsoft.Resources/subscriptions/locations/read"
)
def list_locations(world: World, request: Request, subscription: str) -> Response:
    check_subscription(world, subscription)
    value = [
        {
            "id": f"/subscriptions/{subscription}/locations/{name}",
            "name": name,
            "type": "Region",
            "displayName": shown,
            "regionalDisplayName": shown,
            "metadata": {"regionType": "Physical", "regionCategory": "Recommended"},
        }
        for name, shown in _LOCATIONS.items()
    ]
    return Response(200, {"value": value})


def home_tenant(world: World) -> str:
    """Whose identities ask: the tenant that `world.json` names, else that of the first row that names one."""
    if world.known.home_tenant:
        return world.known.home_tenant
    for table in ("resourcecontainers", "resources", "recoveryservicesresources"):
        found = world.store.connection.execute(
            f"SELECT tenantId FROM {rows_of(table)} WHERE tenantId <> '' ORDER BY _key LIMIT 1"
        ).fetchone()
        if found:
            return str(found[0])
    return NO_TENANT


def tenant_of(world: World, subscription: str) -> str:
    row = world.store.get("resourcecontainers", f"/subscriptions/{subscription}", world.now())
    return str((row or {}).get("tenantId") or home_tenant(world))


def check_subscription(world: World, subscription: str) -> None:
    """Raises RefusedError: 404 where no row mentions the subscription."""
    if subscription.lower() not in _mentioned(world, "true", []):
        raise RefusedError(
            404, "SubscriptionNotFound", f"The subscription '{subscription}' could not be found."
        )


def _seen(world: World, request: Request) -> list[dict[str, Any]]:
    """The subscriptions in which the caller may read anything."""
    where, values = world.access.visible_sql(world.access.principal(request))
    rows = world.store.find("resourcecontainers", world.now(), type=SUBSCRIPTION)
    described = {str(row["id"]).lower().rsplit("/", 1)[1]: row for row in rows}
    return [_subscription(world, one, described.get(one)) for one in _mentioned(world, where, values)]


def _mentioned(world: World, where: str, values: list[Any]) -> list[str]:
    now = world.now()
    each = (
        "SELECT split_part(_key, '/', 3) FROM {table} WHERE starts_with(_key, '/subscriptions/') "
        f"AND _from <= {now!r} AND _until > {now!r} AND ({where})"
    )
    union = " UNION ".join(each.format(table=rows_of(table)) for table in TABLES)
    found = world.store.connection.execute(union, values * len(TABLES)).fetchall()
    return sorted(str(name) for (name,) in found)


def _subscription(world: World, name: str, row: Row | None) -> dict[str, Any]:
    properties = (row or {}).get("properties") or {}
    given = str(row["id"]).rsplit("/", 1)[1] if row else name
    policies = {"locationPlacementId": "Public_2014-09-01", "quotaId": "EnterpriseAgreement_2014-09-01"}
    body = {
        "id": f"/subscriptions/{given}",
        "authorizationSource": "RoleBased",
        "managedByTenants": properties.get("managedByTenants") or [],
        "subscriptionId": given,
        "tenantId": (row or {}).get("tenantId") or home_tenant(world),
        "displayName": (row or {}).get("name") or given,
        "state": properties.get("state") or "Enabled",
        "subscriptionPolicies": properties.get("subscriptionPolicies")
        or {**policies, "spendingLimit": "Off"},
    }
    return {**body, "tags": row["tags"]} if row and row.get("tags") else body
