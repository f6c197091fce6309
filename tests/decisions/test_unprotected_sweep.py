"""What unprotected_sweep says of a resource, and why."""

from dataclasses import replace

import pytest
from backupkit.errors import ParameterError
from backupkit.params import read
from backupkit.protection_rules import Rule
from backupkit.records import Policy

from runbooks.unprotected_sweep import EXCLUSIONS, Params
from tests.decisions.cases import (
    BACKUP_VAULT,
    SUBSCRIPTION,
    before,
    database,
    instance,
    item,
    policy,
    share,
    vault_id,
)
from tests.decisions.sweeps import (
    GROUP,
    Vaults,
    by_name,
    database_in,
    disk,
    judged,
    policies,
    resource,
    seen,
    share_in,
    swept,
    told,
)

OTHER = "22222222-2222-2222-2222-222222222222"
OTHER_VAULT = f"/subscriptions/{OTHER}/resourcegroups/rg/providers/microsoft.recoveryservices/vaults/rsv-far"
HIDDEN = vault_id("rsv-hidden")
GOLD = Rule("gold", vault=vault_id("rsv-02"), policy="daily")
AUTO = replace(GOLD, vault="auto")
WITH_GOLD = {"policies": policies(Policy(f"{GOLD.vault}/backuppolicies/daily"))}
YESTERDAY = before("11h")


def night(**facts):
    """An item whose newest recovery point is of last night."""
    return item(**{"last_recovery_point": YESTERDAY, **facts})


# -- States ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("its_item", "verdict", "state"),
    [
        pytest.param(night(), "protected", "healthy", id="backed up last night"),
        pytest.param(item(last_recovery_point=None), "protected", "never backed up", id="no recovery point"),
        pytest.param(
            item(state="IRPending", last_recovery_point=None),
            "protected",
            "never backed up",
            id="its first backup is pending",
        ),
        pytest.param(night(state="ProtectionError"), "protected", "error", id="its protection has an error"),
        pytest.param(
            item(last_recovery_point=before("37h")), "protected", "past RPO", id="a night was missed"
        ),
        pytest.param(night(state="ProtectionStopped"), "unprotected", "stopped", id="stopped"),
        pytest.param(night(state="ProtectionPaused"), "unprotected", "stopped", id="paused"),
        pytest.param(night(state="BackupsSuspended"), "unprotected", "stopped", id="suspended"),
        pytest.param(
            night(state="ProtectionStopped", soft_deleted=True),
            "unprotected",
            "soft-deleted",
            id="deleted, which is shown as stopped",
        ),
        pytest.param(
            item(state="ConfiguringProtection", last_recovery_point=None),
            "unprotected",
            "configuring",
            id="being configured",
        ),
        pytest.param(
            item(state="ConfiguringProtectionFailed", last_recovery_point=None),
            "unprotected",
            "configuring",
            id="configuring it failed",
        ),
    ],
)
def test_the_item_of_a_resource_tells_its_verdict_and_state(its_item, verdict, state):
    found = judged(resource(), its_item)

    assert (found.verdict, found.state) == (verdict, state)


def test_what_no_item_is_of_is_unprotected():
    found = judged(resource())

    assert told(found) == ("unprotected", "none", "nothing_protects_it")
    assert (found.reason, found.vault) == ("no vault protects it", "")


def test_a_protected_resource_names_its_vault_and_policy():
    found = judged(resource(), night())

    assert (found.reason, found.vault) == ("by rsv-01", vault_id("rsv-01"))
    assert (found.policy, found.by) == ("policy", "its_item")


def test_an_unprotected_one_tells_the_state_of_its_item_and_where_that_is():
    assert judged(resource(), night(state="ProtectionStopped")).reason == "its item in rsv-01 is stopped"


def test_a_resource_that_two_vaults_protect_is_protected_twice():
    found = judged(resource(), night(), night(vault="rsv-02"))

    assert told(found) == ("protected", "twice", "its_item")
    assert found.reason == "by rsv-01 and rsv-02"


def test_soft_deleted_in_one_vault_and_active_in_another_is_protected_by_the_other():
    deleted = night(state="ProtectionStopped", soft_deleted=True)
    found = judged(resource(), deleted, night(vault="rsv-02"))

    assert told(found) == ("protected", "healthy", "its_item")
    assert found.vault == vault_id("rsv-02")


def test_ids_are_compared_without_case():
    upper = replace(night(), source=resource().id.upper())

    assert judged(resource(), upper).verdict == "protected"


def test_a_database_of_a_machine_protects_no_machine_nor_the_machine_its_database():
    machine = resource("sql-01")
    found = by_name([machine, database_in(machine)], [database()])

    assert found["sql-01"].verdict == "unprotected"
    assert found["sql-01/sales"].verdict == "protected"

    found = by_name([machine, database_in(machine)], [night(vm="sql-01")])

    assert found["sql-01"].verdict == "protected"
    assert found["sql-01/sales"].verdict == "unprotected"


def test_the_blobs_of_an_account_are_not_protected_by_the_backup_of_its_shares():
    account = resource("stapp", "blob")
    found = by_name([account, share_in()], [share()])

    assert (found["stapp"].verdict, found["stapp/docs"].verdict) == ("unprotected", "protected")


def test_continuous_backup_of_blobs_is_healthy_without_a_recovery_point():
    account = resource("stapp", "blob")
    its_item = instance("stapp", "blob", source=account.id, policy=f"{BACKUP_VAULT}/backuppolicies/blob")
    continuous = Policy(f"{BACKUP_VAULT}/backuppolicies/blob")

    assert judged(account, its_item, policies=policies(continuous)).state == "healthy"
    vaulted = replace(continuous, rule="BackupDaily")
    assert judged(account, its_item, policies=policies(vaulted)).state == "never backed up"


@pytest.mark.parametrize(
    ("every", "ago", "state"),
    [("22:00", "36h", "healthy"), ("22:00", "2161m", "past RPO")],
    ids=["one and a half days old", "a minute more"],
)
def test_past_rpo_is_one_and_a_half_times_what_the_policy_promises(every, ago, state):
    its_item = item(last_recovery_point=before(ago))

    assert judged(resource(), its_item, policies=policies(policy(every))).state == state


# -- What is not there any more ----------------------------------------------------


def test_a_machine_that_moved_is_unprotected_where_it_is_and_gone_where_it_was():
    moved = resource(id=resource().id.replace("rg-app", "rg-new"), group="rg-new")
    found = by_name([moved], [night()])

    assert told(found["vm-01"]) == ("unprotected", "none", "nothing_protects_it")
    assert told(found["vm-01 vm"]) == ("excluded", "source gone", "source_gone")
    assert found["vm-01 vm"].reason == "it does not exist, and rsv-01 still has it"
    assert found["vm-01 vm"].resource.id == resource().key


def test_a_database_of_a_gone_machine_is_gone_with_it_though_its_item_looks_healthy():
    found = judged(database_in(resource("sql-01")), database())

    assert told(found) == ("excluded", "source gone", "source_gone")


@pytest.mark.parametrize(
    "facts",
    [
        {"unread": {"read resources: 1 subscriptions": "no"}},
        {"subscriptions": frozenset()},
        {"unread": {SUBSCRIPTION.rpartition("/")[2]: "no"}},
    ],
    ids=["resources were not read", "its subscription is out of scope", "its subscription was not read"],
)
def test_nothing_is_called_gone_where_it_would_not_be_seen(facts):
    found = by_name([database_in(resource("sql-01"))], [night()], **facts)

    assert told(found["vm-01"]) == ("unknown", "none", "not_read")
    assert found["vm-01"].reason == "its source was not read"
    assert found["sql-01/sales"].state != "source gone"


def test_what_is_of_a_subscription_accepted_as_unread_is_unknown_as_such():
    its = SUBSCRIPTION.rpartition("/")[2]
    found = by_name([resource("vm-02")], [night()], unread={its: "no"}, accepts=its.__eq__)

    assert told(found["vm-01"]) == ("unknown", "none", "accepted_unread")
    assert told(found["vm-02"]) == ("unknown", "none", "accepted_unread")


def test_an_account_whose_shares_could_not_be_listed_is_unknown_beside_those_that_a_vault_protects():
    account = resource("stapp", "blob").hiding("files")
    found = by_name([account, share_in()], [share()])

    assert told(found["stapp"]) == ("unknown", "none", "undiscovered")
    assert found["stapp"].reason == "its file shares could not be listed"
    assert found["stapp/docs"].verdict == "protected"
    assert len(found) == 2


# -- Exclusions --------------------------------------------------------------------

MACHINE = resource("vm-01")


@pytest.mark.parametrize(
    ("facts", "rule", "reason"),
    [
        pytest.param({"tags": {"Backup": "OFF"}}, "opted_out", "tagged backup:off", id="its tag opts out"),
        pytest.param(
            {"made_by": "instance of scale set web"},
            "made_by_another",
            "instance of scale set web, which looks after it",
            id="of a scale set",
        ),
        pytest.param(
            {"made_by": "of aks-01"},
            "made_by_another",
            "of aks-01, which looks after it",
            id="in a managed group",
        ),
        pytest.param({"created": before("23h")}, "too_young", "younger than grace=24h", id="a day old"),
    ],
)
def test_a_resource_is_excluded(facts, rule, reason):
    found = judged(resource(**facts))

    assert (*told(found), found.reason) == ("excluded", "none", rule, reason)


@pytest.mark.parametrize(
    ("facts", "options"),
    [
        pytest.param({"tags": {"backup": "on"}}, {}, id="by a tag of another value"),
        pytest.param({"tags": {"backup": "off"}}, {"exclude_tag": "none"}, id="by a tag where none counts"),
        pytest.param({"tags": {"backup": "off"}}, {"exclude_tag": "dr:no"}, id="by another tag than the one"),
        pytest.param({"created": before("24h")}, {}, id="as young once grace is over"),
        pytest.param({"created": None}, {}, id="as young where its age is not told"),
    ],
)
def test_a_resource_is_not_excluded(facts, options):
    assert judged(resource(**facts), options=options).verdict == "unprotected"


def test_a_rule_excludes_with_its_own_reason():
    rule = Rule("scratch", names=("tmp-*",), exclude="scratch machines")
    found = by_name([resource("tmp-01"), resource("vm-01")], rules=[rule])

    assert (*told(found["tmp-01"]), found["tmp-01"].reason) == (
        "excluded",
        "none",
        "scratch",
        "scratch machines",
    )
    assert told(found["vm-01"]) == ("unprotected", "none", "no_rule")


def test_the_exclusions_are_asked_in_this_order():
    assert [one.__name__ for one in EXCLUSIONS] == [
        "opted_out",
        "made_by_another",
        "backed_up_with_its_machine",
        "too_young",
    ]


def test_what_protects_a_resource_counts_before_what_excludes_it_and_that_before_what_was_not_read():
    """One that is excluded needs no answer to be so."""
    facts = {"tags": {"backup": "off"}, "created": before("1h")}
    unread = {"read protected items: 1 subscriptions": "no"}

    assert judged(resource(**facts), night(), unread=unread).verdict == "protected"
    assert told(judged(resource(**facts), unread=unread)) == ("excluded", "none", "opted_out")
    rule = Rule("all", exclude="whatever")
    assert judged(resource(**facts), unread=unread, rules=[rule]).by == "opted_out"
    assert judged(resource(), unread=unread, rules=[rule]).by == "all"
    assert judged(resource(), unread=unread).verdict == "unknown"


def test_an_excluded_resource_keeps_the_state_of_its_item():
    found = judged(resource(tags={"backup": "off"}), night(state="ProtectionStopped"))

    assert told(found) == ("excluded", "stopped", "opted_out")


# -- Disks go by their machines ----------------------------------------------------


@pytest.mark.parametrize(
    ("items", "facts", "expected"),
    [
        pytest.param(
            [night()], {}, ("excluded", "none", "backed_up_with_its_machine"), id="of one that is protected"
        ),
        pytest.param([], {}, ("unprotected", "none", "nothing_protects_it"), id="of one that is not"),
        pytest.param(
            [],
            {"unread": {vault_id("rsv-hidden"): "no"}},
            ("unknown", "none", "machine_unknown"),
            id="of one of which it is not known",
        ),
        pytest.param(
            [night(), instance(last_recovery_point=YESTERDAY)],
            {},
            ("protected", "healthy", "its_item"),
            id="that is protected itself",
        ),
    ],
)
def test_a_disk_of_a_machine(items, facts, expected):
    found = by_name([disk("disk-01", MACHINE), MACHINE], items, **facts)

    assert told(found["disk-01"]) == expected


def test_a_disk_of_an_opted_out_machine_is_judged_for_itself():
    out = resource(tags={"backup": "off"})

    assert by_name([out, disk("disk-01", out)])["disk-01"].verdict == "unprotected"


def test_a_disk_of_an_opted_out_machine_is_unknown_where_a_vault_may_have_the_machine():
    out = resource(tags={"backup": "off"})
    found = by_name([out, disk("disk-01", out)], unread={HIDDEN: "403"})

    assert (found["vm-01"].verdict, told(found["disk-01"])) == (
        "excluded",
        ("unknown", "none", "machine_unknown"),
    )


@pytest.mark.parametrize("tags", [{}, {"backup": "off"}], ids=["unknown", "excluded"])
def test_a_disk_of_a_machine_whose_vault_is_accepted_as_unread_is_accepted_too(tags):
    machine = resource(tags=tags)
    unread = {HIDDEN: "403"}
    found = by_name([machine, disk("disk-01", machine)], unread=unread, accepts=HIDDEN.__eq__)

    assert told(found["disk-01"]) == ("unknown", "none", "accepted_unread")


def test_a_disk_that_is_attached_to_nothing_is_judged_for_itself():
    assert judged(disk()).verdict == "unprotected"


# -- What was not read -------------------------------------------------------------


def test_a_vault_that_was_not_read_leaves_unknown_what_it_could_protect_and_nothing_else():
    far = resource("vm-far", subscription=OTHER, id=f"/subscriptions/{OTHER}/x/vm-far")
    found = by_name([resource(), far, disk()], unread={HIDDEN: "403"})

    assert told(found["vm-01"]) == ("unknown", "none", "not_read")
    assert found["vm-01"].reason == f"what could protect it was not read: {HIDDEN}"
    assert (found["vm-far"].verdict, found["disk-01"].verdict) == ("unprotected", "unprotected")


def test_a_stopped_item_leaves_unknown_what_another_vault_may_protect():
    found = judged(resource(), night(state="ProtectionStopped"), unread={HIDDEN: "403"})

    assert told(found) == ("unknown", "stopped", "not_read")


def test_a_machine_whose_databases_were_never_discovered_is_unknown_as_such():
    machine = resource("sql-01")
    found = by_name([machine, machine.hiding("sql")], [night(vm="sql-01")])

    assert found["sql-01"].verdict == "protected"
    assert told(found["sql-01 sql"]) == ("unknown", "none", "undiscovered")
    assert found["sql-01 sql"].reason == "its databases were never discovered"


# -- Rules -------------------------------------------------------------------------


def test_the_first_rule_that_takes_a_resource_says_what_would_protect_it():
    rules = [Rule("dbs", kinds=("sql",), exclude="no"), GOLD, Rule("last", exclude="never reached")]
    found = judged(resource(), rules=rules)

    assert told(found) == ("unprotected", "none", "gold")
    assert (found.vault, found.policy) == (vault_id("rsv-02"), "daily")


def test_a_rule_that_finds_no_vault_says_why():
    found = judged(resource(location="northeurope"), rules=[replace(GOLD, vault="auto")])

    assert found.reason == "no vault protects it; no vault in its region and subscription"
    assert found.vault == ""


def test_a_rule_with_auto_takes_the_vault_that_protects_most_of_the_kind():
    auto = replace(GOLD, vault="auto")
    others = [resource(f"vm-0{number}") for number in (2, 3, 4)]
    items = [night(vm="vm-02", vault="rsv-02"), night(vm="vm-03", vault="rsv-02"), night(vm="vm-04")]
    found = by_name([resource(), *others], items, rules=[auto])

    assert found["vm-01"].vault == vault_id("rsv-02")


def test_what_is_stopped_or_deleted_does_not_count_for_auto():
    others = [resource(f"vm-0{number}") for number in (2, 3, 4)]
    ended = [night(vm="vm-02", state="ProtectionStopped"), night(vm="vm-03", soft_deleted=True)]
    found = by_name([resource(), *others], [*ended, night(vm="vm-04", vault="rsv-02")], rules=[AUTO])

    assert found["vm-01"].vault == vault_id("rsv-02")


# -- Kinds alone -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kinds", "names"),
    [
        (("vm",), {"sql-01"}),
        (("disk",), {"disk-01"}),
        (("sql", "files"), {"sql-01/sales", "stapp/docs"}),
    ],
    ids=["machines", "disks, which machines are looked at for", "databases and shares"],
)
def test_only_the_kinds_asked_for_are_told(kinds, names):
    machine = resource("sql-01")
    found = by_name(
        [machine, disk("disk-01", machine), database_in(machine), share_in()],
        [night(vm="sql-01")],
        options={"kinds": kinds},
    )

    assert set(found) == names
    assert "disk-01" not in names or found["disk-01"].by == "backed_up_with_its_machine"


# -- The service's own word --------------------------------------------------------


def test_nobody_is_asked_unless_confirm_says_so():
    vaults = Vaults(seen([resource()]))

    assert swept(vaults)["vm-01"]["confirmed"] is None
    assert vaults.asked == []


ALL = {"confirm": "all"}


@pytest.mark.parametrize("unread", [{}, {HIDDEN: "403"}], ids=["all was read", "a vault was not read"])
def test_what_nobody_protects_is_unprotected_as_if_all_was_read(unread):
    auto = replace(GOLD, vault="auto")
    items = [night(vm="gone")]
    told = swept(Vaults(seen([resource()], items, unread=unread)), [auto], **ALL)["vm-01"]

    assert (told["verdict"], told["confirmed"], told["reason"]) == (
        "unprotected",
        True,
        "no vault protects it",
    )
    assert (told["rule"], told["vault"]) == ("gold", vault_id("rsv-01"))


def test_what_a_vault_protects_that_resource_graph_shows_no_item_of_is_protected():
    vaults = Vaults(seen([resource()]), {"vm-01": vault_id("rsv-02")})
    told = swept(vaults, **ALL)["vm-01"]

    assert (told["verdict"], told["state"], told["rule"]) == ("protected", "never backed up", "confirmed")
    assert (told["vault"], told["confirmed"]) == (vault_id("rsv-02"), True)
    assert told["reason"] == "by rsv-02, which Resource Graph does not show yet"
    assert vaults.out_of_sight == []


def test_what_a_vault_protects_that_this_identity_does_not_see_is_unknown_and_the_vault_unread():
    vaults = Vaults(seen([resource()]), {"vm-01": HIDDEN})
    told = swept(vaults, **ALL)["vm-01"]

    assert (told["verdict"], told["rule"], told["vault"]) == ("unknown", "hidden_vault", HIDDEN)
    assert vaults.out_of_sight == [HIDDEN]


def test_a_stopped_item_that_the_service_calls_protected_is_stopped():
    stopped = night(state="ProtectionStopped")
    vaults = Vaults(seen([resource()], [stopped]), {"vm-01": vault_id("rsv-01")})
    told = swept(vaults, **ALL)["vm-01"]

    assert (told["verdict"], told["state"], told["confirmed"]) == ("unprotected", "stopped", True)


def test_a_stopped_item_of_which_the_service_knows_nothing_is_still_stopped():
    told = swept(Vaults(seen([resource()], [night(state="ProtectionStopped")])), **ALL)["vm-01"]

    assert (told["verdict"], told["state"]) == ("unprotected", "stopped")
    assert told["reason"] == "its item in rsv-01 is stopped"


@pytest.mark.parametrize("unread", [{}, {HIDDEN: "403"}], ids=["unprotected", "unknown"])
def test_without_an_answer_a_verdict_stays_as_it_was(unread):
    found = seen([resource()], unread=unread)
    told = swept(Vaults(found, {"vm-01": None}), **ALL)["vm-01"]

    assert told == swept(Vaults(found))["vm-01"]


def test_only_what_is_unprotected_or_was_not_read_is_asked_about():
    machine = resource("sql-01")
    listed = [resource(), resource("vm-02"), resource("vm-03", tags={"backup": "off"}), machine.hiding("sql")]
    vaults = Vaults(seen([*listed, machine], [night(), night(vm="gone")]))
    swept(vaults, **ALL)

    assert sorted(vaults.asked) == ["sql-01", "vm-02"]


def test_a_disk_goes_by_what_the_service_said_of_its_machine():
    vaults = Vaults(seen([MACHINE, disk("disk-01", MACHINE)]), {"vm-01": vault_id("rsv-02")})
    told = swept(vaults, **ALL)

    assert (told["disk-01"]["verdict"], told["disk-01"]["rule"]) == ("excluded", "backed_up_with_its_machine")


# -- What is told ------------------------------------------------------------------


def test_the_report_has_an_object_for_each_resource():
    told = swept(Vaults(seen([resource()], **WITH_GOLD)), [GOLD])["vm-01"]

    assert told == {
        "resource": resource().id,
        "name": "vm-01",
        "kind": "vm",
        "verdict": "unprotected",
        "state": "none",
        "action": "none",
        "reason": "no vault protects it",
        "rule": "gold",
        "vault": vault_id("rsv-02"),
        "policy": "daily",
        "subscription": SUBSCRIPTION.rpartition("/")[2],
        "location": "westeurope",
        "confirmed": None,
    }


def test_coverage_is_told_and_kept_by_kind_region_subscription_and_rule(capsys):
    listed = [resource(), resource("vm-02"), resource("vm-03", tags={"backup": "off"})]
    vaults = Vaults(
        seen(listed, [night()], **WITH_GOLD), last={"kind=vm": {"protected": 1, "unprotected": 3}}
    )
    swept(vaults, [GOLD], log="summary")
    counts = {"excluded": 1, "protected": 1, "unprotected": 1}
    lines = capsys.readouterr().out.splitlines()

    assert vaults.kept == dict.fromkeys(
        ["kind=vm", "location=westeurope", "rule=gold", f"subscription={SUBSCRIPTION.rpartition('/')[2]}"],
        counts,
    )
    assert "coverage kind=vm share=50.0% change=+25.0 excluded=1 protected=1 unprotected=1" in lines
    assert "coverage rule=gold share=50.0% change=new excluded=1 protected=1 unprotected=1" in lines


def test_rules_that_do_not_fit_the_vaults_stop_the_run_before_anything_is_told(capsys):
    rules = [replace(GOLD, vault=HIDDEN), Rule("far", regions=("eastus",), vault=GOLD.vault, policy="none")]

    with pytest.raises(ParameterError) as error:
        swept(Vaults(seen([resource()])), rules)
    assert len(error.value.faults) == 3
    assert capsys.readouterr().out == ""


# -- Explained ---------------------------------------------------------------------


def test_one_resource_is_explained_with_what_is_in_it_and_nothing_is_kept(capsys):
    machine = resource("sql-01")
    listed = [machine, database_in(machine), disk("disk-01", machine), resource("vm-02")]
    vaults = Vaults(seen(listed, [night(vm="sql-01")], unread={HIDDEN: "403"}))
    told = swept(vaults, [replace(GOLD, vault="auto")], explain=machine.id.upper())
    lines = [one for one in capsys.readouterr().out.splitlines() if one.startswith("considered")]

    assert sorted(told) == ["disk-01", "sql-01", "sql-01/sales"]
    assert vaults.kept is None
    assert f"considered item={night(vm='sql-01').id} state=healthy recovery_point='{YESTERDAY}'" in lines
    assert "considered rule=gold takes_it=True" in lines
    assert f"considered not_read={HIDDEN}" in lines


def test_a_database_may_be_named_as_protected_or_as_discovered():
    machine = resource("sql-01")
    vaults = Vaults(seen([machine, database_in(machine)], [database()]))

    for name in (database().id, database_in(machine).id):
        assert sorted(swept(vaults, explain=name)) == ["sql-01/sales"]


def test_a_resource_that_is_not_seen_cannot_be_explained():
    missing = f"{GROUP}/Microsoft.Compute/virtualMachines/vm-09"

    with pytest.raises(ParameterError, match=r"explain: no resource .*/vm-09 is seen"):
        swept(Vaults(seen([resource()])), explain=missing)


# -- Parameters --------------------------------------------------------------------


def test_the_rules_may_not_be_named_by_a_signed_url():
    signed = "https://stkit.blob.core.windows.net/kit/rules.json"

    assert read(Params, [f"rules={signed}"]).rules == signed
    with pytest.raises(ParameterError, match=r"parameter rules must be such as rules\.json") as error:
        read(Params, [f"rules={signed}?sig=SECRET"])
    assert "SECRET" not in str(error.value)
