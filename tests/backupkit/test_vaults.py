"""A vault asked for its jobs, told to back up, and asked what became of that."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from azure.core.exceptions import ClientAuthenticationError, ServiceResponseError
from backupkit.errors import ArmError
from backupkit.records import Item, Job
from backupkit.vaults import POLLS, Start, jobs, settle, settle_from_list, start_vm_backup

from tests.backupkit.fakes import Azure, refused, reply

SUB = "/subscriptions/11111111-0000-0000-0000-000000000000"
VAULT = f"{SUB}/resourceGroups/rg-Backup/providers/Microsoft.RecoveryServices/vaults/rsv-1"
OTHER_VAULT = VAULT.replace("rsv-1", "rsv-2")
CONTAINER = "iaasvmcontainerv2;rg-app;vm-1"
NOON = datetime(2026, 6, 16, 12, tzinfo=UTC)
RESET = ServiceResponseError("Connection aborted.")


def item(name="vm-1", vault=VAULT):
    container = f"iaasvmcontainerv2;rg-app;{name}"
    path = (
        f"backupFabrics/Azure/protectionContainers/IaasVMContainer;{container}/protectedItems/VM;{container}"
    )
    row = {"id": f"{vault}/{path}", "name": f"VM;{container}"}
    return Item.from_arm({**row, "properties": {"friendlyName": name, "backupManagementType": "AzureIaasVM"}})


def row(name="job-1", vault=VAULT, **properties):
    told = {"operation": "Backup", "status": "InProgress", "startTime": "2026-06-16T12:00:05.1234567Z"}
    return {"id": f"{vault}/backupJobs/{name}", "name": name, "properties": {**told, **properties}}


def job(name="job-1", vault=VAULT, **properties):
    return Job.from_arm(row(name, vault, **properties))


# -- Jobs --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hour", "told"),
    [
        (0, "2026-06-16 12:00:00 AM"),
        (1, "2026-06-16 01:00:00 AM"),
        (11, "2026-06-16 11:00:00 AM"),
        (12, "2026-06-16 12:00:00 PM"),
        (13, "2026-06-16 01:00:00 PM"),
        (23, "2026-06-16 11:00:00 PM"),
    ],
)
def test_the_job_lists_clock_is_a_twelve_hour_one(hour, told):
    azure = Azure(reply({"value": []}))

    assert jobs(azure.arm(), VAULT, NOON.replace(hour=hour), NOON) == []
    (sent,) = azure.sent
    assert (sent.method, sent.path) == ("GET", f"{VAULT}/backupJobs")
    assert sent.query == {
        "api-version": "2024-04-01",
        "$filter": f"startTime eq '{told}' and endTime eq '2026-06-16 12:00:00 PM'",
    }


def test_all_pages_of_a_job_list_are_read():
    azure = Azure(reply({"value": [row("a")], "nextLink": "/next"}), reply({"value": [row("b")]}))

    assert [one.name for one in jobs(azure.arm(), VAULT, NOON, NOON)] == ["a", "b"]


def test_a_job_of_unknown_shape_leaves_the_whole_vault_unread():
    azure = Azure(reply({"value": [row(), {"id": "x", "properties": {}}]}))

    with pytest.raises(ArmError) as error:
        jobs(azure.arm(), VAULT, NOON, NOON)
    assert str(error.value) == (
        f"list jobs of vault {VAULT}: Azure answered 200 UnknownShape: a job could not be read: "
        "KeyError('status')"
    )


# -- Starting ----------------------------------------------------------------------


OPERATION = f"{item().id}/operationsStatus/op-1?api-version=2024-04-01"
ACCEPTED = reply(
    None,
    202,
    Azure_AsyncOperation=f"https://management.azure.com{OPERATION}",
    Location="https://management.azure.com/elsewhere",
    Retry_After="60",
)


def started(*replies, minutes=150):
    azure = Azure(*replies)
    start = start_vm_backup(azure.arm(minutes), item(), keep_until=datetime(2026, 7, 16, 12, 30, 1, 999, UTC))
    return start, azure


def test_a_backup_is_asked_for_with_the_expiry_of_its_recovery_point():
    start, azure = started(ACCEPTED)

    (sent,) = azure.sent
    assert (sent.method, sent.path) == ("POST", f"{item().id}/backup")
    assert sent.query == {"api-version": "2024-04-01"}
    assert sent.body == {
        "properties": {
            "objectType": "IaasVMBackupRequest",
            "recoveryPointExpiryTimeInUTC": "2026-07-16T12:30:01Z",
        }
    }
    assert start == Start(item(), operation_url=OPERATION, wait_s=60)


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
    start, azure = started(trouble)

    assert start == Start(item(), refusal=f"start backup of vm-1: {told}", open=left_open)
    assert len(azure.sent) == 1


def test_without_a_token_nothing_was_asked_for():
    start, _ = started(ClientAuthenticationError("no endpoint"))

    assert start.refusal.startswith("no token for Azure: no endpoint")
    assert not start.open


def test_a_backup_that_must_wait_past_the_deadline_is_not_asked_for_again():
    start, azure = started(refused(429, Retry_After="90"), minutes=1)

    assert start == Start(
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
    (start,), azure = settled(SUCCEEDED)

    assert (start.job, start.refusal, start.open) == ("job-1", "", False)
    assert azure.clock.slept == [60]


@pytest.mark.parametrize("job_id", ["job-1", f"{VAULT}/backupJobs/job-1"])
def test_a_job_may_be_named_by_its_id(job_id):
    (start,), _ = settled(reply({"status": "Succeeded", "properties": {"jobId": job_id}}))

    assert start.job == "job-1"


def test_an_operation_in_progress_is_asked_again():
    (start,), azure = settled(IN_PROGRESS, IN_PROGRESS, SUCCEEDED)

    assert start.job == "job-1"
    assert azure.clock.slept == [60, 60, 60]


@pytest.mark.parametrize("status", ["Failed", "failed", "Canceled", "Cancelled", "Invalid"])
def test_an_operation_that_failed_says_why_no_backup_started(status):
    error = {"code": "UserErrorBackupOperationInProgress", "message": "another one runs"}
    (start,), _ = settled(reply({"status": status, "error": error}))

    assert (start.job, start.open) == ("", False)
    assert start.refusal == (
        "start backup of vm-1: the vault started none, UserErrorBackupOperationInProgress: another one runs"
    )


def test_an_operation_may_fail_without_a_word():
    (start,), _ = settled(reply({"status": "Failed", "error": None}))

    assert start.refusal == "start backup of vm-1: the vault started none, failed: no message"


def test_an_operation_is_asked_so_often_and_then_left_open():
    (start,), azure = settled(*[IN_PROGRESS] * POLLS)

    assert (start.job, start.refusal, start.open) == ("", "", True)
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
    (start,), _ = settled(*answers, minutes=20)

    assert (start.job, start.refusal, start.open) == ("", "", True)


def test_all_operations_are_waited_for_together_as_long_as_the_slowest_asks():
    starts = [asked_for("vm-1", wait_s=30.0), asked_for("vm-2", wait_s=60.0)]
    found, azure = settled(SUCCEEDED, IN_PROGRESS, SUCCEEDED, starts=starts)

    assert [start.job for start in found] == ["job-1", "job-1"]
    assert azure.clock.slept == [60, 60]
    assert [sent.url for sent in azure.sent] == ["/operations/vm-1", "/operations/vm-2", "/operations/vm-2"]


def test_what_was_refused_is_not_asked_about():
    starts = [Start(item(), refusal="no"), Start(item("vm-2"), refusal="who knows", open=True)]
    found, azure = settled(starts=starts)

    assert found == starts
    assert (azure.sent, azure.clock.slept) == ([], [])


def test_without_time_to_ask_a_start_is_left_open():
    (start,), azure = settled(minutes=1)

    assert start.open
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


def test_a_settled_start_is_left_alone():
    known = [replace(asked_for(), job="job-7"), Start(item(), refusal="no")]

    assert settle_from_list(known, [job(containerName=CONTAINER)], set()) == known


def test_one_new_job_settles_one_start():
    """Two machines of one vault may share a name."""
    twins = [OPEN, replace(OPEN, item=replace(item(), id=item().id.replace("rg-app", "rg-web")))]
    found = settle_from_list(twins, [job(entityFriendlyName="vm-1")], set())

    assert [start.job for start in found].count("job-1") <= 1
