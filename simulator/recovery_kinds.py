"""What Recovery Services backs up: how each kind is named, and what may be asked for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

VM_REQUEST, SHARE_REQUEST = "IaasVMBackupRequest", "AzureFileShareBackupRequest"
DATABASE_REQUEST = "AzureWorkloadBackupRequest"
ADHOC = "Whether job is adhoc or scheduled."
"""What says of a file share's job who started it: its `isUserTriggered` was recorded false all the same."""
_ENTITY = re.compile(r"(?:(?P<instance>[^/\[]+)/)?(?P<name>.+?)(?: \[(?P<server>[^\]]*)\])?")
_CONFLICT = "OperationCancelledBecauseConflictingOperationRunningUserError"


@dataclass(frozen=True)
class Kind:
    """`request` is the objectType of a backup's body, `types` the backup types it may name.

    `a_day` is how many on-demand backups are allowed in 24 hours, `busy` the code of one too many at a time.
    """

    name: str
    workload: str
    request: str
    busy: str
    a_day: int
    types: tuple[str, ...] = ()

    @property
    def is_database(self) -> bool:
        return self.request == DATABASE_REQUEST


# Limits of a day are those of the support matrices.
KINDS = {
    kind.workload.lower(): kind
    for kind in (
        Kind("vm", "VM", VM_REQUEST, "UserErrorBackupOperationInProgress", 9),
        Kind("files", "AzureFileShare", SHARE_REQUEST, "ParallelSnapshotRequest", 4),
        Kind(
            "sql",
            "SQLDataBase",
            DATABASE_REQUEST,
            _CONFLICT,
            9,
            ("Full", "Differential", "Log", "CopyOnlyFull"),
        ),
        Kind(
            "hana",
            "SAPHanaDatabase",
            DATABASE_REQUEST,
            _CONFLICT,
            9,
            ("Full", "Differential", "Incremental", "Log"),
        ),
        Kind("ase", "SAPAseDatabase", DATABASE_REQUEST, _CONFLICT, 9, ("Full", "Differential", "Log")),
    )
}
_BY_MANAGEMENT = {"azureiaasvm": KINDS["vm"], "azurestorage": KINDS["azurefileshare"]}


def kind_of(item: Mapping[str, Any]) -> Kind | None:
    """The kind of an item, by its properties; None for one the simulator does not back up."""
    management = str(item.get("backupManagementType") or "").lower()
    if management in _BY_MANAGEMENT:
        return _BY_MANAGEMENT[management]
    kind = KINDS.get(str(item.get("workloadType") or "").lower())
    return kind if kind and kind.is_database and management == "azureworkload" else None


def is_on_demand(job: Mapping[str, Any]) -> bool:
    """Whether a job says that a person or program asked for it."""
    bag = (job.get("extendedInfo") or {}).get("propertyBag") or {}
    return "true" in (str(job.get("isUserTriggered")).lower(), str(bag.get(ADHOC)).lower())


def backup_type(operation: str) -> str:
    """`Log` of `Backup (Log)`; what says nothing is a full backup."""
    match = re.search(r"\((\w+)\)", operation)
    return match[1] if match else "Full"


def entity_of(friendly: str) -> tuple[str, str, str]:
    """Instance, name and server, lower-cased, in a job's `INSTANCE/db [server]`, `db [server]` or `db`."""
    match = _ENTITY.fullmatch(friendly.lower())
    if not match:
        return "", friendly.lower(), ""
    return match["instance"] or "", match["name"], match["server"] or ""
