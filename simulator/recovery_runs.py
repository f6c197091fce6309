"""How a backup runs: what its job and its item are going to be is written when it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.world import World


def continue_all(world: World) -> None:
    """Let the jobs that were running when the estate was loaded end as `outcomes` says."""
