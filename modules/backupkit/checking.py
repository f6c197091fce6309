"""Whether this identity may do what a run would."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping
from typing import Any

from backupkit.arm import Arm


def allowed(arm: Arm, scope: str, action: str) -> bool:
    """Whether the caller holds an action at a scope, as ARM itself lists its permissions.

    Raises:
        ArmError: the permissions cannot be read.
    """
    return not lacking(arm, scope, [action])


def lacking(arm: Arm, scope: str, actions: Iterable[str]) -> list[str]:
    """Those of the actions that the caller does not hold; see `allowed`."""
    url = f"{scope}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01"
    held = list(arm.pages(url, f"read permissions at {scope}"))
    return [action for action in actions if not any(_grants(one, action) for one in held)]


def _grants(permission: Mapping[str, Any], action: str) -> bool:
    return _any(permission.get("actions"), action) and not _any(permission.get("notActions"), action)


def _any(patterns: Iterable[str] | None, action: str) -> bool:
    return any(fnmatch.fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns or ())
