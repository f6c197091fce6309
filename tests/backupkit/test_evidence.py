"""What happened to each item: jobs of two sources laid together, and tied to the items they are of."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from backupkit.evidence import cases_of, confirmed, overdue_s
from backupkit.records import Source
from backupkit.ties import histories, merged
from hypothesis import given
from hypothesis import strategies as st

from tests.decisions.cases import (
    A_PERSON,
    NOBODY_KNOWS,
    NOW,
    OTHER_PASSING,
    PASSING,
    SCHEDULE,
    attempt,
    before,
    cancelled,
    completed,
    failed,
    history,
    item,
    machine,
    policy,
    running,
    vault_id,
)

DAY = timedelta(days=1)


def listed(job, name="one", vault="rsv-01"):
    """As a list has it, not yet tied to an item."""
    return replace(job, name=name, vault=vault_id(vault), id=f"{vault_id(vault)}/backupJobs/{name}")


# -- Resource Graph and the vault's own list ---------------------------------------------------


def test_of_one_job_the_vaults_word_counts():
    graph, vault = listed(running("2h")), listed(failed("1h"))

    assert merged([graph], [vault]) == [vault]


def test_jobs_that_only_one_of_them_knows_are_kept():
    old, new = listed(failed("20h"), "old"), listed(failed("1h"), "new")

    assert merged([old], [new]) == [old, new]


def test_a_job_is_one_whatever_the_case_of_its_name():
    graph, vault = listed(failed("1h"), "AB-12"), listed(failed("1h"), "ab-12")

    assert merged([graph], [vault]) == [vault]


def test_jobs_of_two_vaults_may_have_one_name():
    jobs = [listed(failed("1h")), listed(failed("1h"), vault="rsv-02")]

    assert merged(jobs, jobs) == jobs


@pytest.mark.parametrize(
    ("graph", "vault", "user"),
    [
        (A_PERSON, NOBODY_KNOWS, A_PERSON),
        (NOBODY_KNOWS, A_PERSON, A_PERSON),
        (SCHEDULE, NOBODY_KNOWS, SCHEDULE),
        (A_PERSON, SCHEDULE, SCHEDULE),
        (NOBODY_KNOWS, NOBODY_KNOWS, NOBODY_KNOWS),
    ],
)
def test_who_started_a_job_may_be_known_to_either(graph, vault, user):
    [one] = merged([listed(failed("1h", user=graph))], [listed(failed("1h", user=vault))])

    assert one.user is user


@pytest.mark.parametrize("name", ["item", "container"])
def test_what_a_job_is_of_may_be_known_to_either(name):
    known, silent = listed(replace(failed("1h"), **{name: "x"})), listed(failed("1h"))

    assert [getattr(one, name) for one in merged([known], [silent])] == ["x"]
    assert [getattr(one, name) for one in merged([silent], [known])] == ["x"]


@pytest.mark.parametrize(
    ("graph", "vault", "code"),
    [
        (PASSING, OTHER_PASSING, OTHER_PASSING),
        ("none given", PASSING, PASSING),
        (PASSING, "none given", PASSING),
        ("none given", "none given", "none given"),
    ],
)
def test_why_a_job_failed_may_be_known_to_either(graph, vault, code):
    [one] = merged([listed(failed("1h", code=graph))], [listed(failed("1h", code=vault))])

    assert one.failure is not None
    assert one.failure.code == code


def test_a_job_that_did_not_fail_after_all_has_no_failure():
    [one] = merged([listed(failed("1h"))], [listed(completed("1h"))])

    assert one.failure is None


# -- Which item a job is of --------------------------------------------------------------------


def laid(items, *jobs):
    """Names of the items, each with the names of its jobs; a job without an item stands under None."""
    found = histories(items, jobs, [policy()], {})
    return {one.item.name if one.item else None: [job.name for job in one.jobs] for one in found}


WEB, APP = item("vm-web"), item("vm-app")


def test_a_job_is_of_the_item_whose_id_it_carries():
    one = replace(listed(failed("1h")), item=APP.key, item_name="vm-web", container=WEB.container)

    assert laid([WEB, APP], one) == {"vm-app": ["one"]}


def test_a_job_that_carries_the_id_of_no_item_is_of_none():
    """It was another machine of that name."""
    one = replace(listed(failed("1h")), item=item("vm-old").key, item_name="vm-web")

    assert laid([WEB, APP], one) == {None: ["one"]}


def test_else_it_is_of_the_item_in_its_container():
    one = replace(listed(failed("1h")), item_name="vm-web", container=APP.container)

    assert laid([WEB, APP], one) == {"vm-app": ["one"]}


def test_else_it_is_of_the_item_of_its_name():
    one = replace(listed(failed("1h")), item_name="vm-web")

    assert laid([item("VM-Web"), APP], one) == {"VM-Web": ["one"]}


def test_a_container_that_no_item_is_in_leaves_the_name():
    one = replace(listed(failed("1h")), item_name="vm-web", container="iaasvmcontainerv2;rg;old")

    assert laid([WEB, APP], one) == {"vm-web": ["one"]}


def test_an_item_of_the_same_name_in_another_vault_is_another():
    one = replace(listed(failed("1h"), vault="rsv-02"), item_name="vm-web", container=WEB.container)

    assert laid([WEB, APP], one) == {None: ["one"]}


TWINS = [
    item("vm-web", id=item("vm-web").id.replace("rg-app", f"rg-{where}"), container=f"rg-{where};vm-web")
    for where in ("east", "west")
]


def test_of_two_machines_of_one_name_the_container_tells():
    one = replace(listed(failed("1h")), item_name="vm-web", container="rg-west;vm-web")
    [found] = histories(TWINS, [one], [], {})

    assert found.key == TWINS[1].key


def test_a_failure_that_may_be_of_either_of_two_machines_is_of_none():
    one = replace(listed(failed("1h")), item_name="vm-web")

    assert laid(TWINS, one) == {None: ["one"]}


def test_a_job_that_runs_and_may_be_of_either_keeps_hands_off_both():
    one = replace(listed(running("1h")), item_name="vm-web")
    found = histories(TWINS, [one], [], {})

    assert [(one.key, len(one.running)) for one in found] == [(twin.key, 1) for twin in TWINS]


@pytest.mark.parametrize("job", [completed("1h"), cancelled("1h"), running("1h")], ids=lambda job: job.status)
def test_a_job_without_an_item_that_did_not_fail_is_nobodys_business(job):
    assert laid([WEB], replace(listed(job), item_name="vm-old")) == {}


def test_a_failure_without_an_item_is_a_history_of_its_own():
    one = replace(listed(failed("1h"), "Two"), item_name="vm-old")
    [found] = histories([WEB], [one], [], {})

    assert (found.key, found.vault, found.item) == (one.id.lower(), vault_id("rsv-01"), None)
    assert found.jobs == (one,)


def test_an_item_without_jobs_has_no_history():
    assert histories([WEB, APP], [], [], {}) == []


def test_a_history_has_its_jobs_newest_first_and_its_policy_and_machine():
    jobs = [replace(listed(failed(f"{hours}h"), f"{hours}"), item=WEB.key) for hours in (5, 2, 9)]
    daily, source = policy(id=WEB.policy), Source(machine("vm-web"))
    [found] = histories([WEB], jobs, [daily], {source.id.lower(): source})

    assert [job.name for job in found.jobs] == ["2", "5", "9"]
    assert (found.policy, found.source) == (daily, source)


def test_a_policy_or_a_machine_that_was_not_read_is_unknown():
    [found] = histories([WEB], [replace(listed(failed("1h")), item=WEB.key)], [], {})

    assert (found.policy, found.source) == (None, None)


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


# -- Whatever comes ----------------------------------------------------------------------------


JOBS = st.builds(
    lambda job, name, vault, of, container, vm: replace(
        listed(job, name, vault), item=of, container=container, item_name=vm
    ),
    st.sampled_from([failed("5h"), completed("2h"), running("1h"), cancelled("3h")]),
    st.sampled_from(["a", "A", "b", "c"]),
    st.sampled_from(["rsv-01", "rsv-02"]),
    st.sampled_from(["", WEB.key, "/elsewhere"]),
    st.sampled_from(["", APP.container, TWINS[0].container]),
    st.sampled_from(["vm-web", "vm-app", "vm-old"]),
)


@given(st.lists(JOBS), st.lists(JOBS))
def test_each_job_stands_once_and_no_failure_is_lost(graph, vault):
    both = merged(graph, vault)
    keys = [(job.vault, job.name.lower()) for job in both]
    laid_out = histories([WEB, APP, *TWINS], both, [], {})
    told = [job for one in laid_out for job in one.jobs if job.failed]

    assert sorted(keys) == sorted({(job.vault, job.name.lower()) for job in [*graph, *vault]})
    assert sorted(told, key=repr) == sorted((job for job in both if job.failed), key=repr)
    assert all(job.vault == one.vault for one in laid_out for job in one.jobs if not job.item)
