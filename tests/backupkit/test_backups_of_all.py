"""Failed backups of databases, shares and Backup vaults: found, confirmed, proved and started."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from backupkit.alerts import AlertHint
from backupkit.backups import Backups
from backupkit.evidence import cases_of
from backupkit.params import CommonParams
from backupkit.retries import to_start

from simulator.estate import Estate
from simulator.estate_databases import database, database_policy
from simulator.estate_instances import backup_policy, backup_vault, instance, instance_job
from simulator.estate_shares import share, share_policy
from tests.backupkit.fakes import NOW, Clock, Simulated, load, refused, reply

UNTIL = datetime.fromtimestamp(NOW, UTC)
"""Tuesday, 16 June 2026, 12:00 UTC."""
SINCE = UNTIL - timedelta(hours=24)
FULL, DIFFERENTIAL, LOG = ({"operation": f"Backup ({name})"} for name in ("Full", "Differential", "Log"))
NO_CONNECTION = "UserErrorOpeningSQLConnection"


class Estates:
    """A vault of each kind, and whatever a test puts into them."""

    def __init__(self):
        self.estate = Estate(NOW)
        self.clock = Clock()
        self.sub = self.estate.subscription("sub-1")
        self.vault = self.estate.vault("rsv-1", subscription=self.sub, group="rg-b")
        self.backup_vault = backup_vault(self.estate, "bv-1", subscription=self.sub, group="rg-b")
        self.policy = database_policy(
            self.estate, self.vault, "sql", full="20:00", full_days=["Sunday"], differential="22:00"
        )

    def database(self, name="sales", server="sql-1", **facts):
        machine = f"/subscriptions/{self.sub}/resourceGroups/rg-a/providers/Microsoft.Compute/virtualMachines"
        known = {row["name"] for row in self.estate.rows("resources")}
        if server not in known:
            self.estate.vm(server, subscription=self.sub, group="rg-a")
        return database(self.estate, self.vault, f"{machine}/{server}", name, policy=self.policy, **facts)

    def share(self, name="docs", account="stone", **facts):
        policy = share_policy(self.estate, self.vault, f"files-{account}-{name}")
        where = self.estate.storage_account(account, subscription=self.sub, group="rg-a")
        return share(self.estate, self.vault, where, name, policy=policy, **facts)

    def disk(self, name="disk-1", **facts):
        policy = backup_policy(self.estate, self.backup_vault, f"daily-{name}", "disk")
        resource = self.estate.resource(
            "Microsoft.Compute/disks", name, subscription=self.sub, group="rg-a", location="westeurope"
        )
        return instance(self.estate, self.backup_vault, resource, "disk", policy=policy, **facts)

    def recovered(self, item, *points):
        """Backups that no job shows: pairs of how long ago and of which type."""
        told = [{"at": self.estate.stamp(ago), "type": kind} for ago, kind in points]
        self.estate.world.setdefault("recovery_points", {})[item] = told

    def backups(self, instead=lambda sent: None, only=()):
        self.azure = Simulated(load(self.estate, self.clock), self.clock, instead)
        return Backups(self.azure.arm(), CommonParams(), only)

    def asked_of(self, ending):
        return [sent.path for sent in self.azure.sent if sent.path.endswith(ending)]


def confirmed(backups):
    """The cases that the vaults themselves tell of."""
    found = backups.failing(SINCE, UNTIL)
    return cases_of(backups.confirm({one.vault for one in found}), SINCE, UNTIL)


def told(case):
    job = case.failure
    return case.history.item.name, job.name != "", case.cause.code, case.kind


# -- Finding and confirming --------------------------------------------------------


def test_a_databases_failure_that_no_job_shows_is_found_and_tied_to_its_machine_and_policy():
    places = Estates()
    places.database(unhealthy=NO_CONNECTION, failed_ago="14h")
    backups = places.backups()
    [case] = confirmed(backups)

    assert told(case) == ("sql-1/sales", False, NO_CONNECTION, "differential")
    assert case.history.source.exists
    assert case.history.source.id.endswith("/virtualMachines/sql-1")
    assert case.history.policy.id == places.policy.lower()
    assert backups.unread == []


def test_a_databases_failure_that_a_job_shows_is_told_once():
    places = Estates()
    places.estate.job(places.database(), "Failed", ago="3h", codes=[NO_CONNECTION], **FULL)
    [case] = confirmed(places.backups())

    assert told(case) == ("sql-1/sales", True, NO_CONNECTION, "full")
    assert len(case.history.jobs) == 1


def test_a_healthy_database_beside_it_is_no_case():
    places = Estates()
    places.database("quiet")
    places.database("sales", unhealthy=NO_CONNECTION)

    assert [one.history.item.name for one in confirmed(places.backups())] == ["sql-1/sales"]


def test_a_vault_whose_database_failed_before_the_window_is_not_read():
    places = Estates()
    places.database(unhealthy=NO_CONNECTION, failed_ago="30h")

    assert places.backups().failing(SINCE, UNTIL) == []


def test_a_vault_that_knows_its_databases_better_has_the_last_word():
    """Resource Graph has not heard of the backup that went well since."""
    places = Estates()
    item = places.database(unhealthy=NO_CONNECTION, failed_ago="14h")
    places.estate.rest(
        item,
        {
            "properties": {
                "lastBackupStatus": "Healthy",
                "lastBackupTime": places.estate.stamp("1h"),
                "lastBackupErrorDetail": None,
            }
        },
    )
    backups = places.backups()
    [before] = backups.failing(SINCE, UNTIL)
    [after] = backups.confirm([before.vault])

    assert [job.status for job in before.jobs] == ["Failed"]
    assert [job.status for job in after.jobs] == ["Completed"]


def test_a_machine_that_resource_graph_alone_tells_is_not_forgotten():
    """As of a database of an availability group, whose container names none."""
    places = Estates()
    places.database()
    row = next(
        one for one in places.estate.rows("recoveryservicesresources") if "serverName" in one["properties"]
    )
    machine = row["properties"]["sourceResourceId"]
    there = re.sub("VMAppContainer;[^/]+", "VMAppContainer;ag;c-1;ag-1", row["id"], flags=re.IGNORECASE)
    properties = {
        **row["properties"],
        "sourceResourceId": None,
        "containerName": "VMAppContainer;ag;c-1;ag-1",
        "dataSourceInfo": {"resourceID": machine},
        "lastBackupStatus": "Unhealthy",
        "lastBackupTime": places.estate.stamp("14h"),
        "lastBackupErrorDetail": {"code": NO_CONNECTION, "message": "m"},
    }
    places.estate.add("recoveryservicesresources", {**row, "id": there, "properties": properties})
    places.estate.rest(there, {"properties": {"dataSourceInfo": None, "dataSourceSetInfo": None}})
    [case] = confirmed(places.backups())

    assert case.history.key == there.lower()
    assert case.history.source.id.lower() == machine.lower()


def test_databases_are_listed_only_of_vaults_that_have_some():
    places = Estates()
    places.estate.job(places.share(), "Failed", ago="3h", codes=["DatamoverGenericError"])
    confirmed(places.backups())

    assert places.asked_of("/backupProtectedItems") == []
    assert len(places.asked_of("/backupJobs")) == 1


def test_a_vault_whose_databases_cannot_be_listed_is_unread():
    places = Estates()
    places.database(unhealthy=NO_CONNECTION)

    def instead(sent):
        return refused(403, "AuthorizationFailed", "no") if sent.path.endswith("ProtectedItems") else None

    backups = places.backups(instead)
    confirmed(backups)

    assert list(backups.known.unread) == [places.vault.lower()]
    assert "list databases of vault" in backups.known.unread[places.vault.lower()]


def test_a_shares_failure_comes_with_its_account():
    places = Estates()
    places.estate.job(places.share(), "Failed", ago="3h", codes=["DatamoverGenericError"])
    [case] = confirmed(places.backups())

    assert told(case) == ("stone/docs", True, "DatamoverGenericError", "")
    assert (case.workload, case.history.source.exists) == ("files", True)
    assert case.history.source.id.endswith("/storageAccounts/stone")


def test_an_instance_of_a_backup_vault_is_found_and_its_recovery_point_is_that_of_its_last_backup():
    places = Estates()
    disk = places.disk()
    instance_job(places.estate, disk, "Completed", ago="20h", takes="4m")
    instance_job(places.estate, disk, "Failed", ago="3h", codes=["InternalServerError"])
    backups = places.backups()
    [case] = confirmed(backups)

    assert told(case) == ("disk-1", True, "InternalServerError", "")
    assert case.history.item.last_recovery_point == UNTIL - timedelta(hours=20) + timedelta(minutes=4)
    assert case.history.source.id.endswith("/disks/disk-1")
    assert backups.unread == []


def test_running_backups_of_a_backup_vault_are_counted():
    places = Estates()
    disks = [places.disk(f"disk-{number}") for number in (1, 2, 3)]
    instance_job(places.estate, disks[0], "Failed", ago="3h", codes=["InternalServerError"])
    instance_job(places.estate, disks[1], "InProgress", ago="1h")
    instance_job(places.estate, disks[2], "InProgress", ago="1h", operation="Restore")
    backups = places.backups()
    confirmed(backups)

    assert backups.running == {places.backup_vault.lower(): 1}


# -- Proving -----------------------------------------------------------------------


def proved(backups, cases=None):
    return backups.prove(confirmed(backups) if cases is None else cases)


@pytest.mark.parametrize(
    ("points", "recovered"),
    [
        pytest.param([("1h", "Full")], True, id="a Full"),
        pytest.param([("1h", "Differential"), ("30m", "Log")], False, id="a Differential and a log"),
        pytest.param([("4h", "Full")], False, id="a Full before the failure"),
        pytest.param([], False, id="nothing"),
    ],
)
def test_a_failed_full_is_made_up_for_by_what_its_recovery_points_tell(points, recovered):
    places = Estates()
    item = places.database(last_full_ago="9d", last_recovery_point_ago="6d")
    places.estate.job(item, "Failed", ago="3h", codes=[NO_CONNECTION], **FULL)
    places.recovered(item, *points)
    backups = places.backups()
    [case] = proved(backups).values()

    assert (case.history.success_since(case.failure) is not None) is recovered
    assert backups.unread == []


def test_each_databases_points_are_read_once_and_nothing_elses():
    places = Estates()
    for name in ("sales", "hr"):
        places.estate.job(places.database(name), "Failed", ago="3h", codes=[NO_CONNECTION], **FULL)
    places.estate.job(places.share(), "Failed", ago="3h", codes=["DatamoverGenericError"])
    backups = places.backups()
    cases = sorted(confirmed(backups), key=lambda case: case.history.is_database)
    docs, one, other = cases

    assert proved(backups, [docs]) == {}
    assert list(proved(backups, [docs, one])) == [one.history.key]
    assert list(proved(backups, cases)) == [other.history.key]
    assert proved(backups, cases) == {}
    assert len(places.asked_of("/recoveryPoints")) == 2


def test_points_that_cannot_be_read_leave_their_database_unread_and_the_others_not():
    places = Estates()
    for name in ("sales", "hr"):
        places.estate.job(places.database(name), "Failed", ago="3h", codes=[NO_CONNECTION], **FULL)

    def instead(sent):
        hidden = sent.path.endswith(";sales/recoveryPoints")
        return refused(403, "AuthorizationFailed", "no") if hidden else None

    backups = places.backups(instead)
    found = proved(backups)

    assert len(found) == 2
    [key] = backups.known.unread
    assert key.endswith(";sales")
    assert backups.known.unread[key] == (
        "list recovery points of sql-1/sales: Azure answered 403 AuthorizationFailed: no"
    )
    assert [one.scope for one in backups.unread] == [key]


def test_points_for_which_there_is_no_time_leave_their_database_unread():
    places = Estates()
    places.estate.job(places.database(), "Failed", ago="3h", codes=[NO_CONNECTION], **FULL)

    def instead(sent):
        late = sent.path.endswith("/recoveryPoints")
        return refused(429, "TooMany", "wait", Retry_After="800") if late else None

    places.azure = Simulated(load(places.estate, places.clock), places.clock, instead)
    backups = Backups(places.azure.arm(10), CommonParams())
    proved(backups)

    assert len(backups.unread) == 1


@pytest.mark.parametrize("kind", ["Log", "CopyOnlyFull"])
def test_a_point_of_a_listed_backup_that_makes_up_for_nothing_does_not_either(kind):
    places = Estates()
    item = places.database()
    places.estate.job(item, "Failed", ago="5h", codes=[NO_CONNECTION], **FULL)
    places.estate.job(item, "Completed", ago="2h", user=True, operation=f"Backup ({kind})")
    backups = places.backups()
    [case] = proved(backups).values()

    assert case.history.success_since(case.failure) is None


# -- Starting ----------------------------------------------------------------------


def started(places, **options):
    backups = places.backups(**options)
    cases = confirmed(backups)
    starts = backups.start_all(to_start(case, "policy", UNTIL) for case in cases)
    return list(starts.values()), {one["job"]: one for one in places.azure.world.triggers}


def test_each_kind_is_started_with_its_own_body_and_comes_with_its_job():
    places = Estates()
    places.estate.job(places.database(), "Failed", ago="3h", codes=[NO_CONNECTION], **DIFFERENTIAL)
    places.estate.job(places.share(), "Failed", ago="3h", codes=["DatamoverGenericError"])
    instance_job(places.estate, places.disk(), "Failed", ago="3h", codes=["InternalServerError"])
    starts, triggers = started(places)

    assert {one.item.name for one in starts} == {"sql-1/sales", "stone/docs", "disk-1"}
    assert {one.item.key: one.job for one in starts} == {
        one["item"].lower(): name for name, one in triggers.items()
    }
    told_bodies = [one["body"].get("properties", one["body"]) for one in triggers.values()]
    assert sorted(body.get("backupType", "") for body in told_bodies) == ["", "", "Differential"]


def test_a_start_whose_answer_was_lost_is_not_settled_by_a_job_that_may_be_of_several_databases():
    """The jobs say `sales`, and two servers have one."""
    places = Estates()
    for server in ("sql-1", "sql-2"):
        places.database("sales", server)
    item = places.database("hr", "sql-1")
    places.estate.job(
        places.database("hr", "sql-2"), "Failed", ago="3h", codes=[NO_CONNECTION], **DIFFERENTIAL
    )

    def instead(sent):
        if sent.method == "POST" and sent.path.endswith("/backup"):
            places.azure._dispatched(sent)
            return ConnectionResetError("reset by peer")
        if not sent.path.endswith("/backupJobs"):
            return None
        answer = json.loads(places.azure._dispatched(sent).content)
        for row in answer["value"]:
            row["properties"]["entityFriendlyName"] = "hr"
        return reply(answer)

    [start], triggers = started(places, instead=instead)

    assert len(triggers) == 1
    assert start.item.key != item.lower()
    assert start.refusal.endswith("the vault shows no new job of it")


@pytest.mark.parametrize("kind", ["database", "disk"])
def test_a_start_whose_answer_was_lost_is_found_in_its_vaults_list(kind):
    places = Estates()
    if kind == "disk":
        instance_job(places.estate, places.disk(), "Failed", ago="3h", codes=["InternalServerError"])
    else:
        for server in ("sql-1", "sql-2"):
            item = places.database("sales", server)
            places.estate.job(item, "Failed", ago="3h", codes=[NO_CONNECTION], **DIFFERENTIAL)

    def instead(sent):
        if sent.method == "POST" and sent.path.endswith("/backup"):
            places.azure._dispatched(sent)
            return ConnectionResetError("reset by peer")
        return None

    starts, triggers = started(places, instead=instead)

    assert [one.refusal for one in starts] == [""] * len(starts)
    assert {one.item.key: one.job for one in starts} == {
        one["item"].lower(): name for name, one in triggers.items()
    }


class Written:
    """A ledger that keeps what a run means to start."""

    url, broken = "https://stledger.blob.core.windows.net/ledger", ""

    def __init__(self):
        self.unread, self.intents, self.concluded = {}, [], []

    def last_vaults(self, asked):
        return []

    def intend(self, item, kind=""):
        self.intents.append((item.name, kind))

    def conclude(self, start):
        self.concluded.append((start.item.name, bool(start.job)))


def test_what_is_meant_is_written_with_its_type_before_it_is_asked_for():
    """Only so does a later run know that a log makes up for no Full."""
    places = Estates()
    places.estate.job(places.database(), "Failed", ago="3h", codes=[NO_CONNECTION], **DIFFERENTIAL)
    places.estate.job(places.share(), "Failed", ago="3h", codes=["DatamoverGenericError"])
    ledger = Written()

    def instead(sent):
        if sent.method == "POST" and sent.path.endswith("/backup"):
            assert len(ledger.intents) == len(places.azure.world.triggers) + 1

    places.azure = Simulated(load(places.estate, places.clock), places.clock, instead)
    backups = Backups(places.azure.arm(), CommonParams(), ledger=ledger)
    backups.start_all(to_start(case, "policy", UNTIL) for case in confirmed(backups))

    assert sorted(ledger.intents) == [("sql-1/sales", "differential"), ("stone/docs", "")]
    assert sorted(ledger.concluded) == [("sql-1/sales", True), ("stone/docs", True)]


# -- Alerts ------------------------------------------------------------------------


def hint(vault, *, item="", source="", job=""):
    return AlertHint(vault.lower(), item.lower(), source.lower(), job.lower(), None, "")


def heard(places, *hints):
    """The items that alerts lead to, and the alerts that led to none."""
    backups = places.backups().about(hints)
    found = backups.failing(SINCE, UNTIL)
    cases = cases_of(backups.confirm({one.vault for one in found}), SINCE, UNTIL)
    asked = [case.history for case in cases if backups.asked_for(case.history)]
    return sorted(one.item.name for one in asked), backups.unheard(asked)


def two_databases():
    places = Estates()
    items = [places.database(name, server) for name, server in (("sales", "sql-1"), ("sales", "sql-2"))]
    jobs = [
        places.estate.job(item, "Failed", ago="3h", codes=[NO_CONNECTION], **DIFFERENTIAL) for item in items
    ]
    return places, items, jobs


def test_an_alert_of_a_database_leads_to_it_and_to_none_of_its_name():
    places, items, _ = two_databases()
    backups = places.backups().about([hint(places.vault, item=items[1])])
    found = [one for one in backups.failing(SINCE, UNTIL) if backups.asked_for(one)]

    assert [one.key for one in found] == [items[1].lower()]


def test_an_alert_of_a_databases_job_leads_to_it():
    places, items, jobs = two_databases()
    backups = places.backups().about([hint(places.vault, job=jobs[0].rpartition("/")[2])])
    found = [one for one in backups.failing(SINCE, UNTIL) if backups.asked_for(one)]

    assert [one.key for one in found] == [items[0].lower()]


def test_an_alert_of_a_machine_leads_to_the_databases_in_it():
    places, _, _ = two_databases()
    places.estate.job(places.database("hr", "sql-1"), "Failed", ago="3h", codes=[NO_CONNECTION], **LOG)
    machine = f"/subscriptions/{places.sub}/resourcegroups/rg-a/providers/microsoft.compute/virtualmachines"

    assert heard(places, hint(places.vault, source=f"{machine}/sql-1")) == (["sql-1/hr", "sql-1/sales"], [])


def test_an_alert_of_a_database_that_no_job_shows_leads_to_it():
    places = Estates()
    item = places.database(unhealthy=NO_CONNECTION)

    assert heard(places, hint(places.vault, item=item)) == (["sql-1/sales"], [])


def test_an_alert_of_a_backup_vault_leads_to_its_instance():
    places = Estates()
    disks = [places.disk(f"disk-{number}") for number in (1, 2)]
    for disk in disks:
        instance_job(places.estate, disk, "Failed", ago="3h", codes=["InternalServerError"])

    assert heard(places, hint(places.backup_vault, item=disks[1])) == (["disk-2"], [])


def test_an_alert_that_nothing_confirms_is_unheard():
    places = Estates()
    disk = places.disk()
    instance_job(places.estate, disk, "Completed", ago="3h")
    alert = hint(places.backup_vault, item=disk)

    assert heard(places, alert) == ([], [alert])
