"""Rows of Resource Graph made into an export's records, whatever they are like.

A row that cannot be understood is still a row: it keeps its ids and its place, and the rest is null.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from backupkit.alerts import code_in
from backupkit.coverage import LATE, PROTECTS, state_of
from backupkit.export_place import Place, blank
from backupkit.export_schema import Record
from backupkit.failures import Failure, find
from backupkit.kinds import NAMES
from backupkit.plain import last, mapping, mappings, text
from backupkit.policies import rpo, rpo_age
from backupkit.records import (
    Item,
    Job,
    Policy,
    Schedule,
    arm_path,
)
from backupkit.times import stamp, utc_or_none

Row = Mapping[str, Any]

ODD: Final = (KeyError, TypeError, ValueError, AttributeError)
"""What reading a row of an unknown shape raises."""

OUTCOMES: Final[Mapping[str, str]] = {
    "completed": "succeeded",
    "succeeded": "succeeded",
    "completedwithwarnings": "warned",
    "failed": "failed",
    "cancelled": "cancelled",
    "inprogress": "running",
    "started": "running",
    "cancelling": "running",
}
_UNITS = ("B", "KB", "MB", "GB", "TB")
_SIZE = re.compile(r"(\d+(?:\.\d+)?) (B|[KMGT]B)", re.IGNORECASE | re.ASCII)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class Known(NamedTuple):
    """What is known of a protected item beside its jobs."""

    key: str
    name: str
    source: str
    policy: str


def job(row: Row, at: Place, item: Known | None, one: Job | None) -> Record:
    """`one` is the row as it is understood, None where it is not."""
    record = blank("jobs", row, at)
    record["name"] = last(row["id"]) or None
    properties = mapping(row.get("properties"))
    if one is None:
        return record | {"status": text(properties.get("status")) or None, "outcome": "other"}
    ended = one.ended
    policy = item.policy if item else arm_path(text(properties.get("policyId"))).lower()
    record.update(
        workload=one.workload,
        item=(item.key if item else one.item) or None,
        item_name=(item.name if item else _called(properties)) or None,
        source=(item.source if item else text(properties.get("dataSourceId")).lower()) or None,
        policy=policy or None,
        policy_name=last(policy) or None,
        operation=one.operation or None,
        backup=one.is_backup,
        backup_type=NAMES.get(one.kind),
        status=one.status,
        outcome=OUTCOMES.get(one.status.lower(), "other"),
        started=_as_told(properties["startTime"]),
        ended=_as_told(properties["endTime"]) if ended else None,
        duration_s=_seconds(ended - one.started) if ended else None,
        on_demand=one.user,
        transferred_bytes=_transferred(properties),
        activity=text(properties.get("activityId") or properties.get("activityID")) or None,
    )
    details = properties.get("errorDetails")
    if details or one.failure:
        record.update(_failed(one.failure, details))
    return record


def item(row: Row, at: Place, one: Item | None) -> Record:
    """As `job`."""
    record = blank("items", row, at) | {"name": last(row["id"]) or None, "read": stamp(at.read)}
    if one is None:
        return record
    properties = mapping(row.get("properties"))
    policy = at.policies.get(one.policy)
    state = state_of(one, policy, at.read)
    told = mapping(properties.get("extendedInfo"))
    points = mapping(mapping(properties.get("backupInstanceExtendedProperties")).get("recoveryPointInfo"))
    oldest = told.get("oldestRecoveryPoint") or points.get("oldestRecoveryPointInPrimaryRegion")
    return (
        record
        | _failed(one.failure, _item_details(properties))
        | {
            "workload": one.workload,
            "source": one.source.lower() or None,
            "policy": one.policy or None,
            "policy_name": last(one.policy) or None,
            "name": one.name,
            "state": state,
            "protection_state": one.state or None,
            "protected": state in PROTECTS,
            "last_backup": _stamp(properties.get("lastBackupTime")),
            "last_backup_status": text(properties.get("lastBackupStatus")) or None,
            "last_recovery_point": stamp(one.last_recovery_point) if one.last_recovery_point else None,
            "oldest_recovery_point": _stamp(oldest),
            "recovery_points": _whole(told.get("recoveryPointCount")),
        }
        | _rpo(one, policy, state, at.read)
    )


def policy(row: Row, at: Place, one: Policy | None) -> Record:
    """As `job`."""
    record = blank("policies", row, at) | {"name": last(row["id"]) or None}
    if one is None:
        return record
    properties = mapping(row.get("properties"))
    timetables = sorted(one.schedules, key=lambda timetable: timetable.every)
    kept = (timetable.keep_days for timetable in timetables if timetable.keep_days)
    return record | {
        "workload": one.workload or None,
        "rpo_s": _seconds(rpo(one)) if timetables else None,
        "schedule": ", ".join(_shown(timetable) for timetable in timetables) or None,
        "time_zone": timetables[0].zone_name if timetables else None,
        "keep_days": next(kept, None),
        "items": _whole(properties.get("protectedItemsCount")),
    }


def vault(row: Row, at: Place) -> Record:
    properties = mapping(row.get("properties"))
    security = mapping(properties.get("securitySettings"))
    redundancy = mapping(properties.get("redundancySettings"))
    deleted = mapping(security.get("softDeleteSettings"))
    stores = [text(one.get("type")) for one in mappings(properties.get("storageSettings"))]
    features = mapping(properties.get("featureSettings"))
    restore = mapping(features.get("crossRegionRestoreSettings")).get("state")
    monitoring = mapping(mapping(properties.get("monitoringSettings")).get("azureMonitorAlertSettings"))
    tags = mapping(row.get("tags"))
    kept = deleted.get("softDeleteRetentionPeriodInDays") or deleted.get("retentionDurationInDays")
    told = {
        "redundancy": text(redundancy.get("standardTierStorageRedundancy")) or ",".join(filter(None, stores)),
        "cross_region_restore": text(redundancy.get("crossRegionRestore")) or text(restore),
        "soft_delete": text(deleted.get("softDeleteState")) or text(deleted.get("state")),
        "soft_delete_days": _whole(kept),
        "immutability": text(mapping(security.get("immutabilitySettings")).get("state")),
        "public_network": text(properties.get("publicNetworkAccess")),
        "job_failure_alerts": text(monitoring.get("alertsForAllJobFailures")),
        "tags": json.dumps(tags, ensure_ascii=False, sort_keys=True) if tags else None,
    }
    return blank("vaults", row, at) | {name: value or None for name, value in told.items()}


def alert(row: Row, at: Place, item_of: Callable[[str], Known | None]) -> Record:
    """An alert that a vault raised; what it is of stands in the context, where Resource Graph has one."""
    properties = mapping(row.get("properties"))
    told, context = mapping(properties.get("essentials")), _context(properties)
    extended = mapping(context.get("extendedInfo"))
    key = arm_path(text(context.get("protectedItemId"))).lower()
    known = item_of(key) if key else None
    code = code_in(
        extended.get("recommendedActions"), told.get("originAlertId") or told.get("sourceCreatedId")
    )
    judged = find(code) if code else None
    vault = arm_path(text(told.get("targetResource"))).lower()
    record = blank("alerts", row, at, vault)
    return record | {
        "item": key or None,
        "item_name": (known.name if known else last(key.rpartition(";")[2])) or None,
        "source": text(context.get("linkedResourceId")).lower() or (known.source if known else None),
        "policy": (known.policy or None) if known else None,
        "policy_name": (last(known.policy) or None) if known else None,
        "rule": last(told.get("alertRule")) or None,
        "severity": text(told.get("severity")) or None,
        "condition": text(told.get("monitorCondition")) or None,
        "state": text(told.get("alertState")) or None,
        "fired": _stamp(told.get("startDateTime")),
        "changed": _stamp(told.get("lastModifiedDateTime")),
        "resolved": _stamp(told.get("monitorConditionResolvedDateTime")),
        "job": last(extended.get("jobId")) or None,
        "error_code": judged.code if judged else code or None,
        "error_class": judged.cause if judged else "unknown" if code else None,
        "error_text": text(told.get("description")) or None,
        "remedy": judged.remedy if judged else None,
    }


def coverage(entry: Row, at: Place) -> Record:
    """What unprotected_sweep's report says of a resource."""
    resource, kind = str(entry["resource"]), text(entry.get("kind"))
    vault = text(entry.get("vault")).lower()
    record = blank("coverage", {"id": resource}, at, vault)
    same = ("name", "kind", "verdict", "state", "action", "reason", "rule", "confirmed")
    return (
        record
        | {name: None if entry.get(name) == "" else entry.get(name) for name in same}
        | {
            "key": f"{resource.lower()}#{kind}",
            "source": resource.lower(),
            "location": text(entry.get("location")) or None,
            "policy_name": text(entry.get("policy")) or None,
        }
    )


def _failed(failure: Failure | None, details: object) -> Record:
    said = "\n".join(_sentences(details))
    told: Record = {"error_text": said} if said else {}
    if failure is None:
        return told
    return told | {"error_code": failure.code, "error_class": failure.cause, "remedy": failure.remedy}


def _sentences(details: object) -> Iterator[str]:
    """What the service says of what went wrong, whole, each once."""
    seen = set[str]()
    for one in mappings(details) or [mapping(details)]:
        for name in ("errorString", "message", "additionalDetails"):
            said = text(one.get(name)).strip()
            if said and said not in seen:
                seen.add(said)
                yield said


def _transferred(properties: Row) -> int | None:
    """A number of bytes, or `2332 MB` in the bag of a Recovery Services vault's job."""
    told = properties.get("extendedInfo")
    if not told:
        return None
    size = _SIZE.fullmatch(text(mapping(mapping(told).get("propertyBag")).get("Backup Size")).strip())
    if not size:
        return _whole(mapping(told).get("dataTransferredInBytes"))
    return int(float(size[1]) * 1024 ** _UNITS.index(size[2].upper()))


def _item_details(properties: Row) -> object:
    """Databases say it of their last backup, backup instances of their protection."""
    own = properties.get("lastBackupErrorDetail") or properties.get("protectionErrorDetails")
    return own or mapping(properties.get("protectionStatus")).get("errorDetails")


def _called(properties: Row) -> str:
    own = text(properties.get("entityFriendlyName") or properties.get("backupInstanceFriendlyName"))
    account = text(properties.get("storageAccountName"))
    return f"{account}/{own}" if account and own else own


def _rpo(one: Item, its_policy: Policy | None, state: str, now: datetime) -> Record:
    if its_policy is not None and not its_policy.schedules:
        return {}  # continuous: it has no frequency
    promised, age = rpo(its_policy), rpo_age(one, now)
    late = age is not None and state in PROTECTS and age > LATE * promised
    return {
        "rpo_s": _seconds(promised),
        "rpo_age_s": _seconds(age) if age else None,
        "past_rpo_s": _seconds(age - promised) if age and late else None,
    }


def _shown(timetable: Schedule) -> str:
    """`Full Sat,Sun 22:00`, `Log every 15m`."""
    kind = NAMES.get(timetable.kind, "")
    minutes = _seconds(timetable.every) // 60
    if minutes < 24 * 60:
        every = f"every {minutes // 60}h" if minutes % 60 == 0 else f"every {minutes}m"
        return f"{kind} {every}".strip()
    days = "daily" if len(timetable.days) == 7 else ",".join(_DAYS[one] for one in timetable.days)
    times = ",".join(f"{hour:02d}:{minute:02d}" for hour, minute in timetable.times)
    return " ".join(filter(None, (kind, days, times)))


def _context(properties: Row) -> Row:
    """As the alert's own payload has it, one or two levels deep."""
    outer = mapping(properties.get("context") or properties.get("alertContext"))
    return mapping(outer.get("context") or outer.get("alertContext")) or outer


def _seconds(span: timedelta) -> int:
    return int(span.total_seconds())


def _as_told(moment: str) -> str:
    """As `stamp` writes it, of a text that `utc` has read: a page has two thousand, and this is ten times as
    fast."""
    return f"{moment[:10]}T{moment[11:19]}Z"


def _stamp(told: object) -> str | None:
    moment = utc_or_none(told)
    return stamp(moment) if moment else None


def _whole(value: object) -> int | None:
    """Resource Graph may send numbers as text, or as 12.0."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
