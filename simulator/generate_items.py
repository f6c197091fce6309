"""Items and their jobs, of any workload: rows that agree with each other."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from simulator.generate_dice import dice
from simulator.generate_history import ENDED, NEVER_RAN, Causes, Course, Fate, History, Run, history
from simulator.generate_records import Subscription, Vault
from simulator.generate_schedules import AS_OF, MINUTE, Policy
from simulator.store import Row

Properties = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Protection:
    """One item that is to be: `part` is the database or share inside `source`, `exists` whether that does."""

    kind: str
    source: str
    vault: Vault
    policy: Policy
    fate: Fate
    part: str = ""

    @property
    def runs(self) -> int:
        """How many jobs it has in 14 days: half of them where its backups ceased in their middle."""
        if self.fate in NEVER_RAN:
            return 0
        return self.policy.runs // 2 if self.fate in ENDED else self.policy.runs

    @property
    def place(self) -> Row:
        """The columns of its vault that the properties of rows are made from."""
        return {"id": self.vault.id, "location": self.vault.region}


class Workload(Protocol):
    """How items of one kind, and their jobs, look."""

    @property
    def causes(self) -> Causes: ...

    def item(self, protection: Protection, seen: History, chance: random.Random) -> tuple[str, Properties]:
        """Its path below the vault, and its properties."""

    def vault_of_jobs(self, protection: Protection) -> str:
        """The vault's id, as the ids of its jobs have it."""

    def jobs(
        self, item: Row, protection: Protection, runs: list[Run], chance: random.Random
    ) -> Iterator[Properties]: ...


@dataclass(frozen=True)
class Made:
    """An item's row, its jobs' (newest first, as the runs are), and what only `world.json` can say.

    `unlisted` is the newest run that made a recovery point, where no job is of it.
    """

    item: Row
    jobs: list[Row]
    runs: list[Run]
    unlisted: Run | None
    outcomes: list[str]
    minutes: float
    rest: Mapping[str, Row]


def made(
    subscription: Subscription, protection: Protection, workload: Workload, wanted: int, seed: int
) -> Made:
    """An item with its newest `wanted` jobs."""
    chance = dice(seed, protection.vault.id, protection.kind, protection.source, protection.part)
    usual = chance.uniform(6, 40) * MINUTE
    course = Course(
        protection.fate, protection.policy.schedule, workload.causes, usual, protection.vault.bad_night
    )
    seen = history(course, wanted, chance) if protection.runs else History([], None, None)
    path, properties = workload.item(protection, seen, chance)
    item = row(subscription, f"{protection.vault.id}/{path}", properties)
    if path.startswith("backupInstances/"):
        item["location"] = protection.vault.region
    jobs = [
        row(subscription, f"{workload.vault_of_jobs(protection)}/backupJobs/{guid(chance)}", job)
        for job in workload.jobs(item, protection, seen.runs, chance)
    ]
    rest = dict(_kept_back(jobs, chance))
    unlisted = None if seen.good in seen.runs else seen.good
    return Made(item, jobs, seen.runs, unlisted, _next(seen, protection, chance), _minutes(seen, usual), rest)


def _kept_back(jobs: list[Row], chance: random.Random) -> Iterator[tuple[str, Row]]:
    """A few failures whose cause the vault alone tells; of Recovery Services, whose rows may lack it."""
    for job in jobs:
        told = job["properties"]
        if told["status"] == "Failed" and "jobType" in told and chance.random() < 0.04:
            yield job["id"], {"properties": {"errorDetails": told.pop("errorDetails")}}


def _next(seen: History, protection: Protection, chance: random.Random) -> list[str]:
    """How its next backups end: most of what failed once recovers, what always fails does so again."""
    if seen.runs and seen.runs[0].status == "InProgress":
        return ["Completed"]
    if protection.fate in ENDED or not seen.newest or seen.newest.status != "Failed":
        return []
    again = f"Failed:{seen.newest.code}"
    if protection.fate in (Fate.GONE, Fate.BROKEN, Fate.FAILING):
        return [again] * 5
    return [again, "Completed"] if chance.random() < 0.2 else ["Completed"]


def _minutes(seen: History, usual: float) -> float:
    """How long they take; one that runs already is not over yet."""
    running = (AS_OF - run.start for run in seen.runs[:1] if run.status == "InProgress")
    return float(round(max(usual, *(gone + 5 * MINUTE for gone in running), 0.0) / MINUTE, 1))


def row(subscription: Subscription, row_id: str, properties: Mapping[str, Any]) -> Row:
    """A row of something inside a vault; its type follows from its id."""
    segments = row_id.split("/")
    kinds = [segments[7], *segments[9::2]]
    return {
        "id": row_id,
        "name": segments[-1],
        "type": "/".join([segments[6], *kinds]).lower(),
        "tenantId": subscription.tenant,
        "subscriptionId": subscription.id,
        "resourceGroup": segments[4].lower(),
        "properties": properties,
    }


def guid(chance: random.Random) -> str:
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))
