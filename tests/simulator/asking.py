"""A small estate, and a way to ask it over no wire at all."""

import json

from simulator.access import Access, Principal
from simulator.app import all_routes
from simulator.identity import Issuer
from simulator.routes import dispatch
from simulator.wire import Request
from simulator.world import World

SUB = "/subscriptions/aaaa"
GROUP = f"{SUB}/resourceGroups/rg-App"
VM = f"{GROUP}/providers/Microsoft.Compute/virtualMachines/vm-1"
ROBOT = Principal(tenant="t", object_id="oid-robot", client_id="app-robot")
ISSUER = Issuer(secret="s3cret")
ROUTES = all_routes(ISSUER)


def vm(name, group="rg-App", subscription="aaaa", **more):
    above = f"/subscriptions/{subscription}/resourceGroups/{group}"
    return {
        "id": f"{above}/providers/Microsoft.Compute/virtualMachines/{name}",
        "name": name,
        "type": "microsoft.compute/virtualmachines",
        "location": "westeurope",
        "resourceGroup": group.lower(),
        "subscriptionId": subscription,
        **more,
    }


def world_of(*rows, containers=(), assignments=(), forbidden=()):
    world = World()
    world.store.load("resources", rows)
    world.store.load("resourcecontainers", containers)
    world.access = Access(assignments, forbidden)
    return world


def ask(world, method, path, body=None, *, host="management.azure.com", **headers):
    """`path` may have a query; a request has a recent api-version and a token unless it brings its own."""
    path, _, query = path.partition("?")
    pairs = dict(pair.split("=", 1) for pair in query.split("&") if pair)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    sent.setdefault("authorization", f"Bearer {ISSUER.signer.token(ROBOT, 'https://management.azure.com/')}")
    if host == "management.azure.com":
        pairs.setdefault("api-version", "2024-07-01")
    content = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
    request = Request(method, host, path, query=pairs, headers=sent, body=content)
    return dispatch(world, ROUTES, request)


def error(response):
    return response.status, response.body["error"]["code"], response.body["error"]["message"]
