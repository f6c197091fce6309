"""What Azure may answer instead of what it should, and to which of the queries of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.journeys.runs import GRAPH, Run

Then = Mapping[str, Any]

AT_ONCE = {"Retry-After": "0"}
MESSAGE = {"error": {"code": "InternalServerError", "message": "try again"}}
QUERIES = (
    "subscriptions",
    "vaults",
    "failed jobs",
    "unhealthy databases",
    "jobs",
    "items",
    "policies",
    "sources",
)
"""Resource Graph has one path; its queries come in this order."""
EVERY_OTHER_QUERY = {"nth": list(range(1, 2 * len(QUERIES), 2))}

ONCE: dict[str, Then] = {
    "throttled": {"status": 429, "headers": {"Retry-After": "1"}, "body": MESSAGE},
    "gateway timeout": {"status": 504},
    "server error": {"status": 500, "body": MESSAGE},
    "a page of HTML": {"html": 502},
    "dropped": {"reset": True},
    "cut off": {"truncate": 0.5},
    "no JSON": {"status": 200, "body": "null"},
}
"""After each of these a read is sent again."""
LASTING: dict[str, tuple[Then, str]] = {
    "throttled": ({"status": 429, "headers": AT_ONCE, "body": MESSAGE}, "Azure answered 429"),
    "server error": ({"status": 500, "headers": AT_ONCE, "body": MESSAGE}, "Azure answered 500"),
    "an empty object": ({"status": 200, "body": {}}, ""),
}
"""With what is told of a read that goes on being answered so."""

DONE_ALL_THE_SAME: dict[str, Then] = {
    "the connection drops": {"reset": True, "after": True},
    "a gateway times out": {"status": 504, "after": True},
    "a server error": {"status": 500, "after": True},
    "a page of HTML": {"html": 502, "after": True},
    "an empty object": {"status": 200, "body": {}, "after": True},
    "it is cut off": {"truncate": 0.5},
}
"""Answers to a start that was carried out."""
NO_JOB = "; the vault shows no new job of it"
SAID_NOTHING = "without a code: no message"
BUSY = {"error": {"code": "UserErrorBackupOperationInProgress", "message": "busy"}}
IS_BUSY = "UserErrorBackupOperationInProgress: busy"
NOT_DONE: dict[str, tuple[Then, str]] = {
    "the connection drops": ({"reset": True}, "no answer from Azure"),
    "a gateway times out": ({"status": 504}, f"Azure answered 504 {SAID_NOTHING}{NO_JOB}"),
    "a server error": ({"status": 500}, f"Azure answered 500 {SAID_NOTHING}{NO_JOB}"),
    "an empty object": (
        {"status": 200, "body": {}},
        f"Azure answered 200 without an operation to ask about{NO_JOB}",
    ),
    "busy, a conflict": ({"status": 409, "body": BUSY}, f"409 {IS_BUSY}"),
    "busy, bad request": ({"status": 400, "body": BUSY}, f"400 {IS_BUSY}"),
    "not allowed": ({"status": 403, "body": MESSAGE}, "Azure answered 403"),
    "throttled without saying for how long": ({"status": 429}, "Azure answered 429"),
}
"""Answers to a start that was not, with what is told of it."""


def fault(path: str, when: Mapping[str, Any], **then: Any) -> dict[str, Any]:
    return {"match": {"path": path}, "when": when, "then": then}


def lasting_query(of: str, **then: Any) -> dict[str, Any]:
    """A fault that lasts: a query is sent six times, or thrice where its answer is odd."""
    first = QUERIES.index(of) + 1
    times = 3 if then.get("status") == 200 else 6
    return fault(GRAPH, {"nth": list(range(first, first + times))}, **then)


def queries(run: Run) -> int:
    """How many queries of Resource Graph were sent."""
    return len([one for one in run.requests if one["path"] == GRAPH])


def unread(run: Run) -> list[str]:
    """What was not read, by the last part of its id."""
    return [one.rpartition("/")[2] for one in run.unread]
