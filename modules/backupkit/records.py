"""Azure's rows as plain records; Azure's shape stops here.

Ids are lower-cased for comparing and kept as given for showing. A row from
Resource Graph and a body from the vault's own service read alike.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from backupkit.failures import Failure, classify
from backupkit.times import utc, utc_or_none

RUNNING = ("inprogress", "cancelling")
SUCCEEDED = ("completed", "completedwithwarnings")
WORKLOAD_OF = {
    "azureiaasvm": "vm",
    "azurestorage": "files",
    "mab": "mars",
    "dpm": "dpm",
    "azurebackupserver": "dpm",
}
"""`backupManagementType` to our word; AzureWorkload is told apart by `workloadType`."""


@dataclass(frozen=True)
class Job:
    """A backup job; `user` is None where the service does not say who started it."""

    id: str
    vault: str
    name: str
    operation: str
    status: str
    workload: str
    started: datetime
    ended: datetime | None
    user: bool | None
    item: str
    item_name: str
    container: str
    failure: Failure | None

    @classmethod
    def from_arm(cls, row: Mapping[str, Any]) -> Job:
        properties = _properties(row)
        status = str(properties["status"])
        return cls(
            id=row["id"],
            vault=vault_of(row["id"]),
            name=row["name"],
            operation=str(properties.get("operation") or ""),
            status=status,
            workload=workload_of(properties),
            started=utc(properties["startTime"]),
            ended=_ended(properties, status),
            user=_flag(properties.get("isUserTriggered")),
            item=str(properties.get("backupInstanceId") or "").lower(),
            item_name=str(properties.get("entityFriendlyName") or "").lower(),
            container=plain_container(str(properties.get("containerName") or "")),
            failure=classify(_details(properties)) if status.lower() == "failed" else None,
        )

    @property
    def is_backup(self) -> bool:
        """Operations drift ("Backup", "Backup (Full)"), so the start of the text counts."""
        return self.operation.lower().startswith("backup")

    @property
    def is_running(self) -> bool:
        return self.status.lower() in RUNNING

    @property
    def succeeded(self) -> bool:
        return self.status.lower() in SUCCEEDED

    @property
    def failed(self) -> bool:
        return self.status.lower() == "failed"

    @property
    def cancelled(self) -> bool:
        return self.status.lower() == "cancelled"

    @property
    def until(self) -> datetime:
        """When it ended; its start while it runs or where the row does not say."""
        return self.ended or self.started


@dataclass(frozen=True)
class Item:
    """A protected item."""

    id: str
    vault: str
    name: str
    workload: str
    container: str
    source: str
    policy: str
    state: str
    soft_deleted: bool
    last_recovery_point: datetime | None

    @classmethod
    def from_arm(cls, row: Mapping[str, Any]) -> Item:
        properties = _properties(row)
        state = properties.get("protectionState") or properties.get("currentProtectionState")
        return cls(
            id=row["id"],
            vault=vault_of(row["id"]),
            name=str(properties.get("friendlyName") or row["name"].rpartition(";")[2]),
            workload=workload_of(properties),
            container=container_in(row["id"]),
            source=str(properties.get("sourceResourceId") or properties.get("virtualMachineId") or ""),
            policy=arm_path(str(properties.get("policyId") or "")).lower(),
            state=str(state or ""),
            soft_deleted=_flag(properties.get("isScheduledForDeferredDelete")) is True,
            last_recovery_point=utc_or_none(properties.get("lastRecoveryPoint")),
        )

    @property
    def key(self) -> str:
        return self.id.lower()

    @property
    def stopped(self) -> bool:
        return "stopped" in self.state.lower()


@dataclass(frozen=True)
class Policy:
    """When a policy runs and how long it keeps; schedule times are wall-clock in `zone_name`.

    `times` are (hour, minute), `days` are weekday numbers from Monday = 0
    (all of them where it runs daily) and `every` is the RPO it promises.
    """

    id: str
    zone_name: str
    times: tuple[tuple[int, int], ...]
    days: tuple[int, ...]
    every: timedelta
    keep_days: int | None

    @classmethod
    def from_arm(cls, row: Mapping[str, Any]) -> Policy:
        properties = _properties(row)
        schedule = _mapping(properties.get("schedulePolicy"))
        times, days, every = _schedule(schedule)
        hourly = _mapping(schedule.get("hourlySchedule"))
        return cls(
            id=row["id"].lower(),
            zone_name=str(properties.get("timeZone") or hourly.get("timeZone") or "UTC"),
            times=times,
            days=days,
            every=every,
            keep_days=_keep_days(_mapping(properties.get("retentionPolicy"))),
        )


@dataclass(frozen=True)
class Source:
    """What is backed up; where `known` is False neither its tags nor whether it exists could be read."""

    id: str
    exists: bool = True
    known: bool = True
    tags: Mapping[str, str] = field(default_factory=dict)


def vault_of(resource_id: str) -> str:
    """The vault's id, lower-cased, from the id of anything in it."""
    parts = arm_path(resource_id).lower().split("/")
    return "/".join(parts[:9])


def arm_path(text: str) -> str:
    """Some rows give ids as whole URLs."""
    return re.sub(r"^https?://[^/]+", "", text)


def subscription_of(resource_id: str) -> str:
    parts = resource_id.lower().split("/")
    return parts[2] if len(parts) > 2 and parts[1] == "subscriptions" else ""


def container_in(item_id: str) -> str:
    match = re.search(r"/protectioncontainers/([^/]+)/", item_id, re.IGNORECASE)
    return plain_container(match[1]) if match else ""


def plain_container(name: str) -> str:
    """Container names come with and without their type in front."""
    return re.sub(r"^iaasvmcontainer;", "", name.replace("%3B", ";").replace("%3b", ";").lower())


def workload_of(properties: Mapping[str, Any]) -> str:
    kind = str(properties.get("backupManagementType") or "").lower()
    if kind == "azureworkload":
        return str(properties.get("workloadType") or "workload").lower()
    return WORKLOAD_OF.get(kind, kind or "unknown")


def _properties(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return _mapping(row.get("properties"))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _flag(value: object) -> bool | None:
    """Booleans inside Resource Graph's properties may be text."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return value if isinstance(value, bool) else None


def _ended(properties: Mapping[str, Any], status: str) -> datetime | None:
    return None if status.lower() in RUNNING else utc_or_none(properties.get("endTime"))


def _details(properties: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    details = properties.get("errorDetails")
    return [one for one in details if isinstance(one, Mapping)] if isinstance(details, list) else []


_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _schedule(schedule: Mapping[str, Any]) -> tuple[tuple[tuple[int, int], ...], tuple[int, ...], timedelta]:
    """Both generations: V1 keeps times and days at the top, V2 under `<frequency>Schedule`."""
    frequency = str(schedule.get("scheduleRunFrequency") or "").lower()
    inner = {**schedule, **_mapping(schedule.get(f"{frequency}Schedule"))}
    days = tuple(
        _DAYS.index(day.lower()) for day in inner.get("scheduleRunDays") or () if str(day).lower() in _DAYS
    )
    if frequency == "hourly":
        hours = int(inner.get("interval") or 4)
        return _hourly_times(inner, hours), tuple(range(7)), timedelta(hours=hours)
    moments = filter(None, map(utc_or_none, inner.get("scheduleRunTimes") or ()))
    times = tuple((moment.hour, moment.minute) for moment in moments)
    if frequency == "weekly":
        return times, days, timedelta(days=7 / max(1, len(days)))
    return times, tuple(range(7)), timedelta(days=1)


def _hourly_times(inner: Mapping[str, Any], hours: int) -> tuple[tuple[int, int], ...]:
    start = utc_or_none(inner.get("scheduleWindowStartTime"))
    if not start:
        return ()
    span = int(inner.get("scheduleWindowDuration") or 24)
    # The window's end is a run too: Azure PowerShell counts window / interval + 1 points a day.
    starts = (start + timedelta(hours=hours * n) for n in range(span // max(1, hours) + 1))
    return tuple(dict.fromkeys((one.hour, one.minute) for one in starts))


def _keep_days(retention: Mapping[str, Any]) -> int | None:
    """Days the daily (else weekly) points are kept."""
    for name in ("dailySchedule", "weeklySchedule"):
        duration = _mapping(_mapping(retention.get(name)).get("retentionDuration"))
        count = duration.get("count")
        if isinstance(count, (int, float)) and count > 0:
            unit = str(duration.get("durationType") or "Days").lower()
            return int(count) * {"days": 1, "weeks": 7, "months": 30, "years": 365}.get(unit, 1)
    return None
