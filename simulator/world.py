"""The estate as it stands: rows, and what rows cannot say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator import clock
from simulator.store import TABLES, Store, read_rows


@dataclass(frozen=True)
class Settings:
    """How this run behaves; `quota` is Resource Graph's, (queries, seconds)."""

    speed: float = 1.0
    seed: int = 0
    latency_ms: float = 0.0
    quota: tuple[int, float] | None = (15, 5.0)


class World:
    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.store = Store()
        self.triggers: list[dict[str, Any]] = []

    @classmethod
    def load(cls, folder: Path, settings: Settings | None = None) -> World:
        world = cls(settings)
        for table in TABLES:
            path = folder / f"{table}.ndjson"
            if path.exists():
                world.store.load(table, (row for _, row in read_rows(path)))
        return world

    def now(self) -> float:
        return clock.now()

    def graph_now(self) -> float:
        return self.now()

    def paced(self, seconds: float) -> float:
        return seconds / self.settings.speed
