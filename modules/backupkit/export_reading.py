"""An export as a reader finds it: which days of what there are, their records, and what is not whole.

Only the folder is needed. The manifest adds what no file can say: what was not read, and when
the export ended.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from backupkit.errors import BackupkitError
from backupkit.estate import Unread
from backupkit.export_manifest import NAME as MANIFEST
from backupkit.export_schema import Record
from backupkit.export_store import Store, read, records_in
from backupkit.locations import LocationError
from backupkit.plain import mapping, mappings, text
from backupkit.speaking import say
from backupkit.times import utc_or_none

_FILE: Final = re.compile(r"(\w+)/date=(\d{4}-\d\d-\d\d)/\1\.(ndjson|csv|json)(\.gz)?")


@dataclass(frozen=True)
class LastRun:
    """What the manifest says of it. `there` is False without one that can be read; `rows` are by file."""

    there: bool = False
    run: str = ""
    ended: datetime | None = None
    complete: bool = False
    unread: tuple[Unread, ...] = ()
    rows: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, content: bytes | None) -> LastRun:
        try:
            told = mapping(json.loads(content or b""))
        except ValueError:
            return cls()
        files = {name: mapping(about) for name, about in mapping(told.get("files")).items()}
        return cls(
            there=bool(told),
            run=text(told.get("run")),
            ended=utc_or_none(told.get("ended")),
            complete=told.get("complete") is True,
            unread=tuple(_unread(one) for one in mappings(told.get("unread"))),
            rows={name: about["rows"] for name, about in files.items() if isinstance(about.get("rows"), int)},
        )


def _unread(told: Mapping[str, Any]) -> Unread:
    return Unread(text(told.get("scope")) or "?", text(told.get("reason")) or "the export does not say why")


class Export:
    """`faults` are files that could not be read whole, `read` how many records each gave."""

    def __init__(self, store: Store) -> None:
        """Raises LocationError or BlobError where the place cannot be looked at, or has no export."""
        self._store = store
        self.place = store.place
        self.faults: list[Unread] = []
        self.read: dict[str, int] = {}
        names = store.names()
        self.last_run = LastRun.of(read(store, MANIFEST) if MANIFEST in names else None)
        self._files: dict[str, dict[str, str]] = defaultdict(dict)
        # Of a day that stands there in two forms, the one that the manifest knows.
        for name in sorted(names, key=lambda one: (one in self.last_run.rows, one)):
            found = _FILE.fullmatch(name)
            if found:
                self._files[found[1]][found[2]] = name
        if not (self._files or self.last_run.there):
            raise LocationError(f"{self.place}: there is no export; run job_export with to= this place first")

    def dates(self, entity: str, since: str = "") -> list[str]:
        """Days of which there is a file, in order."""
        return sorted(day for day in self._files[entity] if day >= since)

    def name(self, entity: str, day: str) -> str:
        """The file of a day, also where there is none to be found."""
        return self._files[entity].get(day, f"{entity}/date={day}/")

    def records(self, entity: str, day: str) -> Iterator[Record]:
        """Those that can be read; what keeps the rest from it is a fault."""
        name, count = self._files[entity][day], 0
        try:
            for record in records_in(self._store, name):
                count += 1
                yield record
        except BackupkitError as fault:
            self.faults.append(Unread(name, str(fault)))
        else:
            told = self.last_run.rows.get(name, count)
            if count < told:
                self.faults.append(Unread(name, f"has {count} rows, and had {told} when it was written"))
        self.read[name] = count
        say("read", file=name, rows=count)
