"""Subscriptions of other tenants, delegated with Azure Lighthouse.

What lies in Backup vaults "currently isn't fully supported" through it, says Microsoft. Played is the
worst that this can mean: the vault is seen, and nothing in it. That is inferred.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_CLOSED = re.compile(
    r"microsoft\.dataprotection/(backupvaults/[^/]+/.+|(deleted)?backupinstances/.+)", re.IGNORECASE
)
"""Rights over what a Backup vault holds, and over the instances of a resource."""
_HIDDEN = "microsoft.dataprotection/backupvaults/"


class Delegations:
    """Which subscription is of which tenant; `home` is that of the identities here."""

    def __init__(self, tenants: Mapping[str, str], home: str) -> None:
        self._home = home.lower()
        self._tenants = {name.lower(): tenant.lower() for name, tenant in tenants.items() if tenant}
        self._several = len(set(self._tenants.values())) > 1

    def foreign(self, tenant: str) -> list[str]:
        """The subscriptions that are delegated to who asks; a tenant that has none stands for the home's."""
        if not self._several:
            return []
        own = tenant.lower() if tenant.lower() in self._tenants.values() else self._home
        return sorted(name for name, other in self._tenants.items() if other != own)

    def close(self, tenant: str, action: str, scope: str) -> bool:
        """Whether the right ends at the tenant; a scope is lower-cased."""
        if not self._several or not _CLOSED.fullmatch(action):
            return False
        parts = scope.split("/")
        return len(parts) > 2 and parts[2] in self.foreign(tenant)

    def open_sql(self, tenant: str) -> tuple[str, list[str]]:
        """A condition over `_key` and `type` for what is seen from there; "" where all is."""
        names = self.foreign(tenant)
        if not names:
            return "", []
        marks = ", ".join("?" * len(names))
        return f"NOT (starts_with(lower(type), ?) AND split_part(_key, '/', 3) IN ({marks}))", [
            _HIDDEN,
            *names,
        ]
