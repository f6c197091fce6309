"""Estates for journeys: virtual machines whose backups failed some hours ago."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from simulator.estate import Estate

PASSING = 400002
"""BackUpOperationFailed, which the service advises to try again."""
HUMAN = "UserErrorVmProvisioningStateFailed"


class World(Estate):
    """An estate whose vaults have a policy that runs half a day from now, so that no schedule is near."""

    def __init__(self) -> None:
        super().__init__()
        self._policies: dict[str, str] = {}

    def rsv(self, name: str, subscription: str) -> str:
        vault = self.vault(name, subscription=subscription, group="rg-backup")
        there = datetime.fromtimestamp(self.now, UTC) + timedelta(hours=12)
        self._policies[vault] = self.policy(vault, "daily", at=f"{there:%H:%M}")
        return vault

    def protected(self, vault: str, name: str, *, ago: str = "20h", **vm: Any) -> str:
        """A machine in the vault's subscription and its item, last backed up `ago`."""
        machine = self.vm(name, subscription=vault.split("/")[2], group="rg-app", **vm)
        return self.item(vault, machine, policy=self._policies[vault], last_recovery_point_ago=ago)

    def failed(self, vault: str, name: str, code: int | str = PASSING, *, ago: str = "20h", **vm: Any) -> str:
        """A protected machine whose scheduled backup failed three hours ago; returns the item."""
        item = self.protected(vault, name, ago=ago, **vm)
        self.job(item, "Failed", ago="3h", codes=[code])
        return item

    def all_failed(self, vault: str, names: Iterable[str], code: int | str = PASSING) -> list[str]:
        return [self.failed(vault, name, code) for name in names]
