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
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

from backupkit.blobs import BlobError, Blobs, ConflictError, Credential
from backupkit.errors import BackupkitError
from backupkit.evidence import Case
from backupkit.intents import REFUSED, STARTED, Intent, laid_over, name_of, settled
from backupkit.params import LedgerParams
from backupkit.records import Item
from backupkit.starts import Start
from backupkit.times import NEVER, stamp

ATTEMPTS, LAST_RUN = "attempts/", "runs/auto_retry.json"
KEPT = timedelta(days=30)
"""How long an attempt is kept: longer than any window of failures, two weeks at most."""


class LedgerError(BackupkitError):
    """The ledger cannot be read or written; without its word nothing is started."""


class Ledger:
    """One run's view of it.

    `unread` says why, by item, what should be known of it is not; `broken`, once set, why of none is.
    """

    def __init__(self, blobs: Blobs, run: str, *, dry_run: bool = False, memory: str = LAST_RUN) -> None:
        self._blobs = blobs
        self._dry_run = dry_run
        self._memory = memory
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

    def intend(self, item: Item, kind: str = "") -> None:
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
        self._write(item.key, [*kept, Intent(item.id, self._run, at, kind=kind)], etag)
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

    def last_vaults(self, asked: str) -> set[str]:
        """What the last complete run saw that asked for the same; empty where there was none.

        Raises:
            BlobError, LedgerError: it cannot be read.
        """
        return set(self.last_run(asked).get("vaults", ()))

    def last_run(self, asked: str) -> Mapping[str, Any]:
        """All that is remembered of it; see `last_vaults`."""
        found: Mapping[str, Any] = self._last_runs()[0].get(asked, {})
        return found

    def keep_vaults(self, asked: str, started: datetime, vaults: Iterable[str], **more: Any) -> None:
        """Remember what a complete run saw; without a container a dry run has nowhere to.

        Raises:
            BlobError, LedgerError: it cannot be written.
        """
        runs, etag = self._last_runs()
        runs[asked] = {"started": stamp(started), "vaults": sorted(vaults), **more}
        content = json.dumps(runs, indent=1).encode()
        try:
            if not etag and self._blobs.names(self._memory) is None:
                if self._dry_run:
                    return
                self._blobs.make_container()
            self._blobs.write(self._memory, content, etag)
        except ConflictError:
            return  # another run has just remembered the same

    def _last_runs(self) -> tuple[dict[str, Any], str]:
        self._require()
        with self._watched():
            content, etag = self._blobs.read(self._memory) or (b"{}", "")
        try:
            runs = json.loads(content)
            if not all(isinstance(one["vaults"], list) for one in runs.values()):
                raise TypeError("vaults are a list")
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            told = f"{self.url}/{self._memory} is not what a run writes ({type(error).__name__}); delete it"
            raise LedgerError(told) from error
        return runs, etag

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


def ledger_of(
    options: LedgerParams, credential: Credential, run: str, memory: str = LAST_RUN
) -> Ledger | None:
    """None where none is kept."""
    if not options.remembers:
        return None
    return Ledger(Blobs(options.ledger, credential), run, dry_run=options.dry_run, memory=memory)


def _content(intents: Iterable[Intent]) -> bytes:
    return json.dumps([one.entry for one in intents], indent=1).encode()
