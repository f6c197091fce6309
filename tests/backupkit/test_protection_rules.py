"""Rules that say what is to protect what: read as a whole, the first that takes a resource decides."""

import json
from dataclasses import replace

import pytest
from backupkit.errors import ParameterError
from backupkit.protection_rules import Rule, read_rules, unfit, vault_for
from backupkit.records import Policy
from hypothesis import example, given
from hypothesis import strategies as st

from tests.decisions.cases import BACKUP_VAULT, SUBSCRIPTION, vault_id
from tests.decisions.sweeps import resource

KINDS = ("vm", "sql", "files", "disk")
RSV, OTHER_RSV = vault_id("rsv-01"), vault_id("rsv-02")
FAR = "22222222-2222-2222-2222-222222222222"
FAR_RSV = f"/subscriptions/{FAR}/resourcegroups/rg/providers/microsoft.recoveryservices/vaults/rsv-far"
FAR_BACKUP_VAULT = f"/subscriptions/{FAR}/resourcegroups/rg/providers/microsoft.dataprotection/backupvaults/b"
VAULTS = {RSV: "westeurope", BACKUP_VAULT: "westeurope"}
TO = {"vault": RSV, "policy": "daily"}


def faults_of(*entries):
    with pytest.raises(ParameterError) as error:
        read_rules(json.dumps(entries), KINDS)
    return list(error.value.faults)


# -- Reading -----------------------------------------------------------------------


def test_rules_are_read_in_order_and_lower_cased_but_for_what_is_shown():
    entry = {
        "name": "Gold", "kinds": ["VM"], "names": ["Web-*"], "regions": ["WestEurope"], "groups": ["RG-*"],
        "subscriptions": [FAR.upper()], "tags": {"Tier": "Gold"}, "vault": RSV.upper(), "policy": "Daily",
    }  # fmt: skip
    gold, rest = read_rules(json.dumps([entry, {"name": "rest", "exclude": "Not ours"}]), KINDS)

    assert gold == Rule(
        "Gold", ("vm",), ("web-*",), ("westeurope",), (FAR,), ("rg-*",), {"tier": "gold"},
        RSV.upper(), "Daily",
    )  # fmt: skip
    assert rest == Rule("rest", exclude="Not ours")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{", "rules: no JSON: "),
        ("{}", "rules: must be a list of objects"),
        ('"auto"', "rules: must be a list of objects"),
    ],
    ids=["no JSON", "an object", "a text"],
)
def test_what_is_no_list_is_no_rules(text, fault):
    with pytest.raises(ParameterError) as error:
        read_rules(text, KINDS)
    assert error.value.faults[0].startswith(fault)


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        pytest.param(TO, "rules: rule 1 needs a name", id="no name"),
        pytest.param({**TO, "name": 7}, "rules: rule 1 needs a name", id="a number for a name"),
        pytest.param({**TO, "name": "a", "kind": "vm"}, "rules: 'a': no such key 'kind'", id="a strange key"),
        pytest.param(
            {**TO, "name": "a", "names": "web"}, "rules: 'a': names must be a list of texts", id="no list"
        ),
        pytest.param(
            {**TO, "name": "a", "groups": [""]}, "rules: 'a': groups must be a list of texts", id="no text"
        ),
        pytest.param(
            {**TO, "name": "a", "tags": {"x": 1}}, "rules: 'a': tags must be an object of texts", id="no tag"
        ),
        pytest.param(
            {"name": "a", "exclude": True}, "rules: 'a': exclude must be a text", id="a reason that is none"
        ),
        pytest.param(
            {**TO, "name": "a", "kinds": ["vms"]},
            "rules: 'a': no kind 'vms'; there are disk, files, sql, vm",
            id="a strange kind",
        ),
        pytest.param(
            {**TO, "name": "a", "exclude": "x"},
            "rules: 'a' excludes, so it takes neither vault nor policy",
            id="both protected and excluded",
        ),
        pytest.param(
            {"name": "a", "vault": "auto"},
            "rules: 'a' needs a vault (an id, or auto) and a policy, or exclude with the reason",
            id="no policy",
        ),
        pytest.param(
            {"name": "a"},
            "rules: 'a' needs a vault (an id, or auto) and a policy, or exclude with the reason",
            id="nothing to do",
        ),
    ],
)
def test_a_rule_is_refused_for(entry, fault):
    assert fault in faults_of(entry)


def test_every_fault_is_told_at_once():
    assert faults_of(
        {"kinds": ["vms"], "vault": RSV}, {**TO, "name": "b", "kinds": ["vm"], "colour": "red"}, 5
    ) == [
        "rules: rule 1 needs a name",
        "rules: 'b': no such key 'colour'",
        "rules: rule 3 needs a name",
        "rules: '1': no kind 'vms'; there are disk, files, sql, vm",
        "rules: '1' needs a vault (an id, or auto) and a policy, or exclude with the reason",
        "rules: '3' needs a vault (an id, or auto) and a policy, or exclude with the reason",
    ]


def test_two_rules_have_two_names():
    entry = {**TO, "name": "a", "kinds": ["vm"]}

    assert faults_of(entry, {**entry, "kinds": ["sql"]}) == ["rules: 'a': two rules have this name"]


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        pytest.param({}, {"kinds": ["vm"]}, id="one before takes all"),
        pytest.param({"kinds": ["vm", "sql"]}, {"kinds": ["sql"]}, id="of more kinds"),
        pytest.param({"names": ["web*"]}, {"names": ["WEB-*", "web1"]}, id="of a wider name"),
        pytest.param({"tags": {"Tier": "x"}}, {"tags": {"tier": "X", "a": "b"}}, id="of fewer tags"),
        pytest.param({"regions": ["A"]}, {"regions": ["a"], "names": ["x"]}, id="with fewer conditions"),
    ],
)
def test_a_rule_that_can_never_match_is_a_fault(earlier, later):
    told = faults_of({**TO, **earlier, "name": "first"}, {**TO, **later, "name": "second"})

    assert told == ["rules: 'second' can never match: 'first' before it takes all that it would"]


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        pytest.param({"kinds": ["vm"]}, {}, id="the later takes more"),
        pytest.param({"kinds": ["vm"]}, {"kinds": ["vm", "sql"]}, id="the later is of more kinds"),
        pytest.param({"names": ["web-*"]}, {"names": ["web*"]}, id="the later has the wider name"),
        pytest.param({"names": ["web-?"]}, {"names": ["web-*"]}, id="a question mark is no pattern"),
        pytest.param({"tags": {"a": "b"}}, {}, id="the later needs no tag"),
    ],
)
def test_a_rule_that_can_still_match_is_none(earlier, later):
    entries = [{**TO, **earlier, "name": "first"}, {**TO, **later, "name": "second"}]

    assert len(read_rules(json.dumps(entries), KINDS)) == 2


# -- Taking ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("conditions", "facts", "takes"),
    [
        pytest.param({}, {}, True, id="without conditions it takes all"),
        pytest.param({"kinds": ("vm",)}, {}, True, id="its kind"),
        pytest.param({"kinds": ("sql",)}, {}, False, id="another kind"),
        pytest.param({"names": ("web-*", "db")}, {"name": "WEB-01"}, True, id="a pattern in any casing"),
        pytest.param({"names": ("web-*",)}, {"name": "my-web-01"}, False, id="a pattern is of the whole"),
        pytest.param({"names": ("*[1]*",)}, {"name": "db [1] x"}, True, id="brackets are brackets"),
        pytest.param({"names": ("v?-01",)}, {}, False, id="a question mark is one"),
        pytest.param({"regions": ("westeurope",)}, {}, True, id="its region"),
        pytest.param({"regions": ("northeurope",)}, {}, False, id="another region"),
        pytest.param({"subscriptions": (FAR,)}, {}, False, id="another subscription"),
        pytest.param({"groups": ("rg-*",)}, {}, True, id="its group"),
        pytest.param({"tags": {"tier": "gold"}}, {"tags": {"Tier": "GOLD"}}, True, id="a tag in any casing"),
        pytest.param({"tags": {"tier": "gold"}}, {"tags": {"tier": "tin"}}, False, id="another value"),
        pytest.param({"tags": {"a": "1", "b": "2"}}, {"tags": {"a": "1"}}, False, id="not every tag"),
        pytest.param({"kinds": ("vm",), "names": ("x",)}, {}, False, id="all conditions must hold"),
    ],
)
def test_a_rule_takes(conditions, facts, takes):
    assert Rule("a", **conditions).takes(resource(**facts)) is takes


WORDS = st.sampled_from(["a", "b", "ab", "a*", "*", "*b", "a?", "[a]", "a*b"])
PLAIN = st.sampled_from(["a", "b", "ab", "aab", "ax", "a?", "[a]", "", "b*", "acb"])
FEW = st.lists(WORDS, max_size=2).map(tuple)
TAGS = st.dictionaries(st.sampled_from("xy"), st.sampled_from("12"), max_size=2)
RULES = st.builds(Rule, name=st.just("r"), kinds=FEW, names=FEW, regions=FEW, groups=FEW, tags=TAGS)
RESOURCES = st.builds(
    lambda kind, name, location, group, tags: resource(
        name, kind=kind, location=location, group=group, tags=tags
    ),
    PLAIN, PLAIN, PLAIN, PLAIN, TAGS,
)  # fmt: skip


@given(RULES, RULES, RESOURCES)
@example(Rule("r", names=("a?",)), Rule("r", names=("a*",)), resource("ab"))
def test_a_rule_that_covers_another_takes_all_that_it_takes(earlier, later, one):
    assert not (earlier.covers(later) and later.takes(one)) or earlier.takes(one)


@given(RULES)
def test_a_rule_covers_itself(rule):
    assert rule.covers(rule)


# -- Fitting what is seen ----------------------------------------------------------

DAILY = Policy(f"{RSV}/backuppolicies/daily", workload="vm")
RULE = Rule("a", kinds=("vm",), vault=RSV.upper(), policy="Daily")


def misfits(rule, *policies):
    return list(unfit([rule], VAULTS, {one.id: one for one in policies}))


def test_a_rule_fits_its_vault_and_policy_in_any_casing():
    assert misfits(replace(RULE, regions=("westeurope",)), DAILY) == []


@pytest.mark.parametrize(
    "rule", [Rule("a", exclude="x"), Rule("a", vault="AUTO", policy="any")], ids=["excludes", "auto"]
)
def test_a_rule_that_names_no_vault_fits(rule):
    assert misfits(rule) == []


@pytest.mark.parametrize(
    ("facts", "fault"),
    [
        pytest.param({"vault": OTHER_RSV}, f"the vault {OTHER_RSV} is not seen by this identity", id="one"),
        pytest.param(
            {"regions": ("eastus", "westeurope")},
            "its vault is in westeurope and cannot protect what is in eastus",
            id="another region",
        ),
        pytest.param(
            {"subscriptions": (FAR,)},
            f"its vault protects its own subscription alone, not {FAR}",
            id="another subscription",
        ),
        pytest.param({"policy": "hourly"}, "no policy 'hourly' in its vault", id="no such policy"),
        pytest.param(
            {"kinds": ("sql",)},
            "the policy 'Daily' is for vm, not for sql",
            id="a policy for another",
        ),
        pytest.param(
            {"kinds": ("disk", "vm")},
            "disk is not protected by that kind of vault",
            id="a kind that the vault does not protect",
        ),
    ],
)
def test_a_rule_is_unfit(facts, fault):
    assert f"rules: 'a': {fault}" in misfits(replace(RULE, **facts), DAILY)


def test_all_that_is_unfit_is_told_at_once():
    rule = replace(RULE, regions=("eastus",), subscriptions=(FAR,), kinds=("disk",), policy="none")

    assert len(misfits(rule, DAILY)) == 4


def test_a_backup_vault_protects_other_subscriptions_too():
    rule = Rule("a", kinds=("disk",), subscriptions=(FAR,), vault=BACKUP_VAULT, policy="disks")

    assert misfits(rule, Policy(f"{BACKUP_VAULT}/backuppolicies/disks", workload="disk")) == []


# -- The vault for a resource ------------------------------------------------------

AUTO = Rule("a", vault="auto", policy="daily")
SAME_SUBSCRIPTION = "its vault protects its own subscription alone"


@pytest.mark.parametrize(
    ("vault", "facts", "chosen"),
    [
        pytest.param(RSV.upper(), {}, (RSV, ""), id="in reach"),
        pytest.param(
            RSV,
            {"location": "eastus"},
            ("", "its vault is in westeurope, the resource in eastus"),
            id="in another region",
        ),
        pytest.param(RSV, {"subscription": FAR}, ("", SAME_SUBSCRIPTION), id="of another subscription"),
        pytest.param(
            RSV,
            {"kind": "disk"},
            ("", "its vault is of the kind that does not protect disk"),
            id="of the other kind",
        ),
        pytest.param(
            BACKUP_VAULT,
            {"kind": "disk", "subscription": FAR},
            (BACKUP_VAULT, ""),
            id="from afar",
        ),
        pytest.param(
            OTHER_RSV, {}, ("", "its vault is in an unknown region, the resource in westeurope"), id="unseen"
        ),
    ],
)
def test_a_vault_that_a_rule_names_is_taken_where_it_is_in_reach(vault, facts, chosen):
    assert vault_for(replace(AUTO, vault=vault), resource(**facts), VAULTS, {}) == chosen


@pytest.mark.parametrize(
    ("vaults", "protecting", "chosen"),
    [
        pytest.param({}, {}, ("", "no vault in its region and subscription"), id="none"),
        pytest.param({RSV: "westeurope"}, {}, (RSV, ""), id="the only one"),
        pytest.param({RSV: "eastus", OTHER_RSV: "westeurope"}, {}, (OTHER_RSV, ""), id="that of its region"),
        pytest.param({FAR_RSV: "westeurope", RSV: "westeurope"}, {}, (RSV, ""), id="its subscription's"),
        pytest.param({BACKUP_VAULT: "westeurope", RSV: "westeurope"}, {}, (RSV, ""), id="that of its world"),
        pytest.param(
            {RSV: "westeurope", OTHER_RSV: "westeurope"},
            {(OTHER_RSV, "vm"): 1, (RSV, "sql"): 9},
            (OTHER_RSV, ""),
            id="that which protects most of its kind",
        ),
        pytest.param(
            {RSV: "westeurope", OTHER_RSV: "westeurope"},
            {(OTHER_RSV, "vm"): 2, (RSV, "vm"): 2},
            ("", "the vaults rsv-01 and rsv-02 are equal: name one in the rule"),
            id="none of two that are equal",
        ),
    ],
)
def test_auto_takes(vaults, protecting, chosen):
    assert vault_for(AUTO, resource(), vaults, protecting) == chosen


SEEN = st.dictionaries(
    st.sampled_from([RSV, OTHER_RSV, FAR_RSV, BACKUP_VAULT, FAR_BACKUP_VAULT]),
    st.sampled_from(["westeurope", "eastus"]),
)
COUNTS = st.dictionaries(
    st.tuples(st.sampled_from([RSV, OTHER_RSV, FAR_RSV, BACKUP_VAULT]), st.sampled_from(["vm", "disk"])),
    st.integers(0, 3),
)


@given(SEEN, COUNTS, st.sampled_from(["vm", "disk"]))
def test_auto_takes_a_vault_in_reach_that_no_other_equals_or_says_why_not(vaults, counts, kind):
    one = resource(kind=kind)
    chosen, fault = vault_for(AUTO, one, vaults, counts)

    assert bool(chosen) != bool(fault)
    if chosen:
        assert vault_for(replace(AUTO, vault=chosen), one, vaults, counts) == (chosen, "")
        near = [other for other in vaults if SUBSCRIPTION in other and vaults[other] == "westeurope"]
        rivals = [other for other in near if ("dataprotection" in other) == (kind == "disk")]
        most = max(counts.get((other, kind), 0) for other in rivals)
        assert [other for other in rivals if counts.get((other, kind), 0) == most] == [chosen]
