import asyncio
import json

import pytest

from simulator.app import Simulator, encoded, read
from simulator.faults import Fault, Faults, Rule
from simulator.wire import Request, Response, Streamed
from simulator.world import Settings, World
from tests.simulator.asking import ISSUER, ROBOT, VM, vm, world_of

ARM = "management.azure.com"
VERSION = b"api-version=2024-07-01"


@pytest.fixture
def simulator():
    killed = []
    made = Simulator(world_of(vm("vm-1")), ISSUER, Faults(), lambda: killed.append("killed"))
    made.killed = killed
    yield made
    made.close()


def scope(path=VM, host=ARM, method="GET", headers=()):
    token = ISSUER.signer.token(ROBOT, "https://management.azure.com/")
    given = {"host": host, "authorization": f"Bearer {token}", **dict(headers)}
    return {
        "method": method,
        "scheme": "https",
        "raw_path": path.encode(),
        "query_string": VERSION,
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
    }


def call(simulator, asked=None):
    """What the application sends for one request, as the server would see it."""
    sent, dropped = [], []

    async def receive():
        return {"type": "http.disconnect"} if dropped else {"type": "http.request", "body": b""}

    async def send(message):
        sent.append(message)

    asked = asked or scope()
    asked["abort"] = lambda: dropped.append("dropped")
    asyncio.run(simulator(asked, receive, send))
    return sent, dropped


def faulted(simulator, *faults):
    simulator._faults = Faults([Rule(fault, {"always": True}) for fault in faults])
    return simulator


def test_an_answer_goes_out_as_compact_json_with_the_headers_azure_sends(simulator):
    asked = scope(headers=[("x-ms-correlation-request-id", "corr-1")])

    start, body = call(simulator, asked)[0]

    headers = {name.decode().lower(): value.decode() for name, value in start["headers"]}
    assert start["status"] == 200
    assert body["body"].startswith(b'{"id":"/subscriptions/aaaa/')
    assert headers["content-type"] == "application/json; charset=utf-8"
    assert headers["content-length"] == str(len(body["body"]))
    assert headers["cache-control"] == "no-cache"
    assert headers["x-ms-correlation-request-id"] == "corr-1"
    assert {"x-ms-request-id", "date", "etag"} <= set(headers)


@pytest.mark.parametrize(
    ("response", "body", "headers"),
    [
        pytest.param(Response(202), b"", {"content-length": "0"}, id="nothing has a length and no type"),
        pytest.param(Response(204), b"", {}, id="no content has neither"),
        pytest.param(
            Response(200, b"x", {"content-TYPE": "text/plain"}),
            b"x",
            {"content-type": "text/plain", "content-length": "1"},
            id="a header of the service wins",
        ),
    ],
)
def test_bodies_and_the_headers_that_describe_them(response, body, headers):
    sent, content = encoded(Request("GET", ARM, "/"), response)

    described = {name.decode().lower(): value.decode() for name, value in sent}
    assert content == body
    assert {name: described[name] for name in described if name.startswith("content-")} == headers


@pytest.mark.parametrize(
    ("raw", "host", "path"),
    [
        pytest.param("/a//b/", "management.azure.com", "/a/b", id="repeated and trailing slashes go"),
        pytest.param("/VM%3Biaas%20x", "management.azure.com", "/VM;iaas x", id="the path is decoded"),
        pytest.param(
            "http://169.254.169.254/metadata", "169.254.169.254", "/metadata", id="a proxy's target"
        ),
    ],
)
def test_what_a_service_gets_to_see(raw, host, path):
    async def receive():
        return parts.pop(0)

    parts = [{"body": b"one ", "more_body": True}, {"body": b"two"}]
    asked = {**scope(raw, headers=[("x-a", "1")]), "query_string": b"Api-Version=1&$filter=a%20eq%20'b'&x="}
    asked["headers"].append((b"X-A", b"2"))

    request = asyncio.run(read(asked, receive))

    assert (request.host, request.path, request.body) == (host, path, b"one two")
    assert request.query == {"api-version": "1", "$filter": "a eq 'b'", "x": ""}
    assert request.headers["x-a"] == "1, 2"


def test_a_host_nobody_plays_is_refused_and_not_counted_as_a_request(simulator):
    start, body = call(simulator, scope(host="example.org"))[0]

    assert start["status"] == 403
    assert json.loads(body["body"])["error"]["message"] == "the simulator does not play example.org"
    assert simulator.stats.report()["refused_hosts"] == {"example.org": 1}
    assert simulator.stats.report()["requests"] == []


def test_every_request_is_counted_in_order(simulator):
    call(simulator)
    call(simulator, scope("/nowhere"))
    faulted(simulator, Fault("status", 429))
    call(simulator, scope(method="PUT"))

    report = simulator.stats.report()

    assert report["requests"] == [
        {"n": 1, "method": "GET", "host": ARM, "path": VM, "status": 200},
        {"n": 2, "method": "GET", "host": ARM, "path": "/nowhere", "status": 501},
        {"n": 3, "method": "PUT", "host": ARM, "path": VM, "status": 429},
    ]
    assert report["operations"] == {
        "Microsoft.Compute/virtualMachines/read": {"200": 1},
        "Microsoft.Compute/virtualMachines/write": {"429": 1},
        "NotSimulated": {"501": 1},
    }
    assert (report["throttles"], report["peak_concurrency"]) == (1, 1)
    assert report["bytes"]["out"] > 0


def test_requests_that_wait_are_concurrent():
    waiting = Simulator(World(Settings(latency_ms=20)), ISSUER, Faults(), lambda: None)

    async def receive():
        return {"type": "http.request", "body": b""}

    async def send(message):
        pass

    async def three():
        await asyncio.gather(*(waiting(scope(), receive, send) for _ in range(3)))

    asyncio.run(three())
    waiting.close()

    assert waiting.stats.report()["peak_concurrency"] == 3


def test_an_answer_of_a_fault_takes_the_place_of_ours(simulator):
    before = call(faulted(simulator, Fault("status", 503, body={"error": {}})), scope(method="DELETE"))[0]
    still_there = call(faulted(simulator))[0]
    after = call(faulted(simulator, Fault("html", 504, after=True)), scope(method="DELETE"))[0]
    gone = call(faulted(simulator))[0]

    assert [one[0]["status"] for one in (before, still_there, after, gone)] == [503, 200, 504, 404]
    assert before[1]["body"] == b'{"error":{}}'
    assert after[1]["body"].startswith(b"<html>")


def test_a_cut_answer_promises_more_than_it_sends(simulator):
    whole = call(simulator)[0][1]["body"]

    start, body = call(faulted(simulator, Fault("truncate", 0.5)))[0]

    assert dict(start["headers"])[b"Content-Length"] == str(len(whole)).encode()
    assert body == {"type": "http.response.body", "body": whole[: len(whole) // 2], "more_body": True}


def test_a_long_answer_is_sent_in_pieces_and_cut_like_any_other(simulator, mocker):
    long = Streamed(8, lambda: iter([b"abc", b"def", b"gh"]))
    mocker.patch("simulator.app.dispatch", return_value=Response(200, long))

    start, *pieces = call(simulator)[0]
    cut = call(faulted(simulator, Fault("truncate", 0.5)))[0][1:]

    assert dict(start["headers"])[b"Content-Length"] == b"8"
    assert [(one["body"], one["more_body"]) for one in pieces] == [
        (b"abc", True),
        (b"def", True),
        (b"gh", True),
        (b"", False),
    ]
    assert [(one["body"], one["more_body"]) for one in cut] == [(b"abc", True), (b"d", True), (b"", True)]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_delay_only_delays(simulator, after):
    assert call(faulted(simulator, Fault("delay_s", 0.001, after=after)))[0][0]["status"] == 200


@pytest.mark.parametrize(
    ("fault", "left"),
    [
        pytest.param(Fault("reset", True), 200, id="dropped, and nothing done"),
        pytest.param(Fault("reset", True, after=True), 404, id="done, then dropped"),
        pytest.param(Fault("kill", "before"), 200, id="killed, and nothing done"),
        pytest.param(Fault("kill", "after", after=True), 404, id="done, then killed"),
    ],
)
def test_a_connection_dropped_without_an_answer(simulator, fault, left):
    sent, dropped = call(faulted(simulator, fault), scope(method="DELETE"))

    assert (sent, dropped) == ([], ["dropped"])
    assert simulator.killed == (["killed"] if fault.kind == "kill" else [])
    assert simulator.stats.report()["requests"][0]["status"] is None
    assert simulator.stats.report()["operations"] == {"Microsoft.Compute/virtualMachines/delete": {"none": 1}}
    assert call(faulted(simulator))[0][0]["status"] == left


def test_a_bug_of_ours_never_passes_for_azure(simulator, mocker, capsys):
    mocker.patch.object(simulator.world, "rest_row", side_effect=KeyError("ours"))

    start, body = call(simulator)[0]

    assert start["status"] == 500
    assert json.loads(body["body"])["error"]["code"] == "SimulatorError"
    assert "KeyError: 'ours'" in capsys.readouterr().err
    assert simulator.broken == 1


@pytest.mark.parametrize(
    ("path", "secret", "status", "message"),
    [
        pytest.param("/simulator/advance", "guess", 401, "does not hold the secret", id="a guess"),
        pytest.param(
            "/simulator/rewind", "s3cret", 404, "no such route: POST /simulator/rewind", id="unknown"
        ),
        pytest.param("/simulator/advance", "s3cret", 400, "such as 90m, got 'soon'", id="no duration"),
    ],
)
def test_control_is_for_who_has_the_secret(simulator, path, secret, status, message):
    asked = scope(path, "127.0.0.1:5000", "POST", [("x-identity-header", secret)])
    asked["query_string"] = b"by=soon"

    start, body = call(simulator, asked)[0]

    assert start["status"] == status
    assert message in json.loads(body["body"])["error"]
    assert simulator.stats.report()["requests"] == []


def test_control_lets_time_pass(simulator, mocker):
    advance = mocker.patch.object(simulator.world, "advance")
    asked = scope("/simulator/advance", "127.0.0.1:5000", "POST", [("x-identity-header", "s3cret")])
    asked["query_string"] = b"by=90m"

    assert json.loads(call(simulator, asked)[0][1]["body"]) == {"advanced_s": 5400.0}
    advance.assert_called_once_with(5400.0)
