"""An export's files in a local folder: each there whole or not at all, and one writer at a time."""

import multiprocessing
import sqlite3

import pytest
from backupkit.export_store import Container, Folder, read, records_in, store_at
from backupkit.locations import LocationError

NAME = "jobs/date=2026-11-25/jobs.ndjson"


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "out")


def test_a_file_is_replaced_whole(folder, tmp_path):
    folder.replace(NAME, [b"one ", b"two"], "")
    folder.replace(NAME, [b"three"], "there")

    assert read(folder, NAME) == b"three"
    assert folder.names() == {NAME}
    assert read(folder, "jobs/other") is None


def test_a_writing_that_breaks_off_leaves_what_was_there(folder, tmp_path):
    def broken():
        yield b"half"
        raise RuntimeError

    folder.replace(NAME, [b"whole"], "")
    with pytest.raises(RuntimeError):
        folder.replace(NAME, broken(), "there")

    assert read(folder, NAME) == b"whole"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["jobs"]


def test_what_a_killed_run_left_is_cleared_away_by_the_next(folder, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".part-1").write_bytes(b"half")
    with folder.held():
        left = sorted(path.name for path in (tmp_path / "out").iterdir())

    assert [name for name in left if not name.startswith(".lock")] == []
    assert folder.names() == set()


def test_names_are_those_below_a_place(folder):
    for name in (NAME, "items/date=2026-11-25/items.csv", "manifest.json"):
        folder.replace(name, [b""], "")

    assert folder.names("jobs/") == {NAME}
    assert folder.names() == {NAME, "items/date=2026-11-25/items.csv", "manifest.json"}


def test_a_folder_has_one_writer(folder, tmp_path):
    other = Folder(tmp_path / "out")
    refused = pytest.raises(LocationError, match="is being written to by another export")
    with folder.held(), refused, other.held():
        pass
    with other.held():  # it is let go
        assert folder.names() == set()


def hold_and_die(path):
    lock = sqlite3.connect(path / ".lock", isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")


def test_the_lock_of_a_process_that_died_is_gone(folder, tmp_path):
    (tmp_path / "out").mkdir()
    other = multiprocessing.get_context("spawn").Process(target=hold_and_die, args=(tmp_path / "out",))
    other.start()
    other.join()

    with folder.held():
        assert folder.names() == set()


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "out").write_text("a file")

    with pytest.raises(LocationError, match="name a place that can"), Folder(tmp_path / "out").held():
        pass


def test_a_missing_file_has_no_records(folder):
    assert list(records_in(folder, NAME)) == []


def test_a_place_is_a_container_by_its_url(tmp_path, monkeypatch):
    monkeypatch.setenv("EXPORT_TO", "https://stx.blob.core.windows.net/export/daily")

    assert isinstance(store_at("var:EXPORT_TO", lambda: None), Container)
    assert store_at("var:EXPORT_TO", lambda: None).place.endswith("/export/daily")
    assert isinstance(store_at(str(tmp_path), lambda: None), Folder)


def test_a_signed_url_is_refused():
    with pytest.raises(LocationError, match="holds a signed URL"):
        store_at("https://stx.blob.core.windows.net/export?sv=1&sig=x", lambda: None)
