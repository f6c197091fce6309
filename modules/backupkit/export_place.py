"""Where in the estate an export's record is: the columns that all entities share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from backupkit.export_schema import ENTITIES, Record
from backupkit.plain import last, text
from backupkit.records import Policy, arm_path, is_backup_vault, subscription_of

Row = Mapping[str, Any]
MOST_SHARED: Final = 10_000
_EMPTY: Final[Mapping[str, Record]] = {
    name: dict.fromkeys(column.name for column in held) for name, held in ENTITIES.items()
}


@dataclass
class Place:
    """What records need to know of the estate, by lower-cased ids.

    `subscriptions` are names and tenants, `vaults` names and regions.
    """

    read: datetime
    subscriptions: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    vaults: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    policies: Mapping[str, Policy] = field(default_factory=dict)
    _shared: dict[tuple[str, str, str], Record] = field(default_factory=dict)

    def shared(self, entity: str, where: str, vault: str) -> Record:
        """The columns of an entity, with what all rows of a vault have alike; not to be changed."""
        known = self._shared.get((entity, where, vault))
        if known is None:
            if len(self._shared) > MOST_SHARED:
                self._shared.clear()
            known = self._shared[entity, where, vault] = self._made(entity, where, vault)
        return known

    def _made(self, entity: str, where: str, vault: str) -> Record:
        subscription = subscription_of(where)
        name, tenant = self.subscriptions.get(subscription, ("", ""))
        vault_name, region = self.vaults.get(vault, ("", ""))
        kind = "Backup" if is_backup_vault(vault) else "Recovery Services"
        return {
            **_EMPTY[entity],
            "tenant": tenant or None,
            "subscription": subscription or None,
            "subscription_name": name or None,
            "resource_group": _group(where) or None,
            "vault": vault or None,
            "vault_name": vault_name or last(vault) or None,
            "vault_type": kind if vault else None,
            "location": region or None,
        }


def blank(entity: str, row: Row, at: Place, vault: str | None = None) -> Record:
    """All columns of the entity, those filled in that all share."""
    given = str(row["id"])
    key = given.lower()
    where = "/".join(arm_path(key).split("/", 9)[:9])
    record = at.shared(entity, where, where if vault is None else vault).copy()
    record["id"], record["key"] = given, key
    record["tenant"] = text(row.get("tenantId")) or record["tenant"]
    return record


def _group(key: str) -> str:
    parts = key.split("/")
    return parts[4] if len(parts) > 4 and parts[3] == "resourcegroups" else ""
