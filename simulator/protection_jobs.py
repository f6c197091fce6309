"""Jobs of a Backup vault."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from simulator import clock
from simulator.pages import paged
from simulator.protection_rows import ACTION, JOBS, OLDEST, VAULT, require, rows, told
from simulator.protection_shapes import RUNNING
from simulator.routes import Routes
from simulator.store import Row
from simulator.wire import RefusedError, Request, Response

if TYPE_CHECKING:
    from simulator.world import World

routes = Routes()
_TYPE = f"{ACTION}/backupJobs"
_TOLD = (
    "activityID",
    "subscriptionId",
    "backupInstanceId",
    "policyId",
    "dataSourceId",
    "vaultName",
    "backupInstanceFriendlyName",
    "policyName",
    "sourceResourceGroup",
    "dataSourceSetName",
    "dataSourceName",
    "sourceDataStoreName",
    "sourceDataStoreType",
    "destinationDataStoreName",
    "progressEnabled",
    "etag",
    "sourceSubscriptionID",
    "dataSourceLocation",
    "startTime",
    "endTime",
    "dataSourceType",
    "operationCategory",
    "operation",
    "status",
    "restoreType",
    "isUserTriggered",
    "rehydrationPriority",
    "supportedActions",
    "duration",
    "progressUrl",
    "isCrossRegionRestore",
    "errorDetails",
    "extendedInfo",
)
"""What a job has, null where there is nothing to say."""
_ZEROS = re.compile(r"(?:\.0+|(\.\d*?[1-9])0+)Z$")
_SPAN = re.compile(r"(?:(\d+)\.)?(\d+):(\d\d):(\d\d(?:\.\d+)?)")


@routes.on("GET", VAULT + "/backupJobs", f"{_TYPE}/read", since=OLDEST)
def jobs(world: World, request: Request, **at: str) -> Response:
    """Newest first; `nextLink` is there on the last page too, as null."""
    if "$filter" in request.query:
        raise RefusedError(
            501,
            "NotSimulated",
            f"no api-version documents a filter of a Backup vault's jobs, got {request.query['$filter']!r}",
        )
    found = rows(world, JOBS, at)
    found.sort(key=lambda row: str((row["properties"] or {}).get("startTime")), reverse=True)
    page = paged(request, found)
    value = [_listed(row) for row in page.body["value"]]
    return Response(200, {"nextLink": None, **page.body, "value": value})


@routes.on("GET", VAULT + "/backupJobs/{job}", f"{_TYPE}/read", since=OLDEST)
def job(world: World, request: Request, **at: str) -> Response:
    row = require(world, request, at, f"backupJobs/{at['job']}")
    return Response(200, _body(row))


def _listed(row: Row) -> dict[str, Any]:
    """A list has durations as Resource Graph has them, and nothing of what extended information tells."""
    body = _body(row)
    span = (row["properties"] or {}).get("duration")
    body["properties"] |= {"duration": span, "extendedInfo": None}
    return body


def _body(row: Row) -> dict[str, Any]:
    """A job as its vault tells it: a function of its row."""
    given = row["properties"] or {}
    properties = dict.fromkeys(_TOLD) | given
    if properties["status"] in RUNNING:
        properties["endTime"] = None
    for name in ("startTime", "endTime"):
        properties[name] = _trimmed(properties[name])
    properties["duration"] = _iso(properties["duration"])
    if isinstance(given.get("extendedInfo"), dict):
        properties["extendedInfo"] = _extended(given["extendedInfo"])
    return told(row, _TYPE, properties)


def _extended(given: dict[str, Any]) -> dict[str, Any]:
    points = {
        name: {**point, "recoveryPointTime": _trimmed(point.get("recoveryPointTime"))}
        for name in ("sourceRecoverPoint", "targetRecoverPoint")
        if isinstance(point := given.get(name), dict)
    }
    return {**given, **points}


def _trimmed(stamp: Any) -> Any:
    """The service leaves out the zeros at the end of a fraction that Resource Graph has."""
    return _ZEROS.sub(lambda match: f"{match[1] or ''}Z", stamp) if isinstance(stamp, str) else stamp


def _iso(span: Any) -> Any:
    """`PT3M36.8815502S` where Resource Graph has `00:03:36.8815502`."""
    match = _SPAN.fullmatch(span) if isinstance(span, str) else None
    if not match:
        return span
    days, hours, minutes, seconds = (float(one or 0) for one in match.groups())
    return clock.iso_duration(round(days * 86400 + hours * 3600 + minutes * 60 + seconds, 7))
