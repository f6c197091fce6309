"""Rows on disk instead of in memory: the sandbox has 400 MB for all its jobs, an estate a million rows."""

from __future__ import annotations

import sqlite3
import weakref
from collections.abc import Iterable, Iterator
from itertools import takewhile

CACHE_KB, PAGE = 8_000, 16_384


class Spool:
    """Bytes by key, in a temporary file that goes with it; any number of them in little memory.

    What was added since the last `keep` can be dropped again.
    """

    def __init__(self) -> None:
        # An unnamed database is a file that SQLite deletes (sqlite.org/inmemorydb.html#temp_db).
        # Readers of it may be threads, one after another.
        self._file = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        # Rows of one or two kilobytes take three times as long in SQLite's usual pages of four.
        self._file.execute(f"PRAGMA page_size = {PAGE}")
        self._file.execute(f"PRAGMA cache_size = -{CACHE_KB}")
        self._file.execute("CREATE TABLE spool (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID")
        self._file.execute("BEGIN")
        weakref.finalize(self, self._file.close)

    def add(self, rows: Iterable[tuple[str, bytes]]) -> int:
        """How many keys were new; the value of one that is there already stays."""
        before = self._file.total_changes
        self._file.executemany("INSERT OR IGNORE INTO spool VALUES (?, ?)", rows)
        return self._file.total_changes - before

    def put(self, key: str, value: bytes) -> None:
        """In place of what the key had."""
        self._file.execute("INSERT OR REPLACE INTO spool VALUES (?, ?)", (key, value))

    def keep(self) -> None:
        self._file.execute("COMMIT")
        self._file.execute("BEGIN")

    def drop(self) -> None:
        self._file.execute("ROLLBACK")
        self._file.execute("BEGIN")

    def get(self, key: str) -> bytes | None:
        found = self._file.execute("SELECT value FROM spool WHERE key = ?", (key,)).fetchone()
        return found[0] if found else None

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        """In the order of the keys' code points."""
        return iter(self._file.execute("SELECT key, value FROM spool ORDER BY key"))

    def under(self, prefix: str) -> Iterator[tuple[str, bytes]]:
        """Those whose keys begin so, in order; others may be added meanwhile."""
        rows = self._file.execute("SELECT key, value FROM spool WHERE key >= ? ORDER BY key", (prefix,))
        yield from takewhile(lambda row: row[0].startswith(prefix), rows)

    def __len__(self) -> int:
        return int(self._file.execute("SELECT count(*) FROM spool").fetchone()[0])

    def close(self) -> None:
        self._file.close()
