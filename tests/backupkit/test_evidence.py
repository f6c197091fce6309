"""What happened to each item: what was tried since its last success, and which failure is to be judged."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from backupkit.evidence import Attempt, History, cases_of, confirmed, overdue_s
from backupkit.intents import laid_over
from backupkit.kinds import makes_up_for
from hypothesis import given
from hypothesis import strategies as st

from tests.decisions.cases import (
    A_PERSON,
    NOBODY_KNOWS,
    NOW,
    OTHER_PASSING,
    PASSING,
    attempt,
    before,
    cancelled,
    completed,
    failed,
    history,
    intent,
    of_database,
    policy,
    running,
    vault_id,
)

# -- What a history says -----------------------------------------------------------------------


def names(jobs):
    return [job.name for job in jobs]


def jobs_of(attempts):
    return [one.job for one in attempts]


def test_on_demand_backups_of_a_day_are_those_not_known_to_be_scheduled():
    one = history(
        completed("1h", name="by hand", user=A_PERSON),
        failed("3h", name="scheduled"),
        failed("5h", name="unknown", user=NOBODY_KNOWS),
        completed("7h", name="restore", user=A_PERSON, operation="Restore"),
        attempt("23h", name="began too early", takes="61m"),
    )

    assert names(one.on_demand(NOW)) == ["by hand", "unknown"]


def test_attempts_are_those_of_a_day_since_the_last_success():
    one = history(
        attempt("1h", name="failed"),
        cancelled("3h", name="cancelled", user=A_PERSON),
        failed("4h", name="scheduled"),
        completed("6h", name="good"),
        attempt("8h", name="settled"),
    )

    assert jobs_of(one.attempts(NOW)) == ["failed", "cancelled"]
    assert jobs_of(one.tried) == ["failed", "cancelled"]
    assert names(one.unresolved) == ["failed", "cancelled", "scheduled"]


def test_of_several_successes_the_last_settles():
    one = history(completed("8h"), attempt("10h"), completed("12h"))

    assert one.unresolved == []


def test_a_success_settles_what_ended_in_the_same_second():
    one = history(attempt("2h", takes="9m"), completed("2h"))

    assert one.unresolved == []
    assert one.success_since(one.jobs[0]) == one.jobs[1]


def test_a_day_after_it_began_an_attempt_is_no_longer_of_the_day():
    """The first began 1440 minutes ago, the second 1439."""
    one = history(attempt("1430m", name="a", takes="10m"), attempt("1429m", name="b", takes="10m"))

    assert jobs_of(one.attempts(NOW)) == names(one.on_demand(NOW)) == ["b"]


def test_an_attempt_that_outlasted_a_success_is_not_settled_by_it():
    one = history(attempt("1h", name="long", takes="9h"), completed("5h", takes="10m"))

    assert jobs_of(one.tried) == ["long"]


# -- Cases -------------------------------------------------------------------------------------


def judged(*jobs, since="24h"):
    return [
        (case.failure.name, jobs_of(case.attempts)) for case in cases_of([history(*jobs)], before(since), NOW)
    ]


def test_the_failure_that_ended_last_speaks_for_its_item():
    assert judged(failed("2h", name="last", takes="9h"), failed("5h", name="short")) == [("last", [])]


def test_a_failed_backup_speaks_before_a_later_failed_restore():
    restore = failed("1h", name="restore", operation="Restore")

    assert judged(failed("5h", name="backup"), restore) == [("backup", [])]
    assert judged(restore) == [("restore", [])]


def test_failures_before_the_window_are_no_case():
    assert judged(failed("5h"), since="4h") == []
    assert judged(failed("4h", name="just"), since="4h") == [("just", [])]


def test_a_case_knows_what_was_tried():
    assert judged(attempt("2h", name="try"), failed("5h")) == [("try", ["try"])]


def test_a_case_that_its_vault_has_settled_is_still_one_with_the_vaults_own_history():
    known = history(failed("5h"))
    told = cases_of([known], before("24h"), NOW)
    [case] = confirmed(told, [replace(known, jobs=(completed("4h"),))], before("24h"), NOW)

    assert case.failure == told[0].failure
    assert [job.status for job in case.history.jobs] == ["Completed"]


def test_a_case_whose_item_has_no_history_any_more_is_dropped():
    told = cases_of([history(failed("5h"))], before("24h"), NOW)

    assert confirmed(told, [], before("24h"), NOW) == []


def test_a_failure_that_only_the_vault_knows_is_a_case_too():
    known, new = history(failed("5h")), history(failed("1h"), vm="vm-02")
    told = cases_of([known], before("24h"), NOW)

    assert len(confirmed(told, [known, new], before("24h"), NOW)) == 2


def test_a_case_is_alike_others_by_its_own_code_and_those_since_its_last_success():
    jobs = [failed("1h"), failed("3h", code=OTHER_PASSING), completed("5h"), failed("7h", code="UserErrorX")]
    [case] = cases_of([history(*jobs)], before("24h"), NOW)

    assert case.alike == [(vault_id("rsv-01"), PASSING), (vault_id("rsv-01"), OTHER_PASSING)]


# -- How far past its RPO ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "hours"),
    [
        pytest.param({"last_recovery_point": before("30h")}, 6, id="six hours past a day"),
        pytest.param({"last_recovery_point": before("20h")}, -4, id="four hours to go"),
        pytest.param(
            {"last_recovery_point": before("30h"), "policy": policy(every=timedelta(hours=4))},
            26,
            id="twenty-six hours past four",
        ),
        pytest.param(
            {"last_recovery_point": before("25h"), "policy": None}, 1, id="unknown policies are daily"
        ),
        pytest.param({"last_recovery_point": None}, float("inf"), id="never backed up"),
        pytest.param({"item": None}, float("inf"), id="no item"),
    ],
)
def test_how_far_an_item_is_past_its_rpo(facts, hours):
    assert overdue_s(history(failed("1h"), **facts), NOW) == hours * 3600


# -- Databases: a backup makes up only for what it can ------------------------------------------

FULL, DIFFERENTIAL, LOG = ({"operation": f"Backup ({name})"} for name in ("Full", "Differential", "Log"))
UNTOLD = {"operation": "Backup"}


@pytest.mark.parametrize(
    ("failure", "success", "settled"),
    [
        pytest.param(FULL, FULL, True, id="a Full for a Full"),
        pytest.param(FULL, DIFFERENTIAL, False, id="a Differential for no Full"),
        pytest.param(FULL, LOG, False, id="a log for no Full"),
        pytest.param(FULL, UNTOLD, False, id="one of unknown type for no Full"),
        pytest.param(DIFFERENTIAL, FULL, True, id="a Full for a Differential"),
        pytest.param(DIFFERENTIAL, LOG, False, id="a log for no Differential"),
        pytest.param(LOG, UNTOLD, True, id="any for a log"),
    ],
)
def test_which_later_success_settles_a_databases_failure(failure, success, settled):
    one = of_database(failed("10h", **failure), completed("1h", **success))
    old = one.jobs[1]

    assert (one.success_since(old) is not None) is settled
    assert (one.unresolved == []) is settled


def test_a_success_of_a_machine_settles_whatever_its_jobs_are_called():
    one = history(failed("10h", **FULL), completed("1h", **LOG))

    assert one.success_since(one.jobs[1]) == one.jobs[0]


@pytest.mark.parametrize(
    ("at", "kind"),
    [
        pytest.param("650m", "differential", id="at 22:10: the Differential was due"),
        pytest.param("30m", "log", id="at 08:30: a log"),
        pytest.param("2220m", "full", id="at 20:00 on Sunday: the Full was due"),
    ],
)
def test_the_type_of_a_failure_that_does_not_tell_is_what_was_due(at, kind):
    one = of_database(failed(at, takes="0m"))

    assert one.kind_of(one.jobs[0]) == kind


def test_a_type_that_is_told_is_not_worked_out():
    one = of_database(failed("650m", takes="0m", **LOG))

    assert one.kind_of(one.jobs[0]) == "log"


def test_a_machine_has_no_types():
    one = history(failed("650m", **FULL))

    assert one.kind_of(one.jobs[0]) == ""


def test_log_backups_reset_no_attempt_at_a_full():
    """They run every hour while the Full fails night after night."""
    one = of_database(
        failed("10h", **FULL),
        attempt("8h", name="first", **FULL),
        attempt("4h", name="second", **FULL),
        *(completed(f"{hours}h", **LOG) for hours in range(1, 10)),
    )

    assert jobs_of(one.attempts(NOW)) == ["second", "first"]


def test_attempts_of_the_ledger_are_reset_only_by_what_makes_up_for_their_type():
    jobs = [attempt("8h", name="full", **FULL), attempt("6h", name="log", **LOG), completed("1h", **LOG)]
    written = [
        intent("495m", job="full", kind="full", outcome="started"),
        intent("375m", job="log", kind="log", outcome="started"),
    ]
    one = laid_over(of_database(*jobs), written)

    assert [(each.job, each.kind) for each in one.tried] == [("full", "full")]


def test_an_attempt_of_no_known_type_is_reset_by_whatever_completes():
    """The ledger of machines names none."""
    one = laid_over(history(completed("1h")), [intent("3h")])

    assert one.ledger == (Attempt(before("3h"), before("3h")),)
    assert one.tried == []


def speaks(*jobs):
    [case] = cases_of([of_database(*jobs)], before("24h"), NOW)
    return case.failure.name


@pytest.mark.parametrize(
    ("jobs", "name"),
    [
        pytest.param(
            [failed("10h", name="full", **FULL), failed("1h", name="log", **LOG)],
            "full",
            id="a Full before a later log, which fails for want of it",
        ),
        pytest.param(
            [
                failed("10h", name="full", **FULL),
                completed("8h", **FULL),
                failed("1h", name="log", **LOG),
            ],
            "log",
            id="a log that nothing makes up for before a Full that something does",
        ),
        pytest.param(
            [
                failed("10h", name="differential", **DIFFERENTIAL),
                failed("5h", name="full", **FULL),
            ],
            "full",
            id="of two open ones the later",
        ),
        pytest.param(
            [failed("3h", name="restore", operation="Restore"), failed("10h", name="log", **LOG)],
            "log",
            id="any backup before a restore",
        ),
        pytest.param([failed("3h", name="a", **LOG), failed("1h", name="b", **LOG)], "b", id="the last log"),
    ],
)
def test_which_failure_speaks_for_a_database(jobs, name):
    assert speaks(*jobs) == name


OURS = [intent("12h", job="ours", outcome="started")]
MISSING = "UserErrorParentFullBackupMissing"


@pytest.mark.parametrize(
    ("written", "kind", "full"),
    [
        pytest.param(OURS, "full", True, id="an attempt of ours gets a Full"),
        pytest.param([], "differential", False, id="a scheduled one does not: the service takes it"),
        pytest.param(None, "differential", False, id="nor one that nobody remembers"),
    ],
)
def test_where_a_parent_is_missing_a_retry_is_a_full_only_of_an_attempt_of_ours(written, kind, full):
    known = of_database(failed("10h", name="ours", code=MISSING, **DIFFERENTIAL))
    if written is not None:
        known = laid_over(known, written)
    [case] = cases_of([known], before("24h"), NOW)

    assert (case.needs_full, case.kind) == (full, kind)


def test_a_machine_needs_no_full_whatever_the_code():
    known = laid_over(history(failed("10h", name="ours", code=MISSING)), OURS)
    [case] = cases_of([known], before("24h"), NOW)

    assert (case.needs_full, case.kind) == (False, "")


@pytest.mark.parametrize(
    ("told", "workload"),
    [("sql", "sql"), ("workload", "hana"), ("unknown", "hana")],
)
def test_a_case_is_of_its_jobs_workload_or_of_its_items(told, workload):
    known = of_database(failed("10h"), workload="hana")
    known = replace(known, jobs=tuple(replace(job, workload=told) for job in known.jobs))
    [case] = cases_of([known], before("24h"), NOW)

    assert case.workload == workload


def test_a_job_of_nothing_is_of_the_workload_it_tells():
    known = History("key", "vault", None, (failed("10h", workload="workload"),))
    [case] = cases_of([known], before("24h"), NOW)

    assert case.workload == "workload"


KINDS = ("Full", "Differential", "Log", "Incremental", "CopyOnlyFull")
SOME = st.builds(
    lambda make, hours, kind: make(f"{hours}h", operation=f"Backup ({kind})"),
    st.sampled_from([failed, attempt, completed, cancelled]),
    st.integers(1, 40),
    st.sampled_from(KINDS),
)


@given(st.lists(SOME, max_size=8), st.sampled_from(KINDS), st.integers(0, 40))
def test_a_further_success_only_ever_settles_what_its_type_makes_up_for(jobs, kind, hours):
    """Hypothetical nights: a database with these jobs, and one backup more that completed."""
    jobs = [replace(one, name=f"{n}") for n, one in enumerate(jobs)]
    more = completed(f"{hours}h", name="more", operation=f"Backup ({kind})")
    fewer, still = of_database(*jobs), of_database(*jobs, more)
    settled = [one for one in fewer.unresolved if one.name not in names(still.unresolved)]

    assert set(names(still.unresolved)) <= set(names(fewer.unresolved))
    assert all(makes_up_for(more.kind, one.kind) and one.until <= more.until for one in settled)


def test_what_runs_is_unresolved_whatever_else_completed_before():
    one = of_database(completed("5h", **FULL), running("1h", name="now", **FULL))

    assert names(one.unresolved) == ["now"]


def test_how_far_a_database_is_past_its_rpo_is_by_its_logs():
    """They are due every hour."""
    assert overdue_s(of_database(failed("1h"), last_recovery_point=before("3h")), NOW) == 2 * 3600
