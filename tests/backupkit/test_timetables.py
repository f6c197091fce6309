"""When policies of Recovery Services vaults run, by whose clock, and how long they keep what they take."""

from __future__ import annotations

from datetime import timedelta

import pytest
from backupkit import rows
from backupkit.records import Policy, Schedule

VAULT = "/subscriptions/s/resourcegroups/rg-backup/providers/microsoft.recoveryservices/vaults/rsv"


def policy(schedule: object, retention: object = None, **properties: object) -> Policy:
    known = {"schedulePolicy": schedule, "retentionPolicy": retention, "timeZone": "UTC", **properties}
    return rows.policy({"id": f"{VAULT}/backupPolicies/Daily", "name": "Daily", "properties": known})


def only(one: Policy) -> Schedule:
    (found,) = one.schedules
    return found


def v1(frequency: str, **facts: object) -> dict[str, object]:
    return {"schedulePolicyType": "SimpleSchedulePolicy", "scheduleRunFrequency": frequency, **facts}


def v2(frequency: str, **facts: object) -> dict[str, object]:
    """The second generation keeps all but the frequency one level down."""
    inner = {f"{frequency.lower()}Schedule": facts}
    return {"schedulePolicyType": "SimpleSchedulePolicyV2", "scheduleRunFrequency": frequency, **inner}


RUNS = {"scheduleRunTimes": ["2026-01-01T22:30:00Z"]}
ALL = tuple(range(7))


@pytest.mark.parametrize(
    ("schedule", "times", "days", "every"),
    [
        pytest.param(v1("Daily", **RUNS), ((22, 30),), ALL, timedelta(days=1), id="daily"),
        pytest.param(v2("Daily", **RUNS), ((22, 30),), ALL, timedelta(days=1), id="daily, second generation"),
        pytest.param(
            v1("Weekly", scheduleRunDays=["Sunday"], **RUNS),
            ((22, 30),),
            (6,),
            timedelta(days=7),
            id="weekly",
        ),
        pytest.param(
            v2("Weekly", scheduleRunDays=["Monday", "thursday"], **RUNS),
            ((22, 30),),
            (0, 3),
            timedelta(days=3.5),
            id="twice a week, second generation",
        ),
        pytest.param(
            v1("Weekly", scheduleRunDays=["Someday"], **RUNS),
            ((22, 30),),
            (),
            timedelta(days=7),
            id="weekly, on a day that there is not",
        ),
        pytest.param(
            v2(
                "Hourly",
                interval=4,
                scheduleWindowStartTime="2026-01-01T08:00:00Z",
                scheduleWindowDuration=12,
            ),
            ((8, 0), (12, 0), (16, 0), (20, 0)),
            ALL,
            timedelta(hours=4),
            id="every four hours of twelve, the last at the end of the window",
        ),
        pytest.param(
            v2(
                "Hourly",
                interval=4,
                scheduleWindowStartTime="2026-01-01T08:00:00Z",
                scheduleWindowDuration=23,
            ),
            ((8, 0), (12, 0), (16, 0), (20, 0), (0, 0), (4, 0)),
            ALL,
            timedelta(hours=4),
            id="every four hours of twenty-three, over midnight",
        ),
        pytest.param(
            v2("Hourly", interval=12, scheduleWindowStartTime="2026-01-01T06:30:00Z"),
            ((6, 30), (18, 30)),
            ALL,
            timedelta(hours=12),
            id="every twelve hours, all day",
        ),
        pytest.param(
            v2("Hourly", interval=6),
            (),
            ALL,
            timedelta(hours=6),
            id="every six hours, from nobody knows when",
        ),
        pytest.param(
            v2("Hourly", scheduleWindowStartTime="2026-01-01T00:00:00Z", scheduleWindowDuration=4),
            ((0, 0), (4, 0)),
            ALL,
            timedelta(hours=4),
            id="hourly, it is not said how often: as often as Azure allows",
        ),
        pytest.param(
            v1("Daily", scheduleRunTimes=["soon", None]),
            (),
            ALL,
            timedelta(days=1),
            id="times without a meaning",
        ),
        pytest.param({}, (), ALL, timedelta(days=1), id="an empty schedule"),
        pytest.param(
            None, (), ALL, timedelta(days=1), id="no schedule, as a database's policy has it elsewhere"
        ),
    ],
)
def test_when_a_policy_runs(schedule, times, days, every):
    """Azure PowerShell counts the points of an hourly schedule so: window / interval + 1."""
    one = only(policy(schedule))

    assert (one.times, one.days, one.every, one.kind) == (times, days, every, "")


@pytest.mark.parametrize(
    ("properties", "schedule", "name"),
    [
        pytest.param(
            {"timeZone": "W. Europe Standard Time"}, {}, "W. Europe Standard Time", id="the policy's own"
        ),
        pytest.param(
            {"timeZone": None},
            {"hourlySchedule": {"timeZone": "Singapore Standard Time"}},
            "Singapore Standard Time",
            id="that of its hours, as file shares have it",
        ),
        pytest.param({"timeZone": None}, {}, "UTC", id="none said"),
    ],
)
def test_by_whose_clock_it_runs(properties, schedule, name):
    assert only(policy(schedule, **properties)).zone_name == name


def kept(count: object, unit: str | None = "Days") -> dict[str, object]:
    return {"retentionDuration": {"count": count, "durationType": unit}}


@pytest.mark.parametrize(
    ("retention", "days"),
    [
        pytest.param({"dailySchedule": kept(14)}, 14, id="days"),
        pytest.param({"dailySchedule": kept(14, None)}, 14, id="days, the unit is not said"),
        pytest.param(
            {"dailySchedule": kept(14.0)}, 14, id="days, as a fraction, which Resource Graph may send"
        ),
        pytest.param({"weeklySchedule": kept(12, "Weeks")}, 84, id="weeks, of a weekly policy"),
        pytest.param(
            {"dailySchedule": kept(7), "weeklySchedule": kept(12, "Weeks")}, 7, id="days, before the weeks"
        ),
        pytest.param(
            {"dailySchedule": kept(0), "weeklySchedule": kept(2, "Weeks")}, 14, id="weeks, as no day is kept"
        ),
        pytest.param({"dailySchedule": kept(2, "Months")}, 60, id="months"),
        pytest.param({"dailySchedule": kept(1, "Years")}, 365, id="years"),
        pytest.param(
            {"dailySchedule": kept(9, "Fortnights")}, 9, id="a unit that there is not counts as days"
        ),
        pytest.param({"dailySchedule": kept("14")}, None, id="a number in text"),
        pytest.param({"monthlySchedule": kept(12, "Months")}, None, id="months alone"),
        pytest.param({"dailySchedule": None}, None, id="null"),
        pytest.param(None, None, id="nothing said"),
    ],
)
def test_how_many_days_a_policy_keeps(retention, days):
    assert only(policy(v1("Daily", **RUNS), retention)).keep_days == days


def test_a_policy_is_known_by_its_id_in_lower_case():
    assert policy({}).id == f"{VAULT}/backuppolicies/daily"


# -- Databases: a timetable for each type of backup ----------------------------------------------


def part(kind: str, schedule: object, retention: object = None) -> dict[str, object]:
    return {"policyType": kind, "schedulePolicy": schedule, "retentionPolicy": retention or {}}


def logs(minutes: object) -> dict[str, object]:
    return {"schedulePolicyType": "LogSchedulePolicy", "scheduleFrequencyInMins": minutes}


def of_database(*parts: dict[str, object], **settings: object) -> Policy:
    properties = {
        "backupManagementType": "AzureWorkload",
        "workLoadType": "SQLDataBase",
        "settings": {"timeZone": "UTC", "issqlcompression": False, "isCompression": False, **settings},
        "subProtectionPolicy": list(parts),
    }
    return rows.policy({"id": f"{VAULT}/backupPolicies/Sql", "name": "Sql", "properties": properties})


SUNDAY = v1("Weekly", scheduleRunDays=["Sunday"], **RUNS)
WEEKDAYS = v1("Weekly", scheduleRunDays=["Monday", "Tuesday"], **RUNS)


def test_a_databases_policy_has_a_timetable_for_each_type_of_backup():
    one = of_database(
        part("Full", SUNDAY, {"weeklySchedule": kept(104, "Weeks")}),
        part("Differential", WEEKDAYS, kept(30)),
        part("Log", logs(60), kept(15)),
    )

    assert one.schedules == (
        Schedule("UTC", ((22, 30),), (6,), timedelta(days=7), 728, "full"),
        Schedule("UTC", ((22, 30),), (0, 1), timedelta(days=3.5), 30, "differential"),
        Schedule("UTC", (), ALL, timedelta(hours=1), 15, "log"),
    )


@pytest.mark.parametrize(
    ("minutes", "every"),
    [
        pytest.param(15, timedelta(minutes=15), id="every quarter of an hour"),
        pytest.param(120.0, timedelta(hours=2), id="as a fraction, which Resource Graph may send"),
        pytest.param(0, timedelta(days=1), id="zero says nothing: a day"),
        pytest.param("60", timedelta(days=1), id="a number in text says nothing: a day"),
        pytest.param(None, timedelta(days=1), id="null: a day"),
    ],
)
def test_how_far_apart_log_backups_are(minutes, every):
    one = only(of_database(part("Log", logs(minutes))))

    assert (one.times, one.days, one.every) == ((), ALL, every)


def test_a_databases_policy_goes_by_the_zone_of_its_settings():
    assert only(of_database(part("Full", SUNDAY), timeZone="Tokyo Standard Time")).zone_name == (
        "Tokyo Standard Time"
    )


@pytest.mark.parametrize(
    ("settings", "compressed"),
    [
        pytest.param({}, False, id="both say no"),
        pytest.param({"isCompression": True}, True, id="it says so"),
        pytest.param({"issqlcompression": True}, True, id="under the older name"),
        pytest.param({"isCompression": None, "issqlcompression": "True"}, True, id="in text"),
        pytest.param({"isCompression": "perhaps"}, False, id="text that says nothing"),
    ],
)
def test_whether_backups_are_compressed(settings, compressed):
    assert of_database(part("Full", SUNDAY), **settings).compressed is compressed


def test_a_policy_of_machines_compresses_nothing_and_names_no_rule():
    one = policy(v1("Daily", **RUNS))

    assert (one.compressed, one.rule, one.tag) == (False, "", "")


def test_a_list_of_parts_that_are_none_is_as_if_there_were_none():
    assert [one.kind for one in of_database().schedules] == [""]
