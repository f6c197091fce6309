"""What happened to each protected item, laid together from sources that may disagree.

Resource Graph knows every vault but lags; a vault's own list is the truth.
Jobs of both are laid together by name, and tied to items. Not all scheduled
backups of databases are listed, so what their items say counts as well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from backupkit.evidence import History
from backupkit.failures import NONE_GIVEN
from backupkit.kinds import BACKUP_VAULTS, COPY, DATABASES
from backupkit.records import Item, Job, Policy, Source

NEAR = timedelta(minutes=5)
"""How far outside its job the moment may be that an item gives its newest backup.

Recorded items have it between start and end, and the clocks of a vault and a machine differ.
"""


def merged(graph: Iterable[Job], vault: Iterable[Job]) -> list[Job]:
    """Jobs by name, the vault's own word first; who started it, of what and why it failed either may know."""
    jobs = {(job.vault, job.name.lower()): job for job in graph}
    for job in vault:
        key = (job.vault, job.name.lower())
        known = jobs.get(key)
        jobs[key] = job if known is None else _laid_over(known, job)
    return list(jobs.values())


def _laid_over(graph: Job, vault: Job) -> Job:
    return replace(
        vault,
        user=graph.user if vault.user is None else vault.user,
        item=vault.item or graph.item,
        container=vault.container or graph.container,
        failure=graph.failure or vault.failure if _unexplained(vault) else vault.failure,
    )


def _unexplained(job: Job) -> bool:
    return job.failure is not None and job.failure.code == NONE_GIVEN


def histories(
    items: Iterable[Item], jobs: Iterable[Job], policies: Iterable[Policy], sources: Mapping[str, Source]
) -> list[History]:
    """One of each item that has jobs or says how it went, and one of each failed job without an item."""
    ties = _Ties(items)
    of_item: dict[str, list[Job]] = defaultdict(list)
    lost: list[Job] = []
    for job in jobs:
        keys = ties.items_of(job)
        for key in keys:
            of_item[key].append(job)
        if not keys and job.failed:
            lost.append(job)
    policy_of = {policy.id: policy for policy in policies}
    found = []
    silent = [key for key, item in ties.by_id.items() if item.healthy is not None and key not in of_item]
    for key in [*of_item, *silent]:
        item, its_jobs = _with_own_word(ties.by_id[key], of_item[key])
        ordered = tuple(sorted(its_jobs, key=lambda job: (job.started, job.name), reverse=True))
        source = sources.get(item.source.lower())
        found.append(History(key, item.vault, item, ordered, policy_of.get(item.policy), source))
    return found + [History(job.id.lower(), job.vault, None, (job,)) for job in lost]


def _with_own_word(item: Item, jobs: Sequence[Job]) -> tuple[Item, list[Job]]:
    """A database's own word counts besides its jobs; jobs of a Backup vault may tell of newer points."""
    if item.workload in BACKUP_VAULTS:
        ends = (job.until for job in jobs if job.is_backup and job.succeeded)
        known = filter(None, [*ends, item.last_recovery_point])
        return replace(item, last_recovery_point=max(known, default=None)), list(jobs)
    if item.workload not in DATABASES:
        return item, list(jobs)
    at = item.last_backup
    told = [_explained(job, item) if at and _spans(job, at) else job for job in jobs]
    shown = at is None or any(job.is_backup and _spans(job, at) for job in jobs)
    return item, told if shown else [*told, *_own_word(item)]


def _spans(job: Job, at: datetime) -> bool:
    return job.started - NEAR <= at <= job.until + NEAR


def _explained(job: Job, item: Item) -> Job:
    return replace(job, failure=item.failure) if _unexplained(job) and item.failure else job


def _own_word(item: Item) -> Iterator[Job]:
    """What it says of its newest backup, as a job; it was a scheduled one, or a list would show it."""
    if item.last_backup and item.healthy is not None:
        yield unlisted(item, item.last_backup, "Completed" if item.healthy else "Failed")


def unlisted(item: Item, at: datetime, status: str, operation: str = "Backup") -> Job:
    """A scheduled backup of a database that its item or its recovery points tell of, and no list of jobs."""
    return Job(
        id="",
        vault=item.vault,
        name="",
        operation=operation,
        status=status,
        workload=item.workload,
        started=at,
        ended=at,
        user=False,
        item=item.key,
        item_name=item.name.lower(),
        container=item.container,
        failure=item.failure if status == "Failed" else None,
    )


def without_copies(points: Iterable[Job], jobs: Iterable[Job]) -> list[Job]:
    """Recovery points but for those of copies: the service calls them Full, and their jobs alone tell."""
    copies = [job for job in jobs if job.succeeded and job.kind == COPY]
    return [point for point in points if not any(_spans(job, point.until) for job in copies)]


class _Ties:
    """Which item a job is of: by the id it carries, else by container, else by name.

    Two machines of one vault may share a name. A job known by that name alone
    ties to both while it runs, which keeps hands off both, and to none after.
    """

    def __init__(self, items: Iterable[Item]) -> None:
        self.by_id = {item.key: item for item in items}
        self._by_container: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._by_name: dict[tuple[str, str], list[str]] = defaultdict(list)
        for key, item in self.by_id.items():
            if item.workload == "vm":  # other containers hold several items
                self._by_container[item.vault, item.container].append(key)
            for name in {item.name.lower(), *item.calls}:
                self._by_name[item.vault, name].append(key)

    def items_of(self, job: Job) -> list[str]:
        if job.item in self.by_id:
            return [job.item]
        if job.item:
            return []
        keys = self._by_container[job.vault, job.container] if job.container else []
        if len(keys) != 1:
            named = self._by_name[job.vault, job.item_name]
            keys = [key for key in named if self.by_id[key].may_have(job)]
        return keys if len(keys) == 1 or job.is_running else []
