"""The numbers at the head of a report, each with the list it leads to."""

from __future__ import annotations

from collections.abc import Iterator

from backupkit.page import Figure, Tone
from backupkit.report_facts import Facts
from backupkit.report_sections import became, ongoing
from backupkit.report_sums import NO_FAILURE, covered_of, good_of
from backupkit.wording import counted, day, grouped, percent


def figures(facts: Facts, good_share: float, fair_share: float) -> Iterator[Figure]:
    """A success share from `good_share` on is good, from `fair_share` on fair."""
    items = facts.items
    within = items.protected - items.past.total - items.never.total
    told = f"{grouped(within)} of {counted(items.protected, 'item')}"
    yield Figure("Within RPO", percent(within, items.protected), told, "#past", _all(within, items.protected))
    yield Figure(
        "Past RPO", grouped(items.past.total), _change(facts), "#past", _none(items.past.total, "bad")
    )
    told = "newest backup failed, RPO still holds"
    yield Figure("At risk", grouped(items.at_risk.total), told, "#risk", _none(items.at_risk.total, "warn"))
    yield _success(facts, good_share, fair_share)
    yield _covered(facts)
    failing = [group.items for code, group in items.failing.items() if code != NO_FAILURE]
    told = f"{counted(len(failing), 'cause')}, newest backup of each item"
    yield Figure("Items that failed", grouped(sum(failing)), told, "#causes", _none(sum(failing), "warn"))
    told = became(facts).rstrip(".") or "none in the window"
    yield Figure("Retries", grouped(facts.retries.total), told, "#retried")
    storms = len(ongoing(facts))
    told = f"{grouped(storms)} going on" if facts.storms else "in the window"
    yield Figure("Storms", grouped(len(facts.storms)), told, "#storm-list", "bad" if storms else "plain")


def _change(facts: Facts) -> str:
    if len(facts.snapshots) < 2:
        return f"and {grouped(facts.items.never.total)} never backed up"
    before, now = facts.snapshots[-2:]
    change = now.past - before.past
    if not change:
        return f"as on {day(before.day)}"
    return f"{'+' if change > 0 else chr(0x2212)}{grouped(abs(change))} since {day(before.day)}"


def _success(facts: Facts, good_share: float, fair_share: float) -> Figure:
    """Of the last day that is over."""
    over = [name for name in facts.jobs.days if name < facts.days[-1]]
    if not over:
        return Figure("Backups succeeded", "\u2013", "no day is over yet", "#days")
    counts = facts.jobs.days[over[-1]]
    good, ended = good_of(counts)
    share = good / ended if ended else 0.0
    tone: Tone = "good" if share >= good_share else "warn" if share >= fair_share else "bad"
    told = f"on {day(over[-1])}, {grouped(counts['failed'])} failed"
    href = f"#day-{over[-1]}"
    return Figure("Backups succeeded", percent(good, ended), told, href, tone if ended else "plain")


def _covered(facts: Facts) -> Figure:
    if not facts.covered:
        return Figure("Covered", "\u2013", "the export has no coverage", "#coverage", "unknown")
    whole = sum(covered_of(counts) for counts in facts.coverage.kinds.values())
    bare, unknown = facts.coverage.total("unprotected"), facts.coverage.total("unknown")
    told = f"{grouped(bare)} without a backup" + (f", {grouped(unknown)} not known" if unknown else "")
    tone: Tone = "unknown" if unknown else _none(bare, "warn") if whole else "plain"
    return Figure("Covered", percent(facts.coverage.total("protected"), whole), told, "#unprotected", tone)


def _all(part: int, whole: int) -> Tone:
    return "plain" if not whole else "good" if part == whole else "bad"


def _none(count: int, tone: Tone) -> Tone:
    return tone if count else "good"
