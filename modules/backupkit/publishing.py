"""Where a page goes: a path or a blob, whole or not at all."""

from __future__ import annotations

import os
import uuid
from datetime import datetime
from pathlib import Path
from typing import Final

from backupkit.blobs import Blobs, Credential
from backupkit.locations import LocationError, plain_place, replace_file
from backupkit.times import stamp

HTML: Final = "text/html; charset=utf-8"


def page_places(location: str, runbook: str, started: datetime, run_id: str) -> list[str]:
    """One that ends in `/` gets a page of its own a run, and `latest.html` beside the days.

    Raises:
        LocationError: a signed URL, or no such variable.
    """
    place = plain_place(location)
    if not place.endswith("/"):
        return [place]
    return [f"{place}{runbook}/{stamp(started)[:10]}/{run_id}.html", f"{place}{runbook}/latest.html"]


def publish(place: str, page: str, credential: Credential) -> None:
    """Write it over what is there.

    Raises:
        LocationError, BlobError: it cannot be written.
    """
    content = page.encode("utf-8", "replace")
    if place.startswith("https://"):
        url, _, name = place.rpartition("/")
        Blobs(url, credential).put(name, content, HTML)
    else:
        path = Path(place)
        try:
            replace_file(path, path.with_name(f".{path.name}.{uuid.uuid4().hex}"), [content])
        except OSError as error:
            raise _unwritable(path, error) from error


def try_place(place: str, credential: Credential) -> None:
    """Whether a page could be written there; nothing is.

    Raises:
        LocationError, BlobError: it could not.
    """
    if place.startswith("https://"):
        Blobs(place.rpartition("/")[0], credential).names("")
        return
    path = Path(place)
    there = next(one for one in (path.parent, *path.parent.parents) if one.exists())
    if path.is_dir() or not there.is_dir() or not os.access(there, os.W_OK):
        raise _unwritable(path, "no file can be made there")


def _unwritable(path: Path, why: object) -> LocationError:
    return LocationError(f"to={path}: cannot be written ({why}); name a place that can")
