"""Leases of blobs and of containers."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from simulator import blob_conditions
from simulator.blob_access import WRITE, WRITE_CONTAINER, authorise
from simulator.blob_errors import StorageError, bad_header
from simulator.blob_store import Blob, Container, Lease
from simulator.blob_wire import Call, Operations, state_headers
from simulator.wire import Response

if TYPE_CHECKING:
    from collections.abc import Callable

operations = Operations(authorise)

_LOCKED = ("leased", "breaking")


def state(lease: Lease | None, now: float) -> str:
    return "available" if lease is None else lease.state(now)


def headers(call: Call, one: Blob | Container) -> dict[str, str]:
    """`x-ms-lease-status`, `-state`, and `-duration` while it is leased."""
    return {f"x-ms-lease-{name}": text for name, text in facts(call, one).items()}


def facts(call: Call, one: Blob | Container) -> dict[str, str]:
    is_now = state(one.lease, call.now)
    told = {"status": "locked" if is_now in _LOCKED else "unlocked", "state": is_now}
    if one.lease and is_now == "leased":
        told["duration"] = "infinite" if one.lease.ends is None else "fixed"
    return told


def check_write(call: Call, one: Blob | Container | None) -> None:
    """Raises StorageError: the lease of what is to change is somebody else's, or the id given is of none."""
    locked = one is not None and state(one.lease, call.now) in _LOCKED
    if locked and not call.header("x-ms-lease-id"):
        raise StorageError("LeaseIdMissing")
    check_read(call, one)


def check_read(call: Call, one: Blob | Container | None) -> None:
    """Raises StorageError: a lease id is given, and it is not that of a lease that holds."""
    given = call.header("x-ms-lease-id").lower()
    if not given:
        return
    what = "Container" if isinstance(one, Container) else "Blob"
    if one is None or one.lease is None or state(one.lease, call.now) not in _LOCKED:
        raise StorageError(f"LeaseNotPresentWith{what}Operation")
    if given != one.lease.id:
        raise StorageError(f"LeaseIdMismatchWith{what}Operation")


def written(call: Call, blob: Blob) -> None:
    """A lease that no longer holds cannot be renewed once the blob was written."""
    if state(blob.lease, call.now) in ("expired", "broken"):
        blob.lease = None


@operations.on("PUT", "/{container}/{blob*}", "LeaseBlob", WRITE, comp="lease")
def lease_blob(call: Call) -> Response:
    blob = call.blob
    blob_conditions.check_write(call, blob)
    return _carry_out(call, blob)


@operations.on("PUT", "/{container}", "LeaseContainer", WRITE_CONTAINER, restype="container", comp="lease")
def lease_container(call: Call) -> Response:
    container = call.container
    blob_conditions.check_write(call, container)
    return _carry_out(call, container)


def _carry_out(call: Call, one: Blob | Container) -> Response:
    action = call.header("x-ms-lease-action").lower()
    if action not in _ACTIONS:
        raise bad_header("x-ms-lease-action", action)
    before = one.lease
    one.lease = _ACTIONS[action](call, before)
    told = state_headers(one)
    if one.lease and action != "break":
        told["x-ms-lease-id"] = one.lease.id
    if action == "break" and one.lease:
        left = max(0.0, (one.lease.breaks or call.now) - call.now)
        told["x-ms-lease-time"] = str(round(left))
    return Response({"acquire": 201, "break": 202}.get(action, 200), None, told)


def _acquire(call: Call, lease: Lease | None) -> Lease:
    proposed, is_now = _id(call, "x-ms-proposed-lease-id"), state(lease, call.now)
    if is_now == "breaking" and lease and lease.id == proposed:
        raise StorageError("LeaseIsBreakingAndCannotBeAcquired")
    if is_now in _LOCKED and not (lease and lease.id == proposed):
        raise StorageError("LeaseAlreadyPresent")
    asked = _seconds(call, "x-ms-lease-duration")
    if asked != -1 and not (asked is not None and 15 <= asked <= 60):
        raise bad_header("x-ms-lease-duration", call.header("x-ms-lease-duration"))
    seconds = None if asked == -1 else call.world.paced(asked)
    return Lease(proposed or call.world.new_id(), seconds, _after(call, seconds))


def _renew(call: Call, lease: Lease | None) -> Lease:
    lease = _own(call, lease)
    if state(lease, call.now) in ("breaking", "broken"):
        raise StorageError("LeaseIsBrokenAndCannotBeRenewed")
    return replace(lease, ends=_after(call, lease.seconds))


def _change(call: Call, lease: Lease | None) -> Lease:
    proposed, is_now = _id(call, "x-ms-proposed-lease-id"), state(lease, call.now)
    if not proposed:
        raise StorageError("MissingRequiredHeader", {"HeaderName": "x-ms-proposed-lease-id"})
    if lease is None or is_now not in _LOCKED:
        raise StorageError("LeaseNotPresentWithLeaseOperation")
    if is_now == "leased" and lease.id == proposed:
        return lease
    lease = _own(call, lease)
    if is_now == "breaking":
        raise StorageError("LeaseIsBreakingAndCannotBeChanged")
    return replace(lease, id=proposed)


def _release(call: Call, lease: Lease | None) -> None:
    _own(call, lease)


def _break(call: Call, lease: Lease | None) -> Lease:
    """A fixed lease breaks when it would end, at the latest; one for ever at once, unless told otherwise."""
    period = _seconds(call, "x-ms-lease-break-period")
    if period is not None and not 0 <= period <= 60:
        raise bad_header("x-ms-lease-break-period", call.header("x-ms-lease-break-period"))
    if lease is None:
        raise StorageError("LeaseNotPresentWithLeaseOperation")
    is_now = state(lease, call.now)
    if is_now == "broken" or (is_now == "breaking" and period is None):
        return lease
    ends = [one for one in (lease.breaks, lease.ends) if one is not None]
    if period is not None:
        ends.append(call.now + call.world.paced(period))
    return replace(lease, ends=None, breaks=min(ends, default=call.now))


_ACTIONS: dict[str, Callable[[Call, Lease | None], Lease | None]] = {
    "acquire": _acquire,
    "renew": _renew,
    "change": _change,
    "release": _release,
    "break": _break,
}


def _own(call: Call, lease: Lease | None) -> Lease:
    given = _id(call, "x-ms-lease-id")
    if not given:
        raise StorageError("MissingRequiredHeader", {"HeaderName": "x-ms-lease-id"})
    if lease is None or lease.id != given:
        raise StorageError("LeaseIdMismatchWithLeaseOperation")
    return lease


def _after(call: Call, seconds: float | None) -> float | None:
    return None if seconds is None else round(call.now + seconds, 6)


def _id(call: Call, name: str) -> str:
    text = call.header(name)
    try:
        return str(uuid.UUID(text)) if text else ""
    except ValueError as error:
        raise bad_header(name, text) from error


def _seconds(call: Call, name: str) -> int | None:
    text = call.header(name)
    try:
        return int(text) if text else None
    except ValueError as error:
        raise bad_header(name, text) from error
