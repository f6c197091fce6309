"""Failed backups of an estate: found through Resource Graph, confirmed with each vault, started again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from backupkit import starts, vaults
from backupkit.alerts import AlertHint
from backupkit.arm import Arm
from backupkit.blobs import ConflictError
from backupkit.errors import ArmError, BackupkitError, OutOfTimeError
from backupkit.estate import Estate, Unread
from backupkit.evidence import Case, History
from backupkit.kinds import DATABASES
from backupkit.ledger import Ledger
from backupkit.limits import JOB_READS_AN_HOUR
from backupkit.params import CommonParams
from backupkit.policies import STARTS_WITHIN
from backupkit.records import Item, Job, Policy, Source, subscription_of
from backupkit.retries import Known
from backupkit.starts import Start, Wanted
from backupkit.ties import histories, merged, without_copies
from backupkit.times import NEVER

DAY = timedelta(hours=24)
SECONDS_TO_SETTLE = 120.0


class Backups:
    """The verbs a retry needs. What could not be read stands in `unread`, and why in `known`."""

    def __init__(
        self, arm: Arm, options: CommonParams, only: Collection[str] = (), ledger: Ledger | None = None
    ) -> None:
        self._arm = arm
        self._estate = Estate(arm, options)
        self._only = {one.lower() for one in only}
        self._ledger = ledger
        self._asked = ",".join(sorted([*map(str.lower, options.scope), *self._only])) or "all"
        self._seen: list[str] = []
        self._alerts: Sequence[AlertHint] | None = None
        self._jobs: list[Job] = []
        self._items: dict[str, Item] = {}
        self._sizes: Counter[str] = Counter()
        self._policies: list[Policy] = []
        self._sources: dict[str, Source] = {}
        self._since = self._from = self._until = NEVER
        self.running: Counter[str] = Counter()
        self._without_items: set[str] = set()
        self._proved: set[str] = set()

    @property
    def known(self) -> Known:
        """`unread` says why whatever could not be read was not, `accept_unread` or not."""
        return Known(self.running, self._estate.failed, self._ledger.unread if self._ledger else {})

    @property
    def unread(self) -> list[Unread]:
        return self._estate.unread

    @property
    def subscriptions(self) -> Sequence[str]:
        return self._estate.subscriptions

    def open(self) -> list[str]:
        """Find the vaults to look at; those named and not visible are unread."""
        self._estate.open()
        seen = list(self._estate.vaults())
        if self._only:
            self._estate.missing_vaults(self._only, seen)
        self._seen = [one for one in seen if not self._only or one in self._only]
        if self._ledger and self._alerts is None:
            try:
                self._estate.vanished_vaults(self._ledger.last_vaults(self._asked), self._seen)
            except BackupkitError as error:
                self._estate.could_not_read(self._ledger.url, error)
        return self._seen

    def remember(self, started: datetime) -> None:
        """Keep what was seen for the next run, if all was read."""
        if not self._ledger or self.unread or self._alerts is not None:
            return
        try:
            self._ledger.keep_vaults(self._asked, started, self._seen)
        except BackupkitError as error:
            self._estate.could_not_read(self._ledger.url, error)

    def about(self, alerts: Sequence[AlertHint] | None) -> Backups:
        """Look at no more than what these alerts name, and at their vaults."""
        self._alerts = alerts
        return self

    def asked_for(self, history: History) -> bool:
        return self._alerts is None or any(_names(one, history) for one in self._alerts)

    def unheard(self, found: Sequence[History]) -> list[AlertHint]:
        """Alerts that name none of these."""
        return [one for one in self._alerts or () if not any(_names(one, history) for history in found)]

    def _named(self) -> set[str]:
        """Vaults of the alerts."""
        named = {one.vault for one in self._alerts or ()}
        return {one for one in named if not self._only or one in self._only}

    def failing(self, since: datetime, until: datetime) -> list[History]:
        """What Resource Graph tells of the vaults with a failed backup of the window.

        Other jobs are read for a day at least, since attempts count for a day.
        """
        chosen = set(self.open())
        # A vault may keep failures while Resource Graph no longer lists it itself.
        failed = self._named() if self._alerts else self._estate.vaults_with_failures(since, until)
        self._estate.missing_vaults(self._named(), chosen)
        names = sorted(one for one in failed if one in chosen or not (self._only or self._alerts))
        self._since, self._from, self._until = since, min(since, until - DAY), until
        self._jobs = self._estate.jobs(names, self._from, until)
        self._items = {item.key: item for item in self._estate.items(names)}
        self._without_items = set(self._estate.failed)
        self._sizes = Counter(item.vault for item in self._items.values())
        self._policies = self._estate.policies(names)
        return self._with_sources()

    def confirm(self, names: Iterable[str]) -> list[History]:
        """Lay each of these vaults' own lists of jobs and databases over what Resource Graph told."""
        listed: list[Job] = []
        holding = {item.vault for item in self._items.values() if item.workload in DATABASES}
        for name in sorted({*names, *self._named()} - self._estate.failed.keys()):
            try:
                jobs = self._list(name)
                databases = vaults.databases(self._arm, name) if name in holding else []
            except (ArmError, OutOfTimeError) as error:
                self._estate.could_not_read(name, error)
                continue
            listed.extend(jobs)
            self._items.update((item.key, self._with_source(item)) for item in databases)
            self.running[name] = sum(job.is_backup and job.is_running for job in jobs)
        self._jobs = merged(self._jobs, listed)
        return self._with_sources()

    def _with_source(self, item: Item) -> Item:
        """Of a database of an availability group only Resource Graph may tell a machine."""
        known = self._items.get(item.key)
        return replace(item, source=known.source) if known and not item.source else item

    def prove(self, cases: Iterable[Case]) -> dict[str, Case]:
        """The databases among the cases with what their recovery points say, by item; each is asked once.

        Points alone tell the type of a backup that no job shows. One whose points cannot be read is unread.
        """
        proved = {}
        for case in cases:
            item = case.history.item
            if item is None or item.workload not in DATABASES or item.key in self._proved:
                continue
            self._proved.add(item.key)
            found: list[Job] = []
            try:
                since = case.failure.until - STARTS_WITHIN
                points = vaults.recovered(self._arm, item, since, self._until + DAY)
                found = without_copies(points, case.history.backups)
            except (ArmError, OutOfTimeError) as error:
                self._estate.could_not_read(item.key, error)
            jobs = sorted([*case.history.jobs, *found], key=lambda job: (job.started, job.name), reverse=True)
            history = replace(case.history, jobs=tuple(jobs))
            proved[item.key] = replace(case, history=history, attempts=history.attempts(self._until))
        return proved

    def _with_sources(self) -> list[History]:
        """The histories; the machines behind items with a failure of the window are read, each once."""
        found = self._histories(self._jobs)
        judged = [one for one in found if any(job.failed and job.until >= self._since for job in one.jobs)]
        wanted = {one.item.source.lower() for one in judged if one.item} - self._sources.keys()
        if not wanted:
            return found
        self._sources |= self._estate.sources(wanted)
        return self._histories(self._jobs)

    def items_in(self, name: str) -> int:
        return self._sizes[name]

    @property
    def remembers(self) -> bool:
        """Whether a ledger is kept."""
        return self._ledger is not None

    def recall(self, cases: Sequence[Case], keys: Collection[str]) -> list[Case]:
        """The cases; those with these keys with what the ledger knows was tried."""
        if not self._ledger or not keys:
            return list(cases)
        wanted = [one for one in cases if one.history.key in keys and self.asked_for(one.history)]
        recalled = self._ledger.recall(wanted, self._until)
        for key, reason in self._ledger.unread.items():
            if reason != self._ledger.broken:
                self._estate.could_not_read(key, reason)
        self._check_ledger()
        found = {case.history.key: case for case in recalled}
        return [found.get(case.history.key, case) for case in cases]

    def try_ledger(self) -> bool:
        """Whether there is one that can be read; one that cannot be is unread."""
        if self._ledger:
            self._ledger.written()
        self._check_ledger()
        return self._ledger is not None and not self._ledger.broken

    def _check_ledger(self) -> None:
        if self._ledger and self._ledger.broken:
            self._estate.could_not_read(self._ledger.url, self._ledger.broken)

    def start_all(self, wanted: Iterable[Wanted]) -> dict[str, Start]:
        """Start them one by one while there is time to learn what becomes of them, then learn it together.

        The answer is by item key.
        """
        asked = [self._start(one) for one in wanted if self._arm.seconds_left > SECONDS_TO_SETTLE]
        settled = self._settled(asked)
        self._conclude(settled)
        return {start.item.key: start for start in settled}

    def _start(self, wanted: Wanted) -> Start:
        try:
            if self._ledger:
                self._ledger.intend(wanted.item, wanted.kind)
        except ConflictError:
            return Start(wanted.item, taken=True)
        except BackupkitError as error:
            return Start(wanted.item, refusal=f"nothing was started: {error}")
        return starts.start(self._arm, wanted)

    def _conclude(self, settled: Iterable[Start]) -> None:
        """An outcome that cannot be written stays open, and the vault's jobs tell the next run."""
        for start in settled:
            try:
                if self._ledger and not self._ledger.broken:
                    self._ledger.conclude(start)
            except ConflictError:
                continue  # another run has seen it open, and settles it
            except BackupkitError:
                break  # `broken` says why
        self._check_ledger()

    def _settled(self, asked: Iterable[Start]) -> list[Start]:
        """Learn what became of the starts, from their operations, else from the vaults' lists."""
        settled = starts.settle(self._arm, asked)
        names = sorted({one.item.vault for one in settled if one.open and not one.job})
        known = {job.name.lower() for job in self._jobs}
        listed: list[Job] = []
        for name in names:
            try:
                new = (job for job in self._list(name) if job.name.lower() not in known)
                listed.extend(filter(self._is_of_one, new))
            except BackupkitError as error:
                self._estate.could_not_read(name, error)
        return starts.settle_from_list(settled, listed, known)

    def _is_of_one(self, job: Job) -> bool:
        """Whether it can be told which item a job is of; several databases may have the one name it says."""
        return sum(item.is_of(job) for item in self._items.values() if item.vault == job.vault) == 1

    def follow(self, started: Iterable[Start], span: timedelta) -> Iterator[tuple[Start, Job]]:
        """The started backups with their last state, each as it ends, those that still run at last.

        Looks at the vaults' lists every two minutes, or less often where more of one subscription are
        watched than half its hourly reads would bear.
        """
        waiting = {one.job.lower(): one for one in started if one.job and not one.refusal}
        left = span.total_seconds()
        jobs: dict[str, Job] = {}
        while waiting and left > 0:
            pause = self._pause(waiting.values())
            pause = left if left < 2 * pause else pause  # the last look is at the end of the span
            if pause >= self._arm.seconds_left:
                break
            self._arm.wait(pause, "follow started backups")
            left -= pause
            jobs |= self._look_again(waiting)
            for name in [name for name, job in jobs.items() if not job.is_running]:
                yield waiting.pop(name), jobs.pop(name)
        yield from ((waiting[name], jobs[name]) for name in waiting if name in jobs)

    def _look_again(self, waiting: Mapping[str, Start]) -> dict[str, Job]:
        found: dict[str, Job] = {}
        for name in sorted({one.item.vault for one in waiting.values()}):
            try:
                found.update((job.name.lower(), job) for job in self._list(name))
            except BackupkitError as error:
                self._estate.could_not_read(name, error)
        return {name: found[name] for name in waiting if name in found}

    @staticmethod
    def _pause(waiting: Iterable[Start]) -> float:
        watched = {one.item.vault for one in waiting}
        most = max(Counter(map(subscription_of, watched)).values())
        return max(120.0, most * 3600 * 2 / JOB_READS_AN_HOUR)

    def _list(self, name: str) -> list[Job]:
        # The filter bounds starts: a failure of the window may have started before it. Its end is a day
        # ahead, since a vault's clock may be ahead of ours.
        began = (job.started for job in self._jobs if job.vault == name and job.failed)
        return vaults.jobs(self._arm, name, min([self._from, *began]), self._until + DAY)

    def _histories(self, jobs: Iterable[Job]) -> list[History]:
        found = histories(self._items.values(), jobs, self._policies, self._sources)
        # A job whose item is not among those read is of an item that is gone only where all were read.
        return [one for one in found if one.item or one.vault not in self._without_items]


def _names(alert: AlertHint, history: History) -> bool:
    """Whether an alert is of an item, by the most that it tells."""
    if alert.vault != history.vault:
        return False
    if alert.item:
        return alert.item == history.key
    if alert.source:
        return history.item is not None and alert.source == history.item.source.lower()
    return any(job.name.lower() == alert.job for job in history.jobs)
