"""The charts of a report: how things were on each day, and what to see in it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Final

from backupkit.charts import Chart, Series, bars, shares
from backupkit.report_facts import Facts
from backupkit.report_sums import covered_of, good_of
from backupkit.wording import counted, day, grouped, percent

OUTCOMES: Final = {
    "failed": "failed",
    "cancelled": "cancelled",
    "warned": "with warnings",
    "succeeded": "succeeded",
    "running": "still running",
}
"""From the bottom up, so that failures stand on the ground and can be compared."""


def coverage(facts: Facts) -> tuple[Chart, ...]:
    """Nothing, where there is but one day of it."""
    days, per_day = list(facts.coverage.days), list(facts.coverage.days.values())
    if len(days) < 2:
        return ()
    values = tuple(_part(counts["protected"], covered_of(counts)) for counts in per_day)
    bare = tuple(float(counts["unprotected"]) for counts in per_day)
    says = (
        f"{percent(values[-1] or 0, 1)} on {day(days[-1])}, {percent(values[0] or 0, 1)} on {day(days[0])}."
    )
    return (
        shares("covered-chart", "Resources covered", says, days, Series("covered", "line", values)),
        _count("bare-chart", "Resources without a backup", days, Series("unprotected", "count", bare)),
    )


def late(facts: Facts) -> tuple[Chart, ...]:
    """Nothing, where there is but one day of it."""
    if len(facts.snapshots) < 2:
        return ()
    days = [one.day for one in facts.snapshots]
    held = tuple(_part(one.protected - one.past - one.never, one.protected) for one in facts.snapshots)
    past = tuple(float(one.past) for one in facts.snapshots)
    says = f"{percent(held[-1] or 0, 1)} on {day(days[-1])}, {percent(held[0] or 0, 1)} on {day(days[0])}."
    return (
        shares("within-chart", "Items within their RPO", says, days, Series("within RPO", "line", held)),
        _count("past-chart", "Items past their RPO", days, Series("past RPO", "count", past)),
    )


def _count(ident: str, title: str, days: list[str], series: Series) -> Chart:
    first, newest = int(series.values[0] or 0), int(series.values[-1] or 0)
    moved = (
        f"{grouped(abs(newest - first))} {'more' if newest > first else 'fewer'} than"
        if newest != first
        else "as"
    )
    return bars(
        ident, title, f"{grouped(newest)} on {day(days[-1])}, {moved} on {day(days[0])}.", days, [series]
    )


def backups(facts: Facts) -> tuple[Chart, ...]:
    if not facts.jobs.days:
        return ()
    per_day = [facts.jobs.days.get(name) for name in facts.days]
    share = tuple(_part(*good_of(counts)) if counts else None for counts in per_day)
    line = shares(
        "share-chart",
        "Success share of backups",
        _between(share),
        facts.days,
        Series("succeeded", "line", share),
    )
    failed = sum(counts["failed"] for counts in facts.jobs.days.values())
    says = f"{counted(failed, 'backup')} failed in {counted(len(facts.jobs.days), 'day')}."
    stack = bars("jobs-chart", "Backups by outcome", says, facts.days, _stack(per_day))
    hrefs = tuple(f"#day-{name}" if name in facts.jobs.days else "" for name in facts.days)
    return (replace(line, hrefs=hrefs), replace(stack, hrefs=hrefs))


def _stack(per_day: list[Counter[str] | None]) -> list[Series]:
    """Those outcomes that there were; succeeded and failed in any case."""
    found = [
        Series(name, style, tuple(None if counts is None else float(counts[style]) for counts in per_day))
        for style, name in OUTCOMES.items()
    ]
    return [one for one in found if any(one.values) or one.style in ("failed", "succeeded")]


def _between(share: tuple[float | None, ...]) -> str:
    known = [value for value in share if value is not None]
    if not known:
        return "No backup has ended yet."
    least, most = percent(min(known), 1), percent(max(known), 1)
    return (
        f"{least} each day so far." if least == most else f"From {least} to {most}; the last day is not over."
    )


def _part(part: int, whole: int) -> float | None:
    return part / whole if whole else None
