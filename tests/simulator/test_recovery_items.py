"""Vaults, policies, protected items, and whether a resource is protected."""

import pytest

from tests.simulator.recovery_estate import (
    ITEMS,
    POLICY,
    SUB,
    VAULT,
    caller,
    item,
    item_id,
    row,
    vm_id,
)

POLICIES = "microsoft.recoveryservices/vaults/backuppolicies"
CONTAINER = f"{VAULT}/backupFabrics/Azure/protectionContainers/StorageContainer;storage;rg;sa"
SHARE = f"{CONTAINER}/protectedItems/AzureFileShare;s"
ACCOUNT = f"{SUB}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/sa"

VAULT_BODY = {
    "location": "westeurope",
    "name": "rsv-1",
    "properties": {"provisioningState": "Succeeded"},
    "id": VAULT,
    "type": "Microsoft.RecoveryServices/vaults",
    "sku": {"name": "RS0", "tier": "Standard"},
}
POLICY_ROWS = [
    row(POLICY, POLICIES, backupManagementType="AzureIaasVM", protectedItemsCount=2),
    row(f"{VAULT}/backupPolicies/files", POLICIES, backupManagementType="AzureStorage"),
]


def share(**properties):
    given = {
        "friendlyName": "s",
        "sourceResourceId": ACCOUNT,
        "backupManagementType": "AzureStorage",
        "workloadType": "AzureFileShare",
        "protectionState": "IRPending",
        "policyName": "files",
        "extendedInfo": {"recoveryPointCount": 0},
    }
    return row(SHARE, ITEMS, **{**given, **properties})


class TestVaults:
    @pytest.mark.parametrize("scope", [SUB, f"{SUB}/resourceGroups/RG-BACKUP"])
    def test_are_listed_by_subscription_and_by_group(self, tmp_path, scope):
        answer = caller(tmp_path, []).get(f"{scope}/providers/Microsoft.RecoveryServices/vaults")

        assert answer.body == {"value": [VAULT_BODY]}

    def test_of_another_group_are_not_listed(self, tmp_path):
        scope = f"{SUB}/resourceGroups/rg-other"

        listed = caller(tmp_path, []).get(f"{scope}/providers/Microsoft.RecoveryServices/vaults")
        assert listed.body == {"value": []}

    def test_that_the_caller_may_not_read_are_left_out_of_lists_and_refused_alone(self, tmp_path):
        client = caller(tmp_path, [], forbidden=[VAULT])

        assert client.get(f"{SUB}/providers/Microsoft.RecoveryServices/vaults").body == {"value": []}
        assert client.get(VAULT).status == 403

    def test_one_is_told_by_its_id(self, tmp_path):
        assert caller(tmp_path, []).get(VAULT.lower()).body == VAULT_BODY

    def test_one_that_is_not_there_is_not_found_as_the_gateway_words_it(self, tmp_path):
        answer = caller(tmp_path, []).get(f"{VAULT}-2")

        assert answer.status == 404
        assert answer.body["error"] == {
            "code": "ResourceNotFound",
            "message": "The Resource 'Microsoft.RecoveryServices/vaults/rsv-1-2' under resource group "
            "'rg-backup' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
        }

    def test_an_api_version_older_than_the_service_is_refused(self, tmp_path):
        answer = caller(tmp_path, []).get(VAULT, **{"api-version": "2015-11-10"})

        assert (answer.status, answer.body["error"]["code"]) == (400, "InvalidApiVersionParameter")


class TestPolicies:
    def test_are_listed_and_picked_by_kind(self, tmp_path):
        client = caller(tmp_path, POLICY_ROWS)
        all_of_them = client.get(f"{VAULT}/backupPolicies").body["value"]
        picked = client.get(
            f"{VAULT}/backupPolicies", **{"$filter": "backupManagementType eq 'AzureStorage'"}
        ).body["value"]

        assert [one["name"] for one in all_of_them] == ["daily", "files"]
        assert [one["name"] for one in picked] == ["files"]

    def test_one_is_told_by_its_id(self, tmp_path):
        assert caller(tmp_path, POLICY_ROWS).get(POLICY).body == {
            "id": POLICY.replace("/subscriptions/", "/Subscriptions/"),
            "name": "daily",
            "type": "Microsoft.RecoveryServices/vaults/backupPolicies",
            "properties": {"backupManagementType": "AzureIaasVM", "protectedItemsCount": 2},
        }

    def test_one_that_is_not_there_is_404_and_an_empty_object(self, tmp_path):
        answer = caller(tmp_path, POLICY_ROWS).get(f"{VAULT}/backupPolicies/weekly")

        assert (answer.status, answer.body) == (404, {})


class TestItems:
    def test_of_a_machine_tells_what_its_vault_tells(self, tmp_path):
        told = caller(tmp_path, [item("vm-1", healthDetails=None)]).get(item_id("vm-1")).body

        assert told == {
            "id": item_id("vm-1").replace("/subscriptions/", "/Subscriptions/"),
            "name": "VM;iaasvmcontainerv2;rg-app;vm-1",
            "type": "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems",
            "properties": {
                "friendlyName": "vm-1",
                "virtualMachineId": vm_id("vm-1"),
                "sourceResourceId": vm_id("vm-1"),
                "containerName": "iaasvmcontainerv2;rg-app;vm-1",
                "protectedItemType": "Microsoft.Compute/virtualMachines",
                "backupManagementType": "AzureIaasVM",
                "workloadType": "VM",
                "protectionState": "Protected",
                "protectionStatus": "Healthy",
                "healthStatus": "Passed",
                "lastBackupStatus": "Completed",
                "lastBackupTime": "2026-11-21T03:00:00.0000000Z",
                "policyId": POLICY,
                "policyName": "daily",
            },
        }

    def test_tells_of_its_recovery_points_when_asked(self, tmp_path):
        client = caller(tmp_path, [item("vm-1")])
        told = client.get(item_id("vm-1"), **{"$filter": "expand eq 'extendedinfo'"}).body

        assert told["properties"]["extendedInfo"] == {"recoveryPointCount": 7}

    def test_that_was_never_backed_up_says_so_with_a_date(self, tmp_path):
        rows = [item("vm-1", lastBackupTime=None, lastBackupStatus=None, protectionState="IRPending")]
        told = caller(tmp_path, rows).item("vm-1")

        assert (told["lastBackupTime"], told["lastBackupStatus"]) == ("2001-01-01T00:00:00Z", "")

    def test_of_a_share_names_its_vault_by_url_and_is_pending(self, tmp_path):
        told = caller(tmp_path, [share()]).get(SHARE).body["properties"]

        assert told["vaultId"] == f"https://management.azure.com{VAULT}"
        assert (told["lastBackupStatus"], "lastBackupTime" in told) == ("IRPending", False)
        assert told["extendedInfo"] == {"recoveryPointCount": 0}

    @pytest.mark.parametrize(
        ("filter", "names"),
        [
            pytest.param(
                "backupManagementType eq 'AzureIaasVM' and itemType eq 'VM'", ["vm-1", "vm-2"], id="vm"
            ),
            pytest.param("backupManagementType eq 'AzureStorage'", ["s"], id="files"),
            pytest.param("friendlyName eq 'VM-2'", ["vm-2"], id="one"),
            pytest.param("healthState eq 'Unhealthy'", ["vm-2"], id="unhealthy"),
            pytest.param("policyName eq 'weekly'", [], id="nothing"),
        ],
    )
    def test_are_picked_by_a_filter(self, tmp_path, filter, names):
        rows = [item("vm-1"), item("vm-2", protectionStatus="Unhealthy"), share()]
        answer = caller(tmp_path, rows).get(f"{VAULT}/backupProtectedItems", **{"$filter": filter})

        assert [one["properties"]["friendlyName"] for one in answer.body["value"]] == names

    def test_a_filter_of_another_name_is_invalid_input(self, tmp_path):
        answer = caller(tmp_path, []).get(f"{VAULT}/backupProtectedItems", **{"$filter": "name eq 'x'"})

        assert (answer.status, answer.body["error"]["code"]) == (400, "BMSUserErrorInvalidInput")

    def test_pages_hold_every_item_once(self, tmp_path):
        client = caller(tmp_path, [item(f"vm-{n:04}") for n in range(1500)])
        first = client.get(f"{VAULT}/backupProtectedItems").body
        second = client.follow(first["nextLink"]).body

        names = [one["name"] for one in first["value"] + second["value"]]
        assert (len(first["value"]), len(set(names)), "nextLink" in second) == (1000, 1500, False)

    def test_one_that_is_not_there_is_not_found(self, tmp_path):
        answer = caller(tmp_path, []).get(item_id("vm-1"))

        assert (answer.status, answer.body["error"]["code"]) == (404, "BMSUserErrorDataSourceObjectNotFound")

    def test_rights_are_asked_for_on_the_item(self, tmp_path):
        rights = [{"role": "Backup Reader", "scope": f"{SUB}/resourceGroups/rg-other"}]

        assert caller(tmp_path, [item("vm-1")], role_assignments=rights).get(item_id("vm-1")).status == 403
