"""A page is there whole, or as it was."""

from datetime import UTC, datetime

import pytest
from backupkit.locations import LocationError
from backupkit.publishing import page_places, publish, try_place

STARTED = datetime(2026, 11, 26, 6, 40, tzinfo=UTC)


@pytest.mark.parametrize(
    ("to", "places"),
    [
        pytest.param("out/page.html", ["out/page.html"], id="a file"),
        pytest.param(
            "out/",
            ["out/backup_report/2026-11-26/r1.html", "out/backup_report/latest.html"],
            id="a place for all runs",
        ),
        pytest.param(
            "https://a.blob.core.windows.net/c/p.html",
            ["https://a.blob.core.windows.net/c/p.html"],
            id="a blob",
        ),
    ],
)
def test_where_a_page_goes(to, places):
    assert page_places(to, "backup_report", STARTED, "r1") == places


def test_a_page_replaces_the_one_before_and_leaves_nothing_else(tmp_path):
    place = tmp_path / "new" / "page.html"
    publish(str(place), "first", None)
    publish(str(place), "second \u6771", None)

    assert place.read_text(encoding="utf-8") == "second \u6771"
    assert list(place.parent.iterdir()) == [place]


def test_a_place_that_cannot_be_written_is_named_and_a_check_finds_it_too(tmp_path):
    (tmp_path / "file").write_text("in the way")
    place = str(tmp_path / "file" / "page.html")

    for trying in (lambda: publish(place, "page", None), lambda: try_place(place, None)):
        with pytest.raises(LocationError, match="cannot be written"):
            trying()
    try_place(str(tmp_path / "new" / "page.html"), None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]
