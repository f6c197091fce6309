"""When the policies of Recovery Services vaults run, and how long they keep what they take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from backupkit.plain import mapping, mappings, text
from backupkit.records import Schedule
from backupkit.times import utc_or_none

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
EVERY_DAY = tuple(range(7))
DAYS_IN = {"days": 1, "weeks": 7, "months": 30, "years": 365}


def schedules(properties: Mapping[str, Any]) -> Iterator[Schedule]:
    """One of a VM's or share's policy; one for each type of backup of a database's."""
    zone = text(properties.get("timeZone") or mapping(properties.get("settings")).get("timeZone"))
    parts = mappings(properties.get("subProtectionPolicy"))
    for part in parts or [properties]:
        kind = text(part.get("policyType")).lower() if parts else ""
        yield _schedule(mapping(part.get("schedulePolicy")), mapping(part.get("retentionPolicy")), zone, kind)


def _schedule(schedule: Mapping[str, Any], retention: Mapping[str, Any], zone: str, kind: str) -> Schedule:
    times, days, every = _runs(schedule)
    own = text(mapping(schedule.get("hourlySchedule")).get("timeZone"))
    return Schedule(zone or own or "UTC", times, days, every, keep_days(retention), kind)


def _runs(schedule: Mapping[str, Any]) -> tuple[tuple[tuple[int, int], ...], tuple[int, ...], timedelta]:
    """V1 keeps times and days at the top, V2 under `<frequency>Schedule`; log backups have minutes."""
    minutes = schedule.get("scheduleFrequencyInMins")
    if isinstance(minutes, (int, float)) and minutes > 0:
        return (), EVERY_DAY, timedelta(minutes=minutes)
    frequency = text(schedule.get("scheduleRunFrequency")).lower()
    inner = {**schedule, **mapping(schedule.get(f"{frequency}Schedule"))}
    if frequency == "hourly":
        hours = int(inner.get("interval") or 4)
        return _hourly_times(inner, hours), EVERY_DAY, timedelta(hours=hours)
    named = (str(day).lower() for day in inner.get("scheduleRunDays") or ())
    days = tuple(_DAYS.index(day) for day in named if day in _DAYS)
    moments = filter(None, map(utc_or_none, inner.get("scheduleRunTimes") or ()))
    times = tuple((moment.hour, moment.minute) for moment in moments)
    if frequency == "weekly":
        return times, days, timedelta(days=7 / max(1, len(days)))
    return times, EVERY_DAY, timedelta(days=1)


def _hourly_times(inner: Mapping[str, Any], hours: int) -> tuple[tuple[int, int], ...]:
    start = utc_or_none(inner.get("scheduleWindowStartTime"))
    if not start:
        return ()
    span = int(inner.get("scheduleWindowDuration") or 24)
    # The window's end is a run too: Azure PowerShell counts window / interval + 1 points a day.
    starts = (start + timedelta(hours=hours * n) for n in range(span // max(1, hours) + 1))
    return tuple(dict.fromkeys((one.hour, one.minute) for one in starts))


def keep_days(retention: Mapping[str, Any]) -> int | None:
    """Days the daily (else weekly) points are kept, or all of them where there is one rule."""
    for part in (*(mapping(retention.get(name)) for name in ("dailySchedule", "weeklySchedule")), retention):
        duration = mapping(part.get("retentionDuration"))
        count = duration.get("count")
        if isinstance(count, (int, float)) and count > 0:
            return int(count) * DAYS_IN.get(str(duration.get("durationType") or "Days").lower(), 1)
    return None
