"""Messages to Teams and Logic Apps are taken, kept, and written beside the estate."""

import json

import pytest

from simulator import running
from simulator.options import Options
from tests.simulator.asking import ask, error, vm, world_of
from tests.simulator.test_cli import python

TEAMS = "contoso.webhook.office.com"
LOGIC_APP = "prod-12.westeurope.logic.azure.com"
SAID = {"text": "2 of 40 items failed", "counts": {"failed": 2}}


@pytest.mark.parametrize(
    ("host", "answer"),
    [
        pytest.param(TEAMS, (200, b"1"), id="teams"),
        pytest.param(LOGIC_APP, (202, None), id="a logic app"),
        pytest.param("prod-12.logic.azure.com", (202, None), id="a logic app whose host names no region"),
    ],
)
def test_a_message_is_taken_without_a_token_and_kept(host, answer):
    world = world_of()

    taken = ask(world, "POST", "/webhookb2/a@b/IncomingWebhook/c", SAID, host=host, authorization="")

    assert (taken.status, taken.body) == answer
    assert [(one["host"], one["body"]) for one in world.messages] == [(host, SAID)]
    assert world.messages[0]["at"].endswith("Z")


@pytest.mark.parametrize("host", [TEAMS, LOGIC_APP])
def test_what_is_not_json_is_refused_and_not_kept(host):
    world = world_of()

    refused = ask(world, "POST", "/workflows/w/triggers/manual/paths/invoke", b"text=hello", host=host)

    assert error(refused)[:2] == (400, "InvalidRequestContent")
    assert world.messages == []


def test_nothing_but_a_post_is_played():
    assert error(ask(world_of(), "GET", "/webhookb2/a", host=TEAMS))[:2] == (501, "NotSimulated")


def test_messages_of_a_command_are_written_with_the_state(tmp_path):
    """Over TLS, as each of the hosts: a wildcard certificate stands for one label, a Logic App has two."""
    estate, after = tmp_path / "estate", tmp_path / "after"
    estate.mkdir()
    (estate / "resources.ndjson").write_text(json.dumps(vm("vm-1")) + "\n")
    code = f"""
        for host in {[TEAMS, LOGIC_APP]!r}:
            connection = proxied(host)
            connection.request("POST", "/workflows/w?sig=s3cret", {json.dumps(SAID)!r})
            assert connection.getresponse().status in (200, 202)
    """

    assert running.execute(Options(estate, state=after), python(code)) == 0

    lines = (after / "messages.ndjson").read_text().splitlines()
    assert [json.loads(line)["host"] for line in lines] == [TEAMS, LOGIC_APP]
    assert all(json.loads(line)["body"] == SAID and "s3cret" not in line for line in lines)
