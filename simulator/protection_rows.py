"""Where the objects of a Backup vault stand in the store, and how their service tells and refuses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from simulator.groups import check_group
from simulator.protection_errors import cause, user_facing
from simulator.store import Row
from simulator.wire import RefusedError, Request

if TYPE_CHECKING:
    from simulator.world import World

SUBSCRIPTION = "/subscriptions/{subscription}"
GROUP = SUBSCRIPTION + "/resourceGroups/{group}"
PROVIDER = "/providers/Microsoft.DataProtection"
VAULT = GROUP + PROVIDER + "/backupVaults/{vault}"
INSTANCE = VAULT + "/backupInstances/{instance}"
"""Patterns of routes, and templates of ids."""

TABLE = "recoveryservicesresources"
ACTION = "Microsoft.DataProtection/backupVaults"
VAULTS = "microsoft.dataprotection/backupvaults"
INSTANCES = f"{VAULTS}/backupinstances"
DELETED = f"{VAULTS}/deletedbackupinstances"
JOBS = f"{VAULTS}/backupjobs"
POLICIES = f"{VAULTS}/backuppolicies"
_AS_TOLD = f"{PROVIDER}/backupVaults"
OLDEST = "2021-07-01"
_GONE = (
    "Azure resource does not exist. Please make sure required resources exist. If the issue persists, "
    "contact Microsoft support."
)


def require_vault(world: World, at: dict[str, str]) -> Row:
    """The vault a request is about.

    Raises:
        RefusedError: 404, as the gateway words it.
    """
    for table in ("resources", TABLE):
        row = world.store.get(table, VAULT.format(**at), world.now())
        if row:
            return world.rest_row(row)
    check_group(world, at["subscription"], at["group"])
    raise RefusedError(
        404,
        "ResourceNotFound",
        f"The Resource 'Microsoft.DataProtection/BackupVaults/{at['vault']}' under resource group "
        f"'{at['group']}' was not found. For more details please go to "
        f"https://aka.ms/ARMResourceNotFoundFix",
        headers={"x-ms-failure-cause": "gateway"},
    )


def require(world: World, request: Request, at: dict[str, str], path: str) -> Row:
    """The object at `path` below the vault, as its vault knows it.

    Raises:
        RefusedError: 404, for the vault or for the object.
    """
    require_vault(world, at)
    row = world.store.get(TABLE, f"{VAULT.format(**at)}/{path}", world.now())
    if row is None:
        raise gone(request)
    return world.rest_row(row)


def rows(world: World, kind: str, at: dict[str, str]) -> list[Row]:
    """What a vault holds of one type, as the vault knows it, by id."""
    require_vault(world, at)
    found = world.store.find(TABLE, world.now(), type=kind, under=VAULT.format(**at))
    return [world.rest_row(row) for row in found]


def told(row: Row, type: str, properties: dict[str, Any]) -> dict[str, Any]:
    body = {"properties": properties, "id": cased(row["id"]), "name": row["name"], "type": type}
    return body | ({"tags": row["tags"]} if row.get("tags") else {})


def cased(row_id: str) -> str:
    """Ids of Resource Graph have BackupVaults now and then; the service's own rarely."""
    return re.sub(r"/providers/[^/]+/backupVaults(?=/)", _AS_TOLD, row_id, count=1, flags=re.IGNORECASE)


def without_nulls(properties: Any) -> Any:
    """As the service tells all but jobs: what Resource Graph has as null is left out."""
    if not isinstance(properties, dict):
        return properties
    return {name: without_nulls(one) for name, one in properties.items() if one is not None}


def version(request: Request) -> str:
    return request.query.get("api-version", "")


def gone(request: Request) -> RefusedError:
    """What is not there, in the envelopes of the api-versions that were recorded."""
    code = "UserErrorGenericResourceNotFound"
    old = version(request) < "2024"
    if old and request.method == "POST":
        return RefusedError(404, code, _GONE, envelope="backup")
    nulls = {"target": None, "details": None, **({"innerError": None} if old else {})}
    return RefusedError(404, code, _GONE, extra=nulls, headers={"x-ms-error-code": code})


def user_error(code: str, activity: str, message: str = "") -> dict[str, Any]:
    """An error with the UserFacingError inside that tells the same at greater length."""
    said = {"message": message} if message else {}
    info = user_facing(code, properties={"ActivityId": activity}, **said)
    return {
        "additionalInfo": [{"type": "UserFacingError", "info": info}],
        "code": cause(code).code,
        "message": info["message"],
        "target": None,
        "details": None,
    }


def refusal(world: World, code: str, message: str = "") -> RefusedError:
    error = user_error(code, world.new_id(), message)
    return RefusedError(400, error.pop("code"), error.pop("message"), extra=error)


def invalid(world: World, message: str) -> RefusedError:
    code = "BMSUserErrorInvalidInput"
    return refusal(world, code, f"{cause(code).message} {message}")
