"""What is written of an item before and after its backup is asked for, and what a later run makes of it."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from backupkit.blobs import BlobError, ConflictError
from backupkit.evidence import Case
from backupkit.intents import Intent, name_of, settled
from backupkit.ledger import Ledger, LedgerError
from backupkit.starts import Start

from tests.decisions.cases import (
    NOBODY_KNOWS,
    attempt,
    before,
    completed,
    failed,
    history,
    intent,
    item,
    job,
    of_database,
)

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
URL = "https://stledger.blob.core.windows.net/ledger"
BLOB = f"attempts/{name_of(item().key)}"
UNREACHABLE = BlobError("list the ledger", 0, "ServiceRequestError")


class Blobs:
    """A container with ETags; `loses` is an error instead of an answer, once it was carried out or not."""

    def __init__(self, **blobs):
        self.url = URL
        self.there = True
        self.held = {name: (content, f"e{n}") for n, (name, content) in enumerate(blobs.items())}
        self.calls = []
        self.fails = {}
        self.answers_lost = 0
        self._etags = 100

    def _called(self, verb, name=""):
        self.calls.append((verb, name))
        if verb in self.fails:
            raise self.fails[verb]

    def names(self, below):
        self._called("names", below)
        return {name for name in self.held if name.startswith(below)} if self.there else None

    def make_container(self):
        self._called("make_container")
        self.there = True

    def read(self, name):
        self._called("read", name)
        return self.held.get(name)

    def write(self, name, content, etag=""):
        self._called("write", name)
        assert self.there
        if self.held.get(name, (b"", ""))[1] != etag:
            raise ConflictError(f"write {name}", 412, "ConditionNotMet")
        self._etags += 1
        self.held[name] = content, f"e{self._etags}"
        if self.answers_lost:
            self.answers_lost -= 1
            return self.write(name, content, etag)
        return self.held[name][1]

    @property
    def entries(self):
        return json.loads(self.held[BLOB][0])


def case(*jobs):
    return case_of(history(*(jobs or [failed()])))


def case_of(whole):
    failure = next(one for one in whole.jobs if one.failed)
    return Case(whole, failure, failure.failure, ())


def recalled(blobs, *jobs, run="run-2"):
    """The ledger of a run that has looked the item up, and what it was told of it."""
    ledger = Ledger(blobs, run)
    [found] = ledger.recall([case(*jobs)], NOW)
    return ledger, found


def holding(*intents):
    return Blobs(**{BLOB: json.dumps([one.entry for one in intents]).encode()})


# -- Settling: which job an intent became ----------------------------------------------------------


@pytest.mark.parametrize(
    ("intents", "jobs", "expected"),
    [
        pytest.param([intent("1h")], [attempt("30m")], ["failed-30m-15m"], id="a backup after it"),
        pytest.param(
            [intent("1h")], [attempt("49m")], ["failed-49m-15m"], id="by a clock five minutes behind"
        ),
        pytest.param([intent("1h")], [attempt("51m")], [""], id="not one that began well before it"),
        pytest.param([intent("1h")], [failed("30m")], [""], id="not a scheduled one"),
        pytest.param(
            [intent("1h")], [failed("30m", user=NOBODY_KNOWS)], ["failed-30m-15m"], id="one of unknown origin"
        ),
        pytest.param([intent("1h")], [attempt("30m", operation="Restore")], [""], id="not a restore"),
        pytest.param(
            [intent("1h")], [completed("30m", user=True)], ["completed-30m-15m"], id="one that completed"
        ),
        pytest.param(
            [intent("5h"), intent("1h")],
            [attempt("30m"), attempt("4h")],
            ["failed-4h-15m", "failed-30m-15m"],
            id="each its own, the older the older",
        ),
        pytest.param(
            [intent("5h", job="failed-4h-15m"), intent("4h")],
            [attempt("4h")],
            ["failed-4h-15m", ""],
            id="not one that another has",
        ),
        pytest.param(
            [intent("1h", outcome="refused")], [attempt("30m")], [""], id="none where it was refused"
        ),
        pytest.param(
            [intent("1h", outcome="started")],
            [attempt("30m")],
            ["failed-30m-15m"],
            id="one started, its job unnamed",
        ),
    ],
)
def test_an_open_intent_takes_the_first_backup_that_nothing_else_explains(intents, jobs, expected):
    assert [one.job for one in settled(intents, jobs)] == expected


# -- Intent and outcome --------------------------------------------------------------------------


def test_an_intent_stands_before_the_backup_and_its_outcome_after():
    blobs = Blobs()
    ledger, _ = recalled(blobs)
    ledger.intend(item())

    [entry] = blobs.entries
    assert {**entry, "at": "?"} == {
        "item": item().id,
        "run": "run-2",
        "at": "?",
        "outcome": "",
        "job": "",
        "kind": "",
    }

    ledger.conclude(Start(item(), job="job-1"))
    assert [(one["outcome"], one["job"]) for one in blobs.entries] == [("started", "job-1")]


def test_the_type_of_a_databases_backup_is_written_and_counted_by():
    """A log that completes says nothing of an attempt at a Full."""
    log = {"operation": "Backup (Log)", "workload": "sql"}
    full = {"operation": "Backup (Full)", "workload": "sql"}
    known = of_database(failed("10h", **full), completed("1h", **log))
    blobs = Blobs()
    ledger = Ledger(blobs, "run-1")
    ledger.recall([case_of(known)], NOW)
    ledger.intend(known.item, "full")
    [entry] = json.loads(next(iter(blobs.held.values()))[0])
    assert entry["kind"] == "full"

    [found] = Ledger(blobs, "run-2").recall([case_of(known)], NOW)
    assert [one.kind for one in found.history.ledger] == ["full"]


@pytest.mark.parametrize(
    ("written", "attempts"),
    [
        pytest.param(intent("2h", outcome="refused"), [], id="one that was refused is no attempt"),
        pytest.param(intent("2h"), [before("2h")], id="one of which nothing is known counts from its stamp"),
    ],
)
def test_a_backup_that_no_job_shows_is_no_attempts(written, attempts):
    """A database tells of it, and it has no name either."""
    known = of_database(failed("3h", name="", workload="sql"))
    [found] = Ledger(holding_of(known, written), "run-2").recall([case_of(known)], NOW)

    assert [one.started for one in found.attempts] == attempts


def holding_of(known, *intents):
    entries = [replace(one, item=known.item.id).entry for one in intents]
    return Blobs(**{f"attempts/{name_of(known.key)}": json.dumps(entries).encode()})


def test_an_entry_of_an_older_run_names_no_type():
    entry = {name: told for name, told in intent("1h").entry.items() if name != "kind"}

    assert Intent.read(entry) == intent("1h")


@pytest.mark.parametrize(
    ("start", "outcome"),
    [
        pytest.param(Start(item(), refusal="Azure answered 403"), "refused", id="a clear refusal"),
        pytest.param(
            Start(item(), refusal="Azure answered 500", open=True), "", id="an answer that leaves it open"
        ),
        pytest.param(Start(item(), open=True), "", id="accepted, and no job seen yet"),
    ],
)
def test_only_what_is_known_is_an_outcome(start, outcome):
    blobs = Blobs()
    ledger, _ = recalled(blobs)
    ledger.intend(item())
    ledger.conclude(start)

    assert [one["outcome"] for one in blobs.entries] == [outcome]


def test_what_was_settled_is_written_with_the_next_intent():
    blobs = holding(intent("8h"), replace(intent("40d"), job="job-0"))
    ledger, found = recalled(blobs, failed("10h"), attempt("7h"))
    ledger.intend(item())

    assert [one.job for one in found.attempts] == ["failed-7h-15m"]
    assert [(one["outcome"], one["job"]) for one in blobs.entries] == [("started", "failed-7h-15m"), ("", "")]


def test_entries_of_more_than_thirty_days_are_dropped():
    old, new = intent("31d"), intent("29d")
    blobs = holding(old, new)
    ledger, _ = recalled(blobs)
    ledger.intend(item())

    assert [Intent.read(one) for one in blobs.entries][:-1] == [new]


@pytest.mark.parametrize("blobs", [Blobs(), holding(intent("30h"))], ids=["a new item", "one tried before"])
def test_of_two_runs_one_gets_the_item(blobs):
    first, _ = recalled(blobs, run="first")
    second, _ = recalled(blobs, run="second")
    first.intend(item())

    with pytest.raises(ConflictError):
        second.intend(item())
    assert [one["run"] for one in blobs.entries][-1] == "first"


def test_an_intent_whose_answer_was_lost_and_that_was_sent_again_is_ours():
    blobs = Blobs()
    ledger, _ = recalled(blobs)
    blobs.answers_lost = 1
    ledger.intend(item())
    ledger.conclude(Start(item(), job="job-1"))

    assert [one["job"] for one in blobs.entries] == ["job-1"]


def test_the_container_is_made_when_there_is_something_to_write():
    blobs = Blobs()
    blobs.there = False
    ledger, found = recalled(blobs)
    assert found.history.ledger == ()
    assert ("make_container", "") not in blobs.calls

    ledger.intend(item())
    assert blobs.entries


def test_only_blobs_that_are_there_are_read():
    blobs = Blobs()
    recalled(blobs)

    assert blobs.calls == [("names", "attempts/")]


# -- Out of reach, or not what a run writes --------------------------------------------------------


@pytest.mark.parametrize("verb", ["names", "read"])
def test_a_ledger_out_of_reach_tells_nothing_and_is_asked_once(verb):
    blobs = holding(intent("30h"))
    blobs.fails = {verb: UNREACHABLE}
    ledger = Ledger(blobs, "run")
    cases = [case(), case()]

    assert ledger.recall(cases, NOW) == cases
    assert ledger.broken == str(UNREACHABLE)
    assert ledger.unread == {item().key: str(UNREACHABLE)}
    assert [one[0] for one in blobs.calls].count(verb) == 1
    with pytest.raises(LedgerError, match="no answer from storage"):
        ledger.intend(item())


def test_no_intent_is_written_where_writing_failed_once():
    blobs = Blobs()
    ledger, _ = recalled(blobs)
    blobs.fails = {"write": BlobError("write", 403, "AuthorizationPermissionMismatch")}

    with pytest.raises(BlobError, match="grant the identity Storage Blob Data Contributor"):
        ledger.intend(item())
    with pytest.raises(LedgerError, match="grant the identity Storage Blob Data Contributor"):
        ledger.intend(item())
    assert [one[0] for one in blobs.calls].count("write") == 1


ENTRY = intent("1h").entry


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b'[{"item": "', id="cut off"),
        pytest.param(b"\xff\xfe\x00", id="no text"),
        pytest.param(b"{}x", id="no JSON"),
        pytest.param(b"7", id="a number"),
        pytest.param(b'["x"]', id="a list of texts"),
        pytest.param(b'{"a": 1}', id="an object"),
        pytest.param(b"{}", id="an empty object"),
        pytest.param(json.dumps([{**ENTRY, "at": "yesterday"}]).encode(), id="no moment"),
        pytest.param(json.dumps([{**ENTRY, "outcome": "fine"}]).encode(), id="an outcome nobody knows"),
        pytest.param(json.dumps([{**ENTRY, "job": None}]).encode(), id="no text where one must be"),
        pytest.param(json.dumps([{**ENTRY, "item": item("vm-02").id}]).encode(), id="of another item"),
        pytest.param(json.dumps([{"item": item().id}]).encode(), id="something missing"),
    ],
)
def test_a_blob_that_is_not_what_a_run_writes_says_what_to_do(content):
    ledger, found = recalled(Blobs(**{BLOB: content}))

    assert found.history.ledger is None
    assert ledger.broken == ""
    told = ledger.unread[item().key]
    assert told.startswith(f"{URL}/{BLOB} is not what a run writes (")
    assert told.endswith(
        "; see in the vault which backups of the item were started in the last 24 hours, then delete the blob"
    )


def test_an_item_is_the_same_in_any_casing():
    assert name_of("/Subscriptions/X") == name_of("/subscriptions/x")


def test_a_job_is_known_in_any_casing():
    blobs = holding(intent("9h", job="JOB-1", outcome="started"))
    _, found = recalled(blobs, failed("10h"), job("Failed", "8h", name="job-1", user=True))

    assert [(one.started, one.until) for one in found.attempts] == [(before("495m"), before("8h"))]
