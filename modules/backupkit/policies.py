"""What a policy promises: when it runs next, how far an item is past its RPO, how long a point is kept."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from backupkit.limits import WORKLOADS
from backupkit.records import Item, Policy
from backupkit.times import zone

DAY = timedelta(days=1)


def next_run(policy: Policy | None, now: datetime) -> datetime | None:
    """The first scheduled run after `now`; None where the policy's schedule or zone cannot be read.

    Schedule times stand in the policy's own zone, whatever letter follows them
    (learn.microsoft.com/azure/backup/backup-azure-arm-userestapi-createorupdatepolicy).
    """
    if policy is None or not policy.times:
        return None
    try:
        there = zone(policy.zone_name)
    except ValueError:
        return None
    today = now.astimezone(there)
    runs = (
        (today + DAY * ahead).replace(hour=hour, minute=minute, second=0, microsecond=0)
        for ahead in range(8)
        for hour, minute in policy.times
        if (today + DAY * ahead).weekday() in policy.days
    )
    return min((run.astimezone(timezone.utc) for run in runs if run > now), default=None)


def rpo(policy: Policy | None) -> timedelta:
    """The backup frequency, which is what Microsoft calls the RPO; a day where no policy tells."""
    return policy.every if policy else DAY


def rpo_age(item: Item | None, now: datetime) -> timedelta | None:
    """How old the newest recovery point is; None where there is none."""
    return now - item.last_recovery_point if item and item.last_recovery_point else None


def keep_until(policy: Policy | None, asked: str, workload: str, now: datetime) -> datetime:
    """When a new recovery point may expire: as the policy says, or after a number of days such as `10d`."""
    if asked != "policy":
        days = int(asked[:-1])
    else:
        days = policy.keep_days if policy and policy.keep_days else WORKLOADS[workload].default_retention_days
    return now + timedelta(days=days)
