"""What Backup vaults protect, in the names Microsoft.DataProtection has for it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """`every` is how often its policies run unless told otherwise, "" where there is nothing to schedule.

    `destination` is what a job calls the store it writes to; recorded jobs of databases leave it null.
    """

    datasource: str
    resource: str
    store: str
    backup_type: str
    every: str
    retention: str
    destination: str | None = None


_FLEXIBLE = "Microsoft.DBforPostgreSQL/flexibleServers"
_CLUSTERS = "Microsoft.ContainerService/managedClusters"
_BLOBS = "Microsoft.Storage/storageAccounts/blobServices"
_ACCOUNTS = "Microsoft.Storage/storageAccounts"
_DISKS = "Microsoft.Compute/disks"
_DATABASES = "Microsoft.DBforPostgreSQL/servers/databases"
_SNAPSHOTS = "OperationalTierStore"

KINDS = {
    "disk": Kind(_DISKS, _DISKS, "OperationalStore", "Incremental", "PT4H", "P7D", _SNAPSHOTS),
    "blob": Kind(_BLOBS, _ACCOUNTS, "OperationalStore", "", "", "P30D"),
    "blob-vaulted": Kind(_BLOBS, _ACCOUNTS, "VaultStore", "Discrete", "P1W", "P3M"),
    "postgresql": Kind(_DATABASES, _DATABASES, "VaultStore", "Full", "P1W", "P3M"),
    "postgresql-flexible": Kind(_FLEXIBLE, _FLEXIBLE, "VaultStore", "Full", "P1W", "P3M"),
    "aks": Kind(_CLUSTERS, _CLUSTERS, "OperationalStore", "Incremental", "PT4H", "P7D", _SNAPSHOTS),
}
"""`blob` is operational backup, which has no backup rule and nothing to trigger."""

_RULES = {"PT": "BackupHourly", "P1D": "BackupDaily", "P1W": "BackupWeekly"}


def kind(name: str) -> Kind:
    if name not in KINDS:
        raise ValueError(f"no such kind {name!r}; known are {', '.join(KINDS)}")
    return KINDS[name]


def destination(datasource: str) -> str | None:
    """What jobs of this type of source call the store they write to; of unknown types nothing is said."""
    return next((one.destination for one in KINDS.values() if one.datasource == datasource), None)


def rule_name(every: str) -> str:
    """What the portal calls the backup rule of a schedule."""
    return next((name for start, name in _RULES.items() if every.startswith(start)), "BackupIntervals")
