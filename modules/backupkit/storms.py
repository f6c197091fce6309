"""Many items of a vault failing alike: one cause, not many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from backupkit.evidence import Case
from backupkit.times import stamp


@dataclass(frozen=True)
class Alike:
    """When failures with one code are a storm: at least so many items, and such a share of the vault's."""

    least: int
    share: float
    items_in: Callable[[str], int]


@dataclass(frozen=True)
class Storm:
    """`recovered`: a backup of one of the items, started after the newest failure of all, has completed.

    `running` are backups of the items under way, `blocked_until` is the end of the last back-off among them.
    """

    items: int
    running: int
    recovered: bool
    blocked_until: datetime | None

    def holds_back(self, started: int, canaries: int, now: datetime) -> str | None:
        """Why one more of them is not tried, `started` of which are by this run."""
        if self.recovered:
            return None
        if self.blocked_until and now < self.blocked_until:
            return f"the last canaries failed, new ones after {stamp(self.blocked_until)}"
        return "waiting for a canary to complete" if self.running + started >= canaries else None


def storms(
    cases: Iterable[Case], alike: Alike, back_off: Callable[[Case], datetime | None]
) -> dict[tuple[str, str], Storm]:
    """The storms among the cases by vault and code."""
    groups: dict[tuple[str, str], list[Case]] = defaultdict(list)
    for case in cases:
        if case.failure.is_backup and case.history.item:
            for key in case.alike:
                groups[key].append(case)
    found = {}
    for (vault, code), group in groups.items():
        failing = [case for case in group if case.history.success_since(case.failure) is None]
        # Divided, since a product such as 0.07 * 100 is more than 7.
        if len(failing) >= alike.least and len(failing) / max(1, alike.items_in(vault)) >= alike.share:
            found[vault, code] = _storm(group, failing, back_off)
    return found


def _storm(
    group: Sequence[Case], failing: Sequence[Case], back_off: Callable[[Case], datetime | None]
) -> Storm:
    newest = max(case.failure.until for case in group)
    backups = [job for case in group for job in case.history.backups]
    return Storm(
        items=len(failing),
        running=sum(job.is_running for job in backups),
        recovered=any(_recovered(case, newest) for case in group),
        blocked_until=max(filter(None, map(back_off, failing)), default=None),
    )


def _recovered(case: Case, since: datetime) -> bool:
    done = case.history.success_since(case.failure)
    return done is not None and done.started >= since
