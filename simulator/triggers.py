"""This run's accepted backup triggers, which `--state` writes down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator import clock

if TYPE_CHECKING:
    from simulator.world import World


def record(world: World, item: str, vault: str, body: Any, job: str) -> None:
    """`job` is the name of the job that was started, "" where none was."""
    world.triggers.append(
        {
            "at": clock.stamp(world.now()),
            "item": item,
            "vault": vault,
            "subscription": vault.split("/")[2],
            "body": body,
            "job": job or None,
        }
    )
