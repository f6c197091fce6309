"""Long-running operations of Backup vaults, told over two channels at once.

`Azure-AsyncOperation` leads to the vault's `operationStatus` (always 200, with a status),
`Location` to the region's `operationResults` (202 until done, then 200 with the job). That an
operation succeeded means its job was started, not that the backup worked.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from simulator import clock
from simulator.protection_rows import (
    ACTION,
    GROUP,
    INSTANCE,
    OLDEST,
    PROVIDER,
    SUBSCRIPTION,
    VAULT,
    cased,
    gone,
    require_vault,
    user_error,
    version,
)
from simulator.routes import Routes
from simulator.store import Row
from simulator.wire import RefusedError, Request, Response

if TYPE_CHECKING:
    from simulator.world import World

routes = Routes()
TAKES_S = 15.0
POLL_S = 10.0
_NAMESPACE = "Microsoft.DataProtection"
_REGION = SUBSCRIPTION + PROVIDER + "/locations/{region}"
_STATUS = "/operationStatus/{operation}"
_OF_GROUP = f"{_NAMESPACE}/subscriptions/resourceGroups/providers"
_RESULT = "/operationResults/{operation}"


def begin(world: World, vault: Row, outcome: dict[str, Any]) -> str:
    """Start an operation of a vault; its outcome is a `job` (an id) or an `error` (a code)."""
    name = base64.b64encode(f"{world.new_id()};{world.new_id()}".encode()).decode()
    now = world.now()
    world.operations[name.lower()] = {
        "name": name,
        "of": cased(vault["id"]),
        "region": str(vault["location"]).lower(),
        "activity": world.new_id(),
        "starts": now,
        "ends": round(now + world.paced(TAKES_S), 6),
        **outcome,
    }
    return name


def accepted(world: World, request: Request, vault: Row, operation: str) -> Response:
    return Response(202, None, _headers(world, request, cased(vault["id"]), vault["location"], operation))


@routes.on("GET", VAULT + _STATUS, f"{ACTION}/operationStatus/read", since=OLDEST)
def vault_status(world: World, request: Request, **at: str) -> Response:
    require_vault(world, at)
    return _status(request, world, _of(world, request, at["operation"], VAULT.format(**at)))


@routes.on("GET", _REGION + _STATUS, f"{_NAMESPACE}/locations/operationStatus/read", since=OLDEST)
def region_status(world: World, request: Request, **at: str) -> Response:
    return _status(
        request, world, _of(world, request, at["operation"], SUBSCRIPTION.format(**at), at["region"])
    )


@routes.on("GET", GROUP + PROVIDER + _STATUS, f"{_OF_GROUP}/operationStatus/read", since=OLDEST)
@routes.on(
    "GET",
    GROUP + PROVIDER + "/locations/{region}" + _STATUS,
    f"{_OF_GROUP}/locations/operationStatus/read",
    since=OLDEST,
)
def group_status(world: World, request: Request, **at: str) -> Response:
    return _status(request, world, _of(world, request, at["operation"], GROUP.format(**at)))


@routes.on("GET", _REGION + _RESULT, f"{_NAMESPACE}/locations/operationResults/read", since=OLDEST)
def region_result(world: World, request: Request, **at: str) -> Response:
    return _result(
        request, world, _of(world, request, at["operation"], SUBSCRIPTION.format(**at), at["region"])
    )


@routes.on("GET", VAULT + _RESULT, f"{ACTION}/operationResults/read", since=OLDEST)
@routes.on("GET", INSTANCE + _RESULT, f"{ACTION}/backupInstances/operationResults/read", since=OLDEST)
def vault_result(world: World, request: Request, **at: str) -> Response:
    require_vault(world, at)
    return _result(request, world, _of(world, request, at["operation"], VAULT.format(**at)))


def _of(world: World, request: Request, operation: str, under: str, region: str = "") -> dict[str, Any]:
    found = world.operations.get(operation.lower())
    if found is None or not f"{found['of']}/".lower().startswith(f"{under.lower()}/"):
        raise gone(request)
    if region and found["region"] != region.lower():
        raise gone(request)
    return found


def _status(request: Request, world: World, found: dict[str, Any]) -> Response:
    running = world.now() < found["ends"]
    body: dict[str, Any] = {
        "id": request.path,
        "name": found["name"],
        "status": "Inprogress" if running else "Failed" if "error" in found else "Succeeded",
        "startTime": clock.stamp(found["starts"]),
        "endTime": _year_one(request) if running else clock.stamp(found["ends"], digits=0),
    }
    if not running and "error" in found:
        error = user_error(found["error"], found["activity"])
        body["error"] = {name: one for name, one in error.items() if one is not None}
    elif not running:
        body["properties"] = {"jobId": found["job"], "objectType": "OperationJobExtendedInfo"}
    return Response(200, body)


def _year_one(request: Request) -> str:
    return "0001-01-01T00:00:00" + ("" if version(request) < "2022" else "Z")


def _result(request: Request, world: World, found: dict[str, Any]) -> Response:
    headers = _headers(world, request, found["of"], found["region"], found["name"])
    if world.now() < found["ends"]:
        return Response(202, None, headers)
    if "error" in found:
        error = user_error(found["error"], found["activity"])
        raise RefusedError(400, error.pop("code"), error.pop("message"), extra=error)
    status = {"Azure-AsyncOperation": headers["Location"].replace("/operationResults/", "/operationStatus/")}
    return Response(200, {"objectType": "OperationJobExtendedInfo", "jobId": found["job"]}, status)


def _headers(world: World, request: Request, vault: str, region: str, operation: str) -> dict[str, str]:
    """Before 2022 both links led to the region, as the documentation of disks of then shows."""
    query = f"?api-version={version(request)}"
    there = f"{request.base}{_REGION.format(subscription=vault.split('/')[2], region=region)}"
    here = there if version(request) < "2022" else f"{request.base}{vault}"
    return {
        "Azure-AsyncOperation": f"{here}/operationStatus/{operation}{query}",
        "Location": f"{there}/operationResults/{operation}{query}",
        "Retry-After": str(max(1, round(world.paced(POLL_S)))),
    }
