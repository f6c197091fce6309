"""Jobs of an estate, by the kind of their item, and what they leave on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from simulator import database_rows, estate_rows, share_rows
from simulator.recovery_errors import details, details_of_database, details_of_share
from simulator.recovery_kinds import backup_type, kind_of

Properties = dict[str, Any]


def job(
    item: Mapping[str, Any], vault: Mapping[str, Any], operation: str | None, user: bool | None
) -> Properties:
    """Whose job it is; without an `operation` it is a full backup."""
    of, location = item["properties"], vault["location"]
    kind = kind_of(of)
    if kind and kind.is_database:
        return database_rows.job(
            kind.name,
            item["id"],
            of["dataSourceId"],
            of["friendlyName"],
            location=location,
            server=of["serverName"],
            operation=operation or "Backup (Full)",
            user=user,
        )
    if kind and kind.name == "files":
        account, name = of["dataSourceId"], of["friendlyName"]
        return share_rows.job(
            item["id"], account, name, location=location, operation=operation or "Backup", user=user
        )
    return estate_rows.job(item, vault, operation or "Backup", user)


def details_for(item: Mapping[str, Any]) -> Callable[[str], Properties]:
    """How a job of this item tells its errors."""
    kind = kind_of(item["properties"])
    if kind and kind.is_database:
        return details_of_database
    return details_of_share if kind and kind.name == "files" else details


def point(item: Mapping[str, Any], at: str, operation: str) -> Properties:
    """What a backup that made a recovery point changes on its item, whose properties these are."""
    kind = kind_of(item)
    if kind and kind.is_database:
        return database_rows.recovery_point(item, at, log=backup_type(operation) == "Log")
    if kind and kind.name == "files":
        return share_rows.recovery_point(item, at)
    return estate_rows.recovery_point(item, at)


def newest(item: Mapping[str, Any], at: str, status: str, code: str) -> Properties:
    """What the item's newest backup changes on it; a failure without a code is one of no known cause."""
    kind = kind_of(item)
    why = (code or "CloudInternalError") if status == "Failed" else ""
    if kind and kind.is_database:
        return database_rows.last_backup(at, why)
    if kind and kind.name == "files":
        return share_rows.last_backup(at, why)
    return {
        "lastBackupTime": at,
        "lastBackupStatus": "Failed" if status == "Failed" else "Completed",
        "protectionStatus": "Unhealthy" if status == "Failed" else "Healthy",
    }
