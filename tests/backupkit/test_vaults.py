"""A vault asked for its jobs, its databases and their recovery points."""

from datetime import UTC, datetime, timedelta

import pytest
from backupkit import rows
from backupkit.errors import ArmError
from backupkit.vaults import databases, jobs, recovered

from tests.backupkit.fakes import Azure, refused, reply

SUB = "/subscriptions/11111111-0000-0000-0000-000000000000"
VAULT = f"{SUB}/resourceGroups/rg-Backup/providers/Microsoft.RecoveryServices/vaults/rsv-1"
BACKUP_VAULT = f"{SUB}/resourceGroups/rg-Backup/providers/Microsoft.DataProtection/backupVaults/bv-1"
NOON = datetime(2026, 6, 16, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def row(name="job-1", vault=VAULT, **properties):
    told = {"operation": "Backup", "status": "InProgress", "startTime": "2026-06-16T12:00:05.1234567Z"}
    return {"id": f"{vault}/backupJobs/{name}", "name": name, "properties": {**told, **properties}}


# -- Jobs --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hour", "told"),
    [
        (0, "2026-06-16 12:00:00 AM"),
        (1, "2026-06-16 01:00:00 AM"),
        (11, "2026-06-16 11:00:00 AM"),
        (12, "2026-06-16 12:00:00 PM"),
        (13, "2026-06-16 01:00:00 PM"),
        (23, "2026-06-16 11:00:00 PM"),
    ],
)
def test_the_job_lists_clock_is_a_twelve_hour_one(hour, told):
    azure = Azure(reply({"value": []}))

    assert jobs(azure.arm(), VAULT, NOON.replace(hour=hour), NOON) == []
    (sent,) = azure.sent
    assert (sent.method, sent.path) == ("GET", f"{VAULT}/backupJobs")
    assert sent.query == {
        "api-version": "2024-04-01",
        "$filter": f"startTime eq '{told}' and endTime eq '2026-06-16 12:00:00 PM'",
    }


def test_all_pages_of_a_job_list_are_read():
    azure = Azure(reply({"value": [row("a")], "nextLink": "/next"}), reply({"value": [row("b")]}))

    assert [one.name for one in jobs(azure.arm(), VAULT, NOON, NOON)] == ["a", "b"]


def test_a_job_of_unknown_shape_leaves_the_whole_vault_unread():
    azure = Azure(reply({"value": [row(), {"id": VAULT, "properties": {}}]}))

    with pytest.raises(ArmError) as error:
        jobs(azure.arm(), VAULT, NOON, NOON)
    assert str(error.value) == (
        f"list jobs of vault {VAULT}: Azure answered 200 UnknownShape: a row could not be read: "
        "KeyError('status')"
    )


# -- Jobs of a Backup vault ------------------------------------------------------------


def test_a_backup_vaults_list_is_not_filtered_by_the_vault_but_by_us():
    rows_ = [
        row("early", BACKUP_VAULT, startTime="2026-06-16T10:59:59Z"),
        row("first", BACKUP_VAULT, startTime="2026-06-16T11:00:00Z"),
        row("last", BACKUP_VAULT, startTime="2026-06-16T12:00:00Z"),
        row("late", BACKUP_VAULT, startTime="2026-06-16T12:00:01Z"),
    ]
    azure = Azure(reply({"value": rows_[:2], "nextLink": "/next"}), reply({"value": rows_[2:]}))

    assert [one.name for one in jobs(azure.arm(), BACKUP_VAULT, NOON - HOUR, NOON)] == ["first", "last"]
    assert azure.sent[0].path == f"{BACKUP_VAULT}/backupJobs"
    assert azure.sent[0].query == {"api-version": "2024-04-01"}


def test_a_vault_that_refuses_is_an_error():
    azure = Azure(refused(403, "AuthorizationFailed", "no"))

    with pytest.raises(ArmError, match=f"list jobs of vault {BACKUP_VAULT}: Azure answered 403"):
        jobs(azure.arm(), BACKUP_VAULT, NOON - HOUR, NOON)


# -- Databases ------------------------------------------------------------------------

CONTAINER = f"{VAULT}/backupFabrics/Azure/protectionContainers/VMAppContainer;compute;rg-app;sql-1"


def database_row(name="sales", **properties):
    facts = {
        "friendlyName": name,
        "serverName": "sql-1",
        "parentName": "MSSQLSERVER",
        "backupManagementType": "AzureWorkload",
        "workloadType": "SQLDataBase",
        "lastBackupStatus": "Unhealthy",
        "lastBackupTime": "2026-06-16T10:00:00Z",
        "lastBackupErrorDetail": {"code": "UserErrorParentFullBackupMissing", "message": "m"},
    }
    item_id = f"{CONTAINER}/protectedItems/SQLDataBase;mssqlserver;{name}"
    return {"id": item_id, "name": f"SQLDataBase;mssqlserver;{name}", "properties": {**facts, **properties}}


def test_databases_are_asked_for_alone_and_come_with_their_own_word():
    azure = Azure(
        reply({"value": [database_row("sales")], "nextLink": "/next"}),
        reply({"value": [database_row("hr", workloadType="SAPHanaDatabase")]}),
    )
    found = databases(azure.arm(), VAULT)

    assert [(one.name, one.workload, one.healthy) for one in found] == [
        ("sql-1/sales", "sql", False),
        ("sql-1/hr", "hana", False),
    ]
    assert found[0].failure is not None
    assert found[0].failure.code == "UserErrorParentFullBackupMissing"
    assert azure.sent[0].path == f"{VAULT}/backupProtectedItems"
    assert azure.sent[0].query == {
        "api-version": "2024-04-01",
        "$filter": "backupManagementType eq 'AzureWorkload'",
    }


def test_a_database_of_unknown_shape_leaves_the_whole_vault_unread():
    azure = Azure(reply({"value": [{"name": "no id"}]}))

    with pytest.raises(ArmError, match=r"list databases of vault .* UnknownShape: a row could not be read"):
        databases(azure.arm(), VAULT)


# -- Recovery points ------------------------------------------------------------------


def point(kind, at="2026-06-16T11:30:00.5Z", **properties):
    return {"id": "/p", "name": "1", "properties": {"type": kind, "recoveryPointTimeInUTC": at, **properties}}


def found_in(*points, since=NOON - HOUR):
    azure = Azure(reply({"value": list(points)}))
    return recovered(azure.arm(), rows.item(database_row()), since, NOON), azure


def test_recovery_points_of_a_time_are_asked_for():
    _, azure = found_in()
    (sent,) = azure.sent

    assert sent.path == f"{database_row()['id']}/recoveryPoints"
    assert sent.query == {
        "api-version": "2024-04-01",
        "$filter": "startDate eq '2026-06-16 11:00:00 AM' and endDate eq '2026-06-16 12:00:00 PM'",
    }
    assert "SQLDataBase%3Bmssqlserver%3Bsales" in sent.url


@pytest.mark.parametrize(
    ("told", "operation", "kind"),
    [
        ("Full", "Backup (Full)", "full"),
        ("Differential", "Backup (Differential)", "differential"),
        ("Incremental", "Backup (Incremental)", "incremental"),
        ("Log", "Backup (Log)", "log"),
        ("CopyOnlyFull", "Backup (CopyOnlyFull)", "copyonlyfull"),
        ("SnapshotFull", "Backup (SnapshotFull)", "snapshotfull"),
        ("Invalid", "Backup (invalid)", ""),
        (None, "Backup ()", ""),
    ],
)
@pytest.mark.parametrize("of", ["SQL", "SAPHana", "SAPAse"])
def test_a_point_is_a_scheduled_backup_that_completed_of_its_type(of, told, operation, kind):
    [job], _ = found_in(point(told, objectType=f"AzureWorkload{of}RecoveryPoint"))

    assert (job.operation, job.kind, job.is_backup, job.succeeded) == (operation, kind, True, True)
    assert (job.user, job.name, job.failure) == (False, "", None)
    assert (job.started, job.until) == (datetime(2026, 6, 16, 11, 30, tzinfo=UTC),) * 2
    assert job.item == database_row()["id"].lower()


def test_logs_are_read_by_the_ends_of_their_ranges():
    logs = point(
        "Log",
        "2026-06-01T00:00:00Z",
        objectType="AzureWorkloadSQLPointInTimeRecoveryPoint",
        timeRanges=[
            {"startTime": "2026-06-01T00:00:00Z", "endTime": "2026-06-15T00:00:00Z"},
            {"startTime": "2026-06-15T00:00:00Z", "endTime": "2026-06-16T11:45:00Z"},
        ],
    )
    found, _ = found_in(logs, point("Full"))

    assert [(one.kind, f"{one.until:%H:%M}") for one in found] == [("log", "11:45"), ("full", "11:30")]


def test_a_point_before_the_time_asked_for_is_none_of_it():
    """The service goes by days, so it may tell more than was asked."""
    found, _ = found_in(point("Full", "2026-06-16T10:59:59Z"), point("Full", "2026-06-16T11:00:00Z"))

    assert [f"{one.until:%H:%M}" for one in found] == ["11:00"]


def test_points_that_cannot_be_read_are_an_error():
    azure = Azure(refused(404, "NotFound", "gone"))

    with pytest.raises(ArmError, match="list recovery points of sql-1/sales: Azure answered 404"):
        recovered(azure.arm(), rows.item(database_row()), NOON - HOUR, NOON)
