"""auto_retry killed before and after each of its requests, and run again: `make faults`.

Twelve items of both kinds of vault fail again and again, and each has had one attempt; two are
allowed in 24 hours. So what the killed run started must be known to the next one.
"""

import pytest

from tests.faults.crashes import KILLED, Crashes, told
from tests.journeys.ledgers import REAL, aged, attempts, items, name_of, triggers
from tests.journeys.runs import RUNBOOK, SPEED, retry, sandbox
from tests.journeys.workloads import KINDS, Estate

WORKLOADS = ("vm", "sql", "files", "disk")
TOKENS = (*REAL, "storm_min=100", f"workloads={','.join(WORKLOADS)}")
ITEMS = 12
SHARES = 8
"""So many tests, for as many processes as there are."""


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    """An hour and a half after a first attempt at all of them."""
    folder = tmp_path_factory.mktemp("before")
    run = retry(night().write(folder / "night"), folder / "first", *TOKENS)
    assert run.done["retried"] == ITEMS
    return aged(run.state, 1.5, folder / "estate")


def night():
    """Machines, databases with a differential, shares and disks, each of which goes on failing."""
    made = Estate()
    for number in range(ITEMS):
        name = WORKLOADS[number % len(WORKLOADS)]
        kind = KINDS[name]
        item = made.fails(kind.make(made, f"{name}{number:02}"), kind.code, **kind.job)
        made.outcomes(item, *[f"Failed:{kind.code}"] * 9)
    return made


@pytest.fixture(scope="module")
def crashes(before, tmp_path_factory):
    folder = tmp_path_factory.mktemp("crashes")
    made = Crashes(sandbox(), before, folder, [RUNBOOK, *TOKENS], {"speed": SPEED})
    assert (made.whole.code, triggers(made.whole.state).total()) == (0, ITEMS)
    return made


@pytest.mark.parametrize("share", range(SHARES))
def test_a_run_killed_at_any_request_costs_no_trigger_and_none_too_many(crashes, share):
    """What follows is looked at once for each state that kills leave: most leave one that others left too."""
    followed = set()
    for _, outcome in crashes.each(share, SHARES):
        left = what_it_left(outcome.state)
        if left not in followed:
            followed.add(left)
            check_what_follows(outcome.state, outcome.folder)
    assert followed


def test_a_fork_is_killed_as_a_process_is(crashes, before, tmp_path):
    """Half way through its starts; a backup takes its ten minutes, so that time decides nothing."""
    started = [one["n"] for one in crashes.whole.requests if one["path"].endswith("/backup")]
    slowly = Crashes(sandbox(), before, tmp_path, crashes.command)
    at = f"{started[ITEMS // 2]}:after"
    forked, real = told(slowly.at(at)), told(slowly.really(at))

    assert forked == real
    assert forked["code"] == KILLED
    assert forked["state/triggers.ndjson"].count("\n") == ITEMS // 2 + 1


NAMES = {name_of(item) for item in items(night())}


def what_it_left(state):
    written = ((name, len(listed), listed[-1]["outcome"]) for name, listed in attempts(state).items())
    return (frozenset(triggers(state).items()), frozenset(written))


def check_what_follows(state, folder):
    """Two and a half hours later back-off is over, a day later the budget is new."""
    soon = retry(aged(state, 2.5, folder / "soon"), folder / "run-1", *TOKENS)
    assert soon.code == 0
    done = triggers(state, soon.state)
    assert max(done.values()) == 1, "with the first attempt, two"
    missing = NAMES - done.keys()
    assert len(missing) <= 1, "all but the one it was at"
    if missing:
        [left] = [one for one in soon.decisions if name_of(one["item"]) in missing]
        assert (left["verdict"], left["rule"]) == ("left", "budget_spent")
        tomorrow = retry(aged(soon.state, 22, folder / "tomorrow"), folder / "run-2", *TOKENS, "window=48h")
        assert tomorrow.code == 0
        assert triggers(state, soon.state, tomorrow.state).keys() == NAMES
