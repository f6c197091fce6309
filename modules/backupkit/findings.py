"""What is found of a resource, and what a report and the coverage say of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from backupkit.coverage import Resource
from backupkit.protection_rules import Rule


@dataclass(frozen=True, slots=True)
class Finding:
    """`by` names the rule that decided; `taken_by` is the operator's rule that takes the resource.

    Vault and policy are those that protect it, or would.
    """

    resource: Resource
    taken_by: Rule | None
    verdict: str
    state: str
    reason: str
    by: str
    vault: str = ""
    policy: str = ""
    confirmed: bool | None = None

    @property
    def entry(self) -> dict[str, Any]:
        return {
            "resource": self.resource.id,
            "name": self.resource.name,
            "kind": self.resource.kind,
            "verdict": self.verdict,
            "state": self.state,
            "action": "none",
            "reason": self.reason,
            "rule": self.by,
            "vault": self.vault or None,
            "policy": self.policy or None,
            "subscription": self.resource.subscription,
            "location": self.resource.location,
            "confirmed": self.confirmed,
        }

    @property
    def parts(self) -> dict[str, str]:
        """Those of the estate by which the coverage is counted."""
        one, rule = self.resource, self.taken_by.name if self.taken_by else ""
        return {"kind": one.kind, "location": one.location, "subscription": one.subscription, "rule": rule}
