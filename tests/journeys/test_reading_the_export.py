"""The blocks of docs/reading-the-export.md, over what job_export writes: their answers are the estate's."""

import json
import re
from collections import Counter
from datetime import datetime
from itertools import pairwise

import duckdb
import pytest
from backupkit.coverage import GONE, NONE, TWICE
from backupkit.export_schema import ENTITIES

from runbooks.unprotected_sweep import VERDICTS
from tests.export_documents import DUCKDB, SCHEMA
from tests.journeys.estates import HUMAN
from tests.journeys.exports import files, manifest, read, rows
from tests.journeys.reading import LONG, blocks, text, written
from tests.test_docs import table


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return written(tmp_path_factory.mktemp("reading"))


# -- DuckDB ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def duck(place):
    with duckdb.connect() as connection, pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        [where, *_] = blocks("runs in duckdb")
        connection.execute(where)
        connection.execute(text("docs/readers/duckdb.sql"))
        yield connection


def ask(duck, heading):
    """What the block under a heading answers, as records."""
    [block] = blocks("runs in duckdb", heading)
    answer = duck.sql(block)
    return [dict(zip(answer.columns, row, strict=True)) for row in answer.fetchall()]


def test_duckdb_reads_every_row_that_was_exported(duck, place):
    counts = {entity: len(duck.view(entity).fetchall()) for entity in ENTITIES}

    assert counts == {entity: len(rows(place / "export", entity)) for entity in ENTITIES}
    assert min(counts.values()) > 0


@pytest.mark.parametrize("entity", ENTITIES)
def test_duckdb_has_every_column_in_its_type(duck, entity):
    described = {row[0]: row[1] for row in duck.sql(f"DESCRIBE {entity}").fetchall()}

    assert described == {one.name: DUCKDB[one.kind] for one in ENTITIES[entity]} | {"date": "DATE"}


def test_duckdb_has_the_cells_that_were_written(duck, place):
    answer = duck.sql("SELECT * EXCLUDE date FROM jobs ORDER BY key")
    told = [dict(zip(answer.columns, map(stamped, row), strict=True)) for row in answer.fetchall()]

    assert told == sorted(rows(place / "export", "jobs"), key=lambda row: row["key"])
    assert LONG.strip() in {one["error_text"] for one in told}


def stamped(value):
    return f"{value:%Y-%m-%dT%XZ}" if isinstance(value, datetime) else value


def test_success_per_day(duck, place):
    jobs = [one for one in rows(place / "export", "jobs") if one["outcome"] != "running"]
    all_, good = (
        Counter(one["started"][:10] for one in jobs if one["outcome"] in wanted)
        for wanted in ({"succeeded", "failed"}, {"succeeded"})
    )
    answer = {str(one["date"]): one for one in ask(duck, "### Success per day")}

    assert {day: (one["backups"], one["good"]) for day, one in answer.items()} == {
        day: (all_[day], good[day]) for day in all_
    }
    assert sum(one["good"] for one in answer.values()) == 4


def test_items_past_their_rpo(duck):
    answer = ask(duck, "### Items past their RPO")

    assert [(one["name"], one["state"]) for one in answer] == [
        ("disk-a", "never backed up"),
        ("vm-new", "never backed up"),
        ("vm-late", "past RPO"),
    ]
    assert [one["hours_late"] for one in answer] == [None, None, pytest.approx(48, abs=1)]


def test_failures_by_cause(duck):
    answer = ask(duck, "### Failures by cause")

    assert [(one["error_code"], one["error_class"], one["failures"], one["items"]) for one in answer] == [
        ("BackUpOperationFailed", "passing", 2, 2),
        ("UserErrorResourceLocked", "unknown", 1, 1),
        (HUMAN, "human", 1, 1),
    ]
    assert all(one["remedy"] for one in answer)


def test_the_latest_state_of_each_item(duck, place):
    """An item that has gone is told with its last day."""
    gone = duck.sql("SELECT key FROM items ORDER BY key LIMIT 1").fetchall()[0][0]
    [newest] = {path.parent.name for path in files(place / "export") if path.parent.parent.name == "items"}
    older = place / "older"
    for day, kept in (("date=2020-01-01", True), (newest, False)):
        path = older / "items" / day / "items.ndjson"
        path.parent.mkdir(parents=True)
        chosen = [one for one in rows(place / "export", "items") if kept or one["key"] != gone]
        path.write_text("".join(json.dumps(one) + "\n" for one in chosen))
    duck.execute("SET VARIABLE export = 'older'")
    answer = {one["key"]: str(one["last_seen"]) for one in ask(duck, "### The latest state of each item")}
    duck.execute("SET VARIABLE export = 'export'")

    assert set(answer) == {one["key"] for one in rows(place / "export", "items")}
    assert [key for key, day in answer.items() if day == "2020-01-01"] == [gone]


def test_jobs_that_run_longer_than_usual(duck):
    [one] = ask(duck, "### Jobs that run longer than usual")

    assert (one["item_name"], one["usual_s"]) == ("vm-slow", 25 * 60)
    assert one["runs_s"] == pytest.approx(5 * 3600, abs=3600)


def test_duckdb_reads_csv_with_the_apostrophe_undone(duck, place):
    answer = ask(duck, "### CSV")
    texts = {one["key"]: one["error_text"] for one in answer}

    assert texts == {one["key"]: one["error_text"] for one in rows(place / "export", "jobs")}


# -- pandas ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def frames(place):
    """What the blocks leave defined, after they ran where the export is."""
    names: dict = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        for block in blocks("types") + blocks("runs in python"):
            exec(block, names)  # noqa: S102
        names["csv"] = names["pd"].concat([names["read_day"](one) for one in csv_of(place, "jobs")])
        names["all"] = {entity: names["read"](entity) for entity in ENTITIES}
    return names


def csv_of(place, entity):
    return sorted((place / "export-csv" / entity).glob("*/*"))


def test_pandas_reads_every_row_that_was_exported(frames, place):
    assert {entity: len(frame) for entity, frame in frames["all"].items()} == {
        entity: len(rows(place / "export", entity)) for entity in ENTITIES
    }


def test_pandas_has_every_column_in_its_type(frames):
    kinds = {"text": "string", "integer": "Int64", "boolean": "boolean", "time": "datetime64[us, UTC]"}
    for entity, frame in frames["all"].items():
        types = {name: str(kind) for name, kind in frame.dtypes.items() if name != "date"}

        assert types == {one.name: kinds[one.kind] for one in ENTITIES[entity]}


def test_pandas_has_the_cells_that_were_written_and_csv_the_same(frames, place):
    wanted = rows(place / "export", "jobs")
    frame = frames["jobs"].reset_index(drop=True)
    told = frame["error_text"].astype(object).where(frame["error_text"].notna(), None)

    assert told.tolist() == [one["error_text"] for one in wanted]
    frames["pd"].testing.assert_frame_equal(frames["csv"].reset_index(drop=True), frame)


def test_pandas_answers_what_the_document_asks(frames):
    by_cause = {code: count for (_, code), count in frames["by_cause"].items()}

    assert by_cause == {"BackUpOperationFailed": 2, "UserErrorResourceLocked": 1, HUMAN: 1}
    assert frames["late"]["name"].tolist() == ["vm-late"]


# -- The schema's document -------------------------------------------------------------------------


def test_every_key_of_the_manifest_is_explained_and_in_the_example(place):
    [example] = [json.loads(one) for one in re.findall(r"```json\n(.*?)```", text(SCHEMA), re.DOTALL)]
    real = manifest(place / "export")
    explained = list(table(SCHEMA, "manifest.json"))
    [entry] = example["files"].values()

    assert list(example) == list(real)
    assert list(entry) == list(next(iter(real["files"].values())))
    assert explained == [*real, *entry]


def test_every_state_and_verdict_is_explained(place):
    states = table(SCHEMA, "state")
    found = {(one["state"], one["protected"]) for one in rows(place / "export", "items")}
    swept = {one["state"] for one in rows(place / "export", "coverage")}

    assert found <= {(state, cells[-1] == "true") for state, cells in states.items()}
    assert swept <= {*states, NONE, TWICE, GONE}
    assert list(table(SCHEMA, "verdict")) == list(VERDICTS)


REFERS = [
    ("jobs", "item", "items", "key"),
    ("alerts", "item", "items", "key"),
    ("jobs", "policy", "policies", "key"),
    ("items", "policy", "policies", "key"),
    ("alerts", "policy", "policies", "key"),
    *[(entity, "vault", "vaults", "key") for entity in ENTITIES],
    ("alerts", "job", "jobs", "name"),
    ("coverage", "source", "items", "source"),
    ("jobs", "source", "items", "source"),
]


@pytest.mark.parametrize(("entity", "column", "to", "key"), REFERS)
def test_what_a_column_refers_to_is_there(place, entity, column, to, key):
    """Nothing has gone in this estate; what nothing protects has no item."""
    found = [one for one in rows(place / "export", entity) if one.get("verdict") != "unprotected"]
    held = {one[column] for one in found} - {None}

    assert held
    assert held <= {one[key] for one in rows(place / "export", to)}


def test_rows_of_a_file_are_in_the_order_of_their_keys(place):
    for path in files(place / "export"):
        assert all(one["key"] < other["key"] for one, other in pairwise(read(path)))
