"""Estates for journeys: one failed backup of each thing that Azure Backup protects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from simulator.estate_databases import database, database_policy
from simulator.estate_instances import backup_policy, backup_vault, instance, instance_job
from simulator.estate_shares import share, share_policy
from tests.journeys.estates import World
from tests.journeys.ledgers import account

ALL = "vm,files,disk,sql,hana,ase,blob,postgresql,aks"
EVERYTHING = f"workloads={ALL}"


def clock(hours: float, now: float) -> str:
    """The time of day so many hours from now."""
    return f"{datetime.fromtimestamp(now, UTC) + timedelta(hours=hours):%H:%M}"


class Estate(World):
    """A subscription with a vault of each world, whose policies run half a day from now."""

    def __init__(self) -> None:
        super().__init__()
        self.group = self.subscription("prod")
        account(self, self.group)
        self.recovery = self.rsv("rsv-a", self.group)
        self.vaulted = backup_vault(self, "bv-a", subscription=self.group, group="rg-backup")
        self.later = clock(12, self.now)
        self.made: dict[str, str] = {}

    def policy_of(self, kind: str, make: Callable[[], str]) -> str:
        if kind not in self.made:
            self.made[kind] = make()
        return self.made[kind]

    def window(self, starts: float, ends: float) -> str:
        """Daily hours, from so many hours from now to so many."""
        return f"{clock(starts, self.now)}-{clock(ends, self.now)}@UTC"

    def place(self, arm_type: str, name: str, **columns: Any) -> str:
        return self.resource(
            arm_type, name, subscription=self.group, group="rg-app", location="westeurope", **columns
        )

    # -- What can be protected --------------------------------------------------------------------

    def database(self, name: str, kind: str = "sql", *, machine: str = "", **facts: Any) -> str:
        """A database of its own machine; its Full runs daily, and logs are backed up too."""
        vm = self.vm(
            machine or f"vm-{name}", subscription=self.group, group="rg-app", tags=facts.pop("tags", {})
        )
        policy = facts.pop("policy", "") or self.policy_of(
            kind,
            lambda: database_policy(
                self, self.recovery, f"{kind}-daily", kind=kind, full=self.later, days=35
            ),
        )
        return database(self, self.recovery, vm, name, kind=kind, policy=policy, **facts)

    def weekly(self, kind: str = "sql", **facts: Any) -> str:
        """A policy with a weekly Full that is days away, and something between daily, half a day from now."""
        day = datetime.fromtimestamp(self.now, UTC) + timedelta(days=3)
        between = {
            "incremental"
            if kind == "hana" and facts.pop("incremental", False)
            else "differential": self.later
        }
        return self.policy_of(
            f"{kind} weekly {between}",
            lambda: database_policy(
                self,
                self.recovery,
                f"{kind}-weekly",
                kind=kind,
                full=self.later,
                full_days=[f"{day:%A}"],
                **between,
            ),
        )

    def share(self, name: str, **facts: Any) -> str:
        policy = self.policy_of(
            "files", lambda: share_policy(self, self.recovery, "files-daily", at=self.later, days=20)
        )
        where = self.storage_account(
            f"st{name}", subscription=self.group, group="rg-app", tags=facts.pop("tags", {})
        )
        return share(self, self.recovery, where, name, policy=policy, **facts)

    def instance(self, name: str, kind: str, *, tags: Mapping[str, str] | None = None, **policy: Any) -> str:
        made = self.policy_of(
            f"{kind} {policy}",
            lambda: backup_policy(
                self,
                self.vaulted,
                f"{kind}-{len(self.made)}",
                POLICY_OF.get(kind, kind),
                at=self.later,
                every="P1D",
                **policy,
            ),
        )
        resource = self.place(TYPE_OF[kind], name, tags=dict(tags or {}))
        return instance(self, self.vaulted, resource, kind, policy=made)

    # -- What failed ------------------------------------------------------------------------------

    def fails(self, item: str, code: int | str, *, ago: str = "3h", **facts: Any) -> str:
        """The item's scheduled backup failed with this code."""
        if "/backupinstances/" in item.lower():
            instance_job(self, item, "Failed", ago=ago, codes=[str(code)], **facts)
        else:
            self.job(item, "Failed", ago=ago, codes=[code], **facts)
        return item

    def succeeds(self, item: str, *, ago: str, **facts: Any) -> str:
        if "/backupinstances/" in item.lower():
            instance_job(self, item, "Completed", ago=ago, **facts)
        else:
            self.job(item, "Completed", ago=ago, **facts)
        return item


TYPE_OF = {
    "disk": "Microsoft.Compute/disks",
    "blob": "Microsoft.Storage/storageAccounts",
    "postgresql": "Microsoft.DBforPostgreSQL/flexibleServers",
    "aks": "Microsoft.ContainerService/managedClusters",
}
POLICY_OF = {"postgresql": "postgresql-flexible"}


@dataclass(frozen=True)
class Kind:
    """How one workload fails for a passing cause, and with which body Azure documents its retry.

    `kept` is for how many days the new recovery point is asked to be kept, None where a body says no date.
    """

    make: Callable[[Estate, str], str]
    code: int | str
    body: Mapping[str, Any]
    kept: int | None = None
    tokens: Sequence[str] = ()
    job: Mapping[str, Any] = field(default_factory=dict)


def recovery_body(request: str, **more: Any) -> dict[str, Any]:
    return {"properties": {"objectType": request, **more}}


def rule_body(rule: str, tag: str = "Default") -> dict[str, Any]:
    return {"backupRuleOptions": {"ruleName": rule, "triggerOption": {"retentionTagOverride": tag}}}


def database_body(kind: str) -> dict[str, Any]:
    return recovery_body("AzureWorkloadBackupRequest", backupType=kind, enableCompression=False)


DIFFERENTIAL = {"operation": "Backup (Differential)"}

KINDS: dict[str, Kind] = {
    "vm": Kind(
        lambda estate, name: estate.protected(estate.recovery, name),
        400002,
        recovery_body("IaasVMBackupRequest"),
        30,
    ),
    "files": Kind(
        lambda estate, name: estate.share(name),
        "DatamoverGenericError",
        recovery_body("AzureFileShareBackupRequest"),
        20,
    ),
    "sql": Kind(
        lambda estate, name: estate.database(name, policy=estate.weekly()),
        "UserErrorOpeningSQLConnection",
        database_body("Differential"),
        job=DIFFERENTIAL,
    ),
    "hana": Kind(
        lambda estate, name: estate.database(name, "hana", policy=estate.weekly("hana", incremental=True)),
        "UserErrorInOpeningHanaOdbcConnection",
        database_body("Incremental"),
        job={"operation": "Backup (Incremental)"},
    ),
    "ase": Kind(
        lambda estate, name: estate.database(name, "ase", policy=estate.weekly("ase")),
        "DatabaseBackupOperationFailed",
        database_body("Differential"),
        job=DIFFERENTIAL,
    ),
    "disk": Kind(
        lambda estate, name: estate.instance(name, "disk"), "InternalServerError", rule_body("BackupDaily")
    ),
    "blob": Kind(
        lambda estate, name: estate.instance(name, "blob", tags={}),
        "ObjectReplicationPolicyCreationFailure",
        rule_body("BackupDaily"),
    ),
    "postgresql": Kind(
        lambda estate, name: estate.instance(name, "postgresql"),
        "InternalServerError",
        rule_body("BackupDaily"),
    ),
    "aks": Kind(
        lambda estate, name: estate.instance(name, "aks"),
        "ExtensionTimedOutWaitingForBackupItemSync",
        rule_body("BackupDaily"),
    ),
}
