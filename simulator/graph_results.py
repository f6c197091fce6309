"""Results that are being paged through.

A result is written down once, so that all pages of one chain come from the same
moment; DuckDB holds it, and the oldest is dropped when there are too many.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from simulator import kql
from simulator.graph_scope import quoted
from simulator.kql_errors import InvalidQueryError

if TYPE_CHECKING:
    from simulator.world import World

KEPT = 16
MOST_ROWS = 200_000
"""Of results that were read to their end and are kept in case a page is asked for again."""


@dataclass(frozen=True)
class Written:
    """`whose` says which query, scope and caller it belongs to."""

    number: int
    whose: str
    total: int

    @property
    def table(self) -> str:
        return f"graph_result_{self.number}"


class Results:
    def __init__(self, world: World) -> None:
        self._connection = world.store.connection
        self._seed = world.settings.seed
        self._made = 0
        self._kept: OrderedDict[int, Written] = OrderedDict()
        self._read = set[int]()

    def write(self, translation: kql.Translation, whose: str, now: float) -> Written:
        """Run the query. Rows nobody ordered come in another order every time, the same for a seed."""
        self._made += 1
        self._make_room()
        sql = translation.sql
        if not translation.ordered:
            salt = quoted(f"{self._seed}:{self._made}")
            sql = f"SELECT * FROM ({sql}) AS _answer ORDER BY hash(_answer, {salt})"
        name = Written(self._made, whose, 0).table
        kql.execute(self._connection, f"CREATE TEMP TABLE {name} AS {sql}", translation.parameters(now))
        counted = self._connection.execute(f"SELECT count(*) FROM {name}").fetchone()
        written = Written(self._made, whose, counted[0] if counted else 0)
        self._kept[written.number] = written
        while len(self._kept) > KEPT:
            self.drop(next(iter(self._kept.values())))
        return written

    def drop(self, written: Written) -> None:
        self._connection.execute(f"DROP TABLE {written.table}")
        del self._kept[written.number]
        self._read.discard(written.number)

    def _make_room(self) -> None:
        """One that was read to its end is hardly asked for again, and a day of a large estate is 100 MB."""
        read = [one for number, one in self._kept.items() if number in self._read]
        while sum(one.total for one in read) > MOST_ROWS:
            self.drop(read.pop(0))

    def page(self, written: Written, offset: int, count: int) -> kql.Result:
        if offset + count >= written.total:
            self._read.add(written.number)
        within = f"rowid >= {offset} AND rowid < {offset + count}"
        return kql.fetch(self._connection, f"SELECT * FROM {written.table} WHERE {within} ORDER BY rowid", {})

    def groups(self, written: Written, column: str, order: str) -> kql.Result:
        """How often each value of a column occurs; `order` is SQL."""
        name = '"' + column.replace('"', '""') + '"'
        sql = f"SELECT {name}, count(*) AS count FROM {written.table} GROUP BY 1 ORDER BY {order}"
        return kql.fetch(self._connection, sql, {})

    def find(self, token: str, whose: str) -> tuple[Written, int]:
        """What a token stands for.

        Raises:
            InvalidQueryError: it is damaged, too old, or another query's.
        """
        try:
            number, offset = json.loads(base64.b64decode(token, validate=True))
            written = self._kept[number]
        except (binascii.Error, ValueError, TypeError, KeyError) as error:
            raise _bad_token("is invalid or has expired") from error
        if written.whose != whose:
            raise _bad_token("was issued for another query or another scope")
        self._kept.move_to_end(number)
        return written, offset


_HELD: WeakKeyDictionary[World, Results] = WeakKeyDictionary()


def of(world: World) -> Results:
    return _HELD.setdefault(world, Results(world))


def token(written: Written, offset: int) -> str:
    return base64.b64encode(json.dumps([written.number, offset]).encode()).decode()


def whose(*parts: Any) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _bad_token(why: str) -> InvalidQueryError:
    return InvalidQueryError({"code": "InvalidSkipToken", "message": f"The provided $skipToken {why}."})
