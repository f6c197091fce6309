"""A schedule as Azure holds it: what to ask for, what differs from it, and how people say it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tzlocal.windows_tz import tz_win

from deployer.cadence import DAYS, IANA, Day, Every, MonthDay, Occurrence, Weekday, nth, zones
from deployer.errors import DeployError
from deployer.shape import Schedule
from deployer.wording import listed

AHEAD = timedelta(minutes=10)
"""Azure refuses a start within five minutes, by its clock."""
DISABLED, ENABLED = "is disabled", "is enabled"
_DAYS_LOOKED_AT = 36_525  # 100 years: every hundredth month meets a leap day within fewer
_LAST_MINUTE = time(23, 59)
WINDOWS = {zone.lower(): windows.lower() for zone, windows in tz_win.items()}
"""The name that Windows has for a zone of IANA; it gives several the same."""

# -- What to ask for --------------------------------------------------------------------------------


def wanted(schedule: Schedule, now: datetime) -> dict[str, Any]:
    """The properties to PUT, without a description; they say when it starts next, `AHEAD` of now at least.

    Raises:
        DeployError: it would never start.
    """
    start = _next_start(schedule, now + AHEAD)
    zone = ZoneInfo(schedule.zone)
    ends = schedule.ends and datetime.combine(schedule.ends, _LAST_MINUTE, zone)
    if start is None or (ends and ends <= start):
        raise DeployError(f"{told(schedule)}: there is no such time to come; change it, or leave it out")
    properties = {
        "startTime": start.isoformat(),
        "interval": schedule.every.count,
        "frequency": schedule.every.unit.capitalize(),
        "timeZone": schedule.zone,
    }
    if ends:
        properties["expiryTime"] = ends.isoformat()
    if schedule.on:
        properties["advancedSchedule"] = _advanced(schedule)
    return properties


def _advanced(schedule: Schedule) -> dict[str, Any]:
    lists: dict[str, Any] = {
        "weekDays": [day.name for day in schedule.on if isinstance(day, Weekday)],
        "monthDays": [day.number for day in schedule.on if isinstance(day, MonthDay)],
        "monthlyOccurrences": [
            {"occurrence": day.nth, "day": day.weekday} for day in schedule.on if isinstance(day, Occurrence)
        ],
    }
    return {name: days for name, days in lists.items() if days}


def _next_start(schedule: Schedule, earliest: datetime) -> datetime | None:
    zone = ZoneInfo(schedule.zone)
    first = max(earliest.astimezone(zone).date(), schedule.starts or date.min)
    for number in range(first.toordinal(), first.toordinal() + _DAYS_LOOKED_AT):
        day = date.fromordinal(number)
        if _fits(schedule, day):
            for moment in _moments(schedule, day, zone):
                if moment.astimezone(UTC) >= earliest:
                    return moment
    return None


def _fits(schedule: Schedule, day: date) -> bool:
    if schedule.on and not any(one.falls_on(day) for one in schedule.on):
        return False
    if schedule.starts is None or schedule.every.unit == "hour":
        return True
    return _passed(schedule.every.unit, schedule.starts, day) % schedule.every.count == 0


def _passed(unit: str, since: date, day: date) -> int:
    """Days, weeks (from Monday) or months from one date to the other."""
    if unit == "month":
        return (day.year - since.year) * 12 + day.month - since.month
    if unit == "week":
        return (day - since + timedelta(since.weekday())).days // 7
    return (day - since).days


def _moments(schedule: Schedule, day: date, zone: ZoneInfo) -> Iterator[datetime]:
    """When it may start that day: never in the hour that a clock skips, twice in the one that it repeats."""
    for hour in _hours(schedule):
        for fold in (0, 1):
            moment = datetime.combine(day, schedule.at.replace(hour=hour, fold=fold), zone)
            if moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == moment.replace(tzinfo=None):
                yield moment


def _hours(schedule: Schedule) -> range:
    step = _hour_step(schedule.every)
    return range(schedule.at.hour % step, 24, step)


def _hour_step(every: Every) -> int:
    """Hours after which the same hours of the day come round."""
    return every.count if every.unit == "hour" and 24 % every.count == 0 else 24


# -- What differs -----------------------------------------------------------------------------------


def difference(schedule: Schedule, live: Mapping[str, Any]) -> str:
    """Why the properties that Azure gives are not what is wanted, or nothing.

    When it first ran does not count, so long as that was not before `starts`: only where in the hour, the
    day and its every so many days, weeks or months it runs.
    """
    every = _every_difference(schedule, live)
    start = _moment(live.get("startTime"), _zone_of(live, schedule))
    found = [
        every,
        _on_difference(schedule, live),
        _at_difference(schedule, start),
        _zone_difference(schedule, live),
        "" if every else _first_difference(schedule, start),
        _end_difference(schedule, live),
        _switch_difference(schedule, live),
    ]
    return ", ".join(filter(None, found))


def _every_difference(schedule: Schedule, live: Mapping[str, Any]) -> str:
    frequency = str(live.get("frequency") or "OneTime").lower()
    if frequency == "onetime":
        return f"once instead of every {schedule.every}"
    every = Every(int(live.get("interval") or 1), frequency)
    return "" if every == schedule.every else f"every {every} instead of {schedule.every}"


def _at_difference(schedule: Schedule, start: datetime | None) -> str:
    if start is None:
        return "without a start"
    step = _hour_step(schedule.every)
    hour_counts = schedule.every.unit != "hour" or 24 % schedule.every.count == 0
    same_hour = start.hour % step == schedule.at.hour % step or not hour_counts
    if start.minute == schedule.at.minute and same_hour:
        return ""
    form = ":%M" if step == 1 else "%H:%M"
    return f"at {start.strftime(form)} instead of {schedule.at.strftime(form)}"


def _first_difference(schedule: Schedule, start: datetime | None) -> str:
    """Whether it runs on the same days, weeks or months as a schedule that began on `starts`."""
    if not (start and schedule.starts):
        return ""
    first, unit, count = start.date(), schedule.every.unit, schedule.every.count
    in_step = unit == "hour" or _passed(unit, schedule.starts, first) % count == 0
    return "" if first >= schedule.starts and in_step else f"from {first} instead of {schedule.starts}"


def _on_difference(schedule: Schedule, live: Mapping[str, Any]) -> str:
    lists = live.get("advancedSchedule") or {}
    days: set[Day] = {Weekday(str(name).capitalize()) for name in lists.get("weekDays") or ()}
    days |= {MonthDay(int(number)) for number in lists.get("monthDays") or ()}
    for one in lists.get("monthlyOccurrences") or ():
        days.add(Occurrence(int(one["occurrence"]), str(one["day"]).capitalize()))
    if days == set(schedule.on):
        return ""
    return f"on {_named(days) or 'no day of its own'} instead of {_named(schedule.on) or 'none'}"


def _zone_difference(schedule: Schedule, live: Mapping[str, Any]) -> str:
    zone = str(live.get("timeZone") or "Etc/UTC")
    return "" if _same_zone(zone, schedule.zone) else f"in {zone} instead of {schedule.zone}"


def _same_zone(one: str, other: str) -> bool:
    one, other = one.lower(), other.lower()
    return one == other or WINDOWS.get(one) == other or WINDOWS.get(other) == one


def _end_difference(schedule: Schedule, live: Mapping[str, Any]) -> str:
    end = _moment(live.get("expiryTime"), _zone_of(live, schedule))
    ends = end.date() if end else None
    return "" if ends == schedule.ends else f"ends {ends or 'never'} instead of {schedule.ends or 'never'}"


def _switch_difference(schedule: Schedule, live: Mapping[str, Any]) -> str:
    if live.get("isEnabled", schedule.enabled) == schedule.enabled:
        return ""
    return DISABLED if schedule.enabled else ENABLED


def _zone_of(live: Mapping[str, Any], schedule: Schedule) -> ZoneInfo:
    """Its own, if it is known here: another zone is one difference, and not one of the time as well."""
    name = str(live.get("timeZone") or "Etc/UTC").lower()
    found = schedule.zone if _same_zone(name, schedule.zone) else IANA.get(name) or zones().get(name)
    return ZoneInfo(found or schedule.zone)


def _moment(text: Any, zone: ZoneInfo) -> datetime | None:
    """A stamp of Azure's by the clocks of a zone; the first and the last year of all mean none."""
    if not text:
        return None
    moment = datetime.fromisoformat(str(text))
    if moment.year in (MINYEAR, MAXYEAR):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(zone)


# -- How people say it ------------------------------------------------------------------------------


def told(schedule: Schedule) -> str:
    """`every Monday and Thursday at 06:30 Europe/Berlin`."""
    words = [_often(schedule), _at(schedule)]
    words += [f"from {schedule.starts}"] if schedule.starts else []
    words += [f"until {schedule.ends}"] if schedule.ends else []
    return " ".join(words) + ("" if schedule.enabled else ", not enabled")


def _often(schedule: Schedule) -> str:
    every, days = schedule.every, _named(schedule.on)
    if every.count > 1:
        return f"every {every}" + (f" on {days}" if days else "")
    if every.unit == "week":
        return f"every {days}"
    return f"{days} of every month" if every.unit == "month" else f"every {every.unit}"


def _at(schedule: Schedule) -> str:
    zone = "UTC" if schedule.zone in ("Etc/UTC", "UTC") else schedule.zone
    if schedule.every.unit != "hour":
        return f"at {schedule.at:%H:%M} {zone}"
    if schedule.every.count == 1:
        return f"at :{schedule.at:%M}"
    return f"counted from {schedule.at:%H:%M} {zone}"


def _named(days: Collection[Day]) -> str:
    """`Monday and Thursday`, `the 1st and the last day`; in the order of the calendar."""
    order = {day: number for number, day in enumerate(DAYS.values())}
    return listed([_name(day) for day in sorted(days, key=lambda day: order.get(day, len(order)))])


def _name(day: Day) -> str:
    if isinstance(day, Weekday):
        return day.name
    return f"the {nth(day.number)}" if isinstance(day, MonthDay) and day.number > 0 else f"the {day}"
