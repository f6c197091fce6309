"""Whether a resource is protected, and whether a vault could protect it."""

import pytest

from simulator import estate_rows
from simulator.estate_databases import database
from simulator.estate_shares import share
from tests.simulator.recovery_estate import ITEMS, SUB, VAULT, caller, estate, item, playing, row, vm_id

LOCATION = f"{SUB}/providers/Microsoft.RecoveryServices/locations/westeurope"
ACCOUNT = f"{SUB}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/sa"
SHARE_ITEM = row(
    f"{VAULT}/backupFabrics/Azure/protectionContainers/StorageContainer;storage;rg;sa/protectedItems/AzureFileShare;s",
    ITEMS,
    friendlyName="s",
    sourceResourceId=ACCOUNT,
    backupManagementType="AzureStorage",
    workloadType="AzureFileShare",
    protectionState="IRPending",
)


class TestBackupStatus:
    PATH = f"{LOCATION}/backupStatus"

    def ask(self, client, **body):
        return client.post(self.PATH, body)

    def test_a_protected_machine_is_named_with_its_vault_and_policy(self, tmp_path):
        client = caller(tmp_path, [item("vm-1")])

        assert self.ask(client, resourceType="VM", resourceId=vm_id("VM-1")).body == {
            "protectionStatus": "Protected",
            "fabricName": "Azure",
            "containerName": "iaasvmcontainer;iaasvmcontainerv2;rg-app;vm-1",
            "protectedItemName": "vm;iaasvmcontainerv2;rg-app;vm-1",
            "protectedItemsCount": 0,
            "objectType": "BackupStatusResponse",
            "vaultId": VAULT,
            "policyName": "daily",
        }

    def test_another_machine_gets_the_names_it_would_have(self, tmp_path):
        client = caller(tmp_path, [item("vm-1")])

        assert self.ask(client, resourceType="VM", resourceId=vm_id("vm-2")).body == {
            "protectionStatus": "NotProtected",
            "fabricName": "Azure",
            "containerName": "iaasvmcontainer;iaasvmcontainerv2;rg-app;vm-2",
            "protectedItemName": "vm;iaasvmcontainerv2;rg-app;vm-2",
            "protectedItemsCount": 0,
            "objectType": "BackupStatusResponse",
        }

    @pytest.mark.parametrize(("name", "status"), [("s", "Protected"), ("other", "NotProtected")])
    def test_a_share_is_named_besides_its_account(self, tmp_path, name, status):
        client = caller(tmp_path, [SHARE_ITEM])
        answer = self.ask(client, resourceType="AzureFileShare", resourceId=ACCOUNT, poLogicalName=name)

        assert answer.body["protectionStatus"] == status

    def test_the_estate_can_say_what_no_vault_shows(self, tmp_path):
        known = {vm_id("vm-2"): {"protectionStatus": "Protected", "vaultId": "/elsewhere"}}
        client = caller(tmp_path, [], backup_status=known)
        told = self.ask(client, resourceType="VM", resourceId=vm_id("vm-2").upper()).body

        assert (told["protectionStatus"], told["vaultId"]) == ("Protected", "/elsewhere")

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param({}, id="nothing"),
            pytest.param({"resourceType": "VM"}, id="no resource"),
            pytest.param({"resourceId": "/subscriptions/x"}, id="no type"),
        ],
    )
    def test_without_a_resource_and_its_type_is_invalid_input(self, tmp_path, body):
        answer = caller(tmp_path, []).post(self.PATH, body)

        assert (answer.status, answer.body["error"]["code"]) == (400, "BMSUserErrorInvalidInput")

    @pytest.mark.parametrize(
        ("changed", "status"),
        [
            pytest.param({"protectionState": "IRPending"}, "Protected", id="never backed up"),
            pytest.param({"protectionState": "ProtectionError"}, "Protected", id="in error"),
            pytest.param({"currentProtectionState": "ConfiguringProtection"}, "Protecting", id="configuring"),
            pytest.param(
                {"currentProtectionState": "ConfiguringProtectionFailed"},
                "ProtectionFailed",
                id="not configured",
            ),
            pytest.param(estate_rows.stopped(), "Protected", id="stopped, still its vault's"),
            pytest.param(estate_rows.soft_deleted("2026-11-20T00:00:00Z"), "Protected", id="soft-deleted"),
        ],
    )
    def test_an_item_in_any_state_is_its_vaults(self, tmp_path, changed, status):
        told = self.ask(
            caller(tmp_path, [item("vm-1", **changed)]), resourceType="VM", resourceId=vm_id("vm-1")
        )

        assert (told.body["protectionStatus"], told.body["vaultId"]) == (status, VAULT)

    @pytest.mark.parametrize("deleted", ["rsv-1", "rsv-2"])
    def test_of_two_vaults_the_one_that_backs_it_up_speaks(self, tmp_path, deleted):
        made = estate()
        subscription = SUB.rsplit("/", 1)[-1]
        vm = made.vm("vm-1", subscription=subscription, group="rg-app")
        vaults = {"rsv-1": VAULT, "rsv-2": made.vault("rsv-2", subscription=subscription, group="rg-backup")}
        for name, vault in vaults.items():
            gone = estate_rows.soft_deleted(made.stamp("1d")) if name == deleted else {}
            made.item(vault, vm, **gone)
        told = self.ask(playing(tmp_path, made), resourceType="VM", resourceId=vm)

        assert told.body["vaultId"] == next(vault for name, vault in vaults.items() if name != deleted)

    @pytest.mark.parametrize(
        ("asked", "status"),
        [
            pytest.param(
                {"resourceType": "SQLDataBase", "poLogicalName": "SALES"}, "Protected", id="by name"
            ),
            pytest.param(
                {"resourceType": "SQLDataBase", "poLogicalName": "MSSQLSERVER/sales"},
                "Protected",
                id="by instance",
            ),
            pytest.param({"resourceType": "SQLDataBase"}, "Protected", id="any of the machine's"),
            pytest.param(
                {"resourceType": "SQLDataBase", "poLogicalName": "crm"}, "NotProtected", id="another"
            ),
            pytest.param({"resourceType": "SAPHanaDatabase"}, "NotProtected", id="of another kind"),
            pytest.param({"resourceType": "VM"}, "NotProtected", id="its machine"),
        ],
    )
    def test_a_database_is_named_besides_its_machine(self, tmp_path, asked, status):
        made = estate()
        database(made, VAULT, vm_id("vm-sql"), "sales")
        told = self.ask(playing(tmp_path, made), resourceId=vm_id("vm-sql"), **asked).body

        assert told["protectionStatus"] == status
        assert told.get("registrationStatus") == ("Registered" if status == "Protected" else None)

    def test_a_container_counts_its_items(self, tmp_path):
        made = estate()
        for name in ("docs", "homes"):
            share(made, VAULT, ACCOUNT, name)
        told = self.ask(
            playing(tmp_path, made), resourceType="AzureFileShare", resourceId=ACCOUNT, poLogicalName="docs"
        ).body

        assert (told["protectedItemsCount"], told["registrationStatus"]) == (2, "Registered")

    def test_a_vault_that_the_caller_cannot_read_protects_all_the_same(self, tmp_path):
        client = caller(tmp_path, [item("vm-1")], forbidden=[VAULT])

        assert client.get(f"{VAULT}/backupProtectedItems").status == 403
        assert self.ask(client, resourceType="VM", resourceId=vm_id("vm-1")).body["vaultId"] == VAULT

    def test_a_vault_of_another_subscription_is_not_looked_into(self, tmp_path):
        path = self.PATH.replace(SUB, "/subscriptions/5a5a0000-0000-0000-0000-000000000002")
        told = caller(tmp_path, [item("vm-1")]).post(
            path, {"resourceType": "VM", "resourceId": vm_id("vm-1")}
        )

        assert told.body["protectionStatus"] == "NotProtected"

    def test_a_subscription_that_is_forbidden_is_refused(self, tmp_path):
        client = caller(tmp_path, [item("vm-1")], forbidden=[SUB])

        assert self.ask(client, resourceType="VM", resourceId=vm_id("vm-1")).status == 403


class TestPreValidation:
    PATH = f"{LOCATION}/backupPreValidateProtection"

    @pytest.fixture
    def made(self):
        made = estate()
        subscription = SUB.rsplit("/", 1)[-1]
        made.vm("vm-1", subscription=subscription, group="rg-app")
        made.vm("vm-far", subscription=subscription, group="rg-app", location="eastus2")
        made.vm("vm-set", subscription=subscription, group="rg-app", virtualMachineScaleSet={"id": "/x"})
        other = made.subscription("other", id="5a5a0000-0000-0000-0000-000000000002")
        made.vault("rsv-other", subscription=other, group="rg-backup")
        made.item(VAULT, made.vm("vm-kept", subscription=subscription, group="rg-app"))
        return made

    def ask(self, folder, made, name="vm-1", **changed):
        body = {"resourceType": "VM", "resourceId": vm_id(name), "vaultId": VAULT, "properties": ""}
        return playing(folder, made).post(self.PATH, {**body, **changed})

    def test_tells_the_names_by_which_a_machine_is_going_to_be_protected(self, tmp_path, made):
        assert self.ask(tmp_path, made).body == {
            "status": "Succeeded",
            "errorCode": "Success",
            "errorMessage": "",
            "containerName": "iaasvmcontainer;iaasvmcontainerv2;rg-app;vm-1",
            "protectedItemName": "vm;iaasvmcontainerv2;rg-app;vm-1",
        }

    @pytest.mark.parametrize(
        ("changed", "code", "message"),
        [
            pytest.param(
                {"name": "vm-far"},
                "UserErrorVmVaultLocationMismatch",
                "Virtual machine and vault are in different region.",
                id="another region",
            ),
            pytest.param(
                {"name": "vm-kept"},
                "BMSUserErrorInvalidInput",
                f"The resource is protected already, in the vault {VAULT}.",
                id="protected already",
            ),
            pytest.param(
                {"name": "vm-set"},
                "BMSUserErrorInvalidInput",
                "Instances of a scale set are not supported.",
                id="an instance of a scale set",
            ),
            pytest.param(
                {"vaultId": VAULT.replace("000001", "000002").replace("rsv-1", "rsv-other")},
                "BMSUserErrorInvalidInput",
                "The vault is of another subscription.",
                id="a vault of another subscription",
            ),
            pytest.param(
                {"vaultId": f"{VAULT}9"},
                "BMSUserErrorInvalidInput",
                f"The vault {VAULT}9 was not found.",
                id="no such vault",
            ),
            pytest.param(
                {"name": "vm-9"},
                "BMSUserErrorInvalidInput",
                f"The resource {vm_id('vm-9')} was not found.",
                id="no such machine",
            ),
            pytest.param(
                {"resourceType": "FileFolder"},
                "BMSUserErrorInvalidInput",
                "The resource type FileFolder is not supported.",
                id="another kind",
            ),
        ],
    )
    def test_fails_with_a_reason(self, tmp_path, made, changed, code, message):
        answer = self.ask(tmp_path, made, **changed)

        assert (answer.status, answer.body["status"]) == (200, "Failed")
        assert (answer.body["errorCode"], answer.body["errorMessage"]) == (code, message)
        assert answer.body["recommendation"]

    def test_without_a_vault_is_invalid_input(self, tmp_path, made):
        answer = self.ask(tmp_path, made, vaultId=None)

        assert (answer.status, answer.body["error"]["code"]) == (400, "BMSUserErrorInvalidInput")

    @pytest.mark.parametrize(("role", "status"), [("Backup Operator", 200), ("Reader", 403)])
    def test_is_an_action_that_readers_do_not_have(self, tmp_path, made, role, status):
        made.world["role_assignments"] = [{"role": role, "scope": SUB}]

        assert self.ask(tmp_path, made).status == status


class TestFeatures:
    @pytest.mark.parametrize(
        ("feature", "status"), [("AzureVMResourceBackup", 200), ("AzureBackupGoals", 200), ("Other", 400)]
    )
    def test_are_supported_where_they_are_known(self, tmp_path, feature, status):
        body = {"featureType": feature, "vmSize": "Standard_D4s_v5", "vmSku": "Premium"}
        answer = caller(tmp_path, []).post(f"{LOCATION}/backupValidateFeatures", body)

        assert answer.status == status
        assert status == 400 or answer.body == {"supportStatus": "Supported"}
