"""An estate is read, aged, written, and goes on from where it was."""

import json

import pytest

from simulator.clock import moment
from simulator.world import Settings, World
from tests.simulator.recovery_estate import (
    NOW,
    SUB,
    TABLE,
    VAULT,
    Caller,
    Clock,
    caller,
    item,
    item_id,
    job,
    write,
)

VM = f"{SUB}/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm-1"


def estate(folder, *rows, known=None, **files):
    (folder / "resources.ndjson").write_text("".join(json.dumps(one) + "\n" for one in rows))
    (folder / "world.json").write_text(json.dumps(known or {}))
    for name, value in files.items():
        (folder / f"{name}.json").write_text(json.dumps(value))
    return World.load(folder, clock=Clock())


def vm(**properties):
    return {"id": VM, "type": "microsoft.compute/virtualmachines", "properties": properties}


class TestTime:
    def test_as_of_makes_the_estates_own_now_the_clients(self, tmp_path):
        world = estate(
            tmp_path,
            vm(timeCreated="2020-01-01T06:00:00.1230000Z", never="2001-01-01T00:00:00Z"),
            estate={"as_of": "2020-01-01T12:00:00Z"},
        )

        assert world.store.get("resources", VM, NOW)["properties"] == {
            "timeCreated": "2026-11-22T06:00:00.1230000Z",
            "never": "2001-01-01T00:00:00Z",
        }

    def test_without_as_of_nothing_shifts(self, tmp_path):
        world = estate(tmp_path, vm(timeCreated="2020-01-01T06:00:00Z"))

        assert world.store.get("resources", VM, NOW)["properties"] == {"timeCreated": "2020-01-01T06:00:00Z"}

    def test_resource_graph_lags_by_what_the_estate_says_paced_by_speed(self, tmp_path):
        (tmp_path / "world.json").write_text(json.dumps({"graph_lag_s": 120}))
        world = World.load(tmp_path, Settings(speed=60), Clock())

        assert world.graph_now() == NOW - 2

    def test_advancing_makes_rows_and_what_is_to_come_older(self, tmp_path):
        world = estate(tmp_path, vm(timeCreated="2026-11-22T11:00:00Z"))
        world.store.put("resources", vm(changed="2026-11-22T13:00:00Z"), NOW + 3600)

        world.advance(3599)
        before = world.store.get("resources", VM, NOW)["properties"]
        world.advance(1)

        assert before == {"timeCreated": "2026-11-22T10:00:01Z"}
        assert world.store.get("resources", VM, NOW)["properties"] == {"changed": "2026-11-22T12:00:00Z"}

    def test_a_row_that_has_always_been_there_still_has_after_advancing(self, tmp_path):
        world = estate(tmp_path, vm())
        world.advance(86400)

        assert [version.since for version in world.store.versions("resources", VM)] == [0.0]


class TestWhatOnlyTheVaultKnows:
    def test_is_laid_over_the_row_key_by_key_and_not_seen_by_resource_graph(self, tmp_path):
        known = {"rest": {VM.upper(): {"properties": {"a": {"x": 2}}, "location": "westeurope"}}}
        world = estate(tmp_path, vm(a={"x": 1, "y": 1}, b=1), known=known)
        row = world.store.get("resources", VM, NOW)

        assert row["properties"] == {"a": {"x": 1, "y": 1}, "b": 1}
        assert world.rest_row(row)["properties"] == {"a": {"x": 2, "y": 1}, "b": 1}
        assert world.rest_row(row)["location"] == "westeurope"


class TestDump:
    def test_holds_rows_as_of_now_and_what_is_to_come(self, tmp_path):
        world = estate(tmp_path, vm(state="before"), known={"graph_lag_s": 5, "outcomes": {VM: ["Never"]}})
        world.store.put("resources", vm(state="after"), NOW + 60)
        world.dump(tmp_path / "out")

        rows = (tmp_path / "out" / "resources.ndjson").read_text().splitlines()
        known = json.loads((tmp_path / "out" / "world.json").read_text())
        assert json.loads(rows[0]) == vm(state="before")
        assert known == {
            "outcomes": {VM.lower(): ["Never"]},
            "graph_lag_s": 5.0,
            "timeline": [
                {"table": "resources", "id": VM.lower(), "since": None, "row": vm(state="before")},
                {
                    "table": "resources",
                    "id": VM.lower(),
                    "since": "2026-11-22T12:01:00.0000000Z",
                    "row": vm(state="after"),
                },
            ],
        }
        assert not (tmp_path / "out" / "estate.json").exists()

    def test_a_row_that_is_gone_stays_gone_and_was_there(self, tmp_path):
        world = estate(tmp_path, vm())
        world.store.remove("resources", VM, NOW)
        world.dump(tmp_path / "out")
        again = World.load(tmp_path / "out", clock=Clock())

        assert again.store.get("resources", VM, NOW) is None
        assert again.store.get("resources", VM, NOW - 1) is not None

    def test_ids_go_on_and_are_the_same_for_the_same_seed(self, tmp_path):
        world = estate(tmp_path, vm())
        first = world.new_id()
        world.dump(tmp_path / "out")
        again = World.load(tmp_path / "out", clock=Clock())

        assert again.new_id() == world.new_id() != first
        assert World(Settings(seed=7)).new_id() != first

    @pytest.mark.parametrize("outcome", ["Completed", "Failed:400002", "Cancelled", "Never"])
    def test_in_the_middle_of_a_backup_answers_the_same_at_every_later_moment(self, tmp_path, outcome):
        rows = [item("vm-1"), item("vm-2"), job(1, "vm-2", "InProgress", startTime="2026-11-22T11:58:00Z")]
        outcomes = {item_id("vm-1"): [outcome, "Failed:130001"], item_id("vm-2"): ["Failed:400136"]}
        first = caller(tmp_path / "in", rows, outcomes=outcomes, graph_lag_s=30)
        first.backup("vm-1")
        first.clock.at += 120
        first.world.dump(tmp_path / "out")
        second = Caller(World.load(tmp_path / "out", clock=first.clock), first.clock)

        for _ in range(9):
            assert seen(first) == seen(second)
            first.clock.at += 75
        first.clock.at += 86400
        assert first.backup("vm-1") == second.backup("vm-1")
        first.clock.at += 1000
        assert seen(first) == seen(second)


def seen(caller):
    """What a client can see of a vault, over both services."""
    world = caller.world
    graph = world.store.query(TABLE, "true", [], world.graph_now())
    listed = caller.get(f"{VAULT}/backupJobs").body
    operations = {one: caller.get(f"{VAULT}/backupOperations/{one}").body for one in world.operations}
    return [caller.item("vm-1"), caller.item("vm-2"), listed, operations, graph]


class TestAdvance:
    def test_in_the_middle_of_a_backup_ends_it(self, tmp_path):
        client = caller(tmp_path, [item("vm-1")])
        client.backup("vm-1")
        client.world.advance(600)

        (ended,) = client.get(f"{VAULT}/backupJobs").body["value"]
        assert ended["properties"]["status"] == "Completed"
        assert ended["properties"]["startTime"] == "2026-11-22T11:50:00.0000000Z"
        assert ended["properties"]["endTime"] == "2026-11-22T12:00:00.0000000Z"
        assert client.item("vm-1")["lastBackupTime"] == "2026-11-22T11:50:00.0000000Z"

    def test_ages_operations_and_limits(self, tmp_path):
        client = caller(tmp_path, [item("vm-1")])
        link = client.backup("vm-1").headers["Azure-AsyncOperation"]
        client.jobs()
        client.world.advance(4)
        before = client.follow(link).body["status"]
        client.world.advance(1)

        assert (before, client.follow(link).body["status"]) == ("InProgress", "Succeeded")
        assert [one["ends"] for one in client.world.limits.dump(NOW).values()] == [
            "2026-11-22T12:59:55.0000000Z"
        ]


class TestBadEstates:
    @pytest.mark.parametrize(
        ("known", "message"),
        [
            pytest.param([], "world.json: expected an object, got []", id="no object"),
            pytest.param({"outcome": {}}, "world.json: no such key ['outcome']; known are ", id="a stranger"),
            pytest.param(
                {"outcomes": {"/A": ["Failed"]}},
                "world.json: outcomes: '/A'[0]: expected Completed, CompletedWithWarnings:<code>, "
                "Failed:<code>, Cancelled or Never, got 'Failed'",
                id="a failure without a cause",
            ),
            pytest.param(
                {"outcomes": {"/A": "Completed"}},
                "world.json: outcomes: '/A': expected a list, got 'Completed'",
                id="one outcome",
            ),
            pytest.param(
                {"minutes": {"/A": -1}},
                "world.json: minutes: '/A': expected a number of at least 0, got -1",
                id="less than no time",
            ),
            pytest.param({"rest": []}, "world.json: rest: expected an object, got []", id="rest as a list"),
            pytest.param(
                {"automation": {"links": "lost"}},
                "world.json: automation: no such key ['links']; known are links_on_update, failing_packages",
                id="nothing Automation does",
            ),
            pytest.param(
                {"automation": {"links_on_update": "gone"}},
                "world.json: automation: links_on_update: expected one of renewed, lost, without parameters, "
                "got 'gone'",
                id="nothing that becomes of links",
            ),
            pytest.param(
                {"automation": {"failing_packages": {"x": 1}}},
                "world.json: automation: failing_packages: 'x': expected a text, got 1",
                id="a failure without a message",
            ),
            pytest.param(
                {"busy": "wait"},
                "world.json: busy: expected one of fail, refuse, got 'wait'",
                id="another way to be busy",
            ),
            pytest.param(
                {"forbidden": [1]}, "world.json: forbidden[0]: expected a text, got 1", id="no scope"
            ),
            pytest.param(
                {"forbidden": ["rg-1"]}, "world.json: a scope starts with '/', got 'rg-1'", id="a bare name"
            ),
            pytest.param(
                {"timeline": [{"table": "jobs"}]},
                "world.json: timeline[0]: no such table 'jobs'; known are ",
                id="a version of no table",
            ),
            pytest.param(
                {"limits": {"reads": {"ends": "soon", "used": 1}}},
                "world.json: limits: 'reads': ends: 'soon' is not a timestamp such as ",
                id="a window without an end",
            ),
        ],
    )
    def test_world_json_is_refused_by_name(self, tmp_path, known, message):
        (tmp_path / "world.json").write_text(json.dumps(known))

        with pytest.raises(ValueError) as refused:  # noqa: PT011 - the message is compared below
            World.load(tmp_path)
        assert str(refused.value).startswith(message)

    @pytest.mark.parametrize("moves", [{}, {"as_of": "2020-01-01T12:00:00Z"}], ids=["as it stands", "moved"])
    @pytest.mark.parametrize(
        ("line", "message"),
        [
            pytest.param('{"name": "b"}', "a row is an object with an id, got ", id="no id"),
            pytest.param('{"id": 5}', "a row is an object with an id, got ", id="an id that is no text"),
            pytest.param('["/b"]', "a row is an object with an id, got ", id="no object"),
            pytest.param('{"id": "/b"', "not JSON: ", id="no JSON"),
            pytest.param('{"id": "/b", "colour": 1}', "no such column ['colour']; known are ", id="a column"),
        ],
    )
    def test_a_line_that_is_no_row_is_refused_with_file_and_line(self, tmp_path, moves, line, message):
        write(tmp_path, [item("vm-1")])
        (tmp_path / "estate.json").write_text(json.dumps(moves))
        (tmp_path / "resources.ndjson").write_text(f'{{"id": "/a"}}\n\n{line}\n')

        with pytest.raises(ValueError) as refused:  # noqa: PT011 - the message is compared below
            World.load(tmp_path)
        assert str(refused.value).startswith(f"resources.ndjson:3: {message}")

    def test_two_rows_of_one_id_are_refused_whatever_their_casing(self, tmp_path):
        (tmp_path / "resources.ndjson").write_text('{"id": "/a/B"}\n{"id": "/A/b"}\n')

        with pytest.raises(ValueError, match=r"^resources: two rows have the id '/a/b'; ids differ by more "):
            World.load(tmp_path)

    def test_empty_lines_and_files_without_rows_are_nothing(self, tmp_path):
        (tmp_path / "resources.ndjson").write_text('\n{"id": "/a"}\n\n  \n{"id": "/b", "tags": null}\n\n')
        (tmp_path / "resourcecontainers.ndjson").write_text("")
        (tmp_path / "policyresources.ndjson").write_text("\n")

        world = World.load(tmp_path, clock=Clock())

        assert [row["id"] for row in world.store.find("resources", NOW)] == ["/a", "/b"]

    def test_a_document_that_is_not_json_is_refused(self, tmp_path):
        (tmp_path / "world.json").write_text("{")

        with pytest.raises(ValueError, match=r"^world.json: not JSON: "):
            World.load(tmp_path)

    def test_as_of_is_a_stamp(self, tmp_path):
        (tmp_path / "estate.json").write_text('{"as_of": "noon"}')

        with pytest.raises(ValueError, match=r"^estate.json: as_of: 'noon' is not a timestamp such as "):
            World.load(tmp_path)

    def test_a_folder_that_is_not_there_is_refused(self, tmp_path):
        with pytest.raises(ValueError, match=r"^estate '.*nowhere' is not a folder$"):
            World.load(tmp_path / "nowhere")


def test_the_schema_names_the_keys_the_world_reads(root):
    from simulator.worldfile import WorldFile

    schema = json.loads((root / "simulator" / "world.schema.json").read_text())

    assert set(schema["properties"]) - {"$schema"} == set(vars(WorldFile()))


def test_now_is_in_whole_microseconds():
    assert World(clock=lambda: moment("2026-11-22T12:00:00Z") + 1e-7).now() == NOW
