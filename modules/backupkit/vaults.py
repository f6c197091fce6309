"""What a Recovery Services vault can be asked and told, in its own words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from backupkit.arm import Arm
from backupkit.errors import ArmError, IdentityError, OutOfTimeError
from backupkit.records import Item, Job, arm_path
from backupkit.times import stamp

API = "api-version=2024-04-01"

START_BACKUP = (
    "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems/backup/action"
)
"""The right to start a backup; Backup Operator has it."""

POLLS = 5
"""Times an operation is asked whether it has started its job."""


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


def jobs(arm: Arm, vault: str, since: datetime, until: datetime) -> list[Job]:
    """The vault's jobs that started in the window, in one filtered list.

    The filter's clock is a 12-hour one, in UTC, as recorded traffic has it.

    Raises:
        ArmError: the vault cannot be read, or sent a job of an unknown shape.
    """
    window = f"startTime eq '{_twelve_hour(since)}' and endTime eq '{_twelve_hour(until)}'"
    operation = f"list jobs of vault {vault}"
    url = f"{quote(vault)}/backupJobs?{API}&$filter={quote(window)}"
    try:
        return [Job.from_arm(row) for row in arm.pages(url, operation)]
    except (KeyError, TypeError, ValueError) as error:
        raise ArmError(operation, 200, "UnknownShape", f"a job could not be read: {error!r}") from error


def start_vm_backup(arm: Arm, item: Item, *, keep_until: datetime) -> Start:
    """Ask for one on-demand backup of a VM, once."""
    body = {
        "properties": {
            "objectType": "IaasVMBackupRequest",
            "recoveryPointExpiryTimeInUTC": stamp(keep_until),
        }
    }
    try:
        answer = arm.act(f"{quote(item.id)}/backup?{API}", f"start backup of {item.name}", body)
    except ArmError as error:
        return Start(item, refusal=str(error), open=not error.is_clear_refusal)
    except (IdentityError, OutOfTimeError) as error:
        return Start(item, refusal=str(error))
    url = answer.headers.get("azure-asyncoperation", "")
    if not url:
        told = (
            f"start backup of {item.name}: Azure answered {answer.status} without an operation to ask about"
        )
        return Start(item, refusal=told, open=True)
    return Start(item, operation_url=arm_path(url), wait_s=_number(answer.headers.get("retry-after", "")))


def settle(arm: Arm, starts: Iterable[Start]) -> list[Start]:
    """Learn which job each accepted request became.

    The vault answers a trigger before it has decided: an operation tells later
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
        body = arm.get(start.operation_url, f"ask whether the backup of {start.item.name} started").body
    except (ArmError, IdentityError, OutOfTimeError):
        # Accepted all the same: the vault's job list settles it.
        return replace(start, open=True, operation_url="")
    state = str(body.get("status") or "").lower()
    if state == "succeeded":
        job = str(_mapping(body.get("properties")).get("jobId") or "")
        return replace(start, job=job.rpartition("/")[2], open=not job, operation_url="")
    if state in ("failed", "canceled", "cancelled", "invalid"):
        error = _mapping(body.get("error"))
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
            fresh = (job for job in listed if job.is_backup and job.name.lower() not in taken)
            settled[n] = _found(start, fresh)
            taken.add(settled[n].job.lower())
    return settled


def _found(start: Start, fresh: Iterable[Job]) -> Start:
    for job in fresh:
        if job.vault != start.item.vault:
            continue
        of_item = job.item == start.item.key or job.container == start.item.container
        if of_item or (not job.item and not job.container and job.item_name == start.item.name.lower()):
            return replace(start, job=job.name, refusal="", open=False)
    if not start.refusal:
        return start
    return replace(start, refusal=f"{start.refusal}; the vault shows no new job of it")


def _twelve_hour(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %I:%M:%S %p")


def _number(text: str) -> float:
    return float(text) if text.isdigit() else 0.0


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
