"""Each query the kit sends, run on a simulated estate that reaches every branch of it."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from backupkit import export_queries, queries
from backupkit.estate import Estate as Reading
from backupkit.graph import Graph, Scope
from backupkit.params import CommonParams

from simulator.estate import Estate
from simulator.estate_databases import database, database_policy, protectable
from simulator.estate_instances import backup_policy, backup_vault, instance, instance_job
from simulator.estate_shares import share
from simulator.kql import translate
from tests.backupkit.fakes import NOW, Clock, Simulated, load

UNTIL = datetime.fromtimestamp(NOW, UTC)
SINCE = UNTIL - timedelta(hours=24)
EXPORTED = {
    **{f"export {name}": text for name, text in vars(export_queries).items() if isinstance(text, str)},
    **{f"export days of {name}": text for name, text in export_queries.DAYS.items()},
    **{f"export {name} of a day": text for name, text in export_queries.OF_A_DAY.items()},
}
ALL = {
    name: text.replace("{columns}", export_queries.RAW_COLUMNS)
    for name, text in {**vars(queries), **EXPORTED}.items()
    if isinstance(text, str) and re.match(r"\w+\n\| ", text)
}


def filled(query):
    return (
        query.replace("{since}", "2026-06-15T12:00:00Z")
        .replace("{until}", "2026-06-16T12:00:00Z")
        .replace("{vaults}", "'a', 'b'")
        .replace("{ids}", "'c'")
        .replace("{types}", "'d', 'e'")
    )


# -- How they are written ----------------------------------------------------------


def test_these_are_the_queries():
    assert sorted(ALL) == [
        "EVERY_ITEM",
        "EVERY_POLICY",
        "FAILED_JOBS",
        "ITEMS",
        "JOBS",
        "MANAGED_GROUPS",
        "POLICIES",
        "PROTECTABLE",
        "RESOURCES",
        "SOURCES",
        "SUBSCRIPTIONS",
        "UNHEALTHY_DATABASES",
        "VAULTS",
        "export ITEMS",
        "export POLICIES",
        "export VAULTS",
        "export alerts of a day",
        "export days of alerts",
        "export days of jobs",
        "export jobs of a day",
    ]


@pytest.mark.parametrize("name", ALL)
class TestAQuery:
    def test_can_be_paged_completely(self, name):
        """Pages hang together by id alone: Resource Graph orders nothing on its own."""
        *_, project, order = ALL[name].split("\n| ")

        assert re.match(r"project (\w+, )*id\b|summarize rows = count\(\) by id = day$", project)
        assert order == "order by id asc"

    def test_is_translated_whole(self, name):
        """Sums come in one page, and there is one for each of a few days."""
        translation = translate(filled(ALL[name]))

        paged = "summarize" not in ALL[name]
        assert (translation.ordered, translation.paged, translation.limited) == (True, paged, False)

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
    estate.group("rg-App", subscription=sub)
    ids["managed group"] = estate.group("nodes", subscription=sub, managed_by=f"{vault}/x")
    add_jobs(estate, ids)
    add_databases(estate, ids)
    add_backup_vault(estate, ids)
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


def add_databases(estate, ids):
    """In a vault of their own: only what they say of themselves tells of it."""
    where = {"subscription": ids["subscription"], "group": "rg-sql"}
    ids["vault of databases"] = vault = estate.vault("rsv-sql", **where)
    ids["policy of databases"] = policy = database_policy(estate, vault, "sql")
    ids["machine of databases"] = machine = estate.vm("sql-1", **where)
    say = {"policy": policy, "unhealthy": "UserErrorOpeningSQLConnection"}
    ids["database that failed"] = database(estate, vault, machine, "failed", failed_ago="3h", **say)
    first = database(estate, vault, machine, "first", failed_ago="24h", **say)
    ids["database that failed at the window's first second"] = first
    ids["database that failed before"] = database(
        estate, vault, machine, "before", failed_ago="86401s", **say
    )
    ids["HANA database that failed"] = hana = database(
        estate, vault, machine, "H01", kind="hana", failed_ago="3h", unhealthy="X"
    )
    estate.change(hana, lastBackupStatus="FAILED", backupManagementType="azureworkload")
    ids["healthy database"] = database(estate, vault, machine, "healthy", policy=policy)
    ids["database never backed up"] = never = database(
        estate, vault, machine, "never", last_recovery_point_ago=None
    )
    estate.change(never, lastBackupStatus="IRPending", lastBackupTime="2001-01-01T00:00:00Z")
    ids["database's failed job"] = estate.job(
        ids["healthy database"], "Failed", ago="30h", operation="Backup (Log)", codes=["X"]
    )
    account = estate.storage_account("stfiles", **where)
    ids["share"] = share(estate, vault, account, "docs", unhealthy="FileShareNotFound", failed_ago="3h")
    ids["discovered database"] = found = protectable(estate, vault, machine, "found")
    ids["its instance"] = found.replace("sqldatabase;mssqlserver;found", "sqlinstance;mssqlserver")
    ids["share's job that runs"] = estate.job(ids["share"], "InProgress", ago="30h")


def add_backup_vault(estate, ids):
    where = {"subscription": ids["other subscription"], "group": "rg-dp"}
    ids["backup vault"] = vault = backup_vault(estate, "bv-1", **where)
    ids["policy of disks"] = policy = backup_policy(estate, vault, "disks", "disk")
    disk = estate.resource("Microsoft.Compute/disks", "disk-1", location="westeurope", **where)
    ids["disk"], ids["instance"] = disk, instance(estate, vault, disk, "disk", policy=policy)
    ids["deleted instance"] = instance(
        estate, vault, disk.replace("disk-1", "disk-2"), "disk", policy=policy, state="SoftDeleted"
    )
    of = ids["instance"]
    ids["instance's old failed job"] = instance_job(estate, of, "Failed", ago="49h", codes=["X"])
    ids["instance's old job that runs"] = instance_job(estate, of, "InProgress", ago="48h")
    ids["instance's completed job"] = instance_job(estate, of, "Completed", ago="20h")
    ids["instance's failed job"] = instance_job(estate, of, "Failed", ago="3h", codes=["X"])
    ids["instance's started job"] = started = instance_job(estate, of, "InProgress", ago="47h")
    estate.change(started, status="Started")


OF_BOTH_WORLDS = {
    "disks": ("backup vault", ["instance"], ["policy of disks"]),
    "databases": (
        "vault of databases",
        [
            "HANA database that failed",
            "database never backed up",
            "database that failed",
            "database that failed at the window's first second",
            "database that failed before",
            "healthy database",
            "share",
        ],
        ["policy of databases"],
    ),
}

BOTH_WORLDS_ITEMS = {name for _, items, _ in OF_BOTH_WORLDS.values() for name in items}


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
    """Of both kinds."""
    assert asked(made, queries.VAULTS) == [
        "backup vault",
        "vault",
        "vault in another casing",
        "vault of databases",
        "vault of the other subscription",
    ]


def test_vaults_of_a_subscription(made):
    assert reading(made, scope=(made[1]["other subscription"],)).vaults() == {
        made[1]["backup vault"].lower(): "westeurope",
        made[1]["vault of the other subscription"].lower(): "westeurope",
    }


def test_failed_jobs_are_those_that_started_or_ended_in_the_window(made):
    """A closed window: its first second is in it, the run's start is not."""
    query = queries.FAILED_JOBS.format(since="2026-06-15T12:00:00Z", until="2026-06-16T12:00:00Z")

    assert asked(made, query) == [
        "failed in the other subscription",
        "failed in the window",
        "failed in the window, started before",
        "failed, ended at the window's first second",
        "failed, started at the window's first second",
        "instance's failed job",
        "status in another casing",
    ]


def test_unhealthy_databases_are_those_whose_newest_backup_failed_in_the_window(made):
    """Shares and machines are not asked: their jobs are all listed."""
    query = queries.UNHEALTHY_DATABASES.format(since="2026-06-15T12:00:00Z")

    assert asked(made, query) == [
        "HANA database that failed",
        "database that failed",
        "database that failed at the window's first second",
    ]


def test_every_item_is_one_of_both_kinds_of_vault_the_deleted_among_them(made):
    items = {name for name in made[1] if name.startswith("item ")}

    assert set(asked(made, queries.EVERY_ITEM)) == items | {*BOTH_WORLDS_ITEMS, "deleted instance"}


def test_every_policy_is_one_of_both_kinds_of_vault(made):
    assert asked(made, queries.EVERY_POLICY) == [
        "policy 0",
        "policy 1",
        "policy 2",
        "policy of databases",
        "policy of disks",
    ]


def test_resources_are_those_of_the_types_asked_for(made):
    """In whatever casing they are asked for."""
    types = "'Microsoft.Compute/virtualMachines', 'microsoft.compute/disks'"

    assert asked(made, queries.RESOURCES.replace("{types}", types)) == [
        "disk",
        "machine of databases",
        "vm 0",
        "vm 1",
        "vm 2",
    ]


def test_managed_groups_are_those_that_say_what_manages_them(made):
    assert asked(made, queries.MANAGED_GROUPS) == ["managed group"]


def test_protectable_is_what_a_vault_has_discovered(made):
    """The instance of a database too: it is told apart by what its row says."""
    assert asked(made, queries.PROTECTABLE) == ["discovered database", "its instance"]


def test_vaults_with_failures(made):
    _, ids = made

    assert reading(made).vaults_with_failures(SINCE, UNTIL) == {
        ids["vault"].lower(),
        ids["vault in another casing"].lower(),
        ids["vault of the other subscription"].lower(),
        ids["vault of databases"].lower(),
        ids["backup vault"].lower(),
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


def test_jobs_of_both_kinds_of_vault_come_together(made):
    _, ids = made
    jobs = reading(made).jobs([ids["vault of databases"], ids["backup vault"].lower()], SINCE, UNTIL)

    assert names_of(made, jobs) == [
        "instance's completed job",
        "instance's failed job",
        "instance's old job that runs",
        "instance's started job",
        "share's job that runs",
    ]


@pytest.mark.parametrize("of", OF_BOTH_WORLDS)
def test_items_and_policies_of_both_kinds_of_vault(made, of):
    """Soft-deleted instances stand elsewhere."""
    vault, items, policies = OF_BOTH_WORLDS[of]
    estate = reading(made)

    assert names_of(made, estate.items([made[1][vault].lower()])) == items
    assert names_of(made, estate.policies([made[1][vault].upper()])) == policies


def test_a_databases_record_is_read_from_what_the_queries_project(made):
    _, ids = made
    estate = reading(made)
    items = estate.items([ids["vault of databases"]])
    item = next(one for one in items if one.id == ids["database that failed"])
    (policy,) = estate.policies([ids["vault of databases"]])

    assert (item.workload, item.healthy, item.policy) == ("sql", False, policy.id)
    assert item.last_backup == UNTIL - timedelta(hours=3)
    assert item.source.lower() == ids["machine of databases"].lower()
    assert item.failure is not None
    assert item.failure.code == "UserErrorOpeningSQLConnection"
    assert {one.kind for one in policy.schedules} == {"full", "log"}
    assert estate.unread == []


def test_an_instances_record_is_read_from_what_the_queries_project(made):
    _, ids = made
    estate = reading(made)
    (item,) = estate.items([ids["backup vault"]])
    (policy,) = estate.policies([ids["backup vault"]])
    jobs = estate.jobs([ids["backup vault"]], SINCE, UNTIL)
    job = next(one for one in jobs if one.id == ids["instance's failed job"])

    assert (item.workload, item.source, item.policy) == ("disk", ids["disk"], policy.id)
    assert (policy.rule, policy.tag) == ("BackupHourly", "Default")
    assert (job.item, job.is_backup, job.status, job.user) == (item.key, True, "Failed", False)
    assert item.vault == job.vault == ids["backup vault"].lower()
    assert set(estate.sources([item.source])) == {ids["disk"].lower()}
    assert estate.unread == []


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
    assert [one.keep_days for one in policy.schedules] == [30]
    assert (job.item, job.operation, job.status, job.user) == (item.key, "Backup", "Failed", False)
    assert job.failure is not None
    assert job.failure.numbers == (400002,)
    assert estate.unread == []
