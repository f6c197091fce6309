"""Estates in which thousands of backups failed in one night, and what their builder knows of it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulator import clock, estate_instances
from simulator.estate import Estate
from tests.journeys import workloads
from tests.journeys.ledgers import LEDGER
from tests.journeys.workloads import EVERYTHING, KINDS

CODES = (
    400002,
    130001,
    400001,
    "ExtensionSnapshotFailedNoNetwork",
    "BackUpOperationFailedV2",
    400160,
    499999,
)
"""Causes of machines that pass, that need a person, and one nobody has judged."""
STORM = 130001
UNHEARD = "UserErrorNobodyHasSeenBefore"
RUNNING = 5
"""Backups that run in every vault."""


@dataclass
class Truth:
    """What the estate's builder knows, by lower-cased item id; `held` is how many items each vault has."""

    failing: dict[str, tuple[str, str]] = field(default_factory=dict)
    spent: set[str] = field(default_factory=set)
    held: Counter[str] = field(default_factory=Counter)

    def has_failed(self, item: str, code: int | str) -> None:
        self.failing[item.lower()] = (vault_of(item), str(code))


@dataclass(frozen=True)
class Night:
    """`build` writes an estate; every run is given `tokens`, and the one that starts backups `real` too."""

    of: str
    build: Callable[[Path], Truth]
    tokens: tuple[str, ...] = ()
    real: tuple[str, ...] = ("ledger=none",)


@dataclass(frozen=True)
class Size:
    """In every vault `failing` items and a fifth as many that are well; every fourth vault has a storm."""

    vaults: int
    failing: int

    @property
    def items(self) -> int:
        return self.failing + self.failing // 5


def vault_of(item: str) -> str:
    return "/".join(item.lower().split("/")[:9])


# -- Machines alone --------------------------------------------------------------------------------


def machines(size: Size) -> Night:
    return Night("failed machines", lambda folder: _machines(folder, size))


def _machines(folder: Path, size: Size) -> Truth:
    """In a storm most of a vault failed with one code."""
    estate, dice, truth = Estate(clock.now()), random.Random(7), Truth()
    subscriptions = [estate.subscription(f"bench-{number}") for number in range(4)]
    for number in range(size.vaults):
        subscription = subscriptions[number % 4]
        vault = estate.vault(f"rsv-{number:02}", subscription=subscription, group="rg-backup")
        policy = estate.policy(vault, "daily", at=clock.stamp(estate.now - 9 * 3600)[11:16])
        for index in range(size.items):
            name = f"vm-{number:02}-{index:04}"
            vm = estate.vm(name, subscription=subscription, group=f"rg-{index % 20}")
            item = estate.item(vault, vm, policy=policy)
            truth.held[vault_of(item)] += 1
            estate.job(item, "Completed", ago="32h", takes="40m")
            if index < size.failing:
                stormy = number % 4 == 0 and index < size.failing * 0.7
                code = STORM if stormy else dice.choice(CODES)
                estate.job(item, "Failed", ago="9h", takes="8m", codes=[code])
                truth.has_failed(item, code)
                if index % 20 == 19:
                    _tried(estate.job, item, truth)
            elif index < size.failing + RUNNING:
                estate.job(item, "InProgress", ago="20m")
            else:
                estate.job(item, "Completed", ago="8h", takes="40m")
    estate.write(folder)
    return truth


def _tried(job: Callable[..., Any], item: str, truth: Truth, **facts: Any) -> None:
    """It has had its attempts."""
    for ago in ("7h", "4h"):
        job(item, "Failed", ago=ago, takes="8m", codes=[truth.failing[item.lower()][1]], user=True, **facts)
    truth.spent.add(item.lower())


# -- All workloads ---------------------------------------------------------------------------------

RECOVERY = ["vm"] * 9 + ["files"] * 3 + ["sql"] * 6 + ["hana", "ase"]
BACKUP = ["disk"] * 5 + ["blob"] * 2 + ["postgresql"] * 2 + ["aks"]
"""What is in twenty items of a Recovery Services vault, and in ten of a Backup vault."""
HUMAN = {
    "vm": "UserErrorVmProvisioningStateFailed",
    "files": "AFSMaxSnapshotReached",
    **dict.fromkeys(("sql", "hana", "ase"), "VMNotInRunningStateUserError"),
    **dict.fromkeys(("disk", "blob", "postgresql", "aks"), "UserErrorMissingRequiredPermissions"),
}


def all_workloads(recovery: Size, backup: Size) -> Night:
    """Sizes of the Recovery Services vaults and of the Backup vaults."""
    real = (f"ledger={LEDGER}",)
    return Night(
        "failed items of all workloads", lambda folder: _all(folder, recovery, backup), (EVERYTHING,), real
    )


def _all(folder: Path, recovery: Size, backup: Size) -> Truth:
    made, truth = _Everything(), Truth()
    for number in range(recovery.vaults):
        made.recovery = made.rsv(f"rsv-{number:02}", made.group)
        made.fill(recovery, RECOVERY, truth, number)
    place = {"subscription": made.group, "group": "rg-backup"}
    for number in range(backup.vaults):
        made.vaulted = estate_instances.backup_vault(made, f"bv-{number:02}", **place)
        made.fill(backup, BACKUP, truth, number)
    made.write(folder)
    return truth


class _Everything(workloads.Estate):
    """In a storm all machines of a vault, or all its disks, failed with one code.

    Every third of the databases that failed says it itself, and no job does.
    """

    def __init__(self) -> None:
        super().__init__()
        self._dice = random.Random(7)

    def fill(self, size: Size, mix: list[str], truth: Truth, number: int) -> None:
        for index in range(size.items):
            workload = mix[index % len(mix)]
            stormy = number % 4 == 0 and workload in ("vm", "disk")
            if index < size.failing:
                code = KINDS[workload].code if stormy else self._cause(workload)
                item = self._failed(workload, f"{workload}{number:02}{index:04}", code, index)
                truth.has_failed(item, code)
                if index % 21 == 20:
                    _tried(self.ends, item, truth, **KINDS[workload].job)
            else:
                item = KINDS[workload].make(self, f"{workload}{number:02}{index:04}")
                self._recovered(item)
                running = index < size.failing + RUNNING
                state = {"ago": "20m"} if running else {"ago": "8h", "takes": "40m"}
                self.ends(item, "InProgress" if running else "Completed", **state, **KINDS[workload].job)
            truth.held[vault_of(item)] += 1

    def _cause(self, workload: str) -> int | str:
        """Half of them pass by themselves."""
        passing = KINDS[workload].code
        return self._dice.choice((passing, passing, HUMAN[workload], UNHEARD))

    def _failed(self, workload: str, name: str, code: int | str, index: int) -> str:
        kind = KINDS[workload]
        if workload in ("sql", "hana", "ase") and index % 3 == 0:
            policy = self.weekly(workload, "incremental" if workload == "hana" else "differential")
            said = self.database(name, workload, policy=policy, unhealthy=code, failed_ago="710m")
            return self._recovered(said)
        return self.fails(self._recovered(kind.make(self, name)), code, ago="9h", takes="8m", **kind.job)

    def _recovered(self, item: str) -> str:
        """Some are longer past their RPO than others, of each kind: a database's is the hour of its logs."""
        late = self._dice.randint(0, 45)
        ago = f"{late + (1 if '/vmappcontainer' in item.lower() else 24)}h"
        if "/backupinstances/" in item.lower():
            return self.ends(item, "Completed", ago=ago)
        self.change(item, lastRecoveryPoint=self.stamp(ago))
        return item
