"""What happened to each protected item, from two sources that may disagree.

Resource Graph knows every vault but lags; a vault's own list is the truth.
Jobs of both are laid together by name, and tied to items.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from backupkit.failures import NONE_GIVEN, Failure
from backupkit.policies import rpo, rpo_age
from backupkit.records import Item, Job, Policy, Source

DAY = timedelta(hours=24)


@dataclass(frozen=True)
class Attempt:
    """A backup that a run asked for; with no job known, `job` is "" and both moments the asking's."""

    started: datetime
    until: datetime
    job: str = ""


@dataclass(frozen=True)
class History:
    """One protected item and its jobs, newest start first.

    `item` is None where the vault no longer has the item that a failed job
    was of; then `key` is the job's id. `ledger` are the attempts that are
    written down, None where none are kept or they were not looked up.
    """

    key: str
    vault: str
    item: Item | None
    jobs: tuple[Job, ...]
    policy: Policy | None = None
    source: Source | None = None
    ledger: tuple[Attempt, ...] | None = None

    @property
    def backups(self) -> list[Job]:
        return [job for job in self.jobs if job.is_backup]

    @property
    def running(self) -> list[Job]:
        return [job for job in self.jobs if job.is_running]

    def success_since(self, failure: Job) -> Job | None:
        """A backup that ended well no earlier than the failure did."""
        return next((job for job in self.backups if job.succeeded and job.until >= failure.until), None)

    def on_demand(self, now: datetime) -> list[Job]:
        """Backups of the last 24 hours that no schedule started, whoever did."""
        return [job for job in self.backups if not self._scheduled(job) and now - job.started < DAY]

    def started_by_a_person(self, job: Job) -> bool:
        """Only a ledger can tell: an on-demand backup that is not in it."""
        return self.ledger is not None and job.user is True and job.name.lower() not in self._ours

    @property
    def unresolved(self) -> list[Job]:
        """Backups since the last success that ended badly or run."""
        others = [job for job in self.backups if not job.succeeded]
        return [job for job in others if self._succeeded is None or job.until > self._succeeded]

    @property
    def tried(self) -> list[Attempt]:
        """Attempts since the last success: the ledger's, else what no schedule is known to have started."""
        if self.ledger is not None:
            since = self._succeeded
            return [one for one in self.ledger if since is None or one.until > since]
        counted = [job for job in self.unresolved if not self._scheduled(job)]
        return [Attempt(job.started, job.until, job.name) for job in counted]

    def attempts(self, now: datetime) -> list[Attempt]:
        """Those of `tried` that started in the last 24 hours."""
        return [one for one in self.tried if now - one.started < DAY]

    @property
    def _succeeded(self) -> datetime | None:
        return max((job.until for job in self.backups if job.succeeded), default=None)

    @property
    def _ours(self) -> set[str]:
        return {one.job.lower() for one in self.ledger or ()}

    def _scheduled(self, job: Job) -> bool:
        """With a ledger a job of unknown origin was scheduled, or it would stand there."""
        if self.ledger is None:
            return job.user is False
        return job.user is not True and job.name.lower() not in self._ours


@dataclass(frozen=True)
class Case:
    """An item whose newest failure is to be judged, and what was tried since its last success."""

    history: History
    failure: Job
    cause: Failure
    attempts: Sequence[Attempt]

    @property
    def alike(self) -> list[tuple[str, str]]:
        """Vault and codes of its failures since its last success: failures alike may have one cause.

        A canary that fails for another cause than its storm's is still one of the storm.
        """
        codes = [job.failure.code for job in self.history.unresolved if job.failure]
        return [(self.history.vault, code) for code in dict.fromkeys([self.cause.code, *codes])]

    def has_code(self, codes: Iterable[str]) -> bool:
        """By name in any casing, or by number."""
        own = {self.cause.code.lower(), *map(str, self.cause.numbers)}
        return not own.isdisjoint(code.lower() for code in codes)


def cases_of(histories: Iterable[History], since: datetime, now: datetime) -> list[Case]:
    """The failure that ended last speaks for its item; a failed backup before any other failed job."""
    cases = []
    for history in histories:
        failed = [job for job in history.jobs if job.until >= since and job.failure]
        newest = max(failed, key=lambda job: (job.is_backup, job.until), default=None)
        if newest and newest.failure:
            cases.append(Case(history, newest, newest.failure, history.attempts(now)))
    return cases


def confirmed(
    told: Iterable[Case], histories: Sequence[History], since: datetime, now: datetime
) -> list[Case]:
    """The cases as the vaults have them; one whose failure a vault no longer calls so is still a case."""
    cases = cases_of(histories, since, now)
    of_item, judged = {one.key: one for one in histories}, {case.history.key for case in cases}
    settled = of_item.keys() - judged
    kept = [case for case in told if case.history.key in settled]
    return cases + [replace(case, history=of_item[case.history.key]) for case in kept]


def overdue_s(history: History, now: datetime) -> float:
    """Seconds past the RPO; infinite where there is no recovery point at all."""
    age = rpo_age(history.item, now)
    return float("inf") if age is None else (age - rpo(history.policy)).total_seconds()


def merged(graph: Iterable[Job], vault: Iterable[Job]) -> list[Job]:
    """Jobs by name, the vault's own word first; who started it, of what and why it failed either may know."""
    jobs = {(job.vault, job.name.lower()): job for job in graph}
    for job in vault:
        key = (job.vault, job.name.lower())
        known = jobs.get(key)
        jobs[key] = job if known is None else _laid_over(known, job)
    return list(jobs.values())


def _laid_over(graph: Job, vault: Job) -> Job:
    unexplained = vault.failure is not None and vault.failure.code == NONE_GIVEN
    return replace(
        vault,
        user=graph.user if vault.user is None else vault.user,
        item=vault.item or graph.item,
        container=vault.container or graph.container,
        failure=graph.failure or vault.failure if unexplained else vault.failure,
    )


def histories(
    items: Iterable[Item], jobs: Iterable[Job], policies: Iterable[Policy], sources: Mapping[str, Source]
) -> list[History]:
    """One history per item that has jobs, and one per failed job that no item can be found for."""
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
    for key, its_jobs in of_item.items():
        item = ties.by_id[key]
        ordered = tuple(sorted(its_jobs, key=lambda job: (job.started, job.name), reverse=True))
        source = sources.get(item.source.lower())
        found.append(History(key, item.vault, item, ordered, policy_of.get(item.policy), source))
    return found + [History(job.id.lower(), job.vault, None, (job,)) for job in lost]


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
            self._by_container[item.vault, item.container].append(key)
            self._by_name[item.vault, item.name.lower()].append(key)

    def items_of(self, job: Job) -> list[str]:
        if job.item in self.by_id:
            return [job.item]
        if job.item:
            return []
        keys = self._by_container[job.vault, job.container] if job.container else []
        if len(keys) != 1:
            keys = self._by_name[job.vault, job.item_name]
        return keys if len(keys) == 1 or job.is_running else []
