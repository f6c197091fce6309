"""A command killed at each of its requests, before and after it is carried out, and run again.

    with Interpreter(SANDBOX, LIBRARIES) as sandbox:
        crashes = Crashes(sandbox, estate, folder, [RUNBOOK, *TOKENS])
        for at, outcome in crashes.each():
            crashes.again(outcome.state, outcome.folder / "again")

It knows neither the command nor what it does. `each` deals requests out in shares, for tests that
run beside each other. That a fork is as good as a process is shown by one case done both ways: `really`.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

from tests.journeys.forks import LONGEST_S, ROOT, Interpreter, Outcome

KILLED = 128 + signal.SIGKILL
BEFORE, AFTER = "", ":after"
NEIGHBOURS = 8
"""So many requests stay in a share together: where a kill leaves what another did, they are neighbours."""
CHANGING = (
    r"\d{4}-\d\d-\d\dT\d\d(:|%3A)\d\d(:|%3A)\d\d(\.\d+)?",
    r"\d{8}T\d{6}Z(-[0-9a-f]{8})?",
    r"\d{19}(?=_\d+_\d+)",
    r"\d+/\d+/\d{4} \d+:\d\d:\d\d [AP]M",
    r'(?<="Content-MD5": )"[^"]+"',
    r'(?<="duration": )"[^"]+"',
    r"0x[0-9A-F]{15}",
    r"127\.0\.0\.1:\d+",
)
"""What two runs cannot have in common: stamps as Azure and the kit write them, ticks in the ids of alerts,
ids of runs that begin with a stamp, MD5s of what contains one, microseconds of jobs, ETags and ports."""


@dataclass
class Crashes:
    """`command` is a script and its arguments, `settings` are options of `exec`; outcomes go to `folder`."""

    interpreter: Interpreter
    estate: Path
    folder: Path
    command: Sequence[str]
    settings: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def whole(self) -> Outcome:
        """The run that nobody kills."""
        return self.again(self.estate, self.folder / "whole")

    def each(self, share: int = 0, shares: int = 1) -> Iterator[tuple[str, Outcome]]:
        """Kill it at each request of a share; all shares together kill it at every request there is.

        Requests are dealt out by number, not by how many `whole` had: polling may need more the next time.

        Raises:
            AssertionError: it was not killed, and ended otherwise than the whole run.
        """
        for number in count(1):
            if (number - 1) // NEIGHBOURS % shares != share:
                continue
            for when in (BEFORE, AFTER):
                outcome = self.at(f"{number}{when}")
                if outcome.code == KILLED:
                    yield f"{number}{when}", outcome
                    continue
                streams = f"{outcome.stdout}{outcome.stderr}"
                assert outcome.code == self.whole.code, f"not killed at {number}{when}: {streams}"
                if number > len(self.whole.requests):
                    return

    def at(self, at: str) -> Outcome:
        """Kill it at this request: N, or N:after."""
        return self._run(self.estate, self._folder(at), self.command, {"kill_at": at})

    def again(self, state: Path, folder: Path, *more: str) -> Outcome:
        """Run it to its end on what a run has left, with more arguments."""
        return self._run(state, folder, [*self.command, *more], {})

    def really(self, at: str) -> Outcome:
        """What `at` does, by the command line of the simulator and a Python of its own."""
        folder = self._folder(f"really-{at}")
        folder.mkdir(parents=True)
        places = ["--state", str(folder / "state"), "--stats", str(folder / "stats.json")]
        given = [part for name, value in self.settings.items() for part in (f"--{name}", str(value))]
        argv = [sys.executable, "-m", "simulator", "exec", "--estate", str(self.estate), *places, *given]
        with (folder / "stdout").open("wb") as stdout, (folder / "stderr").open("wb") as stderr:
            ended = subprocess.run(
                [*argv, "--kill-at", at, "--", self.interpreter.path, *self.command],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                check=False,
                timeout=LONGEST_S,
            )
        return Outcome(folder, ended.returncode)

    def _run(self, estate: Path, folder: Path, argv: Sequence[str], more: Mapping[str, Any]) -> Outcome:
        return self.interpreter.exec(estate, folder, argv, {**self.settings, **more})

    def _folder(self, name: str) -> Path:
        return self.folder / name.replace(":", "-")


def told(outcome: Outcome, *changing: str) -> dict[str, Any]:
    """All an outcome tells but what CHANGING or a pattern given matches: the same for a case done twice."""
    never_alike = re.compile("|".join([*CHANGING, *changing]))
    files = [path for path in outcome.state.rglob("*") if path.is_file()]
    texts = {
        "requests": "\n".join(f"{one['method']} {one['host']}{one['path']}" for one in outcome.requests),
        "stdout": outcome.stdout,
        "stderr": outcome.stderr,
        **{path.relative_to(outcome.folder).as_posix(): path.read_text(errors="replace") for path in files},
    }
    return {"code": outcome.code, **{name: never_alike.sub("~", text) for name, text in texts.items()}}
