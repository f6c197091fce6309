"""On-demand backup of a protected virtual machine."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from simulator import clock, recovery_operations, recovery_runs, triggers
from simulator.recovery_rows import ACTION, ITEM, OLDEST, invalid, refusal, require_item, vault_of
from simulator.routes import Routes
from simulator.store import Row
from simulator.wire import RefusedError, Request, Response

if TYPE_CHECKING:
    from simulator.world import World

routes = Routes()
ON_DEMAND_A_DAY = 9
"""The hard limit for a virtual machine, by Azure's support matrix."""
DAY_S = 86400.0
KEPT_S = 30 * DAY_S
"""How long a recovery point is kept where the request does not say."""
_BUSY = {
    "code": "UserErrorBackupOperationInProgress",
    "message": "Unable to initiate backup as another backup operation is currently in progress. "
    "Wait until it is completed, then try again.",
}


@routes.on(
    "POST",
    ITEM + "/backup",
    f"{ACTION}/backupFabrics/protectionContainers/protectedItems/backup/action",
    since=OLDEST,
)
def backup(world: World, request: Request, **at: str) -> Response:
    """Accepted means that a job is going to be there; refusals come in the order of Azure's checks."""
    body = request.json()
    item = require_item(world, at)
    expires = _expiry(world, item, body)
    _refuse_unprotected(item)
    jobs = recovery_runs.jobs_of(world, item)
    _refuse_limit(world, jobs)
    busy = any(job["properties"]["status"] in recovery_runs.RUNNING for job in jobs)
    if busy and world.known.busy == "refuse":
        raise refusal(400, _BUSY["code"], _BUSY["message"])
    job = "" if busy else recovery_runs.start(world, item, expires)["name"]
    operation = recovery_operations.begin(world, item["id"], {"error": _BUSY} if busy else {"job": job})
    triggers.record(world, item["id"], vault_of(item["id"]), body, job)
    return recovery_operations.accepted(world, request, item["id"], operation)


def _expiry(world: World, item: Row, body: Any) -> str:
    """When the recovery point expires, as jobs tell it: `6/25/2021 12:00:00 AM`."""
    if str(item["properties"].get("backupManagementType")).lower() != "azureiaasvm":
        raise RefusedError(
            501,
            "NotSimulated",
            f"the simulator backs up virtual machines only, and {item['id']} is "
            f"{item['properties'].get('backupManagementType')!r}; add its kind to "
            f"simulator/recovery_backup.py",
        )
    given = body.get("properties") if isinstance(body, dict) else None
    if not isinstance(given, dict) or given.get("objectType") != "IaasVMBackupRequest":
        raise invalid(f"Provide properties with the objectType IaasVMBackupRequest, not {json.dumps(given)}.")
    at = _moment(world, given.get("recoveryPointExpiryTimeInUTC"))
    if at <= world.now():
        raise invalid("The recoveryPointExpiryTimeInUTC is in the past.")
    return _american(at)


def _moment(world: World, text: Any) -> float:
    if text is None:
        return world.now() + KEPT_S
    try:
        return clock.moment(text if isinstance(text, str) else repr(text))
    except ValueError as error:
        raise invalid(f"The recoveryPointExpiryTimeInUTC cannot be read: {error}.") from error


def _american(at: float) -> str:
    there = datetime.fromtimestamp(at, UTC)
    return f"{there.month}/{there.day}/{there.year} {there.hour % 12 or 12}:{there:%M:%S %p}"


def _refuse_unprotected(item: Row) -> None:
    """The codes Azure sends here are not public."""
    given = item["properties"]
    if given.get("isScheduledForDeferredDelete") is True:
        raise invalid("The item is in soft deleted state. Undelete it and resume its protection first.")
    if given.get("protectionState") in ("ProtectionStopped", "BackupsSuspended", "ProtectionPaused"):
        raise invalid("Protection of the item is stopped. Resume its protection first.")


def _refuse_limit(world: World, jobs: list[Row]) -> None:
    """Limits of a day are refused with 400, never 429."""
    since = world.now() - DAY_S
    today = [
        job
        for job in jobs
        if str(job["properties"].get("isUserTriggered")).lower() == "true"
        and clock.moment(job["properties"]["startTime"]) > since
    ]
    if len(today) >= ON_DEMAND_A_DAY:
        raise refusal(
            400,
            "CloudDosAbsoluteLimitReached",
            "Operation is blocked as you have reached the limit on number of operations permitted in "
            "24 hours.\r\nRetry the operation after 24 hours.",
        )
