"""Reading an estate's folder, and writing one that goes on from where the world stands."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator import alert_urls, blob_files, clock, protection_runs, recovery_runs, worldfile
from simulator.access import Access
from simulator.lighthouse import Delegations
from simulator.limits import Limits
from simulator.store import (
    DYNAMIC,
    FOREVER,
    KEPT,
    STARTED,
    TEXT,
    Row,
    UnreadableError,
    Version,
    parsed,
    rows_of,
)
from simulator.subscriptions import home_tenant

if TYPE_CHECKING:
    from simulator.world import World

_SUBSCRIPTION = "microsoft.resources/subscriptions"


def fill(world: World, folder: Path) -> None:
    """Read an estate into an empty world.

    Raises:
        ValueError: what is wrong, naming file and line.
    """
    if not folder.is_dir():
        raise ValueError(f"estate {str(folder)!r} is not a folder")
    seconds = _behind(world, folder)
    for table in KEPT:
        path = folder / f"{table}.ndjson"
        if path.exists():
            _read(world, table, path, seconds)
    world.known = worldfile.read(_document(folder, "world.json", seconds))
    world.limits = Limits.load(world.known.limits)
    world.operations = {key: _timed(one, clock.moment) for key, one in world.known.operations.items()}
    world.known.limits, world.known.operations = {}, {}
    _replay(world)
    alert_urls.seal_all(world)
    world.access = _access(world)
    recovery_runs.continue_all(world)
    protection_runs.continue_all(world)
    blob_files.load(world, folder, seconds)


def write(world: World, folder: Path) -> None:
    """Write the estate as of now; what is still to come goes into `world.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    now, timeline = world.now(), list[dict[str, Any]]()
    for table in KEPT:
        if world.store.is_empty(table):
            (folder / f"{table}.ndjson").unlink(missing_ok=True)
            continue
        _write_rows(world, table, folder, now)
        timeline += _changes(world, table)
    world.known.operations = {key: _timed(one, clock.stamp) for key, one in world.operations.items()}
    world.known.limits = world.limits.dump(now)
    world.known.timeline = timeline
    text = json.dumps(worldfile.written(world.known), indent=1)
    (folder / "world.json").write_text(text + "\n", encoding="utf-8")
    blob_files.dump(world, folder)


def age(world: World, seconds: float) -> None:
    """Make everything `seconds` older, what is still to come included."""
    for table in KEPT:
        if not world.store.is_empty(table):
            _age_rows(world, table, seconds)
    world.known = worldfile.read(clock.walk_shift(worldfile.written(world.known), -seconds))
    world.limits.age(seconds)
    world.blobs.age(seconds)
    world.operations = {
        key: _timed(clock.walk_shift(one, -seconds), lambda at: round(at - seconds, 6))
        for key, one in world.operations.items()
    }


def _behind(world: World, folder: Path) -> float:
    """The seconds between the estate's own now, if it has one, and the client's."""
    given = _document(folder, "estate.json", 0.0)
    if not isinstance(given, dict) or set(given) - {"as_of"}:
        raise ValueError(f'estate.json: expected {{"as_of": "<timestamp>"}}, got {given!r:.80}')
    try:
        return world.now() - clock.moment(str(given["as_of"])) if "as_of" in given else 0.0
    except ValueError as error:
        raise ValueError(f"estate.json: as_of: {error}") from error


def _document(folder: Path, name: str, seconds: float) -> Any:
    path = folder / name
    if not path.exists():
        return {}
    try:
        return json.loads(clock.shifted(path.read_text(encoding="utf-8"), seconds))
    except ValueError as error:
        raise ValueError(f"{name}: not JSON: {error}") from error


def _read(world: World, table: str, path: Path, seconds: float) -> None:
    """Rows go to the database as they stand, or with their stamps moved; only a fault is looked into here."""
    try:
        if not seconds:
            world.store.read(table, path)
            return
        with tempfile.NamedTemporaryFile("w", suffix=".ndjson", encoding="utf-8") as moved:
            with path.open(encoding="utf-8") as lines:
                moved.writelines(clock.shifted(line, seconds) for line in lines)
            moved.flush()
            world.store.read(table, Path(moved.name))
    except UnreadableError:
        _name_fault(path)
        raise


def _name_fault(path: Path) -> None:
    """Raises ValueError for the first line that is no row."""
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                parsed(line, f"{path.name}:{number}")


def _replay(world: World) -> None:
    """Give the rows that change their versions; the rows as of the dump are among them."""
    for (table, key), group in groupby(world.known.timeline, lambda one: (one["table"], one["id"])):
        world.store.replace(table, key, (_version(one) for one in group))
    world.known.timeline = []


def _version(one: dict[str, Any]) -> Version:
    since = 0.0 if one["since"] is None else clock.moment(one["since"])
    return Version(one["table"], one["id"], since, one["row"])


def _access(world: World) -> Access:
    ancestors, tenants = dict[str, list[str]](), dict[str, str]()
    for row in world.store.find("resourcecontainers", world.now(), type=_SUBSCRIPTION):
        chain = (row["properties"] or {}).get("managementGroupAncestorsChain") or []
        ancestors[str(row["subscriptionId"]).lower()] = [str(one["name"]) for one in chain]
        tenants[str(row["subscriptionId"])] = str(row["tenantId"])
    delegations, known = Delegations(tenants, home_tenant(world)), world.known
    try:
        return Access(known.role_assignments, known.forbidden, ancestors, delegations)
    except ValueError as error:
        raise ValueError(f"world.json: {error}") from error


def _timed(operation: dict[str, Any], read: Callable[[Any], Any]) -> dict[str, Any]:
    """The operation with its moments read (or written) by `read`."""
    return {name: read(one) if name in ("starts", "ends") else one for name, one in operation.items()}


def _write_rows(world: World, table: str, folder: Path, now: float) -> None:
    names = ", ".join(TEXT + DYNAMIC)
    query = f"SELECT {names} FROM {rows_of(table)} WHERE _from <= {now!r} AND _until > {now!r} ORDER BY _key"
    path = folder / f"{table}.ndjson"
    with path.open("w", encoding="utf-8") as file:
        for line in _lines(world, query):
            file.write(json.dumps(_short(json.loads(line))) + "\n")
    if not path.stat().st_size:
        path.unlink()


def _changes(world: World, table: str) -> Iterator[dict[str, Any]]:
    """The versions of every row that has not always been what it is, oldest first."""
    for version in world.store.versions(table):
        since = clock.stamp(version.since) if version.since else None
        row = None if version.row is None else _short(version.row)
        yield {"table": table, "id": version.key, "since": since, "row": row}


def _short(row: Row) -> Row:
    return {name: one for name, one in row.items() if one not in (None, "")}


def _age_rows(world: World, table: str, seconds: float) -> None:
    connection, name = world.store.connection, rows_of(table)
    types = [f"{one}: 'VARCHAR'" for one in (*TEXT, "_key")] + [f"{one}: 'JSON'" for one in DYNAMIC]
    types += ["_from: 'DOUBLE'", "_until: 'DOUBLE'"]
    dynamic = ", ".join(
        f"CASE WHEN {one}::VARCHAR = 'null' THEN NULL ELSE {one} END AS {one}" for one in DYNAMIC
    )
    with tempfile.NamedTemporaryFile("w", suffix=".ndjson", encoding="utf-8") as file:
        file.writelines(clock.shifted(line, -seconds) for line in _lines(world, f"SELECT * FROM {name}"))
        file.flush()
        connection.execute(f"DELETE FROM {name}")
        connection.execute(
            f"INSERT INTO {name} BY NAME SELECT {', '.join(TEXT)}, {dynamic}, _key, {STARTED} AS _started, "
            f"{_aged('_from', seconds)}, {_aged('_until', seconds)} FROM read_json(?, "
            f"format='newline_delimited', columns={{{', '.join(types)}}}, maximum_object_size=67108864)",
            [file.name],
        )


def _aged(column: str, seconds: float) -> str:
    """Moments move; "always" and "forever" stay."""
    moves = f"{column} > 0 AND {column} < {FOREVER!r}"
    return f"CASE WHEN {moves} THEN round({column} - {seconds!r}, 6) ELSE {column} END AS {column}"


def _lines(world: World, query: str) -> Iterator[str]:
    """The rows of a query as lines of JSON, never all at once in memory."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.ndjson"
        world.store.connection.execute(f"COPY ({query}) TO '{path}' (FORMAT json)")
        with path.open(encoding="utf-8") as lines:
            yield from lines
