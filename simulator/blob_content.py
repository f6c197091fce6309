"""Block blobs as a whole: put, get, describe, delete."""

from __future__ import annotations

import base64
import binascii
import re
from hashlib import md5
from typing import TYPE_CHECKING

from simulator import blob_conditions, blob_leases
from simulator.blob_access import CREATE, DELETE, READ, WRITE, authorise
from simulator.blob_errors import StorageError, bad_header
from simulator.blob_store import Blob, pieces
from simulator.blob_wire import (
    Call,
    Operations,
    http_date,
    metadata,
    metadata_headers,
    state_headers,
    unplayed,
)
from simulator.wire import Response

if TYPE_CHECKING:
    from simulator.blob_store import Block

operations = Operations(authorise)

BLOB = "/{container}/{blob*}"
TIERS = ("Hot", "Cool", "Cold", "Archive")
CONTENT = ("Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Type")
OCTETS = {"Content-Type": "application/octet-stream"}
_OVERRIDES = {
    "rscc": "Cache-Control",
    "rscd": "Content-Disposition",
    "rsce": "Content-Encoding",
    "rscl": "Content-Language",
    "rsct": "Content-Type",
}
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
_LONGEST_MD5 = 4 * 1024 * 1024


@operations.on("PUT", BLOB, "PutBlob", CREATE)
def put_blob(call: Call) -> Response:
    kind = call.header("x-ms-blob-type")
    if not kind:
        raise StorageError("MissingRequiredHeader", {"HeaderName": "x-ms-blob-type"})
    if kind != "BlockBlob":
        raise unplayed(f"blobs of type {kind!r}")
    blob = writable(call)
    digest = checked_md5(call, call.header("content-md5") or call.header("x-ms-blob-content-md5"))
    said = {name: call.header(name.lower()) for name in CONTENT if call.header(name.lower())}
    headers = {**OCTETS, **said, **content_headers(call), "Content-MD5": digest}
    committed(call, blob, [call.world.blobs.keep("", call.request.body)], headers)
    return Response(201, None, {**written_headers(blob), "Content-MD5": digest})


def writable(call: Call) -> Blob:
    """The blob that this request may write whole; not yet among its container's if it is new.

    Raises:
        StorageError: a condition, a lease or a SAS is against it.
    """
    there = call.maybe_committed
    blob_conditions.check_write(call, there)
    blob_leases.check_write(call, there)
    blob_conditions.check_new(call, there)
    if there and call.granted is not None and "w" not in call.granted:
        raise StorageError("AuthorizationPermissionMismatch")
    tier = call.header("x-ms-access-tier")
    if tier and tier not in TIERS:
        raise bad_header("x-ms-access-tier", tier)
    metadata(call)
    if len(call.blob_name) > 1024:
        raise StorageError("OutOfRangeInput")
    return call.maybe_blob or Blob(call.blob_name)


def committed(call: Call, blob: Blob, blocks: list[Block], headers: dict[str, str]) -> None:
    """Give the blob this content, with the metadata of the request."""
    if blob.blocks is None:
        blob.created = call.now
    call.world.blobs.commit(blob, blocks)
    call.container.blobs[blob.name] = blob
    blob.headers, blob.metadata = headers, metadata(call)
    blob.tier = call.header("x-ms-access-tier")
    touched(call, blob)


def touched(call: Call, blob: Blob) -> None:
    blob.etag, blob.modified = call.world.blobs.new_etag(call.now), call.now
    blob_leases.written(call, blob)


def content_headers(call: Call) -> dict[str, str]:
    """What the request's `x-ms-blob-` headers say of the content."""
    said = {name: call.header(f"x-ms-blob-{name.lower()}") for name in (*CONTENT, "Content-MD5")}
    return {name: value for name, value in said.items() if value}


def checked_md5(call: Call, given: str) -> str:
    """The body's MD5 in base64.

    Raises:
        StorageError: Md5Mismatch, where another was given.
    """
    actual = base64.b64encode(md5(call.request.body, usedforsecurity=False).digest()).decode()
    if given and given != actual:
        try:
            valid = len(base64.b64decode(given, validate=True)) == 16
        except binascii.Error:
            valid = False
        about = {"UserSpecifiedMd5": given, "ServerCalculatedMd5": actual}
        raise StorageError("Md5Mismatch", about) if valid else StorageError("InvalidMd5")
    return actual


def written_headers(blob: Blob) -> dict[str, str]:
    return {**state_headers(blob), "x-ms-request-server-encrypted": "true"}


@operations.on("GET", BLOB, "GetBlob", READ)
def get_blob(call: Call) -> Response:
    blob = readable(call)
    if blob.tier == "Archive":
        raise unplayed("reading archived blobs")
    asked = _RANGE.fullmatch(call.header("x-ms-range") or call.header("range"))
    if not asked or (asked[2] and int(asked[2]) < int(asked[1])):
        return Response(200, blob.read(0, blob.size), described(call, blob))
    start, end = int(asked[1]), min(int(asked[2] or blob.size) + 1, blob.size)
    if start >= blob.size:
        raise StorageError("InvalidRange", headers={"Content-Range": f"bytes */{blob.size}"})
    body = blob.read(start, end)
    headers = described(call, blob)
    whole_md5 = headers.pop("Content-MD5", "")
    headers |= {
        "Content-Length": str(end - start),
        "Content-Range": f"bytes {start}-{end - 1}/{blob.size}",
        "x-ms-blob-content-md5": whole_md5,
    }
    if call.header("x-ms-range-get-content-md5").lower() == "true":
        headers["Content-MD5"] = _range_md5(blob, start, end)
    return Response(206, body, headers)


def _range_md5(blob: Blob, start: int, end: int) -> str:
    if end - start > _LONGEST_MD5:
        raise StorageError("OutOfRangeInput")
    digest = md5(usedforsecurity=False)
    for piece in pieces(blob.blocks or (), start, end):
        digest.update(piece)
    return base64.b64encode(digest.digest()).decode()


def readable(call: Call) -> Blob:
    """Raises StorageError: it is not there, or a condition is not met."""
    there = call.maybe_committed
    if there is not None:
        blob_leases.check_read(call, there)
        blob_conditions.check_read(call, there)
    return call.blob


def described(call: Call, blob: Blob) -> dict[str, str]:
    """All headers that say what a blob is; a SAS may have others sent for its content."""
    headers = {
        **state_headers(blob),
        **blob.headers,
        **metadata_headers(blob),
        **blob_leases.headers(call, blob),
        "Accept-Ranges": "bytes",
        "Content-Length": str(blob.size),
        "x-ms-blob-type": "BlockBlob",
        "x-ms-creation-time": http_date(blob.created),
        "x-ms-server-encrypted": "true",
        "x-ms-access-tier": blob.tier or "Hot",
        "x-ms-access-tier-inferred": "" if blob.tier else "true",
    }
    if call.granted is not None:
        headers |= {name: call.query(short) for short, name in _OVERRIDES.items() if call.query(short)}
    return headers


@operations.on("HEAD", BLOB, "GetBlobProperties", READ)
def get_properties(call: Call) -> Response:
    blob = readable(call)
    return Response(200, None, described(call, blob))


@operations.on("GET", BLOB, "GetBlobMetadata", READ, comp="metadata")
@operations.on("HEAD", BLOB, "GetBlobMetadata", READ, comp="metadata")
def get_metadata(call: Call) -> Response:
    blob = readable(call)
    return Response(200, None, {**state_headers(blob), **metadata_headers(blob)})


@operations.on("PUT", BLOB, "SetBlobMetadata", WRITE, comp="metadata")
def set_metadata(call: Call) -> Response:
    blob = changeable(call)
    blob.metadata = metadata(call)
    touched(call, blob)
    return Response(200, None, written_headers(blob))


@operations.on("PUT", BLOB, "SetBlobProperties", WRITE, comp="properties")
def set_properties(call: Call) -> Response:
    """Sets all of them: what is not said is cleared."""
    blob = changeable(call)
    blob.headers = content_headers(call)
    touched(call, blob)
    return Response(200, None, state_headers(blob))


@operations.on("DELETE", BLOB, "DeleteBlob", DELETE)
def delete_blob(call: Call) -> Response:
    if call.header("x-ms-delete-snapshots").lower() == "only":
        raise unplayed("snapshots")
    blob = changeable(call)
    call.world.blobs.delete(call.container, blob)
    return Response(202, None, {"x-ms-delete-type-permanent": "true"})


def changeable(call: Call) -> Blob:
    """The blob, which is there, and neither a condition nor a lease is against changing it."""
    blob = call.blob
    blob_conditions.check_write(call, blob)
    blob_leases.check_write(call, blob)
    return blob
