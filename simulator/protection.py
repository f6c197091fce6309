"""Microsoft.DataProtection: the Backup vaults, which back up disks, blobs, PostgreSQL and AKS."""

from __future__ import annotations

from simulator import (
    protection_backup,
    protection_instances,
    protection_jobs,
    protection_operations,
    protection_vaults,
)
from simulator.routes import Routes

routes = Routes()
for _service in (
    protection_backup,
    protection_operations,
    protection_jobs,
    protection_instances,
    protection_vaults,
):
    routes.all += _service.routes.all
