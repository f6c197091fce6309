"""What a policy promises: when it runs next, how far an item is past its RPO, how long a point is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, timezone

from backupkit.kinds import BACKUP_VAULTS, DATABASES, FULL, LOG, NAMES, makes_up_for
from backupkit.limits import WORKLOADS
from backupkit.records import Item, Policy, Schedule
from backupkit.times import zone

DAY = timedelta(days=1)
STARTS_WITHIN = timedelta(hours=2)
"""How long after its time a scheduled backup may begin
(learn.microsoft.com/azure/backup/backup-azure-vm-backup-faq)."""


def next_run(policy: Policy | None, now: datetime, kind: str = "") -> datetime | None:
    """The first scheduled run after `now` that makes up for a failed backup of this type.

    None where the policy's schedule or zone cannot be read. Schedule times stand in the policy's own zone,
    whatever letter follows them
    (learn.microsoft.com/azure/backup/backup-azure-arm-userestapi-createorupdatepolicy).
    """
    timetables = policy.schedules if policy else ()
    runs = (_runs(one, now, range(8)) for one in timetables if makes_up_for(one.kind, kind))
    return min((run for found in runs for run in found if run > now), default=None)


def kind_due(policy: Policy | None, at: datetime) -> str:
    """The type of a database's scheduled backup that nothing else tells but when it was.

    Where logs are backed up too they run far more often, so another type is meant only where one was due.
    """
    timetables = policy.schedules if policy else ()
    others = [one for one in timetables if one.kind in NAMES and one.kind != LOG]
    due = (
        (run, one.kind)
        for one in others
        for run in _runs(one, at, (-1, 0))
        if at - STARTS_WITHIN <= run <= at
    )
    _, kind = max(due, default=(at, LOG if any(one.kind == LOG for one in timetables) else FULL))
    return kind


def _runs(schedule: Schedule, at: datetime, days: Iterable[int]) -> list[datetime]:
    """Runs on these days from that of `at` on."""
    try:
        there = zone(schedule.zone_name)
    except ValueError:
        return []
    today = at.astimezone(there)
    runs = (
        (today + DAY * ahead).replace(hour=hour, minute=minute, second=0, microsecond=0)
        for ahead in days
        for hour, minute in schedule.times
        if (today + DAY * ahead).weekday() in schedule.days
    )
    return [run.astimezone(timezone.utc) for run in runs]


def rpo(policy: Policy | None) -> timedelta:
    """The backup frequency, which is what Microsoft calls the RPO; a day where no policy tells."""
    return min((one.every for one in policy.schedules), default=DAY) if policy else DAY


def rpo_age(item: Item | None, now: datetime) -> timedelta | None:
    """How old the newest recovery point is; None where none is known."""
    return now - item.last_recovery_point if item and item.last_recovery_point else None


def keep_until(policy: Policy | None, asked: str, workload: str, kind: str, now: datetime) -> datetime | None:
    """When a new recovery point may expire: as the policy says, or after a number of days such as `10d`.

    None where the service takes no date: a Backup vault keeps it as its tag says, and a database's backups
    other than a full one as long as the policy keeps those
    (learn.microsoft.com/azure/backup/manage-monitor-sql-database-backup#run-an-on-demand-backup).
    """
    if workload in BACKUP_VAULTS or (workload in DATABASES and kind != FULL):
        return None
    if asked != "policy":
        return now + timedelta(days=int(asked[:-1]))
    kept = (one.keep_days for one in policy.schedules if one.kind == kind) if policy else ()
    limits = WORKLOADS[workload]
    days = next((one for one in kept if one), limits.default_retention_days)
    return now + timedelta(days=max(days, limits.least_retention_days))


def too_short(asked: str, workloads: Iterable[str]) -> Iterator[str]:
    """What is wrong with keeping new recovery points of these workloads for `asked`, such as `10d`."""
    for workload in workloads if asked != "policy" else ():
        least = WORKLOADS[workload].least_retention_days
        if workload not in BACKUP_VAULTS and int(asked[:-1]) < least:
            what = "a full backup is" if workload in DATABASES else "a recovery point is"
            yield f"retention={asked} is too short for {workload}: {what} kept for {least} days at least"
