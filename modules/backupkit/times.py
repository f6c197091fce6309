"""Moments, zones and daily windows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timezone, tzinfo
from zoneinfo import ZoneInfo

NEVER = datetime(2001, 1, 1, tzinfo=timezone.utc)
"""The service's stamp for "has not happened": an item never backed up has it as its last backup time."""


def utc(text: str) -> datetime:
    """Read an ARM timestamp.

    ARM sends up to seven fractional digits and a `Z` or nothing; Python
    3.10's `fromisoformat` accepts neither. (`strptime` takes fifty times as
    long, and a page holds two thousand stamps.)
    """
    if len(text) < 19:
        return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)
    return datetime.fromisoformat(f"{text[:19]}+00:00")


def utc_or_none(text: object) -> datetime | None:
    """As `utc`; None for what is absent, unreadable or one of ARM's stamps for "never"."""
    try:
        moment = utc(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment and moment > NEVER and moment.year < 9999 else None


def stamp(moment: datetime) -> str:
    there = moment if moment.tzinfo is timezone.utc else moment.astimezone(timezone.utc)
    return there.isoformat()[:19] + "Z"


def zone(name: str) -> tzinfo:
    """A zone by IANA name, or by the Windows name that backup policies carry.

    Raises:
        ValueError: no such zone.
    """
    if name.upper() in ("UTC", "Z", ""):
        return timezone.utc
    from tzlocal.windows_tz import win_tz

    try:
        return ZoneInfo(win_tz.get(name, name))
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"a time zone such as Europe/Berlin, got {name!r}") from error


@dataclass(frozen=True)
class DailyWindow:
    """A span of every day, on the wall clock of a zone; it may pass midnight."""

    start: time
    end: time
    zone: tzinfo

    @classmethod
    def read(cls, text: str) -> DailyWindow:
        """Read `HH:MM-HH:MM@Zone`.

        Raises:
            ValueError: saying what it must be.
        """
        match = re.fullmatch(r"(\d\d:\d\d)-(\d\d:\d\d)@(\S+)", text, re.ASCII)
        if not match:
            raise ValueError("HH:MM-HH:MM@Zone, such as 08:00-18:00@Europe/Berlin")
        start, end = (_clock(part) for part in match.group(1, 2))
        if start == end:
            raise ValueError("a window whose ends differ")
        return cls(start, end, zone(match[3]))

    def holds(self, moment: datetime) -> bool:
        at = moment.astimezone(self.zone).time()
        if self.start < self.end:
            return self.start <= at < self.end
        return at >= self.start or at < self.end


def _clock(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError as error:
        raise ValueError("HH:MM-HH:MM@Zone with hours up to 23 and minutes up to 59") from error
