"""`world.json`: what the rows of an estate cannot say; `world.schema.json` describes it for editors."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

from simulator import clock
from simulator.store import KEPT, Row

OUTCOME = re.compile(r"Completed|Cancelled|Never|CompletedWithWarnings(:\w+)?|Failed:\w+")
CONTAINER = re.compile(
    r"^/subscriptions/[^/]+/resourcegroups/[^/]+/providers/[^/]+/vaults/[^/]+/backupfabrics/[^/]+/"
    r"protectioncontainers/(iaasvmcontainer|vmappcontainer|storagecontainer);[^;/]+;[^;/]+;[^;/]+$"
)
BUSY = ("fail", "refuse")
POINTS = ("Full", "Differential", "Incremental", "Log", "CopyOnlyFull", "SnapshotFull")
LINKS = ("renewed", "lost", "without parameters")


@dataclass
class WorldFile:
    """The keys of `world.json`; ids are lower-cased."""

    outcomes: dict[str, list[str]] = field(default_factory=dict)
    minutes: dict[str, float] = field(default_factory=dict)
    rest: dict[str, Row] = field(default_factory=dict)
    recovery_points: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    backup_status: dict[str, dict[str, Any]] = field(default_factory=dict)
    containers: dict[str, dict[str, Any]] = field(default_factory=dict)
    shares: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    role_assignments: list[dict[str, Any]] = field(default_factory=list)
    forbidden: list[str] = field(default_factory=list)
    identities: list[dict[str, Any]] = field(default_factory=list)
    home_tenant: str = ""
    graph_lag_s: float = 0.0
    busy: str = "fail"
    automation: dict[str, Any] = field(default_factory=dict)
    operations: dict[str, dict[str, Any]] = field(default_factory=dict)
    limits: dict[str, dict[str, Any]] = field(default_factory=dict)
    timeline: list[dict[str, Any]] = field(default_factory=list)
    ids_made: int = 0


def read(given: Any) -> WorldFile:
    """Check what `world.json` holds.

    Raises:
        ValueError: a key nobody knows or a value of the wrong shape, by name.
    """
    if not isinstance(given, dict):
        raise ValueError(f"world.json: expected an object, got {given!r:.80}")
    strangers = sorted(set(given) - set(_CHECKS) - {"$schema"})
    if strangers:
        raise ValueError(f"world.json: no such key {strangers}; known are {', '.join(_CHECKS)}")
    return WorldFile(
        **{
            name: _CHECKS[name](f"world.json: {name}", value)
            for name, value in given.items()
            if name in _CHECKS
        }
    )


def written(known: WorldFile) -> dict[str, Any]:
    """The document again, without what says nothing."""
    blank = WorldFile()
    pairs = {one.name: getattr(known, one.name) for one in fields(known)}
    return {name: value for name, value in pairs.items() if value != getattr(blank, name)}


def _by_id(check: Callable[[str, Any], Any]) -> Callable[[str, Any], dict[str, Any]]:
    def checked(where: str, value: Any) -> dict[str, Any]:
        pairs = _object(where, value)
        return {name.lower(): check(f"{where}: {name!r}", one) for name, one in pairs.items()}

    return checked


def _list_of(check: Callable[[str, Any], Any]) -> Callable[[str, Any], list[Any]]:
    def checked(where: str, value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise ValueError(f"{where}: expected a list, got {value!r:.80}")
        return [check(f"{where}[{number}]", one) for number, one in enumerate(value)]

    return checked


def _object(where: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{where}: expected an object, got {value!r:.80}")
    return value


def _text(where: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{where}: expected a text, got {value!r:.80}")
    return value


def _seconds(where: str, value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{where}: expected a number of at least 0, got {value!r:.80}")
    return float(value)


def _count(where: str, value: Any) -> int:
    return int(_seconds(where, value))


def _outcome(where: str, value: Any) -> str:
    if not OUTCOME.fullmatch(_text(where, value)):
        raise ValueError(
            f"{where}: expected Completed, CompletedWithWarnings:<code>, Failed:<code>, Cancelled or Never, "
            f"got {value!r}"
        )
    return str(value)


def _point(where: str, value: Any) -> dict[str, str]:
    point = _object(where, value)
    strangers = sorted(set(point) - {"at", "type", "name"})
    if strangers:
        raise ValueError(f"{where}: no such key {strangers}; known are at, type, name")
    if point.get("type", POINTS[0]) not in POINTS:
        raise ValueError(f"{where}: type: expected one of {', '.join(POINTS)}, got {point['type']!r:.80}")
    told = {name: _text(f"{where}: {name}", one) for name, one in point.items()}
    return {**told, "at": _stamp(f"{where}: at", point.get("at"))}


def _containers(where: str, value: Any) -> dict[str, Any]:
    found: dict[str, Any] = _by_id(_object)(where, value)
    for name in found:
        if not CONTAINER.search(name):
            raise ValueError(
                f"{where}: {name!r}: expected the id of a container, such as "
                ".../protectionContainers/VMAppContainer;Compute;<group>;<machine>"
            )
    return found


def _share(where: str, value: Any) -> dict[str, Any]:
    share = _object(where, value)
    _text(f"{where}: name", share.get("name"))
    return share


def _busy(where: str, value: Any) -> str:
    if value not in BUSY:
        raise ValueError(f"{where}: expected one of {', '.join(BUSY)}, got {value!r:.80}")
    return str(value)


def _automation(where: str, value: Any) -> dict[str, Any]:
    told = _object(where, value)
    strangers = sorted(set(told) - {"links_on_update", "failing_packages"})
    if strangers:
        raise ValueError(f"{where}: no such key {strangers}; known are links_on_update, failing_packages")
    if told.get("links_on_update", LINKS[0]) not in LINKS:
        given = told["links_on_update"]
        raise ValueError(f"{where}: links_on_update: expected one of {', '.join(LINKS)}, got {given!r:.80}")
    failing = _by_id(_text)(f"{where}: failing_packages", told.get("failing_packages", {}))
    return {**told, "failing_packages": failing} if failing else told


def _window(where: str, value: Any) -> dict[str, Any]:
    window = _object(where, value)
    return {
        "ends": _stamp(f"{where}: ends", window.get("ends")),
        "used": _count(f"{where}: used", window.get("used")),
    }


def _stamp(where: str, value: Any) -> str:
    try:
        clock.moment(_text(where, value))
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error
    return str(value)


def _version(where: str, value: Any) -> dict[str, Any]:
    version = _object(where, value)
    if version.get("table") not in KEPT:
        raise ValueError(f"{where}: no such table {version.get('table')!r}; known are {', '.join(KEPT)}")
    row = version.get("row")
    since = version.get("since")
    return {
        "table": version["table"],
        "id": _text(f"{where}: id", version.get("id")).lower(),
        "since": None if since is None else _stamp(f"{where}: since", since),
        "row": None if row is None else _object(f"{where}: row", row),
    }


def _by_name(where: str, value: Any) -> dict[str, Any]:
    return {name: _window(f"{where}: {name!r}", one) for name, one in _object(where, value).items()}


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "outcomes": _by_id(_list_of(_outcome)),
    "minutes": _by_id(_seconds),
    "rest": _by_id(_object),
    "recovery_points": _by_id(_list_of(_point)),
    "backup_status": _by_id(_object),
    "containers": _containers,
    "shares": _by_id(_list_of(_share)),
    "role_assignments": _list_of(_object),
    "forbidden": _list_of(_text),
    "identities": _list_of(_object),
    "home_tenant": _text,
    "graph_lag_s": _seconds,
    "busy": _busy,
    "automation": _automation,
    "operations": _by_id(_object),
    "limits": _by_name,
    "timeline": _list_of(_version),
    "ids_made": _count,
}
