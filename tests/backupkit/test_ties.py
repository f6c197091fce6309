"""Jobs of two sources laid together and tied to the items they are of, with what databases say themselves."""

from __future__ import annotations

from dataclasses import replace

import pytest
from backupkit.failures import classify
from backupkit.kinds import BACKUP_VAULTS
from backupkit.records import Item, Job, Source
from backupkit.ties import histories, merged, without_copies
from hypothesis import given
from hypothesis import strategies as st

from tests.decisions.cases import (
    A_PERSON,
    NOBODY_KNOWS,
    OTHER_PASSING,
    PASSING,
    SCHEDULE,
    before,
    cancelled,
    completed,
    database,
    failed,
    instance,
    item,
    machine,
    policy,
    running,
    share,
    vault_id,
)


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
    daily, source = replace(policy(), id=WEB.policy), Source(machine("vm-web"))
    [found] = histories([WEB], jobs, [daily], {source.id.lower(): source})

    assert [job.name for job in found.jobs] == ["2", "5", "9"]
    assert (found.policy, found.source) == (daily, source)


def test_a_policy_or_a_machine_that_was_not_read_is_unknown():
    [found] = histories([WEB], [replace(listed(failed("1h")), item=WEB.key)], [], {})

    assert (found.policy, found.source) == (None, None)


# -- Databases, shares and instances of one name ---------------------------------------------


def called(job: Job, name: str, **facts: object) -> Job:
    return replace(listed(job), item_name=name, workload="sql", **facts)


SALES, ARCHIVE = database("sales", "sql-01"), database("sales", "sql-02")


@pytest.mark.parametrize("name", ["sales [sql-02]", "mssqlserver/sales [sql-02]"])
def test_of_two_databases_of_one_name_the_server_tells(name):
    [found] = histories([SALES, ARCHIVE], [called(failed("1h"), name)], [], {})

    assert found.key == ARCHIVE.key


def test_of_two_instances_of_one_server_the_instance_tells():
    """A database of the default one and of another may share name and server."""
    calls = frozenset({"sales", "sales [sql-01]", "archive/sales [sql-01]"})
    other = replace(SALES, id=SALES.id.replace("mssqlserver", "archive"), calls=calls)
    [found] = histories([SALES, other], [called(failed("1h"), "archive/sales [sql-01]")], [], {})

    assert found.key == other.key


def test_a_failure_that_may_be_of_either_of_two_databases_is_of_none():
    assert laid([SALES, ARCHIVE], called(failed("1h"), "sales")) == {None: ["one"]}


def test_a_backup_that_runs_and_may_be_of_either_database_keeps_hands_off_both():
    """One that runs was recorded without its server."""
    found = histories([SALES, ARCHIVE], [called(running("1h"), "sales")], [], {})

    assert [(one.key, len(one.running)) for one in found] == [(SALES.key, 1), (ARCHIVE.key, 1)]


def test_a_container_says_not_which_of_its_databases_a_job_is_of():
    """All databases of a server are in one."""
    one = called(failed("1h"), "other [sql-01]", container=SALES.container)

    assert laid([SALES, database("hr", "sql-01")], one) == {None: ["one"]}


@pytest.mark.parametrize(
    ("workload", "of"),
    [
        pytest.param("vm", "vm", id="a machine's job is the machine's"),
        pytest.param("sql", "sql", id="a database's is the database's"),
        pytest.param("workload", "sql", id="one of some database is the database's"),
    ],
)
def test_a_machine_and_a_database_may_have_one_name(workload, of):
    items = [item("payroll"), database("payroll")]
    one = replace(listed(failed("1h")), item_name="payroll", workload=workload)
    [found] = histories(items, [one], [], {})

    assert found.item is not None
    assert found.item.workload == of


def test_a_job_of_no_known_workload_may_be_of_either():
    items = [item("payroll"), database("payroll")]
    one = replace(listed(failed("1h")), item_name="payroll", workload="unknown")

    assert [found.item for found in histories(items, [one], [], {})] == [None]


def test_of_two_shares_of_one_name_the_account_tells():
    items = [share("docs", "stone"), share("docs", "sttwo")]
    one = replace(listed(failed("1h")), item_name="sttwo/docs", workload="files")
    [found] = histories(items, [one], [], {})

    assert found.key == items[1].key


def test_shares_of_one_account_are_told_apart_by_name():
    """The account is their container, and some jobs tell it."""
    items = [share("docs", "stone"), share("pics", "stone")]
    one = replace(
        listed(failed("1h")), item_name="stone/pics", workload="files", container=items[0].container
    )

    assert laid(items, one) == {"pics": ["one"]}


def test_an_only_share_of_an_account_is_not_taken_for_another_that_is_gone():
    items = [share("docs", "stone")]
    one = replace(
        listed(failed("1h")), item_name="stone/pics", workload="files", container=items[0].container
    )

    assert laid(items, one) == {None: ["one"]}


def test_an_instance_is_known_by_its_id():
    disks = [instance("disk-01"), instance("disk-02")]
    one = replace(
        listed(failed("1h")), vault=disks[0].vault, item=disks[1].key, item_name="disk-01", workload="disk"
    )

    assert laid(disks, one) == {"disk-02": ["one"]}


# -- What a database says itself ---------------------------------------------------------------

HERE = {"item": SALES.key, "workload": "sql"}
WHY = classify([{"code": OTHER_PASSING}])
FAILED_ITSELF = {"last_backup": before("3h"), "healthy": False, "failure": WHY}


def laid_over(*jobs: Job, **word: object) -> list[tuple[str, str, str]]:
    """The jobs of a database that says this: name, status and code; one that only it tells has no name."""
    given = [replace(listed(job, f"{n}"), **HERE) for n, job in enumerate(jobs)]
    found = histories([replace(SALES, **word)], given, [], {})
    return [
        (job.name, job.status, job.failure.code if job.failure else "") for one in found for job in one.jobs
    ]


def test_a_failure_that_no_job_shows_is_told_by_the_database():
    """Scheduled backups of databases are not all listed."""
    [found] = histories([replace(SALES, **FAILED_ITSELF)], [], [], {})
    [job] = found.jobs

    assert (job.status, job.name, job.id, job.failure) == ("Failed", "", "", WHY)
    assert (job.started, job.until, job.kind) == (before("3h"), before("3h"), "")
    assert (job.user, job.workload, job.item, job.vault) == (SCHEDULE, "sql", SALES.key, SALES.vault)


def test_a_database_that_says_so_is_a_history_without_any_job():
    assert laid_over(**FAILED_ITSELF) == [("", "Failed", OTHER_PASSING)]


@pytest.mark.parametrize(
    ("minutes", "shown"),
    [
        pytest.param(120, False, id="an hour after the job"),
        pytest.param(174, False, id="six minutes after its end"),
        pytest.param(175, True, id="five minutes after its end"),
        pytest.param(185, True, id="in the middle of it"),
        pytest.param(200, True, id="five minutes before its start"),
        pytest.param(201, False, id="six minutes before its start"),
    ],
)
def test_a_listed_job_at_that_moment_explains_it(minutes, shown):
    """It ended three hours ago and took a quarter of an hour."""
    word = {**FAILED_ITSELF, "last_backup": before(f"{minutes}m")}
    own = [("", "Failed", OTHER_PASSING)]
    listed_job = [("0", "Failed", PASSING)]
    found = laid_over(failed("3h"), **word)

    assert sorted(found) == sorted(listed_job if shown else own + listed_job)


def test_a_job_without_a_code_that_the_database_explains_takes_its_error():
    assert laid_over(failed("3h", code="none given"), **FAILED_ITSELF) == [("0", "Failed", OTHER_PASSING)]


def test_an_error_of_another_moment_explains_no_job():
    found = laid_over(failed("9h", code="none given"), **FAILED_ITSELF)

    assert found == [("", "Failed", OTHER_PASSING), ("0", "Failed", "none given")]


def test_a_job_that_succeeded_after_all_is_not_made_a_failure_of():
    assert laid_over(completed("3h"), **FAILED_ITSELF) == [("0", "Completed", "")]


def test_a_restore_of_that_moment_shows_no_backup():
    found = laid_over(failed("3h", operation="Restore"), **FAILED_ITSELF)

    assert sorted(found) == [("", "Failed", OTHER_PASSING), ("0", "Failed", PASSING)]


def test_a_healthy_database_has_had_a_backup_since_its_listed_failure():
    found = laid_over(failed("10h"), last_backup=before("1h"), healthy=True)

    assert found == [("", "Completed", ""), ("0", "Failed", PASSING)]


@pytest.mark.parametrize(
    "word",
    [
        pytest.param({"last_backup": None, "healthy": None}, id="it was never backed up"),
        pytest.param({"last_backup": before("1h"), "healthy": None}, id="it does not say how it went"),
        pytest.param({"last_backup": None, "healthy": True}, id="it does not say when"),
    ],
)
def test_a_database_that_says_nothing_leaves_its_jobs_alone(word):
    assert laid_over(failed("10h"), **word) == [("0", "Failed", PASSING)]


def test_a_healthy_database_without_jobs_is_a_history_too():
    """Resource Graph may have told of its failure."""
    assert laid_over(last_backup=before("1h"), healthy=True) == [("", "Completed", "")]


@pytest.mark.parametrize(
    ("listed_job", "left"),
    [
        pytest.param(completed("3h", operation="Backup (CopyOnlyFull)"), [], id="a copy's"),
        pytest.param(completed("3h", operation="Backup (Full)"), [before("3h")], id="a Full's"),
        pytest.param(failed("3h", operation="Backup (CopyOnlyFull)"), [before("3h")], id="a failed copy's"),
        pytest.param(
            completed("9h", operation="Backup (CopyOnlyFull)"), [before("3h")], id="a copy's of another time"
        ),
    ],
)
def test_the_recovery_point_of_a_copy_is_no_fulls(listed_job, left):
    """The service has no type for it and says Full."""
    points = [completed("3h", takes="0m", operation="Backup (Full)")]

    assert [one.until for one in without_copies(points, [listed_job])] == left


def test_what_machines_and_shares_say_of_themselves_is_not_asked():
    """Their jobs are all listed."""
    for one in (item("vm-web"), share()):
        job = replace(listed(failed("10h")), item=one.key, workload=one.workload)
        [found] = histories([replace(one, last_backup=before("1h"), healthy=True)], [job], [], {})
        assert found.jobs == (job,)


# -- Backup vaults -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("jobs", "newest"),
    [
        pytest.param([failed("1h"), completed("5h"), completed("9h")], before("5h"), id="its last success"),
        pytest.param([completed("2h", operation="Restore"), completed("9h")], before("9h"), id="no restore"),
        pytest.param([failed("1h"), running("20m")], None, id="none"),
    ],
)
@pytest.mark.parametrize("workload", BACKUP_VAULTS)
def test_in_a_backup_vault_the_newest_recovery_point_is_that_of_the_last_backup(workload, jobs, newest):
    assert newest_point(jobs, workload=workload) == newest


@pytest.mark.parametrize(
    ("told", "newest"),
    [
        pytest.param(before("30h"), before("5h"), id="its jobs tell of a newer one"),
        pytest.param(before("2h"), before("2h"), id="Resource Graph tells of a newer one"),
    ],
)
def test_where_resource_graph_tells_of_a_recovery_point_the_newer_word_counts(told, newest):
    assert newest_point([failed("1h"), completed("5h")], last_recovery_point=told) == newest


def newest_point(jobs, **facts):
    one = instance(**facts)
    given = [
        replace(listed(job, f"{n}"), vault=one.vault, item=one.key, workload=one.workload)
        for n, job in enumerate(jobs)
    ]
    [found] = histories([one], given, [], {})
    assert found.item is not None
    return found.item.last_recovery_point


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


WORDS = st.fixed_dictionaries(
    {
        "last_backup": st.none() | st.integers(0, 2000).map(lambda minutes: before(f"{minutes}m")),
        "healthy": st.none() | st.booleans(),
        "failure": st.none() | st.just(WHY),
    }
)


@given(
    st.lists(
        st.sampled_from([failed("5h"), failed("3h", code="none given"), completed("2h"), running("1h")])
    ),
    WORDS,
)
def test_a_databases_own_word_adds_one_backup_at_most_and_takes_none_away(jobs, word):
    names = [(f"{n}", job.status) for n, job in enumerate(jobs)]
    found = laid_over(*jobs, **word)
    added = [one for one in found if not one[0]]

    assert sorted(one[:2] for one in found if one[0]) == sorted(names)
    assert len(added) <= (word["last_backup"] is not None and word["healthy"] is not None)


def test_an_item_whose_jobs_are_listed_once_has_them_once():
    found = histories([SALES], [replace(listed(failed("1h")), **HERE)], [], {})

    assert [len(one.jobs) for one in found] == [1]
    assert all(isinstance(one.item, Item) for one in found)


SOME_ITEMS = [WEB, *TWINS, item("sales"), SALES, ARCHIVE, share("sales"), share("sales", "sttwo")]
ANY_JOB = st.builds(
    lambda job, workload, name, of: replace(listed(job), workload=workload, item_name=name, item=of),
    st.sampled_from([failed("5h"), completed("2h"), running("1h")]),
    st.sampled_from(["vm", "sql", "hana", "files", "workload", "unknown", "azuresql"]),
    st.sampled_from(sorted({name for one in SOME_ITEMS for name in {one.name, *one.calls}} | {"gone"})),
    st.sampled_from(["", "", SALES.key, WEB.key]),
)


@given(ANY_JOB)
def test_a_job_that_ended_is_of_one_item_at_most_and_of_one_that_may_have_it(job):
    found = [one.item for one in histories(SOME_ITEMS, [job], [], {}) if one.item]

    assert len(found) <= 1 or job.is_running
    assert all(job.item == one.key or (not job.item and one.may_have(job)) for one in found)


@given(ANY_JOB, st.randoms(use_true_random=False))
def test_which_item_a_job_is_of_does_not_hang_on_the_order_of_the_items(job, shuffling):
    mixed = shuffling.sample(SOME_ITEMS, len(SOME_ITEMS))
    keys = [{one.key for one in histories(items, [job], [], {})} for items in (SOME_ITEMS, mixed)]

    assert keys[0] == keys[1]
