"""Estates the builder makes look like Azure's, and hang together."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from simulator import clock, estate_rows
from simulator.demo_estate import CASES, FLEETS, UNPROTECTED, VAULTS, build
from simulator.estate import Estate, seconds
from simulator.recovery_errors import details
from simulator.world import World

NOW = clock.moment("2026-11-22T07:10:00Z")
JOBS = "microsoft.recoveryservices/vaults/backupjobs"
ITEMS = "microsoft.recoveryservices/vaults/backupfabrics/protectioncontainers/protecteditems"
POLICIES = "microsoft.recoveryservices/vaults/backuppolicies"
SEVEN_DIGITS = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z"
ID = re.compile(
    r"/[sS]ubscriptions/[0-9a-f-]{36}(/resource[gG]roups/[\w-]+(/providers/[\w.]+(/\w+/[\w;-]+)+)+)?"
)


@pytest.fixture
def estate():
    return Estate(NOW)


@pytest.fixture
def subscription(estate):
    return estate.subscription("prod")


@pytest.fixture
def vault(estate, subscription):
    return estate.vault("rsv-prod-weu", subscription=subscription, group="RG-Backup")


@pytest.fixture
def vm(estate, subscription):
    return estate.vm("vm-01", subscription=subscription, group="rg-app", tags={"tier": "web"})


@pytest.fixture
def policy(estate, vault):
    return estate.policy(vault, "daily-22")


@pytest.fixture
def item(estate, vault, vm, policy):
    return estate.item(vault, vm, policy=policy)


def properties(estate, row_id):
    return estate.row(row_id)["properties"]


def of_type(rows, kind):
    return [row for row in rows if row["type"] == kind]


class TestRows:
    def test_a_subscription_knows_the_management_groups_above_it_nearest_first(self, estate, subscription):
        row = estate.row(f"/subscriptions/{subscription}")

        assert row["type"] == "microsoft.resources/subscriptions"
        assert row["properties"]["state"] == "Enabled"
        assert row["properties"]["managementGroupAncestorsChain"] == [
            {"name": "corp", "displayName": "corp"},
            {"name": "root", "displayName": "root"},
        ]

    def test_the_tenant_and_the_id_of_a_subscription_can_be_given(self, estate):
        given = "11111111-1111-1111-1111-111111111111"

        assert estate.subscription("customer", tenant="their-tenant", id=given) == given
        assert estate.row(f"/subscriptions/{given}")["tenantId"] == "their-tenant"

    def test_type_and_resource_group_are_lower_cased_as_resource_graph_does(self, estate, vault):
        row = estate.row(vault)

        assert row["type"] == "microsoft.recoveryservices/vaults"
        assert row["resourceGroup"] == "rg-backup"
        assert "/resourceGroups/RG-Backup/" in row["id"]

    def test_a_vault_is_a_resource_with_sku_and_state(self, estate, vault):
        row = estate.row(vault)

        assert estate.rows("resources") == [row]
        assert row["sku"] == {"name": "RS0", "tier": "Standard"}
        assert row["properties"]["provisioningState"] == "Succeeded"

    def test_a_vm_carries_its_tags(self, estate, vm):
        assert estate.row(vm)["tags"] == {"tier": "web"}
        assert properties(estate, vm)["storageProfile"]["osDisk"]["osType"] == "Linux"

    def test_an_automation_account_has_an_identity_of_its_tenant(self, estate, subscription):
        account = estate.row(estate.automation_account("aa", subscription=subscription, group="rg"))

        assert account["type"] == "microsoft.automation/automationaccounts"
        assert account["properties"]["state"] == "Ok"
        assert account["identity"]["type"] == "SystemAssigned"
        assert account["identity"]["tenantId"] == account["tenantId"]
        assert re.fullmatch(r"[0-9a-f-]{36}", account["identity"]["principalId"])

    def test_a_storage_account_says_where_its_blobs_are(self, estate, subscription):
        account = estate.row(estate.storage_account("stx", subscription=subscription, group="rg"))

        assert account["kind"] == "StorageV2"
        endpoint = account["properties"]["primaryEndpoints"]["blob"]
        assert endpoint == "https://stx.blob.core.windows.net/"

    def test_a_daily_policy_runs_at_the_wall_clock_time_of_its_zone(self, estate, vault):
        daily = properties(
            estate, estate.policy(vault, "india", at="01:30", days=14, zone="India Standard Time")
        )

        assert daily["timeZone"] == "India Standard Time"
        assert daily["schedulePolicy"]["scheduleRunFrequency"] == "Daily"
        assert daily["schedulePolicy"]["scheduleRunTimes"] == ["2026-09-23T01:30:00Z"]
        assert daily["retentionPolicy"]["dailySchedule"]["retentionDuration"] == {
            "count": 14,
            "durationType": "Days",
        }

    def test_a_weekly_policy_keeps_weeks(self, estate, vault):
        weekly = properties(estate, estate.policy(vault, "weekly", days=30, weekly=True))

        assert weekly["schedulePolicy"]["scheduleRunDays"] == ["Sunday"]
        assert "dailySchedule" not in weekly["retentionPolicy"]
        assert weekly["retentionPolicy"]["weeklySchedule"]["retentionDuration"] == {
            "count": 4,
            "durationType": "Weeks",
        }

    def test_an_item_is_named_after_the_group_and_the_name_of_its_vm(self, item, vault):
        assert item == (
            f"{vault}/backupFabrics/Azure/protectionContainers/IaasVMContainer;iaasvmcontainerv2;rg-app;vm-01"
            "/protectedItems/VM;iaasvmcontainerv2;rg-app;vm-01"
        )

    def test_an_item_has_the_vaults_own_properties_and_those_resource_graph_adds(
        self, estate, item, vm, policy
    ):
        row = estate.row(item)
        shown = row["properties"]

        assert row["type"] == ITEMS
        assert shown["sourceResourceId"] == shown["virtualMachineId"] == vm
        assert shown["dataSourceInfo"]["resourceID"] == vm
        assert (shown["policyName"], shown["policyInfo"]["name"]) == ("daily-22", "daily-22")
        assert (shown["protectionState"], shown["currentProtectionState"]) == (
            "Protected",
            "ProtectionConfigured",
        )
        assert (shown["backupManagementType"], shown["workloadType"]) == ("AzureIaasVM", "VM")
        assert shown["lastRecoveryPoint"] == "2026-11-21T11:10:00.0000000Z"
        assert properties(estate, policy)["protectedItemsCount"] == 1

    def test_an_item_never_backed_up_carries_azures_sentinel(self, estate, vault, vm):
        shown = properties(estate, estate.item(vault, vm, last_recovery_point_ago=None))

        assert shown["lastBackupTime"] == "2001-01-01T00:00:00Z"
        assert shown["lastBackupStatus"] == ""
        assert shown["protectionState"] == "IRPending"
        assert "lastRecoveryPoint" not in shown

    def test_the_vm_of_an_item_need_not_exist(self, estate, vault, subscription):
        group = f"/subscriptions/{subscription}/resourceGroups/rg"
        gone = f"{group}/providers/Microsoft.Compute/virtualMachines/gone"

        assert properties(estate, estate.item(vault, gone))["friendlyName"] == "gone"

    def test_ids_follow_from_names_alone(self, vault):
        later = Estate(NOW + 1000)

        again = later.vault("rsv-prod-weu", subscription=later.subscription("prod"), group="RG-Backup")

        assert again == vault


class TestJobs:
    def test_a_failed_job_says_whose_it_is_and_why_it_failed(self, estate, item, vm):
        row = estate.row(estate.job(item, "Failed", ago="3h", takes="10m", codes=(400136,)))

        assert row["type"] == JOBS
        assert row["id"].startswith("/Subscriptions/")
        assert {
            "jobType": "AzureIaaSVMJob",
            "operation": "Backup",
            "entityFriendlyName": "vm-01",
            "backupInstanceId": item,
            "dataSourceId": vm,
            "isUserTriggered": False,
            "status": "Failed",
            "startTime": "2026-11-22T04:10:00.0000000Z",
            "endTime": "2026-11-22T04:20:00.0000000Z",
            "duration": "PT10M0S",
            "errorDetails": [details("400136")],
        }.items() <= row["properties"].items()

    def test_a_job_without_a_code_has_no_error_details(self, estate, item):
        assert "errorDetails" not in properties(estate, estate.job(item, "Failed", ago="3h"))

    def test_a_running_job_has_no_end(self, estate, item):
        running = properties(estate, estate.job(item, "InProgress", ago="5m", takes="1h"))

        assert "endTime" not in running
        assert running["duration"] == "PT5M0S"
        assert properties(estate, item)["lastBackupStatus"] == "Completed"

    @pytest.mark.parametrize(
        ("user", "kind", "told"),
        [
            pytest.param(True, "AzureIaaSVMJob", True, id="by a person"),
            pytest.param(False, "AzureIaaSVMJob", False, id="by the schedule"),
            pytest.param(None, "AzureIaaSVMJobV2", "absent", id="nobody knows by whom"),
        ],
    )
    def test_a_job_was_started(self, estate, item, user, kind, told):
        job = properties(estate, estate.job(item, "Completed", ago="3h", user=user))

        assert job["jobType"] == kind
        assert job.get("isUserTriggered", "absent") is told

    def test_a_cause_may_be_given_by_its_text_code(self, estate, item):
        job = estate.job(item, "Failed", ago="3h", codes=("GuestAgentSnapshotTaskStatusError", 499999))

        told = properties(estate, job)["errorDetails"]
        assert [(one["errorCode"], one["errorTitle"]) for one in told] == [
            (400039, "GuestAgentSnapshotTaskStatusError"),
            (499999, ""),
        ]

    def test_the_newest_finished_backup_shows_on_the_item_by_its_start(self, estate, item):
        estate.job(item, "Failed", ago="3h", codes=(400002,))
        estate.job(item, "Completed", ago="30h")
        estate.job(item, "Failed", ago="1h", operation="Restore")

        shown = properties(estate, item)
        assert (shown["lastBackupTime"], shown["lastBackupStatus"]) == (
            "2026-11-22T04:10:00.0000000Z",
            "Failed",
        )
        assert shown["lastRecoveryPoint"] == "2026-11-21T11:10:00.0000000Z"

    def test_a_cancelled_backup_leaves_the_item_as_it_was(self, estate, item):
        before = dict(properties(estate, item))

        estate.job(item, "Cancelled", ago="3h")

        assert properties(estate, item) == before

    def test_a_backup_with_warnings_leaves_a_recovery_point(self, estate, item):
        estate.job(item, "CompletedWithWarnings", ago="2h", codes=(400309,))

        shown = properties(estate, item)
        assert shown["lastRecoveryPoint"] == shown["lastBackupTime"] == "2026-11-22T05:10:00.0000000Z"
        assert shown["lastBackupStatus"] == "Completed"
        assert shown["extendedInfo"]["recoveryPointCount"] == 2

    def test_a_first_backup_makes_an_item_protected(self, estate, vault, vm):
        item = estate.item(vault, vm, last_recovery_point_ago=None)

        estate.job(item, "Completed", ago="2h")

        assert properties(estate, item)["protectionState"] == "Protected"

    def test_a_stopped_item_stays_stopped(self, estate, vault, vm):
        item = estate.item(vault, vm, **estate_rows.stopped())

        estate.job(item, "Completed", ago="2h")

        assert properties(estate, item)["protectionState"] == "ProtectionStopped"


class TestWhatRowsCannotSay:
    def test_outcomes_durations_and_the_vaults_own_view_go_into_the_world(self, estate, item, tmp_path):
        job = estate.job(item, "Failed", ago="3h")
        estate.outcomes(item, "Failed:400002", "Completed")
        estate.minutes(item, 12)
        estate.rest(job, {"properties": {"status": "Completed"}})
        estate.world["graph_lag_s"] = 60

        assert json.loads((estate.write(tmp_path) / "world.json").read_text()) == {
            "outcomes": {item: ["Failed:400002", "Completed"]},
            "minutes": {item: 12},
            "rest": {job: {"properties": {"status": "Completed"}}},
            "graph_lag_s": 60,
        }

    def test_a_property_is_overridden_or_removed(self, estate, item):
        estate.change(item.upper(), lastRecoveryPoint=None, healthStatus="ActionRequired")

        shown = properties(estate, item)
        assert "lastRecoveryPoint" not in shown
        assert shown["healthStatus"] == "ActionRequired"

    def test_an_estate_without_a_moment_of_its_own_stays_as_it_is(self, estate, item, tmp_path):
        world = World.load(estate.write(tmp_path), clock=lambda: NOW + 3600)

        (loaded,) = world.store.find("recoveryservicesresources", world.now(), type=ITEMS)
        assert loaded["properties"]["lastRecoveryPoint"] == "2026-11-21T11:10:00.0000000Z"

    def test_an_estate_as_of_a_moment_moves_with_the_clock(self, estate, item, tmp_path):
        world = World.load(estate.write(tmp_path, as_of=NOW), clock=lambda: NOW + 3600)

        (loaded,) = world.store.find("recoveryservicesresources", world.now(), type=ITEMS)
        assert loaded["properties"]["lastRecoveryPoint"] == "2026-11-21T12:10:00.0000000Z"


class TestRefusals:
    @pytest.mark.parametrize("text", ["", "90", "m", "1w", "-3h", "3 h"])
    def test_a_duration_is_a_number_and_a_unit(self, text):
        message = f"a duration is a number and s, m, h or d, such as 90m; got {text!r}"

        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            seconds(text)

    @pytest.mark.parametrize(
        ("text", "expected"), [("45s", 45), ("90m", 5400), ("1.5h", 5400), ("2d", 172800)]
    )
    def test_durations(self, text, expected):
        assert seconds(text) == expected

    def test_the_same_row_twice(self, estate, vault, subscription):
        with pytest.raises(ValueError, match=r"^the estate already has '/subscriptions/.*/RSV-PROD-WEU'$"):
            estate.vault("RSV-PROD-WEU", subscription=subscription, group="rg-backup")

    def test_a_row_in_a_subscription_nobody_added(self, estate):
        with pytest.raises(ValueError, match=r"^the estate has no '/subscriptions/nowhere'; add it first$"):
            estate.vm("vm", subscription="nowhere", group="rg")

    def test_a_table_resource_graph_does_not_have(self, estate):
        with pytest.raises(ValueError, match=r"^no such table 'vaults'; known are resources, "):
            estate.add("vaults", {"id": "/x"})

    def test_a_job_that_ends_in_the_future(self, estate, item):
        message = f"job of {item}: started 5m ago and taking 1h it would not be Failed yet"

        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            estate.job(item, "Failed", ago="5m", takes="1h")

    def test_a_policy_at_no_time(self, estate, vault):
        with pytest.raises(
            ValueError, match=r"^policy 'daily': at must be a time such as 22:00, got '10 pm'$"
        ):
            estate.policy(vault, "daily", at="10 pm")

    def test_the_vaults_view_of_a_property_outside_properties(self, estate, item):
        message = f"rest of {item!r}: no such column ['status']; properties go under 'properties'"

        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            estate.rest(item, {"status": "Completed"})


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    return build(tmp_path_factory.mktemp("demo"), now=NOW)


@pytest.fixture(scope="module")
def rows(demo):
    return {
        path.stem: [json.loads(line) for line in path.read_text().splitlines()]
        for path in demo.glob("*.ndjson")
    }


@pytest.fixture(scope="module")
def backups(rows):
    return rows["recoveryservicesresources"]


@pytest.fixture(scope="module")
def items(backups):
    return {row["properties"]["friendlyName"]: row for row in of_type(backups, ITEMS)}


@pytest.fixture(scope="module")
def history(backups):
    """The backup jobs of each VM, oldest first."""
    told = {}
    for row in of_type(backups, JOBS):
        if row["properties"]["operation"] == "Backup":
            told.setdefault(row["properties"]["entityFriendlyName"], []).append(row["properties"])
    return {name: sorted(jobs, key=lambda job: job["startTime"]) for name, jobs in told.items()}


class TestDemo:
    def test_the_simulator_loads_it(self, demo):
        world = World.load(demo, clock=lambda: NOW)

        assert len(world.store.find("recoveryservicesresources", NOW, type=ITEMS)) == 63

    def test_it_is_the_same_each_time(self, demo, tmp_path):
        again = build(tmp_path, now=NOW)

        assert {path.name: path.read_text() for path in again.iterdir()} == {
            path.name: path.read_text() for path in demo.iterdir()
        }

    def test_its_size(self, rows):
        kinds = Counter(row["type"] for table in rows.values() for row in table)

        assert kinds["microsoft.resources/subscriptions"] == 3
        assert kinds["microsoft.recoveryservices/vaults"] == len(VAULTS) == 6
        assert kinds["microsoft.compute/virtualmachines"] == 63 - 1 + len(UNPROTECTED)
        assert kinds["microsoft.storage/storageaccounts"] == 1
        assert len({row["location"] for row in rows["resources"]}) == 3

    def test_every_id_parses_and_none_is_there_twice(self, rows):
        ids = [row["id"] for table in rows.values() for row in table]

        assert [one for one in ids if not ID.fullmatch(one)] == []
        assert [one for one, count in Counter(map(str.lower, ids)).items() if count > 1] == []

    def test_every_failed_job_has_its_alert_but_those_that_fail_by_design(self, rows, backups):
        told = [row["properties"] for row in rows["alertsmanagementresources"]]
        failed = {
            row["name"]: row["properties"]
            for row in of_type(backups, JOBS)
            if row["properties"]["status"] == "Failed"
        }

        silent = set(failed) - {one["context"]["extendedInfo"]["jobId"] for one in told}
        assert len(told) == len(failed) - len(silent)
        assert {failed[name]["errorDetails"][0]["errorCode"] for name in silent} == {400001, 400136}

    def test_some_alerts_are_over_and_some_were_answered(self, rows):
        told = [row["properties"]["essentials"] for row in rows["alertsmanagementresources"]]

        assert {one["alertState"] for one in told} == {"New", "Acknowledged", "Closed"}
        assert {one["monitorCondition"] for one in told} == {"Fired", "Resolved"}

    def test_vaults_differ_in_what_protects_their_backups(self, rows):
        vaults = [row for row in rows["resources"] if row["type"] == "microsoft.recoveryservices/vaults"]
        told = [row["properties"] for row in vaults]

        assert {one["redundancySettings"]["standardTierStorageRedundancy"] for one in told} == {
            "GeoRedundant",
            "ZoneRedundant",
            "LocallyRedundant",
        }
        assert {one["securitySettings"]["softDeleteSettings"]["softDeleteState"] for one in told} == {
            "Enabled",
            "AlwaysON",
            "Disabled",
        }

    def test_every_job_belongs_to_an_item_of_its_vault(self, backups, items):
        known = {row["id"] for row in items.values()}

        for job in of_type(backups, JOBS):
            item = job["properties"]["backupInstanceId"]
            assert item in known
            assert job["id"].lower().split("/backupjobs/")[0] == item.lower().split("/backupfabrics/")[0]

    def test_stamps_have_seven_digits_and_run_forward(self, backups):
        now = clock.stamp(NOW)

        for job in (row["properties"] for row in of_type(backups, JOBS)):
            assert re.fullmatch(SEVEN_DIGITS, job["startTime"])
            assert job["startTime"] < job.get("endTime", now) <= now
            assert ("endTime" in job) == (job["status"] != "InProgress")

    def test_what_an_item_shows_is_what_its_jobs_say(self, items, history):
        for name, jobs in history.items():
            shown = items[name]["properties"]
            finished = [job for job in jobs if job["status"] not in ("InProgress", "Cancelled")]
            good = [job["startTime"] for job in finished if job["status"].startswith("Completed")]
            assert shown["lastBackupTime"] == finished[-1]["startTime"]
            assert shown["lastRecoveryPoint"] == good[-1]

    def test_every_case_is_told_of_one_vm_of_the_fleets(self, items):
        named = [case.vm for case in CASES]

        assert len(set(named)) == len(named)
        assert set(named) <= set(items)

    def test_the_schedule_has_run_for_seven_nights(self, history):
        scheduled = Counter(
            sum(job.get("isUserTriggered") is False for job in jobs) for jobs in history.values()
        )

        assert scheduled == {7: 62}

    @pytest.mark.parametrize(
        "case", [case for case in CASES if case.ended], ids=lambda case: f"{case.vm}: {case.why}"
    )
    def test_last_night(self, case, history):
        (*_, last) = [job for job in history[case.vm] if not job["isUserTriggered"]]
        status, _, code = case.ended.partition(":")

        assert last["status"] == status
        assert last.get("errorDetails", []) == ([details(code)] if code else [])

    def test_outcomes_are_told_for_every_case(self, demo, items):
        world = json.loads((demo / "world.json").read_text())

        assert {items[case.vm]["id"]: list(case.then) for case in CASES} == world["outcomes"]

    def test_most_of_one_vault_failed_with_one_code(self, history):
        vault = [name for name in history if name.startswith("vm-shop-")]
        struck = [name for name in vault if "130001" in json.dumps(history[name][-1])]

        assert (len(struck), len(vault)) == (13, 21)

    def test_no_other_vault_has_half_its_items_failing_with_one_code(self, backups, history):
        sizes = Counter({fleet[0]: 0 for fleet in FLEETS})
        for vault, _, _, _, count in FLEETS:
            sizes[vault] += count
        failed = Counter(
            (row["id"].split("/")[8], error["errorCode"])
            for row in of_type(backups, JOBS)
            for error in row["properties"].get("errorDetails", [])
            if row["properties"]["startTime"] > clock.stamp(NOW - 86400)
            and row["properties"]["status"] == "Failed"
        )

        assert [key for key, count in failed.items() if count * 2 > sizes[key[0]]] == [
            ("rsv-prod-weu-01", 130001)
        ]

    def test_the_early_policy_runs_again_within_two_hours_and_no_other(self, backups):
        soon = [
            (
                row["name"],
                (clock.moment(row["properties"]["schedulePolicy"]["scheduleRunTimes"][0]) - NOW) % 86400,
            )
            for row in of_type(backups, POLICIES)
            if row["properties"]["timeZone"] == "UTC" and row["name"] != "weekly-archive"
        ]

        assert {name for name, wait in soon if wait < 7200} == {"daily-early"}
        assert {wait for name, wait in soon if name == "daily-early"} == {80 * 60}

    def test_policies_of_another_zone_run_at_the_same_moment(self, backups):
        runs = {
            row["properties"]["timeZone"]: row["properties"]["schedulePolicy"]["scheduleRunTimes"][0][11:16]
            for row in of_type(backups, POLICIES)
            if row["name"] == "daily-night"
        }

        assert runs == {"UTC": "22:00", "Singapore Standard Time": "06:00"}

    def test_the_vm_that_is_gone_has_an_item_and_no_row(self, rows, items):
        names = {row["name"] for row in rows["resources"]}

        assert set(items) - names == {"vm-crm-app-02"}

    def test_vms_nobody_protects(self, rows, items):
        machines = {row["name"] for row in of_type(rows["resources"], "microsoft.compute/virtualmachines")}

        assert machines - set(items) == set(UNPROTECTED)

    def test_states_an_item_can_be_in(self, items):
        def state(name):
            shown = items[name]["properties"]
            return (
                shown["protectionState"],
                shown["currentProtectionState"],
                shown["isScheduledForDeferredDelete"],
            )

        assert state("vm-crm-app-03") == ("ProtectionStopped", "ProtectionStopped", False)
        assert state("vm-dev-box-01") == ("ProtectionStopped", "SoftDeleted", True)
        assert state("vm-crm-app-04") == ("IRPending", "ProtectionConfigured", False)
        assert state("vm-shop-sql-05") == ("Protected", "ProtectionConfigured", False)

    def test_the_vault_knows_of_a_success_resource_graph_has_not_seen(self, demo):
        world = World.load(demo, clock=lambda: NOW)
        jobs = world.store.find("recoveryservicesresources", NOW, type=JOBS)
        differ = [
            (row["properties"]["entityFriendlyName"], row["properties"]["status"])
            for row in jobs
            if world.rest_row(row)["properties"]["status"] != row["properties"]["status"]
        ]

        assert differ == [("vm-apac-web-03", "Failed")]
