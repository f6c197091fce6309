"""What a run means to start and what became of it, kept outside the vaults.

A job may be killed at any moment and start again from the top, alerts come
twice, schedules and webhooks overlap. So an intent is written before a backup
is asked for, by whoever finds the item's blob as he read it, and the outcome
after. An intent without an outcome may have been carried out: it counts, and
the vault's jobs tell later.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from typing import Any

from backupkit.blobs import BlobError, Blobs, ConflictError, Credential
from backupkit.errors import BackupkitError
from backupkit.evidence import Attempt, Case, History
from backupkit.records import Item, Job
from backupkit.times import NEVER, stamp, utc
from backupkit.vaults import Start

ATTEMPTS = "attempts/"
KEPT = timedelta(days=30)
"""How long an attempt is kept: longer than any window of failures, two weeks at most."""
SKEW = timedelta(minutes=5)
"""How far the clock of a vault may be behind ours."""
STARTED, REFUSED = "started", "refused"


class LedgerError(BackupkitError):
    """The ledger cannot be read or written; without its word nothing is started."""


@dataclass(frozen=True)
class Intent:
    """`outcome` is STARTED, REFUSED, or "" until it is known; a refused one is kept and does not count."""

    item: str
    run: str
    at: datetime
    outcome: str = ""
    job: str = ""

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Intent:
        """Raises KeyError, TypeError or ValueError where it is none."""
        if entry["outcome"] not in ("", STARTED, REFUSED):
            raise ValueError(f"no such outcome {entry['outcome']!r}")
        texts = {name: entry[name] for name in ("item", "run", "outcome", "job")}
        if not all(isinstance(text, str) for text in texts.values()):
            raise TypeError("a text was expected")
        return cls(at=utc(entry["at"]), **texts)

    @property
    def entry(self) -> dict[str, str]:
        return {**asdict(self), "at": stamp(self.at)}


def name_of(key: str) -> str:
    """The blob of an item, by the item's id."""
    return f"{sha256(key.lower().encode()).hexdigest()}.json"


def settled(intents: Iterable[Intent], jobs: Iterable[Job]) -> list[Intent]:
    """With their jobs: an open intent takes the first backup after it that nothing else explains."""
    found = sorted(intents, key=lambda one: one.at)
    taken = {one.job.lower() for one in found if one.job}
    free = sorted(
        (job for job in jobs if job.is_backup and job.user is not False and job.name.lower() not in taken),
        key=lambda job: job.started,
    )
    for n, intent in enumerate(found):
        job = next((job for job in free if job.started >= intent.at - SKEW), None)
        if job and not intent.job and intent.outcome != REFUSED:
            found[n] = replace(intent, outcome=STARTED, job=job.name)
            free.remove(job)
    return found


def laid_over(history: History, intents: Iterable[Intent]) -> History:
    """The history with the ledger's attempts; an attempt's time is its job's where there is one."""
    jobs = {job.name.lower(): job for job in history.backups}
    attempts = []
    for intent in intents:
        job = jobs.get(intent.job.lower())
        if job:
            attempts.append(Attempt(job.started, job.until, job.name))
        elif intent.outcome != REFUSED:
            attempts.append(Attempt(intent.at, intent.at, intent.job))
    return replace(history, ledger=tuple(attempts))


class Ledger:
    """One run's view of it.

    `unread` says why, by item, what should be known of it is not; `broken`, once set, why of none is.
    """

    def __init__(self, blobs: Blobs, run: str) -> None:
        self._blobs = blobs
        self._run = run
        self._known: dict[str, tuple[list[Intent], str]] = {}
        self._intended = set[str]()
        self._is_there = True
        self._now = NEVER
        self.unread: dict[str, str] = {}
        self.broken = ""

    @property
    def url(self) -> str:
        return self._blobs.url

    def recall(self, cases: Iterable[Case], now: datetime) -> list[Case]:
        """The cases with what was tried; those of which it is not known stand in `unread`."""
        self._now, written = now, self.written()
        return [self._recalled(case, written) for case in cases]

    def _recalled(self, case: Case, written: set[str]) -> Case:
        key = case.history.key
        try:
            self._require()
            read, etag = self._read(key) if name_of(key) in written else ([], "")
        except BackupkitError as error:
            self.unread[key] = str(error)
            return case
        intents = settled(read, case.history.backups)
        self._known[key] = intents, etag
        history = laid_over(case.history, intents)
        return replace(case, history=history, attempts=history.attempts(self._now))

    def _require(self) -> None:
        if self.broken:
            raise LedgerError(self.broken)

    def intend(self, item: Item) -> None:
        """Write down that a backup of the item is going to be asked for.

        Raises:
            ConflictError: another run has written of it since it was read.
            BlobError, LedgerError: it may not be written; it counts if it is.
        """
        self._require()
        with self._watched():
            if not self._is_there:
                self._blobs.make_container()
                self._is_there = True
        known, etag = self._known[item.key]
        kept = [one for one in known if self._now - one.at < KEPT]
        at = datetime.now(timezone.utc).replace(microsecond=0)
        self._write(item.key, [*kept, Intent(item.id, self._run, at)], etag)
        self._intended.add(item.key)

    def conclude(self, start: Start) -> None:
        """Write down what became of an intent; what is still open a later run settles.

        Raises:
            ConflictError, BlobError: it is not written, which leaves it open.
        """
        if start.item.key not in self._intended or (start.open and not start.job):
            return
        self._intended.remove(start.item.key)
        intents, etag = self._known[start.item.key]
        outcome = STARTED if start.job or not start.refusal else REFUSED
        concluded = replace(intents[-1], outcome=outcome, job=start.job)
        self._write(start.item.key, [*intents[:-1], concluded], etag)

    def written(self) -> set[str]:
        """Names of the items' blobs."""
        try:
            with self._watched():
                names = self._blobs.names(ATTEMPTS)
        except BlobError:
            return set()  # `broken` says why
        self._is_there = names is not None
        return {name[len(ATTEMPTS) :] for name in names or ()}

    def _read(self, key: str) -> tuple[list[Intent], str]:
        name = ATTEMPTS + name_of(key)
        with self._watched():
            content, etag = self._blobs.read(name) or (b"[]", "")
        try:
            entries = json.loads(content)
            intents = [Intent.read(entry) for entry in entries]
            if not isinstance(entries, list) or any(one.item.lower() != key for one in intents):
                raise ValueError("no list, or of another item")
        except (KeyError, TypeError, ValueError) as error:
            raise LedgerError(
                f"{self.url}/{name} is not what a run writes ({type(error).__name__}); see in the vault "
                "which backups of the item were started in the last 24 hours, then delete the blob"
            ) from error
        return intents, etag

    def _write(self, key: str, intents: Sequence[Intent], etag: str) -> None:
        name, content = ATTEMPTS + name_of(key), _content(intents)
        with self._watched():
            try:
                written = self._blobs.write(name, content, etag)
            except ConflictError:
                # The answer to our own writing may have been lost, and the writing sent again.
                found = self._blobs.read(name)
                if found is None or found[0] != content:
                    raise
                written = found[1]
        self._known[key] = list(intents), written

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """A ledger that has failed once is not asked again: it would only take time."""
        try:
            yield
        except ConflictError:
            raise
        except BlobError as error:
            self.broken = str(error)
            raise


def ledger_at(url: str, credential: Credential, run: str) -> Ledger:
    return Ledger(Blobs(url, credential), run)


def _content(intents: Iterable[Intent]) -> bytes:
    return json.dumps([one.entry for one in intents], indent=1).encode()
