"""What the end of a backup makes of its job and of its item."""

from __future__ import annotations

from typing import Any

from simulator import clock, database_rows, share_rows
from simulator.recovery_errors import cause, details, details_of_database, details_of_share, health, kpis
from simulator.recovery_kinds import Kind, backup_type, kind_of
from simulator.store import Row

_CHECKED: dict[str, Any] = {
    "code": 400239,
    "title": "IaasVmHealthGreenDefault",
    "message": "Backup pre-check status of this virtual machine is OK.",
    "recommendations": [],
}


def ended(job: Row, status: str, code: str, ends: float) -> Row:
    seconds = ends - clock.moment(job["properties"]["startTime"])
    changes: dict[str, Any] = {
        "status": status,
        "endTime": clock.stamp(ends),
        "duration": clock.iso_duration(round(seconds, 6)),
    }
    if code:
        changes["errorDetails"] = [_details(job, code)]
    return changed(job, changes)


def _details(job: Row, code: str) -> dict[str, Any]:
    kind = kind_of(job["properties"])
    if kind and kind.is_database:
        return details_of_database(code)
    return details_of_share(code) if kind and kind.name == "files" else details(code)


def after(item: Row, job: Row, status: str, code: str) -> Row:
    """The item once the job has ended; the last backup is told by when it started."""
    kind = kind_of(item["properties"])
    if kind and kind.name != "vm":
        return changed(item, _after_other(kind, item, job, code if status == "Failed" else ""))
    changes = _failed(item, code) if status == "Failed" else _succeeded(item)
    started = job["properties"]["startTime"]
    changes |= {
        "lastBackupTime": started,
        "lastBackupStatus": "Failed" if status == "Failed" else "Completed",
    }
    if status != "Failed":
        changes["lastRecoveryPoint"] = started
    return changed(item, changes)


def _after_other(kind: Kind, item: Row, job: Row, code: str) -> dict[str, Any]:
    given, started = item["properties"], job["properties"]["startTime"]
    if kind.is_database:
        is_log = backup_type(job["properties"]["operation"]) == "Log"
        shown = database_rows.last_backup(started, code)
        made = database_rows.recovery_point(given, started, log=is_log)
    else:
        shown, made = share_rows.last_backup(started, code), share_rows.recovery_point(given, started)
    return shown if code else shown | made | _configured(given)


def _configured(given: dict[str, Any]) -> dict[str, Any]:
    known = "currentProtectionState" in given
    return {"currentProtectionState": "ProtectionConfigured"} if known else {}


def _succeeded(item: Row) -> dict[str, Any]:
    given = item["properties"]
    changes: dict[str, Any] = {
        "protectionStatus": "Healthy",
        "protectionState": "Protected",
        "healthStatus": "Passed",
        "healthDetails": [_CHECKED],
        "kpisHealths": kpis(),
    }
    changes |= _configured(given)
    if "recoveryPointCount" in (given.get("extendedInfo") or {}):
        count = int(given["extendedInfo"]["recoveryPointCount"]) + 1
        changes["extendedInfo"] = {**given["extendedInfo"], "recoveryPointCount": count}
    return changes


def _failed(item: Row, code: str) -> dict[str, Any]:
    """A cause that needs a person is "degraded" and asks for action; one of the service is "unhealthy"."""
    why = health(code)
    changes: dict[str, Any] = {"protectionStatus": "Unhealthy", "kpisHealths": kpis(code)}
    if cause(code).human:
        changes |= {"healthStatus": "ActionRequired", "healthDetails": [why]}
    return changes


def changed(row: Row, changes: dict[str, Any]) -> Row:
    """None removes a property."""
    kept = {name: one for name, one in row["properties"].items() if name not in changes}
    return {**row, "properties": kept | {name: one for name, one in changes.items() if one is not None}}
