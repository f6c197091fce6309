"""On-demand backup of a backup instance, whatever it is of: its policy says what may be asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator import clock, protection_operations, protection_runs, triggers
from simulator.protection_rows import (
    ACTION,
    INSTANCE,
    OLDEST,
    TABLE,
    cased,
    invalid,
    refusal,
    require,
    require_vault,
)
from simulator.protection_shapes import RUNNING
from simulator.routes import Routes
from simulator.store import Row
from simulator.wire import Request, Response

if TYPE_CHECKING:
    from simulator.world import World

routes = Routes()
ON_DEMAND_A_DAY = 10
"""By the support matrices of disks and of AKS; for databases and blobs no figure was found."""
DAY_S = 86400.0
_BUSY = "UserErrorMaxConcurrentOperationLimitReached"
_LOCKED = "BMSUserErrorObjectLocked"
_BEING_CHANGED = ("ConfiguringProtection", "UpdatingProtection", "SoftDeleting")
_BACKED_UP = ("ProtectionConfigured", "ProtectionError", "RetentionSchedulesSuspended")


@routes.on("POST", INSTANCE + "/backup", f"{ACTION}/backupInstances/backup/action", since=OLDEST)
def backup(world: World, request: Request, **at: str) -> Response:
    """Accepted means that a job is going to be there."""
    body = request.json()
    vault = require_vault(world, at)
    instance = require(world, request, at, f"backupInstances/{at['instance']}")
    tag = _tag(world, _rule(world, instance, body), body)
    _refuse_unprotected(world, instance)
    jobs = protection_runs.jobs_of(world, instance)
    _refuse_limit(world, jobs)
    busy = any(job["properties"]["status"] in RUNNING for job in jobs)
    if busy and world.known.busy == "refuse":
        raise refusal(world, _LOCKED)
    job = None if busy else protection_runs.start(world, instance, tag)
    operation = protection_operations.begin(world, vault, {"job": job["id"]} if job else {"error": _BUSY})
    here = cased(instance["id"])
    triggers.record(world, here, here.rpartition("/backupInstances/")[0], body, job["name"] if job else "")
    return protection_operations.accepted(world, request, vault, operation)


def _rule(world: World, instance: Row, body: Any) -> dict[str, Any]:
    """The backup rule of the instance's own policy that the request names."""
    options = body.get("backupRuleOptions") if isinstance(body, dict) else None
    if not isinstance(options, dict) or not isinstance(options.get("ruleName"), str):
        raise invalid(world, "Provide backupRuleOptions with a ruleName.")
    policy_id = str((instance["properties"].get("policyInfo") or {}).get("policyId") or "")
    row = world.store.get(TABLE, policy_id, world.now())
    rules = (world.rest_row(row)["properties"].get("policyRules") or []) if row else []
    backups = {rule["name"]: rule for rule in rules if rule.get("objectType") == "AzureBackupRule"}
    if options["ruleName"] not in backups:
        known = ", ".join(backups) or "none, so there is nothing to trigger"
        raise invalid(
            world,
            f"The policy '{policy_id}' has no backup rule '{options['ruleName']}'; it has {known}.",
        )
    return {"rule": backups[options["ruleName"]], "rules": rules}


def _tag(world: World, of: dict[str, Any], body: Any) -> str:
    """The tag that says how long the recovery point is kept; an empty triggerOption asks for the default."""
    option = body["backupRuleOptions"].get("triggerOption")
    if not isinstance(option, dict):
        raise invalid(world, "Provide a triggerOption.")
    tag = option.get("retentionTagOverride")
    if tag is None:
        return protection_runs.DEFAULT_TAG
    criteria = (of["rule"].get("trigger") or {}).get("taggingCriteria") or []
    known = {one["tagInfo"]["tagName"] for one in criteria}
    known |= {rule["name"] for rule in of["rules"] if rule.get("objectType") == "AzureRetentionRule"}
    if tag not in known:
        raise invalid(world, f"The policy has no tag {tag!r}; its tags: {', '.join(sorted(known))}.")
    return str(tag)


def _refuse_unprotected(world: World, instance: Row) -> None:
    """The codes Azure sends here are not public."""
    state = str(instance["properties"].get("currentProtectionState") or "")
    if state in _BEING_CHANGED:
        raise refusal(world, _LOCKED)
    if state not in _BACKED_UP:
        raise invalid(world, f"The backup instance is {state}. Resume its protection first.")


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
        raise refusal(world, "CloudDosTimeboudLimitReached")
