"""The SDK's own methods of azure-mgmt-recoveryservicesbackup, over loopback, for each kind of item.

Its client gives items and recovery points of databases as the base class, as it does with recorded answers:
of a hierarchy of models it looks at one level only. Their own models read what it gave.
"""

from datetime import UTC, datetime, timedelta

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.recoveryservicesbackup import RecoveryServicesBackupClient
from azure.mgmt.recoveryservicesbackup import models as sdk

from simulator.estate import Estate
from simulator.estate_databases import database, database_policy, protectable
from simulator.estate_shares import protectable_share, share, share_policy
from simulator.world import World
from tests.simulator.blob_clients import Credential, simulated
from tests.simulator.recovery_estate import Clock

HERE = ("rsv", "rg-backup")
FABRIC = (*HERE, "Azure")
LATER = datetime.now(UTC) + timedelta(days=50)
DATABASES = {
    "sql": (sdk.AzureVmWorkloadSQLDatabaseProtectedItem, sdk.AzureWorkloadSQLRecoveryPoint),
    "hana": (sdk.AzureVmWorkloadSAPHanaDatabaseProtectedItem, sdk.AzureWorkloadSAPHanaRecoveryPoint),
    "ase": (sdk.AzureVmWorkloadSAPAseDatabaseProtectedItem, sdk.AzureWorkloadSAPAseRecoveryPoint),
}
RANGES = {
    "sql": sdk.AzureWorkloadSQLPointInTimeRecoveryPoint,
    "hana": sdk.AzureWorkloadSAPHanaPointInTimeRecoveryPoint,
    "ase": sdk.AzureWorkloadSAPAsePointInTimeRecoveryPoint,
}


class Vault:
    """An item of each kind, in a vault of its own."""

    def __init__(self, folder):
        made = Estate()
        self.subscription = made.subscription("prod")
        self.id = made.vault(HERE[0], subscription=self.subscription, group=HERE[1])
        vm = made.vm("vm-1", subscription=self.subscription, group="rg-app")
        account = made.storage_account("stdocs", subscription=self.subscription, group="rg-app")
        self.items = {"vm": made.item(self.id, vm, policy=made.policy(self.id, "vm"))}
        policy = share_policy(made, self.id, "files", every_hours=4)
        self.items["files"] = share(made, self.id, account, "docs", policy=policy, hashed=True)
        for kind in DATABASES:
            policy = database_policy(
                made, self.id, kind, kind=kind, full_days=["Sunday"], differential="02:00"
            )
            self.items[kind] = database(
                made, self.id, vm, "main", kind=kind, policy=policy, last_recovery_point_ago="30m"
            )
        for kind in DATABASES:
            protectable(made, self.id, vm, "main", kind=kind, protected=True)
            protectable(made, self.id, vm, "spare", kind=kind)
        protectable_share(made, self.id, account, "homes")
        made.vm("vm-2", subscription=self.subscription, group="rg-app")
        for item in self.items.values():
            made.minutes(item, 0.5)
        self.clock = Clock()
        self.clock.at = made.now
        self.world = World.load(made.write(folder), clock=self.clock)

    def names(self, kind):
        """Container and item, as the SDK's methods take them."""
        parts = self.items[kind].split("/")
        return parts[-3], parts[-1]


@pytest.fixture(scope="module")
def vault(tmp_path_factory):
    return Vault(tmp_path_factory.mktemp("estate"))


@pytest.fixture(scope="module")
def client(vault):
    with (
        simulated(vault.world) as address,
        RecoveryServicesBackupClient(
            Credential(audience="https://management.azure.com/"),
            vault.subscription,
            proxies={"https": address.url},
            connection_verify=str(address.ca_file),
            retry_total=0,
        ) as made,
    ):
        yield made


def backed_up(client, vault, kind, properties):
    """Start a backup, and give its job once it has ended."""
    answers = []
    request = sdk.BackupRequestResource(properties=properties)
    client.backups.trigger(
        *FABRIC, *vault.names(kind), request, raw_response_hook=lambda one: answers.append(one.http_response)
    )
    operation = answers[0].headers["Azure-AsyncOperation"].split("/")[-1].partition("?")[0]
    vault.clock.at += 30
    status = client.protected_item_operation_statuses.get(*FABRIC, *vault.names(kind), operation)
    assert status.status == "Succeeded", status.error
    return client.job_details.get(*HERE, status.properties.job_id).properties


class TestShares:
    def test_are_read(self, client, vault):
        found = client.protected_items.get(*FABRIC, *vault.names("files")).properties

        assert isinstance(found, sdk.AzureFileshareProtectedItem)
        assert (found.friendly_name, found.protection_state) == ("docs", "Protected")
        assert found.extended_info.recovery_point_count == 1
        assert found.source_resource_id.endswith("/Microsoft.storage/storageAccounts/stdocs")

    def test_are_backed_up(self, client, vault):
        body = sdk.AzureFileShareBackupRequest(recovery_point_expiry_time_in_utc=LATER)
        job = backed_up(client, vault, "files", body)

        assert isinstance(job, sdk.AzureStorageJob)
        assert (job.status, job.operation, job.is_user_triggered) == ("Completed", "Backup", False)
        assert job.extended_info.property_bag["Whether job is adhoc or scheduled."] == "True"
        newest = next(iter(client.recovery_points.list(*FABRIC, *vault.names("files"))))
        assert isinstance(newest.properties, sdk.AzureFileShareRecoveryPoint)
        assert newest.properties.recovery_point_time == job.start_time

    def test_have_hourly_policies(self, client):
        policy = client.protection_policies.get(*HERE, "files").properties

        assert isinstance(policy, sdk.AzureFileShareProtectionPolicy)
        assert policy.schedule_policy.hourly_schedule.interval == 4


@pytest.mark.parametrize("kind", DATABASES)
class TestDatabases:
    def test_are_read(self, client, vault, kind):
        given = client.protected_items.get(*FABRIC, *vault.names(kind)).properties

        found = DATABASES[kind][0](given)
        assert (
            found.protected_item_type == given.protected_item_type == DATABASES[kind][0]().protected_item_type
        )
        assert (found.server_name, found.last_backup_status) == ("vm-1", "Healthy")
        assert found.vault_id == f"https://management.azure.com{vault.id}"

    def test_are_backed_up(self, client, vault, kind):
        body = sdk.AzureWorkloadBackupRequest(
            backup_type="Full", enable_compression=False, recovery_point_expiry_time_in_utc=LATER
        )
        job = backed_up(client, vault, kind, body)

        assert isinstance(job, sdk.AzureWorkloadJob)
        assert (job.status, job.operation, job.entity_friendly_name) == (
            "Completed",
            "Backup (Full)",
            "main [vm-1]",
        )
        newest = next(iter(client.recovery_points.list(*FABRIC, *vault.names(kind))))
        point = DATABASES[kind][1](newest.properties)
        assert newest.properties.object_type == DATABASES[kind][1]().object_type
        assert (point.type, point.recovery_point_time_in_utc) == ("Full", job.start_time)
        alone = client.recovery_points.get(*FABRIC, *vault.names(kind), newest.name)
        assert alone.properties == newest.properties

    def test_tell_their_logs_as_a_range(self, client, vault, kind):
        asked = "restorePointQueryType eq 'Log'"
        (logs,) = client.recovery_points.list(*FABRIC, *vault.names(kind), filter=asked)

        assert logs.properties.object_type == RANGES[kind]().object_type
        (only,) = RANGES[kind](logs.properties).time_ranges
        assert only.end_time - only.start_time > timedelta(days=6)

    def test_have_policies_with_a_part_for_each_type(self, client, kind):
        policy = client.protection_policies.get(*HERE, kind).properties

        assert isinstance(policy, sdk.AzureVmWorkloadProtectionPolicy)
        assert policy.settings.time_zone == "UTC"
        parts = {part.policy_type: type(part.schedule_policy) for part in policy.sub_protection_policy}
        assert parts == {
            "Full": sdk.SimpleSchedulePolicy,
            "Differential": sdk.SimpleSchedulePolicy,
            "Log": sdk.LogSchedulePolicy,
        }


def test_a_failed_backup_of_a_database_says_why_to_the_sdk(client, vault):
    vault.world.known.outcomes[vault.items["sql"].lower()] = ["Failed:UserErrorOpeningSQLConnection"]
    body = sdk.AzureWorkloadBackupRequest(backup_type="Differential")
    job = backed_up(client, vault, "sql", body)

    (why,) = job.error_details
    assert (why.error_title, job.status) == ("UserErrorOpeningSQLConnection", "Failed")
    given = client.protected_items.get(*FABRIC, *vault.names("sql")).properties
    found = sdk.AzureVmWorkloadSQLDatabaseProtectedItem(given)
    assert found.last_backup_error_detail.code == "UserErrorOpeningSQLConnection"
    assert (found.last_backup_status, found.protected_item_health_status) == ("Unhealthy", "Unhealthy")


def test_a_machine_tells_its_recovery_points_too(client, vault):
    (point,) = client.recovery_points.list(*FABRIC, *vault.names("vm"))

    assert isinstance(point.properties, sdk.IaasVMRecoveryPoint)
    assert point.properties.recovery_point_tier_details[0].type == "InstantRP"


def test_items_of_every_kind_are_listed(client):
    listed = client.backup_protected_items.list(*HERE)

    assert sorted(one.properties.workload_type for one in listed) == [
        "AzureFileShare",
        "SAPAseDatabase",
        "SAPHanaDatabase",
        "SQLDataBase",
        "VM",
    ]


@pytest.mark.parametrize(
    ("management", "model", "name"),
    [
        ("AzureIaasVM", sdk.AzureIaaSComputeVMContainer, "vm-1"),
        ("AzureWorkload", sdk.AzureVMAppContainerProtectionContainer, "vm-1"),
        ("AzureStorage", sdk.AzureStorageContainer, "stdocs"),
    ],
)
def test_containers_of_every_kind_are_listed(client, management, model, name):
    """The client's own model is the base class for some."""
    asked = f"backupManagementType eq '{management}'"
    (listed,) = client.backup_protection_containers.list(*HERE, filter=asked)
    one = client.protection_containers.get(*FABRIC, listed.name)

    found = model(one.properties)
    assert (found.container_type, found.friendly_name) == (model().container_type, name)
    assert found.registration_status == "Registered"


@pytest.mark.parametrize(
    ("filter", "model", "states"),
    [
        (
            "workloadType eq 'SQLDataBase' and itemType eq 'SQLDataBase'",
            sdk.AzureVmWorkloadSQLDatabaseProtectableItem,
            {"main": "Protected", "spare": "NotProtected"},
        ),
        (
            "workloadType eq 'SAPHanaDatabase' and itemType eq 'SAPHanaDatabase'",
            sdk.AzureVmWorkloadSAPHanaDatabaseProtectableItem,
            {"main": "Protected", "spare": "NotProtected"},
        ),
        (
            "backupManagementType eq 'AzureStorage'",
            sdk.AzureFileShareProtectableItem,
            {"homes": "NotProtected"},
        ),
        (
            "backupManagementType eq 'AzureIaasVM'",
            sdk.AzureIaaSComputeVMProtectableItem,
            {"vm-2": "NotProtected"},
        ),
    ],
)
def test_protectable_items_of_every_kind_are_listed(client, filter, model, states):
    found = [model(one.properties) for one in client.backup_protectable_items.list(*HERE, filter=filter)]

    assert {one.friendly_name: one.protection_state for one in found} == states
    assert {one.protectable_item_type for one in found} == {model().protectable_item_type}


def test_what_could_be_registered_is_listed(client):
    """The machine and the account that have items are registered already."""
    (found,) = client.protectable_containers.list(*FABRIC, filter="backupManagementType eq 'AzureWorkload'")

    assert (found.properties.friendly_name, found.properties.protectable_container_type) == (
        "vm-2",
        "VMAppContainer",
    )


@pytest.mark.parametrize(
    ("name", "told"), [("vm-1", ("Protected", "Failed")), ("vm-2", ("NotProtected", "Succeeded"))]
)
def test_a_resource_is_checked_before_it_is_protected(client, vault, name, told):
    group = f"/subscriptions/{vault.subscription}/resourceGroups/rg-app"
    asked = {
        "resource_type": "VM",
        "resource_id": f"{group}/providers/Microsoft.Compute/virtualMachines/{name}",
    }
    status = client.backup_status.get("westeurope", sdk.BackupStatusRequest(**asked))
    request = sdk.PreValidateEnableBackupRequest(vault_id=vault.id, **asked)
    validity = client.protection_intent.validate("westeurope", request)

    assert (status.protection_status, validity.status) == told


def test_a_refusal_is_an_error_with_its_code(client, vault):
    request = sdk.BackupRequestResource(properties=sdk.AzureWorkloadBackupRequest(backup_type="Incremental"))
    with pytest.raises(HttpResponseError) as refusal:
        client.backups.trigger(*FABRIC, *vault.names("sql"), request)

    assert (refusal.value.status_code, refusal.value.error.code) == (400, "BMSUserErrorInvalidInput")
    with pytest.raises(ResourceNotFoundError):
        client.recovery_points.get(*FABRIC, *vault.names("sql"), "4711")
