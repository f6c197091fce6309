"""Stamps move with the estate; what means "never" does not."""

import pytest

from simulator.clock import moment, shifted


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("2026-11-22T03:00:00Z", "2026-11-22T04:00:01Z", id="a stamp"),
        pytest.param("2026-11-22T03:00:00.1234567Z", "2026-11-22T04:00:01.6234560Z", id="with seven digits"),
        pytest.param("2026-11-22T03:00:00.9Z", "2026-11-22T04:00:02.4Z", id="with one digit"),
        pytest.param("2026-11-22T03:00:00+05:30", "2026-11-22T04:00:01+05:30", id="in a zone"),
        pytest.param("2026-12-31T23:30:00", "2027-01-01T00:30:01", id="over the end of a year"),
        pytest.param("R/2026-11-22T03:00:00+00:00/P1D", "R/2026-11-22T04:00:01+00:00/P1D", id="in a text"),
        pytest.param("2126-02-28T23:59:59Z", "2126-03-01T01:00:00Z", id="a century from now"),
    ],
)
def test_a_stamp_moves_and_keeps_its_form(text, expected):
    assert shifted(f'{{"at": "{text}"}}', 3601.5) == f'{{"at": "{expected}"}}'


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("0001-01-01T00:00:00Z", id="not yet"),
        pytest.param("1601-01-01T00:00:00Z", id="never, as Windows says it"),
        pytest.param("2001-01-01T00:00:00Z", id="never backed up"),
        pytest.param("9999-12-31T23:59:59.9999999+00:00", id="never expires"),
        pytest.param("12026-11-22T03:00:00Z", id="part of a longer number"),
        pytest.param("2026-11-22", id="a day"),
        pytest.param("20:30:00", id="a time of day"),
    ],
)
def test_what_is_no_moment_stays(text):
    assert shifted(text, 3600) == text


def test_a_stamp_comes_back_from_where_it_went():
    there = shifted("2026-11-22T03:00:00.123456Z", 12_345_678.25)

    assert moment(there) == moment("2026-11-22T03:00:00.123456Z") + 12_345_678.25
    assert shifted(there, -12_345_678.25) == "2026-11-22T03:00:00.123456Z"
