"""Generated estates are lifelike, agree with themselves, and come out of a seed."""

from __future__ import annotations

import itertools
import json
from collections import Counter, defaultdict
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from simulator import cli
from simulator.generate import generate
from simulator.generate_dice import shared_out
from simulator.generate_history import Fate
from simulator.generate_records import Size
from simulator.generate_schedules import AS_OF, DAY, HOUR, MINUTE
from simulator.options import UnusableError
from simulator.world import Settings, World
from simulator.worldfile import read
from tests.simulator.asking import ask

VMS, DISKS = "microsoft.compute/virtualmachines", "microsoft.compute/disks"
SQL, GROUPS = "AzureVmWorkloadSQLDatabase", "microsoft.resources/subscriptions/resourcegroups"
GOOD = ("Completed", "CompletedWithWarnings")
RESOURCES = {
    VMS,
    DISKS,
    "microsoft.compute/virtualmachinescalesets",
    "microsoft.sqlvirtualmachine/sqlvirtualmachines",
    "microsoft.storage/storageaccounts",
    "microsoft.dbforpostgresql/flexibleservers",
    "microsoft.containerservice/managedclusters",
    "microsoft.databricks/workspaces",
    "microsoft.recoveryservices/vaults",
    "microsoft.dataprotection/backupvaults",
}
RECOVERY = {
    "microsoft.recoveryservices/vaults/backuppolicies",
    "microsoft.recoveryservices/vaults/backupjobs",
    "microsoft.recoveryservices/vaults/backupfabrics/protectioncontainers/protecteditems",
    "microsoft.recoveryservices/vaults/backupfabrics/protectioncontainers/protectableitems",
    "microsoft.dataprotection/backupvaults/backuppolicies",
    "microsoft.dataprotection/backupvaults/backupjobs",
    "microsoft.dataprotection/backupvaults/backupinstances",
    "microsoft.dataprotection/backupvaults/deletedbackupinstances",
}
ALERTS = "alertsmanagementresources"
VAULTS = ("microsoft.recoveryservices/vaults", "microsoft.dataprotection/backupvaults")
KINDS = {"vm", "share", "sql", "hana", "ase", "disk", "blob", "blob-vaulted", "postgresql-flexible", "aks"}


def moment(text):
    return datetime.fromisoformat(text[:19] + "+00:00").timestamp() + float(text[19:-1] or 0)


def written(folder, size):
    return generate(size, folder), {
        path.stem: [json.loads(line) for line in path.read_text().splitlines()]
        for path in folder.glob("*.ndjson")
    }


@pytest.fixture(scope="module")
def estate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("estate")
    return folder, *written(folder, Size(1000, 20_000))


@pytest.fixture(scope="module")
def folder(estate):
    return estate[0]


@pytest.fixture(scope="module")
def made(estate):
    return estate[1:]


@pytest.fixture(scope="module")
def rows(made):
    return made[1]


@pytest.fixture(scope="module")
def resources(rows):
    return {row["id"].lower(): row for row in rows["resources"]}


@pytest.fixture(scope="module")
def backups(rows):
    return {row["id"].lower(): row for row in rows["recoveryservicesresources"]}


@pytest.fixture(scope="module")
def items(backups):
    """By id, what is protected, in both worlds."""
    ends = ("/protecteditems", "/backupinstances", "/deletedbackupinstances")
    return {key: row["properties"] for key, row in backups.items() if row["type"].endswith(ends)}


@pytest.fixture(scope="module")
def jobs(backups):
    """By item, newest first."""
    told = defaultdict(list)
    for row in backups.values():
        if row["type"].endswith("/backupjobs"):
            told[row["properties"]["backupInstanceId"].lower()].append(row["properties"])
    return {item: sorted(each, key=lambda job: job["startTime"], reverse=True) for item, each in told.items()}


@pytest.fixture(scope="module")
def known(folder):
    return read(json.loads((folder / "world.json").read_text()))


def all_of(jobs):
    return [job for each in jobs.values() for job in each]


def is_backup(job):
    return job["operation"].startswith("Backup")


def newest_ended(jobs):
    """The newest backup that says how an item is."""
    ended = (job for job in jobs if is_backup(job) and job["status"] not in ("InProgress", "Cancelled"))
    return next(ended, None)


class TestSeeds:
    def test_the_same_seed_makes_the_same_bytes(self, tmp_path):
        for name in ("one", "two"):
            generate(Size(60, 900, seed=7), tmp_path / name)

        one, two = (
            {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "two")
        )
        assert one == two
        assert set(one) == {
            "estate.json",
            "world.json",
            "resources.ndjson",
            "resourcecontainers.ndjson",
            "recoveryservicesresources.ndjson",
            "alertsmanagementresources.ndjson",
        }

    def test_another_seed_makes_another_estate(self, tmp_path):
        ids = []
        for seed in (1, 2):
            _, tables = written(tmp_path / str(seed), Size(20, 100, seed=seed))
            ids.append({row["id"] for table in tables.values() for row in table})

        assert ids[0] & ids[1] == set()

    def test_its_now_is_a_moment_of_its_own(self, folder):
        assert json.loads((folder / "estate.json").read_text()) == {"as_of": "2026-03-02T07:10:00Z"}


class TestSizes:
    @pytest.mark.parametrize(
        "size",
        [
            pytest.param(Size(20, 300), id="twenty machines"),
            pytest.param(Size(20, 0), id="no jobs"),
            pytest.param(Size(20, 40, subscriptions=20, seed=3), id="a subscription for each"),
            pytest.param(Size(500, 100, seed=4), id="fewer jobs than items"),
            pytest.param(Size(37, 5000, subscriptions=3, seed=5), id="more jobs than 14 days have"),
        ],
    )
    def test_there_are_as_many_as_asked_for(self, tmp_path, size):
        _, tables = written(tmp_path, size)

        kinds = Counter(row["type"].rpartition("/")[2] for table in tables.values() for row in table)
        assert kinds["virtualmachines"] == size.vms
        assert kinds["backupjobs"] == size.jobs
        assert kinds["subscriptions"] == (size.subscriptions or 2)

    def test_the_vaults_can_be_counted_and_have_all_the_items(self, tmp_path):
        _, tables = written(tmp_path, Size(400, 2000, subscriptions=3, vaults=7))

        vaults = {row["id"].lower() for row in tables["resources"] if row["type"] == VAULTS[0]}
        jobs = (
            row["id"].lower()
            for row in tables["recoveryservicesresources"]
            if row["type"].endswith("/backupjobs")
        )
        used = {job.partition("/backupjobs/")[0] for job in jobs if "/microsoft.recoveryservices/" in job}
        assert len(vaults) == 7
        assert used == vaults

    def test_each_subscription_needs_a_vault(self, tmp_path):
        with pytest.raises(UnusableError, match="vaults 2: each of 3 subscriptions needs one"):
            generate(Size(60, 100, subscriptions=3, vaults=2), tmp_path)

    def test_what_is_counted_is_what_is_written(self, made):
        counts, rows = made

        assert counts.total() == sum(map(len, rows.values()))
        assert sum(number for (kind, _), number in counts.items() if kind.startswith("jobs")) == 20_000
        assert sum(number for (kind, _), number in counts.items() if kind == "virtual machines") == 1000

    def test_what_is_shared_out_adds_up(self):
        assert shared_out(10, [1, 1, 1]) == [3, 3, 4]
        assert shared_out(3, [5, 0, 1]) == [2, 0, 1]

    def test_more_jobs_make_more_of_the_policies_hourly_before_they_are_older(self):
        assert [Size(1000, jobs).hourly for jobs in (14_000, 35_000, 900_000)] == [0.05, 0.3, 0.5]

    def test_a_folder_that_holds_something_is_left_alone(self, tmp_path):
        (tmp_path / "notes").write_text("mine")

        with pytest.raises(UnusableError, match=r"^out '.*' is not an empty folder; name a new one$"):
            generate(Size(20, 10), tmp_path)

    def test_a_folder_that_cannot_be_made_is_told(self, tmp_path):
        (tmp_path / "notes").write_text("mine")

        with pytest.raises(UnusableError, match=r"^out '.*notes/estate': Not a directory$"):
            generate(Size(20, 10), tmp_path / "notes" / "estate")

    def test_jobs_need_something_that_is_backed_up(self, tmp_path):
        size = next(
            size for size in (Size(1, 5, seed=seed) for seed in range(50)) if _is_bare(tmp_path, size)
        )

        with pytest.raises(UnusableError, match=r"^jobs 5: nothing of 1 machines is backed up; ask for more"):
            generate(size, tmp_path / "bare")
        assert not (tmp_path / "bare").exists()

    def test_it_tells_what_it_made(self, tmp_path):
        told = CliRunner().invoke(
            cli.app, ["generate", "--vms", "20", "--jobs", "50", "--out", str(tmp_path / "e"), "--counts"]
        )

        assert told.exit_code == 0
        numbers = {
            line[12:].split("  ")[0]: int(line[:10].replace(",", "")) for line in told.output.splitlines()
        }
        assert numbers["subscriptions"] == 2
        assert {kind for kind, _ in (name.partition(":")[::2] for name in numbers)} >= {
            "items",
            "jobs",
            "disks",
        }


def _is_bare(tmp_path, size):
    counts = generate(Size(1, 0, seed=size.seed), tmp_path / f"try-{size.seed}")
    return not any(kind.startswith("items") for kind, _ in counts)


class TestKinds:
    @pytest.mark.parametrize("seed", [0, 1, 2])
    def test_every_kind_and_state_is_there_from_a_thousand_machines_on(self, tmp_path, seed):
        counts, tables = written(tmp_path, Size(1000, 4000, seed=seed))

        states = {state for kind, state in counts if kind.startswith("items")}
        assert states == {fate.name.lower() for fate in Fate}
        assert {kind.partition(": ")[2] for kind, _ in counts if kind.startswith("items")} == KINDS
        assert {row["type"] for row in tables["resources"]} == RESOURCES
        assert {row["type"] for row in tables["recoveryservicesresources"]} == RECOVERY
        ended = {(kind.rpartition(" ")[2], status) for kind, status in counts if kind.startswith("jobs")}
        assert ended >= {("Restore", "Completed")} | {
            ("Backup", status) for status in (*GOOD, "Failed", "InProgress", "Cancelled")
        }

    def test_some_tens_of_percent_are_not_protected(self, made):
        counts, _ = made

        for kind in ("virtual machines", "storage accounts", "PostgreSQL servers", "AKS clusters"):
            bare = counts[kind, "unprotected"] / (counts[kind, "unprotected"] + counts[kind, "protected"])
            assert 0.1 < bare < 0.7, kind

    def test_a_resource_is_protected_twice_now_and_then(self, items):
        sources = Counter(
            item["dataSourceId"].lower() for item in items.values() if item.get("workloadType") == "VM"
        )

        twice = [source for source, number in sources.items() if number > 1]
        assert 1 <= len(twice) <= 20

    def test_casing_is_as_companies_have_it(self, rows, items):
        tags = {key for row in rows["resources"] for key in row.get("tags", {})}
        groups = {row["name"] for row in rows["resourcecontainers"] if row["type"] == GROUPS}

        assert len({key for key in tags if key.lower() in ("costcenter", "costcentre", "cost-centre")}) > 1
        assert {name[:3] for name in groups} >= {"rg-", "RG-"}
        assert any(
            item.get("sourceResourceId", "") != item.get("virtualMachineId", "") for item in items.values()
        )

    def test_some_machines_are_tagged_so_that_runbooks_leave_them_alone(self, rows):
        tags = Counter(
            f"{key}: {value}".lower()
            for row in rows["resources"]
            for key, value in row.get("tags", {}).items()
        )

        assert tags["backup-retry: off"] > 0
        assert tags["backup: off"] > 0

    @pytest.mark.parametrize("publisher", ["microsoft-aks", "AzureDatabricks"])
    def test_machines_that_a_service_made_stand_in_its_group_and_are_not_protected(
        self, rows, resources, items, publisher
    ):
        nodes = [
            row
            for row in rows["resources"]
            if row["type"] == VMS
            and row["properties"]["storageProfile"]["imageReference"]["publisher"] == publisher
        ]
        makers = {
            row["name"].lower(): row["managedBy"]
            for row in rows["resourcecontainers"]
            if row.get("managedBy")
        }

        assert nodes
        assert {makers[row["resourceGroup"]].lower() for row in nodes} <= set(resources)
        assert not {row["id"] for row in nodes} & {item.get("dataSourceId") for item in items.values()}

    def test_subscriptions_stand_below_management_groups(self, rows):
        chains = [
            [group["name"] for group in row["properties"]["managementGroupAncestorsChain"]]
            for row in rows["resourcecontainers"]
            if row["type"] == "microsoft.resources/subscriptions"
        ]

        assert {chain[-1] for chain in chains} == {"contoso"}
        assert len({chain[0] for chain in chains}) > 1


class TestRowsAgree:
    def test_no_id_is_there_twice(self, rows):
        ids = Counter(row["id"].lower() for table in rows.values() for row in table)

        assert [one for one, number in ids.items() if number > 1] == []

    def test_an_item_has_its_vault_and_its_policy(self, resources, backups, items):
        for key, item in items.items():
            vault = key.split("/backupfabrics/")[0].split("/backupinstances/")[0].split("/deletedbackup")[0]
            assert vault in resources
            policy = item.get("policyId") or (item["policyInfo"] or {}).get("policyId")
            assert not policy or policy.lower() in backups

    def test_an_item_has_its_source_unless_that_is_gone(self, resources, items):
        missing = []
        for item in items.values():
            source = (item.get("dataSourceId") or item["dataSourceInfo"]["resourceID"]).lower()
            source = source.partition("/blobservices")[0]
            if source not in resources:
                missing.append(item.get("isDatasourceDeleted", item["dataSourceInfo"]["datasourceType"]))

        assert missing
        assert set(missing) <= {True, "Microsoft.Compute/disks"}

    def test_a_disk_belongs_to_a_machine_that_has_it(self, rows, resources):
        for row in rows["resources"]:
            if row["type"] == DISKS and row.get("managedBy"):
                stored = resources[row["managedBy"].lower()]["properties"]["storageProfile"]
                disks = [stored["osDisk"], *stored["dataDisks"]]
                assert row["id"] in {disk["managedDisk"]["id"] for disk in disks}

    def test_a_policy_counts_its_items(self, backups, items):
        named = Counter(item["policyId"].lower() for item in items.values() if item.get("policyId"))
        policies = {
            key: row["properties"]["protectedItemsCount"]
            for key, row in backups.items()
            if row["type"] == "microsoft.recoveryservices/vaults/backuppolicies"
        }

        assert {key: number for key, number in policies.items() if number} == named

    def test_a_job_is_of_an_item_of_its_vault(self, backups, items, jobs):
        moved = {key.replace("/deletedbackupinstances/", "/backupinstances/") for key in items}

        assert set(jobs) <= moved
        for key, row in backups.items():
            if row["type"].endswith("/backupjobs"):
                vault = key.partition("/backupjobs/")[0]
                assert row["properties"]["backupInstanceId"].lower().startswith(f"{vault}/")

    def test_machines_and_shares_show_their_newest_backup(self, items, jobs):
        looked_at = 0
        for key, item in items.items():
            newest = newest_ended(jobs.get(key, []))
            if newest and item.get("workloadType") in ("VM", "AzureFileShare"):
                looked_at += 1
                assert item["lastBackupTime"] == newest["startTime"]
                status = "Completed" if newest["status"] in GOOD else "Failed"
                assert item["lastBackupStatus"] == status
                assert item["protectionStatus"] == ("Healthy" if status == "Completed" else "Unhealthy")

        assert looked_at > 500

    def test_the_last_recovery_point_is_that_of_the_newest_backup_that_succeeded(self, items, jobs):
        for key, each in jobs.items():
            good = next((job for job in each if is_backup(job) and job["status"] in GOOD), None)
            item = items.get(key)
            if not good or not item:
                continue
            if item.get("workloadType") in ("VM", "AzureFileShare"):
                assert item["lastRecoveryPoint"] == good["startTime"]
            elif "workloadType" in item:
                assert item["lastRecoveryPoint"] >= good["startTime"]
            else:
                points = item["backupInstanceExtendedProperties"]["recoveryPointInfo"]
                assert points["latestRecoveryPointInPrimaryRegion"] == good["startTime"]

    def test_an_item_that_was_never_backed_up_has_neither_jobs_nor_recovery_points(self, items, jobs):
        new = [key for key, item in items.items() if item.get("protectionState") == "IRPending"]

        assert new
        for key in new:
            assert key not in jobs
            assert "lastRecoveryPoint" not in items[key]

    def test_databases_can_be_unhealthy_though_no_job_shows_it(self, items, jobs):
        hidden = [
            key
            for key, item in items.items()
            if item.get("protectedItemType") == SQL
            and item["lastBackupStatus"] == "Unhealthy"
            and newest_ended(jobs.get(key, []))
            and newest_ended(jobs[key])["status"] in GOOD
        ]

        assert hidden
        for key in hidden:
            assert items[key]["lastBackupErrorDetail"]["code"]
            assert items[key]["lastBackupTime"] > jobs[key][0]["startTime"]


class TestJobs:
    def test_nothing_is_in_the_future_and_only_what_runs_has_no_end(self, jobs):
        for job in all_of(jobs):
            assert moment(job["startTime"]) < AS_OF
            if job["status"] == "InProgress":
                assert not job.get("endTime")
            else:
                assert moment(job["startTime"]) < moment(job["endTime"]) <= AS_OF

    def test_two_backups_of_an_item_never_run_at_once(self, jobs):
        for each in jobs.values():
            backups = [job for job in each if is_backup(job)]
            for later, earlier in itertools.pairwise(backups):
                assert earlier["endTime"] <= later["startTime"]

    def test_they_are_those_of_the_days_that_resource_graph_keeps(self, jobs):
        ages = [AS_OF - moment(job["startTime"]) for job in all_of(jobs)]

        assert sum(age < 14.5 * DAY for age in ages) > 0.95 * len(ages)

    def test_scheduled_backups_of_machines_start_when_their_policy_runs(self, backups, items, jobs):
        """Within the twenty minutes that the service takes; zones are at winter's time."""
        offsets = {
            "UTC": 0,
            "GMT Standard Time": 0,
            "W. Europe Standard Time": 1,
            "Eastern Standard Time": -5,
        }
        offsets |= {"Singapore Standard Time": 8, "India Standard Time": 5.5, "Central Standard Time": -6}
        looked_at = Counter()
        for key, each in jobs.items():
            item = items.get(key, {})
            if item.get("workloadType") != "VM" or not item["policyId"]:
                continue
            policy = backups[item["policyId"].lower()]["properties"]
            schedule = policy["schedulePolicy"]
            frequency = schedule["scheduleRunFrequency"]
            if frequency == "Hourly":
                at = moment(schedule["hourlySchedule"]["scheduleWindowStartTime"])
                times = [(at + each * 4 * HOUR) % DAY for each in range(6)]
            else:
                times = [moment(schedule["scheduleRunTimes"][0]) % DAY]
            for job in each:
                if job["operation"] == "Backup" and job.get("isUserTriggered") is False:
                    start = moment(job["startTime"]) + offsets[policy["timeZone"]] * HOUR
                    assert any((start - one) % DAY <= 20 * MINUTE for one in times)
                    if frequency == "Weekly":
                        assert datetime.fromtimestamp(start, UTC).weekday() == 6
                    looked_at[frequency] += 1

        assert set(looked_at) == {"Daily", "Weekly"}

    def test_one_to_three_in_a_hundred_failed(self, jobs):
        failed = sum(job["status"] == "Failed" for job in all_of(jobs)) / 20_000

        assert 0.01 < failed < 0.03

    def test_a_failure_has_a_cause_which_for_some_the_vault_alone_tells(self, backups, known):
        kept_back = 0
        for key, row in backups.items():
            if row["type"].endswith("/backupjobs") and row["properties"]["status"] == "Failed":
                kept_back += key in known.rest
                told = row["properties"].get("errorDetails") or known.rest[key]["properties"]["errorDetails"]
                assert told[0].get("errorCode") or told[0]["code"]

        assert kept_back == len(known.rest) > 0

    def test_a_vault_has_a_bad_night_in_which_most_failed_with_one_code(self, tmp_path):
        _, tables = written(tmp_path, Size(1500, 15_000, seed=2))
        nights = defaultdict(list)
        for row in tables["recoveryservicesresources"]:
            job = row["properties"]
            if job.get("jobType", "").startswith("AzureIaaSVM") and job["operation"] == "Backup":
                night = moment(job["startTime"]) // DAY
                code = job["errorDetails"][0]["errorCode"] if job.get("errorDetails") else None
                nights[row["id"].lower().partition("/backupjobs/")[0], night].append(code)

        storms = [
            codes
            for codes in nights.values()
            if len(codes) >= 10 and max(Counter(filter(None, codes)).values(), default=0) > 0.35 * len(codes)
        ]
        assert storms

    def test_some_machines_fail_every_night_and_some_recover_by_hand(self, items, jobs):
        machines = [
            each
            for key, each in jobs.items()
            if items.get(key, {}).get("workloadType") == "VM" and len(each) > 5
        ]
        always = [each for each in machines if all(job["status"] == "Failed" for job in each[:4])]
        recovered = [
            each
            for each in machines
            if each[0].get("isUserTriggered")
            and each[0]["status"] == "Completed"
            and each[1]["status"] == "Failed"
        ]

        assert always
        assert recovered

    def test_newer_jobs_do_not_say_who_started_them(self, jobs):
        types = {job.get("jobType"): "isUserTriggered" in job for job in all_of(jobs) if is_backup(job)}

        assert {"AzureIaaSVMJob", "AzureIaaSVMJobV2", "AzureStorageJob", "AzureStorageJobV2"} <= set(types)
        assert not types["AzureIaaSVMJobV2"]
        assert not types["AzureStorageJobV2"]


class TestWhatIsToCome:
    def test_outcomes_are_of_items(self, items, known):
        assert set(known.outcomes) <= set(items)
        assert set(known.minutes) == set(known.outcomes)

    def test_most_of_what_failed_recovers_and_some_fails_again(self, known):
        first = Counter(outcomes[0].partition(":")[0] for outcomes in known.outcomes.values())

        assert first["Completed"] > first["Failed"] > 0

    def test_a_job_that_runs_is_going_to_end(self, jobs, known):
        running = [(key, job) for key, each in jobs.items() for job in each if job["status"] == "InProgress"]

        assert running
        for key, job in running:
            assert known.outcomes[key] == ["Completed"]
            assert moment(job["startTime"]) + known.minutes[key] * MINUTE > AS_OF

    def test_a_database_without_a_listed_full_has_one_among_its_recovery_points(self, tmp_path):
        counts = generate(Size(200, 0, seed=1), tmp_path)

        told = json.loads((tmp_path / "world.json").read_text())["recovery_points"]
        databases = sum(
            number
            for (kind, state), number in counts.items()
            if kind in ("items: sql", "items: hana", "items: ase") and state != "new"
        )
        assert len(told) == databases > 0
        assert {point["type"] for points in told.values() for point in points} == {"Full", "Differential"}


class TestAlerts:
    def test_every_failure_has_one_but_those_of_machines_by_design(self, rows, backups, known):
        """Another backup was running, or the machine is gone."""
        failed = {
            row["name"]: known.rest.get(key, row)["properties"]["errorDetails"][0]
            for key, row in backups.items()
            if row["type"].endswith("/backupjobs") and row["properties"]["status"] == "Failed"
        }
        told = Counter(row["properties"]["context"]["extendedInfo"]["jobId"] for row in rows[ALERTS])

        assert set(told.values()) == {1}
        assert set(told) < set(failed)
        silent = {failed[name].get("errorCode") for name in set(failed) - set(told)}
        assert silent <= {400001, 400094, 400136, 320001}

    def test_they_come_after_their_job_and_some_are_over_or_were_answered(self, rows):
        told = [row["properties"]["essentials"] for row in rows[ALERTS]]

        assert {(one["alertState"], one["monitorCondition"]) for one in told} == {
            (state, condition)
            for state in ("New", "Acknowledged", "Closed")
            for condition in ("Fired", "Resolved")
        }
        assert all(moment(one["lastModifiedDateTime"]) <= AS_OF for one in told)

    def test_one_whose_cause_the_vault_alone_tells_tells_it_too(self, rows, known):
        kept_back = {
            key.rpartition("/")[2] for key, told in known.rest.items() if "errorDetails" in told["properties"]
        }
        told = [
            row["properties"]["essentials"]["description"]
            for row in rows[ALERTS]
            if row["properties"]["context"]["extendedInfo"]["jobId"] in kept_back
        ]

        assert told
        assert all(told)


class TestVaults:
    def test_their_rows_tell_how_backups_are_kept_and_kept_safe(self, resources):
        of = {
            kind: [one["properties"] for one in resources.values() if one["type"] == kind] for kind in VAULTS
        }
        recovery, backup = (of[kind] for kind in VAULTS)

        assert {one["redundancySettings"]["standardTierStorageRedundancy"] for one in recovery} > {
            "GeoRedundant"
        }
        assert {one["storageSettings"][0]["type"] for one in backup} > {"GeoRedundant"}
        for one in (*recovery, *backup):
            assert (
                one["monitoringSettings"]["azureMonitorAlertSettings"]["alertsForAllJobFailures"] == "Enabled"
            )
            assert one["securitySettings"]["immutabilitySettings"]["state"] in (
                "Disabled",
                "Unlocked",
                "Locked",
            )
        for one in recovery:
            assert one["securitySettings"]["softDeleteSettings"]["softDeleteRetentionPeriodInDays"] == 14
        for one in backup:
            assert one["securitySettings"]["softDeleteSettings"]["retentionDurationInDays"] == 14.0
            assert "crossSubscriptionRestoreSettings" in one["featureSettings"]


@pytest.fixture(scope="module")
def world(folder):
    return World.load(folder, Settings(quota=None), clock=lambda: AS_OF + 30 * DAY)


class TestServed:
    @pytest.mark.parametrize("kind", sorted(RECOVERY))
    def test_resource_graph_finds_each_kind_of_backup(self, world, rows, kind):
        assert _count(world, "recoveryservicesresources", kind) == _rows_of(rows, kind)

    @pytest.mark.parametrize("kind", sorted(RESOURCES))
    def test_resource_graph_finds_each_kind_of_resource(self, world, rows, kind):
        assert _count(world, "resources", kind) == _rows_of(rows, kind)

    def test_its_moment_is_now_whenever_it_is_loaded(self, world):
        answer = _ask(
            world,
            "recoveryservicesresources | where type =~ 'microsoft.recoveryservices/vaults/backupjobs' "
            "| where todatetime(properties.startTime) > ago(1d) | summarize recent = count()",
        )

        assert answer[0]["recent"] > 500


def _count(world, table, kind):
    return _ask(world, f"{table} | where type =~ '{kind}' | summarize number = count()")[0]["number"]


def _ask(world, query):
    body = {"query": query, "options": {"resultFormat": "objectArray"}}
    path = "/providers/Microsoft.ResourceGraph/resources?api-version=2021-03-01"
    answer = ask(world, "POST", path, body, content_type="application/json")
    assert answer.status == 200, answer.body
    return answer.body["data"]


def _rows_of(rows, kind):
    return sum(row["type"] == kind for table in rows.values() for row in table)
