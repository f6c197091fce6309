"""Alerts that start a run: each item of theirs is looked at once, and nothing else is."""

import json
import shlex
import subprocess

import pytest

from tests.journeys.ledgers import (
    BLOBS,
    LEDGER,
    REAL,
    alert,
    attempts,
    items,
    night,
    triggers,
    waiting,
)
from tests.journeys.runs import GRAPH, ROOT, RUNBOOK, SANDBOX, command, retry

TOKENS = (*REAL, "storm_min=1000", "max_per_vault=1000")
SLOWLY = ("--speed", "10")
"""A lease lasts six seconds then, longer than it takes to renew it."""


@pytest.fixture(scope="module")
def world():
    return night(3)


@pytest.fixture(scope="module")
def estate(world, tmp_path_factory):
    return world.write(tmp_path_factory.mktemp("night"))


@pytest.fixture(scope="module")
def alerted(world, estate, tmp_path_factory):
    """A run that an alert of one of three failed machines has started."""
    return retry(estate, tmp_path_factory.mktemp("alerted"), *REAL, alert(items(world)[1]))


def jobs_at_once(estate, folder, bodies, options=SLOWLY):
    """So many jobs, up to twenty together, against one Azure; the last line of each."""
    folder.mkdir()
    argv = command(estate, folder, [], options)
    jobs = [shlex.join([SANDBOX, RUNBOOK, *TOKENS, body]) for body in bodies]
    lines = [f"{job} > {folder / str(n)}.log & {'wait' * (n % 20 == 19)}" for n, job in enumerate(jobs)]
    script = folder / "jobs.sh"  # as one argument it would be too long
    script.write_text("\n".join([*lines, "wait"]), encoding="utf-8")
    argv[argv.index("--") + 1 :] = ["sh", str(script)]
    subprocess.run(argv, cwd=ROOT, check=True, timeout=500)
    return [(folder / f"{n}.log").read_text().splitlines()[-1] for n in range(len(bodies))]


def test_an_alert_has_its_own_item_retried_and_no_other(alerted):
    assert alerted.code == 0
    assert alerted.of("retried") == ["vm-01"]
    assert alerted.done == {"decided": 1, "retried": 1, "left": 0, "failed": 0, "unread": 0}
    assert triggers(alerted.state) == {"vm-01": 1}
    assert waiting(alerted.state) == []


def test_it_stands_in_the_inbox_before_azure_is_asked_anything(alerted):
    asked = [one for one in alerted.requests if "/msi/" not in one["path"]]

    assert "/inbox/" in asked[0]["path"] or "/inbox/" in asked[2]["path"]
    assert next(n for n, one in enumerate(asked) if one["path"] == GRAPH) > 3


def test_a_dry_run_decides_its_item_without_inbox_or_lease(world, estate, tmp_path):
    run = retry(estate, tmp_path, f"ledger={LEDGER}", alert(items(world)[2]))

    assert (run.code, run.of("would retry")) == (0, ["vm-02"])
    assert not (run.state / BLOBS).exists()


def test_a_failure_that_only_the_vault_knows_of_is_found(tmp_path):
    """Alerts are faster than Resource Graph."""
    world = night(1)
    [item] = items(world)
    vault = item.partition("/backupFabrics/")[0]
    [job] = [one["id"] for one in world.rows("recoveryservicesresources") if "/backupJobs/" in one["id"]]
    world.rest(job, {"properties": world.row(job)["properties"] | {"status": "Failed"}})
    world.change(job, status="Completed", errorDetails=None)
    run = retry(
        world.write(tmp_path / "estate"),
        tmp_path,
        *REAL,
        alert(vault=vault.lower(), job=job.rpartition("/")[2]),
    )

    assert run.of("retried") == ["vm-00"]


@pytest.mark.parametrize(
    ("hint", "told"),
    [
        pytest.param(alert("", vault="", condition="Resolved"), "resolved", id="resolved"),
        pytest.param("{WebhookName:x,RequestBody:}", "webhook data has no body", id="empty"),
        pytest.param(
            '{"WebhookName":"x","RequestBody":"hello"}', "webhook data has a body that is not JSON", id="text"
        ),
        pytest.param(
            '{"WebhookName":"x","RequestBody":"{}"}', "not in the common alert schema", id="no alert"
        ),
        pytest.param(alert("/subscriptions/x"), "names no vault", id="an item that is none"),
    ],
)
def test_what_is_no_usable_alert_does_nothing_and_says_why(estate, tmp_path, hint, told):
    run = retry(estate, tmp_path, *REAL, hint)

    assert (run.code, run.requests) == (0, [])
    assert run.lines[0].startswith("left alert='none of ours' why=")
    assert told in run.lines[0]
    assert run.lines[1:] == ["done not_ours=1"]


def test_an_alert_that_no_vault_confirms_does_nothing_and_says_why(world, estate, tmp_path):
    run = retry(estate, tmp_path, *REAL, alert(items(world)[0].replace("vm-00", "vm-99")))

    assert (run.code, run.triggers) == (0, [])
    assert run.lines[0].startswith(
        "left alert=vm;iaasvmcontainerv2;rg-app;vm-99 vault=rsv-a why='no vault that"
    )
    assert run.done["not_confirmed"] == 1


def test_alerts_need_a_ledger(estate, tmp_path):
    run = retry(estate, tmp_path, "dry_run=false", "ledger=none", alert("/x"))

    assert run.code == 2
    assert run.lines[0] == (
        "ERROR: parameter ledger must be a container where alerts start a run with dry_run=false"
    )


def test_duplicates_of_an_alert_start_one_backup_and_most_jobs_end_early(world, estate, tmp_path):
    ends = jobs_at_once(estate, tmp_path / "jobs", [alert(items(world)[0])] * 8)

    assert triggers(tmp_path / "jobs" / "state") == {"vm-00": 1}
    assert waiting(tmp_path / "jobs" / "state") == []
    assert len([line for line in ends if line == "done deferred=1"]) >= 4
    assert all(line.startswith("done ") for line in ends)


def test_of_many_alerts_none_is_lost(tmp_path):
    world = night(6)
    for item in items(world):
        world.minutes(item, 60)
    bodies = [alert(item) for item in items(world)]
    jobs_at_once(world.write(tmp_path / "estate"), tmp_path / "jobs", bodies)
    state = tmp_path / "jobs" / "state"
    run = retry(state, tmp_path / "schedule", *TOKENS)

    assert waiting(state) == []
    assert triggers(state, run.state) == {f"vm-{n:02}": 1 for n in range(6)}


def test_what_a_dead_holder_leaves_the_next_job_takes(world, alerted, tmp_path):
    """Its lease ends by itself; until then others put their items into the inbox and end."""
    estate = world.write(tmp_path / "estate")
    [number] = [one["n"] for one in alerted.requests if one["path"].endswith("/backup")]
    argv = command(
        estate, tmp_path / "0", [*REAL, alert(items(world)[1])], ["--speed", "2", "--kill-at", str(number)]
    )
    assert subprocess.run(argv, cwd=ROOT, check=False, timeout=120, capture_output=True).returncode == 137
    state = tmp_path / "0" / "state"
    assert waiting(state) == ["vm-01"]

    soon = retry(state, tmp_path / "1", *REAL, alert(items(world)[2]), speed=2)
    assert soon.lines == ["done deferred=1"]
    assert waiting(soon.state) == ["vm-01", "vm-02"]

    expire_leases(soon.state)
    then = retry(soon.state, tmp_path / "2", *REAL, alert(items(world)[0]))
    assert waiting(then.state) == []
    assert sorted(then.of("retried")) == ["vm-00", "vm-02"]
    assert then.why("vm-01") == ("left", "backing_off")
    assert len(attempts(then.state)["vm-01"]) == 1


def expire_leases(state):
    path = state / "blobs.ndjson"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    kept = [{name: one for name, one in line.items() if name != "lease"} for line in lines]
    path.write_text("".join(json.dumps(line) + "\n" for line in kept))


def test_a_scheduled_run_takes_what_waits(world, estate, tmp_path):
    inbox = world.write(tmp_path / "estate") / BLOBS / "inbox"
    inbox.mkdir(parents=True)
    item = items(world)[0].lower()
    entry = {"vault": item.partition("/backupfabrics/")[0], "item": item, "source": "", "job": ""}
    (inbox / "a.json").write_text(json.dumps(entry))
    (inbox / "b.json").write_text("{}")
    run = retry(tmp_path / "estate", tmp_path / "run", *REAL)

    assert (run.code, triggers(run.state)) == (1, {"vm-00": 1, "vm-01": 1, "vm-02": 1})
    assert run.unread == [f"{LEDGER}/inbox/b.json"]
    assert not (run.state / BLOBS / "inbox/a.json").exists()
