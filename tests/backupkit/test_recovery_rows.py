"""What Recovery Services vaults tell of databases and file shares, in the shapes that were recorded."""

from __future__ import annotations

import pytest
from backupkit import rows
from backupkit.records import Item, Job
from backupkit.recovery_rows import points
from backupkit.times import utc

SUBSCRIPTION = "/subscriptions/11111111-1111-1111-1111-111111111111"
VAULT = f"{SUBSCRIPTION}/resourceGroups/rg-b/providers/Microsoft.RecoveryServices/vaults/rsv"
MACHINE = f"{SUBSCRIPTION}/resourceGroups/rg-sql/providers/Microsoft.Compute/virtualMachines/sql-01"
IN_MACHINE = "VMAppContainer;compute;rg-sql;sql-01"


def job(**properties: object) -> Job:
    """A database's backup that completed; a property that is None is absent."""
    known = {
        "jobType": "AzureWorkloadJob",
        "workloadType": "SQLDataBase",
        "backupManagementType": "AzureWorkload",
        "operation": "Backup (Full)",
        "status": "Completed",
        "startTime": "2026-03-09T22:00:00.1234567Z",
        "endTime": "2026-03-09T22:05:00.1234567Z",
        "entityFriendlyName": "Sales [sql-01]",
        **properties,
    }
    told = {name: value for name, value in known.items() if value is not None}
    return rows.job({"id": f"{VAULT}/backupJobs/j", "name": "j", "properties": told})


def item(
    name: str = "SQLDataBase;mssqlserver;sales", container: str = IN_MACHINE, **properties: object
) -> Item:
    known = {
        "friendlyName": "Sales",
        "serverName": "sql-01",
        "parentName": "MSSQLSERVER",
        "backupManagementType": "AzureWorkload",
        "workloadType": "SQLDataBase",
        "protectionState": "Protected",
        "lastBackupStatus": "Healthy",
        "lastBackupTime": "2026-03-09T22:04:00Z",
        "lastRecoveryPoint": "2026-03-09T22:03:00Z",
        "sourceResourceId": MACHINE,
        "policyId": f"{VAULT}/backupPolicies/Sql",
        **properties,
    }
    row_id = f"{VAULT}/backupFabrics/Azure/protectionContainers/{container}/protectedItems/{name}"
    return rows.item({"id": row_id, "name": name, "properties": known})


# -- Jobs of databases -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["AzureWorkloadJob", "AzureWorkloadJobV2", "SomethingNewer", None])
def test_a_databases_failure_is_read_whatever_the_type_of_the_job(kind):
    """The second type is in no SDK: its models lose the error."""
    details = [{"errorCode": 400158, "errorTitle": "UserErrorParentFullBackupMissing", "errorString": "x"}]
    one = job(jobType=kind, status="Failed", errorDetails=details)

    assert (one.workload, one.kind, one.item_name) == ("sql", "full", "sales [sql-01]")
    assert one.failure is not None
    assert one.failure.code == "UserErrorParentFullBackupMissing"


@pytest.mark.parametrize(
    ("told", "workload"),
    [
        ("SQLDataBase", "sql"),
        ("SQLDatabase", "sql"),
        ("SQLInstance", "sql"),
        ("SAPHanaDatabase", "hana"),
        ("SAPHanaSystem", "hana"),
        ("SAPHanaDBInstance", "hana"),
        ("SAPAseDatabase", "ase"),
        ("SAPAseSystem", "ase"),
        ("OracleDatabase", "oracledatabase"),
        ("", "workload"),
        (None, "workload"),
    ],
)
def test_which_kind_of_database(told, workload):
    """A job that runs was recorded without its workloadType."""
    assert job(workloadType=told).workload == workload


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ("Backup (Full)", "full"),
        ("Backup (Differential)", "differential"),
        ("Backup (Incremental)", "incremental"),
        ("backup (log)", "log"),
        ("Backup (CopyOnlyFull)", "copyonlyfull"),
        ("Backup (SnapshotFull)", "snapshotfull"),
        ("Backup", ""),
        ("Backup (Invalid)", ""),
        ("Restore (Full)", ""),
    ],
)
def test_the_type_of_a_backup_is_in_its_operation(operation, kind):
    assert job(operation=operation).kind == kind


@pytest.mark.parametrize(("said", "user"), [(True, True), (False, False), (None, None)])
def test_who_started_a_databases_backup_is_as_it_says(said, user):
    assert job(isUserTriggered=said).user is user


# -- Jobs of file shares -----------------------------------------------------------------------


def share_job(**properties: object) -> Job:
    known = {
        "jobType": "AzureStorageJob",
        "workloadType": None,
        "backupManagementType": "AzureStorage",
        "operation": "Backup",
        "entityFriendlyName": "Docs",
        "storageAccountName": "StFiles",
        "isUserTriggered": False,
    }
    return job(**{**known, **properties})


ADHOC = "Whether job is adhoc or scheduled."


@pytest.mark.parametrize(
    ("said", "bag", "user"),
    [
        pytest.param(True, {}, True, id="it says so"),
        pytest.param(False, {}, None, id="it says no, as an on-demand one was recorded saying"),
        pytest.param(None, {}, None, id="it says nothing"),
        pytest.param(False, {ADHOC: "True"}, True, id="its property bag says so, whatever the job says"),
        pytest.param(False, {ADHOC: "False"}, False, id="its property bag says that it was scheduled"),
        pytest.param(None, {ADHOC: "perhaps"}, None, id="its property bag says nothing that has a meaning"),
    ],
)
def test_who_started_a_file_shares_backup(said, bag, user):
    assert share_job(isUserTriggered=said, extendedInfo={"propertyBag": bag}).user is user


@pytest.mark.parametrize("extended", [None, "text", {"propertyBag": None}])
def test_a_file_shares_job_without_a_property_bag_does_not_say_who_started_it(extended):
    assert share_job(extendedInfo=extended).user is None


def test_a_share_is_called_by_its_account_too():
    one = share_job(jobType="AzureStorageJobV2")

    assert (one.workload, one.item_name, one.kind) == ("files", "stfiles/docs", "")
    assert share_job(storageAccountName=None).item_name == "docs"


# -- Items -------------------------------------------------------------------------------------


def test_a_database_is_read():
    one = item()

    assert (one.name, one.workload) == ("sql-01/Sales", "sql")
    assert one.container == "vmappcontainer;compute;rg-sql;sql-01"
    assert one.calls == {"sales", "sales [sql-01]", "mssqlserver/sales [sql-01]"}
    assert (one.last_backup, one.healthy) == (utc("2026-03-09T22:04:00"), True)
    assert one.last_recovery_point == utc("2026-03-09T22:03:00")
    assert one.policy.endswith("/backuppolicies/sql")


@pytest.mark.parametrize(
    "called", ["sales", "Sales [sql-01]", "sales [sql-01.corp.example]", "MSSQLSERVER/Sales [SQL-01]"]
)
def test_a_database_of_a_server_with_a_domain_is_called_by_either_of_its_names(called):
    assert called.lower() in item(serverName="SQL-01.corp.example").calls


def test_a_database_of_a_server_without_a_name_is_called_by_its_own():
    assert item(serverName=None, parentName=None).calls == {"sales"}


@pytest.mark.parametrize(
    ("facts", "source"),
    [
        pytest.param({}, MACHINE, id="by its source, as recorded"),
        pytest.param(
            {"sourceResourceId": f"{MACHINE}/providers/Microsoft.RecoveryServices/backupProtectedItem/x"},
            MACHINE,
            id="by its source, as far as that is the machine",
        ),
        pytest.param(
            {
                "sourceResourceId": f"{SUBSCRIPTION}/resourceGroups/rg/providers/VMAppContainer/sqlserver-0",
                "dataSourceSetInfo": {"resourceID": MACHINE},
            },
            MACHINE,
            id="by the set that Resource Graph tells of, where its source is no resource",
        ),
        pytest.param(
            {"sourceResourceId": None, "dataSourceInfo": {"resourceID": MACHINE}},
            MACHINE,
            id="by the data source that Resource Graph tells of",
        ),
        pytest.param(
            {"sourceResourceId": None, "dataSourceInfo": {"resourceID": None}, "dataSourceSetInfo": "x"},
            MACHINE.lower(),
            id="by the container's name, in the subscription of the vault",
        ),
        pytest.param(
            {"sourceResourceId": None, "container": "VMAppContainer;ag;cluster-1;ag-1"},
            "",
            id="not at all: an availability group has no machine of its own",
        ),
    ],
)
def test_the_source_of_a_database_is_its_machine(facts, source):
    found = item(**facts).source

    assert found.lower() == source.lower()


def test_in_an_availability_group_the_data_source_tells_a_machine_where_it_is_one():
    one = item(
        container="VMAppContainer;ag;cluster-1;ag-1",
        sourceResourceId=None,
        dataSourceInfo={"resourceID": MACHINE},
    )

    assert one.source == MACHINE


@pytest.mark.parametrize(
    ("said", "healthy"),
    [
        ("Healthy", True),
        ("Completed", True),
        ("Unhealthy", False),
        ("Failed", False),
        ("IRPending", None),
        ("", None),
        (None, None),
    ],
)
def test_whether_a_databases_newest_backup_went_well(said, healthy):
    assert item(lastBackupStatus=said).healthy is healthy


def test_a_database_says_why_its_newest_backup_failed():
    detail = {"code": "UserErrorParentFullBackupMissing", "message": "x", "recommendations": []}
    one = item(lastBackupStatus="Unhealthy", lastBackupErrorDetail=detail)

    assert one.failure is not None
    assert one.failure.code == "UserErrorParentFullBackupMissing"


@pytest.mark.parametrize("detail", [{"code": "Success", "message": ""}, None, {}])
def test_a_database_may_fail_without_a_word(detail):
    one = item(lastBackupStatus="Unhealthy", lastBackupErrorDetail=detail)

    assert one.failure is not None
    assert one.failure.code == "none given"


def test_a_healthy_database_has_no_failure_whatever_its_error_detail_says():
    assert item(lastBackupErrorDetail={"code": "UserErrorParentFullBackupMissing"}).failure is None


@pytest.mark.parametrize("stamp", ["2001-01-01T00:00:00Z", "0001-01-01T00:00:00", None])
def test_a_database_that_was_never_backed_up_has_no_last_backup(stamp):
    one = item(lastBackupTime=stamp, lastBackupStatus="IRPending", lastRecoveryPoint=None)

    assert (one.last_backup, one.healthy, one.last_recovery_point) == (None, None, None)


@pytest.mark.parametrize(
    ("state", "stopped"),
    [
        ("Protected", False),
        ("IRPending", False),
        ("ProtectionError", False),
        ("ProtectionStopped", True),
        ("ProtectionPaused", True),
        ("BackupsSuspended", True),
    ],
)
def test_in_which_states_a_database_is_not_backed_up(state, stopped):
    assert item(protectionState=state).stopped is stopped


def share(**properties: object) -> Item:
    account = f"{SUBSCRIPTION}/resourceGroups/rg-st/providers/Microsoft.Storage/storageAccounts/stfiles"
    facts = {
        "friendlyName": "Docs",
        "serverName": None,
        "parentName": None,
        "backupManagementType": "AzureStorage",
        "workloadType": "AzureFileShare",
        "sourceResourceId": account,
        **properties,
    }
    return item("AzureFileShare;docs", "StorageContainer;storage;rg-st;stfiles", **facts)


def test_a_share_is_called_by_its_name_and_with_its_account():
    one = share()

    assert (one.workload, one.calls) == ("files", {"docs", "stfiles/docs"})
    assert one.source.endswith("/storageAccounts/stfiles")


def test_a_shares_own_word_is_not_asked():
    """All jobs of shares are listed."""
    one = share(lastBackupStatus="Failed", lastBackupErrorDetail={"code": "FileShareNotFound"})

    assert (one.healthy, one.failure) == (None, None)


# -- Recovery points ---------------------------------------------------------------------------


def told(**properties: object) -> list[tuple[str, str]]:
    return [(kind, f"{at:%H:%M}") for kind, at in points({"properties": properties})]


AT = {"recoveryPointTimeInUTC": "2026-03-09T22:03:00.52Z"}


@pytest.mark.parametrize("kind", ["Full", "Differential", "Incremental", "CopyOnlyFull", "SnapshotFull"])
@pytest.mark.parametrize(
    "of",
    [
        "AzureWorkloadSQLRecoveryPoint",
        "AzureWorkloadSAPHanaRecoveryPoint",
        "AzureWorkloadSAPAseRecoveryPoint",
    ],
)
def test_a_point_tells_its_type_and_moment(of, kind):
    assert told(objectType=of, type=kind, **AT) == [(kind.lower(), "22:03")]


@pytest.mark.parametrize(
    ("ranges", "found"),
    [
        pytest.param(
            [
                {"startTime": "2026-03-08T10:00:00Z", "endTime": "2026-03-08T21:00:00Z"},
                {"startTime": "2026-03-09T10:00:00Z", "endTime": "2026-03-09T23:00:00Z"},
            ],
            [("log", "21:00"), ("log", "23:00")],
            id="each chain of logs by its end",
        ),
        pytest.param([], [("log", "22:03")], id="its own moment where there is no chain"),
        pytest.param(None, [("log", "22:03")], id="its own moment where chains are null"),
        pytest.param([{"endTime": None}], [], id="nothing where a chain does not say when it ends"),
    ],
)
def test_the_logs_of_a_database_are_one_point_with_ranges_of_time(ranges, found):
    """AzureWorkloadSQLPointInTimeRecoveryPoint and its like of HANA and ASE."""
    assert told(type="Log", timeRanges=ranges, **AT) == found


@pytest.mark.parametrize("stamp", [None, "", "0001-01-01T00:00:00"])
def test_a_point_without_a_moment_is_none(stamp):
    assert told(type="Full", recoveryPointTimeInUTC=stamp) == []


def test_a_point_may_be_written_as_those_of_machines_are():
    assert told(recoveryPointType="Full", recoveryPointTime="2026-03-09T22:03:00Z") == [("full", "22:03")]


def test_a_point_of_no_type_is_of_none():
    assert told(**AT) == [("", "22:03")]


@pytest.mark.parametrize(
    ("parent", "name"),
    [("MSSQLSERVER", "sql-01/Sales"), ("INST2", r"sql-01\INST2/Sales"), (None, "sql-01/Sales")],
    ids=["the default instance", "a named instance", "nothing told"],
)
def test_a_database_is_shown_with_its_server_and_instance(parent, name):
    assert item(parentName=parent).name == name
