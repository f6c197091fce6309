"""Recovery points of a protected item as its vault tells them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from simulator import clock
from simulator.recovery_filters import moment, terms
from simulator.recovery_kinds import Kind, kind_of
from simulator.recovery_points import PARENTS, Point, of_item
from simulator.recovery_rows import ACTION, ITEM, OLDEST, gone, invalid, page, require_item, told
from simulator.routes import Routes
from simulator.store import Row
from simulator.wire import Request, Response

if TYPE_CHECKING:
    from simulator.world import World

routes = Routes()
TYPE = f"{ACTION}/backupFabrics/protectionContainers/protectedItems/recoveryPoints"
RANGE = "DefaultRangeRecoveryPoint"
"""The name under which all logs of a database are told, as ranges of time."""
_FILTERS = ("startDate", "endDate", "restorePointQueryType", "extendedInfo")
_QUERIES = {
    "all": ("Full", "Differential", "Incremental", "Log", "CopyOnlyFull", "SnapshotFull"),
    "full": ("Full", "CopyOnlyFull"),
    "differential": ("Differential",),
    "incremental": ("Incremental",),
    "log": ("Log",),
    "fullanddifferential": ("Full", "CopyOnlyFull", "Differential"),
    "snapshotfull": ("SnapshotFull",),
}
_MODELS = {"sql": "SQL", "hana": "SAPHana", "ase": "SAPAse"}


@routes.on("GET", ITEM + "/recoveryPoints", f"{TYPE}/read", since=OLDEST)
def points(world: World, request: Request, **at: str) -> Response:
    """Newest first; all logs are one, at the end."""
    item = require_item(world, at)
    return page(request, _told(item, of_item(world, item), _asked(request)), lambda body: body)


@routes.on("GET", ITEM + "/recoveryPoints/{point}", f"{TYPE}/read", since=OLDEST)
def point(world: World, request: Request, **at: str) -> Response:
    item = require_item(world, at)
    for body in _told(item, of_item(world, item), (-math.inf, math.inf, _QUERIES["all"])):
        if body["name"].lower() == at["point"].lower():
            return Response(200, body)
    raise gone(f"The recovery point {at['point']} does not exist.")


def _asked(request: Request) -> tuple[float, float, tuple[str, ...]]:
    """From when to when, and which types."""
    asked = terms(request, _FILTERS)
    since = moment(asked["startdate"]) if "startdate" in asked else -math.inf
    until = moment(asked["enddate"]) if "enddate" in asked else math.inf
    if since > until:
        raise invalid("The startDate of the filter is later than its endDate.")
    query = asked.get("restorepointquerytype", "All")
    if query.lower() not in _QUERIES:
        raise invalid(f"The restorePointQueryType {query!r} is none of {', '.join(_QUERIES)}.")
    return since, until, _QUERIES[query.lower()]


def _told(item: Row, found: list[Point], asked: tuple[float, float, tuple[str, ...]]) -> list[dict[str, Any]]:
    since, until, types = asked
    kind = kind_of(item["properties"])
    shown = [one for one in reversed(found) if since <= one.at <= until]
    if kind is None or not kind.is_database:
        return [_body(item, one.name, _properties(kind, item, one)) for one in shown]
    bodies = [
        _body(item, one.name, _of_database(kind, one))
        for one in shown
        if one.type in types and one.type != "Log"
    ]
    if "Log" in types and any(one.type == "Log" for one in shown):
        bodies.append(_body(item, RANGE, _range(kind, found, shown)))
    return bodies


def _body(item: Row, name: str, properties: dict[str, Any]) -> dict[str, Any]:
    return told({"id": f"{item['id']}/recoveryPoints/{name}", "name": name}, properties, TYPE)


def _properties(kind: Kind | None, item: Row, found: Point) -> dict[str, Any]:
    at = clock.stamp(found.at)
    if kind is None or kind.name == "vm":
        return {
            "objectType": "IaasVMRecoveryPoint",
            "recoveryPointType": "AppConsistent",
            "recoveryPointTime": at,
            "recoveryPointAdditionalInfo": "",
            "sourceVMStorageType": "NormalStorage",
            "isSourceVMEncrypted": False,
            "isInstantIlrSessionActive": False,
            "recoveryPointTierDetails": [
                {"type": "InstantRP", "status": "Valid"},
                {"type": "HardenedRP", "status": "Valid"},
            ],
            "isManagedVirtualMachine": True,
            "originalStorageAccountOption": False,
        }
    account = str(item["properties"].get("sourceResourceId")).rpartition("/")[2]
    share = f"https://{account}.file.core.windows.net/{item['properties'].get('friendlyName')}"
    return {
        "objectType": "AzureFileShareRecoveryPoint",
        "recoveryPointType": "FileSystemConsistent",
        "recoveryPointTime": at,
        "fileShareSnapshotUri": f"{share}?sharesnapshot={at}",
        "recoveryPointSizeInGB": 1,
    }


def _of_database(kind: Kind, found: Point) -> dict[str, Any]:
    return {
        "objectType": f"AzureWorkload{_MODELS[kind.name]}RecoveryPoint",
        "recoveryPointTimeInUTC": clock.stamp(found.at),
        "type": "Full" if found.type == "CopyOnlyFull" else found.type,
    }


def _range(kind: Kind, found: list[Point], shown: list[Point]) -> dict[str, Any]:
    """One range of time: from the full backup before the first log that is shown to the last log."""
    logs = [one.at for one in shown if one.type == "Log"]
    fulls = [one.at for one in found if one.type in PARENTS and one.at <= min(logs)]
    ends = {"startTime": clock.stamp(max(fulls, default=min(logs))), "endTime": clock.stamp(max(logs))}
    return {
        "objectType": f"AzureWorkload{_MODELS[kind.name]}PointInTimeRecoveryPoint",
        "timeRanges": [ends],
        "type": "Log",
    }
