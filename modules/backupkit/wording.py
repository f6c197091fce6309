"""Numbers, shares, spans and moments as people read them."""

from __future__ import annotations

from datetime import datetime


def grouped(number: int) -> str:
    return f"{number:,}"


def percent(part: float, whole: float) -> str:
    """A share that says 100 % or 0 % only where it is all or none."""
    if not whole:
        return "\u2013"
    share = 100 * part / whole
    if 0 < share < 0.1:
        return "< 0.1\u202f%"
    if 99.9 < share < 100:
        return "> 99.9\u202f%"
    return f"{share:.0f}\u202f%" if share in (0, 100) else f"{share:.1f}\u202f%"


def span(seconds: int | None) -> str:
    """A time span in its two largest units."""
    if seconds is None:
        return "\u2013"
    minutes = seconds // 60
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days}\u202fd {hours}\u202fh" if hours and days < 10 else f"{days:,}\u202fd"
    if hours:
        return f"{hours}\u202fh {minutes}\u202fmin" if minutes and hours < 10 else f"{hours}\u202fh"
    return f"{minutes}\u202fmin"


def moment(text: str | None) -> str:
    """`2026-11-25T22:00:00Z` as people read it; the page says once that all times are UTC."""
    if not text:
        return "\u2013"
    return f"{day(text)} {text[11:16]}"


def minute(at: datetime | None) -> str:
    return f"{at:%d %b %Y %H:%M} UTC" if at else "not known"


def day(text: str) -> str:
    try:
        return f"{datetime.fromisoformat(text[:10]):%d %b}"
    except ValueError:
        return text[:10]


def weekday(text: str) -> str:
    return f"{datetime.fromisoformat(text[:10]):%a %d %b}"


def counted(number: int, one: str, many: str = "") -> str:
    """`1 item`, `2 items`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
