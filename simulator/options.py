"""What a run is to be like, checked before anything starts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.faults import Faults
    from simulator.world import Settings


class UnusableError(Exception):
    """What the user gave cannot be used; the message is for the terminal."""


@dataclass(frozen=True)
class Options:
    """`port` and `env_file` are of serve, `kill_at` of exec."""

    estate: Path
    faults: Path | None = None
    stats: Path | None = None
    state: Path | None = None
    latency: float = 0.0
    quota: str = "15/5"
    speed: float = 1.0
    seed: int = 0
    port: int = 0
    env_file: Path | None = None
    kill_at: str = ""

    def settings(self) -> Settings:
        """Raises ValueError for a quota or a speed that is none."""
        from simulator.world import Settings

        if not self.speed > 0:
            raise ValueError(f"speed is more than 0, got {self.speed!r}")
        return Settings(self.speed, self.seed, self.latency, _quota(self.quota))

    def rules(self) -> Faults:
        """Raises ValueError for faults that are none."""
        from simulator import faults

        first = [faults.kill_at(self.kill_at)] if self.kill_at else []
        return faults.Faults(first + (faults.load(self.faults) if self.faults else []))

    def check_places(self) -> None:
        """Raises ValueError where a result could not be written after the run."""
        for name, path in (("stats", self.stats), ("state", self.state), ("env-file", self.env_file)):
            if path is not None and not path.absolute().parent.is_dir():
                raise ValueError(f"{name} {str(path)!r}: its folder does not exist")


def _quota(given: str) -> tuple[int, float] | None:
    if given == "off":
        return None
    match = re.fullmatch(r"([1-9]\d*)/(\d+(?:\.\d+)?)", given)
    if not match or not float(match[2]):
        raise ValueError(f"quota is queries/seconds such as 15/5, or off, got {given!r}")
    return int(match[1]), float(match[2])
