"""Commands against an estate as `python -m simulator exec` runs them, without starting two Pythons each time.

The simulator stands in this process, loaded from the estate for each run. The command is forked from a Python
that has imported the libraries it uses. All else it does itself, as ever: it imports what is ours,
and has arguments, environment, streams, process group, credential and connections of its own. What
commands share is what importing libraries leaves in memory, the bytecode of what a built runbook brings
along, and the seed by which a Python orders its sets; no library looks at the variables of `exec` when it
is imported, no module of the project may be there (`warm` refuses it), and what a command changes of all
this it changes in its own process alone.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from simulator import running
from simulator.options import Options

ROOT = Path(__file__).parents[2]
LONGEST_S = 500.0
"""A command that takes longer hangs."""


@dataclass(frozen=True)
class Outcome:
    """What a command left: `folder` holds its streams, `stats.json`, and `state`, a whole estate."""

    folder: Path
    code: int

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def stdout(self) -> str:
        return (self.folder / "stdout").read_text(encoding="utf-8")

    @property
    def stderr(self) -> str:
        return (self.folder / "stderr").read_text(encoding="utf-8")

    @property
    def requests(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads((self.folder / "stats.json").read_bytes())["requests"]
        return found


class Group:
    """The process group of a script while it runs."""

    leader: int | None = None

    def kill(self) -> None:
        if self.leader is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.leader, signal.SIGKILL)


class Interpreter:
    """The Python at the path `python`, with the modules `warm`, until the context ends."""

    def __init__(self, python: str, warm: Sequence[str]) -> None:
        self.path = python
        self._compiled = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self._control, there = socket.socketpair()
        with there:
            self._process = subprocess.Popen(
                [
                    python,
                    str(Path(__file__).with_name("warm.py")),
                    str(there.fileno()),
                    self._compiled.name,
                    *warm,
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=[there.fileno()],
            )
        assert self._process.stderr
        self._said = self._process.stderr

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._control.close()
        self._process.kill()
        self._process.wait()
        self._said.close()
        self._compiled.cleanup()

    def exec(self, estate: Path, folder: Path, argv: Sequence[str], settings: Mapping[str, Any]) -> Outcome:
        """Run a script, named first in `argv`; `settings` are those of Options.

        Raises:
            UnusableError: the estate, or a setting.
            TimeoutError: it hung, and was killed.
            RuntimeError: the interpreter has ended, or the simulator failed.
        """
        folder.mkdir(parents=True, exist_ok=True)
        options = Options(estate, state=folder / "state", stats=folder / "stats.json", **settings)
        group = Group()
        simulator = running.loaded(options, group.kill)
        code = asyncio.run(
            running.played(options, simulator, lambda environment: self.run(group, argv, environment, folder))
        )
        if simulator.broken:
            raise RuntimeError(f"the simulator failed while it played {estate}; stderr has the traceback")
        return Outcome(folder, code)

    async def run(
        self, group: Group, argv: Sequence[str], environment: Mapping[str, str], folder: Path
    ) -> int:
        """The exit code of a script whose streams become files of the folder; raises as `exec` does."""
        order = {
            "argv": list(argv),
            "environment": dict(environment),
            "cwd": str(ROOT),
            "stdout": str(folder / "stdout"),
            "stderr": str(folder / "stderr"),
        }
        reader, writer = await asyncio.open_unix_connection(sock=self._line())
        try:
            writer.write(json.dumps(order).encode() + b"\n")
            group.leader = await self._number(reader)
            async with asyncio.timeout(LONGEST_S):
                return await self._number(reader)
        finally:
            group.kill()
            group.leader = None
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    def _line(self) -> socket.socket:
        """A way to order one script; nobody listens where the interpreter has ended."""
        own, there = socket.socketpair()
        with there, suppress(OSError):
            socket.send_fds(self._control, [b"!"], [there.fileno()])
        return own

    async def _number(self, reader: asyncio.StreamReader) -> int:
        with suppress(ConnectionError):
            if line := await reader.readline():
                return int(line)
        self._process.kill()
        raise RuntimeError(f"{self.path} has ended: {self._said.read().decode()}")
