"""Which failed backups are retried, which are left, and why: the policy of auto_retry, read down the page."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from backupkit.errors import ParameterError
from backupkit.failures import classify
from backupkit.params import read
from backupkit.records import Source

from runbooks.auto_retry import RULES, Params
from tests.decisions.cases import (
    A_PERSON,
    ACTING,
    FOREIGN,
    GONE,
    HEALS,
    HUMAN,
    LEDGER,
    LIMIT,
    NOBODY_KNOWS,
    NOW,
    OTHER_PASSING,
    PASSING,
    RETRIED,
    UNKNOWN,
    WAIT,
    Vaults,
    attempt,
    before,
    cancelled,
    completed,
    decided,
    decisions,
    failed,
    history,
    intent,
    item,
    left_by,
    machine,
    many,
    policy,
    reported,
    retried,
    running,
    told,
    vault_id,
    warned,
)


def test_a_backup_that_failed_for_a_passing_cause_is_retried():
    assert told(decided(failed())) == RETRIED


def test_an_item_without_a_failure_is_no_case():
    assert decisions([history(completed("10h")), history(cancelled("8h"), vm="vm-02")]) == {}


@pytest.mark.parametrize(
    ("ended", "takes", "cases"),
    [
        pytest.param("23h", "15m", 1, id="in the last 24 hours"),
        pytest.param("25h", "15m", 0, id="before them"),
        pytest.param("20h", "10h", 1, id="in them, of a backup that began before them"),
    ],
)
def test_the_window_is_about_failures_that_ended(ended, takes, cases):
    assert len(decisions([history(failed(ended, takes=takes))])) == cases


def test_the_window_is_as_long_as_asked():
    old = [history(failed("30h"))]

    assert len(decisions(old, window=timedelta(hours=36))) == 1


def test_no_more_than_one_decision_is_made_of_an_item():
    """The official sample starts a backup for each failed job."""
    found = decisions([history(failed("14h"), failed("10h"), attempt("6h"))])

    assert retried(found) == ["vm-01"]


# -- Which evidence counts ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("jobs", "expected"),
    [
        pytest.param(
            [failed("10h"), completed("9h")],
            ("left", "succeeded_since", "a backup completed at 2026-03-10T00:00:00Z"),
            id="a success after the failure",
        ),
        pytest.param(
            [failed("10h"), warned("9h")],
            ("left", "succeeded_since", "a backup completed with warnings at 2026-03-10T00:00:00Z"),
            id="a success with warnings, which is said",
        ),
        pytest.param(
            [failed("10h"), completed("9h", takes="12h")],
            ("left", "succeeded_since", "a backup completed at 2026-03-10T00:00:00Z"),
            id="a success that began before the failure and ended after it",
        ),
        pytest.param([completed("11h"), failed("10h")], RETRIED, id="a success before the failure"),
        pytest.param(
            [failed("10h"), completed("9h", operation="Restore")], RETRIED, id="a restore that completed"
        ),
        pytest.param(
            [failed("10h"), completed("9h", operation="Backup (Full)")],
            ("left", "succeeded_since", "a backup completed at 2026-03-10T00:00:00Z"),
            id="a success under another name of a backup",
        ),
    ],
)
def test_the_newest_evidence_decides(jobs, expected):
    assert told(decided(*jobs)) == expected


@pytest.mark.parametrize(
    ("jobs", "rule"),
    [
        pytest.param(
            [failed("14h", code=HUMAN), failed("10h")],
            "passing_cause",
            id="a passing cause after a human one",
        ),
        pytest.param(
            [failed("14h"), failed("10h", code=HUMAN)],
            "needs_a_human",
            id="a human cause after a passing one",
        ),
        pytest.param(
            [failed("4h", code=HUMAN, takes="8h"), failed("10h", code=WAIT, takes="1m")],
            "needs_a_human",
            id="the long backup that failed last, not the short one that was refused while it ran",
        ),
        pytest.param(
            [failed("4h", takes="8h"), completed("5h", takes="20m")],
            "passing_cause",
            id="the failure that ended last, whatever completed while that backup ran",
        ),
    ],
)
def test_of_several_failures_the_one_that_ended_last_speaks(jobs, rule):
    assert decided(*jobs).rule == rule


def test_a_failed_backup_speaks_before_a_failed_restore():
    assert told(decided(failed("10h"), failed("5h", operation="Restore", code=FOREIGN))) == RETRIED


def test_the_vaults_word_counts_where_resource_graph_lags():
    graph = [history(failed("10h"))]
    truth = [history(failed("10h"), completed("20m"))]
    found = decisions([], vaults=Vaults(truth, graph))

    assert told(found["vm-01"]) == (
        "left", "succeeded_since", "a backup completed at 2026-03-10T08:40:00Z"
    )  # fmt: skip


def test_a_failure_that_its_vault_calls_a_cancellation_is_a_persons():
    graph = [history(failed("10h", name="one"))]
    truth = [history(cancelled("10h", name="one"))]
    found = decisions([], vaults=Vaults(truth, graph))

    assert told(found["vm-01"]) == (
        "left", "cancelled_by_a_person", "a person cancelled its backup at 2026-03-09T23:00:00Z"
    )  # fmt: skip


def test_a_vault_is_asked_only_where_something_might_be_retried_or_has_no_code():
    """Reads of a vault's jobs are few: some 150 an hour for a whole subscription."""
    vaults = Vaults(
        [
            history(failed(), vm="passing", vault="rsv-passing"),
            history(failed(code=HUMAN), vm="human", vault="rsv-human"),
            history(failed(code="none given"), vm="no-code", vault="rsv-no-code"),
            history(failed(), completed("1h"), vm="recovered", vault="rsv-recovered"),
        ]
    )
    found = decisions([], vaults=vaults)

    assert sorted(vaults.asked) == ["rsv-no-code", "rsv-passing"]
    assert retried(found) == ["passing"]


def test_a_code_that_only_the_vault_tells_decides():
    graph, truth = [history(failed(code="none given"))], [history(failed(code=PASSING))]

    assert told(decisions([], vaults=Vaults(truth, graph))["vm-01"]) == RETRIED


# -- Refusals, one by one ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("jobs", "expected"),
    [
        pytest.param(
            [failed(), running("20m")],
            ("left", "running_now", "Backup runs since 2026-03-10T08:40:00Z"),
            id="its backup runs",
        ),
        pytest.param(
            [failed(), running("20m", status="Cancelling")],
            ("left", "running_now", "Backup runs since 2026-03-10T08:40:00Z"),
            id="its backup is being cancelled",
        ),
        pytest.param(
            [failed(), running("3h", operation="Restore")],
            ("left", "running_now", "Restore runs since 2026-03-10T06:00:00Z"),
            id="a restore of it runs",
        ),
        pytest.param(
            [failed("10h"), running("20h")],
            ("left", "running_now", "Backup runs since 2026-03-09T13:00:00Z"),
            id="a backup runs that began before the failure",
        ),
    ],
)
def test_what_runs_is_left(jobs, expected):
    assert told(decided(*jobs)) == expected


def test_an_item_whose_machine_is_gone_is_left():
    found = decided(failed(), source=Source(machine("vm-01"), exists=False))

    assert told(found) == (
        "left", "source_gone", f"{machine('vm-01')} does not exist; stop its protection"
    )  # fmt: skip


def test_a_failure_that_no_item_can_be_found_for_is_left():
    found = decided(failed(), item=None)

    assert told(found) == (
        "left",
        "source_gone",
        "no item of the vault fits this job: it was removed, or its machine's name is not unique",
    )


def test_a_machine_that_cannot_be_read_is_not_taken_for_gone():
    """A 403 says nothing of whether it exists."""
    unreadable = Source(machine("vm-01"), exists=True, known=False)

    assert decided(failed(), source=unreadable).rule == "opted_out"
    assert told(decided(failed(), source=unreadable, options={"optout_tag": "none"})) == RETRIED


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        pytest.param({"state": "ProtectionStopped"}, "its protection is stopped", id="stopped, data kept"),
        pytest.param({"soft_deleted": True}, "its backups are soft-deleted", id="soft-deleted"),
        pytest.param(
            {"state": "ProtectionStopped", "soft_deleted": True},
            "its backups are soft-deleted",
            id="stopped and soft-deleted",
        ),
    ],
)
def test_an_item_that_is_no_longer_protected_is_left(facts, reason):
    assert told(decided(failed(), **facts)) == ("left", "protection_stopped", reason)


@pytest.mark.parametrize("state", ["Protected", "IRPending", "ProtectionError", "ProtectionConfigured", ""])
def test_an_item_is_retried_in_state(state):
    assert told(decided(failed(), state=state)) == RETRIED


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        pytest.param({"workload": "mars"}, "MARS backups cannot be triggered from Azure", id="of an agent"),
        pytest.param({"workload": "dpm"}, "DPM backups cannot be triggered from Azure", id="of a DPM server"),
        pytest.param(
            {"workload": "sql"}, "workload sql is not in workloads=vm,files,disk", id="of a database"
        ),
        pytest.param({"operation": "Restore"}, "Restore failed, not a backup", id="a restore"),
        pytest.param(
            {"operation": "ConfigureBackup"}, "ConfigureBackup failed, not a backup", id="a configuration"
        ),
        pytest.param(
            {"code": FOREIGN}, "Backup failed, not a backup", id="a failure that is of a restore by its code"
        ),
    ],
)
def test_what_is_not_ours_is_left(facts, reason):
    assert told(decided(failed(**facts))) == ("left", "not_ours", reason)


@pytest.mark.parametrize(
    ("jobs", "expected"),
    [
        pytest.param(
            [failed("10h"), cancelled("5h")],
            ("left", "cancelled_by_a_person", "a person cancelled its backup at 2026-03-10T04:00:00Z"),
            id="cancelled since it failed",
        ),
        pytest.param([cancelled("11h"), failed("10h")], RETRIED, id="cancelled, and failed since"),
        pytest.param(
            [failed("10h"), cancelled("5h", operation="Restore")], RETRIED, id="a restore that was cancelled"
        ),
        pytest.param(
            [failed("10h"), cancelled("5h", takes="7h")],
            ("left", "cancelled_by_a_person", "a person cancelled its backup at 2026-03-10T04:00:00Z"),
            id="cancelled since it failed, though it began before",
        ),
    ],
)
def test_what_a_person_cancelled_is_left(jobs, expected):
    assert told(decided(*jobs)) == expected


def test_without_a_ledger_a_backup_that_a_person_started_is_retried():
    """The vault does not tell a runbook from a person; it counts as an attempt."""
    found = decided(attempt("10h"))

    assert told(found) == RETRIED
    assert len(found.case.attempts) == 1


class TestWithALedger:
    """What is written there was a run's; other on-demand backups were a person's."""

    @pytest.mark.parametrize(
        ("jobs", "written", "expected"),
        [
            pytest.param(
                [attempt("10h")],
                [],
                ("left", "started_by_a_person", "a person started its backup at 2026-03-09T22:45:00Z"),
                id="a person's backup failed",
            ),
            pytest.param(
                [failed("10h"), attempt("9h")],
                [intent("10h", job="failed-9h-15m", outcome="started")],
                RETRIED,
                id="an attempt of a run failed",
            ),
            pytest.param(
                [failed("10h"), attempt("9h")],
                [intent("555m")],
                RETRIED,
                id="an attempt of a run that was killed before it could say so",
            ),
            pytest.param(
                [failed("10h", user=NOBODY_KNOWS)], [], RETRIED, id="a backup of unknown origin failed"
            ),
            pytest.param(
                [failed("11h"), attempt("10h"), failed("9h")],
                [],
                RETRIED,
                id="a person tried, and the next scheduled backup failed as well",
            ),
            pytest.param(
                [failed("20h"), attempt("16h"), attempt("14h")],
                [intent("17h", job="failed-16h-15m"), intent("15h", job="failed-14h-15m")],
                ("left", "budget_spent", "2 of 2 attempts in 24 hours are spent"),
                id="two attempts of runs",
            ),
            pytest.param(
                [failed("20h")],
                [intent("16h"), intent("14h")],
                ("left", "budget_spent", "2 of 2 attempts in 24 hours are spent"),
                id="two intents of which no job is known",
            ),
            pytest.param(
                [failed("20h")],
                [intent("16h", outcome="refused"), intent("14h", outcome="refused")],
                RETRIED,
                id="two attempts that Azure refused, which were none",
            ),
            pytest.param(
                [failed("20h"), completed("13h"), failed("10h")],
                [intent("16h"), intent("14h")],
                RETRIED,
                id="two attempts before a success",
            ),
            pytest.param(
                [failed("20h")], [intent("25h"), intent("26h")], RETRIED, id="two attempts of another day"
            ),
            pytest.param(
                [failed("30h"), attempt("23h", takes="5m")],
                [intent("1445m", job="failed-23h-5m"), intent("10h")],
                ("left", "budget_spent", "2 of 2 attempts in 24 hours are spent"),
                id="one whose job began less than a day ago counts, however old its intent",
            ),
            pytest.param(
                [failed("20h")],
                [intent("29m")],
                ("left", "backing_off", "backing off until 2026-03-10T09:01:00Z"),
                id="an intent without a job backs off from its own stamp",
            ),
            pytest.param(
                [failed("20h"), attempt("29m", takes="3h")],
                [intent("4h", job="failed-29m-3h")],
                ("left", "backing_off", "backing off until 2026-03-10T09:01:00Z"),
                id="an attempt backs off from the end of its job",
            ),
        ],
    )
    def test_attempts_are_those_written_there(self, jobs, written, expected):
        vaults = Vaults([history(*jobs)], written={"vm-01": written})
        found = decisions([], vaults=vaults, ledger=LEDGER, window=timedelta(hours=48))

        assert told(found["vm-01"]) == expected

    def test_it_is_asked_only_of_what_might_be_retried(self):
        vaults = Vaults(
            [
                history(failed(), attempt("2h"), vm="due"),
                history(failed(), attempt("9h"), attempt("8h"), attempt("7h"), vm="tried-by-somebody"),
                history(failed(code=HUMAN), vm="human"),
                history(failed(), completed("1h"), vm="recovered"),
            ]
        )
        decisions([], vaults=vaults, ledger=LEDGER)

        assert vaults.recalled == ["due", "tried-by-somebody"]

    def test_an_unknown_cause_is_tried_once_by_a_run_whoever_tried_before(self):
        jobs = [attempt("12h", code=UNKNOWN), failed("10h", code=UNKNOWN)]
        written = {"vm-01": [intent("7h", outcome="started")]}
        options = {"ledger": LEDGER, "unknown": "once"}

        assert decided(*jobs, options=options).retry
        found = decisions([], vaults=Vaults([history(*jobs)], written=written), **options)
        assert found["vm-01"].rule == "unknown_cause"


@pytest.mark.parametrize(
    ("code", "rule", "reason"),
    [
        pytest.param(
            HUMAN,
            "needs_a_human",
            f"{HUMAN}: grant the vault's managed identity the role it lacks on the resource "
            "that the job names",
            id="a person has to change something, and is told what",
        ),
        pytest.param(
            GONE, "needs_a_human", f"{GONE}: {classify([{'code': GONE}]).remedy}", id="the machine is gone"
        ),
        pytest.param(
            LIMIT,
            "needs_a_human",
            f"{LIMIT}: wait 24 hours, and spread configuring and backing up over more days or vaults",
            id="a quota is used up for today",
        ),
        pytest.param(
            HEALS, "heals_itself", f"{HEALS}: the service tries again on its own", id="the service repeats it"
        ),
        pytest.param(
            UNKNOWN,
            "unknown_cause",
            f"the cause {UNKNOWN} is not known: look {UNKNOWN} up in Microsoft's troubleshooting pages, "
            "then add it with retry_codes= or never_codes=",
            id="nobody has judged it",
        ),
        pytest.param(
            "none given",
            "unknown_cause",
            "the cause none given is not known: open the job in the vault and read its message: "
            "the failure came without a code",
            id="neither Resource Graph nor the vault gives a code",
        ),
    ],
)
def test_a_cause_that_does_not_pass_is_left(code, rule, reason):
    assert told(decided(failed(code=code))) == ("left", rule, reason)


# -- Codes that the operator has judged --------------------------------------------------------


@pytest.mark.parametrize("code", [HUMAN, GONE, LIMIT, HEALS, UNKNOWN, PASSING, WAIT])
def test_a_code_named_to_retry_is_retried(code):
    found = decided(failed(code=code), options={"retry_codes": (code,)})

    assert told(found) == ("retried", "retry_codes", f"retry_codes names {code}")


@pytest.mark.parametrize("code", [PASSING, UNKNOWN, WAIT, HUMAN, HEALS])
def test_a_code_named_never_to_retry_is_left(code):
    found = decided(failed(code=code), options={"never_codes": (code,), "unknown": "retry"})

    assert told(found) == ("left", "needs_a_human", f"never_codes names {code}")


@pytest.mark.parametrize("named", ["BackUpOperationFailed", "backupoperationfailed", "400002"])
@pytest.mark.parametrize(
    ("parameter", "rule"), [("retry_codes", "retry_codes"), ("never_codes", "needs_a_human")]
)
def test_a_code_is_named_by_its_name_in_any_case_or_by_its_number(parameter, rule, named):
    assert decided(failed(), options={parameter: (named,)}).rule == rule


def test_an_unknown_code_is_named_by_its_number_too():
    unknown = classify([{"errorCode": 499999, "errorTitle": "UserErrorBrandNew"}])
    found = decided(failed(failure=unknown), options={"retry_codes": ("499999",)})

    assert found.rule == "retry_codes"


def test_naming_another_code_changes_nothing():
    assert told(decided(failed(), options={"never_codes": (OTHER_PASSING, "4")})) == RETRIED


def test_a_restore_is_not_ours_though_its_code_is_named():
    found = decided(failed(operation="Restore", code=FOREIGN), options={"retry_codes": (FOREIGN,)})

    assert found.rule == "not_ours"


def test_a_code_cannot_be_both_to_retry_and_never():
    with pytest.raises(ParameterError) as refused:
        read(Params, ["retry_codes=400002,UserErrorX", "never_codes=usererrorx"])

    assert refused.value.faults == ("usererrorx stands in retry_codes and in never_codes",)


def test_changing_anything_needs_a_ledger_or_its_absence_said_aloud():
    with pytest.raises(ParameterError) as refused:
        read(Params, ["dry_run=false"])

    assert refused.value.faults == (
        "parameter ledger is required with dry_run=false; none counts attempts from job history",
    )
    assert read(Params, ["dry_run=false", "ledger=none"]).dry_run is False


# -- A cause that nobody knows -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "jobs", "expected"),
    [
        pytest.param(
            "once",
            [failed(code=UNKNOWN)],
            ("retried", "unknown_allowed", f"{UNKNOWN}: unknown=once"),
            id="once: it was not tried",
        ),
        pytest.param(
            "once",
            [failed("10h", code=UNKNOWN), attempt("5h", code=UNKNOWN)],
            ("left", "unknown_cause", f"the cause {UNKNOWN} is not known, and it was tried once"),
            id="once: it was tried",
        ),
        pytest.param(
            "once",
            [attempt("30h", code=UNKNOWN), failed("10h", code=UNKNOWN)],
            ("left", "unknown_cause", f"the cause {UNKNOWN} is not known, and it was tried once"),
            id="once: it was tried the day before, and did not succeed since",
        ),
        pytest.param(
            "once",
            [attempt("16h", code=UNKNOWN), completed("14h"), failed("10h", code=UNKNOWN)],
            ("retried", "unknown_allowed", f"{UNKNOWN}: unknown=once"),
            id="once: it was tried, and succeeded before it failed again",
        ),
        pytest.param(
            "retry",
            [failed("10h", code=UNKNOWN), attempt("5h", code=UNKNOWN)],
            ("retried", "unknown_allowed", f"{UNKNOWN}: unknown=retry"),
            id="retry: it is tried like a passing cause",
        ),
        pytest.param(
            "retry",
            [attempt("7h", code=UNKNOWN), attempt("5h", code=UNKNOWN)],
            ("left", "budget_spent", "2 of 2 attempts in 24 hours are spent"),
            id="retry: within the same budget",
        ),
    ],
)
def test_a_cause_that_nobody_knows_is_tried_as_often_as_asked(asked, jobs, expected):
    assert told(decided(*jobs, options={"unknown": asked})) == expected


# -- Opted out ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tags", "asked", "expected"),
    [
        pytest.param(
            {"backup-retry": "off"},
            "backup-retry:off",
            ("left", "opted_out", "tagged backup-retry:off"),
            id="tagged as the default says",
        ),
        pytest.param(
            {"Backup-Retry": "OFF"},
            "backup-retry:off",
            ("left", "opted_out", "tagged backup-retry:off"),
            id="tagged in another case",
        ),
        pytest.param({"backup-retry": "on"}, "backup-retry:off", RETRIED, id="the tag has another value"),
        pytest.param({"env": "off"}, "backup-retry:off", RETRIED, id="another tag has the value"),
        pytest.param(
            {"Env": "lab"}, "ENV:Lab", ("left", "opted_out", "tagged ENV:Lab"), id="a tag of our own choice"
        ),
        pytest.param({"backup-retry": "off"}, "none", RETRIED, id="no tag opts out"),
    ],
)
def test_a_machine_opts_out_by_tag(tags, asked, expected):
    found = decided(failed(), source=Source(machine("vm-01"), tags=tags), options={"optout_tag": asked})

    assert told(found) == expected


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(Source(machine("vm-01"), known=False), id="reading it is refused"),
        pytest.param(None, id="nobody knows which machine it is"),
    ],
)
def test_an_item_whose_tags_cannot_be_read_is_left(source):
    assert told(decided(failed(), source=source)) == (
        "left",
        "opted_out",
        "its source cannot be read, nor a tag that opts out; grant Reader, or say optout_tag=none",
    )


# -- Quiet hours and scheduled runs ------------------------------------------------------------


def utc(day: str, clock: str) -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("quiet", "at", "left"),
    [
        pytest.param("08:00-18:00@UTC", utc("2026-03-10", "09:00"), True, id="within"),
        pytest.param("08:00-18:00@UTC", utc("2026-03-10", "08:00"), True, id="at their start"),
        pytest.param("08:00-18:00@UTC", utc("2026-03-10", "18:00"), False, id="at their end"),
        pytest.param("22:00-06:00@UTC", utc("2026-03-10", "23:30"), True, id="over midnight, before it"),
        pytest.param("22:00-06:00@UTC", utc("2026-03-10", "05:59"), True, id="over midnight, after it"),
        pytest.param("22:00-06:00@UTC", utc("2026-03-10", "12:00"), False, id="over midnight, at noon"),
        pytest.param(
            "08:00-10:00@Europe/Berlin", utc("2026-03-10", "07:30"), True, id="08:30 in Berlin's winter"
        ),
        pytest.param(
            "08:00-10:00@Europe/Berlin", utc("2026-07-10", "07:30"), True, id="09:30 in Berlin's summer"
        ),
        pytest.param(
            "08:00-10:00@Europe/Berlin", utc("2026-07-10", "08:30"), False, id="10:30 in its summer"
        ),
        pytest.param("08:00-10:00@Europe/Berlin", utc("2026-03-10", "08:30"), True, id="09:30 in its winter"),
    ],
)
def test_in_quiet_hours_nothing_is_retried(quiet, at, left):
    failure = failed(started=at - timedelta(hours=10), ended=at - timedelta(hours=9))
    found = decided(failure, at=at, policy=None, options={"quiet": quiet})

    assert told(found) == (("left", "quiet_hours", f"quiet hours {quiet}") if left else RETRIED)


@pytest.mark.parametrize(
    ("at", "spare", "expected"),
    [
        pytest.param(
            "10:30",
            timedelta(hours=2),
            ("left", "scheduled_soon", "its scheduled run is at 2026-03-10T10:30:00Z"),
            id="within the spare time",
        ),
        pytest.param(
            "11:00",
            timedelta(hours=2),
            ("left", "scheduled_soon", "its scheduled run is at 2026-03-10T11:00:00Z"),
            id="just within it",
        ),
        pytest.param("11:01", timedelta(hours=2), RETRIED, id="just beyond it"),
        pytest.param("08:59", timedelta(hours=2), RETRIED, id="just past, the next is tomorrow"),
        pytest.param("10:30", timedelta(hours=1), RETRIED, id="beyond a shorter spare time"),
        pytest.param("09:01", timedelta(0), RETRIED, id="in a minute, and none is spared"),
    ],
)
def test_an_item_is_left_to_its_scheduled_run_where_that_is(at, spare, expected):
    assert told(decided(failed(), policy=policy(at), options={"spare": spare})) == expected


@pytest.mark.parametrize(
    ("facts", "run"),
    [
        pytest.param({"times": ((10, 0),), "days": (1,)}, "2026-03-10T10:00:00Z", id="weekly, today"),
        pytest.param({"times": ((10, 0),), "days": (2,)}, None, id="weekly, tomorrow"),
        pytest.param(
            {"times": ((10, 0),), "days": (0, 1, 4)}, "2026-03-10T10:00:00Z", id="on three weekdays"
        ),
        pytest.param(
            {"times": ((4, 0), (8, 0), (10, 30), (16, 0))}, "2026-03-10T10:30:00Z", id="several times a day"
        ),
        pytest.param(
            {"times": ((11, 30),), "zone_name": "W. Europe Standard Time"},
            "2026-03-10T10:30:00Z",
            id="by Berlin's clock, under the name Windows has for it",
        ),
        pytest.param(
            {"times": ((18, 0),), "zone_name": "Singapore Standard Time"},
            "2026-03-10T10:00:00Z",
            id="by Singapore's clock",
        ),
        pytest.param(
            {"times": ((0, 30),), "days": (2,), "zone_name": "Tonga Standard Time"},
            None,
            id="weekly, and it is that weekday there already",
        ),
        pytest.param(
            {"times": ((23, 30),), "days": (1,), "zone_name": "Tonga Standard Time"},
            "2026-03-10T10:30:00Z",
            id="by a clock thirteen hours ahead",
        ),
        pytest.param(
            {"times": ((10, 0),), "zone_name": "Nowhere"}, None, id="a zone nobody knows: no run to wait for"
        ),
        pytest.param({"times": ()}, None, id="a policy without times"),
    ],
)
def test_the_scheduled_run_is_by_the_policys_own_clock(facts, run):
    found = decided(failed(), policy=policy(**facts))

    assert told(found) == (
        RETRIED if run is None else ("left", "scheduled_soon", f"its scheduled run is at {run}")
    )


# -- Budget ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("jobs", "expected"),
    [
        pytest.param([failed("10h"), attempt("5h")], RETRIED, id="one of two is spent"),
        pytest.param(
            [failed("12h"), attempt("10h"), attempt("5h")],
            ("left", "budget_spent", "2 of 2 attempts in 24 hours are spent"),
            id="both are spent",
        ),
        pytest.param(
            [attempt("23h", takes="2h"), attempt("5h")], RETRIED, id="one of them began more than a day ago"
        ),
        pytest.param(
            [attempt("23h", takes="30m"), attempt("5h")],
            ("left", "budget_spent", "2 of 2 attempts in 24 hours are spent"),
            id="both began within a day",
        ),
        pytest.param(
            [attempt("12h"), attempt("10h"), completed("8h"), failed("5h")], RETRIED, id="a success resets it"
        ),
        pytest.param(
            [attempt("12h"), attempt("10h"), completed("8h", user=A_PERSON), failed("5h")],
            RETRIED,
            id="an attempt that succeeded resets it",
        ),
        pytest.param(
            [attempt("12h"), completed("11h"), attempt("10h"), attempt("5h")],
            ("left", "budget_spent", "2 of 2 attempts in 24 hours are spent"),
            id="only attempts since the success count",
        ),
        pytest.param(
            [failed("16h"), failed("13h"), failed("10h"), failed("7h")],
            RETRIED,
            id="scheduled ones do not count",
        ),
        pytest.param(
            [failed("10h", user=NOBODY_KNOWS), failed("5h", user=NOBODY_KNOWS)],
            ("left", "budget_spent", "2 of 2 attempts in 24 hours are spent"),
            id="those nobody knows the origin of count",
        ),
        pytest.param(
            [cancelled("12h", user=A_PERSON), attempt("8h"), failed("5h")],
            ("left", "budget_spent", "2 of 2 attempts in 24 hours are spent"),
            id="a cancelled one counts",
        ),
        pytest.param(
            [attempt("12h", operation="Restore"), attempt("8h")], RETRIED, id="restores do not count"
        ),
    ],
)
def test_an_item_is_tried_so_often_in_any_24_hours(jobs, expected):
    assert told(decided(*jobs)) == expected


def test_the_budget_is_as_large_as_asked():
    jobs = [attempt("12h"), attempt("10h"), attempt("5h")]

    assert decided(*jobs, options={"max_attempts": 4}).retry
    assert decided(*jobs, options={"max_attempts": 3}).rule == "budget_spent"


@pytest.mark.parametrize(
    ("succeeded", "expected"),
    [
        pytest.param(7, RETRIED, id="seven, one more leaves one for a person"),
        pytest.param(
            8,
            ("left", "budget_spent", "8 on-demand backups in 24 hours, the service takes 9"),
            id="eight, the ninth is a person's",
        ),
    ],
)
def test_the_service_itself_takes_nine_a_day_whoever_started_them(succeeded, expected):
    """learn.microsoft.com/azure/backup/backup-support-matrix-iaas."""
    jobs = [completed(f"{11 + number}h", user=A_PERSON) for number in range(succeeded)]

    assert told(decided(*jobs, failed("10h"))) == expected


# -- Back-off ----------------------------------------------------------------------------------

HALF_AN_HOUR = timedelta(minutes=30)


@pytest.mark.parametrize(
    ("jobs", "expected"),
    [
        pytest.param([failed("1m")], RETRIED, id="a scheduled failure starts none"),
        pytest.param(
            [failed("10h"), attempt("29m")],
            ("left", "backing_off", "backing off until 2026-03-10T09:01:00Z"),
            id="half an hour from the end of the first attempt",
        ),
        pytest.param([failed("10h"), attempt("30m")], RETRIED, id="and then it is over"),
        pytest.param(
            [attempt("29m", takes="9h")],
            ("left", "backing_off", "backing off until 2026-03-10T09:01:00Z"),
            id="from its end, however long it took",
        ),
        pytest.param(
            [attempt("29m", takes="30h")],
            ("left", "backing_off", "backing off until 2026-03-10T09:01:00Z"),
            id="from its end, though it began more than a day ago",
        ),
        pytest.param(
            [attempt("5h"), attempt("59m")],
            ("left", "backing_off", "backing off until 2026-03-10T09:01:00Z"),
            id="an hour from the end of the second",
        ),
        pytest.param([attempt("5h"), attempt("60m")], RETRIED, id="an hour later it is over"),
        pytest.param(
            [attempt("9h"), attempt("5h"), attempt("119m")],
            ("left", "backing_off", "backing off until 2026-03-10T09:01:00Z"),
            id="two hours from the end of the third",
        ),
        pytest.param(
            [attempt("29m"), failed("10m")],
            ("left", "backing_off", "backing off until 2026-03-10T09:01:00Z"),
            id="a scheduled failure after the attempt does not move it",
        ),
        pytest.param([attempt("60m"), completed("40m"), failed("20m")], RETRIED, id="a success ends it"),
        pytest.param(
            [failed("29m", user=NOBODY_KNOWS)],
            ("left", "backing_off", "backing off until 2026-03-10T09:01:00Z"),
            id="one of unknown origin starts it",
        ),
    ],
)
def test_back_off_counts_from_the_end_of_the_last_attempt_and_doubles(jobs, expected):
    assert told(decided(*jobs, options={"max_attempts": 5})) == expected


def test_back_off_is_as_long_as_asked():
    found = decided(attempt("30m"), options={"backoff": timedelta(hours=1)})

    assert told(found) == ("left", "backing_off", "backing off until 2026-03-10T09:30:00Z")


WAITED = ("retried", "wait_over", f"{WAIT}: something else had to end first")


@pytest.mark.parametrize(
    ("jobs", "expected"),
    [
        pytest.param(
            [failed("29m", code=WAIT)],
            ("left", "backing_off", "backing off until 2026-03-10T09:01:00Z"),
            id="a scheduled one waits one back-off",
        ),
        pytest.param([failed("30m", code=WAIT)], WAITED, id="and is then retried"),
        pytest.param(
            [failed("1h", code=WAIT), running("3h")],
            ("left", "running_now", "Backup runs since 2026-03-10T06:00:00Z"),
            id="not while the other operation runs",
        ),
        pytest.param(
            [failed("3h", code=WAIT), completed("1h", takes="5h")],
            ("left", "succeeded_since", "a backup completed at 2026-03-10T08:00:00Z"),
            id="the other operation was a backup, and it succeeded",
        ),
        pytest.param(
            [attempt("5h"), failed("29m", code=WAIT)],
            ("left", "backing_off", "backing off until 2026-03-10T09:01:00Z"),
            id="a scheduled one waits though the back-off of an earlier attempt is over",
        ),
        pytest.param(
            [attempt("5h"), attempt("45m", code=WAIT)],
            ("left", "backing_off", "backing off until 2026-03-10T09:15:00Z"),
            id="an attempt backs off like any other",
        ),
    ],
)
def test_where_another_operation_was_running(jobs, expected):
    assert told(decided(*jobs, options={"max_attempts": 5})) == expected


# -- Room and order ----------------------------------------------------------------------------


def test_the_run_starts_no_more_than_it_may():
    found = decisions([*many(3, failed()), *many(3, failed(), vault="rsv-02", first=4)], max_triggers=4)

    assert len(retried(found)) == 4
    assert {told(found[name]) for name in found if not found[name].retry} == {
        ("left", "no_room", "no room in the run: max_triggers=4")
    }


def test_a_run_that_may_start_nothing_leaves_everything():
    found = decided(failed(), options={"max_triggers": 0})

    assert told(found) == ("left", "no_room", "no room in the run: max_triggers=0")


def test_a_vaults_room_counts_what_runs_there_already_and_what_this_run_starts():
    """Two scheduled backups of others run in the vault."""
    vaults = Vaults([*many(4, failed()), history(failed(), vm="elsewhere", vault="rsv-02")])
    vaults.running[vault_id("rsv-01")] = 2
    found = decisions([], vaults=vaults, max_per_vault=5)

    assert sorted(retried(found)) == ["elsewhere", "vm-01", "vm-02", "vm-03"]
    assert told(found["vm-04"]) == (
        "left", "no_room", "no room in the vault: 5 backups run or start, max_per_vault=5"
    )  # fmt: skip


WEEKLY = policy(days=(6,), every=timedelta(days=7))
FOUR_HOURLY = policy(every=timedelta(hours=4))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(
            {"last_recovery_point": before("60h")},
            {"last_recovery_point": before("36h")},
            id="the older recovery point, under one policy",
        ),
        pytest.param(
            {"last_recovery_point": None},
            {"last_recovery_point": before("300d")},
            id="no recovery point at all",
        ),
        pytest.param(
            {"last_recovery_point": before("2d")},
            {"last_recovery_point": before("5d"), "policy": WEEKLY},
            id="a day past a daily policy, before five days into a weekly one",
        ),
        pytest.param(
            {"last_recovery_point": before("20h"), "policy": FOUR_HOURLY},
            {"last_recovery_point": before("30h")},
            id="sixteen hours past a policy of four hours, before six past a daily one",
        ),
        pytest.param(
            {"last_recovery_point": before("30h"), "policy": None},
            {"last_recovery_point": before("28h")},
            id="a policy that cannot be read counts as daily",
        ),
    ],
)
def test_what_is_furthest_past_its_rpo_gets_the_room(first, second):
    behind, ahead = history(failed(), vm="behind", **first), history(failed(), vm="ahead", **second)
    found = decisions([ahead, behind], max_triggers=1)

    assert list(found) == ["behind", "ahead"]
    assert retried(found) == ["behind"]


def test_of_equals_the_one_that_failed_first_gets_the_room():
    found = decisions([history(failed("9h"), vm="a"), history(failed("10h"), vm="b")], max_triggers=1)

    assert retried(found) == ["b"]


def test_an_item_that_is_left_takes_no_room():
    stopped = history(failed(), vm="stopped", state="ProtectionStopped", last_recovery_point=None)
    found = decisions([stopped, history(failed())], max_triggers=1)

    assert retried(found) == ["vm-01"]


def test_a_vault_that_cannot_be_read_starts_nothing():
    vaults = Vaults(
        [history(failed()), history(failed(), vm="vm-02", vault="rsv-02")],
        unreadable={"rsv-01": "403 Forbidden"},
    )
    found = decisions([], vaults=vaults)

    assert told(found["vm-01"]) == (
        "left",
        "vault_unread",
        "not all that tells of it could be read: 403 Forbidden",
    )
    assert retried(found) == ["vm-02"]


# -- Storms ------------------------------------------------------------------------------------


def storm_of(*group, **options):
    """Twenty items are in the vault, so the default share asks for six; a storm needs ten."""
    return decisions([], vaults=Vaults(list(group), sizes={"rsv-01": 20}), **options)


CLOSED = f"items of the vault fail with {PASSING}"


def test_in_a_storm_only_canaries_are_retried():
    found = storm_of(*many(12, failed()))

    assert retried(found) == ["vm-01", "vm-02"]
    assert {told(one) for one in found.values() if not one.retry} == {
        ("left", "storm", f"storm: 12 {CLOSED}; waiting for a canary to complete")
    }


@pytest.mark.parametrize(
    ("failing", "size", "closed"),
    [
        pytest.param(9, 20, False, id="nine, ten make one"),
        pytest.param(10, 20, True, id="ten of twenty"),
        pytest.param(12, 40, True, id="twelve of forty, which is the share"),
        pytest.param(12, 41, False, id="twelve of forty-one, which is less"),
        pytest.param(29, 100, False, id="twenty-nine of a hundred"),
        pytest.param(30, 100, True, id="thirty of a hundred"),
    ],
)
def test_a_storm_is_ten_items_and_three_in_ten_of_the_vault(failing, size, closed):
    found = decisions([], vaults=Vaults(many(failing, failed()), sizes={"rsv-01": size}), max_per_vault=100)

    assert len(retried(found)) == (2 if closed else failing)


@pytest.mark.parametrize("percent", [1, 7, 14, 28, 29, 30, 55, 56, 57, 58, 100])
def test_a_share_is_reached_exactly(percent):
    """Whatever 0.07 of a hundred is in binary."""
    vaults = Vaults(many(percent, failed()), sizes={"rsv-01": 100})
    found = decisions([], vaults=vaults, storm_share=percent / 100, storm_min=1, canaries=1)

    assert len(retried(found)) == 1


@pytest.mark.parametrize(
    "group",
    [
        pytest.param([*many(6, failed()), *many(6, failed(code=OTHER_PASSING), first=7)], id="of two causes"),
        pytest.param([*many(6, failed()), *many(6, failed(), first=7, vault="rsv-02")], id="in two vaults"),
        pytest.param(
            [*many(6, failed()), *many(6, failed(), completed("1h"), first=7)],
            id="half of which have recovered",
        ),
        pytest.param(
            [*many(6, failed()), *many(6, failed(operation="Restore"), first=7)],
            id="half of which are restores",
        ),
        pytest.param(
            [
                *many(6, failed()),
                *(history(failed(f"{n}h"), vm=f"gone-{n}", item=None) for n in range(5, 11)),
            ],
            id="half of which are of items that the vault no longer has",
        ),
    ],
)
def test_twelve_failures_are_no_storm(group):
    found = decisions([], vaults=Vaults(group, sizes={"rsv-01": 20, "rsv-02": 20}))

    assert left_by(found, "storm") == []
    assert len(retried(found)) >= 6


def test_beside_a_storm_other_causes_and_other_vaults_are_retried():
    found = decisions(
        [],
        vaults=Vaults(
            [
                *many(12, failed()),
                history(failed(code=OTHER_PASSING), vm="other-cause"),
                history(failed(), vm="other-vault", vault="rsv-02"),
            ],
            sizes={"rsv-01": 20},
        ),
    )

    assert sorted(retried(found)) == ["other-cause", "other-vault", "vm-01", "vm-02"]


def test_the_canaries_are_those_furthest_past_their_rpo():
    group = [*many(11, failed()), history(failed(), vm="behind", last_recovery_point=None)]

    assert retried(storm_of(*group, canaries=1)) == ["behind"]


def test_an_item_that_is_left_for_its_own_reasons_is_no_canary():
    group = many(1, failed(), state="ProtectionStopped") + many(11, failed(), first=2)

    assert retried(storm_of(*group)) == ["vm-02", "vm-03"]


class TestTheLifeOfAStorm:
    """Twelve items failed at 23:00; the runbook runs again and again, and keeps nothing in between."""

    REST = many(10, failed("10h"), first=3)

    def test_while_the_canaries_run_the_rest_waits(self):
        found = storm_of(*many(2, failed("10h"), running("30m", user=A_PERSON)), *self.REST)

        assert retried(found) == []
        assert len(left_by(found, "running_now")) == 2
        assert told(found["vm-03"]) == (
            "left", "storm", f"storm: 12 {CLOSED}; waiting for a canary to complete"
        )  # fmt: skip

    def test_one_canary_fewer_runs_than_may(self):
        found = storm_of(history(failed("10h"), running("30m", user=A_PERSON)), *many(11, failed(), first=2))

        assert retried(found) == ["vm-02"]

    def test_a_canary_that_completes_releases_the_rest(self):
        """It started after the newest failure of the group."""
        found = storm_of(history(failed("10h"), completed("1h", user=A_PERSON)), *many(11, failed(), first=2))

        assert len(retried(found)) == 11
        assert left_by(found, "succeeded_since") == ["vm-01"]

    def test_a_backup_that_started_before_the_newest_failure_releases_nothing(self):
        """It may have passed before the trouble began."""
        early = history(failed("12h"), completed("9h", takes="2h"))
        found = storm_of(early, *many(11, failed("10h"), first=2))

        assert retried(found) == ["vm-02", "vm-03"]

    def test_when_followers_fail_again_it_is_closed_until_the_last_back_off_ends(self):
        canary = history(failed("10h"), completed("1h", user=A_PERSON))
        followers = many(4, failed("10h"), attempt("20m"), first=2)
        found = storm_of(canary, *followers, *many(8, failed("10h"), first=6))

        assert retried(found) == []
        assert told(found["vm-06"]) == (
            "left",
            "storm",
            f"storm: 12 {CLOSED}; the last canaries failed, new ones after 2026-03-10T09:10:00Z",
        )

    def test_after_the_back_off_new_canaries_are_retried(self):
        canary = history(failed("10h"), completed("2h", user=A_PERSON))
        followers = many(4, failed("10h"), attempt("30m"), first=2)
        found = storm_of(canary, *followers, *many(8, failed("10h"), first=6))

        assert len(retried(found)) == 2

    def test_when_the_canaries_fail_nothing_is_tried_before_their_back_off_ends(self):
        found = storm_of(*many(2, failed("10h"), attempt("29m")), *self.REST)

        assert retried(found) == []
        assert told(found["vm-03"]) == (
            "left",
            "storm",
            f"storm: 12 {CLOSED}; the last canaries failed, new ones after 2026-03-10T09:01:00Z",
        )

    def test_a_canary_that_spent_its_budget_makes_way_for_another(self):
        found = storm_of(*many(2, failed("10h"), attempt("7h"), attempt("3h")), *self.REST)

        assert left_by(found, "budget_spent") == ["vm-01", "vm-02"]
        assert retried(found) == ["vm-03", "vm-04"]

    def test_a_canary_that_fails_for_another_cause_releases_nothing(self):
        """Ten items are a storm, and nine are not: but no backup of the ten has completed."""
        canary = history(failed("10h"), attempt("2h", code=OTHER_PASSING))
        found = storm_of(canary, *many(9, failed("10h"), first=2))

        assert retried(found) == ["vm-02", "vm-03"]
        assert told(found["vm-10"]) == (
            "left", "storm", f"storm: 10 {CLOSED}; waiting for a canary to complete"
        )  # fmt: skip

    def test_a_canary_that_a_person_cancelled_releases_nothing(self):
        canary = history(failed("10h"), cancelled("2h", user=A_PERSON))
        found = storm_of(canary, *many(9, failed("10h"), first=2))

        assert retried(found) == ["vm-02", "vm-03"]

    def test_what_is_released_still_needs_room(self):
        canary = history(failed("10h"), completed("1h", user=A_PERSON))

        assert len(retried(storm_of(canary, *many(11, failed(), first=2), max_per_vault=6))) == 6


# -- The order of refusals ---------------------------------------------------------------------


A_DATABASE = {"facts": {"workload": "sql"}, "options": {"workloads": ("vm", "sql")}}
TROUBLES = {
    "succeeded_since": {"jobs": [completed("5m")]},
    "running_now": {"jobs": [running("20m", operation="Restore")]},
    "source_gone": {"source": {"exists": False}},
    "protection_stopped": {"facts": {"state": "ProtectionStopped"}},
    "not_ours": {"failure": {"workload": "mars"}},
    "started_by_a_person": {"failure": {"user": A_PERSON}, "ledger": {}},
    "cancelled_by_a_person": {"jobs": [cancelled("5m")]},
    "needs_a_human": {"never": True},
    "heals_itself": {"failure": {"code": HEALS}},
    "unknown_cause": {"failure": {"code": UNKNOWN}},
    "never_triggered": {**A_DATABASE, "failure": {"workload": "sql", "operation": "Backup (Log)"}},
    "opted_out": {"source": {"tags": {"backup-retry": "off"}}},
    "quiet_hours": {"options": {"quiet": "08:00-18:00@UTC"}},
    "heavy_hours": {**A_DATABASE, "failure": {"workload": "sql", "operation": "Backup (Full)"}},
    "scheduled_soon": {"facts": {"policy": policy("10:00")}},
    "budget_spent": {"jobs": [attempt("16h"), attempt("14h")]},
    "backing_off": {"jobs": [attempt("12h", ended=before("10m"))]},
    "ledger_unread": {"ledger": {item().key: "unreadable"}},
    "vault_unread": {"unreadable": {"rsv-01": "403 Forbidden"}},
    "storm": {"storm": True},
    "no_room": {"options": {"max_triggers": 0}},
}
"""What makes each rule, and no other, hold of a backup that failed at 23:00."""


def in_trouble(*rules):
    """The decision on an item of which all of these hold."""
    troubles = [TROUBLES[rule] for rule in rules]
    whole = {"failure": {}, "source": {}, "facts": {}, "options": {}, "unreadable": {}}
    for name, trouble in itertools.product(whole, reversed(troubles)):
        whole[name].update(trouble.get(name, {}))
    code = whole["failure"].pop("code", PASSING)
    jobs = [failed("10h", code=code), *(one for trouble in troubles for one in trouble.get("jobs", []))]
    jobs = [replace(one, **whole["failure"]) for one in jobs]
    # An attempt is no newer failure than the one in question: of one cause, and over before it.
    jobs = [replace(one, failure=classify([{"code": code}])) if one.failure else one for one in jobs]
    never = (code,) if any(trouble.get("never") for trouble in troubles) else ()
    others = many(11, failed(code=code), first=2) if any(trouble.get("storm") for trouble in troubles) else []
    canaries = [replace(one, jobs=(running("30m"), *one.jobs)) for one in others[:2]] + others[2:]
    source = Source(machine("vm-01"), **whole["source"])
    ledgers = [trouble["ledger"] for trouble in troubles if "ledger" in trouble]
    vaults = Vaults(
        [history(*jobs, source=source, **whole["facts"]), *canaries],
        sizes={"rsv-01": 20},
        unreadable=whole["unreadable"],
        # All that was tried but the failure in question is a run's.
        written={"vm-01": [intent("1d", job=one.name) for one in jobs[1:]]},
        unrecalled={key: why for ledger in ledgers for key, why in ledger.items()},
    )
    if ledgers:
        whole["options"]["ledger"] = LEDGER
    return decisions([], vaults=vaults, never_codes=never, **whole["options"])["vm-01"]


def test_these_are_all_the_refusals_in_their_order():
    assert [rule.__name__ for rule in RULES] == list(TROUBLES)


@pytest.mark.parametrize("rule", TROUBLES)
def test_a_trouble_alone_is_named(rule):
    assert in_trouble(rule).rule == rule


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        pytest.param(earlier, later, id=f"{earlier} before {later}")
        for earlier, later in itertools.combinations(TROUBLES, 2)
        # A cause is one or the other, and so is a backup.
        if (earlier, later) not in (("heals_itself", "unknown_cause"), ("never_triggered", "heavy_hours"))
        # Only the ledger tells a person from a run, and it is read for what else might be retried.
        and (
            earlier != "started_by_a_person"
            or later in ("heals_itself", "budget_spent", "vault_unread", "storm", "no_room")
        )
    ],
)
def test_of_two_troubles_the_earlier_is_the_reason(earlier, later):
    assert in_trouble(earlier, later).rule == earlier


# -- What becomes of a decision ----------------------------------------------------------------


def test_a_dry_run_starts_nothing():
    vaults = Vaults([history(failed())])
    entries, session = reported(vaults)

    assert vaults.started == []
    assert (entries["vm-01"]["verdict"], entries["vm-01"]["reason"]) == ("would retry", RETRIED[2])
    assert (entries["vm-01"]["new_job"], entries["vm-01"]["attempt"]) == (None, 1)
    assert session.counts["would_retry"] == 1


def test_a_retry_names_its_new_job_and_which_attempt_it_is():
    entries, session = reported(Vaults([history(failed("10h"), attempt("5h"))]), **ACTING)

    assert entries["vm-01"]["verdict"] == "retried"
    assert entries["vm-01"]["rule"] == "passing_cause"
    assert (entries["vm-01"]["new_job"], entries["vm-01"]["attempt"]) == ("job-of-vm-01", 2)
    assert session.counts["retried"] == 1


def test_what_is_left_is_reported_with_its_rule():
    entries, session = reported(
        Vaults([history(failed("10h", code=HUMAN), attempt("5h", code=HUMAN))]), **ACTING
    )

    assert (entries["vm-01"]["verdict"], entries["vm-01"]["rule"]) == ("left", "needs_a_human")
    assert (entries["vm-01"]["new_job"], entries["vm-01"]["attempt"]) == (None, 1)
    assert session.counts["left"] == 1


def test_a_start_that_azure_refuses_is_failed_and_the_others_go_on():
    vaults = Vaults(many(2, failed()), refusing={"vm-01": "start backup of vm-01: Azure answered 409"})
    entries, session = reported(vaults, **ACTING)

    assert entries["vm-01"]["verdict"] == "failed"
    assert entries["vm-01"]["reason"] == "start backup of vm-01: Azure answered 409"
    assert entries["vm-02"]["verdict"] == "retried"
    assert (session.counts["failed"], session.counts["retried"]) == (1, 1)


def test_what_there_was_no_time_for_is_left_and_said():
    entries, session = reported(Vaults(many(2, failed()), time_for=1), **ACTING)

    assert (entries["vm-02"]["verdict"], entries["vm-02"]["rule"]) == ("left", "out_of_time")
    assert entries["vm-02"]["reason"] == "max_minutes is over; the next run takes it"
    assert session.counts["out_of_time"] == 1


def test_backups_are_started_in_the_order_of_the_ranking():
    vaults = Vaults([*many(2, failed()), history(failed(), vm="behind", last_recovery_point=None)])
    reported(vaults, **ACTING)

    assert [name for name, _ in vaults.started] == ["behind", "vm-01", "vm-02"]


@pytest.mark.parametrize(
    ("asked", "facts", "days"),
    [
        pytest.param("policy", {"policy": policy(keep_days=14)}, 14, id="as long as its policy says"),
        pytest.param(
            "policy", {"policy": policy(keep_days=None)}, 30, id="30 days where the policy does not say"
        ),
        pytest.param("policy", {"policy": None}, 30, id="30 days where the policy cannot be read"),
        pytest.param("10d", {"policy": policy(keep_days=14)}, 10, id="as many days as asked"),
    ],
)
def test_the_new_recovery_point_is_kept(asked, facts, days):
    vaults = Vaults([history(failed(), **facts)])
    reported(vaults, retention=asked, **ACTING)

    assert vaults.started == [("vm-01", NOW + timedelta(days=days))]


def test_how_the_started_backups_ended_is_counted_and_a_failure_is_a_warning(capsys):
    vaults = Vaults(many(2, failed()), followed=[("vm-01", completed("0m")), ("vm-02", failed("0m"))])
    _, session = reported(vaults, follow=timedelta(hours=1), **ACTING)

    assert (session.counts["then_completed"], session.counts["then_failed"]) == (1, 1)
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2:] == [
        "completed item=vm-01 job=completed-0m-15m",
        "WARNING: failed item=vm-02 job=failed-0m-15m",
    ]
