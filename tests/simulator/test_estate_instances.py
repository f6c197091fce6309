"""Backup vaults the builder makes look like Azure's, and hang together."""

from __future__ import annotations

import pytest

from simulator import clock
from simulator.estate import Estate
from simulator.estate_instances import backup_policy, backup_vault, instance, instance_job, vault_of
from simulator.protection_kinds import KINDS

NOW = clock.moment("2026-11-22T07:10:00Z")
RESOURCES = {
    "disk": "Microsoft.Compute/disks/d1",
    "blob": "Microsoft.Storage/storageAccounts/st1",
    "blob-vaulted": "Microsoft.Storage/storageAccounts/st1",
    "postgresql": "Microsoft.DBforPostgreSQL/servers/pg1/databases/db1",
    "postgresql-flexible": "Microsoft.DBforPostgreSQL/flexibleServers/pg2",
    "aks": "Microsoft.ContainerService/managedClusters/k1",
}


@pytest.fixture
def estate():
    return Estate(NOW)


@pytest.fixture
def vault(estate):
    subscription = estate.subscription("prod")
    return backup_vault(estate, "bv-prod-weu", subscription=subscription, group="RG-Backup")


def resource(vault, kind):
    return f"{vault[: vault.index('/resourceGroups')]}/resourceGroups/rg-app/providers/{RESOURCES[kind]}"


def protected(estate, vault, kind="disk", **more):
    policy = backup_policy(estate, vault, f"{kind}-policy", kind)
    return instance(estate, vault, resource(vault, kind), kind, policy=policy, **more)


def properties(estate, row_id):
    return estate.row(row_id)["properties"]


def rules(estate, policy, kind="AzureBackupRule"):
    return [rule for rule in properties(estate, policy)["policyRules"] if rule["objectType"] == kind]


def test_a_vault_stands_among_the_resources_with_a_capital_and_what_lies_in_it_without(estate, vault):
    made = protected(estate, vault)

    assert vault.endswith("/providers/Microsoft.DataProtection/BackupVaults/bv-prod-weu")
    assert estate.row(vault)["type"] == "microsoft.dataprotection/backupvaults"
    assert vault_of(made) == vault.replace("/BackupVaults/", "/backupVaults/")
    assert estate.row(made)["resourceGroup"] == "rg-backup"
    assert estate.row(made)["location"] == "westeurope"


@pytest.mark.parametrize("kind", KINDS)
def test_an_instance_names_its_source_its_policy_and_its_vault(estate, vault, kind):
    made = properties(estate, protected(estate, vault, kind))

    assert made["dataSourceInfo"]["resourceID"] == resource(vault, kind)
    assert made["dataSourceInfo"]["datasourceType"] == KINDS[kind].datasource
    assert made["policyInfo"]["policyId"].endswith(f"/backupPolicies/{kind}-policy")
    assert made["currentProtectionState"] == made["protectionStatus"]["status"] == "ProtectionConfigured"


def test_a_database_and_a_cluster_have_a_set_above_them(estate, vault):
    database = properties(estate, protected(estate, vault, "postgresql"))
    cluster = properties(estate, protected(estate, vault, "aks"))
    disk = properties(estate, protected(estate, vault, "disk"))

    assert database["friendlyName"] == "pg1\\db1"
    assert database["dataSourceSetInfo"]["resourceType"] == "Microsoft.DBforPostgreSQL/servers"
    assert database["dataSourceSetInfo"]["resourceID"].endswith("/servers/pg1")
    assert cluster["dataSourceSetInfo"]["resourceName"] == "k1"
    assert disk["dataSourceSetInfo"] is None


def test_operational_backup_of_blobs_has_no_backup_rule(estate, vault):
    policy = backup_policy(estate, vault, "operational", "blob")

    assert rules(estate, policy) == []
    assert [rule["name"] for rule in rules(estate, policy, "AzureRetentionRule")] == ["Default"]


def test_a_policy_of_blobs_with_a_rule_is_vaulted_and_so_are_its_instances(estate, vault):
    policy = backup_policy(estate, vault, "vaulted", "blob", rule="BackupDaily", every="P1D")
    made = properties(estate, instance(estate, vault, resource(vault, "blob"), "blob", policy=policy))

    assert rules(estate, policy)[0]["dataStore"]["dataStoreType"] == "VaultStore"
    assert "containersList" in made["policyInfo"]["policyParameters"]["backupDatasourceParametersList"][0]


def test_a_flexible_server_is_known_by_its_id(estate, vault):
    policy = backup_policy(estate, vault, "flexible", "postgresql-flexible")
    server = resource(vault, "postgresql-flexible")
    made = properties(estate, instance(estate, vault, server, "postgresql", policy=policy))

    assert made["dataSourceInfo"]["datasourceType"] == "Microsoft.DBforPostgreSQL/flexibleServers"


@pytest.mark.parametrize(
    ("every", "rule"), [("PT4H", "BackupHourly"), ("P1D", "BackupDaily"), ("P1W", "BackupWeekly")]
)
def test_a_schedule_is_an_interval_with_the_offset_of_its_zone(estate, vault, every, rule):
    policy = backup_policy(
        estate, vault, "disks", "disk", every=every, at="03:30", zone="W. Europe Standard Time"
    )

    made = rules(estate, policy)[0]
    assert made["name"] == rule
    assert made["trigger"]["schedule"] == {
        "repeatingTimeIntervals": [f"R/2026-09-20T03:30:00+02:00/{every}"],
        "timeZone": "W. Europe Standard Time",
    }


def test_the_first_tag_is_the_default_and_every_tag_has_its_retention(estate, vault):
    policy = backup_policy(estate, vault, "disks", "disk", tags={"Default": "P7D", "Weekly": "P12W"})

    criteria = rules(estate, policy)[0]["trigger"]["taggingCriteria"]
    kept = rules(estate, policy, "AzureRetentionRule")
    assert [(one["tagInfo"]["tagName"], one["isDefault"]) for one in criteria] == [
        ("Default", True),
        ("Weekly", False),
    ]
    assert [rule["lifecycles"][0]["deleteAfter"]["duration"] for rule in kept] == ["P7D", "P12W"]


def test_an_instance_says_in_resource_graph_when_it_is_late_and_how_long_the_longest_is_kept(estate, vault):
    tags = {"Default": "P7D", "Monthly": "P3M"}
    policy = backup_policy(estate, vault, "weekly", "postgresql", every="P1W", tags=tags)
    made = instance(estate, vault, resource(vault, "postgresql"), "postgresql", policy=policy)

    assert properties(estate, made)["backupInstanceExtendedProperties"]["policyExtendedInfo"] == {
        "configuredRPGenerationFrequency": "7.00:00:00",
        "rpoWarningThresholdInPrimaryRegion": "10.12:00:00",
        "configuredMaximumRetention": "93.00:00:00",
    }


def test_a_job_that_ended_has_its_times_and_moves_the_latest_recovery_point(estate, vault):
    made = protected(estate, vault)
    job = properties(estate, instance_job(estate, made, "Completed", ago="3h", takes="216.88155s"))

    assert (job["startTime"], job["endTime"]) == (
        "2026-11-22T04:10:00.0000000Z",
        "2026-11-22T04:13:36.8815500Z",
    )
    assert job["duration"] == "00:03:36.8815500"
    assert (job["backupInstanceId"], job["isUserTriggered"]) == (made, False)
    assert job["extendedInfo"]["additionalDetails"] == {"RetentionTag": "Default"}
    told = properties(estate, made)["backupInstanceExtendedProperties"]["recoveryPointInfo"]
    assert told["latestRecoveryPointInPrimaryRegion"] == job["startTime"]


def test_a_job_that_runs_has_no_end(estate, vault):
    job = properties(
        estate, instance_job(estate, protected(estate, vault), "InProgress", ago="3m", user=True)
    )

    assert (job["endTime"], job["duration"], job["supportedActions"]) == (None, "00:00:00", [""])
    assert job["extendedInfo"]["subTasks"][0]["taskStatus"] == "InProgress"


def test_a_failure_that_needs_a_person_stays_on_the_instance_until_a_success(estate, vault):
    made = protected(estate, vault)
    failed = properties(
        estate, instance_job(estate, made, "Failed", ago="3h", codes=["UserErrorManagedDiskNotFound"])
    )
    left = properties(estate, made)["protectionStatus"]
    instance_job(estate, made, "Completed", ago="1h")

    assert failed["errorDetails"][0]["code"] == "UserErrorManagedDiskNotFound"
    assert failed["errorDetails"][0]["isRetryable"] is False
    assert (left["status"], left["errorDetails"]["code"]) == (
        "ProtectionConfigured",
        "UserErrorManagedDiskNotFound",
    )
    assert properties(estate, made)["protectionStatus"]["errorDetails"] is None


def test_a_warning_stands_beside_the_job_and_not_among_its_errors(estate, vault):
    made = protected(estate, vault, "aks")
    job = properties(
        estate,
        instance_job(
            estate, made, "CompletedWithWarnings", ago="3h", codes=["KubernetesBackupGenericWarning"]
        ),
    )

    assert job["errorDetails"] is None
    assert job["extendedInfo"]["warningDetails"][0]["warning"]["code"] == "KubernetesBackupGenericWarning"


def test_a_soft_deleted_instance_stands_among_the_deleted_ones_and_keeps_its_jobs(estate, vault):
    gone = protected(estate, vault, state="SoftDeleted")
    job = properties(estate, instance_job(estate, gone, "Completed", ago="30d"))

    assert estate.row(gone)["type"] == "microsoft.dataprotection/backupvaults/deletedbackupinstances"
    assert properties(estate, gone)["deletionInfo"]["scheduledPurgeTime"] == "2026-12-05T07:10:00.0000000Z"
    assert "/backupInstances/" in job["backupInstanceId"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        pytest.param(lambda e, v: backup_policy(e, v, "p", "tape"), "no such kind 'tape'", id="a kind"),
        pytest.param(
            lambda e, v: backup_policy(e, v, "p", "disk", at="late"), "a time such as 22:00", id="a time"
        ),
        pytest.param(
            lambda e, v: backup_policy(e, v, "p", "disk", every="daily"), "such as PT4H", id="a frequency"
        ),
        pytest.param(
            lambda e, v: instance(e, v, resource(v, "aks"), "aks", policy=backup_policy(e, v, "p", "disk")),
            "which the policy .* is not for",
            id="a policy of another kind",
        ),
        pytest.param(
            lambda e, v: instance_job(e, protected(e, v), "Completed", ago="1m"),
            "would not be Completed yet",
            id="a job that ends later than now",
        ),
    ],
)
def test_what_cannot_be_is_refused(estate, vault, wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong(estate, vault)
