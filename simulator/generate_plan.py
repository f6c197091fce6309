"""What an estate is to have, as small records: subscriptions, their vaults, their fleets of machines."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from simulator.estate import guid_of
from simulator.generate_dice import Spread, dice, pick
from simulator.generate_names import APPLICATIONS, CHAINS, DIALECTS, SHORT, UNITS, ZONES, Dialect
from simulator.generate_schedules import AS_OF, DAY, Policy

ENVIRONMENTS = (("prod", 0.5), ("shared", 0.1), ("dev", 0.25), ("test", 0.15))
MACHINES_PER_SUBSCRIPTION, MACHINES_PER_VAULT = 200, 60
EVENING, LATER, WEEKLY, HOURLY = range(4)
"""The policies of a vault, in their order."""
_MOST_HOURLY = 0.5
"""No more than this share of the fleets is backed up every four hours."""


@dataclass(frozen=True)
class Size:
    """What was asked for; `subscriptions` 0 lets them follow from the machines."""

    vms: int
    jobs: int
    subscriptions: int = 0
    seed: int = 0

    @property
    def hourly(self) -> float:
        """The share of fleets backed up every four hours, so that the jobs are those of 14 days."""
        return min(max((self.jobs / self.vms / 14 - 1) / 5, 0.05), _MOST_HOURLY)


@dataclass(frozen=True)
class Tier:
    """What a fleet of machines is for; `guests` is the kind of database in them."""

    name: str
    fewest: int
    most: int
    data_disks: int = 0
    windows: bool = False
    guests: str = ""
    managed: bool = False


TIERS = (
    (Tier("web", 2, 10), 0.20),
    (Tier("app", 2, 14, data_disks=1), 0.22),
    (Tier("api", 2, 8), 0.10),
    (Tier("sql", 1, 4, data_disks=2, windows=True, guests="sql"), 0.14),
    (Tier("hana", 1, 2, data_disks=4, guests="hana"), 0.03),
    (Tier("ase", 1, 2, data_disks=2, guests="ase"), 0.02),
    (Tier("dc", 1, 2, windows=True), 0.04),
    (Tier("build", 2, 8), 0.07),
    (Tier("file", 1, 3, data_disks=2, windows=True), 0.05),
    (Tier("aks", 3, 6, managed=True), 0.03),
    (Tier("databricks", 2, 8, managed=True), 0.02),
    (Tier("box", 3, 12, windows=True), 0.08),
)


@dataclass(frozen=True)
class BadNight:
    """Between two moments a `share` of a vault's backups failed with one code."""

    since: float
    until: float
    share: float
    code: str


_STORM_CODES = (("130001", 0.5), ("400052", 0.2), ("BackUpOperationFailedV2", 0.2), ("400002", 0.1))


@dataclass(frozen=True)
class Vault:
    """A vault of either world, `id` in the casing its own row has."""

    id: str
    region: str
    policies: tuple[Policy, ...]
    bad_night: BadNight | None = None

    @property
    def name(self) -> str:
        return self.id.rpartition("/")[2]

    def policies_of(self, kind: str) -> tuple[Policy, ...]:
        return tuple(policy for policy in self.policies if policy.of == kind)


@dataclass(frozen=True)
class Fleet:
    """Machines of one tier of one application; `number` counts fleets, `first` is its first machine's number.

    `policy` says which of its vault's policies they have.
    """

    number: int
    tier: Tier
    application: str
    region: str
    group: str
    first: int
    machines: int
    policy: int


@dataclass(frozen=True)
class Subscription:
    """`machines` of them, numbered from `first` in the whole estate."""

    number: int
    id: str
    name: str
    tenant: str
    environment: str
    dialect: Dialect
    machines: int
    first: int
    vaults: tuple[Vault, ...]
    backup_vaults: tuple[Vault, ...]
    fleets: tuple[Fleet, ...]

    @property
    def path(self) -> str:
        return f"/subscriptions/{self.id}"

    @property
    def management_groups(self) -> tuple[str, ...]:
        return CHAINS[self.environment]

    @property
    def regions(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(vault.region for vault in self.vaults))

    def vaults_in(self, region: str) -> tuple[Vault, ...]:
        return tuple(vault for vault in self.vaults if vault.region == region)

    def backup_vault_in(self, region: str) -> Vault:
        return next(vault for vault in self.backup_vaults if vault.region == region)


def plan(size: Size) -> tuple[Subscription, ...]:
    """The whole plan; a few kilobytes a subscription."""
    number = size.subscriptions or max(2, size.vms // MACHINES_PER_SUBSCRIPTION)
    number = min(number, size.vms)
    weights = [dice(size.seed, "weight", each).uniform(0.3, 1.7) for each in range(number)]
    fleets, first, made = count(), 0, []
    for each, machines in enumerate(shared_out(size.vms, weights)):
        made.append(_subscription(size, each, machines, first, fleets))
        first += machines
    return tuple(made)


def shared_out(total: int, weights: Sequence[float]) -> list[int]:
    """Whole numbers in proportion to `weights` that add up to `total`."""
    whole, so_far, given, out = sum(weights), 0.0, 0, []
    for weight in weights:
        so_far += weight
        due = round(total * so_far / whole)
        out.append(due - given)
        given = due
    return out


def _subscription(
    size: Size, number: int, machines: int, first: int, fleet_numbers: Iterator[int]
) -> Subscription:
    chance = dice(size.seed, "subscription", number)
    environment = pick(ENVIRONMENTS, Spread(size.seed, "environments")(number))
    dialect = DIALECTS[int(chance.random() * len(DIALECTS))]
    unit = UNITS[number % len(UNITS)] + (str(number // len(UNITS) + 1) if number >= len(UNITS) else "")
    guid = guid_of("subscription", str(size.seed), str(number))
    regions = chance.sample(sorted(ZONES), chance.choice((1, 2, 2, 3)))
    if machines < MACHINES_PER_VAULT:
        regions = regions[:1]
    ground = _Ground(size, chance, dialect, environment, regions, range(first, first + machines))
    fleets = tuple(_fleets(ground, fleet_numbers))
    group = f"/subscriptions/{guid}/resourceGroups/{dialect.group_of('backup', environment)}"
    return Subscription(
        number=number,
        id=guid,
        name=dialect.subscription.format(unit=unit, environment=environment),
        tenant=guid_of("tenant", str(size.seed)),
        environment=environment,
        dialect=dialect,
        machines=machines,
        first=first,
        vaults=tuple(_vaults(ground, group, fleets)),
        backup_vaults=tuple(_backup_vault(group, environment, region) for region in regions),
        fleets=fleets,
    )


@dataclass(frozen=True)
class _Ground:
    """What the fleets of a subscription stand on."""

    size: Size
    chance: random.Random
    dialect: Dialect
    environment: str
    regions: Sequence[str]
    machines: range


def _fleets(ground: _Ground, numbers: Iterator[int]) -> Iterator[Fleet]:
    """An application has three fleets, all in one group and region; the first region has most."""
    size, chance, regions = ground.size, ground.chance, ground.regions
    tiers, policies = Spread(size.seed, "tiers"), Spread(size.seed, "policies", axis=1)
    shares = ((HOURLY, size.hourly), (WEEKLY, 0.08), (LATER, 0.35), (EVENING, 1.0))
    words = chance.sample(APPLICATIONS, len(APPLICATIONS))
    first = ground.machines.start
    for each in count():
        if first >= ground.machines.stop:
            return
        nth, number = each // 3, next(numbers)
        if each % 3 == 0:
            region = regions[0] if chance.random() < 0.6 else chance.choice(regions)
            application = words[nth % len(words)] + (str(nth // len(words) + 1) if nth >= len(words) else "")
        tier = pick(TIERS, tiers(number))
        many = min(chance.randint(tier.fewest, tier.most), ground.machines.stop - first)
        group = ground.dialect.group_of(application, ground.environment)
        policy = pick(shares, policies(number))
        yield Fleet(number, tier, application, region, group, first, many, policy)
        first += many


_GUESTS_AND_SHARES = (
    ("files-daily", "share", "daily", 23.5, 30),
    ("Files-4h", "share", "hourly", 0.0, 14),
    ("HourlyLogBackup", "sql", "daily", 21.0, 30),
    ("SQL-weekly-full", "sql", "daily", 20.0, 84),
    ("hana-weekly-full", "hana", "daily", 19.5, 84),
    ("ase-daily", "ase", "daily", 22.5, 30),
)
"""The policies of databases are those of their jobs: the weekly have a Differential on the other days."""


def _vaults(ground: _Ground, group: str, fleets: Sequence[Fleet]) -> Iterator[Vault]:
    """At least one in each region."""
    spread, seed = Spread(ground.size.seed, "bad nights"), ground.size.seed
    # Fewer than one vault for forty machines, so that each has a turn of its own.
    turn = ground.machines.start // 40
    for region in ground.regions:
        machines = sum(one.machines for one in fleets if one.region == region)
        for number in range(1 + machines // MACHINES_PER_VAULT):
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


def _backup_vault(group: str, environment: str, region: str) -> Vault:
    name = f"bvault-{environment}-{SHORT[region]}-01"
    vault = f"{group}/providers/Microsoft.DataProtection/backupVaults/{name}"
    zone, ahead = ZONES[region]
    policies = (
        Policy(f"{vault}/backupPolicies/{name}", of, how, at, zone, ahead, days)
        for name, of, how, at, days in _INSTANCES
    )
    return Vault(vault, region, tuple(policies))
