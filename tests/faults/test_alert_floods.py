"""Alerts by the hundred: each is a job of its own, and each item is started once."""

import asyncio

import pytest

from simulator import running
from simulator.options import Options
from tests.journeys.forks import Group
from tests.journeys.ledgers import alert, items, night, triggers, waiting
from tests.journeys.runs import RUNBOOK, retry, sandbox
from tests.journeys.test_alerts import TOKENS

SPEED = 10
"""A lease lasts six seconds then, longer than it takes to renew it."""
TOGETHER = 20


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


def jobs_at_once(estate, folder, bodies):
    """So many jobs, up to twenty together, against one Azure; the last line of each."""
    folders = [folder / str(number) for number in range(len(bodies))]
    for one in folders:
        one.mkdir(parents=True)
    options = Options(estate, state=folder / "state", speed=SPEED)

    async def all_of_them(environment):
        room = asyncio.Semaphore(TOGETHER)

        async def one(body, where):
            async with room:
                return await sandbox().run(Group(), [RUNBOOK, *TOKENS, body], environment, where)

        return max(await asyncio.gather(*map(one, bodies, folders)))

    simulator = running.loaded(options, lambda: None)
    assert asyncio.run(running.played(options, simulator, all_of_them)) == 0
    return [(one / "stdout").read_text().splitlines()[-1] for one in folders]
