"""What can be backed up, what protects it, and in which state, from Azure's rows."""

from dataclasses import replace
from datetime import timedelta

import pytest
from backupkit.coverage import (
    LATE,
    PROTECTS,
    Resource,
    database_of,
    database_of_item,
    has_files,
    key_of,
    machine_in,
    protects,
    resource_of,
    share_of,
    share_of_item,
    state_of,
)
from backupkit.policies import rpo
from backupkit.records import Policy, Schedule
from backupkit.times import utc
from hypothesis import given
from hypothesis import strategies as st

from tests.decisions.cases import (
    NOW,
    SUBSCRIPTION,
    WEEKLY_FULL,
    before,
    database,
    instance,
    item,
    policy,
    share,
    vault_id,
)
from tests.decisions.sweeps import database_in, disk, resource, share_in

GUID = SUBSCRIPTION.rpartition("/")[2]
GROUP = f"{SUBSCRIPTION}/resourceGroups/RG-App"
PLACE = f"{vault_id('rsv-01')}/backupFabrics/Azure/protectionContainers"


def row(arm_type, name="one", /, **columns):
    return {
        "id": f"{GROUP}/providers/{arm_type}/{name}",
        "name": name,
        "type": arm_type.lower(),
        "kind": "",
        "location": "WestEurope",
        "subscriptionId": GUID.upper(),
        "resourceGroup": "RG-App",
        "tags": None,
        "managedBy": "",
        **columns,
    }


STORAGE = "Microsoft.Storage/storageAccounts"
VM = "Microsoft.Compute/virtualMachines"

# -- Resources ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arm_type", "columns", "kind"),
    [
        (VM, {}, "vm"),
        ("Microsoft.Compute/disks", {}, "disk"),
        ("Microsoft.DBforPostgreSQL/flexibleServers", {}, "postgresql"),
        ("Microsoft.DBforPostgreSQL/servers", {}, "postgresql"),
        ("Microsoft.ContainerService/managedClusters", {}, "aks"),
        (STORAGE, {"kind": "StorageV2"}, "blob"),
        (STORAGE, {"kind": "BlockBlobStorage"}, "blob"),
        (STORAGE, {"kind": "FileStorage"}, "files"),
        (STORAGE, {"kind": None}, "blob"),
    ],
    ids=str,
)
def test_a_row_is_of_a_kind(arm_type, columns, kind):
    for one in (row(arm_type, **columns), {**row(arm_type, **columns), "type": arm_type.upper()}):
        assert resource_of(one, {}).kind == kind


@pytest.mark.parametrize(
    "arm_type", ["Microsoft.SqlVirtualMachine/SqlVirtualMachines", "Microsoft.Network/virtualNetworks"]
)
def test_nothing_backs_up_a(arm_type):
    assert resource_of(row(arm_type), {}) is None


def test_a_resource_is_read():
    told = row(VM, "VM-1", tags={"Tier": "Gold", "cost": 7}, created="2026-03-09T08:00:00.1234567Z")

    assert resource_of(told, {}) == Resource(
        id=f"{GROUP}/providers/{VM}/VM-1",
        kind="vm",
        name="VM-1",
        location="westeurope",
        subscription=GUID,
        group="rg-app",
        tags={"Tier": "Gold", "cost": "7"},
        created=utc("2026-03-09T08:00:00"),
    )


@pytest.mark.parametrize(
    ("columns", "created"),
    [
        ({"created": "", "made": "2026-03-09T08:00:00Z"}, utc("2026-03-09T08:00:00")),
        ({"created": "soon"}, None),
        ({}, None),
    ],
    ids=["an account's creation time", "no stamp", "not told"],
)
def test_a_resource_was_created(columns, created):
    assert resource_of(row(STORAGE, **columns), {}).created == created


def test_a_disk_is_in_its_machine_and_nothing_else_is_in_what_manages_it():
    for arm_type, inside in (("Microsoft.Compute/disks", "/x/vm-1"), (VM, "")):
        assert resource_of(row(arm_type, managedBy="/X/VM-1"), {}).inside == inside


def test_what_made_a_resource_is_its_scale_set_or_what_manages_its_group():
    managed = {f"{SUBSCRIPTION}/resourcegroups/rg-app": "of aks-01"}

    assert resource_of(row(VM), managed).made_by == "of aks-01"
    assert resource_of(row(VM, scaleSet="/x/VMSS"), managed).made_by == "instance of scale set VMSS"
    assert resource_of(row(VM, scaleSet=""), {}).made_by == ""


@pytest.mark.parametrize(
    ("arm_type", "kind", "may"),
    [
        (STORAGE, "StorageV2", True),
        (STORAGE, "FileStorage", True),
        (STORAGE, "BlobStorage", False),
        (STORAGE, "BlockBlobStorage", False),
        (VM, "", False),
    ],
)
def test_an_account_may_have_files(arm_type, kind, may):
    assert has_files(row(arm_type, kind=kind)) is may


# -- Databases ---------------------------------------------------------------------


def discovered(kind="SQLDataBase", container="VMAppContainer;compute;RG-App;SQL-01", **properties):
    told = {
        "protectableItemType": kind,
        "workloadType": "SQL",
        "friendlyName": "Sales",
        "serverName": "sql-01.corp.example",
        **properties,
    }
    return {"id": f"{PLACE}/{container}/protectableItems/{kind};mssqlserver;sales", "properties": told}


MACHINE = resource("SQL-01", tags={"tier": "gold"})


def test_a_discovered_database_has_what_is_known_of_its_machine():
    found = database_of(discovered(), {MACHINE.key: MACHINE}.get)

    assert (found.kind, found.name, found.inside) == ("sql", "sql-01/Sales", MACHINE.key)
    assert (found.location, found.subscription, found.group) == ("westeurope", GUID, "rg-app")
    assert (found.tags, found.created) == (MACHINE.tags, MACHINE.created)


def test_a_database_of_a_machine_that_is_not_seen_is_still_one():
    found = database_of(discovered(serverName=None), {}.get)

    assert (found.name, found.inside, found.location, found.created) == ("Sales", MACHINE.key, "", None)


def test_a_database_of_an_availability_group_is_in_no_machine_and_in_the_subscription_of_its_vault():
    found = database_of(discovered(container="SQLAGWorkLoadContainer;x;ag-1"), {MACHINE.key: MACHINE}.get)

    assert (found.inside, found.group, found.subscription) == ("", "", GUID)


@pytest.mark.parametrize(
    ("kind", "read"),
    [
        ("SQLDataBase", "sql"),
        ("SAPHanaDatabase", "hana"),
        ("SAPAseDatabase", "ase"),
        ("SQLInstance", None),
        ("SAPHanaSystem", None),
        ("AzureFileShare", None),
    ],
)
def test_what_a_vault_has_discovered_is_a_database_by_its_type(kind, read):
    found = database_of(discovered(kind), {}.get)

    assert (found and found.kind) == read


def test_a_database_has_one_key_as_discovered_and_as_protected():
    one = database_in(MACHINE)

    assert protects(database("Sales", "SQL-01")) == one.key
    assert key_of(database("SALES", "sql-01").id) == one.key


def test_a_protected_database_that_nobody_discovered_is_made_of_its_item():
    kept = database()
    found = database_of_item(kept, None)

    assert (found.id, found.kind, found.name, found.inside) == (kept.id, "sql", "sales", kept.source.lower())
    assert (found.subscription, found.location) == (GUID, "")
    assert database_of_item(kept, MACHINE).tags == MACHINE.tags


@pytest.mark.parametrize(
    ("container", "machine"),
    [
        ("VMAppContainer;compute;RG-App;SQL-01", MACHINE.key),
        ("SQLAGWorkLoadContainer;x;ag-1", ""),
        ("vmappcontainer;compute;rg-app", ""),
        ("iaasvmcontainerv2;rg-app;sql-01", ""),
    ],
)
def test_the_machine_of_a_container_is_named_in_it(container, machine):
    assert machine_in(f"{PLACE}/{container}/protectedItems/x") == machine


# -- Shares ------------------------------------------------------------------------

ACCOUNT = resource("StApp", "blob", tags={"tier": "gold"}, made_by="of x")


def test_a_share_has_what_is_known_of_its_account():
    found = share_of(ACCOUNT, {"name": "docs", "properties": {"enabledProtocols": "SMB"}})

    assert found.id == f"{ACCOUNT.id}/fileServices/default/shares/docs"
    assert (found.kind, found.name, found.inside) == ("files", "StApp/docs", ACCOUNT.key)
    assert (found.tags, found.made_by, found.created) == (ACCOUNT.tags, "of x", ACCOUNT.created)


@pytest.mark.parametrize(
    ("properties", "is_one"),
    [
        ({}, True),
        ({"enabledProtocols": "Nfs"}, False),
        ({"deleted": True}, False),
        ({"deleted": False}, True),
        (None, True),
    ],
    ids=["nothing told", "NFS", "deleted", "not deleted", "null"],
)
def test_a_share_can_be_protected(properties, is_one):
    assert bool(share_of(ACCOUNT, {"name": "docs", "properties": properties})) is is_one


def test_a_share_that_a_vault_protects_has_the_key_it_would_have_as_listed():
    kept = share("docs", "StApp")

    assert protects(kept) == share_in("stapp", "DOCS").key
    assert protects(replace(kept, name="stapp/docs")) == protects(kept)
    assert share_of_item(ACCOUNT, kept).key == protects(kept)


def test_what_hides_in_a_resource_is_of_another_kind_and_in_it():
    found = MACHINE.hiding("sql")

    assert (found.kind, found.inside, found.undiscovered) == ("sql", MACHINE.key, True)
    assert (found.id, found.tags) == (MACHINE.id, MACHINE.tags)


def test_an_item_protects_its_source_in_any_casing():
    assert protects(item()) == resource().key
    assert protects(instance()) == disk().key


# -- States ------------------------------------------------------------------------

INSTANCE_STATES = {
    "ProtectionConfigured": "healthy",
    "UpdatingProtection": "healthy",
    "ConfiguringProtection": "configuring",
    "ConfiguringProtectionFailed": "configuring",
    "NotProtected": "configuring",
    "Invalid": "configuring",
    "ProtectionError": "error",
    "BackupSchedulesSuspended": "stopped",
    "RetentionSchedulesSuspended": "stopped",
    "ProtectionStopped": "stopped",
}
ITEM_STATES = {
    "Protected": "healthy",
    "IRPending": "healthy",
    "ProtectionError": "error",
    "ProtectionStopped": "stopped",
    "ProtectionPaused": "stopped",
    "BackupsSuspended": "stopped",
    "Invalid": "configuring",
}
"""Of an item with a recovery point of last night."""


@pytest.mark.parametrize(("told", "state"), INSTANCE_STATES.items())
def test_an_instance_is(told, state):
    for spelt in (told, told.upper()):
        assert state_of(instance(state=spelt, last_recovery_point=before("9h")), policy(), NOW) == state


@pytest.mark.parametrize(("told", "state"), ITEM_STATES.items())
def test_an_item_is(told, state):
    for spelt in (told, told.upper()):
        assert state_of(item(state=spelt, last_recovery_point=before("9h")), policy(), NOW) == state


def test_one_that_is_deleted_is_so_whatever_its_state_says():
    for told in (*INSTANCE_STATES, *ITEM_STATES):
        assert state_of(item(state=told, soft_deleted=True), policy(), NOW) == "soft-deleted"


@pytest.mark.parametrize(
    ("known", "ago", "state"),
    [
        pytest.param(policy(), "36h", "healthy", id="daily, one and a half days"),
        pytest.param(policy(), "37h", "past RPO", id="daily, more"),
        pytest.param(policy(every=timedelta(days=7)), "251h", "healthy", id="weekly, less"),
        pytest.param(policy(every=timedelta(days=7)), "253h", "past RPO", id="weekly, more"),
        pytest.param(WEEKLY_FULL, "89m", "healthy", id="hourly logs count for a database"),
        pytest.param(WEEKLY_FULL, "91m", "past RPO", id="hourly logs that are missing"),
        pytest.param(None, "36h", "healthy", id="a policy that is not known is a daily one"),
        pytest.param(None, "37h", "past RPO", id="a policy that is not known, more"),
    ],
)  # fmt: skip
def test_a_recovery_point_is_late_by_its_policy(known, ago, state):
    assert state_of(item(last_recovery_point=before(ago)), known, NOW) == state


def test_without_a_recovery_point_it_was_never_backed_up_but_for_continuous_blobs():
    blob = instance("stapp", "blob")
    continuous = Policy("p")

    assert state_of(blob, continuous, NOW) == "healthy"
    assert state_of(blob, replace(continuous, rule="BackupDaily"), NOW) == "never backed up"
    assert state_of(blob, None, NOW) == "never backed up"
    assert state_of(instance(), continuous, NOW) == "never backed up"


STATES = st.sampled_from([*INSTANCE_STATES, *ITEM_STATES])


@given(STATES, st.booleans(), st.none() | st.integers(0, 10_000), st.none() | st.integers(1, 10_000))
def test_an_item_protects_unless_it_was_ended_or_never_begun(told, deleted, age, every):
    known = None
    if every:
        known = Policy("p", (Schedule("UTC", (), (), timedelta(minutes=every)),))
    point = NOW - timedelta(minutes=age) if age is not None else None
    state = state_of(item(state=told, soft_deleted=deleted, last_recovery_point=point), known, NOW)

    ended = deleted or any(word in told for word in ("Stopped", "Paused", "Suspended"))
    begun = not any(word in told for word in ("Configuring", "NotProtected", "Invalid"))
    assert (state in PROTECTS) is (begun and not ended)
    if state in ("healthy", "past RPO"):
        assert (state == "past RPO") is (timedelta(minutes=age) > LATE * rpo(known))
