"""The alerts that Azure raised about the failed jobs of an estate."""

from __future__ import annotations

from collections.abc import Mapping

from simulator import clock
from simulator.alert_rows import AFTER_S, RESOLVES, TABLE, answered, is_wanted, raised, resolved
from simulator.estate import Estate
from simulator.store import Row

_RECOVERY = "recoveryservicesresources"


def raise_alerts(estate: Estate, answers: Mapping[str, str] | None = None, *, who: str = "") -> list[str]:
    """Add the alerts of all jobs that are there, once all are; returns their ids.

    An item's next success resolves those of its failures. `answers` are what `who` has made of some, by the
    id of the job: Acknowledged or Closed, an hour after they were fired.
    """
    jobs = [row for row in estate.rows(_RECOVERY) if str(row["type"]).endswith("/backupjobs")]
    good = _successes(jobs)
    return [
        estate.add(TABLE, _answered(_settled(alert, good.get(_item(job), [])), job, answers or {}, who))
        for job in jobs
        if (alert := _raised(estate, job))
    ]


def _raised(estate: Estate, job: Row) -> Row | None:
    given, vault = job["properties"], str(job["id"]).rpartition("/backupJobs/")[0]
    if given["status"] != "Failed" or not is_wanted(estate.row(vault)):
        return None
    known = estate.world.get("rest", {}).get(job["id"], {}).get("properties", {})
    errors = given.get("errorDetails") or known.get("errorDetails")
    return raised(job, clock.moment(given["endTime"]) + AFTER_S, errors)


def _successes(jobs: list[Row]) -> dict[str, list[float]]:
    """When the backups of each item ended that resolve what was fired before."""
    ends = dict[str, list[float]]()
    for job in jobs:
        given = job["properties"]
        if given["status"] in RESOLVES and str(given["operation"]).startswith("Backup"):
            ends.setdefault(_item(job), []).append(clock.moment(given["endTime"]))
    return {item: sorted(moments) for item, moments in ends.items()}


def _item(job: Row) -> str:
    return str(job["properties"].get("backupInstanceId") or "").lower()


def _settled(alert: Row, successes: list[float]) -> Row:
    fired = clock.moment(alert["properties"]["essentials"]["startDateTime"])
    later = next((end for end in successes if end > fired), None)
    if later is None or alert["name"] != "Backup Failure":
        return alert
    return resolved(alert, later + AFTER_S)


def _answered(alert: Row, job: Row, answers: Mapping[str, str], who: str) -> Row:
    fired = clock.moment(alert["properties"]["essentials"]["startDateTime"])
    state = answers.get(job["id"])
    return answered(alert, state, fired + 3600, who) if state else alert
