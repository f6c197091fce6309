"""What a sweep says of an estate: never "unprotected" or "protected" of what it cannot know."""

import json
from collections import Counter

import pytest
from backupkit.params import parameters

from runbooks.unprotected_sweep import Params
from simulator import estate_rows
from simulator.estate_databases import sql_virtual_machine
from simulator.estate_instances import backup_vault, instance
from simulator.estate_resources import disk
from simulator.estate_shares import file_share
from tests.journeys.estates import World
from tests.journeys.runs import GRAPH, ndjson
from tests.journeys.sweeps import (
    DELETED,
    KINDS,
    OFF,
    STATUS,
    STOPPED,
    Estate,
    asked,
    by_name,
    sweep,
    verdicts,
)

BARE = ("unprotected", "none", "nothing_protects_it")
WELL = ("protected", "healthy", "its_item")
UNREAD = ("unknown", "none", "not_read")
VM = "kinds=vm"
REFUSED = {"status": 403, "body": {"error": {"code": "AuthorizationFailed", "message": "no read"}}}
BROKEN = {"status": 500, "headers": {"Retry-After": "0"}, "body": {"error": {"code": "InternalServerError"}}}


def always(path, then):
    return {"match": {"path": path}, "when": {"always": True}, "then": then}


# -- every kind ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """One run over an estate that has of each kind one protected, one bare, and one that is excluded."""
    estate, folder = Estate(), tmp_path_factory.mktemp("kinds")
    for kind in KINDS:
        estate.covered(f"good{kind}", kind)
        estate.bare(f"bare{kind}", kind)
        estate.bare(f"off{kind}", kind, tags=OFF)
    return sweep(estate.write(folder / "estate"), folder / "run")


def named(kind, name):
    """Shares and databases are named with what they are in."""
    return {"files": f"st{name}/{name}", "sql": f"vm-{name}/{name}", "hana": f"vm-{name}/{name}"}.get(
        kind, name
    )


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_protected_unprotected_or_excluded(whole, kind):
    told = verdicts(whole, kind)

    assert told[named(kind, f"good{kind}")] == WELL
    assert told[named(kind, f"bare{kind}")] == BARE
    assert told[named(kind, f"off{kind}")] == ("excluded", "none", "opted_out")


def test_all_of_an_estate_is_one_run_of_reads_with_an_exit_code_of_zero(whole):
    listed = asked(whole, "/fileservices/default/shares")

    assert (whole.code, whole.unread, whole.of("unknown")) == (0, [], [])
    assert whole.stats["throttles"] == 0
    assert asked(whole, GRAPH) == 7
    assert len(whole.requests) <= 7 + listed + 3


def test_a_report_says_where_each_resource_is_and_what_protects_it(whole):
    [good] = [one for one in whole.decisions if one["name"] == "goodvm" and one["kind"] == "vm"]

    assert good["resource"].endswith("/providers/Microsoft.Compute/virtualMachines/goodvm")
    assert good["vault"].endswith("/providers/microsoft.recoveryservices/vaults/rsv-a")
    assert (good["policy"], good["location"], good["action"]) == ("daily", "westeurope", "none")
    assert (good["reason"], good["confirmed"]) == ("by rsv-a", None)


def test_the_log_has_a_line_for_each_and_a_line_of_coverage_for_each_part(whole):
    assert "unprotected resource=barevm kind=vm state=none why='no vault protects it'" in whole.lines
    assert "coverage kind=disk share=50.0% change=new excluded=1 protected=1 unprotected=1" in whole.lines
    assert whole.lines[-1].startswith("done decided=34 protected=8 unprotected=14 unknown=0 excluded=12 ")


def test_only_the_kinds_that_are_asked_for_are_looked_at_and_no_account_is_listed_for_others(tmp_path):
    estate = Estate()
    estate.bare("vm-a", "vm")
    estate.bare("docs", "files")
    estate.bare("disk-a", "disk")
    run = sweep(estate.write(tmp_path / "estate"), tmp_path / "run", "kinds=disk")

    assert verdicts(run, "disk") == {"disk-a": BARE}
    assert (len(run.decisions), asked(run, "/shares")) == (1, 0)


# -- states ----------------------------------------------------------------------------------------

STATES = {
    "healthy": ({}, "20h", WELL),
    "past its RPO": ({}, "9d", ("protected", "past RPO", "its_item")),
    "never backed up": ({"protectionState": "IRPending"}, None, ("protected", "never backed up", "its_item")),
    "in error": ({"protectionState": "ProtectionError"}, "20h", ("protected", "error", "its_item")),
    "stopped": (STOPPED, "20h", ("unprotected", "stopped", "nothing_protects_it")),
    "soft-deleted": (DELETED, "20h", ("unprotected", "soft-deleted", "nothing_protects_it")),
}


@pytest.fixture(scope="module")
def states(tmp_path_factory):
    estate, folder = Estate(), tmp_path_factory.mktemp("states")
    for name, (properties, ago, _) in STATES.items():
        vm = name.replace(" ", "-")
        estate.change(estate.protected(estate.recovery, vm, ago=ago), **properties)
    return sweep(estate.write(folder / "estate"), folder / "run", VM)


@pytest.mark.parametrize("name", STATES)
def test_a_machine_whose_item_is(states, name):
    assert verdicts(states)[name.replace(" ", "-")] == STATES[name][2]


@pytest.mark.parametrize(
    ("state", "told"),
    [
        pytest.param("ProtectionStopped", ("unprotected", "stopped"), id="stopped"),
        pytest.param("SoftDeleted", ("unprotected", "soft-deleted"), id="soft-deleted"),
        pytest.param("ProtectionError", ("protected", "error"), id="in error"),
        pytest.param("ConfiguringProtection", ("unprotected", "configuring"), id="being configured"),
    ],
)
def test_a_disk_whose_backup_instance_is(tmp_path, state, told):
    estate = Estate()
    source = estate.bare("disk-a", "disk")
    instance(estate, estate.vaulted, source, "disk", state=state)
    run = sweep(estate.write(tmp_path / "estate"), tmp_path / "run", "kinds=disk")

    assert verdicts(run, "disk")["disk-a"][:2] == told


# -- the probes by which other tools are wrong -----------------------------------------------------


class Probe(World):
    """20 machines, 14 of them protected, in four vaults."""

    def __init__(self):
        super().__init__()
        self.group = self.subscription("prod")
        self.vaults = [self.rsv(f"rsv-{number}", self.group) for number in range(4)]
        self.items = [self.protected(self.vaults[n % 4], f"vm-{n:02}") for n in range(14)]
        for n in range(14, 20):
            self.vm(f"vm-{n:02}", subscription=self.group, group="rg-app")


UNPROTECTED = [f"vm-{n:02}" for n in range(14, 20)]


def test_a_twin_of_the_same_name_in_another_group_is_unprotected(tmp_path):
    world = Probe()
    twin = world.vm("vm-00", subscription=world.group, group="rg-other")
    run = sweep(world.write(tmp_path / "estate"), tmp_path / "run", VM)

    assert by_name(run, "unprotected") == ["vm-00", *UNPROTECTED]
    assert [one["resource"] for one in run.decisions if one["verdict"] == "unprotected"][-1] == twin
    assert (run.code, len(run.of("protected"))) == (0, 14)


def test_a_stopped_item_protects_nothing(tmp_path):
    world = Probe()
    world.change(world.items[3], **STOPPED)
    run = sweep(world.write(tmp_path / "estate"), tmp_path / "run", VM)

    assert by_name(run, "unprotected") == ["vm-03", *UNPROTECTED]
    assert verdicts(run)["vm-03"] == ("unprotected", "stopped", "nothing_protects_it")


def test_what_a_forbidden_vault_protects_is_unknown_where_the_service_is_asked(tmp_path):
    world = Probe()
    world.world["forbidden"] = [world.vaults[1]]
    run = sweep(world.write(tmp_path / "estate"), tmp_path / "run", VM, "confirm=all")

    assert (run.code, run.unread) == (1, [world.vaults[1].lower()])
    assert by_name(run, "unknown") == ["vm-01", "vm-05", "vm-09", "vm-13"]
    assert by_name(run, "unprotected") == UNPROTECTED
    assert asked(run, STATUS) == 10
    assert run.error.startswith("4 of 20 resources are unknown, 1 scopes were not read")


def test_every_fifth_request_throttled_changes_nothing(tmp_path):
    throttled = {"status": 429, "headers": {"Retry-After": "1"}}
    faults = [{"match": {"host": "management"}, "when": {"every": 5}, "then": throttled}]
    run = sweep(Probe().write(tmp_path / "estate"), tmp_path / "run", VM, "confirm=all", faults=faults)

    assert (run.code, by_name(run, "unprotected")) == (0, UNPROTECTED)
    assert len(run.of("protected")) == 14
    assert run.stats["throttles"] >= 2


# -- which resource an item is of ------------------------------------------------------------------


def test_ids_that_differ_only_in_case_are_one(tmp_path):
    estate = Estate()
    machine = estate.machine("vm-Mixed")
    item = estate.item(estate.recovery, machine)
    loud = machine.upper()
    estate.change(item, sourceResourceId=loud, virtualMachineId=loud)
    estate.row(item)["properties"]["dataSourceInfo"]["resourceID"] = loud
    account = estate.bare("docs", "blob")
    made = instance(estate, estate.vaulted, account, "blob")
    estate.row(made)["properties"]["dataSourceInfo"]["resourceID"] = account.upper()
    run = sweep(estate.write(tmp_path / "estate"), tmp_path / "run", "kinds=vm,blob")

    assert (run.of("unprotected"), len(run.of("protected"))) == ([], 2)
    assert [one["rule"] for one in run.decisions if one["verdict"] == "excluded"] == ["opted_out"]


def test_a_machine_moved_to_another_group_is_unprotected_there_and_gone_here(tmp_path):
    estate = Estate()
    old = f"/subscriptions/{estate.group}/resourceGroups/rg-app/providers/Microsoft.Compute/virtualMachines"
    estate.item(estate.recovery, f"{old}/vm-moved")
    new = estate.vm("vm-moved", subscription=estate.group, group="rg-new")
    run = sweep(estate.write(tmp_path / "estate"), tmp_path / "run", VM)
    told = {one["resource"].lower(): (one["verdict"], one["state"]) for one in run.decisions}

    assert told == {
        new.lower(): ("unprotected", "none"),
        f"{old}/vm-moved".lower(): ("excluded", "source gone"),
    }


def test_soft_deleted_in_one_vault_and_active_in_another_is_protected_by_that(tmp_path):
    estate = Estate()
    other = estate.rsv("rsv-b", estate.group)
    machine = estate.machine("vm-a")
    estate.item(estate.recovery, machine, **DELETED)
    estate.item(other, machine)
    source = estate.bare("disk-a", "disk")
    second = backup_vault(estate, "bv-b", subscription=estate.group, group="rg-backup")
    instance(estate, estate.vaulted, source, "disk", state="SoftDeleted")
    estate.ends(instance(estate, second, source, "disk"), "Completed", ago="20h")
    run = sweep(estate.write(tmp_path / "estate"), tmp_path / "run", "kinds=vm,disk")

    assert verdicts(run) == {"vm-a": WELL}
    assert verdicts(run, "disk") == {"disk-a": WELL}
    assert {one["vault"].rpartition("/")[2] for one in run.decisions} == {"rsv-b", "bv-b"}


def test_a_machine_in_two_vaults_is_protected_twice_and_both_are_named(tmp_path):
    estate = Estate()
    machine = estate.machine("vm-a")
    estate.item(estate.recovery, machine)
    estate.item(estate.rsv("rsv-b", estate.group), machine)
    run = sweep(estate.write(tmp_path / "estate"), tmp_path / "run", VM)

    assert verdicts(run) == {"vm-a": ("protected", "twice", "its_item")}
    assert run.decisions[0]["reason"] == "by rsv-a and rsv-b"


def test_a_protected_machine_protects_its_disks_but_not_its_databases(tmp_path):
    estate = Estate()
    machine = estate.bare("sales", "sql")
    estate.item(estate.recovery, machine)
    loose = estate.machine("vm-loose")
    for name, owner in (("disk-in", machine), ("disk-out", loose)):
        estate.bare(name, "disk", managedBy=owner, properties=disk(64, estate.stamp("90d")))
    run = sweep(estate.write(tmp_path / "estate"), tmp_path / "run", "kinds=vm,disk,sql")

    assert verdicts(run, "sql") == {"vm-sales/sales": BARE}
    assert verdicts(run, "disk") == {
        "disk-in": ("excluded", "none", "backed_up_with_its_machine"),
        "disk-out": BARE,
    }


# -- what need not be protected, and what cannot be known ------------------------------------------


def managed_group(estate, name, owner):
    """The builder's verb is hidden there by the subscription, which is called group."""
    World.group(estate, name, subscription=estate.group, managed_by=owner)


def test_what_something_else_made_and_what_is_young_is_excluded(tmp_path):
    estate = Estate()
    cluster = estate.bare("aks-a", "aks")
    managed_group(estate, "MC_aks", cluster)
    estate.vm("node-1", subscription=estate.group, group="MC_aks")
    scale_set = {"id": "/subscriptions/x/providers/Microsoft.Compute/virtualMachineScaleSets/vmss-a"}
    estate.bare("vmss_1", "vm", virtualMachineScaleSet=scale_set)
    estate.bare("vm-new", "vm", timeCreated=estate.stamp("2h"))
    run = sweep(estate.write(tmp_path / "estate"), tmp_path / "run", VM)

    assert verdicts(run) == {
        "node-1": ("excluded", "none", "made_by_another"),
        "vmss_1": ("excluded", "none", "made_by_another"),
        "vm-new": ("excluded", "none", "too_young"),
    }
    assert verdicts(sweep(tmp_path / "estate", tmp_path / "old", VM, "grace=1h"))["vm-new"] == BARE


def test_databases_that_nobody_discovered_are_unknown(tmp_path):
    estate = Estate()
    sql_virtual_machine(estate, estate.machine("vm-other"))
    run = sweep(estate.write(tmp_path / "estate"), tmp_path / "run", "kinds=sql")

    assert (run.code, verdicts(run, "sql")) == (1, {"vm-other": ("unknown", "none", "undiscovered")})
    assert run.error.startswith("1 of 1 resources are unknown")


def test_shares_of_an_account_that_may_not_be_listed_are_unknown_and_the_others_right(tmp_path):
    estate = Estate()
    estate.bare("docs", "files")
    estate.bare("shut", "files")
    faults = [always("/stshut/fileServices/default/shares$", REFUSED)]
    run = sweep(estate.write(tmp_path / "estate"), tmp_path / "run", "kinds=files", faults=faults)
    told = verdicts(run, "files")

    assert (told["stdocs/docs"], told["stshut"]) == (BARE, ("unknown", "none", "undiscovered"))
    assert (run.code, [one.rpartition("/")[2] for one in run.unread]) == (1, ["stshut"])


def test_only_shares_that_azure_backup_can_protect_are_looked_at(tmp_path):
    estate = Estate()
    account = estate.bare("docs", "files")
    file_share(estate, account, "linux", protocol="NFS")
    file_share(estate, account, "old", deleted_ago="1d")
    estate.bare("blobs", "blob", kind="BlockBlobStorage", sku={"name": "Premium_LRS"})
    run = sweep(estate.write(tmp_path / "estate"), tmp_path / "run", "kinds=files")

    assert verdicts(run, "files") == {"stdocs/docs": BARE}
    assert asked(run, "/blobs/fileservices/default/shares") == 0


# -- what is not read ------------------------------------------------------------------------------


class Two(Estate):
    """A second subscription, with a vault of its own; in each there is something that nothing protects."""

    def __init__(self):
        super().__init__()
        self.other = self.subscription("lab")
        self.lab = self.rsv("rsv-lab", self.other)
        self.protected(self.lab, "vm-lab-good")
        self.vm("vm-lab", subscription=self.other, group="rg-lab")
        self.covered("vm-good", "vm")
        self.bare("vm-bare", "vm")
        self.covered("disk-good", "disk")
        self.bare("disk-bare", "disk")


def without_reader_on_lab(world):
    inventory = ["Microsoft.Compute/*/read", "Microsoft.Resources/*/read", "Microsoft.Authorization/*/read"]
    return [
        {"role": "Reader", "scope": f"/subscriptions/{world.group}"},
        {"role": inventory, "scope": f"/subscriptions/{world.other}"},
    ]


def test_an_identity_without_reader_on_a_subscription_calls_nothing_there_unprotected(tmp_path):
    """It sees the machines there and no vault; and Backup vaults protect across subscriptions."""
    world = Two()
    world.world["role_assignments"] = without_reader_on_lab(world)
    run = sweep(world.write(tmp_path / "estate"), tmp_path / "run", "kinds=vm,disk")

    assert (run.code, run.unread) == (1, [world.other])
    assert verdicts(run) == {
        "vm-good": WELL,
        "vm-bare": BARE,
        "vm-lab": UNREAD,
        "vm-lab-good": UNREAD,
    }
    assert verdicts(run, "disk") == {"disk-good": WELL, "disk-bare": UNREAD}
    assert "grant it Reader" in run.warnings[-1]


@pytest.mark.parametrize("by", ["expect_subscriptions", "scope"])
def test_a_subscription_that_is_missing_is_named_and_hides_what_backup_vaults_protect(tmp_path, by):
    world = Two()
    world.world["forbidden"] = [f"/subscriptions/{world.other}"]
    token = f"{by}={world.group},{world.other}"
    run = sweep(world.write(tmp_path / "estate"), tmp_path / "run", "kinds=vm,disk", token)

    assert (run.code, run.unread) == (1, [world.other])
    assert verdicts(run) == {"vm-good": WELL, "vm-bare": BARE}
    assert verdicts(run, "disk") == {"disk-good": WELL, "disk-bare": UNREAD}


def test_fewer_subscriptions_than_expected_hide_what_backup_vaults_protect(tmp_path):
    world = Two()
    world.world["forbidden"] = [f"/subscriptions/{world.other}"]
    run = sweep(world.write(tmp_path / "estate"), tmp_path / "run", "kinds=vm,disk", "expect_subscriptions=2")

    assert (run.code, run.unread) == (1, ["scope"])
    assert (verdicts(run)["vm-bare"], verdicts(run, "disk")["disk-bare"]) == (BARE, UNREAD)


def test_a_subscription_known_to_be_unreadable_and_what_it_hides_are_no_fault_but_stay_unknown(tmp_path):
    world = Two()
    world.world["forbidden"] = [f"/subscriptions/{world.other}"]
    tokens = (f"expect_subscriptions={world.group},{world.other}", f"accept_unread={world.other}")
    estate = world.write(tmp_path / "estate")
    machines = sweep(estate, tmp_path / "machines", VM, *tokens)
    disks = sweep(estate, tmp_path / "disks", "kinds=disk", *tokens)

    assert (machines.code, machines.unread) == (0, [])
    assert verdicts(machines) == {"vm-good": WELL, "vm-bare": BARE}
    assert (disks.code, disks.unread, disks.done["accepted"]) == (0, [], 1)
    assert verdicts(disks, "disk")["disk-bare"] == ("unknown", "none", "accepted_unread")


def test_without_any_subscription_nothing_is_said_and_the_run_fails(tmp_path):
    world = Two()
    world.world["forbidden"] = [f"/subscriptions/{one}" for one in (world.group, world.other)]
    run = sweep(world.write(tmp_path / "estate"), tmp_path / "run")

    assert (run.code, run.unread, run.decisions) == (1, ["scope"], [])


# -- thousands -------------------------------------------------------------------------------------

PAGES = 7
FIRST_OF = {"items": 3, "resources": 3 + PAGES + 1}
"""The number of the query with their first page, after subscriptions and vaults; policies are one page."""


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """6,500 machines, all but the last hundred protected, and ten items without one: seven pages of each."""
    world = World()
    subscription = world.subscription("prod")
    vaults = [world.rsv(f"rsv-{number}", subscription) for number in range(13)]
    for n in range(6400):
        world.protected(vaults[n % 13], f"vm-{n:04}")
    for n in range(6400, 6500):
        world.vm(f"vm-{n:04}", subscription=subscription, group="rg-app")
    machines = (
        f"/subscriptions/{subscription}/resourceGroups/rg-app/providers/Microsoft.Compute/virtualMachines"
    )
    for n in range(6500, 6510):
        world.item(vaults[0], f"{machines}/vm-{n}")
    return world.write(tmp_path_factory.mktemp("large"))


def test_past_two_thousand_decisions_the_log_has_counts(large, tmp_path):
    run = sweep(large, tmp_path, VM, quota="off")

    assert Counter(one["verdict"] for one in run.decisions) == {
        "protected": 6400, "unprotected": 100, "excluded": 10,
    }  # fmt: skip
    assert run.lines[:3] == [
        "excluded rule=source_gone count=10",
        "protected rule=its_item count=6400",
        "unprotected rule=nothing_protects_it count=100",
    ]
    assert (run.code, asked(run, GRAPH)) == (0, 2 + 2 * PAGES + 2)


@pytest.mark.parametrize(
    ("of", "told"),
    [
        pytest.param("items", {"unknown": 6500}, id="items"),
        pytest.param("resources", {"unknown": 6410}, id="resources"),
    ],
)
def test_page_three_of_seven_that_goes_on_failing_leaves_nothing_called_unprotected(
    large, tmp_path, of, told
):
    third = FIRST_OF[of] + 2
    faults = [{"match": {"path": GRAPH}, "when": {"nth": list(range(third, third + 6))}, "then": BROKEN}]
    run = sweep(large, tmp_path, VM, quota="off", faults=faults)
    what = "protected items" if of == "items" else of

    assert (run.code, run.unread) == (1, [f"read {what}: 1 subscriptions"])
    assert Counter(one["verdict"] for one in run.decisions) == told
    assert run.error.startswith(f"{told['unknown']} of {told['unknown']} resources are unknown")


def test_a_summary_may_be_asked_for(tmp_path):
    run = sweep(Probe().write(tmp_path / "estate"), tmp_path / "run", VM, "log=summary")

    assert run.lines[:2] == [
        "protected rule=its_item count=14",
        "unprotected rule=nothing_protects_it count=6",
    ]


# -- the service's own word ------------------------------------------------------------------------


def test_all_may_be_confirmed_and_the_report_says_what_was(tmp_path):
    run = sweep(Probe().write(tmp_path / "estate"), tmp_path / "run", VM, "confirm=all")
    confirmed = Counter((one["verdict"], one["confirmed"]) for one in run.decisions)

    assert confirmed == {("unprotected", True): 6, ("protected", None): 14}
    assert (run.code, asked(run, STATUS)) == (0, 6)


def test_a_candidate_that_resource_graph_does_not_show_as_protected_yet_is(tmp_path):
    estate = Estate()
    item = estate.protected(estate.recovery, "vm-a")
    made = estate.covered("disk-a", "disk")
    folder = estate.write(tmp_path / "estate")
    rows = ndjson(folder / "recoveryservicesresources.ndjson")
    late = [row for row in rows if row["id"] in (item, made)]
    kept = [json.dumps(row) for row in rows if row not in late]
    (folder / "recoveryservicesresources.ndjson").write_text("\n".join(kept) + "\n")
    timeline = [
        {
            "table": "recoveryservicesresources",
            "id": row["id"].lower(),
            "since": estate.stamp("5m"),
            "row": {name: value for name, value in row.items() if value not in (None, "")},
        }
        for row in late
    ]
    (folder / "world.json").write_text(json.dumps({"graph_lag_s": 3600 * 600, "timeline": timeline}))
    run = sweep(folder, tmp_path / "run", "kinds=vm,disk", "confirm=all")

    told = ("protected", "never backed up", "confirmed")
    assert (verdicts(run)["vm-a"], verdicts(run, "disk")["disk-a"]) == (told, told)
    assert {one["reason"] for one in run.decisions} == {
        f"by {vault}, which Resource Graph does not show yet" for vault in ("rsv-a", "bv-a")
    }


def test_the_service_calls_stopped_items_protected_and_is_not_believed(tmp_path):
    world = Probe()
    world.change(world.items[0], **estate_rows.stopped())
    world.change(world.items[1], **estate_rows.soft_deleted(world.stamp("1d")))
    run = sweep(world.write(tmp_path / "estate"), tmp_path / "run", VM, "confirm=all")

    assert by_name(run, "unprotected") == ["vm-00", "vm-01", *UNPROTECTED]
    assert (verdicts(run)["vm-00"][1], verdicts(run)["vm-01"][1]) == ("stopped", "soft-deleted")


def test_nor_where_the_items_could_not_be_read_and_may_be_stopped(tmp_path):
    """Only that a resource has no item at all is the service's to say then."""
    world = Probe()
    world.change(world.items[0], **estate_rows.stopped())
    faults = [{"match": {"path": GRAPH}, "when": {"nth": list(range(3, 9))}, "then": BROKEN}]
    run = sweep(world.write(tmp_path / "estate"), tmp_path / "run", VM, "confirm=all", faults=faults)

    assert (run.code, run.of("protected")) == (1, [])
    assert by_name(run, "unknown") == [f"vm-{n:02}" for n in range(14)]
    assert by_name(run, "unprotected") == UNPROTECTED
    assert {verdicts(run)[name] for name in UNPROTECTED} == {BARE}


def test_a_service_that_does_not_answer_is_named(tmp_path):
    world = Probe()
    run = sweep(
        world.write(tmp_path / "estate"), tmp_path / "run", VM, "confirm=all",
        faults=[always(f"{STATUS}$", REFUSED)],
    )  # fmt: skip

    assert (run.code, [one.rpartition("/")[2] for one in run.unread]) == (1, UNPROTECTED)


# -- by hand ---------------------------------------------------------------------------------------


def test_one_resource_is_explained_with_what_is_in_it_and_nothing_else_is_decided(tmp_path):
    estate = Estate()
    estate.database("sales", "sql", last_recovery_point_ago="30m")
    machine = (
        f"/subscriptions/{estate.group}/resourceGroups/rg-app/providers/microsoft.compute/virtualmachines"
    )
    estate.bare("vm-other", "vm")
    run = sweep(estate.write(tmp_path / "estate"), tmp_path / "run", f"explain={machine}/VM-SALES")

    assert (run.code, len(run.decisions)) == (0, 2)
    assert verdicts(run) == {"vm-sales": BARE}
    assert verdicts(run, "sql") == {"vm-sales/sales": WELL}
    told = [line for line in run.lines if line.startswith("considered ")]
    assert len(told) == 1
    assert "state=healthy" in told[0]
    assert not [line for line in run.lines if line.startswith("coverage ")]


def test_help_tells_every_parameter_and_sends_nothing(tmp_path):
    run = sweep(Probe().write(tmp_path / "estate"), tmp_path / "run", "help")
    told = {line.partition("=")[0].strip() for line in run.lines if line.startswith("  ")}

    assert (run.code, run.requests, run.report) == (0, [], [])
    assert told >= {one.name for one in parameters(Params)}


@pytest.mark.parametrize(
    "token",
    ["kinds=vm,tape", "mode=protect", "grace=forever", "explain=vm-1", "confirm=none", "exclude_tag=backup"],
)
def test_a_bad_parameter_is_told_before_anything_is_sent(tmp_path, token):
    run = sweep(Probe().write(tmp_path / "estate"), tmp_path / "run", token)

    assert (run.code, run.requests) == (2, [])
    assert run.lines[0].startswith("ERROR: parameter ")


def test_check_says_what_is_seen_and_decides_nothing(tmp_path):
    world = Two()
    estate = world.write(tmp_path / "estate")
    run = sweep(estate, tmp_path / "well", "check")

    assert (run.code, run.report) == (0, [])
    assert run.lines[0] == "ok sees='2 subscriptions, 3 vaults' rules=0"


def test_check_names_what_would_not_be_read(tmp_path):
    world = Two()
    world.world["role_assignments"] = without_reader_on_lab(world)
    run = sweep(world.write(tmp_path / "estate"), tmp_path / "run", "check")

    assert (run.code, run.decisions) == (1, [])
    assert run.warnings[0].startswith(f"not read scope={world.other} ")
