"""What a schedule says about time: zones, recurrence, and when it comes next."""

from __future__ import annotations

import calendar
import math
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import cache
from itertools import count, islice
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tzlocal.windows_tz import win_tz

from simulator import clock
from simulator.automation_rows import invalid

NEVER = "9999-12-31T23:59:59.9999999+00:00"
RECURRING = ("Hour", "Day", "Week", "Month")
LONGEST_INTERVAL = 100
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_OCCURRENCES = (-1, 1, 2, 3, 4, 5)
_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)")
_STEPS = 500
"""More steps than any rule needs to come to its next day; one that has none by then has none."""


@cache
def zone(name: str) -> tzinfo:
    """By a name of IANA or of Windows, or as `UTC+08:00`.

    Raises:
        RefusedError: 400.
    """
    fixed = _OFFSET.fullmatch(name.removeprefix("UTC"))
    if fixed:
        return timezone(timedelta(minutes=offset(name)))
    try:
        return ZoneInfo(win_tz.get(name, name))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise invalid("timeZone", f"There is no time zone '{name}'.") from error


def moment(argument: str, given: Any, where: str) -> float:
    """Read a stamp; one without an offset is the zone's wall clock (inferred).

    Raises:
        RefusedError: 400.
    """
    text = str(given or "")
    try:
        read = clock.moment(text)
    except ValueError as error:
        raise invalid(argument, f"'{text}' is not a time such as 2026-11-22T03:00:00+01:00.") from error
    if text.endswith("Z") or _OFFSET.fullmatch(text[-6:]):
        return read
    return datetime.fromtimestamp(read, UTC).replace(tzinfo=zone(where)).timestamp()


def wall(at: float, where: str) -> str:
    """`2023-03-01T15:38:00+08:00`: what a clock of the zone shows, to the minute."""
    return datetime.fromtimestamp(at, zone(where)).isoformat(timespec="seconds")


def offset(stamp: str) -> float:
    """The minutes by which the clock of a stamp is ahead of UTC."""
    found = _OFFSET.fullmatch(stamp[-6:])
    if not found:
        return 0.0
    minutes = int(found[2]) * 60 + int(found[3])
    return float(-minutes if found[1] == "-" else minutes)


def recurrence(given: dict[str, Any]) -> dict[str, Any]:
    """`interval` and `frequency`.

    Raises:
        RefusedError: 400.
    """
    frequency, interval = given.get("frequency"), given.get("interval")
    if frequency == "OneTime":
        if interval is not None:
            raise invalid("interval", "A schedule of frequency OneTime has none.")
        return {"interval": None, "frequency": frequency}
    if frequency not in RECURRING:
        raise invalid("frequency", f"'{frequency}' is none of OneTime, {', '.join(RECURRING)}.")
    if not re.fullmatch(r"\d{1,3}", str(interval)) or not 1 <= int(str(interval)) <= LONGEST_INTERVAL:
        raise invalid("interval", f"It is a whole number from 1 to {LONGEST_INTERVAL}.")
    return {"interval": int(str(interval)), "frequency": frequency}


def advanced(given: dict[str, Any]) -> dict[str, Any] | None:
    """`advancedSchedule`, without what is empty.

    Raises:
        RefusedError: 400.
    """
    told = {name: one for name, one in (given.get("advancedSchedule") or {}).items() if one}
    if not told:
        return None
    strangers = set(told) - {"weekDays", "monthDays", "monthlyOccurrences"}
    if strangers:
        raise invalid("advancedSchedule", f"It has no {', '.join(sorted(strangers))}.")
    _check_frequency(told, str(given.get("frequency")))
    if not all(day in _DAYS for day in told.get("weekDays", ())):
        raise invalid("weekDays", f"They are of {', '.join(_DAYS)}.")
    if not all(day == -1 or day in range(1, 32) for day in told.get("monthDays", ())):
        raise invalid("monthDays", "They are from 1 to 31, or -1 for the last day.")
    for one in told.get("monthlyOccurrences", ()):
        if one.get("occurrence") not in _OCCURRENCES or one.get("day") not in _DAYS:
            raise invalid("monthlyOccurrences", "They have a weekday and an occurrence, -1 or 1 to 5.")
    return told


def _check_frequency(told: dict[str, Any], frequency: str) -> None:
    wanted = "Week" if "weekDays" in told else "Month"
    if frequency != wanted:
        raise invalid("advancedSchedule", f"{', '.join(told)} need the frequency {wanted}.")
    if len(told) > 1:
        raise invalid("advancedSchedule", f"{' and '.join(told)} exclude each other.")


def next_run(known: dict[str, Any], now: float) -> str | None:
    """The next start of a schedule after `now`, enabled or not (recorded so)."""
    where = str(known["timeZone"])
    first = clock.moment(known["startTime"])
    ends = math.inf if known["expiryTime"].startswith("9999") else clock.moment(known["expiryTime"])
    for at in islice(_starts(known, first, now, zone(where)), _STEPS):
        if at >= ends:
            break
        if at > now:
            return wall(at, where)
    return None


def _starts(known: dict[str, Any], first: float, now: float, where: tzinfo) -> Iterator[float]:
    """Starts in order, the first of them at or before `now` unless all are to come."""
    if known["frequency"] == "OneTime":
        yield first
    elif known["frequency"] == "Hour":
        step = known["interval"] * 3600.0
        skipped = max(0, math.floor((now - first) / step))
        yield from (first + number * step for number in count(skipped))
    else:
        begins = datetime.fromtimestamp(first, where)
        today = max(begins.date(), datetime.fromtimestamp(now, where).date())
        for day in _days(known, begins.date(), today):
            if day >= begins.date():
                yield datetime.combine(day, begins.time(), where).timestamp()


def _days(known: dict[str, Any], first: date, today: date) -> Iterator[date]:
    """Days of a rule, from the last period that began by today on."""
    rule = known["advancedSchedule"] or {}
    every: int = known["interval"]
    if known["frequency"] == "Day":
        skipped = (today - first).days // every * every
        yield from (first + timedelta(days=number) for number in count(skipped, every))
    elif known["frequency"] == "Week":
        monday = first - timedelta(days=first.weekday())
        wanted = sorted(_DAYS.index(day) for day in rule.get("weekDays", [_DAYS[first.weekday()]]))
        for week in count((today - monday).days // 7 // every * every, every):
            yield from (monday + timedelta(days=7 * week + day) for day in wanted)
    else:
        months = (today.year - first.year) * 12 + today.month - first.month
        for month in count(first.month - 1 + months // every * every, every):
            yield from _days_of(first.year + month // 12, month % 12 + 1, rule, first.day)


def _days_of(year: int, month: int, rule: dict[str, Any], day: int) -> list[date]:
    """A day that a month lacks is left out; -1 is the last."""
    last = calendar.monthrange(year, month)[1]
    if "monthlyOccurrences" in rule:
        found = [_occurrence(year, month, last, one) for one in rule["monthlyOccurrences"]]
        return sorted(one for one in found if one)
    wanted = {last if one == -1 else one for one in rule.get("monthDays", [day])}
    return [date(year, month, one) for one in sorted(wanted) if one <= last]


def _occurrence(year: int, month: int, last: int, one: dict[str, Any]) -> date | None:
    """The nth weekday of a month, if it has so many."""
    weekday = _DAYS.index(one["day"])
    days = [day for day in range(1, last + 1) if date(year, month, day).weekday() == weekday]
    nth = one["occurrence"]
    if nth == -1:
        return date(year, month, days[-1])
    return date(year, month, days[nth - 1]) if nth <= len(days) else None
