"""Alerts of Azure Monitor about backups, as Resource Graph has them.

Azure Backup raises one for every failed backup and restore, without any rule. The fields of
`essentials` are those of the REST model of alerts; those of `context`, and the casing of ids, are those
of a delivered alert about a database. For other workloads they are inferred.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from simulator import clock
from simulator.store import Row

Properties = dict[str, Any]

TABLE = "alertsmanagementresources"
TYPE = "microsoft.alertsmanagement/alerts"
AFTER_S = 120.0
"""From the end of a job to its alert, and from the success of the next to its resolution: inferred."""

RESOLVES = ("Completed", "CompletedWithWarnings")
"""How a backup ends that resolves the alerts of its item: inferred."""
_NAMES = {"backup": "Backup Failure", "restore": "Restore Failure"}
_FORMATTED = {
    "SQLDataBase": "AzureVmSQL",
    "SAPHanaDatabase": "AzureVmHANA",
    "SAPAseDatabase": "AzureVmASE",
    "AzureFileShare": "AzureFiles",
}
# By design, so that nobody is told: another backup is running, or the machine is gone.
_QUIET_NUMBERS = (400001, 400136, 400094, 320001)
_QUIET_TITLES = (
    "usererrorbackupoperationinprogress",
    "usererrorvmnotfoundv2",
    "bcmv2vmnotfound",
    "resourcenotfound",
)
_LINK = re.compile(r"https://aka\.ms/AB-(\w+)", re.IGNORECASE)
_LAST_TICK = 3_155_378_975_999_999_999
_EPOCH_TICKS = 621_355_968_000_000_000


def is_wanted(vault: Mapping[str, Any] | None) -> bool:
    """Whether a vault tells of failed jobs: so it does until it is told not to."""
    settings = ((vault or {}).get("properties") or {}).get("monitoringSettings") or {}
    told = (settings.get("azureMonitorAlertSettings") or {}).get("alertsForAllJobFailures")
    return str(told).lower() != "disabled"


def alert_id(job: Mapping[str, Any]) -> str:
    """The id of the alert that a job raises if it fails; it follows from the job's, so that none is kept."""
    guid = uuid.uuid5(uuid.NAMESPACE_URL, f"alert of {str(job['id']).lower()}")
    return f"{_vault(job)}/providers/Microsoft.AlertsManagement/alerts/{guid}"


def raised(job: Row, at: float, errors: Sequence[Mapping[str, Any]] | None = None) -> Row | None:
    """The alert that is fired at a moment about a job that ended; None where there is none to fire.

    `errors` are the job's, where its row does not have them.
    """
    given = job["properties"]
    name = _NAMES.get(re.split(r"[ :]", str(given.get("operation") or "").lower())[0])
    error = (errors or given.get("errorDetails") or [{}])[0]
    if given.get("status") != "Failed" or name is None or _is_by_design(given, error):
        return None
    row_id, stamp = alert_id(job), clock.stamp(at)
    same: Row = {column: job[column] for column in _PLACE if column in job}
    essentials = {
        **_FIRED,
        **_target(_vault(job)),
        "sourceCreatedId": _origin(row_id, at, given, error),
        "alertRule": name,
        "startDateTime": stamp,
        "lastModifiedDateTime": stamp,
        "description": error.get("errorString") or error.get("message") or "",
    }
    context = {**_of(given), "extendedInfo": _extended(job, error)}
    return {
        "id": row_id,
        "name": name,
        "type": TYPE,
        **same,
        "properties": {"essentials": essentials, "context": context},
    }


_PLACE = ("tenantId", "subscriptionId", "resourceGroup")
_FIRED: Properties = {
    "severity": "Sev1",
    "signalType": "Log",
    "alertState": "New",
    "monitorCondition": "Fired",
    "monitorService": "Azure Backup",
    "monitorConditionResolvedDateTime": "",
    "lastModifiedUserName": "System",
    "actionStatus": {"isSuppressed": False},
}


def resolved(alert: Row, at: float) -> Row:
    """What it told of is over, which does not close it."""
    return _changed(
        alert, at, "System", monitorCondition="Resolved", monitorConditionResolvedDateTime=clock.stamp(at)
    )


def answered(alert: Row, state: str, at: float, who: str) -> Row:
    """A person has Acknowledged or Closed it."""
    return _changed(alert, at, who, alertState=state)


def _changed(alert: Row, at: float, who: str, **essentials: str) -> Row:
    """In whatever order it is told of, the last change is the one that shows."""
    properties, stamp = alert["properties"], clock.stamp(at)
    held = properties["essentials"]
    if stamp >= held["lastModifiedDateTime"]:
        essentials |= {"lastModifiedDateTime": stamp, "lastModifiedUserName": who}
    return {**alert, "properties": {**properties, "essentials": {**held, **essentials}}}


def _vault(job: Mapping[str, Any]) -> str:
    return re.split("/backupjobs/", str(job["id"]).lower())[0]


def _target(vault: str) -> Properties:
    parts = vault.split("/")
    return {
        "targetResource": vault,
        "targetResourceName": parts[8],
        "targetResourceGroup": parts[4],
        "targetResourceType": f"{parts[6]}/{parts[7]}",
    }


def _is_by_design(job: Mapping[str, Any], error: Mapping[str, Any]) -> bool:
    """Documented of virtual machines alone."""
    if job.get("backupManagementType") != "AzureIaasVM":
        return False
    title = str(error.get("errorTitle") or "").lower()
    return error.get("errorCode") in _QUIET_NUMBERS or title in _QUIET_TITLES


def _code(error: Mapping[str, Any]) -> str:
    """The text code, where the job has one or its advice links to one."""
    linked = _LINK.search(_advice(error))
    text = error.get("errorTitle") or error.get("code") or (linked[1] if linked else "")
    return str(text or error.get("errorCode") or "")


def _advice(error: Mapping[str, Any]) -> str:
    return " ".join(error.get("recommendations") or error.get("recommendedAction") or ())


def _origin(row_id: str, at: float, job: Mapping[str, Any], error: Mapping[str, Any]) -> str:
    """Ticks that run backwards, a number, then management type, code and backup type in one word."""
    ticks = _LAST_TICK - _EPOCH_TICKS - round(at * 10_000_000)
    management = job.get("backupManagementType") or str(job.get("dataSourceType") or "").split("/")[0]
    operation = re.sub(r"^Backup\W*", "", str(job.get("operation") or ""))
    word = re.sub(r"\W", "", f"{management}{_code(error)}{operation}").lower()
    return f"{ticks}_0_{uuid.UUID(row_id.rpartition('/')[2]).int:038d}{word}"


def _extended(job: Row, error: Mapping[str, Any]) -> Properties:
    return {
        "jobId": str(job["id"]).rpartition("/")[2],
        "possibleCauses": None,
        "occurrenceCount": 1,
        "recommendedActions": _advice(error),
    }


def _of(job: Mapping[str, Any]) -> Properties:
    """What was to be backed up: an item in a container, or an instance, and the resource behind it."""
    item, resource = job.get("backupInstanceId"), str(job.get("dataSourceId") or "")
    kind = job.get("workloadType") or _WORKLOAD.get(str(job.get("backupManagementType")), "")
    kind = kind or job.get("dataSourceType")
    source, segments = resource, str(item or "").split("/")
    within = segments[-3] if len(segments) > 12 else ""
    container, _, rest = within.partition(";")
    if job.get("backupManagementType") == "AzureWorkload":
        source = f"{resource}/providers/Microsoft.RecoveryServices/backupProtectedItem/{segments[-1]}"
    return {
        "category": "Jobs",
        "sourceId": source,
        "sourceType": kind,
        "affectedItems": source,
        "sourceVersion": container or None,
        "protectedItemId": item,
        "linkedResourceId": resource or None,
        "alertVersionNumber": "V2020_10",
        "linkedResourceName": resource.rpartition("/")[2] or None,
        "formattedSourceType": _FORMATTED.get(str(kind), kind),
        "firstLevelContainerId": rest or None,
        "secondLevelContainerId": None,
    }


_WORKLOAD = {"AzureIaasVM": "VM"}
