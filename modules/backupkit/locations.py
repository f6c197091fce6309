"""Places that parameters name: a path, or `var:NAME`, an Automation variable that holds the value."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from pathlib import Path
from typing import Literal, TextIO

from backupkit.errors import BackupkitError


class LocationError(BackupkitError):
    """A place cannot be read or written; fix the parameter that names it."""


def variable(name: str) -> str:
    """The value of an Automation variable; outside Automation, of an environment variable."""
    try:
        import automationassets
    except ImportError:
        value = os.environ.get(name)
    else:
        try:
            value = automationassets.get_automation_variable(name)
        except automationassets.AutomationAssetNotFound:
            value = None
    if not value:
        raise LocationError(
            f"var:{name}: no such variable, or it is empty; create it in the Automation account"
        )
    return str(value).strip()


def secret(location: str) -> str:
    """The text kept at a location. It is not for printing.

    Raises:
        LocationError: naming the location, never what it holds.
    """
    if location.startswith("var:"):
        return variable(location[4:])
    try:
        return Path(location).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        why = f"{location}: cannot be read ({type(error).__name__}); give var:NAME or a file's path"
        raise LocationError(why) from error


def report_path(location: str, runbook: str, started: datetime, run_id: str) -> Path:
    """Where a report goes; a location that ends in `/` gets a dated name of its own."""
    place = variable(location[4:]) if location.startswith("var:") else location
    if place.startswith("https://"):
        raise LocationError(f"{location} holds a blob URL; a report cannot go there yet, give a path")
    if place.endswith("/"):
        day = started.astimezone(timezone.utc).strftime("%Y-%m-%d")
        return Path(place) / runbook / day / f"{run_id}.ndjson"
    return Path(place)


def open_report(path: Path, mode: Literal["w", "a"] = "w") -> TextIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open(mode, encoding="ascii", newline="\n")
    except (OSError, ValueError) as error:
        why = f"report={path}: cannot be written ({error}); name a place that can"
        raise LocationError(why) from error
