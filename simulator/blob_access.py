"""Who may do what with blobs: tokens and roles, user-delegation SAS; no keys, and nothing in public."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from simulator import delegation
from simulator.blob_errors import StorageError, bad_header
from simulator.blob_wire import Call, Right
from simulator.subscriptions import home_tenant
from simulator.wire import RefusedError

if TYPE_CHECKING:
    from simulator.access import Principal

_CONTAINERS = "Microsoft.Storage/storageAccounts/blobServices/containers"
_SERVICE = "Microsoft.Storage/storageAccounts/blobServices"

READ_SERVICE = Right(f"{_SERVICE}/read", data=False)
DELEGATE = Right(f"{_SERVICE}/generateUserDelegationKey/action", data=False)
READ_CONTAINER = Right(f"{_CONTAINERS}/read", data=False)
WRITE_CONTAINER = Right(f"{_CONTAINERS}/write", data=False)
DELETE_CONTAINER = Right(f"{_CONTAINERS}/delete", data=False)
LIST = Right(f"{_CONTAINERS}/blobs/read", sas="l")
READ = Right(f"{_CONTAINERS}/blobs/read", sas="r")
WRITE = Right(f"{_CONTAINERS}/blobs/write", sas="w")
CREATE = Right(f"{_CONTAINERS}/blobs/write", sas="wc")
DELETE = Right(f"{_CONTAINERS}/blobs/delete", sas="d")


def authorise(call: Call, right: Right) -> Call:
    """The call, with what a SAS grants.

    Raises:
        StorageError: 401 or 403, as storage refuses.
    """
    given = call.header("authorization")
    if given.lower().startswith("sharedkey"):
        raise StorageError("KeyBasedAuthenticationNotPermitted")
    if given:
        _check_version(call)
        _check_role(call, _principal(call), right)
        return call
    if call.query("sig"):
        return _by_signature(call, right)
    raise _anonymous(call)


def _check_version(call: Call) -> None:
    """Raises StorageError: tokens are taken from 2017-11-09 on, and only where the version is said."""
    given = call.header("x-ms-version")
    if not given:
        raise StorageError("MissingRequiredHeader", {"HeaderName": "x-ms-version"})
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", given) or given < "2017-11-09":
        raise bad_header("x-ms-version", given)


def _principal(call: Call) -> Principal:
    try:
        return call.world.access.principal(call.request)
    except RefusedError as refusal:
        about = {"AuthenticationErrorDetail": refusal.message}
        raise StorageError("InvalidAuthenticationInfo", about, _challenge(call)) from refusal


def _check_role(call: Call, caller: Principal, right: Right) -> None:
    scope = f"{call.account.id}/blobServices/default"
    if call.container_name:
        scope += f"/containers/{call.container_name}"
    if not call.world.access.may(caller, right.action, scope, data=right.data):
        raise StorageError("AuthorizationPermissionMismatch")


def _by_signature(call: Call, right: Right) -> Call:
    """A SAS grants what it says and no more than its maker may do."""
    if not call.query("skoid"):
        raise StorageError("KeyBasedAuthenticationNotPermitted")
    maker, permissions = delegation.check(call)
    if not set(right.sas) & set(permissions):
        raise StorageError("AuthorizationPermissionMismatch")
    _check_role(call, maker, right)
    return replace(call, granted=permissions)


def _anonymous(call: Call) -> StorageError:
    """Versions before 2019-12-12 hide what others answer with a challenge."""
    if call.header("x-ms-version") < "2019-12-12":
        return StorageError("ResourceNotFound")
    return StorageError("NoAuthenticationInformation", headers=_challenge(call))


def _challenge(call: Call) -> dict[str, str]:
    uri = f"https://login.microsoftonline.com/{home_tenant(call.world)}/oauth2/authorize"
    return {
        "WWW-Authenticate": f"Bearer authorization_uri={uri} resource_id=https://storage.azure.com",
    }
