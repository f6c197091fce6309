"""When schedules run: what Azure is asked for, what differs from it, and how it is said."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from deployer.cadence import DAYS, WEEKDAYS, MonthDay, Weekday
from deployer.errors import DeployError
from deployer.manifest import Schedule
from deployer.timetable import AHEAD, difference, told, wanted
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 11, 25, 22, 0, tzinfo=UTC)  # a Wednesday
BERLIN = "Europe/Berlin"


def schedule(every="1 day", at="05:00", **rest):
    return Schedule.model_validate({"every": every, "at": at, "runs": [{"runbook": "auto_retry"}], **rest})


def start(one, now=NOW):
    return wanted(one, now)["startTime"]


# -- When it starts -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "first"),
    [
        pytest.param(schedule("1 hour", "00:17"), "2026-11-25T22:17:00+00:00", id="hourly: this hour"),
        pytest.param(schedule("1 hour", "00:10"), "2026-11-25T22:10:00+00:00", id="hourly: in ten minutes"),
        pytest.param(
            schedule("1 hour", "00:09"), "2026-11-25T23:09:00+00:00", id="hourly: in nine, too near"
        ),
        pytest.param(
            schedule("6 hours", "08:17"), "2026-11-26T02:17:00+00:00", id="six-hourly: the next of four"
        ),
        pytest.param(
            schedule("5 hours", "08:17"), "2026-11-26T08:17:00+00:00", id="five-hourly: at its time"
        ),
        pytest.param(
            schedule("36 hours", "21:00"), "2026-11-26T21:00:00+00:00", id="every 36 hours: at its time"
        ),
        pytest.param(schedule("1 day", "23:00"), "2026-11-25T23:00:00+00:00", id="daily: today"),
        pytest.param(schedule("1 day", "21:00"), "2026-11-26T21:00:00+00:00", id="daily: past for today"),
        pytest.param(
            schedule("1 day", "23:30", zone=BERLIN),
            "2026-11-25T23:30:00+01:00",
            id="daily: by the zone's clock",
        ),
        pytest.param(
            schedule("1 day", "00:30", zone="Asia/Kolkata"),
            "2026-11-27T00:30:00+05:30",
            id="daily: by the zone's calendar",
        ),
        pytest.param(
            schedule("1 week", on=["Monday", "Friday"]),
            "2026-11-27T05:00:00+00:00",
            id="weekly: the next of two",
        ),
        pytest.param(
            schedule("1 week", on=["Wednesday"]), "2026-12-02T05:00:00+00:00", id="weekly: past for today"
        ),
        pytest.param(
            schedule("1 month", on=["31"]), "2026-12-31T05:00:00+00:00", id="monthly: over a month without"
        ),
        pytest.param(
            schedule("1 month", on=["last day"]), "2026-11-30T05:00:00+00:00", id="monthly: the last day"
        ),
        pytest.param(
            schedule("1 month", on=["first Monday"]),
            "2026-12-07T05:00:00+00:00",
            id="monthly: the first Monday",
        ),
        pytest.param(
            schedule("1 month", on=["fourth Thursday"]),
            "2026-11-26T05:00:00+00:00",
            id="monthly: the fourth Thursday",
        ),
        pytest.param(
            schedule("1 month", on=["last Monday"]),
            "2026-11-30T05:00:00+00:00",
            id="monthly: the last Monday",
        ),
        pytest.param(schedule(starts="2027-02-01"), "2027-02-01T05:00:00+00:00", id="from a date to come"),
        pytest.param(schedule(starts="2026-01-01"), "2026-11-26T05:00:00+00:00", id="from a date gone by"),
        pytest.param(
            schedule("3 days", starts="2026-11-20"),
            "2026-11-26T05:00:00+00:00",
            id="every third day from a date",
        ),
        pytest.param(
            schedule("3 days", starts="2026-11-21"),
            "2026-11-27T05:00:00+00:00",
            id="and from the day after it",
        ),
        pytest.param(
            schedule("2 weeks", on=["Monday", "Friday"], starts="2026-11-19"),
            "2026-11-30T05:00:00+00:00",
            id="every second week from a date",
        ),
        pytest.param(
            schedule("12 months", on=["29"], starts="2026-02-01"),
            "2028-02-29T05:00:00+00:00",
            id="every February with 29 days",
        ),
    ],
)
def test_the_first_start_is_the_next_that_fits(one, first):
    assert start(one) == first


@pytest.mark.parametrize(
    ("now", "one", "first"),
    [
        pytest.param(
            datetime(2027, 3, 27, 12, tzinfo=UTC),
            schedule("1 day", "02:30", zone=BERLIN),
            "2027-03-29T02:30:00+02:00",
            id="a day whose clock skips the time has none",
        ),
        pytest.param(
            datetime(2027, 3, 28, 0, 30, tzinfo=UTC),
            schedule("1 hour", "00:45", zone=BERLIN),
            "2027-03-28T01:45:00+01:00",
            id="an hour before the clock skips one",
        ),
        pytest.param(
            datetime(2027, 3, 28, 0, 40, tzinfo=UTC),
            schedule("1 hour", "00:45", zone=BERLIN),
            "2027-03-28T03:45:00+02:00",
            id="the hour after the one that is skipped",
        ),
        pytest.param(
            datetime(2027, 10, 30, 12, tzinfo=UTC),
            schedule("1 day", "02:30", zone=BERLIN),
            "2027-10-31T02:30:00+02:00",
            id="of an hour that comes twice the first",
        ),
        pytest.param(
            datetime(2027, 10, 31, 0, 45, tzinfo=UTC),
            schedule("1 day", "02:30", zone=BERLIN),
            "2027-10-31T02:30:00+01:00",
            id="between the two the second",
        ),
        pytest.param(
            datetime(2027, 10, 31, 1, 30, tzinfo=UTC),
            schedule("1 day", "02:30", zone=BERLIN),
            "2027-11-01T02:30:00+01:00",
            id="after both the next day's",
        ),
    ],
)
def test_where_clocks_change(now, one, first):
    assert start(one, now) == first


@pytest.mark.parametrize(
    "one",
    [
        pytest.param(schedule(ends="2026-11-25"), id="it has ended"),
        pytest.param(schedule("1 month", on=["31"], ends="2026-12-30"), id="it ends before the first"),
        pytest.param(schedule("12 months", on=["30"], starts="2026-02-01"), id="February has no such day"),
    ],
)
def test_a_schedule_that_would_never_start_is_refused(one):
    with pytest.raises(DeployError) as refused:
        wanted(one, NOW)

    assert str(refused.value) == f"{told(one)}: there is no such time to come; change it, or leave it out"


# -- What Azure is asked for ----------------------------------------------------------------------


def test_an_hourly_schedule_is_put_as_azure_has_it():
    assert wanted(schedule("2 hours", "00:20"), NOW) == {
        "startTime": "2026-11-25T22:20:00+00:00",
        "interval": 2,
        "frequency": "Hour",
        "timeZone": "Etc/UTC",
    }


def test_the_last_minute_of_its_last_day_is_the_expiry():
    assert wanted(schedule(ends="2027-07-31", zone=BERLIN), NOW)["expiryTime"] == "2027-07-31T23:59:00+02:00"


@pytest.mark.parametrize(
    ("every", "on", "advanced"),
    [
        pytest.param("1 week", ["Monday", "Friday"], {"weekDays": ["Monday", "Friday"]}, id="weekdays"),
        pytest.param("1 month", ["1", "last day"], {"monthDays": [1, -1]}, id="days of the month"),
        pytest.param(
            "1 month",
            ["second Monday", "last Friday"],
            {"monthlyOccurrences": [{"occurrence": 2, "day": "Monday"}, {"occurrence": -1, "day": "Friday"}]},
            id="weekdays of the month",
        ),
    ],
)
def test_days_are_put_as_azure_has_them(every, on, advanced):
    assert wanted(schedule(every, on=on), NOW)["advancedSchedule"] == advanced


# -- What differs ---------------------------------------------------------------------------------


def live(one, **changes):
    """As a GET answers long after the schedule was put; Azure fills in what was not said."""
    azure = {
        "expiryTime": "9999-12-31T23:59:59.9999999+00:00",
        "isEnabled": one.enabled,
        "advancedSchedule": None,
        "description": "",
    }
    return {**azure, **wanted(one, datetime(2026, 1, 1, tzinfo=UTC)), **changes}


DAILY, HOURLY = schedule(zone=BERLIN), schedule("1 hour", "00:20")
WEEKLY = schedule("1 week", on=["Monday", "Thursday"])
MONTHLY = schedule("1 month", on=["1", "last day"])
FORTNIGHTLY = schedule("2 weeks", on=["Monday"], starts="2026-01-05")


@pytest.mark.parametrize(
    ("one", "changes"),
    [
        pytest.param(DAILY, {}, id="as it was put"),
        pytest.param(DAILY, {"startTime": "2026-07-01T05:00:00+02:00"}, id="a start in summer"),
        pytest.param(DAILY, {"startTime": "2026-07-01T03:00:00Z"}, id="a start in another offset"),
        pytest.param(DAILY, {"startTime": "2026-07-01T03:00:00.0000000"}, id="a start without an offset"),
        pytest.param(DAILY, {"startTime": "2026-07-01T05:00:47+02:00"}, id="seconds"),
        pytest.param(DAILY, {"expiryTime": "9999-12-31T15:59:00-08:00"}, id="another way to say never"),
        pytest.param(DAILY, {"expiryTime": "0001-01-01T00:00:00+00:00"}, id="an expiry of all noughts"),
        pytest.param(DAILY, {"expiryTime": None}, id="no expiry"),
        pytest.param(DAILY, {"timeZone": "europe/berlin"}, id="a zone in other casing"),
        pytest.param(DAILY, {"timeZone": "W. Europe Standard Time"}, id="a zone of Windows"),
        pytest.param(DAILY, {"frequency": "day", "interval": "1"}, id="an interval as a text"),
        pytest.param(
            DAILY,
            {"advancedSchedule": {"weekDays": [], "monthDays": None, "monthlyOccurrences": []}},
            id="lists of no days",
        ),
        pytest.param(HOURLY, {"startTime": "2026-03-01T09:20:00+05:00"}, id="another hour of an hourly one"),
        pytest.param(HOURLY, {"timeZone": "UTC"}, id="UTC by its other name"),
        pytest.param(HOURLY, {"timeZone": None}, id="no zone, for UTC"),
        pytest.param(
            schedule("6 hours", "08:17"),
            {"startTime": "2026-03-01T14:17:00Z"},
            id="six hours later of six-hourly",
        ),
        pytest.param(
            schedule("5 hours", "08:17"), {"startTime": "2026-03-01T14:17:00Z"}, id="any hour of five-hourly"
        ),
        pytest.param(
            WEEKLY, {"advancedSchedule": {"weekDays": ["Thursday", "monday"]}}, id="days in other order"
        ),
        pytest.param(
            FORTNIGHTLY, {"startTime": "2026-03-02T05:00:00Z"}, id="eight weeks later of fortnightly"
        ),
        pytest.param(
            schedule(ends="2027-07-31", zone=BERLIN),
            {"expiryTime": "2027-07-31T21:59:00Z"},
            id="the same end",
        ),
        pytest.param(schedule(enabled=False), {}, id="disabled, as wanted"),
    ],
)
def test_nothing_differs_in(one, changes):
    assert difference(one, live(one, **changes)) == ""


@pytest.mark.parametrize(
    ("one", "changes", "why"),
    [
        pytest.param(
            DAILY,
            {"startTime": "2026-07-01T02:20:00+02:00"},
            "at 02:20 instead of 05:00",
            id="the time of day",
        ),
        pytest.param(
            DAILY, {"startTime": "2026-07-01T05:00:00+00:00"}, "at 07:00 instead of 05:00", id="its offset"
        ),
        pytest.param(HOURLY, {"startTime": "2026-07-01T02:25:00Z"}, "at :25 instead of :20", id="the minute"),
        pytest.param(
            schedule("6 hours", "08:17"),
            {"startTime": "2026-03-01T15:17:00Z"},
            "at 15:17 instead of 08:17",
            id="the hours of the day",
        ),
        pytest.param(HOURLY, {"startTime": None}, "without a start", id="no start"),
        pytest.param(HOURLY, {"interval": 2}, "every 2 hours instead of 1 hour", id="how many"),
        pytest.param(HOURLY, {"frequency": "Day"}, "every 1 day instead of 1 hour", id="of what"),
        pytest.param(
            HOURLY,
            {"frequency": "Minute", "interval": 15},
            "every 15 minutes instead of 1 hour",
            id="minutes",
        ),
        pytest.param(
            HOURLY,
            {"frequency": "OneTime", "interval": None},
            "once instead of every 1 hour",
            id="once and for all",
        ),
        pytest.param(
            WEEKLY,
            {"advancedSchedule": {"weekDays": ["Monday"]}},
            "on Monday instead of Monday and Thursday",
            id="weekdays",
        ),
        pytest.param(
            MONTHLY,
            {"advancedSchedule": {"monthDays": [1, 15]}},
            "on the 1st and the 15th instead of the 1st and the last day",
            id="days of the month",
        ),
        pytest.param(
            MONTHLY,
            {"advancedSchedule": {"monthlyOccurrences": [{"occurrence": 5, "day": "friday"}]}},
            "on the 5th Friday instead of the 1st and the last day",
            id="a weekday of the month that no file can say",
        ),
        pytest.param(
            WEEKLY,
            {"advancedSchedule": None},
            "on no day of its own instead of Monday and Thursday",
            id="no days",
        ),
        pytest.param(
            HOURLY,
            {"advancedSchedule": {"weekDays": ["Monday"]}},
            "on Monday instead of none",
            id="days too many",
        ),
        pytest.param(
            DAILY,
            {"timeZone": "Europe/Paris"},
            "in Europe/Paris instead of Europe/Berlin",
            id="the zone, though its clocks show the same",
        ),
        pytest.param(
            DAILY,
            {"timeZone": "Tokyo Standard Time", "startTime": "2026-07-01T05:00:00+09:00"},
            "in Tokyo Standard Time instead of Europe/Berlin",
            id="the zone, and the time of day by its own clocks does not",
        ),
        pytest.param(
            DAILY,
            {"timeZone": "Nowhere/Land"},
            "in Nowhere/Land instead of Europe/Berlin",
            id="a zone that this machine does not know",
        ),
        pytest.param(
            FORTNIGHTLY,
            {"startTime": "2026-01-12T05:00:00Z"},
            "from 2026-01-12 instead of 2026-01-05",
            id="which weeks it counts",
        ),
        pytest.param(
            schedule(starts="2027-01-01"),
            {"startTime": "2026-01-12T05:00:00Z"},
            "from 2026-01-12 instead of 2027-01-01",
            id="a start before the date it may start on",
        ),
        pytest.param(
            DAILY,
            {"expiryTime": "2027-01-01T12:00:00Z"},
            "ends 2027-01-01 instead of never",
            id="an end unasked for",
        ),
        pytest.param(
            schedule(ends="2027-07-31"),
            {"expiryTime": "9999-12-31T23:59:59.9999999+00:00"},
            "ends never instead of 2027-07-31",
            id="no end",
        ),
        pytest.param(HOURLY, {"isEnabled": False}, "is disabled", id="disabled"),
        pytest.param(schedule(enabled=False), {"isEnabled": True}, "is enabled", id="enabled"),
        pytest.param(
            HOURLY,
            {"interval": 2, "startTime": "2026-07-01T02:25:00Z", "isEnabled": False},
            "every 2 hours instead of 1 hour, at :25 instead of :20, is disabled",
            id="several at once",
        ),
    ],
)
def test_it_is_told_that_there_differs(one, changes, why):
    assert difference(one, live(one, **changes)) == why


# -- How it is said -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "words"),
    [
        pytest.param(HOURLY, "every hour at :20", id="hourly"),
        pytest.param(
            schedule("6 hours", "08:17"), "every 6 hours counted from 08:17 UTC", id="every so many hours"
        ),
        pytest.param(schedule("1 day"), "every day at 05:00 UTC", id="daily"),
        pytest.param(schedule("2 days", zone="UTC"), "every 2 days at 05:00 UTC", id="every second day"),
        pytest.param(
            schedule("1 week", "06:30", on=["Thursday", "Monday"], zone=BERLIN),
            "every Monday and Thursday at 06:30 Europe/Berlin",
            id="weekly",
        ),
        pytest.param(
            FORTNIGHTLY, "every 2 weeks on Monday at 05:00 UTC from 2026-01-05", id="every second week"
        ),
        pytest.param(
            schedule("1 month", on=["last day"]),
            "the last day of every month at 05:00 UTC",
            id="on the last day",
        ),
        pytest.param(
            schedule("1 month", on=["22", "13", "last day"]),
            "the 13th, the 22nd and the last day of every month at 05:00 UTC",
            id="on several days",
        ),
        pytest.param(
            schedule("3 months", on=["first Monday"]),
            "every 3 months on the first Monday at 05:00 UTC",
            id="quarterly",
        ),
        pytest.param(
            schedule(ends="2027-12-31", enabled=False),
            "every day at 05:00 UTC until 2027-12-31, not enabled",
            id="with an end, and switched off",
        ),
    ],
)
def test_a_schedule_is_said_in_words(one, words):
    assert told(one) == words


# -- Whatever the schedule ------------------------------------------------------------------------

ZONES = ["Etc/UTC", BERLIN, "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/St_Johns"]
MONTH_DAYS = [name for name, day in DAYS.items() if isinstance(day, MonthDay)]
OCCURRENCES = [name for name, day in DAYS.items() if not isinstance(day, MonthDay | Weekday)]
SUBSETS = {
    "hour": [[]],
    "day": [[]],
    "week": [WEEKDAYS],
    "month": [MONTH_DAYS, OCCURRENCES],
}


@st.composite
def schedules(draw):
    unit = draw(st.sampled_from(list(SUBSETS)))
    count = draw(st.integers(1, 100))
    names = draw(st.sampled_from(SUBSETS[unit]))
    on = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True)) if names else []
    always_the_same_month = unit == "month" and count % 12 == 0  # and it may lack the day for ever
    starts = None if always_the_same_month else draw(st.none() | st.dates(date(2025, 1, 1), date(2030, 1, 1)))
    return schedule(
        f"{count} {unit}s" if count > 1 else unit,
        draw(st.times()).strftime("%H:%M"),
        on=on,
        zone=draw(st.sampled_from(ZONES)),
        enabled=draw(st.booleans()),
        starts=starts and str(starts),
    )


MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2029, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(schedules(), MOMENTS)
def test_what_is_wanted_is_in_time_and_differs_in_nothing(one, now):
    put = wanted(one, now)
    first = datetime.fromisoformat(put["startTime"])
    here = first.astimezone(ZoneInfo(one.zone))

    assert first >= now + AHEAD
    assert first.utcoffset() == here.utcoffset()
    assert here.minute == one.at.minute
    assert one.every.unit == "hour" or here.hour == one.at.hour
    assert not one.on or any(day.falls_on(here.date()) for day in one.on)
    assert one.starts is None or here.date() >= one.starts
    assert difference(one, put) == ""


@given(schedules(), MOMENTS, st.integers(0, 2000))
def test_what_was_put_long_ago_differs_in_nothing_however_azure_writes_it(one, now, days):
    put = wanted(one, now - timedelta(days=days))
    moment = datetime.fromisoformat(put["startTime"]).astimezone(UTC)

    assert difference(one, {**live_defaults(one), **put, "startTime": moment.isoformat()}) == ""


def live_defaults(one):
    return {"expiryTime": "9999-12-31T23:59:59.9999999+00:00", "isEnabled": one.enabled}
