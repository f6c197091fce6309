"""File shares of storage accounts, as Resource Manager lists them; they are no rows of Resource Graph."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from simulator import share_rows
from simulator.groups import check_group
from simulator.pages import number, paged
from simulator.recovery_rows import GROUP, ITEMS, PROTECTABLE, TABLE
from simulator.routes import Routes
from simulator.store import Row
from simulator.wire import RefusedError, Request, Response

if TYPE_CHECKING:
    from simulator.world import World

routes = Routes()
_ACCOUNT = GROUP + "/providers/Microsoft.Storage/storageAccounts/{account}"
_SERVICE = _ACCOUNT + "/fileServices/default"
_TYPE = "Microsoft.Storage/storageAccounts/fileServices"
_OLDEST = "2019-04-01"
_PAGE = 5000
_LONG_AGO = "2025-01-01T00:00:00Z"
_WITHOUT_FILES = ("blobstorage", "blockblobstorage")
"""Kinds of accounts that hold blobs alone, as do premium ones of the general kinds."""


@routes.on("GET", _SERVICE + "/shares", f"{_TYPE}/shares/read", since=_OLDEST)
def shares(world: World, request: Request, **at: str) -> Response:
    """`$filter` is how names begin; `$expand=deleted` adds the deleted, which come last."""
    account = _require_files(world, at)
    expanded = request.query.get("$expand", "").lower().split(",")
    begins = request.query.get("$filter", "").lower()
    found = [
        _body(account, share)
        for share in _shares(world, account)
        if str(share["name"]).lower().startswith(begins) and ("deleted" in expanded or not _is_deleted(share))
    ]
    return paged(request, found, min(number(request, "$maxpagesize", _PAGE), _PAGE) or _PAGE)


@routes.on("GET", _SERVICE + "/shares/{share}", f"{_TYPE}/shares/read", since=_OLDEST)
def share(world: World, request: Request, **at: str) -> Response:
    account = _require_files(world, at)
    for one in _shares(world, account):
        if str(one["name"]).lower() == at["share"].lower() and not _is_deleted(one):
            return Response(200, _body(account, one))
    raise RefusedError(404, "ShareNotFound", "The specified share does not exist.")


@routes.on("GET", _SERVICE, f"{_TYPE}/read", since=_OLDEST)
def file_service(world: World, request: Request, **at: str) -> Response:
    account = _require_files(world, at)
    return Response(
        200,
        {
            "sku": account["sku"],
            "properties": {
                "protocolSettings": {"smb": {}},
                "shareDeleteRetentionPolicy": {"enabled": True, "days": 7},
            },
            "id": f"{account['id']}/fileServices/default",
            "name": "default",
            "type": _TYPE,
        },
    )


def _require_files(world: World, at: dict[str, str]) -> Row:
    """The account, if it has a file service.

    Raises:
        RefusedError: 404 for one that is not there, 400 for one that holds blobs alone.
    """
    account = world.store.get("resources", _ACCOUNT.format(**at), world.now())
    if account is None:
        check_group(world, at["subscription"], at["group"])
        raise RefusedError(
            404,
            "ResourceNotFound",
            f"The Resource 'Microsoft.Storage/storageAccounts/{at['account']}' under resource group "
            f"'{at['group']}' was not found. For more details please go to "
            f"https://aka.ms/ARMResourceNotFoundFix",
            headers={"x-ms-failure-cause": "gateway"},
        )
    kind, tier = str(account["kind"] or "").lower(), str((account["sku"] or {}).get("name") or "").lower()
    if kind in _WITHOUT_FILES or (tier.startswith("premium") and kind != "filestorage"):
        raise RefusedError(400, "FeatureNotSupportedForAccount", "File is not supported for the account.")
    return account


def _shares(world: World, account: Row) -> list[dict[str, Any]]:
    """Those that `world.json` names, and those that rows do: the deleted last, each by name."""
    said = world.known.shares.get(str(account["id"]).lower(), [])
    known = {str(one["name"]).lower() for one in said}
    modified = (account["properties"] or {}).get("creationTime") or _LONG_AGO
    others = {name.lower(): name for name in _named_by_rows(world, account) if name.lower() not in known}
    blank = {"lastModifiedTime": modified, "enabledProtocols": "SMB"}
    found = [{**blank, **one} for one in said]
    found += [share_rows.as_listed(name, modified=modified) for name in others.values()]
    return sorted(found, key=lambda one: (_is_deleted(one), str(one["name"])))


def _named_by_rows(world: World, account: Row) -> list[str]:
    """Shares that a vault has as items, unless it says that they are gone, or has discovered."""
    found = [
        row["properties"]
        for kind in (ITEMS, PROTECTABLE)
        for row in world.store.about(TABLE, kind, account["id"], world.now())
    ]
    return [
        str(given["friendlyName"])
        for given in found
        if given.get("workloadType") == "AzureFileShare" and given.get("isDatasourceDeleted") is not True
    ]


def _is_deleted(share: dict[str, Any]) -> bool:
    return share.get("deleted") is True


def _body(account: Row, share: dict[str, Any]) -> dict[str, Any]:
    properties = {name: one for name, one in share.items() if name != "name"}
    mark = hashlib.sha256(f"{share['name']}/{properties['lastModifiedTime']}".encode()).hexdigest()[:15]
    return {
        "id": f"{account['id']}/fileServices/default/shares/{share['name']}",
        "name": share["name"],
        "type": f"{_TYPE}/shares",
        "etag": f'"0x{mark.upper()}"',
        "properties": properties,
    }
