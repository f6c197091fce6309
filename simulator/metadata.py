"""Where the endpoints of the cloud are, and which resource providers it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.routes import Routes
from simulator.store import TABLES, rows_of
from simulator.subscriptions import check_subscription
from simulator.wire import Request, Response

if TYPE_CHECKING:
    from simulator.world import World

routes = Routes()

_LOGIN = "https://login.microsoftonline.com"
_CLOUD: dict[str, Any] = {
    "portal": "https://portal.azure.com",
    "authentication": {
        "loginEndpoint": _LOGIN,
        "audiences": ["https://management.core.windows.net/", "https://management.azure.com/"],
        "tenant": "common",
        "identityProvider": "AAD",
    },
    "media": "https://rest.media.azure.net",
    "graphAudience": "https://graph.windows.net/",
    "graph": "https://graph.windows.net/",
    "name": "AzureCloud",
    "suffixes": {
        "azureDataLakeStoreFileSystem": "azuredatalakestore.net",
        "acrLoginServer": "azurecr.io",
        "sqlServerHostname": "database.windows.net",
        "azureDataLakeAnalyticsCatalogAndJob": "azuredatalakeanalytics.net",
        "keyVaultDns": "vault.azure.net",
        "storage": "core.windows.net",
        "azureFrontDoorEndpointSuffix": "azurefd.net",
    },
    "batch": "https://batch.core.windows.net/",
    "resourceManager": "https://management.azure.com/",
    "vmImageAliasDoc": "https://raw.githubusercontent.com/Azure/azure-rest-api-specs/master/arm-compute/"
    "quickstart-templates/aliases.json",
    "activeDirectoryDataLake": "https://datalake.azure.net/",
    "sqlManagement": "https://management.core.windows.net:8443/",
    "microsoftGraphResourceId": "https://graph.microsoft.com/",
    "gallery": "https://gallery.azure.com/",
}
_TYPES = {
    "Microsoft.AlertsManagement": ("actionRules",),
    "Microsoft.Automation": ("automationAccounts", "automationAccounts/runbooks"),
    "Microsoft.Compute": ("disks", "snapshots", "virtualMachines", "virtualMachines/extensions"),
    "Microsoft.DataProtection": (
        "backupVaults",
        "backupVaults/backupInstances",
        "backupVaults/backupJobs",
        "backupVaults/backupPolicies",
    ),
    "Microsoft.ContainerService": ("managedClusters",),
    "Microsoft.DBforPostgreSQL": ("flexibleServers",),
    "Microsoft.Insights": ("actionGroups", "metricAlerts"),
    "Microsoft.ManagedIdentity": ("userAssignedIdentities",),
    "Microsoft.RecoveryServices": ("vaults",),
    "Microsoft.ResourceGraph": ("resources",),
    "Microsoft.Resources": ("resourceGroups", "subscriptions", "tags"),
    "Microsoft.Storage": ("storageAccounts",),
}
_EVERYWHERE = {f"{name}/{kind}".lower() for name, kinds in _TYPES.items() for kind in kinds}
_VERSIONS = ("2024-10-01", "2024-04-01", "2023-04-01", "2022-09-01", "2021-03-01", "2020-06-01", "2019-05-01")


@routes.on("GET", "/metadata/endpoints", "Microsoft.Resources/metadata/read", scope="", open=True)
def endpoints(world: World, request: Request) -> Response:
    """Before 2018 five keys, in 2019 and 2020 a list of clouds, since then this cloud."""
    version = request.query["api-version"]
    if version < "2018":
        names = {"galleryEndpoint": "gallery", "graphEndpoint": "graph", "portalEndpoint": "portal"}
        old = {name: _CLOUD[key] for name, key in names.items()}
        authentication = {key: _CLOUD["authentication"][key] for key in ("loginEndpoint", "audiences")}
        return Response(200, {**old, "authentication": authentication})
    return Response(200, [_CLOUD] if version < "2021" else _CLOUD)


@routes.on("GET", "/providers", "Microsoft.Resources/providers/read", scope="")
def all_providers(world: World, request: Request) -> Response:
    return Response(200, {"value": [_provider(name, types) for name, types in _known(world).items()]})


@routes.on(
    "GET", "/subscriptions/{subscription}/providers", "Microsoft.Resources/subscriptions/providers/read"
)
def providers(world: World, request: Request, subscription: str) -> Response:
    check_subscription(world, subscription)
    value = [
        {"id": f"/subscriptions/{subscription}/providers/{name}", **_provider(name, types)}
        for name, types in _known(world).items()
    ]
    return Response(200, {"value": value})


@routes.on(
    "GET",
    "/subscriptions/{subscription}/providers/{namespace}",
    "Microsoft.Resources/subscriptions/providers/read",
)
@routes.on(
    "POST",
    "/subscriptions/{subscription}/providers/{namespace}/register",
    "Microsoft.Resources/subscriptions/providers/register/action",
)
def provider(world: World, request: Request, subscription: str, namespace: str) -> Response:
    """Every provider is registered, one that nothing here belongs to as well."""
    check_subscription(world, subscription)
    known = {name.lower(): (name, types) for name, types in _known(world).items()}
    name, types = known.get(namespace.lower(), (namespace, []))
    where = f"/subscriptions/{subscription}/providers/{name}"
    return Response(200, {"id": where, **_provider(name, types)})


def knows(world: World, type: str) -> bool:
    """Whether a type is one of every estate's, or a row's."""
    if type.lower() in _EVERYWHERE:
        return True
    return any(
        world.store.connection.execute(
            f"SELECT 1 FROM {rows_of(table)} WHERE lower(type) = ? LIMIT 1", [type.lower()]
        ).fetchone()
        for table in TABLES
    )


def _provider(name: str, types: list[str]) -> dict[str, Any]:
    described = [
        {
            "resourceType": one,
            "locations": ["West Europe"],
            "apiVersions": list(_VERSIONS),
            "capabilities": "None",
        }
        for one in types
    ]
    return {
        "namespace": name,
        "registrationState": "Registered",
        "registrationPolicy": "RegistrationRequired",
        "resourceTypes": described,
    }


def _known(world: World) -> dict[str, list[str]]:
    """Resource types by namespace: the ones every estate has, and those of the rows."""
    found = {name: {one.lower(): one for one in types} for name, types in _TYPES.items()}
    names = {name.lower(): name for name in found}
    for full in _row_types(world):
        namespace, _, kind = full.partition("/")
        if kind:
            name = names.setdefault(namespace.lower(), namespace)
            found.setdefault(name, {}).setdefault(kind.lower(), kind)
    return {name: sorted(types.values()) for name, types in sorted(found.items())}


def _row_types(world: World) -> list[str]:
    union = " UNION ".join(f"SELECT DISTINCT type FROM {rows_of(table)}" for table in TABLES)
    return sorted(str(name) for (name,) in world.store.connection.execute(union).fetchall() if name)
