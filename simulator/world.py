"""The estate as it stands: rows, and what rows cannot say."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator import clock, dump
from simulator.access import Access
from simulator.blob_store import Blobs
from simulator.limits import Limits
from simulator.store import Row, Store
from simulator.worldfile import WorldFile


@dataclass(frozen=True)
class Settings:
    """How this run behaves; `quota` is Resource Graph's, (queries, seconds)."""

    speed: float = 1.0
    seed: int = 0
    latency_ms: float = 0.0
    quota: tuple[int, float] | None = (15, 5.0)


class World:
    """One estate in the client's clock.

    `known` is what `world.json` says, less what has been used up; `operations` are
    the long-running operations by their id; `triggers` this run's accepted backup triggers,
    `messages` what was posted to webhooks in it, `urls` those of action groups by their digest.
    """

    def __init__(self, settings: Settings | None = None, clock: Callable[[], float] = clock.now) -> None:
        self.settings = settings or Settings()
        self.store = Store()
        self.blobs = Blobs()
        self.known = WorldFile()
        self.limits = Limits()
        self.access = Access([], [], {})
        self.operations: dict[str, dict[str, Any]] = {}
        self.triggers: list[dict[str, Any]] = []
        self.messages: list[dict[str, Any]] = []
        self.urls: dict[str, str] = {}
        self._clock = clock

    @classmethod
    def load(
        cls, folder: Path, settings: Settings | None = None, clock: Callable[[], float] = clock.now
    ) -> World:
        """Read an estate.

        Raises:
            ValueError: what is wrong, naming file and line.
        """
        world = cls(settings, clock)
        dump.fill(world, folder)
        return world

    def dump(self, folder: Path) -> None:
        """Write an estate that goes on from here when it is loaded."""
        dump.write(self, folder)

    def advance(self, seconds: float) -> None:
        """Let `seconds` have passed: every stamp and every moment to come is that much older."""
        dump.age(self, seconds)

    def now(self) -> float:
        """Now in whole microseconds, which is what a stamp can say."""
        return round(self._clock(), 6)

    def graph_now(self) -> float:
        """The moment Resource Graph has got to."""
        return self.now() - self.paced(self.known.graph_lag_s)

    def paced(self, seconds: float) -> float:
        return round(seconds / self.settings.speed, 6)

    def rest_row(self, row: Row) -> Row:
        """The row as its own service knows it: with what Resource Graph does not have."""
        overlay = self.known.rest.get(str(row["id"]).lower())
        return merged(row, overlay) if overlay else row

    def next_outcome(self, item: str) -> str | None:
        """How the next backup of this item ends, used up by asking."""
        waiting = self.known.outcomes.get(item.lower())
        return waiting.pop(0) if waiting else None

    def backup_seconds(self, item: str) -> float:
        """How long a backup of this item takes: `minutes`, else ten."""
        return self.known.minutes.get(item.lower(), 10.0) * 60

    def new_id(self) -> str:
        """A GUID: the same ones in the same order for the same seed, also across a dump."""
        self.known.ids_made += 1
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self.settings.seed}:{self.known.ids_made}"))


def merged(value: Any, overlay: Any) -> Any:
    """Objects key by key, anything else replaced."""
    if not isinstance(value, dict) or not isinstance(overlay, dict):
        return overlay
    return {**value, **{name: merged(value.get(name), one) for name, one in overlay.items()}}
