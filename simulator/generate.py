"""Lifelike estates of any size: the same seed, the same bytes, on any day.

A plan of small records says what there is to be; rows follow from it one after another
and are written as they are made, so that memory does not grow with the estate.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from simulator import estate_resources, estate_rows, generate_machines
from simulator.generate_dice import dice
from simulator.generate_files import CONTAINERS, RECOVERY, RESOURCES, Counts, Files
from simulator.generate_items import Protection, Workload, made, row
from simulator.generate_machine_items import Machines
from simulator.generate_machines import Machine, Ways, machines, resource
from simulator.generate_plan import Fleet, Size, Subscription, plan
from simulator.generate_schedules import AS_OF, of_machines
from simulator.options import UnusableError

WORKLOADS: dict[str, Workload] = {"vm": Machines()}
KINDS = {"vm": "virtual machine items"}


def generate(size: Size, folder: Path) -> Counts:
    """Write an estate into a new folder, and count what is in it by kind and state.

    Raises:
        UnusableError: `folder` holds something, or nothing in the estate could have the jobs.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UnusableError(f"out {str(folder)!r} is not an empty folder; name a new one")
    subscriptions, ways = plan(size), Ways(size.seed)
    weights = (one.a_day for each in subscriptions for one in _protections(each, ways))
    ration = Ration(size.jobs, sum(weights))
    if size.jobs and not ration.whole:
        raise UnusableError(
            f"jobs {size.jobs}: nothing among {size.vms} machines is backed up; ask for more of them"
        )
    with Files(folder) as files:
        for each in subscriptions:
            _Author(size, files, ration, ways, each).write()
        files.finish(AS_OF)
    return files.counts


class Ration:
    """Deals out jobs in proportion to how often items are backed up, so that all reach equally far back."""

    def __init__(self, jobs: int, whole: float) -> None:
        self.whole = whole
        self._jobs, self._so_far, self._given = jobs, 0.0, 0

    def next(self, weight: float) -> int:
        self._so_far += weight
        due = int(self._jobs * (self._so_far / self.whole)) if self.whole else 0
        wanted, self._given = due - self._given, due
        return wanted


def _protections(subscription: Subscription, ways: Ways) -> Iterator[Protection]:
    """All items there are to be, in the order of their writing."""
    for machine in machines(subscription, ways):
        yield from generate_machines.protections(machine, ways)


class _Author:
    """Writes one subscription."""

    def __init__(
        self, size: Size, files: Files, ration: Ration, ways: Ways, subscription: Subscription
    ) -> None:
        self.seed, self.files, self.ration = size.seed, files, ration
        self.ways, self.subscription = ways, subscription
        self.items = Counter[str]()

    def write(self) -> None:
        self._containers()
        self._vaults()
        for machine in machines(self.subscription, self.ways):
            self._machine(machine)
        self._policies()

    def _containers(self) -> None:
        one = self.subscription
        columns = {"tenantId": one.tenant, "subscriptionId": one.id}
        described = {
            "id": one.path,
            "name": one.name,
            "type": "microsoft.resources/subscriptions",
            "properties": estate_rows.subscription(one.management_groups),
            **columns,
        }
        self.files.add(CONTAINERS, described, "subscriptions")
        managers = {_managed(one, fleet): _manager(one, fleet) for fleet in one.fleets if fleet.tier.managed}
        groups = {fleet.group: fleet.region for fleet in one.fleets}
        groups |= {_managed(one, fleet): fleet.region for fleet in one.fleets if fleet.tier.managed}
        groups |= {vault.id.split("/")[4]: vault.region for vault in one.vaults}
        for group, region in groups.items():
            described = {
                "id": f"{one.path}/resourceGroups/{group}",
                "name": group,
                "type": "microsoft.resources/subscriptions/resourcegroups",
                "location": region,
                "resourceGroup": group.lower(),
                "managedBy": managers.get(group, ""),
                "properties": estate_resources.resource_group(),
                **columns,
            }
            self.files.add(CONTAINERS, described, "resource groups")

    def _vaults(self) -> None:
        for vault in self.subscription.vaults:
            described = resource(
                self.subscription,
                vault.id,
                estate_rows.vault(),
                location=vault.region,
                sku={"name": "RS0", "tier": "Standard"},
            )
            self.files.add(RESOURCES, described, "Recovery Services vaults")

    def _machine(self, machine: Machine) -> None:
        items = list(generate_machines.protections(machine, self.ways))
        if machine.exists:
            chance = dice(self.seed, machine.id)
            for one, kind, state in generate_machines.rows(machine, chance, protected=bool(items)):
                self.files.add(RESOURCES, one, kind, state)
        for item in items:
            self._protect(item)

    def _protect(self, protection: Protection) -> None:
        workload = WORKLOADS[protection.kind]
        one = made(self.subscription, protection, workload, self.ration.next(protection.a_day), self.seed)
        self.items[protection.policy.id] += 1
        kind = KINDS[protection.kind]
        self.files.add(RECOVERY, one.item, kind, protection.fate.name.lower())
        for job, run in zip(one.jobs, one.runs, strict=True):
            self.files.add(RECOVERY, job, f"jobs of {kind}: {run.operation}", run.status)
        if one.outcomes:
            self.files.say("outcomes", one.item["id"], one.outcomes)
            self.files.say("minutes", one.item["id"], one.minutes)
        for job_id, overlay in one.rest.items():
            self.files.say("rest", job_id, overlay)

    def _policies(self) -> None:
        """After their items, which they count."""
        for vault in self.subscription.vaults:
            for policy in vault.policies:
                described = of_machines(policy, self.items[policy.id])
                self.files.add(RECOVERY, row(self.subscription, policy.id, described), "policies", policy.how)


def _managed(subscription: Subscription, fleet: Fleet) -> str:
    return generate_machines.managed_group(subscription, fleet)


def _manager(subscription: Subscription, fleet: Fleet) -> str:
    """The cluster or workspace that a managed group belongs to."""
    kind = "ContainerService/managedClusters" if fleet.tier.name == "aks" else "Databricks/workspaces"
    owner = generate_machines.owner_of(fleet)
    return f"{subscription.path}/resourceGroups/{fleet.group}/providers/Microsoft.{kind}/{owner}"
