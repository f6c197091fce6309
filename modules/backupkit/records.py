"""What the services tell, as plain records; `rows` makes them.

Ids are lower-cased for comparing and kept as given for showing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from backupkit.failures import Failure
from backupkit.kinds import DATABASES, kind_in

RUNNING = ("inprogress", "cancelling", "started")
SUCCEEDED = ("completed", "completedwithwarnings", "succeeded")
STOPPED = ("stopped", "paused", "suspended")


@dataclass(frozen=True, slots=True)
class Job:
    """A backup job; `user` is None where the service does not say who started it.

    `item`, `container` and `item_name` say what it is of, each "" where the row does not. One without a
    name is no job but what an item says of its newest backup.
    """

    id: str
    vault: str
    name: str
    operation: str
    status: str
    workload: str
    started: datetime
    ended: datetime | None
    user: bool | None
    item: str
    item_name: str
    container: str
    failure: Failure | None

    @property
    def is_backup(self) -> bool:
        """Operations drift ("Backup", "Backup (Full)"), so the start of the text counts."""
        return self.operation.lower().startswith("backup")

    @property
    def kind(self) -> str:
        return kind_in(self.operation)

    @property
    def is_running(self) -> bool:
        return self.status.lower() in RUNNING

    @property
    def succeeded(self) -> bool:
        return self.status.lower() in SUCCEEDED

    @property
    def failed(self) -> bool:
        return self.status.lower() == "failed"

    @property
    def cancelled(self) -> bool:
        return self.status.lower() == "cancelled"

    @property
    def until(self) -> datetime:
        """When it ended; its start while it runs or where the row does not say."""
        return self.ended or self.started


@dataclass(frozen=True, slots=True)
class Item:
    """A protected item, which Backup vaults call a backup instance.

    `name` tells it from others of its kind, `calls` are the names by which jobs call it, lower-cased.
    `last_backup`, `healthy` and `failure` are what a database says of its newest backup itself.
    """

    id: str
    vault: str
    name: str
    workload: str
    container: str
    source: str
    policy: str
    state: str
    soft_deleted: bool
    last_recovery_point: datetime | None
    calls: frozenset[str] = frozenset()
    last_backup: datetime | None = None
    healthy: bool | None = None
    failure: Failure | None = None

    @property
    def key(self) -> str:
        return self.id.lower()

    @property
    def stopped(self) -> bool:
        return any(word in self.state.lower() for word in STOPPED)

    def may_have(self, job: Job) -> bool:
        """Whether it is of the job's kind, as far as the job tells: one of a database may not say which."""
        return fits(self.workload, job.workload)

    def is_of(self, job: Job) -> bool:
        """Whether the job is of it, by the most that the job tells.

        Machines of one vault may share a name, and databases a container.
        """
        if job.vault != self.vault:
            return False
        if job.item or not self.may_have(job):
            return job.item == self.key
        if job.container and self.workload == "vm":
            return job.container == self.container
        return job.item_name in self.calls or job.item_name == self.name.lower()


@dataclass(frozen=True, slots=True)
class Schedule:
    """One timetable of a policy, by the wall clock of `zone_name`.

    `kind` is the type of backup it takes. `times` are (hour, minute), `days` are weekday numbers from
    Monday = 0 (all of them where it runs daily) and `every` is how far apart its runs are.
    """

    zone_name: str
    times: tuple[tuple[int, int], ...]
    days: tuple[int, ...]
    every: timedelta
    keep_days: int | None = None
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """`compressed` is of databases; `rule` and `tag` are what an on-demand backup names in a Backup vault."""

    id: str
    schedules: tuple[Schedule, ...] = ()
    compressed: bool = False
    rule: str = ""
    tag: str = ""
    workload: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """What is backed up; where `known` is False neither its tags nor whether it exists could be read."""

    id: str
    exists: bool = True
    known: bool = True
    tags: Mapping[str, str] = field(default_factory=dict)


def has_tag(tags: Mapping[str, str], name: str, value: str) -> bool:
    """Azure compares the names of tags without their case; here their values are too."""
    held = {key.lower(): text.lower() for key, text in tags.items()}
    return held.get(name.lower()) == value.lower()


def fits(workload: str, told: str) -> bool:
    """Whether a job may be of an item of that workload by what it tells of its own."""
    return told in (workload, "unknown", "workload" if workload in DATABASES else "")


def vault_of(resource_id: str) -> str:
    """The vault's id, lower-cased, from the id of anything in it."""
    parts = arm_path(resource_id).lower().split("/")
    return "/".join(parts[:9])


def is_backup_vault(resource_id: str) -> bool:
    """Whether an id is of a Backup vault, which speaks another dialect, or of something in one."""
    return "/providers/microsoft.dataprotection/" in resource_id.lower()


def arm_path(text: str) -> str:
    """Some rows give ids as whole URLs."""
    return re.sub(r"^https?://[^/]+", "", text) if text.startswith("http") else text


def subscription_of(resource_id: str) -> str:
    parts = resource_id.lower().split("/")
    return parts[2] if len(parts) > 2 and parts[1] == "subscriptions" else ""
