"""Each query the kit sends, run on a simulated estate that reaches every branch of it."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from backupkit import queries
from backupkit.estate import Estate as Reading
from backupkit.graph import Graph, Scope
from backupkit.params import CommonParams

from simulator.estate import Estate
from simulator.kql import translate
from tests.backupkit.fakes import NOW, Clock, Simulated, load

UNTIL = datetime.fromtimestamp(NOW, UTC)
SINCE = UNTIL - timedelta(hours=24)
ALL = {
    name: text
    for name, text in vars(queries).items()
    if isinstance(text, str) and re.match(r"\w+\n\| ", text)
}


def filled(query):
    return (
        query.replace("{since}", "2026-06-15T12:00:00Z")
        .replace("{until}", "2026-06-16T12:00:00Z")
        .replace("{vaults}", "'a', 'b'")
        .replace("{ids}", "'c'")
    )


# -- How they are written ----------------------------------------------------------


def test_these_are_the_queries():
    assert sorted(ALL) == [
        "FAILED_JOBS",
        "ITEMS",
        "JOBS",
        "POLICIES",
        "SOURCES",
        "SUBSCRIPTIONS",
        "UNHEALTHY_DATABASES",
        "VAULTS",
    ]


@pytest.mark.parametrize("name", ALL)
class TestAQuery:
    def test_can_be_paged_completely(self, name):
        """Pages hang together by id alone: Resource Graph orders nothing on its own."""
        *_, project, order = ALL[name].split("\n")

        assert re.match(r"\| project (\w+, )*id\b", project)
        assert order == "| order by id asc"

    def test_is_translated_whole(self, name):
        translation = translate(filled(ALL[name]))

        assert (translation.ordered, translation.paged, translation.limited) == (True, True, False)

    def test_keeps_to_what_resource_graph_documents(self, name):
        """No `let`, no `*` for columns or tables, no join, no clock but the run's own."""
        assert not re.search(r"\blet\b|\bunion\b|\bjoin\b|\*|\bnow\(|\bago\(|\bhas\b|\bcontains\b", ALL[name])

    def test_compares_no_dynamic_before_it_is_converted(self, name):
        """Kusto refuses to compare a dynamic with a date, and another casing is another text to it."""
        bare = re.sub(r"(tostring|todatetime|tobool|toint)\(properties(\.\w+)+\)", "converted", ALL[name])

        assert "properties." not in bare

    def test_compares_ids_and_types_in_any_casing(self, name):
        assert not re.search(r"[^<>!=]==|!=|\bin \(", ALL[name])


# -- What they find ----------------------------------------------------------------


@pytest.fixture(scope="module")
def made():
    """An estate, and the ids of what is in it by a name that says why."""
    estate = Estate(NOW)
    ids = {}
    sub = ids["subscription"] = estate.subscription("app")
    other = ids["other subscription"] = estate.subscription("other", management_groups=["sandbox", "root"])
    ids["vault"] = vault = estate.vault("rsv-1", subscription=sub, group="rg-Backup")
    ids["vault in another casing"] = loud = estate.vault("RSV-LOUD", subscription=sub, group="RG-BACKUP")
    ids["vault of the other subscription"] = far = estate.vault("rsv-far", subscription=other, group="rg-far")
    for number, where in enumerate((vault, loud, far)):
        owner = other if where is far else sub
        ids[f"policy {number}"] = policy = estate.policy(where, f"daily-{number}")
        ids[f"vm {number}"] = vm = estate.vm(
            f"VM-{number}", subscription=owner, group="rg-App", tags={"a": "b"}
        )
        ids[f"item {number}"] = estate.item(where, vm, policy=policy)
    estate.resource(
        "Microsoft.Storage/storageAccounts",
        "account",
        subscription=sub,
        group="rg-app",
        location="westeurope",
    )
    add_jobs(estate, ids)
    return load(estate, Clock()), ids


def add_jobs(estate, ids):
    item = ids["item 0"]
    failed = {"codes": [400002]}
    ids["failed in the window"] = estate.job(item, "Failed", ago="3h", **failed)
    ids["failed, started at the window's first second"] = estate.job(item, "Failed", ago="24h", **failed)
    ids["failed in the window, started before"] = estate.job(item, "Failed", ago="25h", takes="2h", **failed)
    ids["failed, ended at the window's first second"] = estate.job(
        item, "Failed", ago="26h", takes="2h", **failed
    )
    ids["failed before the window"] = estate.job(item, "Failed", ago="48h", **failed)
    ids["failed one second before the window"] = estate.job(
        item, "Failed", ago="86402s", takes="1s", **failed
    )
    ids["failed, started when the run did"] = estate.job(item, "Failed", ago="0s", takes="0s", **failed)
    ids["completed in the window"] = estate.job(item, "Completed", ago="2h")
    ids["completed before the window"] = estate.job(item, "Completed", ago="49h")
    ids["cancelled in the window"] = estate.job(item, "Cancelled", ago="5h")
    ids["runs since the window began"] = estate.job(item, "InProgress", ago="20h")
    ids["runs since long before"] = estate.job(item, "InProgress", ago="72h")
    ids["is being cancelled since long before"] = long = estate.job(item, "InProgress", ago="71h")
    estate.change(long, status="Cancelling")
    ids["status in another casing"] = odd = estate.job(ids["item 1"], "Failed", ago="4h", **failed)
    estate.change(odd, status="FAILED")
    ids["failed in the other subscription"] = estate.job(ids["item 2"], "Failed", ago="6h", **failed)
    ids["completed in the loud vault"] = estate.job(ids["item 1"], "Completed", ago="1h")


def asked(made, query):
    """The names of what a query finds."""
    world, ids = made
    names = {value.lower(): name for name, value in ids.items()}
    rows = Graph(Simulated(world, Clock()).arm()).read(query, Scope(), "ask")
    found = [str(row["id"]) for row in rows]
    assert found == sorted(found)
    return sorted(names.get(one.lower(), one) for one in found)


def reading(made, *, scope=()):
    world, _ = made
    estate = Reading(Simulated(world, Clock()).arm(), CommonParams(scope=scope))
    estate.open()
    return estate


def names_of(made, records):
    names = {value.lower(): name for name, value in made[1].items()}
    return sorted(names[one.id.lower()] for one in records)


def test_subscriptions(made):
    world, ids = made
    graph = Graph(Simulated(world, Clock()).arm())
    rows = graph.read(queries.SUBSCRIPTIONS, Scope(), "ask")

    assert sorted(row["subscriptionId"] for row in rows) == sorted(
        [ids["subscription"], ids["other subscription"]]
    )
    assert {row["name"] for row in rows} == {"app", "other"}
    assert all(row["tenantId"] for row in rows)


def test_subscriptions_of_a_management_group(made):
    rows = Graph(Simulated(made[0], Clock()).arm()).read(
        queries.SUBSCRIPTIONS, Scope(management_groups=("sandbox",)), "ask"
    )

    assert [row["subscriptionId"] for row in rows] == [made[1]["other subscription"]]


def test_vaults(made):
    assert asked(made, queries.VAULTS) == [
        "vault",
        "vault in another casing",
        "vault of the other subscription",
    ]


def test_vaults_of_a_subscription(made):
    assert reading(made, scope=(made[1]["other subscription"],)).vaults() == [
        made[1]["vault of the other subscription"].lower()
    ]


def test_failed_jobs_are_those_that_started_or_ended_in_the_window(made):
    """A closed window: its first second is in it, the run's start is not."""
    query = queries.FAILED_JOBS.format(since="2026-06-15T12:00:00Z", until="2026-06-16T12:00:00Z")

    assert asked(made, query) == [
        "failed in the other subscription",
        "failed in the window",
        "failed in the window, started before",
        "failed, ended at the window's first second",
        "failed, started at the window's first second",
        "status in another casing",
    ]


def test_vaults_with_failures(made):
    _, ids = made

    assert reading(made).vaults_with_failures(SINCE, UNTIL) == {
        ids["vault"].lower(),
        ids["vault in another casing"].lower(),
        ids["vault of the other subscription"].lower(),
    }


def test_no_vault_has_failures_in_a_quiet_window(made):
    assert reading(made).vaults_with_failures(UNTIL - timedelta(minutes=50), UNTIL) == set()


def test_jobs_of_a_vault_are_those_of_the_window_and_those_that_still_run(made):
    jobs = reading(made).jobs([made[1]["vault"].lower()], SINCE, UNTIL)

    assert names_of(made, jobs) == [
        "cancelled in the window",
        "completed in the window",
        "failed in the window",
        "failed in the window, started before",
        "failed, ended at the window's first second",
        "failed, started at the window's first second",
        "is being cancelled since long before",
        "runs since long before",
        "runs since the window began",
    ]


def test_jobs_are_found_whatever_the_casing_of_the_vault(made):
    for spelling in (str.lower, str.upper, str):
        jobs = reading(made).jobs([spelling(made[1]["vault in another casing"])], SINCE, UNTIL)
        assert names_of(made, jobs) == ["completed in the loud vault", "status in another casing"]


def test_jobs_of_several_vaults_come_together(made):
    _, ids = made
    jobs = reading(made).jobs(
        [ids["vault in another casing"], ids["vault of the other subscription"]], SINCE, UNTIL
    )

    assert names_of(made, jobs) == [
        "completed in the loud vault",
        "failed in the other subscription",
        "status in another casing",
    ]


@pytest.mark.parametrize(("verb", "kind"), [("items", "item"), ("policies", "policy")])
def test_a_vault_has_its_own(made, verb, kind):
    _, ids = made

    def found(*vaults):
        return names_of(made, getattr(reading(made), verb)([ids[one] for one in vaults]))

    assert found("vault") == [f"{kind} 0"]
    assert found("vault in another casing", "vault of the other subscription") == [f"{kind} 1", f"{kind} 2"]
    assert getattr(reading(made), verb)(["/subscriptions/x/resourcegroups/y/providers/z/vaults/none"]) == []


def test_machines_are_found_whatever_the_casing_of_their_ids(made):
    _, ids = made
    sources = reading(made).sources([ids["vm 0"].upper(), ids["vm 1"].lower(), ids["vm 1"], ""])

    assert {key: (one.id, one.exists, one.known, dict(one.tags)) for key, one in sources.items()} == {
        ids["vm 0"].lower(): (ids["vm 0"], True, True, {"a": "b"}),
        ids["vm 1"].lower(): (ids["vm 1"], True, True, {"a": "b"}),
    }


def test_records_are_read_from_what_the_queries_project(made):
    _, ids = made
    estate = reading(made)
    (item,) = estate.items([ids["vault"]])
    (policy,) = estate.policies([ids["vault"]])
    job = next(
        job for job in estate.jobs([ids["vault"]], SINCE, UNTIL) if job.id == ids["failed in the window"]
    )

    assert (item.vault, item.name, item.source) == (ids["vault"].lower(), "VM-0", ids["vm 0"])
    assert item.policy == policy.id == ids["policy 0"].lower()
    assert policy.keep_days == 30
    assert (job.item, job.operation, job.status, job.user) == (item.key, "Backup", "Failed", False)
    assert job.failure is not None
    assert job.failure.numbers == (400002,)
    assert estate.unread == []
