"""A decision about a failed backup, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from backupkit.evidence import Case, History, cases_of, confirmed
from backupkit.failures import NONE_GIVEN
from backupkit.policies import keep_until
from backupkit.records import Policy
from backupkit.reports import backup_entry
from backupkit.starts import Start, Wanted


@dataclass(frozen=True)
class Decision:
    case: Case
    retry: bool
    rule: str
    reason: str


@dataclass(frozen=True)
class Known:
    """What else is known: backups that run, by vault, and why a vault or an item was not read or recalled."""

    running: Mapping[str, int] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)
    unrecalled: Mapping[str, str] = field(default_factory=dict)


class Evidence(Protocol):
    """What there is to be known of failed backups, and how it is come by."""

    @property
    def remembers(self) -> bool: ...
    def failing(self, since: datetime, until: datetime) -> list[History]: ...
    def confirm(self, names: Iterable[str]) -> list[History]: ...
    def recall(self, cases: Sequence[Case], keys: Collection[str]) -> list[Case]: ...
    def asked_for(self, history: History) -> bool: ...
    def prove(self, cases: Iterable[Case]) -> dict[str, Case]: ...


def judged(
    evidence: Evidence,
    since: datetime,
    now: datetime,
    decide: Callable[[Sequence[Case]], list[Decision]],
    promising: Callable[[Iterable[Case]], set[str]],
) -> list[Decision]:
    """Decide on what Resource Graph tells, ask further of all that might be retried, and decide again.

    Asked are the vaults, then the ledger, at last the recovery points of those databases that would be
    retried, until no answer is new. `promising` names items that may yet be retried.
    """
    cases = cases_of(evidence.failing(since, now), since, now)
    maybe = promising(cases)
    doubtful = [one.history for one in cases if one.history.key in maybe or one.cause.code == NONE_GIVEN]
    cases = confirmed(cases, evidence.confirm({history.vault for history in doubtful}), since, now)
    if evidence.remembers:
        cases = evidence.recall(cases, promising(cases))
    while True:
        decisions = decide([case for case in cases if evidence.asked_for(case.history)])
        proved = evidence.prove(one.case for one in decisions if one.retry)
        if not proved:
            return decisions
        cases = [proved.get(case.history.key, case) for case in cases]


def untried(case: Case) -> Case:
    """As if nothing had been tried, for what must be asked before the ledger is."""
    return replace(case, history=replace(case.history, ledger=()), attempts=())


def to_start(case: Case, retention: str, now: datetime) -> Wanted:
    """The backup that a retry of this case asks for."""
    assert case.history.item is not None
    policy = case.history.policy or Policy("")
    until = keep_until(policy, retention, case.workload, case.kind, now)
    return Wanted(case.history.item, case.kind, until, policy.compressed, policy.rule, policy.tag)


def all_told(
    decisions: Iterable[Decision], starts: Mapping[str, Start], now: datetime, *, dry_run: bool
) -> list[dict[str, Any]]:
    """An object of the report for each decision, once it is known what became of it."""
    return [_told(one, starts.get(one.case.history.key), now, dry_run=dry_run) for one in decisions]


def _told(decision: Decision, start: Start | None, now: datetime, *, dry_run: bool) -> dict[str, Any]:
    case, verdict, rule, reason = decision.case, "left", decision.rule, decision.reason
    if decision.retry and dry_run:
        verdict = "would retry"
    elif decision.retry and start is None:
        rule, reason = "out_of_time", "max_minutes is over; the next run takes it"
    elif start and start.taken:
        rule, reason = "taken_by_another_run", "another run has written its intent since; that run tells"
    elif start:
        verdict, reason = ("failed", start.refusal) if start.refusal else ("retried", reason)
    return {
        **backup_entry(case, now),
        "verdict": verdict,
        "reason": reason,
        "rule": rule,
        "new_job": start.job or None if start else None,
        "attempt": len(case.attempts) + (verdict in ("retried", "would retry")),
    }
