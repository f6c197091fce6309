"""What Azure Backup allows, with the source of each figure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class WorkloadLimits:
    """`on_demand_a_day` counts every on-demand backup of an item, whoever started it."""

    on_demand_a_day: int
    default_retention_days: int
    source: str
    least_retention_days: int = 1


WORKLOADS = {
    "vm": WorkloadLimits(
        on_demand_a_day=9,
        default_retention_days=30,
        source="learn.microsoft.com/azure/backup/backup-support-matrix-iaas: nine on-demand attempts a day; "
        "learn.microsoft.com/azure/backup/backup-azure-arm-userestapi-backupazurevms: 30 days by default",
    ),
    "files": WorkloadLimits(4, 30, "x", 1),
    "sql": WorkloadLimits(9, 45, "x", 45),
    "hana": WorkloadLimits(9, 45, "x", 45),
    "ase": WorkloadLimits(9, 45, "x", 45),
    "disk": WorkloadLimits(4, 0, "x", 0),
    "blob": WorkloadLimits(4, 0, "x", 0),
    "postgresql": WorkloadLimits(4, 0, "x", 0),
    "aks": WorkloadLimits(4, 0, "x", 0),
}

GRAPH_PAGE = 1000
"""Rows of a Resource Graph page
(learn.microsoft.com/azure/governance/resource-graph/concepts/work-with-data)."""

GRAPH_SUBSCRIPTIONS = 1000
"""Subscriptions a Resource Graph request may name (.../resource-graph/troubleshoot/general)."""

JOB_READS_AN_HOUR = 150
"""Reads of `backupJobs`, for all vaults of a subscription together (recorded 429 answers)."""
