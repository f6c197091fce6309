"""Sums of jobs do not depend on the order in which files have them."""

from collections import Counter
from datetime import timedelta

from backupkit.job_sums import JobSums, seconds
from hypothesis import given
from hypothesis import strategies as st

from tests.pages.exports import AGENT, NOW, PASSING, cause, job, vault_columns

VAULT = vault_columns("rsv-a", "00000001-1111-4222-8333-000000000001")
DAY = timedelta(days=1)
JOBS = st.lists(
    st.tuples(
        st.sampled_from(["vm-1", "vm-2", "vm-3"]),
        st.integers(0, 47),
        st.sampled_from(["succeeded", "warned", "failed", "cancelled", "running", None]),
        st.booleans(),
    ),
    max_size=25,
)


def row(name, hours, outcome, on_demand):
    told = cause((AGENT, PASSING)[hours % 2]) if outcome == "failed" else {}
    begun = NOW - timedelta(hours=hours, minutes=hours)
    return job(name, VAULT, begun, "running", on_demand=on_demand, **told) | {"outcome": outcome}


def summed(rows):
    sums = JobSums(most=100, most_a_day=100, least=2)
    days = {str(one["started"])[:10] for one in rows}
    for day in sorted(days):
        sums.add_day(day, [one for one in rows if one["started"].startswith(day)])
    return sums


def told(sums):
    return (
        sums.days,
        {code: (one.jobs, one.items, one.last) for code, one in sums.causes.items()},
        sorted(sums.gatherings),
        [sums.newest(name) for name in ("x", "y")],
        sums.retries(DAY).outcomes,
    )


@given(JOBS, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(jobs, dice):
    rows = [row(*one) for one in {(one[0], one[1]): one for one in jobs}.values()]
    shuffled = list(rows)
    dice.shuffle(shuffled)

    assert told(summed(rows)) == told(summed(shuffled))


@given(JOBS)
def test_retries_are_what_a_plain_loop_finds(jobs):
    rows = [row(*one) for one in {(one[0], one[1]): one for one in jobs}.values()]
    expected = Counter(
        one["outcome"] or "other"
        for one in rows
        if one["on_demand"]
        and any(
            0 <= seconds(one["started"]) - seconds(other["started"]) <= DAY.total_seconds()
            for other in rows
            if other["outcome"] == "failed" and other["item"] == one["item"] and other is not one
        )
    )

    assert summed(rows).retries(DAY).outcomes == expected


def test_the_newest_backup_that_ended_speaks_for_an_item():
    rows = [
        row("vm-1", 5, "failed", False),
        row("vm-1", 2, "succeeded", False),
        row("vm-1", 1, "running", False),
    ]

    newest = summed(rows).newest(str(rows[0]["item"]))

    assert newest is not None
    assert (newest.failed, newest.started) == (False, seconds(str(rows[1]["started"])))


def test_a_row_that_could_not_be_understood_is_counted_and_breaks_nothing():
    blank = dict.fromkeys(row("vm-1", 1, "failed", False)) | {"key": "k", "backup": True}
    sums = JobSums(10, 10, 2)
    sums.add_day("2026-11-26", [blank, blank | {"outcome": "failed"}, blank | {"backup": None}])

    assert sums.days["2026-11-26"] == {"other": 1, "failed": 1}
    assert sums.retries(DAY).total == 0
