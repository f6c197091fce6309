"""The vaults of a planned estate, with their policies and their bad nights."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from simulator.generate_dice import Spread, dice, pick, shared_out
from simulator.generate_names import SHORT, ZONES
from simulator.generate_records import BadNight, Fleet, Ground, Vault
from simulator.generate_schedules import AS_OF, DAY, Policy

MACHINES_PER_VAULT = 60
_STORM_CODES = (("130001", 0.5), ("400052", 0.2), ("BackUpOperationFailedV2", 0.2), ("400002", 0.1))
_GUESTS_AND_SHARES = (
    ("files-daily", "share", "daily", 23.5, 30),
    ("Files-4h", "share", "hourly", 0.0, 14),
    ("HourlyLogBackup", "sql", "daily", 21.0, 30),
    ("SQL-weekly-full", "sql", "daily", 20.0, 84),
    ("hana-weekly-full", "hana", "daily", 19.5, 84),
    ("ase-daily", "ase", "daily", 22.5, 30),
)
"""The policies of databases are those of their jobs: the weekly have a Differential on the other days."""


def vaults(ground: Ground, group: str, fleets: Sequence[Fleet]) -> Iterator[Vault]:
    """At least one in each region."""
    spread, seed = Spread(ground.size.seed, "bad nights"), ground.size.seed
    # Fewer than one vault for forty machines, so that each has a turn of its own.
    turn = ground.machines.start // 40
    machines = [sum(one.machines for one in fleets if one.region == region) for region in ground.regions]
    more = [each // MACHINES_PER_VAULT for each in machines]
    if ground.vaults:
        more = shared_out(ground.vaults - len(machines), [1 + each for each in machines])
    for region, beside in zip(ground.regions, more, strict=True):
        for number in range(1 + beside):
            name = f"rsv-{ground.environment}-{SHORT[region]}-{number + 1:02}"
            yield _vault(dice(seed, group, name), f"{group}/providers", name, region, spread(turn))
            turn += 1


def _vault(chance: random.Random, providers: str, name: str, region: str, turn: float) -> Vault:
    provider = "microsoft.recoveryservices" if chance.random() < 0.12 else "Microsoft.RecoveryServices"
    vault = f"{providers}/{provider}/vaults/{name}"
    local, ahead = ZONES[region] if chance.random() < 0.6 else ("UTC", 0.0)
    evening = chance.choice((19.0, 20.0, 20.5, 21.0, 22.0, 22.5, 23.0))
    policies = [
        (f"daily-{_clock(evening)}", "vm", "daily", evening, 30),
        (f"DailyPolicy-{_clock((evening + 4) % 24)}", "vm", "daily", (evening + 4) % 24, 14),
        ("weekly-sunday", "vm", "weekly", chance.choice((1.0, 3.5, 6.0)), 84),
        ("EnhancedPolicy-4h", "vm", "hourly", chance.choice((0.0, 2.0, 3.5)), 30),
        *_GUESTS_AND_SHARES,
    ]
    return Vault(
        vault,
        region,
        tuple(
            Policy(f"{vault}/backupPolicies/{name}", of, how, at, local, ahead, days)
            for name, of, how, at, days in policies
        ),
        _bad_night(chance, turn),
    )


def _bad_night(chance: random.Random, turn: float) -> BadNight | None:
    """One vault in fourteen had one in these two weeks, a bit more likely of late."""
    if turn > 1 / 14:
        return None
    until = AS_OF - int(14 * chance.random() ** 1.5) * DAY
    return BadNight(until - DAY, until, chance.uniform(0.4, 0.85), pick(_STORM_CODES, chance.random()))


def _clock(hours: float) -> str:
    return f"{int(hours):02}{round(hours % 1 * 60):02}"


_INSTANCES = (
    ("disk-4h", "disk", "hourly", 1.5, 7),
    ("Disk-Daily", "disk", "daily", 22.0, 14),
    ("blob-operational", "blob", "", 0.0, 30),
    ("blob-vaulted-weekly", "blob-vaulted", "weekly", 2.0, 90),
    ("postgres-weekly", "postgresql-flexible", "weekly", 3.0, 90),
    ("AKS-4h", "aks", "hourly", 0.5, 7),
)


def backup_vault(group: str, environment: str, region: str) -> Vault:
    name = f"bvault-{environment}-{SHORT[region]}-01"
    vault = f"{group}/providers/Microsoft.DataProtection/backupVaults/{name}"
    zone, ahead = ZONES[region]
    policies = (
        Policy(f"{vault}/backupPolicies/{name}", of, how, at, zone, ahead, days)
        for name, of, how, at, days in _INSTANCES
    )
    return Vault(vault, region, tuple(policies))
