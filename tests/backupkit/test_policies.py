"""What a backup policy promises: its next run, its RPO, and how long a recovery point is kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from backupkit.kinds import NAMES
from backupkit.policies import keep_until, kind_due, next_run, rpo, rpo_age, too_short
from backupkit.records import Policy, Schedule
from backupkit.times import stamp, utc, zone
from hypothesis import given
from hypothesis import strategies as st

from tests.decisions.cases import NOW, WEEK, before, item, policy, schedule

BERLIN = "W. Europe Standard Time"


def shown(moment: datetime | None) -> str | None:
    return stamp(moment) if moment else None


@pytest.mark.parametrize(
    ("now", "facts", "run"),
    [
        pytest.param("2026-03-10T09:00:00Z", {}, "2026-03-10T22:00:00Z", id="daily, tonight"),
        pytest.param("2026-03-10T22:00:00Z", {}, "2026-03-11T22:00:00Z", id="daily, it has just begun"),
        pytest.param("2026-03-10T23:00:00Z", {}, "2026-03-11T22:00:00Z", id="daily, it is over for today"),
        pytest.param("2026-12-31T23:00:00Z", {}, "2027-01-01T22:00:00Z", id="daily, over the new year"),
        pytest.param("2026-03-10T09:00:00Z", {"days": (6,)}, "2026-03-15T22:00:00Z", id="weekly, on Sunday"),
        pytest.param(
            "2026-03-10T23:00:00Z", {"days": (1,)}, "2026-03-17T22:00:00Z", id="weekly, today's is over"
        ),
        pytest.param(
            "2026-03-10T23:00:00Z", {"days": (1, 3)}, "2026-03-12T22:00:00Z", id="twice a week, on Thursday"
        ),
        pytest.param(
            "2026-03-10T09:00:00Z",
            {"times": ((0, 0), (8, 0), (16, 0))},
            "2026-03-10T16:00:00Z",
            id="every eight hours",
        ),
        pytest.param(
            "2026-03-10T17:00:00Z",
            {"times": ((0, 0), (8, 0), (16, 0))},
            "2026-03-11T00:00:00Z",
            id="every eight hours, past midnight",
        ),
        pytest.param(
            "2026-03-28T12:00:00Z", {"zone_name": BERLIN}, "2026-03-28T21:00:00Z", id="in Berlin's winter"
        ),
        pytest.param(
            "2026-03-28T22:00:00Z",
            {"zone_name": BERLIN},
            "2026-03-29T20:00:00Z",
            id="over the night in which its clocks go forward: 22 hours later",
        ),
        pytest.param(
            "2026-10-24T21:00:00Z",
            {"zone_name": BERLIN},
            "2026-10-25T21:00:00Z",
            id="over the night in which they go back: 24 hours later by ours, 25 by theirs",
        ),
        pytest.param(
            "2026-03-10T15:00:00Z",
            {"zone_name": "Singapore Standard Time"},
            "2026-03-11T14:00:00Z",
            id="in Singapore, where it is 23:00",
        ),
        pytest.param(
            "2026-03-10T20:00:00Z",
            {"zone_name": "Singapore Standard Time", "days": (2,)},
            "2026-03-11T14:00:00Z",
            id="on Wednesdays, and in Singapore it is one",
        ),
        pytest.param("2026-03-10T09:00:00Z", {"times": ()}, None, id="no times are known"),
        pytest.param("2026-03-10T09:00:00Z", {"days": ()}, None, id="no weekdays are known"),
        pytest.param("2026-03-10T09:00:00Z", {"zone_name": "Nowhere"}, None, id="nobody knows its zone"),
    ],
)
def test_the_next_scheduled_run(now, facts, run):
    assert shown(next_run(policy(**facts), utc(now))) == run


def test_without_a_policy_no_run_is_known():
    assert next_run(None, NOW) is None


@given(
    st.integers(10**9, 2 * 10**9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    st.lists(st.tuples(st.integers(0, 23), st.sampled_from([0, 30])), min_size=1, max_size=4),
    st.lists(st.sampled_from(WEEK), min_size=1),
    st.sampled_from(["UTC", "Singapore Standard Time", BERLIN, "Newfoundland Standard Time"]),
)
def test_a_run_is_ahead_on_a_day_of_the_policy_and_none_comes_before_it(now, times, days, name):
    one = policy(times=tuple(times), days=tuple(days), zone_name=name)
    run = next_run(one, now)

    assert run is not None
    assert now < run <= now + timedelta(days=7, hours=1)
    # A clock that goes forward in the night shows no 02:30.
    shown_there = {run.astimezone(zone(name)), (run - timedelta(hours=1)).astimezone(zone(name))}
    assert any((at.hour, at.minute) in times and at.weekday() in days for at in shown_there)
    assert next_run(one, run - timedelta(minutes=1)) == run


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        pytest.param(policy(), timedelta(days=1), id="daily"),
        pytest.param(policy(every=timedelta(days=7)), timedelta(days=7), id="weekly"),
        pytest.param(policy(every=timedelta(hours=4)), timedelta(hours=4), id="every four hours"),
        pytest.param(None, timedelta(days=1), id="unknown: a day"),
    ],
)
def test_the_rpo_is_the_frequency(one, expected):
    assert rpo(one) == expected


def test_the_age_of_the_newest_recovery_point():
    assert rpo_age(item(last_recovery_point=before("35h")), NOW) == timedelta(hours=35)
    assert rpo_age(item(last_recovery_point=None), NOW) is None
    assert rpo_age(None, NOW) is None


@pytest.mark.parametrize(
    ("one", "asked", "days"),
    [
        pytest.param(policy(keep_days=14), "policy", 14, id="as the policy says"),
        pytest.param(policy(keep_days=14), "10d", 10, id="as asked"),
        pytest.param(policy(keep_days=None), "policy", 30, id="the policy does not say: Azure's default"),
        pytest.param(None, "policy", 30, id="there is no policy: Azure's default"),
        pytest.param(None, "99d", 99, id="there is no policy, and it is asked"),
    ],
)
def test_a_recovery_point_is_kept(one, asked, days):
    assert keep_until(one, asked, "vm", "", NOW) == NOW + timedelta(days=days)


# -- Databases: a timetable for each type of backup ----------------------------------------------

MONDAY, TUESDAY, SUNDAY = 0, 1, 6
FULL = schedule("20:00", kind="full", days=(SUNDAY,), every=timedelta(days=7), keep_days=104)
DIFFERENTIAL = schedule("22:00", kind="differential", days=(MONDAY, TUESDAY), keep_days=30)
LOGS = schedule(kind="log", times=(), every=timedelta(hours=1), keep_days=15)


def of_database(*schedules: Schedule) -> Policy:
    return Policy("p", schedules)


WEEKLY_FULL = of_database(FULL, DIFFERENTIAL, LOGS)


@pytest.mark.parametrize(
    ("kind", "run"),
    [
        pytest.param("full", "2026-03-15T20:00:00Z", id="a Full: Sunday's, no Differential before it"),
        pytest.param("differential", "2026-03-10T22:00:00Z", id="a Differential: tonight's"),
        pytest.param("log", "2026-03-10T22:00:00Z", id="a log: tonight's Differential, logs have no times"),
        pytest.param("", "2026-03-10T22:00:00Z", id="one of no known type: whatever comes first"),
        pytest.param("copyonlyfull", None, id="a copy: none is scheduled"),
    ],
)
def test_the_next_run_is_of_a_type_that_makes_up_for_the_failed_one(kind, run):
    """It is Tuesday morning."""
    assert shown(next_run(WEEKLY_FULL, NOW, kind)) == run


@pytest.mark.parametrize(
    ("schedules", "at", "kind"),
    [
        pytest.param((FULL, DIFFERENTIAL, LOGS), "2026-03-08T20:00:00Z", "full", id="when the Full was due"),
        pytest.param((FULL, DIFFERENTIAL, LOGS), "2026-03-08T21:59:00Z", "full", id="within two hours of it"),
        pytest.param((FULL, DIFFERENTIAL, LOGS), "2026-03-08T22:01:00Z", "log", id="later: a log's"),
        pytest.param((FULL, DIFFERENTIAL, LOGS), "2026-03-08T19:59:00Z", "log", id="before it: a log's"),
        pytest.param((FULL, DIFFERENTIAL, LOGS), "2026-03-09T22:10:00Z", "differential", id="a weekday's"),
        pytest.param(
            (FULL, DIFFERENTIAL, LOGS), "2026-03-10T23:30:00Z", "differential", id="late in the evening"
        ),
        pytest.param(
            (schedule("23:30", kind="full"), LOGS), "2026-03-10T00:30:00Z", "full", id="over midnight"
        ),
        pytest.param((FULL, DIFFERENTIAL), "2026-03-12T12:00:00Z", "full", id="without logs: a Full's"),
        pytest.param(
            (schedule("20:00", kind="full"), schedule("21:00", kind="differential"), LOGS),
            "2026-03-10T21:30:00Z",
            "differential",
            id="of two that were due the later",
        ),
        pytest.param((schedule("20:00"),), "2026-03-10T20:10:00Z", "full", id="the policy names no type"),
        pytest.param((), "2026-03-10T20:10:00Z", "full", id="an empty policy: the worst is a Full"),
        pytest.param(
            (schedule("20:00", kind="full", zone_name="Nowhere"), LOGS),
            "2026-03-10T20:10:00Z",
            "log",
            id="a zone that nobody knows: not due",
        ),
        pytest.param(
            (schedule("05:00", kind="full", zone_name="Tokyo Standard Time"), LOGS),
            "2026-03-10T20:10:00Z",
            "full",
            id="by the policy's own clock",
        ),
    ],
)
def test_what_a_databases_scheduled_backup_was_of_is_told_by_when_it_was(schedules, at, kind):
    assert kind_due(of_database(*schedules), utc(at)) == kind


def test_without_a_policy_a_databases_backup_is_taken_for_a_full():
    """So that no lesser backup is thought to make up for it."""
    assert kind_due(None, NOW) == "full"


SCHEDULES = st.builds(
    lambda kind, hour, days, name: schedule(f"{hour:02}:00", kind=kind, days=tuple(days), zone_name=name),
    st.sampled_from(["full", "differential", "incremental", "log", "", "brand new"]),
    st.integers(0, 23),
    st.lists(st.sampled_from(WEEK), max_size=7),
    st.sampled_from(["UTC", BERLIN, "Nowhere"]),
)


@given(st.lists(SCHEDULES, max_size=4), st.integers(10**9, 2 * 10**9))
def test_a_type_that_is_worked_out_is_one_that_can_be_asked_for(schedules, second):
    at = datetime.fromtimestamp(second, UTC)
    kind = kind_due(of_database(*schedules), at)

    assert kind in NAMES
    assert kind in {one.kind for one in schedules} | {"full"}


def test_the_rpo_of_a_database_is_that_of_its_logs():
    assert rpo(WEEKLY_FULL) == timedelta(hours=1)


@pytest.mark.parametrize("workload", ["sql", "hana", "ase"])
@pytest.mark.parametrize(
    ("one", "asked", "kind", "days"),
    [
        pytest.param(WEEKLY_FULL, "policy", "full", 104, id="a Full as the policy says"),
        pytest.param(
            of_database(schedule(kind="full", keep_days=30), LOGS), "policy", "full", 45, id="no less than 45"
        ),
        pytest.param(of_database(LOGS), "policy", "full", 45, id="45 where no Full is scheduled"),
        pytest.param(None, "policy", "full", 45, id="45 without a policy"),
        pytest.param(WEEKLY_FULL, "60d", "full", 60, id="as asked"),
        pytest.param(WEEKLY_FULL, "policy", "differential", None, id="the policy alone rules a Differential"),
        pytest.param(WEEKLY_FULL, "60d", "incremental", None, id="and an Incremental, whatever is asked"),
    ],
)
def test_a_databases_backup_is_kept(workload, one, asked, kind, days):
    expected = None if days is None else NOW + timedelta(days=days)

    assert keep_until(one, asked, workload, kind, NOW) == expected


@pytest.mark.parametrize("workload", ["disk", "blob", "postgresql", "aks"])
@pytest.mark.parametrize("asked", ["policy", "60d"])
def test_a_backup_vault_takes_no_date(workload, asked):
    assert keep_until(policy(keep_days=14), asked, workload, "", NOW) is None


@pytest.mark.parametrize(
    ("asked", "workloads", "faults"),
    [
        pytest.param("policy", ("vm", "sql"), [], id="as policies say"),
        pytest.param("1d", ("vm", "files"), [], id="a day of what is no database"),
        pytest.param("45d", ("vm", "sql", "hana", "ase"), [], id="45 days of databases"),
        pytest.param(
            "44d",
            ("vm", "sql", "ase"),
            [
                "retention=44d is too short for sql: a full backup is kept for 45 days at least",
                "retention=44d is too short for ase: a full backup is kept for 45 days at least",
            ],
            id="less, of which each database is told",
        ),
        pytest.param("1d", ("disk", "blob", "postgresql", "aks"), [], id="Backup vaults take no date at all"),
    ],
)
def test_what_is_too_short_to_be_kept(asked, workloads, faults):
    assert list(too_short(asked, workloads)) == faults
