"""Two runs that meet: the second runs to its end while one request of the first stands still."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from simulator import running
from simulator.app import Message, Receive, Send, Simulator
from simulator.faults import Faults
from simulator.identity import Issuer
from simulator.options import Options
from simulator.world import World
from tests.journeys.forks import Group, Outcome
from tests.journeys.runs import SPEED, sandbox


class _Standing(Simulator):
    """Before the request of this number is looked at, `meanwhile` is awaited."""

    at = 0
    arrived = 0
    meanwhile: Callable[[], Awaitable[int]]

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        self.arrived += 1
        if self.arrived == self.at:
            await self.meanwhile()
        await super().__call__(scope, receive, send)


@dataclass(frozen=True)
class Meeting:
    """How both ended; `state` is what they left, `requests` all of theirs, those of the second in between."""

    first: Outcome
    second: Outcome | None
    both: Outcome


def meet(
    estate: Path,
    folder: Path,
    commands: tuple[Sequence[str], Sequence[str]],
    at: int,
    before_second: Callable[[World], None] = lambda _world: None,
) -> Meeting:
    """Run both; `at` is the number of the first's request, `before_second` what happens."""
    codes: list[int] = []
    for one in ("first", "second"):
        (folder / one).mkdir(parents=True)
    options = Options(estate, state=folder / "state", stats=folder / "stats.json", speed=SPEED)
    simulator = _Standing(World.load(estate, options.settings()), Issuer(), Faults(), lambda: None)
    simulator.at = at

    async def run(environment: dict[str, str]) -> int:
        async def meanwhile() -> int:
            before_second(simulator.world)
            codes.append(await sandbox().run(Group(), commands[1], environment, folder / "second"))
            return codes[0]

        simulator.meanwhile = meanwhile
        return await sandbox().run(Group(), commands[0], environment, folder / "first")

    code = asyncio.run(running.played(options, simulator, run))
    assert not simulator.broken
    met = Outcome(folder / "second", codes[0]) if codes else None
    return Meeting(Outcome(folder / "first", code), met, Outcome(folder, code))
