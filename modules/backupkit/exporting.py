"""An export's way to its files: rows into a spool, laid over what a file has, and the file replaced."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backupkit.blobs import ConflictError
from backupkit.errors import BackupkitError
from backupkit.export_files import Form, in_order, packed, records
from backupkit.export_manifest import Entry
from backupkit.export_schema import Record, names
from backupkit.export_store import Store
from backupkit.spool import Spool
from backupkit.times import stamp

TRIES = 5
"""Layings over a file that others write at the same time, before it counts as not written."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Rules:
    """What a runbook decides of records: whether one may still change, and whether the one that was just read
    stands, rather than the one that a file has."""

    is_open: Callable[[Record], bool]
    stands: Callable[[Record, Record], bool]


@dataclass(frozen=True)
class Written:
    """A file as it is now; `new` and `changed` are its rows that it had not before, or had otherwise."""

    name: str
    entry: Entry
    new: int
    changed: int


class Gathered:
    """Records on disk, by key; `open` is how many may still change."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.spool = Spool()
        self.open = self._open_kept = 0

    def keep(self) -> None:
        self.spool.keep()
        self._open_kept = self.open

    def drop(self) -> None:
        """Forget what came since the last `keep`."""
        self.spool.drop()
        self.open = self._open_kept

    def add(self, found: Iterable[Record]) -> int:
        """How many keys were new."""
        return self.spool.add(self._packed(found))

    def _packed(self, found: Iterable[Record]) -> Iterator[tuple[str, bytes]]:
        for record in found:
            self.open += self.rules.is_open(record)
            yield str(record["key"]), packed(record)

    def lay_over(
        self, before: Iterable[Record], stays: Callable[[Record], bool], blank: Record
    ) -> tuple[int, int]:
        """Over what a file has, of which `stays` what was not read again. How many are new, and changed.

        What stays from before there were all columns of `blank` gets those it lacks.
        """
        seen = changed = 0
        for old in before:
            key, was = str(old["key"]), packed(old)
            fresh = self.spool.get(key)
            newer = json.loads(fresh) if fresh else None
            if newer is None and not stays(old):
                changed += 1
                continue
            seen += 1
            if fresh == was:
                continue
            if newer and self.rules.stands(newer, old):
                changed += 1
                continue
            self.spool.put(key, was if blank.keys() <= old.keys() else packed(blank | old))
            self.open += self.rules.is_open(old) - (newer is not None and self.rules.is_open(newer))
        return len(self.spool) - seen, changed

    def close(self) -> None:
        self.spool.close()

    def lines(self, form: Form, entity: str) -> Iterator[bytes]:
        line = None if form.kind == "ndjson" else form.line(entity)
        for _, value in self.spool:
            yield line(json.loads(value)) if line else value


class Reading:
    """Rows of Resource Graph on their way to be records."""

    def __init__(self, into: Gathered, make: Callable[[Row], Record], *, raw: bool) -> None:
        into.drop()
        self._into, self._make, self._raw = into, make, raw
        self.distinct = 0

    def add(self, page: Sequence[Row]) -> None:
        self.distinct += self._into.add(map(self._record, page))

    def _record(self, row: Row) -> Record:
        record = self._make(row)
        return record | {"raw": json.dumps(row, ensure_ascii=False)} if self._raw else record


@dataclass(frozen=True)
class File:
    """Where records go, when they were read, and from which report, if from one."""

    entity: str
    date: str
    read: datetime
    source: str = ""


def write(
    gathered: Gathered, file: File, store: Store, form: Form, stays: Callable[[Record], bool]
) -> Written:
    """Lay the records over a file, of which `stays` what was not read again; one that would not change is
    left alone.

    Raises:
        BackupkitError: it cannot be read or written, or others write it again and again.
    """
    name = form.name(file.entity, file.date)
    blank: Record = dict.fromkeys(names(file.entity, raw=form.raw))

    def once() -> Written:
        found = store.open(name)
        new, changed = len(gathered.spool), 0
        if found:
            was = _Summed(found[0])
            new, changed = gathered.lay_over(in_order(name, records(name, was)), stays, blank)
            if not new and not changed:
                return Written(name, _entry(gathered, file, was), new, changed)
        summed = _Summed(form.whole(file.entity, gathered.lines(form, file.entity)))
        store.replace(name, summed, found[1] if found else "")
        return Written(name, _entry(gathered, file, summed), new, changed)

    for _ in range(TRIES):
        with suppress(ConflictError):  # of the replacing, or of the reading while another replaces it
            return once()
    raise BackupkitError(f"{store.place}/{name}: others wrote it {TRIES} times meanwhile; run again")


def _entry(gathered: Gathered, file: File, summed: _Summed) -> Entry:
    return Entry(
        entity=file.entity,
        date=file.date,
        rows=len(gathered.spool),
        open=gathered.open,
        read=stamp(file.read),
        final=False,
        bytes=summed.size,
        sha256=summed.sha256,
        source=file.source,
    )


class _Summed:
    """Chunks, of which it keeps size and hash as they pass."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._hash = hashlib.sha256()
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self._hash.update(chunk)
            self.size += len(chunk)
            yield chunk

    @property
    def sha256(self) -> str:
        for _ in self:  # a reader may have stopped where the records end
            pass
        return self._hash.hexdigest()
