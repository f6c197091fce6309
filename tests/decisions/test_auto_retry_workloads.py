"""What auto_retry decides of databases, file shares and what Backup vaults protect."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from backupkit.errors import ParameterError
from backupkit.failures import classify
from backupkit.limits import WORKLOADS
from backupkit.params import read
from backupkit.records import Policy, Source

from runbooks.auto_retry import Params
from tests.decisions.cases import (
    A_PERSON,
    ACTING,
    LEDGER,
    NOBODY_KNOWS,
    NOW,
    PASSING,
    RETRIED,
    WEEKLY_FULL,
    Vaults,
    attempt,
    before,
    cancelled,
    completed,
    database,
    decisions,
    failed,
    history,
    instance,
    intent,
    item,
    known_of,
    of_database,
    policy,
    reported,
    retried,
    running,
    schedule,
    share,
    told,
)

FULL, DIFFERENTIAL, LOG, COPY = (
    {"operation": f"Backup ({name})"} for name in ("Full", "Differential", "Log", "CopyOnlyFull")
)
MISSING = "UserErrorParentFullBackupMissing"
DATABASES = ("sql", "hana", "ase")
IN_BACKUP_VAULTS = ("disk", "blob", "postgresql", "aks")
ALL = ("vm", "files", *DATABASES, *IN_BACKUP_VAULTS)
HEAVY_NOW = "08:00-10:00@UTC"
RULED = replace(policy(), rule="BackupDaily", tag="Default")


def of(workload, *jobs, **facts):
    """What is known of one thing of this workload."""
    if workload in DATABASES:
        return of_database(*jobs, workload=workload, **facts)
    if workload in IN_BACKUP_VAULTS:
        return known_of(instance(workload=workload), *jobs, **{"policy": RULED, **facts})
    return known_of(share() if workload == "files" else item(), *jobs, **{"policy": policy(), **facts})


def decided(*histories, vaults=None, **options):
    """What is decided of the first of them, where every workload is retried."""
    found = decisions(histories, vaults=vaults, **{"workloads": ALL, **options})
    return next(iter(found.values()))


# -- Which workloads ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "workloads"),
    [
        pytest.param({}, ("vm", "files", "disk"), id="machines, shares and disks by default"),
        pytest.param({"ledger": LEDGER}, ("vm", "files", "disk"), id="with a ledger too"),
        pytest.param({"ledger": "none"}, ("vm", "files"), id="without one what tells whose attempts are"),
        pytest.param({"workloads": ("sql",)}, ("sql",), id="those that are named, and no others"),
        pytest.param({"workloads": ("files",), "ledger": "none"}, ("files",), id="named, without a ledger"),
    ],
)
def test_which_workloads_are_retried(options, workloads):
    assert Params(**options).retried == workloads


@pytest.mark.parametrize("workload", ALL)
def test_a_workload_is_retried_where_it_is_named_and_left_where_it_is_not(workload):
    known = of(workload, failed("10h", **DIFFERENTIAL))
    named, other = {"workloads": (workload,)}, {"workloads": ("vm" if workload != "vm" else "files",)}

    assert told(decided(known, **named)) == RETRIED
    assert told(decided(known, **other)) == (
        "left", "not_ours", f"workload {workload} is not in workloads={other['workloads'][0]}"
    )  # fmt: skip


def test_a_workload_that_nobody_retries_is_left():
    failure = failed("10h", workload="microsoft.dbformysql/flexibleservers")
    found = decided(
        known_of(instance(workload="microsoft.dbformysql/flexibleservers"), failure, policy=RULED)
    )

    assert found.rule == "not_ours"


@pytest.mark.parametrize(
    ("tokens", "faults"),
    [
        pytest.param(
            ["workloads=vm,sql,disk", "ledger=none"],
            (
                "workload disk needs a ledger: its jobs do not tell whose attempts they are",
                "workload sql needs a ledger: its jobs do not tell whose attempts they are",
            ),
            id="without a ledger each that needs one is named",
        ),
        pytest.param(
            ["workloads=vm,sql", "retention=44d", f"ledger={LEDGER}"],
            ("retention=44d is too short for sql: a full backup is kept for 45 days at least",),
            id="shorter than a Full is kept",
        ),
    ],
)
def test_what_cannot_be_asked_for(tokens, faults):
    with pytest.raises(ParameterError) as refused:
        read(Params, tokens)

    assert refused.value.faults == faults


@pytest.mark.parametrize(
    "tokens",
    [
        pytest.param(["workloads=vm,files", "ledger=none"], id="machines and shares without a ledger"),
        pytest.param(["retention=1d"], id="a day, of what is retried by default"),
        pytest.param(["retention=45d", "workloads=sql,hana,ase"], id="45 days of databases"),
        pytest.param(["retention=1d", "workloads=disk,aks"], id="any days of what keeps by a tag"),
        pytest.param(["heavy_window=22:00-04:00@Europe/Berlin"], id="hours for Fulls"),
    ],
)
def test_what_can_be_asked_for(tokens):
    assert read(Params, tokens) is not None


@pytest.mark.parametrize(
    "told_hours", ["22:00", "22:00-04:00", "22:00-04:00@Middle-earth", "25:00-04:00@UTC"]
)
def test_hours_for_fulls_that_cannot_be_read_are_a_fault(told_hours):
    with pytest.raises(ParameterError, match="heavy_window"):
        read(Params, [f"heavy_window={told_hours}"])


# -- What is never triggered -------------------------------------------------------------------

NO_LOG = "log backups are never triggered, the next one runs by its schedule; its RPO is reported"
NOTHING_TO_TRIGGER = (
    "its policy is not seen, or has no backup rule to trigger: operational blob backup is continuous"
)


@pytest.mark.parametrize(
    "failure",
    [
        pytest.param(failed("10h", **LOG), id="as its job tells"),
        pytest.param(failed("5h", takes="0m"), id="as the policy tells: nothing else was due at 04:00"),
    ],
)
@pytest.mark.parametrize("workload", DATABASES)
def test_a_log_backup_is_never_triggered(workload, failure):
    assert told(decided(of(workload, failure))) == ("left", "never_triggered", NO_LOG)


@pytest.mark.parametrize(
    "of_policy",
    [
        pytest.param(None, id="not seen"),
        pytest.param(Policy("p"), id="operational blob backup, with no rule"),
    ],
)
@pytest.mark.parametrize("workload", IN_BACKUP_VAULTS)
def test_in_a_backup_vault_nothing_is_triggered_without_a_rule(workload, of_policy):
    found = decided(of(workload, failed("10h"), policy=of_policy))

    assert told(found) == ("left", "never_triggered", NOTHING_TO_TRIGGER)


@pytest.mark.parametrize("workload", ["vm", "files"])
def test_elsewhere_no_rule_is_needed(workload):
    assert told(decided(of(workload, failed("10h"), policy=None))) == RETRIED


def test_an_operator_cannot_have_a_log_triggered_by_its_code():
    found = decided(of_database(failed("10h", **LOG)), retry_codes=(PASSING,))

    assert found.rule == "never_triggered"


# -- Heavy hours -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        pytest.param(
            "",
            ("left", "heavy_hours", "a Full backup starts in heavy_window only, and none is given"),
            id="no hours are given",
        ),
        pytest.param(HEAVY_NOW, RETRIED, id="within them"),
        pytest.param("09:00-10:00@UTC", RETRIED, id="at their first minute"),
        pytest.param(
            "08:00-09:00@UTC",
            ("left", "heavy_hours", "a Full backup starts in heavy_window only, 08:00-09:00@UTC"),
            id="at their end",
        ),
        pytest.param("22:00-09:30@UTC", RETRIED, id="over midnight"),
        pytest.param("10:00-11:00@Europe/Berlin", RETRIED, id="by another clock"),
    ],
)
def test_a_full_is_started_only_in_the_hours_for_it(window, expected):
    assert told(decided(of_database(failed("10h", **FULL)), heavy_window=window)) == expected


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        ("Backup (CopyOnlyFull)", "CopyOnlyFull"),
        ("Backup (SnapshotFull)", "SnapshotFull"),
        ("Backup (SnapshotCopyOnlyFull)", "SnapshotCopyOnlyFull"),
    ],
)
def test_so_is_whatever_else_reads_the_whole_database(operation, name):
    found = decided(of_database(failed("10h", operation=operation)))

    assert told(found)[1:] == (
        "heavy_hours", f"a {name} backup starts in heavy_window only, and none is given"
    )  # fmt: skip


@pytest.mark.parametrize("operation", ["Backup (Differential)", "Backup (Incremental)"])
def test_what_reads_less_needs_no_such_hours(operation):
    assert told(decided(of_database(failed("10h", operation=operation)))) == RETRIED


def test_a_database_without_a_policy_is_taken_to_need_a_full():
    assert decided(of_database(failed("10h"), policy=None)).rule == "heavy_hours"


# -- A parent that is missing ------------------------------------------------------------------

HEALS = ("left", "heals_itself", f"{MISSING}: the service tries again on its own")


def parentless(written, *, heavy_window=HEAVY_NOW, **facts):
    known = of_database(failed("10h", name="one", code=MISSING, **{**DIFFERENTIAL, **facts}))
    vaults = Vaults([known], written={"sales": written})
    return decided(vaults=vaults, ledger=LEDGER, heavy_window=heavy_window)


OURS = [intent("11h", job="one", outcome="started", kind="differential")]


def test_after_an_attempt_of_ours_that_lacked_its_parent_a_full_is_taken():
    found = parentless(OURS, user=A_PERSON)

    assert told(found) == ("retried", "parent_missing", f"{MISSING}: an attempt had no Full before it")
    assert found.case.kind == "full"


def test_that_full_too_waits_for_its_hours():
    assert told(parentless(OURS, heavy_window="", user=A_PERSON))[1:] == (
        "heavy_hours", "a Full backup starts in heavy_window only, and none is given"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        pytest.param(False, HEALS, id="scheduled: the service takes one itself"),
        pytest.param(NOBODY_KNOWS, HEALS, id="of unknown origin: likewise"),
        pytest.param(
            A_PERSON,
            ("left", "started_by_a_person", "a person started its backup at 2026-03-09T22:45:00Z"),
            id="a person's: that person's business",
        ),
    ],
)
def test_after_any_other_backup_that_lacked_its_parent_none_is(user, expected):
    assert told(parentless([], user=user)) == expected


def test_a_log_that_lacked_its_parent_is_the_services_to_heal():
    assert told(parentless([], **LOG)) == HEALS


@pytest.mark.parametrize("asked", ["dry", "acting"])
def test_what_is_started_then_is_a_full_kept_for_as_long_as_a_full(asked):
    known = of_database(attempt("10h", name="one", code=MISSING, **DIFFERENTIAL))
    vaults = Vaults([known], written={"sales": OURS}, remembers=True)
    options = {**ACTING, "ledger": LEDGER} if asked == "acting" else {"ledger": LEDGER}
    entries, _ = reported(vaults, workloads=("sql",), heavy_window=HEAVY_NOW, **options)

    assert (entries["sales"]["rule"], entries["sales"]["backup_type"]) == ("parent_missing", "Full")
    assert [(one.kind, one.keep_until) for one in vaults.wanted] == (
        [("full", NOW + timedelta(days=104))] if asked == "acting" else []
    )


# -- What no job shows -------------------------------------------------------------------------

OWN_WORD = {"name": "", "operation": "Backup"}


def test_a_failure_that_no_job_shows_is_retried_by_the_type_that_was_due():
    """At 22:10 the Differential was."""
    found = decided(of_database(failed("650m", takes="0m", **OWN_WORD)))

    assert told(found) == RETRIED
    assert found.case.kind == "differential"


def with_points(*jobs, **options):
    known = of_database(failed("10h", **FULL))
    vaults = Vaults([known], points={"sales": jobs})
    return decided(vaults=vaults, heavy_window=HEAVY_NOW, **options)


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        pytest.param(
            [completed("2h", takes="0m", name="", **FULL)],
            ("left", "succeeded_since", "a backup completed at 2026-03-10T07:00:00Z"),
            id="a Full",
        ),
        pytest.param([completed("2h", name="", **DIFFERENTIAL)], RETRIED, id="a Differential"),
        pytest.param([completed("2h", name="", **LOG)], RETRIED, id="a log"),
        pytest.param([completed("11h", name="", **FULL)], RETRIED, id="a Full before the failure"),
        pytest.param([], RETRIED, id="nothing"),
    ],
)
def test_a_later_success_that_no_job_shows_is_found_among_the_recovery_points(points, expected):
    assert told(with_points(*points)) == expected


def test_a_success_that_the_database_itself_tells_of_is_not_enough_for_a_full():
    """It does not say of which type it was: it may have been a log."""
    known = of_database(failed("10h", **FULL), completed("1h", **OWN_WORD))

    assert told(decided(known, heavy_window=HEAVY_NOW)) == RETRIED


def test_a_success_that_the_database_itself_tells_of_is_enough_for_a_log():
    known = of_database(failed("10h", **LOG), completed("1h", **OWN_WORD))

    assert decided(known).rule == "succeeded_since"


def test_a_database_whose_points_cannot_be_read_is_left_and_others_are_not():
    known = [of_database(failed("10h", **DIFFERENTIAL), name=name) for name in ("sales", "hr")]
    found = decisions([], vaults=Vaults(known, unreadable={"sales": "403 Forbidden"}), workloads=("sql",))

    assert told(found["sales"]) == (
        "left", "vault_unread", "not all that tells of it could be read: 403 Forbidden"
    )  # fmt: skip
    assert retried(found) == ["hr"]


def test_room_that_a_proved_success_leaves_goes_to_the_next():
    known = [
        of_database(failed("10h", **DIFFERENTIAL), name=name, last_recovery_point=before(age))
        for name, age in (("first", "90h"), ("second", "80h"), ("third", "70h"))
    ]
    vaults = Vaults(known, points={"first": [completed("1h", name="", **DIFFERENTIAL)]})
    found = decisions([], vaults=vaults, workloads=("sql",), max_triggers=1)

    assert retried(found) == ["second"]
    assert vaults.proved == ["first", "second"]
    assert found["first"].rule == "succeeded_since"
    assert found["third"].rule == "no_room"


def test_what_is_left_anyway_is_not_proved():
    known = [of_database(failed("10h", **LOG)), of_database(failed("10h", **FULL), name="hr")]
    vaults = Vaults([*known, history(failed())])
    decisions([], vaults=vaults, workloads=("vm", "sql"))

    assert vaults.proved == []


# -- A success of a lesser type ----------------------------------------------------------------


def hourly_logs(hours):
    return [completed(f"{hour}h", name=f"log-{hour}", **LOG) for hour in range(1, hours)]


def test_a_later_log_never_settles_a_failed_full():
    known = of_database(failed("10h", **FULL), *hourly_logs(10))

    assert told(decided(known, heavy_window=HEAVY_NOW)) == RETRIED


def test_logs_in_between_reset_no_attempts_at_a_full():
    known = of_database(
        failed("20h", **FULL), attempt("12h", **FULL), attempt("5h", **FULL), *hourly_logs(20)
    )

    assert told(decided(known, heavy_window=HEAVY_NOW)) == (
        "left", "budget_spent", "2 of 2 attempts in 24 hours are spent"
    )  # fmt: skip


def test_logs_in_between_end_no_back_off():
    known = of_database(failed("20h", **FULL), attempt("20m", **FULL), completed("10m", **LOG))

    assert told(decided(known, heavy_window=HEAVY_NOW)) == (
        "left", "backing_off", "backing off until 2026-03-10T09:10:00Z"
    )  # fmt: skip


def test_attempts_of_the_ledger_count_though_logs_completed_since():
    jobs = [failed("20h", **FULL), attempt("12h", name="a", **FULL), attempt("5h", name="b", **FULL)]
    written = [
        intent("13h", job="a", kind="full", outcome="started"),
        intent("6h", job="b", kind="full", outcome="started"),
    ]
    vaults = Vaults([of_database(*jobs, *hourly_logs(20))], written={"sales": written})

    assert decided(vaults=vaults, ledger=LEDGER, heavy_window=HEAVY_NOW).rule == "budget_spent"


@pytest.mark.parametrize(
    ("success", "closed"), [pytest.param(FULL, False, id="a Full"), pytest.param(LOG, True, id="a log")]
)
def test_a_storm_of_failed_fulls_is_released_by(success, closed):
    canary = of_database(failed("10h", **FULL), completed("1h", **success), name="db-00")
    rest = [of_database(failed("10h", **FULL), name=f"db-{number:02}") for number in range(1, 13)]
    vaults = Vaults([canary, *rest], sizes={"rsv-01": 20})
    found = decisions([], vaults=vaults, workloads=("sql",), heavy_window=HEAVY_NOW)

    assert len(retried(found)) == (2 if closed else 12)


@pytest.mark.parametrize(
    ("failure", "of_policy", "expected"),
    [
        pytest.param(FULL, WEEKLY_FULL, RETRIED, id="not for a Full: the next is on Sunday"),
        pytest.param(
            DIFFERENTIAL,
            replace(WEEKLY_FULL, schedules=(schedule("10:00", kind="full"),)),
            ("left", "scheduled_soon", "its scheduled run is at 2026-03-10T10:00:00Z"),
            id="for a Differential, where a Full is due",
        ),
        pytest.param(
            FULL,
            replace(WEEKLY_FULL, schedules=(schedule("10:00", kind="differential"),)),
            RETRIED,
            id="not for a Full, where a Differential is due",
        ),
    ],
)
def test_a_database_is_left_to_a_scheduled_run_that_makes_up_for_its_failure(failure, of_policy, expected):
    known = of_database(failed("10h", **failure), policy=of_policy)

    assert told(decided(known, heavy_window=HEAVY_NOW)) == expected


def test_a_copy_is_a_persons_and_makes_up_for_no_full():
    known = of_database(failed("10h", **FULL), completed("1h", user=A_PERSON, **COPY))

    assert told(decided(known, heavy_window=HEAVY_NOW)) == RETRIED


# -- Other refusals ----------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["ProtectionStopped", "ProtectionPaused", "BackupsSuspended"])
def test_a_database_that_is_not_backed_up_is_left(state):
    assert decided(of_database(failed("10h", **DIFFERENTIAL), state=state)).rule == "protection_stopped"


@pytest.mark.parametrize("workload", ALL)
def test_what_is_backed_up_opts_out_by_a_tag_of_its_resource(workload):
    """A database's is its machine, a share's its account."""
    known = of(workload, failed("10h", **DIFFERENTIAL))
    tagged = replace(known, source=Source(known.item.source, tags={"backup-retry": "off"}))

    assert told(decided(tagged)) == ("left", "opted_out", "tagged backup-retry:off")
    assert told(decided(tagged, optout_tag="none")) == RETRIED


@pytest.mark.parametrize("workload", ALL)
def test_what_is_backed_up_is_left_where_its_resource_is_gone(workload):
    known = of(workload, failed("10h", **DIFFERENTIAL))
    gone = replace(known, source=Source(known.item.source, exists=False))

    assert decided(gone).rule == "source_gone"


def test_a_database_of_an_availability_group_has_no_machine_whose_tag_could_be_read():
    known = replace(of_database(failed("10h", **DIFFERENTIAL), source=Source("")), source=None)

    assert decided(known).rule == "opted_out"
    assert told(decided(known, optout_tag="none")) == RETRIED


@pytest.mark.parametrize("workload", ALL)
def test_no_more_is_started_than_the_service_takes_of_this_workload(workload):
    """One is left for a person."""
    most = WORKLOADS[workload].on_demand_a_day - 1
    earlier = [completed(f"{660 + 30 * n}m", user=A_PERSON, name=f"{n}", **DIFFERENTIAL) for n in range(most)]
    failure = failed("10h", **DIFFERENTIAL)

    assert told(decided(of(workload, failure, *earlier))) == (
        "left",
        "budget_spent",
        f"{most} on-demand backups in 24 hours, the service takes {most + 1}",
    )
    assert told(decided(of(workload, failure, *earlier[1:]))) == RETRIED


def test_a_job_that_does_not_say_which_kind_of_database_it_is_counts_as_its_items():
    found = decided(of("hana", failed("10h", workload="workload", **DIFFERENTIAL)), workloads=("hana",))

    assert told(found) == RETRIED
    assert found.case.workload == "hana"


def test_what_runs_of_a_database_leaves_it_whatever_the_type():
    known = of_database(failed("10h", **FULL), running("5m", **LOG))

    assert told(decided(known, heavy_window=HEAVY_NOW)) == (
        "left", "running_now", "Backup (Log) runs since 2026-03-10T08:55:00Z"
    )  # fmt: skip


def test_a_failure_of_a_database_that_its_vault_no_longer_has_is_left():
    lost = replace(of_database(failed("10h", workload="workload")), item=None)

    assert decided(lost).rule == "source_gone"


# -- What becomes of it ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("workload", "kind", "days"),
    [
        ("vm", "", 30),
        ("files", "", 30),
        *((name, "differential", None) for name in DATABASES),
        *((name, "", None) for name in IN_BACKUP_VAULTS),
    ],
)
def test_what_a_retry_asks_for(workload, kind, days):
    vaults = Vaults([of(workload, failed("10h", **(DIFFERENTIAL if kind else {})))], remembers=True)
    entries, session = reported(vaults, workloads=(workload,), **{**ACTING, "ledger": LEDGER})
    [wanted] = vaults.wanted

    assert (wanted.kind, wanted.keep_until) == (kind, days and NOW + timedelta(days=days))
    assert wanted.rule == ("BackupDaily" if workload in IN_BACKUP_VAULTS else "")
    assert [one["workload"] for one in entries.values()] == [workload]
    assert session.counts["retried"] == 1


def test_a_failure_that_no_job_shows_is_reported_without_one():
    entries, _ = reported(Vaults([of_database(failed("650m", takes="0m", **OWN_WORD))]), workloads=("sql",))

    assert (entries["sales"]["job"], entries["sales"]["backup_type"]) == (None, "Differential")
    assert (entries["sales"]["item"], entries["sales"]["verdict"]) == (database().id, "would retry")


def test_a_cause_that_a_database_tells_is_judged_like_a_jobs():
    why = classify({"code": "UserErrorSQLNoSysadminMembership", "message": "x"})
    found = decided(of_database(failed("650m", takes="0m", failure=why, **OWN_WORD)))

    assert found.rule == "needs_a_human"


# -- What is told of a type --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        pytest.param(LOG, "passing_cause", id="of a log, which would not have made up for it"),
        pytest.param(FULL, "cancelled_by_a_person", id="of another full"),
    ],
)
def test_a_cancelled_backup_holds_back_a_failed_full_if_it_would_have_made_up_for_it(kind, rule):
    known = of_database(failed("10h", **FULL), cancelled("5h", **kind))

    assert decided(known, heavy_window=HEAVY_NOW).rule == rule


@pytest.mark.parametrize(
    ("before", "rule"),
    [
        pytest.param([], "passing_cause", id="nothing else tells of one: it was the differential"),
        pytest.param([completed("650m", **DIFFERENTIAL)], "never_triggered", id="that went well: a log"),
        pytest.param([completed("40h", **DIFFERENTIAL)], "passing_cause", id="the last one that did is old"),
    ],
)
def test_a_failure_of_no_told_type_after_the_differentials_time(before, rule):
    """It is due at 22:00, and the database failed at half past eleven."""
    assert decided(of_database(*before, failed("570m"))).rule == rule
