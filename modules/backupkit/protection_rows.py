"""What Backup vaults (Microsoft.DataProtection) tell of jobs, backup instances and policies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from backupkit.failures import classify
from backupkit.plain import flag, mapping, mappings, text
from backupkit.records import RUNNING, Item, Job, Policy, Schedule, arm_path, vault_of
from backupkit.times import utc, utc_or_none, zone
from backupkit.timetables import DAYS_IN, EVERY_DAY

Row = Mapping[str, Any]

WORKLOAD_OF = {
    "microsoft.compute/disks": "disk",
    "microsoft.storage/storageaccounts/blobservices": "blob",
    "microsoft.dbforpostgresql/servers/databases": "postgresql",
    "microsoft.dbforpostgresql/flexibleservers": "postgresql",
    "microsoft.containerservice/managedclusters": "aks",
}
"""Data source type to our word; one we have none for is left as it is."""

WEEK = timedelta(days=7)
_INTERVAL = re.compile(r"R\d*/([^/]+)/(P\w+)", re.IGNORECASE)
_DURATION = re.compile(
    r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?", re.IGNORECASE
)


def job(row: Row) -> Job:
    properties = mapping(row.get("properties"))
    status = str(properties["status"])
    return Job(
        id=row["id"],
        vault=vault_of(row["id"]),
        name=row["name"],
        operation=_operation(properties),
        status=status,
        workload=_workload(properties.get("dataSourceType")),
        started=utc(properties["startTime"]),
        ended=None if status.lower() in RUNNING else utc_or_none(properties.get("endTime")),
        user=flag(properties.get("isUserTriggered")),
        item=arm_path(text(properties.get("backupInstanceId"))).lower(),
        item_name=text(properties.get("backupInstanceFriendlyName")).lower(),
        container="",
        failure=classify(mappings(properties.get("errorDetails"))) if status.lower() == "failed" else None,
    )


def item(row: Row) -> Item:
    """Resource Graph alone tells of recovery points, in recorded rows; the vault's own service does not."""
    properties = mapping(row.get("properties"))
    points = mapping(mapping(properties.get("backupInstanceExtendedProperties")).get("recoveryPointInfo"))
    source = mapping(properties.get("dataSourceInfo"))
    state = text(properties.get("currentProtectionState"))
    return Item(
        id=row["id"],
        vault=vault_of(row["id"]),
        name=text(properties.get("friendlyName")) or text(source.get("resourceName")) or row["name"],
        workload=_workload(source.get("datasourceType")),
        container="",
        source=_resource(text(source.get("resourceID"))),
        policy=arm_path(text(mapping(properties.get("policyInfo")).get("policyId"))).lower(),
        state=state,
        soft_deleted=state.lower().startswith("softdelet"),
        last_recovery_point=utc_or_none(points.get("latestRecoveryPointInPrimaryRegion")),
    )


def policy(row: Row) -> Policy:
    """One of operational blob backup has no backup rule: it is continuous, and nothing can be triggered."""
    rules = mappings(mapping(row.get("properties")).get("policyRules"))
    taking = [one for one in rules if text(one.get("objectType")).lower() == "azurebackuprule"]
    kept = {text(one.get("name")).lower(): _kept(one) for one in rules}
    found: list[Schedule] = []
    for rule in taking:
        tag = _default_tag(rule)
        found.extend(_schedules(mapping(mapping(rule.get("trigger")).get("schedule")), kept.get(tag.lower())))
    first = taking[0] if taking else {}
    return Policy(row["id"].lower(), tuple(found), rule=text(first.get("name")), tag=_default_tag(first))


def _workload(kind: object) -> str:
    return WORKLOAD_OF.get(text(kind).lower(), text(kind).lower() or "unknown")


def _operation(properties: Row) -> str:
    """`operation` is free text (`Backup:full`); the category says what it is."""
    category, told = text(properties.get("operationCategory")), text(properties.get("operation"))
    return told if told.lower().startswith(category.lower()) else f"{category}: {told}"


def _resource(datasource: str) -> str:
    """The resource that carries the tags: a single server's databases are none of their own."""
    return re.sub(
        r"(/microsoft\.dbforpostgresql/servers/[^/]+)/databases/.*$", r"\1", datasource, flags=re.IGNORECASE
    )


def _default_tag(rule: Row) -> str:
    criteria = mappings(mapping(rule.get("trigger")).get("taggingCriteria"))
    default = next((one for one in criteria if flag(one.get("isDefault"))), next(iter(criteria), {}))
    return text(mapping(default.get("tagInfo")).get("tagName"))


def _kept(rule: Row) -> int | None:
    for lifecycle in mappings(rule.get("lifecycles")):
        found = _DURATION.fullmatch(text(mapping(lifecycle.get("deleteAfter")).get("duration")))
        if found:
            years, months, weeks, days = (int(one or 0) for one in found.groups()[:4])
            total = years * DAYS_IN["years"] + months * DAYS_IN["months"] + weeks * 7 + days
            return total or None
    return None


def _schedules(schedule: Row, keep_days: int | None) -> Iterator[Schedule]:
    """`R/2021-08-15T06:30:00+00:00/P1W`: from then on every week, by the clock of the schedule's zone."""
    name = text(schedule.get("timeZone")) or "UTC"
    for told in schedule.get("repeatingTimeIntervals") or ():
        found = _INTERVAL.fullmatch(text(told))
        start = _start(found[1], name) if found else None
        every = _every(found[2]) if found else timedelta(0)
        if start and every:
            times, days = _wall_clock(start, every)
            yield Schedule(name, times, days, every, keep_days)


def _start(told: str, name: str) -> datetime | None:
    """As the zone's clock shows it; without an offset it is taken for UTC."""
    try:
        start = datetime.fromisoformat(re.sub(r"\.\d+", "", told).replace("Z", "+00:00"))
        return (start if start.tzinfo else start.replace(tzinfo=timezone.utc)).astimezone(zone(name))
    except ValueError:
        return None


def _every(told: str) -> timedelta:
    found = _DURATION.fullmatch(told)
    years, months, weeks, days, hours, minutes = (
        (int(one or 0) for one in found.groups()) if found else (0,) * 6
    )
    return timedelta(days=365 * years + 30 * months + 7 * weeks + days, hours=hours, minutes=minutes)


def _wall_clock(start: datetime, every: timedelta) -> tuple[tuple[tuple[int, int], ...], tuple[int, ...]]:
    """No times where runs are further apart than a week: which week it is a weekday does not say."""
    if every > WEEK:
        return (), ()
    if every == WEEK:
        return ((start.hour, start.minute),), (start.weekday(),)
    runs = [start + every * n for n in range(max(1, int(timedelta(days=1) / every)))]
    return tuple(dict.fromkeys((one.hour, one.minute) for one in runs)), EVERY_DAY
