"""Runs of the built job_export, and what it leaves in a folder, read without any of the kit's code."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.journeys.runs import GRAPH, Entry, Run, built, check_streams, ran

RUNBOOK = built("job_export")
ACCOUNT = "stledger"
CONTAINER = f"https://{ACCOUNT}.blob.core.windows.net/export"
BLOBS = Path("blobs") / ACCOUNT / "export"
MANIFEST = {"schema", "form", "raw", "run", "started", "ended", "complete", "unread", "files", "vaults"}
"""Keys of the manifest."""


def export(
    estate: Path,
    folder: Path,
    *tokens: str,
    to: Path | None = None,
    faults: Sequence[Entry] = (),
    **settings: Any,
) -> Run:
    """Run job_export, and check what is true of every run; without `to` it writes to its folder's `out`."""
    to = to or folder / "out"
    named = () if any(token.startswith("to=") for token in tokens) else (f"to={to}",)
    run = ran((RUNBOOK, *named, *tokens), estate, folder, faults, settings)
    assert [one for one in run.writes if f"{ACCOUNT}.blob" not in one["host"]] == []
    if run.code != 2:
        check_streams(run)
    if to.exists():
        check_folder(to, run)
    return run


def check_folder(to: Path, run: Run | None = None) -> None:
    """Each row once and in order; whatever the manifest of a run that ended says of a file is so."""
    for path in files(to):
        keys = [row["key"] for row in read(path)]
        assert keys == sorted(set(keys)), path
    told = manifest(to)
    for name, entry in told.get("files", {}).items():
        content = (to / name).read_bytes()
        assert (entry["bytes"], entry["sha256"]) == (len(content), hashlib.sha256(content).hexdigest()), name
        assert entry["rows"] == len(read(to / name))
    assert not told or told.keys() == MANIFEST
    if run and run.code != 2 and told:
        assert told["complete"] == (not told["unread"])
        assert run.done["unread"] + run.done["failed"] == len(told["unread"])


def files(to: Path) -> list[Path]:
    return sorted(path for path in to.glob("*/date=*/*") if path.is_file())


def manifest(to: Path) -> dict[str, Any]:
    path = to / "manifest.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def read(path: Path) -> list[dict[str, Any]]:
    """The rows of a file; those of CSV are text."""
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8")
    kind = path.name.removesuffix(".gz").rpartition(".")[2]
    if kind == "csv":
        return list(csv.DictReader(io.StringIO(text, newline="")))
    if kind == "json":
        table = json.loads(text)
        names = [column["name"] for column in table["columns"]]
        return [dict(zip(names, row, strict=True)) for row in table["rows"]]
    return [json.loads(line) for line in text.splitlines()]


def rows(to: Path, entity: str) -> list[dict[str, Any]]:
    """All rows of an entity, of all its days."""
    return [row for path in files(to) if path.parent.parent.name == entity for row in read(path)]


def days(to: Path, entity: str) -> list[str]:
    return [path.parent.name.removeprefix("date=") for path in files(to) if path.parent.parent.name == entity]


def asked_graph(run: Run) -> int:
    return len([one for one in run.requests if one["path"] == GRAPH])
