"""The plan: what differs, in the order of doing, and what is ours and wanted no more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from deployer import marks
from deployer.changes import KINDS, Change, Findings, Plan
from deployer.compare import LINKS, compare, link_name, same_pair
from deployer.compare_alerts import compare_alerts, entry_of
from deployer.errors import DeployError, PlanError
from deployer.live import Link, Live
from deployer.wanted import Wanted

MOST_REMOVED = 0.3
"""More of what is ours is removed with --force only."""


def plan(wanted: Wanted, live: Live, *, prune: bool = False) -> Plan:
    """Compare; nothing is sent.

    Raises:
        PlanError: somebody else's objects stand in the way; all of them are named.
    """
    found = compare(wanted, live)
    compare_alerts(wanted, live, found)
    found.left += leftovers(wanted, live)
    if found.faults:
        raise PlanError(found.faults)
    return _ordered(found, live, prune=prune)


def plan_rotation(wanted: Wanted, live: Live) -> Plan:
    """New URLs for the webhooks that are to have one, and nothing else, whatever else differs."""
    whole = plan(wanted, live)
    groups = {name for name, alert in wanted.manifest.alerts.items() if alert.webhook in wanted.rotate}
    entries = {entry.lower() for entry in wanted.rotate}
    found = [
        one
        for one in whole.changes
        if (one.kind == "webhook" and {one.name.lower(), entry_of(one.name)} & entries)
        or (one.kind == "action group" and one.name in groups)
    ]
    return Plan(found, owned=whole.owned)


def plan_nothing(live: Live) -> Plan:
    """The plan after which nothing of ours is left."""
    return _ordered(Findings(left=list(leftovers(None, live))), live, prune=True)


def check_removals(plan: Plan, *, force: bool) -> None:
    """Raises DeployError: too much would be removed."""
    share = plan.removed / plan.owned if plan.owned else 0
    if share > MOST_REMOVED and not force:
        raise DeployError(
            f"{plan.removed} of {plan.owned} objects of ours would be removed, {share:.0%} is over "
            f"{MOST_REMOVED:.0%}: look at the plan, and say --force if that is meant"
        )


def leftovers(wanted: Wanted | None, live: Live) -> Iterator[Change]:
    """What this tool made and `wanted` (None: nothing) does not name.

    What others use stays, since it would take theirs along: those have the verb `keep`.
    """
    kept, held = _kept(wanted), _held(live)
    for kind, name, id in owned(live):
        key = (id or name).lower()
        if (kind, entry_of(name) if kind == "webhook" else key) in kept:
            continue
        why = held.get((kind, key))
        if why:
            yield Change("keep", kind, name, f"not in schedules.json, but {why}", id=id)
        else:
            yield Change("delete", kind, name, "made by this tool, not in schedules.json", id=id)
    for link in live.links:
        # One whose schedule or runbook goes needs no mention.
        stays = {("schedule", link.schedule.lower()), ("runbook", link.runbook.lower())} <= kept
        if wanted and stays and _both_ours(link, live) and not _runs(wanted, link):
            why = "both ends are ours, not in schedules.json"
            yield Change("delete", "link", link_name(link.schedule, link.runbook), why, id=link.id)


def _held(live: Live) -> dict[tuple[str, str], str]:
    """What of ours others use, by kind and lower-cased name, and how."""
    held: dict[tuple[str, str], str] = {}
    for body in live.webhooks.values():
        runs = str((body["properties"].get("runbook") or {}).get("name") or "")
        if not entry_of(str(body["name"])):
            held["runbook", runs.lower()] = f"webhook {body['name']}, which is not ours, starts it"
    for link in live.links:
        schedule, runbook = link.schedule.lower(), link.runbook.lower()
        if not _ours(live.schedules, schedule):
            held["runbook", runbook] = f"schedule {link.schedule}, which is not ours, starts it"
        if not marks.tagged(live.runbooks.get(runbook) or {}):
            held["schedule", schedule] = f"it starts {link.runbook}, which is not ours"
    for name, body in live.runbooks.items():
        environment = str(body["properties"].get("runtimeEnvironment") or "").lower()
        if not marks.tagged(body) or ("runbook", name) in held:
            held["environment", environment] = f"runbook {body['name']}, which stays, runs in it"
    return held


def _ours(bodies: Mapping[str, marks.Json], name: str) -> bool:
    return marks.is_noted(bodies.get(name.lower()) or {})


def _both_ours(link: Link, live: Live) -> bool:
    return _ours(live.schedules, link.schedule) and marks.tagged(
        live.runbooks.get(link.runbook.lower()) or {}
    )


def owned(live: Live) -> Iterator[tuple[str, str, str]]:
    """Kind, name and, of what lies beside the account, id."""
    account = str(live.account.get("id") or "")
    for kind, bodies in (("environment", live.environments), ("runbook", live.runbooks)):
        yield from ((kind, str(body["name"]), "") for body in bodies.values() if marks.tagged(body))
    for kind, bodies in (("variable", live.variables), ("schedule", live.schedules)):
        yield from ((kind, str(body["name"]), "") for body in bodies.values() if marks.is_noted(body))
    yield from (("webhook", str(body["name"]), "") for name, body in live.webhooks.items() if entry_of(name))
    for kind, bodies in (("action group", live.groups), ("alert rule", live.rules)):
        for body in bodies.values():
            if marks.tagged(body, account):
                yield kind, str(body["name"]), str(body["id"])


def _kept(wanted: Wanted | None) -> set[tuple[str, str]]:
    if wanted is None:
        return set()
    manifest = wanted.manifest
    kept = {("environment", wanted.environment)}
    kept |= {("runbook", name) for name in manifest.runbooks} | {
        ("variable", name) for name in manifest.variables
    }
    kept |= {("schedule", name) for name in manifest.schedules} | {
        ("webhook", name) for name in manifest.webhooks
    }
    kept |= {("action group", wanted.group_id(name)) for name in manifest.alerts}
    kept |= {("alert rule", rule) for name in manifest.alerts for rule in wanted.rule_ids(name)}
    return {(kind, name.lower()) for kind, name in kept}


def _runs(wanted: Wanted, link: Link) -> bool:
    return any(
        same_pair(link, name, run.runbook)
        for name, one in wanted.manifest.schedules.items()
        for run in one.runs
    )


def _ordered(found: Findings, live: Live, *, prune: bool) -> Plan:
    """Made in the order of KINDS, removed in the opposite one, after everything else."""
    made = sorted(found.changes, key=_turn)
    left = sorted(found.left, key=lambda one: -KINDS.index(one.kind))
    removed = [one for one in left if prune and one.verb == "delete"]
    stays = [one for one in left if one not in removed]
    return Plan(made, removed, stays, found.notes, sum(1 for _ in owned(live)))


def _turn(change: Change) -> tuple[int, str]:
    """When a change is made.

    Links come right after their runbook, since publishing it may cost them. A webhook that was replaced goes
    when nothing calls it any more, so after the action groups.
    """
    if change.kind in ("runbook", "link"):
        return KINDS.index("runbook"), change.name.rpartition(LINKS)[2].lower()
    if (change.verb, change.kind) == ("delete", "webhook"):
        return len(KINDS), ""
    return KINDS.index(change.kind), ""
