"""job_export with an Azure at its worst: every request that fails, once and for good; and another export.

A single fault changes nothing. A lasting one is named in the log, the report and the manifest; what earlier
runs wrote stays; and the next run that nothing happens to makes all as if nothing had.
"""

import gzip
import json
import shutil

import pytest

from tests.faults.answers import LASTING, MESSAGE, ONCE, fault
from tests.faults.crashes import KILLED
from tests.faults.exports import (
    BIG,
    BIG_DAY,
    JOBS,
    TO,
    Night,
    big_day,
    held,
    read_rows,
    runs,
    told,
    with_blobs,
    write_rows,
)
from tests.faults.meetings import meet
from tests.journeys.exports import ACCOUNT, BLOBS, RUNBOOK, check_folder, export, manifest
from tests.journeys.runs import GRAPH, ran

PERMISSIONS = "/providers/Microsoft.Authorization/permissions$"
TWICE = {"totalRecords": 2, "count": 2, "data": [{"id": "/subscriptions/x/y"}, {"id": "/subscriptions/x/Y"}]}
ODD = {
    "an empty object": {"status": 200, "body": {}},
    "rows that do not add up": {"status": 200, "body": {"totalRecords": 9, "count": 0, "data": []}},
    "an id that comes twice": {"status": 200, "body": TWICE},
    "a count without rows": {"status": 200, "body": {"totalRecords": 0}},
}
REFUSED = {"status": 403, "body": MESSAGE}
UNAVAILABLE = {"status": 503, "body": ""}
"""What storage says when too much is asked of it."""
THROTTLED = {"status": 429, "body": ""}
"""What it never says, so that its client sends nothing again."""


class Scene:
    """An export of the night before, what the run after it leaves, and which queries that asks, in order."""

    def __init__(self, folder):
        self.night = Night()
        self.before = export(self.night.before(folder / "before"), folder / "first", TO)
        self.estate = with_blobs(self.night.write(folder / "estate"), self.before.state)
        self.was = held(self.estate / BLOBS)
        self.whole = export(self.estate, folder / "whole", TO)
        self.wanted = held(self.whole.state / BLOBS)
        days = {one: self.days(one) for one in ("jobs", "alerts")}
        self.queries = ["subscriptions", "vaults", "policies", "items"]
        for entity, listed in days.items():
            self.queries += [f"days of {entity}", *(f"{entity} of {day}" for day in listed)]
        self.of = {
            "jobs of a day": f"jobs of {days['jobs'][-1]}",
            "alerts of a day": f"alerts of {days['alerts'][-1]}",
        }
        self.day = f"jobs/date={days['jobs'][-1]}/jobs.ndjson.gz"

    def days(self, entity):
        return [one["date"] for one in self.whole.report if one["entity"] == entity]

    def lasting(self, of, **then):
        """A query is sent six times, or thrice where its answer is odd."""
        first = self.queries.index(self.of.get(of, of)) + 1
        times = 3 if then.get("status") == 200 else 6
        return fault(GRAPH, {"nth": list(range(first, first + times))}, **then)

    def healed(self, run, folder):
        """What the next run makes of what a run left is what the whole run did."""
        again = export(run.state, folder / "healed", TO)
        left = again.state / BLOBS
        check_folder(left)
        assert (again.code, held(left), told(left)) == (0, self.wanted, told(self.whole.state / BLOBS))


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    made = Scene(tmp_path_factory.mktemp("scene"))
    assert (made.before.code, made.whole.code) == (0, 0)
    assert len([one for one in made.whole.requests if one["path"] == GRAPH]) == len(made.queries)
    return made


def keeps(scene, left, but=()):
    """Rows that were final stay as they were, and files that are named too."""
    now = held(left)
    for name, rows in scene.was.items():
        by_key = {row["key"]: row for row in now[name]}
        ended = [row for row in rows if row.get("outcome") != "running"]
        if name.partition("/")[0] in ("jobs", "vaults", "policies", "items"):
            assert [by_key[row["key"]] for row in ended] == ended, name
        assert by_key.keys() >= {row["key"] for row in rows}
        assert name not in but or now[name] == rows


def is_as_ever(scene, run):
    left = run.state / BLOBS
    check_folder(left, run)
    assert (run.code, run.unread, held(left)) == (0, [], scene.wanted), run.lines
    assert told(left) == told(scene.whole.state / BLOBS)


# -- what is read ----------------------------------------------------------------------------------


OF_A_QUERY = {**ONCE, **ODD, "late": {"delay_s": 0.2}}


@pytest.mark.parametrize("then", OF_A_QUERY.values(), ids=OF_A_QUERY)
def test_every_query_may_fail_once(scene, tmp_path, then):
    every_other = {"nth": list(range(1, 2 * len(scene.queries), 2))}
    faults = [fault(GRAPH, every_other, **then)]
    if then.get("body") not in [one["body"] for one in ODD.values()]:
        faults.append(fault(PERMISSIONS, {"nth": [1]}, **then))
    is_as_ever(scene, export(scene.estate, tmp_path, TO, faults=faults))


@pytest.mark.parametrize("name", ["throttled", "dropped"])
def test_the_token_may_be_refused_once(scene, tmp_path, name):
    is_as_ever(
        scene, export(scene.estate, tmp_path, TO, faults=[fault("^/msi/token$", {"first": 1}, **ONCE[name])])
    )


LOST = ["vaults", "policies", "items", "days of jobs", "jobs of a day", "days of alerts", "alerts of a day"]
KINDS = {"server error": LASTING["server error"][0], **ODD}
OF_ALL = [(of, kind) for of in LOST for kind in ("server error", "rows that do not add up")]
OF_ALL += [("vaults", "an id that comes twice"), ("items", "an empty object")]


@pytest.mark.parametrize(("of", "kind"), OF_ALL)
def test_a_read_that_goes_on_failing_is_named_and_what_was_written_stays(scene, tmp_path, of, kind):
    run = export(scene.estate, tmp_path, TO, faults=[scene.lasting(of, **KINDS[kind])])
    name = f"read {scene.of.get(of, of)}: 1 subscriptions"
    left = run.state / BLOBS
    is_named(run, name)
    keeps(scene, left)
    if of in ("vaults", "items"):
        assert not [one for one in run.report if one.get("final")], "rows may lack what was not read"
    scene.healed(run, tmp_path)


def is_named(run, name):
    left = run.state / BLOBS
    check_folder(left, run)
    assert (run.code, run.unread) == (1, [name])
    assert [one["scope"] for one in manifest(left)["unread"]] == [name]
    assert manifest(left)["vaults"]
    assert any(line.startswith("not read scope=") for line in run.warnings)


@pytest.mark.parametrize("kind", ["throttled", "server error"])
def test_rights_that_cannot_be_asked_for_are_named(scene, tmp_path, kind):
    run = export(
        scene.estate, tmp_path, TO, faults=[fault(PERMISSIONS, {"always": True}, **LASTING[kind][0])]
    )

    is_named(run, scene.night.group)
    assert held(run.state / BLOBS) == scene.wanted
    scene.healed(run, tmp_path)


@pytest.mark.parametrize("kind", LASTING)
def test_without_subscriptions_nothing_is_written_but_that(scene, tmp_path, kind):
    run = export(scene.estate, tmp_path, TO, faults=[scene.lasting("subscriptions", **LASTING[kind][0])])

    is_named(run, "what was left")
    assert held(run.state / BLOBS) == scene.was
    scene.healed(run, tmp_path)


NO_TOKEN = {"refused": {"status": 400, "body": MESSAGE}, "a page of HTML": {"html": 502}}


@pytest.mark.parametrize("then", NO_TOKEN.values(), ids=NO_TOKEN)
def test_without_a_token_nothing_is_written(scene, tmp_path, then):
    run = export(scene.estate, tmp_path, TO, faults=[fault("^/msi/token$", {"always": True}, **then)])

    assert (run.code, held(run.state / BLOBS)) == (1, scene.was)
    assert run.error.startswith("list https://")
    assert "there is no token for it" in run.error


@pytest.mark.parametrize("then", NO_TOKEN.values(), ids=NO_TOKEN)
def test_without_a_token_for_resource_graph_that_is_what_is_written(scene, tmp_path, then):
    """It is the second that is asked for."""
    later = {"nth": list(range(2, 20))}
    run = export(scene.estate, tmp_path, TO, faults=[fault("^/msi/token$", later, **then)])

    is_named(run, "what was left")
    assert "no token for Azure: " in run.warnings[-1]
    scene.healed(run, tmp_path)


def test_at_max_minutes_the_days_that_are_done_stand_and_the_rest_is_named(scene, tmp_path):
    throttled = {"status": 429, "headers": {"Retry-After": "70"}, "body": MESSAGE}
    run = export(
        scene.estate, tmp_path, TO, "max_minutes=1", faults=[scene.lasting("jobs of a day", **throttled)]
    )

    is_named(run, "what was left")
    assert "max_minutes" in run.warnings[-1]
    assert [one["date"] for one in run.report if one.get("entity") == "jobs"] == scene.days("jobs")[:-1]
    scene.healed(run, tmp_path)


# -- where it is written ---------------------------------------------------------------------------

STORAGE = {name: ONCE[name] for name in ONCE if name not in ("throttled", "no JSON")}
STORAGE["late"] = {"delay_s": 0.2}
ALL_THE_SAME = {
    f"{name}, all the same": {**ONCE[name], "after": True}
    for name in STORAGE
    if name in ONCE and name != "cut off"
}


def on_blob(path, method, when, then):
    return {"match": {"host": f"^{ACCOUNT}", "path": path, "method": method}, "when": when, "then": then}


@pytest.mark.parametrize("then", [*STORAGE.values(), *ALL_THE_SAME.values()], ids=[*STORAGE, *ALL_THE_SAME])
def test_everything_asked_of_storage_may_fail_once(scene, tmp_path, then):
    once = {"nth": [1]}
    faults = [on_blob("/export$", "GET", once, then)]
    for name in (scene.day, "manifest.json"):
        faults += [on_blob(name, method, once, then) for method in ("GET", "PUT")]
    run = export(scene.estate, tmp_path, TO, faults=faults)

    is_as_ever(scene, run)


@pytest.fixture(scope="module")
def big(tmp_path_factory):
    """An estate with a day of several blocks, two thirds of it exported; and a run that adds the rest."""
    folder = tmp_path_factory.mktemp("big")
    first = export(big_day(folder / "before", BIG_DAY * 2 // 3), folder / "first", *BIG)
    estate = with_blobs(big_day(folder / "estate"), first.state)
    return estate, export(estate, folder / "alone", *BIG)


ANSWERS = ("server error", "dropped", "dropped, all the same", "cut off")


@pytest.mark.parametrize("kind", ANSWERS)
def test_every_block_and_every_range_may_fail_once(big, tmp_path, kind):
    estate, alone = big
    then = {**STORAGE, **ALL_THE_SAME}[kind]
    of_day = [one["method"] for one in alone.requests if one["path"].endswith("/jobs.ndjson")]
    faults = [
        on_blob("/jobs.ndjson$", method, {"nth": list(range(1, 2 * of_day.count(method), 2))}, then)
        for method in ("GET", "PUT")
    ]
    run = export(estate, tmp_path, *BIG, faults=faults)

    assert (run.code, held(run.state / BLOBS)) == (0, held(alone.state / BLOBS))
    check_folder(run.state / BLOBS, run)


@pytest.mark.parametrize("block", [1, 2, 3, 4])
def test_a_block_that_is_refused_leaves_the_day_as_it_was(big, tmp_path, block):
    """The last is the list of them."""
    estate, _ = big
    run = export(estate, tmp_path, *BIG, faults=[on_blob("/jobs.ndjson$", "PUT", {"nth": [block]}, REFUSED)])

    assert (run.code, run.done["failed"]) == (1, 1)
    assert held(run.state / BLOBS) == held(estate / BLOBS)


MAKING = {
    name: {**STORAGE, **ALL_THE_SAME}[name] for name in ("server error", "dropped", "dropped, all the same")
}


@pytest.mark.parametrize("then", MAKING.values(), ids=MAKING)
def test_the_making_of_the_container_may_fail_once(scene, tmp_path, then):
    faults = [on_blob("/export$", "PUT", {"nth": [1]}, then)]
    run = export(scene.night.write(tmp_path / "estate"), tmp_path, TO, "entities=vaults", faults=faults)

    assert (run.code, len(held(run.state / BLOBS))) == (0, 1)


OF_A_DAY = {"the reading of it": "GET", "the writing of it": "PUT"}


@pytest.mark.parametrize(
    "then", [REFUSED, UNAVAILABLE, THROTTLED], ids=["refused", "unavailable", "throttled"]
)
@pytest.mark.parametrize("of", OF_A_DAY)
def test_a_file_that_cannot_be_written_is_named_and_the_others_are(scene, tmp_path, of, then):
    run = export(
        scene.estate, tmp_path, TO, faults=[on_blob(scene.day, OF_A_DAY[of], {"always": True}, then)]
    )
    left = run.state / BLOBS

    check_folder(left, run)
    is_unwritten(run, scene.day)
    assert held(left) == {**scene.wanted, scene.day: scene.was[scene.day]}
    scene.healed(run, tmp_path)


def is_unwritten(run, name):
    """In the log, the report and the manifest."""
    date = name.split("/")[1].removeprefix("date=")
    [failed] = [one for one in run.report if one.get("verdict") == "failed"]
    said = manifest(run.state / BLOBS)

    assert (run.code, run.unread, said["complete"]) == (1, [], False)
    assert (failed["entity"], failed["date"]) == ("jobs", date)
    assert said["unread"] == [{"scope": f"jobs of {date}", "reason": failed["reason"]}]
    assert run.warnings[0].startswith(f"failed entity=jobs date={date} why=")
    assert run.error.startswith("1 files were not written, 0 scopes were not read")


@pytest.mark.parametrize("then", [REFUSED, UNAVAILABLE], ids=["refused", "unavailable"])
def test_a_manifest_that_cannot_be_written_is_named_and_the_files_are_there(scene, tmp_path, then):
    unread = scene.lasting("policies", **LASTING["throttled"][0])
    faults = [on_blob("manifest.json", "PUT", {"always": True}, then), unread]
    run = export(scene.estate, tmp_path, TO, faults=faults)

    assert run.code == 1
    assert run.unread == ["read policies: 1 subscriptions"]
    assert [one["entity"] for one in run.report if one.get("verdict") == "failed"] == ["manifest"]
    assert manifest(run.state / BLOBS) == manifest(scene.estate / BLOBS)
    scene.healed(run, tmp_path)


@pytest.mark.parametrize("path", ["/export$", "manifest.json"])
def test_a_place_that_cannot_be_read_ends_the_run(scene, tmp_path, path):
    run = export(scene.estate, tmp_path, TO, faults=[on_blob(path, "GET", {"always": True}, REFUSED)])

    assert (run.code, held(run.state / BLOBS)) == (1, scene.was)
    assert "storage answered 403" in run.error
    assert [one for one in run.requests if one["path"] == GRAPH] == []


# -- what stands there already ---------------------------------------------------------------------

TO_OTHER = TO.replace("/export", "/other")
FOREIGN = b'{"who": "somebody else"}\n'
ODD_FILES = {
    "cut off": lambda content: content[: len(content) // 2],
    "not packed": gzip.decompress,
    "of another": lambda _: gzip.compress(FOREIGN),
    "a row twice": lambda content: gzip.compress(gzip.decompress(content) * 2),
    "no text": lambda _: gzip.compress(b"\xff\xfe\n"),
    "a list": lambda _: gzip.compress(b"[1]\n"),
}


def spoiled(scene, folder, name, change):
    shutil.copytree(scene.estate, folder)
    path = folder / BLOBS / name
    path.write_bytes(change(path.read_bytes()))
    lines = [json.loads(one) for one in (folder / "blobs.ndjson").read_text().splitlines()]
    kept = [one for one in lines if one.get("blob") != name]
    (folder / "blobs.ndjson").write_text("".join(json.dumps(one) + "\n" for one in kept))
    return folder


@pytest.mark.parametrize("change", ODD_FILES.values(), ids=ODD_FILES)
def test_a_file_that_no_export_wrote_is_named_and_left_alone_and_other_days_go_on(scene, tmp_path, change):
    estate = spoiled(scene, tmp_path / "estate", scene.day, change)
    run = export(estate, tmp_path / "run", TO)
    left = run.state / BLOBS
    content = (estate / BLOBS / scene.day).read_bytes()

    is_unwritten(run, scene.day)
    assert (left / scene.day).read_bytes() == content
    assert f"{scene.day} is not what an export writes" in run.warnings[0]
    (left / scene.day).unlink()
    assert held(left) == {name: rows for name, rows in scene.wanted.items() if name != scene.day}


OTHERS = {
    "nothing": b"",
    "an object": FOREIGN,
    "a table without keys": b"a,b\r\n1,2\r\n",
    "columns without keys": b'{"columns":[{"name":"a"}],"rows":[\n[1]\n]}\n',
}


@pytest.mark.parametrize("form", ["format=csv", "layout=table"])
@pytest.mark.parametrize("content", OTHERS.values(), ids=OTHERS)
def test_other_forms_of_such_files_are_named_as_well(scene, tmp_path, form, content):
    tokens = (form, "compress=none", "entities=jobs")
    name = scene.day.replace("ndjson.gz", "csv" if form == "format=csv" else "json")
    first = export(scene.estate, tmp_path / "first", TO_OTHER, *tokens)
    (first.state / BLOBS.with_name("other") / name).write_bytes(content)
    run = export(first.state, tmp_path / "run", TO_OTHER, *tokens)

    assert run.code == 1
    assert "is not what an export writes" in run.warnings[0]
    assert (run.state / BLOBS.with_name("other") / name).read_bytes() == content


def test_a_file_with_fewer_columns_gets_those_it_lacks(scene, tmp_path):
    """Also in rows that Resource Graph has forgotten."""

    def older(content):
        rows = [json.loads(line) for line in gzip.decompress(content).splitlines()]
        gone = {**rows[-1], "id": rows[-1]["id"] + "0", "key": rows[-1]["key"] + "0", "outcome": "failed"}
        for row in (*rows, gone):
            del row["remedy"], row["activity"]
        return gzip.compress(b"".join(json.dumps(row).encode() + b"\n" for row in (*rows, gone)))

    run = export(spoiled(scene, tmp_path / "estate", scene.day, older), tmp_path / "run", TO)
    found = held(run.state / BLOBS)

    assert run.code == 0
    assert {tuple(sorted(row)) for row in found[scene.day]} == {tuple(sorted(scene.wanted[scene.day][0]))}
    assert [row for row in found[scene.day] if not row["key"].endswith("0")] == [
        row for row in scene.wanted[scene.day] if not row["key"].endswith("0")
    ]
    assert len(found[scene.day]) == len(scene.wanted[scene.day]) + 1


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b'{"files": {"a": {}}, "vaults": [], "form": ""}', b"\xff"]
)
def test_without_a_manifest_that_it_understands_all_days_are_read_again(scene, tmp_path, content):
    run = export(
        spoiled(scene, tmp_path / "estate", "manifest.json", lambda _: content), tmp_path / "run", TO
    )
    left = run.state / BLOBS

    assert (run.code, held(left)) == (0, scene.wanted)
    assert "manifest.json is not what an export writes" in run.warnings[0]
    assert manifest(left)["files"].keys() == scene.wanted.keys()


# -- two at once -----------------------------------------------------------------------------------

ONLY_JOBS = (RUNBOOK, TO, "entities=jobs")
SHARES = 4


@pytest.fixture(scope="module")
def earlier(scene, tmp_path_factory):
    """The estate while the last of its jobs still ran."""
    folder = tmp_path_factory.mktemp("earlier") / "estate"
    shutil.copytree(scene.estate, folder)
    rows = read_rows(folder, JOBS)
    [row] = [one for one in rows if one["id"] == scene.night.ran]
    runs(row)
    write_rows(folder, JOBS, rows)
    return folder


def ends(scene):
    """The job ends, in Resource Graph as well."""
    return lambda world: world.store.put(JOBS, scene.night.row(scene.night.ran), world.now())


@pytest.mark.parametrize("share", range(SHARES))
def test_two_exports_at_once_leave_each_job_once_in_its_last_state(scene, earlier, tmp_path, share):
    """A job ends and the second runs from beginning to end, before each of the first's requests."""
    alone = export(earlier, tmp_path / "alone", TO, "entities=jobs")
    numbers = range(2 + share, len(alone.requests) + 1, SHARES)
    wanted = {name: rows for name, rows in scene.wanted.items() if name.startswith("jobs/")}
    for number in numbers:
        both = meet(earlier, tmp_path / str(number), (ONLY_JOBS, ONLY_JOBS), number, ends(scene))
        left = both.both.state / BLOBS
        assert both.second, number
        assert (both.first.code, both.second.code) == (0, 0), (number, both.first.stdout, both.second.stdout)
        check_folder(left)
        assert {name: rows for name, rows in held(left).items() if name.startswith("jobs/")} == wanted, number
        assert manifest(left)["complete"]
        shutil.rmtree(tmp_path / str(number))


def test_of_all_entities_nothing_stands_twice_either(scene, earlier, tmp_path):
    alone = export(earlier, tmp_path / "alone", TO)
    [*_, items] = [one["n"] for one in alone.requests if one["method"] == "PUT" and "/items/" in one["path"]]
    both = meet(earlier, tmp_path / "both", ((RUNBOOK, TO), (RUNBOOK, TO)), items, ends(scene))

    assert (both.first.code, both.second.code) == (0, 0)
    check_folder(both.both.state / BLOBS)
    assert held(both.both.state / BLOBS) == scene.wanted


def test_a_file_that_is_replaced_while_it_is_read_is_read_again(big, tmp_path):
    """Of its several ranges, the second is of another file than the first."""
    estate, alone = big
    gets = [one["n"] for one in alone.requests if one["method"] == "GET" and "jobs.ndjson" in one["path"]]
    both = meet(estate, tmp_path / "both", ((RUNBOOK, *BIG), (RUNBOOK, *BIG)), gets[1])

    assert (both.first.code, both.second.code) == (0, 0), both.first.stdout
    check_folder(both.both.state / BLOBS)
    assert held(both.both.state / BLOBS) == held(alone.state / BLOBS)


def test_a_second_export_to_the_same_folder_is_refused(scene, tmp_path):
    """Wherever the first is; it goes on to its end."""
    command = (RUNBOOK, f"to={tmp_path / 'out'}", "entities=jobs")
    both = meet(scene.estate, tmp_path / "both", (command, command), 6)

    assert (both.first.code, both.second.code) == (0, 1)
    assert "is being written to by another export" in both.second.stdout
    assert scene.day in held(tmp_path / "out")


# -- since -----------------------------------------------------------------------------------------


def test_a_final_day_that_a_killed_run_wrote_again_is_not_called_final(scene, tmp_path):
    """`since` reads it again; where it was killed in between, the next run without it has to know."""
    forgotten = spoiled(scene, tmp_path / "estate", scene.day, lambda content: content)
    final = next(name for name, one in manifest(forgotten / BLOBS)["files"].items() if one["final"])
    rows = read_rows(forgotten, JOBS)
    [copied] = [one for one in rows if one["id"].lower() == scene.was[final][0]["key"]]
    late = json.loads(json.dumps(copied).replace(copied["name"], copied["name"][:-4] + "abcd"))
    write_rows(forgotten, JOBS, [*rows, late])
    put = on_blob(final, "PUT", {"nth": [1]}, {"kill": "after"})
    killed = ran((RUNBOOK, TO, "since=30d"), forgotten, tmp_path / "killed", [put], {})
    again = export(killed.state, tmp_path / "again", TO)

    assert (killed.code, len(held(killed.state / BLOBS)[final])) == (KILLED, 2)
    assert again.code == 0
    check_folder(again.state / BLOBS)
    assert manifest(again.state / BLOBS)["files"][final]["final"]
