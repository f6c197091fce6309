"""What a vault can be asked, of either kind, in its own words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

from backupkit import recovery_rows, rows
from backupkit.arm import Arm
from backupkit.errors import ArmError
from backupkit.kinds import NAMES
from backupkit.records import Item, Job, is_backup_vault
from backupkit.ties import unlisted

API = "api-version=2024-04-01"
"""A stable version that both services have."""

T = TypeVar("T")


def jobs(arm: Arm, vault: str, since: datetime, until: datetime) -> list[Job]:
    """The vault's jobs that started in the window, in one list.

    A Recovery Services vault filters it: the filter's clock is a 12-hour one, in UTC, as recorded traffic has
    it. A Backup vault lists all it keeps.

    Raises:
        ArmError: the vault cannot be read, or sent a job of an unknown shape.
    """
    url, operation = f"{quote(vault)}/backupJobs?{API}", f"list jobs of vault {vault}"
    if is_backup_vault(vault):
        return [job for job in _made(arm, url, operation, rows.job) if since <= job.started <= until]
    return _made(arm, url + _filter({"startTime": since, "endTime": until}), operation, rows.job)


def databases(arm: Arm, vault: str) -> list[Item]:
    """The protected databases of a Recovery Services vault, as it knows them.

    Raises:
        ArmError: as for `jobs`.
    """
    kind = quote("backupManagementType eq 'AzureWorkload'")
    url = f"{quote(vault)}/backupProtectedItems?{API}&$filter={kind}"
    return _made(arm, url, f"list databases of vault {vault}", rows.item)


def recovered(arm: Arm, item: Item, since: datetime, until: datetime) -> list[Job]:
    """The backups that a database's recovery points of the window tell of, job listed or not.

    Raises:
        ArmError: as for `jobs`.
    """
    window = {"startDate": since, "endDate": until}
    url = f"{quote(item.id)}/recoveryPoints?{API}{_filter(window)}"
    points = _made(
        arm, url, f"list recovery points of {item.name}", lambda row: list(recovery_rows.points(row))
    )
    return [
        unlisted(item, moment, "Completed", f"Backup ({NAMES.get(kind, kind)})")
        for told in points
        for kind, moment in told
        if moment >= since
    ]


def _made(arm: Arm, url: str, operation: str, make: Callable[[Mapping[str, Any]], T]) -> list[T]:
    try:
        return [make(row) for row in arm.pages(url, operation)]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ArmError(operation, 200, "UnknownShape", f"a row could not be read: {error!r}") from error


def _filter(window: Mapping[str, datetime]) -> str:
    terms = (f"{name} eq '{moment.strftime('%Y-%m-%d %I:%M:%S %p')}'" for name, moment in window.items())
    return f"&$filter={quote(' and '.join(terms))}"
