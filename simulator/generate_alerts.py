"""The alerts about failed jobs: most nobody touched, and some are over."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.alert_rows import AFTER_S, answered, raised, resolved
from simulator.generate_dice import Shares, dice, pick
from simulator.generate_history import GOOD
from simulator.generate_items import Made
from simulator.generate_schedules import AS_OF, DAY
from simulator.store import Row

_ANSWERS: Shares[str] = (("Closed", 0.2), ("Acknowledged", 0.1), ("New", 1.0))
"""What persons have made of those that are older than a day."""
_OPERATORS = ("backup.operator@contoso.com", "oncall@contoso.com")


def alerts(made: Made, seed: int) -> Iterator[tuple[Row, str]]:
    """Those about the jobs of an item, newest first, each with what has become of it."""
    good = 0.0
    for job, run in zip(made.jobs, made.runs, strict=True):
        if run.status in GOOD and run.operation.startswith("Backup"):
            good = run.end
        if run.status != "Failed":
            continue
        told = made.rest.get(job["id"], {}).get("properties", {}).get("errorDetails")
        alert = raised(job, run.end + AFTER_S, told)
        if alert and run.end + AFTER_S <= AS_OF:
            yield _told(_answered(alert, run.end, seed), good)


def _answered(alert: Row, failed: float, seed: int) -> Row:
    chance = dice(seed, "alert", alert["id"])
    state = pick(_ANSWERS, chance.random())
    if state == "New" or failed > AS_OF - DAY:
        return alert
    return answered(alert, state, failed + chance.uniform(0.1, 0.9) * DAY, chance.choice(_OPERATORS))


def _told(alert: Row, good: float) -> tuple[Row, str]:
    alert = resolved(alert, good + AFTER_S) if 0 < good <= AS_OF - AFTER_S else alert
    essentials = alert["properties"]["essentials"]
    return alert, f"{essentials['monitorCondition'].lower()}, {essentials['alertState'].lower()}"
