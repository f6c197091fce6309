"""Retry failed backups whose cause is known to pass, and explain every one that is left.

Reads    failed backup jobs of a window, with the items, policies, machines and vaults behind them
Changes  starts an on-demand backup of each item it decides to retry (dry_run=false)
Never    retries what runs, recovered or needs a person; more than the budget, the room or a storm allows
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Literal, Protocol

from backupkit.backups import Backups
from backupkit.checking import check_rights
from backupkit.entrypoint import Runbook, Session, main, say, warn
from backupkit.evidence import History
from backupkit.failures import NONE_GIVEN, Failure
from backupkit.limits import WORKLOADS
from backupkit.params import VAULT_ID, Between, CommonParams, Text
from backupkit.policies import keep_days, next_run, rpo, rpo_age
from backupkit.records import Item, Job, subscription_of
from backupkit.times import DailyWindow, stamp
from backupkit.vaults import Start

# -- Parameters: each is a name=value token -------------------------------------------------------

CODE = Text(r"[\w.-]+", "400002 or UserErrorGuestAgentStatusUnavailable")
KEEP = Text(r"policy|[1-9]\d{0,4}d", "policy or 10d")
TAG = Text(r"[^\s:,]+:[^\s,]+|none", "backup-retry:off")
WORKLOAD = Literal["vm"]
HOURS_24 = timedelta(hours=24)


@dataclass(frozen=True)
class Params(CommonParams):
    vaults: Annotated[tuple[str, ...], "vault ids to look at; default all", Text(VAULT_ID, "a vault's id")] = ()
    workloads: Annotated[tuple[WORKLOAD, ...], "what to retry"] = ("vm",)
    window: Annotated[timedelta, "how far back failures are looked for", Between(60, 20160)] = HOURS_24
    dry_run: Annotated[bool, "decide and report, start nothing"] = True
    ledger: Annotated[Literal["", "none"], "none counts attempts from the vaults' jobs"] = ""
    max_attempts: Annotated[int, "retries of an item in any 24 hours until one succeeds", Between(1, 8)] = 2
    max_triggers: Annotated[int, "backups this run starts at most", Between(0, 100_000)] = 200
    max_per_vault: Annotated[int, "backups running in a vault, ours and others'", Between(1, 1000)] = 20
    backoff: Annotated[timedelta, "wait after an attempt; it doubles", Between(1, 1440)] = timedelta(minutes=30)
    retention: Annotated[str, "how long the new recovery point is kept: policy, or days", KEEP] = "policy"
    unknown: Annotated[Literal["leave", "once", "retry"], "what to do with an unknown cause"] = "leave"
    spare: Annotated[timedelta, "leave to a scheduled run this near", Between(0, 1440)] = timedelta(hours=2)
    storm_share: Annotated[float, "share of a vault's items failing alike: a storm", Between(0, 1)] = 0.3
    storm_min: Annotated[int, "and at least so many items", Between(1, 100_000)] = 10
    canaries: Annotated[int, "items retried first in a storm", Between(1, 100)] = 2
    optout_tag: Annotated[str, "name:value of the tag that opts a machine out, or none", TAG] = "backup-retry:off"
    retry_codes: Annotated[tuple[str, ...], "failure codes to retry whatever the table says", CODE] = ()
    never_codes: Annotated[tuple[str, ...], "failure codes never to retry", CODE] = ()
    quiet: Annotated[str, "daily hours without retries: HH:MM-HH:MM@Zone"] = ""
    follow: Annotated[timedelta, "watch the started backups this long", Between(0, 180)] = timedelta(0)

    def faults(self) -> Iterator[str]:
        yield from super().faults()
        if not self.dry_run and not self.ledger:
            yield "parameter ledger is required with dry_run=false; none counts attempts from the vaults' jobs"
        if not self.workloads:
            yield "parameter workloads must name one at least: vm"
        for limits in (WORKLOADS[workload] for workload in self.workloads):
            least, most = limits.least_retention_days, limits.most_retention_days
            if self.retention != "policy" and not least <= int(self.retention[:-1]) <= most:
                yield f"parameter retention must be from {least}d to {most}d, got {self.retention!r}"
        for code in sorted(set(map(str.lower, self.retry_codes)) & set(map(str.lower, self.never_codes))):
            yield f"{code} stands in retry_codes and in never_codes"
        try:
            self.quiet_window()
        except ValueError as error:
            yield f"parameter quiet must be {error}, got {self.quiet!r}"

    def quiet_window(self) -> DailyWindow | None:
        return DailyWindow.read(self.quiet) if self.quiet else None


# -- Decide: plain records in, decisions with reasons out -----------------------------------------

@dataclass(frozen=True)
class Case:
    """One item whose newest failure is to be judged, and what was tried since its last success."""

    history: History
    failure: Job
    cause: Failure
    attempts: Sequence[Job]

    @property
    def storm(self) -> tuple[str, str]:
        return self.history.vault, self.cause.code


@dataclass(frozen=True)
class Storm:
    """A code that fails much of a vault; `blocked_until` is when the last canary's back-off ends."""

    items: int
    running: int
    recovered: bool
    blocked_until: datetime | None


@dataclass
class Situation:
    """What is true of the run as a whole; `taken` counts, by vault and storm, what it decided to start."""

    now: datetime
    options: Params
    storms: Mapping[tuple[str, str], Storm] = field(default_factory=dict)
    running: Mapping[str, int] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)
    taken: Counter[object] = field(default_factory=Counter)


@dataclass(frozen=True)
class Decision:
    case: Case
    retry: bool
    rule: str
    reason: str


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
        return "the vault has no protected item of this job any more"
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
    later = [job for job in case.history.backups if job.cancelled and job.started > case.failure.started]
    return f"a person cancelled its backup at {stamp(later[0].until)}" if later else None


def needs_a_human(case: Case, at: Situation) -> str | None:
    if named(case, at.options.never_codes):
        return f"never_codes names {case.cause.code}"
    if named(case, at.options.retry_codes):
        return None
    if case.cause.cause in ("human", "gone", "limit"):
        return f"{case.cause.code}: {case.cause.remedy}"
    return None


def heals_itself(case: Case, at: Situation) -> str | None:
    heals = case.cause.cause == "self-heal" and not named(case, at.options.retry_codes)
    return f"{case.cause.code}: the service tries again on its own" if heals else None


def unknown_cause(case: Case, at: Situation) -> str | None:
    asked = at.options.unknown
    if case.cause.cause != "unknown" or named(case, at.options.retry_codes) or asked == "retry":
        return None
    if asked == "leave":
        return f"the cause {case.cause.code} is not known: {case.cause.remedy}"
    return f"the cause {case.cause.code} is not known, and it was tried once" if case.attempts else None


def opted_out(case: Case, at: Situation) -> str | None:
    if at.options.optout_tag == "none":
        return None
    source = case.history.source
    if source is None or not source.known:
        return "its machine cannot be read, so neither can an opt-out tag; grant Reader, or say optout_tag=none"
    name, _, value = at.options.optout_tag.lower().partition(":")
    tags = {key.lower(): text.lower() for key, text in source.tags.items()}
    return f"tagged {at.options.optout_tag}" if tags.get(name) == value else None


def quiet_hours(case: Case, at: Situation) -> str | None:
    window = at.options.quiet_window()
    return f"quiet hours {at.options.quiet}" if window and window.holds(at.now) else None


def scheduled_soon(case: Case, at: Situation) -> str | None:
    run = next_run(case.history.policy, at.now)
    near = run is not None and run - at.now <= at.options.spare
    return f"its scheduled run is at {stamp(run)}" if run and near else None


def budget_spent(case: Case, at: Situation) -> str | None:
    if len(case.attempts) >= at.options.max_attempts:
        return f"{len(case.attempts)} of {at.options.max_attempts} attempts in 24 hours are spent"
    most = WORKLOADS[case.failure.workload].on_demand_a_day - 1
    today = len(case.history.on_demand(at.now))
    return f"{today} on-demand backups in 24 hours leave no more than the service's spare one" if today >= most else None


def backing_off(case: Case, at: Situation) -> str | None:
    until = back_off_end(case, at)
    return f"backing off until {stamp(until)}" if until and at.now < until else None


def vault_unread(case: Case, at: Situation) -> str | None:
    """Not a judgement of the item: without its vault's word nothing is started."""
    reason = at.unread.get(case.history.vault)
    return f"its vault could not be read: {reason}" if reason else None


def storm(case: Case, at: Situation) -> str | None:
    group = at.storms.get(case.storm)
    if group is None or group.recovered:
        return None
    told = f"storm: {group.items} items of the vault fail with {case.cause.code}"
    if group.blocked_until and at.now < group.blocked_until:
        return f"{told}; the last canaries failed, new ones after {stamp(group.blocked_until)}"
    if group.running + at.taken[case.storm] >= at.options.canaries:
        return f"{told}; waiting for a canary to complete"
    return None


def no_room(case: Case, at: Situation) -> str | None:
    busy = at.running.get(case.history.vault, 0) + at.taken[case.history.vault]
    if busy >= at.options.max_per_vault:
        return f"no room in the vault: {busy} backups run or start, max_per_vault={at.options.max_per_vault}"
    started = at.taken["run"]
    return f"no room in the run: max_triggers={at.options.max_triggers}" if started >= at.options.max_triggers else None


Rule = Callable[[Case, Situation], "str | None"]

OF_THE_ITEM: tuple[Rule, ...] = (
    succeeded_since, running_now, source_gone, protection_stopped, not_ours, cancelled_by_a_person, needs_a_human,
    heals_itself, unknown_cause, opted_out, quiet_hours, scheduled_soon, budget_spent, backing_off,
)  # fmt: skip
RULES: tuple[Rule, ...] = (*OF_THE_ITEM, vault_unread, storm, no_room)
"""Reasons not to retry, in the order an operator would ask; the first that holds is given."""


def decide(cases: Iterable[Case], at: Situation, rules: Sequence[Rule] = RULES) -> list[Decision]:
    """Judge every case, the one furthest past its RPO first, so that room and canaries go to those."""
    return [judge(case, at, rules) for case in sorted(cases, key=lambda case: urgency(case, at.now))]


def judge(case: Case, at: Situation, rules: Sequence[Rule]) -> Decision:
    for rule in rules:
        reason = rule(case, at)
        if reason:
            return Decision(case, False, rule.__name__, reason)
    at.taken.update([case.history.vault, case.storm, "run"])
    named_by = "retry_codes" if named(case, at.options.retry_codes) else f"cause {case.cause.cause}"
    return Decision(case, True, named_by, f"{case.cause.code}: {case.cause.remedy}")


def cases_of(histories: Iterable[History], since: datetime, now: datetime) -> list[Case]:
    """The newest failure of each item speaks for it; a failed backup before any other failed job."""
    cases = []
    for history in histories:
        failed = [job for job in history.jobs if job.started >= since and job.failure]
        newest = next((job for job in failed if job.is_backup), failed[0] if failed else None)
        if newest and newest.failure:
            cases.append(Case(history, newest, newest.failure, history.attempts(now)))
    return cases


def back_off_end(case: Case, at: Situation) -> datetime | None:
    """From the end of the last attempt, doubling; a scheduled failure starts one only where something else ran."""
    if case.attempts:
        last = max(job.until for job in case.attempts)
        return last + at.options.backoff * 2 ** (len(case.attempts) - 1)
    return case.failure.until + at.options.backoff if case.cause.cause == "wait" else None


def storms_of(cases: Iterable[Case], at: Situation, items_in: Callable[[str], int]) -> dict[tuple[str, str], Storm]:
    groups: dict[tuple[str, str], list[Case]] = defaultdict(list)
    for case in cases:
        if case.failure.is_backup:
            groups[case.storm].append(case)
    storms = {}
    for (vault, code), group in groups.items():
        failing = [case for case in group if not succeeded_since(case, at)]
        if len(failing) >= max(at.options.storm_min, at.options.storm_share * items_in(vault)):
            storms[vault, code] = storm_of(group, failing, at)
    return storms


def storm_of(group: Sequence[Case], failing: Sequence[Case], at: Situation) -> Storm:
    newest = max(case.failure.until for case in group)
    backups = [job for case in group for job in case.history.backups]
    ends = [end for case in failing if case.attempts and (end := back_off_end(case, at))]
    return Storm(
        items=len(failing),
        running=sum(job.is_running for job in backups),
        recovered=any(job.succeeded and job.started >= newest for job in backups),
        blocked_until=max(ends, default=None),
    )


def named(case: Case, codes: Iterable[str]) -> bool:
    """By name in any casing, or by number."""
    listed = {code.lower() for code in codes}
    return bool(listed & {case.cause.code.lower(), *map(str, case.cause.numbers)})


def urgency(case: Case, now: datetime) -> tuple[float, datetime, str]:
    age = rpo_age(case.history.item, now)
    overdue = (age - rpo(case.history.policy)).total_seconds() if age is not None else float("inf")
    return -overdue, case.failure.until, case.history.key


# -- Run: read, decide, start, tell ---------------------------------------------------------------

SECONDS_TO_SETTLE = 120.0
START_RIGHT = "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems/backup/action"


class Vaults(Protocol):
    """What a retry asks of Azure."""

    running: Mapping[str, int]
    unread_vaults: Mapping[str, str]

    def failing(self, since: datetime, until: datetime) -> list[History]: ...
    def confirm(self, names: Iterable[str]) -> list[History]: ...
    def items_in(self, name: str) -> int: ...
    def start(self, item: Item, keep_until: datetime) -> Start: ...
    def settle(self, starts: Iterable[Start]) -> list[Start]: ...
    def follow(self, starts: Iterable[Start], span: timedelta) -> Iterator[tuple[Start, Job]]: ...


def judged(options: Params, vaults: Vaults, now: datetime) -> list[Decision]:
    """Decide on what Resource Graph tells, ask the vaults of all that might be retried, and decide again."""
    since = now - options.window
    cases = cases_of(vaults.failing(since, now), since, now)
    first = decide(cases, Situation(now, options), OF_THE_ITEM)
    doubtful = [one.case for one in first if one.retry or one.case.cause.code == NONE_GIVEN]
    cases = cases_of(vaults.confirm({case.history.vault for case in doubtful}), since, now)
    at = Situation(now, options, running=vaults.running, unread=vaults.unread_vaults)
    at.storms = storms_of(cases, at, vaults.items_in)
    return decide(cases, at)


def run(session: Session[Params]) -> None:
    vaults = Backups(session.arm, session.options, session.options.vaults)
    retry(session, vaults)
    session.unread(vaults.unread)
    session.raise_if_partial(session.counts["decided"])


def retry(session: Session[Params], vaults: Vaults) -> None:
    decisions = judged(session.options, vaults, session.started)
    session.counts["decided"] = len(decisions)
    starts = {} if session.options.dry_run else started(session, vaults, decisions)
    session.tell([told(session, one, starts.get(one.case.history.key)) for one in decisions])
    for start, job in vaults.follow(starts.values(), session.options.follow):
        session.counts[f"then_{job.status.lower()}"] += 1
        (warn if job.failed else say)(job.status.lower(), item=start.item.name, job=job.name)


def started(session: Session[Params], vaults: Vaults, decisions: Iterable[Decision]) -> dict[str, Start]:
    """Start them one by one while there is time to learn what becomes of them; then learn it together."""
    starts: list[Start] = []
    for decision in decisions:
        history = decision.case.history
        if not decision.retry or history.item is None or session.arm.seconds_left < SECONDS_TO_SETTLE:
            continue
        default = WORKLOADS[decision.case.failure.workload].default_retention_days
        days = keep_days(history.policy, session.options.retention, default)
        starts.append(vaults.start(history.item, session.started + timedelta(days=days)))
    return {start.item.key: start for start in vaults.settle(starts)}


def told(session: Session[Params], decision: Decision, start: Start | None) -> dict[str, object]:
    """One object of the report."""
    verdict, rule, reason = outcome(session, decision, start)
    case, history = decision.case, decision.case.history
    age = rpo_age(history.item, session.started)
    overdue = age is None or age > rpo(history.policy)
    settled = verdict == "left" and rule in ("succeeded_since", "running_now", "source_gone", "not_ours")
    if rule == "needs_a_human" or verdict == "failed" or (overdue and not settled):
        session.attention.append(f"{verdict} {history.item.name if history.item else history.key}: {reason}")
    return {
        "item": history.item.id if history.item else None,
        "name": history.item.name if history.item else case.failure.item_name,
        "vault": history.vault,
        "subscription": subscription_of(history.vault),
        "workload": case.failure.workload,
        "verdict": verdict,
        "reason": reason,
        "rule": rule,
        "code": case.cause.code,
        "class": case.cause.cause,
        "remedy": case.cause.remedy,
        "job": case.failure.name,
        "new_job": start.job or None if start else None,
        "attempt": len(case.attempts) + (verdict in ("retried", "would retry")),
        "rpo_age_s": int(age.total_seconds()) if age is not None else None,
    }


def outcome(session: Session[Params], decision: Decision, start: Start | None) -> tuple[str, str, str]:
    """Verdict, rule and reason, once it is known what became of the decision."""
    if not decision.retry:
        return "left", decision.rule, decision.reason
    if session.options.dry_run:
        return "would retry", decision.rule, decision.reason
    if start is None:
        session.counts["out_of_time"] += 1
        return "left", "out_of_time", f"max_minutes={session.options.max_minutes} is over; the next run takes it"
    return ("failed", decision.rule, start.refusal) if start.refusal else ("retried", decision.rule, decision.reason)


def check(session: Session[Params]) -> None:
    """Say what this identity can see and start."""
    vaults = Backups(session.arm, session.options, session.options.vaults)
    check_rights(session, vaults, START_RIGHT, "Backup Operator")
    session.unread(vaults.unread)
    session.raise_if_partial(0)


RUNBOOK = Runbook("auto_retry", "Retry failed backups whose cause is known to pass.", Params, run, check)

if __name__ == "__main__":
    sys.exit(main(RUNBOOK, sys.argv[1:]))
