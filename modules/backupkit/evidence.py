"""What happened to each protected item, and the failure of it that is to be judged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from backupkit.failures import Failure
from backupkit.kinds import DATABASES, FULL, LOG, makes_up_for
from backupkit.policies import STARTS_WITHIN, kind_due, rpo, rpo_age
from backupkit.records import Item, Job, Policy, Source

DAY = timedelta(hours=24)


@dataclass(frozen=True)
class Attempt:
    """A backup that a run asked for; with no job known, `job` is "" and both moments the asking's."""

    started: datetime
    until: datetime
    job: str = ""
    kind: str = ""


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

    @property
    def is_database(self) -> bool:
        return self.item is not None and self.item.workload in DATABASES

    def kind_of(self, failure: Job) -> str:
        """The type of a database's backup that failed, told or worked out from when it was."""
        return (failure.kind or self._kind_due(failure.started)) if self.is_database else ""

    def _kind_due(self, at: datetime) -> str:
        """What was due by the policy, unless that went well: then it was a log."""
        due = kind_due(self.policy, at)
        done = (job for job in self._successes if job.until >= at - STARTS_WITHIN)
        return LOG if any(makes_up_for(job.kind, due) for job in done) else due

    def cancelled_since(self, failure: Job) -> Job | None:
        """A backup in place of the failed one that somebody cancelled no earlier than that ended."""
        kind = self.kind_of(failure)
        later = (job for job in self.backups if job.cancelled and job.until >= failure.until)
        return next((job for job in later if not self.is_database or makes_up_for(job.kind, kind)), None)

    def success_since(self, failure: Job) -> Job | None:
        """A backup that makes up for the failed one and ended well no earlier than that did."""
        kind = self.kind_of(failure)
        since = (job for job in self._successes if job.until >= failure.until)
        return next((job for job in since if not self.is_database or makes_up_for(job.kind, kind)), None)

    def on_demand(self, now: datetime) -> list[Job]:
        """Backups of the last 24 hours that no schedule started, whoever did."""
        return [job for job in self.backups if not self._scheduled(job) and now - job.started < DAY]

    def started_by_a_person(self, job: Job) -> bool:
        """Only a ledger can tell: an on-demand backup that is not in it."""
        return self.ledger is not None and job.user is True and not self.is_ours(job)

    def is_ours(self, job: Job) -> bool:
        """Whether the ledger has it."""
        return any(one.job and one.job.lower() == job.name.lower() for one in self.ledger or ())

    @property
    def unresolved(self) -> list[Job]:
        """Backups that ended badly or run, and that no later one makes up for."""
        others = [job for job in self.backups if not job.succeeded]
        return [job for job in others if not self._made_up_for(self.kind_of(job), job.until)]

    @property
    def tried(self) -> list[Attempt]:
        """Attempts no success makes up for: the ledger's, else what no schedule is known to have started."""
        if self.ledger is not None:
            return [one for one in self.ledger if not self._made_up_for(one.kind, one.until)]
        counted = [job for job in self.unresolved if not self._scheduled(job)]
        return [Attempt(job.started, job.until, job.name, job.kind) for job in counted]

    def attempts(self, now: datetime) -> list[Attempt]:
        """Those of `tried` that started in the last 24 hours."""
        return [one for one in self.tried if now - one.started < DAY]

    @property
    def _successes(self) -> list[Job]:
        return [job for job in self.backups if job.succeeded]

    def _made_up_for(self, kind: str, until: datetime) -> bool:
        later = (job for job in self._successes if job.until >= until)
        return any(not self.is_database or makes_up_for(job.kind, kind) for job in later)

    def _scheduled(self, job: Job) -> bool:
        """With a ledger a job of unknown origin was scheduled, or it would stand there."""
        if self.ledger is None:
            return job.user is False
        return job.user is not True and not self.is_ours(job)


@dataclass(frozen=True)
class Case:
    """An item whose newest failure is to be judged, and what was tried since its last success."""

    history: History
    failure: Job
    cause: Failure
    attempts: Sequence[Attempt]

    @property
    def workload(self) -> str:
        """The job's, or the item's: a database's job may not say which kind it is of."""
        told, item = self.failure.workload, self.history.item
        return item.workload if item and told in ("workload", "unknown") else told

    @property
    def needs_full(self) -> bool:
        """Its parent is missing, and the attempt was ours: after a scheduled one the service takes a full."""
        return self.history.is_database and self.cause.needs_full and self.history.is_ours(self.failure)

    @property
    def kind(self) -> str:
        """The type of database backup that a retry takes."""
        return FULL if self.needs_full else self.history.kind_of(self.failure)

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
    """The failure that ended last speaks for its item; a failed backup before any other failed job.

    Of a database one that nothing makes up for does, and a failed log backup last of all: logs fail often
    beside a full one whose failure is the reason.
    """
    cases = []
    for history in histories:
        failed = [job for job in history.jobs if job.until >= since and job.failure]
        newest = max(failed, key=lambda job: _weight(history, job), default=None)
        if newest and newest.failure:
            cases.append(Case(history, newest, newest.failure, history.attempts(now)))
    return cases


def _weight(history: History, job: Job) -> tuple[bool, bool, bool, datetime]:
    if not history.is_database:
        return job.is_backup, False, False, job.until
    open_ = history.success_since(job) is None
    return job.is_backup, open_, history.kind_of(job) != LOG, job.until


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
    """Seconds past the RPO; infinite where no recovery point is known at all."""
    age = rpo_age(history.item, now)
    return float("inf") if age is None else (age - rpo(history.policy)).total_seconds()
