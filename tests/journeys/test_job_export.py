"""What job_export leaves where dashboards read: every row once, in its last state, whatever happens."""

import json
import shutil
from datetime import UTC, datetime, timedelta

import pytest

from simulator.estate import Estate as Plain
from simulator.estate_alerts import raise_alerts
from simulator.estate_instances import backup_vault
from tests.journeys.exports import (
    BLOBS,
    CONTAINER,
    days,
    export,
    files,
    manifest,
    read,
    rows,
)
from tests.journeys.runs import GRAPH, later, ran
from tests.journeys.sweeps import RUNBOOK as SWEEP
from tests.journeys.workloads import Estate

HOUR, DAY = 3600, 86400
REFUSED = {"status": 403, "body": {"error": {"code": "AuthorizationFailed", "message": "no read"}}}
LONG = "The snapshot could not be taken. " * 2000
"""Sixty kilobytes."""


def jobs_of(estate):
    return [row for row in estate.rows("recoveryservicesresources") if row["type"].endswith("/backupjobs")]


def utc_day(estate, ago_s=0):
    return f"{datetime.fromtimestamp(estate.now, UTC) - timedelta(seconds=ago_s):%Y-%m-%d}"


# -- the first export ------------------------------------------------------------------------------


class Whole(Estate):
    """A failed and a good backup of each workload, on several days, and what else there may be."""

    def __init__(self):
        super().__init__()
        self.machine_item = self.failed(self.recovery, "vm-web-01")
        self.job(self.machine_item, "Completed", ago="27h")
        self.job(self.machine_item, "Completed", ago="51h", user=True)
        self.database_item = self.fails(self.database("sales"), "UserErrorSQLNoSysadminMembership", ago="30h")
        self.share_item = self.ends(self.share("docs"), "Completed", ago="9d")
        self.disk_item = self.instance("disk-a", "disk")
        self.fails(self.disk_item, "UserErrorResourceLocked", ago="5h")
        self.ends(self.instance("aks-a", "aks"), "Completed", ago="13d")
        self.running = self.job(self.protected(self.recovery, "vm-web-02"), "InProgress", ago="10m")
        raise_alerts(self)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder, estate = tmp_path_factory.mktemp("whole"), Whole()
    run = export(estate.write(folder / "estate"), folder)
    assert (run.code, run.warnings) == (0, [])
    return estate, run


def out(run):
    return run.folder / "out"


def test_a_first_export_has_all_that_resource_graph_holds(whole):
    estate, run = whole

    assert {row["id"] for row in rows(out(run), "jobs")} == {row["id"] for row in jobs_of(estate)}
    assert {row["vault_name"] for row in rows(out(run), "vaults")} == {"rsv-a", "bv-a"}
    assert len(rows(out(run), "items")) == 6
    assert len(rows(out(run), "alerts")) == len(estate.rows("alertsmanagementresources")) > 0


def test_a_job_stands_in_the_file_of_the_utc_day_on_which_it_started(whole):
    _, run = whole
    filed = {
        (path.parent.name.removeprefix("date="), row["started"][:10])
        for path in files(out(run))
        if path.parent.parent.name == "jobs"
        for row in read(path)
    }

    assert len(filed) == len(days(out(run), "jobs"))
    assert all(date == started for date, started in filed)


def test_a_failed_job_of_a_machine_tells_who_where_why_and_what_to_do(whole):
    estate, run = whole
    [row] = [
        one
        for one in rows(out(run), "jobs")
        if one["item_name"] == "vm-web-01" and one["outcome"] == "failed"
    ]
    item = estate.row(estate.machine_item)

    assert {
        name: row[name]
        for name in row
        if name not in ("id", "key", "name", "started", "ended", "activity", "error_text", "remedy", "tenant")
    } == {
        "subscription": estate.group,
        "subscription_name": "prod",
        "resource_group": "rg-backup",
        "vault": estate.recovery.lower(),
        "vault_name": "rsv-a",
        "vault_type": "Recovery Services",
        "location": "westeurope",
        "workload": "vm",
        "item": estate.machine_item.lower(),
        "item_name": "vm-web-01",
        "source": item["properties"]["sourceResourceId"].lower(),
        "policy": item["properties"]["policyId"].lower(),
        "policy_name": "daily",
        "operation": "Backup",
        "backup": True,
        "backup_type": None,
        "status": "Failed",
        "outcome": "failed",
        "duration_s": 600,
        "on_demand": False,
        "transferred_bytes": None,
        "error_code": "BackUpOperationFailed",
        "error_class": "passing",
    }
    assert row["key"] == row["id"].lower()
    assert row["tenant"] == estate.row(f"/subscriptions/{estate.group}")["tenantId"]
    assert row["remedy"]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        pytest.param("disk-a", ("disk", "Backup", "failed", "bv-a"), id="a disk of a Backup vault"),
        pytest.param("vm-sales/sales", ("sql", "Recovery Services", "failed", "rsv-a"), id="a database"),
        pytest.param("stdocs/docs", ("files", "Recovery Services", "succeeded", "rsv-a"), id="a file share"),
        pytest.param("aks-a\\aks-a", ("aks", "Backup", "succeeded", "bv-a"), id="a cluster"),
        pytest.param("vm-web-02", ("vm", "Recovery Services", "running", "rsv-a"), id="one that runs"),
    ],
)
def test_both_kinds_of_vault_and_all_workloads_read_alike(whole, name, told):
    _, run = whole
    found = [row for row in rows(out(run), "jobs") if row["item_name"] == name]

    assert [(row["workload"], row["vault_type"], row["outcome"], row["vault_name"]) for row in found] == [
        told
    ]
    assert all(row["item"] and row["source"] and row["policy"] for row in found)


def test_items_tell_their_state_by_their_policy(whole):
    _, run = whole
    found = {row["name"]: row for row in rows(out(run), "items")}

    assert {name: row["state"] for name, row in found.items()} == {
        "vm-web-01": "healthy",
        "vm-web-02": "healthy",
        "vm-sales/sales": "past RPO",
        "stdocs/docs": "healthy",
        "disk-a": "never backed up",
        "aks-a\\aks-a": "past RPO",
    }
    assert found["vm-web-01"]["rpo_s"] == DAY
    assert found["vm-web-01"]["rpo_age_s"] == pytest.approx(20 * HOUR, abs=60)


def test_alerts_tell_of_which_item_and_job_they_are(whole):
    estate, run = whole
    told = {row["item_name"]: row for row in rows(out(run), "alerts")}
    machine = told["vm-web-01"]

    assert (machine["rule"], machine["severity"], machine["condition"]) == ("Backup Failure", "Sev1", "Fired")
    assert machine["item"] == estate.machine_item.lower()
    [job] = [row for row in rows(out(run), "jobs") if row["name"] == machine["job"]]
    assert (job["outcome"], job["item_name"]) == ("failed", "vm-web-01")


def test_the_manifest_says_what_is_final(whole):
    """Not a day that is not over for a day, since Resource Graph lags, nor one on which something runs."""
    estate, run = whole
    finals = {
        entry["date"]: entry["final"]
        for entry in manifest(out(run))["files"].values()
        if entry["entity"] == "jobs"
    }
    today, yesterday = utc_day(estate), utc_day(estate, DAY)

    assert finals[utc_day(estate, 9 * DAY)]
    assert not any(final for date, final in finals.items() if date in (today, yesterday))


def test_a_dashboard_reads_no_more_than_the_folder(whole):
    _, run = whole

    assert {path.name for path in out(run).iterdir()} == {
        "jobs", "items", "policies", "vaults", "alerts", "manifest.json", ".lock",
    }  # fmt: skip


# -- runs after it ---------------------------------------------------------------------------------


def test_a_run_after_which_nothing_happened_writes_no_day_anew(whole, tmp_path):
    _, run = whole
    shutil.copytree(out(run), tmp_path / "out")
    before = {path: path.stat().st_mtime_ns for path in files(tmp_path / "out")}
    again = export(run.state, tmp_path)
    touched = {path.parent.parent.name for path, at in before.items() if path.stat().st_mtime_ns != at}

    assert again.code == 0
    assert touched <= {"items", "policies", "vaults"}
    assert {entry["verdict"] for entry in again.report if entry["entity"] == "jobs"} == {"unchanged"}


def test_days_that_are_final_are_not_read_again(whole, tmp_path):
    _, run = whole
    shutil.copytree(out(run), tmp_path / "out")
    again = export(run.state, tmp_path)
    finals = {
        one["date"]
        for one in manifest(out(run))["files"].values()
        if one["entity"] == "jobs" and one["final"]
    }

    assert finals
    assert not finals & {entry["date"] for entry in again.report if entry["entity"] == "jobs"}


def test_since_reads_them_again(whole, tmp_path):
    estate, run = whole
    shutil.copytree(out(run), tmp_path / "out")
    first = utc_day(estate, 9 * DAY)
    again = export(run.state, tmp_path, f"since={first}", "entities=jobs")
    read_again = [entry["date"] for entry in again.report]

    assert read_again == [day for day in days(out(run), "jobs") if day >= first]


def test_a_job_in_flight_is_settled_by_a_later_run(tmp_path):
    estate = Estate()
    item = estate.protected(estate.recovery, "vm-1")
    estate.job(item, "InProgress", ago="10m")
    estate.world["outcomes"] = {item: ["Failed:400002"]}
    estate.world["minutes"] = {item: 60}
    first = export(estate.write(tmp_path / "estate"), tmp_path, speed=1)
    assert [row["outcome"] for row in rows(tmp_path / "out", "jobs")] == ["running"]

    second = export(later(first, 2 * HOUR, tmp_path / "later"), tmp_path / "2", to=tmp_path / "out", speed=1)

    assert [row["outcome"] for row in rows(tmp_path / "out", "jobs")] == ["failed"]
    assert second.code == 0


def test_missed_days_are_caught_up_and_what_azure_forgot_stays(tmp_path):
    estate = Estate()
    item = estate.protected(estate.recovery, "vm-1")
    for day in range(5):
        estate.job(item, "Completed", ago=f"{24 * day + 2}h")
    first = export(estate.write(tmp_path / "estate"), tmp_path)
    old = {row["id"] for row in rows(tmp_path / "out", "jobs")}
    state = later(first, 3 * DAY, tmp_path / "later")
    kept = [row for row in ndjson_of(state) if row["id"] not in set(sorted(old)[:3])]
    write_rows(state, kept)

    export(state, tmp_path / "2", to=tmp_path / "out")

    assert {row["id"] for row in rows(tmp_path / "out", "jobs")} == old


def ndjson_of(state):
    path = state / "recoveryservicesresources.ndjson"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def write_rows(state, kept):
    path = state / "recoveryservicesresources.ndjson"
    path.write_text("".join(json.dumps(row) + "\n" for row in kept), encoding="utf-8")


def test_an_alert_that_somebody_closed_is_final(tmp_path):
    estate = Estate()
    job = estate.fails(estate.protected(estate.recovery, "vm-1"), 400002, ago="80h")
    job_ids = [row["id"] for row in jobs_of(estate)]
    raise_alerts(estate, {job_ids[0]: "Closed"}, who="ops@contoso.com")
    export(estate.write(tmp_path / "estate"), tmp_path)

    [alert] = rows(tmp_path / "out", "alerts")
    [entry] = [one for one in manifest(tmp_path / "out")["files"].values() if one["entity"] == "alerts"]
    assert (alert["state"], entry["open"], entry["final"]) == ("Closed", 0, True)
    assert job


# -- where to, and in which form -------------------------------------------------------------------


def test_to_a_container_it_writes_the_same_as_to_a_folder(whole, tmp_path):
    """The container is made; a second run replaces what has changed and nothing else."""
    _, run = whole
    first = export(run.state, tmp_path / "1", f"to={CONTAINER}")
    blobs = first.state / BLOBS
    second = export(first.state, tmp_path / "2", f"to={CONTAINER}", "entities=jobs,alerts")

    assert (first.code, second.code) == (0, 0)
    for entity in ("jobs", "alerts"):
        assert rows(blobs, entity) == rows(out(run), entity)
    puts = [one["path"].split("/")[-1] for one in second.requests if one["method"] == "PUT"]
    assert puts == ["manifest.json"]


@pytest.mark.parametrize(
    ("tokens", "extension"),
    [
        pytest.param(("format=csv",), "csv.gz", id="CSV"),
        pytest.param(("layout=table",), "json.gz", id="columns and rows"),
        pytest.param(("compress=none",), "ndjson", id="not compressed"),
    ],
)
def test_every_form_holds_the_same_and_is_laid_over_itself(whole, tmp_path, tokens, extension):
    _, run = whole
    first = export(run.state, tmp_path / "1", *tokens, to=tmp_path / "out")
    second = export(first.state, tmp_path / "2", *tokens, "entities=jobs", "since=30d", to=tmp_path / "out")
    names = {path.name.partition(".")[2] for path in files(tmp_path / "out")}

    assert names == {extension}
    assert [row["id"] for row in rows(tmp_path / "out", "jobs")] == [
        row["id"] for row in rows(out(run), "jobs")
    ]
    assert second.done["exported"] == 0


def test_a_place_with_another_form_is_refused_and_stays_as_it_is(whole, tmp_path):
    """Its readers would meet each day twice."""
    _, run = whole
    shutil.copytree(out(run), tmp_path / "out")
    before = {path: path.read_bytes() for path in files(tmp_path / "out")}
    refused = export(run.state, tmp_path, "format=csv")

    assert refused.code == 2
    assert "give another place, or the format, layout and compress of before" in " ".join(refused.lines)
    assert {path: path.read_bytes() for path in files(tmp_path / "out")} == before


def test_raw_adds_the_row_as_resource_graph_gave_it(whole, tmp_path):
    estate, run = whole
    export(run.state, tmp_path, "raw=true", "entities=jobs")
    given = {row["id"]: row["properties"] for row in jobs_of(estate)}

    found = rows(tmp_path / "out", "jobs")
    assert {row["id"]: json.loads(row["raw"])["properties"]["status"] for row in found} == {
        one: properties["status"] for one, properties in given.items()
    }


def test_another_export_to_the_same_folder_is_refused(whole, tmp_path):
    import sqlite3

    _, run = whole
    (tmp_path / "out").mkdir()
    holder = sqlite3.connect(tmp_path / "out" / ".lock", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    refused = export(run.state, tmp_path)
    holder.close()

    assert refused.code == 1
    assert "is being written to by another export" in refused.error
    assert files(tmp_path / "out") == []


# -- what is odd -----------------------------------------------------------------------------------


def test_rows_that_nobody_understands_are_rows_all_the_same(tmp_path):
    estate = Estate()
    item = estate.protected(estate.recovery, "vm-1")
    odd = estate.job(item, "Completed", ago="2h")
    estate.row(odd)["properties"].pop("status")
    run = export(estate.write(tmp_path / "estate"), tmp_path)

    [row] = rows(tmp_path / "out", "jobs")
    assert (row["id"], row["outcome"], row["status"]) == (odd, "other", None)
    assert run.code == 0


def test_a_job_without_a_start_belongs_to_no_day_and_is_named(tmp_path):
    estate = Estate()
    item = estate.protected(estate.recovery, "vm-1")
    estate.job(item, "Completed", ago="2h")
    odd = estate.job(item, "Completed", ago="3h")
    estate.row(odd)["properties"].pop("startTime")
    run = export(estate.write(tmp_path / "estate"), tmp_path)

    assert len(rows(tmp_path / "out", "jobs")) == 1
    assert (run.code, run.unread) == (1, ["jobs without a start"])
    assert [one["scope"] for one in manifest(tmp_path / "out")["unread"]] == ["jobs without a start"]


def test_a_long_text_of_an_error_is_kept_whole(tmp_path):
    estate = Estate()
    job = estate.job(estate.protected(estate.recovery, "vm-1"), "Failed", ago="3h", codes=[400002])
    estate.row(job)["properties"]["errorDetails"][0]["errorString"] = LONG
    export(estate.write(tmp_path / "estate"), tmp_path)

    [row] = rows(tmp_path / "out", "jobs")
    assert row["error_text"] == LONG.strip()


# -- what cannot be read ---------------------------------------------------------------------------


def test_a_vault_that_the_last_complete_run_saw_is_named_when_it_is_out_of_sight(tmp_path):
    estate = Estate()
    hidden = estate.vault("rsv-hidden", subscription=estate.group, group="rg-far")
    estate.protected(estate.recovery, "vm-1")
    first = export(estate.write(tmp_path / "estate"), tmp_path)
    world = json.loads((first.state / "world.json").read_text(encoding="utf-8"))
    world["forbidden"] = [hidden]
    (first.state / "world.json").write_text(json.dumps(world), encoding="utf-8")

    second = export(first.state, tmp_path / "2", to=tmp_path / "out")

    assert second.code == 1
    assert hidden.lower() in second.unread
    assert not manifest(tmp_path / "out")["complete"]
    assert hidden.lower() in manifest(tmp_path / "out")["vaults"][""]


@pytest.mark.parametrize(
    ("query", "entity", "unread"),
    [
        pytest.param(4, "items", "read items: 1 subscriptions", id="items"),
        pytest.param(6, "jobs", "read jobs of ", id="a day of jobs"),
        pytest.param(5, "jobs", "read days of jobs: 1 subscriptions", id="the days there are"),
    ],
)
def test_what_could_not_be_read_stays_as_it_was_and_is_named(whole, tmp_path, query, entity, unread):
    """It is exit 1, and the rest goes on."""
    _, run = whole
    shutil.copytree(out(run), tmp_path / "out")
    before = {row["id"]: row for row in rows(out(run), entity)}
    refused = {"match": {"path": GRAPH}, "when": {"nth": [query]}, "then": REFUSED}
    failing = export(run.state, tmp_path, "since=30d", faults=[refused])

    assert failing.code == 1
    assert [one[: len(unread)] for one in failing.unread] == [unread]
    assert {row["id"]: row for row in rows(tmp_path / "out", entity)} == before
    assert rows(tmp_path / "out", "alerts")


def test_a_customers_tenant_is_named_and_what_lighthouse_hides_is_reported(tmp_path):
    """Recovery Services vaults read through Lighthouse as ever; Backup vaults are not fully supported."""
    estate = Estate()
    estate.job(estate.protected(estate.recovery, "vm-home"), "Completed", ago="2h")
    customer = "22222222-0000-0000-0000-000000000002"
    theirs = estate.subscription("aa-customer", tenant=customer)
    vault = estate.rsv("rsv-theirs", theirs)
    estate.job(estate.protected(vault, "vm-theirs"), "Completed", ago="2h")
    far = backup_vault(estate, "bv-theirs", subscription=theirs, group="rg-backup")
    run = export(estate.write(tmp_path / "estate"), tmp_path)
    tenants = {row["item_name"]: row["tenant"] for row in rows(tmp_path / "out", "jobs")}

    assert tenants["vm-theirs"] == customer != tenants["vm-home"]
    assert run.code == 1
    assert run.unread == [far.lower()]
    assert "Lighthouse does not fully support Backup vaults" in run.warnings[-1]


def test_an_export_of_a_part_leaves_the_rest_as_it_was(tmp_path):
    """Two exports may share a place, each with a scope of its own."""
    estate = Estate()
    estate.protected(estate.recovery, "vm-1")
    other = estate.subscription("other")
    estate.protected(estate.rsv("rsv-other", other), "vm-2")
    first = export(estate.write(tmp_path / "estate"), tmp_path)
    second = export(first.state, tmp_path / "2", f"scope={other}", to=tmp_path / "out")

    assert second.code == 0
    assert {row["name"] for row in rows(tmp_path / "out", "items")} == {"vm-1", "vm-2"}


def test_an_item_that_is_gone_is_gone_from_the_day_of_the_run(tmp_path):
    estate = Estate()
    estate.protected(estate.recovery, "vm-1")
    gone = estate.protected(estate.recovery, "vm-2")
    first = export(estate.write(tmp_path / "estate"), tmp_path)
    write_rows(first.state, [row for row in ndjson_of(first.state) if row["id"].lower() != gone.lower()])
    export(first.state, tmp_path / "2", to=tmp_path / "out")

    assert {row["name"] for row in rows(tmp_path / "out", "items")} == {"vm-1"}


def test_a_day_read_while_something_was_out_of_sight_is_not_final(tmp_path):
    """What comes into sight later is exported then."""
    estate = Estate()
    estate.job(estate.protected(estate.recovery, "vm-1"), "Completed", ago="80h")
    hidden = estate.vault("rsv-hidden", subscription=estate.group, group="rg-far")
    policy = estate.policy(hidden, "daily")
    machine = estate.vm("vm-2", subscription=estate.group, group="rg-app")
    estate.job(estate.item(hidden, machine, policy=policy), "Completed", ago="80h")
    estate.world["forbidden"] = [hidden]
    blind = export(estate.write(tmp_path / "estate"), tmp_path, "expect_subscriptions=2")
    assert (blind.code, blind.unread) == (1, ["scope"])
    assert not any(entry["final"] for entry in manifest(tmp_path / "out")["files"].values())
    world = json.loads((blind.state / "world.json").read_text(encoding="utf-8"))
    world["forbidden"] = []
    (blind.state / "world.json").write_text(json.dumps(world), encoding="utf-8")

    seeing = export(blind.state, tmp_path / "2", to=tmp_path / "out")

    assert seeing.code == 0
    assert {row["item_name"] for row in rows(tmp_path / "out", "jobs")} == {"vm-1", "vm-2"}


# -- coverage --------------------------------------------------------------------------------------


def test_coverage_is_what_the_last_sweep_of_each_day_said(tmp_path):
    estate = Estate()
    estate.protected(estate.recovery, "vm-good")
    bare = estate.vm("vm-bare", subscription=estate.group, group="rg-app")
    reports = tmp_path / "reports"
    swept = ran(
        (SWEEP, "kinds=vm", f"report={reports}/"), estate.write(tmp_path / "estate"), tmp_path / "s", (), {}
    )
    again = ran((SWEEP, "kinds=vm", f"report={reports}/"), swept.state, tmp_path / "s2", (), {})
    run = export(again.state, tmp_path, f"sweep={reports}")
    found = {row["name"]: row for row in rows(tmp_path / "out", "coverage")}

    assert {name: row["verdict"] for name, row in found.items()} == {
        "vm-good": "protected",
        "vm-bare": "unprotected",
    }
    assert found["vm-bare"]["source"] == bare.lower()
    assert found["vm-good"]["vault_name"] == "rsv-a"
    assert run.code == 0
    unchanged = export(run.state, tmp_path / "2", f"sweep={reports}", to=tmp_path / "out")
    assert "coverage" not in {entry["entity"] for entry in unchanged.report}


# -- parameters ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tokens", "fault"),
    [
        pytest.param(
            ("entities=coverage", "to=x"), "parameter sweep is required", id="coverage without a sweep"
        ),
        pytest.param(("since=yesterday", "to=x"), "parameter since must be", id="a day that is none"),
        pytest.param(("since=2026-13-01", "to=x"), "parameter since must be", id="a month that is none"),
    ],
)
def test_parameters_that_cannot_be_used_are_named_and_nothing_is_sent(tmp_path, tokens, fault):
    run = export(Plain().write(tmp_path / "estate"), tmp_path, *tokens)

    assert run.code == 2
    assert fault in run.lines[0]


def test_check_reads_little_and_writes_nothing(whole, tmp_path):
    _, run = whole
    checked = export(run.state, tmp_path, "check")

    assert checked.code == 0
    assert not (tmp_path / "out").exists()
    assert any("sees='1 subscriptions, 2 vaults'" in line for line in checked.lines)
