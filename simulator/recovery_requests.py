"""What an on-demand backup asks for: the body of its request, by the kind of its item."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from simulator import clock
from simulator.recovery_kinds import Kind
from simulator.recovery_rows import invalid

if TYPE_CHECKING:
    from simulator.world import World

DAY_S = 86400.0
KEPT_S = 30 * DAY_S
"""How long a recovery point of a machine is kept where the request does not say."""
FULL_DAYS = 45
"""A full backup of a database is kept at least so long."""
FULLS = ("Full", "CopyOnlyFull")


@dataclass(frozen=True)
class Asked:
    """`type` is that of a database's backup, else empty; `expires` when the recovery point goes."""

    type: str
    expires: float


def read(world: World, kind: Kind, body: Any) -> Asked:
    """Check the body of a request.

    Raises:
        RefusedError: 400, saying what it should have been.
    """
    given = body.get("properties") if isinstance(body, dict) else None
    if not isinstance(given, dict) or given.get("objectType") != kind.request:
        raise invalid(f"Provide properties with the objectType {kind.request}, not {json.dumps(given)}.")
    asked = Asked(_type(kind, given), _moment(world, given.get("recoveryPointExpiryTimeInUTC")))
    if asked.type in ("", *FULLS) and asked.expires <= world.now():
        raise invalid("The recoveryPointExpiryTimeInUTC is in the past.")
    if asked.type in FULLS and "recoveryPointExpiryTimeInUTC" in given:
        _refuse_short(world, asked)
    return asked


def _type(kind: Kind, given: dict[str, Any]) -> str:
    if not kind.is_database:
        return ""
    named = given.get("backupType")
    if named not in kind.types:
        raise invalid(
            f"The backupType of a {kind.workload} is one of {', '.join(kind.types)}, not {named!r}."
        )
    if not isinstance(given.get("enableCompression", False), bool):
        raise invalid("The enableCompression is true or false.")
    return str(named)


def _refuse_short(world: World, asked: Asked) -> None:
    """Days are counted by their dates, so that a client's own now may be some time ago."""
    days = datetime.fromtimestamp(asked.expires, UTC).date() - datetime.fromtimestamp(world.now(), UTC).date()
    if days.days < FULL_DAYS:
        raise invalid(f"A full backup is kept for at least {FULL_DAYS} days, not {days.days}.")


def _moment(world: World, text: Any) -> float:
    if text is None:
        return world.now() + KEPT_S
    try:
        return clock.moment(text if isinstance(text, str) else repr(text))
    except ValueError as error:
        raise invalid(f"The recoveryPointExpiryTimeInUTC cannot be read: {error}.") from error
