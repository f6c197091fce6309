"""The SDK's own client of Microsoft.DataProtection, over loopback: reads, triggers and follows each kind."""

from __future__ import annotations

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.dataprotection import DataProtectionMgmtClient
from azure.mgmt.dataprotection.models import AzureBackupJob, BackupInstance, BackupPolicy

from simulator import clock
from simulator.estate_instances import instance_job
from simulator.world import Settings, World
from tests.simulator.blob_clients import Credential, simulated
from tests.simulator.protection_estate import RULES, SOURCES, TRIGGERED, Place, body

HERE = ("rg-backup", "bv-1")
FAILED = "UserErrorManagedDiskNotFound"


@pytest.fixture(scope="module")
def place():
    """Its disk's last backup failed; the next of its cluster is going to."""
    place = Place(clock.now())
    instance_job(place.estate, place.instances["disk"], "Failed", ago="3h", codes=[FAILED])
    instance_job(place.estate, place.instances["postgresql"], "InProgress", ago="3m")
    place.estate.outcomes(place.instances["aks"], "Failed:CSISnapshottingTimedOut")
    return place


@pytest.fixture(scope="module")
def client(place, tmp_path_factory):
    folder = place.estate.write(tmp_path_factory.mktemp("estate"))
    world = World.load(folder, Settings(speed=1_000_000))
    with (
        simulated(world) as address,
        DataProtectionMgmtClient(
            Credential(audience="https://management.azure.com/"),
            place.subscription,
            proxies={"https": address.url},
            connection_verify=str(address.ca_file),
            polling_interval=0,
            retry_total=0,
        ) as client,
    ):
        yield client


def name(row_id):
    return row_id.rpartition("/")[2]


def test_vaults_are_read_and_listed(client, place):
    vault = client.backup_vaults.get(*HERE)

    assert (vault.id, vault.location, vault.identity.type) == (place.vault, "northeurope", "SystemAssigned")
    assert vault.properties.security_settings.soft_delete_settings.retention_duration_in_days == 14.0
    assert [one.name for one in client.backup_vaults.get_in_subscription()] == ["bv-1"]
    assert [one.name for one in client.backup_vaults.get_in_resource_group("rg-backup")] == ["bv-1"]


@pytest.mark.parametrize("kind", SOURCES)
def test_instances_and_their_policies_are_read(client, place, kind):
    instance = client.backup_instances.get(*HERE, name(place.instances[kind]))
    policy = client.backup_policies.get(*HERE, name(instance.properties.policy_info.policy_id))

    assert isinstance(instance.properties, BackupInstance)
    assert instance.properties.current_protection_state == "ProtectionConfigured"
    assert instance.properties.data_source_info.resource_id == place.resource(SOURCES[kind])
    assert isinstance(policy.properties, BackupPolicy)
    assert [
        rule.name for rule in policy.properties.policy_rules if rule.object_type == "AzureBackupRule"
    ] == [*filter(None, [RULES.get(kind)])]


def test_instances_are_listed_by_vault_and_by_resource(client, place):
    resource = place.resource(SOURCES["disk"])

    assert {one.id for one in client.backup_instances.list(*HERE)} == set(place.instances.values())
    assert [one.id for one in client.backup_instances_extension_routing.list(resource.strip("/"))] == [
        place.instances["disk"]
    ]


def test_a_failed_job_tells_why(client):
    jobs = [one.properties for one in client.jobs.list(*HERE)]
    (failed,) = [one for one in jobs if one.status == "Failed" and one.data_source_name == "d1"]

    assert isinstance(failed, AzureBackupJob)
    assert [(one.code, one.is_retryable) for one in failed.error_details] == [(FAILED, False)]
    assert failed.error_details[0].details[0].code == FAILED
    assert (failed.is_user_triggered, failed.duration) == (False, "00:04:00")
    assert (failed.end_time - failed.start_time).total_seconds() == 240


def test_every_kind_is_triggered_and_its_job_followed(client, place):
    """At this speed a job is over before its operation has been asked about."""
    kinds = [kind for kind in TRIGGERED if kind != "postgresql"]
    pollers = {
        kind: client.backup_instances.begin_adhoc_backup(
            *HERE, name(place.instances[kind]), body(RULES[kind])
        )
        for kind in kinds
    }
    jobs = {
        kind: client.jobs.get(*HERE, name(poller.result().job_id)).properties
        for kind, poller in pollers.items()
    }

    assert {kind: job.data_source_id for kind, job in jobs.items()} == {
        kind: place.resource(SOURCES[kind]) for kind in kinds
    }
    assert {kind: job.status for kind, job in jobs.items()} == {
        kind: "Failed" if kind == "aks" else "Completed" for kind in kinds
    }
    assert jobs["aks"].error_details[0].code == "CSISnapshottingTimedOut"
    assert all(job.is_user_triggered for job in jobs.values())


def test_a_backup_of_an_instance_that_is_being_backed_up_fails_after_it_was_accepted(client, place):
    poller = client.backup_instances.begin_adhoc_backup(
        *HERE, name(place.instances["postgresql"]), body("BackupWeekly")
    )

    with pytest.raises(HttpResponseError, match="UserErrorMaxConcurrentOperationLimitReached"):
        poller.result()


def test_operational_backup_of_blobs_is_refused(client, place):
    with pytest.raises(HttpResponseError, match="nothing to trigger") as refused:
        client.backup_instances.begin_adhoc_backup(*HERE, name(place.instances["blob"]), body())

    assert (refused.value.status_code, refused.value.error.code) == (400, "BMSUserErrorInvalidInput")


def test_what_is_not_there_is_not_found(client):
    with pytest.raises(ResourceNotFoundError, match="UserErrorGenericResourceNotFound"):
        client.backup_instances.get(*HERE, "nobody")
