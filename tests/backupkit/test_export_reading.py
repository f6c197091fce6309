"""An export as a reader finds it."""

import json

import pytest
from backupkit.estate import Unread
from backupkit.export_files import Form
from backupkit.export_reading import Export
from backupkit.export_store import store_at
from backupkit.locations import LocationError

from tests.pages.exports import NOW, Written, job, vault_columns

VAULT = vault_columns("rsv-a", "00000001-1111-4222-8333-000000000001")
DAY = "2026-11-26"


def opened(folder):
    return Export(store_at(str(folder), None))


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("kind", ["ndjson", "csv", "json"])
def test_records_come_back_in_every_form(tmp_path, kind, compressed):
    rows = [job(name, VAULT, NOW) for name in ("=cmd|' /C calc'!A0", "vm-\u6771\u4eac", 'a"b,c')]
    Written(tmp_path, Form(kind, compressed=compressed)).write("jobs", DAY, rows)

    assert list(opened(tmp_path).records("jobs", DAY)) == rows


def test_days_are_in_order_and_what_is_no_file_of_an_export_is_left(tmp_path):
    export = Written(tmp_path)
    for day in ("2026-11-25", "2026-11-24", "2026-11-26"):
        export.write("jobs", day, [])
    (tmp_path / "jobs" / "date=2026-11-23").mkdir()
    (tmp_path / "jobs" / "date=2026-11-23" / "jobs.parquet").write_text("")
    (tmp_path / "notes.txt").write_text("")

    assert opened(tmp_path).dates("jobs", "2026-11-25") == ["2026-11-25", "2026-11-26"]
    assert opened(tmp_path).dates("jobs")[0] == "2026-11-24"


def test_of_a_day_in_two_forms_the_one_that_the_manifest_knows_is_read(tmp_path):
    """Else each of its rows would count twice."""
    Written(tmp_path, Form("json", compressed=False)).write("jobs", DAY, [])
    known = Written(tmp_path, Form("csv", compressed=False))
    known.write("jobs", DAY, [])
    Written(tmp_path).write("jobs", DAY, [])
    known.manifest()

    assert opened(tmp_path).name("jobs", DAY) == f"jobs/date={DAY}/jobs.csv"


def test_a_file_with_fewer_rows_than_were_written_is_a_fault(tmp_path):
    export = Written(tmp_path)
    export.write("jobs", DAY, [job("vm-1", VAULT, NOW)])
    name = f"jobs/date={DAY}/jobs.ndjson.gz"
    export.files[name]["rows"] = 3
    export.manifest()
    found = opened(tmp_path)

    assert len(list(found.records("jobs", DAY))) == 1
    assert found.faults == [Unread(name, "has 1 rows, and had 3 when it was written")]


def test_a_file_that_is_cut_off_gives_what_it_has_and_is_a_fault(tmp_path):
    export = Written(tmp_path, Form("ndjson", compressed=False))
    export.write("jobs", DAY, [job(f"vm-{n}", VAULT, NOW) for n in range(3)])
    path = tmp_path / f"jobs/date={DAY}/jobs.ndjson"
    path.write_bytes(path.read_bytes()[:-20])
    found = opened(tmp_path)

    assert len(list(found.records("jobs", DAY))) == 2
    assert [one.scope for one in found.faults] == [f"jobs/date={DAY}/jobs.ndjson"]


@pytest.mark.parametrize("content", ["", "[]", "nonsense", "{", "null"])
def test_a_manifest_that_says_nothing_is_none(tmp_path, content):
    Written(tmp_path).write("jobs", DAY, [])
    (tmp_path / "manifest.json").write_text(content)

    assert opened(tmp_path).last_run.there is False


def test_what_was_not_read_is_told_even_without_a_reason(tmp_path):
    (tmp_path / "manifest.json").write_text(
        json.dumps({"unread": [{"scope": "s"}, {}, "odd"], "complete": 1})
    )

    said = opened(tmp_path).last_run

    assert [one.scope for one in said.unread] == ["s", "?"]
    assert (said.there, said.complete) == (True, False)


def test_a_place_without_an_export_is_told_as_such(tmp_path):
    with pytest.raises(LocationError, match="there is no export"):
        opened(tmp_path / "nowhere")
