"""A run may be killed, started twice or find its ledger gone: no item gets more triggers than its budget."""

import json
import shutil
import subprocess
from collections import Counter

import pytest

from tests.journeys.ledgers import (
    BLOBS,
    LEDGER,
    REAL,
    aged,
    attempts,
    items,
    killed,
    name_of,
    night,
    triggers,
)
from tests.journeys.runs import ROOT, RUNBOOK, SANDBOX, SPEED, command, ndjson, retry

ONCE = {"vm-00": 1, "vm-01": 1, "vm-02": 1}
BACKUP = {"method": "POST", "path": r"/backup$"}
INTENT = {"method": "PUT", "path": r"/attempts/"}


@pytest.fixture(scope="module")
def estate(tmp_path_factory):
    return night(3).write(tmp_path_factory.mktemp("night"))


@pytest.fixture(scope="module")
def first(estate, tmp_path_factory):
    return retry(estate, tmp_path_factory.mktemp("first"), *REAL)


def test_every_start_is_written_with_its_job(first):
    written = attempts(first.state)

    assert (first.code, first.done["retried"]) == (0, 3)
    assert {name: [(one["outcome"], one["job"]) for one in listed] for name, listed in written.items()} == {
        entry["name"]: [("started", entry["new_job"])] for entry in first.decisions
    }


def test_each_intent_is_written_before_its_backup_is_asked_for(first):
    order = [one["path"] for one in first.requests if one["method"] in ("PUT", "POST")]
    asked = [n for n, path in enumerate(order) if path.endswith("/backup")]

    assert len(asked) == 3
    assert all("/attempts/" in order[n - 1] for n in asked)


def test_a_dry_run_with_a_ledger_changes_nothing_in_it(first, tmp_path):
    again = aged(first.state, 1, tmp_path / "estate")
    run = retry(again, tmp_path / "run", f"ledger={LEDGER}")

    assert (run.code, run.triggers) == (0, [])
    assert attempts(run.state) == attempts(again)


def test_a_dry_run_makes_no_container(estate, tmp_path):
    run = retry(estate, tmp_path, f"ledger={LEDGER}")

    assert (run.code, run.done["would_retry"]) == (0, 3)
    assert not (run.state / BLOBS).exists()


def test_a_ledger_in_a_folder_of_its_container_is_another_one(first, tmp_path):
    again = aged(first.state, 1, tmp_path / "estate")
    run = retry(again, tmp_path / "run", f"ledger={LEDGER}/prod")

    assert (run.code, run.done["left"]) == (0, 3)


def test_two_runs_one_after_the_other_start_each_item_once(first, tmp_path):
    run = retry(first.state, tmp_path, *REAL)

    assert (run.code, run.triggers) == (0, [])
    assert {run.why(name) for name in ONCE} <= {("left", "running_now"), ("left", "succeeded_since")}


def test_two_runs_at_once_start_each_item_once(tmp_path):
    """Both decide on the same night; of each item one writes its intent first."""
    estate = night(6).write(tmp_path / "estate")
    both = [
        " ".join([SANDBOX, RUNBOOK, *REAL, f"report={tmp_path / name}", ">", str(tmp_path / f"{name}.log")])
        for name in ("a", "b")
    ]
    argv = command(estate, tmp_path, [], ["--speed", str(SPEED)])
    argv[argv.index("--") + 1 :] = ["sh", "-c", f"{both[0]} & {both[1]}; wait"]
    subprocess.run(argv, cwd=ROOT, check=True, timeout=120)
    entries = [*ndjson(tmp_path / "a"), *ndjson(tmp_path / "b")]
    rules = Counter(one["rule"] for one in entries if one["verdict"] == "left")

    assert triggers(tmp_path / "state") == {f"vm-{n:02}": 1 for n in range(6)}
    assert Counter(one["verdict"] for one in entries) == {"retried": 6, "left": 6}
    assert set(rules) <= {"taken_by_another_run", "running_now", "backing_off", "succeeded_since"}


def test_a_run_that_lags_behind_another_starts_nothing_again(tmp_path):
    """Resource Graph shows neither the jobs of the first run nor how they ended, for five minutes."""
    world = night(3, graph_lag_s=300)
    for item in [
        one["id"] for one in world.rows("recoveryservicesresources") if "protectedItems" in one["id"]
    ]:
        world.outcomes(item, *["Failed:400002"] * 5)
    estate = world.write(tmp_path / "estate")
    one = retry(estate, tmp_path / "1", *REAL, speed=60)
    soon = aged(one.state, 0.05, tmp_path / "soon")
    two = retry(soon, tmp_path / "2", *REAL, speed=60)

    assert triggers(one.state, two.state) == ONCE
    assert two.code == 0


# -- Killed ----------------------------------------------------------------------------------------


def request_of(run, method, part, nth=1):
    return [one["n"] for one in run.requests if one["method"] == method and part in one["path"]][nth - 1]


@pytest.mark.parametrize(
    ("at", "when", "entries"),
    [
        pytest.param(("PUT", "/attempts/"), "", 1, id="before its first intent is written"),
        pytest.param(("PUT", "/attempts/"), ":after", 2, id="after its first intent"),
        pytest.param(("POST", "/backup"), "", 2, id="before its first backup is asked for"),
        pytest.param(("POST", "/backup"), ":after", 1, id="after its first backup is asked for"),
        pytest.param(("GET", "/operationsStatus/"), "", 1, id="when all are asked for"),
    ],
)
def test_a_killed_run_is_finished_by_the_next(first, tmp_path, at, when, entries):
    """An hour later; what it started has completed by then."""
    estate = night(3).write(tmp_path / "night")
    code, state = killed(estate, tmp_path / "killed", f"{request_of(first, *at)}{when}")
    run = retry(aged(state, 1, tmp_path / "estate"), tmp_path / "run", *REAL)

    assert (code, run.code) == (137, 0)
    assert triggers(state, run.state) == ONCE
    assert len(attempts(run.state)["vm-00"]) == entries


def test_what_a_killed_run_had_started_counts_and_is_settled(first, tmp_path):
    world = night(1)
    [item] = items(world)
    world.outcomes(item, *["Failed:400002"] * 5)
    estate = world.write(tmp_path / "estate")
    _, state = killed(estate, tmp_path / "0", f"{request_of(first, 'POST', '/backup')}:after")
    assert [one["outcome"] for one in attempts(state)["vm-00"]] == [""]

    one = retry(aged(state, 1, tmp_path / "e1"), tmp_path / "1", *REAL)
    two = retry(aged(one.state, 2, tmp_path / "e2"), tmp_path / "2", *REAL)
    three = retry(aged(two.state, 22, tmp_path / "e3"), tmp_path / "3", *REAL, "window=48h")

    assert [one.decisions[0]["attempt"], two.why("vm-00")] == [2, ("left", "budget_spent")]
    assert [entry["outcome"] for entry in attempts(one.state)["vm-00"]] == ["started", "started"]
    assert three.why("vm-00") == ("retried", "passing_cause")
    assert triggers(state, one.state, two.state, three.state) == {"vm-00": 3}


def test_a_backup_that_a_person_started_is_theirs(tmp_path):
    world = night(1)
    [item] = items(world)
    world.job(item, "Failed", ago="1h", codes=[400002], user=True)
    run = retry(world.write(tmp_path / "estate"), tmp_path, *REAL)

    assert run.why("vm-00") == ("left", "started_by_a_person")


# -- The last complete run -------------------------------------------------------------------------


def without_a_vault(state, folder, **world):
    """Resource Graph no longer shows the vault of a state, nor what is in it."""
    shutil.copytree(state, folder)
    for table in ("resources", "recoveryservicesresources"):
        path = folder / f"{table}.ndjson"
        rows = [line for line in path.read_text().splitlines() if "/vaults/rsv-a" not in line]
        path.write_text("".join(f"{line}\n" for line in rows))
    known = json.loads((folder / "world.json").read_text())
    (folder / "world.json").write_text(json.dumps({**known, "timeline": [], **world}))
    return folder


def test_a_complete_run_remembers_the_vaults_it_saw(first):
    [(asked, run)] = json.loads((first.state / BLOBS / "runs/auto_retry.json").read_bytes()).items()

    assert asked == "all"
    assert [one.rpartition("/")[2] for one in run["vaults"]] == ["rsv-a"]
    assert run["started"].endswith("Z")


def test_a_vault_that_was_seen_and_is_no_longer_visible_is_named(first, tmp_path):
    vault = json.loads((first.state / BLOBS / "runs/auto_retry.json").read_bytes())["all"]["vaults"][0]
    estate = without_a_vault(first.state, tmp_path / "estate", forbidden=[vault])
    run = retry(estate, tmp_path / "run", *REAL)
    accepted = retry(run.state, tmp_path / "again", *REAL, f"accept_unread={vault}")

    assert (run.code, run.unread) == (1, [vault])
    assert "the last complete run saw it: read vault" in run.warnings[0]
    assert (accepted.code, accepted.unread) == (0, [])
    assert retry(accepted.state, tmp_path / "then", *REAL).code == 0


def test_a_vault_that_was_deleted_is_not_missed(first, tmp_path):
    run = retry(without_a_vault(first.state, tmp_path / "estate"), tmp_path / "run", *REAL)

    assert (run.code, run.unread) == (0, [])


# -- Out of reach, or spoilt -----------------------------------------------------------------------


@pytest.mark.patient
def test_a_ledger_that_is_not_there_stops_every_start(estate, tmp_path):
    ledger = LEDGER.replace("stledger", "stnowhere")
    run = retry(estate, tmp_path, "dry_run=false", f"ledger={ledger}")

    assert (run.code, run.triggers) == (1, [])
    assert {run.why(name) for name in ONCE} == {("left", "ledger_unread")}
    assert run.unread == [ledger]
    [warning] = [line for line in run.warnings if line.startswith("not read")]
    assert (
        "check the account's name, and that it can be reached from here: not by a private endpoint" in warning
    )


@pytest.mark.parametrize("match", [{}, {"method": "PUT"}], ids=["at all", "for writing"])
def test_a_ledger_that_refuses_stops_every_start(estate, tmp_path, match):
    fault = {"match": {"host": "blob", **match}, "when": {"always": True}, "then": {"status": 403}}
    run = retry(estate, tmp_path, *REAL, faults=[fault])

    assert (run.code, run.triggers) == (1, [])
    assert any("grant the identity Storage Blob Data Contributor there" in line for line in run.warnings)


def test_when_the_ledger_is_lost_on_the_way_nothing_more_is_started(tmp_path):
    """The second intent and all that follows is refused; what was started is found by the next run."""
    world = night(3).write(tmp_path / "estate")
    fault = {"match": INTENT, "when": {"nth": list(range(2, 60))}, "then": {"status": 403}}
    run = retry(world, tmp_path / "1", *REAL, faults=[fault])
    again = retry(aged(run.state, 1, tmp_path / "later"), tmp_path / "2", *REAL)

    assert run.code == 1
    assert run.of("retried") == ["vm-00"]
    assert run.of("failed") == ["vm-01", "vm-02"]
    assert again.code == 0
    assert triggers(run.state, again.state) == ONCE


@pytest.mark.parametrize(
    "content", ["", "[{", "{}", '[{"item": 7}]'], ids=["empty", "cut", "object", "strange"]
)
def test_a_spoilt_blob_stops_its_item_and_says_what_to_do(first, tmp_path, content):
    world = night(3).write(tmp_path / "estate")
    spoilt = world / BLOBS / "attempts" / blob_of(first, "vm-01")
    spoilt.parent.mkdir(parents=True)
    spoilt.write_text(content, encoding="utf-8")
    run = retry(world, tmp_path, *REAL)

    assert run.code == 1
    assert run.of("retried") == ["vm-00", "vm-02"]
    assert run.why("vm-01") == ("left", "ledger_unread")
    assert [name_of(one) for one in run.unread] == ["vm-01"]
    [warning] = [line for line in run.warnings if "is not what a run writes" in line]
    assert warning.endswith("were started in the last 24 hours, then delete the blob'")
    assert spoilt.read_text(encoding="utf-8") == content


def blob_of(run, name):
    paths = (run.state / BLOBS / "attempts").iterdir()
    return next(one.name for one in paths if name_of(json.loads(one.read_bytes())[0]["item"]) == name)


@pytest.mark.patient
def test_check_says_whether_the_ledger_can_be_read(estate, tmp_path):
    argv = command(estate, tmp_path, ["check", f"ledger={LEDGER.replace('stledger', 'stnowhere')}"])
    ended = subprocess.run(argv, cwd=ROOT, capture_output=True, check=False, timeout=120)

    assert ended.returncode == 1
    assert b"no answer from storage" in ended.stdout
