"""What the plan of an estate consists of: small records, from which rows follow."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from simulator.generate_names import CHAINS, Dialect
from simulator.generate_schedules import Policy

EVENING, LATER, WEEKLY, HOURLY = range(4)
"""The policies of a vault for machines, in their order."""
_MOST_HOURLY = 0.5
"""No more than this share of the fleets is backed up every four hours."""


@dataclass(frozen=True)
class Size:
    """What was asked for; `subscriptions` 0 lets them follow from the machines, and so do `vaults`.

    These are Recovery Services vaults.
    """

    vms: int
    jobs: int
    subscriptions: int = 0
    seed: int = 0
    tenants: int = 1
    vaults: int = 0

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


@dataclass(frozen=True)
class BadNight:
    """Between two moments a `share` of a vault's backups failed with one code."""

    since: float
    until: float
    share: float
    code: str


@dataclass(frozen=True)
class Vault:
    """A vault of either world, `id` in the casing its own row has."""

    id: str
    region: str
    policies: tuple[Policy, ...]
    bad_night: BadNight | None = None

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
    """`machines` of them, numbered from `first` in the whole estate; `home` is the managing tenant."""

    number: int
    id: str
    name: str
    tenant: str
    home: str
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
        return CHAINS[self.environment] if self.tenant == self.home else (self.tenant,)

    def vaults_in(self, region: str) -> tuple[Vault, ...]:
        return tuple(vault for vault in self.vaults if vault.region == region)

    def backup_vault_in(self, region: str) -> Vault:
        return next(vault for vault in self.backup_vaults if vault.region == region)


@dataclass(frozen=True)
class Ground:
    """What the fleets and vaults of a subscription stand on; `vaults` 0 lets them follow."""

    size: Size
    chance: random.Random
    dialect: Dialect
    environment: str
    regions: Sequence[str]
    machines: range
    vaults: int = 0
