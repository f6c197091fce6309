"""All that can be backed up and all that protects it, and what could hide the answer if unread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from backupkit import queries, rows
from backupkit.arm import Arm
from backupkit.coverage import (
    Resource,
    Row,
    database_of,
    database_of_item,
    has_files,
    protects,
    resource_of,
    share_of,
    share_of_item,
)
from backupkit.errors import ArmError
from backupkit.estate import Estate, Unread
from backupkit.graph import quoted
from backupkit.inventory import (
    Entry,
    Inventory,
    Stored,
    account_entry,
    came,
    host_entry,
    item_entries,
    nodes_entry,
    resource_entries,
    there,
)
from backupkit.kinds import BACKUP_VAULTS, DATABASES
from backupkit.params import CommonParams
from backupkit.plain import last, text
from backupkit.records import Item, Policy, is_backup_vault, subscription_of
from backupkit.vaults import API

STORAGE = "microsoft.storage/storageaccounts"
SQL_MACHINE = "microsoft.sqlvirtualmachine/sqlvirtualmachines"
TYPES = {
    "vm": ("microsoft.compute/virtualmachines",),
    "disk": ("microsoft.compute/disks", "microsoft.compute/virtualmachines"),
    "postgresql": ("microsoft.dbforpostgresql/flexibleservers", "microsoft.dbforpostgresql/servers"),
    "aks": ("microsoft.containerservice/managedclusters",),
    "blob": (STORAGE,),
    "files": (STORAGE,),
    "sql": ("microsoft.compute/virtualmachines", SQL_MACHINE),
    "hana": ("microsoft.compute/virtualmachines",),
}
READ_ITEMS = (
    "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems/read",
    "Microsoft.DataProtection/backupVaults/backupInstances/read",
)
"""The rights without which Resource Graph may hide what protects a resource, by world."""
MAY_NOT = "grant it Reader, or ask with confirm=all"
_CLUSTERS = "microsoft.containerservice/managedclusters"
_ITEMS, _DISCOVERED, _RESOURCES = "protected items", "databases as discovered", "resources"
_POLICIES, _MANAGED = "policies", "managed resource groups"
_STATUSES = ("protected", "protecting", "notprotected", "protectionfailed")


@dataclass
class Found:
    """The inventory, and what is true of it as a whole; `unread` says why by what was not read."""

    inventory: Inventory
    policies: dict[str, Policy] = field(default_factory=dict)
    vaults: dict[str, str] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)
    accepts: Callable[[str], bool] = field(default=lambda _: False)
    subscriptions: frozenset[str] = frozenset()

    def sees(self, subscription: str) -> bool:
        """Whether all resources of it were read, so that one that is not there does not exist."""
        whole = not any(one.startswith(f"read {_RESOURCES}") for one in self.unread)
        return whole and subscription in self.subscriptions and subscription not in self.unread

    @property
    def vaults_known(self) -> bool:
        """Whether all vaults and their policies were read, so that one that is not there is not seen."""
        return not any(one.startswith(("list vaults", f"read {_POLICIES}")) for one in self.unread)

    def but_for_items(self) -> Found:
        """As it is of what nothing protects by the service's own word: what hides items hides nothing."""
        others = (f"read {_MANAGED}", f"read {_RESOURCES}")
        return replace(self, unread={one: why for one, why in self.unread.items() if one.startswith(others)})

    def hidden_by(self, resource: Resource) -> str:
        """What was not read and could hold the item that protects it; "" where there is nothing.

        Of several one that nobody has accepted.
        """
        hiding = (one for one in self.unread if _may_hide(one, resource))
        return min(hiding, key=self.accepts, default="")


class Survey:
    """Reads; what could not be read stands in `unread`, and the rest goes on."""

    def __init__(self, arm: Arm, options: CommonParams, kinds: Iterable[str]) -> None:
        self._arm = arm
        self._estate = Estate(arm, options)
        self._kinds = frozenset(kinds)

    @property
    def unread(self) -> list[Unread]:
        return self._estate.unread

    def could_not_read(self, scope: str, reason: object) -> None:
        self._estate.could_not_read(scope, reason)

    def look(self, known: Iterable[str] = ()) -> Found:
        """Everything of the kinds; `known` are vaults that an earlier run has seen."""
        estate = self._estate
        estate.open()
        stored = Stored()
        found = Found(stored, unread=estate.failed, accepts=estate.accepts)
        found.subscriptions = frozenset(estate.subscriptions)
        # Backup vaults protect what is in other subscriptions too, so the scope does not bound them.
        far = estate.elsewhere() if self._kinds & {*BACKUP_VAULTS} else []
        found.vaults = {
            vault: region
            for vault, region in estate.vaults(far).items()
            if is_backup_vault(vault) or subscription_of(vault) in found.subscriptions
        }
        types = {one for kind in self._kinds for one in TYPES[kind]}
        for subscription in estate.subscriptions:
            rights = [*READ_ITEMS, *(f"{one}/read" for one in sorted(types))]
            estate.sees_all(subscription, rights, MAY_NOT)
        for subscription in far:
            estate.sees_all(subscription, READ_ITEMS[1:], MAY_NOT)
        estate.vanished_vaults(known, found.vaults)
        self._find_items(found, stored, far)
        self._find_resources(stored)
        if self._kinds & {*DATABASES}:
            self._find_databases(stored)
        if "files" in self._kinds:
            for account, kept in stored.accounts():
                for one in self._shares(account, kept):
                    stored.add(resource_entries(one))
        return found

    def _find_items(self, found: Found, stored: Stored, far: Sequence[str]) -> None:
        def entries(row: Row) -> list[Entry]:
            item = rows.item(row)
            of, by = subscription_of(protects(item)), subscription_of(item.id)
            wanted = of in found.subscriptions or (by in found.subscriptions and of not in far)
            return item_entries(item) if wanted else []

        self._read(stored, queries.EVERY_ITEM, _ITEMS, entries, far)
        policies = self._estate.everything(queries.EVERY_POLICY, _POLICIES, rows.policy, far)
        found.policies = {policy.id: policy for policy in policies}

    def _read(
        self,
        stored: Stored,
        query: str,
        what: str,
        entries: Callable[[Row], list[Entry]],
        far: Sequence[str] = (),
    ) -> None:
        made = self._estate.readable(what, entries)
        fresh = stored.reading(lambda row: made(row) or [came(row)])
        stored.keep(self._estate.readings(query, what, fresh, far))

    def _find_resources(self, stored: Stored) -> None:
        types = sorted({one for kind in self._kinds for one in TYPES[kind]} | {_CLUSTERS})
        asked = queries.RESOURCES.replace("{types}", quoted(types))
        self._read(stored, asked, _RESOURCES, self._listed)
        groups = self._estate.everything(queries.MANAGED_GROUPS, _MANAGED, lambda row: row)
        managed = {str(row["id"]).lower(): f"of {last(row.get('managedBy'))}" for row in groups}
        stored.complete(managed, machines_too=bool(self._kinds & {"vm", "disk"}))

    def _listed(self, row: Row) -> list[Entry]:
        """What is kept of a row; machines are, whatever the kinds, since databases go by them."""
        resource = resource_of(row, {})
        machine, nodes = text(row.get("machine")).lower(), text(row.get("nodeGroup")).lower()
        # An account for files alone is no resource of its own: its shares stand for it.
        judged = resource and resource.kind in {"vm", *self._kinds} - {"files"}
        entries = resource_entries(resource) if resource and judged else [there(row)]
        if machine:
            entries.append(host_entry(machine))
        if resource and nodes:
            entries.append(nodes_entry(resource, nodes))
        if resource and has_files(row):
            entries.append(account_entry(resource))
        return entries

    def _find_databases(self, stored: Stored) -> None:
        """Those discovered in a vault, and the hosts of SQL Server whose databases nobody has discovered."""
        wanted = self._kinds & {*DATABASES}

        def entries(row: Row) -> list[Entry]:
            database = database_of(row, stored.machine)
            return resource_entries(database) if database and database.kind in wanted else []

        self._read(stored, queries.PROTECTABLE, _DISCOVERED, entries)
        for item in stored.undiscovered_databases():
            if item.workload in wanted:
                stored.add(resource_entries(database_of_item(item, stored.machine(item.source.lower()))))
        for host in stored.silent_hosts() if "sql" in wanted else ():
            stored.add(resource_entries(host.hiding("sql")))

    def _shares(self, account: Resource, kept: Iterable[Item]) -> list[Resource]:
        """Those of an account; where it cannot be asked, those that items are kept of."""
        url = f"{quote(account.id)}/fileServices/default/shares?api-version=2023-05-01"
        try:
            shares = list(self._arm.pages(url, f"list file shares of {account.name}"))
        except ArmError as error:
            if error.status == 404 or "FeatureNotSupported" in error.code:
                return []
            self._estate.could_not_read(account.id, error)
            return [*(share_of_item(account, one) for one in kept), account.hiding("files")]
        return [one for one in (share_of(account, row) for row in shares) if one]

    def confirm(self, resource: Resource) -> str | None:
        """The vault that protects it, by the service's own word; "" where none does.

        None where the service cannot be asked of its kind. It finds what this identity may not read, in the
        subscription of the resource.

        Raises:
            BackupkitError: it gave no answer.
        """
        if resource.kind in BACKUP_VAULTS:
            url = f"{quote(resource.id)}/providers/Microsoft.DataProtection/backupInstances?{API}"
            listed = self._arm.pages(url, f"list backup instances of {resource.name}")
            # A stopped or deleted one protects nothing, and does not keep another from it.
            items = (rows.item(row) for row in listed)
            return next((one.vault for one in items if not one.stopped and not one.soft_deleted), "")
        if resource.kind in DATABASES:
            return None
        place = f"/subscriptions/{resource.subscription}/providers/Microsoft.RecoveryServices"
        url = f"{place}/locations/{resource.location}/backupStatus?{API}"
        body = {"resourceType": "VM", "resourceId": resource.id}
        if resource.kind == "files":
            share = resource.id.rpartition("/")[2]
            account = resource.id.partition("/fileServices/")[0]
            body = {"resourceType": "AzureFileShare", "resourceId": account, "poLogicalName": share}
        what = f"ask whether {resource.name} is protected"
        answer = self._arm.ask(url, what, body).body
        status = text(answer.get("protectionStatus")).lower()
        if status not in _STATUSES:
            raise ArmError(what, 200, "UnknownStatus", f"it says {status or 'nothing'!r}")
        return text(answer.get("vaultId")).lower() if status in ("protected", "protecting") else ""


def _may_hide(unread: str, resource: Resource) -> bool:
    """Whether what was not read could hold the item that protects a resource, or why nothing has to.

    A Recovery Services vault protects what is in its own subscription, a Backup vault also what is not
    (learn.microsoft.com/azure/backup/backup-support-matrix, .../disk-backup-support-matrix).
    """
    if unread.startswith((f"read {_ITEMS}", f"read {_MANAGED}", "list vaults")):
        return True
    if unread.startswith((f"read {_DISCOVERED}", f"read {_RESOURCES}")):
        return resource.kind in DATABASES
    if "/providers/" in unread:
        if is_backup_vault(unread):
            return resource.kind in BACKUP_VAULTS
        in_reach = subscription_of(unread) == resource.subscription and resource.kind not in BACKUP_VAULTS
        return in_reach and "/microsoft.recoveryservices/vaults/" in unread
    anywhere = resource.kind in BACKUP_VAULTS and (unread == "scope" or len(unread) == 36)
    return anywhere or unread == resource.subscription
