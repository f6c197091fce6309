"""The Blob service of an account: its properties, its kind, user-delegation keys."""

from __future__ import annotations

import base64
from xml.etree.ElementTree import Element

from simulator import clock, delegation
from simulator.blob_access import DELEGATE, READ_CONTAINER, READ_SERVICE, authorise
from simulator.blob_errors import StorageError
from simulator.blob_wire import Call, Operations, unplayed
from simulator.blob_xml import leaf, parsed, xml
from simulator.wire import Response

operations = Operations(authorise)

_API_VERSION = "2020-06-12"


@operations.on("GET", "/", "GetBlobServiceProperties", READ_SERVICE, restype="service", comp="properties")
def get_properties(call: Call) -> Response:
    """Those of a new account: nothing is logged, kept after deletion, or shared with other origins."""
    root = Element("StorageServiceProperties")
    logging = leaf(root, "Logging")
    for name, text in {"Version": "1.0", "Read": "false", "Write": "false", "Delete": "false"}.items():
        leaf(logging, name, text)
    leaf(leaf(logging, "RetentionPolicy"), "Enabled", "false")
    for measured in ("HourMetrics", "MinuteMetrics"):
        metrics = leaf(root, measured)
        leaf(metrics, "Version", "1.0")
        leaf(metrics, "Enabled", "false")
        leaf(leaf(metrics, "RetentionPolicy"), "Enabled", "false")
    leaf(root, "Cors")
    leaf(root, "DefaultServiceVersion", _API_VERSION)
    leaf(leaf(root, "DeleteRetentionPolicy"), "Enabled", "false")
    leaf(leaf(root, "StaticWebsite"), "Enabled", "false")
    return xml(root)


@operations.on("GET", "/", "GetAccountInformation", READ_CONTAINER, restype="account", comp="properties")
@operations.on("HEAD", "/", "GetAccountInformation", READ_CONTAINER, restype="account", comp="properties")
def get_account(call: Call) -> Response:
    row = call.world.store.get("resources", call.account.id, call.now) or {}
    sku, properties = row.get("sku") or {}, row.get("properties") or {}
    headers = {
        "x-ms-sku-name": str(sku.get("name", "Standard_LRS")),
        "x-ms-account-kind": str(row.get("kind") or "StorageV2"),
        "x-ms-is-hns-enabled": str(bool(properties.get("isHnsEnabled"))).lower(),
    }
    return Response(200, None, headers)


@operations.on("POST", "/", "GetUserDelegationKey", DELEGATE, restype="service", comp="userdelegationkey")
def get_delegation_key(call: Call) -> Response:
    caller = call.world.access.principal(call.request)
    asked = {one.tag: (one.text or "").strip() for one in parsed(call.request.body)}
    if set(asked) - {"Start", "Expiry"}:
        raise unplayed(f"user-delegation keys with {', '.join(sorted(set(asked) - {'Start', 'Expiry'}))}")
    key = {
        "skoid": caller.object_id,
        "sktid": caller.tenant,
        "skt": asked.get("Start") or clock.stamp(call.now, digits=0),
        "ske": asked.get("Expiry", ""),
        "sks": "b",
        "skv": call.header("x-ms-version"),
    }
    _check_times(call, key["skt"], key["ske"])
    call.world.blobs.delegators[caller.object_id] = caller.client_id
    value = base64.b64encode(delegation.key(call.account.name, key)).decode()
    root = Element("UserDelegationKey")
    for name, text in zip(_ELEMENTS, [*key.values(), value], strict=True):
        leaf(root, name, text)
    return xml(root)


_ELEMENTS = (
    "SignedOid",
    "SignedTid",
    "SignedStart",
    "SignedExpiry",
    "SignedService",
    "SignedVersion",
    "Value",
)


def _check_times(call: Call, start: str, expiry: str) -> None:
    """A key lives seven days at most, counted from now.

    Raises:
        StorageError: InvalidXmlNodeValue.
    """
    try:
        starts, ends = delegation.moment(start), delegation.moment(expiry)
    except ValueError as error:
        about = {"XmlNodeName": "Expiry", "XmlNodeValue": f"{start} {expiry}"}
        raise StorageError("InvalidXmlNodeValue", about) from error
    if ends <= starts or ends > call.now + delegation.LONGEST_S + 1:
        raise StorageError("InvalidXmlNodeValue", {"XmlNodeName": "Expiry", "XmlNodeValue": expiry})
