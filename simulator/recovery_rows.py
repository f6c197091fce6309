"""Where the objects of a Recovery Services vault stand in the store, and what of a row its service tells."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from simulator.store import Row
from simulator.wire import RefusedError, Request, Response

if TYPE_CHECKING:
    from simulator.world import World

SUBSCRIPTION = "/subscriptions/{subscription}"
GROUP = SUBSCRIPTION + "/resourceGroups/{group}"
VAULT = GROUP + "/providers/Microsoft.RecoveryServices/vaults/{vault}"
CONTAINER = VAULT + "/backupFabrics/{fabric}/protectionContainers/{container}"
ITEM = CONTAINER + "/protectedItems/{item}"
JOB = VAULT + "/backupJobs/{job}"
POLICY = VAULT + "/backupPolicies/{policy}"
"""Patterns of routes, and templates of ids."""

TABLE = "recoveryservicesresources"
VAULTS = "microsoft.recoveryservices/vaults"
JOBS = f"{VAULTS}/backupjobs"
ITEMS = f"{VAULTS}/backupfabrics/protectioncontainers/protecteditems"
PROTECTABLE = f"{VAULTS}/backupfabrics/protectioncontainers/protectableitems"
POLICIES = f"{VAULTS}/backuppolicies"
ACTION = "Microsoft.RecoveryServices/vaults"
OLDEST = "2016-06-01"
PAGE = 1000


def require_vault(world: World, at: dict[str, str]) -> Row:
    """The vault a request is about.

    Raises:
        RefusedError: 404, as the gateway words it.
    """
    vault = VAULT.format(**at)
    for table in ("resources", TABLE):
        row = world.store.get(table, vault, world.now())
        if row:
            return world.rest_row(row)
    raise RefusedError(
        404,
        "ResourceNotFound",
        f"The Resource '{ACTION}/{at['vault']}' under resource group '{at['group']}' was not found. "
        f"For more details please go to https://aka.ms/ARMResourceNotFoundFix",
        headers={"x-ms-failure-cause": "gateway"},
    )


def require_item(world: World, at: dict[str, str]) -> Row:
    """The protected item a request is about, as its vault knows it.

    Raises:
        RefusedError: 404, the words as in hashicorp/terraform-provider-azurerm#9452.
    """
    require_vault(world, at)
    row = world.store.get(TABLE, ITEM.format(**at), world.now())
    if row is None:
        raise refusal(
            404,
            "BMSUserErrorDataSourceObjectNotFound",
            "Item not found.\r\nSelected item might have been deleted. "
            "Please check if item is registered to the vault.",
        )
    return world.rest_row(row)


def require_job(world: World, at: dict[str, str]) -> Row:
    require_vault(world, at)
    row = world.store.get(TABLE, JOB.format(**at), world.now())
    if row is None:
        raise gone(f"The job {at['job']} does not exist in the vault.")
    return world.rest_row(row)


def refusal(status: int, code: str, message: str) -> RefusedError:
    """A refusal of the service itself, which sends three nulls more than the gateway."""
    return RefusedError(status, code, message, extra={"target": None, "details": None, "innerError": None})


def invalid(message: str) -> RefusedError:
    return refusal(400, "BMSUserErrorInvalidInput", f"Input provided for the call is invalid\r\n{message}")


def gone(message: str) -> RefusedError:
    return RefusedError(404, "UserErrorGenericResourceNotFound", message, envelope="backup")


def rows(world: World, kind: str, at: dict[str, str]) -> list[Row]:
    """What a vault holds of one type, as the vault knows it, by id."""
    require_vault(world, at)
    found = world.store.find(TABLE, world.now(), type=kind, under=VAULT.format(**at))
    return [world.rest_row(row) for row in found]


def vault_of(row_id: str) -> str:
    """The id of the vault an id lies in, in its own casing."""
    match = re.match(r"(.*?/vaults/[^/]+)/", row_id, re.IGNORECASE)
    return match[1] if match else row_id


def odd(row_id: str) -> str:
    """Recovery Services writes the first segment of its ids with a capital."""
    return re.sub(r"^/subscriptions/", "/Subscriptions/", row_id)


def told(row: Row, properties: dict[str, Any], type: str) -> dict[str, Any]:
    """The body of an object: keys without a value are left out, never null."""
    body: dict[str, Any] = {"id": odd(row["id"]), "name": row["name"], "type": type}
    if row.get("tags"):
        body["tags"] = row["tags"]
    body["properties"] = {name: one for name, one in properties.items() if one is not None}
    return body


def page(
    request: Request, found: list[Row], told_as: Callable[[Row], dict[str, Any]], size: int = PAGE
) -> Response:
    """One page of a list; the last has no `nextLink`."""
    start = _offset(request.query.get("$skiptoken", ""))
    body: dict[str, Any] = {"value": [told_as(row) for row in found[start : start + size]]}
    if start + size < len(found):
        token = base64.urlsafe_b64encode(f"from:{start + size}".encode()).decode()
        names = {"$filter": "$filter", "api-version": "api-version"}
        query = {names[name]: one for name, one in request.query.items() if name in names}
        body["nextLink"] = f"{request.base}{request.path}?{urlencode({**query, '$skipToken': token})}"
    return Response(200, body)


def _offset(token: str) -> int:
    if not token:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token).decode().removeprefix("from:"))
    except ValueError as error:
        raise invalid(f"The skip token {token!r} is not valid.") from error
