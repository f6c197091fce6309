"""Backup instances of Backup vaults, and their jobs."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from simulator import clock, protection_shapes
from simulator.generate_dice import Shares
from simulator.generate_history import COMMON, GOOD, Causes, Fate, History, Run
from simulator.generate_items import Protection, guid
from simulator.generate_schedules import AS_OF, DAY
from simulator.protection_errors import cause
from simulator.protection_kinds import KINDS
from simulator.store import Row

Properties = dict[str, Any]

FATES: Shares[Fate] = ((Fate.CONFIGURING, 0.03), (Fate.SUSPENDED, 0.04), (Fate.DELETED, 0.03), *COMMON)
WITHOUT_JOBS: Shares[Fate] = (
    (Fate.CONFIGURING, 0.03),
    (Fate.STOPPED, 0.04),
    (Fate.DELETED, 0.03),
    (Fate.BROKEN, 0.02),
    (Fate.HEALTHY, 1.0),
)
"""What becomes of operational backups of blobs, which nothing runs for."""
_STATES = {
    Fate.CONFIGURING: "ConfiguringProtection",
    Fate.SUSPENDED: "BackupSchedulesSuspended",
    Fate.STOPPED: "ProtectionStopped",
    Fate.DELETED: "SoftDeleted",
    Fate.BROKEN: "ProtectionError",
}
_PASSING = (("CloudInternalError", 0.4), ("InternalServerError", 0.2), ("BMSUserErrorObjectLocked", 0.15))
_BUSY = ("UserErrorMaxConcurrentOperationLimitReached", 1.0)

OF_INSTANCES = {
    "disk": Causes(
        passing=(*_PASSING, _BUSY),
        lasting=(
            ("UserErrorNotEnoughPermissionOnDisk", 0.4),
            ("UserErrorNotEnoughPermissionOnSnapshotRG", 0.3),
            ("UserErrorSnapshotRGNotFound", 0.15),
            ("UserErrorSubscriptionDiskQuotaLimitReached", 0.15),
        ),
        gone=(("UserErrorManagedDiskNotFound", 1.0),),
    ),
    "blob-vaulted": Causes(
        passing=(*_PASSING, _BUSY),
        lasting=(("UserErrorMissingRequiredPermissions", 0.7), ("LinkedAuthorizationFailed", 0.3)),
        gone=(("UserErrorStorageAccountNotFound", 1.0),),
    ),
    "postgresql-flexible": Causes(
        passing=(*_PASSING, ("PostgreSQLFlexServerError", 1.0)),
        lasting=(("UserErrorMissingRequiredPermissions", 0.6), ("DppPluginInvalidInputParameters", 0.4)),
        gone=(("UserErrorMissingRequiredPermissions", 1.0),),
    ),
    "aks": Causes(
        passing=(
            ("ExtensionTimedOutWaitingForBackupItemSync", 0.5),
            ("CSISnapshottingTimedOut", 0.3),
            ("UserErrorBackupStorageLocationNotReady", 0.2),
        ),
        lasting=(
            ("UserErrorKubernetesBackupExtensionHasErrors", 0.5),
            ("UserErrorKubernetesBackupExtensionNotFoundError", 0.3),
            ("UserErrorBackupPluginPodRestartedDuringBackup", 0.2),
        ),
        gone=(("UserErrorKubernetesBackupExtensionNotFoundError", 1.0),),
        warning="UserErrorPVSnapshotDisallowedByPolicy",
    ),
}


class Instances:
    """Instances of one of the kinds that Backup vaults protect."""

    def __init__(self, kind: str) -> None:
        self.kind = KINDS[kind]
        # Operational backup of blobs has no jobs, so none that fail.
        self.causes = OF_INSTANCES.get(kind) or OF_INSTANCES["blob-vaulted"]

    def item(self, protection: Protection, seen: History, chance: random.Random) -> tuple[str, Properties]:
        described = protection_shapes.instance(
            self.kind,
            protection.vault.id,
            protection.source,
            policy=protection.policy.id,
            location=protection.vault.region,
            state=_STATES.get(protection.fate, protection_shapes.CONFIGURED),
        )
        if seen.good:
            described |= protection_shapes.recovery_point(described, clock.stamp(seen.good.start))
        if seen.newest and seen.newest.status not in GOOD and cause(seen.newest.code).human:
            described |= protection_shapes.trouble(described, seen.newest.code)
        name = protection_shapes.instance_name(protection.source, guid(chance))
        if protection.fate is Fate.DELETED:
            at = AS_OF - chance.uniform(0.1, 3) * DAY
            return f"deletedBackupInstances/{name}", protection_shapes.deleted(described, at)
        return f"backupInstances/{name}", described

    def vault_of_jobs(self, protection: Protection) -> str:
        return protection.vault.id

    def jobs(
        self, item: Row, protection: Protection, runs: list[Run], chance: random.Random
    ) -> Iterator[Properties]:
        instance = item["id"].replace("/deletedBackupInstances/", "/backupInstances/")
        for run in runs:
            described = protection_shapes.job(
                instance,
                item["properties"],
                activity=guid(chance),
                user=run.user,
                operation=run.operation,
                destination=self.kind.destination,
            )
            codes = [run.code] if run.code else []
            yield described | protection_shapes.course(described, run.status, run.start, run.end, codes=codes)
