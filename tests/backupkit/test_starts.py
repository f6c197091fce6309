"""A backup of whatever kind is asked for, and what became of that is learnt."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from azure.core.exceptions import ClientAuthenticationError, ServiceResponseError
from backupkit import rows
from backupkit.starts import POLLS, Start, Wanted, right_to_start, settle, settle_from_list, start
from hypothesis import given
from hypothesis import strategies as st

from tests.backupkit.fakes import Azure, refused, reply

SUB = "/subscriptions/11111111-0000-0000-0000-000000000000"
VAULT = f"{SUB}/resourceGroups/rg-Backup/providers/Microsoft.RecoveryServices/vaults/rsv-1"
OTHER_VAULT = VAULT.replace("rsv-1", "rsv-2")
BACKUP_VAULT = f"{SUB}/resourceGroups/rg-Backup/providers/Microsoft.DataProtection/backupVaults/bv-1"
CONTAINER = "iaasvmcontainerv2;rg-app;vm-1"
RESET = ServiceResponseError("Connection aborted.")
KEEP = datetime(2026, 7, 16, 12, 30, 1, 999, UTC)


def below(container, name, vault=VAULT, **properties):
    row_id = f"{vault}/backupFabrics/Azure/protectionContainers/{container}/protectedItems/{name}"
    return rows.item({"id": row_id, "name": name, "properties": properties})


def item(name="vm-1", vault=VAULT):
    container = f"iaasvmcontainerv2;rg-app;{name}"
    facts = {"friendlyName": name, "backupManagementType": "AzureIaasVM"}
    return below(f"IaasVMContainer;{container}", f"VM;{container}", vault, **facts)


def database(name="sales", server="sql-1", kind="SQLDataBase"):
    return below(
        f"VMAppContainer;Compute;rg-app;{server}",
        f"{kind};mssqlserver;{name}",
        friendlyName=name,
        serverName=server,
        parentName="MSSQLSERVER",
        backupManagementType="AzureWorkload",
        workloadType=kind,
    )


def share(name="docs"):
    facts = {"friendlyName": name, "backupManagementType": "AzureStorage"}
    return below("StorageContainer;storage;rg-app;st1", f"AzureFileShare;{name}", **facts)


def instance(name="disk-1", kind="Microsoft.Compute/disks"):
    properties = {"friendlyName": name, "dataSourceInfo": {"datasourceType": kind}}
    return rows.item({"id": f"{BACKUP_VAULT}/backupInstances/{name}", "name": name, "properties": properties})


def job(name="job-1", vault=VAULT, **properties):
    told = {"operation": "Backup", "status": "InProgress", "startTime": "2026-06-16T12:00:05.1234567Z"}
    return rows.job({"id": f"{vault}/backupJobs/{name}", "name": name, "properties": {**told, **properties}})


# -- What is asked for -------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "body"),
    [
        pytest.param(
            Wanted(item(), keep_until=KEEP),
            {
                "properties": {
                    "objectType": "IaasVMBackupRequest",
                    "recoveryPointExpiryTimeInUTC": "2026-07-16T12:30:01Z",
                }
            },
            id="a machine",
        ),
        pytest.param(
            Wanted(share(), keep_until=KEEP),
            {
                "properties": {
                    "objectType": "AzureFileShareBackupRequest",
                    "recoveryPointExpiryTimeInUTC": "2026-07-16T12:30:01Z",
                }
            },
            id="a file share",
        ),
        *(
            pytest.param(
                Wanted(database(kind=kind), kind="full", keep_until=KEEP, compressed=True),
                {
                    "properties": {
                        "objectType": "AzureWorkloadBackupRequest",
                        "backupType": "Full",
                        "enableCompression": True,
                        "recoveryPointExpiryTimeInUTC": "2026-07-16T12:30:01Z",
                    }
                },
                id=f"a Full of {kind}",
            )
            for kind in ("SQLDataBase", "SAPHanaDatabase", "SAPAseDatabase")
        ),
        *(
            pytest.param(
                Wanted(database(), kind=kind),
                {
                    "properties": {
                        "objectType": "AzureWorkloadBackupRequest",
                        "backupType": name,
                        "enableCompression": False,
                    }
                },
                id=f"a database, {name}",
            )
            for kind, name in (
                ("differential", "Differential"),
                ("incremental", "Incremental"),
                ("copyonlyfull", "CopyOnlyFull"),
                ("snapshotfull", "SnapshotFull"),
            )
        ),
        *(
            pytest.param(
                Wanted(instance(kind=kind), rule="BackupDaily", tag="Default"),
                {
                    "backupRuleOptions": {
                        "ruleName": "BackupDaily",
                        "triggerOption": {"retentionTagOverride": "Default"},
                    }
                },
                id=kind,
            )
            for kind in (
                "Microsoft.Compute/disks",
                "Microsoft.Storage/storageAccounts/blobServices",
                "Microsoft.DBforPostgreSQL/flexibleServers",
                "Microsoft.ContainerService/managedClusters",
            )
        ),
    ],
)
def test_the_body_is_the_one_that_azure_documents_for(wanted, body):
    assert wanted.body == body


@pytest.mark.parametrize(
    ("vault", "right"),
    [
        (
            VAULT,
            "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems/backup/action",
        ),
        (BACKUP_VAULT, "Microsoft.DataProtection/backupVaults/backupInstances/backup/action"),
        (BACKUP_VAULT.lower(), "Microsoft.DataProtection/backupVaults/backupInstances/backup/action"),
    ],
)
def test_which_right_a_backup_needs_is_by_the_kind_of_vault(vault, right):
    assert right_to_start(vault) == right


# -- Starting ----------------------------------------------------------------------


OPERATION = f"{item().id}/operationsStatus/op-1?api-version=2024-04-01"
ACCEPTED = reply(
    None,
    202,
    Azure_AsyncOperation=f"https://management.azure.com{OPERATION}",
    Location="https://management.azure.com/elsewhere",
    Retry_After="60",
)


def started(*replies, minutes=150, wanted=None):
    azure = Azure(*replies)
    return start(azure.arm(minutes), wanted or Wanted(item(), keep_until=KEEP)), azure


def test_a_backup_is_asked_for_with_the_expiry_of_its_recovery_point():
    found, azure = started(ACCEPTED)

    (sent,) = azure.sent
    assert (sent.method, sent.path) == ("POST", f"{item().id}/backup")
    assert sent.query == {"api-version": "2024-04-01"}
    assert sent.body == Wanted(item(), keep_until=KEEP).body
    assert found == Start(item(), operation_url=OPERATION, wait_s=60)


def test_semicolons_of_an_item_are_escaped_in_its_url():
    _, azure = started(ACCEPTED)

    assert "IaasVMContainer%3Biaasvmcontainerv2%3Brg-app%3Bvm-1" in azure.sent[0].url


@pytest.mark.parametrize(
    ("trouble", "told", "left_open"),
    [
        pytest.param(
            refused(400, "UserErrorBackupOperationInProgress", "another one runs"),
            "Azure answered 400 UserErrorBackupOperationInProgress: another one runs",
            False,
            id="refuses",
        ),
        pytest.param(
            refused(429, "TooManyRequests", "no"),
            "Azure answered 429 TooManyRequests: no",
            False,
            id="throttles",
        ),
        pytest.param(
            refused(504, "GatewayTimeout", "late"),
            "Azure answered 504 GatewayTimeout: late",
            True,
            id="does not know",
        ),
        pytest.param(
            RESET,
            "no answer from Azure (ServiceResponseError): Connection aborted.",
            True,
            id="does not answer",
        ),
        pytest.param(
            reply(None, 200), "Azure answered 200 without an operation to ask about", True, id="is unclear"
        ),
    ],
)
def test_a_backup_is_asked_for_once_also_where_azure(trouble, told, left_open):
    found, azure = started(trouble)

    assert found == Start(item(), refusal=f"start backup of vm-1: {told}", open=left_open)
    assert len(azure.sent) == 1


def test_without_a_token_nothing_was_asked_for():
    found, _ = started(ClientAuthenticationError("no endpoint"))

    assert found.refusal.startswith("no token for Azure: no endpoint")
    assert not found.open


def test_a_backup_that_must_wait_past_the_deadline_is_not_asked_for_again():
    found, azure = started(refused(429, Retry_After="90"), minutes=1)

    assert found == Start(
        item(), refusal="start backup of vm-1: needs a wait of 90 s, max_minutes leaves 60 s"
    )
    assert len(azure.sent) == 1


# -- What became of it -------------------------------------------------------------


IN_PROGRESS = reply({"status": "InProgress", "endTime": "0001-01-01T00:00:00"})
SUCCEEDED = reply(
    {
        "status": "Succeeded",
        "properties": {"objectType": "OperationStatusJobExtendedInfo", "jobId": "job-1"},
    }
)


def asked_for(name="vm-1", **more):
    return Start(item(name), operation_url=f"/operations/{name}", **{"wait_s": 60.0, **more})


def settled(*replies, starts=None, minutes=150):
    azure = Azure(*replies)
    found = settle(azure.arm(minutes), [asked_for()] if starts is None else starts)
    return found, azure


def test_an_operation_that_succeeded_names_the_job_it_started():
    (one,), azure = settled(SUCCEEDED)

    assert (one.job, one.refusal, one.open) == ("job-1", "", False)
    assert azure.clock.slept == [60]


@pytest.mark.parametrize("job_id", ["job-1", f"{VAULT}/backupJobs/job-1"])
def test_a_job_may_be_named_by_its_id(job_id):
    (one,), _ = settled(reply({"status": "Succeeded", "properties": {"jobId": job_id}}))

    assert one.job == "job-1"


def test_an_operation_in_progress_is_asked_again():
    (one,), azure = settled(IN_PROGRESS, IN_PROGRESS, SUCCEEDED)

    assert one.job == "job-1"
    assert azure.clock.slept == [60, 60, 60]


@pytest.mark.parametrize("status", ["Failed", "failed", "Canceled", "Cancelled", "Invalid"])
def test_an_operation_that_failed_says_why_no_backup_started(status):
    error = {"code": "UserErrorBackupOperationInProgress", "message": "another one runs"}
    (one,), _ = settled(reply({"status": status, "error": error}))

    assert (one.job, one.open) == ("", False)
    assert one.refusal == (
        "start backup of vm-1: the vault started none, UserErrorBackupOperationInProgress: another one runs"
    )


def test_an_operation_may_fail_without_a_word():
    (one,), _ = settled(reply({"status": "Failed", "error": None}))

    assert one.refusal == "start backup of vm-1: the vault started none, failed: no message"


def test_an_operation_is_asked_so_often_and_then_left_open():
    (one,), azure = settled(*[IN_PROGRESS] * POLLS)

    assert (one.job, one.refusal, one.open) == ("", "", True)
    assert len(azure.sent) == POLLS


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param([refused(404, "NotFound")], id="is not found"),
        pytest.param([refused(403, "AuthorizationFailed")], id="may not be read"),
        pytest.param([refused(500, "Oops")] * 6, id="cannot be read"),
        pytest.param([ClientAuthenticationError("no token")], id="cannot be asked for want of a token"),
        pytest.param([refused(429, Retry_After="899")] * 11, id="cannot be asked in time"),
        pytest.param([reply({"status": "Succeeded"})], id="succeeded and names no job"),
    ],
)
def test_a_start_is_left_open_where_its_operation(answers):
    (one,), _ = settled(*answers, minutes=20)

    assert (one.job, one.refusal, one.open) == ("", "", True)


def test_all_operations_are_waited_for_together_as_long_as_the_slowest_asks():
    starts = [asked_for("vm-1", wait_s=30.0), asked_for("vm-2", wait_s=60.0)]
    found, azure = settled(SUCCEEDED, IN_PROGRESS, SUCCEEDED, starts=starts)

    assert [one.job for one in found] == ["job-1", "job-1"]
    assert azure.clock.slept == [60, 60]
    assert [sent.url for sent in azure.sent] == ["/operations/vm-1", "/operations/vm-2", "/operations/vm-2"]


def test_what_was_refused_is_not_asked_about():
    starts = [Start(item(), refusal="no"), Start(item("vm-2"), refusal="who knows", open=True)]
    found, azure = settled(starts=starts)

    assert found == starts
    assert (azure.sent, azure.clock.slept) == ([], [])


def test_without_time_to_ask_a_start_is_left_open():
    (one,), azure = settled(minutes=1)

    assert one.open
    assert azure.sent == []


# -- What the vault's list says ----------------------------------------------------


OPEN = Start(item(), refusal="start backup of vm-1: no answer", open=True)


@pytest.mark.parametrize(
    "fresh",
    [
        pytest.param(job(backupInstanceId=item().id.upper()), id="by the item's id"),
        pytest.param(job(containerName=CONTAINER), id="by the item's container"),
        pytest.param(job(containerName=f"IaasVMContainer;{CONTAINER}"), id="by the container with its type"),
        pytest.param(job(entityFriendlyName="VM-1"), id="by the machine's name, if nothing else is told"),
    ],
)
def test_an_open_start_is_settled_by_a_new_job_of_its_item(fresh):
    assert settle_from_list([OPEN], [fresh], set()) == [replace(OPEN, job="job-1", refusal="", open=False)]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param([], id="no job at all"),
        pytest.param([job("KNOWN", containerName=CONTAINER)], id="a job that was there before"),
        pytest.param([job(operation="Restore", containerName=CONTAINER)], id="a restore"),
        pytest.param([job(isUserTriggered=False, containerName=CONTAINER)], id="a scheduled backup"),
        pytest.param([job(entityFriendlyName="vm-2")], id="another machine's job"),
        pytest.param(
            [job(entityFriendlyName="vm-1", containerName=CONTAINER.replace("app", "web"))],
            id="a job of a machine of the same name in another group",
        ),
        pytest.param([job(vault=OTHER_VAULT, entityFriendlyName="vm-1")], id="another vault's job"),
        pytest.param(
            [job(vault=OTHER_VAULT, containerName=CONTAINER)],
            id="the job of a machine of the same name and group in another subscription's vault",
        ),
    ],
)
def test_an_open_start_is_not_settled_by(other):
    assert settle_from_list([OPEN], other, {"known"}) == [
        replace(OPEN, refusal="start backup of vm-1: no answer; the vault shows no new job of it")
    ]


def test_an_accepted_start_without_a_job_stays_accepted():
    accepted = replace(asked_for(), open=True)

    assert settle_from_list([accepted], [], set()) == [accepted]


def test_a_location_that_refuses_is_a_failure_unless_the_vault_shows_the_job():
    """A result has no status to say "failed" with; nor does every 400 come from the operation."""
    [asked], _ = settled(reply({"error": {"code": "ObjectLocked", "message": "busy"}}, 400))

    assert (asked.open, "Azure answered 400 ObjectLocked: busy" in asked.refusal) == (True, True)
    assert settle_from_list([asked], [], set())[0].refusal.endswith("; the vault shows no new job of it")
    assert settle_from_list([asked], [job(containerName=CONTAINER)], set())[0].refusal == ""


def test_a_settled_start_is_left_alone():
    known = [replace(asked_for(), job="job-7"), Start(item(), refusal="no")]

    assert settle_from_list(known, [job(containerName=CONTAINER)], set()) == known


def test_one_new_job_settles_one_start():
    """Two machines of one vault may share a name."""
    twins = [OPEN, replace(OPEN, item=replace(item(), id=item().id.replace("rg-app", "rg-web")))]
    found = settle_from_list(twins, [job(entityFriendlyName="vm-1")], set())

    assert [one.job for one in found].count("job-1") <= 1


# -- The dialect of Backup vaults --------------------------------------------------

LOCATION = f"{SUB}/providers/Microsoft.DataProtection/locations/westeurope/operationResults/bzE==?c=SIGN"
STATUS = f"{BACKUP_VAULT}/operationStatus/bzE==?c=SIGN"
JOB = f"{BACKUP_VAULT}/backupJobs/job-9"
RUNS_THERE = reply({"status": "Inprogress", "endTime": "0001-01-01T00:00:00Z"})


def test_a_backup_instance_is_asked_to_back_up():
    answer = reply(
        None,
        202,
        Azure_AsyncOperation=f"https://management.azure.com{STATUS}",
        Location=f"https://management.azure.com{LOCATION}",
        Retry_After="15",
    )
    wanted = Wanted(instance(), rule="BackupDaily", tag="Default")
    found, azure = started(answer, wanted=wanted)

    (sent,) = azure.sent
    assert (sent.method, sent.path) == ("POST", f"{BACKUP_VAULT}/backupInstances/disk-1/backup")
    assert sent.body == wanted.body
    assert found == Start(instance(), operation_url=STATUS, wait_s=15)


def test_an_operation_may_be_told_by_its_location_alone():
    found, _ = started(reply(None, 202, Location=f"https://management.azure.com{LOCATION}"))

    assert found == Start(item(), operation_url=LOCATION)


@pytest.mark.parametrize("told", ["soon", "Wed, 21 Oct 2026 07:28:00 GMT", ""])
def test_a_wait_that_is_no_number_of_seconds_is_none(told):
    found, _ = started(reply(None, 202, Location="https://management.azure.com/o", Retry_After=told))

    assert found.wait_s == 0


@pytest.mark.parametrize(
    ("answers", "job_name", "left_open"),
    [
        pytest.param(
            [RUNS_THERE, reply({"status": "Succeeded", "properties": {"jobId": JOB}})],
            "job-9",
            False,
            id="a status, Inprogress with a small p, then the job's whole id",
        ),
        pytest.param(
            [reply({"jobId": JOB, "objectType": "OperationJobExtendedInfo"})],
            "job-9",
            False,
            id="a result with the job's id",
        ),
        pytest.param(
            [reply(None, 202), reply({"jobId": "job-9"})], "job-9", False, id="a result that is waited for"
        ),
        pytest.param([reply(None, 204)], "", True, id="a result without content"),
        pytest.param([reply(None, 200)], "", True, id="a result without a body"),
        pytest.param([reply({"properties": {"id": "item"}})], "", True, id="a result that names no job"),
        pytest.param([reply({"status": "Succeeded", "properties": None})], "", True, id="a status without"),
        pytest.param([reply({"status": "Succeeded", "properties": {"jobId": None}})], "", True, id="null"),
    ],
)
def test_an_operation_answers_in_either_dialect(answers, job_name, left_open):
    (one,), _ = settled(*answers)

    assert (one.job, one.refusal, one.open) == (job_name, "", left_open)


def test_a_result_that_is_always_waited_for_is_left_open():
    (one,), azure = settled(*[reply(None, 202)] * POLLS)

    assert (one.job, one.open, len(azure.sent)) == ("", True, POLLS)


def test_a_failed_operation_tells_of_its_error_however_much_it_encloses():
    """As recorded of a Backup vault."""
    inside = {"code": "UserErrorManagedDiskNotFound", "message": "inside"}
    error = {
        "code": "UserErrorManagedDiskNotFound",
        "message": "the disk is gone",
        "additionalInfo": [{"type": "UserFacingError", "info": inside}],
        "details": None,
        "innerError": None,
    }
    (one,), _ = settled(reply({"status": "Failed", "error": error, "endTime": "2026-06-16T12:00:00Z"}))

    assert one.refusal == (
        "start backup of vm-1: the vault started none, UserErrorManagedDiskNotFound: the disk is gone"
    )


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.sampled_from(["Succeeded", "Failed", JOB]),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(st.sampled_from(["status", "properties", "jobId", "error", "code"]), inner)
        ),
        max_leaves=6,
    ).filter(lambda body: isinstance(body, dict))
)
def test_whatever_an_operation_answers_a_start_is_settled_or_open(body):
    (one,), _ = settled(*[reply(body)] * POLLS)

    assert bool(one.job) + bool(one.refusal) + one.open == 1


# -- Databases that share a container ----------------------------------------------


def database_job(name="job-1", called="sales [sql-1]", **properties):
    facts = {
        "backupManagementType": "AzureWorkload",
        "workloadType": "SQLDataBase",
        "operation": "Backup (Full)",
        "entityFriendlyName": called,
        "containerName": "VMAppContainer;Compute;rg-app;sql-1",
    }
    return job(name, **{**facts, **properties})


def lost(*items):
    return [Start(one, refusal=f"start backup of {one.name}: no answer", open=True) for one in items]


def test_databases_of_one_container_are_told_apart_by_name():
    found = settle_from_list(
        lost(database("sales"), database("hr")),
        [database_job("a", "hr [sql-1]"), database_job("b", "sales [sql-1]")],
        set(),
    )

    assert [one.job for one in found] == ["b", "a"]


def test_databases_of_one_name_are_told_apart_by_server():
    found = settle_from_list(
        lost(database("sales", "sql-1"), database("sales", "sql-2")),
        [database_job("a", "sales [sql-2]"), database_job("b", "MSSQLSERVER/sales [sql-1]")],
        set(),
    )

    assert [one.job for one in found] == ["b", "a"]


def test_a_job_that_does_not_say_of_which_kind_of_database_it_is_is_of_that_name():
    """One that runs was recorded without its workloadType."""
    (one,) = settle_from_list(lost(database()), [database_job(workloadType=None)], set())

    assert one.job == "job-1"


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(database_job(called="hr [sql-1]"), id="another database of the container"),
        pytest.param(database_job(called="sales [sql-9]"), id="a database of that name elsewhere"),
        pytest.param(database_job(workloadType="SAPHanaDatabase"), id="a database of another kind"),
        pytest.param(
            job(entityFriendlyName="sales", backupManagementType="AzureIaasVM"), id="a machine of that name"
        ),
        pytest.param(database_job(operation="Restore (Full)"), id="a restore of it"),
    ],
)
def test_a_databases_start_is_not_settled_by(other):
    (one,) = settle_from_list(lost(database()), [other], set())

    assert (one.job, one.open) == ("", True)


def test_a_backup_instances_start_is_settled_by_the_job_of_its_id():
    started_job = job("job-9", BACKUP_VAULT, backupInstanceId=instance().id, operationCategory="Backup")
    (one,) = settle_from_list(lost(instance()), [started_job], set())

    assert (one.job, one.open) == ("job-9", False)
