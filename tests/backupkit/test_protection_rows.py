"""What Backup vaults tell of jobs, backup instances and policies, in the shapes that were recorded."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from backupkit import rows
from backupkit.policies import next_run
from backupkit.records import Item, Job, Policy, Schedule
from backupkit.times import stamp, utc
from hypothesis import given
from hypothesis import strategies as st

GROUP = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-b"
VAULT = f"{GROUP}/providers/Microsoft.DataProtection/backupVaults/BV"
DISK = f"{GROUP}/providers/Microsoft.Compute/disks/Disk-1"
INSTANCE = f"{VAULT}/backupInstances/disk-1-guid"
ALL = tuple(range(7))


def job(**properties: object) -> Job:
    """A disk's backup that completed; a property that is None is null, as this service sends it."""
    known = {
        "activityID": "a",
        "backupInstanceId": INSTANCE,
        "backupInstanceFriendlyName": "Disk-1",
        "dataSourceType": "Microsoft.Compute/disks",
        "dataSourceSetName": None,
        "operationCategory": "Backup",
        "operation": "Backup",
        "status": "Completed",
        "startTime": "2026-03-09T22:00:00.5892462Z",
        "endTime": "2026-03-09T22:03:37.4707964Z",
        "isUserTriggered": False,
        "errorDetails": None,
        "duration": "PT3M36.8815502S",
        **properties,
    }
    return rows.job({"id": f"{VAULT}/backupJobs/J-1", "name": "J-1", "properties": known})


# -- Jobs --------------------------------------------------------------------------------------


def test_a_job_is_read():
    one = job()

    assert (one.name, one.vault, one.workload) == ("J-1", VAULT.lower(), "disk")
    assert (one.item, one.item_name, one.container) == (INSTANCE.lower(), "disk-1", "")
    assert (one.started, one.ended) == (utc("2026-03-09T22:00:00"), utc("2026-03-09T22:03:37"))
    assert (one.operation, one.kind, one.user, one.failure) == ("Backup", "", False, None)


@pytest.mark.parametrize(
    ("category", "operation", "read", "backup"),
    [
        pytest.param("Backup", "Backup", "Backup", True, id="as recorded"),
        pytest.param("Backup", "Backup:full", "Backup:full", True, id="with its type"),
        pytest.param("Backup", "Scheduled run", "Backup: Scheduled run", True, id="a backup in other words"),
        pytest.param("Restore", "ALR", "Restore: ALR", False, id="a restore in other words"),
        pytest.param("Restore", "Restore", "Restore", False, id="a restore"),
        pytest.param(
            "Management", "Backup instance update", "Management: Backup instance update", False,
            id="whatever the words begin with, the category says what it is",
        ),
        pytest.param("Tiering", None, "Tiering: ", False, id="a category alone"),
        pytest.param(None, "Backup", "Backup", True, id="no category"),
        pytest.param(None, None, "", False, id="neither"),
    ],
)  # fmt: skip
def test_the_operation_is_free_text_and_its_category_says_what_it_is(category, operation, read, backup):
    one = job(operationCategory=category, operation=operation)

    assert (one.operation, one.is_backup) == (read, backup)


@pytest.mark.parametrize(
    ("kind", "workload"),
    [
        ("Microsoft.Compute/disks", "disk"),
        ("microsoft.storage/storageAccounts/BLOBSERVICES", "blob"),
        ("Microsoft.DBforPostgreSQL/servers/databases", "postgresql"),
        ("Microsoft.DBforPostgreSQL/flexibleServers", "postgresql"),
        ("Microsoft.ContainerService/managedClusters", "aks"),
        ("Microsoft.DBforMySQL/flexibleServers", "microsoft.dbformysql/flexibleservers"),
        (None, "unknown"),
    ],
)
def test_what_is_backed_up(kind, workload):
    assert job(dataSourceType=kind).workload == workload
    assert item(dataSourceInfo={"datasourceType": kind}).workload == workload


@pytest.mark.parametrize("end", [None, "0001-01-01T00:00:00", "0001-01-01T00:00:00Z", "2026-03-09T22:10:00Z"])
@pytest.mark.parametrize("status", ["InProgress", "Inprogress", "Started", "Cancelling"])
def test_a_job_that_runs_has_no_end_whatever_stands_there(status, end):
    one = job(status=status, endTime=end)

    assert (one.is_running, one.ended, one.until) == (True, None, one.started)


@pytest.mark.parametrize("status", ["Completed", "CompletedWithWarnings", "Succeeded"])
def test_a_job_that_went_well(status):
    assert job(status=status).succeeded


def test_a_failure_is_read_from_its_texts():
    detail = {
        "code": "UserErrorManagedDiskNotFound",
        "message": "m",
        "recommendedAction": [],
        "isRetryable": False,
        "innerError": None,
    }
    one = job(status="Failed", errorDetails=[detail])

    assert one.failure is not None
    assert (one.failure.code, one.failure.cause) == ("UserErrorManagedDiskNotFound", "gone")


@pytest.mark.parametrize("details", [None, [], [None], "text"])
def test_a_failure_without_details_is_one_all_the_same(details):
    one = job(status="Failed", errorDetails=details)

    assert one.failure is not None
    assert one.failure.code == "none given"


@pytest.mark.parametrize(("said", "user"), [(True, True), (False, False), ("True", True), (None, None)])
def test_who_started_it(said, user):
    assert job(isUserTriggered=said).user is user


@pytest.mark.parametrize("told", [None, ""])
def test_a_job_may_not_say_what_it_is_of(told):
    one = job(backupInstanceId=told, backupInstanceFriendlyName=told)

    assert (one.item, one.item_name) == ("", "")


@pytest.mark.parametrize("missing", ["status", "startTime"])
def test_a_job_that_says_not_how_or_when_it_was_is_no_job(missing):
    row = {"status": "Failed", "startTime": "2026-03-09T22:00:00Z"}
    with pytest.raises(KeyError, match=missing):
        rows.job(
            {
                "id": f"{VAULT}/backupJobs/j",
                "name": "j",
                "properties": {k: v for k, v in row.items() if k != missing},
            }
        )


# -- Backup instances --------------------------------------------------------------------------


def item(**properties: object) -> Item:
    known = {
        "friendlyName": "Disk-1",
        "currentProtectionState": "ProtectionConfigured",
        "policyInfo": {"policyId": f"{VAULT}/backupPolicies/Daily"},
        **properties,
    }
    known["dataSourceInfo"] = {
        "resourceID": DISK,
        "resourceName": "Disk-1",
        "datasourceType": "Microsoft.Compute/disks",
        **(known.get("dataSourceInfo") or {}),
    }
    return rows.item({"id": INSTANCE, "name": "disk-1-guid", "properties": known})


POINT = {"latestRecoveryPointInPrimaryRegion": "2026-03-09T22:01:00.5Z"}
NO_POINT = {"latestRecoveryPointInPrimaryRegion": None}


def test_an_instance_is_read():
    one = item()

    assert (one.key, one.vault, one.name) == (INSTANCE.lower(), VAULT.lower(), "Disk-1")
    assert (one.workload, one.container, one.source) == ("disk", "", DISK)
    assert one.policy == f"{VAULT}/backupPolicies/Daily".lower()
    assert (one.stopped, one.soft_deleted, one.last_recovery_point) == (False, False, None)


@pytest.mark.parametrize(
    ("told", "newest"),
    [
        pytest.param({"recoveryPointInfo": POINT}, utc("2026-03-09T22:01:00"), id="as Resource Graph tells"),
        pytest.param({"recoveryPointInfo": {**POINT, **NO_POINT}}, None, id="none yet"),
        pytest.param({"recoveryPointInfo": None}, None, id="null"),
        pytest.param(None, None, id="not told, as by the vault itself"),
    ],
)
def test_the_newest_recovery_point_of_an_instance(told, newest):
    assert item(backupInstanceExtendedProperties=told).last_recovery_point == newest


@pytest.mark.parametrize(
    ("friendly", "resource", "name"),
    [("Mine", "Disk-1", "Mine"), (None, "Disk-1", "Disk-1"), (None, None, "disk-1-guid")],
)
def test_an_instance_goes_by_its_friendly_name_else_its_resources_else_its_own(friendly, resource, name):
    assert item(friendlyName=friendly, dataSourceInfo={"resourceName": resource}).name == name


@pytest.mark.parametrize(
    ("state", "stopped", "deleted"),
    [
        ("ProtectionConfigured", False, False),
        ("ConfiguringProtection", False, False),
        ("UpdatingProtection", False, False),
        ("ProtectionError", False, False),
        ("ProtectionStopped", True, False),
        ("BackupSchedulesSuspended", True, False),
        ("RetentionSchedulesSuspended", True, False),
        ("SoftDeleting", False, True),
        ("SoftDeleted", False, True),
        (None, False, False),
    ],
)
def test_whether_an_instance_is_still_backed_up(state, stopped, deleted):
    one = item(currentProtectionState=state)

    assert (one.stopped, one.soft_deleted) == (stopped, deleted)


SERVER = f"{GROUP}/providers/Microsoft.DBforPostgreSQL/servers/pg-1"


@pytest.mark.parametrize(
    ("told", "source"),
    [
        pytest.param(DISK, DISK, id="a disk"),
        pytest.param(f"{SERVER}/databases/app", SERVER, id="a database of a single server: the server"),
        pytest.param(
            f"{SERVER}/databases/app".lower(), SERVER.lower(), id="the same, in another casing"
        ),
        pytest.param(
            SERVER.replace("servers/", "flexibleServers/"),
            SERVER.replace("servers/", "flexibleServers/"),
            id="a flexible server",
        ),
        pytest.param(None, "", id="nothing"),
    ],
)  # fmt: skip
def test_the_source_is_the_resource_that_carries_the_tags(told, source):
    assert item(dataSourceInfo={"resourceID": told}).source == source


@pytest.mark.parametrize("info", [None, {}, {"policyId": None}, "text"])
def test_an_instance_may_have_no_policy(info):
    assert item(policyInfo=info).policy == ""


# -- Policies ----------------------------------------------------------------------------------


def retention(name: str = "Default", duration: object = "P7D") -> dict[str, object]:
    lifecycle = {"deleteAfter": {"duration": duration, "objectType": "AbsoluteDeleteOption"}}
    return {"name": name, "objectType": "AzureRetentionRule", "lifecycles": [lifecycle]}


def tagged(name: str, *, default: object = False) -> dict[str, object]:
    return {"isDefault": default, "tagInfo": {"tagName": name, "id": f"{name}_"}}


def taking(
    *intervals: object, name: str = "BackupDaily", zone: str | None = None, tags: object = None
) -> dict[str, object]:
    schedule = {"repeatingTimeIntervals": list(intervals), "timeZone": zone}
    criteria = [tagged("Default", default=True)] if tags is None else tags
    return {
        "name": name,
        "objectType": "AzureBackupRule",
        "trigger": {"schedule": schedule, "taggingCriteria": criteria},
    }


def policy(*rules: object) -> Policy:
    return rows.policy(
        {"id": f"{VAULT}/backupPolicies/P", "name": "P", "properties": {"policyRules": [*rules]}}
    )


def test_a_policy_names_its_rule_and_its_default_tag():
    one = policy(taking("R/2026-01-04T22:00:00+00:00/P1D", name="BackupDaily"), retention())

    assert (one.id, one.rule, one.tag) == (f"{VAULT}/backupPolicies/P".lower(), "BackupDaily", "Default")
    assert one.schedules == (Schedule("UTC", ((22, 0),), ALL, timedelta(days=1), 7),)


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param([retention(duration="P30D")], id="one of retention alone: operational blob backup"),
        pytest.param([], id="no rule"),
        pytest.param([{"name": "x", "objectType": None}], id="a rule of no type"),
        pytest.param(["text", None], id="no rules at all"),
    ],
)
def test_a_policy_without_a_backup_rule_triggers_nothing(rules):
    one = policy(*rules)

    assert (one.rule, one.tag, one.schedules) == ("", "", ())


@pytest.mark.parametrize(
    ("interval", "times", "days", "every"),
    [
        pytest.param(
            "R/2020-04-05T13:00:00+00:00/PT4H",
            ((13, 0), (17, 0), (21, 0), (1, 0), (5, 0), (9, 0)),
            ALL,
            timedelta(hours=4),
            id="every four hours",
        ),
        pytest.param(
            "R/2020-04-05T13:00:00Z/PT12H", ((13, 0), (1, 0)), ALL, timedelta(hours=12), id="with a Z"
        ),
        pytest.param(
            "R/2020-04-05T13:15:00+00:00/P1D", ((13, 15),), ALL, timedelta(days=1), id="every day"
        ),
        pytest.param(
            "R/2021-08-15T06:30:00+00:00/P1W", ((6, 30),), (6,), timedelta(days=7), id="every Sunday"
        ),
        pytest.param(
            "R/2021-08-16T06:30:00+00:00/P7D", ((6, 30),), (0,), timedelta(days=7), id="every seven days"
        ),
        pytest.param(
            "R12/2021-08-16T06:30:00+00:00/P1D", ((6, 30),), ALL, timedelta(days=1), id="so many times"
        ),
        pytest.param(
            "R/2021-08-16T06:30:00.1234567+00:00/P1D", ((6, 30),), ALL, timedelta(days=1), id="with fractions"
        ),
        pytest.param(
            "R/2021-08-16T06:30:00+02:00/P1D", ((4, 30),), ALL, timedelta(days=1), id="with another offset"
        ),
        pytest.param(
            "R/2021-08-16T06:30:00+00:00/P1M", (), (), timedelta(days=30), id="monthly: which day is not told"
        ),
        pytest.param(
            "R/2021-08-16T06:30:00+00:00/P2W", (), (), timedelta(days=14), id="every other week: neither"
        ),
    ],
)  # fmt: skip
def test_when_a_policy_runs(interval, times, days, every):
    (one,) = policy(taking(interval), retention()).schedules

    assert (one.times, one.days, one.every) == (times, days, every)


@pytest.mark.parametrize(
    "interval",
    ["", "R/soon/P1D", "R/2021-08-16T06:30:00+00:00/", "R/2021-08-16T06:30:00+00:00/P0D", "daily", None, 7],
)
def test_an_interval_that_cannot_be_read_is_no_timetable(interval):
    one = policy(taking(interval), retention())

    assert (one.schedules, one.rule) == ((), "BackupDaily")


def test_a_policy_may_have_several_intervals_and_rules():
    one = policy(
        taking("R/2026-01-04T10:00:00Z/P1W", "R/2026-01-07T10:00:00Z/P1W", name="BackupWeekly"),
        taking("R/2026-01-04T22:00:00Z/P1D", name="BackupDaily", tags=[tagged("Short", default=True)]),
        retention(),
        retention("Short", "P3D"),
    )

    assert [(each.days, each.keep_days) for each in one.schedules] == [((6,), 7), ((2,), 7), (ALL, 3)]
    assert (one.rule, one.tag) == ("BackupWeekly", "Default")


@pytest.mark.parametrize(
    ("zone", "times"),
    [
        pytest.param("W. Europe Standard Time", ((23, 0),), id="by its name on Windows"),
        pytest.param("Europe/Berlin", ((23, 0),), id="by its name elsewhere"),
        pytest.param("UTC", ((22, 0),), id="UTC"),
        pytest.param(None, ((22, 0),), id="none: UTC"),
    ],
)
def test_times_are_by_the_clock_of_the_schedules_zone(zone, times):
    (one,) = policy(taking("R/2026-01-04T22:00:00+00:00/P1D", zone=zone), retention()).schedules

    assert (one.times, one.zone_name) == (times, zone or "UTC")


@pytest.mark.parametrize("here", ["UTC", "Asia/Tokyo", "America/New_York"])
def test_a_moment_without_an_offset_is_utc_wherever_this_runs(here, monkeypatch):
    monkeypatch.setenv("TZ", here)
    time.tzset()
    try:
        (one,) = policy(taking("R/2026-01-04T22:00:00/P1D"), retention()).schedules
    finally:
        monkeypatch.undo()
        time.tzset()

    assert one.times == ((22, 0),)


def test_a_zone_that_nobody_knows_gives_no_timetable():
    assert policy(taking("R/2026-01-04T22:00:00Z/P1D", zone="Middle-earth"), retention()).schedules == ()


def test_a_weekly_run_is_on_the_weekday_of_its_own_zone():
    """Sunday, 22:00 UTC is Monday in Tokyo."""
    told = "R/2026-01-04T22:00:00+00:00/P1W"
    (one,) = policy(taking(told, zone="Tokyo Standard Time"), retention()).schedules

    assert (one.times, one.days) == (((7, 0),), (0,))


@given(
    st.integers(1_700_000_000, 1_772_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    st.sampled_from(["PT4H", "PT6H", "PT8H", "PT12H", "P1D", "P1W"]),
    st.sampled_from(["UTC", "Tokyo Standard Time", "India Standard Time"]),
)
def test_the_next_run_is_a_repetition_of_the_first(start, every, zone):
    """In zones whose clocks are never changed."""
    start = start.replace(second=0, microsecond=0)
    now = datetime(2026, 3, 10, 9, tzinfo=UTC)
    one = policy(taking(f"R/{stamp(start)}/{every}", zone=zone), retention())
    run = next_run(one, now)

    assert run is not None
    assert (run - start) % one.schedules[0].every == timedelta(0)
    assert now < run <= now + one.schedules[0].every


@pytest.mark.parametrize(
    ("criteria", "tag", "days"),
    [
        pytest.param([tagged("Default", default=True)], "Default", 7, id="the only one"),
        pytest.param([tagged("Weekly"), tagged("Default", default=True)], "Default", 7, id="the default"),
        pytest.param([tagged("Weekly"), tagged("Default", default="true")], "Default", 7, id="said in text"),
        pytest.param([tagged("Weekly"), tagged("Default")], "Weekly", 84, id="the first where none is"),
        pytest.param([tagged("weekly", default=True)], "weekly", 84, id="a rule is found in any casing"),
        pytest.param([tagged("Lost", default=True)], "Lost", None, id="one of which no rule tells"),
        pytest.param([], "", None, id="none"),
    ],
)
def test_a_backup_is_kept_as_the_rule_of_its_tag_says(criteria, tag, days):
    one = policy(
        taking("R/2026-01-04T22:00:00Z/P1D", tags=criteria), retention(), retention("Weekly", "P12W")
    )

    assert (one.tag, one.schedules[0].keep_days) == (tag, days)


@pytest.mark.parametrize(
    ("duration", "days"),
    [
        ("P7D", 7),
        ("P12W", 84),
        ("P3M", 90),
        ("P1Y", 365),
        ("P1Y6M", 545),
        ("P0D", None),
        ("PT12H", None),
        ("seven days", None),
        (None, None),
    ],
)
def test_how_many_days_a_rule_keeps(duration, days):
    one = policy(taking("R/2026-01-04T22:00:00Z/P1D"), retention(duration=duration))

    assert one.schedules[0].keep_days == days


@pytest.mark.parametrize(
    "properties", [{}, {"policyRules": None}, {"policyRules": "x"}, None], ids=["empty", "null", "text", "no"]
)
def test_a_policy_without_rules_is_one_all_the_same(properties):
    one = rows.policy({"id": f"{VAULT}/backupPolicies/P", "name": "P", "properties": properties})

    assert (one.schedules, one.rule, one.tag) == ((), "", "")
