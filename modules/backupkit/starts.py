"""Starting an on-demand backup, of whatever kind, and learning which job it became."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from backupkit.arm import Arm
from backupkit.errors import ArmError, IdentityError, OutOfTimeError
from backupkit.kinds import DATABASES, NAMES
from backupkit.plain import mapping, text
from backupkit.records import Item, Job, arm_path, is_backup_vault
from backupkit.times import stamp
from backupkit.vaults import API

POLLS = 5
"""Times an operation is asked whether it has started its job."""


@dataclass(frozen=True)
class Wanted:
    """An on-demand backup to ask for.

    `kind` and `compressed` are of databases; `keep_until` is None where the service takes no date; `rule` and
    `tag` are of Backup vaults.
    """

    item: Item
    kind: str = ""
    keep_until: datetime | None = None
    compressed: bool = False
    rule: str = ""
    tag: str = ""

    @property
    def body(self) -> dict[str, Any]:
        """As Azure documents it (learn.microsoft.com/rest/api/backup/backups/trigger and
        learn.microsoft.com/rest/api/dataprotection/backup-instances/adhoc-backup)."""
        if is_backup_vault(self.item.id):
            options = {"retentionTagOverride": self.tag}
            return {"backupRuleOptions": {"ruleName": self.rule, "triggerOption": options}}
        properties: dict[str, Any] = {"objectType": "IaasVMBackupRequest"}
        if self.item.workload == "files":
            properties = {"objectType": "AzureFileShareBackupRequest"}
        if self.item.workload in DATABASES:
            properties = {
                "objectType": "AzureWorkloadBackupRequest",
                "backupType": NAMES[self.kind],
                "enableCompression": self.compressed,
            }
        if self.keep_until:
            properties["recoveryPointExpiryTimeInUTC"] = stamp(self.keep_until)
        return {"properties": properties}


@dataclass(frozen=True)
class Start:
    """What became of one asked-for backup.

    `refusal` says why there is none; `open` that Azure's answer left it open whether there is; `taken`
    that another run has the item, so that none was asked for.
    """

    item: Item
    operation_url: str = ""
    wait_s: float = 0.0
    job: str = ""
    refusal: str = ""
    open: bool = False
    taken: bool = False


def right_to_start(vault: str) -> str:
    """The right to start backups in a vault; Backup Operator has it."""
    if is_backup_vault(vault):
        return "Microsoft.DataProtection/backupVaults/backupInstances/backup/action"
    return "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems/backup/action"


def start(arm: Arm, wanted: Wanted) -> Start:
    """Ask for one on-demand backup, once."""
    item = wanted.item
    try:
        answer = arm.act(f"{quote(item.id)}/backup?{API}", f"start backup of {item.name}", wanted.body)
    except ArmError as error:
        return Start(item, refusal=str(error), open=not error.is_clear_refusal)
    except (IdentityError, OutOfTimeError) as error:
        return Start(item, refusal=str(error))
    url = answer.headers.get("azure-asyncoperation") or answer.headers.get("location", "")
    if not url:
        told = (
            f"start backup of {item.name}: Azure answered {answer.status} without an operation to ask about"
        )
        return Start(item, refusal=told, open=True)
    return Start(item, operation_url=arm_path(url), wait_s=_number(answer.headers.get("retry-after", "")))


def settle(arm: Arm, starts: Iterable[Start]) -> list[Start]:
    """Learn which job each accepted request became.

    A vault answers a trigger before it has decided: an operation tells later
    whether a job was started, or why none was. All are waited for together.
    """
    settled = list(starts)
    for _ in range(POLLS):
        waiting = [n for n, one in enumerate(settled) if one.operation_url and not one.refusal]
        if not waiting:
            break
        try:
            arm.wait(max(1.0, *(settled[n].wait_s for n in waiting)), "wait for backups to start")
        except OutOfTimeError:
            break
        for n in waiting:
            settled[n] = _asked(arm, settled[n])
    return [replace(one, open=True) if one.operation_url and not one.refusal else one for one in settled]


def _asked(arm: Arm, start: Start) -> Start:
    try:
        answer = arm.get(start.operation_url, f"ask whether the backup of {start.item.name} started")
    except (ArmError, IdentityError, OutOfTimeError) as unsaid:
        # Accepted all the same, so the vault's job list settles it. Where there is a Location alone,
        # 400 is how an operation says that it failed.
        failed = isinstance(unsaid, ArmError) and unsaid.status == 400
        return replace(start, refusal=str(unsaid) if failed else "", open=True, operation_url="")
    state = text(answer.body.get("status")).lower()
    if not state and answer.status == 202:  # an operation's result, not its status
        return start
    if state in ("succeeded", ""):
        job = text(mapping(answer.body.get("properties")).get("jobId") or answer.body.get("jobId"))
        return replace(start, job=job.rpartition("/")[2], open=not job, operation_url="")
    if state in ("failed", "canceled", "cancelled", "invalid"):
        error = mapping(answer.body.get("error"))
        told = f"{error.get('code') or state}: {error.get('message') or 'no message'}"
        return replace(start, refusal=f"start backup of {start.item.name}: the vault started none, {told}")
    return start


def settle_from_list(starts: Iterable[Start], listed: Iterable[Job], known: set[str]) -> list[Start]:
    """Find the jobs of starts left open among the vaults' new jobs; a job is of one start.

    `known` are names of jobs that were there before.
    """
    settled, listed = list(starts), list(listed)
    taken = known | {start.job.lower() for start in settled}
    for n, start in enumerate(settled):
        if start.open and not start.job:
            new = (job for job in listed if job.is_backup and job.name.lower() not in taken)
            fresh = (job for job in new if job.user is not False)
            settled[n] = _found(start, fresh)
            taken.add(settled[n].job.lower())
    return settled


def _found(start: Start, fresh: Iterable[Job]) -> Start:
    for job in fresh:
        if start.item.is_of(job):
            return replace(start, job=job.name, refusal="", open=False)
    if not start.refusal:
        return start
    return replace(start, refusal=f"{start.refusal}; the vault shows no new job of it")


def _number(told: str) -> float:
    return float(told) if told.isdigit() else 0.0
