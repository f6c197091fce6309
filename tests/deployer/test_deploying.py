"""From an empty Automation account to a working one and back, by the real command."""

import json
import re
import shutil
import subprocess
import sys

import pytest

from tests.deployer.clones import (
    OTHER,
    ROOT,
    SUBSCRIPTION,
    Clone,
    estate,
    links,
    names,
    rewritten,
    rows,
)

EMPTY = "nothing to do: the account is as schedules.json says"
LINKS = {
    ("hourly", "auto_retry"): ["dry_run=true", "window=24h"],
    ("nightly", "auto_retry"): ["window=48h"],
    ("nightly", "second"): [],
}
SECRET = re.compile(r"token=|sig=|s3cr3t|[?&]se=")


@pytest.fixture
def clone(tmp_path):
    return Clone(tmp_path / "clone")


@pytest.fixture(scope="module")
def applied(tmp_path_factory):
    """A first deployment into an empty account, and the plan before and after it."""
    folder = tmp_path_factory.mktemp("applied")
    clone = Clone(folder / "clone")
    first = clone.run(estate(folder / "estate"), "plan", "--json", "--detailed-exitcode")
    done = clone.run(folder / "estate", "apply", "--plan", json.loads(first.out)["id"])
    second = clone.run(done.state, "plan", "--detailed-exitcode")
    return first, done, second


@pytest.fixture
def state(applied, tmp_path):
    """The account after that deployment."""
    return shutil.copytree(applied[1].state, tmp_path / "deployed")


def parameters(state):
    return {pair: given for pair, (_, given) in links(state).items()}


# -- plan and apply --------------------------------------------------------------------------------


def test_what_was_planned_is_done_and_then_there_is_nothing_to_do(applied):
    first, done, second = applied

    assert (first.code, done.code, second.code) == (2, 0, 0), done.err
    planned = [" ".join(change.values()) for change in json.loads(first.out)["changes"]]
    assert done.done == planned
    assert done.lines[-1] == f"done changed={len(planned)}"
    assert second.lines == [EMPTY]
    assert first.writes == second.writes == []


def test_everything_is_there(state):
    assert names(state, "runbooks") == ["auto_retry", "second"]
    assert [row["properties"]["state"] for row in rows(state, "runbooks")] == ["Published"] * 2
    assert names(state, "schedules") == ["hourly", "nightly"]
    assert parameters(state) == LINKS
    assert [row["properties"]["provisioningState"] for row in rows(state, "packages")] == ["Succeeded"] * 3
    assert names(state, "variables") == ["reports", "teams"]
    [webhook], [group] = rows(state, "webhooks"), rows(state, "actiongroups")
    [receiver] = group["properties"]["automationRunbookReceivers"]
    assert receiver["webhookResourceId"] == webhook["id"]
    assert [rule["properties"]["scopes"] for rule in rows(state, "actionrules")] == [
        [f"/subscriptions/{SUBSCRIPTION}"],
        [f"/subscriptions/{OTHER}"],
    ]


def test_a_line_of_policy_changes_one_runbook_and_its_links_survive(clone, state):
    """Updating a runbook gives its links new ids; those of the other keep theirs."""
    clone.edit()
    plan = clone.run(state, "plan")
    done = clone.run(state, "apply")
    before, after = links(state), links(done.state)

    assert plan.lines[:-1] == ["publish runbook auto_retry changed: auto_retry.py"]
    assert done.done == plan.lines[:-1]
    assert parameters(done.state) == LINKS
    assert after["nightly", "second"] == before["nightly", "second"]
    assert clone.run(done.state, "plan").lines == [EMPTY]


@pytest.mark.parametrize("fate", ["lost", "without parameters"])
def test_links_that_an_update_costs_are_there_again_when_it_ends(clone, state, fate):
    rewritten(state, lambda row: row, automation={"links_on_update": fate})
    clone.edit()
    done = clone.run(state, "apply")

    assert (done.code, done.done[0]) == (0, "publish runbook auto_retry changed: auto_retry.py")
    assert len(done.done) > 1
    assert parameters(done.state) == LINKS


def test_links_are_back_before_the_next_runbook_is_published(clone, state):
    """The next may fail; until somebody applies again, the first one goes on running."""
    rewritten(state, lambda row: row, automation={"links_on_update": "lost"})
    clone.edit()
    clone.edit("second")
    path = {"method": "POST", "path": "/runbooks/second/publish$"}
    fault = {"match": path, "when": {"always": True}, "then": {"status": 400, "body": REFUSED}}
    failed = clone.run(state, "apply", faults=[fault])

    assert failed.code == 1
    assert {pair: given for pair, given in parameters(failed.state).items() if pair[1] == "auto_retry"} == {
        pair: given for pair, given in LINKS.items() if pair[1] == "auto_retry"
    }


def test_what_changes_in_the_file_changes_in_the_account_and_nothing_else(clone, state):
    def change(said):
        said["schedules"]["hourly"]["at"] = "00:45"
        said["schedules"]["nightly"]["enabled"] = False
        said["schedules"]["nightly"]["runs"][0]["parameters"]["window"] = "72h"
        said["webhooks"]["failed"]["parameters"]["window"] = "6h"
        said["variables"]["reports"]["value"] = "elsewhere/"
        said["variables"]["teams"]["value"] += "2"
        said["runbooks"]["second"] = {"verbose": True}

    clone.manifest(change)
    done = clone.run(state, "apply")

    assert (done.code, done.done) == (
        0,
        [
            "update variable reports another value",
            "update variable teams another value",
            "update schedule hourly at :20 instead of :45",
            "update schedule nightly is enabled",
            "update runbook second another description, log settings",
            "delete link nightly -> auto_retry not wanted: window=48h",
            "create link nightly -> auto_retry other parameters: window=72h",
            "update webhook failed other parameters",
        ],
    ), done.err
    assert clone.run(done.state, "plan").lines == [EMPTY]
    assert names(done.state, "webhooks") == names(state, "webhooks")


def test_another_version_of_a_package_is_imported_and_one_that_nothing_needs_goes_when_pruned(clone, state):
    clone.wheel("beta", "2.2")
    clone.lock("gamma")
    done = clone.run(state, "apply")
    pruned = clone.run(done.state, "apply", "--prune")

    assert done.done == ["import package beta 2.2 instead of 2.1"]
    assert pruned.done == ["delete package gamma not in the lock"]
    assert names(pruned.state, "packages") == ["alpha", "beta"]
    assert clone.run(pruned.state, "plan").lines == [EMPTY]


def test_a_plan_that_does_not_hold_any_more_is_not_carried_out(clone, state):
    clone.edit()
    planned = json.loads(clone.run(state, "plan", "--json").out)["id"]
    clone.edit("second")
    refused = clone.run(state, "apply", "--plan", planned)

    assert (refused.code, refused.writes) == (1, [])
    assert re.fullmatch(
        rf"the plan is [0-9a-f]{{8}} now, not {planned}: the files or the account have changed since; "
        r"plan again",
        refused.errors[0],
    )


# -- webhooks and alerts ---------------------------------------------------------------------------


def test_rotating_changes_nothing_else(clone, state):
    clone.edit()
    done = clone.run(state, "rotate", "failed")

    assert (done.code, len(done.done)) == (0, 3)
    assert clone.run(done.state, "plan").lines[0] == "publish runbook auto_retry changed: auto_retry.py"


def test_a_webhook_that_is_not_in_the_file_cannot_be_rotated(clone, state):
    refused = clone.run(state, "rotate", "faild")

    assert (refused.code, refused.requests) == (1, [])
    assert refused.errors == ["no webhook 'faild' in schedules.json; it has failed"]


def test_rotating_hands_a_new_url_to_the_action_group_before_the_old_one_goes(clone, state):
    done = clone.run(state, "rotate", "failed")
    [webhook], [group] = rows(done.state, "webhooks"), rows(done.state, "actiongroups")

    assert (done.code, [line.split()[:2] for line in done.done]) == (
        0,
        [["create", "webhook"], ["update", "action"], ["delete", "webhook"]],
    )
    assert webhook["name"] not in names(state, "webhooks")
    assert group["properties"]["automationRunbookReceivers"][0]["webhookResourceId"] == webhook["id"]
    assert clone.run(done.state, "plan").lines == [EMPTY]


def test_an_alert_that_is_to_call_another_webhook_does_not_call_the_first_any_more(clone, state):
    def other(said):
        said["webhooks"]["second"] = {"runbook": "second"}
        said["alerts"]["ag-failed"]["webhook"] = "second"

    clone.manifest(other)
    done = clone.run(state, "apply")
    [group] = rows(done.state, "actiongroups")

    assert (done.code, done.err) == (0, "")
    assert [one["runbookName"] for one in group["properties"]["automationRunbookReceivers"]] == ["second"]
    assert clone.run(done.state, "plan").lines == [EMPTY]


def test_a_url_that_nobody_would_be_given_is_not_made(clone, state):
    clone.manifest(lambda said: said["webhooks"].update(by_hand={"runbook": "second"}) or rename(said))
    refused = clone.run(state, "apply")
    shown = clone.run(state, "apply", "--show-url")
    urls = [line for line in shown.out.splitlines() if "token=" in line]

    assert (refused.code, refused.writes) == (1, [])
    [told] = refused.errors
    assert told.startswith("webhook by-hand: no entry of alerts calls it, so its URL would be lost: say ")
    assert (shown.code, len(urls)) == (0, 1)
    assert urls[0].startswith("url of webhook by-hand, a secret that is not shown again: https://")
    assert clone.run(shown.state, "plan").lines == [EMPTY]


def rename(said):
    said["webhooks"]["by-hand"] = said["webhooks"].pop("by_hand")


def test_a_receiver_that_somebody_added_survives_a_new_url(clone, state):
    mail = {"name": "night shift", "emailAddress": "night@contoso.com", "useCommonAlertSchema": True}

    def with_mail(row):
        if row["type"].lower().endswith("/actiongroups"):
            row["properties"]["emailReceivers"] = [mail]
        return row

    rewritten(state, with_mail)
    done = clone.run(state, "rotate", "failed")
    [group] = rows(done.state, "actiongroups")

    assert [one["name"] for one in group["properties"]["emailReceivers"]] == ["night shift"]


# -- packages --------------------------------------------------------------------------------------


def test_a_wheel_that_the_lock_lacks_is_named_before_anything_is_sent(clone, tmp_path):
    clone.lock("beta")
    refused = clone.run(estate(tmp_path / "estate"), "apply")

    assert (refused.code, refused.writes) == (1, [])
    [told] = refused.errors
    assert told.startswith("alpha 1.0.0 needs beta>=2, which modules/sandbox.lock does not have: add ")


def test_a_wheel_that_is_not_the_one_in_the_lock_is_named_before_anything_is_sent(clone, tmp_path):
    shutil.rmtree(clone.folder / "build")
    clone.wheel("beta", "2.1", content="evil = True\n")
    refused = clone.run(estate(tmp_path / "estate"), "apply")

    assert (refused.code, refused.writes) == (1, [])
    assert ": beta 2.1: the index offers other files than the lock was made from (" in refused.errors[0]
    assert refused.errors[0].endswith("): do not deploy; find out why, then run `make lock`")


def test_a_package_that_fails_is_explained_and_no_runbook_relies_on_it(clone, tmp_path):
    failing = {"failing_packages": {"beta": "the wheel could not be read."}}
    failed = clone.run(estate(tmp_path / "estate", automation=failing), "apply")
    rewritten(failed.state, lambda row: row, automation={})
    again = clone.run(failed.state, "apply")

    assert failed.code == 1
    assert failed.errors[0].startswith(
        "package beta 2.1 did not import: the wheel could not be read; the service "
    )
    assert failed.lines[-1] == "done changed=3 of=17"
    assert (names(failed.state, "runbooks"), links(failed.state)) == ([], {})
    assert (again.code, again.done[0]) == (0, "import package beta 2.1, its import ended failed")
    assert clone.run(again.state, "plan").lines == [EMPTY]


# -- what others made ------------------------------------------------------------------------------


def with_others(state):
    """Somebody else's runbook, schedule, webhook, variable and link in the account."""
    lines = []
    for kind, name in (("runbooks", "auto_retry"), ("schedules", "hourly"), ("variables", "reports")):
        [row] = [one for one in rows(state, kind) if one["name"] == name]
        lines.append(foreign(row, name, "theirs"))
    [webhook] = rows(state, "webhooks")
    lines.append(foreign(webhook, webhook["name"], "theirs", runbook={"name": "theirs"}))
    link = next(one for one in rows(state, "jobschedules"))
    pair = {"schedule": {"name": "theirs"}, "runbook": {"name": "theirs"}}
    lines.append(foreign(link, link["name"], "11111111-2222-4333-8444-555555555555", **pair))
    tables = {"automation": lines[1:], "resources": lines[:1]}
    for table, more in tables.items():
        path = state / f"{table}.ndjson"
        path.write_text(path.read_text() + "".join(json.dumps(line) + "\n" for line in more))
    return {kind: [one for one in rows(state, kind) if "theirs" in json.dumps(one)] for kind in KINDS}


KINDS = ("runbooks", "schedules", "variables", "webhooks", "jobschedules")


def foreign(row, name, new, **properties):
    kept = {key: value for key, value in row["properties"].items() if key != "description"}
    if "jobScheduleId" in kept:
        kept["jobScheduleId"] = new
    if "runtimeEnvironment" in kept:
        kept["runtimeEnvironment"] = "Python-3.10"
    untagged = {key: value for key, value in row.items() if key != "tags"}
    changed = {"id": row["id"].replace(f"/{name}", f"/{new}"), "name": new}
    return {**untagged, **changed, "properties": {**kept, **properties}}


def test_what_others_made_survives_prune_and_destroy(clone, state):
    theirs = with_others(state)
    clone.manifest(lambda said: said["schedules"].pop("nightly"))
    pruned = clone.run(state, "apply", "--prune")
    destroyed = clone.run(pruned.state, "destroy", "--force")

    assert [len(found) for found in theirs.values()] == [1, 1, 1, 1, 1]
    assert (pruned.code, pruned.done) == (
        0,
        ["delete schedule nightly made by this tool, not in schedules.json"],
    ), pruned.err
    assert destroyed.code == 0, destroyed.err
    for kind, found in theirs.items():
        assert rows(destroyed.state, kind) == found
    assert (rows(destroyed.state, "actiongroups"), rows(destroyed.state, "actionrules")) == ([], [])
    assert rows(destroyed.state, "runtimeenvironments") == []


def test_removing_more_than_three_in_ten_needs_force(clone, state):
    def less(said):
        del said["alerts"], said["webhooks"], said["schedules"]["nightly"]

    clone.manifest(less)
    refused = clone.run(state, "apply", "--prune")
    destroy = clone.run(state, "destroy")
    forced = clone.run(state, "apply", "--prune", "--force")

    assert (refused.code, refused.writes, destroy.code, destroy.writes) == (1, [], 1, [])
    [told] = refused.errors
    assert told.startswith("5 of 11 objects of ours would be removed, 45% is over 30%: look at the plan")
    assert destroy.errors[0].startswith("11 of 11 objects of ours would be removed, 100% is over 30%")
    assert forced.code == 0, forced.err
    assert clone.run(forced.state, "plan").lines == [EMPTY]


# -- status ----------------------------------------------------------------------------------------


def test_status_tells_drift_packages_webhooks_and_lost_links(clone, state):
    well = clone.run(state, "status", "--json")
    lost, [webhook] = links(state)["nightly", "second"][0], names(state, "webhooks")
    rewritten(state, lambda row: None if row["name"] in (lost, webhook) else row)
    ill = clone.run(state, "status")
    found = json.loads(well.out)

    assert (well.code, found["drift"], found["links_lost"], found["left"]) == (0, [], [], [])
    assert found["packages"] == {"wanted": 3, "succeeded": 3}
    assert [(one["entry"], one["enabled"], one["days"]) for one in found["webhooks"]] == [
        ("failed", True, 364)
    ]
    assert ill.code == 1
    assert "lost link nightly -> second" in ill.lines
    assert "drift create webhook failed not in the account" in ill.lines
    assert ill.lines[-1] == "done drift=3 links_lost=1 left=0"


# -- what cannot be done ---------------------------------------------------------------------------


def test_every_fault_of_the_file_is_told_and_nothing_is_sent(clone, tmp_path):
    def wrong(said):
        said["schedules"]["hourly"]["every"] = "minute"
        said["webhooks"]["failed"]["runbook"] = "auto_retri"

    clone.manifest(wrong)
    refused = clone.run(estate(tmp_path / "estate"), "apply")

    assert (refused.code, refused.requests) == (1, [])
    assert len(refused.errors) == 3
    assert "schedules.hourly.every" in refused.errors[0]
    assert "webhooks.failed.runbook" in refused.errors[1]
    assert refused.errors[2] == "2 faults, nothing was changed"


def test_an_account_that_is_not_there_is_told_with_the_command_that_makes_one(clone, tmp_path):
    refused = clone.run(estate(tmp_path / "estate"), "plan", "--account", "aa-other")

    assert refused.code == 1
    [told] = refused.errors
    assert told.startswith("there is no Automation account 'aa-other' in resource group 'rg-backup' of ")
    assert told.endswith("create --name aa-other --resource-group rg-backup --location <region>")


@pytest.mark.parametrize(
    ("location", "words", "told"),
    [
        pytest.param(
            "westeurope", ["--cloud", "AzureUSGovernment"], "cloud AzureUSGovernment: Azure ", id="a cloud"
        ),
        pytest.param(
            "brazilsoutheast", [], "account aa-backup is in brazilsoutheast, where Azure ", id="a region"
        ),
    ],
)
def test_where_there_are_no_runtime_environments_it_is_refused_with_the_reason(
    clone, tmp_path, location, words, told
):
    refused = clone.run(estate(tmp_path / "estate", location=location), "apply", *words)

    assert (refused.code, refused.writes) == (1, [])
    assert refused.errors[0].startswith(f"{told}Automation has no custom runtime environments")


def test_without_the_right_it_is_told_which_role_is_needed(clone, tmp_path):
    reader = [{"role": "Reader", "scope": f"/subscriptions/{SUBSCRIPTION}"}]
    refused = clone.run(estate(tmp_path / "estate", role_assignments=reader), "apply")

    assert refused.code == 1
    assert "Azure answered 403 AuthorizationFailed" in refused.errors[-1]
    assert "Automation Contributor" in refused.errors[-1]


REFUSED = {"error": {"code": "BadRequest", "message": "Argument startTime is not valid."}}


@pytest.mark.parametrize(
    ("of", "then", "told"),
    [
        pytest.param(
            "PUT /schedules/hourly$",
            {"status": 409, "body": REFUSED},
            "write schedule hourly: Azure answered 409 BadRequest: Argument startTime is not valid",
            id="a conflict, which the SDK takes for a schedule",
        ),
        pytest.param(
            "PUT /runbooks/auto_retry$",
            {"status": 400, "body": REFUSED["error"]},
            "write runbook auto_retry: Azure answered 400 BadRequest: Argument startTime is not valid",
            id="a refusal in the flat form",
        ),
        pytest.param(
            "PUT /variables/reports$",
            {"status": 200, "body": "null"},
            "write variable reports: Azure answered with what is no JSON; plan again",
            id="no JSON",
        ),
        pytest.param(
            "POST /publish$",
            {"status": 200, "body": {}},
            "publish runbook auto_retry: Azure answered 200, which says nothing of it; plan again",
            id="a status that the operation does not have",
        ),
        pytest.param(
            "POST /generateUri$",
            {"status": 200, "body": {}},
            "generate a webhook URL: Azure answered with what is no URL; plan again",
            id="no URL",
        ),
        pytest.param(
            "PUT /actionGroups/",
            {
                "status": 400,
                "body": {"error": {"code": "X", "message": "serviceUri https://a/b?token=c bad"}},
            },
            "write action group ag-failed: Azure answered 400 X: serviceUri https://a/b?... bad",
            id="a refusal that repeats a secret",
        ),
    ],
)
def test_what_azure_says_is_told_in_one_line(clone, tmp_path, of, then, told):
    method, path = of.split()
    fault = {"match": {"method": method, "path": path}, "when": {"always": True}, "then": then}
    ran = clone.run(estate(tmp_path / "estate"), "apply", faults=[fault])

    assert (ran.code, ran.errors) == (1, [told])


def test_build_writes_what_would_be_uploaded(clone, tmp_path, state):
    done = clone.run(state, "build", "--out", str(tmp_path / "built"))
    built = (tmp_path / "built" / "auto_retry.py").read_text()

    assert (done.code, done.requests) == (0, [])
    assert built.startswith('"""Retry failed backups whose cause is known to pass')
    assert "_bring_the_kit()" in built


# -- secrets ---------------------------------------------------------------------------------------


def test_no_secret_is_in_any_output_or_state(clone, applied, state):
    """URLs of webhooks, signatures of staged packages, tokens, values of encrypted variables."""
    first, done, second = applied
    clone.edit()
    broken = {
        "match": {"method": "PUT", "path": "/webhooks/"},
        "when": {"always": True},
        "then": {"status": 400},
    }
    ran = [
        *(first, done, second),
        clone.run(state, "rotate", "failed"),
        clone.run(state, "rotate", "failed", faults=[{**broken, "then": {"status": 400, "body": echoed()}}]),
        clone.run(state, "status", "--json"),
        clone.run(state, "destroy", "--force"),
    ]
    texts = {
        f"{number} {stream}": getattr(one, stream)
        for number, one in enumerate(ran)
        for stream in ("out", "err")
    }
    for one in ran:
        for path in one.state.parent.rglob("*"):
            if path.is_file() and path.name != "faults.json":
                texts[str(path)] = path.read_text(errors="replace")

    assert ran[4].code == 1
    assert [name for name, text in texts.items() if SECRET.search(text)] == []


def echoed():
    """A refusal that repeats what was sent, as services do."""
    told = "The uri https://x.webhook.we.azure-automation.net/webhooks?token=abc%3d is not valid."
    return {"error": {"code": "BadRequest", "message": told}}


def test_a_python_without_the_packages_is_told_what_to_do(tmp_path):
    bare = subprocess.run(
        [sys.executable, "-I", "-S", str(ROOT / "deploy_runbooks.py"), "plan"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert bare.returncode == 1
    assert "run `make venv` once, then .venv/bin/python deploy_runbooks.py" in bare.stderr
