"""When a schedule runs, as `schedules.json` says it; readers raise `UnfitError`."""

from __future__ import annotations

import calendar
import functools
import re
import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time

from tzlocal.windows_tz import win_tz

from deployer.wording import UnfitError, did_you_mean, meant, quoted

UNITS = ("hour", "day", "week", "month")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
LAST_DAY = "last day"
IANA = {windows.lower(): zone for windows, zone in win_tz.items()}
"""A zone of IANA for each of Windows, whose names Azure takes and gives too."""


@dataclass(frozen=True)
class Every:
    """How often; Azure's most frequent is hourly, and it counts to 100."""

    count: int
    unit: str

    def __str__(self) -> str:
        return f"{self.count} {self.unit}{'s' * (self.count != 1)}"

    @classmethod
    def read(cls, text: str) -> Every:
        found = re.fullmatch(r"(?:(\d{1,6}) ?)?([a-z]+?)s?", text.lower(), re.ASCII)
        if found and found[2] in ("minute", "min"):
            raise UnfitError(
                "must be hours, days, weeks or months: Azure starts nothing more often than hourly, but "
                "several hourly schedules at different minutes do"
            )
        if not found or found[2] not in UNITS:
            raise UnfitError("must be such as '1 hour', '2 days', '1 week' or '3 months'")
        every = cls(int(found[1] or 1), found[2])
        if not 1 <= every.count <= 100:
            raise UnfitError(f"must be from 1 to 100 {every.unit}s")
        if text != str(every) and text != every.unit:
            raise UnfitError("must be such as '1 hour' or '2 hours'", meant(str(every)))
        return every


@dataclass(frozen=True)
class Weekday:
    name: str

    def __str__(self) -> str:
        return self.name

    def falls_on(self, day: date) -> bool:
        return WEEKDAYS[day.weekday()] == self.name


@dataclass(frozen=True)
class MonthDay:
    """A day of the month, -1 being its last; a month that lacks it is passed over."""

    number: int

    def __str__(self) -> str:
        return LAST_DAY if self.number == -1 else str(self.number)

    def falls_on(self, day: date) -> bool:
        return day.day == (_length(day) if self.number == -1 else self.number)


@dataclass(frozen=True)
class Occurrence:
    """A weekday counted within its month, -1 being the last."""

    nth: int
    weekday: str

    def __str__(self) -> str:
        word = next((word for word, number in ORDINALS.items() if number == self.nth), nth(self.nth))
        return f"{word} {self.weekday}"

    def falls_on(self, day: date) -> bool:
        if not Weekday(self.weekday).falls_on(day):
            return False
        return day.day + 7 > _length(day) if self.nth == -1 else (day.day - 1) // 7 + 1 == self.nth


Day = Weekday | MonthDay | Occurrence


def nth(number: int) -> str:
    """`1st`, `12th`, `23rd`."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if number in (11, 12, 13) else ending}"


def _length(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


DAYS: dict[str, Day] = {
    **{name: Weekday(name) for name in WEEKDAYS},
    **{str(number): MonthDay(number) for number in range(1, 32)},
    LAST_DAY: MonthDay(-1),
    **{f"{word} {name}": Occurrence(nth, name) for word, nth in ORDINALS.items() for name in WEEKDAYS},
}


def read_day(text: str) -> Day:
    if text not in DAYS:
        near = "" if text.isdigit() else did_you_mean(text, DAYS)
        raise UnfitError("must be such as 'Monday', '15' (from 1 to 31), 'last day' or 'first Monday'", near)
    return DAYS[text]


def unfit(every: Every, on: Sequence[Day]) -> str:
    """Why these days do not go with it; nothing if they do."""
    wanted: tuple[type[Day], ...] = {"week": (Weekday,), "month": (MonthDay, Occurrence)}.get(every.unit, ())
    if not wanted:
        return f"goes with weeks and months alone, and every is {str(every)!r}; leave it out" if on else ""
    if not on:
        example = '["Monday"]' if every.unit == "week" else '["1"], ["last day"] or ["first Monday"]'
        return f"is missing: every is {str(every)!r}, so say on which days, such as {example}"
    strangers = [quoted(str(day)) for day in on if not isinstance(day, wanted)]
    if strangers and every.unit == "week":
        return f"must be weekdays, since every is {str(every)!r}, got {', '.join(strangers)}"
    if strangers:
        return f"must say which of the month's, such as 'first {on[0]}', got {', '.join(strangers)}"
    if len({type(day) for day in on}) > 1:
        return "takes days of the month or weekdays of the month, not both; make two schedules of it"
    return "names a day twice" if len(set(on)) < len(on) else ""


def read_at(text: str) -> time:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text, re.ASCII):
        raise UnfitError("must be a time of day from 00:00 to 23:59, such as 06:30")
    return time.fromisoformat(text)


def read_date(text: str) -> date:
    """Within this century: later ones are written to say never, which leaving it out says too."""
    try:
        if re.fullmatch(r"20\d\d-\d\d-\d\d", text, re.ASCII):
            return date.fromisoformat(text)
    except ValueError as error:
        raise UnfitError("must be a day of the calendar") from error
    raise UnfitError("must be a date of this century, such as 2026-12-01; leave it out for none")


def read_zone(text: str) -> str:
    if zones().get(text.lower()) != text:
        known = IANA.get(text.lower())
        raise UnfitError(
            "must be a time zone of IANA, such as Etc/UTC or Europe/Berlin",
            meant(known) if known else did_you_mean(text, zones().values()),
        )
    return text


@functools.cache
def zones() -> dict[str, str]:
    """The zones of IANA that this machine knows, by their lower-cased names."""
    return {name.lower(): name for name in zoneinfo.available_timezones()}
