"""What is asked before a decision, in which order, and until when; and what a retry asks for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from backupkit.evidence import Case, History
from backupkit.intents import laid_over
from backupkit.retries import Decision, judged, to_start, untried
from backupkit.starts import Wanted

from tests.decisions.cases import (
    HUMAN,
    NOW,
    WEEKLY_FULL,
    attempt,
    before,
    completed,
    database,
    failed,
    history,
    instance,
    intent,
    item,
    known_of,
    many,
    of_database,
    policy,
    schedule,
    share,
)

FULL, DIFFERENTIAL = {"operation": "Backup (Full)"}, {"operation": "Backup (Differential)"}


@dataclass
class Evidence:
    """Keeps an account of what it was asked; by item name `truth` is its vault's, `proofs` its points'."""

    told: list[History]
    truth: dict[str, History] = field(default_factory=dict)
    proofs: dict[str, History] = field(default_factory=dict)
    remembers: bool = False
    only: Collection[str] = ()
    log: list[str] = field(default_factory=list)

    def failing(self, since: datetime, until: datetime) -> list[History]:
        self.log.append("graph")
        return self.told

    def confirm(self, names: Iterable[str]) -> list[History]:
        self.log.append("vaults " + " ".join(sorted(name.rpartition("/")[2] for name in names)))
        return [self.truth.get(one.item.name, one) for one in self.told]

    def recall(self, cases: Sequence[Case], keys: Collection[str]) -> list[Case]:
        self.log.append("ledger " + " ".join(sorted(key.rpartition(";")[2] for key in keys)))
        return list(cases)

    def asked_for(self, history: History) -> bool:
        return not self.only or history.item.name in self.only

    def prove(self, cases: Iterable[Case]) -> dict[str, Case]:
        names = [case.history.item.name for case in cases]
        fresh = [name for name in names if name in self.proofs and f"points {name}" not in self.log]
        self.log += [f"points {name}" for name in fresh]
        found = [self.proofs[name] for name in fresh]
        return {one.key: replace(self.case_of(one)) for one in found}

    @staticmethod
    def case_of(history: History) -> Case:
        failure = next(job for job in history.jobs if job.failure)
        return Case(history, failure, failure.failure, ())


def passing(cases: Iterable[Case]) -> set[str]:
    return {case.history.key for case in cases if case.cause.cause == "passing"}


def one_at_a_time(cases: Sequence[Case]) -> list[Decision]:
    """Retries the first that nothing makes up for, as if there were room for one."""
    decisions, room = [], 1
    for case in cases:
        open_ = case.history.success_since(case.failure) is None
        retry = bool(open_ and room and case.cause.cause == "passing")
        room -= retry
        decisions.append(Decision(case, retry, "rule", "reason"))
    return decisions


def chosen(evidence: Evidence) -> list[str]:
    found = judged(evidence, before("24h"), NOW, one_at_a_time, passing)
    return [one.case.history.item.name for one in found if one.retry]


def db(name: str, *later: object) -> History:
    return of_database(failed("10h", **FULL), *later, name=name)


def test_what_might_be_retried_is_asked_of_its_vault_then_of_the_ledger_then_of_its_points():
    evidence = Evidence([db("sales")], proofs={"sales": db("sales")}, remembers=True)

    assert chosen(evidence) == ["sales"]
    assert evidence.log == ["graph", "vaults rsv-01", "ledger sales", "points sales"]


def test_without_a_ledger_none_is_asked():
    evidence = Evidence([db("sales")])
    chosen(evidence)

    assert evidence.log == ["graph", "vaults rsv-01"]


def test_a_vault_is_asked_of_what_may_be_retried_and_of_what_has_no_code():
    told = [
        history(failed(), vm="may", vault="rsv-may"),
        history(failed(code="none given"), vm="silent", vault="rsv-silent"),
        history(failed(code=HUMAN), vm="human", vault="rsv-human"),
    ]
    evidence = Evidence(told)
    chosen(evidence)

    assert evidence.log[1] == "vaults rsv-may rsv-silent"


def test_the_ledger_is_asked_only_of_what_its_vault_leaves_to_be_retried():
    truth = {"vm-01": history(failed("10h", code=HUMAN))}
    evidence = Evidence(many(2, failed()), truth, remembers=True)
    chosen(evidence)

    assert evidence.log[-1] == "ledger vm-02"


def test_only_databases_that_would_be_retried_are_proved():
    """Reading the points of all of a vault would take a read of each."""
    evidence = Evidence([db("first"), db("second")], proofs={"first": db("first"), "second": db("second")})

    assert chosen(evidence) == ["first"]
    assert evidence.log[2:] == ["points first"]


def test_where_proof_makes_room_more_is_decided_and_that_is_proved_too():
    recovered = db("first", completed("2h", name="", **FULL))
    proofs = {"first": recovered, "second": db("second"), "third": db("third")}
    evidence = Evidence([db("first"), db("second"), db("third")], proofs=proofs)

    assert chosen(evidence) == ["second"]
    assert evidence.log[2:] == ["points first", "points second"]


def test_what_all_recovered_is_proved_one_by_one_and_nothing_is_retried():
    names = [f"db-{number}" for number in range(5)]
    proofs = {name: db(name, completed("2h", name="", **FULL)) for name in names}
    evidence = Evidence([db(name) for name in names], proofs=proofs)

    assert chosen(evidence) == []
    assert evidence.log[2:] == [f"points {name}" for name in names]


def test_a_success_of_a_lesser_type_changes_nothing():
    proofs = {"sales": db("sales", completed("2h", name="", **DIFFERENTIAL))}

    assert chosen(Evidence([db("sales")], proofs=proofs)) == ["sales"]


def test_only_what_was_asked_for_is_decided():
    evidence = Evidence([db("sales"), db("hr")], only=["hr"])

    assert chosen(evidence) == ["hr"]


def test_a_case_untried_is_as_if_nothing_had_been():
    known = laid_over(history(failed("10h"), attempt("5h", name="j")), [intent("6h", job="j")])
    case = untried(Case(known, known.jobs[0], known.jobs[0].failure, known.attempts(NOW)))

    assert (case.history.ledger, case.attempts) == ((), ())


# -- What a retry asks for ---------------------------------------------------------------------


def asked(known: History, retention: str = "policy") -> Wanted:
    failure = known.jobs[0]
    return to_start(Case(known, failure, failure.failure, ()), retention, NOW)


def days(number: int) -> datetime:
    return NOW + timedelta(days=number)


RULED = replace(policy(), rule="BackupDaily", tag="Default")
COMPRESSED = replace(WEEKLY_FULL, compressed=True)


@pytest.mark.parametrize(
    ("known", "retention", "wanted"),
    [
        pytest.param(history(failed()), "policy", Wanted(item(), keep_until=days(30)), id="a machine"),
        pytest.param(history(failed()), "9d", Wanted(item(), keep_until=days(9)), id="a machine, days asked"),
        pytest.param(
            known_of(share(), failed(), policy=policy(keep_days=20)),
            "policy",
            Wanted(share(), keep_until=days(20)),
            id="a share",
        ),
        pytest.param(
            of_database(failed(**FULL), policy=COMPRESSED),
            "policy",
            Wanted(database(), "full", days(104), compressed=True),
            id="a Full",
        ),
        pytest.param(
            of_database(failed(**DIFFERENTIAL)),
            "60d",
            Wanted(database(), "differential"),
            id="a Differential, which policy alone rules",
        ),
        pytest.param(
            of_database(failed(**FULL), policy=None),
            "policy",
            Wanted(database(), "full", days(45)),
            id="a Full whose policy cannot be read",
        ),
        pytest.param(
            of_database(failed(**FULL), policy=replace(WEEKLY_FULL, schedules=(schedule(kind="full"),))),
            "policy",
            Wanted(database(), "full", days(45)),
            id="a Full kept no shorter than the service takes",
        ),
        pytest.param(
            known_of(instance(), failed(), policy=RULED),
            "9d",
            Wanted(instance(), rule="BackupDaily", tag="Default"),
            id="an instance of a Backup vault",
        ),
    ],
)
def test_a_retry_asks_for(known, retention, wanted):
    assert asked(known, retention) == wanted
