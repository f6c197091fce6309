"""Azure at its worst, for databases, file shares and what Backup vaults protect.

What is asked beyond the job lists of machines: databases by their own word, their recovery points, Backup
vaults and their operations. And every answer that a start of each kind can get.
"""

import pytest

from tests.faults.answers import (
    AT_ONCE,
    DONE_ALL_THE_SAME,
    EVERY_OTHER_QUERY,
    LASTING,
    NOT_DONE,
    ONCE,
    QUERIES,
    fault,
    lasting_query,
    queries,
    unread,
)
from tests.faults.workloads import AS_EVER, NAMES, ORDERS, RETRIED, SALES, SHARE, several, started
from tests.journeys.ledgers import LEDGER, REAL, aged
from tests.journeys.runs import GRAPH, SPEED, retry
from tests.journeys.workloads import EVERYTHING

TOKENS = (*REAL, EVERYTHING)
PATHS = {
    "list of databases": "/rsv-db/backupProtectedItems$",
    "recovery points": ";sales/recoveryPoints$",
    "jobs of a Backup vault": "/bv-a/backupJobs$",
    "operation of a Backup vault": "/operationStatus/",
    "operation of a database": ";sales/operationsStatus/",
}


@pytest.fixture(scope="module")
def estate(tmp_path_factory):
    return several(tmp_path_factory.mktemp("several"))


def asked(run, path):
    return [one for one in run.requests if one["path"].lower().endswith(path.lower())]


def test_without_faults(estate, tmp_path):
    run = retry(estate, tmp_path, *TOKENS)

    assert (run.code, run.verdicts(), sorted(started(run))) == (0, AS_EVER, sorted(NAMES))
    assert queries(run) == len(QUERIES)
    lists = ("/backupJobs", "/backupProtectedItems", "/recoveryPoints")
    assert [len(asked(run, one)) for one in lists] == [4, 2, 2]


# -- reads -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("then", ONCE.values(), ids=ONCE)
def test_every_read_may_fail_once(estate, tmp_path, then):
    once = [fault(path, {"nth": [1]}, **then) for path in PATHS.values()]
    run = retry(estate, tmp_path, *TOKENS, faults=[*once, fault(GRAPH, EVERY_OTHER_QUERY, **then)])

    assert (run.code, run.verdicts(), run.unread) == (0, AS_EVER, [])
    assert queries(run) == 2 * len(QUERIES)


def lasting(of, **then):
    """A fault of one read that lasts."""
    return fault(PATHS[of], {"always": True}, **then) if of in PATHS else lasting_query(of, **then)


def left_unread(*names):
    return {**AS_EVER, **dict.fromkeys(names, ("left", "vault_unread"))}


# What each read is for: what goes unread without it, and what is decided then.
LOST = {
    "unhealthy databases": (
        "list unhealthy databases: 1 subscriptions",
        {name: RETRIED for name in NAMES if name != ORDERS},
    ),
    "list of databases": ("rsv-db", left_unread(SALES)),
    "recovery points": ("sqldatabase;mssqlserver;sales", left_unread(SALES)),
    "jobs of a Backup vault": ("bv-a", left_unread("disk", "stblobs")),
}
OF_ALL = {name: LASTING[name] for name in ("server error", "an empty object")}
OF_LISTS = {
    **OF_ALL,
    "throttled": LASTING["throttled"],
    "not allowed": ({"status": 403}, "Azure answered 403"),
    "rows that are none": ({"status": 200, "body": {"value": [7]}}, "UnknownShape"),
    "rows without a path": ({"status": 200, "body": {"value": [{"id": 7, "name": 7}]}}, "UnknownShape"),
}


@pytest.mark.parametrize(
    ("then", "told", "of"),
    [
        pytest.param(*answer, of, id=f"{of}: {kind}")
        for of in LOST
        for kind, answer in (OF_LISTS if of in PATHS else OF_ALL).items()
        if (of, kind) != ("recovery points", "rows without a path")
    ],
)
def test_a_read_that_goes_on_failing_is_named_and_the_rest_is_done(estate, tmp_path, then, told, of):
    run = retry(estate, tmp_path, *TOKENS, faults=[lasting(of, **then)])
    lost, verdicts = LOST[of]

    assert (run.code, unread(run), run.verdicts()) == (1, [lost], verdicts)
    assert sorted(started(run)) == sorted(name for name, one in verdicts.items() if one == RETRIED)
    assert all(told in line for line in run.warnings)
    assert run.error == "1 scopes were not read; see the WARNING lines above"


# -- operations ------------------------------------------------------------------------------------

OPERATIONS = "/operations?Status/"
JOB = "/subscriptions/s/resourceGroups/g/providers/Microsoft.DataProtection/backupVaults/v/backupJobs/j"
ODD = {
    **{name: then for name, (then, _) in LASTING.items()},
    "not there": {"status": 404},
    "it never ends": {"status": 200, "headers": AT_ONCE, "body": {"status": "Inprogress"}},
    "a status nobody knows": {"status": 200, "headers": AT_ONCE, "body": {"status": "Perplexed"}},
    "a status that is no text": {"status": 200, "body": {"status": 7}},
    "done without a job": {"status": 200, "body": {"status": "Succeeded", "properties": None}},
    "done with a job that is no text": {
        "status": 200,
        "body": {"status": "Succeeded", "properties": {"jobId": 7}},
    },
    "no content": {"status": 204},
}


@pytest.mark.parametrize("then", ODD.values(), ids=ODD)
def test_a_start_whose_operation_does_not_tell_is_found_in_the_job_lists(estate, tmp_path, then):
    run = retry(estate, tmp_path, *TOKENS, faults=[fault(OPERATIONS, {"always": True}, **then)])

    assert (run.code, run.verdicts(), sorted(started(run))) == (0, AS_EVER, sorted(NAMES))
    assert all(one["new_job"] for one in run.decisions)


FAILED = {
    "with the cause inside": (
        {"code": "CloudDosAbsoluteLimitReached", "message": "tomorrow", "additionalInfo": [{"info": {}}]},
        "CloudDosAbsoluteLimitReached: tomorrow",
    ),
    "without a message": (
        {"code": "InternalServerError", "message": None},
        "InternalServerError: no message",
    ),
    "with a text for an error": ("broken", "failed: no message"),
    "without an error": (None, "failed: no message"),
}
SOME = (SHARE, SALES, "disk")
START_OF = {
    SHARE: ";share/backup$",
    SALES: ";sales/backup$",
    "disk": "/backupInstances/disk[^/]*/backup$",
}


@pytest.mark.parametrize(("error", "told"), FAILED.values(), ids=FAILED)
def test_an_operation_that_failed_is_a_failed_start(estate, tmp_path, error, told):
    """What was asked for is not carried out here, but accepted."""
    body = {"status": "Failed", "error": error}
    run = retry(estate, tmp_path, *TOKENS, faults=by_location({"status": 200, "body": body}))

    assert (run.code, sorted(run.of("failed"))) == (1, sorted(SOME))
    for name in SOME:
        assert reason(run, name) == f"start backup of {name}: the vault started none, {told}"


def by_location(then, **accepted):
    """Starts that are accepted with a Location alone, and not carried out, and what is answered there."""
    place = {"Location": "https://management.azure.com/subscriptions/s/operationResults/one?api-version=1"}
    accepted |= {"status": 202, "headers": place}
    starts = [fault(path, {"nth": [1]}, **accepted) for path in START_OF.values()]
    return [*starts, fault("/operationResults/one$", {"always": True}, **then)]


def reason(run, name):
    [entry] = [one for one in run.decisions if one["name"] == name]
    return entry["reason"]


def test_a_location_without_an_operation_may_lead_to_the_job(estate, tmp_path):
    """The answer is 202 until there is one."""
    place = "/operationResults/one$"
    waiting = fault(place, {"first": 3}, status=202, headers=AT_ONCE, body={})
    faults = [waiting, *by_location({"status": 200, "body": {"jobId": JOB}})]
    run = retry(estate, tmp_path, *TOKENS, faults=faults, known=False)

    assert (run.code, run.verdicts()) == (0, AS_EVER)
    assert [one["new_job"] for one in run.decisions if one["name"] in SOME] == ["j"] * len(SOME)
    assert len(asked(run, "/operationResults/one")) == 2 * len(SOME)


@pytest.mark.parametrize(
    "then",
    [
        pytest.param({"status": 204}, id="is empty, as for all that Recovery Services does"),
        pytest.param({"status": 202, "headers": AT_ONCE, "body": {}}, id="is never there"),
        pytest.param({"status": 404}, id="is not found"),
        pytest.param({"status": 400}, id="is a refusal, though there is a job"),
        pytest.param({"status": 200, "body": {"jobId": None}}, id="has no job"),
    ],
)
def test_where_the_result_at_a_location_does_not_tell_the_job_lists_do(estate, tmp_path, then):
    run = retry(estate, tmp_path, *TOKENS, faults=by_location(then, after=True))

    assert (run.code, run.verdicts(), sorted(started(run))) == (0, AS_EVER, sorted(NAMES))
    assert all(one["new_job"] for one in run.decisions)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (
            {"error": {"code": "BMSUserErrorObjectLocked", "message": "busy"}},
            "BMSUserErrorObjectLocked: busy",
        ),
        ({}, "without a code: no message"),
    ],
    ids=["with a cause", "without one"],
)
def test_a_location_that_leads_to_a_refusal_is_a_failed_start(estate, tmp_path, body, told):
    run = retry(estate, tmp_path, *TOKENS, faults=by_location({"status": 400, "body": body}))

    assert (run.code, sorted(run.of("failed")), len(run.triggers)) == (1, sorted(SOME), 3)
    for name in SOME:
        assert f"Azure answered 400 {told}" in reason(run, name)


# -- starts ----------------------------------------------------------------------------------------


def sent(run):
    """Starts that were asked for, accepted or not."""
    return len([one for one in run.requests if one["path"].endswith("/backup")])


@pytest.mark.parametrize("then", DONE_ALL_THE_SAME.values(), ids=DONE_ALL_THE_SAME)
def test_a_start_that_was_done_is_recognized_whatever_its_answer(estate, tmp_path, then):
    run = retry(estate, tmp_path, *TOKENS, faults=[fault("/backup$", {"always": True}, **then)])

    assert (run.code, run.verdicts(), sorted(started(run))) == (0, AS_EVER, sorted(NAMES))
    assert sent(run) == len(NAMES)


@pytest.mark.parametrize(("then", "why"), NOT_DONE.values(), ids=NOT_DONE)
def test_a_start_that_was_not_done_is_a_failure_and_is_not_tried_again(estate, tmp_path, then, why):
    faults = [fault(path, {"nth": [1]}, **then) for path in START_OF.values()]
    run = retry(estate, tmp_path, *TOKENS, faults=faults)

    assert run.verdicts() == {**AS_EVER, **dict.fromkeys(SOME, ("failed", "passing_cause"))}
    assert (run.code, sent(run), sorted(started(run))) == (1, len(NAMES), ["stblobs", "vm", ORDERS])
    for name in SOME:
        assert reason(run, name).startswith(f"start backup of {name}: ")
        assert why in reason(run, name)
    assert run.error == "3 of 6 items failed; see the WARNING lines above"


def test_a_throttled_start_is_sent_again_when_azure_says(estate, tmp_path):
    throttled = {"status": 429, "headers": {"Retry-After": "1"}}
    faults = [fault(path, {"nth": [1, 2]}, **throttled) for path in START_OF.values()]
    run = retry(estate, tmp_path, *TOKENS, faults=faults)

    assert (run.code, run.verdicts(), sorted(started(run))) == (0, AS_EVER, sorted(NAMES))
    assert sent(run) == len(NAMES) + 2 * len(SOME)


def test_where_neither_answer_nor_list_tells_the_next_run_knows_it_from_the_vault(tmp_path):
    """The first calls it failed and the vaults unread; its backups fail ten minutes later, and count."""
    estate = several(tmp_path / "estate", failing=True)
    again = {"nth": list(range(2, 8))}
    faults = [
        fault("/backup$", {"always": True}, status=500, after=True),
        *(
            fault(f"/{vault}/backupJobs$", again, status=500, headers=AT_ONCE)
            for vault in ("bv-a", "rsv-a", "rsv-db", "rsv-own")
        ),
    ]
    first = retry(estate, tmp_path / "1", *TOKENS, faults=faults, known=False)
    second = retry(aged(first.state, 1 / 3, tmp_path / "later"), tmp_path / "2", *TOKENS)

    assert (first.code, sorted(first.of("failed")), len(first.unread)) == (1, sorted(NAMES), 4)
    assert sorted(started(first)) == sorted(NAMES)
    assert (second.code, second.triggers) == (0, [])
    assert second.verdicts() == dict.fromkeys(NAMES, ("left", "backing_off"))


@pytest.mark.parametrize(
    ("busy", "told"),
    [
        pytest.param(
            "fail",
            {
                SHARE: "the vault started none, ParallelSnapshotRequest: ",
                SALES: "the vault started none, Operation",
                "disk": "the vault started none, UserErrorMaxConcurrentOperationLimitReached: ",
            },
            id="later",
        ),
        pytest.param(
            "refuse",
            {
                SHARE: "Azure answered 400 ParallelSnapshotRequest: ",
                SALES: "Azure answered 400 OperationCancelledBecauseConflictingOperationRunningUserError: ",
                "disk": "Azure answered 400 BMSUserErrorObjectLocked: ",
            },
            id="at once",
        ),
    ],
)
def test_where_a_backup_runs_that_nobody_shows_yet_the_vault_refuses_another(tmp_path, busy, told):
    """Another's backups stand neither in Resource Graph nor, by a fault, in the vaults' lists."""
    estate = several(tmp_path / "estate", minutes=6000, graph_lag_s=3600 * SPEED, busy=busy)
    first = retry(estate, tmp_path / "first", *TOKENS)
    unseen = fault("/backupJobs$", {"always": True}, status=200, body={"value": []})
    tokens = ("dry_run=false", f"ledger={LEDGER}-of-another", EVERYTHING)
    second = retry(first.state, tmp_path / "second", *tokens, faults=[unseen])

    assert sorted(started(first)) == sorted(NAMES)
    assert (second.code, sorted(second.of("failed"))) == (1, sorted(NAMES))
    assert {one["job"] for one in second.triggers} <= {None}
    for name, why in told.items():
        assert reason(second, name).startswith(f"start backup of {name}: {why}")
