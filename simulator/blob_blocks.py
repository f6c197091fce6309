"""Blocks: put one by one, made a blob by a list."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from simulator import blob_leases
from simulator.blob_access import CREATE, READ, authorise
from simulator.blob_content import (
    BLOB,
    OCTETS,
    checked_md5,
    committed,
    content_headers,
    writable,
    written_headers,
)
from simulator.blob_errors import StorageError, bad_header
from simulator.blob_store import Blob
from simulator.blob_wire import Call, Operations, state_headers
from simulator.blob_xml import leaf, parsed, xml
from simulator.wire import Response

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulator.blob_store import Block

operations = Operations(authorise)

MOST_BLOCKS = 50_000
"""In one blob."""


@operations.on("PUT", BLOB, "PutBlock", CREATE, comp="block")
def put_block(call: Call) -> Response:
    block_id = call.query("blockid")
    blob_leases.check_write(call, call.maybe_committed)
    blob = call.maybe_blob or Blob(call.blob_name)
    _check_id(block_id, blob)
    if not call.request.body:
        raise bad_header("Content-Length", "0")
    digest = checked_md5(call, call.header("content-md5"))
    call.container.blobs[blob.name] = blob
    call.world.blobs.stage(blob, call.world.blobs.keep(block_id, call.request.body), call.now)
    return Response(201, None, {"Content-MD5": digest, "x-ms-request-server-encrypted": "true"})


def _check_id(block_id: str, blob: Blob) -> None:
    """Raises StorageError: not base64 of 1 to 64 bytes, or not as long as those of the blocks staged."""
    if not block_id:
        raise StorageError("MissingRequiredQueryParameter", {"QueryParameterName": "blockid"})
    try:
        length = len(base64.b64decode(block_id, validate=True))
    except binascii.Error:
        length = 0
    if not 1 <= length <= 64:
        about = {"QueryParameterName": "blockid", "QueryParameterValue": block_id}
        raise StorageError("InvalidQueryParameterValue", {**about, "Reason": "Not a valid base64 string."})
    if any(len(base64.b64decode(other)) != length for other in blob.staged):
        raise StorageError("InvalidBlobOrBlock")


@operations.on("PUT", BLOB, "PutBlockList", CREATE, comp="blocklist")
def put_block_list(call: Call) -> Response:
    blob = writable(call)
    digest = checked_md5(call, call.header("content-md5"))
    named = parsed(call.request.body)
    if len(named) > MOST_BLOCKS:
        raise StorageError("BlockListTooLong")
    blocks = [_named(one, blob) for one in named]
    committed(call, blob, blocks, {**OCTETS, **content_headers(call)})
    return Response(201, None, {**written_headers(blob), "Content-MD5": digest})


def _named(element: ET.Element, blob: Blob) -> Block:
    """Raises StorageError: InvalidBlockList."""
    block_id = (element.text or "").strip()
    in_blob = {block.id: block for block in blob.blocks or ()}
    among = {
        "Latest": {**in_blob, **blob.staged},
        "Committed": in_blob,
        "Uncommitted": blob.staged,
    }.get(element.tag, {})
    if not block_id or block_id not in among:
        raise StorageError("InvalidBlockList")
    return among[block_id]


@operations.on("GET", BLOB, "GetBlockList", READ, comp="blocklist")
def get_block_list(call: Call) -> Response:
    wanted = call.query("blocklisttype").lower() or "committed"
    if wanted not in ("committed", "uncommitted", "all"):
        about = {"QueryParameterName": "blocklisttype", "QueryParameterValue": wanted}
        raise StorageError("InvalidQueryParameterValue", about)
    blob = call.maybe_blob
    if blob is None:
        raise StorageError("BlobNotFound")
    blob_leases.check_read(call, blob)
    root = ET.Element("BlockList")
    if wanted != "uncommitted":
        _listed(leaf(root, "CommittedBlocks"), (block for block in blob.blocks or () if block.id))
    if wanted != "committed":
        _listed(leaf(root, "UncommittedBlocks"), blob.staged.values())
    known = {**state_headers(blob), "x-ms-blob-content-length": str(blob.size)}
    return xml(root, known if blob.blocks is not None else {})


def _listed(above: ET.Element, blocks: Iterable[Block]) -> None:
    for block in blocks:
        element = leaf(above, "Block")
        leaf(element, "Name", block.id)
        leaf(element, "Size", str(block.size))
