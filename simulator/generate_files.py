"""The files of an estate, written row by row."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import orjson

from simulator import clock
from simulator.store import Row

RECOVERY, RESOURCES, CONTAINERS = "recoveryservicesresources", "resources", "resourcecontainers"
ALERTS = "alertsmanagementresources"
Counts = Counter[tuple[str, str]]
"""How many there are of a kind, in a state."""


class Files:
    """Tables that take rows until they are closed; `counts` is what they took."""

    def __init__(self, folder: Path) -> None:
        self.counts = Counts()
        self.world: dict[str, Any] = {}
        self._folder = folder
        self._stack = ExitStack()
        self._open: dict[str, BinaryIO] = {}

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    def add(self, table: str, row: Row, kind: str, state: str = "") -> None:
        if table not in self._open:
            path = self._folder / f"{table}.ndjson"
            self._open[table] = self._stack.enter_context(path.open("wb", buffering=1 << 20))
        self._open[table].write(orjson.dumps(row) + b"\n")
        self.counts[kind, state] += 1

    def say(self, key: str, row_id: str, value: Any) -> None:
        """Put what rows cannot say into `world.json`, by row."""
        self.world.setdefault(key, {})[row_id] = value

    def finish(self, as_of: float) -> None:
        """Write `world.json` and `estate.json`."""
        self._json("world.json", self.world)
        self._json("estate.json", {"as_of": clock.stamp(as_of, digits=0)})

    def _json(self, name: str, value: Any) -> None:
        (self._folder / name).write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
