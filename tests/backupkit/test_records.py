"""Azure's rows as records, in the shapes, casings and omissions that are on the wire."""

from __future__ import annotations

import pytest
from backupkit import rows
from backupkit.records import Item, Job, arm_path, subscription_of, vault_of
from backupkit.recovery_rows import container_in, plain_container, workload_of
from backupkit.times import utc
from hypothesis import given
from hypothesis import strategies as st

SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
VAULT = (
    f"/subscriptions/{SUBSCRIPTION}/resourcegroups/rg-backup/providers/microsoft.recoveryservices/vaults/rsv"
)
CONTAINER = "iaasvmcontainerv2;rg-app;vm-01"
ITEM = (
    f"{VAULT}/backupfabrics/azure/protectioncontainers/iaasvmcontainer;{CONTAINER}"
    f"/protecteditems/vm;{CONTAINER}"
)
AS_SENT = (
    f"/Subscriptions/{SUBSCRIPTION}/resourceGroups/RG-Backup/providers/Microsoft.RecoveryServices/vaults/RSV"
)
BUSY = {"errorCode": 400002, "errorTitle": "", "errorString": "Backup failed with an internal error."}


def job(*, vault: str = AS_SENT, **properties: object) -> Job:
    """A VM's backup that completed, as a vault's own list has it; a property that is None is absent."""
    known = {
        "jobType": "AzureIaaSVMJob",
        "operation": "Backup",
        "status": "Completed",
        "startTime": "2026-03-09T22:00:00.1234567Z",
        "endTime": "2026-03-09T22:15:30.7654321Z",
        "entityFriendlyName": "VM-01",
        "backupManagementType": "AzureIaasVM",
        **properties,
    }
    given_ones = {name: value for name, value in known.items() if value is not None}
    return rows.job({"id": f"{vault}/backupJobs/J-1", "name": "J-1", "properties": given_ones})


# -- Jobs --------------------------------------------------------------------------------------


def test_a_job_is_read():
    one = job(isUserTriggered=False, containerName=CONTAINER)

    assert (one.name, one.vault, one.workload) == ("J-1", VAULT, "vm")
    assert (one.started, one.ended) == (utc("2026-03-09T22:00:00"), utc("2026-03-09T22:15:30"))
    assert (one.item, one.item_name, one.container) == ("", "vm-01", CONTAINER)
    assert (one.user, one.failure) == (False, None)
    assert one.id.startswith("/Subscriptions/")


@pytest.mark.parametrize(
    ("said", "user"),
    [
        pytest.param(True, True, id="a person or a program"),
        pytest.param(False, False, id="the schedule"),
        pytest.param("true", True, id="as text, which Resource Graph may send"),
        pytest.param("False", False, id="as text in another case"),
        pytest.param("perhaps", None, id="as text that says nothing"),
        pytest.param(1, None, id="as a number"),
        pytest.param(None, None, id="not said, as in jobs of the second type"),
    ],
)
def test_who_started_it(said, user):
    assert job(jobType="AzureIaaSVMJobV2", isUserTriggered=said).user is user


@pytest.mark.parametrize("kind", ["AzureIaaSVMJob", "AzureIaaSVMJobV2", "SomethingNewer", None])
def test_a_failure_is_read_whatever_the_type_of_the_job(kind):
    one = job(jobType=kind, status="Failed", errorDetails=[BUSY])

    assert one.failure is not None
    assert (one.failure.code, one.failure.cause) == ("BackUpOperationFailed", "passing")


@pytest.mark.parametrize(
    "details",
    [
        pytest.param(None, id="absent"),
        pytest.param([], id="an empty list"),
        pytest.param("BackUpOperationFailed", id="text"),
        pytest.param([None, "text"], id="a list of no objects"),
    ],
)
def test_a_failure_without_details_is_one_all_the_same(details):
    one = job(status="Failed", errorDetails=details)

    assert one.failure is not None
    assert one.failure.code == "none given"


@pytest.mark.parametrize(
    "status", ["Completed", "CompletedWithWarnings", "InProgress", "Cancelled", "Cancelling"]
)
def test_details_of_a_job_that_has_not_failed_are_no_failure(status):
    assert job(status=status, errorDetails=[BUSY]).failure is None


@pytest.mark.parametrize(
    ("status", "is_so"),
    [
        ("Completed", "succeeded"),
        ("CompletedWithWarnings", "succeeded"),
        ("completedwithwarnings", "succeeded"),
        ("Failed", "failed"),
        ("InProgress", "is_running"),
        ("Inprogress", "is_running"),
        ("Cancelling", "is_running"),
        ("Cancelled", "cancelled"),
        ("Brand new", None),
    ],
)
def test_a_status_says_one_thing(status, is_so):
    one = job(status=status)
    said = [name for name in ("succeeded", "failed", "is_running", "cancelled") if getattr(one, name)]

    assert said == ([is_so] if is_so else [])


@pytest.mark.parametrize(
    ("operation", "backup"),
    [
        ("Backup", True),
        ("Backup (Full)", True),
        ("backup", True),
        ("Restore", False),
        ("Restore (Invalid)", False),
        ("ConfigureBackup", False),
        ("DisableBackup", False),
        ("DeleteBackupData", False),
        (None, False),
    ],
)
def test_what_is_a_backup(operation, backup):
    assert job(operation=operation).is_backup is backup


@pytest.mark.parametrize(
    ("properties", "until"),
    [
        pytest.param({}, "2026-03-09T22:15:30", id="it ended"),
        pytest.param({"endTime": None}, "2026-03-09T22:00:00", id="its end is not said: its start"),
        pytest.param({"endTime": "soon"}, "2026-03-09T22:00:00", id="its end cannot be read: its start"),
        pytest.param(
            {"status": "InProgress", "endTime": "0001-01-01T00:00:00"},
            "2026-03-09T22:00:00",
            id="it runs, which is written as an end in the year one",
        ),
        pytest.param(
            {"status": "InProgress", "endTime": "2026-03-09T22:10:00Z"},
            "2026-03-09T22:00:00",
            id="it runs, whatever its end is said to be",
        ),
    ],
)
def test_until_when_a_job_was(properties, until):
    assert job(**properties).until == utc(until)


@pytest.mark.parametrize("duration", ["PT15M30.5S", "00:15:30.5000000", "-PT3S", "0:00:01.78", None])
def test_a_duration_is_not_needed_however_it_is_written(duration):
    assert job(duration=duration) == job()


def test_a_row_of_resource_graph_names_its_item():
    one = job(backupInstanceId=ITEM.replace("azure", "Azure"), containerName=f"IaasVMContainer;{CONTAINER}")

    assert (one.item, one.container) == (ITEM, CONTAINER)


@pytest.mark.parametrize("missing", ["status", "startTime"])
def test_a_job_that_says_not_how_or_when_it_was_is_no_job(missing):
    """Better unread and named than judged."""
    with pytest.raises(KeyError, match=missing):
        job(**{missing: None})


def test_a_job_whose_start_cannot_be_read_is_no_job():
    with pytest.raises(ValueError, match="yesterday"):
        job(startTime="yesterday")


def test_properties_that_are_text_are_no_job():
    with pytest.raises(KeyError):
        rows.job({"id": f"{VAULT}/backupJobs/J-1", "name": "J-1", "properties": '{"status": "Failed"}'})


@pytest.mark.parametrize(
    ("properties", "workload"),
    [
        ({"backupManagementType": "AzureIaasVM"}, "vm"),
        ({"backupManagementType": "AzureIaaSVM"}, "vm"),
        ({"backupManagementType": "AzureStorage"}, "files"),
        ({"backupManagementType": "MAB"}, "mars"),
        ({"backupManagementType": "DPM"}, "dpm"),
        ({"backupManagementType": "AzureBackupServer"}, "dpm"),
        ({"backupManagementType": "AzureWorkload", "workloadType": "SQLDataBase"}, "sql"),
        ({"backupManagementType": "AzureWorkload"}, "workload"),
        ({"backupManagementType": "AzureSql"}, "azuresql"),
        ({}, "unknown"),
    ],
)
def test_what_is_backed_up(properties, workload):
    assert workload_of(properties) == workload


# -- Items -------------------------------------------------------------------------------------


def item(*, item_id: str = ITEM, **properties: object) -> Item:
    known = {
        "friendlyName": "vm-01",
        "backupManagementType": "AzureIaasVM",
        "protectionState": "Protected",
        "lastRecoveryPoint": "2026-03-08T22:01:00.5Z",
        "policyId": f"{VAULT}/backupPolicies/Daily",
        "sourceResourceId": "/subscriptions/S/resourceGroups/RG-APP/providers/Microsoft.Compute/disks/vm-01",
        **properties,
    }
    return rows.item({"id": item_id, "name": f"VM;{CONTAINER}", "properties": known})


def test_an_item_is_read():
    one = item()

    assert (one.key, one.vault, one.name, one.workload) == (ITEM, VAULT, "vm-01", "vm")
    assert (one.container, one.policy) == (CONTAINER, f"{VAULT}/backuppolicies/daily")
    assert one.last_recovery_point == utc("2026-03-08T22:01:00")
    assert "RG-APP" in one.source


@pytest.mark.parametrize(
    "vault_id",
    [
        pytest.param(f"https://management.azure.com{AS_SENT}", id="as a whole URL"),
        pytest.param(AS_SENT, id="as an id"),
        pytest.param(None, id="not at all"),
    ],
)
def test_an_items_vault_is_in_its_own_id_however_else_it_is_written(vault_id):
    assert item(item_id=ITEM.replace(VAULT, AS_SENT), vaultId=vault_id).vault == VAULT


def test_an_item_is_shown_as_its_vault_writes_it_and_compared_in_lower_case():
    one = item(item_id=ITEM.upper())

    assert (one.id, one.key) == (ITEM.upper(), ITEM)
    assert (one.vault, one.container) == (VAULT, CONTAINER)


@pytest.mark.parametrize("stamp", ["2001-01-01T00:00:00Z", "0001-01-01T00:00:00", "", None])
def test_an_item_that_was_never_backed_up_has_no_recovery_point(stamp):
    assert item(lastRecoveryPoint=stamp).last_recovery_point is None


@pytest.mark.parametrize(
    ("properties", "stopped", "deleted"),
    [
        pytest.param({}, False, False, id="protected"),
        pytest.param({"protectionState": "ProtectionStopped"}, True, False, id="stopped"),
        pytest.param(
            {"protectionState": None, "currentProtectionState": "ProtectionStopped"},
            True,
            False,
            id="stopped, in the words of Resource Graph",
        ),
        pytest.param(
            {"protectionState": "ProtectionStopped", "isScheduledForDeferredDelete": "true"},
            True,
            True,
            id="soft-deleted, said in text",
        ),
        pytest.param({"isScheduledForDeferredDelete": False}, False, False, id="not soft-deleted"),
        pytest.param({"protectionState": None}, False, False, id="nothing said"),
    ],
)
def test_whether_an_item_is_still_protected(properties, stopped, deleted):
    one = item(**properties)

    assert (one.stopped, one.soft_deleted) == (stopped, deleted)


@pytest.mark.parametrize(
    ("properties", "source"),
    [
        pytest.param({"sourceResourceId": "/a", "virtualMachineId": "/b"}, "/a", id="the source"),
        pytest.param({"sourceResourceId": None, "virtualMachineId": "/b"}, "/b", id="the machine"),
        pytest.param({"sourceResourceId": None}, "", id="neither"),
    ],
)
def test_what_an_item_is_of(properties, source):
    assert item(**properties).source == source


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        pytest.param(f"https://management.azure.com{VAULT}/backupPolicies/Daily", "/daily", id="a URL"),
        pytest.param("", "", id="none, since it is stopped"),
        pytest.param(None, "", id="null"),
    ],
)
def test_which_policy_an_item_has(policy, expected):
    assert item(policyId=policy).policy.endswith(expected)
    assert "https" not in item(policyId=policy).policy


def test_an_item_without_a_friendly_name_goes_by_the_end_of_its_name():
    assert item(friendlyName=None).name == "vm-01"
    assert item(friendlyName="SAP on vm-01").name == "SAP on vm-01"


# -- Ids ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (f"https://management.azure.com{VAULT}", VAULT),
        (f"http://localhost:8080{VAULT}", VAULT),
        (VAULT, VAULT),
        ("", ""),
    ],
)
def test_an_id_may_come_as_a_url(text, path):
    assert arm_path(text) == path


@pytest.mark.parametrize(
    "text",
    [VAULT, AS_SENT, f"{AS_SENT}/backupJobs/j", ITEM.upper(), f"https://management.azure.com{AS_SENT}"],
)
def test_the_vault_of_anything_in_it(text):
    assert vault_of(text) == VAULT


@pytest.mark.parametrize(
    ("text", "subscription"),
    [(AS_SENT, SUBSCRIPTION), (VAULT, SUBSCRIPTION), ("scope", ""), ("/providers/a/b", ""), ("", "")],
)
def test_the_subscription_of_an_id(text, subscription):
    assert subscription_of(text) == subscription


@pytest.mark.parametrize(
    "name",
    [
        CONTAINER,
        f"IaasVMContainer;{CONTAINER}",
        f"iaasvmcontainer;{CONTAINER}".upper(),
        CONTAINER.replace(";", "%3B"),
        f"IaasVMContainer;{CONTAINER}".replace(";", "%3b"),
    ],
)
def test_a_container_has_one_name_however_it_is_written(name):
    assert plain_container(name) == CONTAINER


def test_a_container_stands_in_the_id_of_its_item():
    assert container_in(ITEM) == container_in(ITEM.upper()) == CONTAINER
    assert container_in(VAULT) == ""


@given(st.text(), st.text())
def test_no_id_is_too_odd_to_be_compared(text, other):
    assert vault_of(text) == vault_of(text.lower())
    assert subscription_of(text) in text.lower()
    assert container_in(f"{text}/protectionContainers/{other}/x") == container_in(
        f"{text}/PROTECTIONCONTAINERS/{other}/x"
    )
