"""The properties of rows of Backup vaults, as Resource Graph has them: plain values in, plain values out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from simulator import clock
from simulator.protection_errors import details, user_facing
from simulator.protection_kinds import Kind
from simulator.protection_terms import facts, parameters

Properties = dict[str, Any]

CONFIGURED = "ProtectionConfigured"
RUNNING = ("InProgress", "Cancelling", "Started")
_YEAR_ONE = "0001-01-01T00:00:00.0000000Z"
_TASK = {"CompletedWithWarnings": "Completed", "Cancelling": "InProgress", "Started": "InProgress"}


def vault(
    redundancy: str = "LocallyRedundant",
    *,
    cross_region: bool = False,
    soft_delete: str = "On",
    immutability: str = "Disabled",
) -> Properties:
    """Numbers are floats in Resource Graph, and in Azure's own answers here."""
    features = {"crossSubscriptionRestoreSettings": {"state": "Enabled"}}
    if cross_region:
        features["crossRegionRestoreSettings"] = {"state": "Enabled"}
    return {
        "provisioningState": "Succeeded",
        "storageSettings": [{"type": redundancy, "datastoreType": "VaultStore"}],
        "isVaultProtectedByResourceGuard": False,
        "securitySettings": {
            "softDeleteSettings": {"state": soft_delete, "retentionDurationInDays": 14.0},
            "immutabilitySettings": {"state": immutability},
        },
        "featureSettings": features,
        "monitoringSettings": {"azureMonitorAlertSettings": {"alertsForAllJobFailures": "Enabled"}},
        "secureScore": "None",
        "bcdrSecurityLevel": "Poor",
        "replicatedRegions": [],
    }


def policy(kind: Kind, rule: str, interval: str, zone: str, tags: Mapping[str, str]) -> Properties:
    """`interval` is such as `R/2026-09-23T22:00:00+00:00/P1D`; `tags` say how long each is kept.

    The first tag is the default. Without a rule, as operational backup of blobs has it, nothing but retention
    is said.
    """
    default = next(iter(tags))
    kept = [_retention_rule(kind, name, duration, name == default) for name, duration in tags.items()]
    backups = [_backup_rule(kind, rule, interval, zone, tags)] if rule else []
    return {
        "policyRules": [*backups, *kept],
        "datasourceTypes": [kind.datasource],
        "objectType": "BackupPolicy",
    }


def _backup_rule(kind: Kind, rule: str, interval: str, zone: str, tags: Mapping[str, str]) -> Properties:
    """The default tag has the lowest priority, which is the highest number."""
    criteria = [
        {
            "tagInfo": {"tagName": name, "id": f"{name}_"},
            "taggingPriority": 99 if number == 0 else 20 + number,
            "isDefault": number == 0,
            **({} if number == 0 else {"criteria": [_first_of(name)]}),
        }
        for number, name in enumerate(tags)
    ]
    return {
        "name": rule,
        "objectType": "AzureBackupRule",
        "backupParameters": {"backupType": kind.backup_type, "objectType": "AzureBackupParams"},
        "trigger": {
            "objectType": "ScheduleBasedTriggerContext",
            "schedule": {"repeatingTimeIntervals": [interval], "timeZone": zone},
            "taggingCriteria": criteria,
        },
        "dataStore": _store(kind),
    }


def _first_of(tag: str) -> Properties:
    """A tag such as Weekly goes to the first backup of the week."""
    periods = {"daily": "Day", "monthly": "Month", "yearly": "Year"}
    first = f"FirstOf{periods.get(tag.lower(), 'Week')}"
    return {"objectType": "ScheduleBasedBackupCriteria", "absoluteCriteria": [first]}


def _retention_rule(kind: Kind, name: str, duration: str, default: bool) -> Properties:
    return {
        "name": name,
        "objectType": "AzureRetentionRule",
        "isDefault": default,
        "lifecycles": [
            {
                "deleteAfter": {"objectType": "AbsoluteDeleteOption", "duration": duration},
                "targetDataStoreCopySettings": [],
                "sourceDataStore": _store(kind),
            }
        ],
    }


def _store(kind: Kind) -> Properties:
    return {"dataStoreType": kind.store, "objectType": "DataStoreInfoBase"}


def instance_name(resource_id: str, guid: str) -> str:
    """`disk-disk-<guid>`, `server-database-<guid>`: the names of the set and of the source, then a GUID."""
    parts = resource_id.split("/")
    return f"{parts[8]}-{parts[-1]}-{guid}"


_NOTHING = dict.fromkeys(
    (
        "protectionErrorDetails",
        "datasourceAuthCredentials",
        "dataSourceProperties",
        "identityDetails",
        "validationType",
        "resourceGuardOperationRequests",
    )
)


def instance(
    kind: Kind,
    vault_id: str,
    resource_id: str,
    *,
    policy: str,
    location: str,
    state: str = CONFIGURED,
    every: str = "",
    retention: str = "",
) -> Properties:
    """A backup instance that has not been backed up yet.

    `policy` is an id; `every` and `retention` are what it says, else what is usual for the kind.
    """
    parts = resource_id.split("/")
    top, name = "/".join(parts[:9]), parts[-1]
    source = _source(kind, resource_id, location)
    in_set = len(parts) > 9 or kind.resource.endswith("/managedClusters")
    above = {"objectType": "DatasourceSet", "resourceID": top, "resourceName": parts[8]}
    above["resourceType"] = "/".join(kind.resource.split("/")[:2])
    friendly = f"{parts[8]}\\{name}" if in_set else name
    return {
        "friendlyName": friendly,
        "objectType": "BackupInstance",
        "dataSourceInfo": source,
        "dataSourceSetInfo": {**source, **above} if in_set else None,
        "policyInfo": {
            "policyId": policy,
            "policyVersion": "",
            "policyParameters": parameters(kind, "/".join(parts[:5])),
        },
        "currentProtectionState": state,
        "protectionStatus": {"status": state, "errorDetails": None},
        "provisioningState": "Succeeded",
        **_NOTHING,
        "backupInstanceExtendedProperties": {
            **_graph_adds(vault_id, friendly, location),
            "policyExtendedInfo": facts(every or kind.every, retention or kind.retention),
        },
    }


def _source(kind: Kind, resource_id: str, location: str) -> Properties:
    return {
        "objectType": "Datasource",
        "datasourceType": kind.datasource,
        "resourceID": resource_id,
        "resourceName": resource_id.rpartition("/")[2],
        "resourceType": kind.resource,
        "resourceLocation": location,
        "resourceUri": "",
        "resourceProperties": None,
        "baseUri": None,
    }


def _graph_adds(vault_id: str, friendly: str, location: str) -> Properties:
    return {
        "vaultId": vault_id,
        "protectedPrimaryRegion": location,
        "protectedSecondaryRegion": None,
        "protectionStateInSecondaryRegion": None,
        "allowedOperations": ["BackupNow", "Restore", "ChangePolicy", "StopBackup", "Delete"],
        "dataSourceExtendedInfo": {"dataSourceId": friendly},
        "recoveryPointInfo": {"latestRecoveryPointInPrimaryRegion": None},
    }


def deleted(instance: Mapping[str, Any], at: float, days: int = 14) -> Properties:
    """A soft-deleted instance, which has a type and a list of its own."""
    stamp = clock.stamp(at)
    return {
        **instance,
        "objectType": "DeletedBackupInstance",
        "currentProtectionState": "SoftDeleted",
        "protectionStatus": {"status": "SoftDeleted", "errorDetails": None},
        "deletionInfo": {
            "deletionTime": stamp,
            "billingEndDate": stamp,
            "scheduledPurgeTime": clock.stamp(at + days * 86400),
            "deleteActivityID": None,
        },
    }


def recovery_point(instance: Mapping[str, Any], at: str) -> Properties:
    """What a new recovery point changes on its instance; only Resource Graph tells it."""
    shown = instance.get("backupInstanceExtendedProperties") or {}
    points = shown.get("recoveryPointInfo") or {}
    oldest = points.get("oldestRecoveryPointInPrimaryRegion") or at
    told = {"latestRecoveryPointInPrimaryRegion": at, "oldestRecoveryPointInPrimaryRegion": oldest}
    return {"backupInstanceExtendedProperties": {**shown, "recoveryPointInfo": {**points, **told}}}


def trouble(instance: Mapping[str, Any], code: str) -> Properties:
    """What a failure that needs a person ("": a success) changes on its instance; never the state."""
    held = instance.get("protectionStatus") or {"status": instance.get("currentProtectionState")}
    return {"protectionStatus": {**held, "errorDetails": user_facing(code) if code else None}}


_UNSAID = {
    "progressEnabled": False,
    "progressUrl": None,
    "restoreType": None,
    "rehydrationPriority": None,
    "isCrossRegionRestore": None,
    "sourceDataStoreName": None,
    "sourceDataStoreType": None,
}


def job(
    instance_id: str,
    instance: Mapping[str, Any],
    *,
    activity: str,
    user: bool,
    operation: str = "Backup",
    destination: str | None = None,
) -> Properties:
    """Whose job it is; `instance` are the properties of its instance, `operation` may be Backup:Full."""
    vault_id = instance_id[: instance_id.lower().index("/backupinstances/")].split("/")
    source, above = instance["dataSourceInfo"], instance.get("dataSourceSetInfo") or {}
    policy_id = (instance.get("policyInfo") or {}).get("policyId") or ""
    place = source["resourceID"].split("/")
    return {
        "activityID": activity,
        "subscriptionId": vault_id[2],
        "vaultName": vault_id[-1],
        "backupInstanceId": instance_id,
        "backupInstanceFriendlyName": instance["friendlyName"],
        "policyId": policy_id or None,
        "policyName": policy_id.rpartition("/")[2] or None,
        "dataSourceId": source["resourceID"],
        "dataSourceName": source["resourceName"],
        "dataSourceType": source["datasourceType"],
        "dataSourceLocation": source["resourceLocation"],
        "dataSourceSetName": above.get("resourceName"),
        "sourceSubscriptionID": place[2],
        "sourceResourceGroup": place[4],
        "destinationDataStoreName": destination,
        "isUserTriggered": user,
        "operation": operation,
        "operationCategory": operation.partition(":")[0],
        "supportedActions": [""] if user else [],
        **_UNSAID,
    }


def course(
    job: Mapping[str, Any],
    status: str,
    start: float,
    end: float,
    *,
    tag: str = "Default",
    codes: Iterable[str] = (),
) -> Properties:
    """How a job went, laid over whose it is; while it runs `end` says nothing."""
    running = status in RUNNING
    stamp = clock.stamp(start if running else end)
    errors = [str(code) for code in codes]
    return {
        "status": status,
        "startTime": clock.stamp(start),
        "endTime": None if running else stamp,
        "duration": "00:00:00" if running else clock.span(end - start),
        "etag": f"W/\"datetime'{quote(stamp)}'\"",
        "errorDetails": [details(code) for code in errors] if errors and status == "Failed" else None,
        "extendedInfo": _extended(job, status, tag, errors),
    }


def _extended(job: Mapping[str, Any], status: str, tag: str, codes: list[str]) -> Properties:
    good = status in ("Completed", "CompletedWithWarnings")
    known = None
    if status not in RUNNING:
        known = {
            "OriginalDatasourceSizeInBytes": "4294967296",
            "DatasourceType": job.get("dataSourceType"),
            "TaskId": job.get("activityID"),
        }
    task = {
        "taskId": 1,
        "taskName": f"Trigger {job.get('operationCategory') or 'Backup'}",
        "taskStatus": _TASK.get(status, status),
        "taskProgress": None,
        "additionalDetails": known,
    }
    point = {"recoveryPointID": str(job.get("activityID")).replace("-", ""), "recoveryPointTime": _YEAR_ONE}
    return {
        "additionalDetails": {"RetentionTag": tag},
        "backupInstanceState": None,
        "dataTransferredInBytes": None,
        "recoveryDestination": None,
        "sourceRecoverPoint": None,
        "targetRecoverPoint": point if good else None,
        "subTasks": [task],
        "warningDetails": _warnings(job, codes) if good and codes else None,
    }


def _warnings(job: Mapping[str, Any], codes: list[str]) -> list[Properties]:
    return [{"resourceName": job.get("dataSourceName"), "warning": user_facing(code)} for code in codes]
