"""Which rows a Resource Graph request is about."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.kql import COLUMNS
from simulator.kql_bounds import Bound
from simulator.kql_errors import InvalidQueryError
from simulator.store import TABLES, as_moment

if TYPE_CHECKING:
    from simulator.access import Principal
    from simulator.world import World

MAX_SUBSCRIPTIONS = 1000
"""In one request that names them."""
MAX_REACHED = 10_000
"""Under a management group or a tenant; the rest is left out and a header says so."""
_SUBSCRIPTION = "lower(type) = 'microsoft.resources/subscriptions'"
_GROUP_OF = "regexp_extract(_key, '^/providers/microsoft.management/managementgroups/([^/]+)', 1)"
_ABOVE = ("policyresources", "authorizationresources")


@dataclass(frozen=True)
class Scope:
    """Names as the client gave them, all lower-cased; neither means the whole tenant."""

    subscriptions: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    above: bool = False


class Reader:
    """One caller's view of the estate at one moment."""

    def __init__(self, world: World, caller: Principal, at: float) -> None:
        self._store = world.store
        self._readable = inlined(*world.access.visible_sql(caller))
        self._at = at

    def show(self, tables: tuple[str, ...], scope: Scope, started: tuple[Bound, ...] = ()) -> bool:
        """Make views, named as the tables, of the rows in scope; True when some were left out.

        Rows that did not start within `started` are not asked for, and need not be there.

        Raises:
            InvalidQueryError: there is no subscription in this scope that the caller may read.
        """
        subscriptions, cut = self._reached(scope)
        for table in tables:
            rows = f"SELECT {', '.join(COLUMNS)} FROM ({self._rows(table)})"
            condition = " AND ".join([self._condition(table, scope, subscriptions), *map(_within, started)])
            self._store.connection.execute(f"CREATE OR REPLACE TEMP VIEW {table} AS {rows} WHERE {condition}")
        return cut

    def _rows(self, table: str) -> str:
        return f"SELECT * FROM ({self._store.as_of(table, self._at)}) WHERE {self._readable}"

    def _values(self, sql: str) -> list[Any]:
        return [row[0] for row in self._store.connection.execute(sql).fetchall()]

    def _reached(self, scope: Scope) -> tuple[list[str] | None, bool]:
        """Subscriptions in scope, None for all, and whether some were left out."""
        if scope.subscriptions:
            if not any(self._knows(table, scope.subscriptions) for table in ("resourcecontainers", *TABLES)):
                raise _nothing_readable()
            return list(scope.subscriptions), False
        within = f"list_has_any({_chain()}, {listed(scope.groups)})" if scope.groups else "true"
        found = self._values(
            f"SELECT lower(subscriptionId) FROM ({self._rows('resourcecontainers')}) "
            f"WHERE {_SUBSCRIPTION} AND {within} ORDER BY 1 LIMIT {MAX_REACHED + 1}"
        )
        if scope.groups and not found and not self._values(f"SELECT 1 FROM ({self._groups(scope)})"):
            raise _nothing_readable()
        cut = len(found) > MAX_REACHED
        return (found[:MAX_REACHED] if scope.groups or cut else None), cut

    def _knows(self, table: str, subscriptions: tuple[str, ...]) -> bool:
        wanted = f"lower(subscriptionId) IN {tupled(subscriptions)}"
        return bool(self._values(f"SELECT 1 FROM ({self._rows(table)}) WHERE {wanted} LIMIT 1"))

    def _groups(self, scope: Scope) -> str:
        return f"SELECT * FROM ({self._rows('resourcecontainers')}) WHERE {_group_rows(scope)}"

    def _condition(self, table: str, scope: Scope, subscriptions: list[str] | None) -> str:
        if subscriptions is None:
            return "true"
        parts = [f"lower(subscriptionId) IN {tupled(subscriptions)}"]
        if scope.groups and table == "resourcecontainers":
            parts.append(_group_rows(scope))
        if scope.above and table in _ABOVE:
            parts.append(
                f"(subscriptionId = '' AND {_GROUP_OF} IN {tupled(['', *self._over(subscriptions)])})"
            )
        return "(" + " OR ".join(parts) + ")"

    def _over(self, subscriptions: list[str]) -> list[str]:
        """The management groups above these subscriptions."""
        return self._values(
            f"SELECT DISTINCT unnest({_chain()}) FROM ({self._rows('resourcecontainers')}) "
            f"WHERE {_SUBSCRIPTION} AND lower(subscriptionId) IN {tupled(subscriptions)}"
        )


def _within(bound: Bound) -> str:
    """Holds too of a row whose start is no moment."""
    return f"coalesce(_started {bound[0]} {as_moment(quoted(bound[1]))}, true)"


def _chain(under: str = "") -> str:
    """The names of the management groups above a row, lower-cased."""
    path = f"$.{under}managementGroupAncestorsChain[*].name"
    return f"list_transform(json_extract_string(properties, '{path}'), lambda one: lower(one))"


def _group_rows(scope: Scope) -> str:
    """The groups themselves and those below."""
    names = listed(scope.groups)
    return (
        f"(lower(type) = 'microsoft.management/managementgroups' AND (list_contains({names}, lower(name)) "
        f"OR list_has_any({_chain('details.')}, {names})))"
    )


def _nothing_readable() -> InvalidQueryError:
    message = "There must be at least one subscription that is eligible to contain resources. Given: ''."
    return InvalidQueryError({"code": "NoValidSubscriptionsInQueryRequest", "message": message})


def quoted(value: Any) -> str:
    return "'" + str(value).replace("'", "''") + "'"


def listed(values: Any) -> str:
    return "[" + ", ".join(quoted(one) for one in values) + "]"


def tupled(values: Any) -> str:
    return "(" + ", ".join(quoted(one) for one in values or ("",)) + ")"


def inlined(sql: str, values: list[Any]) -> str:
    """A view takes no parameters."""
    waiting = iter(values)
    return re.sub(r"\?", lambda _: quoted(next(waiting)), sql)
