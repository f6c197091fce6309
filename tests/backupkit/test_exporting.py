"""What was read, laid over what a file has, and the file replaced: nothing lost, nothing doubled."""

import hashlib
import json
from datetime import UTC, datetime

import pytest
from backupkit.blobs import ConflictError
from backupkit.errors import BackupkitError
from backupkit.export_files import Form, records
from backupkit.exporting import TRIES, File, Gathered, Reading, Rules, write
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 11, 26, 5, 0, tzinfo=UTC)
FORM = Form("ndjson", compressed=True)
FILE = File("jobs", "2026-11-25", NOW)
NAME = "jobs/date=2026-11-25/jobs.ndjson.gz"
RULES = Rules(
    is_open=lambda record: record["outcome"] == "running",
    stands=lambda new, old: new["outcome"] != "running" or old["outcome"] == "running",
)


def all_stay(_):
    return True


def none_stays(_):
    return False


def row(key, outcome="succeeded"):
    return {"key": key, "outcome": outcome}


def gathered(*found):
    made = Gathered(RULES)
    made.add(found)
    made.keep()
    return made


class Shelf:
    """A place in memory; `meanwhile` are writings of others, each just before one of ours."""

    place = "shelf"

    def __init__(self, meanwhile=()):
        self.files = {}
        self.marks = 0
        self.written = 0
        self._meanwhile = list(meanwhile)

    def open(self, name):
        found = self.files.get(name)
        return (iter([found[0][:10], found[0][10:]]), found[1]) if found else None

    def replace(self, name, chunks, mark):
        content = b"".join(chunks)
        if self._meanwhile:
            self.set(name, self._meanwhile.pop(0))
        if self.files.get(name, (b"", ""))[1] != mark:
            raise ConflictError("write", 412, "ConditionNotMet")
        self.written += 1
        self._put(name, content)

    def set(self, name, found):
        self._put(name, b"".join(FORM.whole("jobs", gathered(*found).lines(FORM, "jobs"))))

    def _put(self, name, content):
        self.marks += 1
        self.files[name] = (content, f"mark-{self.marks}")

    def rows(self, name=NAME):
        return {one["key"]: one["outcome"] for one in records(name, [self.files[name][0]])}


def test_a_first_file_holds_what_was_read_in_the_order_of_keys():
    shelf = Shelf()
    written = write(gathered(row("b", "running"), row("a")), FILE, shelf, FORM, all_stay)

    assert list(shelf.rows().items()) == [("a", "succeeded"), ("b", "running")]
    assert (written.name, written.new, written.changed) == (NAME, 2, 0)
    assert (written.entry.rows, written.entry.open, written.entry.read) == (2, 1, "2026-11-26T05:00:00Z")
    content = shelf.files[NAME][0]
    assert (written.entry.bytes, written.entry.sha256) == (len(content), hashlib.sha256(content).hexdigest())


def test_rows_that_only_the_file_has_stay():
    shelf = Shelf()
    shelf.set(NAME, [row("a"), row("c", "running")])
    written = write(gathered(row("b"), row("c", "failed")), FILE, shelf, FORM, all_stay)

    assert shelf.rows() == {"a": "succeeded", "b": "succeeded", "c": "failed"}
    assert (written.new, written.changed, written.entry.rows, written.entry.open) == (1, 1, 3, 0)


def test_a_row_that_lags_behind_the_files_does_not_stand():
    shelf = Shelf()
    shelf.set(NAME, [row("a", "failed")])
    written = write(gathered(row("a", "running")), FILE, shelf, FORM, all_stay)

    assert shelf.rows() == {"a": "failed"}
    assert (written.new, written.changed, written.entry.open, shelf.written) == (0, 0, 0, 0)


def test_a_file_that_would_not_change_is_not_written():
    shelf = Shelf()
    shelf.set(NAME, [row("a"), row("b", "running")])
    content = shelf.files[NAME][0]
    written = write(gathered(row("a"), row("b", "running")), FILE, shelf, FORM, all_stay)

    assert shelf.written == 0
    assert (written.entry.sha256, written.entry.open) == (hashlib.sha256(content).hexdigest(), 1)


def test_of_rows_that_only_the_file_has_those_stay_that_are_said_to():
    shelf = Shelf()
    shelf.set(NAME, [row("a"), row("b"), row("c")])
    written = write(gathered(row("b")), FILE, shelf, FORM, lambda old: old["key"] == "c")

    assert shelf.rows() == {"b": "succeeded", "c": "succeeded"}
    assert (written.new, written.changed) == (0, 1)


def test_where_none_stays_the_file_is_what_was_read():
    shelf = Shelf()
    shelf.set(NAME, [row("a", "running")])
    written = write(gathered(row("b")), FILE, shelf, FORM, none_stays)

    assert shelf.rows() == {"b": "succeeded"}
    assert (written.new, written.changed, written.entry.open) == (1, 1, 0)


def test_what_another_export_writes_meanwhile_is_laid_under_as_well():
    shelf = Shelf(meanwhile=[[row("x"), row("b", "failed")]])
    written = write(gathered(row("a"), row("b", "running")), FILE, shelf, FORM, all_stay)

    assert shelf.rows() == {"a": "succeeded", "b": "failed", "x": "succeeded"}
    assert (written.entry.rows, written.entry.open) == (3, 0)


def test_others_that_write_again_and_again_are_named():
    shelf = Shelf(meanwhile=[[row(f"x{number}")] for number in range(TRIES)])

    with pytest.raises(BackupkitError, match=f"others wrote it {TRIES} times meanwhile; run again"):
        write(gathered(row("a")), FILE, shelf, FORM, all_stay)


def test_a_reading_that_is_begun_again_leaves_nothing_of_the_first():
    into = gathered(row("kept", "running"))
    first = Reading(into, dict, raw=False)
    first.add([row("a", "running"), row("b")])
    second = Reading(into, dict, raw=False)
    second.add([row("b"), row("b")])

    assert (first.distinct, second.distinct) == (2, 1)
    assert [key for key, _ in into.spool] == ["b", "kept"]
    assert into.open == 1


def test_raw_is_the_row_as_it_was():
    into = Gathered(RULES)
    Reading(into, lambda given_: row(given_["id"]), raw=True).add([{"id": "ä", "properties": {"x": [1]}}])

    [(_, value)] = into.spool
    assert json.loads(json.loads(value)["raw"]) == {"id": "ä", "properties": {"x": [1]}}


KEYS, OUTCOMES = st.sampled_from("abcde"), st.sampled_from(["running", "succeeded", "failed"])
FOUND = st.dictionaries(KEYS, OUTCOMES)


@given(readings=st.lists(FOUND, min_size=1, max_size=4))
def test_after_any_number_of_readings_every_row_stands_once_and_none_that_ended_runs(readings):
    shelf = Shelf()
    for found in readings:
        write(gathered(*(row(*one) for one in found.items())), FILE, shelf, FORM, all_stay)
    seen = {key for found in readings for key in found}
    ended = {key for found in readings for key, outcome in found.items() if outcome != "running"}

    assert shelf.rows().keys() == seen
    assert {key for key, outcome in shelf.rows().items() if outcome != "running"} == ended
