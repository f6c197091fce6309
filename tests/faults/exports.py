"""An estate a night after its last export, and what an export leaves but for what no two runs share."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from simulator.estate_alerts import raise_alerts
from tests.journeys.exports import CONTAINER, files, manifest, read
from tests.journeys.workloads import Estate

VARYING = ("read", "rpo_age_s", "past_rpo_s")
"""Columns that tell when it was read."""
JOBS, ALERTS = "recoveryservicesresources", "alertsmanagementresources"
TO = f"to={CONTAINER}"


class Night(Estate):
    """Jobs of five days; `before` is the same estate a night earlier, when some ran and some were not yet."""

    def __init__(self) -> None:
        super().__init__()
        one, two, three = (self.protected(self.recovery, f"vm-{number}") for number in (1, 2, 3))
        self.job(one, "Completed", ago="217h")
        self.new_day = self.job(one, "Completed", ago="123h")
        self.then_ran = self.job(two, "Failed", ago="75h", codes=[400002])
        self.job(one, "Failed", ago="27h", codes=[400002])
        self.late = self.job(two, "Completed", ago="26h")
        self.ran = self.job(three, "Failed", ago="3h", codes=[400002])
        self.fresh = self.job(two, "Completed", ago="1h")
        raise_alerts(self)

    def before(self, folder: Path) -> Path:
        """Write it as it was."""
        self.write(folder)
        hidden = {self.new_day, self.late, self.fresh}
        kept = [row for row in read_rows(folder, JOBS) if row["id"] not in hidden]
        for row in kept:
            if row["id"] in (self.then_ran, self.ran):
                runs(row)
        write_rows(folder, JOBS, kept)
        names = {one.rpartition("/")[2] for one in (self.then_ran, self.ran)}
        alerts = read_rows(folder, ALERTS)
        write_rows(
            folder, ALERTS, [row for row in alerts if not any(one in json.dumps(row) for one in names)]
        )
        return folder


LONG = "The snapshot could not be taken. " * 2000
BIG = (TO, "entities=jobs", "raw=true", "compress=none")
BIG_DAY = 72
"""Jobs that fail so, each with sixty kilobytes told twice where `raw` is asked for: three blocks."""


def big_day(folder: Path, jobs: int = BIG_DAY) -> Path:
    """An estate of which so many of one day's jobs are known."""
    made = Estate()
    item = made.protected(made.recovery, "vm-1")
    failed = [made.job(item, "Failed", ago="27h", codes=[400002]) for _ in range(BIG_DAY)]
    for one in failed:
        made.row(one)["properties"]["errorDetails"][0]["errorString"] = LONG
    made.write(folder)
    hidden = set(failed[jobs:])
    write_rows(folder, JOBS, [row for row in read_rows(folder, JOBS) if row["id"] not in hidden])
    return folder


def runs(row: dict[str, Any]) -> None:
    """Make the row of a job that of one that has not ended."""
    properties = row["properties"]
    properties["status"] = "InProgress"
    for name in ("endTime", "duration", "errorDetails"):
        properties.pop(name, None)


def read_rows(folder: Path, table: str) -> list[dict[str, Any]]:
    path = folder / f"{table}.ndjson"
    return (
        [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
    )


def write_rows(folder: Path, table: str, found: list[dict[str, Any]]) -> None:
    path = folder / f"{table}.ndjson"
    path.write_text("".join(json.dumps(row) + "\n" for row in found), encoding="utf-8")


def with_blobs(folder: Path, state: Path) -> Path:
    """The estate of a folder, with the blobs of a state that an export has left."""
    for name in ("blobs", "blobs.more"):
        if (state / name).exists():
            shutil.copytree(state / name, folder / name)
    shutil.copy(state / "blobs.ndjson", folder)
    return folder


def held(to: Path) -> dict[str, list[dict[str, Any]]]:
    """The rows of each file, which is whole, has each once, and in the order of their keys."""
    found = {}
    for path in files(to):
        listed = read(path)
        keys = [row["key"] for row in listed]
        assert keys == sorted(set(keys)), path
        name = path.relative_to(to).as_posix()
        found[name] = [{key: cell for key, cell in row.items() if key not in VARYING} for row in listed]
    return found


def told(to: Path) -> dict[str, Any]:
    """What the manifest says, in so far as two runs at different times say the same."""
    found = manifest(to)
    entries = {name: (one["rows"], one["open"], one["final"]) for name, one in found["files"].items()}
    return {"complete": found["complete"], "vaults": found["vaults"], "files": entries}
