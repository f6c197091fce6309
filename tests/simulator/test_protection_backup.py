"""On-demand backup of the instances of a Backup vault: asking, refusing, following, ending."""

from __future__ import annotations

import base64
import re

import pytest

from simulator.estate_instances import instance_job
from simulator.protection_errors import cause
from simulator.world import Settings, World
from tests.simulator.protection_estate import (
    SOURCES,
    TABLE,
    TRIGGERED,
    Place,
    body,
    caller,
    error,
)

EMPTY = body(tag=None)
NO_OPTION = {"backupRuleOptions": {"ruleName": "BackupHourly"}}


def done(client, answer):
    """The operation once it is over."""
    client.clock.at += 15
    return client.follow(answer.headers["Azure-AsyncOperation"]).body


def ended(client, kind="disk", seconds=600):
    """The job of a backup that is triggered now, once it should be over."""
    assert client.backup(kind).status == 202
    name = client.world.triggers[-1]["job"]
    client.clock.at += seconds
    return client.job(name)


def instance(client, kind="disk"):
    return client.get(client.place.instances[kind]).body["properties"]


def with_jobs(*jobs):
    """A place whose disk has these jobs: (status, ago, more)."""
    place = Place()
    for status, ago, more in jobs:
        instance_job(place.estate, place.instances["disk"], status, ago=ago, **more)
    return place


class TestAccepting:
    def test_answers_202_without_a_body_and_two_links_to_one_operation(self, tmp_path):
        client = caller(tmp_path)
        answer = client.backup()

        operation = re.search(r"operationStatus/(.+)\?", answer.headers["Azure-AsyncOperation"])[1]
        there = f"/subscriptions/{client.place.subscription}/providers/Microsoft.DataProtection"
        assert (answer.status, answer.body) == (202, None)
        assert answer.headers == {
            "Azure-AsyncOperation": (
                f"https://management.azure.com{client.place.vault}/operationStatus/{operation}"
                "?api-version=2024-04-01"
            ),
            "Location": (
                f"https://management.azure.com{there}/locations/northeurope/operationResults/{operation}"
                "?api-version=2024-04-01"
            ),
            "Retry-After": "10",
        }

    def test_the_name_of_an_operation_is_two_guids_in_base64(self, tmp_path):
        client = caller(tmp_path)
        name = client.follow(client.backup().headers["Azure-AsyncOperation"]).body["name"]

        assert name.endswith("==")
        assert re.fullmatch(r"[0-9a-f-]{36};[0-9a-f-]{36}", base64.b64decode(name).decode())

    def test_before_2022_both_links_lead_to_the_region(self, tmp_path):
        client = caller(tmp_path)
        answer = client.backup(**{"api-version": "2021-07-01"})

        link = answer.headers["Azure-AsyncOperation"]
        assert "/providers/Microsoft.DataProtection/locations/northeurope/operationStatus/" in link
        assert client.follow(link).body["endTime"] == "0001-01-01T00:00:00"

    @pytest.mark.parametrize("kind", TRIGGERED)
    def test_every_kind_with_a_backup_rule_is_backed_up(self, tmp_path, kind):
        job = ended(caller(tmp_path), kind)

        assert (job["status"], job["isUserTriggered"], job["operationCategory"]) == (
            "Completed",
            True,
            "Backup",
        )
        assert job["dataSourceId"].endswith(SOURCES[kind])

    def test_the_instance_is_found_in_whatever_casing(self, tmp_path):
        client = caller(tmp_path)
        answer = client.trigger(client.place.instances["disk"].upper(), body())

        assert answer.status == 202
        assert client.world.triggers[0]["item"] == client.place.instances["disk"]

    def test_writes_down_the_trigger(self, tmp_path):
        client = caller(tmp_path)
        operation = done(client, client.backup())

        name = operation["properties"]["jobId"].rpartition("/")[2]
        assert client.world.triggers == [
            {
                "at": "2026-11-22T12:00:00.0000000Z",
                "item": client.place.instances["disk"],
                "vault": client.place.vault,
                "subscription": client.place.subscription,
                "body": body(),
                "job": name,
            }
        ]

    def test_makes_a_job_that_resource_graph_sees_too(self, tmp_path):
        client = caller(tmp_path)
        client.backup("postgresql")

        name = client.world.triggers[0]["job"]
        row = client.world.store.get(TABLE, f"{client.place.vault}/backupJobs/{name}", client.clock.at)
        given = row["properties"]
        assert row["type"] == "microsoft.dataprotection/backupvaults/backupjobs"
        assert (given["status"], given["endTime"], given["duration"]) == ("InProgress", None, "00:00:00")
        assert given["backupInstanceId"] == client.place.instances["postgresql"]
        assert (given["dataSourceSetName"], given["dataSourceName"]) == ("pg1", "db1")
        assert (given["policyName"], given["vaultName"]) == ("postgresql-policy", "bv-1")
        assert given["extendedInfo"]["additionalDetails"] == {"RetentionTag": "Default"}

    def test_a_request_without_a_tag_asks_for_the_default(self, tmp_path):
        client = caller(tmp_path)
        client.backup("disk", EMPTY)

        job = client.job(client.world.triggers[0]["job"])
        assert job["extendedInfo"]["additionalDetails"] == {"RetentionTag": "default"}

    def test_needs_the_right_on_the_instance(self, tmp_path):
        place = Place()
        rights = [{"role": "Backup Reader", "scope": place.vault, "principal": "robot"}]
        client = caller(tmp_path, place, role_assignments=rights)
        answer = client.backup()

        assert error(answer) == (403, "AuthorizationFailed")
        assert (
            "'Microsoft.DataProtection/backupVaults/backupInstances/backup/action'"
            in answer.body["error"]["message"]
        )
        assert client.world.triggers == []

    def test_the_result_is_read_at_the_subscription_and_the_status_at_the_vault(self, tmp_path):
        """A right that ends at the vault follows one of the two links only."""
        place = Place()
        rights = [{"role": "Backup Operator", "scope": place.vault, "principal": "robot"}]
        client = caller(tmp_path, place, role_assignments=rights)
        headers = client.backup().headers

        assert client.follow(headers["Azure-AsyncOperation"]).status == 200
        assert error(client.follow(headers["Location"])) == (403, "AuthorizationFailed")


class TestRefusing:
    @pytest.mark.parametrize(
        "given",
        [
            pytest.param([], id="no object"),
            pytest.param({}, id="no options"),
            pytest.param({"backupRuleOptions": {"triggerOption": {}}}, id="no rule"),
            pytest.param(NO_OPTION, id="no trigger option"),
            pytest.param(body("BackupWeekly"), id="a rule of another policy"),
            pytest.param(body("Default"), id="a retention rule"),
            pytest.param(body(tag="Yearly"), id="an unknown tag"),
            pytest.param(body(tag=5), id="a tag that is no text"),
        ],
    )
    def test_what_the_policy_does_not_have_is_invalid_input(self, tmp_path, given):
        client = caller(tmp_path)

        assert error(client.backup("disk", given)) == (400, "BMSUserErrorInvalidInput")
        assert client.world.triggers == []

    def test_a_refusal_carries_a_user_facing_error_that_says_the_same(self, tmp_path):
        answer = caller(tmp_path).backup("disk", body("BackupWeekly"))

        (more,) = answer.body["error"]["additionalInfo"]
        assert more["type"] == "UserFacingError"
        assert more["info"]["code"] == "BMSUserErrorInvalidInput"
        assert more["info"]["message"] == answer.body["error"]["message"]
        assert set(more["info"]["properties"]) == {"ActivityId"}
        assert (answer.body["error"]["target"], answer.body["error"]["details"]) == (None, None)

    @pytest.mark.parametrize("rule", ["BackupHourly", "Default"])
    def test_operational_backup_of_blobs_has_nothing_to_trigger(self, tmp_path, rule):
        answer = caller(tmp_path).backup("blob", body(rule))

        assert error(answer) == (400, "BMSUserErrorInvalidInput")
        assert "nothing to trigger" in answer.body["error"]["message"]

    @pytest.mark.parametrize(
        ("state", "code"),
        [
            ("ProtectionStopped", "BMSUserErrorInvalidInput"),
            ("BackupsSuspended", "BMSUserErrorInvalidInput"),
            ("BackupSchedulesSuspended", "BMSUserErrorInvalidInput"),
            ("ConfiguringProtectionFailed", "BMSUserErrorInvalidInput"),
            ("NotProtected", "BMSUserErrorInvalidInput"),
            ("ConfiguringProtection", "BMSUserErrorObjectLocked"),
            ("UpdatingProtection", "BMSUserErrorObjectLocked"),
            ("SoftDeleting", "BMSUserErrorObjectLocked"),
        ],
    )
    def test_an_instance_that_is_not_protected_is_refused(self, tmp_path, state, code):
        place = Place()
        other = place.protect("disk", "Microsoft.Compute/disks/d2", state=state)
        client = caller(tmp_path, place)

        assert error(client.trigger(other, body())) == (400, code)
        assert client.world.triggers == []

    def test_an_instance_in_error_may_be_tried(self, tmp_path):
        place = Place()
        other = place.protect("disk", "Microsoft.Compute/disks/d2", state="ProtectionError")

        assert caller(tmp_path, place).trigger(other, body()).status == 202

    def test_a_soft_deleted_instance_is_not_there(self, tmp_path):
        place = Place()
        gone = place.protect("disk", "Microsoft.Compute/disks/d2", state="SoftDeleted")
        client = caller(tmp_path, place)
        answer = client.trigger(gone.replace("/deletedBackupInstances/", "/backupInstances/"), body())

        assert error(answer) == (404, "UserErrorGenericResourceNotFound")

    def test_what_only_the_vault_knows_decides(self, tmp_path):
        place = Place()
        stopped = {"properties": {"currentProtectionState": "ProtectionStopped"}}
        client = caller(tmp_path, place, rest={place.instances["disk"]: stopped})

        assert client.backup().status == 400

    def test_an_eleventh_on_demand_backup_in_24_hours_is_over_the_limit(self, tmp_path):
        mine = [("Completed", f"{hours}h", {"user": True}) for hours in range(1, 10)]
        others = [
            ("Completed", "90m", {"user": False}),
            ("Completed", "25h", {"user": True}),
            ("Completed", "30m", {"user": True, "operation": "Restore"}),
        ]
        client = caller(tmp_path, with_jobs(*mine, *others))
        tenth = client.backup()
        client.clock.at += 3599

        assert tenth.status == 202
        assert error(client.backup()) == (400, "CloudDosTimeboudLimitReached")
        assert client.backup("aks").status == 202
        client.clock.at += 86400
        assert client.backup().status == 202


class TestBusy:
    RUNNING = ("InProgress", "3m", {})

    def test_a_second_backup_is_accepted_and_its_operation_fails(self, tmp_path):
        client = caller(tmp_path, with_jobs(self.RUNNING))
        answer = client.backup()
        operation = done(client, answer)

        code = "UserErrorMaxConcurrentOperationLimitReached"
        assert answer.status == 202
        assert (operation["status"], operation["error"]["code"]) == ("Failed", code)
        assert operation["error"]["additionalInfo"][0]["info"]["code"] == code
        assert "properties" not in operation
        assert error(client.follow(answer.headers["Location"])) == (400, code)
        assert client.jobs() == [("d1", "InProgress")]
        assert [one["job"] for one in client.world.triggers] == [None]

    def test_or_refused_at_once_where_the_estate_says_so(self, tmp_path):
        client = caller(tmp_path, with_jobs(self.RUNNING), busy="refuse")

        assert error(client.backup()) == (400, "BMSUserErrorObjectLocked")
        assert client.world.triggers == []

    def test_a_restore_does_not_keep_it_busy(self, tmp_path):
        running = ("InProgress", "3m", {"operation": "Restore"})

        assert caller(tmp_path, with_jobs(running), busy="refuse").backup().status == 202

    def test_another_instance_is_not_busy(self, tmp_path):
        assert caller(tmp_path, with_jobs(self.RUNNING), busy="refuse").backup("aks").status == 202


class TestOperations:
    def test_is_in_progress_for_fifteen_seconds_and_then_has_started_the_job(self, tmp_path):
        client = caller(tmp_path)
        link = client.backup().headers["Azure-AsyncOperation"]
        before = client.follow(link).body
        client.clock.at += 15
        after = client.follow(link).body

        name, job = before["name"], client.world.triggers[0]["job"]
        same = {
            "id": f"{client.place.vault}/operationStatus/{name}",
            "name": name,
            "startTime": "2026-11-22T12:00:00.0000000Z",
        }
        assert before == {**same, "status": "Inprogress", "endTime": "0001-01-01T00:00:00Z"}
        assert after == {
            **same,
            "status": "Succeeded",
            "endTime": "2026-11-22T12:00:15Z",
            "properties": {
                "jobId": f"{client.place.vault}/backupJobs/{job}",
                "objectType": "OperationJobExtendedInfo",
            },
        }

    def test_the_other_channel_says_202_and_then_the_job(self, tmp_path):
        client = caller(tmp_path)
        headers = client.backup().headers
        before = client.follow(headers["Location"])
        client.clock.at += 15
        after = client.follow(headers["Location"])

        job = f"{client.place.vault}/backupJobs/{client.world.triggers[0]['job']}"
        assert (before.status, before.body, before.headers) == (202, None, headers)
        assert (after.status, after.body) == (200, {"objectType": "OperationJobExtendedInfo", "jobId": job})
        assert client.follow(after.headers["Azure-AsyncOperation"]).body["status"] == "Succeeded"

    def test_is_told_at_the_vault_the_group_the_region_and_the_instance(self, tmp_path):
        client = caller(tmp_path)
        operation = done(client, client.backup())
        group = client.place.vault.partition("/providers/")[0]
        region = "providers/Microsoft.DataProtection/locations/northeurope"
        told = [
            client.get(f"{place}/operationStatus/{operation['name']}")
            for place in (
                f"{group}/providers/Microsoft.DataProtection",
                f"{group}/{region}",
                f"/subscriptions/{client.place.subscription}/{region}",
            )
        ]
        results = [
            client.get(f"{place}/operationResults/{operation['name']}")
            for place in (client.place.vault, client.place.instances["disk"])
        ]

        assert [(one.status, one.body["properties"]) for one in told] == [(200, operation["properties"])] * 3
        assert [one.status for one in results] == [200, 200]

    @pytest.mark.parametrize(
        "place",
        [
            "/subscriptions/{subscription}/providers/Microsoft.DataProtection/locations/westeurope",
            "/subscriptions/{other}/providers/Microsoft.DataProtection/locations/northeurope",
        ],
    )
    def test_one_of_elsewhere_is_not_found(self, tmp_path, place):
        client = caller(tmp_path)
        name = client.follow(client.backup().headers["Azure-AsyncOperation"]).body["name"]
        path = place.format(subscription=client.place.subscription, other="0a0a")

        assert error(client.get(f"{path}/operationStatus/{name}")) == (
            404,
            "UserErrorGenericResourceNotFound",
        )

    def test_a_running_operation_goes_on_after_a_dump(self, tmp_path):
        client = caller(tmp_path / "in")
        link = client.backup().headers["Azure-AsyncOperation"]
        client.world.dump(tmp_path / "out")
        client.world = World.load(tmp_path / "out", clock=client.clock)
        running = client.follow(link).body["status"]
        client.clock.at += 15

        assert (running, client.follow(link).body["status"]) == ("Inprogress", "Succeeded")


class TestEnding:
    def test_without_a_word_in_the_estate_completes_after_ten_minutes(self, tmp_path):
        client = caller(tmp_path)
        client.backup()
        client.clock.at += 599
        during = client.jobs()
        client.clock.at += 1
        job = client.job(client.world.triggers[0]["job"])

        assert (during, client.jobs()) == ([("d1", "InProgress")], [("d1", "Completed")])
        assert (job["startTime"], job["endTime"]) == ("2026-11-22T12:00:00Z", "2026-11-22T12:10:00Z")
        assert job["duration"] == "PT10M0S"
        assert job["extendedInfo"]["subTasks"][0]["taskStatus"] == "Completed"

    def test_a_success_is_the_latest_recovery_point_in_resource_graph(self, tmp_path):
        client = caller(tmp_path, graph_lag_s=120)
        ended(client, seconds=660)
        behind = client.graph(client.place.instances["disk"])
        client.clock.at += 60
        seen = client.graph(client.place.instances["disk"])

        def latest(row):
            points = row["backupInstanceExtendedProperties"]["recoveryPointInfo"]
            return points["latestRecoveryPointInPrimaryRegion"]

        assert (latest(behind), latest(seen)) == (None, "2026-11-22T12:00:00.0000000Z")

    def test_takes_the_minutes_of_the_estate(self, tmp_path):
        place = Place()
        client = caller(tmp_path, place, minutes={place.instances["disk"]: 90})
        client.backup()
        client.clock.at += 5399
        before = client.jobs()
        client.clock.at += 1

        assert (before, client.jobs()) == ([("d1", "InProgress")], [("d1", "Completed")])

    def test_a_failure_says_why_twice_over(self, tmp_path):
        place = Place()
        outcomes = {place.instances["disk"]: ["Failed:InternalServerError"]}
        (why,) = ended(caller(tmp_path, place, outcomes=outcomes))["errorDetails"]

        (inner,) = why["details"]
        assert set(why) == {
            "message",
            "recommendedAction",
            "details",
            "code",
            "target",
            "innerError",
            "isRetryable",
            "isUserError",
            "properties",
        }
        assert (why["code"], why["isRetryable"]) == ("InternalServerError", True)
        assert (inner["code"], inner["isRetryable"], inner["details"]) == ("InternalServerError", False, None)

    @pytest.mark.parametrize(
        "code", ["UserErrorManagedDiskNotFound", "CSISnapshottingTimedOut", "SomethingNobodyKnows"]
    )
    def test_hardly_any_failure_says_that_it_is_retryable(self, tmp_path, code):
        place = Place()
        client = caller(tmp_path, place, outcomes={place.instances["disk"]: [f"Failed:{code}"]})
        (why,) = ended(client)["errorDetails"]

        assert (why["code"], why["message"], why["isRetryable"]) == (code, cause(code).message, False)

    def test_a_failure_of_the_service_leaves_the_instance_as_it_was(self, tmp_path):
        place = Place()
        client = caller(tmp_path, place, outcomes={place.instances["disk"]: ["Failed:InternalServerError"]})
        before = instance(client)
        ended(client)

        assert instance(client) == before

    def test_one_that_needs_a_person_stays_on_the_instance_until_a_success(self, tmp_path):
        place = Place()
        outcomes = {place.instances["disk"]: ["Failed:UserErrorNotEnoughPermissionOnDisk", "Completed"]}
        client = caller(tmp_path, place, outcomes=outcomes)
        ended(client)
        failed = instance(client)
        ended(client)

        assert failed["protectionStatus"]["errorDetails"]["code"] == "UserErrorNotEnoughPermissionOnDisk"
        assert failed["currentProtectionState"] == "ProtectionConfigured"
        assert instance(client)["protectionStatus"] == {"status": "ProtectionConfigured"}

    def test_warnings_stand_beside_a_job_that_completed(self, tmp_path):
        place = Place()
        outcomes = {place.instances["aks"]: ["CompletedWithWarnings:KubernetesBackupGenericWarning"]}
        job = ended(caller(tmp_path, place, outcomes=outcomes), "aks")

        (warning,) = job["extendedInfo"]["warningDetails"]
        assert (job["status"], job["errorDetails"]) == ("CompletedWithWarnings", None)
        assert (warning["resourceName"], warning["warning"]["code"]) == (
            "k1",
            "KubernetesBackupGenericWarning",
        )

    def test_outcomes_are_used_up_in_order(self, tmp_path):
        place = Place()
        outcomes = ["Failed:InternalServerError", "CompletedWithWarnings", "Cancelled"]
        client = caller(tmp_path, place, outcomes={place.instances["disk"]: outcomes})
        for _ in range(4):
            assert client.backup().status == 202
            client.clock.at += 900

        ends = ["Completed", "Cancelled", "CompletedWithWarnings", "Failed"]
        assert client.jobs() == [("d1", one) for one in ends]

    def test_one_that_never_ends_keeps_the_instance_busy(self, tmp_path):
        place = Place()
        client = caller(tmp_path, place, outcomes={place.instances["disk"]: ["Never"]}, busy="refuse")
        client.backup()
        client.clock.at += 7 * 86400

        assert client.jobs() == [("d1", "InProgress")]
        assert client.backup().status == 400

    def test_speed_divides_how_long_things_take(self, tmp_path):
        client = caller(tmp_path, settings=Settings(speed=60))
        answer = client.backup()
        client.clock.at += 10

        assert answer.headers["Retry-After"] == "1"
        assert client.jobs() == [("d1", "Completed")]

    def test_advancing_ends_what_was_going_to_end(self, tmp_path):
        client = caller(tmp_path)
        link = client.backup().headers["Azure-AsyncOperation"]
        client.world.advance(3600)

        job = client.job(client.world.triggers[0]["job"])
        assert (job["status"], job["startTime"]) == ("Completed", "2026-11-22T11:00:00Z")
        assert client.follow(link).body["endTime"] == "2026-11-22T11:00:15Z"


class TestRunningWhenTheEstateIsLoaded:
    @pytest.mark.parametrize("user", [True, False])
    def test_ends_as_the_estate_says_minutes_after_its_start(self, tmp_path, user):
        place = with_jobs(("InProgress", "30m", {"user": user, "tag": "Weekly"}))
        disk = place.instances["disk"]
        outcomes = {disk: ["Failed:UserErrorManagedDiskNotFound", "Completed"]}
        client = caller(tmp_path, place, outcomes=outcomes, minutes={disk: 40})
        client.clock.at += 599
        before = client.jobs()
        client.clock.at += 1
        (listed,) = client.get(f"{place.vault}/backupJobs").body["value"]
        job = client.job(listed["name"])

        assert (before, client.jobs()) == ([("d1", "InProgress")], [("d1", "Failed")])
        assert job["endTime"] == "2026-11-22T12:10:00Z"
        assert job["isUserTriggered"] is user
        assert job["extendedInfo"]["additionalDetails"] == {"RetentionTag": "Weekly"}
        assert client.world.next_outcome(disk) == "Completed"

    def test_stays_in_progress_where_the_estate_says_nothing(self, tmp_path):
        client = caller(tmp_path, with_jobs(("InProgress", "30m", {})))
        client.clock.at += 86400

        assert client.jobs() == [("d1", "InProgress")]

    def test_a_restore_takes_no_outcome(self, tmp_path):
        place = with_jobs(("InProgress", "30m", {"operation": "Restore"}))
        client = caller(tmp_path, place, outcomes={place.instances["disk"]: ["Completed"]})
        client.clock.at += 86400

        assert client.jobs() == [("d1", "InProgress")]

    def test_never_is_used_up_and_stays_used_up_across_a_dump(self, tmp_path):
        place = with_jobs(("InProgress", "30m", {}))
        outcomes = {place.instances["disk"]: ["Never", "Completed"]}
        client = caller(tmp_path / "in", place, outcomes=outcomes)
        client.world.dump(tmp_path / "out")
        client.world = World.load(tmp_path / "out", clock=client.clock)
        client.clock.at += 86400

        assert client.jobs() == [("d1", "InProgress")]

    def test_a_triggered_backup_ends_after_a_dump_as_it_would_have(self, tmp_path):
        place = Place()
        outcomes = {place.instances["disk"]: ["Failed:InternalServerError"]}
        client = caller(tmp_path / "in", place, outcomes=outcomes)
        client.backup()
        client.world.dump(tmp_path / "out")
        client.world = World.load(tmp_path / "out", clock=client.clock)
        before = client.jobs()
        client.clock.at += 600

        assert (before, client.jobs()) == ([("d1", "InProgress")], [("d1", "Failed")])


def test_a_source_of_a_type_nobody_knows_is_backed_up_all_the_same(tmp_path):
    place = Place()
    policy = place.estate.row(place.policies["postgresql-flexible"])["properties"]
    policy["datasourceTypes"] = ["Microsoft.DBforMySQL/flexibleServers"]
    given = place.estate.row(place.instances["postgresql-flexible"])["properties"]
    given["dataSourceInfo"]["datasourceType"] = "Microsoft.DBforMySQL/flexibleServers"
    job = ended(caller(tmp_path, place), "postgresql-flexible")

    assert (job["status"], job["dataSourceType"]) == ("Completed", "Microsoft.DBforMySQL/flexibleServers")
