"""What a sweep of unprotected resources is made of; a factory is told only what matters to the case.

The moment, the vaults and their items are those of `cases`. Everything is in West Europe, a year old and of
one subscription, and all of it was read, unless a case says otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from io import StringIO
from typing import Any

from backupkit.coverage import Resource, protects
from backupkit.entrypoint import Session
from backupkit.findings import Finding
from backupkit.protection_rules import Rule
from backupkit.records import Item, Policy, subscription_of
from backupkit.survey import Found

from runbooks.unprotected_sweep import Params, Situation, findings, sweep
from tests.decisions.cases import BACKUP_VAULT, NOW, SUBSCRIPTION, before, vault_id

GROUP = f"{SUBSCRIPTION}/resourceGroups/rg-app/providers"
REGION = "westeurope"
TYPES = {
    "vm": "Microsoft.Compute/virtualMachines",
    "disk": "Microsoft.Compute/disks",
    "blob": "Microsoft.Storage/storageAccounts",
    "postgresql": "Microsoft.DBforPostgreSQL/flexibleServers",
    "aks": "Microsoft.ContainerService/managedClusters",
}
VAULTS_SEEN = {vault_id("rsv-01"): REGION, vault_id("rsv-02"): REGION, BACKUP_VAULT: REGION}


def resource(name: str = "vm-01", kind: str = "vm", /, **facts: Any) -> Resource:
    known = Resource(
        id=f"{GROUP}/{TYPES.get(kind, TYPES['vm'])}/{name}",
        kind=kind,
        name=name,
        location=REGION,
        subscription=subscription_of(SUBSCRIPTION),
        group="rg-app",
        created=before("400d"),
    )
    return replace(known, **facts)


def disk(name: str = "disk-01", machine: Resource | None = None, /, **facts: Any) -> Resource:
    return resource(name, "disk", inside=machine.key if machine else "", **facts)


def share_in(account: str = "stapp", name: str = "docs", /, **facts: Any) -> Resource:
    whole = resource(account, "blob")
    path = f"{whole.id}/fileServices/default/shares/{name}"
    return resource(f"{account}/{name}", "files", id=path, inside=whole.key, **facts)


def database_in(machine: Resource, name: str = "sales", /, **facts: Any) -> Resource:
    """As discovered in the vault `rsv-01`."""
    place = f"{vault_id('rsv-01')}/backupFabrics/Azure/protectionContainers"
    path = f"{place}/vmappcontainer;compute;rg-app;{machine.name}/protectableItems"
    row = f"{path}/sqldatabase;mssqlserver;{name}"
    return resource(f"{machine.name}/{name}", "sql", **{"id": row, "inside": machine.key, **facts})


@dataclass
class Plain:
    """An inventory of lists."""

    listed: Sequence[Resource] = ()
    items: Sequence[Item] = ()
    notes: dict[str, str] = field(default_factory=dict)

    def resources(self) -> Iterator[tuple[Resource, list[Item]]]:
        for one in sorted(self.listed, key=lambda one: (one.kind != "vm", one.kind, one.key)):
            yield one, [item for item in self._of(one.key) if item.workload == one.kind]

    def protected(self) -> list[list[Item]]:
        return [self._of(key) for key in {protects(one) for one in self.items}]

    def has(self, key: str) -> bool:
        return any(one.key == key for one in self.listed)

    def sourceless(self) -> list[tuple[str, Item]]:
        keys = sorted({protects(one) for one in self.items})
        return [(key, self._of(key)[0]) for key in keys if not self.has(key)]

    def _of(self, key: str) -> list[Item]:
        return sorted((one for one in self.items if protects(one) == key), key=lambda one: one.key)


def seen(resources: Iterable[Resource] = (), items: Iterable[Item] = (), **facts: Any) -> Found:
    """All that was found, and nothing was left unread but what `facts` say."""
    scope = frozenset({subscription_of(SUBSCRIPTION)})
    known = Found(Plain([*resources], [*items]), vaults=VAULTS_SEEN, subscriptions=scope)
    return replace(known, **facts)


def by_name(
    resources: Iterable[Resource],
    items: Iterable[Item] = (),
    *,
    rules: Sequence[Rule] = (),
    options: Mapping[str, Any] | None = None,
    **facts: Any,
) -> dict[str, Finding]:
    """What is found of each, by its name and, of the second of a name, its kind."""
    at = Situation(NOW, Params(**(options or {})), seen(resources, items, **facts), rules)
    told: dict[str, Finding] = {}
    for one in findings(at):
        name = one.resource.name
        told[f"{name} {one.resource.kind}" if name in told else name] = one
    return told


def judged(one: Resource, *items: Item, **facts: Any) -> Finding:
    return by_name([one], items, **facts)[one.name]


def told(finding: Finding) -> tuple[str, str, str]:
    """The verdict, the state, and which rule decided."""
    return finding.verdict, finding.state, finding.by


@dataclass
class Vaults:
    """An Azure that was found so; `protected_by` is the service's own word by name, None for no answer."""

    found: Found
    protected_by: Mapping[str, str | None] = field(default_factory=dict)
    last: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    out_of_sight: list[str] = field(default_factory=list)
    kept: Mapping[str, Mapping[str, int]] | None = None

    def look(self) -> Found:
        return self.found

    def confirm(self, resource: Resource) -> str | None:
        self.asked.append(resource.name)
        return self.protected_by.get(resource.name, "")

    def hidden(self, vault: str) -> None:
        self.out_of_sight.append(vault)

    def before(self) -> Mapping[str, Mapping[str, int]]:
        return self.last

    def remember(self, started: datetime, coverage: Mapping[str, Mapping[str, int]]) -> None:
        self.kept = coverage


def swept(vaults: Vaults, rules: Sequence[Rule] = (), **options: Any) -> dict[str, dict[str, Any]]:
    """The report's objects by the resource's name."""
    report = StringIO()
    session = Session("unprotected_sweep", Params(**options), arm=None, report=report)
    session.started = NOW
    sweep(session, vaults, rules)
    return {entry["name"]: entry for entry in map(json.loads, report.getvalue().splitlines())}


def policies(*known: Policy) -> dict[str, Policy]:
    return {one.id.lower(): one for one in known}
