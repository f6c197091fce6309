"""The records that decisions are made of; a factory is told only what matters to the case.

It is Tuesday, 10 March 2026, 09:00 UTC. Unless a case says otherwise, a VM
that still exists is backed up every night at 22:00 UTC, and its newest
recovery point is from the night before last.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

from backupkit.alerts import AlertHint
from backupkit.entrypoint import Session
from backupkit.evidence import Case, History
from backupkit.failures import classify
from backupkit.intents import Intent, laid_over, settled
from backupkit.params import duration
from backupkit.records import Item, Job, Policy, Schedule, Source
from backupkit.retries import Decision, Known
from backupkit.starts import Start, Wanted

from runbooks import auto_retry
from runbooks.auto_retry import Params

NOW = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)

PASSING = "BackUpOperationFailed"
OTHER_PASSING = "CloudInternalError"
WAIT = "BMSUserErrorObjectLocked"
HUMAN = "UserErrorInsufficientMSIPermissions"
GONE = "UserErrorVmNotFoundV2"
LIMIT = "CloudDosAbsoluteLimitReached"
HEALS = "CloudDosAbsoluteLimitReachedWithRetry"
FOREIGN = "RestoreOperationFailed"
UNKNOWN = "UserErrorBrandNew"

RETRIED = ("retried", "passing_cause", f"{PASSING}: it usually passes, the service advises to try again")

LEDGER = "https://stledger.blob.core.windows.net/ledger"
ACTING: dict[str, Any] = {"dry_run": False, "ledger": "none"}
SUBSCRIPTION = "/subscriptions/11111111-1111-1111-1111-111111111111"
VAULTS = f"{SUBSCRIPTION}/resourcegroups/rg-backup/providers/microsoft.recoveryservices/vaults"
BACKUP_VAULT = (
    f"{SUBSCRIPTION}/resourcegroups/rg-backup/providers/microsoft.dataprotection/backupvaults/bv-01"
)
SCHEDULE, A_PERSON, NOBODY_KNOWS = False, True, None
WEEK = tuple(range(7))


def before(ago: str) -> datetime:
    """`2h` is two hours ago."""
    return NOW - duration(ago)


def vault_id(name: str) -> str:
    return f"{VAULTS}/{name}"


WEEKLY_FULL = Policy(
    f"{VAULTS}/sql-policy",
    (
        Schedule("UTC", ((20, 0),), (6,), timedelta(days=7), 104, "full"),
        Schedule("UTC", ((22, 0),), WEEK, timedelta(days=1), 30, "differential"),
        Schedule("UTC", (), WEEK, timedelta(hours=1), 15, "log"),
    ),
)
"""A database's: a Full on Sundays at 20:00, a Differential every night at 22:00, a log every hour."""


def job(status: str, ended: str, /, *, code: str = PASSING, takes: str = "15m", **facts: Any) -> Job:
    """A VM's backup of last night's schedule; `ended` that long ago."""
    end = before(ended)
    details = [] if code == "none given" else [{"errorTitle": code}]
    known = Job(
        id="",
        vault="",
        name=f"{status}-{ended}-{takes}".lower(),
        operation="Backup",
        status=status,
        workload="vm",
        started=end - duration(takes),
        ended=end,
        user=SCHEDULE,
        item="",
        item_name="",
        container="",
        failure=classify(details) if status == "Failed" else None,
    )
    return replace(known, **facts)


def failed(ended: str = "10h", /, **facts: Any) -> Job:
    return job("Failed", ended, **facts)


def attempt(ended: str, /, **facts: Any) -> Job:
    """A failed backup that somebody started: a runbook or a person, the vault does not tell them apart."""
    return failed(ended, **{"user": A_PERSON, **facts})


def completed(ended: str, /, **facts: Any) -> Job:
    return job("Completed", ended, **facts)


def warned(ended: str, /, **facts: Any) -> Job:
    return job("CompletedWithWarnings", ended, **facts)


def cancelled(ended: str, /, **facts: Any) -> Job:
    return job("Cancelled", ended, **facts)


def running(since: str = "20m", /, **facts: Any) -> Job:
    return job("InProgress", since, takes="0m", **{"ended": None, **facts})


def intent(ago: str, /, **facts: Any) -> Intent:
    """What the ledger says of a VM: a run meant to start a backup that long ago."""
    return replace(Intent(item().id, "run", before(ago)), **facts)


def policy(at: str = "22:00", **facts: Any) -> Policy:
    """A daily one at this time of day; `facts` are of its one schedule."""
    return Policy(f"{VAULTS}/policy", (schedule(at, **facts),))


def schedule(at: str = "22:00", **facts: Any) -> Schedule:
    hour, minute = map(int, at.split(":"))
    return replace(Schedule("UTC", ((hour, minute),), WEEK, timedelta(days=1), keep_days=30), **facts)


def item(vm: str = "vm-01", vault: str = "rsv-01", **facts: Any) -> Item:
    container = f"iaasvmcontainerv2;rg-app;{vm}"
    known = Item(
        id=f"{vault_id(vault)}/backupFabrics/Azure/protectionContainers/IaasVMContainer;{container}"
        f"/protectedItems/VM;{container}",
        vault=vault_id(vault),
        name=vm,
        workload="vm",
        container=container,
        source=machine(vm),
        policy=f"{VAULTS}/policy",
        state="Protected",
        soft_deleted=False,
        last_recovery_point=before("35h"),
    )
    return replace(known, **facts)


def machine(vm: str) -> str:
    return f"{SUBSCRIPTION}/resourceGroups/rg-app/providers/Microsoft.Compute/virtualMachines/{vm}"


def history(*jobs: Job, vm: str = "vm-01", vault: str = "rsv-01", **facts: Any) -> History:
    """What is known of one VM; `facts` are `policy`, `source`, `item=None`, or anything of its item."""
    whole = {name: facts.pop(name) for name in ("policy", "source", "item") if name in facts}
    its_item = item(vm, vault, **facts)
    ordered = sorted(jobs, key=lambda one: (one.started, one.name), reverse=True)
    tied = tuple(replace(one, vault=vault_id(vault), item_name=vm) for one in ordered)
    known = History(its_item.key, vault_id(vault), its_item, tied, policy(), Source(machine(vm)))
    return replace(known, **whole)


def database(name: str = "sales", server: str = "sql-01", vault: str = "rsv-01", **facts: Any) -> Item:
    """One of SQL Server in a VM, which says nothing of its newest backup."""
    container = f"vmappcontainer;compute;rg-app;{server}"
    names = (name, f"{name} [{server}]", f"mssqlserver/{name} [{server}]")
    known = Item(
        id=f"{vault_id(vault)}/backupFabrics/Azure/protectionContainers/{container}"
        f"/protectedItems/SQLDataBase;mssqlserver;{name}",
        vault=vault_id(vault),
        name=name,
        workload="sql",
        container=container,
        source=machine(server),
        policy=WEEKLY_FULL.id,
        state="Protected",
        soft_deleted=False,
        last_recovery_point=before("35h"),
        calls=frozenset(names),
    )
    return replace(known, **facts)


def share(name: str = "docs", account: str = "stapp", vault: str = "rsv-01", **facts: Any) -> Item:
    container = f"storagecontainer;storage;rg-app;{account}"
    known = item(
        name,
        vault,
        id=f"{vault_id(vault)}/backupFabrics/Azure/protectionContainers/{container}"
        f"/protectedItems/AzureFileShare;{name}",
        workload="files",
        container=container,
        source=f"{SUBSCRIPTION}/resourceGroups/rg-app/providers/Microsoft.Storage/storageAccounts/{account}",
        calls=frozenset({name, f"{account}/{name}"}),
    )
    return replace(known, **facts)


def instance(name: str = "disk-01", workload: str = "disk", **facts: Any) -> Item:
    """A backup instance, which Backup vaults know by its id alone."""
    known = item(
        name,
        id=f"{BACKUP_VAULT}/backupInstances/{name}",
        workload=workload,
        container="",
        source=f"{SUBSCRIPTION}/resourceGroups/rg-app/providers/Microsoft.Compute/disks/{name}",
        last_recovery_point=None,
    )
    return replace(known, vault=BACKUP_VAULT, **facts)


def known_of(whole: Item, *jobs: Job, policy: Policy | None, **facts: Any) -> History:
    """What is known of any item; jobs are of its workload unless they say otherwise."""
    ordered = sorted(jobs, key=lambda one: (one.started, one.name), reverse=True)
    tied = tuple(
        replace(
            one,
            vault=whole.vault,
            item_name=whole.name,
            workload=whole.workload if one.workload == "vm" else one.workload,
        )
        for one in ordered
    )
    return replace(
        History(whole.key, whole.vault, whole, tied, policy, Source(whole.source or "unknown")), **facts
    )


def of_database(
    *jobs: Job, policy: Policy | None = WEEKLY_FULL, source: Source | None = None, **facts: Any
) -> History:
    """What is known of one database; `facts` are of its item."""
    known = known_of(database(**facts), *jobs, policy=policy)
    return replace(known, source=source) if source else known


def many(count: int, *jobs: Job, first: int = 1, **facts: Any) -> list[History]:
    """So many VMs of one vault, alike."""
    return [history(*jobs, vm=f"vm-{number:02}", **facts) for number in range(first, first + count)]


@dataclass
class Vaults:
    """An Azure of these histories; Resource Graph says the same, but for what `graph` says otherwise.

    `sizes` are the items of a vault by its name; one that is not named has a thousand.
    """

    truth: Iterable[History]
    graph: Iterable[History] | None = None
    sizes: Mapping[str, int] = field(default_factory=dict)
    unreadable: Mapping[str, str] = field(default_factory=dict)
    running: dict[str, int] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    wanted: list[Wanted] = field(default_factory=list)
    refusing: Mapping[str, str] = field(default_factory=dict)
    time_for: int = 1_000_000
    followed: Iterable[tuple[str, Job]] = ()
    written: Mapping[str, Iterable[Intent]] = field(default_factory=dict)
    unrecalled: dict[str, str] = field(default_factory=dict)
    recalled: list[str] = field(default_factory=list)
    remembers: bool = False
    points: Mapping[str, Iterable[Job]] = field(default_factory=dict)
    proved: list[str] = field(default_factory=list)

    @property
    def known(self) -> Known:
        return Known(self.running, self.unread, self.unrecalled)

    def failing(self, since: datetime, until: datetime) -> list[History]:
        return list(self.truth if self.graph is None else self.graph)

    def confirm(self, names: Iterable[str]) -> list[History]:
        told = {one.key: one for one in self.failing(NOW, NOW)}
        for name in names:
            self.asked.append(name.rpartition("/")[2])
            if self.asked[-1] in self.unreadable:
                self.unread[name] = self.unreadable[self.asked[-1]]
                continue
            here = [one for one in self.truth if one.vault == name]
            told.update((one.key, one) for one in here)
            self.running.setdefault(name, sum(len(one.running) for one in here))
        return list(told.values())

    def asked_for(self, history: History) -> bool:
        return True

    def unheard(self, found: Iterable[History]) -> list[AlertHint]:
        return []

    def recall(self, cases: list[Case], keys: Collection[str]) -> list[Case]:
        """As the ledger does, from what `written` says of each VM."""
        self.recalled = sorted(key.rpartition(";")[2] for key in keys)
        known = set(keys) - self.unrecalled.keys()
        return [self._laid_over(case) if case.history.key in known else case for case in cases]

    def _laid_over(self, case: Case) -> Case:
        intents = self.written.get(case.history.key.rpartition(";")[2], ())
        whole = laid_over(case.history, settled(intents, case.history.backups))
        return replace(case, history=whole, attempts=whole.attempts(NOW))

    def items_in(self, name: str) -> int:
        return self.sizes.get(name.rpartition("/")[2], 1000)

    def prove(self, cases: Iterable[Case]) -> dict[str, Case]:
        """As the vaults do, from the `points` of each database, once; `unreadable` ones are unread."""
        fresh = [one for one in cases if one.history.is_database and name_in(one) not in self.proved]
        self.proved += map(name_in, fresh)
        proved = {}
        for case in fresh:
            if name_in(case) in self.unreadable:
                self.unread[case.history.key] = self.unreadable[name_in(case)]
            found = [one for one in self.points.get(name_in(case), ()) if one.until >= case.failure.until]
            whole = replace(case.history, jobs=(*found, *case.history.jobs))
            proved[case.history.key] = replace(case, history=whole, attempts=whole.attempts(NOW))
        return proved

    def start_all(self, wanted: Iterable[Wanted]) -> dict[str, Start]:
        self.wanted = list(wanted)
        starts = [
            Start(one.item, job=f"job-of-{one.item.name}", refusal=self.refusing.get(one.item.name, ""))
            for one in self.wanted[: self.time_for]
        ]
        return {start.item.key: start for start in starts}

    @property
    def started(self) -> list[tuple[str, datetime | None]]:
        return [(one.item.name, one.keep_until) for one in self.wanted]

    def follow(self, started: Iterable[Start], span: timedelta) -> Iterator[tuple[Start, Job]]:
        by_name = {start.item.name: start for start in started}
        return ((by_name[vm], one) for vm, one in self.followed)


def decisions(
    histories: Iterable[History], *, at: datetime = NOW, vaults: Vaults | None = None, **options: Any
) -> dict[str, Decision]:
    """What is decided of each VM, by its name, in the order of the ranking."""
    asked = vaults or Vaults(list(histories))
    asked.remembers = Params(**options).remembers
    found = auto_retry.decided(Params(**options), asked, at)
    return {name_of(one): one for one in found}


def reported(
    vaults: Vaults, now: datetime = NOW, **options: Any
) -> tuple[dict[str, dict[str, Any]], Session[Params]]:
    """The report's objects by item name, and the session that wrote them."""
    report = StringIO()
    session = Session("auto_retry", Params(**options), arm=None, report=report)
    session.started = now
    auto_retry.retry(session, vaults, now)
    return {entry["name"]: entry for entry in map(json.loads, report.getvalue().splitlines())}, session


def name_in(case: Case) -> str:
    return case.history.item.name if case.history.item else case.history.key


def name_of(decision: Decision) -> str:
    return name_in(decision.case)


def decided(
    *jobs: Job, at: datetime = NOW, options: Mapping[str, Any] | None = None, **facts: Any
) -> Decision:
    """What is decided of a VM that these jobs are of."""
    return next(iter(decisions([history(*jobs, **facts)], at=at, **(options or {})).values()))


def told(decision: Decision) -> tuple[str, str, str]:
    """`retried` or `left`, by which rule, and why."""
    return "retried" if decision.retry else "left", decision.rule, decision.reason


def retried(found: Mapping[str, Decision]) -> list[str]:
    return [name for name, one in found.items() if one.retry]


def left_by(found: Mapping[str, Decision], rule: str) -> list[str]:
    return [name for name, one in found.items() if one.rule == rule and not one.retry]
