"""Azure at its worst: every read that fails, once and for good, and every answer a start can get.

A single fault changes nothing. A lasting one is loud, and nothing is started on what was not confirmed.
"""

import json
from concurrent.futures import ThreadPoolExecutor

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
from tests.journeys.estates import HUMAN, World
from tests.journeys.runs import GRAPH, REAL, SPEED, ndjson, retry

PATHS = {
    "token": "^/msi/token$",
    "machine": "/virtualMachines/vm-new$",
    "job list": "/rsv-b/backupJobs$",
    "operation": "/operationsStatus/",
}
AS_EVER = {
    "vm-a": ("retried", "passing_cause"),
    "vm-human": ("left", "needs_a_human"),
    "vm-b": ("retried", "passing_cause"),
    "vm-new": ("left", "opted_out"),
}


@pytest.fixture(scope="module")
def estate(tmp_path_factory):
    """Two vaults; vm-new is so new that Resource Graph does not show the machine, so it is read by a GET."""
    world = World()
    subscription = world.subscription("prod")
    first, second = world.rsv("rsv-a", subscription), world.rsv("rsv-b", subscription)
    world.failed(first, "vm-a")
    world.failed(first, "vm-human", HUMAN)
    world.failed(second, "vm-b")
    world.failed(second, "vm-new", tags={"backup-retry": "off"})
    folder = world.write(tmp_path_factory.mktemp("estate"))
    [new] = [row for row in ndjson(folder / "resources.ndjson") if row["name"] == "vm-new"]
    lines = (folder / "resources.ndjson").read_text().splitlines()
    (folder / "resources.ndjson").write_text("\n".join(one for one in lines if new["id"] not in one) + "\n")
    short = {name: value for name, value in new.items() if value not in (None, "")}
    since = {"table": "resources", "id": new["id"].lower(), "since": world.stamp("5m"), "row": short}
    (folder / "world.json").write_text(json.dumps({"graph_lag_s": 3600 * SPEED, "timeline": [since]}))
    return folder


def lasting(of, **then):
    """A fault of one read that lasts."""
    return fault(PATHS[of], {"always": True}, **then) if of in PATHS else lasting_query(of, **then)


def test_without_faults(estate, tmp_path):
    run = retry(estate, tmp_path, *REAL)

    assert (run.code, run.verdicts()) == (0, AS_EVER)
    assert queries(run) == len(QUERIES)
    assert len([one for one in run.requests if "virtualmachines/vm-new" in one["path"].lower()]) == 1


# -- reads -----------------------------------------------------------------------------------------

ODD = {
    "an empty object": {"status": 200, "body": {}},
    "rows that do not add up": {"status": 200, "body": {"totalRecords": 9, "count": 0, "data": []}},
    "a count without rows": {"status": 200, "body": {"totalRecords": 0}},
    "rows without a count": {"status": 200, "body": {"count": 0, "data": []}},
}


@pytest.mark.parametrize("then", ONCE.values(), ids=ONCE)
def test_every_read_may_fail_once(estate, tmp_path, then):
    once = [fault(path, {"nth": [1]}, **then) for name, path in PATHS.items() if name != "token"]
    run = retry(estate, tmp_path, *REAL, faults=[*once, fault(GRAPH, EVERY_OTHER_QUERY, **then)])

    assert (run.code, run.verdicts(), run.unread) == (0, AS_EVER, [])
    assert queries(run) == 2 * len(QUERIES)


@pytest.mark.parametrize("then", ODD.values(), ids=ODD)
def test_every_query_may_be_answered_oddly_once(estate, tmp_path, then):
    faults = [fault(GRAPH, EVERY_OTHER_QUERY, **then), fault(PATHS["operation"], {"nth": [1]}, **then)]
    run = retry(estate, tmp_path, *REAL, faults=faults)

    assert (run.code, run.verdicts(), run.unread) == (0, AS_EVER, [])


@pytest.mark.parametrize("name", ["throttled", "dropped"])
def test_the_token_may_be_refused_once(estate, tmp_path, name):
    run = retry(estate, tmp_path, *REAL, faults=[fault(PATHS["token"], {"nth": [1]}, **ONCE[name])])

    assert (run.code, run.verdicts()) == (0, AS_EVER)


OF_ALL = ["server error", "an empty object"]
LEFT_UNREAD = ("left", "vault_unread")
VAULTS = ["rsv-a", "rsv-b"]
# What each read is for: what goes unread without it, and what is decided then.
LOST = {
    "vaults": (["list vaults: 1 subscriptions"], AS_EVER),
    "failed jobs": (["list failed jobs: 1 subscriptions"], {}),
    "unhealthy databases": (["list unhealthy databases: 1 subscriptions"], AS_EVER),
    "jobs": (VAULTS, {}),
    "items": (VAULTS, {}),
    "policies": (VAULTS, {**AS_EVER, "vm-a": LEFT_UNREAD, "vm-b": LEFT_UNREAD}),
    "sources": (["read what is behind failed items: 1 subscriptions"], AS_EVER),
    "machine": (["vm-new"], AS_EVER),
    "job list": (["rsv-b"], {**AS_EVER, "vm-b": LEFT_UNREAD}),
}
WRONG_COUNT = ({"status": 200, "body": {"totalRecords": 9, "count": 0, "data": []}}, "0 of 9 rows came")


@pytest.mark.parametrize(
    ("then", "told", "of"),
    [
        *(pytest.param(*LASTING[kind], of, id=f"{of}: {kind}") for of in LOST for kind in OF_ALL),
        *(
            pytest.param(*LASTING["throttled"], of, id=f"{of}: throttled")
            for of in ("jobs", "machine", "job list")
        ),
        *(pytest.param(*WRONG_COUNT, of, id=f"{of}: wrong count") for of in LOST if of in QUERIES),
    ],
)
def test_a_read_that_goes_on_failing_is_named_and_the_rest_is_done(estate, tmp_path, then, told, of):
    run = retry(estate, tmp_path, *REAL, faults=[lasting(of, **then)])
    lost, verdicts = LOST[of]

    assert run.code == 1
    assert unread(run) == lost
    assert run.verdicts() == verdicts
    assert all(told in line for line in run.warnings)
    assert run.error == f"{len(lost)} scopes were not read; see the WARNING lines above"


@pytest.mark.parametrize(
    ("of", "kind", "error"),
    [
        ("token", "server error", "no token for Azure: "),
        ("token", "an empty object", "no token for Azure: "),
        ("subscriptions", "throttled", "list subscriptions: Azure answered 429"),
        ("subscriptions", "server error", "list subscriptions: Azure answered 500"),
        ("subscriptions", "an empty object", "list subscriptions: an answer without rows, or"),
    ],
)  # fmt: skip
def test_without_a_token_or_subscriptions_the_run_ends_with_what_azure_said(
    estate, tmp_path, of, kind, error
):
    run = retry(estate, tmp_path, *REAL, faults=[lasting(of, **LASTING[kind][0])])

    assert (run.code, run.decisions, run.triggers) == (1, [], [])
    assert run.error.startswith(error)


@pytest.mark.parametrize("kind", LASTING)
def test_a_start_whose_operation_cannot_be_asked_is_settled_from_the_job_list(estate, tmp_path, kind):
    run = retry(estate, tmp_path, *REAL, faults=[lasting("operation", **LASTING[kind][0])])

    assert (run.code, run.verdicts()) == (0, AS_EVER)
    assert all(one["new_job"] for one in run.decisions if one["verdict"] == "retried")


def test_without_any_advice_how_long_to_wait_a_read_is_given_up_in_the_end(estate, tmp_path):
    """Each is sent six times within sixteen seconds, so all are tried beside each other."""
    kinds = ["gateway timeout", "a page of HTML", "dropped", "cut off"]
    cases = [(kind, of) for kind in kinds for of in ("failed jobs", "job list")]

    def tried(case):
        kind, of = case
        return retry(
            estate, tmp_path / f"{kind}-{of}".replace(" ", "-"), *REAL, faults=[lasting(of, **ONCE[kind])]
        )

    with ThreadPoolExecutor(len(cases)) as pool:
        for (_, of), run in zip(cases, pool.map(tried, cases), strict=True):
            lost, verdicts = LOST[of]
            assert (run.code, run.verdicts(), unread(run)) == (1, verdicts, lost)


# -- starts ----------------------------------------------------------------------------------------

START = "/backup$"


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    world = World()
    world.all_failed(world.rsv("rsv-a", world.subscription("prod")), ["vm-1", "vm-2"])
    return world.write(tmp_path_factory.mktemp("two"))


def started(run):
    return [one["item"].rpartition(";")[2] for one in run.triggers]


@pytest.mark.parametrize("then", DONE_ALL_THE_SAME.values(), ids=DONE_ALL_THE_SAME)
def test_a_start_that_was_done_is_recognized_whatever_its_answer(two, tmp_path, then):
    run = retry(two, tmp_path, *REAL, faults=[fault(START, {"always": True}, **then)])

    assert (run.code, run.of("retried"), started(run)) == (0, ["vm-1", "vm-2"], ["vm-1", "vm-2"])
    assert len(run.writes) == 2


@pytest.mark.parametrize(("then", "why"), NOT_DONE.values(), ids=NOT_DONE)
def test_a_start_that_was_not_done_is_a_failure_and_is_not_tried_again(two, tmp_path, then, why):
    run = retry(two, tmp_path, *REAL, faults=[fault(START, {"nth": [1]}, **then)])

    assert (run.code, started(run), len(run.writes)) == (1, ["vm-2"], 2)
    assert run.verdicts() == {"vm-1": ("failed", "passing_cause"), "vm-2": ("retried", "passing_cause")}
    assert why in run.decisions[0]["reason"]
    assert run.decisions[0]["reason"].startswith("start backup of vm-1: ")
    assert run.warnings[0].startswith("failed item=vm-1 vault=rsv-a why=")
    assert run.error == "1 of 2 items failed; see the WARNING lines above"


def test_a_throttled_start_is_sent_again_when_azure_says(two, tmp_path):
    throttled = fault(START, {"nth": [1, 2]}, status=429, headers={"Retry-After": "1"})
    run = retry(two, tmp_path, *REAL, faults=[throttled])

    assert (run.code, started(run), len(run.writes)) == (0, ["vm-1", "vm-2"], 4)


def test_where_neither_answer_nor_list_tells_the_start_counts_as_failed_and_the_vault_as_unread(
    two, tmp_path
):
    faults = [
        fault(START, {"nth": [1]}, status=500, after=True),
        fault("/backupJobs$", {"nth": list(range(2, 8))}, status=500, headers=AT_ONCE),
    ]
    run = retry(two, tmp_path, *REAL, "log=summary", faults=faults, known=False)

    assert (run.code, run.of("failed"), run.of("retried")) == (1, ["vm-1"], ["vm-2"])
    assert unread(run) == ["rsv-a"]
    assert started(run) == ["vm-1", "vm-2"]


@pytest.mark.parametrize(
    ("busy", "why"),
    [
        pytest.param("fail", "the vault started none, UserErrorBackupOperationInProgress", id="later"),
        pytest.param("refuse", "Azure answered 400 UserErrorBackupOperationInProgress", id="at once"),
    ],
)
def test_where_a_backup_runs_that_nobody_shows_yet_the_vault_refuses_another(tmp_path, busy, why):
    """The first run's backup stands neither in Resource Graph nor, by a fault, in the vault's list."""
    world = World()
    world.minutes(world.failed(world.rsv("rsv-a", world.subscription("prod")), "vm-1"), 6000)
    world.world |= {"graph_lag_s": 3600 * SPEED, "busy": busy}
    first = retry(world.write(tmp_path / "estate"), tmp_path / "first", *REAL)
    unseen = fault("/backupJobs$", {"always": True}, status=200, body={"value": []})
    second = retry(first.state, tmp_path / "second", *REAL, faults=[unseen])

    assert started(first) == ["vm-1"]
    assert (second.code, second.of("failed")) == (1, ["vm-1"])
    assert why in second.decisions[0]["reason"]
    assert [one["job"] for one in second.triggers] == [None][: busy == "fail"]
