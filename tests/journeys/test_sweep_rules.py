"""A sweep's rules, from wherever they are kept, and what it remembers from one run to the next."""

import json

import pytest

from tests.journeys.ledgers import BLOBS, LEDGER
from tests.journeys.runs import GRAPH
from tests.journeys.sweeps import MEMORY, Estate, by_name, coverage, sweep, verdicts

RULES = "https://stledger.blob.core.windows.net/config/rules.json"
VM = "kinds=vm"


@pytest.fixture(scope="module")
def world():
    estate = Estate()
    estate.covered("vm-good", "vm")
    estate.bare("vm-shop", "vm", tags={"env": "prod"})
    estate.bare("vm-lab", "vm", tags={"env": "lab"})
    estate.bare("vm-else", "vm")
    return estate


@pytest.fixture(scope="module")
def estate(world, tmp_path_factory):
    return world.write(tmp_path_factory.mktemp("estate"))


@pytest.fixture
def rules(world):
    """Production goes to a vault by name, and laboratories nowhere."""
    return [
        {
            "name": "shops",
            "kinds": ["vm"],
            "tags": {"Env": "PROD"},
            "vault": world.recovery,
            "policy": "daily",
        },
        {"name": "labs", "names": ["vm-lab*"], "exclude": "made anew every night"},
    ]


def kept_in_a_file(rules, estate, tmp_path, monkeypatch):
    (tmp_path / "rules.json").write_text(json.dumps(rules))
    return str(tmp_path / "rules.json")


def kept_in_a_blob(rules, estate, tmp_path, monkeypatch):
    place = estate / "blobs" / "stledger" / "config"
    place.mkdir(parents=True, exist_ok=True)
    (place / "rules.json").write_text(json.dumps(rules))
    return RULES


def kept_in_a_variable(rules, estate, tmp_path, monkeypatch):
    monkeypatch.setenv("SWEEP_RULES", json.dumps(rules))
    return "var:SWEEP_RULES"


@pytest.mark.parametrize("kept", [kept_in_a_file, kept_in_a_blob, kept_in_a_variable])
def test_rules_decide_in_order_wherever_they_are(estate, rules, tmp_path, monkeypatch, kept):
    run = sweep(estate, tmp_path / "run", VM, f"rules={kept(rules, estate, tmp_path, monkeypatch)}")

    assert run.code == 0
    assert verdicts(run) == {
        "vm-good": ("protected", "healthy", "its_item"),
        "vm-shop": ("unprotected", "none", "shops"),
        "vm-lab": ("excluded", "none", "labs"),
        "vm-else": ("unprotected", "none", "no_rule"),
    }
    told = {one["name"]: (one["vault"], one["policy"], one["reason"]) for one in run.decisions}
    assert told["vm-shop"][0].endswith("/rsv-a")
    assert told["vm-shop"][1:] == ("daily", "no vault protects it")
    assert told["vm-lab"] == (None, None, "made anew every night")


def test_what_is_protected_already_stays_so_whatever_a_rule_says(estate, tmp_path):
    (tmp_path / "rules.json").write_text(json.dumps([{"name": "none", "exclude": "not ours"}]))
    run = sweep(estate, tmp_path / "run", VM, f"rules={tmp_path / 'rules.json'}")

    assert run.of("protected") == ["vm-good"]
    assert by_name(run, "excluded") == ["vm-else", "vm-lab", "vm-shop"]


def test_auto_takes_the_vault_that_protects_most_of_the_kind_and_says_where_two_are_equal(tmp_path):
    estate = Estate()
    estate.rsv("rsv-b", estate.group)
    estate.rsv("rsv-far", estate.group)
    estate.row(estate.rsv("rsv-us", estate.group))["location"] = "eastus2"
    estate.covered("vm-good", "vm")
    estate.bare("vm-bare", "vm")
    estate.row(estate.bare("vm-us", "vm"))["location"] = "eastus2"
    estate.row(estate.bare("vm-asia", "vm"))["location"] = "southeastasia"
    source = estate.write(tmp_path / "estate")
    (tmp_path / "rules.json").write_text(json.dumps([{"name": "all", "vault": "auto", "policy": "daily"}]))
    run = sweep(source, tmp_path / "run", VM, f"rules={tmp_path / 'rules.json'}")
    told = {one["name"]: ((one["vault"] or "").rpartition("/")[2], one["reason"]) for one in run.decisions}

    assert told["vm-bare"] == ("rsv-a", "no vault protects it")
    assert told["vm-us"] == ("rsv-us", "no vault protects it")
    assert told["vm-asia"] == ("", "no vault protects it; no vault in its region and subscription")


def test_two_vaults_that_are_equal_are_named_and_neither_is_taken(tmp_path):
    estate = Estate()
    estate.rsv("rsv-b", estate.group)
    estate.bare("vm-bare", "vm")
    (tmp_path / "rules.json").write_text(json.dumps([{"name": "all", "vault": "auto", "policy": "daily"}]))
    run = sweep(estate.write(tmp_path / "estate"), tmp_path / "run", VM, f"rules={tmp_path / 'rules.json'}")

    assert run.decisions[0]["vault"] is None
    assert "the vaults rsv-a and rsv-b are equal: name one in the rule" in run.decisions[0]["reason"]


# -- faults ----------------------------------------------------------------------------------------


def to(vault, **more):
    return {"name": "one", "vault": vault, "policy": "daily", **more}


BEFORE_READING = {
    "no JSON": ("{", ["rules: no JSON: "]),
    "no list": ({}, ["rules: must be a list of objects"]),
    "no object": (["all"], ["rules: rule 1 needs a name"]),
    "a name that is missing": ([{"exclude": "x"}], ["rules: rule 1 needs a name"]),
    "a key that is none": (
        [{"name": "one", "exclude": "x", "region": "westeurope"}],
        ["rules: 'one': no such key 'region'"],
    ),
    "a kind that is none": (
        [{"name": "one", "kinds": ["tape"], "exclude": "x"}],
        ["no kind 'tape'; there are"],
    ),
    "a list that is none": (
        [{"name": "one", "names": "vm-*", "exclude": "x"}],
        ["rules: 'one': names must be a list of texts"],
    ),
    "tags that are none": (
        [{"name": "one", "tags": ["env"], "exclude": "x"}],
        ["rules: 'one': tags must be an object of texts"],
    ),
    "neither vault nor reason": ([{"name": "one"}], ["rules: 'one' needs a vault"]),
    "both of them": ([to("auto", exclude="x")], ["rules: 'one' excludes, so it takes neither vault nor"]),
    "one that never matches": (
        [{"name": "all", "exclude": "x"}, {"name": "one", "kinds": ["vm"], "exclude": "x"}],
        ["rules: 'one' can never match: 'all' before it takes all that it would"],
    ),
    "two of one name": (
        [{"name": "one", "kinds": [kind], "exclude": "x"} for kind in ("vm", "disk")],
        ["rules: 'one': two rules have this name"],
    ),
    "several at once": (
        [{"exclude": "x", "kinds": ["tape"]}, {"name": "one", "regions": [""]}],
        ["rule 1 needs a name", "no kind 'tape'", "'one': regions must be", "'one' needs a vault"],
    ),
}


@pytest.mark.parametrize(("rules", "told"), BEFORE_READING.values(), ids=BEFORE_READING)
def test_rules_are_checked_as_a_whole_before_anything_is_read(estate, tmp_path, rules, told):
    place = tmp_path / "rules.json"
    place.write_text(rules if isinstance(rules, str) else json.dumps(rules))
    run = sweep(estate, tmp_path / "run", f"rules={place}")

    assert (run.code, run.requests) == (2, [])
    for fault in told:
        assert [line for line in run.lines if fault in line]
    assert run.error.endswith(" faults in what parameters name, nothing was changed")


AGAINST_THE_ESTATE = {
    "a vault that is not seen": (
        lambda world: to(f"{world.recovery}-x"),
        "is not seen by this identity",
    ),
    "a policy that is not there": (
        lambda world: to(world.recovery, policy="hourly"),
        "no policy 'hourly' in its vault",
    ),
    "a region that is not the vault's": (
        lambda world: to(world.recovery, regions=["eastus2"]),
        "its vault is in westeurope and cannot protect what is in eastus2",
    ),
    "a subscription that is not the vault's": (
        lambda world: to(world.recovery, subscriptions=["00000000-0000-0000-0000-000000000001"]),
        "its vault protects its own subscription alone, not 00000000",
    ),
    "a kind that the vault does not protect": (
        lambda world: to(world.recovery, kinds=["disk"]),
        "disk is not protected by that kind of vault",
    ),
    "a kind that the policy is not for": (
        lambda world: to(world.recovery, kinds=["files"]),
        "the policy 'daily' is for vm, not for files",
    ),
}


@pytest.fixture(params=["", "check"], ids=["in a run", "in a check"])
def token(request):
    return request.param


@pytest.mark.parametrize("case", AGAINST_THE_ESTATE)
def test_rules_must_fit_the_vaults_and_nothing_is_decided_by_ones_that_do_not(
    world, estate, tmp_path, case, token
):
    rule, told = AGAINST_THE_ESTATE[case]
    (tmp_path / "rules.json").write_text(json.dumps([rule(world)]))
    run = sweep(estate, tmp_path / "run", f"rules={tmp_path / 'rules.json'}", *filter(None, [token]))

    assert run.code == 2
    assert [line for line in run.lines if line.startswith("ERROR: rules: 'one': ") and told in line]


@pytest.mark.parametrize(
    ("place", "told"),
    [
        pytest.param("{tmp}/none.json", "cannot be read", id="no file"),
        pytest.param("{tmp}", "cannot be read", id="a folder"),
        pytest.param(RULES.replace("rules", "none"), "there is no such blob", id="no blob"),
        pytest.param(RULES.replace("config", "nowhere"), "there is no such blob", id="no container"),
        pytest.param(
            "https://stother.blob.core.windows.net/config/rules.json",
            "cannot be read",
            id="no account",
            marks=pytest.mark.patient,
        ),
        pytest.param("var:NO_RULES", "no such variable", id="no variable"),
    ],
)
def test_rules_that_cannot_be_read_are_a_fault_of_the_parameter(world, tmp_path, place, told):
    run = sweep(world.write(tmp_path / "estate"), tmp_path / "run", f"rules={place.format(tmp=tmp_path)}")

    assert run.code == 2
    assert [line for line in run.lines if line.startswith("ERROR: rules: ") and told in line]
    assert [one for one in run.requests if one["path"] == GRAPH] == []


# -- from one run to the next ----------------------------------------------------------------------


@pytest.fixture
def remembering():
    """Two machines of three are protected, and the ledger's container is there."""
    estate = Estate()
    estate.covered("vm-a", "vm")
    estate.covered("vm-b", "vm")
    estate.bare("vm-c", "vm")
    return estate


def written(estate, folder):
    (estate.write(folder) / BLOBS).mkdir(parents=True)
    (folder / BLOBS / "readme.txt").write_text("what runs remember")
    return folder


def remembered(run):
    return json.loads((run.state / "blobs" / "stledger" / MEMORY.strip("/")).read_bytes())


def carried(run, estate, folder):
    """The same estate as it is by now, with the blobs that a run left."""
    estate.write(folder)
    (folder / BLOBS).parent.mkdir(parents=True)
    (folder / BLOBS).symlink_to(run.state / BLOBS)
    return folder


def test_coverage_is_told_with_its_change_since_the_last_complete_run(remembering, tmp_path):
    tokens = (VM, f"ledger={LEDGER}")
    first = sweep(written(remembering, tmp_path / "before"), tmp_path / "first", *tokens)
    remembering.bare("vm-d", "vm")
    second = sweep(carried(first, remembering, tmp_path / "after"), tmp_path / "second", *tokens)

    assert coverage(first)["kind=vm"] == "share=66.7% change=new protected=2 unprotected=1"
    assert coverage(second)["kind=vm"] == "share=50.0% change=-16.7 protected=2 unprotected=2"
    assert coverage(second)["location=westeurope"].startswith("share=50.0% change=-16.7 ")
    assert (first.code, second.code) == (0, 0)


def test_a_run_that_asks_for_something_else_has_a_memory_of_its_own(remembering, tmp_path):
    ledger = f"ledger={LEDGER}"
    first = sweep(written(remembering, tmp_path / "before"), tmp_path / "first", VM, ledger)
    second = sweep(
        carried(first, remembering, tmp_path / "after"), tmp_path / "second", "kinds=vm,disk", ledger
    )

    assert "change=new" in coverage(second)["kind=vm"]
    assert sorted(remembered(second)) == ["disk,vm", "vm"]


def test_a_dry_run_makes_no_container_to_remember_in(remembering, tmp_path):
    run = sweep(remembering.write(tmp_path / "estate"), tmp_path / "run", VM, f"ledger={LEDGER}")

    assert run.code == 0
    assert [one for one in run.requests if one["method"] == "PUT"] == []


def test_a_vault_that_is_out_of_sight_by_now_is_known_from_the_last_complete_run(remembering, tmp_path):
    tokens = (VM, f"ledger={LEDGER}")
    first = sweep(written(remembering, tmp_path / "before"), tmp_path / "first", *tokens)
    remembering.world["forbidden"] = [remembering.recovery]
    after = carried(first, remembering, tmp_path / "after")
    second = sweep(after, tmp_path / "second", *tokens)

    assert (second.code, second.unread) == (1, [remembering.recovery.lower()])
    assert by_name(second, "unknown") == ["vm-a", "vm-b", "vm-c"]
    assert "the last complete run saw it" in second.warnings[-1]
    assert remembered(second) == remembered(first)


def test_a_hidden_vault_that_is_accepted_fails_nothing_but_is_no_reason_to_call_anything_unprotected(
    remembering, tmp_path
):
    tokens = (VM, f"ledger={LEDGER}")
    first = sweep(written(remembering, tmp_path / "before"), tmp_path / "first", *tokens)
    remembering.world["forbidden"] = [remembering.recovery]
    after = carried(first, remembering, tmp_path / "after")
    second = sweep(after, tmp_path / "second", *tokens, f"accept_unread={remembering.recovery}")

    assert (second.code, second.unread) == (0, [])
    assert set(verdicts(second).values()) == {("unknown", "none", "accepted_unread")}


def test_a_ledger_that_cannot_be_read_is_named_and_the_verdicts_are_as_ever(remembering, tmp_path):
    """Without it nobody knows of vaults out of sight, so the run fails."""
    refused = {"match": {"host": "blob"}, "when": {"always": True}, "then": {"status": 403}}
    run = sweep(
        written(remembering, tmp_path / "estate"), tmp_path / "run", VM, f"ledger={LEDGER}", faults=[refused]
    )

    assert (run.code, run.unread) == (1, [LEDGER])
    assert by_name(run, "unprotected") == ["vm-c"]
