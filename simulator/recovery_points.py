"""Which recovery points a protected item has.

They follow from its completed backups, from `recovery_points` of the estate, and from what its row says of
the oldest and the last one where neither explains it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator import clock
from simulator.database_rows import has_logs
from simulator.recovery_kinds import backup_type
from simulator.recovery_matching import jobs_of
from simulator.recovery_rows import TABLE
from simulator.store import Row

if TYPE_CHECKING:
    from simulator.world import World

PARENTS = ("Full", "SnapshotFull")
"""What a Differential, an Incremental or a Log needs before it; a copy-only full is not among them."""
_GOOD = ("Completed", "CompletedWithWarnings")
_SAME_S = 0.001


@dataclass(frozen=True)
class Point:
    at: float
    type: str
    name: str


def of_item(world: World, item: Row) -> list[Point]:
    """Oldest first; `item` is as its vault knows it."""
    made = list(_of_backups(world, item))
    held = [found for found, _ in made]
    for found in (*_of_estate(world, item), *_of_row(world, item)):
        shown_by_job = any(start.at - _SAME_S <= found.at <= end + _SAME_S for start, end in made)
        if not shown_by_job and not _among(found, held):
            held.append(found)
    return sorted(held, key=lambda found: found.at)


def keep_last(world: World, item: Row) -> None:
    """Write down what the row alone tells, before the row comes to tell something else."""
    written = world.known.recovery_points.setdefault(str(item["id"]).lower(), [])
    held = list(_of_estate(world, item))
    written += [
        {"at": clock.stamp(found.at), "type": found.type, "name": found.name}
        for found in _of_row(world, item)
        if not _among(found, held)
    ]


def _among(found: Point, held: list[Point]) -> bool:
    return any(abs(found.at - other.at) <= _SAME_S for other in held)


def _of_backups(world: World, item: Row) -> Iterable[tuple[Point, float]]:
    """The point of each backup that completed, and when that ended."""
    for job in jobs_of(world, item):
        given = job["properties"]
        if given["status"] in _GOOD and str(given["operation"]).startswith("Backup"):
            start = clock.moment(given["startTime"])
            made = Point(start, backup_type(given["operation"]), _number(job["name"]))
            yield made, clock.moment(given["endTime"]) if given.get("endTime") else start


def _of_estate(world: World, item: Row) -> Iterable[Point]:
    key = str(item["id"]).lower()
    for index, entry in enumerate(world.known.recovery_points.get(key, [])):
        name = entry.get("name") or _number(f"{key}/{index}")
        yield Point(clock.moment(entry["at"]), entry.get("type", "Full"), name)


def _of_row(world: World, item: Row) -> Iterable[Point]:
    """A chain begins with its oldest point; after it the last of a database with a log schedule is a log."""
    given, key = item["properties"], str(item["id"]).lower()
    oldest, last = (
        (given.get("extendedInfo") or {}).get("oldestRecoveryPoint"),
        given.get("lastRecoveryPoint"),
    )
    if oldest and oldest != last:
        yield Point(clock.moment(oldest), "Full", _number(f"{key}/oldest"))
    if last:
        yield Point(clock.moment(last), "Log" if _has_logs(world, given) else "Full", _number(f"{key}/last"))


def _has_logs(world: World, given: dict[str, Any]) -> bool:
    policy = world.store.get(TABLE, str(given.get("policyId") or ""), world.now())
    return bool(policy and has_logs(policy["properties"] or {}))


def _number(text: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, text).int % 10**15)
