"""Alerts by the hundred: each is a job of its own, and each item is started once."""

import pytest

from tests.journeys.ledgers import alert, items, night, triggers, waiting
from tests.journeys.runs import retry
from tests.journeys.test_alerts import TOKENS, jobs_at_once


@pytest.mark.parametrize(
    ("count", "each"),
    [pytest.param(1, 50, id="fifty of one machine"), pytest.param(200, 1, id="one of each of 200 machines")],
)
def test_a_flood_starts_each_item_once_and_most_jobs_end_early(tmp_path, count, each):
    world = night(count)
    for item in items(world):
        world.minutes(item, 600)
    bodies = [alert(item) for item in items(world)] * each
    ends = jobs_at_once(world.write(tmp_path / "estate"), tmp_path / "jobs", bodies)
    state = tmp_path / "jobs" / "state"
    run = retry(state, tmp_path / "schedule", *TOKENS)

    assert waiting(state) == []
    assert set(triggers(state, run.state).values()) == {1}
    assert len(triggers(state)) == count, "the schedule had nothing to add"
    assert all(line.startswith("done ") for line in ends)
    assert ends.count("done deferred=1") > len(ends) / 2
