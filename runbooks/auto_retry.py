"""Retry failed backups whose cause is known to pass, and explain every one that is left.

Reads    failed backup jobs of a window, with the items, policies, machines and vaults behind them
Changes  starts an on-demand backup of each item it decides to retry (dry_run=false)
Never    retries what runs, recovered or needs a person; more than the budget, the room or a storm allows
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Annotated, Literal, Protocol

from backupkit.alerts import AlertHint
from backupkit.backups import Backups
from backupkit.entrypoint import Runbook, Session, check_rights, main
from backupkit.estate import Unread
from backupkit.evidence import DAY, Case, History, cases_of, confirmed, overdue_s
from backupkit.failures import CAUSES, NONE_GIVEN
from backupkit.inbox import inbox_of, look
from backupkit.ledger import ledger_of
from backupkit.limits import WORKLOADS
from backupkit.params import CODE, TAG, VAULT, Between, Checked, LedgerParams, Text
from backupkit.policies import next_run
from backupkit.records import Item, Job
from backupkit.retries import Decision, all_told, to_start, untried
from backupkit.storms import Alike, Storm, storms
from backupkit.times import DailyWindow, stamp
from backupkit.vaults import START_BACKUP, Start

# -- Parameters: each is a name=value token -------------------------------------------------------

HALF_AN_HOUR = timedelta(minutes=30)
KEEP = Text(r"policy|[1-9]\d{0,3}d", "policy or 10d")


@dataclass(frozen=True)
class Params(LedgerParams):
    vaults: Annotated[tuple[str, ...], "vault ids to look at; default all", VAULT] = ()
    workloads: Annotated[tuple[Literal["vm"], ...], "what to retry"] = ("vm",)
    window: Annotated[timedelta, "how far back failures are looked for", Between(60, 20160)] = DAY
    max_attempts: Annotated[int, "retries of an item in any 24 hours until one succeeds", Between(1, 8)] = 2
    max_triggers: Annotated[int, "backups this run starts at most", Between(0, 100_000)] = 200
    max_per_vault: Annotated[int, "backups running in a vault, ours and others'", Between(1, 1000)] = 20
    backoff: Annotated[timedelta, "wait after an attempt; it doubles", Between(1, 1440)] = HALF_AN_HOUR
    retention: Annotated[str, "how long the new recovery point is kept: policy, or days", KEEP] = "policy"
    unknown: Annotated[Literal["leave", "once", "retry"], "what to do with an unknown cause"] = "leave"
    spare: Annotated[timedelta, "leave to a scheduled run this near", Between(0, 1440)] = timedelta(hours=2)
    storm_share: Annotated[float, "share of a vault's items failing alike: a storm", Between(0, 1)] = 0.3
    storm_min: Annotated[int, "and at least so many items", Between(1, 100_000)] = 10
    canaries: Annotated[int, "items retried first in a storm", Between(1, 100)] = 2
    optout_tag: Annotated[str, "name:value of the tag that opts out, or none", TAG] = "backup-retry:off"
    retry_codes: Annotated[tuple[str, ...], "failure codes to retry whatever the table says", CODE] = ()
    never_codes: Annotated[tuple[str, ...], "failure codes never to retry", CODE] = ()
    quiet: Annotated[str, "daily hours without retries: HH:MM-HH:MM@Zone", Checked(DailyWindow.read)] = ""
    follow: Annotated[timedelta, "watch the started backups this long", Between(0, 180)] = timedelta(0)

    def faults(self) -> Iterator[str]:
        yield from super().faults()
        for code in sorted(set(map(str.lower, self.retry_codes)) & set(map(str.lower, self.never_codes))):
            yield f"{code} stands in retry_codes and in never_codes"


# -- Decide: plain records in, decisions with reasons out -----------------------------------------


@dataclass
class Situation:
    """What is true of the run as a whole; `taken` counts, by vault and storm, what it decided to start."""

    now: datetime
    options: Params
    running: Mapping[str, int] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)
    unrecalled: Mapping[str, str] = field(default_factory=dict)
    storms: Mapping[tuple[str, str], Storm] = field(default_factory=dict)
    taken: Counter[object] = field(default_factory=Counter)


def succeeded_since(case: Case, at: Situation) -> str | None:
    success = case.history.success_since(case.failure)
    if success is None:
        return None
    warned = " with warnings" if success.status.lower() != "completed" else ""
    return f"a backup completed{warned} at {stamp(success.until)}"


def running_now(case: Case, at: Situation) -> str | None:
    running = case.history.running
    return f"{running[0].operation} runs since {stamp(running[0].started)}" if running else None


def source_gone(case: Case, at: Situation) -> str | None:
    if case.history.item is None:
        return "no item of the vault fits this job: it was removed, or its machine's name is not unique"
    source = case.history.source
    return f"{source.id} does not exist; stop its protection" if source and not source.exists else None


def protection_stopped(case: Case, at: Situation) -> str | None:
    item = case.history.item
    if item and item.soft_deleted:
        return "its backups are soft-deleted"
    return "its protection is stopped" if item and item.stopped else None


def not_ours(case: Case, at: Situation) -> str | None:
    if case.failure.workload in ("mars", "dpm"):
        return f"{case.failure.workload.upper()} backups cannot be triggered from Azure"
    if case.failure.workload not in at.options.workloads:
        return f"workload {case.failure.workload} is not in workloads={','.join(at.options.workloads)}"
    if not case.failure.is_backup or case.cause.cause == "foreign":
        return f"{case.failure.operation} failed, not a backup"
    return None


def cancelled_by_a_person(case: Case, at: Situation) -> str | None:
    later = [job for job in case.history.backups if job.cancelled and job.until >= case.failure.until]
    return f"a person cancelled its backup at {stamp(later[0].until)}" if later else None


def started_by_a_person(case: Case, at: Situation) -> str | None:
    theirs = case.history.started_by_a_person(case.failure)
    return f"a person started its backup at {stamp(case.failure.started)}" if theirs else None


def needs_a_human(case: Case, at: Situation) -> str | None:
    if case.has_code(at.options.never_codes):
        return f"never_codes names {case.cause.code}"
    if case.has_code(at.options.retry_codes):
        return None
    if case.cause.cause in ("human", "gone", "limit"):
        return f"{case.cause.code}: {case.cause.remedy}"
    return None


def heals_itself(case: Case, at: Situation) -> str | None:
    heals = case.cause.cause == "self-heal" and not case.has_code(at.options.retry_codes)
    return f"{case.cause.code}: the service tries again on its own" if heals else None


def unknown_cause(case: Case, at: Situation) -> str | None:
    asked = at.options.unknown
    if case.cause.cause != "unknown" or case.has_code(at.options.retry_codes) or asked == "retry":
        return None
    if asked == "leave":
        return f"the cause {case.cause.code} is not known: {case.cause.remedy}"
    return f"the cause {case.cause.code} is not known, and it was tried once" if case.history.tried else None


def opted_out(case: Case, at: Situation) -> str | None:
    if at.options.optout_tag == "none":
        return None
    source = case.history.source
    if source is None or not source.known:
        return (
            "its machine cannot be read, so neither can an opt-out tag; grant Reader, or say optout_tag=none"
        )
    name, _, value = at.options.optout_tag.lower().partition(":")
    tags = {key.lower(): text.lower() for key, text in source.tags.items()}
    return f"tagged {at.options.optout_tag}" if tags.get(name) == value else None


def quiet_hours(case: Case, at: Situation) -> str | None:
    quiet = at.options.quiet
    return f"quiet hours {quiet}" if quiet and DailyWindow.read(quiet).holds(at.now) else None


def scheduled_soon(case: Case, at: Situation) -> str | None:
    run = next_run(case.history.policy, at.now)
    near = run is not None and run - at.now <= at.options.spare
    return f"its scheduled run is at {stamp(run)}" if run and near else None


def budget_spent(case: Case, at: Situation) -> str | None:
    if len(case.attempts) >= at.options.max_attempts:
        return f"{len(case.attempts)} of {at.options.max_attempts} attempts in 24 hours are spent"
    most = WORKLOADS[case.failure.workload].on_demand_a_day - 1
    today = len(case.history.on_demand(at.now))
    return f"{today} on-demand backups in 24 hours, the service takes {most + 1}" if today >= most else None


def backing_off(case: Case, at: Situation) -> str | None:
    until = back_off_end(case, at)
    return f"backing off until {stamp(until)}" if until and at.now < until else None


def vault_unread(case: Case, at: Situation) -> str | None:
    """Not a judgement of the item: without its vault's word nothing is started."""
    reason = at.unread.get(case.history.vault)
    return f"its vault could not be read: {reason}" if reason else None


def ledger_unread(case: Case, at: Situation) -> str | None:
    reason = at.unrecalled.get(case.history.key)
    return f"the ledger does not tell what was tried: {reason}" if reason else None


def storm(case: Case, at: Situation) -> str | None:
    for key in case.alike:
        group = at.storms.get(key)
        if group is None or group.recovered:
            continue
        told = f"storm: {group.items} items of the vault fail with {key[1]}"
        if group.blocked_until and at.now < group.blocked_until:
            return f"{told}; the last canaries failed, new ones after {stamp(group.blocked_until)}"
        if group.running + at.taken[key] >= at.options.canaries:
            return f"{told}; waiting for a canary to complete"
    return None


def no_room(case: Case, at: Situation) -> str | None:
    most, vault = at.options.max_per_vault, case.history.vault
    busy = at.running.get(vault, 0) + at.taken[vault]
    if busy >= most:
        return f"no room in the vault: {busy} backups run or start, max_per_vault={most}"
    most = at.options.max_triggers
    return f"no room in the run: max_triggers={most}" if at.taken["run"] >= most else None


Rule = Callable[[Case, Situation], "str | None"]

OF_THE_ITEM: tuple[Rule, ...] = (
    succeeded_since, running_now, source_gone, protection_stopped, not_ours, started_by_a_person,
    cancelled_by_a_person, needs_a_human, heals_itself, unknown_cause, opted_out, quiet_hours,
    scheduled_soon, budget_spent, backing_off,
)  # fmt: skip
RULES: tuple[Rule, ...] = (*OF_THE_ITEM, vault_unread, ledger_unread, storm, no_room)
"""Reasons not to retry, in the order an operator would ask; the first that holds is given."""


def decide(cases: Iterable[Case], at: Situation, rules: Sequence[Rule] = RULES) -> list[Decision]:
    """Judge every case, the one furthest past its RPO first, so that room and canaries go to those."""
    ranked = sorted(cases, key=lambda a: (-overdue_s(a.history, at.now), a.failure.until, a.history.key))
    return [judge(case, at, rules) for case in ranked]


def judge(case: Case, at: Situation, rules: Sequence[Rule]) -> Decision:
    for rule in rules:
        reason = rule(case, at)
        if reason:
            return Decision(case, False, rule.__name__, reason)
    at.taken.update([case.history.vault, "run", *case.alike])
    if case.has_code(at.options.retry_codes):
        return Decision(case, True, "retry_codes", f"retry_codes names {case.cause.code}")
    if case.cause.cause == "unknown":
        return Decision(case, True, "unknown_allowed", f"{case.cause.code}: unknown={at.options.unknown}")
    passing = "wait_over" if case.cause.cause == "wait" else "passing_cause"
    return Decision(case, True, passing, f"{case.cause.code}: {CAUSES[case.cause.cause]}")


def back_off_end(case: Case, at: Situation) -> datetime | None:
    """From the end of the last attempt, doubling; any failure backs off once where another operation ran."""
    ends = [case.failure.until + at.options.backoff] if case.cause.cause == "wait" else []
    if case.history.tried:
        doubled: timedelta = at.options.backoff * 2 ** max(0, len(case.attempts) - 1)
        ends.append(max(job.until for job in case.history.tried) + doubled)
    return max(ends, default=None)


# -- Run: read, decide, start, tell ---------------------------------------------------------------


class Vaults(Protocol):
    """What a retry asks of Azure."""

    @property
    def running(self) -> Mapping[str, int]: ...
    @property
    def unread_vaults(self) -> Mapping[str, str]: ...
    def failing(self, since: datetime, until: datetime) -> list[History]: ...
    def confirm(self, names: Iterable[str]) -> list[History]: ...
    @property
    def unrecalled(self) -> Mapping[str, str]: ...
    def recall(self, cases: Sequence[Case], keys: Collection[str]) -> list[Case]: ...
    def asked_for(self, history: History) -> bool: ...
    def unheard(self, found: Sequence[History]) -> Sequence[AlertHint]: ...
    def items_in(self, name: str) -> int: ...
    def start_all(self, wanted: Iterable[tuple[Item, datetime]]) -> dict[str, Start]: ...
    def follow(self, starts: Iterable[Start], span: timedelta) -> Iterator[tuple[Start, Job]]: ...


def judged(options: Params, vaults: Vaults, now: datetime, started: int = 0) -> list[Decision]:
    """Decide on what Resource Graph tells, ask the vaults of all that might be retried, and decide again."""
    since = now - options.window
    cases = cases_of(vaults.failing(since, now), since, now)
    maybe = promising(cases, options, now)
    doubtful = [one.history for one in cases if one.history.key in maybe or one.cause.code == NONE_GIVEN]
    cases = confirmed(cases, vaults.confirm({history.vault for history in doubtful}), since, now)
    if options.remembers:
        cases = vaults.recall(cases, promising(cases, options, now))
    at = Situation(now, options, vaults.running, vaults.unread_vaults, vaults.unrecalled)
    at.taken["run"] = started
    alike = Alike(options.storm_min, options.storm_share, vaults.items_in)
    at.storms = storms(cases, alike, lambda case: back_off_end(case, at) if case.history.tried else None)
    return decide([case for case in cases if vaults.asked_for(case.history)], at)


def promising(cases: Iterable[Case], options: Params, now: datetime) -> set[str]:
    """Items that might be retried; with a ledger, whatever was tried, since it alone knows."""
    rules = [rule for rule in OF_THE_ITEM if not (options.remembers and rule is started_by_a_person)]
    known = map(untried, cases) if options.remembers else cases
    return {one.case.history.key for one in decide(known, Situation(now, options), rules) if one.retry}


def run(session: Session[Params]) -> None:
    """All of the estate, or what an alert names; then whatever alerts wait for somebody to look at them."""
    box = inbox_of(session.options, session.arm.credential)
    unread = box.unread if box else list[Unread]()

    def work(alerts: Sequence[AlertHint] | None) -> None:
        vaults = opened(session).about(alerts)
        retry(session, vaults, session.started if alerts is None else datetime.now(timezone.utc))
        vaults.remember(session.started)
        unread.extend(vaults.unread)

    if look(box, session.alerts, work):
        session.finish(unread)
    else:
        session.counts["deferred"] = 1


def retry(session: Session[Params], vaults: Vaults, now: datetime) -> None:
    options, counts = session.options, session.counts
    decisions = judged(options, vaults, now, started=counts["retried"] + counts["failed"])
    wanted = [] if options.dry_run else [one.case for one in decisions if one.retry]
    starts = vaults.start_all(to_start(case, options.retention, now) for case in wanted)
    did = "would_retry" if options.dry_run else "retried"
    session.tell(all_told(decisions, starts, now, dry_run=options.dry_run), did)
    session.not_confirmed(vaults.unheard([one.case.history for one in decisions]))
    session.follow(vaults.follow(starts.values(), options.follow))


def opened(session: Session[Params]) -> Backups:
    ledger = ledger_of(session.options, session.arm.credential, session.run_id)
    return Backups(session.arm, session.options, session.options.vaults, ledger)


def check(session: Session[Params]) -> None:
    check_rights(session, opened(session), START_BACKUP, "Backup Operator")


RUNBOOK = Runbook("auto_retry", "Retry failed backups whose cause is known to pass.", Params, run, check)

if __name__ == "__main__":
    sys.exit(main(RUNBOOK, sys.argv[1:]))
