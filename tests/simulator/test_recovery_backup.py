"""On-demand backups: what is accepted, what is refused, and how accepted ones end."""

import pytest

from simulator.world import Settings
from tests.simulator.recovery_estate import (
    BODY,
    NOW,
    SUB,
    TABLE,
    VAULT,
    caller,
    item,
    item_id,
    job,
    job_id,
    vm_id,
)

LATER = "2026-12-22T00:00:00.0000000Z"


def error(answer):
    return answer.status, answer.body["error"]["code"]


def finished(client, seconds=600):
    """The item once the backup that was just triggered should have ended."""
    client.clock.at += seconds
    return client.item("vm-1")


class TestAccepting:
    def test_answers_202_without_a_body_and_two_links_to_one_operation(self, tmp_path):
        client = caller(tmp_path, [item("vm-1")])
        answer = client.backup("vm-1")

        status = answer.headers["Azure-AsyncOperation"]
        there = item_id("vm-1").replace("/subscriptions/", "/Subscriptions/")
        operation = status.split("/")[-1].removesuffix("?api-version=2024-04-01")
        assert (answer.status, answer.body) == (202, None)
        assert answer.headers == {
            "Azure-AsyncOperation": (
                f"https://management.azure.com{there}/operationsStatus/{operation}?api-version=2024-04-01"
            ),
            "Location": (
                f"https://management.azure.com{there}/operationResults/{operation}?api-version=2024-04-01"
            ),
            "Retry-After": "60",
        }

    def test_the_item_is_found_in_whatever_casing(self, tmp_path):
        client = caller(tmp_path, [item("vm-1")])
        answer = client.post(f"{item_id('vm-1').upper()}/backup", BODY)

        assert answer.status == 202
        assert client.world.triggers[0]["item"] == item_id("vm-1")

    def test_the_item_is_not_found_by_a_container_without_its_kind(self, tmp_path):
        client = caller(tmp_path, [item("vm-1")])
        bare = item_id("vm-1").replace("/IaasVMContainer;", "/")

        assert error(client.post(f"{bare}/backup", BODY)) == (404, "BMSUserErrorDataSourceObjectNotFound")

    def test_writes_down_the_trigger(self, tmp_path):
        client = caller(tmp_path, [item("vm-1")])
        link = client.backup("vm-1").headers["Azure-AsyncOperation"]
        client.clock.at += 5

        assert client.world.triggers == [
            {
                "at": "2026-11-22T12:00:00.0000000Z",
                "item": item_id("vm-1"),
                "vault": VAULT,
                "subscription": SUB.split("/")[-1],
                "body": BODY,
                "job": client.follow(link).body["properties"]["jobId"],
            }
        ]

    def test_makes_a_job_that_resource_graph_sees_too(self, tmp_path):
        client = caller(tmp_path, [item("vm-1")])
        client.backup("vm-1", {"properties": {**BODY["properties"], "recoveryPointExpiryTimeInUTC": LATER}})

        name = client.world.triggers[0]["job"]
        seen = client.world.store.get(TABLE, f"{VAULT}/backupJobs/{name}", NOW)
        given = seen["properties"]
        assert (seen["name"], seen["type"]) == (name, "microsoft.recoveryservices/vaults/backupjobs")
        assert {key: one for key, one in given.items() if key not in ("extendedInfo", "activityId")} == {
            "jobType": "AzureIaaSVMJob",
            "actionsInfo": ["Cancellable"],
            "containerName": "iaasvmcontainerv2;rg-app;vm-1",
            "duration": "PT0S",
            "virtualMachineVersion": "Compute",
            "isUserTriggered": True,
            "entityFriendlyName": "vm-1",
            "backupManagementType": "AzureIaasVM",
            "operation": "Backup",
            "status": "InProgress",
            "startTime": "2026-11-22T12:00:00.0000000Z",
            "backupInstanceId": item_id("vm-1"),
            "dataSourceId": vm_id("vm-1"),
        }
        assert given["extendedInfo"]["propertyBag"] == {
            "VM Name": "vm-1",
            "Recovery Point Expiry Time in UTC": "12/22/2026 12:00:00 AM",
            "Backup Size": "0 MB",
        }

    def test_needs_the_right_on_the_item(self, tmp_path):
        rights = [{"role": "Backup Reader", "scope": VAULT, "principal": "robot"}]
        client = caller(tmp_path, [item("vm-1")], role_assignments=rights)
        answer = client.backup("vm-1")

        assert error(answer) == (403, "AuthorizationFailed")
        assert "/protectedItems/backup/action' over scope" in answer.body["error"]["message"]
        assert client.world.triggers == []


class TestRefusing:
    @pytest.mark.parametrize(
        "body",
        [
            pytest.param([], id="no object"),
            pytest.param({}, id="no properties"),
            pytest.param({"properties": {}}, id="no objectType"),
            pytest.param({"properties": {"objectType": "AzureFileShareBackupRequest"}}, id="another kind"),
            *(
                pytest.param(
                    {"properties": {"objectType": "IaasVMBackupRequest", "recoveryPointExpiryTimeInUTC": at}},
                    id=f"expires {at}",
                )
                for at in ("soon", 5, "2026-11-22T12:00:00Z", "2020-01-01T00:00:00Z")
            ),
        ],
    )
    def test_an_unusable_body_is_invalid_input(self, tmp_path, body):
        client = caller(tmp_path, [item("vm-1")])

        assert error(client.backup("vm-1", body)) == (400, "BMSUserErrorInvalidInput")
        assert client.world.triggers == []

    def test_an_item_the_vault_does_not_have_is_not_found(self, tmp_path):
        answer = caller(tmp_path, [item("vm-1")]).backup("vm-2")

        assert answer.status == 404
        assert answer.body == {
            "error": {
                "code": "BMSUserErrorDataSourceObjectNotFound",
                "message": "Item not found.\r\nSelected item might have been deleted. "
                "Please check if item is registered to the vault.",
                "target": None,
                "details": None,
                "innerError": None,
            }
        }

    @pytest.mark.parametrize(
        ("properties", "message"),
        [
            pytest.param(
                {"protectionState": "ProtectionStopped"}, "Protection of the item is stopped.", id="stopped"
            ),
            pytest.param(
                {"protectionState": "ProtectionStopped", "isScheduledForDeferredDelete": True},
                "The item is in soft deleted state.",
                id="soft-deleted",
            ),
        ],
    )
    def test_an_item_that_is_not_protected_is_refused(self, tmp_path, properties, message):
        answer = caller(tmp_path, [item("vm-1", **properties)]).backup("vm-1")

        assert error(answer) == (400, "BMSUserErrorInvalidInput")
        assert message in answer.body["error"]["message"]

    def test_what_only_the_vault_knows_decides(self, tmp_path):
        stopped = {item_id("vm-1"): {"properties": {"protectionState": "ProtectionStopped"}}}

        assert caller(tmp_path, [item("vm-1")], rest=stopped).backup("vm-1").status == 400

    def test_a_tenth_on_demand_backup_in_24_hours_is_over_the_limit(self, tmp_path):
        today = [job(n, "vm-1", isUserTriggered=True) for n in range(8)]
        others = [
            job(20, "vm-1", isUserTriggered=False),
            job(21, "vm-2", isUserTriggered=True),
            job(22, "vm-1", isUserTriggered=True, startTime="2026-11-21T11:59:59Z"),
            job(23, "vm-1", isUserTriggered=True, operation="Restore"),
        ]
        client = caller(tmp_path, [item("vm-1"), item("vm-2"), *today, *others])
        ninth = client.backup("vm-1")
        client.clock.at += 3600

        assert ninth.status == 202
        assert error(client.backup("vm-1")) == (400, "CloudDosAbsoluteLimitReached")
        client.clock.at += 86400
        assert client.backup("vm-1").status == 202

    def test_an_item_that_no_service_of_azure_backs_up_is_not_simulated(self, tmp_path):
        server = item("server-1", backupManagementType="MAB", workloadType="FileFolder")

        assert error(caller(tmp_path, [server]).backup("server-1")) == (501, "NotSimulated")


class TestBusy:
    @pytest.fixture
    def running(self):
        """A scheduled backup that is running, known by names only."""
        return job(1, "vm-1", "InProgress", backupInstanceId=None)

    def test_a_second_backup_is_accepted_and_its_operation_fails(self, tmp_path, running):
        client = caller(tmp_path, [item("vm-1"), running])
        answer = client.backup("vm-1")
        client.clock.at += 5

        done = client.follow(answer.headers["Azure-AsyncOperation"]).body
        assert answer.status == 202
        assert (done["status"], done["error"]["code"]) == ("Failed", "UserErrorBackupOperationInProgress")
        assert error(client.follow(answer.headers["Location"])) == (400, "UserErrorBackupOperationInProgress")
        assert client.jobs() == [("vm-1", "InProgress")]
        assert [one["job"] for one in client.world.triggers] == [None]

    def test_or_refused_at_once_where_the_estate_says_so(self, tmp_path, running):
        client = caller(tmp_path, [item("vm-1"), running], busy="refuse")

        assert error(client.backup("vm-1")) == (400, "UserErrorBackupOperationInProgress")
        assert client.world.triggers == []

    def test_a_machine_of_the_same_name_in_another_group_is_not_busy(self, tmp_path, running):
        running["properties"]["containerName"] = "iaasvmcontainerv2;rg-other;vm-1"
        client = caller(tmp_path, [item("vm-1"), running], busy="refuse")

        assert client.backup("vm-1").status == 202

    def test_a_restore_does_not_keep_it_busy(self, tmp_path, running):
        running["properties"]["operation"] = "Restore"

        assert caller(tmp_path, [item("vm-1"), running], busy="refuse").backup("vm-1").status == 202


class TestOperations:
    def test_is_in_progress_for_five_seconds_and_then_has_started_the_job(self, tmp_path):
        client = caller(tmp_path, [item("vm-1")])
        link = client.backup("vm-1").headers["Azure-AsyncOperation"]
        before = client.follow(link)
        client.clock.at += 5
        after = client.follow(link)

        name = before.body["id"]
        assert before.body == {
            "id": name,
            "name": name,
            "status": "InProgress",
            "startTime": "2026-11-22T12:00:00.0000000Z",
            "endTime": "0001-01-01T00:00:00",
        }
        assert after.body == {
            "id": name,
            "name": name,
            "status": "Succeeded",
            "startTime": "2026-11-22T12:00:00.0000000Z",
            "endTime": "2026-11-22T12:00:05.0000000Z",
            "properties": {
                "objectType": "OperationStatusJobExtendedInfo",
                "jobId": client.world.triggers[0]["job"],
            },
        }

    def test_the_other_channel_says_202_and_then_204(self, tmp_path):
        client = caller(tmp_path, [item("vm-1")])
        headers = client.backup("vm-1").headers
        before = client.follow(headers["Location"])
        client.clock.at += 5
        after = client.follow(headers["Location"])

        assert (before.status, before.body) == (202, {})
        assert {name: one.lower() for name, one in before.headers.items()} == {
            name: one.lower() for name, one in headers.items()
        }
        assert (after.status, after.body) == (204, None)

    def test_the_vault_tells_of_it_too(self, tmp_path):
        client = caller(tmp_path, [item("vm-1")])
        link = client.backup("vm-1").headers["Azure-AsyncOperation"]
        name = client.follow(link).body["name"]
        running = client.get(f"{VAULT}/backupOperationResults/{name}")
        client.clock.at += 5

        assert (running.status, running.body) == (202, {})
        assert client.get(f"{VAULT}/backupOperations/{name}").body == client.follow(link).body
        assert client.get(f"{VAULT}/backupOperationResults/{name}").status == 204

    @pytest.mark.parametrize("path", [f"{item_id('vm-2')}/operationsStatus", f"{VAULT}/backupOperations"])
    def test_one_nobody_knows_is_not_found(self, tmp_path, path):
        answer = caller(tmp_path, [item("vm-1"), item("vm-2")]).get(f"{path}/0a0a")

        assert answer.status == 404
        assert answer.body == {
            "ErrorCode": "UserErrorGenericResourceNotFound",
            "Message": {"Language": "en-US", "Value": "The operation 0a0a does not exist."},
            "Values": [],
        }

    def test_one_of_another_item_is_not_found(self, tmp_path):
        client = caller(tmp_path, [item("vm-1"), item("vm-2")])
        link = client.backup("vm-1").headers["Azure-AsyncOperation"]

        assert client.follow(link.replace("vm-1", "vm-2")).status == 404


class TestEnding:
    def test_without_a_word_in_the_estate_completes_after_ten_minutes(self, tmp_path):
        client = caller(tmp_path, [item("vm-1", protectionState="IRPending", lastBackupStatus="")])
        client.backup("vm-1")
        during = finished(client, 599)
        after = finished(client, 1)

        assert (during["lastBackupStatus"], client.jobs()) == ("", [("vm-1", "Completed")])
        assert after["lastBackupStatus"] == "Completed"
        assert after["lastBackupTime"] == after["lastRecoveryPoint"] == "2026-11-22T12:00:00.0000000Z"
        assert (after["protectionState"], after["protectionStatus"]) == ("Protected", "Healthy")
        assert after["healthStatus"] == "Passed"
        assert after["kpisHealths"]["BackupOperationStatusKPI"] == {
            "resourceHealthStatus": "Healthy",
            "resourceHealthDetails": [{"code": 0, "title": "Success", "message": "", "recommendations": []}],
        }

    def test_takes_the_minutes_of_the_estate(self, tmp_path):
        client = caller(tmp_path, [item("vm-1")], minutes={item_id("vm-1"): 90})
        client.backup("vm-1")
        client.clock.at += 5399
        before = client.jobs()
        client.clock.at += 1

        assert (before, client.jobs()) == ([("vm-1", "InProgress")], [("vm-1", "Completed")])

    def test_a_failure_of_the_service_leaves_the_machine_healthy(self, tmp_path):
        client = caller(tmp_path, [item("vm-1")], outcomes={item_id("vm-1"): ["Failed:400002"]})
        client.backup("vm-1")
        after = finished(client)

        assert (after["lastBackupStatus"], after["protectionStatus"]) == ("Failed", "Unhealthy")
        assert (after["healthStatus"], "lastRecoveryPoint" in after) == ("Passed", False)
        kpi = after["kpisHealths"]["BackupOperationStatusKPI"]
        assert kpi["resourceHealthStatus"] == "TransientUnhealthy"
        assert kpi["resourceHealthDetails"][0]["code"] == 400002

    def test_a_failure_that_needs_a_person_asks_for_action(self, tmp_path):
        outcomes = {item_id("vm-1"): ["Failed:UserErrorGuestAgentStatusUnavailable"]}
        client = caller(tmp_path, [item("vm-1")], outcomes=outcomes)
        client.backup("vm-1")
        after = finished(client)

        assert after["healthStatus"] == "ActionRequired"
        assert after["healthDetails"][0]["title"] == "UserErrorGuestAgentStatusUnavailable"

    def test_outcomes_are_used_up_in_order(self, tmp_path):
        outcomes = {item_id("vm-1"): ["Failed:400002", "CompletedWithWarnings:320001", "Cancelled"]}
        client = caller(tmp_path, [item("vm-1")], outcomes=outcomes)
        for _ in range(4):
            assert client.backup("vm-1").status == 202
            client.clock.at += 900

        ends = ["Completed", "Cancelled", "CompletedWithWarnings", "Failed"]
        assert client.jobs() == [("vm-1", one) for one in ends]

    def test_one_that_never_ends_keeps_the_item_busy(self, tmp_path):
        client = caller(tmp_path, [item("vm-1")], outcomes={item_id("vm-1"): ["Never"]}, busy="refuse")
        client.backup("vm-1")
        client.clock.at += 7 * 86400

        assert client.jobs() == [("vm-1", "InProgress")]
        assert client.backup("vm-1").status == 400

    def test_resource_graph_learns_of_it_after_its_lag(self, tmp_path):
        client = caller(tmp_path, [item("vm-1")], graph_lag_s=120)
        client.backup("vm-1")
        client.clock.at += 660
        graph = client.world.store.get(TABLE, item_id("vm-1"), client.world.graph_now())
        behind = graph["properties"]["lastBackupTime"]
        client.clock.at += 60
        graph = client.world.store.get(TABLE, item_id("vm-1"), client.world.graph_now())

        assert behind == "2026-11-21T03:00:00.0000000Z"
        assert graph["properties"]["lastBackupTime"] == "2026-11-22T12:00:00.0000000Z"
        assert graph["properties"]["extendedInfo"] == {"recoveryPointCount": 8}

    def test_speed_divides_how_long_things_take(self, tmp_path):
        client = caller(tmp_path, [item("vm-1")], Settings(speed=60))
        answer = client.backup("vm-1")
        client.clock.at += 10

        assert answer.headers["Retry-After"] == "1"
        assert client.jobs() == [("vm-1", "Completed")]


class TestRunningWhenTheEstateIsLoaded:
    def test_ends_as_the_estate_says_minutes_after_its_start(self, tmp_path):
        running = job(1, "vm-1", "InProgress", startTime="2026-11-22T11:30:00Z")
        outcomes = {item_id("vm-1"): ["Failed:400136", "Completed"]}
        client = caller(tmp_path, [item("vm-1"), running], outcomes=outcomes, minutes={item_id("vm-1"): 40})
        client.clock.at += 599
        before = client.jobs()
        client.clock.at += 1

        ended = client.get(job_id(1)).body["properties"]
        assert (before, client.jobs()) == ([("vm-1", "InProgress")], [("vm-1", "Failed")])
        assert ended["endTime"] == "2026-11-22T12:10:00.0000000Z"
        assert client.item("vm-1")["lastBackupStatus"] == "Failed"
        assert client.world.next_outcome(item_id("vm-1")) == "Completed"

    def test_stays_in_progress_where_the_estate_says_nothing(self, tmp_path):
        client = caller(tmp_path, [item("vm-1"), job(1, "vm-1", "InProgress")])
        client.clock.at += 86400

        assert client.jobs() == [("vm-1", "InProgress")]

    def test_is_found_by_names_where_it_does_not_name_its_item(self, tmp_path):
        running = job(1, "VM-1", "InProgress", backupInstanceId=None)
        running["properties"]["containerName"] = "IaasVMContainer;iaasvmcontainerv2;RG-APP;vm-1"
        client = caller(tmp_path, [item("vm-1"), running], outcomes={item_id("vm-1"): ["Cancelled"]})

        assert client.jobs() == [("VM-1", "Cancelled")]

    def test_never_is_used_up_and_stays_used_up_across_a_dump(self, tmp_path):
        running = job(1, "vm-1", "InProgress")
        outcomes = {item_id("vm-1"): ["Never", "Completed"]}
        client = caller(tmp_path / "in", [item("vm-1"), running], outcomes=outcomes)
        client.world.dump(tmp_path / "out")
        client.world = type(client.world).load(tmp_path / "out", clock=client.clock)
        client.clock.at += 86400

        assert client.jobs() == [("vm-1", "InProgress")]
