"""On-demand backups of databases: what is accepted, what is refused, and how accepted ones end."""

import pytest

from simulator import clock
from simulator.estate_databases import database, database_policy
from tests.simulator.recovery_estate import NOW, SUB, TABLE, VAULT, estate, playing, vm_id

TYPE = "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems"
HANDSOME = {"enableCompression": True, "recoveryPointExpiryTimeInUTC": "2027-01-06T00:00:00.000Z"}
NO_FULL = {"last_recovery_point_ago": "1h", "last_full_ago": None}


def error(answer):
    return answer.status, answer.body["error"]["code"]


class Database:
    """One database of one vault, and its client."""

    def __init__(self, folder, kind="sql", name="Sales", outcomes=(), settings=None, **given):
        made = estate()
        log_minutes = given.pop("log_minutes", 60)
        world = given.pop("world", {})
        policy = database_policy(made, VAULT, "hourly", kind=kind, log_minutes=log_minutes)
        self.id = database(made, VAULT, vm_id("vm-1"), name, kind=kind, policy=policy, **given)
        made.world.update(world)
        if outcomes:
            made.outcomes(self.id, *outcomes)
        self.client = playing(folder, made, settings)

    def backup(self, backup_type="Full", **given):
        asked = {"objectType": "AzureWorkloadBackupRequest", "backupType": backup_type, **given}
        return self.client.post(f"{self.id}/backup", {"properties": asked})

    def after(self, seconds=600):
        self.client.clock.at += seconds
        return self.client.get(self.id).body["properties"]

    def job(self):
        name = self.client.world.triggers[-1]["job"]
        return self.client.get(f"{VAULT}/backupJobs/{name}").body["properties"]

    def ended(self, *types):
        """Status and code of the backups of these types, one after the other."""
        told = []
        for one in types:
            assert self.backup(one).status == 202
            self.client.clock.at += 600
            job = self.job()
            told.append((job["status"], *[why["errorTitle"] for why in job.get("errorDetails", [])]))
        return told


class TestAccepting:
    def test_answers_as_for_machines_and_writes_down_the_trigger(self, tmp_path):
        sales = Database(tmp_path)
        answer = sales.backup("Full", **HANDSOME)

        assert (answer.status, answer.body) == (202, None)
        assert sales.client.world.triggers == [
            {
                "at": "2026-11-22T12:00:00.0000000Z",
                "item": sales.id,
                "vault": VAULT,
                "subscription": SUB.split("/")[-1],
                "body": {
                    "properties": {
                        "objectType": "AzureWorkloadBackupRequest",
                        "backupType": "Full",
                        **HANDSOME,
                    }
                },
                "job": sales.client.world.triggers[0]["job"],
            }
        ]

    def test_makes_a_job_that_resource_graph_sees_too(self, tmp_path):
        sales = Database(tmp_path, kind="hana", name="SYSTEMDB")
        sales.backup("Incremental")

        name = sales.client.world.triggers[0]["job"]
        given = sales.client.world.store.get(TABLE, f"{VAULT}/backupJobs/{name}", NOW)["properties"]
        assert {key: one for key, one in given.items() if key != "activityId"} == {
            "jobType": "AzureWorkloadJob",
            "operation": "Backup (Incremental)",
            "entityFriendlyName": "SYSTEMDB [vm-1]",
            "backupManagementType": "AzureWorkload",
            "workloadType": "SAPHanaDatabase",
            "backupInstanceId": sales.id,
            "dataSourceId": vm_id("vm-1"),
            "dataSourceLocation": "westeurope",
            "isUserTriggered": True,
            "actionsInfo": ["Cancellable"],
            "extendedInfo": {"propertyBag": {}},
            "status": "InProgress",
            "startTime": "2026-11-22T12:00:00.0000000Z",
            "duration": "PT0S",
        }

    def test_the_vault_tells_of_one_task_and_of_no_container(self, tmp_path):
        sales = Database(tmp_path)
        sales.backup()
        during, (listed,) = sales.job(), sales.client.get(f"{VAULT}/backupJobs").body["value"]
        sales.after()

        assert during["extendedInfo"]["tasksList"] == [
            {"taskId": "Transfer data to vault", "status": "InProgress"}
        ]
        assert sales.job()["extendedInfo"]["tasksList"][0]["status"] == "Completed"
        assert set(listed["properties"]) & {"containerName", "extendedInfo"} == set()
        assert listed["properties"]["isUserTriggered"] is True

    def test_a_filter_by_operation_finds_it_without_its_type(self, tmp_path):
        sales = Database(tmp_path)
        sales.backup()

        asked = {"$filter": "operation eq 'Backup' and backupManagementType eq 'AzureWorkload'"}
        assert len(sales.client.get(f"{VAULT}/backupJobs", **asked).body["value"]) == 1

    def test_an_item_whose_source_is_written_as_documented_is_backed_up_too(self, tmp_path):
        odd = f"{SUB}/resourceGroups/rg-app/providers/VMAppContainer/vm-1"
        sales = Database(tmp_path, sourceResourceId=odd)

        assert sales.ended("Full") == [("Completed",)]


class TestRefusing:
    @pytest.mark.parametrize(
        ("kind", "given"),
        [
            pytest.param("sql", {"objectType": "IaasVMBackupRequest"}, id="the body of a machine"),
            pytest.param("sql", {"backupType": None}, id="no type"),
            pytest.param("sql", {"backupType": "full"}, id="a type in another casing"),
            pytest.param("sql", {"backupType": "Incremental"}, id="an Incremental of SQL Server"),
            pytest.param("hana", {"backupType": "CopyOnlyFull"}, id="a CopyOnlyFull of SAP HANA"),
            pytest.param("ase", {"backupType": "Incremental"}, id="an Incremental of SAP ASE"),
            pytest.param("sql", {"enableCompression": "true"}, id="compression as a text"),
            pytest.param("sql", {"recoveryPointExpiryTimeInUTC": "soon"}, id="expires soon"),
            pytest.param(
                "hana", {"recoveryPointExpiryTimeInUTC": "2027-01-05T23:59:59Z"}, id="44 days by the calendar"
            ),
            pytest.param(
                "sql",
                {"backupType": "CopyOnlyFull", "recoveryPointExpiryTimeInUTC": "2026-12-22T00:00:00Z"},
                id="a CopyOnlyFull for 30 days",
            ),
        ],
    )
    def test_an_unusable_body_is_invalid_input(self, tmp_path, kind, given):
        sales = Database(tmp_path, kind)
        asked = {"objectType": "AzureWorkloadBackupRequest", "backupType": "Full", **given}

        answer = sales.client.post(f"{sales.id}/backup", {"properties": asked})
        assert error(answer) == (400, "BMSUserErrorInvalidInput")
        assert sales.client.world.triggers == []

    @pytest.mark.parametrize("expires", ["2026-11-23T00:00:00Z", "2020-01-01T00:00:00Z"])
    def test_the_expiry_of_what_is_no_full_backup_is_ignored(self, tmp_path, expires):
        sales = Database(tmp_path)

        assert sales.backup("Differential", recoveryPointExpiryTimeInUTC=expires).status == 202

    def test_a_tenth_full_backup_in_24_hours_is_over_the_limit_and_a_differential_is_not(self, tmp_path):
        sales = Database(tmp_path)
        sales.ended(*["Full"] * 8, "CopyOnlyFull", "Differential")

        assert error(sales.backup("Full")) == (400, "CloudDosAbsoluteLimitReached")
        assert sales.backup("Differential").status == 202

    def test_scheduled_full_backups_do_not_count(self, tmp_path):
        made = estate()
        item = database(made, VAULT, vm_id("vm-1"), "Sales")
        for hours in range(2, 14):
            made.job(item, "Completed", ago=f"{hours}h")
        body = {"properties": {"objectType": "AzureWorkloadBackupRequest", "backupType": "Full"}}

        assert playing(tmp_path, made).post(f"{item}/backup", body).status == 202

    def test_an_item_that_is_not_protected_is_refused(self, tmp_path):
        sales = Database(tmp_path, protectionState="ProtectionStopped")

        assert error(sales.backup()) == (400, "BMSUserErrorInvalidInput")


class TestBusy:
    CONFLICT = "OperationCancelledBecauseConflictingOperationRunningUserError"

    def test_a_second_backup_is_accepted_and_its_operation_fails(self, tmp_path):
        sales = Database(tmp_path)
        sales.backup()
        answer = sales.backup("Differential")
        sales.client.clock.at += 5

        done = sales.client.follow(answer.headers["Azure-AsyncOperation"]).body
        assert (answer.status, done["status"], done["error"]["code"]) == (202, "Failed", self.CONFLICT)
        assert sales.client.world.triggers[-1]["job"] is None

    def test_or_is_refused_where_the_estate_says_so(self, tmp_path):
        sales = Database(tmp_path, world={"busy": "refuse"})
        sales.backup()

        assert error(sales.backup()) == (400, self.CONFLICT)

    @pytest.mark.parametrize(
        ("friendly", "busy"),
        [
            pytest.param("SALES [vm-1]", True, id="database and server"),
            pytest.param("MSSQLSERVER/Sales [VM-1]", True, id="instance, database and server"),
            pytest.param("sales", True, id="database"),
            pytest.param("Sales [vm-2]", False, id="of another server"),
            pytest.param("OTHER/Sales [vm-1]", False, id="of another instance"),
            pytest.param("Sales2 [vm-1]", False, id="another database"),
        ],
    )
    def test_a_job_that_does_not_name_its_item_is_told_by_its_names(self, tmp_path, friendly, busy):
        made = estate()
        item = database(made, VAULT, vm_id("vm-1"), "Sales")
        made.job(item, "InProgress", ago="5m", backupInstanceId=None, entityFriendlyName=friendly)
        made.world["busy"] = "refuse"
        body = {"properties": {"objectType": "AzureWorkloadBackupRequest", "backupType": "Full"}}

        assert (playing(tmp_path, made).post(f"{item}/backup", body).status == 400) is busy


class TestEnding:
    def test_a_first_full_backup_makes_it_protected_and_healthy(self, tmp_path):
        sales = Database(tmp_path, last_recovery_point_ago=None)
        sales.backup()
        during, after = sales.after(599), sales.after(1)

        states = ("lastBackupStatus", "protectedItemHealthStatus", "protectionState")
        assert [during[name] for name in states] == ["IRPending"] * 3
        assert [after[name] for name in states] == ["Healthy", "Healthy", "Protected"]
        assert after["lastBackupTime"] == after["lastRecoveryPoint"] == "2026-11-22T12:00:00.0000000Z"
        assert after["extendedInfo"]["recoveryPointCount"] == 1
        assert "lastBackupErrorDetail" not in after

    def test_a_failure_says_why_on_the_item_and_on_the_job(self, tmp_path):
        sales = Database(tmp_path, outcomes=["Failed:UserErrorOpeningSQLConnection"])
        before = sales.after(0)
        sales.backup()
        after = sales.after()

        assert (after["lastBackupStatus"], after["protectedItemHealthStatus"]) == ("Unhealthy", "Unhealthy")
        assert after["lastBackupErrorDetail"]["code"] == "UserErrorOpeningSQLConnection"
        assert set(after["lastBackupErrorDetail"]) == {"code", "message", "recommendations"}
        assert after["lastBackupTime"] == "2026-11-22T12:00:00.0000000Z"
        for kept in ("lastRecoveryPoint", "protectionState", "protectionStatus", "extendedInfo"):
            assert after[kept] == before[kept]
        assert set(sales.job()["errorDetails"][0]) == {
            "errorCode",
            "errorTitle",
            "errorString",
            "recommendations",
            "additionalDetails",
        }

    def test_a_success_takes_the_error_away(self, tmp_path):
        sales = Database(tmp_path, unhealthy="UserErrorParentFullBackupMissing")
        before = sales.after(0)
        sales.backup()
        after = sales.after()

        assert before["lastBackupErrorDetail"]["code"] == "UserErrorParentFullBackupMissing"
        assert (after["lastBackupStatus"], "lastBackupErrorDetail" in after) == ("Healthy", False)

    def test_a_log_moves_the_last_recovery_point_and_counts_as_none(self, tmp_path):
        sales = Database(tmp_path)
        before = sales.after(0)
        sales.backup("Log")
        after = sales.after()

        assert after["lastRecoveryPoint"] == "2026-11-22T12:00:00.0000000Z"
        assert after["extendedInfo"]["recoveryPointCount"] == before["extendedInfo"]["recoveryPointCount"]

    def test_a_job_running_when_the_estate_is_loaded_ends_too(self, tmp_path):
        made = estate()
        item = database(made, VAULT, vm_id("vm-1"), "Sales", last_recovery_point_ago=None)
        job = made.job(item, "InProgress", ago="30m", operation="Backup (Log)")
        made.outcomes(item, "Failed:UserErrorSQLLSNValidationFailure")
        made.minutes(item, 40)
        client = playing(tmp_path, made)
        client.clock.at += 600

        assert client.get(job).body["properties"]["status"] == "Failed"
        told = client.get(item).body["properties"]
        assert told["lastBackupErrorDetail"]["code"] == "UserErrorSQLLSNValidationFailure"


class TestParents:
    @pytest.mark.parametrize(
        ("kind", "smaller"),
        [("sql", "Differential"), ("sql", "Log"), ("hana", "Incremental"), ("ase", "Log")],
    )
    def test_without_any_full_what_needs_one_fails_until_there_is_one(self, tmp_path, kind, smaller):
        sales = Database(tmp_path, kind, outcomes=["Completed", "Completed"], **NO_FULL)

        assert sales.ended(smaller, "Full", smaller) == [
            ("Failed", "UserErrorParentFullBackupMissing"),
            ("Completed",),
            ("Completed",),
        ]
        assert sales.client.world.known.outcomes[sales.id.lower()] == []

    def test_a_copy_only_full_is_no_parent(self, tmp_path):
        sales = Database(tmp_path, **NO_FULL)

        assert sales.ended("CopyOnlyFull", "Log")[1] == ("Failed", "UserErrorParentFullBackupMissing")

    def test_a_full_that_only_the_estate_knows_is_one(self, tmp_path):
        sales = Database(tmp_path, **NO_FULL)
        entry = {"at": clock.stamp(NOW - 86400), "type": "Full"}
        sales.client.world.known.recovery_points[sales.id.lower()] = [entry]

        assert sales.ended("Differential") == [("Completed",)]

    def test_the_last_full_is_remembered_when_the_row_tells_of_a_newer_point(self, tmp_path):
        sales = Database(tmp_path, log_minutes=None, last_recovery_point_ago="20h", last_full_ago=None)

        assert sales.ended("Differential", "Differential") == [("Completed",), ("Completed",)]

    @pytest.mark.parametrize(
        ("given", "backup_type", "status"),
        [
            pytest.param({"recovery_model": "SIMPLE"}, "Log", "Failed", id="a log of a simple model"),
            pytest.param({"recovery_model": "SIMPLE"}, "Differential", "Completed", id="its differential"),
            pytest.param({"recovery_model": "BULKLOGGED"}, "Log", "Completed", id="a log of another model"),
            pytest.param({"name": "master"}, "Differential", "Failed", id="a differential of master"),
            pytest.param({"name": "master"}, "Log", "Failed", id="a log of master"),
            pytest.param({"name": "master"}, "Full", "Completed", id="a full backup of master"),
            pytest.param(
                {"name": "master", "kind": "hana"}, "Log", "Completed", id="master of no SQL Server"
            ),
        ],
    )
    def test_sql_server_does_not_support_every_type(self, tmp_path, given, backup_type, status):
        (ended,) = Database(tmp_path, **given).ended(backup_type)

        why = {"Completed": (), "Failed": ("UserErrorSQLPODoesNotSupportBackupType",)}
        assert ended == (status, *why[status])


class TestItems:
    def test_tell_what_their_vault_tells(self, tmp_path):
        sales = Database(tmp_path, last_recovery_point_ago=None)
        told = sales.client.get(sales.id).body

        assert told["type"] == TYPE
        assert told["name"] == "SQLDataBase;mssqlserver;sales"
        data_source = told["properties"].pop("protectedItemDataSourceId")
        assert data_source.isdecimal()
        assert told["properties"] == {
            "friendlyName": "Sales",
            "serverName": "vm-1",
            "parentName": "MSSQLSERVER",
            "parentType": "AzureVmWorkloadSQLInstance",
            "protectionStatus": "Healthy",
            "protectionState": "IRPending",
            "lastBackupStatus": "IRPending",
            "lastBackupErrorDetail": {"code": "Success", "message": ""},
            "protectedItemHealthStatus": "IRPending",
            "extendedInfo": {"recoveryPointCount": 0, "policyState": "Consistent", "recoveryModel": "FULL"},
            "protectedItemType": "AzureVmWorkloadSQLDatabase",
            "backupManagementType": "AzureWorkload",
            "workloadType": "SQLDataBase",
            "containerName": "VMAppContainer;compute;rg-app;vm-1",
            "sourceResourceId": vm_id("vm-1"),
            "policyId": f"{VAULT}/backupPolicies/hourly",
            "vaultId": f"https://management.azure.com{VAULT}",
            "isScheduledForDeferredDelete": False,
            "isArchiveEnabled": False,
            "softDeleteRetentionPeriod": 14,
        }

    def test_are_listed_by_their_workload(self, tmp_path):
        made = estate()
        for kind in ("sql", "hana", "ase"):
            database(made, VAULT, vm_id("vm-1"), kind, kind=kind)
        asked = {"$filter": "backupManagementType eq 'AzureWorkload' and itemType eq 'SAPHanaDatabase'"}
        answer = playing(tmp_path, made).get(f"{VAULT}/backupProtectedItems", **asked)

        assert [one["properties"]["friendlyName"] for one in answer.body["value"]] == ["hana"]

    @pytest.mark.parametrize(
        ("given", "status"),
        [
            pytest.param({"resourceType": "VM"}, "NotProtected", id="the machine itself"),
            pytest.param(
                {"resourceType": "SQLDataBase", "poLogicalName": "SALES"}, "Protected", id="by its name"
            ),
            pytest.param(
                {"resourceType": "SQLDataBase", "poLogicalName": "mssqlserver/sales"},
                "Protected",
                id="with its instance",
            ),
            pytest.param(
                {"resourceType": "SQLDataBase", "poLogicalName": "hr"}, "NotProtected", id="another database"
            ),
            pytest.param(
                {"resourceType": "SAPHanaDatabase", "poLogicalName": "sales"},
                "NotProtected",
                id="of another kind",
            ),
        ],
    )
    def test_do_not_protect_their_machine(self, tmp_path, given, status):
        path = f"{SUB}/providers/Microsoft.RecoveryServices/locations/westeurope/backupStatus"
        sales = Database(tmp_path)

        answer = sales.client.post(path, {"resourceId": vm_id("vm-1"), **given})
        assert answer.body["protectionStatus"] == status


class TestPolicies:
    @pytest.mark.parametrize(
        ("filter", "names"),
        [
            pytest.param("backupManagementType eq 'AzureWorkload'", ["hana", "sql"], id="of databases"),
            pytest.param("workloadType eq 'SQLDataBase'", ["sql"], id="of SQL Server"),
            pytest.param("workloadType eq 'VM'", ["vm"], id="of machines, which do not say so"),
        ],
    )
    def test_are_picked_by_workload(self, tmp_path, filter, names):
        made = estate()
        made.policy(VAULT, "vm")
        for kind in ("sql", "hana"):
            database_policy(made, VAULT, kind, kind=kind)
        answer = playing(tmp_path, made).get(f"{VAULT}/backupPolicies", **{"$filter": filter})

        assert [one["name"] for one in answer.body["value"]] == names
