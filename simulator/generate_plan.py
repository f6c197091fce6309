"""What an estate is to have, as small records: subscriptions, their vaults, their fleets of machines."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from simulator.estate import guid_of
from simulator.generate_dice import Spread, dice, pick, shared_out
from simulator.generate_names import APPLICATIONS, DIALECTS, UNITS, ZONES
from simulator.generate_records import (
    EVENING,
    HOURLY,
    LATER,
    WEEKLY,
    Fleet,
    Ground,
    Size,
    Subscription,
    Tier,
)
from simulator.generate_vaults import MACHINES_PER_VAULT, backup_vault, vaults
from simulator.options import UnusableError

ENVIRONMENTS = (("prod", 0.5), ("shared", 0.1), ("dev", 0.25), ("test", 0.15))
MACHINES_PER_SUBSCRIPTION = 200
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
"""Of the fleets. None is above 0.23, so that the three of an application, which follow each other, differ."""


def plan(size: Size) -> tuple[Subscription, ...]:
    """The whole plan; a few kilobytes a subscription.

    Raises:
        UnusableError: there are more tenants than subscriptions, or more of these than vaults.
    """
    number = size.subscriptions or max(2, size.vms // MACHINES_PER_SUBSCRIPTION)
    if size.tenants > number:
        raise UnusableError(f"tenants {size.tenants}: there are only {number} subscriptions")
    if 0 < size.vaults < number:
        raise UnusableError(f"vaults {size.vaults}: each of {number} subscriptions needs one")
    weights = [dice(size.seed, "weight", each).randint(30, 170) for each in range(number)]
    vaults = [1 + more for more in shared_out(size.vaults - number, weights)] if size.vaults else [0] * number
    fleets, first, made = count(), 0, []
    for each, machines in enumerate(shared_out(size.vms, weights)):
        made.append(_subscription(size, each, range(first, first + machines), vaults[each], fleets))
        first += machines
    return tuple(made)


def _subscription(
    size: Size, number: int, machines: range, vault_count: int, fleet_numbers: Iterator[int]
) -> Subscription:
    chance = dice(size.seed, "subscription", number)
    environment = pick(ENVIRONMENTS, Spread(size.seed, "environments")(number))
    dialect = DIALECTS[int(chance.random() * len(DIALECTS))]
    unit = UNITS[number % len(UNITS)] + (str(number // len(UNITS) + 1) if number >= len(UNITS) else "")
    guid = guid_of("subscription", str(size.seed), str(number))
    regions = chance.sample(sorted(ZONES), chance.choice((1, 2, 2, 3)))
    if len(machines) < MACHINES_PER_VAULT:
        regions = regions[:1]
    regions = regions[: vault_count or None]
    ground = Ground(size, chance, dialect, environment, regions, machines, vault_count)
    fleets = tuple(_fleets(ground, fleet_numbers))
    group = f"/subscriptions/{guid}/resourceGroups/{dialect.group_of('backup', environment)}"
    return Subscription(
        number=number,
        id=guid,
        name=dialect.subscription.format(unit=unit, environment=environment),
        tenant=_tenant(size, number % size.tenants),
        home=_tenant(size, 0),
        environment=environment,
        dialect=dialect,
        machines=len(machines),
        first=machines.start,
        vaults=tuple(vaults(ground, group, fleets)),
        backup_vaults=tuple(backup_vault(group, environment, region) for region in regions),
        fleets=fleets,
    )


def _tenant(size: Size, number: int) -> str:
    return guid_of("tenant", str(size.seed), *([str(number)] if number else []))


def _fleets(ground: Ground, numbers: Iterator[int]) -> Iterator[Fleet]:
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
