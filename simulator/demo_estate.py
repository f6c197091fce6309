"""The estate of the demo: a week of backups, and a bad night."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulator import clock, estate_alerts, estate_rows
from simulator.estate import Estate, guid_of

DAY, HOUR, MINUTE = 86400, 3600, 60
WARNED = 0.04
"""The share of ordinary backups that complete with warnings."""
MANAGEMENT_GROUPS = {
    "contoso-prod": ("production", "contoso"),
    "contoso-shared": ("production", "contoso"),
    "contoso-dev": ("contoso",),
}
# vault -> subscription, region, its policies' zone and how far that is from UTC
VAULTS = {
    "rsv-prod-weu-01": ("contoso-prod", "westeurope", "UTC", 0),
    "rsv-prod-weu-02": ("contoso-prod", "westeurope", "UTC", 0),
    "rsv-prod-neu-01": ("contoso-prod", "northeurope", "UTC", 0),
    "rsv-prod-sea-01": ("contoso-prod", "southeastasia", "Singapore Standard Time", 8 * HOUR),
    "rsv-shared-neu-01": ("contoso-shared", "northeurope", "UTC", 0),
    "rsv-dev-weu-01": ("contoso-dev", "westeurope", "UTC", 0),
}
SETTINGS = {
    "rsv-prod-weu-01": estate_rows.vault(cross_region=True, immutability="Unlocked"),
    "rsv-prod-weu-02": estate_rows.vault(cross_region=True, soft_delete="AlwaysON"),
    "rsv-prod-sea-01": estate_rows.vault(redundancy="ZoneRedundant", public=False),
    "rsv-shared-neu-01": estate_rows.vault(soft_delete="Disabled"),
    "rsv-dev-weu-01": estate_rows.vault(redundancy="LocallyRedundant"),
}
"""Of the vaults that are not as they come."""
# vault, resource group, application, tier, number of VMs
FLEETS = (
    ("rsv-prod-weu-01", "rg-shop-prod", "shop", "web", 8),
    ("rsv-prod-weu-01", "rg-shop-prod", "shop", "api", 5),
    ("rsv-prod-weu-01", "rg-shop-prod", "shop", "sql", 5),
    ("rsv-prod-weu-01", "rg-shop-prod", "shop", "cache", 3),
    ("rsv-prod-weu-02", "RG-ERP-Prod", "erp", "app", 7),
    ("rsv-prod-weu-02", "RG-ERP-Prod", "erp", "sql", 3),
    ("rsv-prod-neu-01", "rg-crm-prod", "crm", "web", 4),
    ("rsv-prod-neu-01", "rg-crm-prod", "crm", "app", 5),
    ("rsv-prod-sea-01", "rg-apac-prod", "apac", "web", 4),
    ("rsv-prod-sea-01", "rg-apac-prod", "apac", "sql", 3),
    ("rsv-shared-neu-01", "rg-platform", "core", "dc", 2),
    ("rsv-shared-neu-01", "rg-platform", "core", "build", 6),
    ("rsv-dev-weu-01", "rg-dev", "dev", "box", 8),
)
OPERATOR = "backup.operator@contoso.com"
UNPROTECTED = ("vm-erp-app-90", "vm-crm-web-90", "vm-dev-box-90", "vm-dev-box-91")


ACCOUNT, ACCOUNT_GROUP, STORAGE = "aa-contoso-backup", "rg-backup", "stcontosobackupops"
ACCOUNT_SUBSCRIPTION = guid_of("subscription", "contoso-shared")
"""Where the runbooks are deployed to."""


@dataclass(frozen=True)
class Job:
    """A job after last night's; `ended` is a status, with a code after a colon."""

    ended: str
    ago: str
    takes: str = "15m"
    operation: str = "Backup"
    user: bool = True


@dataclass(frozen=True)
class Case:
    """What became of one VM: how the last `nights` ended, what came `since`, how a retry will end (`then`).

    `ended` "" is an item without a history; `vault_says` is what the vault knows of
    last night's job and Resource Graph does not.
    """

    vm: str
    why: str
    ended: str = "Failed:400002"
    since: tuple[Job, ...] = ()
    then: tuple[str, ...] = ("Completed",)
    nights: int = 1
    early: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    source: bool = True
    state: str = ""
    vault_says: Mapping[str, Any] = field(default_factory=dict)


_AGAIN = "Failed:400002"
_STORM = [f"vm-shop-web-{number:02}" for number in range(1, 9)]
_STORM += [f"vm-shop-api-{number:02}" for number in range(1, 6)]

CASES = (
    *(Case(vm, "most of this vault failed with one code: a storm", "Failed:130001") for vm in _STORM),
    Case("vm-shop-sql-01", "an internal error, which passes"),
    Case("vm-erp-app-01", "an internal error, which passes"),
    Case("vm-erp-app-02", "the guest agent did not answer", "Failed:GuestAgentSnapshotTaskStatusError"),
    Case("vm-erp-app-03", "the extension failed", "Failed:ExtensionOperationFailedForManagedDisks"),
    Case("vm-crm-web-01", "the backup service had an internal error", "Failed:BackUpOperationFailedV2"),
    Case("vm-crm-app-01", "will fail again when it is retried", then=("Failed:400002", "Completed")),
    Case("vm-apac-web-01", "another operation was running", "Failed:400001"),
    Case("vm-apac-sql-01", "failed three nights running, so it is furthest past its RPO", nights=3),
    Case("vm-core-build-01", "ends with warnings when it is retried", then=("CompletedWithWarnings:400309",)),
    Case("vm-erp-sql-01", "has succeeded since", since=(Job("Completed", "6h", "35m"),)),
    Case("vm-erp-sql-02", "is running now", since=(Job("InProgress", "20m"),)),
    Case("vm-crm-app-02", "the VM is gone", "Failed:400136", source=False),
    Case("vm-crm-app-03", "its protection was stopped this morning", state="stopped"),
    Case("vm-dev-box-01", "its backup was deleted this morning", state="soft-deleted"),
    Case(
        "vm-crm-web-02",
        "a restore failed, no backup",
        "Completed",
        (Job("Failed:400003", "5h", "50m", "Restore"),),
    ),
    Case("vm-core-build-02", "a person cancelled it", "Cancelled"),
    Case(
        "vm-core-build-03",
        "a person started it by hand",
        "Completed",
        (Job("Failed:ExtensionSnapshotFailedNoNetwork", "4h"),),
    ),
    Case("vm-apac-web-02", "the VM is in a failed provisioning state", "Failed:400160", nights=2),
    Case("vm-core-dc-01", "the guest agent is unavailable", "Failed:400196"),
    Case("vm-erp-app-04", "too many restore points", "Failed:UserErrorRpCollectionLimitReached"),
    Case("vm-apac-sql-02", "no more operations today", "Failed:CloudDosAbsoluteLimitReached"),
    Case("vm-shop-sql-02", "the service retries it itself", "Failed:CloudDosAbsoluteLimitReachedWithRetry"),
    Case("vm-crm-web-03", "a cause nobody has judged", "Failed:499999"),
    Case("vm-erp-app-05", "no cause given", "Failed"),
    Case("vm-dev-box-02", "opted out by its tag", "Failed:130001", tags={"backup-retry": "off"}),
    Case(
        "vm-dev-box-03", "is scheduled again within two hours", "Failed:BackUpOperationFailedV2", early=True
    ),
    Case("vm-dev-box-04", "was tried twice already", since=(Job(_AGAIN, "7h"), Job(_AGAIN, "3h"))),
    Case("vm-core-build-04", "was tried ten minutes ago", since=(Job(_AGAIN, "25m"),)),
    Case(
        "vm-apac-web-03",
        "Resource Graph still says that it failed",
        vault_says={"status": "Completed", "errorDetails": []},
    ),
    Case("vm-crm-app-04", "protected this morning, never backed up", ""),
)
_ORDINARY = Case("", "every night as it should be", "Completed")


def build(folder: Path, now: float | None = None) -> Path:
    """Write the demo's estate as of `now`."""
    estate = Estate(now)
    subscriptions = {
        name: estate.subscription(name, management_groups=chain) for name, chain in MANAGEMENT_GROUPS.items()
    }
    sites = {name: _site(estate, name, subscriptions) for name in VAULTS}
    cases, dice = {case.vm: case for case in CASES}, random.Random(22)
    for vault, group, application, tier, count in FLEETS:
        for number in range(1, count + 1):
            name = f"vm-{application}-{tier}-{number:02}"
            machine = Machine(name, group, {"app": application, "tier": tier, "env": vault.split("-")[1]})
            _machine(estate, sites[vault], machine, cases.get(name, _ORDINARY), dice)
    for name in UNPROTECTED:
        vault, group = next((fleet[0], fleet[1]) for fleet in FLEETS if fleet[2] == name.split("-")[1])
        _vm(estate, sites[vault], Machine(name, group, {"app": name.split("-")[1]}))
    _operations(estate)
    estate_alerts.raise_alerts(estate, _answers(estate), who=OPERATOR)
    return estate.write(folder)


@dataclass(frozen=True)
class Machine:
    name: str
    group: str
    tags: dict[str, str]


@dataclass(frozen=True)
class Site:
    """A vault, where it is, and its policies by whether they run early."""

    vault: str
    subscription: str
    location: str
    policies: dict[bool, str]


def _site(estate: Estate, name: str, subscriptions: Mapping[str, str]) -> Site:
    subscription, location, zone, offset = VAULTS[name]
    place = {"subscription": subscriptions[subscription], "group": "rg-backup", "location": location}
    vault = estate.vault(name, **place, **SETTINGS.get(name, {}))
    policies = {
        early: estate.policy(
            vault,
            "daily-early" if early else "daily-night",
            at=clock.stamp(_night(estate.now, early) + offset)[11:16],
            zone=zone,
        )
        for early in (False, True)
    }
    estate.policy(vault, "weekly-archive", at="04:00", days=364, zone=zone, weekly=True)
    return Site(vault, subscriptions[subscription], location, policies)


def _night(now: float, early: bool) -> float:
    """When last night's backups started: about nine hours ago, or 24 h before the next in 80 minutes."""
    if early:
        return (now + 80 * MINUTE) // (5 * MINUTE) * (5 * MINUTE) - DAY
    return (now - 9 * HOUR) // (15 * MINUTE) * (15 * MINUTE)


def _vm(estate: Estate, site: Site, machine: Machine) -> str:
    return estate.vm(
        machine.name,
        subscription=site.subscription,
        group=machine.group,
        location=site.location,
        tags=machine.tags,
    )


def _machine(estate: Estate, site: Site, machine: Machine, case: Case, dice: random.Random) -> None:
    """A VM with its backups, as its case has it."""
    machine.tags.update(case.tags)
    vm = (
        _vm(estate, site, machine)
        if case.source
        else f"/subscriptions/{site.subscription}/resourceGroups/{machine.group}"
        f"/providers/Microsoft.Compute/virtualMachines/{machine.name}"
    )
    before = "8d" if case.ended else None
    item = estate.item(site.vault, vm, policy=site.policies[case.early], last_recovery_point_ago=before)
    if case.ended:
        last = _history(estate, item, case, dice)
        _since(estate, item, case, last)
    if case is not _ORDINARY:
        estate.outcomes(item, *case.then)
    estate.minutes(item, dice.randint(25, 40))


def _history(estate: Estate, item: str, case: Case, dice: random.Random) -> str:
    """Seven nights of scheduled backups; returns last night's job."""
    last = ""
    for nights_ago in range(6, -1, -1):
        ended = case.ended if nights_ago < case.nights else _usual(dice)
        takes = dice.uniform(2, 12) if ended.startswith("Failed") else dice.uniform(20, 75)
        start = _night(estate.now, case.early) - nights_ago * DAY + dice.uniform(0, 20 * MINUTE)
        job = Job(ended, f"{estate.now - start:.3f}s", f"{takes * MINUTE:.3f}s", user=False)
        last = _job(estate, item, job)
    return last


def _usual(dice: random.Random) -> str:
    return "CompletedWithWarnings:400309" if dice.random() < WARNED else "Completed"


def _job(estate: Estate, item: str, job: Job) -> str:
    status, _, code = job.ended.partition(":")
    return estate.job(
        item,
        status,
        ago=job.ago,
        takes=job.takes,
        codes=(code,) if code else (),
        user=job.user,
        operation=job.operation,
    )


def _since(estate: Estate, item: str, case: Case, last: str) -> None:
    for job in case.since:
        _job(estate, item, job)
    if case.state == "stopped":
        estate.change(item, **estate_rows.stopped())
    if case.state == "soft-deleted":
        estate.change(item, **estate_rows.soft_deleted(estate.stamp("4h")))
    if case.vault_says:
        estate.rest(last, {"properties": case.vault_says})
        started = estate.row(last)["properties"]["startTime"]
        known = {"lastBackupStatus": "Completed", "lastRecoveryPoint": started}
        estate.rest(item, {"properties": known})


def _answers(estate: Estate) -> dict[str, str]:
    """Somebody closes the alerts of a night on the next day, and knows of the backups they started."""
    answers = dict[str, str]()
    for row in estate.rows("recoveryservicesresources"):
        told = row["properties"]
        if told.get("startTime", estate.stamp("0s")) < estate.stamp("24h"):
            answers[row["id"]] = "Closed"
        elif told.get("isUserTriggered"):
            answers[row["id"]] = "Acknowledged"
    return answers


def _operations(estate: Estate) -> None:
    """Where the runbooks run, and where they keep their ledger and their reports."""
    place = {"subscription": ACCOUNT_SUBSCRIPTION, "group": ACCOUNT_GROUP, "location": "northeurope"}
    estate.automation_account(ACCOUNT, **place)
    estate.storage_account(STORAGE, **place)
