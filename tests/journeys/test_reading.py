"""Complete or loud: what auto_retry sees of an estate, and what it says where it cannot see."""

import json
from collections import Counter

import pytest
from backupkit.params import parameters

from runbooks.auto_retry import Params
from simulator import clock
from tests.journeys.estates import HUMAN, World
from tests.journeys.runs import REAL, retry


def last(resource):
    return resource.rpartition("/")[2]


# -- more than a page ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """5,000 failed items, of which all but a few, the last of them included, need a person."""
    world = World()
    subscription = world.subscription("prod")
    for number in range(10):
        vault = world.rsv(f"rsv-{number}", subscription)
        for n in range(500):
            world.failed(vault, f"vm-{number}-{n:03}", HUMAN if n < 480 else 400002)
    return world.write(tmp_path_factory.mktemp("large"))


def test_failures_beyond_the_first_pages_of_resource_graph_are_found(large, tmp_path):
    """A page of Resource Graph holds 1,000 rows; the stream of a job holds a line each of 2,000 decisions."""
    run = retry(
        large, tmp_path, *REAL, "max_per_vault=5", "max_triggers=40", "storm_min=500",
        quota="off",
    )  # fmt: skip
    started = Counter(last(one["vault"]) for one in run.triggers)

    assert run.code == 0
    assert len({one["item"] for one in run.decisions}) == 5000
    assert (sum(started.values()), max(started.values())) == (40, 5)
    assert Counter((one["verdict"], one["rule"]) for one in run.decisions) == {
        ("left", "needs_a_human"): 4800,
        ("retried", "passing_cause"): 40,
        ("left", "no_room"): 160,
    }
    assert run.lines == [
        "left rule=needs_a_human count=4800",
        "left rule=no_room count=160",
        "retried rule=passing_cause count=40",
        "done decided=5000 retried=40 left=4960 failed=0 unread=0",
    ]


def test_the_last_of_three_thousand_failures_is_retried(tmp_path):
    """At Resource Graph's own quota, with its headers watched: no query is throttled."""
    world = World()
    vault = world.rsv("rsv-a", world.subscription("prod"))
    world.all_failed(vault, [f"vm-{number:04}" for number in range(3000)], HUMAN)
    world.failed(vault, "vm-last")
    run = retry(world.write(tmp_path / "estate"), tmp_path / "run", *REAL)

    assert run.of("retried") == ["vm-last"]
    assert (run.done["decided"], run.stats["throttles"]) == (3001, 0)


# -- two words about one job -----------------------------------------------------------------------


def test_a_failure_that_the_vault_calls_completed_is_left(tmp_path):
    """Resource Graph is behind the vault, whose word counts."""
    world = World()
    vault = world.rsv("rsv-a", world.subscription("prod"))
    settled, _ = world.all_failed(vault, ["vm-settled", "vm-failed"])
    [job] = [
        row["id"]
        for row in world.rows("recoveryservicesresources")
        if row["properties"].get("backupInstanceId") == settled
    ]
    world.rest(job, {"properties": {"status": "Completed", "errorDetails": None}})
    run = retry(world.write(tmp_path / "estate"), tmp_path / "run", *REAL)

    assert run.why("vm-settled") == ("left", "succeeded_since")
    assert run.of("retried") == ["vm-failed"]


# -- what cannot be seen ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def world():
    """Two subscriptions below different management groups, the first with two vaults."""
    world = World()
    shop = world.subscription("shop", management_groups=("shops", "corp"))
    lab = world.subscription("lab", management_groups=("labs", "corp"))
    for name, subscription in (("rsv-shop", shop), ("rsv-till", shop), ("rsv-lab", lab)):
        world.failed(world.rsv(name, subscription), name.replace("rsv", "vm"))
    return world


@pytest.fixture(scope="module")
def ids(world):
    """Subscriptions and vaults by name."""
    return {row["name"]: row["id"] for row in world.rows("resources")} | {
        row["name"]: row["subscriptionId"] for row in world.rows("resourcecontainers")
    }


@pytest.fixture(scope="module")
def estate(world, tmp_path_factory):
    return world.write(tmp_path_factory.mktemp("two-subscriptions"))


@pytest.fixture
def with_forbidden(estate, tmp_path):
    """The same estate in which some scopes may not be read."""

    def write(*scopes):
        folder = tmp_path / "forbidden"
        folder.mkdir()
        for table in estate.glob("*.ndjson"):
            (folder / table.name).symlink_to(table)
        (folder / "world.json").write_text(json.dumps({"forbidden": scopes}))
        return folder

    return write


def test_a_vault_that_a_parameter_names_and_nobody_shows_is_named_and_the_rest_is_done(
    with_forbidden, ids, tmp_path
):
    vaults = f"vaults={ids['rsv-shop']},{ids['rsv-till']}"
    run = retry(with_forbidden(ids["rsv-till"]), tmp_path / "run", *REAL, vaults)

    assert run.code == 1
    assert run.of("retried") == ["vm-shop"]
    assert run.unread == [ids["rsv-till"].lower()]
    assert run.warnings[0].startswith(f"not read scope={ids['rsv-till'].lower()} why=")
    assert "Azure answered 403 AuthorizationFailed" in run.warnings[0]
    assert run.error == "1 scopes were not read; see the WARNING lines above"


@pytest.mark.parametrize("accepted", ["rsv-till", "shop"])
def test_what_is_known_to_be_unreadable_is_no_fault(with_forbidden, ids, tmp_path, accepted):
    vaults = f"vaults={ids['rsv-shop']},{ids['rsv-till']}"
    run = retry(
        with_forbidden(ids["rsv-till"]), tmp_path / "run", *REAL, vaults, f"accept_unread={ids[accepted]}"
    )

    assert (run.code, run.unread) == (0, [])
    assert run.of("retried") == ["vm-shop"]


def test_a_vault_that_hides_its_jobs_is_named_and_nothing_of_it_is_started(estate, ids, tmp_path):
    refused = {"status": 403, "body": {"error": {"code": "AuthorizationFailed", "message": "no read"}}}
    faults = [{"match": {"path": "rsv-till/backupJobs$"}, "when": {"always": True}, "then": refused}]
    run = retry(estate, tmp_path, *REAL, faults=faults)

    assert (run.code, run.unread) == (1, [ids["rsv-till"].lower()])
    assert run.why("vm-till") == ("left", "vault_unread")
    assert sorted(run.of("retried")) == ["vm-lab", "vm-shop"]


@pytest.mark.parametrize(
    ("expected", "named"),
    [
        pytest.param("2", "scope", id="by count"),
        pytest.param("{lab}", "{lab}", id="by id"),
        pytest.param("{shop},{lab}", "{lab}", id="by ids"),
    ],
)
def test_a_subscription_that_is_expected_and_not_seen_is_an_error(
    with_forbidden, ids, tmp_path, expected, named
):
    run = retry(
        with_forbidden(f"/subscriptions/{ids['lab']}"),
        tmp_path / "run",
        *REAL,
        f"expect_subscriptions={expected.format(**ids)}",
    )

    assert (run.code, run.unread) == (1, [named.format(**ids)])
    assert sorted(run.of("retried")) == ["vm-shop", "vm-till"]


@pytest.mark.parametrize(
    ("scope", "seen"),
    [
        pytest.param("{SHOP}", ["vm-shop", "vm-till"], id="one subscription, in capitals"),
        pytest.param("{lab},{shop}", ["vm-lab", "vm-shop", "vm-till"], id="two subscriptions"),
        pytest.param("mg:labs", ["vm-lab"], id="a management group"),
        pytest.param("mg:labs,mg:shops", ["vm-lab", "vm-shop", "vm-till"], id="two groups"),
    ],
)
def test_only_what_is_in_scope_is_looked_at(estate, ids, tmp_path, scope, seen):
    names = {"lab": ids["lab"], "shop": ids["shop"], "SHOP": ids["shop"].upper()}
    run = retry(estate, tmp_path, *REAL, "scope=" + scope.format(**names))

    assert (run.code, sorted(run.of("retried"))) == (0, seen)
    assert len(run.decisions) == len(seen)


def test_a_subscription_in_scope_that_is_not_seen_is_named_and_the_rest_is_done(
    with_forbidden, ids, tmp_path
):
    scope = f"scope={ids['lab']},{ids['shop']}"
    run = retry(with_forbidden(f"/subscriptions/{ids['lab']}"), tmp_path / "run", *REAL, scope)

    assert (run.code, run.unread) == (1, [ids["lab"]])
    assert sorted(run.of("retried")) == ["vm-shop", "vm-till"]


@pytest.mark.parametrize(
    ("scope", "unread"),
    [
        pytest.param("", ["scope"], id="no subscription at all"),
        pytest.param("{lab}", ["{lab}", "scope"], id="nor the one in scope"),
    ],
)
def test_seeing_nothing_is_never_taken_for_nothing_to_do(with_forbidden, ids, tmp_path, scope, unread):
    estate = with_forbidden(*(f"/subscriptions/{ids[name]}" for name in ("shop", "lab")))
    run = retry(estate, tmp_path / "run", *REAL, "scope=" + scope.format(**ids))

    assert (run.code, run.triggers) == (1, [])
    assert run.unread == [one.format(**ids) for one in unread]
    assert run.error.startswith(f"{len(unread)} scopes were not read")


def test_a_management_group_that_is_not_seen_ends_the_run(estate, tmp_path):
    run = retry(estate, tmp_path, *REAL, "scope=mg:nowhere")

    assert (run.code, run.triggers) == (1, [])
    assert run.error.startswith("list subscriptions: Azure answered 4")


# -- the limit of the vaults' job lists ------------------------------------------------------------


@pytest.fixture
def used_up(estate, tmp_path):
    """The estate where `left` reads of job lists are left in each subscription for so many seconds."""

    def write(left, seconds):
        path = retry(estate, tmp_path / "before").state / "world.json"
        world = json.loads(path.read_text())
        ends = clock.stamp(clock.now() + seconds)
        names = [name for name in world["limits"] if "backupjobs/read" in name]
        assert len(names) == 2
        world["limits"].update({name: {"used": 150 - left, "ends": ends} for name in names})
        path.write_text(json.dumps(world))
        return path.parent

    return write


def test_without_the_vaults_own_word_nothing_is_started(used_up, tmp_path):
    """Azure takes 150 reads of job lists an hour, of which another tool has used all."""
    run = retry(used_up(0, 3000), tmp_path / "run", *REAL)

    assert (run.code, run.triggers) == (1, [])
    assert sorted(map(last, run.unread)) == ["rsv-lab", "rsv-shop", "rsv-till"]
    assert set(run.verdicts().values()) == {("left", "vault_unread")}
    assert "ResourceRequestsThrottled" in run.warnings[0]


def test_the_vaults_that_could_be_asked_are_served(used_up, tmp_path):
    run = retry(used_up(1, 3000), tmp_path / "run", *REAL)

    assert (run.code, list(map(last, run.unread))) == (1, ["rsv-till"])
    assert sorted(run.of("retried")) == ["vm-lab", "vm-shop"]


# -- text that is no query -------------------------------------------------------------------------

NAMES = [one.name for one in parameters(Params)]
FREE = ("report", "notify", "optout_tag")
"""Paths and tags may be almost any text; they stand in no query."""


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("x' or 1==1 | take 0 //", id="ends its literal"),
        pytest.param("');", id="ends a call"),
        pytest.param('x" | union resources //', id="ends a literal in double quotes"),
        pytest.param("`x` | where 1==1", id="backticks"),
        pytest.param("x'\n| take 0", id="a newline"),
        pytest.param("\\' | take 0 //", id="an escaped quote"),
        pytest.param("00000000-0000-0000-0000-000000000000'", id="a subscription with a quote"),
    ],
)
def test_text_that_could_change_a_query_is_refused_in_every_parameter(estate, tmp_path, text):
    """Each token of Automation is without blanks; ours may come from anywhere."""
    run = retry(estate, tmp_path, *(f"{name}={text}" for name in NAMES if name not in FREE), "report=x")

    assert run.code == 2
    assert [line.split()[2] for line in run.lines if " parameter " in line] >= sorted(set(NAMES) - set(FREE))


@pytest.fixture(scope="module")
def plain(estate, tmp_path_factory):
    return retry(estate, tmp_path_factory.mktemp("plain"), *REAL)


@pytest.mark.parametrize("name", FREE)
def test_text_where_any_is_allowed_changes_no_query(estate, plain, tmp_path, name):
    place = tmp_path / "x'|take(0)"
    place.write_text("https://contoso.webhook.office.com/x")
    text = "x':1==1|take(0)" if name == "optout_tag" else place
    run = retry(estate, tmp_path / "run", *REAL, f"{name}={text}")

    assert (run.code, len(run.requests)) == (0, len(plain.requests))
    assert run.stats["bytes"]["in"] == plain.stats["bytes"]["in"]
    assert [one["item"] for one in run.triggers] == [one["item"] for one in plain.triggers]


def test_names_and_tags_with_quotes_neither_break_nor_widen_a_query(tmp_path):
    """Azure allows no such names in ids; tags and names that people see may hold anything."""
    world = World()
    subscription = world.subscription("prod' or 1==1 //")
    vault, other = world.rsv("rsv-a", subscription), world.rsv("rsv-b", subscription)
    item = world.failed(vault, "vm-app", tags={"x' or 1==1 //": "') | take 0", "backup-retry": "o'ff"})
    world.change(item, friendlyName="vm-app' | take 0 //")
    world.job(item, "Failed", ago="2h", codes=[400002], entityFriendlyName="vm-app' | take 0 //")
    world.failed(other, "vm-optout", tags={"backup-retry": "off"})
    run = retry(world.write(tmp_path / "estate"), tmp_path / "run", *REAL, f"vaults={vault}")

    assert run.code == 0
    assert [(one["name"], one["verdict"]) for one in run.decisions] == [("vm-app' | take 0 //", "retried")]


def test_an_id_that_cannot_stand_in_a_query_is_named_and_the_rest_is_done(tmp_path):
    world = World()
    subscription = world.subscription("prod")
    vault = world.rsv("rsv-a", subscription)
    odd = world.rsv("rsv-o'brien", subscription)
    world.all_failed(vault, ["vm-app", "vm-o'brien"])
    world.failed(odd, "vm-odd")
    run = retry(world.write(tmp_path / "estate"), tmp_path / "run", *REAL)

    assert (run.code, run.of("retried")) == (1, ["vm-app"])
    assert list(map(last, run.unread)) == ["rsv-o'brien", "vm-o'brien"]
    assert all("cannot stand in a query" in one for one in run.warnings)
