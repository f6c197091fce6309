"""XML as Blob storage writes and reads it."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree as ET

from simulator.blob_errors import StorageError
from simulator.wire import Response


def xml(root: ET.Element, headers: Mapping[str, str] | None = None, status: int = 200) -> Response:
    text = ET.tostring(root, encoding="unicode", short_empty_elements=True)
    body = b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?>' + text.encode()
    return Response(status, body, {"Content-Type": "application/xml", **(headers or {})})


def parsed(body: bytes | bytearray) -> ET.Element:
    """Raises StorageError: InvalidXmlDocument."""
    try:
        return ET.fromstring(body)  # noqa: S314 - on this machine, from its own clients
    except ET.ParseError as error:
        raise StorageError("InvalidXmlDocument") from error


def leaf(above: ET.Element, name: str, text: str = "") -> ET.Element:
    element = ET.SubElement(above, name)
    element.text = text or None
    return element
