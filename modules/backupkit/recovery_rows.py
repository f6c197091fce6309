"""What Recovery Services vaults tell of jobs, protected items and policies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from backupkit.failures import classify
from backupkit.kinds import DATABASES
from backupkit.plain import flag, mapping, mappings, text
from backupkit.records import RUNNING, Item, Job, Policy, arm_path, subscription_of, vault_of
from backupkit.times import utc, utc_or_none
from backupkit.timetables import schedules

Row = Mapping[str, Any]

WORKLOAD_OF = {
    "azureiaasvm": "vm",
    "azurestorage": "files",
    "mab": "mars",
    "dpm": "dpm",
    "azurebackupserver": "dpm",
}
"""`backupManagementType` to our word; AzureWorkload is told apart by `workloadType`."""
DATABASE_OF = {
    "sqldatabase": "sql",
    "sqlinstance": "sql",
    "saphanadatabase": "hana",
    "saphanasystem": "hana",
    "saphanadbinstance": "hana",
    "sapasedatabase": "ase",
    "sapasesystem": "ase",
}
ON_DEMAND = "Whether job is adhoc or scheduled."
"""What a file share's job says of its origin in its property bag."""


def job(row: Row) -> Job:
    properties = mapping(row.get("properties"))
    status = str(properties["status"])
    workload = workload_of(properties)
    return Job(
        id=row["id"],
        vault=vault_of(row["id"]),
        name=row["name"],
        operation=str(properties.get("operation") or ""),
        status=status,
        workload=workload,
        started=utc(properties["startTime"]),
        ended=None if status.lower() in RUNNING else utc_or_none(properties.get("endTime")),
        user=_user(properties, workload),
        item=text(properties.get("backupInstanceId")).lower(),
        item_name=_called(properties),
        container=plain_container(text(properties.get("containerName"))),
        failure=classify(mappings(properties.get("errorDetails"))) if status.lower() == "failed" else None,
    )


def item(row: Row) -> Item:
    properties = mapping(row.get("properties"))
    workload, container = workload_of(properties), container_in(row["id"])
    name = text(properties.get("friendlyName")) or row["name"].rpartition(";")[2]
    healthy = _healthy(properties) if workload in DATABASES else None
    state = properties.get("protectionState") or properties.get("currentProtectionState")
    return Item(
        id=row["id"],
        vault=vault_of(row["id"]),
        name=_shown(name, properties, workload, container),
        workload=workload,
        container=container,
        source=_source(row["id"], properties, workload),
        policy=arm_path(text(properties.get("policyId"))).lower(),
        state=text(state),
        soft_deleted=flag(properties.get("isScheduledForDeferredDelete")) is True,
        last_recovery_point=utc_or_none(properties.get("lastRecoveryPoint")),
        calls=frozenset(_calls(name, properties, workload, container)),
        last_backup=utc_or_none(properties.get("lastBackupTime")),
        healthy=healthy,
        failure=classify(properties.get("lastBackupErrorDetail")) if healthy is False else None,
    )


def policy(row: Row) -> Policy:
    properties = mapping(row.get("properties"))
    settings = mapping(properties.get("settings"))
    compressed = flag(settings.get("isCompression")) or flag(settings.get("issqlcompression"))
    workload = workload_of({**properties, "workloadType": properties.get("workLoadType")})
    found = tuple(schedules(properties))
    return Policy(row["id"].lower(), found, compressed=compressed is True, workload=workload)


def points(row: Row) -> Iterator[tuple[str, datetime]]:
    """Types and moments of the backups that a recovery point stands for.

    The log backups of a database are one point, with a range of time for each chain of them.
    """
    properties = mapping(row.get("properties"))
    kind = text(properties.get("type") or properties.get("recoveryPointType")).lower()
    ends = [utc_or_none(one.get("endTime")) for one in mappings(properties.get("timeRanges"))]
    own = properties.get("recoveryPointTimeInUTC") or properties.get("recoveryPointTime")
    for moment in ends or [utc_or_none(own)]:
        if moment:
            yield kind, moment


def container_in(item_id: str) -> str:
    match = re.search(r"/protectioncontainers/([^/]+)/", item_id, re.IGNORECASE)
    return plain_container(match[1]) if match else ""


def plain_container(name: str) -> str:
    """Container names come with and without their type in front."""
    return name.replace("%3B", ";").replace("%3b", ";").lower().removeprefix("iaasvmcontainer;")


def workload_of(properties: Row) -> str:
    kind = text(properties.get("backupManagementType")).lower()
    if kind == "azureworkload":
        told = text(properties.get("workloadType")).lower()
        return DATABASE_OF.get(told, told or "workload")
    return WORKLOAD_OF.get(kind, kind or "unknown")


def _user(properties: Row, workload: str) -> bool | None:
    """Of file shares only true says anything: an on-demand job was recorded with `isUserTriggered` false."""
    said = flag(properties.get("isUserTriggered"))
    if workload != "files" or said:
        return said
    return flag(mapping(mapping(properties.get("extendedInfo")).get("propertyBag")).get(ON_DEMAND))


def _called(properties: Row) -> str:
    """What a job calls its item; shares of several accounts may have one name."""
    name, account = text(properties.get("entityFriendlyName")), text(properties.get("storageAccountName"))
    return f"{account}/{name}".lower() if account else name.lower()


def _shown(name: str, properties: Row, workload: str, container: str) -> str:
    """Databases and shares have the same names on many servers, instances and accounts."""
    where = container.rpartition(";")[2] if workload == "files" else ""
    if workload in DATABASES:
        where = text(properties.get("serverName")).partition(".")[0]
        instance = text(properties.get("parentName"))
        if where and workload == "sql" and instance.lower() not in ("", "mssqlserver"):
            where = f"{where}\\{instance}"
    return f"{where}/{name}" if where else name


def _calls(name: str, properties: Row, workload: str, container: str) -> Iterator[str]:
    """A database is `db`, `db [server]` or `INSTANCE/db [server]` in recorded jobs; shares have accounts."""
    yield name.lower()
    if workload == "files":
        yield f"{container.rpartition(';')[2]}/{name}".lower()
    if workload in DATABASES:
        server, parent = text(properties.get("serverName")), text(properties.get("parentName"))
        for short in {server, server.partition(".")[0]} - {""}:
            yield f"{name} [{short}]".lower()
            yield f"{parent}/{name} [{short}]".lower()


def _healthy(properties: Row) -> bool | None:
    """None where it was never backed up."""
    said = text(properties.get("lastBackupStatus")).lower()
    return {"healthy": True, "completed": True, "unhealthy": False, "failed": False}.get(said)


def _source(item_id: str, properties: Row, workload: str) -> str:
    """What is backed up. A database's is its machine, in which the vault's container is registered.

    `sourceResourceId` of a database is the machine in recorded items, and no resource at all in Microsoft's
    example of an item (`.../providers/VMAppContainer/sqlserver-0`).
    """
    own = text(properties.get("sourceResourceId") or properties.get("virtualMachineId"))
    if workload not in DATABASES:
        return own
    told = [own, *(text(mapping(properties.get(name)).get("resourceID")) for name in _TOLD_BY_GRAPH)]
    machines = (_MACHINE.match(one) for one in told)
    found = next(filter(None, machines), None)
    return found[0] if found else _registered(item_id)


_TOLD_BY_GRAPH = ("dataSourceSetInfo", "dataSourceInfo")
_MACHINE = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.Compute/virtualMachines/[^/]+",
    re.IGNORECASE,
)


def _registered(item_id: str) -> str:
    """From the container's name: a machine and the vault it is registered in are of one subscription."""
    found = re.fullmatch(r"vmappcontainer;compute;([^;]+);([^;]+)", container_in(item_id))
    if not found:
        return ""
    group = f"/subscriptions/{subscription_of(item_id)}/resourceGroups/{found[1]}"
    return f"{group}/providers/Microsoft.Compute/virtualMachines/{found[2]}"
