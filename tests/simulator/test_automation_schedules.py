"""Schedules of an Automation account, and their links to runbooks."""

import uuid

import pytest

from simulator import clock
from tests.simulator.automation_estate import NOW, Clock, Place, daily, refused, stamp

LINK = "11111111-1111-1111-1111-111111111111"
OTHER = "22222222-2222-2222-2222-222222222222"
ALL_DATA = "scheduleAllData with value Orchestrator.Schedules.DataAccess.Models.ScheduleAllData"
TOO_SOON = (
    f"Argument {ALL_DATA} is not valid. Error message: The start time of the schedule must be at least "
    "5 minutes after the time you create the schedule."
)


def invalid(argument, message):
    return 400, "BadRequest", f"Argument {argument} is not valid. Error message: {message}"


@pytest.fixture
def place():
    return Place()


@pytest.fixture
def linked(place):
    """With a published runbook, a schedule, and a link between them."""
    place.published()
    place.scheduled()
    place.linked(LINK, parameters={"[PARAMETER 1]": "dry_run=true"})
    return place


class TestSchedules:
    def test_a_new_one_is_told_back_to_the_minute_in_its_own_zone(self, place):
        made = place.scheduled(
            startTime="2026-11-30T22:30:59Z", timeZone="Europe/Berlin", description="Nightly"
        )

        assert made.status == 201
        assert made.headers["Location"].endswith("/schedules/daily?api-version=2024-10-23")
        assert made.body["type"] == "Microsoft.Automation/AutomationAccounts/Schedules"
        assert made.body["properties"] == {
            "description": "Nightly",
            "startTime": "2026-11-30T23:30:00+01:00",
            "startTimeOffsetMinutes": 60.0,
            "expiryTime": "9999-12-31T23:59:59.9999999+00:00",
            "expiryTimeOffsetMinutes": 0.0,
            "isEnabled": True,
            "nextRun": "2026-11-30T23:30:00+01:00",
            "nextRunOffsetMinutes": 60.0,
            "interval": 1,
            "frequency": "Day",
            "creationTime": "2026-11-22T12:00:00.0000000+00:00",
            "lastModifiedTime": "2026-11-22T12:00:00.0000000+00:00",
            "timeZone": "Europe/Berlin",
            "advancedSchedule": None,
        }

    @pytest.mark.parametrize(
        ("zone", "start"),
        [
            pytest.param("W. Europe Standard Time", "2026-11-30T23:30:00+01:00", id="a name of Windows"),
            pytest.param("Asia/Kolkata", "2026-12-01T04:00:00+05:30", id="a name of IANA"),
            pytest.param("UTC+08:00", "2026-12-01T06:30:00+08:00", id="an offset"),
            pytest.param("", "2026-11-30T22:30:00+00:00", id="none, which is UTC"),
        ],
    )
    def test_a_zone_is(self, place, zone, start):
        made = place.scheduled(startTime="2026-11-30T22:30:00Z", timeZone=zone)

        assert made.body["properties"]["startTime"] == start

    def test_a_start_without_an_offset_is_of_the_zones_wall_clock(self, place):
        made = place.scheduled(startTime="2026-11-30T22:30:00", timeZone="Europe/Berlin")

        assert made.body["properties"]["startTime"] == "2026-11-30T22:30:00+01:00"

    @pytest.mark.parametrize(
        ("ahead", "accepted"),
        [pytest.param(300, True, id="five minutes"), pytest.param(299, False, id="less")],
    )
    def test_it_starts_at_the_soonest_in(self, place, ahead, accepted):
        made = place.scheduled(startTime=stamp(NOW + ahead))

        if accepted:
            assert made.status == 201
        else:
            assert refused(made) == (400, "BadRequest", TOO_SOON)

    def test_a_start_that_has_passed_stays_allowed_while_it_is_the_same(self, place):
        place.scheduled()
        start = daily(NOW)["startTime"]
        place.clock.pass_(86400)

        again = place.scheduled(startTime=start, interval=2)
        moved = place.scheduled(startTime=stamp(NOW + 7200))

        assert (again.status, again.body["properties"]["interval"]) == (200, 2)
        assert refused(moved) == (400, "BadRequest", TOO_SOON)

    @pytest.mark.parametrize(
        ("given", "argument", "message"),
        [
            pytest.param(
                {"startTime": "01:00"},
                "startTime",
                "'01:00' is not a time such as 2026-11-22T03:00:00+01:00.",
                id="a start that is no time",
            ),
            pytest.param(
                {"startTime": None},
                "startTime",
                "'' is not a time such as 2026-11-22T03:00:00+01:00.",
                id="no start",
            ),
            pytest.param(
                {"expiryTime": stamp(NOW + 3600)},
                "expiryTime",
                "The expiry time of the schedule must be after its start time.",
                id="an end that is not after the start",
            ),
            pytest.param(
                {"timeZone": "Middle-earth/Shire"},
                "timeZone",
                "There is no time zone 'Middle-earth/Shire'.",
                id="a zone that is none",
            ),
            pytest.param(
                {"frequency": "Minute"},
                "frequency",
                "'Minute' is none of OneTime, Hour, Day, Week, Month.",
                id="every minute",
            ),
            pytest.param(
                {"interval": 101},
                "interval",
                "It is a whole number from 1 to 100.",
                id="an interval too long",
            ),
            pytest.param(
                {"interval": None}, "interval", "It is a whole number from 1 to 100.", id="no interval"
            ),
            pytest.param(
                {"frequency": "OneTime"},
                "interval",
                "A schedule of frequency OneTime has none.",
                id="an interval of what happens once",
            ),
            pytest.param(
                {"advancedSchedule": {"weekDays": ["Monday"]}},
                "advancedSchedule",
                "weekDays need the frequency Week.",
                id="weekdays of a day",
            ),
            pytest.param(
                {"frequency": "Week", "advancedSchedule": {"monthDays": [1]}},
                "advancedSchedule",
                "monthDays need the frequency Month.",
                id="days of the month in a week",
            ),
            pytest.param(
                {
                    "frequency": "Month",
                    "advancedSchedule": {
                        "monthDays": [1],
                        "monthlyOccurrences": [{"occurrence": 1, "day": "Monday"}],
                    },
                },
                "advancedSchedule",
                "monthDays and monthlyOccurrences exclude each other.",
                id="two ways to name days of a month",
            ),
            pytest.param(
                {"frequency": "Week", "advancedSchedule": {"weekDays": ["Mon"]}},
                "weekDays",
                "They are of Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday.",
                id="a weekday that is none",
            ),
            pytest.param(
                {"frequency": "Month", "advancedSchedule": {"monthDays": [32]}},
                "monthDays",
                "They are from 1 to 31, or -1 for the last day.",
                id="a day no month has",
            ),
            pytest.param(
                {
                    "frequency": "Month",
                    "advancedSchedule": {"monthlyOccurrences": [{"occurrence": 6, "day": "Monday"}]},
                },
                "monthlyOccurrences",
                "They have a weekday and an occurrence, -1 or 1 to 5.",
                id="a sixth Monday",
            ),
            pytest.param(
                {"advancedSchedule": {"yearDays": [1]}},
                "advancedSchedule",
                "It has no yearDays.",
                id="a rule that is none",
            ),
        ],
    )
    def test_refused_is(self, place, given, argument, message):
        assert refused(place.scheduled(**given)) == invalid(argument, message)
        assert place.list("schedules") == []

    @pytest.mark.parametrize("name", ["a.b", "a+b", "a:b", "50%", "blank ", "a" * 129])
    def test_its_name_is_not(self, place, name):
        message = "It has at most 128 characters, none of <>*%&:\\?.+/ and no blank at its end."

        assert refused(place.scheduled(name)) == invalid("scheduleName", message)

    def test_a_patch_changes_description_and_whether_it_is_enabled(self, place):
        place.scheduled()
        place.clock.pass_(60)

        patched = place.ask(
            "PATCH", "schedules/daily", {"properties": {"isEnabled": False, "description": "off"}}
        )

        told = patched.body["properties"]
        assert (patched.status, told["isEnabled"], told["description"]) == (200, False, "off")
        assert told["nextRun"] == "2026-11-22T13:00:00+00:00"
        assert told["lastModifiedTime"] == "2026-11-22T12:01:00.0000000+00:00"

    def test_a_patch_changes_nothing_else(self, place):
        place.scheduled()

        patched = place.ask("PATCH", "schedules/daily", {"properties": {"interval": 2}})

        assert refused(patched) == (
            400,
            "BadRequest",
            "interval of a schedule cannot be updated; only description, isEnabled can.",
        )

    @pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
    def test_one_that_is_not_there_is_not_found(self, place, method):
        answer = place.ask(method, "schedules/daily", {"properties": {}})

        assert refused(answer) == (404, "NotFound", "Schedule not found.")


class TestTheNextRun:
    """2026-11-22 is a Sunday."""

    @pytest.mark.parametrize(
        ("given", "after", "expected"),
        [
            pytest.param(
                {"frequency": "Hour", "interval": 6}, "13h", "2026-11-23T07:00:00+00:00", id="of six hours"
            ),
            pytest.param({"interval": 3}, "2d", "2026-11-25T13:00:00+00:00", id="of three days"),
            pytest.param({"frequency": "Week"}, "1d", "2026-11-29T13:00:00+00:00", id="of a week"),
            pytest.param(
                {"frequency": "Week", "advancedSchedule": {"weekDays": ["Friday", "Tuesday"]}},
                "3d",
                "2026-11-27T13:00:00+00:00",
                id="of two weekdays",
            ),
            pytest.param(
                {"frequency": "Week", "interval": 2, "advancedSchedule": {"weekDays": ["Monday"]}},
                "0h",
                "2026-11-30T13:00:00+00:00",
                id="of every other Monday, counted from the week it starts in",
            ),
            pytest.param(
                {"frequency": "Month", "advancedSchedule": {"monthDays": [31, -1]}},
                "10d",
                "2026-12-31T13:00:00+00:00",
                id="of the last day of a month",
            ),
            pytest.param(
                {"frequency": "Month", "advancedSchedule": {"monthDays": [31]}},
                "41d",
                "2027-01-31T13:00:00+00:00",
                id="of a day that a month lacks",
            ),
            pytest.param(
                {
                    "frequency": "Month",
                    "advancedSchedule": {"monthlyOccurrences": [{"occurrence": 2, "day": "Saturday"}]},
                },
                "1d",
                "2026-12-12T13:00:00+00:00",
                id="of the second Saturday",
            ),
            pytest.param(
                {
                    "frequency": "Month",
                    "advancedSchedule": {"monthlyOccurrences": [{"occurrence": -1, "day": "Friday"}]},
                },
                "1d",
                "2026-11-27T13:00:00+00:00",
                id="of the last Friday",
            ),
            pytest.param(
                {"frequency": "OneTime", "interval": None},
                "0h",
                "2026-11-22T13:00:00+00:00",
                id="of what is to come",
            ),
            pytest.param({"frequency": "OneTime", "interval": None}, "2h", None, id="of what is over"),
            pytest.param(
                {"expiryTime": "2026-11-24T12:00:00Z"},
                "2d",
                None,
                id="of what has ended before it would come",
            ),
        ],
    )
    def test_is_the_one(self, place, given, after, expected):
        place.scheduled(**given)
        place.clock.pass_(int(after[:-1]) * {"h": 3600, "d": 86400}[after[-1]])

        assert place.ask("GET", "schedules/daily").body["properties"]["nextRun"] == expected

    def test_keeps_its_wall_clock_when_the_clocks_change(self):
        place = Place(Clock(clock.moment("2026-10-24T12:00:00Z")))

        place.scheduled(startTime="2026-10-24T22:30:00+02:00", timeZone="Europe/Berlin")
        place.clock.pass_(86400)

        told = place.ask("GET", "schedules/daily").body["properties"]
        assert (told["nextRun"], told["nextRunOffsetMinutes"]) == ("2026-10-25T22:30:00+01:00", 60.0)


class TestLinks:
    def test_a_new_one_has_its_parameters_in_lower_case(self, place):
        place.published()
        place.scheduled()

        made = place.linked(LINK, "NIGHTLY", "DAILY", parameters={"[PARAMETER 1]": "dry_run=true"})

        assert made.status == 201
        assert made.body["properties"] == {
            "jobScheduleId": LINK,
            "runbook": {"name": "nightly"},
            "schedule": {"name": "daily"},
            "runOn": None,
            "parameters": {"[parameter 1]": "dry_run=true"},
        }

    def test_a_list_has_no_parameters_and_a_get_has(self, linked):
        (listed,) = linked.list("jobSchedules")

        assert "parameters" not in listed["properties"]
        told = linked.ask("GET", f"jobSchedules/{LINK}").body["properties"]
        assert told["parameters"] == {"[parameter 1]": "dry_run=true"}

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            pytest.param("", [LINK, OTHER], id="nothing"),
            pytest.param("properties/schedule/name eq 'Weekly'", [OTHER], id="a schedule"),
            pytest.param("properties/runbook/name eq 'nightly'", [LINK, OTHER], id="a runbook"),
            pytest.param(
                "properties/schedule/name eq 'daily' and properties/runbook/name eq 'nightly'",
                [LINK],
                id="both",
            ),
            pytest.param("properties/runbook/name eq 'other'", [], id="one that is not there"),
        ],
    )
    def test_a_list_is_filtered_by(self, linked, text, found):
        linked.scheduled("weekly")
        linked.linked(OTHER, schedule="weekly")

        assert [row["name"] for row in linked.list("jobSchedules", **{"$filter": text})] == found

    def test_other_filters_are_not_played(self, linked):
        answer = linked.ask("GET", "jobSchedules", **{"$filter": "properties/runOn eq 'x'"})

        assert refused(answer)[:2] == (501, "NotSimulated")

    @pytest.mark.parametrize(
        ("link", "schedule", "message"),
        [
            pytest.param(LINK, "weekly", "A jobSchedule with same id already exists.", id="its id"),
            pytest.param(
                OTHER,
                "daily",
                "A job schedule for the specified runbook and schedule already exists.",
                id="a link between the two",
            ),
        ],
    )
    def test_there_already_is(self, linked, link, schedule, message):
        linked.scheduled("weekly")

        assert refused(linked.linked(link, schedule=schedule)) == (409, "Conflict", message)

    @pytest.mark.parametrize(
        ("ends", "error"),
        [
            pytest.param({"runbook": "other"}, (404, "NotFound", "Runbook not found."), id="a runbook"),
            pytest.param({"schedule": "other"}, (404, "NotFound", "Schedule not found."), id="a schedule"),
            pytest.param(
                {"schedule": None}, invalid("schedule", "A job schedule needs the name of one."), id="an end"
            ),
            pytest.param(
                {"runbook": ""}, invalid("runbook", "A job schedule needs the name of one."), id="a name"
            ),
        ],
    )
    def test_missing_is(self, linked, ends, error):
        assert refused(linked.linked(OTHER, **ends)) == error

    def test_a_runbook_that_was_never_published_cannot_be_linked(self, linked):
        linked.put("runbooks/new", runbookType="Python3", draft={})
        linked.ask("PUT", "runbooks/new/draft/content", b"")

        assert refused(linked.linked(OTHER, "new")) == (
            400,
            "BadRequest",
            "The runbook new has not been published.",
        )

    @pytest.mark.parametrize(
        ("link", "parameters", "error"),
        [
            pytest.param(
                "one", {}, invalid("jobScheduleId", "'one' is no GUID."), id="an id that is no GUID"
            ),
            pytest.param(
                OTHER, {"a": 1}, invalid("parameters", "They are an object of texts."), id="a number"
            ),
            pytest.param(
                OTHER,
                {f"p{number}": "" for number in range(51)},
                invalid("parameters", "There are at most 50."),
                id="fifty-one parameters",
            ),
        ],
    )
    def test_refused_is(self, linked, link, parameters, error):
        linked.scheduled("weekly")

        assert refused(linked.linked(link, schedule="weekly", parameters=parameters)) == error

    def test_it_is_gone_when_it_is_deleted(self, linked):
        assert linked.ask("DELETE", f"jobSchedules/{LINK}").status == 200
        again = linked.ask("DELETE", f"jobSchedules/{LINK}")

        assert refused(again) == (404, "NotFound", "Job schedule not found.")

    def test_it_is_gone_when_its_schedule_is_deleted(self, linked):
        assert linked.ask("DELETE", "schedules/daily").status == 200

        assert linked.list("jobSchedules") == []

    def test_it_stays_when_its_schedule_is_put_again_or_disabled(self, linked):
        linked.scheduled(interval=2)
        linked.ask("PATCH", "schedules/daily", {"properties": {"isEnabled": False}})

        assert [row["name"] for row in linked.list("jobSchedules")] == [LINK]


def update(place):
    place.put("runbooks/nightly", runbookType="Python", runtimeEnvironment="Python-3.10")


def publish(place):
    place.ask("PUT", "runbooks/nightly/draft/content", b"print(2)")
    place.ask("POST", "runbooks/nightly/publish")


class TestWhatAnUpdateDoesToLinks:
    """azurerm's issues 7130, 8634 and 17970."""

    @pytest.mark.parametrize("change", [update, publish])
    @pytest.mark.parametrize(
        ("how", "parameters"),
        [
            pytest.param({}, [{"[parameter 1]": "dry_run=true"}], id="they come again"),
            pytest.param(
                {"links_on_update": "renewed"}, [{"[parameter 1]": "dry_run=true"}], id="they are renewed"
            ),
            pytest.param({"links_on_update": "without parameters"}, [None], id="they lose their parameters"),
            pytest.param({"links_on_update": "lost"}, [], id="they are lost"),
        ],
    )
    def test_under_other_ids(self, how, parameters, change):
        place = Place(automation=how)
        place.published()
        place.scheduled()
        place.linked(LINK, parameters={"[PARAMETER 1]": "dry_run=true"})

        change(place)

        names = [row["name"] for row in place.list("jobSchedules")]
        told = [place.ask("GET", f"jobSchedules/{name}").body["properties"] for name in names]
        assert [one["parameters"] for one in told] == parameters
        assert LINK not in names
        assert all(uuid.UUID(name) for name in names)

    def test_a_patch_or_a_draft_does_nothing(self, linked):
        linked.ask("PATCH", "runbooks/nightly", {"tags": {"a": "1"}})
        linked.ask("PUT", "runbooks/nightly/draft/content", b"")

        assert [row["name"] for row in linked.list("jobSchedules")] == [LINK]

    def test_those_of_other_runbooks_stay(self, linked):
        linked.published("other")
        linked.linked(OTHER, "other")

        update(linked)

        names = [row["name"] for row in linked.list("jobSchedules")]
        assert OTHER in names
        assert LINK not in names
