"""An estate of a few items of several workloads, and what a run does about them when nothing goes wrong."""

from __future__ import annotations

from pathlib import Path

from tests.journeys.runs import Run
from tests.journeys.workloads import DIFFERENTIAL, KINDS, Estate

CONNECTION = "UserErrorOpeningSQLConnection"
RETRIED = ("retried", "passing_cause")
INSTANCES = {"disk": "disk", "stblobs": "blob"}
NAMES = ("vm", "share", "sales", "orders", *INSTANCES)
AS_EVER = dict.fromkeys(NAMES, RETRIED)


def several(folder: Path, *, minutes: float = 10, outcome: str = "Completed", **world: object) -> Path:
    """A machine and a share in rsv-a, databases in rsv-db and rsv-own, a disk and blobs in bv-a.

    What happened to `orders` no job shows: the database alone says it. `minutes` is how long backups take
    and `outcome` how they end.
    """
    made = Estate()
    found = [made.failed(made.recovery, "vm"), made.fails(made.share("share"), KINDS["files"].code)]
    made.recovery = made.rsv("rsv-db", made.group)
    sales = made.database("sales", policy=made.weekly())
    found.append(made.fails(sales, CONNECTION, **DIFFERENTIAL))
    made.recovery = made.rsv("rsv-own", made.group)
    found.append(made.database("orders", policy=made.weekly(), unhealthy=CONNECTION, failed_ago="710m"))
    found += [made.fails(made.instance(name, kind), KINDS[kind].code) for name, kind in INSTANCES.items()]
    for item in found:
        made.minutes(item, minutes)
        made.outcomes(item, outcome)
    made.world.update(world)
    return made.write(folder)


def started(run: Run) -> list[str]:
    """Names of the items whose backups the vaults were asked for and accepted, in that order."""
    names = {one["item"].lower(): one["name"] for one in run.decisions}
    return [names[one["item"].lower()] for one in run.triggers]
