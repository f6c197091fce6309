"""Every row of the estate, with its past and its future.

A row is kept as versions, each valid from a moment until the next version's.
Reading is always "as of t", so a backup that is going to end at t writes its
final version when it starts, and nothing has to tick. Reading as of an earlier
moment is how Resource Graph lags behind the services.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

Row = dict[str, Any]
"""A row as Resource Graph returns it: id, name, type, subscriptionId, properties..."""

TEXT = ("id", "name", "type", "tenantId", "kind", "location", "resourceGroup", "subscriptionId", "managedBy")
DYNAMIC = ("sku", "plan", "properties", "tags", "identity", "zones", "extendedLocation", "systemData")
TABLES = (
    "resources",
    "resourcecontainers",
    "recoveryservicesresources",
    "alertsmanagementresources",
    "policyresources",
    "authorizationresources",
    "advisorresources",
    "healthresources",
)
AUTOMATION = "automation"
KEPT = (*TABLES, AUTOMATION)
"""All that a store holds; no query of Resource Graph sees what stands only here."""
FOREVER = 9e15
"""Later than any moment; the `_until` of a row's last version."""


class UnreadableError(ValueError):
    """A file of rows has a line that is none."""


_SOURCES = (
    ("sourceResourceId",),
    ("dataSourceInfo", "resourceID"),
    ("parentContainerFabricId",),
    ("context", "protectedItemId"),
)
"""Where rows of backup services, and alerts about them, say what they are of."""


@dataclass(frozen=True)
class Version:
    """One state of one row; `row` None means the row does not exist from `since` on."""

    table: str
    key: str
    since: float
    row: Row | None


class Store:
    """One DuckDB table per kept table: the columns of Resource Graph, then `_key _from _until _started`.

    Text columns are never NULL ('' stands for absent, as in KQL); dynamic ones
    are JSON. `_key` is the lower-cased id, `_started` the moment in `properties.startTime`
    by which a day of jobs is found without reading all that they tell.
    """

    def __init__(self) -> None:
        self._about: dict[str, dict[str, set[str]]] = {}
        self.connection = duckdb.connect(":memory:", config={"threads": 2})
        # What takes two seconds would draw a bar on stdout, which is the command's.
        self.connection.execute("SET enable_progress_bar = false")
        self.connection.execute("SET TimeZone = 'UTC'")
        columns = [f"{name} VARCHAR" for name in TEXT] + [f"{name} JSON" for name in DYNAMIC]
        extra = ["_key VARCHAR", "_from DOUBLE", "_until DOUBLE", "_started TIMESTAMP"]
        for table in KEPT:
            self.connection.execute(f"CREATE TABLE {rows_of(table)} ({', '.join(columns + extra)})")
            self.connection.execute(f"CREATE INDEX {table}_key ON {rows_of(table)} (_key)")

    def load(self, table: str, rows: Iterable[Row]) -> None:
        """Add rows that have always been there; a repeated id is a ValueError."""
        with tempfile.NamedTemporaryFile("w", suffix=".ndjson", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
            file.flush()
            self.read(table, Path(file.name))

    def read(self, table: str, path: Path) -> None:
        """Add rows that have always been there, one a line; DuckDB reads them without our help.

        Raises:
            ValueError: an id stands there twice.
            UnreadableError: some line is no row; `parsed` says what is wrong with it.
        """
        if not path.stat().st_size:
            return
        self._about.clear()
        name, file = rows_of(table), [str(path)]
        try:
            strange = self.connection.execute(_STRANGE, file).fetchone()
            self.connection.execute(
                f"INSERT INTO {name} SELECT {_selected()}, lower(id), 0.0, {FOREVER!r}, {STARTED} "
                f"FROM read_json(?, {_LINES}, columns={_columns()})",
                file,
            )
        except duckdb.Error as error:
            raise UnreadableError(f"{table}: {error}") from error
        if strange:
            raise UnreadableError(f"{table}: {strange[0]:.80}")
        self._check_once(table)

    def _check_once(self, table: str) -> None:
        """Keys are long and many, so that their hashes are counted first."""
        name = rows_of(table)
        twice = self.connection.execute(
            f"SELECT _key FROM {name} WHERE hash(_key) IN "
            f"(SELECT hash(_key) FROM {name} GROUP BY 1 HAVING count(*) > 1) "
            "GROUP BY _key HAVING count(*) > 1 LIMIT 1"
        ).fetchone()
        if twice:
            raise ValueError(f"{table}: two rows have the id {twice[0]!r}; ids differ by more than case")

    def is_empty(self, table: str) -> bool:
        """No row was ever in it: most tables of most estates, and what need not be asked costs nothing."""
        return not self.connection.execute(f"SELECT 1 FROM {rows_of(table)} LIMIT 1").fetchall()

    def put(self, table: str, row: Row, since: float) -> None:
        """Make `row` the truth from `since` on, whatever was to come."""
        key = str(row["id"]).lower()
        self.remove(table, key, since)
        marks = ", ".join("?" * (len(TEXT) + len(DYNAMIC) + 3))
        self.connection.execute(
            f"INSERT INTO {rows_of(table)} VALUES ({marks}, {as_moment('?')})",
            [*_filled(row), since, FOREVER, _start(row)],
        )
        if (known := self._about.get(str(row["type"]).lower())) is not None:
            for source in _sources(row):
                known.setdefault(source, set()).add(key)

    def remove(self, table: str, row_id: str, since: float) -> None:
        """The row does not exist from `since` on."""
        key, name = row_id.lower(), rows_of(table)
        self.connection.execute(f"DELETE FROM {name} WHERE _key = ? AND _from >= ?", [key, since])
        # The index serves a condition on the key alone.
        self.connection.execute(f"UPDATE {name} SET _until = least(_until, ?) WHERE _key = ?", [since, key])

    def get(self, table: str, row_id: str, at: float) -> Row | None:
        # The same here; a row has few versions.
        names = ", ".join(TEXT + DYNAMIC)
        found = self.connection.execute(
            f"SELECT {names}, _from, _until FROM {rows_of(table)} WHERE _key = ?", [row_id.lower()]
        )
        for *values, since, until in found.fetchall():
            if since <= at < until:
                return _row(values)
        return None

    def find(self, table: str, at: float, *, type: str = "", under: str = "") -> list[Row]:
        """Rows of a type (any casing), whose id starts with `under` and a slash, by id."""
        where, values = ["true"], list[Any]()
        if type:
            where.append("lower(type) = ?")
            values.append(type.lower())
        if under:
            where.append("starts_with(_key, ?)")
            values.append(under.lower().rstrip("/") + "/")
        return self.query(table, " AND ".join(where), values, at)

    def query(self, table: str, where: str, values: list[Any], at: float) -> list[Row]:
        """Rows as of `at` for which the SQL condition holds, by id."""
        names = ", ".join(TEXT + DYNAMIC)
        found = self.connection.execute(
            f"SELECT {names} FROM {rows_of(table)} WHERE ({where}) AND _from <= ? AND _until > ? "
            "ORDER BY _key",
            [*values, at, at],
        )
        return [_row(values) for values in found.fetchall()]

    def about(self, table: str, type: str, source: str, at: float) -> list[Row]:
        """Rows of a type that name a resource as what they are of, by id; a list of them is kept."""
        if type not in self._about:
            self._about[type] = self._by_source(table, type)
        keys = sorted(self._about[type].get(source.lower(), ()))
        return [row for key in keys if (row := self.get(table, key, at))]

    def _by_source(self, table: str, type: str) -> dict[str, set[str]]:
        """Keys by lower-cased source; no version of a row is of another."""
        paths = ", ".join(f"lower(properties->>'$.{'.'.join(path)}')" for path in _SOURCES)
        found = self.connection.execute(
            f"SELECT unnest([{paths}]) AS source, _key FROM {rows_of(table)} WHERE lower(type) = ?", [type]
        )
        told = dict[str, set[str]]()
        for source, key in found.fetchall():
            if source:
                told.setdefault(str(source), set()).add(str(key))
        return told

    def versions(self, table: str, row_id: str = "") -> Iterator[Version]:
        """Every version of one row, or of all that change, oldest first; an empty one where a row ends."""
        names, name = ", ".join(TEXT + DYNAMIC), rows_of(table)
        changing = f"_key IN (SELECT _key FROM {name} WHERE _from > 0 OR _until < {FOREVER!r})"
        where = "_key = ?" if row_id else changing
        found = self.connection.execute(
            f"SELECT {names}, _key, _from, _until, lead(_from) OVER (PARTITION BY _key ORDER BY _from) "
            f"FROM {name} WHERE {where} ORDER BY _key, _from",
            [row_id.lower()] if row_id else [],
        )
        for *values, key, since, until, following in found.fetchall():
            yield Version(table, key, since, _row(values))
            if until < FOREVER and until != following:
                yield Version(table, key, until, None)

    def replace(self, table: str, key: str, versions: Iterable[Version]) -> None:
        """Give one row a whole new history."""
        self.connection.execute(f"DELETE FROM {rows_of(table)} WHERE _key = ?", [key])
        for version in versions:
            if version.row is None:
                self.remove(table, key, version.since)
            else:
                self.put(table, version.row, version.since)

    def as_of(self, table: str, at: float) -> str:
        """A SELECT of the columns Resource Graph knows, `_key` and `_started`; views take no parameters."""
        names = ", ".join(TEXT + DYNAMIC)
        return (
            f"SELECT {names}, _key, _started FROM {rows_of(table)} WHERE _from <= {at!r} AND _until > {at!r}"
        )


def as_moment(text: str) -> str:
    """SQL for the moment that a text tells, NULL where it tells none, as todatetime() reads it."""
    return f"TRY_CAST({text} AS TIMESTAMPTZ) AT TIME ZONE 'UTC'"


STARTED = as_moment("properties->>'$.startTime'")


def _start(row: Row) -> str | None:
    given = row.get("properties")
    found = given.get("startTime") if isinstance(given, dict) else None
    return found if isinstance(found, str) else None


def rows_of(table: str) -> str:
    return f"{table}_rows"


def parsed(line: str, where: str) -> Row:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise ValueError(f"{where}: not JSON: {error}") from error
    if not isinstance(row, dict) or not isinstance(row.get("id"), str):
        raise ValueError(f"{where}: a row is an object with an id, got {line[:80]!r}")
    strangers = set(row) - set(TEXT) - set(DYNAMIC)
    if strangers:
        known = ", ".join(TEXT + DYNAMIC)
        raise ValueError(f"{where}: no such column {sorted(strangers)}; known are {known}")
    return row


def _sources(row: Row) -> set[str]:
    found = set[str]()
    for path in _SOURCES:
        value: Any = row.get("properties")
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        found.add(str(value or "").lower())
    return found - {""}


def _filled(row: Mapping[str, Any]) -> tuple[Any, ...]:
    text = [row.get(name) or "" for name in TEXT]
    dynamic = [json.dumps(row[name]) if row.get(name) is not None else None for name in DYNAMIC]
    return (*text, *dynamic, str(row["id"]).lower())


def _row(values: Iterable[Any]) -> Row:
    pairs = dict(zip(TEXT + DYNAMIC, values, strict=True))
    return {
        name: json.loads(value) if name in DYNAMIC and value is not None else value
        for name, value in pairs.items()
    }


def _columns() -> str:
    pairs = [f"{name}: 'VARCHAR'" for name in TEXT] + [f"{name}: 'JSON'" for name in DYNAMIC]
    return "{" + ", ".join(pairs) + "}"


_LINES = "format='newline_delimited', maximum_object_size=67108864"
_STRANGE = (
    f"SELECT json FROM read_json_objects(?, {_LINES}) "
    "WHERE json_type(json, '$.id') IS DISTINCT FROM 'VARCHAR' "
    f"OR NOT list_has_all({[*TEXT, *DYNAMIC]!r}, json_keys(json)) LIMIT 1"
)
"""A line that is no object with an id, or that has a column nobody knows."""


def _selected() -> str:
    text = [f"coalesce({name}, '')" for name in TEXT]
    dynamic = [f"CASE WHEN {name}::VARCHAR = 'null' THEN NULL ELSE {name} END" for name in DYNAMIC]
    return ", ".join(text + dynamic)
