"""What a deployment would do, as values that print themselves."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

KINDS = (
    "environment",
    "package",
    "variable",
    "schedule",
    "runbook",
    "link",
    "webhook",
    "action group",
    "alert rule",
)
"""In the order in which they are made; they are removed in the opposite one."""


@dataclass(frozen=True)
class Change:
    """One thing that `apply` would do, and why.

    `id` is Azure's where a name does not tell which, or a package's environment; `tokens` are a link's
    parameters. `to` stands for what it becomes, so that a plan that was looked at can be told
    from a later one. None holds a secret.
    """

    verb: str
    kind: str
    name: str
    why: str
    id: str = ""
    to: str = ""
    tokens: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.verb:<8}{self.kind:<13}{self.name:<34}{self.why}"


@dataclass(frozen=True)
class Plan:
    """Changes in the order of doing, then removals; `left` is ours and wanted no more, and stays for now."""

    changes: Sequence[Change]
    removals: Sequence[Change] = ()
    left: Sequence[Change] = ()
    notes: Sequence[str] = ()
    owned: int = 0
    """Objects in the account, and beside it, that this tool made."""

    @property
    def all(self) -> list[Change]:
        return [*self.changes, *self.removals]

    @property
    def id(self) -> str:
        return digest([(one.verb, one.kind, one.name, one.why, one.to) for one in self.all])[:8]

    @property
    def removed(self) -> int:
        """How many objects go; links and packages go with what they belong to."""
        return sum(one.kind not in ("link", "package") for one in self.removals)

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "changes": list(map(_shown, self.all)),
            "left": list(map(_shown, self.left)),
            "notes": list(self.notes),
        }


def digest(value: object) -> str:
    """Of a JSON value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _shown(change: Change) -> dict[str, str]:
    return {"verb": change.verb, "kind": change.kind, "name": change.name, "why": change.why}


@dataclass
class Findings:
    """What a comparison collects; `faults` forbid the whole deployment."""

    changes: list[Change] = field(default_factory=list)
    left: list[Change] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
