"""The lists of a report: items, jobs and resources as tables of a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from backupkit.estate import Unread
from backupkit.item_sums import ItemLine, ResourceLine
from backupkit.job_sums import JobLine, seconds
from backupkit.page import Cell, Column, Row, Table, Tone
from backupkit.plain import last
from backupkit.report_facts import Facts
from backupkit.toplists import Top
from backupkit.wording import grouped, moment, span

TONES: Final[dict[str, Tone]] = {"succeeded": "good", "warned": "warn", "failed": "bad"}
NOTHING_KNOWN: Final = "nothing is known of this code"


@dataclass(frozen=True)
class Heading:
    """What stands round a list: see Table."""

    id: str
    title: str
    rest: str = ""
    empty: str = ""
    lead: str = ""
    level: int = 3
    open: int = 10

    def over(self, columns: tuple[Column, ...], rows: Sequence[Row], total: int) -> Table:
        rest = self.rest if rows else ""
        shown = tuple(rows)
        return Table(
            self.id, self.title, columns, shown, total, rest, self.empty, self.lead, self.open, self.level
        )


def number(value: int, href: str = "") -> Cell:
    """A number and the list behind it; of nothing there is none."""
    return Cell(grouped(value), href if value else "")


def items(heading: Heading, top: Top[ItemLine], *, alike: bool = False) -> Table:
    """Those that failed `alike` need not say how."""
    columns = (
        Column("Item"),
        Column("Vault"),
        Column("Newest recovery point"),
        Column("Past RPO by", number=True),
        Column("Newest failure and what to do", wide=True),
    )
    shown = columns[: 4 if alike else 5]
    return heading.over(shown, [Row(tuple(_item(line))[: len(shown)]) for line in top], top.total)


def _item(line: ItemLine) -> Iterator[Cell]:
    yield Cell(line.name, note=line.workload)
    yield Cell(line.vault, note=line.subscription)
    age = f"{span(line.age_s)} old, due every {span(line.rpo_s)}" if line.point and line.rpo_s else ""
    yield Cell(moment(line.point) if line.point else "none yet", note=age)
    yield Cell(span(line.past_s) if line.past_s else "\u2013")
    if line.failed:
        yield Cell(line.code, note=line.remedy or NOTHING_KNOWN)
    else:
        yield Cell("no failure", note="the newest backup did not fail: see whether its schedule runs")


def jobs(heading: Heading, top: Top[JobLine]) -> Table:
    columns = (
        Column("Item"),
        Column("Vault"),
        Column("Started"),
        Column("Took", number=True),
        Column("Outcome"),
        Column("Cause", wide=True),
    )
    return heading.over(columns, [Row(tuple(_job(line))) for line in top], top.total)


def _job(line: JobLine) -> Iterator[Cell]:
    yield Cell(line.item or "?", note=line.workload)
    yield Cell(line.vault)
    yield Cell(moment(line.started), note="on demand" if line.on_demand else "")
    begun, ended = seconds(line.started), seconds(line.ended)
    yield Cell(span(ended - begun) if begun is not None and ended is not None else "\u2013")
    yield Cell(line.outcome, tone=TONES.get(line.outcome, "plain"))
    yield Cell(line.code or "\u2013")


def resources(heading: Heading, top: Top[ResourceLine]) -> Table:
    columns = (Column("Resource"), Column("Kind"), Column("Subscription"), Column("Why", wide=True))
    return heading.over(columns, [Row(tuple(_resource(line))) for line in top], top.total)


def _resource(line: ResourceLine) -> Iterator[Cell]:
    yield Cell(line.name)
    yield Cell(line.kind)
    yield Cell(line.subscription, note=", ".join(filter(None, (line.group, line.location))))
    yield Cell(line.reason)


def not_read(facts: Facts, doubtful: Sequence[Unread]) -> Table | None:
    """What was not read, and what was accepted not to be."""
    accepted = [one for one in facts.export.last_run.unread if one not in doubtful]
    if not doubtful and not accepted:
        return None
    rows = [Row((_scope(one.scope), Cell(one.reason))) for one in doubtful]
    rows += [
        Row((_scope(one.scope), Cell(one.reason, note="accepted with accept_unread"))) for one in accepted
    ]
    columns = (Column("What", wide=True), Column("Why", wide=True))
    heading = Heading("unread", "What was not read", lead="It is in none of the numbers below.", level=2)
    return heading.over(columns, rows[: facts.measures.rows], len(rows))


def _scope(scope: str) -> Cell:
    return Cell(called(scope), note=scope if "/" in scope else "")


def called(scope: str) -> str:
    """The short name of a scope."""
    return last(scope) or scope


def files(facts: Facts) -> Table:
    columns = (
        Column("File of the export", wide=True),
        Column("Rows read", number=True),
        Column("Rows written", number=True),
    )
    written = facts.export.last_run.rows
    rows = [
        Row((Cell(name), Cell(grouped(count)), Cell(grouped(written[name]) if name in written else "\u2013")))
        for name, count in sorted(facts.export.read.items())
    ]
    heading = Heading("files", "Files that were read", empty="No file was found.", open=3)
    return heading.over(columns, rows, len(rows))
