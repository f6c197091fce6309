"""What a survey finds of an estate, and what it says could hide the answer."""

import pytest
from backupkit.arm import Arm
from backupkit.coverage import protects
from backupkit.errors import ArmError
from backupkit.params import CommonParams
from backupkit.survey import Found, Survey
from hypothesis import given
from hypothesis import strategies as st

from simulator.estate import Estate
from simulator.estate_databases import database, protectable, protectable_instance, sql_virtual_machine
from simulator.estate_instances import backup_policy, backup_vault, instance
from simulator.estate_shares import file_share, share
from tests.backupkit.fakes import NOW, Clock, Simulated, load, refused, reply
from tests.decisions.cases import BACKUP_VAULT, SUBSCRIPTION, vault_id
from tests.decisions.sweeps import REGION, Plain, resource, share_in

KINDS = ("vm", "sql", "hana", "files", "disk", "blob", "postgresql", "aks")
RECOVERY = ("vm", "sql", "hana", "files")
BACKUP_VAULT_KINDS = ("disk", "blob", "postgresql", "aks")
SHORT = "this identity may not read all vaults and resources in it; grant it Reader, or ask with confirm=all"


class Town:
    """An estate of one subscription with a vault of each kind, and ways to survey it."""

    def __init__(self):
        self.estate = Estate(NOW)
        self.sub = self.estate.subscription("app")
        self.where = {"subscription": self.sub, "group": "rg-app"}
        self.vault = self.estate.vault("rsv", **self.where)
        self.backup_vault = backup_vault(self.estate, "bv", **self.where)
        self.instead = lambda sent: None
        self.azure = None

    def vm(self, name="vm-1", **facts):
        return self.estate.vm(name, **self.where, **facts)

    def disk(self, name="disk-1", **columns):
        kind = "Microsoft.Compute/disks"
        return self.estate.resource(kind, name, **self.where, location="westeurope", **columns)

    def account(self, name="stapp", **facts):
        return self.estate.storage_account(name, **self.where, **facts)

    def cluster(self, name="aks-1"):
        return self.estate.resource(
            "Microsoft.ContainerService/managedClusters",
            name,
            **self.where,
            location="westeurope",
            properties={"nodeResourceGroup": "MC_nodes"},
        )

    def survey(self, *kinds, **options):
        clock = Clock()
        self.azure = Simulated(load(self.estate, clock), clock, self.instead)
        return Survey(self.azure.arm(), CommonParams(**options), kinds or KINDS)

    def look(self, *kinds, **options):
        return self.survey(*kinds, **options).look()


@pytest.fixture
def town():
    return Town()


def listed(found):
    return [one for one, _ in found.inventory.resources()]


def named(found):
    return {one.name: one for one in listed(found)}


def kinds_in(found):
    return sorted((one.kind, one.name) for one in listed(found))


def items_by_name(found):
    return {one.name: items for one, items in found.inventory.resources()}


# -- Resources ---------------------------------------------------------------------


def test_everything_that_can_be_backed_up_is_found(town):
    vm = town.vm()
    town.disk(managedBy=vm.upper())
    file_share(town.estate, town.account(), "docs")
    town.cluster()
    town.estate.resource("Microsoft.DBforPostgreSQL/flexibleServers", "pg", **town.where, location="x")
    protectable(town.estate, town.vault, vm, "sales")
    protectable(town.estate, town.vault, vm, "HXE", kind="hana")
    found = town.look()

    assert kinds_in(found) == [
        ("aks", "aks-1"),
        ("blob", "stapp"),
        ("disk", "disk-1"),
        ("files", "stapp/docs"),
        ("hana", "vm-1/HXE"),
        ("postgresql", "pg"),
        ("sql", "vm-1/sales"),
        ("vm", "vm-1"),
    ]
    assert named(found)["disk-1"].inside == vm.lower()
    assert found.unread == {}
    assert found.subscriptions == {town.sub}
    assert found.vaults == {town.vault.lower(): REGION, town.backup_vault.lower(): REGION}


@pytest.mark.parametrize(
    ("kinds", "names"),
    [
        (("vm",), ["vm-1"]),
        (("disk",), ["disk-1", "vm-1"]),
        (("blob",), ["stapp"]),
        (("files",), ["stapp/docs"]),
        (("sql",), ["vm-1/sales"]),
    ],
    ids=["machines", "disks and the machines they go by", "blobs", "shares", "databases"],
)
def test_only_what_is_needed_for_the_kinds_is_found(town, kinds, names):
    vm = town.vm()
    town.disk()
    file_share(town.estate, town.account(), "docs")
    protectable(town.estate, town.vault, vm, "sales")

    assert sorted(named(town.look(*kinds))) == names


def test_items_are_found_by_what_they_protect_in_both_kinds_of_vault(town):
    vm, account, disk = town.vm(), town.account(), town.disk()
    file_share(town.estate, account, "docs")
    protectable(town.estate, town.vault, vm, "sales", protected=True)
    items = [
        town.estate.item(town.vault, vm),
        database(town.estate, town.vault, vm, "sales"),
        share(town.estate, town.vault, account, "docs"),
        instance(town.estate, town.backup_vault, disk, "disk"),
        instance(town.estate, town.backup_vault, account, "blob"),
    ]
    found = town.look()
    protecting = {one.id for _, kept in found.inventory.resources() for one in kept}

    assert protecting == set(items)


def test_deleted_instances_are_items_too(town):
    disk = town.disk()
    instance(town.estate, town.backup_vault, disk, "disk", state="SoftDeleted")
    (kept,) = items_by_name(town.look("disk"))["disk-1"]

    assert kept.soft_deleted


def test_policies_are_found_of_both_kinds(town):
    ids = [
        town.estate.policy(town.vault, "daily"),
        backup_policy(town.estate, town.backup_vault, "d", "disk"),
    ]

    assert set(town.look().policies) == {one.lower() for one in ids}


# -- What something else made ------------------------------------------------------


def test_what_is_in_a_managed_group_says_what_made_it(town):
    managed = {"subscription": town.sub, "group": "dbx-rg"}
    town.estate.group("dbx-RG", subscription=town.sub, managed_by="/subscriptions/x/workspaces/dbx-1/")
    town.estate.vm("worker", **managed)
    file_share(town.estate, town.estate.storage_account("stdbx", **managed), "root")
    found = named(town.look())

    assert {found[name].made_by for name in ("worker", "stdbx", "stdbx/root")} == {"of dbx-1"}


def test_the_nodes_of_a_cluster_are_of_the_cluster(town):
    town.cluster()
    town.estate.vm("node", subscription=town.sub, group="mc_NODES")

    for kinds in ((), ("vm",)):
        assert named(town.look(*kinds))["node"].made_by == "of aks-1"


def test_an_instance_of_a_scale_set_says_so(town):
    town.vm("web_1", virtualMachineScaleSet={"id": "/subscriptions/x/virtualMachineScaleSets/web"})

    assert named(town.look())["web_1"].made_by == "instance of scale set web"


# -- Databases ---------------------------------------------------------------------


def test_a_host_of_sql_server_whose_databases_nobody_discovered_stands_for_them(town):
    vm = town.vm()
    sql_virtual_machine(town.estate, vm)
    (kept,) = listed(town.look("sql"))

    assert (kept.kind, kept.name, kept.undiscovered) == ("sql", "vm-1", True)
    assert listed(town.look("hana")) == []


def test_an_instance_without_a_database_leaves_its_host_undiscovered(town):
    vm = town.vm()
    sql_virtual_machine(town.estate, vm)
    protectable_instance(town.estate, town.vault, vm, refused="UserErrorOpeningSQLConnection")

    assert [one.undiscovered for one in listed(town.look("sql"))] == [True]


@pytest.mark.parametrize("protected", [True, False], ids=["protected alone", "discovered"])
def test_a_host_with_a_known_database_is_no_riddle(town, protected):
    vm = town.vm()
    sql_virtual_machine(town.estate, vm)
    (database if protected else protectable)(town.estate, town.vault, vm, "sales")

    assert [one.undiscovered for one in listed(town.look("sql"))] == [False]


def test_a_database_that_is_protected_and_no_more_discovered_is_found_by_its_item(town):
    vm = town.vm(tags={"tier": "gold"})
    database(town.estate, town.vault, vm, "sales")
    (kept,) = listed(town.look("sql"))

    assert (kept.kind, kept.name, kept.inside) == ("sql", "vm-1/sales", vm.lower())
    assert (dict(kept.tags), kept.location, kept.group) == ({"tier": "gold"}, REGION, "rg-app")


# -- Shares ------------------------------------------------------------------------


def test_shares_that_azure_backup_cannot_protect_are_none(town):
    account = town.account()
    file_share(town.estate, account, "linux", protocol="NFS")
    file_share(town.estate, account, "old", deleted_ago="1d")
    file_share(town.estate, account, "docs")

    assert list(named(town.look("files"))) == ["stapp/docs"]


def test_shares_come_in_pages(town):
    account = town.account()
    pages = {None: (["a", "b"], "2"), "2": (["c"], None)}

    def paged(sent):
        if not sent.path.endswith("/shares"):
            return None
        names, after = pages[sent.query.get("$skiptoken")]
        rest = {"nextLink": f"https://management.azure.com{account}/fileServices/default/shares?$skiptoken=2"}
        return reply({"value": [{"name": one} for one in names], **(rest if after else {})})

    town.instead = paged

    assert sorted(named(town.look("files"))) == ["stapp/a", "stapp/b", "stapp/c"]


def of_shares(answer):
    return lambda sent: answer if sent.path.endswith("/shares") else None


@pytest.mark.parametrize(
    "answer",
    [refused(404, "ResourceNotFound", "gone"), refused(400, "FeatureNotSupportedForAccount", "blobs alone")],
    ids=["an account that was deleted meanwhile", "an account without a file service"],
)
def test_no_shares_are_found_in(town, answer):
    town.account()
    town.instead = of_shares(answer)
    found = town.look("files")

    assert (listed(found), found.unread) == ([], {})


def test_an_account_without_files_by_its_kind_is_not_asked(town):
    town.estate.row(town.account())["kind"] = "BlobStorage"
    town.look("files")

    assert [one for one in town.azure.sent if one.path.endswith("/shares")] == []


def test_an_account_that_refuses_its_shares_stands_for_them_beside_those_a_vault_protects(town):
    account = town.account()
    share(town.estate, town.vault, account, "docs")
    share(town.estate, town.vault, town.account("stother"), "docs")
    town.instead = lambda sent: (
        refused(403, "AuthorizationFailed", "no")
        if sent.path == f"{account}/fileServices/default/shares"
        else None
    )
    found = town.look("files")
    told = named(found)

    assert sorted(told) == ["stapp", "stapp/docs", "stother/docs"]
    assert told["stapp"].undiscovered
    assert [len(items_by_name(found)[name]) for name in ("stapp/docs", "stother/docs")] == [1, 1]
    assert list(found.unread) == [account.lower()]


# -- What was not read -------------------------------------------------------------


def test_an_identity_that_may_read_all_leaves_nothing_unread(town):
    assert town.look().unread == {}


@pytest.mark.parametrize(
    "held",
    [
        [],
        ["Microsoft.RecoveryServices/*/read", "Microsoft.Compute/*"],
        ["Microsoft.RecoveryServices/*/read", "Microsoft.DataProtection/*/read"],
    ],
    ids=["nothing", "no Backup vaults", "vaults and no machines"],
)
def test_a_subscription_of_which_something_may_be_hidden_is_unread(town, held):
    """Resource Graph leaves out what the identity may not read, and says nothing of it."""
    town.instead = lambda sent: (
        reply({"value": [{"actions": held, "notActions": []}]})
        if sent.path.endswith("/permissions")
        else None
    )

    assert town.look().unread == {town.sub: SHORT}


def test_rights_that_cannot_be_read_leave_the_subscription_unread(town):
    town.instead = lambda sent: (
        refused(403, "AuthorizationFailed", "no") if sent.path.endswith("/permissions") else None
    )

    assert list(town.look().unread) == [town.sub]


def test_rights_are_read_once_for_each_subscription(town):
    town.look()

    assert len([one for one in town.azure.sent if one.path.endswith("/permissions")]) == 1


def test_a_vault_that_was_seen_before_and_is_not_now_is_unread(town):
    hidden = f"{town.vault}-hidden".lower()
    town.instead = lambda sent: (
        refused(403, "AuthorizationFailed", "no") if sent.path == hidden and sent.method == "GET" else None
    )

    assert list(town.survey().look([hidden]).unread) == [hidden]


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ("protecteditems'", "read protected items: 1 subscriptions"),
        ("protectableitems'", "read databases as discovered: 1 subscriptions"),
        ("scaleSet", "read resources: 1 subscriptions"),
    ],
    ids=["items", "what is discovered", "resources"],
)
def test_a_query_that_fails_is_named(town, part, told):
    town.instead = lambda sent: (
        refused(400, "BadRequest", "odd") if part in ((sent.body or {}).get("query") or "") else None
    )
    found = town.look()

    assert list(found.unread) == [told]
    assert found.sees(town.sub) is ("resources" not in told)


@pytest.mark.parametrize("times", [1, 3], ids=["read again", "never adding up"])
def test_of_a_reading_of_items_that_does_not_add_up_nothing_is_left(town, times):
    row = town.estate.row(town.estate.item(town.vault, town.vm()))
    properties = {**row["properties"], "sourceResourceId": town.vm("ghost")}
    stale = {"id": f"{row['id']}-ghost", "name": "ghost", "properties": properties}
    left = [reply({"data": [stale], "totalRecords": 2})] * times

    def once(sent):
        asked = "protecteditems'" in ((sent.body or {}).get("query") or "")
        return left.pop() if asked and left else None

    town.instead = once
    found = town.look("vm")

    assert {name: len(items) for name, items in items_by_name(found).items()} == {
        "ghost": 0,
        "vm-1": 1 if times == 1 else 0,
    }
    assert list(found.unread) == ([] if times == 1 else ["read protected items: 1 subscriptions"])


# -- The scope ---------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["disk", "vm"])
def test_a_backup_vault_out_of_scope_protects_what_is_in_it(town, kind):
    """What the vault of either kind protects elsewhere is no matter of this scope."""
    other = {"subscription": town.estate.subscription("other"), "group": "rg"}
    far, disk, vm = backup_vault(town.estate, "far", **other), town.disk(), town.vm()
    disk_there = town.estate.resource("Microsoft.Compute/disks", "disk-far", **other)
    instance(town.estate, far, disk, "disk")
    instance(town.estate, town.backup_vault, disk_there, "disk")
    town.estate.item(town.estate.vault("rsv-far", **other), town.estate.vm("vm-far", **other))
    town.estate.item(town.vault, vm)
    found = town.look(kind, scope=(town.sub,))
    held = {protects(items[0]) for items in found.inventory.protected() if items[0].workload == kind}

    assert held == {disk.lower() if kind == "disk" else vm.lower()}
    assert (far.lower() in found.vaults) is (kind == "disk")
    assert not any("rsv-far" in one for one in found.vaults)
    assert found.subscriptions == {town.sub}
    assert not {"vm-far", "disk-far"} & set(named(found))


def test_a_subscription_out_of_scope_whose_backup_vaults_may_not_be_read_is_unread(town):
    other = town.estate.subscription("other")
    town.instead = lambda sent: (
        reply({"value": []}) if sent.path.startswith(f"/subscriptions/{other}/") else None
    )

    assert list(town.look("disk", scope=(town.sub,)).unread) == [other]
    assert town.look("vm", scope=(town.sub,)).unread == {}


# -- What may hide the answer ------------------------------------------------------

MINE, FAR = SUBSCRIPTION.rpartition("/")[2], "22222222-2222-2222-2222-222222222222"
FAR_GROUP = f"/subscriptions/{FAR}/resourcegroups/rg/providers"
HIDES = {
    "read protected items: 3 subscriptions": KINDS,
    "list vaults: 3 subscriptions": KINDS,
    "read databases as discovered: 3 subscriptions": ("sql", "hana"),
    "read managed resource groups: 3 subscriptions": KINDS,
    "read resources: 3 subscriptions": ("sql", "hana"),
    "read policies: 3 subscriptions": (),
    vault_id("rsv-x"): RECOVERY,
    f"{vault_id('rsv-x')}/backupfabrics/azure/protectioncontainers/c/protecteditems/i": RECOVERY,
    f"{FAR_GROUP}/microsoft.recoveryservices/vaults/rsv": (),
    BACKUP_VAULT: BACKUP_VAULT_KINDS,
    f"{BACKUP_VAULT}/backupinstances/i": BACKUP_VAULT_KINDS,
    f"{FAR_GROUP}/microsoft.dataprotection/backupvaults/bv": BACKUP_VAULT_KINDS,
    MINE: KINDS,
    FAR: BACKUP_VAULT_KINDS,
    "scope": BACKUP_VAULT_KINDS,
    share_in("stother").inside: (),
    "https://stledger.blob.core.windows.net/ledger": (),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scope", HIDES)
def test_what_was_not_read_may_hold_what_protects(scope, kind):
    found = Found(Plain(), unread={scope: "no"})

    assert found.hidden_by(resource(kind=kind)) == (scope if kind in HIDES[scope] else "")


@given(st.lists(st.sampled_from(sorted(HIDES)), unique=True), st.sampled_from(KINDS))
def test_nothing_hides_where_each_scope_alone_would_not(scopes, kind):
    hiding = [one for one in scopes if kind in HIDES[one]]

    found = Found(Plain(), unread=dict.fromkeys(scopes, "no"))

    assert found.hidden_by(resource(kind=kind)) == next(iter(hiding), "")


# -- The service's own word --------------------------------------------------------


def confirmed(town, name, kind=None):
    survey = town.survey(*((kind,) if kind else ()))
    return survey.confirm(named(survey.look())[name])


def test_a_machine_that_nobody_protects(town):
    town.vm()

    assert confirmed(town, "vm-1") == ""


def test_a_machine_that_a_vault_protects(town):
    vm = town.vm()
    town.estate.item(town.vault, vm)

    assert confirmed(town, "vm-1") == town.vault.lower()


def test_a_share_is_asked_for_by_its_account_and_its_own_name(town):
    account = town.account()
    share(town.estate, town.vault, account, "docs")
    file_share(town.estate, account, "other")

    assert confirmed(town, "stapp/docs", "files") == town.vault.lower()
    assert confirmed(town, "stapp/other", "files") == ""
    assert town.azure.sent[-1].body == {
        "resourceType": "AzureFileShare",
        "resourceId": account,
        "poLogicalName": "other",
    }


@pytest.mark.parametrize("state", ["ProtectionConfigured", "ProtectionStopped"])
def test_a_disk_is_asked_for_its_own_instances_and_one_that_is_stopped_is_none(town, state):
    disk = town.disk()
    instance(town.estate, town.backup_vault, disk, "disk", state=state)

    assert confirmed(town, "disk-1") == ("" if state == "ProtectionStopped" else town.backup_vault.lower())


def test_of_a_database_the_service_cannot_be_asked(town):
    protectable(town.estate, town.vault, town.vm(), "sales")

    assert confirmed(town, "vm-1/sales") is None


def test_a_refusal_is_no_answer():
    arm: Arm = Simulated(load(Estate(NOW), Clock()), Clock(), lambda sent: refused(403, "No", "no")).arm()

    for kind in ("vm", "disk"):
        with pytest.raises(ArmError, match="403 No"):
            Survey(arm, CommonParams(), [kind]).confirm(resource(kind=kind))


def test_a_share_has_one_key_as_listed_and_as_protected(town):
    account = town.account("StApp")
    share(town.estate, town.vault, account.upper(), "Docs")
    file_share(town.estate, account, "docs")
    found = town.look("files")

    assert [(one.key, [protects(item) for item in items]) for one, items in found.inventory.resources()] == [
        (one.key, [one.key]) for one in listed(found)
    ]
