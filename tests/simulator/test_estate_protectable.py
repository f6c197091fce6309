"""What vaults of an estate have discovered, and what nobody looked for: rows and keys of world.json."""

import pytest

from simulator import clock
from simulator.estate import Estate
from simulator.estate_databases import protectable, protectable_instance, registered, sql_virtual_machine
from simulator.estate_shares import file_share, protectable_share, registered_account
from simulator.world import World
from tests.simulator.asking import ask

NOW = clock.moment("2026-11-22T07:10:00Z")
FABRIC = "backupFabrics/Azure/protectionContainers"
VAULT = "Microsoft.RecoveryServices/vaults/rsv"
TYPE = "microsoft.recoveryservices/vaults/backupfabrics/protectioncontainers/protectableitems"


@pytest.fixture
def estate():
    return Estate(NOW)


@pytest.fixture
def vault(estate):
    return estate.vault("rsv", subscription=estate.subscription("prod"), group="RG-Backup")


@pytest.fixture
def vm(estate, vault):
    return estate.vm("vm-SQL-01", subscription=vault.split("/")[2], group="RG-App")


@pytest.fixture
def account(estate, vault):
    return estate.storage_account("stdocs", subscription=vault.split("/")[2], group="RG-Files")


def shown(estate, row_id):
    return estate.row(row_id)["properties"]


class TestDatabases:
    @pytest.mark.parametrize(
        ("kind", "names", "told"),
        [
            ("sql", "sqldatabase;mssqlserver;sales", ("SQL", "SQLDataBase", "MSSQLSERVER")),
            ("hana", "saphanadatabase;hxe;sales", ("SAPHana", "SAPHanaDatabase", "HXE")),
            ("ase", "sapasedatabase;ase;sales", ("SAPAse", "SAPAseDatabase", "ASE")),
        ],
    )
    def test_are_named_in_lower_case_below_their_machine(self, estate, vm, kind, names, told):
        vault = f"/subscriptions/{vm.split('/')[2]}/resourceGroups/RG-Backup/providers/{VAULT}"
        row_id = protectable(estate, vault, vm, "Sales", kind=kind)
        row = estate.row(row_id)

        assert row_id == f"{vault}/{FABRIC}/vmappcontainer;compute;rg-app;vm-sql-01/protectableItems/{names}"
        assert (row["type"], row["name"]) == (TYPE, names)
        said = row["properties"]
        assert (said["workloadType"], said["protectableItemType"], said["parentName"]) == told
        assert (said["friendlyName"], said["serverName"]) == ("Sales", "vm-SQL-01")
        assert (said["IsProtectable"], said["protectionState"]) == (True, "NotProtected")

    def test_bring_their_instance_which_counts_them(self, estate, vault, vm):
        protectable(estate, vault, vm, "sales")
        protectable(estate, vault, vm, "crm", protected=True)
        protectable(estate, vault, vm, "audit", instance="SQL2019")

        told = {
            row["name"]: (row["properties"]["subprotectableitemcount"], row["properties"]["protectionState"])
            for row in estate.rows("recoveryservicesresources")
        }
        assert told == {
            "sqlinstance;mssqlserver": (2, "NotProtected"),
            "sqldatabase;mssqlserver;sales": (0, "NotProtected"),
            "sqldatabase;mssqlserver;crm": (0, "Protected"),
            "sqlinstance;sql2019": (1, "NotProtected"),
            "sqldatabase;sql2019;audit": (0, "NotProtected"),
        }

    def test_of_an_instance_that_refuses_are_not_found(self, estate, vault, vm):
        told = shown(estate, protectable_instance(estate, vault, vm, refused="UserErrorOpeningSQLConnection"))

        assert (told["subprotectableitemcount"], told["isAutoProtectable"]) == (0, True)
        assert (told["prebackupvalidation"]["status"], told["prebackupvalidation"]["code"]) == (
            "Failed",
            "UserErrorOpeningSQLConnection",
        )

    def test_of_a_registered_machine_may_never_have_been_looked_for(self, estate, vault, vm):
        container = registered(estate, vault, vm, failed="UserErrorSQLNoSysadminMembership")

        assert container == f"{vault}/{FABRIC}/VMAppContainer;compute;rg-app;vm-sql-01"
        found = estate.world["containers"][container]["extendedInfo"]["inquiryInfo"]
        assert (found["status"], found["errorDetail"]["code"]) == (
            "Failed",
            "UserErrorSQLNoSysadminMembership",
        )

    def test_of_a_machine_that_no_vault_knows_are_said_by_a_resource(self, estate, vm):
        row = estate.row(sql_virtual_machine(estate, vm))

        assert row["type"] == "microsoft.sqlvirtualmachine/sqlvirtualmachines"
        assert (row["name"], row["properties"]["virtualMachineResourceId"]) == ("vm-SQL-01", vm)


class TestShares:
    def test_that_were_discovered_name_their_account(self, estate, vault, account):
        row_id = protectable_share(estate, vault, account, "docs")

        assert row_id == (
            f"{vault}/{FABRIC}/storagecontainer;storage;rg-files;stdocs/protectableItems/azurefileshare;docs"
        )
        told = shown(estate, row_id)
        assert (told["parentContainerFabricId"], told["friendlyName"]) == (account, "docs")
        assert told["protectionState"] == "NotProtected"

    def test_that_nobody_knows_are_kept_by_their_account(self, estate, account):
        file_share(estate, account, "docs", modified_ago="2d", accessTier="Hot")
        file_share(estate, account, "linux", protocol="NFS")
        file_share(estate, account, "old", deleted_ago="1d")

        docs, linux, old = estate.world["shares"][account]
        assert (docs["enabledProtocols"], docs["accessTier"]) == ("SMB", "Hot")
        assert docs["lastModifiedTime"] == "2026-11-20T07:10:00.0000000Z"
        assert (linux["enabledProtocols"], "accessTier" in linux) == ("NFS", False)
        assert (old["deleted"], old["remainingRetentionDays"]) == (True, 7)

    def test_of_a_registered_account_may_all_be_unprotected(self, estate, vault, account):
        assert registered_account(estate, vault, account) in estate.world["containers"]


class TestGroups:
    def test_say_what_made_them(self, estate):
        subscription = estate.subscription("prod")
        made = estate.group("databricks-rg-x", subscription=subscription, managed_by="/subscriptions/s/x")
        row = estate.row(made)

        assert made == f"/subscriptions/{subscription}/resourceGroups/databricks-rg-x"
        assert (row["type"], row["resourceGroup"]) == (
            "microsoft.resources/subscriptions/resourcegroups",
            "databricks-rg-x",
        )
        assert (row["managedBy"], row["subscriptionId"]) == ("/subscriptions/s/x", subscription)

    def test_are_told_by_resource_manager_with_what_made_them(self, tmp_path, estate):
        made = estate.group("MC_x", subscription=estate.subscription("prod"), managed_by="/subscriptions/s/x")
        told = ask(World.load(estate.write(tmp_path), clock=lambda: NOW), "GET", made).body

        assert (told["name"], told["managedBy"], told["location"]) == (
            "MC_x",
            "/subscriptions/s/x",
            "westeurope",
        )
