"""What `blobs.ndjson` says of a container and of a blob."""

from __future__ import annotations

from typing import Any

from simulator import clock
from simulator.blob_store import Blob, Container, Lease

_MOMENTS = ("created", "modified", "staged_at")


def container_line(container: Container) -> dict[str, Any]:
    return _said(container, ("etag", "modified", "metadata")) | _lease_said(container)


def blob_line(blob: Blob) -> dict[str, Any]:
    names = ("etag", "created", "modified", "headers", "metadata", "tier", "staged_at")
    line = {"blob": blob.name} | _said(blob, names) | _lease_said(blob)
    if blob.blocks is not None:
        line["blocks"] = [[block.id, block.size] for block in blob.blocks]
    return line


def put_container(line: dict[str, Any], seconds: float) -> Container:
    """The container of a line, its moments `seconds` later."""
    return Container(
        line["container"],
        line["etag"],
        _moment(line, "modified", seconds),
        line.get("metadata", {}),
        _lease(line, seconds),
    )


def put_blob(line: dict[str, Any], seconds: float) -> Blob:
    """The blob of a line, without its bytes."""
    return Blob(
        name=line["blob"],
        etag=line.get("etag", ""),
        created=_moment(line, "created", seconds),
        modified=_moment(line, "modified", seconds),
        headers=line.get("headers", {}),
        metadata=line.get("metadata", {}),
        tier=line.get("tier", ""),
        staged_at=_moment(line, "staged_at", seconds),
        lease=_lease(line, seconds),
    )


def _said(one: Container | Blob, names: tuple[str, ...]) -> dict[str, Any]:
    pairs = {name: getattr(one, name) for name in names}
    return {name: clock.stamp(value) if name in _MOMENTS else value for name, value in pairs.items() if value}


def _lease_said(one: Container | Blob) -> dict[str, Any]:
    if one.lease is None:
        return {}
    said: dict[str, Any] = {"id": one.lease.id, "seconds": one.lease.seconds}
    for name in ("ends", "breaks"):
        moment = getattr(one.lease, name)
        said[name] = None if moment is None else clock.stamp(moment)
    return {"lease": said}


def _lease(line: dict[str, Any], seconds: float) -> Lease | None:
    said = line.get("lease")
    if said is None:
        return None
    ends, breaks = (_moment(said, name, seconds) if said[name] else None for name in ("ends", "breaks"))
    return Lease(said["id"], said["seconds"], ends, breaks)


def _moment(line: dict[str, Any], name: str, seconds: float) -> float:
    return round(clock.moment(line[name]) + seconds, 6) if name in line else 0.0
