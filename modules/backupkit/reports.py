"""What a report says of a protected item."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from backupkit.evidence import Case, overdue_s
from backupkit.kinds import NAMES
from backupkit.policies import rpo_age
from backupkit.records import subscription_of


def backup_entry(case: Case, now: datetime) -> dict[str, Any]:
    """Who, where and why; the caller adds its verdict.

    `item` is null where the vault no longer has the item, `job` where no job shows the failure,
    `backup_type`, which is what a retry takes, where there is but one. `attention`
    marks what a person should look at: no recovery point within the RPO, or a cause that needs them, and no
    backup has completed since.
    """
    history, job, cause = case.history, case.failure, case.cause
    item, age = history.item, rpo_age(history.item, now)
    late = item is not None and overdue_s(history, now) > 0
    return {
        "item": item.id if item else None,
        "name": item.name if item else job.item_name,
        "vault": "/".join(item.id.split("/")[:9]) if item else history.vault,
        "subscription": subscription_of(history.vault),
        "workload": case.workload,
        "backup_type": NAMES.get(case.kind),
        "code": cause.code,
        "class": cause.cause,
        "remedy": cause.remedy,
        "job": job.name or None,
        "rpo_age_s": int(age.total_seconds()) if age is not None else None,
        "attention": (late or cause.cause == "human") and history.success_since(job) is None,
    }
