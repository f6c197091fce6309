"""What became of an item, and the jobs that tell of it.

No statistics of the causes of failed backups are public. The shares here are judgement: most
failures pass by themselves, a few machines fail every night until a person comes, and now and
then a vault has a bad night.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

from simulator.generate_dice import Shares, pick
from simulator.generate_records import BadNight
from simulator.generate_schedules import AS_OF, DAY, HOUR, MINUTE, Schedule

GOOD = ("Completed", "CompletedWithWarnings")


class Fate(Enum):
    """What became of an item."""

    HEALTHY = auto()
    NEW = auto()
    CONFIGURING = auto()
    STOPPED = auto()
    DELETED = auto()
    GONE = auto()
    BROKEN = auto()
    FAILING = auto()
    OVERDUE = auto()
    SUSPENDED = auto()
    FAILED = auto()
    RECOVERED = auto()
    RUNNING = auto()
    CANCELLED = auto()
    WARNED = auto()
    UNHEALTHY = auto()


COMMON: Shares[Fate] = (
    (Fate.NEW, 0.014),
    (Fate.STOPPED, 0.02),
    (Fate.DELETED, 0.014),
    (Fate.BROKEN, 0.003),
    (Fate.FAILING, 0.003),
    (Fate.OVERDUE, 0.006),
    (Fate.FAILED, 0.009),
    (Fate.RECOVERED, 0.008),
    (Fate.RUNNING, 0.005),
    (Fate.CANCELLED, 0.004),
    (Fate.WARNED, 0.008),
    (Fate.HEALTHY, 1.0),
)
ALWAYS_FAILS = (Fate.GONE, Fate.BROKEN, Fate.FAILING)
NEVER_RAN = (Fate.NEW, Fate.CONFIGURING)
ENDED = (Fate.STOPPED, Fate.DELETED, Fate.OVERDUE, Fate.SUSPENDED)
"""Whose backups ceased some days ago."""

_FAILS, _WARNS, _CANCELLED, _BY_PERSON, _RESTORED = 0.004, 0.02, 0.0008, 0.008, 0.004
"""Chances of an ordinary run: it fails, warns, is cancelled; a person adds a backup or a restore after it."""


@dataclass(frozen=True)
class Causes:
    """Codes of failures that pass, that last, and of sources that are gone; of warnings.

    `outage` is that of a bad night, where it is not the vault's.
    """

    passing: Shares[str]
    lasting: Shares[str]
    gone: Shares[str]
    warning: str = ""
    outage: str = "CloudInternalError"


OF_MACHINES = Causes(
    passing=(
        ("130001", 0.24),
        ("400002", 0.14),
        ("BackUpOperationFailedV2", 0.12),
        ("GuestAgentSnapshotTaskStatusError", 0.14),
        ("ExtensionSnapshotFailedNoNetwork", 0.1),
        ("ExtensionOperationFailedForManagedDisks", 0.08),
        ("ExtensionFailedVssWriterInBadState", 0.07),
        ("400001", 0.06),
        ("CopyingVHDsFromBackUpVaultTakingLongTime", 0.05),
    ),
    lasting=(
        ("400196", 0.3),
        ("400160", 0.2),
        ("UserErrorRpCollectionLimitReached", 0.14),
        ("UserErrorFsFreezeFailed", 0.1),
        ("400198", 0.08),
        ("UserErrorRequestDisallowedByPolicy", 0.07),
        ("ExtensionStuckInDeletionState", 0.06),
        ("499999", 0.05),
    ),
    gone=(("400136", 0.6), ("400094", 0.25), ("320001", 0.15)),
    warning="400158",
    outage="",
)


class Run(NamedTuple):
    """One job: `code` is "" unless it failed or warned, `user` whether a person started it."""

    start: float
    end: float
    status: str
    code: str
    user: bool
    operation: str

    @property
    def counts(self) -> bool:
        """Whether it moves its item: a backup that ended and was not cancelled."""
        return self.operation == "Backup" and self.status not in ("InProgress", "Cancelled")


@dataclass(frozen=True)
class Course:
    """What the history of an item follows from; `usual` is how long its backups take, in seconds."""

    fate: Fate
    schedule: Schedule
    causes: Causes
    usual: float
    bad_night: BadNight | None = None


class History(NamedTuple):
    """`runs` newest first, as many as asked for; `newest` and `good` may lie further back than these."""

    runs: list[Run]
    newest: Run | None
    good: Run | None


def history(course: Course, wanted: int, chance: random.Random) -> History:
    """The newest `wanted` runs, and the newest that counts and that made a recovery point."""
    listed, newest, good = list[Run](), None, None
    for run in _runs(course, chance):
        if len(listed) < wanted:
            listed.append(run)
        elif good:
            break
        if run.counts:
            newest = newest or run
            good = good or (run if run.status in GOOD else None)
    return History(listed, newest, good)


def _runs(course: Course, chance: random.Random) -> Iterator[Run]:
    """All runs, newest first, without end."""
    slot = course.schedule.newest()
    if course.fate in ENDED:
        slot = course.schedule.newest(slot - chance.uniform(3, 11) * DAY)
    failing = int(chance.uniform(4, 40)) if course.fate in ALWAYS_FAILS else 0
    code = _lasting(course, chance)
    first = _FIRST.get(course.fate)
    while True:
        start = slot + chance.random() * 20 * MINUTE
        slot -= course.schedule.every
        if start > AS_OF - 5 * MINUTE:
            continue
        if failing:
            failing -= 1
            yield _failed(start, code, chance)
        elif first:
            yield from first(course, start, chance)
            first = None
        else:
            yield from _night(course, start, chance)


def _lasting(course: Course, chance: random.Random) -> str:
    shares = course.causes.gone if course.fate is Fate.GONE else course.causes.lasting
    return pick(shares, chance.random())


def _night(course: Course, start: float, chance: random.Random) -> Iterator[Run]:
    """An ordinary scheduled run, and after it what a person did; newest first."""
    drawn = chance.random()
    if drawn < _BY_PERSON:
        yield from _by_person("Backup", start + 1.5 * HOUR, course, chance)
    elif drawn < _BY_PERSON + _RESTORED:
        yield from _by_person("Restore", start + 1.5 * HOUR, course, chance)
    storm = course.bad_night
    if storm and storm.since <= start < storm.until and chance.random() < storm.share:
        yield _failed(start, course.causes.outage or storm.code, chance)
        return
    drawn = chance.random()
    if drawn < _FAILS:
        yield _failed(start, pick(course.causes.passing, chance.random()), chance)
    elif drawn < _FAILS + _CANCELLED:
        yield _ended(start, "Cancelled", "", 12 * MINUTE, chance)
    elif drawn < _FAILS + _CANCELLED + _WARNS and course.causes.warning:
        yield _ended(start, "CompletedWithWarnings", course.causes.warning, course.usual, chance)
    else:
        yield _ended(start, "Completed", "", course.usual, chance)


def _by_person(operation: str, start: float, course: Course, chance: random.Random) -> Iterator[Run]:
    start += chance.random() * HOUR
    if start < AS_OF - 5 * MINUTE:
        yield _ended(start, "Completed", "", course.usual, chance)._replace(user=True, operation=operation)


def _ended(start: float, status: str, code: str, usual: float, chance: random.Random) -> Run:
    """One that should have ended by now if it were quick enough is still in progress."""
    end = start + usual * (0.7 + 0.6 * chance.random())
    if end > AS_OF:
        return Run(start, AS_OF, "InProgress", "", False, "Backup")
    return Run(start, end, status, code, False, "Backup")


def _failed(start: float, code: str, chance: random.Random) -> Run:
    """Failures take minutes, so that what started at least five ago has failed by now."""
    return Run(start, min(start + chance.uniform(60, 900), AS_OF - 1), "Failed", code, False, "Backup")


def _failed_once(course: Course, start: float, chance: random.Random) -> Iterable[Run]:
    yield _failed(start, pick(course.causes.passing, chance.random()), chance)


def _recovered(course: Course, start: float, chance: random.Random) -> Iterable[Run]:
    """It failed, and succeeded when a person tried again."""
    failed = _failed(start, pick(course.causes.passing, chance.random()), chance)
    retried = failed.end + 5 * MINUTE + chance.random() * HOUR
    again = Run(retried, retried + course.usual, "Completed", "", True, "Backup")
    return [again, failed] if again.end < AS_OF else [failed]


def _running(course: Course, start: float, chance: random.Random) -> Iterable[Run]:
    """Somebody started one a moment ago."""
    started = max(AS_OF - chance.uniform(2, 25) * MINUTE, start + MINUTE)
    yield Run(started, AS_OF, "InProgress", "", True, "Backup")
    # What was scheduled before has ended by then: two backups of an item never run at once.
    scheduled = Run(start, start + course.usual, "Completed", "", False, "Backup")
    if scheduled.end < started:
        yield scheduled


def _cancelled(course: Course, start: float, chance: random.Random) -> Iterable[Run]:
    yield Run(start, min(start + chance.uniform(4, 30) * MINUTE, AS_OF - 1), "Cancelled", "", False, "Backup")


def _warned(course: Course, start: float, chance: random.Random) -> Iterable[Run]:
    yield _ended(start, "CompletedWithWarnings", course.causes.warning, course.usual, chance)


_FIRST: dict[Fate, Callable[[Course, float, random.Random], Iterable[Run]]] = {
    Fate.FAILED: _failed_once,
    Fate.RECOVERED: _recovered,
    Fate.RUNNING: _running,
    Fate.CANCELLED: _cancelled,
    Fate.WARNED: _warned,
}
