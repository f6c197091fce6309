"""Long-running operations of Recovery Services, told over two channels at once.

`Azure-AsyncOperation` leads to `operationsStatus` (always 200, with a status),
`Location` to `operationResults` (202 until done, then 204). That an operation
succeeded means its job was started, not that the backup worked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator import clock
from simulator.recovery_limits import count_read
from simulator.recovery_rows import ACTION, ITEM, JOB, OLDEST, VAULT, gone, odd, require_vault
from simulator.routes import Routes
from simulator.wire import RefusedError, Request, Response

if TYPE_CHECKING:
    from simulator.world import World

routes = Routes()
TAKES_S = 5.0
POLL_S = 60.0
_STATUS = "/operationsStatus/{operation}"
_RESULT = "/operationResults/{operation}"
_ITEM_ACTION = f"{ACTION}/backupFabrics/protectionContainers/protectedItems"


def begin(world: World, of: str, outcome: dict[str, Any]) -> str:
    """Start an operation on the object `of`; its outcome is a `job` or an `error`."""
    operation, now = world.new_id(), world.now()
    ends = round(now + world.paced(TAKES_S), 6)
    world.operations[operation] = {"of": of.lower(), "starts": now, "ends": ends, **outcome}
    return operation


def accepted(world: World, request: Request, of: str, operation: str) -> Response:
    return Response(202, None, _headers(world, request, of, operation))


@routes.on("GET", ITEM + _STATUS, f"{_ITEM_ACTION}/operationsStatus/read", since=OLDEST)
def item_status(world: World, request: Request, **at: str) -> Response:
    return _status(world, at["operation"], _of(world, ITEM.format(**at), at))


@routes.on("GET", ITEM + _RESULT, f"{_ITEM_ACTION}/operationResults/read", since=OLDEST)
def item_result(world: World, request: Request, **at: str) -> Response:
    found = _of(world, ITEM.format(**at), at)
    return _result(world, request, found, _headers(world, request, ITEM.format(**at), at["operation"]))


@routes.on("GET", JOB + _STATUS, f"{ACTION}/backupJobs/operationsStatus/read", since=OLDEST)
def job_status(world: World, request: Request, **at: str) -> Response:
    return _status(world, at["operation"], _of(world, JOB.format(**at), at))


@routes.on("GET", JOB + _RESULT, f"{ACTION}/backupJobs/operationResults/read", since=OLDEST)
def job_result(world: World, request: Request, **at: str) -> Response:
    found = _of(world, JOB.format(**at), at)
    return _result(world, request, found, _headers(world, request, JOB.format(**at), at["operation"]))


@routes.on("GET", VAULT + "/backupOperations/{operation}", f"{ACTION}/backupOperations/read", since=OLDEST)
def vault_status(world: World, request: Request, **at: str) -> Response:
    count_read(world, request, at["subscription"], "backupOperations")
    return _status(world, at["operation"], _of(world, VAULT.format(**at), at))


@routes.on(
    "GET",
    VAULT + "/backupOperationResults/{operation}",
    f"{ACTION}/backupOperationResults/read",
    since=OLDEST,
)
def vault_result(world: World, request: Request, **at: str) -> Response:
    found = _of(world, VAULT.format(**at), at)
    path = VAULT.format(**at)
    query = f"?api-version={request.query['api-version']}"
    headers = {
        "Location": f"{request.base}{odd(path)}/backupOperationResults/{at['operation']}{query}",
        "Azure-AsyncOperation": f"{request.base}{odd(path)}/backupOperations/{at['operation']}{query}",
        "Retry-After": _poll(world),
    }
    return _result(world, request, found, headers)


def _of(world: World, of: str, at: dict[str, str]) -> dict[str, Any]:
    """The operation, if it is one of this object or of one inside it."""
    require_vault(world, at)
    found = world.operations.get(at["operation"].lower())
    if found is None or not f"{found['of']}/".startswith(f"{of.lower()}/"):
        raise gone(f"The operation {at['operation']} does not exist.")
    return found


def _status(world: World, operation: str, found: dict[str, Any]) -> Response:
    running = world.now() < found["ends"]
    body: dict[str, Any] = {
        "id": operation,
        "name": operation,
        "status": "InProgress" if running else "Failed" if "error" in found else "Succeeded",
        "startTime": clock.stamp(found["starts"]),
        "endTime": "0001-01-01T00:00:00" if running else clock.stamp(found["ends"]),
    }
    if not running and "error" in found:
        body["error"] = found["error"]
    elif not running:
        body["properties"] = {"objectType": "OperationStatusJobExtendedInfo", "jobId": found["job"]}
    return Response(200, body)


def _result(world: World, request: Request, found: dict[str, Any], headers: dict[str, str]) -> Response:
    if world.now() < found["ends"]:
        return Response(202, {}, headers)
    if "error" in found:
        raise RefusedError(400, found["error"]["code"], found["error"]["message"])
    return Response(204, None, {"Azure-AsyncOperation": headers["Azure-AsyncOperation"]})


def _headers(world: World, request: Request, of: str, operation: str) -> dict[str, str]:
    """Links lead to unescaped ids, as Azure sends them."""
    query = f"?api-version={request.query['api-version']}"
    path = f"{request.base}{odd(of)}"
    return {
        "Azure-AsyncOperation": f"{path}/operationsStatus/{operation}{query}",
        "Location": f"{path}/operationResults/{operation}{query}",
        "Retry-After": _poll(world),
    }


def _poll(world: World) -> str:
    return str(round(world.paced(POLL_S)))
