"""What a run means to start, as it is written down, and what a later run makes of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from backupkit.evidence import Attempt, History
from backupkit.records import Job
from backupkit.times import stamp, utc

SKEW = timedelta(minutes=5)
"""How far the clock of a vault may be behind ours."""
STARTED, REFUSED = "started", "refused"


@dataclass(frozen=True)
class Intent:
    """`outcome` is STARTED, REFUSED, or "" until it is known; a refused one is kept and does not count.

    `kind` is the type of a database's backup.
    """

    item: str
    run: str
    at: datetime
    outcome: str = ""
    job: str = ""
    kind: str = ""

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Intent:
        """Raises KeyError, TypeError or ValueError where it is none."""
        if entry["outcome"] not in ("", STARTED, REFUSED):
            raise ValueError(f"no such outcome {entry['outcome']!r}")
        texts = {name: entry[name] for name in ("item", "run", "outcome", "job")}
        texts["kind"] = entry.get("kind", "")
        if not all(isinstance(text, str) for text in texts.values()):
            raise TypeError("a text was expected")
        return cls(at=utc(entry["at"]), **texts)

    @property
    def entry(self) -> dict[str, str]:
        return {**asdict(self), "at": stamp(self.at)}


def name_of(key: str) -> str:
    """The blob of an item, by the item's id."""
    return f"{sha256(key.lower().encode()).hexdigest()}.json"


def settled(intents: Iterable[Intent], jobs: Iterable[Job]) -> list[Intent]:
    """With their jobs: an open intent takes the first backup after it that nothing else explains."""
    found = sorted(intents, key=lambda one: one.at)
    taken = {one.job.lower() for one in found if one.job}
    free = sorted(
        (job for job in jobs if job.is_backup and job.user is not False and job.name.lower() not in taken),
        key=lambda job: job.started,
    )
    for n, intent in enumerate(found):
        job = next((job for job in free if job.started >= intent.at - SKEW), None)
        if job and not intent.job and intent.outcome != REFUSED:
            found[n] = replace(intent, outcome=STARTED, job=job.name)
            free.remove(job)
    return found


def laid_over(history: History, intents: Iterable[Intent]) -> History:
    """The history with the ledger's attempts; an attempt's time is its job's where there is one."""
    jobs = {job.name.lower(): job for job in history.backups if job.name}
    attempts = []
    for intent in intents:
        job = jobs.get(intent.job.lower())
        if job:
            attempts.append(Attempt(job.started, job.until, job.name, intent.kind))
        elif intent.outcome != REFUSED:
            attempts.append(Attempt(intent.at, intent.at, intent.job, intent.kind))
    return replace(history, ledger=tuple(attempts))
