"""The alerts that Azure Backup raises about failed backups, as Resource Graph tells them."""

import pytest

from simulator.alert_rows import AFTER_S
from simulator.estate_alerts import raise_alerts
from simulator.estate_databases import database, database_policy
from simulator.estate_instances import instance_job
from simulator.world import Settings
from tests.simulator import protection_estate
from tests.simulator.asking import ask
from tests.simulator.recovery_estate import NOW, VAULT, caller, estate, item, item_id, playing

MINUTE = 60
FIRED = ("Backup Failure", "New", "Fired")
QUERY = (
    "alertsmanagementresources | where type =~ 'microsoft.alertsmanagement/alerts' "
    "| extend key = tolower(id) | project key, id, name, properties | order by key asc"
)


def alerts(client):
    """What Resource Graph tells now."""
    path = "/providers/Microsoft.ResourceGraph/resources"
    answer = ask(client.world, "POST", path, {"query": QUERY}, content_type="application/json")
    assert answer.status == 200, answer.body
    return answer.body["data"]


def states(client):
    told = [(one["name"], one["properties"]["essentials"]) for one in alerts(client)]
    return [(name, one["alertState"], one["monitorCondition"]) for name, one in told]


def machine(made, name="vm-1", **more):
    """A protected machine of the estate; returns its item."""
    subscription = VAULT.split("/")[2]
    vm = made.vm(name, subscription=subscription, group="rg-app")
    return made.item(VAULT, vm, **more)


def test_an_estate_without_alerts_has_an_empty_table(tmp_path):
    assert alerts(caller(tmp_path, [item("vm-1")])) == []


class TestMadeByHand:
    """Of the jobs that an estate has."""

    def test_the_alert_of_a_database_is_as_one_that_azure_delivered(self, tmp_path):
        made = estate()
        vm = made.vm("vm-sql", subscription=VAULT.split("/")[2], group="rg-app")
        of = database(made, VAULT, vm, "sales", policy=database_policy(made, VAULT, "sql"))
        code = "UserErrorParentFullBackupMissing"
        job = made.job(of, "Failed", ago="2h", takes="3m", codes=[code], operation="Backup (Log)")
        raise_alerts(made)

        (alert,) = alerts(playing(tmp_path, made))

        essentials, context = alert["properties"]["essentials"], alert["properties"]["context"]
        assert alert["id"].startswith(f"{VAULT.lower()}/providers/Microsoft.AlertsManagement/alerts/")
        assert essentials.pop("sourceCreatedId").startswith("2516069588999999999_0_")
        assert essentials == {
            "severity": "Sev1",
            "signalType": "Log",
            "alertState": "New",
            "monitorCondition": "Fired",
            "monitorService": "Azure Backup",
            "targetResource": VAULT.lower(),
            "targetResourceName": "rsv-1",
            "targetResourceGroup": "rg-backup",
            "targetResourceType": "microsoft.recoveryservices/vaults",
            "alertRule": "Backup Failure",
            "startDateTime": "2026-11-22T10:05:00.0000000Z",
            "lastModifiedDateTime": "2026-11-22T10:05:00.0000000Z",
            "monitorConditionResolvedDateTime": "",
            "lastModifiedUserName": "System",
            "actionStatus": {"isSuppressed": False},
            "description": "First full backup is missing for this data source.",
        }
        name = of.rpartition("/")[2]
        source = f"{vm}/providers/Microsoft.RecoveryServices/backupProtectedItem/{name}"
        assert context == {
            "category": "Jobs",
            "sourceId": source,
            "sourceType": "SQLDataBase",
            "extendedInfo": {
                "jobId": job.rpartition("/")[2],
                "possibleCauses": None,
                "occurrenceCount": 1,
                "recommendedActions": f"Trigger an on-demand full backup. https://aka.ms/AB-{code}",
            },
            "affectedItems": source,
            "sourceVersion": "VMAppContainer",
            "protectedItemId": of,
            "linkedResourceId": vm,
            "alertVersionNumber": "V2020_10",
            "linkedResourceName": "vm-sql",
            "formattedSourceType": "AzureVmSQL",
            "firstLevelContainerId": "compute;rg-app;vm-sql",
            "secondLevelContainerId": None,
        }

    def test_its_origin_ends_with_management_type_code_and_backup_type(self, tmp_path):
        made = estate()
        made.job(machine(made), "Failed", ago="2h", codes=["UserErrorFsFreezeFailed"])
        raise_alerts(made)

        (alert,) = alerts(playing(tmp_path, made))

        origin = alert["properties"]["essentials"]["sourceCreatedId"]
        assert origin.endswith("azureiaasvmusererrorfsfreezefailed")

    @pytest.mark.parametrize(
        ("code", "operation", "expected"),
        [
            pytest.param("400002", "Backup", [FIRED], id="a backup"),
            pytest.param("400003", "Restore", [("Restore Failure", "New", "Fired")], id="a restore"),
            pytest.param("400002", "ConfigureBackup", [], id="anything else"),
            pytest.param("400001", "Backup", [], id="another backup was running"),
            pytest.param("400136", "Backup", [], id="the machine is gone"),
        ],
    )
    def test_what_of_a_machine_failed(self, tmp_path, code, operation, expected):
        made = estate()
        made.job(machine(made), "Failed", ago="2h", codes=[code], operation=operation)
        raise_alerts(made)

        assert states(playing(tmp_path, made)) == expected

    def test_a_vault_that_is_told_not_to_raises_none(self, tmp_path):
        made = estate()
        off = {"azureMonitorAlertSettings": {"alertsForAllJobFailures": "Disabled"}}
        made.change(VAULT, monitoringSettings=off)
        made.job(machine(made), "Failed", ago="2h", codes=["400002"])

        assert raise_alerts(made) == []

    def test_the_next_success_resolves_them_and_a_person_closes_them(self, tmp_path):
        made = estate()
        of = machine(made)
        first = made.job(of, "Failed", ago="50h", codes=["400002"])
        made.job(of, "Failed", ago="26h", codes=["400002"])
        made.job(of, "Completed", ago="2h")
        made.job(of, "Failed", ago="1h", codes=["400002"])
        raise_alerts(made, {first: "Closed"}, who="ann@contoso.com")

        told = [one["properties"]["essentials"] for one in alerts(playing(tmp_path, made))]
        told.sort(key=lambda one: one["startDateTime"])
        assert [(one["alertState"], one["monitorCondition"]) for one in told] == [
            ("Closed", "Resolved"),
            ("New", "Resolved"),
            ("New", "Fired"),
        ]
        assert [one["monitorConditionResolvedDateTime"][:16] for one in told] == [
            "2026-11-22T10:12",
            "2026-11-22T10:12",
            "",
        ]
        assert {one["lastModifiedUserName"] for one in told} == {"System"}

    def test_a_backup_vault_has_them_too(self, tmp_path):
        place = protection_estate.Place()
        of = place.instances["disk"]
        instance_job(place.estate, of, "Failed", ago="2h", codes=["UserErrorManagedDiskNotFound"])
        raise_alerts(place.estate)

        (alert,) = alerts(protection_estate.caller(tmp_path, place))

        assert (
            alert["properties"]["essentials"]["targetResourceType"] == "microsoft.dataprotection/backupvaults"
        )
        assert alert["properties"]["essentials"]["description"] == "The managed disk does not exist."
        assert alert["properties"]["context"]["protectedItemId"] == of
        assert alert["properties"]["context"]["sourceType"] == "Microsoft.Compute/disks"


class TestRaisedInARun:
    """Of backups that are triggered here."""

    def test_a_backup_that_fails_raises_one_when_it_has_ended(self, tmp_path):
        client = caller(tmp_path, [item("vm-1")], outcomes={item_id("vm-1"): ["Failed:400002"]})
        client.backup("vm-1")
        seen = []
        for seconds in (0, 10 * MINUTE, 10 * MINUTE + AFTER_S):
            client.clock.at = NOW + seconds
            seen.append(states(client))

        assert seen == [[], [], [FIRED]]

    def test_resource_graph_lags_behind(self, tmp_path):
        known = {"outcomes": {item_id("vm-1"): ["Failed:400002"]}, "graph_lag_s": 300}
        client = caller(tmp_path, [item("vm-1")], **known)
        client.backup("vm-1")
        client.clock.at = NOW + 10 * MINUTE + AFTER_S + 299
        before = states(client)
        client.clock.at += 1

        assert (before, states(client)) == ([], [FIRED])

    @pytest.mark.parametrize("code", ["400001", "UserErrorVmNotFoundV2"])
    def test_a_failure_by_design_raises_none(self, tmp_path, code):
        client = caller(tmp_path, [item("vm-1")], outcomes={item_id("vm-1"): [f"Failed:{code}"]})
        client.backup("vm-1")
        client.clock.at = NOW + 3600

        assert states(client) == []

    def test_a_success_resolves_what_was_fired_before(self, tmp_path):
        client = caller(tmp_path, [item("vm-1")], outcomes={item_id("vm-1"): ["Failed:400002"]})
        seen = []
        for start in (0, 11 * MINUTE):
            client.clock.at = NOW + start
            client.backup("vm-1")
        for seconds in (13 * MINUTE, 24 * MINUTE):
            client.clock.at = NOW + seconds
            seen.append(states(client))

        assert seen == [[FIRED], [("Backup Failure", "New", "Resolved")]]

    def test_a_cancelled_backup_neither_raises_nor_resolves(self, tmp_path):
        outcomes = {item_id("vm-1"): ["Failed:400002", "Completed", "Failed:400002"]}
        client = caller(tmp_path, [item("vm-1")], outcomes=outcomes)
        client.backup("vm-1")
        for start in (3600, 7200):
            client.clock.at = NOW + start
            client.backup("vm-1")
            (running,) = [
                one["id"]
                for one in client.get(f"{VAULT}/backupJobs", **{"$filter": "status eq 'InProgress'"}).body[
                    "value"
                ]
            ]
            client.post(f"{running}/cancel")
        client.clock.at = NOW + 10_800

        assert states(client) == [FIRED]

    def test_an_instance_of_a_backup_vault_has_them_too(self, tmp_path):
        place = protection_estate.Place()
        place.estate.outcomes(place.instances["disk"], "Failed:InternalServerError")
        client = protection_estate.caller(tmp_path, place)
        client.backup("disk")
        client.clock.at = protection_estate.NOW + 3600

        assert states(client) == [FIRED]

    def test_speed_brings_them_sooner(self, tmp_path):
        known = {"outcomes": {item_id("vm-1"): ["Failed:400002"]}}
        client = caller(tmp_path, [item("vm-1")], Settings(speed=60), **known)
        client.backup("vm-1")
        client.clock.at = NOW + 10 + AFTER_S / 60

        assert states(client) == [FIRED]

    def test_one_that_is_still_to_come_survives_a_dump(self, tmp_path):
        client = caller(tmp_path / "one", [item("vm-1")], outcomes={item_id("vm-1"): ["Failed:400002"]})
        client.backup("vm-1")
        client.world.dump(tmp_path / "two")
        again = client.world.load(tmp_path / "two", clock=client.clock)
        client.world = again
        before = states(client)
        client.clock.at = NOW + 3600

        assert (before, states(client)) == ([], [FIRED])
