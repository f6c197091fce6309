"""The alerts that follow from backups run here: written when a backup starts, seen when it has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.alert_rows import AFTER_S, RESOLVES, TABLE, TYPE, alert_id, is_wanted, raised, resolved
from simulator.store import Row

if TYPE_CHECKING:
    from simulator.world import World


def follow(world: World, job: Row, item: str, ended: float) -> None:
    """What a job that is going to end so raises or, for the item it is of, resolves."""
    at = round(ended + world.paced(AFTER_S), 6)
    if job["properties"]["status"] in RESOLVES:
        for told in world.store.about(TABLE, TYPE, item, at):
            if told["properties"]["essentials"]["monitorCondition"] == "Fired":
                world.store.put(TABLE, resolved(told, at), at)
        return
    alert = raised(job, at)
    if alert and is_wanted(world.store.get("resources", str(job["id"]).rpartition("/backupJobs/")[0], at)):
        world.store.put(TABLE, alert, at)


def forget(world: World, job: Row, item: str) -> None:
    """Nothing comes of a job that is cancelled before it ends."""
    now = world.now()
    for alert in world.store.about(TABLE, TYPE, item, now):
        world.store.put(TABLE, alert, now)
    world.store.remove(TABLE, alert_id(job), now)
