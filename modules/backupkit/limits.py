"""What Azure Backup allows, with the source of each figure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class WorkloadLimits:
    """What the service allows, and keeps, of the on-demand backups of one item.

    `on_demand_a_day` counts every one of them, whoever started it. Retention is
    in days: `default_retention_days` when nothing else tells, and
    `least_retention_days`, the shortest that the service takes, for databases of
    a Full. Both are 0 in Backup vaults, where a backup is started with the tag of
    a retention rule, never with a number of days.
    """

    on_demand_a_day: int
    default_retention_days: int
    least_retention_days: int
    source: str


_PAGES = "learn.microsoft.com/azure/backup/"
_DATABASE = (
    "nine on-demand attempts a day, three are recommended: {matrix}; "
    "a Full is kept 45 days at least, other types as the policy says: {keeps}; "
    "45 days where nothing is said: what `az backup protection backup-now` sends"
)

WORKLOADS: Final[Mapping[str, WorkloadLimits]] = {
    "vm": WorkloadLimits(
        on_demand_a_day=9,
        default_retention_days=30,
        least_retention_days=1,
        source=f"nine on-demand attempts a day: {_PAGES}backup-support-matrix-iaas; "
        f"30 days by default: {_PAGES}backup-azure-arm-userestapi-backupazurevms; "
        "no published figure of the shortest retention, a day is cautious",
    ),
    "files": WorkloadLimits(
        on_demand_a_day=4,
        default_retention_days=30,
        least_retention_days=1,
        source=f"four on-demand backups a day, since 2021 ten: {_PAGES}azure-file-share-support-matrix; "
        "30 days where nothing is said: github.com/Azure/azure-cli/pull/16500; "
        "no published figure of the shortest retention, a day is cautious",
    ),
    "sql": WorkloadLimits(
        on_demand_a_day=9,
        default_retention_days=45,
        least_retention_days=45,
        source=_DATABASE.format(
            matrix=f"{_PAGES}sql-support-matrix", keeps=f"{_PAGES}manage-monitor-sql-database-backup"
        ),
    ),
    "hana": WorkloadLimits(
        on_demand_a_day=9,
        default_retention_days=45,
        least_retention_days=45,
        source=_DATABASE.format(
            matrix=f"{_PAGES}sap-hana-backup-support-matrix", keeps=f"{_PAGES}sap-hana-db-manage"
        ),
    ),
    "ase": WorkloadLimits(
        on_demand_a_day=9,
        default_retention_days=45,
        least_retention_days=45,
        source=_DATABASE.format(
            matrix=f"{_PAGES}sap-ase-backup-support-matrix", keeps=f"{_PAGES}sap-ase-database-manage"
        ),
    ),
    "disk": WorkloadLimits(
        on_demand_a_day=4,
        default_retention_days=0,
        least_retention_days=0,
        source="no published figure, four is cautious: a disk has room for so many snapshots, of which a "
        f"policy leaves twenty at least: {_PAGES}disk-backup-support-matrix",
    ),
    "blob": WorkloadLimits(
        on_demand_a_day=4,
        default_retention_days=0,
        least_retention_days=0,
        source="four on-demand vaulted backups a day, published for Data Lake Storage: "
        f"{_PAGES}azure-data-lake-storage-backup-support-matrix; operational backup has nothing to start",
    ),
    "postgresql": WorkloadLimits(
        on_demand_a_day=2,
        default_retention_days=0,
        least_retention_days=0,
        source="no published figure, two is cautious",
    ),
    "aks": WorkloadLimits(
        on_demand_a_day=10,
        default_retention_days=0,
        least_retention_days=0,
        source="ten on-demand backups a day of a backup instance: "
        f"{_PAGES}azure-kubernetes-service-cluster-backup-support-matrix",
    ),
}

GRAPH_PAGE = 1000
"""Rows of a Resource Graph page
(learn.microsoft.com/azure/governance/resource-graph/concepts/work-with-data)."""

GRAPH_SUBSCRIPTIONS = 1000
"""Subscriptions a Resource Graph request may name (.../resource-graph/troubleshoot/general)."""

JOB_READS_AN_HOUR = 150
"""Reads of `backupJobs`, for all vaults of a subscription together (recorded 429 answers)."""
