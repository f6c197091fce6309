"""`$filter` of Recovery Services: `name eq 'text'`, joined by `and`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from simulator.recovery_rows import invalid
from simulator.wire import Request

_TERM = re.compile(r"\s*(\w+)\s+eq\s*'([^']*)'\s*", re.IGNORECASE)
_AND = re.compile(r"\band\b", re.IGNORECASE)
_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d) (AM|PM)", re.IGNORECASE)


def terms(request: Request, known: Iterable[str]) -> dict[str, str]:
    """What the filter asks, by the lower-cased name.

    Raises:
        RefusedError: 400 for a filter that cannot be read or a name nobody knows.
    """
    text = request.query.get("$filter", "")
    if not text.strip():
        return {}
    names = {name.lower() for name in known}
    found = dict[str, str]()
    position = 0
    while match := _TERM.match(text, position):
        name = match[1].lower()
        if name not in names or name in found:
            raise invalid(
                f"The filter {text!r} names {match[1]!r}; it may name {', '.join(known)} once each."
            )
        found[name] = match[2]
        if match.end() == len(text):
            return found
        joint = _AND.match(text, match.end())
        if not joint:
            break
        position = joint.end()
    raise invalid(f"The filter {text!r} cannot be read.")


def moment(text: str) -> float:
    """`2017-09-01 01:46:29 PM`, in UTC; Azure's own examples write midnight as hour 00.

    Raises:
        RefusedError: 400 for anything else.
    """
    match = _TIME.fullmatch(text)
    if not match:
        raise invalid(f"The time {text!r} is not like '2017-09-01 01:46:29 PM'.")
    year, month, day, hour, minute, second = (int(one) for one in match.groups()[:6])
    hour = hour % 12 + (12 if match[7].upper() == "PM" else 0)
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()
    except ValueError as error:
        raise invalid(f"The time {text!r} does not exist.") from error
