"""Azure's rows made into records; Azure's shape stops here.

A row from Resource Graph and a body from the vault's own service read alike,
and so do those of the two kinds of vault.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backupkit import protection_rows, recovery_rows
from backupkit.plain import mapping
from backupkit.records import Item, Job, Policy, Source, is_backup_vault

Row = Mapping[str, Any]


def job(row: Row) -> Job:
    """Raises KeyError, TypeError or ValueError for a row that says not how or when the job was."""
    return protection_rows.job(row) if is_backup_vault(row["id"]) else recovery_rows.job(row)


def item(row: Row) -> Item:
    return protection_rows.item(row) if is_backup_vault(row["id"]) else recovery_rows.item(row)


def policy(row: Row) -> Policy:
    return protection_rows.policy(row) if is_backup_vault(row["id"]) else recovery_rows.policy(row)


def source(row: Row) -> Source:
    tags = {str(name): str(value) for name, value in mapping(row.get("tags")).items()}
    return Source(str(row["id"]), tags=tags)
