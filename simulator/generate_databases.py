"""Databases in virtual machines: their items and jobs."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from simulator import clock, database_rows, estate_rows
from simulator.generate_dice import Shares, Spread, dice, pick
from simulator.generate_history import COMMON, GOOD, Causes, Fate, History, Run
from simulator.generate_items import Protection, guid
from simulator.generate_machine_items import RecoveryServices, state
from simulator.generate_machines import Machine
from simulator.generate_records import Vault
from simulator.generate_schedules import AS_OF, DAY, HOUR, MINUTE, Policy
from simulator.recovery_errors import details_of_database
from simulator.recovery_kinds import backup_type
from simulator.store import Row

Properties = dict[str, Any]

FATES: Shares[Fate] = ((Fate.UNHEALTHY, 0.04), (Fate.GONE, 0.004), *COMMON)
PROTECTED = 0.65
"""The share of machines with databases that are backed up as such."""
_HOW_MANY = {"sql": (2, 7), "hana": (1, 2), "ase": (1, 2)}
_INSTANCES = {"sql": ("MSSQLSERVER", "MSSQLSERVER", "SQL2019"), "hana": ("HXE", "PRD"), "ase": ("ASE",)}
_NAMES = {
    "sql": ("master", "msdb", "sales", "Orders", "crm_prod", "warehouse", "Reporting", "audit"),
    "hana": ("SYSTEMDB", "S4H", "bw4"),
    "ase": ("master", "erpdb"),
}
_PASSING = (
    ("CloudInternalError", 0.3),
    ("OperationCancelledBecauseConflictingOperationRunningUserError", 0.25),
    ("UserErrorVMInternetConnectivityIssue", 0.15),
)
_EXTENSION = ("WorkloadExtensionNotReachable", 0.35)

OF_DATABASES = {
    "sql": Causes(
        passing=(*_PASSING, ("UserErrorOpeningSQLConnection", 1.0)),
        lasting=(
            _EXTENSION,
            ("UserErrorSQLNoSysadminMembership", 0.3),
            ("VMNotInRunningStateUserError", 1.0),
        ),
        gone=(("UserErrorSQLPODoesNotExist", 1.0),),
    ),
    "hana": Causes(
        passing=(*_PASSING, ("UserErrorInOpeningHanaOdbcConnection", 1.0)),
        lasting=(_EXTENSION, ("UserErrorHANAInternalRoleNotPresent", 1.0)),
        gone=(("UserErrorHANAPODoesNotExist", 1.0),),
    ),
    "ase": Causes(
        passing=(*_PASSING, ("UserErrorBackupFailedAsRemedialBackupInProgress", 1.0)),
        lasting=(_EXTENSION, ("VMNotInRunningStateUserError", 1.0)),
        gone=(("UserErrorSQLPODoesNotExist", 1.0),),
    ),
}
_OF_LOGS = (
    ("UserErrorBackupFailedAsTransactionLogIsFull", 0.35),
    ("UserErrorSQLLSNValidationFailure", 0.25),
    ("WorkloadExtensionNotReachable", 0.25),
    ("UserErrorOpeningSQLConnection", 1.0),
)
"""Why log backups fail, of which there are no jobs."""


@dataclass(frozen=True)
class Guests:
    """The databases in a machine; the first `protected` of them have an item."""

    kind: str
    vault: Vault
    instance: str
    names: tuple[str, ...]
    protected: int


def guests(machine: Machine, seed: int) -> Guests | None:
    kind = machine.fleet.tier.guests
    if not kind or not machine.exists:
        return None
    chance = dice(seed, "databases", machine.id)
    bare = chance.random() > PROTECTED
    vaults = machine.subscription.vaults_in(machine.fleet.region)
    vault = vaults[machine.fleet.number % len(vaults)]
    instance, many = chance.choice(_INSTANCES[kind]), chance.randint(*_HOW_MANY[kind])
    names = _NAMES[kind][: many + chance.choice((0, 0, 1, 2))]
    return Guests(kind, vault, instance, names, 0 if bare else many)


def protections(machine: Machine, seed: int) -> Iterator[Protection]:
    """The items of the databases in a machine; `part` is `instance/name`."""
    inside = guests(machine, seed)
    if inside is None:
        return
    kind, policies = inside.kind, inside.vault.policies_of(inside.kind)
    fates = Spread(seed, "database fates", kind, axis=1)
    for each, name in enumerate(inside.names[: inside.protected]):
        fate = pick(FATES, fates(machine.number * 7 + each))
        policy = policies[machine.number % len(policies)]
        yield Protection(kind, machine.id, inside.vault, policy, fate, f"{inside.instance}/{name}")


def of_databases(policy: Policy, items: int) -> Properties:
    """A Full every night, or on Sundays with a Differential between; and logs."""
    runs, weekly = policy.wall_clock, _is_weekly(policy)
    parts = [database_rows.full(runs, ["Sunday"] if weekly else [], policy.days)]
    if weekly:
        parts.append(database_rows.between("Differential", runs, database_rows.WEEK[:6]))
    parts.append(database_rows.log(60))
    described = database_rows.policy(policy.of, zone=policy.zone, parts=parts)
    return {**described, "protectedItemsCount": items}


def _is_weekly(policy: Policy) -> bool:
    return "weekly" in policy.name.lower()


class Databases(RecoveryServices):
    """Databases of one kind: sql, hana or ase."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.causes = OF_DATABASES[kind]

    def item(self, protection: Protection, seen: History, chance: random.Random) -> tuple[str, Properties]:
        instance, _, name = protection.part.partition("/")
        described = database_rows.item(
            self.kind,
            protection.source,
            name,
            instance=instance,
            vault=protection.vault.id,
            location=protection.vault.region,
            policy=protection.policy.id,
            recovery_model="SIMPLE" if name in ("master", "msdb") else "FULL",
        )
        if seen.newest and seen.good:
            described |= _shown(described, protection, seen, chance)
        if protection.fate is Fate.GONE:
            described["isDatasourceDeleted"] = True
        described |= state(protection.fate, chance)
        path = database_rows.item_path(self.kind, protection.source, instance, name)
        return path, {key: one for key, one in described.items() if one is not None}

    def jobs(
        self, item: Row, protection: Protection, runs: list[Run], chance: random.Random
    ) -> Iterator[Properties]:
        for run in runs:
            described = database_rows.job(
                self.kind,
                item["id"],
                protection.source,
                item["properties"]["friendlyName"],
                location=protection.vault.region,
                operation=_operation(run, protection.policy),
                user=run.user,
            )
            described["activityId"] = guid(chance)
            codes = [run.code] if run.code else []
            yield described | estate_rows.course(run.status, run.start, run.end, codes, details_of_database)


def _shown(described: Properties, protection: Protection, seen: History, chance: random.Random) -> Properties:
    """What its newest backup says: logs go on every hour where the newest job was well."""
    assert seen.newest is not None
    assert seen.good is not None
    full = database_rows.recovery_point(described, clock.stamp(seen.good.start))
    days = protection.policy.days
    oldest = clock.stamp(seen.good.start - days * DAY)
    count = {"recoveryPointCount": days, "oldestRecoveryPoint": oldest}
    if seen.newest.status not in GOOD:
        changed = full | database_rows.last_backup(clock.stamp(seen.newest.start), seen.newest.code)
    elif protection.fate is Fate.UNHEALTHY:
        failed = AS_OF - chance.uniform(1, 50) * MINUTE
        before = max(failed - chance.uniform(1, 30) * HOUR, seen.good.start)
        changed = full | database_rows.last_backup(clock.stamp(failed), pick(_OF_LOGS, chance.random()))
        changed["lastRecoveryPoint"] = clock.stamp(before)
    else:
        # Those whose backups ceased have their last log on the day of their last job.
        since = min(AS_OF, seen.good.end + DAY)
        log = clock.stamp(max(since - chance.uniform(1, 55) * MINUTE, seen.good.end))
        changed = full | database_rows.last_backup(log) | {"lastRecoveryPoint": log}
    return {**changed, "extendedInfo": {**changed["extendedInfo"], **count}}


def points(policy: Policy, unlisted: Run) -> list[dict[str, str]]:
    """The recovery point of a backup that no job shows: its item names a log, which needs one before it."""
    return [{"at": clock.stamp(unlisted.start), "type": backup_type(_operation(unlisted, policy))}]


def _operation(run: Run, policy: Policy) -> str:
    """Jobs name the type of the backup; Sunday is that of the policy's zone."""
    if run.operation != "Backup":
        return run.operation
    day = datetime.fromtimestamp(run.start + policy.ahead * HOUR, UTC).weekday()
    return "Backup (Differential)" if _is_weekly(policy) and day != 6 and not run.user else "Backup (Full)"
