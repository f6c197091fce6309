"""auto_retry killed before and after each of its requests, and run again: `make faults`.

Twelve machines fail again and again, and each has had one attempt; two are allowed
in 24 hours. So what the killed run started must be known to the next one.
"""

from itertools import count

import pytest

from tests.journeys.ledgers import REAL, aged, attempts, items, killed, night, triggers
from tests.journeys.runs import retry

TOKENS = (*REAL, "storm_min=100")
ITEMS = 12
SHARES, SHARE = 6, 12
"""Requests are dealt out to so many tests, so many to each, and what is left to the last."""


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    """An hour and a half after a first attempt at all of them."""
    folder = tmp_path_factory.mktemp("before")
    world = night(ITEMS)
    for item in items(world):
        world.outcomes(item, *["Failed:400002"] * 9)
    run = retry(world.write(folder / "night"), folder / "first", *TOKENS)
    assert run.done["retried"] == ITEMS
    return aged(run.state, 1.5, folder / "estate")


@pytest.mark.parametrize("share", range(SHARES))
def test_a_run_killed_at_any_request_costs_no_trigger_and_none_too_many(before, tmp_path, share):
    """What follows is looked at once for each state that kills leave: most leave one that others left too."""
    followed = set()
    for number in count():
        for when in ("", ":after"):
            folder = tmp_path / f"{number}{when[1:]}"
            code, state = killed(before, folder, f"{share * SHARE + number + 1}{when}", TOKENS)
            if code != 137:
                assert (code, triggers(state).total()) == (0, ITEMS)
                return
            if what_it_left(state) not in followed:
                followed.add(what_it_left(state))
                check_what_follows(state, folder)
        if number + 1 == SHARE and share + 1 < SHARES:
            return


def what_it_left(state):
    written = ((name, len(listed), listed[-1]["outcome"]) for name, listed in attempts(state).items())
    return (frozenset(triggers(state).items()), frozenset(written))


def check_what_follows(state, folder):
    """Two and a half hours later back-off is over, a day later the budget is new."""
    soon = retry(aged(state, 2.5, folder / "soon"), folder / "run-1", *TOKENS)
    assert soon.code == 0
    done = triggers(state, soon.state)
    assert max(done.values()) == 1, "with the first attempt, two"
    missing = {f"vm-{n:02}" for n in range(ITEMS)} - done.keys()
    assert len(missing) <= 1, "all but the one it was at"
    if missing:
        assert soon.why(missing.pop()) == ("left", "budget_spent")
        tomorrow = retry(aged(soon.state, 22, folder / "tomorrow"), folder / "run-2", *TOKENS, "window=48h")
        assert tomorrow.code == 0
        assert triggers(state, soon.state, tomorrow.state).keys() == {f"vm-{n:02}" for n in range(ITEMS)}
