"""Backup jobs: lists and their filters, single jobs, cancelling, and how often one may ask."""

import pytest

from simulator.recovery_errors import details
from simulator.world import Settings
from tests.simulator.recovery_estate import VAULT, Caller, caller, item, item_id, job, job_id

ROWS = [
    item("vm-1"),
    job(1, "vm-a", "Completed", startTime="2026-11-22T01:00:00.0000000Z"),
    job(2, "vm-b", "Failed", startTime="2026-11-22T13:30:00.5000000Z", errorDetails=[details("400001")]),
    job(3, "vm-c", "InProgress", startTime="2026-11-22T11:59:00.0000000Z"),
    job(4, "vm-d", "Completed", startTime="2026-11-21T23:59:59.0000000Z", operation="Restore"),
    job(5, "share", startTime="2026-11-20T00:00:00.0000000Z", backupManagementType="AzureStorage"),
]


class TestListing:
    def test_is_newest_first_and_the_last_page_has_no_link(self, tmp_path):
        client = caller(tmp_path, ROWS)

        assert [name for name, _ in client.jobs()] == ["vm-b", "vm-c", "vm-a", "vm-d", "share"]
        assert set(client.get(f"{VAULT}/backupJobs").body) == {"value"}

    def test_tells_what_a_list_tells_and_not_what_resource_graph_adds(self, tmp_path):
        row = job(1, "vm-a", extendedInfo={"propertyBag": {}}, errorDetails=None)
        (told,) = caller(tmp_path, [row]).get(f"{VAULT}/backupJobs").body["value"]

        assert told == {
            "id": job_id(1).replace("/subscriptions/", "/Subscriptions/"),
            "name": "00000000-0000-0000-0000-000000000001",
            "type": "Microsoft.RecoveryServices/vaults/backupJobs",
            "properties": {
                "jobType": "AzureIaaSVMJob",
                "duration": "PT30M0S",
                "isUserTriggered": False,
                "entityFriendlyName": "vm-a",
                "backupManagementType": "AzureIaasVM",
                "operation": "Backup",
                "status": "Completed",
                "startTime": "2026-11-22T03:00:00.0000000Z",
                "endTime": "2026-11-22T03:30:00.0000000Z",
                "activityId": "0a0a",
            },
        }

    def test_carries_the_cause_of_a_failure(self, tmp_path):
        client = caller(tmp_path, ROWS)
        (failed,) = client.get(f"{VAULT}/backupJobs", **{"$filter": "status eq 'Failed'"}).body["value"]

        assert failed["properties"]["errorDetails"] == [
            {
                "errorCode": 400001,
                "errorTitle": "",
                "errorString": "Another operation is currently in progress on this item.",
                "recommendations": ["Wait until the previous operation is completed, and then retry."],
            }
        ]

    def test_pages_of_a_thousand_hold_every_job_once(self, tmp_path):
        rows = [job(n, f"vm-{n}") for n in range(2001)]
        client = caller(tmp_path, rows)
        page = client.get(f"{VAULT}/backupJobs", **{"$filter": "status eq 'Completed'"}).body
        sizes, names = [], []
        while True:
            sizes.append(len(page["value"]))
            names += [one["name"] for one in page["value"]]
            if "nextLink" not in page:
                break
            page = client.follow(page["nextLink"]).body

        assert sizes == [1000, 1000, 1]
        assert len(set(names)) == 2001

    def test_a_vault_that_is_not_there_is_not_found(self, tmp_path):
        answer = caller(tmp_path, ROWS).get(f"{VAULT}-2/backupJobs")

        assert (answer.status, answer.body["error"]["code"]) == (404, "ResourceNotFound")
        assert answer.headers == {"x-ms-failure-cause": "gateway"}


class TestFilter:
    @pytest.mark.parametrize(
        ("filter", "names"),
        [
            pytest.param("status eq 'InProgress'", ["vm-c"], id="status"),
            pytest.param("Status EQ 'inprogress'", ["vm-c"], id="casing"),
            pytest.param("operation eq 'Restore' and status eq 'Completed'", ["vm-d"], id="two terms"),
            pytest.param("operation eq 'Restore' and status eq 'Failed'", [], id="nothing fits"),
            pytest.param("backupManagementType eq 'AzureStorage'", ["share"], id="kind"),
            pytest.param("jobId eq '00000000-0000-0000-0000-000000000002'", ["vm-b"], id="job"),
            pytest.param(
                "startTime eq '2026-11-22 01:00:00 AM' and endTime eq '2026-11-22 11:59:00 AM'",
                ["vm-c", "vm-a"],
                id="started from, started until",
            ),
            pytest.param("startTime eq '2026-11-22 01:30:00 PM'", ["vm-b"], id="afternoon"),
            pytest.param("startTime eq '2026-11-22 12:00:00 AM'", ["vm-b", "vm-c", "vm-a"], id="midnight"),
            pytest.param("startTime eq '2026-11-22 00:00:00 AM'", ["vm-b", "vm-c", "vm-a"], id="hour 00"),
            pytest.param("startTime eq '2026-11-22 12:00:00 PM'", ["vm-b"], id="noon"),
        ],
    )
    def test_picks(self, tmp_path, filter, names):
        assert [name for name, _ in caller(tmp_path, ROWS).jobs(filter)] == names

    @pytest.mark.parametrize(
        ("filter", "message"),
        [
            pytest.param("status ne 'Failed'", "cannot be read", id="another operator"),
            pytest.param("status eq Failed", "cannot be read", id="no quotes"),
            pytest.param("status eq 'Failed' or status eq 'x'", "cannot be read", id="or"),
            pytest.param("status eq 'Failed' and ", "cannot be read", id="an open end"),
            pytest.param("entityFriendlyName eq 'vm-a'", "names 'entityFriendlyName'", id="another name"),
            pytest.param("status eq 'a' and status eq 'b'", "names 'status'", id="twice"),
            pytest.param("startTime eq '2026-11-22T01:00:00Z'", "is not like", id="a stamp"),
            pytest.param("startTime eq '2026-02-30 01:00:00 AM'", "does not exist", id="no such day"),
            pytest.param(
                "startTime eq '2026-11-22 01:00:00 AM' and endTime eq '2026-11-21 01:00:00 AM'",
                "later than its endTime",
                id="backwards",
            ),
        ],
    )
    def test_that_cannot_be_read_is_invalid_input(self, tmp_path, filter, message):
        answer = caller(tmp_path, ROWS).get(f"{VAULT}/backupJobs", **{"$filter": filter})

        assert (answer.status, answer.body["error"]["code"]) == (400, "BMSUserErrorInvalidInput")
        assert message in answer.body["error"]["message"]

    def test_a_token_nobody_gave_is_invalid_input(self, tmp_path):
        answer = caller(tmp_path, ROWS).get(f"{VAULT}/backupJobs", **{"$skipToken": "abc"})

        assert (answer.status, answer.body["error"]["code"]) == (400, "BMSUserErrorInvalidInput")


class TestOneJob:
    def test_tells_of_its_tasks_and_container(self, tmp_path):
        told = caller(tmp_path, ROWS).get(job_id(2).upper()).body["properties"]

        assert told["containerName"] == "iaasvmcontainerv2;rg-app;vm-b"
        assert told["errorDetails"][0]["errorCode"] == 400001
        assert [(one["taskId"], one["status"]) for one in told["extendedInfo"]["tasksList"]] == [
            ("Take Snapshot", "InProgress"),
            ("Transfer data to vault", "NotStarted"),
        ]

    def test_in_progress_has_lasted_until_now_and_has_no_end(self, tmp_path):
        client = caller(tmp_path, ROWS)
        client.clock.at += 12.5
        told = client.get(job_id(3)).body["properties"]

        assert told["duration"] == "PT1M12.5S"
        assert "endTime" not in told

    def test_ended_says_when_and_how_long(self, tmp_path):
        client = caller(tmp_path, [item("vm-1")], minutes={item_id("vm-1"): 61.5})
        client.backup("vm-1")
        client.clock.at += 86400
        told = client.get(f"{VAULT}/backupJobs/{client.world.triggers[0]['job']}").body["properties"]

        assert (told["endTime"], told["duration"]) == ("2026-11-22T13:01:30.0000000Z", "PT1H1M30S")
        assert told["extendedInfo"]["propertyBag"]["VM Name"] == "vm-1"

    def test_that_is_not_there_is_not_found_in_the_backend_s_own_envelope(self, tmp_path):
        answer = caller(tmp_path, ROWS).get(job_id(99))

        assert (answer.status, answer.body["ErrorCode"]) == (404, "UserErrorGenericResourceNotFound")

    def test_knows_more_than_resource_graph_where_the_estate_says_so(self, tmp_path):
        known = {job_id(1): {"properties": {"status": "Failed", "errorDetails": [details("400136")]}}}

        assert caller(tmp_path, ROWS, rest=known).jobs("status eq 'Failed'") == [
            ("vm-b", "Failed"),
            ("vm-a", "Failed"),
        ]


class TestCauses:
    def test_a_text_code_with_a_known_number_is_that_number(self):
        assert details("UserErrorVmNotFoundV2") == details("400136")

    def test_a_text_code_without_a_number_is_the_title_and_in_the_link(self):
        assert details("UserErrorFsFreezeFailed") == {
            "errorCode": 499000,
            "errorTitle": "UserErrorFsFreezeFailed",
            "errorString": "The operation failed with UserErrorFsFreezeFailed.",
            "recommendations": ["For more information, see https://aka.ms/AB-UserErrorFsFreezeFailed"],
        }

    def test_a_number_nobody_knows_says_only_itself(self):
        assert details("123456") == {
            "errorCode": 123456,
            "errorTitle": "",
            "errorString": "The operation failed with error 123456.",
            "recommendations": ["If the issue persists, contact Microsoft support."],
        }


class TestCancelling:
    def test_ends_the_job_and_leaves_the_item_as_it_was(self, tmp_path):
        client = caller(tmp_path, [item("vm-1")])
        client.backup("vm-1")
        client.clock.at += 60
        path = f"{VAULT}/backupJobs/{client.world.triggers[0]['job']}"
        answer = client.post(f"{path}/cancel")
        during = client.jobs()
        client.clock.at += 5
        operation = client.follow(answer.headers["Azure-AsyncOperation"]).body
        client.clock.at += 86400

        assert (answer.status, answer.body) == (202, None)
        assert operation["status"] == "Succeeded"
        assert client.follow(answer.headers["Location"]).status == 204
        assert (during, client.jobs()) == ([("vm-1", "Cancelling")], [("vm-1", "Cancelled")])
        told = client.get(path).body["properties"]
        assert (told["endTime"], "errorDetails" in told) == ("2026-11-22T12:01:05.0000000Z", False)
        assert client.item("vm-1")["lastBackupTime"] == "2026-11-21T03:00:00.0000000Z"

    def test_a_job_that_has_ended_cannot_be_cancelled(self, tmp_path):
        answer = caller(tmp_path, ROWS).post(f"{job_id(1)}/cancel")

        assert (answer.status, answer.body["error"]["code"]) == (400, "BMSUserErrorInvalidInput")

    def test_a_job_whose_item_is_gone_can_be_cancelled(self, tmp_path):
        client = caller(tmp_path, ROWS)
        client.post(f"{job_id(3)}/cancel")
        client.clock.at += 5

        assert client.jobs("status eq 'Cancelled'") == [("vm-c", "Cancelled")]


class TestReadsAnHour:
    def test_lists_and_single_jobs_count_together_up_to_150(self, tmp_path):
        client = caller(tmp_path, ROWS)
        for _ in range(75):
            assert client.get(f"{VAULT}/backupJobs").status == 200
            assert client.get(job_id(1)).status == 200
        client.clock.at += 3276
        answer = client.get(job_id(1))

        assert answer.status == 429
        assert answer.headers == {"Retry-After": "324", "x-ms-failure-cause": "gateway"}
        assert answer.body == {
            "error": {
                "code": "ResourceRequestsThrottled",
                "message": "Number of requests for action "
                "'Microsoft.RecoveryServices/vaults/backupJobs/read' exceeded "
                "the limit of '150' for time interval '01:00:00'. "
                "Please try again after '324' seconds.",
            }
        }
        client.clock.at += 324
        assert client.get(job_id(1)).status == 200

    def test_another_caller_has_reads_of_its_own(self, tmp_path):
        client = caller(tmp_path, ROWS)
        for _ in range(150):
            client.get(job_id(1))

        assert client.get(job_id(1)).status == 429
        assert Caller(client.world, client.clock, "somebody-else").get(job_id(1)).status == 200

    def test_speed_divides_the_window(self, tmp_path):
        client = caller(tmp_path, ROWS, Settings(speed=60))
        for _ in range(150):
            client.get(job_id(1))

        assert client.get(job_id(1)).headers["Retry-After"] == "60"
