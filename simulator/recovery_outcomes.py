"""What the end of a backup makes of its job and of its item."""

from __future__ import annotations

from typing import Any

from simulator import clock
from simulator.recovery_errors import cause, details, health, kpis
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
        changes["errorDetails"] = [details(code)]
    return changed(job, changes)


def after(item: Row, job: Row, status: str, code: str) -> Row:
    """The item once the job has ended; the last backup is told by when it started."""
    changes = _failed(item, code) if status == "Failed" else _succeeded(item)
    started = job["properties"]["startTime"]
    changes |= {
        "lastBackupTime": started,
        "lastBackupStatus": "Failed" if status == "Failed" else "Completed",
    }
    if status != "Failed":
        changes["lastRecoveryPoint"] = started
    return changed(item, changes)


def _succeeded(item: Row) -> dict[str, Any]:
    given = item["properties"]
    changes: dict[str, Any] = {
        "protectionStatus": "Healthy",
        "protectionState": "Protected",
        "healthStatus": "Passed",
        "healthDetails": [_CHECKED],
        "kpisHealths": kpis(),
    }
    if "currentProtectionState" in given:
        changes["currentProtectionState"] = "ProtectionConfigured"
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
    return {**row, "properties": {**row["properties"], **changes}}
