"""Machines with their disks, and what comes with those that AKS and Databricks make."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from simulator import clock, estate_resources, estate_rows
from simulator.estate import guid_of
from simulator.generate_dice import Spread, dice, pick
from simulator.generate_history import COMMON, Fate
from simulator.generate_items import Protection
from simulator.generate_names import OWNERS, SHORT
from simulator.generate_records import Fleet, Subscription
from simulator.generate_schedules import AS_OF, DAY
from simulator.store import Row

UNPROTECTED = {"prod": 0.15, "shared": 0.22, "dev": 0.5, "test": 0.45}
"""The share of machines without a backup, by environment."""
_GONE, _MOVED, _TWICE = 0.004, 0.004, 0.008
"""Of the machines, those that replaced one whose item is still there, those whose item names the group they
were in before, and those in two vaults."""
YOUNG = 0.02
"""Of what is not protected, that made within a day."""

_IMAGES = {
    True: estate_resources.image("MicrosoftWindowsServer", "WindowsServer", "2022-datacenter-g2"),
    False: estate_resources.image("Canonical", "ubuntu-24_04-lts", "server"),
}
_MANAGED_IMAGES = {
    "aks": estate_resources.image("microsoft-aks", "aks", "aks-ubuntu-2204-gen2"),
    "databricks": estate_resources.image("AzureDatabricks", "Databricks", "Databricks"),
}


@dataclass(frozen=True)
class Machine:
    """A machine, or, where `exists` is False, one that is gone."""

    subscription: Subscription
    fleet: Fleet
    number: int
    group: str
    name: str
    exists: bool = True

    @property
    def place(self) -> str:
        return f"{self.subscription.path}/resourceGroups/{self.group}"

    @property
    def id(self) -> str:
        return f"{self.place}/providers/Microsoft.Compute/virtualMachines/{self.name}"


class Ways:
    """What decides of each machine, evenly over the estate."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.fates = Spread(seed, "fates")
        self.oddities = Spread(seed, "oddities", axis=1)


def machines(subscription: Subscription, ways: Ways) -> Iterator[Machine]:
    """Those that are, and after each the one that it replaced, if that one's item is still there."""
    for fleet in subscription.fleets:
        group = managed_group(subscription, fleet) if fleet.tier.managed else fleet.group
        for number in range(fleet.first, fleet.first + fleet.machines):
            name = _name(subscription, fleet, number)
            machine = Machine(subscription, fleet, number, group, name)
            yield machine
            if ways.oddities(number) < _GONE and not fleet.tier.managed:
                yield Machine(subscription, fleet, number, group, f"{name}-old", exists=False)
            elif is_moved(machine, ways):
                yield Machine(subscription, fleet, number, f"{group}-before", name, exists=False)


def is_moved(machine: Machine, ways: Ways) -> bool:
    """Whether the item of a machine names the group in which it was; there are none with databases."""
    tier = machine.fleet.tier
    if tier.managed or tier.guests or scale_set(machine.subscription, machine.fleet):
        return False
    return _GONE <= ways.oddities(machine.number) < _GONE + _MOVED


def scale_set(subscription: Subscription, fleet: Fleet) -> str:
    """The id of the scale set that a fleet's machines are instances of; "" where they are not."""
    if fleet.tier.name != "build" or fleet.number % 3:
        return ""
    place = f"{subscription.path}/resourceGroups/{fleet.group}"
    return f"{place}/providers/Microsoft.Compute/virtualMachineScaleSets/vmss-{fleet.application}-build"


def _name(subscription: Subscription, fleet: Fleet, number: int) -> str:
    nth = number - fleet.first + 1
    if fleet.tier.name == "aks":
        return f"aks-nodepool1-{fleet.number + 10000000}-{nth - 1}"
    if fleet.tier.name == "databricks":
        return guid_of("worker", subscription.id, str(number)).replace("-", "")
    return subscription.dialect.machine.format(
        application=fleet.application,
        environment=subscription.environment,
        tier=fleet.tier.name,
        number=nth,
    )


def managed_group(subscription: Subscription, fleet: Fleet) -> str:
    """The group that the service makes for its own machines."""
    owner = owner_of(fleet)
    if fleet.tier.name == "aks":
        return f"MC_{fleet.group}_{owner}_{fleet.region}"
    return f"databricks-rg-{owner}-{guid_of(subscription.id, owner).replace('-', '')[:13]}"


def owner_of(fleet: Fleet) -> str:
    """The name of the cluster or workspace that a managed fleet belongs to."""
    return f"{'aks' if fleet.tier.name == 'aks' else 'dbw'}-{fleet.application}-{SHORT[fleet.region]}"


def protections(machine: Machine, ways: Ways) -> Iterator[Protection]:
    """The items of a machine itself, not of what is in it."""
    fleet, subscription = machine.fleet, machine.subscription
    vaults = subscription.vaults_in(fleet.region)
    vault = vaults[fleet.number % len(vaults)]
    policy = vault.policies[fleet.policy]
    if not machine.exists:
        yield Protection("vm", machine.id, vault, policy, Fate.GONE)
        return
    fate = fate_of(machine, ways)
    if fate is None:
        return
    yield Protection("vm", machine.id, vault, policy, fate)
    if ways.oddities(machine.number) > 1 - _TWICE and len(vaults) > 1:
        other = vaults[(fleet.number + 1) % len(vaults)]
        again = (Fate.HEALTHY, Fate.STOPPED, Fate.DELETED)[machine.number % 3]
        yield Protection("vm", machine.id, other, other.policies[0], again)


def fate_of(machine: Machine, ways: Ways) -> Fate | None:
    """None where it is not protected."""
    if (
        machine.fleet.tier.managed
        or scale_set(machine.subscription, machine.fleet)
        or is_moved(machine, ways)
    ):
        return None
    bare, at = UNPROTECTED[machine.subscription.environment], ways.fates(machine.number)
    return None if at < bare else pick(COMMON, (at - bare) / (1 - bare))


def disks(machine: Machine) -> list[str]:
    """The ids of its disks, first the one that it starts from."""
    ends = ["-os", *(f"_data_{lun}" for lun in range(machine.fleet.tier.data_disks))]
    return [f"{machine.place}/providers/Microsoft.Compute/disks/{machine.name}{end}" for end in ends]


def rows(machine: Machine, chance: random.Random, *, protected: bool) -> Iterator[tuple[Row, str, str]]:
    """The machine and its disks: each with its kind and state."""
    created = clock.stamp(AS_OF - age(chance, 1200, protected=protected))
    os = "Windows" if machine.fleet.tier.windows else "Linux"
    tags = tags_of(machine.subscription, machine.fleet)
    if machine.fleet.tier.managed:
        tags = _managed_tags(machine.fleet)
    described = _described(machine, os, created, chance)
    columns = {"location": machine.fleet.region, "tags": {**tags, **_opted(machine, chance, protected)}}
    yield (
        resource(machine.subscription, machine.id, described, **columns),
        "virtual machines",
        "protected" if protected else "unprotected",
    )
    for number, one in enumerate(disks(machine)):
        size = 128 if number == 0 else 512
        shape = estate_resources.disk(size, created, os=os if number == 0 else "")
        more = {**columns, "tags": tags, "managedBy": machine.id, "sku": _PREMIUM}
        yield resource(machine.subscription, one, shape, **more), "disks", "attached"


_PREMIUM = {"name": "Premium_LRS", "tier": "Premium"}


def age(chance: random.Random, days: float, *, protected: bool) -> float:
    """In seconds, up to so many days."""
    young = chance.random() < YOUNG and not protected
    return (chance.uniform(0.1, 0.9) if young else chance.uniform(30, days)) * DAY


def scale_set_row(machine: Machine) -> Row | None:
    """The row of the scale set of a machine, with its first instance."""
    row_id = scale_set(machine.subscription, machine.fleet)
    if not row_id or machine.number != machine.fleet.first:
        return None
    described = estate_resources.scale_set(machine.fleet.machines)
    sku = {"name": "Standard_D4s_v5", "capacity": machine.fleet.machines}
    return resource(machine.subscription, row_id, described, location=machine.fleet.region, sku=sku)


def _described(machine: Machine, os: str, created: str, chance: random.Random) -> dict[str, Any]:
    described = estate_rows.virtual_machine(machine.place, machine.name)
    tier = machine.fleet.tier
    stored = described["storageProfile"]
    stored["imageReference"] = _MANAGED_IMAGES[tier.name] if tier.managed else _IMAGES[tier.windows]
    stored["osDisk"]["osType"] = os
    stored["dataDisks"] = [
        estate_resources.data_disk(one, lun, 512) for lun, one in enumerate(disks(machine)[1:])
    ]
    if chance.random() < 0.05:
        described["extended"]["instanceView"]["powerState"] = {
            "code": "PowerState/deallocated",
            "displayStatus": "VM deallocated",
            "level": "Info",
        }
    if of := scale_set(machine.subscription, machine.fleet):
        described["virtualMachineScaleSet"] = {"id": of}
    return {**described, "vmId": guid_of("vm", machine.id), "timeCreated": created}


def tags_of(subscription: Subscription, fleet: Fleet) -> dict[str, str]:
    """One team in twelve writes none."""
    chance = dice(subscription.id, "tags", fleet.application)
    if chance.random() < 1 / 12:
        return {}
    owner, centre = chance.choice(OWNERS), 4000 + int(chance.random() * 60) * 10
    return subscription.dialect.tags(owner, subscription.environment, centre)


def _opted(machine: Machine, chance: random.Random, protected: bool) -> dict[str, str]:
    """What people write on machines so that a runbook leaves them alone."""
    if protected:
        return {"backup-retry": "off"} if chance.random() < 0.01 else {}
    if machine.fleet.tier.managed or chance.random() > 0.12:
        return {}
    return {"Backup" if machine.number % 3 == 0 else "backup": "Off" if machine.number % 5 == 0 else "off"}


def _managed_tags(fleet: Fleet) -> dict[str, str]:
    if fleet.tier.name == "aks":
        return {"aks-managed-poolName": "nodepool1", "aks-managed-orchestrator": "Kubernetes:1.31"}
    return {"Vendor": "Databricks", "databricks-environment": "true", "DatabricksInstancePoolId": ""}


def resource(subscription: Subscription, row_id: str, properties: dict[str, Any], **columns: Any) -> Row:
    """A row of `resources`."""
    _, _, _, _, group, _, provider, kind, name = row_id.split("/")
    return {
        "id": row_id,
        "name": name,
        "type": f"{provider}/{kind}".lower(),
        "tenantId": subscription.tenant,
        "subscriptionId": subscription.id,
        "resourceGroup": group.lower(),
        "properties": properties,
        **{key: value for key, value in columns.items() if value},
    }
