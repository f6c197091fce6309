"""Whether this identity may do what a run would."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping
from typing import Any

from backupkit.arm import Arm


def allowed(arm: Arm, scope: str, *actions: str) -> bool:
    """Whether the caller holds all actions at a scope, as ARM itself lists its permissions.

    Raises:
        ArmError: the permissions cannot be read.
    """
    url = f"{scope}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01"
    held = list(arm.pages(url, f"read permissions at {scope}"))
    return all(any(_grants(one, action) for one in held) for action in actions)


def _grants(permission: Mapping[str, Any], action: str) -> bool:
    return _any(permission.get("actions"), action) and not _any(permission.get("notActions"), action)


def _any(patterns: Iterable[str] | None, action: str) -> bool:
    return any(fnmatch.fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns or ())
