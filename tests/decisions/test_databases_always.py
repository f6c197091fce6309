"""What holds of auto_retry for databases, whatever the night was like."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from backupkit.evidence import History
from backupkit.kinds import HEAVY, LOG, NAMES, makes_up_for
from backupkit.policies import kind_due
from backupkit.records import Job
from backupkit.times import DailyWindow
from hypothesis import given
from hypothesis import strategies as st

from runbooks.auto_retry import Params, decided
from tests.decisions.cases import (
    HUMAN,
    LEDGER,
    NOW,
    OTHER_PASSING,
    PASSING,
    WAIT,
    WEEKLY_FULL,
    Vaults,
    intent,
    job,
    of_database,
)

MISSING = "UserErrorParentFullBackupMissing"
CODES = (PASSING, PASSING, PASSING, OTHER_PASSING, WAIT, HUMAN, MISSING)
OPERATIONS = st.sampled_from(["Backup", *(f"Backup ({name})" for name in NAMES.values())])
BETWEEN = "Backup (Differential)"
GOOD = ("Completed", "CompletedWithWarnings")


@st.composite
def jobs(draw, statuses):
    return job(
        draw(st.sampled_from(statuses)),
        f"{draw(st.integers(0, 2000))}m",
        code=draw(st.sampled_from(CODES)),
        takes=f"{draw(st.integers(0, 120))}m",
        user=draw(st.sampled_from([True, False, False, None])),
        operation=draw(OPERATIONS),
    )


@st.composite
def nights(draw):
    """Databases of one vault, what their jobs and their points tell, and what was written of them.

    Most of them failed last night, and nothing of a heavier type has completed since.
    """
    truth, points, written = [], {}, {}
    for number in range(draw(st.integers(1, 6))):
        name = f"db-{number}"
        told = draw(st.lists(jobs(["Failed", "Failed", "Completed", "Cancelled"]), min_size=1, max_size=6))
        if draw(st.integers(0, 4)):
            last_night = job("Failed", "10h", operation=draw(st.sampled_from(["Backup (Full)", BETWEEN])))
            told = [last_night, *(one for one in told if one.kind == LOG or one.until < last_night.until)]
        told = [replace(one, name=f"{n}") for n, one in enumerate(told)]
        truth.append(of_database(*told, name=name, policy=draw(st.sampled_from([WEEKLY_FULL, None]))))
        found = draw(st.lists(jobs(["Completed"]), max_size=2))
        points[name] = [replace(one, name="", vault=truth[-1].vault, workload="sql") for one in found]
        ours = [one for one in told if one.user and draw(st.booleans())]
        written[name] = [
            intent("0m", at=one.started, job=one.name, outcome="started", kind=one.kind) for one in ours
        ]
    return Vaults(truth, points=points, written=written, sizes={"rsv-01": draw(st.integers(6, 30))})


OPTIONS = st.builds(
    Params,
    workloads=st.just(("sql",)),
    ledger=st.sampled_from(["", LEDGER]),
    heavy_window=st.sampled_from(["", "08:00-10:00@UTC", "08:00-10:00@UTC", "22:00-04:00@UTC"]),
    max_attempts=st.integers(1, 3),
    max_triggers=st.integers(0, 4),
    spare=st.just(timedelta(0)),
    unknown=st.sampled_from(["leave", "retry"]),
    retry_codes=st.sampled_from([(), (HUMAN,), (MISSING,)]),
)


def chosen(vaults, options):
    vaults.remembers = options.remembers
    return [one.case for one in decided(options, vaults, NOW) if one.retry]


def ends_well(one: Job) -> bool:
    return one.status in GOOD


def all_told(vaults: Vaults, history: History) -> list[Job]:
    [known] = [one for one in vaults.truth if one.key == history.key]
    return [*known.jobs, *vaults.points[history.item.name]]


@given(nights(), OPTIONS)
def test_no_log_is_triggered_and_a_full_only_in_its_hours(vaults, options):
    window = options.heavy_window
    open_now = bool(window) and DailyWindow.read(window).holds(NOW)

    for case in chosen(vaults, options):
        assert case.kind != LOG
        assert case.kind not in HEAVY or open_now


@given(nights(), OPTIONS)
def test_nothing_is_triggered_whose_failure_something_later_makes_up_for(vaults, options):
    """Whether a job tells of it or a recovery point."""
    for case in chosen(vaults, options):
        failure = case.failure
        kind = failure.kind or kind_due(case.history.policy, failure.started)
        told = all_told(vaults, case.history)
        later = [one for one in told if ends_well(one) and one.until >= failure.until]
        assert not [one for one in later if makes_up_for(one.kind, kind)]
        assert case.history.item.name in vaults.proved


@given(nights(), OPTIONS)
def test_no_database_is_tried_more_often_than_it_may_be_since_what_makes_up_for_it(vaults, options):
    for case in chosen(vaults, options):
        told = all_told(vaults, case.history)
        good = [one for one in told if ends_well(one)]
        names = {one.job for one in vaults.written[case.history.item.name]}
        ours = [one for one in told if one.name and one.name in names]
        tries = ours if options.remembers else [one for one in told if one.user is not False]
        open_ = [
            one
            for one in tries
            if not ends_well(one)
            and NOW - one.started < timedelta(days=1)
            and not any(done.until >= one.until and makes_up_for(done.kind, one.kind) for done in good)
        ]
        due = [one for one in open_ if one.kind]
        assert len(due) < options.max_attempts


@given(nights(), OPTIONS)
def test_each_databases_points_are_asked_for_once(vaults, options):
    chosen(vaults, options)

    assert len(vaults.proved) == len(set(vaults.proved))


@given(nights(), OPTIONS)
def test_proof_gives_the_room_to_others_and_takes_no_more_of_it(vaults, options):
    assert len(chosen(vaults, options)) <= options.max_triggers
