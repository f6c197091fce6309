"""Recovery points: which there are, in which model, and how they are asked for."""

import pytest

from simulator import clock
from simulator.estate_databases import database, database_policy
from simulator.estate_shares import share
from simulator.world import World
from tests.simulator.recovery_estate import NOW, SUB, VAULT, estate, playing, vm_id

ACCOUNT = f"{SUB}/resourceGroups/rg-files/providers/Microsoft.Storage/storageAccounts/stdocs"
RANGE = "DefaultRangeRecoveryPoint"
TYPE = "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems/recoveryPoints"
DATABASE_BODY = {"properties": {"objectType": "AzureWorkloadBackupRequest", "backupType": "Log"}}


@pytest.fixture
def made():
    return estate()


@pytest.fixture
def hourly(made):
    return database_policy(made, VAULT, "hourly")


@pytest.fixture
def sales(made, hourly):
    """A Full seven days ago, and logs until half an hour ago."""
    return database(made, VAULT, vm_id("vm-1"), "Sales", policy=hourly, last_recovery_point_ago="30m")


def listed(client, item, filter=""):
    asked = {"$filter": filter} if filter else {}
    answer = client.get(f"{item}/recoveryPoints", **asked)
    assert answer.status == 200, answer.body
    return answer.body["value"]


def told(points):
    """Type and time of each recovery point of a database, or the end of a range."""
    return [
        (one["properties"]["type"], one["properties"].get("recoveryPointTimeInUTC") or ends(one))
        for one in points
    ]


def ends(point):
    (only,) = point["properties"]["timeRanges"]
    return only["startTime"], only["endTime"]


class TestOfWhatTheRowSays:
    def test_the_oldest_of_a_database_is_a_full_and_the_last_of_one_with_logs_a_log(
        self, made, sales, tmp_path
    ):
        assert told(listed(playing(tmp_path, made), sales)) == [
            ("Full", "2026-11-15T12:00:00.0000000Z"),
            ("Log", ("2026-11-15T12:00:00.0000000Z", "2026-11-22T11:30:00.0000000Z")),
        ]

    def test_the_last_of_one_without_logs_is_a_full(self, made, tmp_path):
        policy = database_policy(made, VAULT, "daily", log_minutes=None)
        item = database(made, VAULT, vm_id("vm-1"), "Sales", policy=policy)

        assert told(listed(playing(tmp_path, made), item)) == [
            ("Full", "2026-11-21T16:00:00.0000000Z"),
            ("Full", "2026-11-15T12:00:00.0000000Z"),
        ]

    def test_an_item_never_backed_up_has_none(self, made, tmp_path):
        item = share(made, VAULT, ACCOUNT, "docs", last_recovery_point_ago=None)

        assert listed(playing(tmp_path, made), item) == []


class TestOfBackups:
    def test_each_that_completed_has_made_one_and_the_row_repeats_none(self, made, hourly, tmp_path):
        item = database(made, VAULT, vm_id("vm-1"), "x", policy=hourly, last_recovery_point_ago=None)
        made.job(item, "Completed", ago="30h")
        made.job(item, "Failed", ago="20h", codes=["UserErrorOpeningSQLConnection"])
        made.job(item, "CompletedWithWarnings", ago="10h", operation="Backup (Differential)")
        made.job(item, "Cancelled", ago="9h")
        made.job(item, "Completed", ago="5h", operation="Restore (Full)")
        made.job(item, "InProgress", ago="5m")

        assert told(listed(playing(tmp_path, made), item)) == [
            ("Differential", "2026-11-22T02:00:00.0000000Z"),
            ("Full", "2026-11-21T06:00:00.0000000Z"),
        ]

    def test_one_made_while_a_job_ran_is_that_jobs(self, made, hourly, tmp_path):
        """Recorded rows have a recovery point some seconds after its job's start."""
        item = database(made, VAULT, vm_id("vm-1"), "x", policy=hourly, last_recovery_point_ago=None)
        made.job(item, "Completed", ago="3h")
        made.change(item, lastRecoveryPoint=clock.stamp(NOW - 3 * 3600 + 16))

        assert len(listed(playing(tmp_path, made), item)) == 1

    def test_an_on_demand_one_is_there_when_it_has_ended_and_keeps_its_name(self, made, sales, tmp_path):
        client = playing(tmp_path, made)
        body = {"properties": {**DATABASE_BODY["properties"], "backupType": "Full"}}
        client.post(f"{sales}/backup", body)
        client.clock.at += 599
        during = listed(client, sales)
        client.clock.at += 1
        after = listed(client, sales)

        assert told(after)[0] == ("Full", "2026-11-22T12:00:00.0000000Z")
        assert after[1:] == during

    def test_a_log_lengthens_the_range(self, made, sales, tmp_path):
        client = playing(tmp_path, made)
        client.post(f"{sales}/backup", DATABASE_BODY)
        client.clock.at += 600

        assert told(listed(client, sales)) == [
            ("Full", "2026-11-15T12:00:00.0000000Z"),
            ("Log", ("2026-11-15T12:00:00.0000000Z", "2026-11-22T12:00:00.0000000Z")),
        ]

    def test_what_the_row_said_before_a_backup_is_there_after_a_dump(self, made, sales, tmp_path):
        client = playing(tmp_path / "in", made)
        client.post(f"{sales}/backup", DATABASE_BODY)
        client.clock.at += 600
        before = listed(client, sales, "restorePointQueryType eq 'All'")
        client.world.dump(tmp_path / "out")
        client.world = World.load(tmp_path / "out", clock=client.clock)

        assert listed(client, sales) == before


class TestOfTheEstate:
    def test_are_there_though_no_job_shows_them(self, made, sales, tmp_path):
        made.recovery_point(sales, ago="3d", type="Differential")

        shown = told(listed(playing(tmp_path, made), sales))
        assert shown[0] == ("Differential", "2026-11-19T12:00:00.0000000Z")

    def test_are_named_by_their_place_and_age_with_the_rest(self, made, sales, tmp_path):
        made.world["recovery_points"] = {
            sales.upper(): [
                {"at": clock.stamp(NOW - 86400)},
                {"at": clock.stamp(NOW - 3600), "type": "Differential", "name": "4711"},
            ]
        }
        client = playing(tmp_path, made)
        before = listed(client, sales)
        client.world.advance(3600)
        after = listed(client, sales)

        assert told(before)[:2] == [
            ("Differential", "2026-11-22T11:00:00.0000000Z"),
            ("Full", "2026-11-21T12:00:00.0000000Z"),
        ]
        assert told(after)[0] == ("Differential", "2026-11-22T10:00:00.0000000Z")
        assert [one["name"] for one in after] == [one["name"] for one in before]
        assert before[0]["name"] == "4711"

    @pytest.mark.parametrize(
        ("entry", "message"),
        [
            pytest.param({"at": "yesterday"}, "at: 'yesterday' is not a timestamp", id="no stamp"),
            pytest.param({"type": "Full"}, "at: expected a text, got None", id="no moment"),
            pytest.param(
                {"at": "2026-11-22T11:00:00Z", "type": "Weekly"}, "type: expected one of Full, ", id="no type"
            ),
            pytest.param({"when": "x"}, "no such key ['when']; known are at, type, name", id="a stranger"),
        ],
    )
    def test_that_cannot_be_read_are_refused_by_name(self, made, tmp_path, entry, message):
        made.world["recovery_points"] = {"/A": [entry]}

        with pytest.raises(ValueError, match=r"^world.json: recovery_points: '/A'\[0\]: ") as refusal:
            playing(tmp_path, made)
        assert message in str(refusal.value)


class TestModels:
    def test_of_a_machine(self, made, tmp_path):
        item = made.item(VAULT, vm_id("vm-1"))
        (point,) = listed(playing(tmp_path, made), item)

        assert point == {
            "id": f"{item}/recoveryPoints/{point['name']}".replace("/subscriptions/", "/Subscriptions/"),
            "name": point["name"],
            "type": TYPE,
            "properties": {
                "objectType": "IaasVMRecoveryPoint",
                "recoveryPointType": "AppConsistent",
                "recoveryPointTime": "2026-11-21T16:00:00.0000000Z",
                "recoveryPointAdditionalInfo": "",
                "sourceVMStorageType": "NormalStorage",
                "isSourceVMEncrypted": False,
                "isInstantIlrSessionActive": False,
                "recoveryPointTierDetails": [
                    {"type": "InstantRP", "status": "Valid"},
                    {"type": "HardenedRP", "status": "Valid"},
                ],
                "isManagedVirtualMachine": True,
                "originalStorageAccountOption": False,
            },
        }
        assert point["name"].isdecimal()

    def test_of_a_share(self, made, tmp_path):
        item = share(made, VAULT, ACCOUNT, "docs")
        (point,) = listed(playing(tmp_path, made), item)

        snapshot = "https://stdocs.file.core.windows.net/docs?sharesnapshot=2026-11-21T16:00:00.0000000Z"
        assert point["properties"] == {
            "objectType": "AzureFileShareRecoveryPoint",
            "recoveryPointType": "FileSystemConsistent",
            "recoveryPointTime": "2026-11-21T16:00:00.0000000Z",
            "fileShareSnapshotUri": snapshot,
            "recoveryPointSizeInGB": 1,
        }

    @pytest.mark.parametrize(("kind", "model"), [("sql", "SQL"), ("hana", "SAPHana"), ("ase", "SAPAse")])
    def test_of_a_database(self, made, tmp_path, kind, model):
        policy = database_policy(made, VAULT, "p", kind=kind)
        item = database(
            made, VAULT, vm_id("vm-1"), "x", kind=kind, policy=policy, last_recovery_point_ago="1h"
        )
        full, log = listed(playing(tmp_path, made), item)

        assert full["properties"] == {
            "objectType": f"AzureWorkload{model}RecoveryPoint",
            "recoveryPointTimeInUTC": "2026-11-15T12:00:00.0000000Z",
            "type": "Full",
        }
        assert log["name"] == RANGE
        assert log["properties"] == {
            "objectType": f"AzureWorkload{model}PointInTimeRecoveryPoint",
            "timeRanges": [
                {"startTime": "2026-11-15T12:00:00.0000000Z", "endTime": "2026-11-22T11:00:00.0000000Z"}
            ],
            "type": "Log",
        }


class TestAsking:
    @pytest.fixture
    def client(self, made, sales, tmp_path):
        made.job(sales, "Completed", ago="20h", operation="Backup (Differential)")
        made.job(sales, "Completed", ago="10h", operation="Backup (CopyOnlyFull)")
        return playing(tmp_path, made)

    @pytest.mark.parametrize(
        ("filter", "types"),
        [
            pytest.param("restorePointQueryType eq 'All'", ["Full", "Differential", "Full", "Log"], id="all"),
            pytest.param("restorePointQueryType eq 'Full'", ["Full", "Full"], id="fulls, copies too"),
            pytest.param(
                "restorePointQueryType eq 'FullAndDifferential' and extendedInfo eq 'True'",
                ["Full", "Differential", "Full"],
                id="no logs",
            ),
            pytest.param("restorePointQueryType eq 'Log'", ["Log"], id="logs"),
            pytest.param("restorePointQueryType eq 'Incremental'", [], id="what there is none of"),
            pytest.param(
                "startDate eq'2026-11-21 04:00:00 PM' and endDate eq '2026-11-22 01:00:00 AM'",
                ["Differential"],
                id="from when to when, without the blank as documented",
            ),
        ],
    )
    def test_picks(self, client, sales, filter, types):
        assert [one["properties"]["type"] for one in listed(client, sales, filter)] == types

    @pytest.mark.parametrize(
        ("filter", "message"),
        [
            pytest.param("restorePointQueryType eq 'Weekly'", "'Weekly' is none of", id="no such type"),
            pytest.param("startDate eq '2026-11-22'", "is not like", id="a date alone"),
            pytest.param("status eq 'x'", "names 'status'", id="another name"),
            pytest.param(
                "startDate eq '2026-11-22 01:00:00 AM' and endDate eq '2026-11-21 01:00:00 AM'",
                "later than its endDate",
                id="backwards",
            ),
        ],
    )
    def test_for_what_cannot_be_is_invalid_input(self, client, sales, filter, message):
        answer = client.get(f"{sales}/recoveryPoints", **{"$filter": filter})

        assert (answer.status, answer.body["error"]["code"]) == (400, "BMSUserErrorInvalidInput")
        assert message in answer.body["error"]["message"]

    def test_each_is_told_by_its_id_as_in_the_list(self, client, sales):
        for point in listed(client, sales):
            assert client.get(f"{sales}/recoveryPoints/{point['name'].upper()}").body == point

    def test_one_that_is_not_there_is_not_found(self, client, sales):
        answer = client.get(f"{sales}/recoveryPoints/4712")

        assert (answer.status, answer.body["ErrorCode"]) == (404, "UserErrorGenericResourceNotFound")

    def test_needs_the_right_to_read_the_item(self, made, sales, tmp_path):
        rights = [{"role": "Backup Reader", "scope": f"{SUB}/resourceGroups/rg-other"}]
        made.world["role_assignments"] = rights

        assert playing(tmp_path, made).get(f"{sales}/recoveryPoints").status == 403
