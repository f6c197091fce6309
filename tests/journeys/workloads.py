"""Estates for journeys: one failed backup of each thing that Azure Backup protects."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from simulator.estate_databases import database, database_policy
from simulator.estate_instances import backup_policy, backup_vault, instance, instance_job
from simulator.estate_shares import share, share_policy
from tests.journeys.estates import World
from tests.journeys.ledgers import account

EVERYTHING = "workloads=vm,files,disk,sql,hana,ase,blob,postgresql,aks"
TYPE_OF = {
    "disk": "Microsoft.Compute/disks",
    "blob": "Microsoft.Storage/storageAccounts",
    "postgresql": "Microsoft.DBforPostgreSQL/flexibleServers",
    "aks": "Microsoft.ContainerService/managedClusters",
}
DIFFERENTIAL = {"operation": "Backup (Differential)"}


class Estate(World):
    """A subscription with a vault of each world, whose policies run half a day from now."""

    def __init__(self) -> None:
        super().__init__()
        self.group = self.subscription("prod")
        account(self, self.group)
        self.recovery = self.rsv("rsv-a", self.group)
        self.vaulted = backup_vault(self, "bv-a", subscription=self.group, group="rg-backup")
        self._made: dict[tuple[str, str], str] = {}

    def clock(self, hours: float) -> str:
        """The time of day so many hours from now."""
        return f"{datetime.fromtimestamp(self.now, UTC) + timedelta(hours=hours):%H:%M}"

    def window(self, starts: float, ends: float) -> str:
        """Daily hours, from so many hours from now to so many."""
        return f"{self.clock(starts)}-{self.clock(ends)}@UTC"

    def machine(self, name: str) -> str:
        return self.vm(name, subscription=self.group, group="rg-app")

    def database(self, name: str, kind: Any = "sql", *, policy: str = "", **facts: Any) -> str:
        """One on a machine of its own; without a policy its Full runs daily, and logs hourly."""
        policy = policy or self._policy(
            database_policy, f"{kind}-daily", kind=kind, full=self.clock(12), days=35
        )
        return database(
            self, self.recovery, self.machine(f"vm-{name}"), name, kind=kind, policy=policy, **facts
        )

    def weekly(self, kind: str = "sql", between: str = "differential") -> str:
        """A policy whose Full is three days away, with something between on the other days."""
        full_day = datetime.fromtimestamp(self.now, UTC) + timedelta(days=3)
        times = {"full": self.clock(12), between: self.clock(12), "full_days": [f"{full_day:%A}"]}
        return self._policy(database_policy, f"{kind}-weekly", kind=kind, **times)

    def share(self, name: str) -> str:
        policy = self._policy(share_policy, "files-daily", at=self.clock(12), days=20)
        where = self.storage_account(f"st{name}", subscription=self.group, group="rg-app")
        return share(self, self.recovery, where, name, policy=policy)

    def instance(self, name: str, kind: str, every: str | None = "P1D") -> str:
        """`every` None is a policy without a backup rule, of blobs alone."""
        of = "postgresql-flexible" if kind == "postgresql" else kind
        policy = self._policy(
            backup_policy, f"{kind}-{every}", of, at=self.clock(12), every=every, vault=self.vaulted
        )
        resource = self.resource(
            TYPE_OF[kind], name, subscription=self.group, group="rg-app", location="westeurope"
        )
        return instance(self, self.vaulted, resource, kind, policy=policy)

    def _policy(self, make: Callable[..., str], name: str, *facts: Any, vault: str = "", **more: Any) -> str:
        of = vault or self.recovery
        if (of, name) not in self._made:
            self._made[of, name] = make(self, of, name, *facts, **more)
        return self._made[of, name]

    def fails(self, item: str, code: int | str, *, ago: str = "3h", **facts: Any) -> str:
        """The item's scheduled backup failed with this code."""
        return self.ends(item, "Failed", ago=ago, codes=[code], **facts)

    def ends(self, item: str, status: str, **facts: Any) -> str:
        if "/backupinstances/" in item.lower():
            instance_job(self, item, status, **facts)
        else:
            self.job(item, status, **facts)
        return item

    def points(self, item: str, **ago: str) -> None:
        """Recovery points that no job shows, by type and how long ago; the database says that it is well."""
        told = [{"at": self.stamp(one), "type": kind} for kind, one in ago.items()]
        self.world.setdefault("recovery_points", {})[item] = told
        newest = max(one["at"] for one in told)
        self.change(item, lastBackupStatus="Healthy", lastBackupTime=newest, lastRecoveryPoint=newest)


def recovery_body(request: str, **more: Any) -> dict[str, Any]:
    return {"properties": {"objectType": request, **more}}


def database_body(kind: str) -> dict[str, Any]:
    return recovery_body("AzureWorkloadBackupRequest", backupType=kind, enableCompression=False)


RULE_BODY = {
    "backupRuleOptions": {"ruleName": "BackupDaily", "triggerOption": {"retentionTagOverride": "Default"}}
}


@dataclass(frozen=True)
class Kind:
    """How one workload fails for a passing cause, and with which body Azure documents its retry.

    `kept` is for how many days the new recovery point is asked to be kept, None where a body says no date;
    `job` is what is told of the failed one beside its code.
    """

    make: Callable[[Estate, str], str]
    code: int | str
    body: Mapping[str, Any]
    kept: int | None = None
    job: Mapping[str, Any] = field(default_factory=dict)


def _instance(kind: str) -> Callable[[Estate, str], str]:
    return lambda estate, name: estate.instance(name, kind)


def _database(kind: str, between: str = "differential") -> Callable[[Estate, str], str]:
    return lambda estate, name: estate.database(name, kind, policy=estate.weekly(kind, between))


KINDS: dict[str, Kind] = {
    "vm": Kind(
        lambda estate, name: estate.protected(estate.recovery, name),
        400002,
        recovery_body("IaasVMBackupRequest"),
        30,
    ),
    "files": Kind(Estate.share, "DatamoverGenericError", recovery_body("AzureFileShareBackupRequest"), 20),
    "sql": Kind(
        _database("sql"), "UserErrorOpeningSQLConnection", database_body("Differential"), job=DIFFERENTIAL
    ),
    "hana": Kind(
        _database("hana", "incremental"),
        "UserErrorInOpeningHanaOdbcConnection",
        database_body("Incremental"),
        job={"operation": "Backup (Incremental)"},
    ),
    "ase": Kind(
        _database("ase"), "DatabaseBackupOperationFailed", database_body("Differential"), job=DIFFERENTIAL
    ),
    "disk": Kind(_instance("disk"), "InternalServerError", RULE_BODY),
    "blob": Kind(_instance("blob"), "ObjectReplicationPolicyCreationFailure", RULE_BODY),
    "postgresql": Kind(_instance("postgresql"), "InternalServerError", RULE_BODY),
    "aks": Kind(_instance("aks"), "ExtensionTimedOutWaitingForBackupItemSync", RULE_BODY),
}


def rows_of(state: Path) -> Iterator[dict[str, Any]]:
    """What the vaults of a state hold."""
    with (state / "recoveryservicesresources.ndjson").open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)
