"""File shares of an estate: their rows, their policies, and what jobs leave on them."""

import pytest

from simulator import clock
from simulator.estate import Estate
from simulator.estate_shares import share, share_policy

NOW = clock.moment("2026-11-22T07:10:00Z")
CODE = "DatamoverGenericError"
ADHOC = "Whether job is adhoc or scheduled."


@pytest.fixture
def estate():
    return Estate(NOW)


@pytest.fixture
def vault(estate):
    return estate.vault("rsv", subscription=estate.subscription("prod"), group="RG-Backup")


@pytest.fixture
def account(estate, vault):
    return estate.storage_account("stdocs", subscription=vault.split("/")[2], group="rg-files")


@pytest.fixture
def item(estate, vault, account):
    return share(estate, vault, account, "docs")


def shown(estate, row_id):
    return estate.row(row_id)["properties"]


class TestItems:
    def test_are_named_after_account_and_share(self, estate, vault, account, item):
        told = shown(estate, item)

        assert item == (
            f"{vault}/backupFabrics/Azure/protectionContainers/StorageContainer;storage;rg-files;stdocs"
            "/protectedItems/AzureFileShare;docs"
        )
        assert (told["friendlyName"], told["workloadType"]) == ("docs", "AzureFileShare")
        assert told["dataSourceInfo"]["resourceID"] == account
        assert told["sourceResourceId"] == account.replace("Microsoft.Storage", "Microsoft.storage")

    def test_may_be_named_by_a_hash_and_tell_the_share(self, estate, vault, account):
        item = share(estate, vault, account, "docs", hashed=True)

        name = item.rpartition(";")[2]
        assert (len(name), shown(estate, item)["friendlyName"]) == (64, "docs")

    def test_never_backed_up_are_pending_and_have_no_last_backup(self, estate, vault, account):
        told = shown(estate, share(estate, vault, account, "docs", last_recovery_point_ago=None))

        assert (told["protectionState"], told["lastBackupStatus"]) == ("IRPending", "IRPending")
        assert set(told) & {"lastBackupTime", "lastRecoveryPoint"} == set()

    def test_backed_up_have_one_recovery_point(self, estate, item):
        told = shown(estate, item)

        assert (told["protectionState"], told["lastBackupStatus"]) == ("Protected", "Completed")
        assert told["lastRecoveryPoint"] == told["lastBackupTime"] == "2026-11-21T11:10:00.0000000Z"
        assert told["extendedInfo"]["recoveryPointCount"] == 1

    def test_whose_newest_backup_failed_say_so(self, estate, vault, account):
        told = shown(estate, share(estate, vault, account, "docs", unhealthy=CODE))

        assert (told["lastBackupStatus"], told["protectionStatus"]) == ("Failed", "Unhealthy")
        assert told["lastBackupTime"] == "2026-11-22T05:10:00.0000000Z"


class TestPolicies:
    def test_run_daily(self, estate, vault):
        told = shown(estate, share_policy(estate, vault, "daily", at="03:00", days=14, zone="Tokyo"))

        assert (told["backupManagementType"], told["workLoadType"]) == ("AzureStorage", "AzureFileShare")
        assert told["timeZone"] == "Tokyo"
        assert told["schedulePolicy"]["scheduleRunTimes"] == ["2026-09-23T03:00:00Z"]
        kept = told["retentionPolicy"]["dailySchedule"]
        assert kept["retentionDuration"] == {"count": 14, "durationType": "Days"}

    def test_run_hourly_in_a_window(self, estate, vault):
        told = shown(estate, share_policy(estate, vault, "hourly", at="08:00", every_hours=4))

        assert told["schedulePolicy"] == {
            "schedulePolicyType": "SimpleSchedulePolicy",
            "scheduleRunFrequency": "Hourly",
            "hourlySchedule": {
                "interval": 4,
                "scheduleWindowStartTime": "2026-09-23T08:00:00Z",
                "scheduleWindowDuration": 12,
            },
        }

    def test_do_not_run_at_any_interval(self, estate, vault):
        with pytest.raises(ValueError, match=r"^policy 'p': every_hours is one of \(4, 6, 8, 12\), got 5$"):
            share_policy(estate, vault, "p", every_hours=5)


class TestJobs:
    @pytest.mark.parametrize(
        ("user", "told"),
        [
            pytest.param(True, ("AzureStorageJob", False, "True"), id="by a person"),
            pytest.param(False, ("AzureStorageJob", False, "False"), id="by the schedule"),
            pytest.param(None, ("AzureStorageJobV2", "absent", "absent"), id="nobody knows by whom"),
        ],
    )
    def test_say_who_started_them_in_their_property_bag_only(self, estate, item, user, told):
        job = shown(estate, estate.job(item, "Completed", ago="3h", user=user))

        bag = job["extendedInfo"]["propertyBag"].get(ADHOC, "absent")
        assert (job["jobType"], job.get("isUserTriggered", "absent"), bag) == told

    def test_that_failed_have_no_text_code_but_in_a_link(self, estate, item):
        job = shown(estate, estate.job(item, "Failed", ago="3h", codes=[CODE]))

        assert (job["operation"], job["entityFriendlyName"]) == ("Backup", "docs")
        assert (job["storageAccountName"], "containerName" in job) == ("stdocs", False)
        assert job["errorDetails"] == [
            {
                "errorCode": 499000,
                "errorString": "An error occurred while moving data to the vault.",
                "recommendations": [f"Wait for a few minutes, then retry. https://aka.ms/AB-{CODE}"],
            }
        ]

    def test_show_on_the_item(self, estate, item):
        estate.job(item, "Failed", ago="3h", codes=[CODE])
        failed = dict(shown(estate, item))
        estate.job(item, "Completed", ago="2h")
        told = shown(estate, item)

        assert (failed["lastBackupStatus"], told["lastBackupStatus"]) == ("Failed", "Completed")
        assert failed["lastRecoveryPoint"] == "2026-11-21T11:10:00.0000000Z"
        assert told["lastRecoveryPoint"] == "2026-11-22T05:10:00.0000000Z"
        assert told["extendedInfo"]["recoveryPointCount"] == 2
