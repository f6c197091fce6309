"""The sums of a report as tables of a page: by kind, workload, day, cause and storm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from backupkit import report_lists as lists
from backupkit.item_sums import Failing
from backupkit.job_sums import ENDED, GOOD, Cause
from backupkit.page import Cell, Column, Row, Table
from backupkit.report_facts import Facts, Storm
from backupkit.report_lists import Heading, number
from backupkit.toplists import Top
from backupkit.wording import counted, day, moment, percent, weekday

VERDICTS: Final = ("protected", "unprotected", "unknown", "excluded")
CALLED: Final = {"warned": "With warnings", "running": "Still running"}
NO_FAILURE: Final = ""
"""The code under which items stand that are past their RPO though nothing failed."""
MOST_LISTS: Final = 40
"""Causes whose items have a list of their own."""
JOB_FILES: Final = "jobs/date=\u2026/"


def kinds(facts: Facts) -> Table:
    columns = (
        Column("Kind"),
        *(Column(one.capitalize(), number=True) for one in VERDICTS),
        Column("Covered", number=True),
    )
    links = {"unprotected": "#unprotected", "unknown": "#unknown"}
    rows = []
    for kind, counts in sorted(facts.coverage.kinds.items()):
        cells = [number(counts[one], links.get(one, "#files")) for one in VERDICTS]
        rows.append(Row((Cell(kind), *cells, Cell(percent(counts["protected"], covered_of(counts))))))
    return Heading("kinds", "By kind", empty="No resource was judged.").over(columns, rows, len(rows))


def covered_of(counts: Counter[str]) -> int:
    """What is to be covered: excluded resources are not."""
    return counts["protected"] + counts["unprotected"] + counts["unknown"]


def good_of(counts: Counter[str]) -> tuple[int, int]:
    """How many succeeded, and of how many that ended."""
    return sum(counts[one] for one in GOOD), sum(counts[one] for one in ENDED)


def workloads(facts: Facts) -> Table:
    shown = (*ENDED, "running")
    columns = (Column("Workload"), *_outcomes(shown), Column("Success share", number=True))
    rows = []
    for name, counts in sorted(facts.jobs.workloads.items()):
        cells = [number(counts[one], "#causes" if one == "failed" else "#by-day") for one in shown]
        rows.append(Row((Cell(name or "?"), *cells, Cell(percent(*good_of(counts))))))
    return Heading("workloads", "By workload", empty="No backups in the window.").over(
        columns, rows, len(rows)
    )


def days(facts: Facts) -> Table:
    """A row a day, the newest first; what failed has a list below, all the rest is in the day's file."""
    shown = (*ENDED, "running")
    columns = (Column("UTC day"), *_outcomes(shown), Column("Success share", number=True))
    rows = []
    for name in reversed(facts.days):
        counts = facts.jobs.days.get(name)
        if counts is not None:
            cells = [number(counts[one], f"#failed-{name}" if one == "failed" else "#files") for one in shown]
            so_far = "so far" if name == facts.days[-1] else ""
            share = Cell(percent(*good_of(counts)))
            rows.append(Row((Cell(weekday(name), note=so_far), *cells, share), f"day-{name}"))
    heading = Heading("by-day", "By day", empty="No backups in the window.", open=14)
    return heading.over(columns, rows, len(rows))


def _outcomes(shown: tuple[str, ...]) -> Iterator[Column]:
    return (Column(CALLED.get(one, one.capitalize()), number=True) for one in shown)


def failed(facts: Facts) -> Iterator[Table]:
    """The failed backups of each day that has any, the newest day first."""
    for name in reversed(facts.days):
        top = facts.jobs.failed.get(name)
        if top:
            title = f"{weekday(name)}: {counted(top.total, 'failed backup')}"
            yield lists.jobs(
                Heading(f"failed-{name}", title, facts.export.name("jobs", name), level=4, open=3), top
            )


def causes(facts: Facts) -> Table:
    """Those of the window, the ones that most items need somebody for first."""
    columns = (
        Column("Cause and what to do", wide=True),
        Column("Class"),
        Column("Fail now", number=True),
        Column("Items", number=True),
        Column("Jobs", number=True),
        Column("Last"),
    )
    found = ranked(facts)
    rows = [Row(tuple(_cause(cause, facts)), f"cause-{at}") for at, cause in enumerate(found)]
    heading = Heading("causes", "By cause", JOB_FILES, "No backup failed in the window.", open=12)
    return heading.over(columns, rows[: facts.measures.rows], len(rows))


def _cause(cause: Cause, facts: Facts) -> Iterator[Cell]:
    group = facts.items.failing.get(cause.code)
    now, then = failing_at(cause.code, facts), f"#failed-{cause.day}" if cause.day else ""
    yield Cell(cause.code, now if group else "", cause.remedy or cause.example or lists.NOTHING_KNOWN)
    yield Cell(cause.kind or "unknown", "#classes", tone="warn" if cause.kind == "human" else "plain")
    yield number(group.items if group else 0, now)
    yield number(cause.items, now if group else then)
    yield number(cause.jobs, then)
    yield Cell(moment(cause.last))


def ranked(facts: Facts) -> list[Cause]:
    """Causes of the window and of the items, in the order of the page."""
    known = dict(facts.jobs.causes)
    for code, failing in facts.items.failing.items():
        if code != NO_FAILURE and code not in known:
            known[code] = Cause(code, failing.kind, failing.remedy)
    none = Failing(Top(0))

    def weight(cause: Cause) -> tuple[int, int, int, int]:
        failing = facts.items.failing.get(cause.code, none)
        return failing.needs, failing.items, cause.items, cause.jobs

    return sorted(known.values(), key=weight, reverse=True)


def failing(facts: Facts) -> Iterator[Table]:
    """The items behind each cause."""
    where = facts.export.name("items", facts.newest)
    for code, at in listed(facts).items():
        group = facts.items.failing[code]
        title = f"{code or 'Past their RPO, though nothing failed'}: {counted(group.items, 'item')}"
        heading = Heading(f"failing-{at}", title, where, lead=group.remedy, level=4, open=5)
        yield lists.items(heading, group.top, alike=True)


def listed(facts: Facts) -> dict[str, int]:
    """The codes whose items have a list, and its number."""
    found = [cause.code for cause in ranked(facts) if cause.code in facts.items.failing][:MOST_LISTS]
    late = [NO_FAILURE] if NO_FAILURE in facts.items.failing else []
    return {code: at for at, code in enumerate([*found, *late])}


def failing_at(code: str, facts: Facts) -> str:
    """Where the items of a code are listed."""
    at = listed(facts).get(code)
    return "#causes" if at is None else f"#failing-{at}"


def storms(facts: Facts) -> Table:
    columns = (
        Column("Vault"),
        Column("Day"),
        Column("Cause and what to do", wide=True),
        Column("Items", number=True),
        Column("Of the vault", number=True),
        Column("Fail now", number=True),
    )
    rows = [Row(tuple(_storm(storm, facts))) for storm in facts.storms[: facts.measures.rows]]
    heading = Heading("storm-list", "Newest first", JOB_FILES, "No storm in the window.")
    return heading.over(columns, rows, len(facts.storms))


def _storm(storm: Storm, facts: Facts) -> Iterator[Cell]:
    at = storm.at
    yield Cell(at.vault_name)
    yield Cell(day(at.day), f"#day-{at.day}", f"{at.first[11:16]} \u2013 {at.last[11:16]}")
    yield Cell(at.code, failing_at(at.code, facts), facts.jobs.causes[at.code].remedy)
    yield number(at.items, f"#failed-{at.day}")
    yield Cell(percent(storm.share, 1))
    yield number(storm.still, failing_at(at.code, facts))
