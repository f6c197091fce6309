"""A sweep's memory of the last complete run, what it tells of the coverage, and where its rules are kept."""

import json
from collections import Counter

import pytest
from backupkit.blobs import BlobError
from backupkit.errors import ParameterError
from backupkit.ledger import Ledger
from backupkit.params import CommonParams
from backupkit.sweeping import MEMORY, Sweeping, Tally, share, tell_coverage, text_at
from hypothesis import given
from hypothesis import strategies as st

from simulator.estate import Estate
from tests.backupkit.fakes import NOW, Clock, Simulated, load, refused
from tests.backupkit.test_ledger import URL, Blobs
from tests.decisions.cases import NOW as STARTED
from tests.decisions.cases import vault_id
from tests.decisions.sweeps import resource

COUNTED = {"kind=vm": {"protected": 3, "unprotected": 1}}
UNREACHABLE = BlobError("read the ledger", 0, "ServiceRequestError")


class Run:
    """One run over an estate of a vault, with a ledger that outlives it."""

    def __init__(self, blobs=None, *, kinds=("vm",), forbidden=(), **options):
        estate = Estate(NOW)
        self.sub = estate.subscription("app")
        self.vault = estate.vault("rsv", subscription=self.sub, group="rg")
        clock = Clock()
        azure = Simulated(load(estate, clock), clock, self.instead)
        self.refuses = lambda sent: None
        ledger = Ledger(blobs, "run", memory=MEMORY) if blobs else None
        scope = options.pop("scope", ())
        self.sweeping = Sweeping(azure.arm(), CommonParams(scope=scope, **options), kinds, ledger)

    def instead(self, sent):
        return self.refuses(sent)

    def ended(self, coverage=COUNTED):
        self.sweeping.look()
        before = self.sweeping.before()
        self.sweeping.remember(STARTED, coverage)
        return before

    @property
    def unread(self):
        return [one.scope for one in self.sweeping.unread]


# -- Memory ------------------------------------------------------------------------


def test_a_complete_run_is_remembered_by_the_next_that_asks_for_the_same():
    blobs = Blobs()

    assert Run(blobs).ended() == {}
    assert Run(blobs).ended() == COUNTED


def test_what_is_kept_are_the_vaults_and_the_coverage_by_what_was_asked():
    blobs = Blobs()
    run = Run(blobs, kinds=("vm", "disk"))
    run.ended()
    (asked, kept), *more = json.loads(blobs.held[MEMORY][0]).items()

    assert (asked, more) == ("disk,vm", [])
    assert kept == {"started": "2026-03-10T09:00:00Z", "vaults": [run.vault.lower()], "coverage": COUNTED}


@pytest.mark.parametrize(
    "other",
    [{"kinds": ("vm", "disk")}, {"scope": (Run().sub,)}],
    ids=["other kinds", "another scope"],
)
def test_a_run_that_asks_for_something_else_remembers_nothing_of_it(other):
    blobs = Blobs()
    Run(blobs).ended()

    assert Run(blobs, **other).ended() == {}
    assert Run(blobs).ended() == COUNTED


def test_a_run_that_did_not_read_all_is_not_remembered():
    blobs = Blobs()
    Run(blobs).ended()
    incomplete = Run(blobs)
    incomplete.refuses = lambda sent: (
        refused(403, "AuthorizationFailed", "no") if sent.path.endswith("/permissions") else None
    )
    incomplete.ended({"kind=vm": {}})

    assert incomplete.unread == [incomplete.sub]
    assert Run(blobs).ended() == COUNTED


def test_a_vault_of_the_last_complete_run_that_is_out_of_sight_now_is_unread():
    gone, hidden = vault_id("gone"), vault_id("hidden")
    told = {"vm": {"started": "", "vaults": [gone, hidden]}}
    run = Run(Blobs(**{MEMORY: json.dumps(told).encode()}))
    run.refuses = lambda sent: {
        hidden: refused(403, "AuthorizationFailed", "no"),
        gone: refused(404, "ResourceNotFound", "no"),
    }.get(sent.path)
    run.sweeping.look()

    assert run.unread == [hidden]


def test_without_a_ledger_nothing_is_remembered():
    run = Run()

    assert run.ended() == {}
    assert Run().ended() == {}
    assert run.unread == []


@pytest.mark.parametrize("verb", ["read", "write"])
def test_a_ledger_that_does_not_answer_is_unread_once_and_the_run_goes_on(verb):
    blobs = Blobs()
    blobs.fails[verb] = UNREACHABLE
    run = Run(blobs)

    assert run.ended() == {}
    assert run.unread == [URL]


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b'{"vm": {"vaults": 1}}'], ids=["no JSON", "a list", "no vaults"]
)
def test_a_memory_that_no_run_wrote_is_unread(content):
    run = Run(Blobs(**{MEMORY: content}))

    assert run.ended() == {}
    assert run.unread == [URL]


@pytest.mark.parametrize(
    ("kept", "read"),
    [(None, {}), ([1], {}), ({"kind=vm": 7}, {"kind=vm": {}}), (COUNTED, COUNTED)],
    ids=["null", "a list", "a number for counts", "as written"],
)
def test_a_coverage_that_is_none_counts_nothing(kept, read):
    told = {"vm": {"started": "", "vaults": [], "coverage": kept}}

    assert Run(Blobs(**{MEMORY: json.dumps(told).encode()})).sweeping.before() == read


# -- The service's own word --------------------------------------------------------


def test_a_refusal_to_say_who_protects_a_resource_is_unread_and_no_answer():
    run = Run()
    run.refuses = lambda sent: refused(403, "AuthorizationFailed", "no")

    assert run.sweeping.confirm(resource()) is None
    assert run.unread == [resource().id]


def test_a_vault_that_protects_and_is_not_seen_is_unread():
    run = Run()
    run.sweeping.hidden(vault_id("hidden"))

    assert [(one.scope, one.reason) for one in run.sweeping.unread] == [
        (vault_id("hidden"), "it protects what is in scope, and this identity does not see it")
    ]


# -- Coverage ----------------------------------------------------------------------


def counted(told):
    tally = Tally()
    for parts, verdict in told:
        tally.add(parts, verdict)
    return tally.coverage


def test_coverage_counts_verdicts_by_each_part():
    told = [
        ({"kind": "vm", "rule": "gold"}, "protected"),
        ({"kind": "vm", "rule": ""}, "unprotected"),
        ({"kind": "disk", "rule": "gold"}, "protected"),
    ]

    assert counted(told) == {
        "kind=disk": {"protected": 1},
        "kind=vm": {"protected": 1, "unprotected": 1},
        "rule=gold": {"protected": 2},
    }


@given(st.lists(st.tuples(st.sampled_from(["vm", "disk"]), st.sampled_from(["protected", "excluded"]))))
def test_each_resource_is_counted_once_in_each_part(told):
    coverage = counted([({"kind": kind}, verdict) for kind, verdict in told])

    whole = Counter((f"kind={kind}", verdict) for kind, verdict in told)
    assert {(part, name): n for part, counts in coverage.items() for name, n in counts.items()} == whole


@pytest.mark.parametrize(
    ("counts", "percent"),
    [
        ({"protected": 1}, 100),
        ({"unprotected": 3, "protected": 1}, 25),
        ({"unknown": 1, "protected": 1}, 50),
        ({"excluded": 9, "protected": 1}, 100),
        ({"unprotected": 1}, 0),
        ({"excluded": 1}, None),
        ({}, None),
    ],
)
def test_the_share_is_of_what_should_be_protected(counts, percent):
    """What is unknown counts against it, what is excluded does not count."""
    assert share(counts) == percent


@pytest.mark.parametrize(
    ("now", "before", "line"),
    [
        pytest.param(
            {"protected": 3, "unprotected": 1},
            {"protected": 1, "unprotected": 1},
            "coverage kind=vm share=75.0% change=+25.0 protected=3 unprotected=1",
            id="more than before",
        ),
        pytest.param(
            {"protected": 1, "unprotected": 2},
            {"protected": 2, "unprotected": 1},
            "coverage kind=vm share=33.3% change=-33.3 protected=1 unprotected=2",
            id="less than before",
        ),
        pytest.param(
            {"protected": 1},
            {"protected": 9},
            "coverage kind=vm share=100.0% change=+0.0 protected=1",
            id="as before",
        ),
        pytest.param(
            {"protected": 1}, None, "coverage kind=vm share=100.0% change=new protected=1", id="new"
        ),
        pytest.param(
            {"excluded": 1},
            {"protected": 1},
            "coverage kind=vm share='none should be' change=new excluded=1",
            id="nothing left to protect",
        ),
    ],
)
def test_coverage_is_told_with_the_change_since_the_last_complete_run(capsys, now, before, line):
    tell_coverage({"kind=vm": now}, {"kind=vm": before} if before else {})

    assert capsys.readouterr().out == f"{line}\n"


# -- Where the rules are kept ------------------------------------------------------

BLOB = f"{URL}/rules.json"


class Held:
    """Instead of a container: what a blob holds, or the error that reading it ends in."""

    def __init__(self, *, answer):
        self.answer = answer
        self.asked = []

    def __call__(self, url, credential):
        self.url = url
        return self

    def read(self, name):
        self.asked.append((self.url, name))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def held(mocker):
    def hold(answer):
        return mocker.patch("backupkit.sweeping.Blobs", Held(answer=answer))

    return hold


def test_rules_are_read_from_a_path(tmp_path):
    (tmp_path / "rules.json").write_text('["caf\xe9"]', encoding="utf-8")

    assert text_at(str(tmp_path / "rules.json"), None) == '["caf\xe9"]'


def test_rules_are_read_from_a_blob(held):
    blobs = held(('["caf\xe9"]'.encode(), "etag"))

    assert text_at(BLOB, None) == '["caf\xe9"]'
    assert blobs.asked == [(URL, "rules.json")]


def test_rules_are_read_from_a_variable(monkeypatch):
    monkeypatch.setenv("rules", "[]")

    assert text_at("var:rules", None) == "[]"


def test_rules_that_are_not_there_are_a_bad_parameter(tmp_path, held):
    (tmp_path / "latin.json").write_bytes(b'["\xe9"]')
    missing = [str(tmp_path / "none.json"), str(tmp_path), str(tmp_path / "latin.json"), "var:nowhere"]

    for place in missing:
        with pytest.raises(ParameterError) as error:
            text_at(place, None)
        assert error.value.faults[0].startswith(f"rules: {place}: cannot be read (")
    for answer, why in (
        (None, "there is no such blob"),
        (UNREACHABLE, "cannot be read (read the ledger: no"),
    ):
        held(answer)
        with pytest.raises(ParameterError) as error:
            text_at(BLOB, None)
        assert error.value.faults[0].startswith(f"rules: {BLOB}: {why}")
