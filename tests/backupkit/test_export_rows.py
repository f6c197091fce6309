"""Rows of Resource Graph as an export's records: all workloads alike, whatever a row is like."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from backupkit import export_rows, rows
from backupkit.export_place import Place
from backupkit.export_rows import ODD, Known
from backupkit.export_schema import ENTITIES, names
from backupkit.records import Policy, Schedule
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 11, 26, 5, 0, tzinfo=UTC)
SUB = "11111111-0000-0000-0000-000000000001"
GROUP = f"/subscriptions/{SUB}/resourceGroups/RG-Backup/providers"
RSV = f"{GROUP}/Microsoft.RecoveryServices/vaults/rsv-A"
BV = f"{GROUP}/Microsoft.DataProtection/backupVaults/bv-A"
ITEM = f"{RSV}/backupFabrics/Azure/protectionContainers/iaasvmcontainer;c;rg;vm/protectedItems/vm;c;rg;vm"
PLACE = Place(
    NOW,
    subscriptions={SUB: ("prod", "the-tenant")},
    vaults={RSV.lower(): ("rsv-A", "westeurope"), BV.lower(): ("bv-A", "northeurope")},
)
KNOWN = Known(ITEM.lower(), "vm", "/subscriptions/s/vm", f"{RSV.lower()}/backuppolicies/daily")


def job(properties, vault=RSV, known=None):
    row = {"id": f"{vault}/backupJobs/J1", "name": "J1", "properties": properties}
    return export_rows.job(row, PLACE, known, understood(rows.job, row))


def understood(make, row):
    try:
        return make(row)
    except ODD:
        return None


def of_machine(**more):
    return {
        "backupManagementType": "AzureIaasVM",
        "entityFriendlyName": "vm",
        "operation": "Backup",
        "status": "Completed",
        "startTime": "2026-11-25T22:00:07.1234567Z",
        "endTime": "2026-11-25T22:20:30.0000000Z",
        **more,
    }


def of_disk(**more):
    return {
        "dataSourceType": "Microsoft.Compute/disks",
        "backupInstanceId": f"{BV}/backupInstances/disk-1",
        "backupInstanceFriendlyName": "disk-1",
        "operationCategory": "Backup",
        "operation": "Backup",
        "status": "Succeeded",
        "startTime": "2026-11-25T22:00:07Z",
        "endTime": "0001-01-01T00:00:00",
        **more,
    }


# -- jobs --------------------------------------------------------------------------


def test_a_record_has_the_columns_of_its_entity_in_their_order():
    assert tuple(job(of_machine())) == names("jobs", raw=False)


def test_where_it_is_comes_from_its_id_and_what_is_known_of_the_estate():
    record = job(of_machine())

    assert (record["id"], record["key"]) == (f"{RSV}/backupJobs/J1", f"{RSV}/backupJobs/J1".lower())
    assert (record["tenant"], record["subscription"], record["subscription_name"]) == (
        "the-tenant",
        SUB,
        "prod",
    )
    assert (record["resource_group"], record["vault"]) == ("rg-backup", RSV.lower())
    assert (record["vault_name"], record["vault_type"], record["location"]) == (
        "rsv-A",
        "Recovery Services",
        "westeurope",
    )


def test_times_are_utc_to_the_second_and_durations_seconds():
    record = job(of_machine())

    assert (record["started"], record["ended"]) == ("2026-11-25T22:00:07Z", "2026-11-25T22:20:30Z")
    assert record["duration_s"] == 20 * 60 + 23


def test_a_sentinel_is_no_end():
    """Backup vaults say year one of a job that has not ended; some say it of one that has."""
    record = job(of_disk(), BV)

    assert (record["ended"], record["duration_s"], record["outcome"]) == (None, None, "succeeded")


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("Completed", "succeeded"),
        ("Succeeded", "succeeded"),
        ("CompletedWithWarnings", "warned"),
        ("Failed", "failed"),
        ("Cancelled", "cancelled"),
        ("InProgress", "running"),
        ("Started", "running"),
        ("Cancelling", "running"),
        ("Expired", "other"),
    ],
)
def test_statuses_of_both_kinds_of_vault_have_one_outcome(status, outcome):
    assert job(of_machine(status=status))["outcome"] == outcome
    assert job(of_disk(status=status), BV)["outcome"] == outcome


@pytest.mark.parametrize(
    ("properties", "vault", "told"),
    [
        pytest.param(
            of_machine(status="Failed", errorDetails=[{"errorCode": 400002, "errorString": "It broke."}]),
            RSV,
            ("BackUpOperationFailed", "passing", "It broke."),
            id="a number of a Recovery Services vault",
        ),
        pytest.param(
            of_disk(
                status="Failed",
                errorDetails=[{"code": "UserErrorNotEnoughPermissionOnDisk", "message": "Locked."}],
            ),
            BV,
            ("UserErrorNotEnoughPermissionOnDisk", "human", "Locked."),
            id="a name of a Backup vault",
        ),
        pytest.param(
            of_machine(status="Failed"), RSV, ("none given", "unknown", None), id="a failure without a word"
        ),
        pytest.param(
            of_machine(
                status="CompletedWithWarnings", errorDetails=[{"errorCode": 1, "errorString": "Slow."}]
            ),
            RSV,
            (None, None, "Slow."),
            id="a warning, which is no failure",
        ),
    ],
)
def test_a_failure_has_code_class_and_text_whatever_vault_it_is_of(properties, vault, told):
    record = job(properties, vault)

    assert (record["error_code"], record["error_class"], record["error_text"]) == told
    assert (record["remedy"] is None) == (told[0] is None)


def test_what_its_item_tells_a_job_need_not():
    record = job(of_machine(), known=KNOWN)

    assert (record["item"], record["item_name"], record["source"]) == (KNOWN.key, "vm", "/subscriptions/s/vm")
    assert (record["policy"], record["policy_name"]) == (KNOWN.policy, "daily")


def test_without_an_item_a_job_still_tells_what_it_can():
    record = job(of_disk(dataSourceId="/Subscriptions/S/disk-1", policyId=f"{BV}/backupPolicies/P"), BV)

    assert (record["item"], record["item_name"]) == (f"{BV}/backupInstances/disk-1".lower(), "disk-1")
    assert (record["source"], record["policy_name"]) == ("/subscriptions/s/disk-1", "p")


@pytest.mark.parametrize(
    ("told", "size"),
    [
        ({"propertyBag": {"Backup Size": "2332 MB"}}, 2332 * 1024**2),
        ({"propertyBag": {"Backup Size": "1.5 GB"}}, 1536 * 1024**2),
        ({"propertyBag": {"Backup Size": "much"}}, None),
        ({"dataTransferredInBytes": "4096"}, 4096),
        ({"dataTransferredInBytes": 4096.0}, 4096),
        ({"dataTransferredInBytes": None}, None),
    ],
)
def test_bytes_are_counted_where_a_job_tells_them(told, size):
    assert job(of_machine(extendedInfo=told))["transferred_bytes"] == size


# -- items -------------------------------------------------------------------------


def item(policies=(), **properties):
    given_ = {
        "backupManagementType": "AzureIaasVM",
        "friendlyName": "vm",
        "protectionState": "Protected",
        "lastBackupStatus": "Completed",
        "lastRecoveryPoint": "2026-11-24T22:00:00Z",
        "policyId": f"{RSV}/backupPolicies/Daily",
        "sourceResourceId": "/subscriptions/S/vm",
        **properties,
    }
    row = {"id": ITEM, "name": "vm;c;rg;vm", "properties": given_}
    place = Place(NOW, policies={one.id: one for one in policies})
    return export_rows.item(row, place, understood(rows.item, row))


DAILY = Policy(
    f"{RSV}/backupPolicies/Daily".lower(),
    (Schedule("UTC", ((22, 0),), tuple(range(7)), timedelta(days=1), 30),),
    workload="vm",
)


def test_an_item_past_its_rpo_tells_by_how_much():
    record = item([DAILY], lastRecoveryPoint="2026-11-23T05:00:00Z")

    assert (record["state"], record["rpo_s"], record["rpo_age_s"]) == ("past RPO", 86400, 3 * 86400)
    assert record["past_rpo_s"] == 2 * 86400


def test_one_that_nothing_protects_is_past_none():
    record = item([DAILY], protectionState="ProtectionStopped", lastRecoveryPoint="2026-01-01T05:00:00Z")

    assert (record["state"], record["protected"], record["past_rpo_s"]) == ("stopped", False, None)


def test_a_stamp_for_never_is_null():
    record = item([DAILY], lastBackupTime="2001-01-01T00:00:00Z", lastRecoveryPoint=None)

    assert (record["last_backup"], record["last_recovery_point"], record["state"]) == (
        None,
        None,
        "never backed up",
    )


# -- policies, vaults --------------------------------------------------------------


@pytest.mark.parametrize(
    ("timetables", "shown"),
    [
        pytest.param([((22, 0),), tuple(range(7)), 24 * 60, ""], "daily 22:00", id="daily"),
        pytest.param(
            [((22, 0), (6, 30)), (5, 6), 7 * 24 * 60, "full"], "Full Sat,Sun 22:00,06:30", id="weekly"
        ),
        pytest.param([(), tuple(range(7)), 15, "log"], "Log every 15m", id="every quarter of an hour"),
        pytest.param([(), tuple(range(7)), 240, ""], "every 4h", id="every four hours"),
    ],
)
def test_a_timetable_reads_as_people_say_it(timetables, shown):
    times, weekdays, minutes, kind = timetables
    schedule = Schedule("W. Europe Standard Time", times, weekdays, timedelta(minutes=minutes), None, kind)
    row = {"id": f"{RSV}/backupPolicies/P", "name": "P", "properties": {"protectedItemsCount": 3}}
    record = export_rows.policy(row, PLACE, Policy("p", (schedule,), workload="sql"))

    assert (record["schedule"], record["time_zone"], record["items"]) == (shown, "W. Europe Standard Time", 3)
    assert record["rpo_s"] == minutes * 60


def test_a_policy_without_a_timetable_has_no_rpo():
    row = {"id": f"{BV}/backupPolicies/P", "name": "P", "properties": {}}
    record = export_rows.policy(row, PLACE, Policy("p", (), workload="blob"))

    assert (record["rpo_s"], record["schedule"]) == (None, None)


def test_vaults_of_both_kinds_tell_how_they_are_kept():
    recovery = {
        "redundancySettings": {
            "standardTierStorageRedundancy": "GeoRedundant",
            "crossRegionRestore": "Enabled",
        },
        "securitySettings": {
            "softDeleteSettings": {"softDeleteState": "AlwaysON", "softDeleteRetentionPeriodInDays": 14},
            "immutabilitySettings": {"state": "Locked"},
        },
    }
    backup = {
        "storageSettings": [{"datastoreType": "VaultStore", "type": "LocallyRedundant"}],
        "securitySettings": {"softDeleteSettings": {"state": "On", "retentionDurationInDays": 30.0}},
    }
    told = [
        export_rows.vault({"id": one, "properties": properties, "tags": {"b": "1", "a": "ü"}}, PLACE)
        for one, properties in ((RSV, recovery), (BV, backup))
    ]

    assert [(one["redundancy"], one["soft_delete"], one["soft_delete_days"]) for one in told] == [
        ("GeoRedundant", "AlwaysON", 14),
        ("LocallyRedundant", "On", 30),
    ]
    assert [(one["immutability"], one["cross_region_restore"]) for one in told] == [
        ("Locked", "Enabled"),
        (None, None),
    ]
    assert told[0]["tags"] == '{"a": "ü", "b": "1"}'


# -- whatever a row is like --------------------------------------------------------

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
WORDS = [
    "status", "startTime", "endTime", "operation", "errorDetails", "extendedInfo", "backupManagementType",
    "workloadType", "entityFriendlyName", "backupInstanceId", "policyId", "dataSourceId", "activityId",
    "isUserTriggered", "protectionState", "lastRecoveryPoint", "lastBackupTime", "policyInfo",
    "dataSourceInfo", "currentProtectionState", "schedulePolicy", "retentionPolicy", "policyRules",
    "datasourceTypes", "essentials", "context", "securitySettings", "redundancySettings", "storageSettings",
    "subProtectionPolicy",
]  # fmt: skip
PROPERTIES = st.dictionaries(
    st.sampled_from(WORDS), JSON | st.sampled_from(["Failed", "2026-11-25T22:00:00Z"])
)
IDS = st.sampled_from(
    [f"{RSV}/backupJobs/J", f"{BV}/backupJobs/J", ITEM, f"{BV}/backupInstances/B", "", "/x", "a/b"]
)


@given(id_=IDS, properties=PROPERTIES | JSON, tags=JSON)
def test_no_row_is_too_odd_to_be_a_record(id_, properties, tags):
    """It has its columns, in order, and no value that a cell cannot have; text is never empty."""
    row = {"id": id_, "name": "n", "properties": properties, "tags": tags}
    made = {
        "jobs": export_rows.job(row, PLACE, None, understood(rows.job, row)),
        "items": export_rows.item(row, PLACE, understood(rows.item, row)),
        "policies": export_rows.policy(row, PLACE, understood(rows.policy, row)),
        "vaults": export_rows.vault(row, PLACE),
        "alerts": export_rows.alert(row, PLACE, lambda _: None),
    }

    for entity, record in made.items():
        kinds = {column.name: column.kind for column in ENTITIES[entity]}
        assert tuple(record) == names(entity, raw=False)
        for name, value in record.items():
            fits = {"integer": int, "boolean": bool}.get(kinds[name], str)
            assert value is None or type(value) is fits, (entity, name, value)
            assert value != "" or name in ("id", "key"), (entity, name)
        json.dumps(record)


@given(
    entry=st.dictionaries(st.sampled_from(["name", "kind", "verdict", "vault", "policy", "location"]), JSON)
)
def test_nor_any_entry_of_a_report(entry):
    record = export_rows.coverage({"resource": "/subscriptions/s/x", **entry}, PLACE)

    assert tuple(record) == names("coverage", raw=False)
