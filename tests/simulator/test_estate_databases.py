"""Databases of an estate: their rows, their policies, and what jobs leave on them."""

import re

import pytest

from simulator import clock
from simulator.estate import Estate
from simulator.estate_databases import database, database_policy

NOW = clock.moment("2026-11-22T07:10:00Z")
CODE = "UserErrorOpeningSQLConnection"
KINDS = {
    "sql": ("SQLDataBase", "AzureVmWorkloadSQLDatabase", "AzureVmWorkloadSQLInstance", "MSSQLSERVER"),
    "hana": ("SAPHanaDatabase", "AzureVmWorkloadSAPHanaDatabase", "AzureVmWorkloadSAPHanaSystem", "HXE"),
    "ase": ("SAPAseDatabase", "AzureVmWorkloadSAPAseDatabase", "AzureVmWorkloadSAPAseSystem", "ASE"),
}


@pytest.fixture
def estate():
    return Estate(NOW)


@pytest.fixture
def vault(estate):
    return estate.vault("rsv", subscription=estate.subscription("prod"), group="RG-Backup")


@pytest.fixture
def vm(estate, vault):
    return estate.vm("VM-Sql", subscription=vault.split("/")[2], group="RG-App")


@pytest.fixture
def hourly(estate, vault):
    return database_policy(estate, vault, "hourly")


@pytest.fixture
def item(estate, vault, vm, hourly):
    return database(estate, vault, vm, "Sales", policy=hourly, last_recovery_point_ago="30m")


def shown(estate, row_id):
    return estate.row(row_id)["properties"]


class TestItems:
    @pytest.mark.parametrize("kind", KINDS)
    def test_are_named_in_lower_case_after_machine_instance_and_database(self, estate, vault, vm, kind):
        workload, item_type, parent_type, instance = KINDS[kind]
        item = database(estate, vault, vm, "Sales", kind=kind)

        assert item == (
            f"{vault}/backupFabrics/Azure/protectionContainers/VMAppContainer;compute;rg-app;vm-sql"
            f"/protectedItems/{workload};{instance.lower()};sales"
        )
        assert {
            "friendlyName": "Sales",
            "serverName": "VM-Sql",
            "parentName": instance,
            "parentType": parent_type,
            "protectedItemType": item_type,
            "workloadType": workload,
            "backupManagementType": "AzureWorkload",
            "sourceResourceId": vm,
            "dataSourceId": vm,
        }.items() <= shown(estate, item).items()
        assert shown(estate, item)["dataSourceInfo"]["resourceID"] == vm

    def test_of_a_named_instance_and_of_the_documented_source(self, estate, vault, vm):
        odd = "/subscriptions/s/resourceGroups/g/providers/VMAppContainer/VM-Sql"
        item = database(estate, vault, vm, "Sales", instance="PROD1", sourceResourceId=odd)

        assert item.endswith("/SQLDataBase;prod1;sales")
        assert shown(estate, item)["sourceResourceId"] == odd
        assert shown(estate, item)["dataSourceInfo"]["resourceID"] == vm

    def test_never_backed_up_are_pending_and_have_no_last_backup(self, estate, vault, vm):
        told = shown(estate, database(estate, vault, vm, "Sales", last_recovery_point_ago=None))

        states = ("protectionState", "lastBackupStatus", "protectedItemHealthStatus")
        assert {told[name] for name in states} == {"IRPending"}
        assert told["lastBackupErrorDetail"] == {"code": "Success", "message": ""}
        assert told["extendedInfo"]["recoveryPointCount"] == 0
        assert set(told) & {"lastBackupTime", "lastRecoveryPoint"} == set()

    def test_backed_up_are_healthy_without_an_error(self, estate, item):
        told = shown(estate, item)

        assert told["lastRecoveryPoint"] == told["lastBackupTime"] == "2026-11-22T06:40:00.0000000Z"
        assert (told["lastBackupStatus"], told["protectedItemHealthStatus"]) == ("Healthy", "Healthy")
        assert (told["protectionState"], "lastBackupErrorDetail" in told) == ("Protected", False)

    def test_that_have_logs_have_a_full_before_them(self, estate, item):
        assert shown(estate, item)["extendedInfo"] == {
            "oldestRecoveryPoint": "2026-11-15T07:10:00.0000000Z",
            "recoveryPointCount": 1,
            "policyState": "Consistent",
            "recoveryModel": "FULL",
        }

    def test_may_lack_their_full(self, estate, vault, vm, hourly):
        item = database(
            estate, vault, vm, "x", policy=hourly, last_recovery_point_ago="1h", last_full_ago=None
        )

        told = shown(estate, item)
        assert told["extendedInfo"]["oldestRecoveryPoint"] == told["lastRecoveryPoint"]

    def test_whose_newest_backup_failed_say_why(self, estate, vault, vm):
        told = shown(estate, database(estate, vault, vm, "x", unhealthy=CODE, failed_ago="3h"))

        assert (told["lastBackupStatus"], told["protectedItemHealthStatus"]) == ("Unhealthy", "Unhealthy")
        assert told["lastBackupErrorDetail"]["code"] == CODE
        assert told["lastBackupTime"] == "2026-11-22T04:10:00.0000000Z"
        assert told["lastRecoveryPoint"] == "2026-11-21T11:10:00.0000000Z"

    def test_are_counted_by_their_policy(self, estate, item, hourly):
        assert shown(estate, hourly)["protectedItemsCount"] == 1


class TestPolicies:
    def test_take_a_full_a_day_and_logs(self, estate, vault):
        told = shown(
            estate,
            database_policy(
                estate, vault, "p", full="01:30", log_minutes=15, zone="India Standard Time", days=40
            ),
        )
        full, log = told["subProtectionPolicy"]

        assert (told["backupManagementType"], told["workLoadType"]) == ("AzureWorkload", "SQLDataBase")
        assert told["settings"] == {
            "timeZone": "India Standard Time",
            "issqlcompression": False,
            "isCompression": False,
        }
        assert full["schedulePolicy"] == {
            "schedulePolicyType": "SimpleSchedulePolicy",
            "scheduleRunFrequency": "Daily",
            "scheduleRunTimes": ["2026-09-23T01:30:00Z"],
            "scheduleWeeklyFrequency": 0,
        }
        kept = full["retentionPolicy"]["dailySchedule"]["retentionDuration"]
        assert kept == {"count": 40, "durationType": "Days"}
        assert log["schedulePolicy"] == {
            "schedulePolicyType": "LogSchedulePolicy",
            "scheduleFrequencyInMins": 15,
        }

    def test_take_something_smaller_on_days_without_a_full(self, estate, vault):
        policy = database_policy(
            estate,
            vault,
            "p",
            kind="hana",
            full_days=["Sunday", "Wednesday"],
            differential="02:00",
            log_minutes=None,
        )
        full, differential = shown(estate, policy)["subProtectionPolicy"]

        assert full["retentionPolicy"]["weeklySchedule"]["daysOfTheWeek"] == ["Sunday", "Wednesday"]
        assert differential["policyType"] == "Differential"
        assert differential["schedulePolicy"]["scheduleRunDays"] == [
            "Monday",
            "Tuesday",
            "Thursday",
            "Friday",
            "Saturday",
        ]

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            pytest.param({"full_days": ["Sonntag"]}, "full_days are Monday, ", id="a day of no week"),
            pytest.param(
                {"incremental": "02:00"}, "a Differential or Incremental needs full_days", id="no day left"
            ),
            pytest.param({"full": "10 pm"}, "at must be a time such as 22:00, got '10 pm'", id="no time"),
        ],
    )
    def test_that_cannot_be_are_refused(self, estate, vault, given, message):
        with pytest.raises(ValueError, match=f"^policy 'p': {re.escape(message)}"):
            database_policy(estate, vault, "p", **given)


class TestJobs:
    @pytest.mark.parametrize(
        ("user", "kind", "told"),
        [
            pytest.param(True, "AzureWorkloadJob", True, id="by a person"),
            pytest.param(False, "AzureWorkloadJob", "absent", id="by the schedule"),
            pytest.param(None, "AzureWorkloadJobV2", "absent", id="nobody knows by whom"),
        ],
    )
    def test_say_who_started_them_only_where_it_was_a_person(self, estate, item, user, kind, told):
        job = shown(estate, estate.job(item, "Completed", ago="3h", user=user))

        assert (job["jobType"], job.get("isUserTriggered", "absent")) == (kind, told)

    @pytest.mark.parametrize("operation", ["Backup (Log)", "Backup", None])
    def test_name_operation_database_and_server_and_no_container(self, estate, item, vm, operation):
        job = shown(estate, estate.job(item, "Failed", ago="3h", codes=[CODE], operation=operation))

        assert {
            "operation": operation or "Backup (Full)",
            "entityFriendlyName": "Sales [VM-Sql]",
            "backupManagementType": "AzureWorkload",
            "workloadType": "SQLDataBase",
            "backupInstanceId": item,
            "dataSourceId": vm,
        }.items() <= job.items()
        assert "containerName" not in job
        assert job["errorDetails"] == [
            {
                "errorCode": 499000,
                "errorTitle": CODE,
                "errorString": "Azure Backup is not able to connect to the SQL instance.",
                "recommendations": [
                    f"Make sure the instance is running and its login may connect. https://aka.ms/AB-{CODE}"
                ],
                "additionalDetails": "Azure Backup is not able to connect to the SQL instance.",
            }
        ]

    def test_can_be_told_as_any_was_recorded(self, estate, item):
        job = estate.job(
            item,
            "Completed",
            ago="3h",
            user=None,
            isUserTriggered=True,
            entityFriendlyName="MSSQLSERVER/Sales [VM-Sql]",
        )

        told = shown(estate, job)
        assert (told["jobType"], told["isUserTriggered"]) == ("AzureWorkloadJobV2", True)
        assert told["entityFriendlyName"] == "MSSQLSERVER/Sales [VM-Sql]"

    def test_that_failed_show_on_the_item_until_one_succeeds(self, estate, item):
        estate.job(item, "Failed", ago="20m", codes=[CODE], operation="Backup (Log)")
        failed = dict(shown(estate, item))
        estate.job(item, "Completed", ago="15m", operation="Backup (Log)")
        told = shown(estate, item)

        assert (failed["lastBackupStatus"], failed["lastBackupErrorDetail"]["code"]) == ("Unhealthy", CODE)
        assert failed["lastRecoveryPoint"] == "2026-11-22T06:40:00.0000000Z"
        assert (told["lastBackupStatus"], "lastBackupErrorDetail" in told) == ("Healthy", False)
        assert told["lastRecoveryPoint"] == told["lastBackupTime"] == "2026-11-22T06:55:00.0000000Z"
        assert told["extendedInfo"]["recoveryPointCount"] == 1
