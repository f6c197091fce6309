"""What a process took, what a simulator was asked meanwhile, and how figures are printed."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulator.app import Simulator
from simulator.faults import Faults
from simulator.identity import Issuer
from simulator.server import serving
from simulator.wire import Request, Response
from simulator.world import Settings, World

ROOT = Path(__file__).parents[2]
SANDBOX = str(ROOT / ".venv-sandbox/bin/python")


@dataclass(frozen=True)
class Took:
    """`peak_mb` is the most the process had resident, `cpu_s` its own time on a processor."""

    code: int
    output: str
    wall_s: float
    cpu_s: float
    peak_mb: float


def timed(command: Sequence[str], environment: Mapping[str, str]) -> Took:
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "took.json"
        launch = [sys.executable, "-ISs", str(Path(__file__).with_name("launch.py")), str(result), *command]
        done = subprocess.run(
            launch,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
        )
        return Took(output=done.stdout, **json.loads(result.read_text()))


class Recorder(Simulator):
    """A simulator that remembers each request to Azure, when it came, and how long the answer took."""

    def __init__(self, world: World) -> None:
        super().__init__(world, Issuer(), Faults([]), lambda: None)
        self.asked: list[tuple[float, Request]] = []
        self.busy_s = 0.0

    def answer(self, request: Request) -> tuple[str, Response]:
        started = time.monotonic()
        if request.host == "management.azure.com":
            self.asked.append((started, request))
        answered = super().answer(request)
        self.busy_s += time.monotonic() - started
        return answered

    def reads(self) -> list[dict[str, Any]]:
        """What another client would have to send to read the same."""
        return [
            {
                "method": one.method,
                "path": one.path,
                "query": dict(one.query),
                "body": json.loads(one.body) if one.body else None,
            }
            for _, one in self.asked
        ]


@dataclass(frozen=True)
class Exchange:
    """A command's run against a simulator of its own; `started` is on the clock of `simulator.asked`."""

    took: Took
    simulator: Recorder
    started: float


def against(estate: Path, settings: Settings, command: Sequence[str]) -> Exchange:
    """Run a command against an estate.

    Raises:
        RuntimeError: the simulator itself failed.
    """
    simulator = Recorder(World.load(estate, settings))

    async def run() -> tuple[Took, float]:
        async with serving(simulator) as address:
            environment = address.environment(os.environ)
            started = time.monotonic()
            return await asyncio.to_thread(timed, command, environment), started

    took, started = asyncio.run(run())
    if simulator.broken:
        raise RuntimeError(f"the simulator failed {simulator.broken} times; its traceback stands above")
    return Exchange(took, simulator, started)


@dataclass(frozen=True)
class Figure:
    """One line of the table; `beside` is what it is compared with, in words."""

    name: str
    value: float
    unit: str
    target: float | None = None
    beside: str = ""

    @property
    def line(self) -> str:
        digits = 0 if self.value >= 100 or self.value == int(self.value) else 2
        target = "" if self.target is None else f"<= {self.target:g}"
        met = "" if self.target is None else ("met" if self.value <= self.target else "MISSED")
        told = f"{self.name:<52}{self.value:>9,.{digits}f} {self.unit:<4}{target:>9} {met:<7}{self.beside}"
        return told.rstrip()


@dataclass
class Book:
    """Figures, and results that were wrong: only those fail a benchmark."""

    figures: list[Figure] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def add(self, name: str, value: float, unit: str, target: float | None = None, beside: str = "") -> None:
        figure = Figure(name, value, unit, target, beside)
        self.figures.append(figure)
        print(figure.line, flush=True)

    def check(self, holds: bool, claim: str) -> None:
        if not holds:
            self.wrong.append(claim)
            print(f"WRONG: {claim}", flush=True)
