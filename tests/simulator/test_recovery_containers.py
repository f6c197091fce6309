"""What is registered with a vault, what could be, and what a vault has discovered."""

import pytest

from simulator.estate_databases import database, protectable, protectable_instance, registered
from simulator.estate_shares import protectable_share, registered_account, share
from simulator.world import World
from tests.simulator.recovery_estate import SUB, TABLE, VAULT, Caller, estate, playing

FABRIC = f"{VAULT}/backupFabrics/Azure"
SUBSCRIPTION = SUB.rsplit("/", 1)[-1]
WELL = {"code": "Success", "message": "", "recommendations": [""]}


@pytest.fixture
def made():
    return estate()


@pytest.fixture
def vm(made):
    return made.vm("vm-SQL", subscription=SUBSCRIPTION, group="RG-App")


@pytest.fixture
def account(made):
    return made.storage_account("stdocs", subscription=SUBSCRIPTION, group="RG-Files")


@pytest.fixture
def place(made, vm, account):
    return made, vm, account


def listed(client, path, filter=""):
    answer = client.get(f"{VAULT}/{path}", **({"$filter": filter} if filter else {}))
    assert answer.status == 200, answer.body
    return answer.body["value"]


def names(client, path, filter=""):
    return [one["name"] for one in listed(client, path, filter)]


class TestContainers:
    def test_of_a_machine_say_how_many_databases_were_discovered(self, tmp_path, made, vm):
        protectable(made, VAULT, vm, "sales", protected=True)
        protectable(made, VAULT, vm, "crm")
        database(made, VAULT, vm, "sales")
        database(made, VAULT, vm, "main", kind="hana")
        told = listed(playing(tmp_path, made), "backupProtectionContainers")

        assert told == [
            {
                "id": f"{FABRIC}/protectionContainers/VMAppContainer;Compute;RG-App;vm-SQL".replace(
                    "/subscriptions/", "/Subscriptions/"
                ),
                "name": "VMAppContainer;Compute;RG-App;vm-SQL",
                "type": "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers",
                "properties": {
                    "sourceResourceId": vm,
                    "lastUpdatedTime": "2025-01-01T00:00:00Z",
                    "extendedInfo": {
                        "hostServerName": "vm-SQL",
                        "inquiryInfo": {
                            "status": "Success",
                            "errorDetail": WELL,
                            "inquiryDetails": [
                                {"type": kind, "itemCount": count, "inquiryValidation": validation}
                                for kind, count in (("SAPHana", 1), ("SQL", 2))
                            ],
                        },
                    },
                    "friendlyName": "vm-SQL",
                    "backupManagementType": "AzureWorkload",
                    "registrationStatus": "Registered",
                    "healthStatus": "Healthy",
                    "containerType": "VMAppContainer",
                    "protectableObjectType": "VMAppContainer",
                },
            }
            for validation in [{"status": "Success", "errorDetail": WELL, "additionalDetail": ""}]
        ]

    def test_of_an_account_count_its_items(self, tmp_path, made, account):
        share(made, VAULT, account, "docs")
        protectable_share(made, VAULT, account, "homes")
        (told,) = listed(playing(tmp_path, made), "backupProtectionContainers")

        assert told["name"] == "StorageContainer;Storage;RG-Files;stdocs"
        assert told["properties"]["sourceResourceId"] == account
        assert told["properties"]["protectedItemCount"] == 1

    def test_of_what_is_registered_and_holds_nothing_are_there_too(self, tmp_path, made, vm, account):
        registered(made, VAULT, vm, failed="UserErrorSQLNoSysadminMembership")
        registered_account(made, VAULT, account)
        client = playing(tmp_path, made)
        one = client.get(f"{FABRIC}/protectionContainers/VMAppContainer;compute;rg-app;vm-sql").body

        assert names(client, "backupProtectionContainers") == [
            "StorageContainer;Storage;RG-Files;stdocs",
            "VMAppContainer;Compute;RG-App;vm-SQL",
        ]
        found = one["properties"]["extendedInfo"]["inquiryInfo"]
        assert (found["status"], found["inquiryDetails"][0]["itemCount"]) == ("Failed", 0)
        assert found["errorDetail"]["code"] == "UserErrorSQLNoSysadminMembership"

    @pytest.mark.parametrize(
        ("filter", "found"),
        [
            ("backupManagementType eq 'AzureIaasVM'", ["IaasVMContainer;iaasvmcontainerv2;RG-App;vm-SQL"]),
            (
                "backupManagementType eq 'AzureWorkload' and status eq 'Registered'",
                ["VMAppContainer;Compute;RG-App;vm-SQL"],
            ),
            ("backupManagementType eq 'AzureStorage'", ["StorageContainer;Storage;RG-Files;stdocs"]),
            ("friendlyName eq 'STDOCS'", ["StorageContainer;Storage;RG-Files;stdocs"]),
            ("backupManagementType eq 'MAB'", []),
            ("status eq 'NotRegistered'", []),
        ],
    )
    def test_are_picked_by_a_filter(self, tmp_path, place, filter, found):
        made, vm, account = place
        made.item(VAULT, vm)
        registered(made, VAULT, vm)
        registered_account(made, VAULT, account)

        assert names(playing(tmp_path, made), "backupProtectionContainers", filter) == found

    def test_one_that_is_not_there_is_not_found(self, tmp_path, made):
        answer = playing(tmp_path, made).get(f"{FABRIC}/protectionContainers/VMAppContainer;compute;rg;x")

        assert (answer.status, answer.body["error"]["code"]) == (404, "BMSUserErrorContainerObjectNotFound")

    def test_are_refused_to_who_may_not_read_the_vault(self, tmp_path, made):
        made.world["forbidden"] = [VAULT]
        client = playing(tmp_path, made)

        for path in ("backupProtectionContainers", "backupProtectableItems"):
            assert client.get(f"{VAULT}/{path}").status == 403

    def test_that_are_none_are_a_fault_of_the_estate(self, tmp_path, made, vm):
        made.world["containers"] = {vm: {}}

        with pytest.raises(
            ValueError, match=r"^world\.json: containers: '.*vm-sql': expected the id of a cont"
        ):
            playing(tmp_path, made)

    def test_are_the_same_after_a_dump(self, tmp_path, made, vm, account):
        registered(made, VAULT, vm, failed="UserErrorSQLNoSysadminMembership")
        registered_account(made, VAULT, account)
        first = playing(tmp_path / "one", made)
        first.world.dump(tmp_path / "two")
        again = Caller(World.load(tmp_path / "two", clock=first.clock), first.clock)

        told = listed(first, "backupProtectionContainers")
        assert listed(again, "backupProtectionContainers") == told


class TestWhatCouldBeRegistered:
    PATH = "backupFabrics/Azure/protectableContainers"

    @pytest.mark.parametrize(
        ("filter", "found"),
        [
            ("AzureWorkload", ["VMAppContainer;Compute;RG-App;vm-2"]),
            ("AzureStorage", ["StorageContainer;Storage;RG-Files;stnew"]),
            ("AzureIaasVM", []),
        ],
    )
    def test_lies_near_the_vault_and_is_not_registered(self, tmp_path, place, filter, found):
        """A machine that is backed up as such may still be registered for its databases."""
        made, vm, account = place
        made.item(VAULT, made.vm("vm-2", subscription=SUBSCRIPTION, group="RG-App"))
        made.vm("vm-far", subscription=SUBSCRIPTION, group="RG-App", location="eastus2")
        made.storage_account("stnew", subscription=SUBSCRIPTION, group="RG-Files")
        other = made.vault("rsv-2", subscription=SUBSCRIPTION, group="rg-backup")
        protectable_instance(made, other, vm)
        registered_account(made, other, account)

        assert names(playing(tmp_path, made), self.PATH, f"backupManagementType eq '{filter}'") == found

    def test_is_named_with_its_resource(self, tmp_path, made, account):
        (told,) = listed(playing(tmp_path, made), self.PATH, "backupManagementType eq 'AzureStorage'")

        assert told["properties"] == {
            "friendlyName": "stdocs",
            "backupManagementType": "AzureStorage",
            "protectableContainerType": "StorageContainer",
            "healthStatus": "Healthy",
            "containerId": account,
        }


class TestWhatWasDiscovered:
    PATH = "backupProtectableItems"

    @pytest.mark.parametrize(
        ("filter", "found"),
        [
            pytest.param(
                "backupManagementType eq 'AzureWorkload' and workloadType eq 'SQLDataBase'",
                ["sqldatabase;mssqlserver;sales", "sqlinstance;mssqlserver"],
                id="by the workload of items",
            ),
            pytest.param(
                "workloadType eq 'SAPHanaDatabase' and itemType eq 'SAPHanaDatabase'",
                ["saphanadatabase;hxe;main"],
                id="by type",
            ),
            pytest.param(
                "backupManagementType eq 'AzureStorage' and workloadType eq 'AzureFileShare'",
                ["azurefileshare;docs"],
                id="shares",
            ),
            pytest.param("status eq 'Protected'", ["azurefileshare;docs"], id="protected"),
            pytest.param("friendlyName eq 'SALES'", ["sqldatabase;mssqlserver;sales"], id="by name"),
            pytest.param(
                "backupManagementType eq 'AzureIaasVM'", ["iaasvmcontainerv2;RG-App;vm-SQL"], id="machines"
            ),
        ],
    )
    def test_is_picked_by_a_filter(self, tmp_path, place, filter, found):
        made, vm, account = place
        protectable(made, VAULT, vm, "sales")
        protectable(made, VAULT, vm, "main", kind="hana")
        protectable_share(made, VAULT, account, "docs", protected=True)

        assert names(playing(tmp_path, made), self.PATH, filter) == found

    def test_of_machines_is_what_no_vault_of_the_region_and_subscription_protects(self, tmp_path, made, vm):
        made.vm("vm-far", subscription=SUBSCRIPTION, group="RG-App", location="eastus2")
        other = made.vault("rsv-2", subscription=SUBSCRIPTION, group="rg-backup")
        made.item(other, made.vm("vm-kept", subscription=SUBSCRIPTION, group="RG-App"))
        (told,) = listed(playing(tmp_path, made), self.PATH, "backupManagementType eq 'AzureIaasVM'")

        assert told["id"].endswith(
            "/IaasVMContainer;iaasvmcontainerv2;RG-App;vm-SQL/protectableItems/vm;iaasvmcontainerv2;RG-App;vm-SQL"
        )
        assert told["properties"] == {
            "virtualMachineId": vm,
            "virtualMachineVersion": "Compute",
            "resourceGroup": "RG-App",
            "backupManagementType": "AzureIaasVM",
            "protectableItemType": "Microsoft.Compute/virtualMachines",
            "friendlyName": "vm-SQL",
            "protectionState": "NotProtected",
        }

    def test_is_the_row_of_resource_graph(self, tmp_path, made, vm):
        row_id = protectable(made, VAULT, vm, "sales")
        client = playing(tmp_path, made)
        (told,) = listed(client, self.PATH, "itemType eq 'SQLDataBase'")
        row = client.world.store.get(TABLE, row_id, client.world.now())

        assert told["id"] == row_id.replace("/subscriptions/", "/Subscriptions/")
        assert told["properties"] == row["properties"]

    def test_comes_in_pages_of_two_hundred(self, tmp_path, made, account):
        for number in range(250):
            protectable_share(made, VAULT, account, f"share-{number:03}")
        client = playing(tmp_path, made)
        first = client.get(
            f"{VAULT}/{self.PATH}", **{"$filter": "backupManagementType eq 'AzureStorage'"}
        ).body
        second = client.follow(first["nextLink"]).body

        found = {one["name"] for one in first["value"] + second["value"]}
        assert (len(first["value"]), len(found), "nextLink" in second) == (200, 250, False)

    def test_by_a_filter_of_another_name_is_invalid_input(self, tmp_path, made):
        answer = playing(tmp_path, made).get(f"{VAULT}/{self.PATH}", **{"$filter": "vault eq 'x'"})

        assert (answer.status, answer.body["error"]["code"]) == (400, "BMSUserErrorInvalidInput")
