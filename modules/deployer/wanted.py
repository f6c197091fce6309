"""What there should be: `schedules.json`, the built runbooks and the lock of packages, for one account."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deployer import marks
from deployer.account import Target
from deployer.live import GROUPS, RULES
from deployer.manifest import Alert, Manifest
from deployer.packages import Pin

Json = dict[str, Any]
VAULTS = ["microsoft.recoveryservices/vaults", "microsoft.dataprotection/backupvaults"]
"""Whose alerts are routed: both worlds of Azure Backup."""


@dataclass(frozen=True)
class Wanted:
    """`texts` are built runbooks by name; `rotate` are webhooks that get a new URL."""

    manifest: Manifest
    texts: Mapping[str, str]
    pins: tuple[Pin, ...]
    target: Target
    now: datetime
    rotate: frozenset[str] = frozenset()

    @property
    def environment(self) -> str:
        return self.manifest.runtime.name

    def about(self, runbook: str) -> str:
        """What its description says: that of the manifest, or the first line of its file."""
        first = (ast.get_docstring(ast.parse(self.texts[runbook])) or "").partition("\n")[0]
        return self.manifest.runbooks[runbook].description or first

    @property
    def beside(self) -> list[str]:
        """Ids of action groups and alert rules."""
        alerts = self.manifest.alerts
        return [*map(self.group_id, alerts), *(rule for name in alerts for rule in self.rule_ids(name))]

    def group_id(self, name: str) -> str:
        group = self.manifest.alerts[name].resource_group or self.target.group
        return (
            f"/subscriptions/{self.target.subscription}/resourceGroups/{group}/providers/{GROUPS[0]}/{name}"
        )

    def rule_ids(self, name: str) -> dict[str, str]:
        """By id the subscription whose alerts a rule routes; it has to lie in that subscription."""
        alerts = self.manifest.alerts[name]
        own = {self.target.subscription: alerts.resource_group or self.target.group}
        return {
            f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{RULES[0]}/{name}": subscription
            for subscription, group in (alerts.rules or own).items()
        }

    def rule(self, name: str, subscription: str) -> Json:
        """The alert rule's body: what fires in either kind of vault goes to the action group."""
        alerts = self.manifest.alerts[name]
        return {
            "location": "Global",
            "tags": marks.tags(self.target.id),
            "properties": {
                "scopes": [f"/subscriptions/{subscription}"],
                "conditions": [
                    {"field": "TargetResourceType", "operator": "Equals", "values": VAULTS},
                    {"field": "MonitorCondition", "operator": "Equals", "values": ["Fired"]},
                ],
                "actions": [{"actionType": "AddActionGroups", "actionGroupIds": [self.group_id(name)]}],
                "enabled": alerts.enabled,
                "description": f"Failed backups start {self.manifest.webhooks[alerts.webhook].runbook}",
            },
        }

    def receiver(self, alert: Alert, webhook: str) -> Json:
        """The action group's receiver, but for the URL."""
        return {
            "name": alert.webhook,
            "automationAccountId": self.target.id,
            "runbookName": self.manifest.webhooks[alert.webhook].runbook,
            "webhookResourceId": f"{self.target.id}/webhooks/{webhook}",
            "isGlobalRunbook": False,
            "useCommonAlertSchema": True,
        }
