"""Retry failed backups whose cause is known to pass, and explain every one that is left.

Reads    failed backup jobs of a window, with the items, policies, machines and vaults behind them
Changes  starts an on-demand backup of each item it decides to retry (dry_run=false)
Never    retries what runs, recovered or needs a person; more than the budget, the room or a storm allows
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Annotated, Literal, Protocol

from backupkit.alerts import AlertHint
from backupkit.backups import Backups
from backupkit.entrypoint import Runbook, Session, check_rights, main
from backupkit.estate import Unread
from backupkit.evidence import DAY, Case, History, overdue_s
from backupkit.failures import CAUSES
from backupkit.inbox import attend
from backupkit.kinds import BACKUP_VAULTS, HEAVY, LOG, NAMES
from backupkit.ledger import ledger_of
from backupkit.limits import WORKLOADS
from backupkit.params import CODE, TAG, VAULT, Between, Checked, LedgerParams, Text
from backupkit.policies import next_run, too_short
from backupkit.records import Job, has_tag
from backupkit.retries import Decision, Evidence, Known, all_told, judged, to_start, untried
from backupkit.starts import Start, Wanted
from backupkit.storms import Alike, Storm, storms
from backupkit.times import DailyWindow, stamp

# -- Parameters: each is a name=value token -------------------------------------------------------

HOURS = Checked(DailyWindow.read)
KEEP = Text(r"policy|[1-9]\d{0,3}d", "policy or 10d")
Workload = Literal["vm", "files", "disk", "sql", "hana", "ase", "blob", "postgresql", "aks"]


@dataclass(frozen=True)
class Params(LedgerParams):
    vaults: Annotated[tuple[str, ...], "vault ids to look at; default all", VAULT] = ()
    workloads: Annotated[tuple[Workload, ...], "what to retry; default vm,files,disk"] = ()
    window: Annotated[timedelta, "how far back failures are looked for", Between(60, 20160)] = DAY
    max_attempts: Annotated[int, "retries of an item in any 24 hours until one succeeds", Between(1, 8)] = 2
    max_triggers: Annotated[int, "backups this run starts at most", Between(0, 100_000)] = 200
    max_per_vault: Annotated[int, "backups running in a vault, ours and others'", Between(1, 1000)] = 20
    backoff: Annotated[timedelta, "wait after an attempt, doubling", Between(1, 1440)] = timedelta(minutes=30)
    retention: Annotated[str, "how long the new recovery point is kept: policy, or days", KEEP] = "policy"
    unknown: Annotated[Literal["leave", "once", "retry"], "what to do with an unknown cause"] = "leave"
    spare: Annotated[timedelta, "leave to a scheduled run this near", Between(0, 1440)] = timedelta(hours=2)
    storm_share: Annotated[float, "share of a vault's items failing alike: a storm", Between(0, 1)] = 0.3
    storm_min: Annotated[int, "and at least so many items", Between(1, 100_000)] = 10
    canaries: Annotated[int, "items retried first in a storm", Between(1, 100)] = 2
    optout_tag: Annotated[str, "name:value of the tag that opts out, or none", TAG] = "backup-retry:off"
    retry_codes: Annotated[tuple[str, ...], "failure codes to retry whatever the table says", CODE] = ()
    never_codes: Annotated[tuple[str, ...], "failure codes never to retry", CODE] = ()
    quiet: Annotated[str, "daily hours without retries: HH:MM-HH:MM@Zone", HOURS] = ""
    heavy_window: Annotated[str, "daily hours for full backups of databases; default never", HOURS] = ""
    follow: Annotated[timedelta, "watch the started backups this long", Between(0, 180)] = timedelta(0)

    @property
    def retried(self) -> tuple[str, ...]:
        return self.workloads or (("vm", "files") if self.ledger == "none" else ("vm", "files", "disk"))

    def faults(self) -> Iterator[str]:
        yield from super().faults()
        for code in sorted(set(map(str.lower, self.retry_codes)) & set(map(str.lower, self.never_codes))):
            yield f"{code} stands in retry_codes and in never_codes"
        for one in sorted(set(self.workloads) - {"vm", "files"}) if self.ledger == "none" else ():
            yield f"workload {one} needs a ledger: its jobs do not tell whose attempts they are"
        yield from too_short(self.retention, self.retried)


# -- Decide: plain records in, decisions with reasons out -----------------------------------------


@dataclass
class Situation:
    """What is true of the run as a whole; `taken` counts, by vault and storm, what it decided to start."""

    now: datetime
    options: Params
    known: Known = field(default_factory=Known)
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
    if case.workload in ("mars", "dpm"):
        return f"{case.workload.upper()} backups cannot be triggered from Azure"
    if case.workload not in at.options.retried:
        return f"workload {case.workload} is not in workloads={','.join(at.options.retried)}"
    if not case.failure.is_backup or case.cause.cause == "foreign":
        return f"{case.failure.operation} failed, not a backup"
    return None


def never_triggered(case: Case, at: Situation) -> str | None:
    if case.kind == LOG:
        return "log backups are never triggered, the next one runs by its schedule; its RPO is reported"
    if case.workload not in BACKUP_VAULTS or (case.history.policy and case.history.policy.rule):
        return None
    return "its policy is not seen, or has no backup rule to trigger: operational blob backup is continuous"


def cancelled_by_a_person(case: Case, at: Situation) -> str | None:
    later = case.history.cancelled_since(case.failure)
    return f"a person cancelled its backup at {stamp(later.until)}" if later else None


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
    heals = case.cause.cause == "self-heal" and not (case.needs_full or case.has_code(at.options.retry_codes))
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
    source, (name, _, value) = case.history.source, at.options.optout_tag.partition(":")
    if source is None or not source.known:
        return "its source cannot be read, nor a tag that opts out; grant Reader, or say optout_tag=none"
    return f"tagged {at.options.optout_tag}" if has_tag(source.tags, name, value) else None


def quiet_hours(case: Case, at: Situation) -> str | None:
    quiet = at.options.quiet
    return f"quiet hours {quiet}" if quiet and DailyWindow.read(quiet).holds(at.now) else None


def heavy_hours(case: Case, at: Situation) -> str | None:
    window = at.options.heavy_window
    if case.kind not in HEAVY or (window and DailyWindow.read(window).holds(at.now)):
        return None
    return f"a {NAMES[case.kind]} backup starts in heavy_window only, " + (window or "and none is given")


def scheduled_soon(case: Case, at: Situation) -> str | None:
    run = next_run(case.history.policy, at.now, case.kind)
    return f"its scheduled run is at {stamp(run)}" if run and run - at.now <= at.options.spare else None


def budget_spent(case: Case, at: Situation) -> str | None:
    if len(case.attempts) >= at.options.max_attempts:
        return f"{len(case.attempts)} of {at.options.max_attempts} attempts in 24 hours are spent"
    most = WORKLOADS[case.workload].on_demand_a_day - 1
    today = len(case.history.on_demand(at.now))
    return f"{today} on-demand backups in 24 hours, the service takes {most + 1}" if today >= most else None


def backing_off(case: Case, at: Situation) -> str | None:
    until = back_off_end(case, at)
    return f"backing off until {stamp(until)}" if until and at.now < until else None


def vault_unread(case: Case, at: Situation) -> str | None:
    """Not a judgement of the item: without its vault's word, and its own, nothing is started."""
    reason = at.known.unread.get(case.history.vault) or at.known.unread.get(case.history.key)
    return f"not all that tells of it could be read: {reason}" if reason else None


def ledger_unread(case: Case, at: Situation) -> str | None:
    reason = at.known.unrecalled.get(case.history.key)
    return f"the ledger does not tell what was tried: {reason}" if reason else None


def storm(case: Case, at: Situation) -> str | None:
    for key in case.alike:
        group = at.storms.get(key)
        held = group.holds_back(at.taken[key], at.options.canaries, at.now) if group else None
        if group and held:
            return f"storm: {group.items} items of the vault fail with {key[1]}; {held}"
    return None


def no_room(case: Case, at: Situation) -> str | None:
    most, vault = at.options.max_per_vault, case.history.vault
    busy = at.known.running.get(vault, 0) + at.taken[vault]
    if busy >= most:
        return f"no room in the vault: {busy} backups run or start, max_per_vault={most}"
    most = at.options.max_triggers
    return f"no room in the run: max_triggers={most}" if at.taken["run"] >= most else None


Rule = Callable[[Case, Situation], "str | None"]

OF_THE_ITEM: tuple[Rule, ...] = (
    succeeded_since, running_now, source_gone, protection_stopped, not_ours, started_by_a_person,
    cancelled_by_a_person, needs_a_human, heals_itself, unknown_cause, never_triggered, opted_out,
    quiet_hours, heavy_hours, scheduled_soon, budget_spent, backing_off,
)  # fmt: skip
RULES: tuple[Rule, ...] = (*OF_THE_ITEM, ledger_unread, vault_unread, storm, no_room)
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
    if case.needs_full:
        return Decision(case, True, "parent_missing", f"{case.cause.code}: an attempt had no Full before it")
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


class Vaults(Evidence, Protocol):
    """What a retry asks of Azure."""

    @property
    def known(self) -> Known: ...
    def items_in(self, name: str) -> int: ...
    def unheard(self, found: Sequence[History]) -> Sequence[AlertHint]: ...
    def start_all(self, wanted: Iterable[Wanted]) -> dict[str, Start]: ...
    def follow(self, started: Iterable[Start], span: timedelta) -> Iterator[tuple[Start, Job]]: ...


def decided(options: Params, vaults: Vaults, now: datetime, started: int = 0) -> list[Decision]:
    """What to do about every failed item, where this run has `started` so many backups already."""

    def known(cases: Sequence[Case]) -> list[Decision]:
        at = Situation(now, options, vaults.known)
        at.taken["run"] = started
        alike = Alike(options.storm_min, options.storm_share, vaults.items_in)
        at.storms = storms(cases, alike, lambda case: back_off_end(case, at) if case.history.tried else None)
        return decide(cases, at)

    return judged(vaults, now - options.window, now, known, lambda cases: promising(cases, options, now))


def promising(cases: Iterable[Case], options: Params, now: datetime) -> set[str]:
    """Items that might be retried; with a ledger, whatever was tried, since it alone knows."""
    told = (started_by_a_person, heals_itself) if options.remembers else ()
    rules = [rule for rule in OF_THE_ITEM if rule not in told]
    known = map(untried, cases) if options.remembers else cases
    return {one.case.history.key for one in decide(known, Situation(now, options), rules) if one.retry}


def run(session: Session[Params]) -> None:
    """All of the estate, or what an alert names; then whatever alerts wait for somebody to look at them."""

    def work(alerts: Sequence[AlertHint] | None) -> list[Unread]:
        vaults = opened(session).about(alerts)
        retry(session, vaults, session.started if alerts is None else datetime.now(timezone.utc))
        vaults.remember(session.started)
        return vaults.unread

    session.finish(attend(session.options, session.arm.credential, session.alerts, work))


def retry(session: Session[Params], vaults: Vaults, now: datetime) -> None:
    options, counts = session.options, session.counts
    decisions = decided(options, vaults, now, started=counts["retried"] + counts["failed"])
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
    check_rights(session, opened(session), "Backup Operator")


RUNBOOK = Runbook("auto_retry", "Retry failed backups whose cause is known to pass.", Params, run, check)

if __name__ == "__main__":
    sys.exit(main(RUNBOOK, sys.argv[1:]))
