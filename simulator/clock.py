"""Stamps, in the client's clock.

Inside the simulator a moment is seconds since the epoch; ARM's text is made
and read here.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

_STAMP = re.compile(r"(?<![\d-])(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,7})?(Z|[+-]\d\d:\d\d)?(?![\d:])")
# A pattern that begins with a character is searched for twenty times as fast as one that looks behind first.
_MOVING = re.compile(
    r"(2(?<![\d-]2)\d{3}-\d\d-\d\d)T(\d\d):(\d\d):(\d\d)(\.\d{1,7})?(Z|[+-]\d\d:\d\d)?(?![\d:])"
)
_NEVER = "2001-01-01"
_EPOCH = date(1970, 1, 1)


def now() -> float:
    return time.time()


def stamp(moment: float, *, digits: int = 7) -> str:
    """ARM's usual form: seven digits of fraction and a Z."""
    whole = datetime.fromtimestamp(moment, UTC)
    fraction = f"{whole.microsecond:06d}0"[:digits]
    return whole.strftime("%Y-%m-%dT%H:%M:%S") + (f".{fraction}" if digits else "") + "Z"


def moment(text: str) -> float:
    """Read a stamp; without a zone it is UTC."""
    match = _STAMP.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not a timestamp such as 2026-11-22T03:00:00Z")
    whole, fraction, zone = match.groups()
    read = datetime.fromisoformat(whole + (zone or "Z").replace("Z", "+00:00"))
    return read.timestamp() + float(fraction or 0)


def shifted(text: str, seconds: float) -> str:
    """Move every stamp inside `text` (a JSON document, say) by `seconds`, each keeping its form.

    Stamps that mean "never" stay: 2001-01-01, and those before the year 2000 or after 2999,
    such as 0001-01-01, 1601-01-01 and 9999-12-31.
    """
    by = round(seconds * 1_000_000)
    return _MOVING.sub(lambda match: _moved(match, by), text) if by else text


def _moved(match: re.Match[str], by: int) -> str:
    """The stamp, moved by microseconds."""
    day, hours, minutes, seconds, fraction, zone = match.groups()
    if day == _NEVER:
        return match.group()
    whole = _midnight(day) + int(hours) * 3600 + int(minutes) * 60 + int(seconds)
    part = int(fraction[1:7].ljust(6, "0")) if fraction else 0
    whole, part = divmod(whole * 1_000_000 + part + by, 1_000_000)
    days, rest = divmod(whole, 86400)
    hour, rest = divmod(rest, 3600)
    text = f"{_date(days)}T{hour:02}:{rest // 60:02}:{rest % 60:02}"
    return text + (f".{part:06}0"[: len(fraction)] if fraction else "") + (zone or "")


@lru_cache(maxsize=4096)
def _midnight(day: str) -> int:
    """An estate has a million stamps and few days."""
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())


@lru_cache(maxsize=4096)
def _date(days: int) -> str:
    return (_EPOCH + timedelta(days=days)).strftime("%Y-%m-%d")


def iso_duration(seconds: float) -> str:
    """`PT1H2M3.4S`, as the jobs of Recovery Services carry it."""
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    text = f"{rest:.7f}".rstrip("0").rstrip(".")
    parts = (f"{int(hours)}H" if hours else "") + (f"{int(minutes)}M" if minutes else "")
    return f"{sign}PT{parts}{text}S"


def span(seconds: float) -> str:
    """`00:03:36.8815502`, after a day `1.02:03:04`, as Resource Graph has it of jobs of Backup vaults."""
    days, rest = divmod(round(seconds, 6), 86400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    day = f"{int(days)}." if days else ""
    fraction = f"{rest:010.7f}".removesuffix(".0000000")
    return f"{day}{int(hours):02d}:{int(minutes):02d}:{fraction}"


def walk_shift(value: Any, seconds: float) -> Any:
    """`shifted` for plain values already decoded."""
    if isinstance(value, str):
        return shifted(value, seconds)
    if isinstance(value, list):
        return [walk_shift(one, seconds) for one in value]
    if isinstance(value, dict):
        return {key: walk_shift(one, seconds) for key, one in value.items()}
    return value
