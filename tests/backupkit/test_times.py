"""Moments as Azure writes them, zones under both their names, and daily windows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from backupkit.times import DailyWindow, stamp, utc, utc_or_none, zone
from hypothesis import given
from hypothesis import strategies as st

MOMENT = datetime(2026, 3, 10, 9, 0, 30, tzinfo=UTC)
MOMENTS = st.integers(10**9, 10**10).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("2026-03-10T09:00:30Z", id="whole seconds"),
        pytest.param("2026-03-10T09:00:30.1234567Z", id="seven digits, which Python 3.10 refuses"),
        pytest.param("2026-03-10T09:00:30.346Z", id="three digits"),
        pytest.param("2026-03-10T09:00:30", id="no letter"),
        pytest.param("2026-03-10T09:00:30+00:00", id="an offset of nothing"),
    ],
)
def test_a_stamp_is_read_to_the_second(text):
    assert utc(text) == utc_or_none(text) == MOMENT


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("0001-01-01T00:00:00", id="an operation in progress has not ended"),
        pytest.param("2001-01-01T00:00:00Z", id="an item was never backed up"),
        pytest.param("9999-12-31T23:59:59.9999999Z", id="never to expire"),
        pytest.param("", id="nothing"),
        pytest.param("soon", id="no stamp"),
        pytest.param(None, id="null"),
        pytest.param(1_773_133_230, id="a number"),
    ],
)
def test_what_has_not_happened_has_no_moment(text):
    assert utc_or_none(text) is None


def test_a_stamp_that_must_be_there_is_not_guessed():
    with pytest.raises(ValueError, match="soon"):
        utc("soon")


@given(MOMENTS)
def test_a_stamp_is_read_as_it_was_written(moment):
    assert utc(stamp(moment)) == moment


def test_a_stamp_is_in_utc_wherever_the_moment_is():
    assert stamp(MOMENT.astimezone(timezone(timedelta(hours=8)))) == "2026-03-10T09:00:30Z"


@pytest.mark.parametrize(
    ("name", "winter", "summer"),
    [
        ("UTC", 0, 0),
        ("utc", 0, 0),
        ("", 0, 0),
        ("W. Europe Standard Time", 1, 2),
        ("Europe/Berlin", 1, 2),
        ("Singapore Standard Time", 8, 8),
        ("Eastern Standard Time", -5, -4),
        ("Tonga Standard Time", 13, 13),
    ],
)
def test_a_zone_goes_by_its_iana_or_its_windows_name(name, winter, summer):
    days = (MOMENT.replace(month=month).astimezone(zone(name)) for month in (1, 7))
    offsets = [day.utcoffset() for day in days]

    assert offsets == [timedelta(hours=winter), timedelta(hours=summer)]


@pytest.mark.parametrize("name", ["Nowhere", "Mars/Olympus", "../etc/passwd", "/etc/localtime", "Europe"])
def test_a_zone_that_there_is_not_is_said(name):
    with pytest.raises(ValueError, match="a time zone such as Europe/Berlin, got"):
        zone(name)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("08:00-18:00", "HH:MM-HH:MM@Zone, such as 08:00-18:00@Europe/Berlin"),
        ("8:00-18:00@UTC", "HH:MM-HH:MM@Zone, such as 08:00-18:00@Europe/Berlin"),
        ("08:00-18:00@W. Europe", "HH:MM-HH:MM@Zone, such as 08:00-18:00@Europe/Berlin"),
        ("08:00-08:00@UTC", "a window whose ends differ"),
        ("08:60-18:00@UTC", "HH:MM-HH:MM@Zone with hours up to 23 and minutes up to 59"),
        ("08:00-18:00@Nowhere", "a time zone such as Europe/Berlin, got 'Nowhere'"),
    ],
)
def test_a_window_that_cannot_be_read_says_what_it_must_be(text, fault):
    with pytest.raises(ValueError, match=r"HH|window|zone") as refused:
        DailyWindow.read(text)

    assert str(refused.value) == fault


@pytest.mark.parametrize(
    ("moment", "holds"),
    [
        pytest.param("2026-10-25T00:30:00Z", True, id="02:30 in Berlin, in summer time"),
        pytest.param("2026-10-25T01:30:00Z", True, id="02:30 again, in winter time"),
        pytest.param("2026-10-25T02:30:00Z", False, id="03:30"),
        pytest.param("2026-03-29T00:59:00Z", False, id="01:59, before the night that has no 02:30"),
        pytest.param("2026-03-29T01:00:00Z", False, id="03:00, a minute later"),
    ],
)
def test_a_window_goes_by_the_clock_on_the_wall(moment, holds):
    assert DailyWindow.read("02:00-03:00@Europe/Berlin").holds(utc(moment)) is holds


@pytest.mark.parametrize(
    ("window", "clock", "holds"),
    [
        ("08:00-18:00@UTC", "08:00", True),
        ("08:00-18:00@UTC", "18:00", False),
        ("22:00-06:00@UTC", "22:00", True),
        ("22:00-06:00@UTC", "06:00", False),
    ],
)
def test_a_window_has_its_start_and_not_its_end(window, clock, holds):
    assert DailyWindow.read(window).holds(utc(f"2026-03-10T{clock}:00Z")) is holds


CLOCKS = st.times().map(lambda at: f"{at:%H:%M}")


@given(CLOCKS, CLOCKS, MOMENTS, st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns"]))
def test_a_window_and_the_one_the_other_way_round_make_a_day(start, end, moment, name):
    if start != end:
        one, other = (DailyWindow.read(f"{text}@{name}") for text in (f"{start}-{end}", f"{end}-{start}"))

        assert one.holds(moment) is not other.holds(moment)
