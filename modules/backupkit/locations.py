"""Places that parameters name: a path, a blob's URL, or `var:NAME`, an Automation variable that holds one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryFile
from typing import Literal, TextIO

from backupkit.blobs import CHUNK, Blobs, Credential
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


def report_place(location: str, runbook: str, started: datetime, run_id: str) -> str:
    """Where a report goes, a path or a blob's URL; one that ends in `/` gets a dated name of its own."""
    place = plain_place(location)
    if place.endswith("/"):
        day = started.astimezone(timezone.utc).strftime("%Y-%m-%d")
        return f"{place}{runbook}/{day}/{run_id}.ndjson"
    return place


def plain_place(location: str) -> str:
    """A path or a URL without a signature, taken out of its variable."""
    place = variable(location[4:]) if location.startswith("var:") else location
    if place.startswith("https://") and "?" in place:
        raise LocationError(f"{location} holds a signed URL; give it without, the run's identity signs in")
    return place


def replace_file(path: Path, part: Path, chunks: Iterable[bytes]) -> None:
    """Write it whole or not at all; until it is, it is in `part`.

    Raises:
        OSError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.writelines(chunks)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


@contextmanager
def report_at(place: str, credential: Credential) -> Iterator[TextIO]:
    """A report to write to; a blob gets its lines at the end, from a temporary file, and is tried out at the
    start.

    Raises:
        LocationError, BlobError: it cannot be written.
    """
    if not place.startswith("https://"):
        with open_report(Path(place)) as file:
            yield file
        return
    url, _, name = place.rpartition("/")
    blobs = Blobs(url, credential)
    if blobs.names("") is None:
        blobs.make_container()
    found = blobs.read(name)
    etag = blobs.write(name, b"", found[1] if found else "")
    with TemporaryFile("w+", encoding="ascii", newline="\n") as lines:
        try:
            yield lines
        finally:
            lines.seek(0)
            blobs.write_chunks(name, (part.encode() for part in iter(lambda: lines.read(CHUNK), "")), etag)


def try_report(place: str, credential: Credential) -> None:
    """Whether a report could be written there; what is there already stays.

    Raises:
        LocationError, BlobError: it could not.
    """
    if not place.startswith("https://"):
        open_report(Path(place), "a").close()
    else:
        Blobs(place.rpartition("/")[0], credential).names("")


def open_report(path: Path, mode: Literal["w", "a"] = "w") -> TextIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open(mode, encoding="ascii", newline="\n")
    except (OSError, ValueError) as error:
        why = f"report={path}: cannot be written ({error}); name a place that can"
        raise LocationError(why) from error
