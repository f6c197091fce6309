"""What a backup policy promises: its next run, its RPO, and how long a recovery point is kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from backupkit.policies import keep_until, next_run, rpo, rpo_age
from backupkit.times import stamp, utc, zone
from hypothesis import given
from hypothesis import strategies as st

from tests.decisions.cases import NOW, WEEK, before, item, policy

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
    assert keep_until(one, asked, "vm", NOW) == NOW + timedelta(days=days)
