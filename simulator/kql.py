"""Resource Graph's query language, run by DuckDB.

The text is checked and respelled (`kql_text`), lowered by duckdb-kql, checked
and completed again (`kql_rules`), and only then translated to SQL.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

import duckdb
import orjson
from duckdb_kql import ir
from duckdb_kql.errors import KqlError
from duckdb_kql.lower import lower
from duckdb_kql.translate import CLOCK_SLOT, clock, to_sql

from simulator.kql_bounds import Bound, bounds
from simulator.kql_errors import InvalidQueryError, NotSimulatedError
from simulator.kql_rules import checked
from simulator.kql_text import accepted
from simulator.store import DYNAMIC, TABLES, TEXT

__all__ = ["InvalidQueryError", "NotSimulatedError", "Result", "Translation", "run", "translate"]

COLUMNS = dict.fromkeys(TEXT, "string") | dict.fromkeys(DYNAMIC, "dynamic")
_KNOWN = dict.fromkeys(TABLES, COLUMNS)
_SCHEMA = {table: list(COLUMNS) for table in TABLES}
_SOME_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
_NUMBERS = {"BIGINT", "INTEGER", "HUGEINT", "SMALLINT", "TINYINT", "UBIGINT", "UINTEGER", "UHUGEINT"}


@dataclass(frozen=True)
class Translation:
    """`tables` are those it reads; `paged` says whether more rows can follow a first page.

    `started` bounds when its rows started.
    """

    sql: str
    tables: tuple[str, ...]
    uses_now: bool
    ordered: bool
    limited: bool
    paged: bool
    started: tuple[Bound, ...] = ()

    def parameters(self, now: float) -> dict[str, Any]:
        return {CLOCK_SLOT: datetime.fromtimestamp(now, UTC).replace(tzinfo=None)} if self.uses_now else {}


@dataclass(frozen=True)
class Result:
    """`columns` are (name, type) with type string, integer, number, boolean or object.

    `weight` is the number of characters in the text the rows hold.
    """

    columns: list[tuple[str, str]]
    rows: list[list[Any]]
    weight: int = 0

    def objects(self) -> list[dict[str, Any]]:
        names = [name for name, _ in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]

    def table(self) -> dict[str, Any]:
        return {"columns": [{"name": name, "type": kind} for name, kind in self.columns], "rows": self.rows}


def run(connection: duckdb.DuckDBPyConnection, query: str, now: float) -> Result:
    """Run a query on a connection that has Resource Graph's tables under their own names.

    Raises:
        InvalidQueryError: Azure would refuse the query.
        NotSimulatedError: Azure might answer it; we cannot.
    """
    translation = translate(query)
    return fetch(connection, translation.sql, translation.parameters(now))


def fetch(connection: duckdb.DuckDBPyConnection, sql: str, parameters: Mapping[str, Any]) -> Result:
    execute(connection, sql, parameters)
    described = [(str(one[0]), str(one[1])) for one in connection.description or ()]
    raw = connection.fetchall()
    weight = sum(len(value) for row in raw for value in row if isinstance(value, str))
    return Result([(name, _told(kind)) for name, kind in described], _decoded(described, raw), weight)


def execute(connection: duckdb.DuckDBPyConnection, sql: str, parameters: Mapping[str, Any]) -> None:
    """What the engine cannot carry out is never an empty page.

    Raises:
        NotSimulatedError: whatever DuckDB had against it.
    """
    try:
        connection.execute("SET TimeZone='UTC'")
        connection.execute(sql, dict(parameters) or None)
    except duckdb.Error as error:
        raise NotSimulatedError(f"the simulator cannot carry out this query: {_first_line(error)}") from error


@lru_cache(maxsize=512)
def translate(query: str) -> Translation:
    """Translate a query; now() is bound when it runs.

    Raises:
        InvalidQueryError: Azure would refuse the query.
        NotSimulatedError: Azure might answer it; we cannot.
    """
    try:
        plan, _, tables = checked(lower(accepted(query)), _KNOWN)
        with clock(_SOME_MOMENT.replace(tzinfo=None)) as pinned:
            sql = str(to_sql(plan, _SCHEMA))
    except (KqlError, RecursionError) as error:
        raise NotSimulatedError(f"the simulator cannot run this query: {_first_line(error)}") from error
    return Translation(
        sql=sql,
        tables=tuple(dict.fromkeys(tables)),
        uses_now=pinned.used,
        ordered=_is_ordered(plan.operators),
        limited=any(isinstance(one, ir.Take) for one in plan.operators),
        paged=not any(isinstance(one, ir.Summarize) for one in plan.operators),
        started=bounds(plan.operators) if len(set(tables)) == 1 else (),
    )


def _is_ordered(operators: Iterable[ir.Operator]) -> bool:
    ordered = False
    for one in operators:
        if isinstance(one, ir.Sort | ir.Top):
            ordered = True
        elif isinstance(one, ir.Summarize | ir.Distinct | ir.Join | ir.Union | ir.Count):
            ordered = False
    return ordered


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


def _told(kind: str) -> str:
    if kind in _NUMBERS:
        return "integer"
    if kind in ("DOUBLE", "FLOAT") or kind.startswith("DECIMAL"):
        return "number"
    if kind == "BOOLEAN":
        return "boolean"
    return "object" if kind == "JSON" or kind.endswith("[]") else "string"


def _decoded(described: list[tuple[str, str]], rows: list[tuple[Any, ...]]) -> list[list[Any]]:
    readers = [_READERS.get(kind, _plain) for _, kind in described]
    return [[read(value) for read, value in zip(readers, row, strict=True)] for row in rows]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        fraction = f".{value.microsecond:06d}".rstrip("0") if value.microsecond else ""
        return value.strftime("%Y-%m-%dT%H:%M:%S") + fraction + "Z"
    if isinstance(value, timedelta):
        return _timespan(value)
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value


def _timespan(value: timedelta) -> str:
    """`[-][d.]hh:mm:ss[.fffffff]`, as .NET writes it."""
    sign, value = ("-", -value) if value < timedelta() else ("", value)
    hours, rest = divmod(value.seconds, 3600)
    days = f"{value.days}." if value.days else ""
    fraction = f".{value.microseconds:06d}0" if value.microseconds else ""
    return f"{sign}{days}{hours:02d}:{rest // 60:02d}:{rest % 60:02d}{fraction}"


def _document(value: str | None) -> Any:
    """Most of the time of a page goes here; what the quick reader refuses may still be JSON."""
    if value is None:
        return None
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return json.loads(value)


def _documents(value: list[str | None] | None) -> Any:
    return None if value is None else [_document(one) for one in value]


_READERS: dict[str, Callable[[Any], Any]] = {"JSON": _document, "JSON[]": _documents}
