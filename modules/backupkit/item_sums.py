"""What an export's items and its coverage come to; memory is that of the lists that are kept."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from backupkit.coverage import ERROR, NEVER
from backupkit.export_schema import Cell, Record
from backupkit.job_sums import NO_CODE, JobSums, Newest, seconds
from backupkit.times import utc_or_none
from backupkit.toplists import Top


class ItemLine(NamedTuple):
    """What a list shows of an item; `failed` is when its newest backup failed, if it did."""

    name: str
    workload: str
    vault: str
    subscription: str
    state: str
    point: str
    age_s: int
    rpo_s: int
    past_s: int
    failed: bool
    code: str
    kind: str
    remedy: str


@dataclass
class Failing:
    """Items whose newest backup failed with one code, or that are late without a failure to show."""

    top: Top[ItemLine]
    past: int = 0
    needs: int = 0
    remedy: str = ""
    kind: str = ""

    @property
    def items(self) -> int:
        return self.top.total


class Snapshot(NamedTuple):
    """What a day's items came to."""

    day: str
    protected: int
    past: int
    never: int


@dataclass
class ItemSums:
    """`needs` counts items that somebody has to look at, `human` those of them that are not late yet."""

    most: int
    most_alike: int
    states: Counter[str] = field(default_factory=Counter)
    protected: int = 0
    needs: int = 0
    human: int = 0
    fresh: int = 0
    sizes: Counter[str] = field(default_factory=Counter)
    failing: dict[str, Failing] = field(default_factory=dict)
    together: Counter[tuple[str, str]] = field(default_factory=Counter)
    subscriptions: set[str] = field(default_factory=set)
    read: datetime | None = None

    def __post_init__(self) -> None:
        self.past: Top[ItemLine] = Top(self.most)
        self.never: Top[ItemLine] = Top(self.most)
        self.at_risk: Top[ItemLine] = Top(self.most)

    def add(self, items: Iterable[Record], jobs: JobSums, is_new: Callable[[int], bool]) -> None:
        """`is_new` says by the hash of its key whether an item without a backup may wait for its first."""
        newest = ""
        for item in items:
            newest = max(newest, _text(item["read"]))
            self.subscriptions.add(_text(item["subscription"]))
            self.states[_text(item["state"])] += 1
            if item["protected"]:
                self.protected += 1
                self.sizes[_text(item["vault"])] += 1
                self._judge(item, jobs, is_new)
        self.read = utc_or_none(newest)

    def _judge(self, item: Record, jobs: JobSums, is_new: Callable[[int], bool]) -> None:
        key = _text(item["key"])
        newest = jobs.newest(key)
        failed, code = _failure(item, newest)
        past = item["past_rpo_s"] is not None
        never = item["state"] == NEVER and not is_new(hash(key))
        self.fresh += item["state"] == NEVER and not never
        if not (failed or past or never):
            return
        line = _line(item, failed, code, jobs)
        human = failed and line.kind == "human"
        self.needs += past or never or human
        self.human += human and not (past or never)
        if past:
            self.past.add(line.past_s, line)
        elif never:
            self.never.add((failed, line.age_s), line)
        elif failed:
            self.at_risk.add((human, line.age_s), line)
        if failed:
            self.together[_text(item["vault"]), code] += 1
        if failed or past:
            self._alike(line, past, past or never or human)

    def _alike(self, line: ItemLine, past: bool, needs: bool) -> None:
        known = self.failing.get(line.code)
        if known is None:
            known = Failing(Top(self.most_alike), remedy=line.remedy, kind=line.kind)
            self.failing[line.code] = known
        known.past += past
        known.needs += needs
        known.top.add((line.past_s, needs, line.age_s), line)


def _failure(item: Record, newest: Newest | None) -> tuple[bool, str]:
    """Whether the newest backup failed, and how: by a job, or by the item's own word if that is newer."""
    own = seconds(_text(item["last_backup"]))
    if newest and (own is None or newest.started >= own):
        failed, code = newest.failed, newest.code
    else:
        failed, code = _text(item["last_backup_status"]).lower() == "failed", ""
    failed = failed or item["state"] == ERROR
    return failed, (code or _text(item["error_code"]) or NO_CODE) if failed else ""


def _line(item: Record, failed: bool, code: str, jobs: JobSums) -> ItemLine:
    cause = jobs.causes.get(code)
    own = code == item["error_code"]
    return ItemLine(
        _text(item["name"]),
        _text(item["workload"]),
        _text(item["vault_name"]),
        _text(item["subscription_name"]) or _text(item["subscription"]),
        _text(item["state"]),
        _text(item["last_recovery_point"]),
        _whole(item["rpo_age_s"]),
        _whole(item["rpo_s"]),
        _whole(item["past_rpo_s"]),
        failed,
        code,
        (cause.kind if cause else "") or (_text(item["error_class"]) if own else ""),
        (cause.remedy if cause else "") or (_text(item["remedy"]) if own else ""),
    )


def snapshot(day: str, items: Iterable[Record], waiting: set[int] | None = None) -> Snapshot:
    """An older day; `waiting` gets the hashes of the items that had no backup then."""
    protected = past = never = 0
    for item in items:
        if item["protected"]:
            protected += 1
            past += item["past_rpo_s"] is not None
            if item["state"] == NEVER:
                never += 1
                if waiting is not None:
                    waiting.add(hash(item["key"]))
    return Snapshot(day, protected, past, never)


class ResourceLine(NamedTuple):
    """What a list shows of a resource."""

    name: str
    kind: str
    subscription: str
    group: str
    location: str
    state: str
    reason: str


@dataclass
class CoverageSums:
    """Verdicts by kind of resource, and by day."""

    most: int
    kinds: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    days: dict[str, Counter[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.lists: dict[str, Top[ResourceLine]] = {
            verdict: Top(self.most) for verdict in ("unprotected", "unknown")
        }

    def add_day(self, day: str, rows: Iterable[Record], newest: bool) -> None:
        counts = self.days.setdefault(day, Counter())
        for row in rows:
            verdict = _text(row["verdict"])
            counts[verdict] += 1
            if newest:
                self.kinds[_text(row["kind"])][verdict] += 1
                if verdict in self.lists:
                    self.lists[verdict].add(0, _resource(row))

    def total(self, verdict: str) -> int:
        return sum(counts[verdict] for counts in self.kinds.values())


def _resource(row: Record) -> ResourceLine:
    where = _text(row["subscription_name"]) or _text(row["subscription"])
    names = ("resource_group", "location", "state", "reason")
    return ResourceLine(_text(row["name"]), _text(row["kind"]), where, *(_text(row[name]) for name in names))


def _text(value: Cell) -> str:
    return value if isinstance(value, str) else ""


def _whole(value: Cell) -> int:
    return value if isinstance(value, int) else 0
