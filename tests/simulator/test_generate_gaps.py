"""What a sweep looks for is in generated estates: what nobody protects, and what only looks like it."""

from __future__ import annotations

import json
from collections import defaultdict

import pytest

from simulator.generate import generate
from simulator.generate_records import Size
from simulator.generate_schedules import AS_OF, DAY
from simulator.worldfile import read
from tests.simulator.test_generate import VMS, moment

PROTECTABLE = "microsoft.recoveryservices/vaults/backupfabrics/protectioncontainers/protectableitems"
ITEMS = "microsoft.recoveryservices/vaults/backupfabrics/protectioncontainers/protecteditems"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gaps") / "estate"
    generate(Size(2000, 4000, seed=3), folder)
    return folder


@pytest.fixture(scope="module")
def rows(folder):
    """By type."""
    told = defaultdict(list)
    for path in folder.glob("*.ndjson"):
        for line in path.read_text().splitlines():
            row = json.loads(line)
            told[row["type"]].append(row)
    return told


@pytest.fixture(scope="module")
def known(folder):
    return read(json.loads((folder / "world.json").read_text()))


@pytest.fixture(scope="module")
def machines(rows):
    return {row["id"].lower(): row for row in rows[VMS]}


@pytest.fixture(scope="module")
def items(rows):
    """By source, the items of machines."""
    told = defaultdict(list)
    for row in rows[ITEMS]:
        if row["properties"]["workloadType"] == "VM":
            told[row["properties"]["dataSourceId"].lower()].append(row["properties"])
    return told


def host_of(row):
    """Subscription, group and name of the machine or account in whose container a row is."""
    return container(row["id"].lower().rpartition("/prote")[0])


def container(container_id):
    return (container_id.split("/")[2], *container_id.rpartition("/")[2].split(";")[2:])


def place(row_id):
    parts = row_id.lower().split("/")
    return parts[2], parts[4], parts[-1]


class TestDatabases:
    def test_that_were_discovered_are_protected_where_they_have_an_item_that_is_backed_up(self, rows):
        wanted = {
            (host_of(row), row["properties"]["friendlyName"])
            for row in rows[ITEMS]
            if row["properties"]["backupManagementType"] == "AzureWorkload"
            and row["properties"]["protectionState"] != "ProtectionStopped"
            and not row["properties"]["isDatasourceDeleted"]
        }
        states = defaultdict(set)
        for row in rows[PROTECTABLE]:
            if row["properties"]["protectableItemType"].endswith(("DataBase", "Database")):
                states[row["properties"]["protectionState"]].add(
                    (host_of(row), row["properties"]["friendlyName"])
                )

        assert states["Protected"] == wanted
        assert len(states["NotProtected"]) > 50

    def test_have_an_instance_that_counts_them(self, rows):
        databases = defaultdict(int)
        for row in rows[PROTECTABLE]:
            databases[host_of(row)] += row["properties"]["protectableItemType"].endswith(
                ("DataBase", "Database")
            )
        instances = [row for row in rows[PROTECTABLE] if "subprotectableitemcount" in row["properties"]]
        counted = {
            host_of(row): row["properties"]["subprotectableitemcount"]
            for row in instances
            if row["properties"]["protectableItemType"].endswith(("Instance", "System"))
        }

        assert counted == {host: databases[host] for host in counted}
        assert {host for host, number in databases.items() if number} == set(counted)

    def test_of_some_machines_with_sql_server_were_never_looked_for(self, rows, machines, known):
        hosts = {
            row["properties"]["virtualMachineResourceId"]
            for row in rows["microsoft.sqlvirtualmachine/sqlvirtualmachines"]
        }
        seen = {host_of(row) for row in rows[PROTECTABLE]}
        tried = {container(one) for one in known.containers}

        assert {host.lower() for host in hosts} <= set(machines)
        assert {place(host) for host in hosts} - seen - tried
        assert {place(host) for host in hosts} & tried


class TestShares:
    def test_are_known_to_a_vault_or_to_their_account_alone(self, rows, known):
        shares = [row for row in rows[PROTECTABLE] if row["name"].startswith("azurefileshare;")]
        accounts = {row["id"].lower(): row for row in rows["microsoft.storage/storageaccounts"]}

        assert {row["properties"]["protectionState"] for row in shares} == {"Protected", "NotProtected"}
        assert {host_of(row) for row in shares} & {place(account) for account in known.shares} == set()
        assert set(known.shares) <= set(accounts)
        assert {share["enabledProtocols"] for each in known.shares.values() for share in each} == {
            "SMB",
            "NFS",
        }

    def test_are_not_in_accounts_of_blobs_alone(self, rows, known):
        kinds = defaultdict(set)
        for row in rows["microsoft.storage/storageaccounts"]:
            kinds[row["kind"]].add(row["id"].lower())

        assert set(kinds) == {"StorageV2", "FileStorage", "BlobStorage"}
        assert kinds["BlobStorage"] & set(known.shares) == set()


class TestMachines:
    def test_of_a_scale_set_have_no_backup(self, rows, machines, items):
        sets = {row["id"] for row in rows["microsoft.compute/virtualmachinescalesets"]}
        instances = {
            key: row["properties"]["virtualMachineScaleSet"]["id"]
            for key, row in machines.items()
            if "virtualMachineScaleSet" in row["properties"]
        }

        assert set(instances.values()) == sets
        assert set(instances) & set(items) == set()

    def test_may_be_younger_than_a_day_and_have_no_backup_then(self, machines, items):
        young = {
            key for key, row in machines.items() if AS_OF - moment(row["properties"]["timeCreated"]) < DAY
        }

        assert young
        assert young & set(items) == set()

    def test_may_have_an_item_that_names_their_old_group(self, machines, items):
        gone = {source for source in items if source not in machines}
        names = {key.rpartition("/")[2] for key in machines}
        moved = [source for source in gone if source.rpartition("/")[2] in names]

        assert moved
        for source in moved:
            assert place(source)[1].endswith("-before")
            assert all(item["isDatasourceDeleted"] for item in items[source])

    def test_may_be_deleted_in_one_vault_and_backed_up_in_another(self, items):
        states = {
            tuple(sorted(item["currentProtectionState"] for item in each))
            for each in items.values()
            if len(each) > 1
        }

        assert ("ProtectionConfigured", "SoftDeleted") in states
