"""Who is asking, and what they may see and do."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.lighthouse import Delegations
from simulator.roles import Role, role
from simulator.wire import RefusedError, Request

_ARM_AUDIENCES = (
    "https://management.core.windows.net/",
    "https://management.core.windows.net",
    "https://management.azure.com/",
    "https://management.azure.com",
)
_GROUPS = "/providers/microsoft.management/managementgroups/"


@dataclass(frozen=True)
class Principal:
    tenant: str
    object_id: str
    client_id: str


@dataclass(frozen=True)
class Assignment:
    """`principal` is a lower-cased client or object id; "" is everybody."""

    role: Role
    scope: str
    principal: str


class Access:
    """Rights over scopes: a scope is an id prefix by whole segments, `/`, or a management group.

    `ancestors` names the management groups above each subscription. Without any
    assignment everything is allowed but what is forbidden, or ends at the caller's tenant.
    """

    def __init__(
        self,
        role_assignments: Iterable[Mapping[str, Any]] = (),
        forbidden: Iterable[str] = (),
        ancestors: Mapping[str, Iterable[str]] | None = None,
        delegations: Delegations | None = None,
    ) -> None:
        self._delegations = delegations or Delegations({}, "")
        self._assignments = [_assignment(given) for given in role_assignments]
        self._forbidden = [_folded(scope) for scope in forbidden]
        self._above = {
            subscription.lower(): {name.lower() for name in names}
            for subscription, names in (ancestors or {}).items()
        }

    def principal(self, request: Request) -> Principal:
        """Read the bearer token.

        Raises:
            RefusedError: 401, worded as ARM words it.
        """
        claims = _claims(request)
        _check_audience(request, str(claims.get("aud", "")))
        _check_expiry(claims)
        return Principal(
            tenant=str(claims.get("tid", "")),
            object_id=str(claims.get("oid", "")),
            client_id=str(claims.get("appid", claims.get("azp", ""))),
        )

    def check(self, request: Request, action: str, scope: str, *, data: bool = False) -> Principal:
        """Refuse who has no right; an empty scope asks for a valid token only.

        Raises:
            RefusedError: 401 or 403.
        """
        caller = self.principal(request)
        if scope and not self.may(caller, action, scope, data=data):
            raise forbidden(caller, action, scope)
        return caller

    def may(self, caller: Principal, action: str, scope: str, *, data: bool = False) -> bool:
        target = _folded(scope)
        if any(self._covers(closed, target) for closed in self._forbidden):
            return False
        if self._delegations.close(caller.tenant, action, target):
            return False
        return not self._assignments or any(
            one.role.allows(action, data=data) and self._covers(one.scope, target) for one in self._of(caller)
        )

    def roles_at(self, caller: Principal, scope: str) -> list[Role]:
        """The roles this caller holds at a scope or above it; all rights where nothing is assigned."""
        target = _folded(scope)
        if any(self._covers(closed, target) for closed in self._forbidden):
            return []
        if not self._assignments:
            return [Role(("*",))]
        return [one.role for one in self._of(caller) if self._covers(one.scope, target)]

    def visible_sql(self, caller: Principal) -> tuple[str, list[Any]]:
        """A condition over `_key` and `type` that holds for the rows this caller may read."""
        closed = [self._under_sql(scope) for scope in self._forbidden]
        opened = [self._readable_sql(one) for one in self._of(caller)]
        parts, values = list[str](), list[Any]()
        for condition, given in closed:
            parts.append(f"NOT {condition}")
            values += given
        if self._assignments:
            parts.append("(" + " OR ".join(condition for condition, _ in opened) + ")" if opened else "false")
            values += [value for _, given in opened for value in given]
        here, names = self._delegations.open_sql(caller.tenant)
        if here:
            parts.append(here)
            values += names
        return " AND ".join(parts) or "true", values

    def _of(self, caller: Principal) -> list[Assignment]:
        names = {"", caller.object_id.lower(), caller.client_id.lower()}
        return [one for one in self._assignments if one.principal in names]

    def _covers(self, scope: str, target: str) -> bool:
        if under(scope, target):
            return True
        return any(under(branch, target) for branch in self._branches(scope))

    def _branches(self, scope: str) -> list[str]:
        """The subscriptions of a management group."""
        if not scope.startswith(_GROUPS):
            return []
        name = scope.removeprefix(_GROUPS)
        return [f"/subscriptions/{one}" for one, names in self._above.items() if name in names]

    def _under_sql(self, scope: str) -> tuple[str, list[Any]]:
        if not scope:
            return "true", []
        branches = [scope, *self._branches(scope)]
        each = "(_key = ? OR starts_with(_key, ?))"
        values = [text for branch in branches for text in (branch, branch + "/")]
        return "(" + " OR ".join([each] * len(branches)) + ")", values

    def _readable_sql(self, one: Assignment) -> tuple[str, list[Any]]:
        where, values = self._under_sql(one.scope)
        reads, not_reads = list(one.role.actions), list(one.role.not_actions)
        each = "lower(type) || '/read' LIKE ? ESCAPE '\\'"
        allowed = " OR ".join([each] * len(reads)) or "false"
        denied = "".join(f" AND NOT {each}" for _ in not_reads)
        return f"({where} AND ({allowed}){denied})", values + [_like(one) for one in reads + not_reads]


def under(scope: str, target: str) -> bool:
    """Whether `target` is `scope` or below it; both folded, "" being the root."""
    return not scope or target == scope or target.startswith(scope + "/")


def forbidden(caller: Principal, action: str, scope: str) -> RefusedError:
    who = caller.object_id
    return RefusedError(
        403,
        "AuthorizationFailed",
        f"The client '{who}' with object id '{who}' does not have authorization to perform action "
        f"'{action}' over scope '{scope}' or the scope is invalid. If access was recently granted, "
        f"please refresh your credentials.",
    )


def _assignment(given: Mapping[str, Any]) -> Assignment:
    strangers = set(given) - {"role", "scope", "principal"}
    if strangers or not {"role", "scope"} <= set(given):
        raise ValueError(f"a role assignment has role, scope and maybe principal, got {dict(given)!r}")
    return Assignment(role(given["role"]), _folded(given["scope"]), str(given.get("principal", "")).lower())


def _folded(scope: Any) -> str:
    if not isinstance(scope, str) or not scope.startswith("/"):
        raise ValueError(f"a scope starts with '/', got {scope!r}")
    return scope.lower().rstrip("/")


def _like(pattern: str) -> str:
    escaped = pattern.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped.replace("*", "%")


def _claims(request: Request) -> dict[str, Any]:
    header = request.headers.get("authorization", "")
    if not header:
        raise _unauthenticated(
            "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing."
        )
    scheme, _, token = header.partition(" ")
    try:
        payload = token.split(".", 2)[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        claims = None
    if scheme.lower() != "bearer" or not isinstance(claims, dict):
        raise _unauthenticated("InvalidAuthenticationToken", "The access token is invalid.")
    return claims


def _check_audience(request: Request, audience: str) -> None:
    allowed = _audiences(request.host)
    if audience not in allowed:
        names = ",".join(f"'{one}'" for one in allowed)
        raise _unauthenticated(
            "InvalidAuthenticationTokenAudience",
            f"The access token has been obtained for wrong audience or resource '{audience}'. "
            f"It should exactly match with one of the allowed audiences {names}.",
        )


def _audiences(host: str) -> tuple[str, ...]:
    if ".core.windows.net" in host:
        own = f"https://{host.partition(':')[0]}"
        return ("https://storage.azure.com/", "https://storage.azure.com", own, own + "/")
    return _ARM_AUDIENCES


def _check_expiry(claims: Mapping[str, Any]) -> None:
    expires, now = float(claims.get("exp", 0)), time.time()
    if expires < now:
        raise _unauthenticated(
            "ExpiredAuthenticationToken",
            f"The access token expiry UTC time '{_american(expires)}' is earlier than current UTC time "
            f"'{_american(now)}'.",
        )


def _american(moment: float) -> str:
    """`11/22/2026 3:04:05 AM`, as ARM writes times in prose."""
    at = time.gmtime(moment)
    return f"{at.tm_mon}/{at.tm_mday}/{at.tm_year} {at.tm_hour % 12 or 12}{time.strftime(':%M:%S %p', at)}"


def _unauthenticated(code: str, message: str) -> RefusedError:
    challenge = (
        'Bearer authorization_uri="https://login.microsoftonline.com/common", '
        f'error="invalid_token", error_description="{message}"'
    )
    return RefusedError(401, code, message, headers={"WWW-Authenticate": challenge})
