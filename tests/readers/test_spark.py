"""The tables and blocks for Spark, run by Spark over what job_export writes."""

import json
import os
import subprocess
from collections import Counter

import pytest
from backupkit.export_schema import ENTITIES

from tests.journeys.exports import rows
from tests.journeys.reading import LONG, blocks, text, written
from tests.journeys.runs import ROOT

PYTHON = str(ROOT / os.environ["SPARK_PYTHON"])
TYPES = {"text": "string", "integer": "bigint", "boolean": "boolean", "time": "timestamp"}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return written(tmp_path_factory.mktemp("spark"))


@pytest.fixture(scope="module")
def told(place):
    asked = {
        "file": text("docs/readers/spark.sql"),
        "sql": "".join(blocks("runs in spark")),
        "python": "".join(blocks("runs in pyspark")),
    }
    done = subprocess.run(
        [PYTHON, str(ROOT / "tests/readers/on_spark.py"), str(place / "export")],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
        cwd=place,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_column_has_its_type(told):
    assert told["columns"] == {
        f"backup_{entity}": {one.name: TYPES[one.kind] for one in held} | {"date": "date"}
        for entity, held in ENTITIES.items()
    }


@pytest.mark.parametrize("entity", ENTITIES)
def test_every_row_is_there_with_its_cells(told, place, entity):
    """JSON of Spark leaves out what is null, and writes times with a fraction."""
    wanted = {
        one["key"]: {name: cell for name, cell in one.items() if cell is not None}
        for one in rows(place / "export", entity)
    }
    found = {
        one["key"]: {name: plain(cell) for name, cell in one.items() if name != "date"}
        for one in told["rows"][f"backup_{entity}"]
    }

    assert found == wanted


def plain(cell):
    return cell.replace(".000Z", "Z") if isinstance(cell, str) and cell.endswith(".000Z") else cell


def test_the_queries_answer_what_the_estate_is(told, place):
    jobs = rows(place / "export", "jobs")
    per_outcome = Counter()
    for one in told["sql"]:
        per_outcome[one["outcome"]] += one["jobs"]

    assert per_outcome == Counter(one["outcome"] for one in jobs)
    assert told["count"] == len(jobs)
    assert {one["error_code"]: one["count"] for one in told["python"]}["BackUpOperationFailed"] == 2
    assert LONG.strip() in {one.get("error_text") for one in told["rows"]["backup_jobs"]}
