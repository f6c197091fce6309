"""What an export says of itself: `manifest.json` beside its files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from backupkit.blobs import ConflictError
from backupkit.errors import BackupkitError
from backupkit.export_schema import VERSION
from backupkit.export_store import Store

NAME = "manifest.json"
TRIES = 5


@dataclass(frozen=True)
class Entry:
    """One file. `open` are its rows that may still change, `read` is when the run began that last looked.

    `source` is the report that coverage was taken from.
    """

    entity: str
    date: str
    rows: int
    open: int
    read: str
    final: bool
    bytes: int
    sha256: str
    source: str = ""


@dataclass(frozen=True)
class Manifest:
    """`vaults` are the ids of those that the last complete run saw, by the scope that it was asked for.

    `told` is all that it says.
    """

    files: Mapping[str, Entry] = field(default_factory=dict)
    vaults: Mapping[str, Sequence[str]] = field(default_factory=dict)
    told: Mapping[str, Any] = field(default_factory=dict)
    fault: str = ""

    def entry(self, entity: str, date: str) -> Entry | None:
        return next((one for one in self.files.values() if (one.entity, one.date) == (entity, date)), None)


def load(store: Store) -> tuple[Manifest, str]:
    """The manifest and its mark; without one, or with one that cannot be understood, nothing is known."""
    found = store.open(NAME)
    if found is None:
        return Manifest(), ""
    chunks, mark = found
    try:
        told = json.loads(b"".join(chunks))
        files = {name: Entry(**entry) for name, entry in told["files"].items()}
        vaults = {str(asked): [str(one) for one in seen] for asked, seen in told["vaults"].items()}
        return Manifest(files, vaults, told), mark
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return Manifest(fault=f"{NAME} is not what an export writes ({error}); all days are read again"), mark


def write(
    store: Store,
    told: Mapping[str, Any],
    files: Mapping[str, Entry],
    vaults: Mapping[str, Sequence[str]],
    seen: Manifest,
) -> None:
    """Write what this run tells of itself, with what is known of the files that it did not touch.

    `seen` is the manifest that it began with.

    Raises:
        BackupkitError: it cannot be written.
    """
    for _ in range(TRIES):
        before, mark = load(store)
        right = {name: _right(store, name, one, before, seen) for name, one in files.items()}
        laid = dict(sorted({**before.files, **right}.items()))
        entries = {name: asdict(entry) for name, entry in laid.items()}
        whole = {"schema": VERSION, **told, "files": entries, "vaults": {**before.vaults, **vaults}}
        try:
            store.replace(NAME, [json.dumps(whole, indent=1).encode()], mark)
        except ConflictError:
            continue
        return
    raise BackupkitError(f"{store.place}/{NAME}: other exports wrote it {TRIES} times meanwhile; run again")


def reopen(store: Store, seen: Manifest, entity: str, dates: Iterable[str]) -> Manifest:
    """Say of days that they are not final any more: a run that reads them again may be killed before it tells
    how they are. Returns what is then seen.

    Raises:
        BackupkitError: it cannot be written.
    """
    again = {name: one for name, one in seen.files.items() if one.entity == entity and one.date in dates}
    opened = {name: replace(one, final=False) for name, one in again.items() if one.final}
    if opened:
        write(store, seen.told, opened, {}, seen)
    return replace(seen, files={**seen.files, **opened})


def _right(store: Store, name: str, ours: Entry, now: Manifest, seen: Manifest) -> Entry:
    """Of two exports that tell of a file at the same time, the word of the one that wrote it last."""
    theirs = now.files.get(name)
    if theirs is None or theirs in (ours, seen.files.get(name)):
        return ours
    found = store.open(name)
    summed = hashlib.sha256()
    for chunk in found[0] if found else ():
        summed.update(chunk)
    return ours if summed.hexdigest() == ours.sha256 else theirs
