"""What `check` tries: whether this identity can do what a run would need."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping
from typing import Any

from backupkit.arm import Arm
from backupkit.backups import Backups
from backupkit.entrypoint import Session, say, warn
from backupkit.errors import ArmError
from backupkit.params import P
from backupkit.records import subscription_of


def check_rights(session: Session[P], vaults: Backups, action: str, role: str) -> None:
    """Say what is seen, and print the command that grants what is missing; an owner has to run it."""
    names = vaults.open()
    say("ok", sees=f"{len(vaults.subscriptions)} subscriptions, {len(names)} vaults")
    if session.options.report:
        say("ok", report="can be written")
    for name in names:
        try:
            lacking = not allowed(session.arm, name, action)
        except ArmError as error:
            warn("rights unknown", vault=name, why=error)
            session.counts["failed"] += 1
            continue
        if lacking:
            session.counts["failed"] += 1
            grant = (
                f'az role assignment create --assignee <object id of the identity> --role "{role}" '
                f"--scope {name} --subscription {subscription_of(name)}"
            )
            warn("right missing", vault=name, needs=action, grant=grant)
        else:
            session.counts["vaults_ok"] += 1


def allowed(arm: Arm, scope: str, action: str) -> bool:
    """Whether the caller holds an action at a scope, as ARM itself lists its permissions."""
    url = f"{scope}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01"
    return any(_grants(one, action) for one in arm.pages(url, f"read permissions at {scope}"))


def _grants(permission: Mapping[str, Any], action: str) -> bool:
    return _any(permission.get("actions"), action) and not _any(permission.get("notActions"), action)


def _any(patterns: Iterable[str] | None, action: str) -> bool:
    return any(fnmatch.fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns or ())
