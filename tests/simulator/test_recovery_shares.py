"""On-demand backups of file shares: what is accepted, what is refused, and how accepted ones end."""

import pytest

from simulator.estate_shares import share, share_policy
from tests.simulator.recovery_estate import NOW, SUB, TABLE, VAULT, estate, playing

ACCOUNT = f"{SUB}/resourceGroups/rg-files/providers/Microsoft.Storage/storageAccounts/stdocs"
BODY = {"properties": {"objectType": "AzureFileShareBackupRequest"}}
ADHOC = "Whether job is adhoc or scheduled."


def error(answer):
    return answer.status, answer.body["error"]["code"]


class Share:
    """One share of one vault, and its client."""

    def __init__(self, folder, outcomes=(), busy="fail", jobs=(), **given):
        made = estate()
        policy = share_policy(made, VAULT, "daily")
        self.id = share(made, VAULT, ACCOUNT, "docs", policy=policy, **given)
        for job in jobs:
            made.job(self.id, "Completed", **job)
        made.world["busy"] = busy
        if outcomes:
            made.outcomes(self.id, *outcomes)
        self.client = playing(folder, made)

    def backup(self, **given):
        return self.client.post(f"{self.id}/backup", {"properties": {**BODY["properties"], **given}})

    def after(self, seconds=600):
        self.client.clock.at += seconds
        return self.client.get(self.id).body["properties"]

    def job(self):
        name = self.client.world.triggers[-1]["job"]
        return self.client.get(f"{VAULT}/backupJobs/{name}").body["properties"]


class TestAccepting:
    def test_makes_a_job_that_says_who_asked_for_it_only_in_its_property_bag(self, tmp_path):
        docs = Share(tmp_path)
        answer = docs.backup(recoveryPointExpiryTimeInUTC="2026-12-01T00:00:00.000Z")

        name = docs.client.world.triggers[0]["job"]
        given = docs.client.world.store.get(TABLE, f"{VAULT}/backupJobs/{name}", NOW)["properties"]
        assert (answer.status, docs.client.world.triggers[0]["item"]) == (202, docs.id)
        assert {key: one for key, one in given.items() if key != "activityId"} == {
            "jobType": "AzureStorageJob",
            "operation": "Backup",
            "entityFriendlyName": "docs",
            "backupManagementType": "AzureStorage",
            "workloadType": "AzureFileShare",
            "storageAccountName": "stdocs",
            "storageAccountVersion": "MicrosoftStorage",
            "backupInstanceId": docs.id,
            "dataSourceId": ACCOUNT,
            "dataSourceLocation": "westeurope",
            "isUserTriggered": False,
            "extendedInfo": {
                "propertyBag": {"Data Transferred (in MB)": "0", "File Share Name": "docs", ADHOC: "True"}
            },
            "status": "InProgress",
            "startTime": "2026-11-22T12:00:00.0000000Z",
            "duration": "PT0S",
        }

    def test_a_list_does_not_tell_that_it_was_asked_for(self, tmp_path):
        docs = Share(tmp_path)
        docs.backup()
        (listed,) = docs.client.get(f"{VAULT}/backupJobs").body["value"]

        assert (listed["properties"]["isUserTriggered"], "extendedInfo" in listed["properties"]) == (
            False,
            False,
        )

    def test_the_vault_tells_of_two_tasks(self, tmp_path):
        docs = Share(tmp_path)
        docs.backup()

        assert docs.job()["extendedInfo"]["tasksList"] == [
            {"taskId": "Take Snapshot", "taskType": "Normal", "status": "Completed"},
            {"taskId": "Transfer data to vault", "taskType": "Normal", "status": "InProgress"},
        ]

    def test_an_item_named_by_a_hash_is_backed_up_too(self, tmp_path):
        docs = Share(tmp_path, hashed=True)
        docs.backup()
        docs.after()

        assert (docs.job()["status"], docs.job()["entityFriendlyName"]) == ("Completed", "docs")


class TestRefusing:
    @pytest.mark.parametrize(
        "given",
        [
            pytest.param({"objectType": "AzureWorkloadBackupRequest"}, id="the body of a database"),
            pytest.param({"recoveryPointExpiryTimeInUTC": "2026-11-22T12:00:00Z"}, id="expires now"),
        ],
    )
    def test_an_unusable_body_is_invalid_input(self, tmp_path, given):
        docs = Share(tmp_path)

        assert error(docs.backup(**given)) == (400, "BMSUserErrorInvalidInput")
        assert docs.client.world.triggers == []

    def test_a_fifth_on_demand_backup_in_24_hours_is_over_the_limit(self, tmp_path):
        asked_for = [{"ago": f"{hours}h", "user": True} for hours in (5, 4, 3)]
        scheduled = [{"ago": f"{hours}h"} for hours in (8, 7, 6)]
        docs = Share(tmp_path, jobs=[*asked_for, *scheduled, {"ago": "25h", "user": True}])
        fourth = docs.backup()
        docs.after()

        assert fourth.status == 202
        assert error(docs.backup()) == (400, "CloudDosAbsoluteLimitReached")

    def test_what_runs_already_is_refused_where_the_estate_says_so(self, tmp_path):
        docs = Share(tmp_path, busy="refuse")
        docs.backup()

        assert error(docs.backup()) == (400, "ParallelSnapshotRequest")

    def test_or_accepted_and_its_operation_fails(self, tmp_path):
        docs = Share(tmp_path)
        docs.backup()
        link = docs.backup().headers["Azure-AsyncOperation"]
        docs.client.clock.at += 5

        assert docs.client.follow(link).body["error"]["code"] == "ParallelSnapshotRequest"


class TestEnding:
    def test_a_first_backup_makes_it_protected(self, tmp_path):
        docs = Share(tmp_path, last_recovery_point_ago=None)
        docs.backup()
        during, after = docs.after(599), docs.after(1)

        assert (during["lastBackupStatus"], during["protectionState"]) == ("IRPending", "IRPending")
        assert (after["lastBackupStatus"], after["protectionState"]) == ("Completed", "Protected")
        assert after["lastBackupTime"] == after["lastRecoveryPoint"] == "2026-11-22T12:00:00.0000000Z"
        assert after["extendedInfo"]["recoveryPointCount"] == 1

    def test_a_failure_leaves_its_recovery_points(self, tmp_path):
        docs = Share(tmp_path, outcomes=["Failed:AFSMaxSnapshotReached"])
        before = docs.after(0)
        docs.backup()
        after = docs.after()

        assert (after["lastBackupStatus"], after["protectionStatus"]) == ("Failed", "Unhealthy")
        assert after["lastRecoveryPoint"] == before["lastRecoveryPoint"]
        assert docs.job()["errorDetails"] == [
            {
                "errorCode": 499000,
                "errorString": "You have reached the max limit of snapshots for this file share.",
                "recommendations": [
                    "Delete on-demand snapshots of the file share. https://aka.ms/AB-AFSMaxSnapshotReached"
                ],
            }
        ]
