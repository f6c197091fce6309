"""Containers: create, describe, delete."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from simulator import blob_conditions, blob_leases
from simulator.blob_access import DELETE_CONTAINER, READ_CONTAINER, WRITE_CONTAINER, authorise
from simulator.blob_errors import StorageError
from simulator.blob_store import Container
from simulator.blob_wire import Call, Operations, metadata, metadata_headers, state_headers
from simulator.blob_xml import xml
from simulator.wire import Response

operations = Operations(authorise)

_CONTAINER = "/{container}"
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*|\$(root|web|logs)")


@operations.on("PUT", _CONTAINER, "CreateContainer", WRITE_CONTAINER, restype="container")
def create(call: Call) -> Response:
    if not 3 <= len(call.container_name) <= 63:
        raise StorageError("OutOfRangeInput")
    if not _NAME.fullmatch(call.container_name):
        raise StorageError("InvalidResourceName")
    if call.header("x-ms-blob-public-access"):
        raise StorageError("PublicAccessNotPermitted")
    if call.container_name in call.containers:
        raise StorageError("ContainerAlreadyExists")
    container = Container(call.container_name, metadata=metadata(call))
    _touched(call, container)
    call.containers[container.name] = container
    return Response(201, None, state_headers(container))


@operations.on("GET", _CONTAINER, "GetContainerProperties", READ_CONTAINER, restype="container")
@operations.on("HEAD", _CONTAINER, "GetContainerProperties", READ_CONTAINER, restype="container")
def get_properties(call: Call) -> Response:
    container = call.container
    blob_leases.check_read(call, container)
    headers = {**state_headers(container), **metadata_headers(container)}
    headers |= blob_leases.headers(call, container)
    headers |= {
        "x-ms-has-immutability-policy": "false",
        "x-ms-has-legal-hold": "false",
        "x-ms-immutable-storage-with-versioning-enabled": "false",
        "x-ms-default-encryption-scope": "$account-encryption-key",
        "x-ms-deny-encryption-scope-override": "false",
    }
    return Response(200, None, headers)


@operations.on(
    "GET", _CONTAINER, "GetContainerMetadata", READ_CONTAINER, restype="container", comp="metadata"
)
def get_metadata(call: Call) -> Response:
    container = call.container
    blob_leases.check_read(call, container)
    return Response(200, None, {**state_headers(container), **metadata_headers(container)})


@operations.on(
    "PUT", _CONTAINER, "SetContainerMetadata", WRITE_CONTAINER, restype="container", comp="metadata"
)
def set_metadata(call: Call) -> Response:
    container = call.container
    blob_conditions.check_write(call, container)
    blob_leases.check_read(call, container)
    container.metadata = metadata(call)
    _touched(call, container)
    return Response(200, None, state_headers(container))


@operations.on("GET", _CONTAINER, "GetContainerAcl", READ_CONTAINER, restype="container", comp="acl")
def get_acl(call: Call) -> Response:
    """Nothing is public, and stored access policies are for SAS made with account keys."""
    return xml(ET.Element("SignedIdentifiers"), state_headers(call.container))


@operations.on("DELETE", _CONTAINER, "DeleteContainer", DELETE_CONTAINER, restype="container")
def delete(call: Call) -> Response:
    container = call.container
    blob_conditions.check_write(call, container)
    blob_leases.check_write(call, container)
    call.world.blobs.delete_container(call.account.name, container)
    return Response(202)


def _touched(call: Call, container: Container) -> None:
    container.etag, container.modified = call.world.blobs.new_etag(call.now), call.now
