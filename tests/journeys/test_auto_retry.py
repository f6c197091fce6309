"""What auto_retry does to an estate, told by the estate: which backups it starts, and which it never does."""

import subprocess
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from backupkit.params import parameters

from runbooks.auto_retry import Params
from tests.journeys.estates import HUMAN, World
from tests.journeys.runs import GRAPH, REAL, ROOT, Run, check_streams, command, later, retry

PASSING = [f"vm-a{n}" for n in range(3)] + [f"vm-b{n}" for n in range(6)]
LEFT = {
    "vm-human": "needs_a_human",
    "vm-recovered": "succeeded_since",
    "vm-running": "running_now",
    "vm-optout": "opted_out",
    "vm-stopped": "protection_stopped",
    "vm-unknown": "unknown_cause",
    "vm-gone": "source_gone",
}
MINUTE = 60


def night():
    """Two vaults after a bad night: nine backups that may be retried, and every kind that may not."""
    world = World()
    first, second = (world.rsv(name, world.subscription(name)) for name in ("rsv-a", "rsv-b"))
    for name in PASSING:
        world.minutes(world.failed(first if name.startswith("vm-a") else second, name), 6000)
    world.failed(first, "vm-human", HUMAN)
    world.job(world.failed(first, "vm-recovered"), "Completed", ago="1h")
    world.job(world.failed(first, "vm-running"), "InProgress", ago="20m")
    world.failed(first, "vm-optout", tags={"Backup-Retry": "OFF"})
    world.change(world.failed(second, "vm-stopped"), protectionState="ProtectionStopped")
    world.failed(second, "vm-unknown", "UserErrorNobodyHasSeenBefore")
    gone = world.vm("vm-1", subscription=second.split("/")[2], group="rg-app").replace("vm-1", "vm-gone")
    world.job(world.item(second, gone), "Failed", ago="3h", codes=[400002])
    world.protected(second, "vm-fine")
    return world


@pytest.fixture(scope="module")
def estate(tmp_path_factory):
    return night().write(tmp_path_factory.mktemp("night"))


@pytest.fixture(scope="module")
def first(estate, tmp_path_factory):
    """The run after the bad night."""
    return retry(estate, tmp_path_factory.mktemp("first"), *REAL)


@pytest.fixture(scope="module", autouse=True)
def typed_by_hand(tmp_path_factory):
    """The README's command waits as long as Azure asks it to, so it runs beside the other tests."""
    world, folder = World(), tmp_path_factory.mktemp("by-hand")
    vault = world.rsv("rsv-a", world.subscription("prod"))
    world.failed(vault, "vm-app")
    world.failed(vault, "vm-human", HUMAN)
    argv = command(world.write(folder / "estate"), folder, [*REAL, f"report={folder / 'report.ndjson'}"])
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        yield folder, process
        process.terminate()


# -- what is read, and what is started -------------------------------------------------------------


def test_a_dry_run_is_the_default_and_only_reads(estate, tmp_path):
    run = retry(estate, tmp_path)

    assert (run.code, run.triggers) == (0, [])
    assert run.of("would retry") == PASSING
    assert {entry["name"]: entry["rule"] for entry in run.decisions if entry["verdict"] == "left"} == LEFT
    assert {(one["method"], one["path"] == GRAPH) for one in run.requests} == {("GET", False), ("POST", True)}


def test_a_real_run_starts_what_the_dry_run_would_have(first):
    assert first.code == 0
    assert first.of("retried") == PASSING
    assert first.done == {"decided": 16, "retried": 9, "left": 7, "failed": 0, "unread": 0}
    assert {entry["name"]: entry["rule"] for entry in first.decisions if entry["verdict"] == "left"} == LEFT


def test_every_decision_is_a_line_that_says_why(first):
    told = [line.split()[:2] for line in first.lines[:-1]]

    assert told == [[entry["verdict"], f"item={entry['name']}"] for entry in first.decisions]
    assert all(" why=" in line and " job=" in line for line in first.lines[:-1])


def test_the_report_and_the_vaults_agree_on_every_backup_started(first):
    """`retry` compares item by item, new jobs included; here is what one line of each looks like."""
    [entry] = [one for one in first.decisions if one["name"] == "vm-a0"]
    [trigger] = [one for one in first.triggers if one["job"] == entry["new_job"]]

    assert list(entry) == [
        *("item", "name", "vault", "subscription", "workload", "backup_type", "code", "class", "remedy"),
        *("job", "rpo_age_s", "attention", "verdict", "reason", "rule", "new_job", "attempt"),
    ]
    assert (entry["item"], entry["vault"]) == (trigger["item"], trigger["vault"])
    assert (entry["workload"], entry["class"], entry["attempt"]) == ("vm", "passing", 1)
    assert trigger["body"]["properties"]["objectType"] == "IaasVMBackupRequest"


def test_a_recovery_point_is_kept_as_long_as_the_policy_keeps_its_own(first):
    """The estate's policies keep daily points for 30 days."""
    kept = {one["body"]["properties"]["recoveryPointExpiryTimeInUTC"][:13] for one in first.triggers}
    at = datetime.fromisoformat(first.triggers[0]["at"][:19]).replace(tzinfo=UTC)

    assert kept <= {f"{at + timedelta(days=30) - timedelta(minutes=back):%Y-%m-%dT%H}" for back in (0, 1)}


def test_nothing_that_runs_is_started_again(first, tmp_path):
    run = retry(first.state, tmp_path, *REAL)

    assert (run.code, run.triggers) == (0, [])
    assert {run.why(name) for name in PASSING} == {("left", "running_now")}


@pytest.mark.parametrize(
    ("cap", "allowed"),
    [
        # A backup of vm-running takes room in rsv-a.
        pytest.param("max_per_vault=2", {"rsv-a": 1, "rsv-b": 2}, id="of a vault"),
        pytest.param("max_triggers=4", {"rsv-a": 3, "rsv-b": 1}, id="of the run"),
        pytest.param("max_triggers=0", {}, id="nothing at all"),
    ],
)
def test_no_more_are_started_than_the_caps_allow(estate, tmp_path, cap, allowed):
    run = retry(estate, tmp_path, *REAL, cap)
    started = Counter(one["vault"].rpartition("/")[2] for one in run.triggers)
    left = [one for one in run.decisions if one["rule"] == "no_room"]

    assert run.code == 0
    assert started == allowed
    assert len(left) == len(PASSING) - started.total()
    assert all(cap in one["reason"] for one in left)


def test_an_item_that_goes_on_failing_is_tried_twice_with_growing_waits(tmp_path):
    world = World()
    item = world.failed(world.rsv("rsv-a", world.subscription("prod")), "vm-app")
    world.outcomes(item, *["Failed:400002"] * 9)
    run = retry(world.write(tmp_path / "estate"), tmp_path / "0", *REAL)
    told = [(*run.why("vm-app"), run.decisions[0]["attempt"])]
    for number, minutes in enumerate([20, 20, 50, 20], 1):
        aged = later(run, minutes * MINUTE, tmp_path / f"later-{number}")
        run = retry(aged, tmp_path / str(number), *REAL)
        told.append((*run.why("vm-app"), run.decisions[0]["attempt"]))

    assert told == [
        ("retried", "passing_cause", 1),
        ("left", "backing_off", 1),
        ("retried", "passing_cause", 2),
        ("left", "budget_spent", 2),
        ("left", "budget_spent", 2),
    ]


def test_the_wait_after_a_second_attempt_is_twice_as_long(tmp_path):
    world = World()
    item = world.failed(world.rsv("rsv-a", world.subscription("prod")), "vm-app")
    for ago in ("100m", "50m"):
        world.job(item, "Failed", ago=ago, takes="5m", codes=[400002], user=True)
    estate = world.write(tmp_path / "estate")
    run = retry(estate, tmp_path / "run", *REAL, "max_attempts=3")
    after = retry(later(run, 16 * MINUTE, tmp_path / "later"), tmp_path / "after", *REAL, "max_attempts=3")

    assert run.why("vm-app") == ("left", "backing_off")
    assert after.why("vm-app") == ("retried", "passing_cause")


def test_a_backup_that_resource_graph_does_not_show_yet_is_not_started_twice(tmp_path):
    """Graph lags by minutes; the vault's own list knows better."""
    world = World()
    world.minutes(world.failed(world.rsv("rsv-a", world.subscription("prod")), "vm-app"), 6000)
    world.world["graph_lag_s"] = 600 * 600
    first = retry(world.write(tmp_path / "estate"), tmp_path / "first", *REAL)
    second = retry(first.state, tmp_path / "second", *REAL)

    assert first.of("retried") == ["vm-app"]
    assert second.why("vm-app") == ("left", "running_now")


# -- a storm ---------------------------------------------------------------------------------------


STORM = [f"vm-{number:03}" for number in range(400)]
CANARIES = ["vm-123", "vm-321"]


@pytest.fixture(scope="module")
def storm(tmp_path_factory):
    """400 items of a vault fail alike; the two furthest past their RPO recover when tried, others do not."""
    world = World()
    vault = world.rsv("rsv-storm", world.subscription("prod"))
    for name in STORM:
        item = world.failed(vault, name, ago="40h" if name in CANARIES else "30h")
        world.minutes(item, 600)
        if name not in CANARIES:
            world.outcomes(item, *["Failed:400002"] * 4)
    return world.write(tmp_path_factory.mktemp("storm"))


def test_a_storm_is_met_with_canaries_first_and_again_when_the_rest_fail_too(storm, tmp_path):
    waiting = retry(storm, tmp_path / "1", *REAL)
    assert waiting.of("retried") == CANARIES
    assert waiting.why("vm-000") == ("left", "storm")
    assert waiting.decisions[2]["reason"] == (
        "storm: 400 items of the vault fail with BackUpOperationFailed; waiting for a canary to complete"
    )

    still = retry(waiting.state, tmp_path / "still", *REAL)
    assert still.triggers == []

    recovered = retry(later(waiting, 11 * MINUTE, tmp_path / "recovered"), tmp_path / "2", *REAL)
    assert len(recovered.triggers) == 20
    assert not set(recovered.of("retried")) & set(CANARIES)
    assert {one["rule"] for one in recovered.decisions if one["verdict"] == "left"} == {
        "no_room",
        "succeeded_since",
    }

    blocked = retry(later(recovered, 11 * MINUTE, tmp_path / "blocked"), tmp_path / "3", *REAL)
    assert blocked.triggers == []
    assert Counter(one["rule"] for one in blocked.decisions) == {
        "succeeded_since": 2,
        "backing_off": 20,
        "storm": 378,
    }

    again = retry(later(blocked, 31 * MINUTE, tmp_path / "again"), tmp_path / "4", *REAL)
    assert len(again.triggers) == 2


# -- parameters ------------------------------------------------------------------------------------


def test_every_fault_is_told_at_once_and_nothing_is_sent(estate, tmp_path):
    tokens = [
        "dry_run=false",
        "window=soon",
        "max_tiggers=3",
        "log=loud",
        "log=summary",
        "12",
        "scope=mg:corp,not-an-id",
    ]
    run = retry(estate, tmp_path, *tokens)

    assert run.code == 2
    assert run.lines == [
        "ERROR: parameter window must be a duration such as 90m, 24h or 7d, got 'soon'",
        "ERROR: no parameter 'max_tiggers' (did you mean 'max_triggers'?)",
        "ERROR: parameter log must be one of decisions, summary, got 'loud'",
        "ERROR: parameter log is given twice",
        "ERROR: '12' is not a name=value token",
        "ERROR: parameter scope must be such as mg:corp or a subscription id, got 'mg:corp,not-an-id'",
        "ERROR: parameter ledger is required with dry_run=false; none counts attempts from job history",
        "ERROR: 7 parameter faults, nothing was sent; the token help lists all parameters",
    ]


def test_help_tells_every_parameter_and_sends_nothing(estate, tmp_path):
    run = retry(estate, tmp_path, "help", *REAL)

    assert (run.code, run.requests, run.report) == (0, [], [])
    told = {line.partition("=")[0].strip() for line in run.lines if line.startswith("  ")}
    assert told >= {one.name for one in parameters(Params)}
    assert "  dry_run=true                       decide and report, start nothing" in run.lines


def test_check_names_the_command_that_grants_the_missing_right(tmp_path):
    world = World()
    mine, others = (world.rsv(name, world.subscription(name)) for name in ("rsv-mine", "rsv-others"))
    world.failed(mine, "vm-app")
    world.world["role_assignments"] = [
        {"role": "Reader", "scope": f"/subscriptions/{mine.split('/')[2]}"},
        {"role": "Reader", "scope": f"/subscriptions/{others.split('/')[2]}"},
        {"role": "Backup Operator", "scope": mine},
    ]
    run = retry(world.write(tmp_path / "estate"), tmp_path / "run", "check", *REAL)

    assert (run.code, run.writes) == (1, [])
    assert run.lines[:2] == ["ok sees='2 subscriptions, 2 vaults'", "ok report='can be written'"]
    [missing] = run.warnings
    assert missing.startswith("right missing ")
    assert (
        "az role assignment create --assignee <identity> "
        f'--role "Backup Operator" --scope {others.lower()}' in missing
    )
    assert run.error == "1 of 2 vaults lack the right, 0 scopes were not read; see the WARNING lines above"


# -- time, log and report --------------------------------------------------------------------------


def test_what_is_left_when_the_time_is_over_says_so(estate, tmp_path):
    """A start must be watched for two minutes, so with two in all nothing is started."""
    run = retry(estate, tmp_path, *REAL, "max_minutes=2")

    assert (run.code, run.triggers) == (1, [])
    assert {run.why(name) for name in PASSING} == {("left", "out_of_time")}
    assert run.done["out_of_time"] == len(PASSING)
    assert run.error.startswith("9 of 16 items were left at max_minutes")


def test_a_vault_that_asks_for_more_patience_than_there_is_time_is_named_and_the_rest_goes_on(
    estate, tmp_path
):
    throttled = {
        "match": {"path": "rsv-a/backupJobs$"},
        "when": {"always": True},
        "then": {"status": 429, "headers": {"Retry-After": "600"}},
    }
    run = retry(estate, tmp_path, *REAL, "max_minutes=5", faults=[throttled])

    assert run.code == 1
    assert [one.rpartition("/")[2] for one in run.unread] == ["rsv-a"]
    assert run.why("vm-a0") == ("left", "vault_unread")
    assert run.of("retried") == PASSING[3:]


def test_a_summary_counts_reasons(estate, tmp_path):
    run = retry(estate, tmp_path, "log=summary")

    assert run.lines[:-1] == [
        *(f"left rule={rule} count=1" for rule in sorted(LEFT.values())),
        "would retry rule=passing_cause count=9",
    ]
    assert len(run.decisions) == 16


def test_a_report_in_a_folder_is_named_after_runbook_day_and_run(estate, tmp_path):
    run = retry(estate, tmp_path, f"report={tmp_path}/reports/")
    [report] = (tmp_path / "reports").rglob("*.ndjson")
    runbook, day, name = report.relative_to(tmp_path / "reports").parts

    assert run.code == 0
    assert runbook == "auto_retry"
    assert name.startswith(day.replace("-", ""))
    assert len(report.read_text(encoding="ascii").splitlines()) == 16


def test_a_report_that_cannot_be_written_ends_the_run_before_anything_is_sent(estate, tmp_path):
    (tmp_path / "file").write_text("")
    run = retry(estate, tmp_path / "run", *REAL, f"report={tmp_path}/file/report.ndjson")

    assert (run.code, run.requests) == (1, [])
    assert run.error.startswith(f"report={tmp_path}/file/report.ndjson: cannot be written")


# -- a message -------------------------------------------------------------------------------------

TEAMS = "https://contoso.webhook.office.com/webhookb2/5ecret@tenant/IncomingWebhook/5ecret"
LOGIC_APP = (
    "https://prod-12.westeurope.logic.azure.com/workflows/5ecret/triggers/manual/paths/invoke?sig=5ecret"
)
NO_STARTS = {"match": {"path": "/backup$"}, "when": {"always": True}, "then": {"status": 500}}


def small(tmp_path, *codes, ago="20h"):
    world = World()
    vault = world.rsv("rsv-a", world.subscription("prod"))
    for number, code in enumerate(codes):
        world.failed(vault, f"vm-{number}", code, ago=ago)
    return world.write(tmp_path / "estate")


def told_nowhere(run: Run) -> bool:
    written = [*run.lines, (run.folder / "report.ndjson").read_text(encoding="ascii")]
    return not any("5ecret" in text or "://" in text for text in written)


@pytest.mark.parametrize(
    ("url", "codes", "faults", "told"),
    [
        pytest.param(TEAMS, [400002], [NO_STARTS], "1 of 1 items failed", id="a failure, to Teams"),
        pytest.param(LOGIC_APP, [400002], [NO_STARTS], "1 of 1 items failed", id="a failure, to a Logic App"),
        pytest.param(TEAMS, [400002, HUMAN], [], "left vm-1: " + HUMAN, id="an item that needs a person"),
    ],
)
def test_one_message_is_sent_where_somebody_should_look(tmp_path, url, codes, faults, told):
    (tmp_path / "url").write_text(url + "\n")
    estate = small(tmp_path, *codes)
    run = retry(estate, tmp_path / "run", *REAL, f"notify={tmp_path}/url", faults=faults)

    [message] = run.messages
    assert told in message["body"]["text"]
    assert run.code == (1 if faults else 0)
    assert told_nowhere(run)


def test_an_item_past_its_rpo_is_worth_a_message_even_if_it_is_retried(tmp_path):
    (tmp_path / "url").write_text(TEAMS)
    run = retry(small(tmp_path, 400002, ago="40h"), tmp_path / "run", *REAL, f"notify={tmp_path}/url")

    assert (run.code, len(run.messages)) == (0, 1)
    assert run.messages[0]["body"]["attention"][0].startswith("retried vm-0: ")


def test_no_message_is_sent_where_all_is_well(tmp_path):
    (tmp_path / "url").write_text(TEAMS)
    run = retry(small(tmp_path, 400002), tmp_path / "run", *REAL, f"notify={tmp_path}/url")

    assert (run.code, run.messages) == (0, [])


@pytest.mark.parametrize(
    ("url", "told"),
    [
        pytest.param(
            "https://hooks.contoso.example/5ecret",
            "notify: the webhook did not answer (ProxyError)",
            id="does not answer",
        ),
        pytest.param(
            "http://contoso.webhook.office.com/5ecret",
            "notify: what the location holds is no https URL; store the webhook's URL there",
            id="is no https URL",
        ),
    ],
)
def test_a_message_that_cannot_be_sent_is_a_failure_that_keeps_the_secret(tmp_path, url, told):
    (tmp_path / "url").write_text(url)
    run = retry(small(tmp_path, HUMAN), tmp_path / "run", *REAL, f"notify={tmp_path}/url")

    assert (run.code, run.error, run.messages) == (1, told, [])
    assert told_nowhere(run)


# -- by hand ---------------------------------------------------------------------------------------


def test_typed_by_hand_it_keeps_azures_own_pace(typed_by_hand):
    """Azure asks to be polled after a minute; nothing divides that here."""
    folder, process = typed_by_hand
    out, errors = process.communicate(timeout=170)
    run = Run(folder, process.returncode, out.decode().splitlines(), errors.decode())

    check_streams(run)
    assert run.code == 0
    assert run.done == {"decided": 2, "retried": 1, "left": 1, "failed": 0, "unread": 0}
    assert [one["job"] for one in run.triggers] == [run.decisions[0]["new_job"]]
    assert run.lines[0].startswith("retried item=vm-app vault=rsv-a why='BackUpOperationFailed: ")
    assert run.lines[1].startswith("left item=vm-human vault=rsv-a why='UserErrorVmProvisioningStateFailed: ")
