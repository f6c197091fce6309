"""job_export killed at each of its requests, and at each thing it does to a file: `make faults`.

The night before, an export was complete. Since then jobs have ended, a day has appeared that Resource Graph
had not told of, rows came to days that were there, and days are over.
"""

import json
import shutil
from itertools import count
from pathlib import Path

import pytest

from tests.faults.crashes import AFTER, BEFORE, KILLED, Crashes
from tests.faults.exports import BIG, BIG_DAY, TO, Night, big_day, held, told, with_blobs
from tests.journeys.exports import BLOBS, RUNBOOK, check_folder, export
from tests.journeys.runs import ROOT, SPEED, sandbox

SHARES = 4
"""So many tests, for as many processes as there are."""
FEW = ("entities=vaults,jobs",)
AT_FILES = str(Path(__file__).with_name("at_files.py").relative_to(ROOT))


@pytest.fixture(scope="module")
def night():
    return Night()


# -- to a container --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def crashes(night, tmp_path_factory):
    folder = tmp_path_factory.mktemp("crashes")
    first = export(night.before(folder / "before"), folder / "first", TO)
    assert first.code == 0
    estate = with_blobs(night.write(folder / "estate"), first.state)
    made = Crashes(sandbox(), estate, folder, [RUNBOOK, TO], {"speed": SPEED})
    assert made.whole.code == 0
    return made


def test_undisturbed_it_lays_over_adds_and_makes_final(crashes, night):
    was, now = told(crashes.estate / BLOBS), told(crashes.whole.state / BLOBS)
    outcomes = {
        row["id"]: row["outcome"]
        for name, rows in held(crashes.whole.state / BLOBS).items()
        for row in rows
        if name.startswith("jobs/")
    }

    assert len(was["files"]) < len(now["files"])
    assert {one for one in was["files"] if not was["files"][one][2] and now["files"][one][2]}
    assert {outcomes[one] for one in (night.ran, night.then_ran)} == {"failed"}
    assert night.new_day in outcomes


@pytest.mark.parametrize("share", range(SHARES))
def test_killed_at_any_request_it_leaves_whole_files_and_the_next_run_completes_them(crashes, share):
    """Before each and, where it may have changed anything, after: after a read is before what comes next.

    What follows is looked at once for each state that kills leave.
    """
    wanted, followed = crashes.whole.state / BLOBS, set()
    for at in dealt(crashes.whole.requests, share):
        outcome = crashes.at(at)
        assert outcome.code == KILLED
        left = outcome.state / BLOBS
        nothing_lost(crashes.estate / BLOBS, left, wanted)
        state = json.dumps([held(left), uncommitted(outcome.state)])
        if state not in followed:
            followed.add(state)
            again = crashes.again(outcome.state, outcome.folder / "again")
            assert again.code == 0, (at, again.stdout)
            assert (held(again.state / BLOBS), told(again.state / BLOBS)) == (held(wanted), told(wanted)), at
            check_folder(again.state / BLOBS)
        shutil.rmtree(outcome.folder)
    assert followed


def dealt(requests, share):
    """Neighbours stay together: they often leave the same."""
    each = -(-len(requests) // SHARES)
    for one in requests[share * each : (share + 1) * each]:
        yield from (f"{one['n']}{when}" for when in (BEFORE, AFTER)[: 1 + (one["method"] == "PUT")])


def nothing_lost(before, left, after):
    """Each file is as it was before the run, or as it is after it."""
    was, now = held(before), held(after)
    for name, rows in held(left).items():
        assert rows in (was.get(name), now.get(name)), name
    assert was.keys() <= held(left).keys()


def uncommitted(state):
    return sorted(path.stat().st_size for path in (state / "blobs.more").glob("*"))


def test_killed_between_the_blocks_of_a_day_that_has_several_it_leaves_the_day_as_it_was(tmp_path):
    """And also between the ranges in which it reads what the day had."""
    first = export(big_day(tmp_path / "before", BIG_DAY * 2 // 3), tmp_path / "first", *BIG)
    estate = with_blobs(big_day(tmp_path / "estate"), first.state)
    crashes = Crashes(sandbox(), estate, tmp_path, [RUNBOOK, *BIG], {"speed": SPEED})
    of_day = [one for one in crashes.whole.requests if one["path"].endswith("/jobs.ndjson")]
    was, wanted = held(estate / BLOBS), held(crashes.whole.state / BLOBS)
    followed = set()
    assert [one["method"] for one in of_day] == ["GET", "GET", "PUT", "PUT", "PUT", "PUT"]
    for one in of_day[1:]:
        for at in (f"{one['n']}{when}" for when in (BEFORE, AFTER)[: 1 + (one is of_day[-1])]):
            outcome = crashes.at(at)
            left = held(outcome.state / BLOBS)
            assert (outcome.code, left) == (KILLED, wanted if at.endswith(AFTER) else was)
            if len(uncommitted(outcome.state)) not in followed:
                followed.add(len(uncommitted(outcome.state)))
                again = crashes.again(outcome.state, outcome.folder / "again")
                assert (again.code, held(again.state / BLOBS)) == (0, wanted)
                check_folder(again.state / BLOBS)
            shutil.rmtree(outcome.folder)
    assert followed == {0, 1, 2, 3}


# -- to a folder -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def local(night, tmp_path_factory):
    """The estate, a folder with the export of the night before, and what a whole run makes of that."""
    folder = tmp_path_factory.mktemp("local")
    assert export(night.before(folder / "before"), folder / "first", *FEW, to=folder / "was").code == 0
    shutil.copytree(folder / "was", folder / "now")
    estate = night.write(folder / "estate")
    assert export(estate, folder / "second", *FEW, to=folder / "now").code == 0
    return estate, folder / "was", folder / "now"


@pytest.mark.parametrize("share", range(SHARES))
def test_killed_at_anything_it_does_to_a_file_it_leaves_whole_files_and_the_next_run_completes_them(
    local, tmp_path, share
):
    estate, was, wanted = local
    followed = set()
    for at in count(share + 1, SHARES):
        case = tmp_path / str(at)
        to = case / "out"
        shutil.copytree(was, to)
        argv = [AT_FILES, str(at), str(to), RUNBOOK, f"to={to}", *FEW]
        code = sandbox().exec(estate, case, argv, {"speed": SPEED}).code
        nothing_lost(was, to, wanted)
        if code != KILLED:
            assert (code, held(to)) == (0, held(wanted)), "there are no more to be killed at"
            break
        state = json.dumps([held(to), len([*to.glob(".part-*")])])
        if state not in followed:
            followed.add(state)
            again = export(estate, case / "again", *FEW, to=to)
            assert (again.code, held(to), told(to)) == (0, held(wanted), told(wanted))
            assert not [*to.glob(".part-*")]
        shutil.rmtree(case)
    assert followed
