import json

import pytest

from simulator.faults import Fault, Faults, kill_at, load
from simulator.wire import Request


def rules(tmp_path, *given):
    path = tmp_path / "faults.json"
    path.write_text(json.dumps(given))
    return load(path)


def rule(when, match=None, then=None):
    return {"match": match or {}, "when": when, "then": then or {"status": 429}}


def get(path="/x", method="GET", host="management.azure.com"):
    return Request(method, host, path)


@pytest.mark.parametrize(
    ("when", "hit"),
    [
        pytest.param({"nth": [2, 5]}, [2, 5], id="the second and the fifth"),
        pytest.param({"every": 3}, [3, 6], id="every third"),
        pytest.param({"first": 2}, [1, 2], id="the first two"),
        pytest.param({"always": True}, [1, 2, 3, 4, 5, 6], id="all of them"),
    ],
)
def test_when_a_rule_is_due(tmp_path, when, hit):
    faults = Faults(rules(tmp_path, rule(when)))

    assert [number for number in range(1, 7) if faults.due(get())] == hit


@pytest.mark.parametrize(
    ("match", "request_", "hit"),
    [
        pytest.param({}, get(), True, id="an empty match takes everything"),
        pytest.param({"method": "post"}, get(method="POST"), True, id="methods in any casing"),
        pytest.param({"method": "POST"}, get(), False, id="another method"),
        pytest.param({"path": "/vaults/[^/]+$"}, get("/a/Vaults/v1"), True, id="a path is searched"),
        pytest.param({"path": "^/vaults"}, get("/a/vaults"), False, id="unless it is anchored"),
        pytest.param({"path": "vm;iaas"}, get("/VM;iaas"), True, id="in the decoded path"),
        pytest.param({"host": "blob"}, get(host="a.blob.core.windows.net"), True, id="a host"),
        pytest.param({"host": "blob", "path": "x"}, get(), False, id="all of them must match"),
    ],
)
def test_what_a_rule_matches(tmp_path, match, request_, hit):
    faults = Faults(rules(tmp_path, rule({"always": True}, match)))

    assert (faults.due(request_) is not None) is hit


def test_all_matching_rules_count_and_the_first_that_is_due_acts(tmp_path):
    faults = Faults(
        rules(
            tmp_path,
            rule({"nth": [2]}, then={"status": 500}),
            rule({"nth": [1, 2, 3]}, then={"status": 503}),
            rule({"nth": [3]}, {"method": "PUT"}, then={"status": 409}),
        )
    )

    acted = [faults.due(get()) for _ in range(4)]

    assert [one.value if one else None for one in acted] == [503, 500, 503, None]


@pytest.mark.parametrize(
    ("then", "fault", "carries_out"),
    [
        pytest.param({"status": 429}, Fault("status", 429), False, id="an answer instead"),
        pytest.param({"status": 504, "after": True}, Fault("status", 504, after=True), True, id="and done"),
        pytest.param({"reset": True}, Fault("reset", True), False, id="a dropped connection"),
        pytest.param({"delay_s": 3}, Fault("delay_s", 3), True, id="a late answer is the answer"),
        pytest.param({"truncate": 0.5}, Fault("truncate", 0.5), True, id="a cut answer as well"),
        pytest.param({"html": 502}, Fault("html", 502), False, id="a gateway's page"),
        pytest.param({"kill": "before"}, Fault("kill", "before"), False, id="killed before"),
        pytest.param({"kill": "after"}, Fault("kill", "after", after=True), True, id="killed after"),
    ],
)
def test_what_a_rule_does(tmp_path, then, fault, carries_out):
    acting = Faults(rules(tmp_path, rule({"always": True}, then=then))).due(get())

    assert acting == fault
    assert acting.carries_out is carries_out


def test_after_may_stand_beside_then(tmp_path):
    faults = Faults(rules(tmp_path, {**rule({"always": True}), "after": True}))

    assert faults.due(get()).carries_out


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        pytest.param({"error": {}}, {"error": {}}, id="an object"),
        pytest.param("plain", b"plain", id="a text as it is"),
        pytest.param(None, None, id="nothing"),
    ],
)
def test_the_answer_of_a_status(body, sent):
    answer = Fault("status", 429, headers={"Retry-After": "3"}, body=body).response()

    assert (answer.status, answer.body, answer.headers) == (429, sent, {"Retry-After": "3"})


def test_the_page_of_a_gateway_is_html():
    answer = Fault("html", 502).response()

    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.body.startswith(b"<html>")


def test_kill_at_is_shorthand_for_a_rule():
    before, after = Faults([kill_at("2")]), Faults([kill_at("1:after")])

    assert [before.due(get()) for _ in range(3)] == [None, Fault("kill", "before"), None]
    assert after.due(get()) == Fault("kill", "after", after=True)


@pytest.mark.parametrize("given", ["0", "x", "3:later", ""])
def test_kill_at_is_a_count(given):
    with pytest.raises(ValueError, match=f"kill-at is N or N:after with N from 1, got '{given}'"):
        kill_at(given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param(4, "rule 1: expected an object, got 4", id="no rule"),
        pytest.param(
            {"when": {"nth": 3}, "then": {"reset": True}},
            "rule 1: when.nth is a list of numbers from 1, got 3",
            id="nth without a list",
        ),
        pytest.param(
            {"when": {"every": 0}, "then": {"reset": True}},
            "rule 1: when.every is a number from 1, got 0",
            id="every none",
        ),
        pytest.param(
            {"when": {"sometimes": 1}, "then": {"reset": True}},
            "rule 1: when has one of nth, every, first, always, got 'sometimes'",
            id="an unknown when",
        ),
        pytest.param(
            {"then": {"reset": True}},
            "rule 1: when has one of nth, every, first, always, got None",
            id="no when",
        ),
        pytest.param(
            {"when": {"always": True}, "then": {"status": 200, "reset": True}},
            "rule 1: then has one of status, reset, delay_s, truncate, html, kill, got "
            "{'status': 200, 'reset': True}",
            id="two at once",
        ),
        pytest.param(
            {"when": {"always": True}, "then": {"html": 502, "body": "x"}},
            "rule 1: no such key in then beside html: 'body'",
            id="a body for a page",
        ),
        pytest.param(
            {"when": {"always": True}, "then": {"truncate": 1}},
            "rule 1: then.truncate is a share from 0 to less than 1, got 1",
            id="nothing cut",
        ),
        pytest.param(
            {"match": {"path": "("}, "when": {"always": True}, "then": {"kill": "before"}},
            "rule 1: match.path is no regular expression: '('",
            id="no expression",
        ),
        pytest.param(
            {"match": {"verb": "GET"}, "when": {"always": True}, "then": {"kill": "now"}},
            "rule 1: no such key in match: 'verb'; rule 1: then.kill is 'before' or 'after', got 'now'",
            id="every fault of a rule is listed",
        ),
    ],
)
def test_what_is_wrong_with_a_rule(tmp_path, given, message):
    with pytest.raises(ValueError) as wrong:  # noqa: PT011 - the message is compared below
        rules(tmp_path, given)

    assert message in str(wrong.value)


def test_a_file_is_checked_as_a_whole(tmp_path):
    with pytest.raises(
        ValueError, match="rule 1: expected an object, got 1; rule 2: expected an object, got 2"
    ):
        rules(tmp_path, 1, 2)


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "not JSON: "), ("{}", "expected a list of rules, got {}")],
    ids=["broken", "no list"],
)
def test_a_file_that_holds_no_rules(tmp_path, text, message):
    path = tmp_path / "faults.json"
    path.write_text(text)

    with pytest.raises(ValueError, match=message):
        load(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ValueError, match=r"faults '.*none.json': No such file or directory"):
        load(tmp_path / "none.json")
