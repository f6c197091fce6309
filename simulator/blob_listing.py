"""Lists of containers and of blobs, in pages, by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from urllib.parse import quote, unquote
from xml.etree.ElementTree import Element

from simulator import blob_leases
from simulator.blob_access import LIST, READ_CONTAINER, authorise
from simulator.blob_errors import StorageError
from simulator.blob_store import Blob, Container
from simulator.blob_wire import Call, Operations, http_date
from simulator.blob_xml import leaf, xml
from simulator.wire import Response

operations = Operations(authorise)

_LONGEST_PAGE = 5000
_NOT_XML = re.compile("[^\t\n -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOTHING_OF = ("copy", "deleted", "deletedwithversions", "immutabilitypolicy", "legalhold", "permissions")
_INCLUDED = ("metadata", "uncommittedblobs", "snapshots", "tags", "versions", "system", *_NOTHING_OF)
"""What may be asked for; there are no copies, deleted blobs, policies, snapshots, tags or versions."""


@operations.on("GET", "/", "ListContainers", READ_CONTAINER, comp="list")
def list_containers(call: Call) -> Response:
    root, included = _begun(call), _included(call)
    names = (name for name in sorted(call.containers) if name.startswith(call.query("prefix")))

    def told(above: Element, name: str) -> None:
        container = call.containers[name]
        element = leaf(above, "Container")
        leaf(element, "Name", name)
        properties = leaf(element, "Properties")
        _pairs(properties, {"Last-Modified": http_date(container.modified), "Etag": container.etag})
        _pairs(properties, _lease(call, container))
        _pairs(properties, {"HasImmutabilityPolicy": "false", "HasLegalHold": "false"})
        if "metadata" in included:
            _pairs(leaf(element, "Metadata"), container.metadata)

    _fill(call, root, "Containers", names, told)
    return xml(root)


@operations.on("GET", "/{container}", "ListBlobs", LIST, restype="container", comp="list")
def list_blobs(call: Call) -> Response:
    container, root, included = call.container, _begun(call), _included(call)
    root.set("ContainerName", container.name)
    delimiter = call.query("delimiter")
    if delimiter:
        leaf(root, "Delimiter", delimiter)
    names = _names(call, container, uncommitted="uncommittedblobs" in included)

    def told(above: Element, name: str) -> None:
        if name in prefixes:
            _name(leaf(above, "BlobPrefix"), name)
        else:
            _blob(call, leaf(above, "Blob"), container.blobs[name], metadata="metadata" in included)

    prefixes = set[str]()
    if delimiter:
        names = _rolled_up(names, call.query("prefix"), delimiter, prefixes)
    _fill(call, root, "Blobs", names, told)
    return xml(root)


def _names(call: Call, container: Container, *, uncommitted: bool) -> Iterator[str]:
    prefix = call.query("prefix")
    for name in sorted(container.blobs):
        blob = call.world.blobs.find(container, name, call.now) if name.startswith(prefix) else None
        if blob and (uncommitted or blob.blocks is not None):
            yield name


def _rolled_up(names: Iterable[str], prefix: str, delimiter: str, prefixes: set[str]) -> Iterator[str]:
    """Names with a delimiter after the prefix become one, up to and with the delimiter."""
    for name in names:
        head, found, _ = name[len(prefix) :].partition(delimiter)
        rolled = prefix + head + found
        if not found:
            yield name
        elif rolled not in prefixes:
            prefixes.add(rolled)
            yield rolled


def _begun(call: Call) -> Element:
    root = Element("EnumerationResults", ServiceEndpoint=f"{call.request.base}/")
    for name, parameter in (("Prefix", "prefix"), ("Marker", "marker"), ("MaxResults", "maxresults")):
        if call.query(parameter):
            leaf(root, name, call.query(parameter))
    return root


def _fill(
    call: Call, root: Element, name: str, names: Iterable[str], told: Callable[[Element, str], None]
) -> None:
    """One page of `names` as `told`, and the marker of the next: the name it starts with."""
    start, size = _start(call.query("marker")), _page_size(call)
    page = list(islice((one for one in names if one >= start), size + 1))
    above = leaf(root, name)
    for one in page[:size]:
        told(above, one)
    leaf(root, "NextMarker", _marker(page[size]) if len(page) > size else "")


def _marker(name: str) -> str:
    """Opaque, as Azure's are; URL-safe."""
    return f"2!{len(name)}!{quote(name, safe='')}"


def _start(marker: str) -> str:
    match = re.fullmatch(r"2!\d+!(.+)", marker)
    if marker and not match:
        about = {"QueryParameterName": "marker", "QueryParameterValue": marker}
        raise StorageError("InvalidQueryParameterValue", about)
    return unquote(match[1]) if match else ""


def _page_size(call: Call) -> int:
    """More than 5000 are never given; less than 1 is refused."""
    text = call.query("maxresults") or str(_LONGEST_PAGE)
    about = {"QueryParameterName": "maxresults", "QueryParameterValue": text}
    if not re.fullmatch(r"-?\d+", text):
        raise StorageError("InvalidQueryParameterValue", about)
    if int(text) < 1:
        raise StorageError("OutOfRangeQueryParameterValue", about)
    return min(int(text), _LONGEST_PAGE)


def _included(call: Call) -> set[str]:
    asked = {one for one in call.query("include").lower().split(",") if one}
    for stranger in asked - set(_INCLUDED):
        about = {"QueryParameterName": "include", "QueryParameterValue": stranger}
        raise StorageError("InvalidQueryParameterValue", about)
    return asked


def _blob(call: Call, element: Element, blob: Blob, *, metadata: bool) -> None:
    _name(element, blob.name)
    properties = leaf(element, "Properties")
    _pairs(
        properties,
        {
            "Creation-Time": http_date(blob.created) if blob.blocks is not None else "",
            "Last-Modified": http_date(blob.modified) if blob.blocks is not None else "",
            "Etag": blob.etag.strip('"'),
            "Content-Length": str(blob.size),
            **blob.headers,
            "BlobType": "BlockBlob",
            "AccessTier": blob.tier or "Hot",
            "AccessTierInferred": "" if blob.tier else "true",
            **_lease(call, blob),
            "ServerEncrypted": "true",
        },
    )
    if metadata:
        _pairs(leaf(element, "Metadata"), blob.metadata)


def _lease(call: Call, one: Blob | Container) -> dict[str, str]:
    return {f"Lease{name.title()}": text for name, text in blob_leases.facts(call, one).items()}


def _name(element: Element, name: str) -> None:
    """A name that XML cannot carry is percent-encoded, and says so."""
    if _NOT_XML.search(name):
        leaf(element, "Name", quote(name, safe="")).set("Encoded", "true")
    else:
        leaf(element, "Name", name)


def _pairs(above: Element, pairs: dict[str, str]) -> None:
    for name, text in pairs.items():
        if text:
            leaf(above, name, text)
