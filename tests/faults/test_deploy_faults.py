"""`apply` while Azure fails: what is said of it, and that the next run has the rest.

However a request ends, there is no traceback, no secret in what is said, and nothing made twice.
"""

import re

import pytest

from tests.deployer.clones import Clone, estate, names, settled

SECRET = re.compile(r"token=|sig=|s3cr3t|[?&]se=")
MESSAGE = {
    "error": {"code": "InternalServerError", "message": "https://x/webhooks?token=echoed is not valid"}
}
WRITES = {
    "an environment": ("PUT", "/runtimeEnvironments/backup$"),
    "a staged wheel": ("PUT", r"\.whl$"),
    "a package": ("PUT", "/packages/alpha$"),
    "a variable": ("PUT", "/variables/teams$"),
    "a runbook": ("PUT", "/runbooks/auto_retry$"),
    "a draft": ("PUT", "/draft/content$"),
    "a publication": ("POST", "/publish$"),
    "a schedule": ("PUT", "/schedules/hourly$"),
    "a link": ("PUT", "/jobSchedules/"),
    "a URL": ("POST", "/generateUri$"),
    "a webhook": ("PUT", "/webhooks/"),
    "an action group": ("PUT", "/actionGroups/"),
    "an alert rule": ("PUT", "/actionRules/"),
}
ONCE = {
    "throttled": {"status": 429, "headers": {"Retry-After": "0"}, "body": MESSAGE},
    "a server error": {"status": 500, "headers": {"Retry-After": "0"}, "body": MESSAGE},
    "a server error after it was done": {"status": 500, "headers": {"Retry-After": "0"}, "after": True},
    "a page of HTML": {"html": 502},
    "dropped": {"reset": True},
    "dropped after it was done": {"reset": True, "after": True},
    "cut off": {"truncate": 0.5},
}
FOR_GOOD = {
    "forbidden": {
        "status": 403,
        "body": {"error": {"code": "AuthorizationFailed", "message": "no such right"}},
    },
    "refused": {"status": 400, "body": MESSAGE},
    "in conflict": {"status": 409, "body": {"code": "Conflict", "message": "it is there"}},
    "answered with nothing": {"status": 200, "body": {}},
    "answered with no JSON": {"status": 200, "body": "null"},
}


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    return Clone(tmp_path_factory.mktemp("deployed") / "clone")


@pytest.fixture(scope="module")
def empty(clone, tmp_path_factory):
    return estate(tmp_path_factory.mktemp("empty") / "estate")


@pytest.fixture(scope="module")
def whole(clone, empty):
    """What an apply without faults leaves."""
    return settled(clone.run(empty, "apply").state)


def fault(of, when, then):
    method, path = WRITES[of]
    return {"match": {"method": method, "path": path}, "when": when, "then": then}


def check(clone, ran, whole):
    """It is told in lines, and another run has the rest."""
    assert SECRET.search(ran.out + ran.err) is None
    assert "Traceback" not in ran.err
    if ran.code:
        assert ran.code == 1
        assert ran.errors
        assert re.fullmatch(r"done changed=\d+ of=17", ran.lines[-1])
        ran = clone.run(ran.state, "apply")
    assert (ran.code, ran.err) == (0, "")
    assert settled(ran.state) == whole
    assert len(names(ran.state, "webhooks")) == 1


@pytest.mark.parametrize("kind", ONCE)
@pytest.mark.parametrize("of", WRITES)
def test_a_write_that_fails_once(clone, empty, whole, of, kind):
    check(clone, clone.run(empty, "apply", faults=[fault(of, {"nth": [1]}, ONCE[kind])]), whole)


@pytest.mark.parametrize("kind", FOR_GOOD)
@pytest.mark.parametrize("of", WRITES)
def test_a_write_that_is_refused_for_good(clone, empty, whole, of, kind):
    check(clone, clone.run(empty, "apply", faults=[fault(of, {"always": True}, FOR_GOOD[kind])]), whole)
