"""Writes the rows of one subscription."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from simulator import (
    generate_databases,
    generate_discovered,
    generate_machines,
    generate_resources,
    generate_shares,
)
from simulator.database_rows import DATABASES
from simulator.generate_alerts import alerts
from simulator.generate_containers import containers, vault_rows
from simulator.generate_databases import Databases, of_databases
from simulator.generate_dice import dice
from simulator.generate_files import ALERTS, CONTAINERS, RECOVERY, RESOURCES, Files
from simulator.generate_history import Fate
from simulator.generate_instances import Instances
from simulator.generate_items import Protection, Workload, made, row
from simulator.generate_machine_items import Machines
from simulator.generate_machines import Machine, Ways, machines
from simulator.generate_records import Subscription
from simulator.generate_resources import Resource, resources
from simulator.generate_schedules import Policy, of_instances, of_machines
from simulator.generate_shares import FileShares, of_shares

WORKLOADS: dict[str, Workload] = {
    "vm": Machines(),
    "share": FileShares(),
    **{kind: Databases(kind) for kind in DATABASES},
    **{kind: Instances(kind) for kind in ("disk", "blob", "blob-vaulted", "postgresql-flexible", "aks")},
}
_CALLED = {
    "account": "storage accounts",
    "postgresql": "PostgreSQL servers",
    "disk": "disks",
    "cluster": "AKS clusters",
    "workspace": "Databricks workspaces",
}


class Ration:
    """Deals out jobs in proportion to how often items are backed up, so that all reach equally far back."""

    def __init__(self, jobs: int, whole: int) -> None:
        self.whole = whole
        self._jobs, self._so_far, self._given = jobs, 0, 0

    def next(self, runs: int) -> int:
        self._so_far += runs
        due = self._jobs * self._so_far // self.whole if self.whole else 0
        wanted, self._given = due - self._given, due
        return wanted


def protections(subscription: Subscription, ways: Ways) -> Iterator[Protection]:
    """All items there are to be, in the order in which they are written."""
    for machine in machines(subscription, ways):
        yield from _of_machine(machine, ways)
    for one in resources(subscription):
        yield from _of_resource(one, ways)


def _of_machine(machine: Machine, ways: Ways) -> Iterator[Protection]:
    yield from generate_machines.protections(machine, ways)
    yield from generate_databases.protections(machine, ways.seed)
    yield from generate_resources.of_disks(machine, ways.seed)


def _of_resource(one: Resource, ways: Ways) -> Iterator[Protection]:
    yield from generate_resources.protections(one, ways.seed)
    yield from generate_shares.protections(one, ways.seed)


class Author:
    """One subscription's; the order of the items is that of `protections`, by which jobs were dealt out."""

    def __init__(
        self, seed: int, files: Files, ration: Ration, ways: Ways, subscription: Subscription
    ) -> None:
        self.seed, self.files, self.ration = seed, files, ration
        self.ways, self.subscription = ways, subscription
        self.items = Counter[str]()

    def write(self) -> None:
        for described, called in containers(self.subscription):
            self.files.add(CONTAINERS, described, called)
        for described, called in vault_rows(self.subscription):
            self.files.add(RESOURCES, described, called)
        for machine in machines(self.subscription, self.ways):
            self._machine(machine)
        for one in resources(self.subscription):
            self._resource(one)
        for vault in (*self.subscription.vaults, *self.subscription.backup_vaults):
            for policy in vault.policies:
                self._policy(policy)

    def _machine(self, machine: Machine) -> None:
        items = list(_of_machine(machine, self.ways))
        if machine.exists:
            protected = any(item.kind == "vm" for item in items)
            chance = dice(self.seed, machine.id)
            for one, called, state in generate_machines.rows(machine, chance, protected=protected):
                self.files.add(RESOURCES, one, called, state)
            self._inside(machine, items)
        self._protect(items)

    def _inside(self, machine: Machine, items: list[Protection]) -> None:
        """What is in a machine or around it, and what of that is known."""
        if whole := generate_machines.scale_set_row(machine):
            self.files.add(RESOURCES, whole, "scale sets")
        if described := generate_discovered.sql_machine(machine):
            self.files.add(RESOURCES, described, "SQL virtual machines")
        for one, called, state in generate_discovered.of_machine(machine, items, self.seed):
            self.files.add(RECOVERY, one, called, state)
        if unseen := generate_discovered.unseen(machine, self.seed):
            self.files.say("containers", *unseen)

    def _resource(self, one: Resource) -> None:
        items = list(_of_resource(one, self.ways))
        if not any(item.fate is Fate.GONE and item.kind == "disk" for item in items):
            chance, protected = dice(self.seed, one.id), bool(items)
            account = generate_shares.shares(one, self.seed).kind if one.kind == "account" else ""
            described = generate_resources.row(one, chance, protected=protected, account=account)
            self.files.add(
                RESOURCES, described, _CALLED[one.kind], "protected" if protected else "unprotected"
            )
        if one.kind == "account":
            self._shares(one, items)
        self._protect(items)

    def _shares(self, account: Resource, items: list[Protection]) -> None:
        for one, called, state in generate_discovered.of_account(account, items, self.seed):
            self.files.add(RECOVERY, one, called, state)
        if shares := generate_discovered.unknown_shares(account, self.seed):
            self.files.say("shares", account.id, shares)

    def _protect(self, items: list[Protection]) -> None:
        for protection in items:
            wanted = self.ration.next(protection.runs)
            one = made(self.subscription, protection, WORKLOADS[protection.kind], wanted, self.seed)
            self.items[protection.policy.id] += protection.fate not in (Fate.STOPPED, Fate.DELETED)
            self.files.add(RECOVERY, one.item, f"items: {protection.kind}", protection.fate.name.lower())
            for job, run in zip(one.jobs, one.runs, strict=True):
                self.files.add(RECOVERY, job, f"jobs: {protection.kind}: {run.operation}", run.status)
            for alert, state in alerts(one, self.seed):
                self.files.add(ALERTS, alert, "alerts", state)
            if one.outcomes:
                self.files.say("outcomes", one.item["id"], one.outcomes)
                self.files.say("minutes", one.item["id"], one.minutes)
            if one.unlisted and protection.kind in DATABASES:
                shown = generate_databases.points(protection.policy, one.unlisted)
                self.files.say("recovery_points", one.item["id"], shown)
            for job_id, overlay in one.rest.items():
                self.files.say("rest", job_id, overlay)

    def _policy(self, policy: Policy) -> None:
        """After its items, which those of Recovery Services count."""
        items = self.items[policy.id]
        match policy.of:
            case "vm":
                described = of_machines(policy, items)
            case "share":
                described = of_shares(policy, items)
            case kind if kind in DATABASES:
                described = of_databases(policy, items)
            case _:
                described = of_instances(policy)
        self.files.add(RECOVERY, row(self.subscription, policy.id, described), "policies", policy.of)
