"""Recovery Services: the vaults that back up virtual machines, files and databases."""

from __future__ import annotations

from simulator import (
    recovery_backup,
    recovery_checks,
    recovery_containers,
    recovery_items,
    recovery_jobs,
    recovery_operations,
    recovery_point_bodies,
    recovery_protectable,
    recovery_vaults,
)
from simulator.routes import Routes

routes = Routes()
for _service in (
    recovery_backup,
    recovery_operations,
    recovery_jobs,
    recovery_point_bodies,
    recovery_items,
    recovery_checks,
    recovery_containers,
    recovery_protectable,
    recovery_vaults,
):
    routes.all += _service.routes.all
