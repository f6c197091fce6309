"""What auto_retry does for each thing that Azure Backup protects, from a failure to a completed retry."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import pytest

from tests.journeys.ledgers import LEDGER, REAL
from tests.journeys.runs import Run, later, retry
from tests.journeys.workloads import DIFFERENTIAL, EVERYTHING, KINDS, Estate, database_body, rows_of

MINUTE = 60
SALES = "vm-sales/sales"
EXPIRY = "recoveryPointExpiryTimeInUTC"


@pytest.fixture(scope="module")
def items() -> dict[str, str]:
    """The item of each workload, filled in by `estate`."""
    return {}


@pytest.fixture(scope="module")
def estate(items, tmp_path_factory):
    """One item of each workload, whose scheduled backup failed three hours ago for a passing cause."""
    made = Estate()
    for name, kind in KINDS.items():
        items[name] = kind.make(made, f"{name}01")
        made.fails(items[name], kind.code, **kind.job)
    return made.write(tmp_path_factory.mktemp("workloads"))


@pytest.fixture(scope="module")
def run(estate, tmp_path_factory):
    return retry(estate, tmp_path_factory.mktemp("run"), *REAL, EVERYTHING)


@pytest.fixture(scope="module")
def after(run, tmp_path_factory):
    """The run that follows when all that was started has ended."""
    folder = tmp_path_factory.mktemp("after")
    return retry(later(run, 20 * MINUTE, folder / "estate"), folder / "run", *REAL, EVERYTHING)


# -- A journey for each workload -----------------------------------------------------------------------


@pytest.mark.parametrize("name", KINDS)
class TestAFailedBackup:
    def test_is_retried_with_the_body_that_azure_documents(self, run, items, name):
        [trigger] = [one for one in run.triggers if one["item"].lower() == items[name].lower()]
        body, until = without_expiry(trigger["body"])

        assert body == KINDS[name].body
        assert days_until(until, trigger["at"]) == KINDS[name].kept

    def test_is_a_completed_backup_some_minutes_later(self, run, after, items, name):
        [entry] = [one for one in run.decisions if one["item"].lower() == items[name].lower()]
        [job] = [one for one in jobs(after) if one["name"] == entry["new_job"]]

        assert (entry["workload"], entry["verdict"], entry["rule"]) == (name, "retried", "passing_cause")
        assert job["properties"]["status"] == "Completed"

    def test_is_left_once_it_has_recovered(self, after, items, name):
        [entry] = [one for one in after.decisions if one["item"].lower() == items[name].lower()]

        assert (entry["verdict"], entry["rule"]) == ("left", "succeeded_since")


def test_by_default_machines_shares_and_disks_are_retried(estate, tmp_path):
    run = retry(estate, tmp_path)

    assert sorted(one["workload"] for one in run.decisions if one["verdict"] == "would retry") == [
        *("disk", "files", "vm"),
    ]
    assert {one["rule"] for one in run.decisions if one["verdict"] == "left"} == {"not_ours"}


def test_without_a_ledger_machines_and_shares_are(estate, tmp_path):
    run = retry(estate, tmp_path, "ledger=none")

    assert sorted(one["workload"] for one in run.decisions if one["verdict"] == "would retry") == [
        "files",
        "vm",
    ]


def test_naming_more_without_a_ledger_is_a_parameter_fault(estate, tmp_path):
    run = retry(estate, tmp_path, "ledger=none", "workloads=vm,sql,disk")

    assert run.code == 2
    assert [line for line in run.lines if "workload" in line] == [
        "ERROR: workload disk needs a ledger: its jobs do not tell whose attempts they are",
        "ERROR: workload sql needs a ledger: its jobs do not tell whose attempts they are",
    ]


# -- One of each class that is left ------------------------------------------------------------------

LEFT = {
    "human": ("disk", "UserErrorNotEnoughPermissionOnSnapshotRG", "needs_a_human"),
    "gone": ("sql", "UserErrorSQLPODoesNotExist", "needs_a_human"),
    "limit": ("postgresql", "CloudDosTimeboudLimitReached", "needs_a_human"),
    "self-heal": ("hana", "UserErrorHANALSNValidationFailure", "heals_itself"),
    "wait": ("files", "ParallelSnapshotRequest", "backing_off"),
    "unknown": ("aks", "UserErrorNobodyHasSeenBefore", "unknown_cause"),
    "foreign": ("blob", "UserErrorTargetContainersExistOnAccount", "not_ours"),
}


@pytest.fixture(scope="module")
def unfit(tmp_path_factory):
    made = Estate()
    for kind, code, _ in LEFT.values():
        made.fails(KINDS[kind].make(made, f"{kind}01"), code, ago="20m", takes="5m", **KINDS[kind].job)
    return retry(
        made.write(tmp_path_factory.mktemp("unfit")), tmp_path_factory.mktemp("run"), *REAL, EVERYTHING
    )


@pytest.mark.parametrize("cause", LEFT)
def test_one_of_each_class_is_left_with_what_to_do(unfit, cause):
    kind, code, rule = LEFT[cause]
    [entry] = [one for one in unfit.decisions if one["class"] == cause]

    assert (entry["workload"], entry["code"], entry["verdict"], entry["rule"]) == (kind, code, "left", rule)
    assert entry["remedy"]
    assert (unfit.code, unfit.triggers) == (0, [])


def test_continuous_backup_of_blobs_has_nothing_to_trigger(tmp_path):
    made = Estate()
    made.fails(made.instance("stblobs", "blob", every=None), "InternalServerError")
    run = retry(made.write(tmp_path / "estate"), tmp_path / "run", *REAL, EVERYTHING)

    assert (run.why("stblobs"), run.triggers) == (("left", "never_triggered"), [])


# -- Databases: what no job shows ----------------------------------------------------------------------


def databases(tmp_path, *tokens: str, fill: Any) -> Run:
    """A run over databases; `fill` adds them to the estate."""
    made = Estate()
    named = fill(made)
    given = named if isinstance(named, tuple) else ()
    return retry(made.write(tmp_path / "estate"), tmp_path / "run", *REAL, EVERYTHING, *tokens, *given)


def test_a_scheduled_failure_that_no_job_shows_is_found(tmp_path):
    """The differential ran twelve hours ago, and ten minutes later the database said that it had failed."""
    run = databases(
        tmp_path,
        fill=lambda made: made.database(
            "sales", policy=made.weekly(), unhealthy="UserErrorOpeningSQLConnection", failed_ago="710m"
        ),
    )
    [entry] = run.decisions

    assert (entry["name"], entry["job"], entry["code"]) == (SALES, None, "UserErrorOpeningSQLConnection")
    assert (entry["verdict"], entry["backup_type"]) == ("retried", "Differential")
    assert [one["body"] for one in run.triggers] == [database_body("Differential")]


def test_a_later_success_that_no_job_shows_leaves_it(tmp_path):
    def fill(made):
        item = made.database("sales", policy=made.weekly())
        made.fails(item, "UserErrorOpeningSQLConnection", **DIFFERENTIAL)
        made.points(item, Differential="1h")

    run = databases(tmp_path, fill=fill)

    assert (run.why(SALES), run.triggers) == (("left", "succeeded_since"), [])


def test_a_later_log_backup_is_no_success_of_a_differential(tmp_path):
    def fill(made):
        item = made.database("sales", policy=made.weekly())
        made.fails(item, "UserErrorOpeningSQLConnection", **DIFFERENTIAL)
        made.points(item, Log="1h")

    run = databases(tmp_path, fill=fill)

    assert run.why(SALES) == ("retried", "passing_cause")


def test_a_database_whose_recovery_points_cannot_be_read_is_left_and_named(tmp_path):
    made = Estate()
    made.fails(made.database("sales", policy=made.weekly()), "UserErrorOpeningSQLConnection", **DIFFERENTIAL)
    faults = [{"match": {"path": "/recoveryPoints$"}, "when": {"always": True}, "then": {"status": 403}}]
    run = retry(made.write(tmp_path / "estate"), tmp_path / "run", *REAL, EVERYTHING, faults=faults)

    assert (run.code, run.triggers) == (1, [])
    assert run.why(SALES) == ("left", "vault_unread")
    assert [one.rpartition(";")[2] for one in run.unread] == ["sales"]


# -- Databases: types ----------------------------------------------------------------------------------

FULL = {"operation": "Backup (Full)"}


def failed_full(made: Estate) -> None:
    made.fails(made.database("sales"), "UserErrorOpeningSQLConnection", **FULL)


def test_a_full_is_not_taken_where_no_heavy_window_is_given(tmp_path):
    run = databases(tmp_path, fill=failed_full)

    assert (run.why(SALES), run.triggers) == (("left", "heavy_hours"), [])


@pytest.mark.parametrize(("starts", "ends"), [(1, 5), (-5, -1)], ids=["before it", "after it"])
def test_a_full_is_not_taken_outside_heavy_window(tmp_path, starts, ends):
    window = f"heavy_window={Estate().window(starts, ends)}"
    run = databases(tmp_path, window, fill=failed_full)

    assert (run.why(SALES), run.triggers) == (("left", "heavy_hours"), [])


def test_a_full_inside_heavy_window_is_kept_45_days_at_least(tmp_path):
    """The policy keeps its own for 35."""
    run = databases(tmp_path, f"heavy_window={Estate().window(-1, 1)}", fill=failed_full)
    [trigger] = run.triggers
    body, until = without_expiry(trigger["body"])

    assert run.why(SALES) == ("retried", "passing_cause")
    assert (body, days_until(until, trigger["at"])) == (database_body("Full"), 45)


def test_a_log_backup_is_never_taken_whatever_is_asked_for(tmp_path):
    def fill(made):
        item = made.database("sales")
        made.fails(item, "UserErrorOpeningSQLConnection", ago="20m", takes="5m", operation="Backup (Log)")
        return f"heavy_window={made.window(-1, 1)}", "retry_codes=UserErrorOpeningSQLConnection"

    run = databases(tmp_path, fill=fill)
    [entry] = run.decisions

    assert (entry["verdict"], entry["rule"], run.triggers) == ("left", "never_triggered", [])
    assert entry["rpo_age_s"] > 0


def test_an_attempt_that_lacks_its_full_is_followed_by_one_inside_heavy_window(tmp_path):
    """The differential it tries fails for want of a parent: the database has no Full any more."""
    made = Estate()
    item = made.database("sales", policy=made.weekly(), last_full_ago=None)
    made.fails(item, "UserErrorOpeningSQLConnection", **DIFFERENTIAL)
    made.outcomes(item, "Failed:UserErrorParentFullBackupMissing")
    first = retry(made.write(tmp_path / "estate"), tmp_path / "first", *REAL, EVERYTHING)
    again = later(first, 45 * MINUTE, tmp_path / "later")
    outside = retry(again, tmp_path / "outside", *REAL, EVERYTHING)
    inside = retry(again, tmp_path / "inside", *REAL, EVERYTHING, f"heavy_window={made.window(-1, 1)}")

    assert [one["body"] for one in first.triggers] == [database_body("Differential")]
    assert (outside.why(SALES), outside.triggers) == (("left", "heavy_hours"), [])
    assert inside.why(SALES) == ("retried", "parent_missing")
    assert [without_expiry(one["body"])[0] for one in inside.triggers] == [database_body("Full")]


def test_a_scheduled_backup_that_lacks_its_full_is_left_to_the_service(tmp_path):
    def fill(made):
        item = made.database("sales", policy=made.weekly())
        made.fails(item, "UserErrorParentFullBackupMissing", **DIFFERENTIAL)
        return (f"heavy_window={made.window(-1, 1)}",)

    run = databases(tmp_path, fill=fill)

    assert (run.why(SALES), run.triggers) == (("left", "heals_itself"), [])


@pytest.mark.parametrize("kind", ["sql", "hana", "ase"])
def test_a_retention_below_what_a_full_is_kept_is_a_parameter_fault(kind, estate, tmp_path):
    run = retry(estate, tmp_path, f"ledger={LEDGER}", f"workloads=vm,{kind}", "retention=44d")

    assert run.code == 2
    assert run.lines[0] == (
        f"ERROR: retention=44d is too short for {kind}: a full backup is kept for 45 days at least"
    )


def without_expiry(body: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """A trigger's body without the date in it, and the date."""
    if "properties" not in body:
        return dict(body), ""
    properties = dict(body["properties"])
    until = properties.pop(EXPIRY, "")
    return {**body, "properties": properties}, until


def days_until(moment: str, at: str) -> int | None:
    """Whole days, to the nearest; None where there is no moment."""
    if not moment:
        return None
    span = datetime.fromisoformat(moment[:19]) - datetime.fromisoformat(at[:19])
    return round(span.total_seconds() / 86400)


def jobs(run: Run) -> Iterator[Mapping[str, Any]]:
    """Rows of the jobs as the run left them."""
    for row in rows_of(run.state):
        if "/backupjobs/" in row["id"].lower():
            yield row
