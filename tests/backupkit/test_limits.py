"""What the service allows of on-demand backups."""

from __future__ import annotations

import pytest
from backupkit.limits import WORKLOADS

DATABASES = ("sql", "hana", "ase")
IN_BACKUP_VAULTS = ("disk", "blob", "postgresql", "aks")

every_workload = pytest.mark.parametrize("workload", WORKLOADS)


def test_every_workload_has_limits():
    assert tuple(WORKLOADS) == ("vm", "files", *DATABASES, *IN_BACKUP_VAULTS)


@every_workload
def test_at_least_one_backup_a_day_is_left_after_one_is_kept_in_reserve(workload):
    assert WORKLOADS[workload].on_demand_a_day > 1


@every_workload
def test_a_figure_has_a_source_or_is_said_to_have_none(workload):
    source = WORKLOADS[workload].source

    assert "learn.microsoft.com/azure/backup/" in source or "no published figure" in source


@pytest.mark.parametrize("workload", ["vm", "files", *DATABASES])
def test_what_is_kept_when_nothing_is_said_is_no_shorter_than_the_shortest(workload):
    assert WORKLOADS[workload].default_retention_days >= WORKLOADS[workload].least_retention_days > 0


@pytest.mark.parametrize("workload", DATABASES)
def test_a_full_backup_of_a_database_is_kept_45_days_at_least(workload):
    assert WORKLOADS[workload].least_retention_days == 45


@pytest.mark.parametrize("workload", IN_BACKUP_VAULTS)
def test_in_a_backup_vault_a_tag_says_how_long_not_a_number_of_days(workload):
    assert (WORKLOADS[workload].default_retention_days, WORKLOADS[workload].least_retention_days) == (0, 0)
