"""What an export's jobs come to, day by day, in memory that does not grow with their number.

Items are told apart by hashes of their keys. What needs the order of an item's jobs waits in a spool.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final, NamedTuple

from backupkit.export_schema import Cell, Record
from backupkit.spool import Spool
from backupkit.toplists import Top

GOOD: Final = ("succeeded", "warned")
ENDED: Final = (*GOOD, "failed", "cancelled")
OUTCOMES: Final = (*ENDED, "running", "other")
NO_CODE: Final = "no code given"
_BATCH: Final = 5_000
_EPOCH: Final = datetime.fromisoformat("1970-01-01")


class JobLine(NamedTuple):
    """What a list shows of a job."""

    item: str
    vault: str
    workload: str
    code: str
    outcome: str
    started: str
    ended: str
    on_demand: bool


class Newest(NamedTuple):
    """The newest backup of an item that ended."""

    started: int
    failed: bool
    code: str


class Gathering(NamedTuple):
    """Items of a vault that failed with one code on one UTC day."""

    day: str
    vault: str
    vault_name: str
    code: str
    items: int
    first: str
    last: str


@dataclass
class Cause:
    """A failure code: what is known of it, how many jobs had it and of how many items."""

    code: str
    kind: str = ""
    remedy: str = ""
    example: str = ""
    jobs: int = 0
    last: str = ""
    day: str = ""
    seen: set[int] = field(default_factory=set)

    @property
    def items(self) -> int:
        return len(self.seen)


@dataclass
class Retries:
    """Backups on demand that followed a failure of their item, by outcome; the failed and newest on top."""

    outcomes: Counter[str]
    top: Top[JobLine]

    @property
    def total(self) -> int:
        return self.outcomes.total()


class JobSums:
    """Jobs by day and outcome, causes, gatherings of failures.

    `most` retries are kept, and `most_a_day` failures of each day; a gathering has `least` items.
    """

    def __init__(self, most: int, most_a_day: int, least: int) -> None:
        self.days: dict[str, Counter[str]] = {}
        self.workloads: dict[str, Counter[str]] = defaultdict(Counter)
        self.others: Counter[tuple[str, str]] = Counter()
        self.failed: dict[str, Top[JobLine]] = {}
        self.causes: dict[str, Cause] = {}
        self.gatherings: list[Gathering] = []
        self._most = most
        self._most_a_day = most_a_day
        self._least = least
        self._codes: list[str] = []
        self._numbers: dict[str, int] = {}
        self._newest: dict[int, int] = {}
        self._together: dict[tuple[str, str], _Together] = {}
        self._spool = Spool()
        self._waiting: list[tuple[str, bytes]] = []
        self._events = 0

    def add_day(self, day: str, jobs: Iterable[Record]) -> None:
        counts = self.days.setdefault(day, Counter())
        self.failed[day] = Top(self._most_a_day)
        self._together = {}
        for job in jobs:
            outcome = str(job["outcome"] or "other")
            if not job["backup"]:
                self.others[_text(job["operation"]), outcome] += 1
                continue
            counts[outcome] += 1
            self.workloads[_text(job["workload"])][outcome] += 1
            if outcome in ENDED or job["on_demand"]:
                self._ended(day, job, outcome)
        self._close(day)

    def _ended(self, day: str, job: Record, outcome: str) -> None:
        started, code = _text(job["started"]), ""
        item = hash(job["item"] or job["key"])
        if outcome == "failed":
            code = str(job["error_code"] or NO_CODE)
            self._failure(day, job, item, code)
        at = seconds(started)
        if outcome in ENDED and outcome != "cancelled" and at is not None:
            packed = at << 16 | self._number(code)
            if packed > self._newest.get(item, 0):
                self._newest[item] = packed
        if job["on_demand"]:
            self._wait(item, started, json.dumps(_line(job, outcome)).encode())

    def _failure(self, day: str, job: Record, item: int, code: str) -> None:
        started = _text(job["started"])
        cause = self.causes.setdefault(code, Cause(code))
        if started >= cause.last or not cause.kind:
            cause.kind, cause.remedy = _text(job["error_class"]), _text(job["remedy"])
            cause.example, cause.last = _text(job["error_text"])[:400], max(started, cause.last)
        cause.day = max(day, cause.day)
        cause.jobs += 1
        cause.seen.add(item)
        top = self.failed[day]
        if top.wants(started):
            top.add(started, _line(job, "failed"))
        else:
            top.skip()
        group = self._together.setdefault((_text(job["vault"]), code), _Together(_text(job["vault_name"])))
        group.add(item, started)
        self._wait(item, _text(job["ended"]) or started, b"")

    def _number(self, code: str) -> int:
        """A code as a small number, 0 for none."""
        if not code:
            return 0
        if code not in self._numbers:
            self._codes.append(code)
            self._numbers[code] = len(self._codes)
        return min(self._numbers[code], 0xFFFF)

    def _wait(self, item: int, when: str, told: bytes) -> None:
        """For its turn in the order of the item's events; those with nothing told are failures.

        A backup on demand comes before a failure of the same second, which may be its own.
        """
        self._events += 1
        self._waiting.append((f"{item & (1 << 64) - 1:016x} {when} {not told:d} {self._events}", told))
        if len(self._waiting) >= _BATCH:
            self._spool.add(self._waiting)
            self._waiting = []

    def _close(self, day: str) -> None:
        for (vault, code), group in self._together.items():
            if len(group.items) >= self._least:
                told = (group.vault_name, code, len(group.items), group.first, group.last)
                self.gatherings.append(Gathering(day, vault, *told))
        self._together = {}

    def newest(self, item: str) -> Newest | None:
        packed = self._newest.get(hash(item))
        if packed is None:
            return None
        number = packed & 0xFFFF
        return Newest(packed >> 16, number > 0, self._codes[number - 1] if number else "")

    def retries(self, within: timedelta) -> Retries:
        """Backups on demand of items that had failed, and what became of them."""
        self._spool.add(self._waiting)
        self._waiting = []
        found = Retries(Counter(), Top(self._most))
        for _, events in groupby(self._spool, key=lambda event: event[0][:16]):
            for line in _following(events, within.total_seconds()):
                found.outcomes[line.outcome] += 1
                found.top.add((line.outcome == "failed", line.started), line)
        self._spool.close()
        return found


def _following(events: Iterable[tuple[str, bytes]], within: float) -> Iterator[JobLine]:
    """Of the events of an item in their order, the backups on demand soon after a failure."""
    failed: int | None = None
    for key, told in events:
        at = seconds(key[17:37])
        if not told:
            failed = at
        elif failed is not None and at is not None and at - failed <= within:
            yield JobLine(*json.loads(told))


class _Together:
    """What fails alike on one day."""

    __slots__ = ("first", "items", "last", "vault_name")

    def __init__(self, vault_name: str) -> None:
        self.vault_name = vault_name
        self.items: set[int] = set()
        self.first = "9"
        self.last = ""

    def add(self, item: int, started: str) -> None:
        self.items.add(item)
        self.first, self.last = min(self.first, started), max(self.last, started)


def _line(job: Record, outcome: str) -> JobLine:
    return JobLine(
        item=_text(job["item_name"]),
        vault=_text(job["vault_name"]),
        workload=_text(job["workload"]),
        code=_text(job["error_code"]),
        outcome=outcome,
        started=_text(job["started"]),
        ended=_text(job["ended"]),
        on_demand=bool(job["on_demand"]),
    )


def seconds(stamp: str) -> int | None:
    """Since 1970, of a stamp of the export."""
    try:
        since = datetime.fromisoformat(stamp[:19]) - _EPOCH
    except ValueError:
        return None
    return since.days * 86_400 + since.seconds


def _text(value: Cell) -> str:
    return value if isinstance(value, str) else ""
