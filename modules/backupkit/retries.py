"""A decision about a failed backup, and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from backupkit.evidence import Case
from backupkit.policies import keep_until
from backupkit.records import Item
from backupkit.reports import backup_entry
from backupkit.vaults import Start


@dataclass(frozen=True)
class Decision:
    case: Case
    retry: bool
    rule: str
    reason: str


def untried(case: Case) -> Case:
    """As if nothing had been tried, for what must be asked before the ledger is."""
    return replace(case, history=replace(case.history, ledger=()), attempts=())


def to_start(case: Case, retention: str, now: datetime) -> tuple[Item, datetime]:
    """The item and when its new recovery point may expire."""
    assert case.history.item is not None
    return case.history.item, keep_until(case.history.policy, retention, case.failure.workload, now)


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
        **backup_entry(case.history, case.failure, case.cause, now),
        "verdict": verdict,
        "reason": reason,
        "rule": rule,
        "new_job": start.job or None if start else None,
        "attempt": len(case.attempts) + (verdict in ("retried", "would retry")),
    }
