"""A clone whose lock holds three tiny packages, and the real command run in it against the simulator."""

from __future__ import annotations

import atexit
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from deployer.compare_alerts import entry_of
from deployer.packages import digest, pins

from simulator.estate import Estate
from tests.deployer import wheels
from tests.journeys.forks import Interpreter

ROOT = Path(__file__).parents[2]
SUBSCRIPTION = "5a5a0000-0000-0000-0000-000000000001"
OTHER = "5a5a0000-0000-0000-0000-000000000002"
TARGET = ["--subscription", SUBSCRIPTION, "--resource-group", "rg-backup", "--account", "aa-backup"]
SPEED = 600
LIBRARIES = (
    "azure.identity",
    "azure.mgmt.automation",
    "azure.storage.blob",
    "packaging.metadata",
    "packaging.requirements",
    "pydantic",
    "rich.console",
    "typer",
    "tzlocal.windows_tz",
)
"""What the deployer imports that is not ours; one that is missing here costs time, and no more."""
MANIFEST: dict[str, Any] = {
    "runtime": {"name": "backup", "staging": "https://stbackup.blob.core.windows.net/packages"},
    "runbooks": {"auto_retry": {}, "second": {"description": "The same, as another runbook"}},
    "schedules": {
        "hourly": {
            "every": "hour",
            "at": "00:20",
            "runs": [{"runbook": "auto_retry", "parameters": {"dry_run": True, "window": "24h"}}],
        },
        "nightly": {
            "every": "day",
            "at": "03:00",
            "zone": "Europe/Berlin",
            "runs": [{"runbook": "auto_retry", "parameters": {"window": "48h"}}, {"runbook": "second"}],
        },
    },
    "webhooks": {"failed": {"runbook": "auto_retry", "parameters": {"dry_run": True}}},
    "alerts": {
        "ag-failed": {
            "webhook": "failed",
            "short_name": "failed",
            "rules": {SUBSCRIPTION: "rg-backup", OTHER: "rg-alerts"},
        }
    },
    "variables": {
        "reports": {"value": "out/"},
        "teams": {"value": "https://hook.example/IncomingWebhook?sig=s3cr3t", "encrypted": True},
    },
}
UNLIKE = re.compile(r"Time$|At$|^jobScheduleId$|^uriSha256$|^serviceUri$")
KINDS = (
    "runtimeenvironments", "packages", "variables", "runbooks", "schedules", "jobschedules", "webhooks",
    "actiongroups", "actionrules",
)  # fmt: skip
Json = dict[str, Any]


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str
    state: Path

    @property
    def lines(self) -> list[str]:
        """In words, one blank between them; without the seconds that each change took."""
        return [" ".join(_untimed(line).split()) for line in self.out.splitlines()]

    @property
    def errors(self) -> list[str]:
        return [line.removeprefix("error: ") for line in self.err.splitlines()]

    @property
    def done(self) -> list[str]:
        """Each change that was carried out, in order and in words."""
        return [line.partition(" ")[2] for line in self.lines if line[:1].isdigit()]

    @property
    def requests(self) -> list[Json]:
        found: list[Json] = json.loads((self.state.parent / "stats.json").read_text())["requests"]
        return found

    @property
    def writes(self) -> list[Json]:
        """Requests that may change something in the account, or beside it."""
        return [one for one in self.requests if one["method"] != "GET" and "ResourceGraph" not in one["path"]]


def _untimed(line: str) -> str:
    head, sign, rest = line.partition(" s  ")
    return f"{head.split()[0]} {rest}" if sign and "/" in head else line


class Clone:
    """A folder laid out as the clone is, with the manifest and the lock of a test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ran = 0
        (folder / "modules").mkdir(parents=True)
        (folder / "runbooks").mkdir()
        for name in ("backupkit", "deployer"):
            (folder / "modules" / name).symlink_to(ROOT / "modules" / name)
        shutil.copy(ROOT / "deploy_runbooks.py", folder)
        for name in ("auto_retry", "second"):
            shutil.copy(ROOT / "runbooks" / "auto_retry.py", folder / "runbooks" / f"{name}.py")
        self.manifest()
        self.wheel("alpha", "1.0.0", requires_dist=["beta>=2"])
        self.wheel("beta", "2.1")
        self.wheel("gamma", "2026.3.1.dev4")
        self.lock()

    def manifest(self, change: Callable[[Json], object] = lambda said: None) -> None:
        """Write schedules.json, changed."""
        said: Json = json.loads(json.dumps(MANIFEST))
        change(said)
        (self.folder / "schedules.json").write_text(json.dumps(said))

    def edit(self, runbook: str = "auto_retry") -> None:
        """Another line of policy."""
        path = self.folder / "runbooks" / f"{runbook}.py"
        path.write_text(path.read_text().replace("timedelta(minutes=30)", "timedelta(minutes=31)"))

    def wheel(self, name: str, version: str, **metadata: Any) -> Path:
        for old in self._wheels.glob(f"{name}-*"):
            old.unlink()
        made: Path = wheels.wheel(self._wheels, name, version, **metadata)
        return made

    def lock(self, *without: str) -> None:
        """Pin the wheels that are there, and download them as an earlier deployment did."""
        lock = self.folder / "modules" / "sandbox.lock"
        there = [
            path for path in sorted(self._wheels.glob("*.whl")) if path.name.split("-")[0] not in without
        ]
        wheels.lock(lock, *there)
        kept = self.folder / "build" / "wheels" / f"{digest(pins(lock))}-cp310"
        kept.mkdir(parents=True, exist_ok=True)
        for path in there:
            shutil.copy(path, kept)

    @property
    def _wheels(self) -> Path:
        return self.folder / "index"

    def command(self, verb: str, *words: str) -> list[str]:
        target = [] if verb == "build" else TARGET
        poll = [] if verb == "build" else ["--poll", "0"]
        return [str(self.folder / "deploy_runbooks.py"), verb, *target, *poll, *words]

    def run(self, estate: Path, verb: str, *words: str, faults: Sequence[Mapping[str, Any]] = ()) -> Ran:
        """Run one verb against an estate."""
        self._ran += 1
        folder = self.folder / "ran" / str(self._ran)
        folder.mkdir(parents=True)
        settings: Json = {"speed": SPEED}
        if faults:
            settings["faults"] = folder / "faults.json"
            settings["faults"].write_text(json.dumps(faults))
        with self.environment():
            ended = tools().exec(estate, folder, self.command(verb, *words), settings)
        return Ran(ended.code, ended.stdout, ended.stderr, ended.state)

    @contextmanager
    def environment(self) -> Iterator[None]:
        """That of a command: nothing is set but the index of wheels, which no command needs to ask."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("AZURE_", "BACKUP_"))
        }
        ours = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self._wheels)}
        with patch.dict(os.environ, {**kept, **ours}, clear=True):
            yield


@cache
def tools() -> Interpreter:
    """The Python of the tools, with the libraries of the deployer, as long as this process lives."""
    made = Interpreter(sys.executable, LIBRARIES)
    atexit.register(made.close)
    return made


def estate(folder: Path, *, location: str = "westeurope", **world: Any) -> Path:
    """An Automation account with nothing in it, and a storage account."""
    made = Estate()
    subscription = made.subscription("prod", id=SUBSCRIPTION)
    made.subscription("other", id=OTHER)
    made.automation_account("aa-backup", subscription=subscription, group="rg-backup", location=location)
    made.storage_account("stbackup", subscription=subscription, group="rg-backup")
    made.storage_account("stother", subscription=OTHER, group="rg-alerts")
    made.world.update(world)
    return made.write(folder)


def rewritten(state: Path, change: Callable[[Json], Json | None], **world: Any) -> None:
    """Change each row of a dump, or take it away, and what world.json says."""
    said = json.loads((state / "world.json").read_text())
    # What a row has been or is going to be would bring it back.
    said.pop("timeline", None)
    (state / "world.json").write_text(json.dumps({**said, **world}))
    for path in (state / "automation.ndjson", state / "resources.ndjson"):
        found = [change(json.loads(line)) for line in path.read_text().splitlines()]
        path.write_text("".join(json.dumps(row) + "\n" for row in found if row))


def rows(state: Path, kind: str) -> list[Json]:
    """Objects of the account in a dump, and beside it, by id; `kind` is the last part of their type."""
    found = []
    for table in ("automation", "resources"):
        path = state / f"{table}.ndjson"
        lines = path.read_text().splitlines() if path.exists() else ()
        found += [row for row in map(json.loads, lines) if row["type"].lower().endswith(f"/{kind}")]
    return sorted(found, key=lambda row: str(row["id"]))


def names(state: Path, kind: str) -> list[str]:
    return [str(row["name"]) for row in rows(state, kind)]


def links(state: Path) -> dict[tuple[str, str], tuple[str, list[str]]]:
    """Each link's id and sorted parameters, by schedule and runbook."""
    found = {}
    for row in rows(state, "jobschedules"):
        known = row["properties"]
        pair = (known["schedule"]["name"], known["runbook"]["name"])
        assert pair not in found, "a runbook is linked to a schedule once"
        found[pair] = (row["name"], sorted((known.get("parameters") or {}).values()))
    return found


def settled(state: Path) -> dict[str, list[str]]:
    """All that the account holds but ids and times, webhooks by the entry they were made for."""
    found = {
        kind: sorted(json.dumps(_plain(row), sort_keys=True) for row in rows(state, kind)) for kind in KINDS
    }
    found["staged"] = sorted(path.name for path in (state / "blobs").rglob("*.whl"))
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items() if not UNLIKE.search(key)}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    text = str(value)
    head, _, last = text.rpartition("/")
    if entry_of(last):
        return f"{head}/{entry_of(last)}"
    return re.sub(r"(?i)(?<=/jobschedules/).*|^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", "~", text)
