"""File shares of storage accounts: their items and jobs."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from simulator import clock, estate_rows, share_rows
from simulator.generate_dice import Shares, Spread, dice, pick
from simulator.generate_history import COMMON, GOOD, Causes, Fate, History, Run
from simulator.generate_items import Protection, guid
from simulator.generate_machine_items import RecoveryServices, state
from simulator.generate_records import Vault
from simulator.generate_resources import Resource, is_backed_up
from simulator.generate_schedules import AS_OF, DAY, Policy
from simulator.recovery_errors import details_of_share
from simulator.store import Row

Properties = dict[str, Any]

FATES: Shares[Fate] = ((Fate.GONE, 0.005), *COMMON)
PROTECTED = 0.6
"""The share of storage accounts with file shares that are backed up."""
_NAMES = ("docs", "profiles", "homes", "export", "scans", "staging")

OF_SHARES = Causes(
    passing=(
        ("FileshareBackupFailedWithAzureRpRequestThrottling", 0.4),
        ("DatamoverGenericError", 0.3),
        ("ParallelSnapshotRequest", 0.3),
    ),
    lasting=(("AFSMaxSnapshotReached", 0.5), ("UserErrorBackupAFSInSoftDeleteState", 0.5)),
    gone=(("FileShareNotFound", 1.0),),
)


@dataclass(frozen=True)
class Shared:
    """The shares of an account, of which the first `protected` have an item; `kind` is the account's."""

    names: tuple[str, ...]
    protected: int
    kind: str = "StorageV2"


def shares(account: Resource, seed: int) -> Shared:
    """Two accounts in five have none; of what is protected one in three has a share that nobody added."""
    chance = dice(seed, "shares", account.id)
    many = chance.choice((0, 0, 1, 3, 5))
    bare = chance.random() > PROTECTED
    if many and not bare:
        return Shared(_NAMES[: many + (chance.random() < 0.33)], many)
    odd = chance.random() < 0.25 and not is_backed_up(account, seed)
    kind = ("FileStorage" if many else "BlobStorage") if odd else "StorageV2"
    return Shared(_NAMES[:many], 0, kind)


def vault_of(account: Resource) -> Vault:
    """All shares of an account are in one vault, as Azure has it."""
    vaults = account.subscription.vaults_in(account.fleet.region)
    return vaults[account.number % len(vaults)]


def protections(account: Resource, seed: int) -> Iterator[Protection]:
    """The items of an account's shares."""
    if account.kind != "account":
        return
    vault, known = vault_of(account), shares(account, seed)
    policies = vault.policies_of("share")
    fates = Spread(seed, "share fates")
    for each, name in enumerate(known.names[: known.protected]):
        fate = pick(FATES, fates(account.number * 5 + each))
        policy = policies[account.number % 4 == 0]
        yield Protection("share", account.id, vault, policy, fate, name)


def of_shares(policy: Policy, items: int) -> Properties:
    hours = 4 if policy.how == "hourly" else 0
    described = share_rows.policy(
        policy.wall_clock, policy.days, zone=policy.zone, every_hours=hours, window_hours=20
    )
    return {**described, "protectedItemsCount": items}


class FileShares(RecoveryServices):
    causes = OF_SHARES

    def item(self, protection: Protection, seen: History, chance: random.Random) -> tuple[str, Properties]:
        described = share_rows.item(
            protection.source,
            protection.part,
            vault=protection.vault.id,
            location=protection.vault.region,
            policy=protection.policy.id,
            synced=clock.stamp(AS_OF - chance.random() * DAY),
        )
        if seen.newest and seen.good:
            code = "" if seen.newest.status in GOOD else seen.newest.code
            described |= share_rows.recovery_point(described, clock.stamp(seen.good.start))
            described |= share_rows.last_backup(clock.stamp(seen.newest.start), code)
            described["extendedInfo"]["recoveryPointCount"] = protection.policy.days
        if protection.fate is Fate.GONE:
            described["isDatasourceDeleted"] = True
        path = share_rows.item_path(protection.source, protection.part, hashed=chance.random() < 0.3)
        return path, described | state(protection.fate, chance)

    def jobs(
        self, item: Row, protection: Protection, runs: list[Run], chance: random.Random
    ) -> Iterator[Properties]:
        """Shares backed up several times a day have jobs of the newer type, which do not say who asked."""
        newer = protection.policy.how == "hourly"
        for run in runs:
            described = share_rows.job(
                item["id"],
                protection.source,
                protection.part,
                location=protection.vault.region,
                operation=run.operation,
                user=None if newer else run.user,
            )
            described["activityId"] = guid(chance)
            codes = [run.code] if run.code else []
            yield described | estate_rows.course(run.status, run.start, run.end, codes, details_of_share)
