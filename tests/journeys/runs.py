"""Runs the built runbook, as a process, against an estate; and what can be asked of such a run."""

from __future__ import annotations

import atexit
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from deployer.bundle import build

from simulator.world import Settings, World
from tests.journeys.forks import Interpreter

ROOT = Path(__file__).parents[2]
_SANDBOX = ROOT / ".venv-sandbox" / "bin" / "python"
SANDBOX = str(_SANDBOX) if _SANDBOX.exists() else sys.executable
"""What Azure has where it is set up, else what runs the tests."""


def built(name: str) -> str:
    """A runbook as it is uploaded, one file with the kit in it; a path from the root of the clone."""
    path = Path("build") / "journeys" / f"{name}.py"
    whole = ROOT / path.with_suffix(f".{os.getpid()}")
    whole.parent.mkdir(parents=True, exist_ok=True)
    whole.write_text(
        build(ROOT / "runbooks" / f"{name}.py", ROOT / "modules" / "backupkit"), encoding="utf-8"
    )
    whole.replace(ROOT / path)  # others that test beside us read it
    return str(path)


RUNBOOK = built("auto_retry")
LIBRARIES = (
    "azure.core.rest",
    "azure.identity",
    "azure.mgmt.core.tools",
    "azure.mgmt.recoveryservicesbackup",
    "azure.mgmt.resourcegraph",
    "azure.storage.blob",
    "requests",
)
"""What runbooks import that is not ours; one that is missing here costs time, and no more."""
GRAPH = "/providers/Microsoft.ResourceGraph/resources"
SPEED = 600
"""A backup of ten minutes takes a second, one of 6,000 ten minutes; polling waits for nothing."""
REAL = ("dry_run=false", "ledger=none")
PREFIXES = ("WARNING: ", "ERROR: ", "VERBOSE: ")

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Run:
    """What a run left behind; `folder` holds `state`, from which a next one can start."""

    folder: Path
    code: int
    lines: list[str]
    errors: str

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def done(self) -> dict[str, int]:
        """The counts of the last information line."""
        told = [line for line in self.lines if not line.startswith(PREFIXES)]
        word, *counts = told[-1].split()
        assert word == "done"
        return {name: int(count) for name, _, count in (one.partition("=") for one in counts)}

    @property
    def warnings(self) -> list[str]:
        return [line.removeprefix("WARNING: ") for line in self.lines if line.startswith("WARNING: ")]

    @property
    def error(self) -> str:
        """The last line, which says why a run did not end well."""
        return self.lines[-1].removeprefix("ERROR: ")

    @property
    def report(self) -> list[Entry]:
        path = self.folder / "report.ndjson"
        return ndjson(path) if path.exists() else []

    @property
    def decisions(self) -> list[Entry]:
        return [entry for entry in self.report if "verdict" in entry]

    @property
    def unread(self) -> list[str]:
        return [entry["unread"] for entry in self.report if "unread" in entry]

    @property
    def stats(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "stats.json").read_text(encoding="utf-8"))
        return found

    @property
    def requests(self) -> list[Entry]:
        found: list[Entry] = self.stats["requests"]
        return found

    @property
    def triggers(self) -> list[Entry]:
        return ndjson(self.state / "triggers.ndjson")

    @property
    def messages(self) -> list[Entry]:
        return ndjson(self.state / "messages.ndjson")

    @property
    def writes(self) -> list[Entry]:
        """Requests that may change something: anything but GET and queries of Resource Graph."""
        reads = [one for one in self.requests if one["method"] == "GET" or one["path"] == GRAPH]
        return [one for one in self.requests if one not in reads]

    def of(self, verdict: str) -> list[str]:
        """Names of the items with this verdict, in the order of the report."""
        return [entry["name"] for entry in self.decisions if entry["verdict"] == verdict]

    def why(self, name: str) -> tuple[str, str]:
        """The verdict on the one item of this name, and the rule that gave it."""
        [entry] = [entry for entry in self.decisions if entry["name"] == name]
        return entry["verdict"], entry["rule"]

    def verdicts(self) -> dict[str, tuple[str, str]]:
        return {entry["name"]: (entry["verdict"], entry["rule"]) for entry in self.decisions}


def ndjson(path: Path) -> list[Entry]:
    return [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]


def command(estate: Path, folder: Path, tokens: Sequence[str], options: Sequence[str] = ()) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    places = ["--state", str(folder / "state"), "--stats", str(folder / "stats.json")]
    simulator = [sys.executable, "-m", "simulator", "exec", "--estate", str(estate), *places, *options]
    return [*simulator, "--", SANDBOX, RUNBOOK, *tokens]


@cache
def sandbox() -> Interpreter:
    """The Python that Azure has, warmed for runbooks as long as this process lives."""
    made = Interpreter(SANDBOX, LIBRARIES)
    atexit.register(made.close)
    return made


def retry(
    estate: Path,
    folder: Path,
    *tokens: str,
    faults: Sequence[Entry] = (),
    known: bool = True,
    **settings: Any,
) -> Run:
    """Run auto_retry, with settings of the simulator, and check what is true of every run."""
    return checked(ran((RUNBOOK, *tokens), estate, folder, faults, settings), known=known)


def ran(
    argv: Sequence[str],
    estate: Path,
    folder: Path,
    faults: Sequence[Entry],
    settings: dict[str, Any],
) -> Run:
    """Run a built runbook, first of `argv`; its report goes into the folder unless a token says otherwise."""
    folder.mkdir(parents=True, exist_ok=True)
    settings.setdefault("speed", SPEED)
    if faults:
        settings["faults"] = folder / "faults.json"
        settings["faults"].write_text(json.dumps(faults), encoding="utf-8")
    if not any(token.startswith("report=") for token in argv):
        argv = (*argv, f"report={folder / 'report.ndjson'}")
    ended = sandbox().exec(estate, folder, argv, settings)
    return Run(folder, ended.code, ended.stdout.splitlines(), ended.stderr)


def checked(run: Run, *, known: bool = True) -> Run:
    """The run, of which that is true which is of every run: how it speaks, and that its report is right.

    `known` is False where the faults leave it no way to learn what it started.
    """
    check_streams(run)
    if run.decisions:
        check_counts(run)
    if known and run.state.exists() and (run.folder / "report.ndjson").exists():
        check_triggers(run)
    return run


def check_streams(run: Run) -> None:
    """stdout only, ASCII, one record a line, and a last line that fits the exit code."""
    assert run.errors == ""
    assert all(line.isascii() and line.isprintable() for line in run.lines)
    informed = [line for line in run.lines if not line.startswith(PREFIXES)]
    if run.code == 2:
        assert all(line.startswith("ERROR: ") for line in run.lines)
        assert run.requests == []
    elif run.code == 1:
        assert run.lines[-1].startswith("ERROR: ")
        assert informed[-1].startswith("done ") or informed[-1] == "done"
    else:
        assert run.code == 0
        assert not [line for line in run.lines if line.startswith("ERROR: ")]


def check_counts(run: Run) -> None:
    """The last information line counts what the report holds."""
    for verdict in ("retried", "would retry", "left", "failed"):
        assert run.done.get(verdict.replace(" ", "_"), 0) == len(run.of(verdict))
    assert run.done["decided"] == len(run.decisions)
    assert run.done["unread"] == len(run.unread)


def check_triggers(run: Run) -> None:
    """The vaults' own log is what the report calls retried, item by item, and none is there twice."""
    triggered = [one["item"].lower() for one in run.triggers]
    assert len(set(triggered)) == len(triggered)
    told = {one["item"].lower(): one["new_job"] for one in run.decisions if one["verdict"] == "retried"}
    started = {one["item"].lower(): one["job"] for one in run.triggers if one["job"]}
    assert told == started


def later(run: Run, seconds: float, folder: Path) -> Path:
    """The estate a run left, when so much time has passed."""
    world = World.load(run.state, Settings(speed=SPEED))
    world.advance(seconds)
    world.dump(folder)
    return folder
