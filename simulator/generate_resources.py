"""What there is beside machines: storage accounts, PostgreSQL servers, clusters, workspaces, loose disks."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from simulator import clock, estate_resources, estate_rows
from simulator.estate import guid_of
from simulator.generate_dice import Shares, Spread, pick
from simulator.generate_history import Fate
from simulator.generate_instances import FATES, WITHOUT_JOBS
from simulator.generate_items import Protection
from simulator.generate_machines import Machine, age, disks, managed_group, owner_of, resource, tags_of
from simulator.generate_records import Fleet, Subscription
from simulator.generate_schedules import AS_OF, Policy
from simulator.store import Row

SHARES = {"account": 0.1, "postgresql": 0.03, "disk": 0.03, "cluster": 0.01}
"""How many there are for each machine, beside the clusters and workspaces that machines belong to."""
TYPES = {
    "account": "Microsoft.Storage/storageAccounts",
    "postgresql": "Microsoft.DBforPostgreSQL/flexibleServers",
    "disk": "Microsoft.Compute/disks",
    "cluster": "Microsoft.ContainerService/managedClusters",
    "workspace": "Microsoft.Databricks/workspaces",
}
_BACKUPS: dict[str, Shares[str]] = {
    "account": (("blob", 0.3), ("blob-vaulted", 0.15), ("", 1.0)),
    "postgresql": (("postgresql-flexible", 0.65), ("", 1.0)),
    "disk": (("disk", 0.3), ("", 1.0)),
    "cluster": (("aks", 0.5), ("", 1.0)),
    "workspace": (("", 1.0),),
}
"""How much of each is protected, and as what."""
_DISKS = 0.2
"""The share of machines whose data disks are protected as such."""
_FATES = {"blob": WITHOUT_JOBS, "disk": ((Fate.GONE, 0.04), *FATES)}


@dataclass(frozen=True)
class Resource:
    """`number` counts those of its kind in the whole estate; `fleet` is whose group and region it has."""

    subscription: Subscription
    kind: str
    name: str
    number: int
    fleet: Fleet

    @property
    def id(self) -> str:
        group = f"{self.subscription.path}/resourceGroups/{self.fleet.group}"
        return f"{group}/providers/{TYPES[self.kind]}/{self.name}"


def resources(subscription: Subscription) -> Iterator[Resource]:
    for kind, share in SHARES.items():
        first, end = subscription.first, subscription.first + subscription.machines
        for number in range(ceil(first * share), ceil(end * share)):
            fleet = subscription.fleets[number * 7 % len(subscription.fleets)]
            yield Resource(subscription, kind, _name(subscription, kind, number, fleet), number, fleet)
    for fleet in subscription.fleets:
        if fleet.tier.managed:
            kind = "cluster" if fleet.tier.name == "aks" else "workspace"
            yield Resource(subscription, kind, owner_of(fleet), fleet.number, fleet)


def _name(subscription: Subscription, kind: str, number: int, fleet: Fleet) -> str:
    """Names of accounts and servers are taken once in all of Azure, hence the digits of a hash."""
    unique = guid_of(subscription.id, kind, str(number))[:6]
    return {
        "account": f"st{fleet.application}{subscription.environment}{unique}"[:24],
        "postgresql": f"psql-{fleet.application}-{unique}",
        "disk": f"{fleet.application}-{fleet.tier.name}-disk-{unique}",
        "cluster": f"aks-{fleet.application}-{unique}",
    }[kind]


def is_backed_up(one: Resource, seed: int) -> str:
    """As what a Backup vault has it; "" where none does."""
    return pick(_BACKUPS[one.kind], Spread(seed, "resources", one.kind)(one.number))


def protections(one: Resource, seed: int) -> Iterator[Protection]:
    kind = is_backed_up(one, seed)
    if kind:
        vault = one.subscription.backup_vault_in(one.fleet.region)
        fates = Spread(seed, "resource fates", kind, axis=1)
        fate = pick(_FATES.get(kind, FATES), fates(one.number))
        yield Protection(kind, one.id, vault, _policy(vault.policies_of(kind), one.number), fate)


def of_disks(machine: Machine, seed: int) -> Iterator[Protection]:
    """The items of the data disks of some machines, whether or not the machine has one itself."""
    if not machine.exists or Spread(seed, "disks", axis=2)(machine.number) > _DISKS:
        return
    vault = machine.subscription.backup_vault_in(machine.fleet.region)
    policy = _policy(vault.policies_of("disk"), machine.number)
    fates = Spread(seed, "data disk fates")
    for lun, one in enumerate(disks(machine)[1:]):
        fate = pick(FATES, fates(machine.number * 5 + lun))
        yield Protection("disk", one, vault, policy, fate)


def _policy(policies: tuple[Policy, ...], number: int) -> Policy:
    return policies[number % len(policies)]


def row(one: Resource, chance: random.Random, *, protected: bool, account: str = "StorageV2") -> Row:
    """`account` is the kind of a storage account."""
    created = clock.stamp(AS_OF - age(chance, 1500, protected=protected))
    tags = tags_of(one.subscription, one.fleet)
    place = {"location": one.fleet.region, "tags": tags}
    match one.kind:
        case "account":
            described = {**estate_rows.storage_account(one.name), "creationTime": created}
            tier = "Premium" if account == "FileStorage" else "Standard"
            place |= {"kind": account, "sku": {"name": f"{tier}_ZRS", "tier": tier}}
        case "postgresql":
            described = estate_resources.postgresql(one.name, created)
            place |= {"sku": {"name": "Standard_D2ds_v5", "tier": "GeneralPurpose"}}
        case "disk":
            described = estate_resources.disk(512, created, attached=False)
            place |= {"sku": {"name": "Premium_LRS", "tier": "Premium"}}
        case "cluster":
            nodes = f"MC_{one.fleet.group}_{one.name}_{one.fleet.region}"
            scale_set = one.name != owner_of(one.fleet)
            described = estate_resources.cluster(one.name, nodes, one.fleet.machines, scale_set=scale_set)
        case _:
            group = f"{one.subscription.path}/resourceGroups/{managed_group(one.subscription, one.fleet)}"
            described = estate_resources.databricks(group)
    return resource(one.subscription, one.id, described, **place)
