"""What a database itself makes of a backup, whatever the estate says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator import recovery_points
from simulator.recovery_kinds import kind_of
from simulator.store import Row

if TYPE_CHECKING:
    from simulator.world import World

_NEEDS_PARENT = ("Differential", "Incremental", "Log")


def failure(world: World, item: Row, backup_type: str) -> str:
    """The outcome of a backup that cannot succeed, "" for one that can; `item` is as its vault knows it."""
    if backup_type not in _NEEDS_PARENT:
        return ""
    if not _supports(item, backup_type):
        return "Failed:UserErrorSQLPODoesNotSupportBackupType"
    points = recovery_points.of_item(world, item)
    if any(point.type in recovery_points.PARENTS for point in points):
        return ""
    return "Failed:UserErrorParentFullBackupMissing"


def _supports(item: Row, backup_type: str) -> bool:
    """SQL Server takes only full backups of master, and logs not in the simple recovery model."""
    given, kind = item["properties"], kind_of(item["properties"])
    if kind is None or kind.name != "sql":
        return True
    if str(given.get("friendlyName")).lower() == "master":
        return False
    model = str((given.get("extendedInfo") or {}).get("recoveryModel")).upper()
    return not (backup_type == "Log" and model == "SIMPLE")
