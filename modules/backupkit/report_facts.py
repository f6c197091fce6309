"""All that a report tells of an export, read in one go: jobs, then the items they are of, then coverage."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from backupkit.export_reading import Export
from backupkit.export_schema import Record
from backupkit.item_sums import CoverageSums, ItemSums, Snapshot, snapshot
from backupkit.job_sums import Gathering, JobSums, Retries
from backupkit.times import stamp


class Measures(NamedTuple):
    """What counts as what; `rows` is how many a list shows, `alike` how many of one cause or day."""

    window: timedelta
    rows: int
    storm_min: int
    storm_share: float
    retry_within: timedelta
    subscriptions: frozenset[str] = frozenset()

    @property
    def alike(self) -> int:
        return max(5, self.rows // 8)


class Storm(NamedTuple):
    """`still` is how many items of the vault have that failure as their newest backup."""

    at: Gathering
    share: float
    still: int


@dataclass(frozen=True)
class Facts:
    """`days` are those of the window, the last one today; `newest` the snapshot of items, "" without any."""

    now: datetime
    export: Export
    measures: Measures
    days: tuple[str, ...]
    jobs: JobSums
    retries: Retries
    items: ItemSums
    coverage: CoverageSums
    snapshots: tuple[Snapshot, ...]
    storms: tuple[Storm, ...]
    newest: str
    covered: str

    @property
    def read(self) -> datetime | None:
        """When the export was read from Azure."""
        return self.items.read or self.export.last_run.ended


def gather(export: Export, measures: Measures, now: datetime, in_time: Callable[[], None]) -> Facts:
    """`in_time` raises where there is no time for one more file."""
    wanted = tuple(stamp(now - timedelta(days=back))[:10] for back in range(measures.window.days - 1, -1, -1))
    only = measures.subscriptions

    def rows(entity: str, day: str) -> Iterator[Record]:
        in_time()
        found = export.records(entity, day)
        return (row for row in found if row["subscription"] in only) if only else found

    jobs = JobSums(measures.rows, measures.alike, measures.storm_min)
    for day in export.dates("jobs", wanted[0]):
        jobs.add_day(day, rows("jobs", day))
    retries = jobs.retries(measures.retry_within)
    snapshots, items = _items(export, measures, jobs, rows, wanted[0])
    coverage = CoverageSums(measures.rows)
    covered = export.dates("coverage")
    for day in _trend(covered, wanted[0]):
        coverage.add_day(day, rows("coverage", day), newest=day == covered[-1])
    return Facts(
        now,
        export,
        measures,
        wanted,
        jobs,
        retries,
        items,
        coverage,
        snapshots,
        tuple(_storms(jobs.gatherings, items, measures)),
        snapshots[-1].day if snapshots else "",
        covered[-1] if covered else "",
    )


Rows = Callable[[str, str], Iterator[Record]]


def _items(
    export: Export, measures: Measures, jobs: JobSums, rows: Rows, since: str
) -> tuple[tuple[Snapshot, ...], ItemSums]:
    items = ItemSums(measures.rows, measures.alike)
    days = _trend(export.dates("items"), since)
    waiting: set[int] = set()
    snapshots = []
    for day in days[:-1]:
        waiting.clear()
        snapshots.append(snapshot(day, rows("items", day), waiting))
    if days:
        only_one = len(days) == 1
        items.add(rows("items", days[-1]), jobs, lambda item: not only_one and item not in waiting)
        snapshots.append(Snapshot(days[-1], items.protected, items.past.total, items.never.total))
    return tuple(snapshots), items


def _trend(days: list[str], since: str) -> list[str]:
    """The newest, and those of the window before it."""
    return [day for day in days if day >= since] or days[-1:]


def _storms(gatherings: Iterable[Gathering], items: ItemSums, measures: Measures) -> Iterator[Storm]:
    """The newest first, then the largest."""
    for at in sorted(gatherings, key=lambda one: (one.day, one.items), reverse=True):
        size = max(at.items, items.sizes[at.vault])
        if at.items / size >= measures.storm_share:
            yield Storm(at, at.items / size, items.together[at.vault, at.code])
