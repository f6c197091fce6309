"""What an export reads again, and which of two states of a row stands."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from backupkit.export_files import Form
from backupkit.export_manifest import Entry
from hypothesis import given
from hypothesis import strategies as st

from runbooks.job_export import (
    Params,
    can_change_no_more,
    due,
    is_open,
    misfits,
    stands,
)

NOW = datetime(2026, 11, 26, 5, 0, tzinfo=UTC)
OPTIONS = Params(to="out")
DAYS = ["2026-11-12", "2026-11-23", "2026-11-24", "2026-11-25", "2026-11-26"]


def entry(date="2026-11-20", **facts):
    made = Entry("jobs", date, rows=9, open=0, read="2026-11-26T05:00:00Z", final=True, bytes=1, sha256="")
    return replace(made, **facts)


def job(outcome, ended=None):
    return {"key": "a", "outcome": outcome, "ended": ended}


def alert(condition="Fired", state="New", changed="2026-11-25T10:00:00Z"):
    return {"key": "a", "condition": condition, "state": state, "changed": changed}


# -- which days --------------------------------------------------------------------


def read(known, **options):
    return due(DAYS, known.get, replace(OPTIONS, **options), NOW)


def test_a_first_run_reads_every_day_that_resource_graph_has_the_oldest_first():
    """The oldest is the first to be forgotten."""
    assert read({}) == DAYS


def test_a_day_that_is_final_is_not_read_again():
    assert read({day: entry(day) for day in DAYS[:3]}) == DAYS[3:]


def test_a_day_that_was_missed_is_read():
    known = {day: entry(day) for day in DAYS if day != "2026-11-23"}

    assert read(known) == ["2026-11-23"]


@pytest.mark.parametrize(
    ("since", "days"),
    [
        pytest.param("2026-11-24", DAYS[2:], id="a day"),
        pytest.param("2d", DAYS[2:], id="so many days"),
        pytest.param("2020-01-01", DAYS, id="before all there is"),
        pytest.param("2026-12-01", [], id="after all there is"),
    ],
)
def test_since_reads_days_again_that_are_final(since, days):
    assert read({day: entry(day) for day in DAYS}, since=since) == days


@pytest.mark.parametrize(
    ("facts", "final"),
    [
        pytest.param({"date": "2026-11-24"}, True, id="over for a day, and nothing runs"),
        pytest.param({"date": "2026-11-25"}, False, id="over for five hours: Resource Graph lags"),
        pytest.param({"date": "2026-11-26"}, False, id="not over"),
        pytest.param({"date": "2026-11-20", "open": 1}, False, id="something still runs"),
        pytest.param({"date": "2026-11-24", "read": "2026-11-26T00:00:00Z"}, True, id="to the second"),
        pytest.param({"date": "2026-11-24", "read": "2026-11-25T23:59:59Z"}, False, id="a second less"),
    ],
)
def test_a_day_is_final_when_nothing_of_it_can_change(facts, final):
    assert can_change_no_more(entry(**facts)) is final


# -- which state -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record", "open_"),
    [
        pytest.param(job("running"), True, id="a job that runs"),
        pytest.param(job("failed", "2026-11-25T10:00:00Z"), False, id="a job that ended"),
        pytest.param(job("other"), False, id="a job of a status nobody knows"),
        pytest.param(alert(), True, id="an alert"),
        pytest.param(alert(state="Acknowledged"), True, id="an alert that somebody has seen"),
        pytest.param(alert(state="Closed"), False, id="an alert that somebody closed"),
        pytest.param(alert("Resolved"), False, id="an alert that resolved"),
        pytest.param({"key": "a", "state": "healthy"}, False, id="an item"),
    ],
)
def test_what_may_still_change(record, open_):
    assert is_open(record) is open_


@pytest.mark.parametrize(
    ("new", "old", "new_stands"),
    [
        pytest.param(job("failed", "t2"), job("running"), True, id="it ended since"),
        pytest.param(job("running"), job("failed", "t2"), False, id="a reading that lags behind the file"),
        pytest.param(job("running"), job("running"), True, id="it runs on"),
        pytest.param(job("failed", "t2"), job("failed", "t1"), True, id="a later end"),
        pytest.param(job("failed", "t1"), job("failed", "t2"), False, id="an earlier end"),
        pytest.param(job("failed", "t1"), job("succeeded", "t1"), True, id="the same end, told otherwise"),
        pytest.param(
            alert(state="Closed", changed="t2"), alert(changed="t1"), True, id="an alert closed since"
        ),
        pytest.param(alert(changed="t2"), alert(state="Closed", changed="t1"), True, id="one opened again"),
        pytest.param(alert(changed="t1"), alert(changed="t2"), False, id="an alert as it was before"),
    ],
)
def test_of_two_states_the_last_one_stands(new, old, new_stands):
    assert stands(new, old) is new_stands


JOBS = st.one_of(
    st.builds(job, st.just("running")),
    st.builds(
        job, st.sampled_from(["failed", "succeeded", "warned", "cancelled"]), st.sampled_from(["t1", "t2"])
    ),
)


@given(st.lists(JOBS, min_size=2, max_size=4))
def test_a_job_that_ended_never_runs_again_in_whatever_order_exports_write(states):
    kept = states[0]
    for state in states[1:]:
        kept = state if stands(state, kept) else kept
    ends = [state["ended"] for state in states if state["ended"]]

    assert kept["ended"] == max(ends, default=None)


# -- forms -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "extension"),
    [
        pytest.param({}, "ndjson.gz", id="by default"),
        pytest.param({"layout": "table"}, "json.gz", id="columns and rows"),
        pytest.param({"format": "csv"}, "csv.gz", id="CSV"),
        pytest.param({"format": "csv", "layout": "table"}, "csv.gz", id="CSV is a table anyway"),
        pytest.param({"compress": "none"}, "ndjson", id="not compressed"),
    ],
)
def test_the_form_is_what_files_are_called(options, extension):
    assert replace(OPTIONS, **options).form.extension == extension


def test_a_place_takes_one_form_of_each_entity():
    names = {
        "jobs/date=2026-11-25/jobs.csv.gz",
        "manifest.json",
        "jobs.txt",
        "items/date=2026-11-25/items.ndjson.gz",
    }
    form = Form("ndjson", compressed=True)

    [fault] = misfits(names, form, ["jobs", "items", "alerts"])
    assert fault.startswith("parameter to names a place that has jobs/date=2026-11-25/jobs.csv.gz")


@pytest.mark.parametrize(
    ("options", "chosen"),
    [
        pytest.param({}, ("jobs", "items", "policies", "vaults", "alerts"), id="all that Azure tells"),
        pytest.param(
            {"sweep": "reports"},
            ("jobs", "items", "policies", "vaults", "alerts", "coverage"),
            id="coverage where a sweep told of it",
        ),
        pytest.param({"entities": ("alerts",)}, ("alerts",), id="what is named"),
    ],
)
def test_what_is_exported(options, chosen):
    assert replace(OPTIONS, **options).chosen == chosen
