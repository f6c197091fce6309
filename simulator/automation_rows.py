"""What all objects of an Automation account share: where they are, how they are kept, shown and refused.

Runbooks are rows of `resources`, as Resource Graph has them. The other objects below an account, and
what runbooks contain, are rows of the table `automation`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator import clock
from simulator.groups import check_group
from simulator.pages import paged
from simulator.routes import Routes
from simulator.store import AUTOMATION
from simulator.wire import RefusedError, Request, Response

if TYPE_CHECKING:
    from simulator.store import Row
    from simulator.world import World

ACCOUNT = (
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Automation"
    "/automationAccounts/{account}"
)
ACTION = "Microsoft.Automation/automationAccounts"
OLDEST = "2015-10-31"
PAGE = 100
_SHOWN = "Microsoft.Automation/AutomationAccounts"
_NOUNS = {
    "schedules": "Schedule",
    "jobSchedules": "Job schedule",
    "webhooks": "Webhook",
    "variables": "Variable",
    "runtimeEnvironments": "Runtime environment",
    "packages": "Package",
}
_UNSAID: dict[str, dict[str, Any]] = {
    "schedules": {
        "description": None,
        "expiryTime": "9999-12-31T23:59:59.9999999+00:00",
        "isEnabled": True,
        "interval": None,
        "timeZone": "UTC",
        "advancedSchedule": None,
        "creationTime": None,
        "lastModifiedTime": None,
    },
    "jobSchedules": {"runOn": None, "parameters": None},
    "webhooks": {"isEnabled": True},
    "variables": {"creationTime": None, "lastModifiedTime": None, "isEncrypted": False, "description": None},
    "runtimeEnvironments": {"defaultPackages": {}, "description": None},
    "packages": {"version": None, "sizeInBytes": 0, "creationTime": None, "provisioningState": "Succeeded"},
}
"""What an estate made by hand need not say of an object."""


@dataclass(frozen=True)
class Call:
    """One request to an account that is there, at one moment; `at` are the segments of its path."""

    world: World
    request: Request
    account: Row
    at: dict[str, str]
    now: float

    @property
    def stamp(self) -> str:
        return stamp(self.now)

    @property
    def name(self) -> str:
        return self.at["name"]

    def id(self, kind: str, name: str) -> str:
        return f"{self.account['id']}/{kind}/{name}"

    def find(self, kind: str, name: str) -> Row | None:
        found = self.world.store.get(AUTOMATION, self.id(kind, name), self.now)
        return found and _said(kind, found)

    def require(self, kind: str, name: str) -> Row:
        """Raises RefusedError: 404, worded as for webhooks (seen) with another noun (inferred)."""
        found = self.find(kind, name)
        if found is None:
            raise missing(_NOUNS[kind.rpartition("/")[2]])
        return found

    def all(self, kind: str) -> list[Row]:
        """The objects right below, by name."""
        under = self.id(kind, "")
        found = self.world.store.find(AUTOMATION, self.now, under=under)
        return [_said(kind, row) for row in found if "/" not in str(row["id"])[len(under) :]]

    def keep(
        self, kind: str, name: str, properties: dict[str, Any], *, since: float | None = None, **columns: Any
    ) -> Row:
        """Make this the object from `since` on (else now), in the casing it was first written in."""
        old = self.find(kind, name)
        row_id = old["id"] if old else self.id(kind, name)
        row = {
            **{key: self.account[key] for key in ("tenantId", "resourceGroup", "subscriptionId")},
            "id": row_id,
            "name": row_id.rpartition("/")[2],
            "type": "/".join(["Microsoft.Automation", *row_id.split("/")[7::2]]).lower(),
            "properties": properties,
            **columns,
        }
        self.world.store.put(AUTOMATION, row, self.now if since is None else since)
        return row

    def drop(self, row: Row) -> None:
        self.world.store.remove(AUTOMATION, row["id"], self.now)

    def body(self) -> dict[str, Any]:
        """Raises RefusedError: 400 where the body is no object."""
        given = self.request.json()
        if not isinstance(given, dict):
            raise bad("The request content was invalid: an object is expected.")
        return given

    def properties(self) -> dict[str, Any]:
        """Raises RefusedError: 400 where the body has none."""
        given = self.body().get("properties")
        if not isinstance(given, dict):
            raise bad("The request content was invalid: properties are required.")
        return given

    def written(self, shown: dict[str, Any], *, new: bool) -> Response:
        """201 with a Location for a new object, 200 for one that was there."""
        query = f"?api-version={self.request.query['api-version']}"
        headers = {"Location": f"{self.request.base}{shown['id']}{query}"} if new else {}
        return Response(201 if new else 200, shown, headers)

    def listed(self, shown: list[dict[str, Any]]) -> Response:
        return paged(self.request, shown, PAGE)


Handler = Callable[[Call], Response]


class Operations:
    """The routes of one kind of object; paths are relative to the account."""

    def __init__(self) -> None:
        self.routes = Routes()

    def on(self, method: str, path: str, action: str, *, since: str = OLDEST) -> Callable[[Handler], Handler]:
        def register(handler: Handler) -> Handler:
            @self.routes.on(method, f"{ACCOUNT}/{path}", f"{ACTION}/{action}", since=since)
            def answer(world: World, request: Request, **at: str) -> Response:
                return handler(Call(world, request, account_of(world, at), at, world.now()))

            return handler

        return register


def account_of(world: World, at: dict[str, str]) -> Row:
    """Raises RefusedError: 404, for the subscription, the group or the account."""
    found = world.store.get("resources", ACCOUNT.format(**at), world.now())
    if found is None:
        check_group(world, at["subscription"], at["group"])
        raise no_resource(f"{ACTION}/{at['account']}", at["group"])
    return found


def _said(kind: str, row: Row) -> Row:
    unsaid = _UNSAID.get(kind.rpartition("/")[2], {})
    return {**row, "name": name_of(row), "properties": {**unsaid, **(row["properties"] or {})}}


def shown(row: Row, properties: dict[str, Any]) -> dict[str, Any]:
    """An object without the columns only tracked resources have."""
    return {"id": row["id"], "name": name_of(row), "type": type_of(row), "properties": properties}


def name_of(row: Row) -> str:
    return str(row["id"]).rpartition("/")[2]


def type_of(row: Row) -> str:
    """As Automation writes it: every word begins with a capital."""
    kinds = str(row["id"]).split("/")[9::2]
    return "/".join([_SHOWN, *(kind[0].upper() + kind[1:] for kind in kinds)])


def stamp(moment: float) -> str:
    """Automation's stamps end with an offset."""
    return f"{clock.stamp(moment)[:-1]}+00:00"


def bad(message: str) -> RefusedError:
    return RefusedError(400, "BadRequest", message, envelope="flat")


def invalid(argument: str, message: str) -> RefusedError:
    """Worded as for the start of a schedule, which is the one that was seen."""
    return bad(f"Argument {argument} is not valid. Error message: {message}")


def conflict(message: str) -> RefusedError:
    return RefusedError(409, "Conflict", message, envelope="flat")


def missing(noun: str) -> RefusedError:
    return RefusedError(404, "NotFound", f"{noun} not found.", envelope="flat")


def no_resource(name: str, group: str) -> RefusedError:
    """Resource Manager itself says so of accounts and runbooks."""
    return RefusedError(
        404,
        "ResourceNotFound",
        f"The Resource '{name}' under resource group '{group}' was not found. "
        f"For more details please go to https://aka.ms/ARMResourceNotFoundFix",
        headers={"x-ms-failure-cause": "gateway"},
    )


def named(given: dict[str, Any], end: str) -> str:
    """The name in `{"runbook": {"name": ...}}`, or "" where there is none."""
    told = given.get(end)
    return str(told.get("name") or "") if isinstance(told, dict) else ""


def check_only(given: dict[str, Any], allowed: tuple[str, ...], what: str) -> None:
    """Raises RefusedError: 400 for what no update may change (inferred: Azure may ignore it)."""
    strangers = sorted(set(given) - set(allowed))
    if strangers:
        raise bad(f"{', '.join(strangers)} of a {what} cannot be updated; only {', '.join(allowed)} can.")
