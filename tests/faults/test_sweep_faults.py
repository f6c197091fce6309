"""A sweep of an Azure at its worst: every read that fails, once and for good.

A single fault changes nothing. A lasting one is named, and what it could hide is unknown: never
"unprotected", never "protected".
"""

import json

import pytest

from simulator.estate import Estate as Builder
from simulator.estate_databases import database, database_policy, protectable, sql_virtual_machine
from tests.faults.answers import LASTING, ONCE, fault, lasting_query, queries, unread
from tests.journeys.ledgers import BLOBS, LEDGER
from tests.journeys.runs import GRAPH
from tests.journeys.sweeps import OFF, STATUS, Estate, sweep

QUERIES = ("subscriptions", "vaults", "items", "policies", "resources", "groups", "databases")
"""Resource Graph has one path; its queries come in this order."""
EVERY_OTHER_QUERY = {"nth": list(range(1, 2 * len(QUERIES), 2))}
PATHS = {
    "token": "^/msi/token$",
    "rights": "/providers/Microsoft.Authorization/permissions$",
    "shares": "/stbare/fileServices/default/shares$",
}
CONFIRMING = {
    "status": f"{STATUS}$",
    "instances": "/disk-bare/providers/Microsoft.DataProtection/backupInstances$",
}
TOKENS = ("kinds=vm,disk,files,sql",)
GOOD, BARE, OFF_BY_TAG = (
    ("protected", "its_item"),
    ("unprotected", "nothing_protects_it"),
    ("excluded", "opted_out"),
)
NOT_READ, UNDISCOVERED = ("unknown", "not_read"), ("unknown", "undiscovered")
AS_EVER = {
    "vm-good": GOOD,
    "vm-bare": BARE,
    "vm-off": OFF_BY_TAG,
    "node": ("excluded", "made_by_another"),
    "disk-good": GOOD,
    "disk-bare": BARE,
    "stgood/good": GOOD,
    "stbare/bare": BARE,
    "vm-good/sales": GOOD,
    "vm-good/crm": BARE,
    "vm-off/hr": OFF_BY_TAG,
}
ALL_BARE = {name: NOT_READ for name, told in AS_EVER.items() if told == BARE}


@pytest.fixture(scope="module")
def estate(tmp_path_factory):
    """Of each kind of reading something protected and something that is not."""
    world = Estate()
    machine = world.row(world.covered("vm-good", "vm"))["properties"]["sourceResourceId"]
    world.bare("vm-bare", "vm")
    off = world.bare("vm-off", "vm", tags=OFF)
    cluster = world.bare("aks-a", "aks")
    Builder.group(world, "MC_aks", subscription=world.group, managed_by=cluster)
    world.vm("node", subscription=world.group, group="MC_aks")
    world.covered("disk-good", "disk")
    world.bare("disk-bare", "disk")
    world.covered("good", "files")
    world.bare("bare", "files")
    policy = database_policy(world, world.recovery, "sql-daily", full=world.clock(12))
    database(world, world.recovery, machine, "sales", policy=policy, last_recovery_point_ago="30m")
    protectable(world, world.recovery, machine, "sales", protected=True)
    protectable(world, world.recovery, machine, "crm")
    protectable(world, world.recovery, off, "hr")
    sql_virtual_machine(world, off)
    folder = world.write(tmp_path_factory.mktemp("estate"))
    (folder / BLOBS).mkdir(parents=True)
    (folder / BLOBS / "readme.txt").write_text("what runs remember")
    return folder


def told(run):
    return {one["name"]: (one["verdict"], one["rule"]) for one in run.decisions}


def lasting(of, **then):
    if of in {**PATHS, **CONFIRMING}:
        return fault({**PATHS, **CONFIRMING}[of], {"always": True}, **then)
    return lasting_query(of, among=QUERIES, **then)


def test_without_faults(estate, tmp_path):
    run = sweep(estate, tmp_path, *TOKENS)

    assert (run.code, told(run)) == (0, AS_EVER)
    assert queries(run) == len(QUERIES)


@pytest.mark.parametrize("then", ONCE.values(), ids=ONCE)
def test_every_read_may_fail_once(estate, tmp_path, then):
    paths = [path for name, path in {**PATHS, **CONFIRMING}.items() if name != "token"]
    once = [fault(path, {"nth": [1]}, **then) for path in paths]
    every_other = fault(GRAPH, EVERY_OTHER_QUERY, **then)
    run = sweep(estate, tmp_path, *TOKENS, "confirm=all", faults=[*once, every_other])

    assert (run.code, told(run), run.unread) == (0, AS_EVER, [])
    assert queries(run) == 2 * len(QUERIES)


@pytest.mark.parametrize("name", ["throttled", "dropped"])
def test_the_token_may_be_refused_once(estate, tmp_path, name):
    run = sweep(estate, tmp_path, *TOKENS, faults=[fault(PATHS["token"], {"nth": [1]}, **ONCE[name])])

    assert (run.code, told(run)) == (0, AS_EVER)


# What each read is for: what goes unread without it, and what is not said as ever then; None is not at all.
LOST = {
    "vaults": ("list vaults: 1 subscriptions", ALL_BARE),
    "items": (
        "read protected items: 1 subscriptions",
        ALL_BARE | dict.fromkeys(["vm-good", "disk-good", "stgood/good", "vm-good/sales"], NOT_READ),
    ),
    "policies": ("read policies: 1 subscriptions", {}),
    "resources": (
        "read resources: 1 subscriptions",
        {
            **dict.fromkeys(AS_EVER),
            **dict.fromkeys(["vm-good", "disk-good", "stgood/good"], NOT_READ),
            "vm-good/sales": GOOD,
            "vm-good/crm": NOT_READ,
            "vm-off/hr": NOT_READ,
        },
    ),
    "groups": ("read managed resource groups: 1 subscriptions", {**ALL_BARE, "node": NOT_READ}),
    "databases": (
        "read databases as discovered: 1 subscriptions",
        {"vm-good/crm": None, "vm-off/hr": None},
    ),
    "rights": ("{subscription}", ALL_BARE),
    "shares": ("stbare", {"stbare/bare": None, "stbare": UNDISCOVERED}),
}


@pytest.mark.parametrize("kind", LASTING)
@pytest.mark.parametrize("of", LOST)
def test_a_read_that_goes_on_failing_is_named_and_what_it_could_hide_is_unknown(estate, tmp_path, of, kind):
    then, said = LASTING[kind]
    run = sweep(estate, tmp_path, *TOKENS, faults=[lasting(of, **then)])
    scope, otherwise = LOST[of]
    subscription = json.loads((estate / "resourcecontainers.ndjson").read_text().splitlines()[0])[
        "subscriptionId"
    ]
    expected = {name: one for name, one in {**AS_EVER, **otherwise}.items() if one}

    assert (run.code, unread(run)) == (1, [scope.format(subscription=subscription)])
    assert told(run) == expected
    assert said in run.warnings[-1]


@pytest.mark.parametrize("kind", LASTING)
@pytest.mark.parametrize("of", CONFIRMING)
def test_a_confirmation_that_goes_on_failing_is_named_and_the_others_are_had(estate, tmp_path, of, kind):
    run = sweep(estate, tmp_path, *TOKENS, "confirm=all", faults=[lasting(of, **LASTING[kind][0])])
    confirmed = {one["name"]: one["confirmed"] for one in run.decisions if one["verdict"] == "unprotected"}
    missed = {"status": {"vm-bare", "stbare/bare"}, "instances": {"disk-bare"}}[of]

    assert {name for name, by in confirmed.items() if by is None} == missed | {"vm-good/crm"}
    assert (run.code, len(run.unread)) == (1, len(missed))


@pytest.mark.parametrize("of", ["vaults", "policies"])
def test_rules_are_not_blamed_for_what_could_not_be_read(estate, tmp_path, of):
    recovery = next(
        row["id"]
        for row in map(json.loads, (estate / "resources.ndjson").read_text().splitlines())
        if row["name"] == "rsv-a"
    )
    rules = [{"name": "all", "kinds": ["vm"], "vault": recovery, "policy": "daily"}]
    (tmp_path / "rules.json").write_text(json.dumps(rules))
    fails = lasting(of, **LASTING["server error"][0])
    run = sweep(estate, tmp_path / "run", "kinds=vm", f"rules={tmp_path / 'rules.json'}", faults=[fails])

    assert (run.code, len(run.unread)) == (1, 1)
    assert told(run)["vm-good"] == GOOD


@pytest.mark.parametrize(
    ("of", "kind", "error"),
    [
        ("token", "server error", "no token for Azure: "),
        ("token", "an empty object", "no token for Azure: "),
        ("subscriptions", "throttled", "list subscriptions: Azure answered 429"),
        ("subscriptions", "server error", "list subscriptions: Azure answered 500"),
        ("subscriptions", "an empty object", "list subscriptions: an answer without rows, or"),
    ],
)
def test_without_a_token_or_subscriptions_the_run_ends_with_what_azure_said(
    estate, tmp_path, of, kind, error
):
    run = sweep(estate, tmp_path, *TOKENS, faults=[lasting(of, **LASTING[kind][0])])

    assert (run.code, run.decisions) == (1, [])
    assert run.error.startswith(error)


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_ledger_that_fails_is_named_and_the_verdicts_are_as_ever(estate, tmp_path, method):
    fails = {"match": {"host": "blob", "method": method}, "when": {"always": True}, "then": {"status": 403}}
    run = sweep(estate, tmp_path, *TOKENS, f"ledger={LEDGER}", faults=[fails])

    assert (run.code, run.unread) == (1, [LEDGER])
    assert told(run) == AS_EVER
