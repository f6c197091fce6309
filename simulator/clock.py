"""Stamps, in the client's clock.

Inside the simulator a moment is seconds since the epoch; ARM's text is made
and read here.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import Any

_STAMP = re.compile(r"(?<![\d-])(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,7})?(Z|[+-]\d\d:\d\d)?(?![\d:])")
_SENTINELS = ("0001-01-01", "1601-01-01", "2001-01-01", "9999-12-31")


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

    Stamps that mean "never" stay: 0001-01-01, 1601-01-01, 2001-01-01, 9999-12-31.
    """
    return _STAMP.sub(lambda match: _moved(match, seconds), text) if seconds else text


def _moved(match: re.Match[str], seconds: float) -> str:
    whole, fraction, zone = match.groups()
    if whole.startswith(_SENTINELS):
        return match.group()
    there = datetime.fromisoformat(whole).replace(tzinfo=UTC).timestamp()
    there += float(fraction or 0) + seconds
    digits = len(fraction) - 1 if fraction else 0
    return stamp(there, digits=digits)[:-1] + (zone or "")


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
