"""An estate of a few items of several workloads, and what a run does about them when nothing goes wrong."""

from __future__ import annotations

from pathlib import Path

from tests.journeys.estates import PASSING
from tests.journeys.runs import Run
from tests.journeys.workloads import DIFFERENTIAL, KINDS, Estate

CONNECTION = "UserErrorOpeningSQLConnection"
RETRIED = ("retried", "passing_cause")
INSTANCES = {"disk": "disk", "stblobs": "blob"}
SHARE, SALES, ORDERS = "stshare/share", "vm-sales/sales", "vm-orders/orders"
NAMES = ("vm", SHARE, SALES, ORDERS, *INSTANCES)
AS_EVER = dict.fromkeys(NAMES, RETRIED)


def several(folder: Path, *, minutes: float = 10, failing: bool = False, **world: object) -> Path:
    """A machine and a share in rsv-a, databases in rsv-db and rsv-own, a disk and blobs in bv-a.

    What happened to `orders` no job shows: the database alone says it. Backups take so many `minutes`, and
    where they are `failing` the next fails for the same cause.
    """
    made = Estate()
    causes = {made.failed(made.recovery, "vm"): PASSING}
    causes[made.fails(made.share("share"), KINDS["files"].code)] = KINDS["files"].code
    made.recovery = made.rsv("rsv-db", made.group)
    causes[made.fails(made.database("sales", policy=made.weekly()), CONNECTION, **DIFFERENTIAL)] = CONNECTION
    made.recovery = made.rsv("rsv-own", made.group)
    said = {"unhealthy": CONNECTION, "failed_ago": "710m"}
    causes[made.database("orders", policy=made.weekly(), **said)] = CONNECTION
    for name, kind in INSTANCES.items():
        causes[made.fails(made.instance(name, kind), KINDS[kind].code)] = KINDS[kind].code
    for item, code in causes.items():
        made.minutes(item, minutes)
        made.outcomes(item, f"Failed:{code}" if failing else "Completed")
    made.world.update(world)
    return made.write(folder)


def started(run: Run) -> list[str]:
    """Names of the items whose backups the vaults were asked for and accepted, in that order."""
    names = {one["item"].lower(): one["name"] for one in run.decisions}
    return [names[one["item"].lower()] for one in run.triggers]
