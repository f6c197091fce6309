"""What a Backup vault tells of itself and of what lies in it, in its own dialect and in Resource Graph's."""

from __future__ import annotations

import pytest

from simulator.estate_instances import backup_vault, instance_job
from tests.simulator.asking import ask
from tests.simulator.protection_estate import SOURCES, TABLE, Place, body, caller, error

JOB = {"ago": "3h", "takes": "216.5s"}


def told(client, path, **query):
    answer = client.get(path, **query)
    assert answer.status == 200, answer.body
    return answer.body


def with_job(status="Completed", **more):
    place = Place()
    job = instance_job(place.estate, place.instances["disk"], status, **{**JOB, **more})
    return place, job


class TestVaults:
    def test_are_listed_by_subscription_and_by_group(self, tmp_path):
        place = Place()
        backup_vault(place.estate, "bv-2", subscription=place.subscription, group="rg-other")
        client = caller(tmp_path, place)
        provider = "providers/Microsoft.DataProtection/backupVaults"
        everywhere = told(client, f"/subscriptions/{place.subscription}/{provider}")
        here = told(client, f"/subscriptions/{place.subscription}/resourceGroups/rg-backup/{provider}")

        assert set(everywhere) == {"value"}
        assert [one["name"] for one in everywhere["value"]] == ["bv-1", "bv-2"]
        assert [one["name"] for one in here["value"]] == ["bv-1"]

    def test_a_vault_has_its_id_without_the_capital_of_resource_graph(self, tmp_path):
        client = caller(tmp_path)
        vault = told(client, client.place.row_id)

        assert (vault["id"], vault["type"]) == (client.place.vault, "Microsoft.DataProtection/backupVaults")
        assert (vault["location"], vault["identity"]["type"]) == ("northeurope", "SystemAssigned")
        assert vault["properties"]["securitySettings"]["softDeleteSettings"] == {
            "state": "On",
            "retentionDurationInDays": 14.0,
        }

    def test_a_list_leaves_out_what_the_caller_may_not_read(self, tmp_path):
        place = Place()
        other = backup_vault(place.estate, "bv-2", subscription=place.subscription, group="rg-other")
        client = caller(tmp_path, place, forbidden=[other])
        provider = "providers/Microsoft.DataProtection/backupVaults"

        assert [
            one["name"] for one in told(client, f"/subscriptions/{place.subscription}/{provider}")["value"]
        ] == ["bv-1"]
        assert error(client.get(other)) == (403, "AuthorizationFailed")

    def test_one_that_is_not_there_is_not_found_by_the_gateway(self, tmp_path):
        client = caller(tmp_path)
        answer = client.get(f"{client.place.vault}9/backupJobs")

        assert error(answer) == (404, "ResourceNotFound")
        assert "'Microsoft.DataProtection/BackupVaults/bv-19'" in answer.body["error"]["message"]
        assert answer.headers == {"x-ms-failure-cause": "gateway"}

    def test_nor_is_a_group(self, tmp_path):
        client = caller(tmp_path)
        elsewhere = client.place.vault.replace("rg-backup", "rg-none")

        assert error(client.get(elsewhere)) == (404, "ResourceGroupNotFound")


class TestPolicies:
    def test_are_listed_and_read(self, tmp_path):
        client = caller(tmp_path)
        listed = told(client, f"{client.place.vault}/backupPolicies")
        policy = told(client, client.place.policies["disk"])

        assert set(listed) == {"value"}
        assert [one["name"] for one in listed["value"]] == sorted(f"{kind}-policy" for kind in SOURCES)
        assert policy["type"] == "Microsoft.DataProtection/backupVaults/backupPolicies"
        assert policy["properties"]["objectType"] == "BackupPolicy"
        assert policy in listed["value"]


class TestInstances:
    def test_are_listed_without_a_link_to_a_next_page(self, tmp_path):
        client = caller(tmp_path)
        listed = told(client, f"{client.place.vault}/backupInstances")

        assert set(listed) == {"value"}
        assert {one["id"] for one in listed["value"]} == set(client.place.instances.values())

    @pytest.mark.parametrize("kind", SOURCES)
    def test_are_told_without_nulls_and_without_what_resource_graph_adds(self, tmp_path, kind):
        client = caller(tmp_path)
        one = told(client, client.place.instances[kind])

        properties = one["properties"]
        assert one["type"] == "Microsoft.DataProtection/backupVaults/backupInstances"
        assert None not in properties.values()
        assert set(properties) - {"dataSourceSetInfo"} == {
            "friendlyName",
            "dataSourceInfo",
            "policyInfo",
            "protectionStatus",
            "currentProtectionState",
            "provisioningState",
            "objectType",
        }
        assert properties["protectionStatus"] == {"status": "ProtectionConfigured"}
        assert set(properties["dataSourceInfo"]) == {
            "resourceID",
            "resourceUri",
            "datasourceType",
            "resourceName",
            "resourceType",
            "resourceLocation",
            "objectType",
        }

    def test_the_instances_of_a_resource_are_found_by_its_id(self, tmp_path):
        client = caller(tmp_path)
        resource = client.place.resource(SOURCES["disk"])
        found = told(client, f"{resource.upper()}/providers/Microsoft.DataProtection/backupInstances")
        none = told(client, f"{resource}9/providers/Microsoft.DataProtection/backupInstances")

        assert [one["id"] for one in found["value"]] == [client.place.instances["disk"]]
        assert none == {"value": []}

    def test_the_instances_of_a_resource_are_told_to_who_may_read_it_and_not_the_vault(self, tmp_path):
        place = Place()
        client = caller(tmp_path, place, forbidden=[place.vault])
        listing = f"{place.resource(SOURCES['disk'])}/providers/Microsoft.DataProtection/backupInstances"

        assert client.get(f"{place.vault}/backupInstances").status == 403
        assert [one["id"] for one in told(client, listing)["value"]] == [place.instances["disk"]]

    def test_the_instances_of_a_resource_need_a_right_on_the_resource(self, tmp_path):
        place = Place()
        resource = place.resource(SOURCES["disk"])
        client = caller(tmp_path, place, forbidden=[resource])

        assert client.get(f"{resource}/providers/Microsoft.DataProtection/backupInstances").status == 403

    def test_soft_deleted_ones_have_a_list_of_their_own(self, tmp_path):
        place = Place()
        gone = place.protect("disk", "Microsoft.Compute/disks/d2", state="SoftDeleted")
        client = caller(tmp_path, place)
        (deleted,) = told(client, f"{place.vault}/deletedBackupInstances")["value"]

        assert deleted == told(client, gone)
        assert deleted["type"] == "Microsoft.DataProtection/backupVaults/deletedBackupInstances"
        assert deleted["properties"]["objectType"] == "DeletedBackupInstance"
        assert error(client.get(gone.replace("deletedBackup", "backup"))) == (
            404,
            "UserErrorGenericResourceNotFound",
        )

    def test_credentials_keep_their_nulls(self, tmp_path):
        place = Place()
        secret = {"secretStoreType": "AzureKeyVault", "uri": "https://kv/secrets/s", "value": None}
        credentials = {"objectType": "SecretStoreBasedAuthCredentials", "secretStoreResource": secret}
        place.estate.change(place.instances["postgresql"], datasourceAuthCredentials=credentials)
        client = caller(tmp_path, place)

        told_of = told(client, place.instances["postgresql"])["properties"]["datasourceAuthCredentials"]
        assert told_of == credentials

    def test_what_only_the_vault_knows_is_laid_over_the_row(self, tmp_path):
        place = Place()
        stopped = {"properties": {"currentProtectionState": "ProtectionStopped"}}
        client = caller(tmp_path, place, rest={place.instances["disk"]: stopped})

        read = told(client, place.instances["disk"])["properties"]
        assert read["currentProtectionState"] == "ProtectionStopped"
        assert client.graph(place.instances["disk"])["currentProtectionState"] == "ProtectionConfigured"


class TestJobs:
    def test_are_listed_newest_first_with_a_next_link_that_is_null(self, tmp_path):
        place = Place()
        for kind, ago in (("disk", "3h"), ("aks", "1h"), ("postgresql", "2h")):
            instance_job(place.estate, place.instances[kind], "Completed", ago=ago)
        client = caller(tmp_path, place)

        assert [name for name, _ in client.jobs()] == ["k1", "db1", "d1"]
        assert told(client, f"{place.vault}/backupJobs")["nextLink"] is None

    def test_pages_are_followed(self, tmp_path):
        place = Place()
        for ago in range(5):
            instance_job(place.estate, place.instances["disk"], "Completed", ago=f"{ago + 1}h")
        client = caller(tmp_path, place)
        first = told(client, f"{place.vault}/backupJobs", **{"$top": "3"})
        second = client.follow(first["nextLink"]).body

        names = [one["name"] for one in first["value"] + second["value"]]
        assert (len(first["value"]), len(second["value"]), len(set(names))) == (3, 2, 5)
        assert second["nextLink"] is None

    def test_a_filter_is_not_guessed(self, tmp_path):
        client = caller(tmp_path)

        assert error(client.get(f"{client.place.vault}/backupJobs", **{"$filter": "status eq 'Failed'"})) == (
            501,
            "NotSimulated",
        )

    def test_a_job_has_a_null_for_what_there_is_nothing_to_say_of(self, tmp_path):
        place, job = with_job()
        one = told(caller(tmp_path, place), job)

        properties = one["properties"]
        assert (one["id"], one["type"]) == (job, "Microsoft.DataProtection/backupVaults/backupJobs")
        assert {name for name, value in properties.items() if value is None} == {
            "dataSourceSetName",
            "errorDetails",
            "isCrossRegionRestore",
            "progressUrl",
            "rehydrationPriority",
            "restoreType",
            "sourceDataStoreName",
            "sourceDataStoreType",
        }
        assert properties["extendedInfo"]["subTasks"][0]["taskProgress"] is None

    def test_times_are_shorter_here_and_durations_are_of_another_form(self, tmp_path):
        place, job = with_job()
        client = caller(tmp_path, place)
        graph, rest = client.graph(job), told(client, job)["properties"]

        assert (graph["startTime"], rest["startTime"]) == (
            "2026-11-22T09:00:00.0000000Z",
            "2026-11-22T09:00:00Z",
        )
        assert (graph["endTime"], rest["endTime"]) == (
            "2026-11-22T09:03:36.5000000Z",
            "2026-11-22T09:03:36.5Z",
        )
        assert (graph["duration"], rest["duration"]) == ("00:03:36.5000000", "PT3M36.5S")
        point = rest["extendedInfo"]["targetRecoverPoint"]
        assert point["recoveryPointTime"] == "0001-01-01T00:00:00Z"

    def test_one_that_runs_has_neither_end_nor_duration(self, tmp_path):
        place, job = with_job("InProgress")
        rest = told(caller(tmp_path, place), job)["properties"]

        assert (rest["status"], rest["endTime"], rest["duration"]) == ("InProgress", None, "PT0S")

    def test_a_list_has_no_extended_information_and_durations_as_resource_graph_has_them(self, tmp_path):
        place, job = with_job()
        client = caller(tmp_path, place)
        (listed,) = told(client, f"{place.vault}/backupJobs")["value"]
        alone = told(client, job)

        assert listed["properties"].keys() == alone["properties"].keys()
        assert listed["properties"]["extendedInfo"] is None
        assert listed["properties"]["duration"] == "00:03:36.5000000"
        assert listed["properties"]["endTime"] == alone["properties"]["endTime"]

    def test_the_cause_of_a_failure_is_told_in_the_list_too(self, tmp_path):
        place, _ = with_job("Failed", codes=["MOSJobTimedOutError"])
        (job,) = told(caller(tmp_path, place), f"{place.vault}/backupJobs")["value"]

        assert [one["code"] for one in job["properties"]["errorDetails"]] == ["MOSJobTimedOutError"]


class TestWriting:
    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
    @pytest.mark.parametrize("path", ["backupInstances/i1", "backupPolicies/p1"])
    def test_below_a_vault_is_not_guessed(self, tmp_path, method, path):
        client = caller(tmp_path)

        answer = ask(client.world, method, f"{client.place.vault}/{path}", {"properties": {}})
        assert error(answer) == (501, "NotSimulated")

    def test_the_vault_itself_is_a_resource_like_any(self, tmp_path):
        client = caller(tmp_path)
        answer = ask(client.world, "PATCH", client.place.vault, {"tags": {"env": "prod"}})

        assert answer.status == 200
        assert told(client, client.place.vault)["tags"] == {"env": "prod"}


class TestNotFound:
    @pytest.mark.parametrize("path", ["backupInstances", "backupPolicies", "backupJobs", "operationStatus"])
    def test_what_the_vault_does_not_have_is_an_error_with_nulls(self, tmp_path, path):
        client = caller(tmp_path)
        answer = client.get(f"{client.place.vault}/{path}/0a0a")

        assert (answer.status, set(answer.body["error"])) == (404, {"code", "message", "target", "details"})
        assert answer.headers == {"x-ms-error-code": "UserErrorGenericResourceNotFound"}

    def test_before_2024_a_read_has_one_null_more_and_a_post_the_envelope_of_old(self, tmp_path):
        client = caller(tmp_path)
        path = f"{client.place.vault}/backupInstances/0a0a"
        read = client.get(path, **{"api-version": "2023-11-01"})
        posted = client.trigger(path, body(), **{"api-version": "2023-11-01"})

        assert read.body["error"]["innerError"] is None
        assert posted.status == 404
        assert (posted.body["ErrorCode"], posted.body["Values"]) == ("UserErrorGenericResourceNotFound", [])

    def test_an_api_version_is_needed_and_not_older_than_what_was_seen(self, tmp_path):
        client = caller(tmp_path)

        assert error(client.get(client.place.vault, **{"api-version": ""})) == (
            400,
            "MissingApiVersionParameter",
        )
        assert error(client.get(client.place.vault, **{"api-version": "2020-01-01"}))[0] == 400


class TestResourceGraph:
    def query(self, client, text):
        path = "/providers/Microsoft.ResourceGraph/resources?api-version=2021-03-01"
        answer = ask(client.world, "POST", path, {"query": text}, content_type="application/json")
        assert answer.status == 200, answer.body
        return answer.body["data"]

    def test_tells_jobs_of_both_origins_apart_as_the_azure_cli_does(self, tmp_path):
        place = Place()
        for user, ago in ((True, "3h"), (False, "2h")):
            instance_job(place.estate, place.instances["disk"], "Completed", ago=ago, user=user)
        rows = self.query(
            caller(tmp_path, place),
            "recoveryservicesresources "
            "| where type =~ 'Microsoft.DataProtection/backupVaults/backupJobs' "
            "| where properties.dataSourceType =~ 'microsoft.compute/disks' "
            "| extend origin = iff(properties.isUserTriggered == 'true', 'OnDemand', 'Scheduled') "
            "| project id, origin, took = tostring(properties.duration) | order by origin asc",
        )

        assert [(row["origin"], row["took"]) for row in rows] == [
            ("OnDemand", "00:04:00"),
            ("Scheduled", "00:04:00"),
        ]

    def test_has_the_vault_among_the_resources_with_a_capital_in_its_id(self, tmp_path):
        rows = self.query(
            caller(tmp_path), "resources | where type == 'microsoft.dataprotection/backupvaults' | project id"
        )

        assert [row["id"].split("/")[-2] for row in rows] == ["BackupVaults"]

    def test_joins_instances_and_their_jobs_by_their_ids(self, tmp_path):
        place, job = with_job()
        rows = self.query(
            caller(tmp_path, place),
            "recoveryservicesresources | where type endswith '/backupjobs' "
            "| extend instance = tolower(tostring(properties.backupInstanceId)) "
            "| join kind=inner (recoveryservicesresources | where type endswith '/backupinstances' "
            "| extend instance = tolower(id) | project instance, "
            "state = tostring(properties.currentProtectionState)) on instance | project id, state",
        )

        assert rows == [{"id": job, "state": "ProtectionConfigured"}]

    def test_serves_rows_of_types_nobody_knows(self, tmp_path):
        place = Place()
        held = place.estate.row(place.policies["disk"])
        row = {**held, "id": f"{place.vault}/backupThings/t1", "name": "t1"}
        place.estate.add(TABLE, {**row, "type": "microsoft.dataprotection/backupvaults/backupthings"})

        client = caller(tmp_path, place)
        rows = self.query(client, "recoveryservicesresources | where type endswith '/backupthings'")
        assert [row["name"] for row in rows] == ["t1"]
        assert ask(client.world, "GET", f"{place.vault}/backupThings/t1").status == 200
