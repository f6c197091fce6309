"""What can be backed up, what protects it, and in which state: facts, whatever a runbook makes of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from backupkit.kinds import DATABASES
from backupkit.plain import mapping, text
from backupkit.policies import rpo, rpo_age
from backupkit.records import Item, Policy, subscription_of
from backupkit.times import utc_or_none

Row = Mapping[str, Any]

LATE = 1.5
"""Past its RPO is a recovery point older than so many times the frequency of its policy: a backup that starts
some hours after its time is not."""

NONE, HEALTHY, NEVER, LATE_STATE = "none", "healthy", "never backed up", "past RPO"
STOPPED, DELETED, ERROR, CONFIGURING, TWICE, GONE = (
    "stopped",
    "soft-deleted",
    "error",
    "configuring",
    "twice",
    "source gone",
)
PROTECTS = (HEALTHY, NEVER, ERROR, LATE_STATE)
"""States in which an item protects its source."""

_KINDS_OF = {
    "microsoft.compute/virtualmachines": "vm",
    "microsoft.compute/disks": "disk",
    "microsoft.dbforpostgresql/flexibleservers": "postgresql",
    "microsoft.dbforpostgresql/servers": "postgresql",
    "microsoft.containerservice/managedclusters": "aks",
}
_DATABASE_OF = {"sqldatabase": "sql", "saphanadatabase": "hana", "sapasedatabase": "ase"}
NO_FILES = ("blobstorage", "blockblobstorage")
"""Kinds of storage accounts that have no file shares."""


@dataclass(frozen=True, slots=True)
class Resource:
    """Something that can be backed up.

    `id` is the ARM id as given: of a share that of the file service's child, of a database the protectable
    item's. `inside` is the lower-cased id of the machine or account it is in, or of the machine a disk is
    attached to. `made_by` says what else made it, and looks after it.
    """

    id: str
    kind: str
    name: str
    location: str
    subscription: str
    group: str
    tags: Mapping[str, str] = field(default_factory=dict)
    created: datetime | None = None
    inside: str = ""
    made_by: str = ""
    undiscovered: bool = False

    @property
    def key(self) -> str:
        return key_of(self.id)

    def hiding(self, kind: str) -> Resource:
        """As the place of things of this kind that could not be looked at."""
        return replace(self, kind=kind, inside=self.key, undiscovered=True)


def key_of(resource_id: str) -> str:
    """By which ids are compared; a database has one as discovered and one as protected."""
    return resource_id.lower().replace("/protecteditems/", "/protectableitems/")


def has_files(row: Row) -> bool:
    """Whether a row is of a storage account that may have file shares."""
    of_storage = text(row.get("type")).lower() == "microsoft.storage/storageaccounts"
    return of_storage and text(row.get("kind")).lower() not in NO_FILES


def resource_of(row: Row, managed: Mapping[str, str]) -> Resource | None:
    """A row of Resource Graph, with what manages its group; None for a type that nothing backs up."""
    kind = _KINDS_OF.get(text(row.get("type")).lower())
    if kind is None and text(row.get("type")).lower() == "microsoft.storage/storageaccounts":
        kind = "blob" if text(row.get("kind")).lower() != "filestorage" else "files"
    if kind is None:
        return None
    group = text(row.get("resourceGroup"))
    subscription = text(row.get("subscriptionId")).lower()
    scale_set = text(row.get("scaleSet"))
    made_by = f"instance of scale set {scale_set.rpartition('/')[2]}" if scale_set else ""
    return Resource(
        id=str(row["id"]),
        kind=kind,
        name=str(row["name"]),
        location=sys.intern(text(row.get("location")).lower()),
        subscription=sys.intern(subscription),
        group=sys.intern(group.lower()),
        tags={str(name): str(value) for name, value in mapping(row.get("tags")).items()},
        created=utc_or_none(row.get("created")) or utc_or_none(row.get("made")),
        inside=text(row.get("managedBy")).lower() if kind == "disk" else "",
        made_by=made_by or managed.get(f"/subscriptions/{subscription}/resourcegroups/{group.lower()}", ""),
    )


def database_of(row: Row, host_of: Callable[[str], Resource | None]) -> Resource | None:
    """A database as a vault has discovered it, with what is known of its machine; None for anything else."""
    properties = mapping(row.get("properties"))
    told = text(properties.get("protectableItemType") or properties.get("workloadType")).lower()
    kind = _DATABASE_OF.get(told)
    if kind is None:
        return None
    machine = machine_in(str(row["id"]))
    host = host_of(machine)
    server = text(properties.get("serverName")).partition(".")[0]
    name = text(properties.get("friendlyName"))
    return Resource(
        id=str(row["id"]),
        kind=kind,
        name=f"{server}/{name}" if server else name,
        location=host.location if host else "",
        subscription=subscription_of(str(row["id"])),
        group=machine.split("/")[4] if machine else "",
        tags=host.tags if host else {},
        created=host.created if host else None,
        inside=machine,
    )


def database_of_item(item: Item, host: Resource | None) -> Resource:
    """A database that a vault protects, where no row tells that it was discovered."""
    return Resource(
        id=item.id,
        kind=item.workload,
        name=item.name,
        location=host.location if host else "",
        subscription=subscription_of(item.id),
        group=host.group if host else "",
        tags=host.tags if host else {},
        created=host.created if host else None,
        inside=item.source.lower(),
    )


def share_of(account: Resource, row: Row) -> Resource | None:
    """A share that Azure Backup can protect: SMB, and not deleted."""
    properties = mapping(row.get("properties"))
    if text(properties.get("enabledProtocols")).lower() == "nfs" or properties.get("deleted") is True:
        return None
    name = str(row["name"])
    return Resource(
        id=f"{account.id}/fileServices/default/shares/{name}",
        kind="files",
        name=f"{account.name}/{name}",
        location=account.location,
        subscription=account.subscription,
        group=account.group,
        tags=account.tags,
        created=account.created,
        inside=account.key,
        made_by=account.made_by,
    )


def share_of_item(account: Resource, item: Item) -> Resource:
    """A share that a vault protects, where its account does not tell its shares."""
    return replace(account, id=protects(item), kind="files", name=item.name, inside=account.key)


def machine_in(item_id: str) -> str:
    """The machine of a database's container, lower-cased; "" where the id names none."""
    parts = item_id.lower().split("/")
    container = next((one for one in parts if one.startswith("vmappcontainer;compute;")), "")
    if container.count(";") != 3:
        return ""
    group, machine = container.split(";")[2:]
    place = f"/subscriptions/{parts[2]}/resourcegroups/{group}/providers"
    return f"{place}/microsoft.compute/virtualmachines/{machine}"


def protects(item: Item) -> str:
    """The key of the resource that an item is of."""
    if item.workload in DATABASES:
        return key_of(item.id)
    if item.workload == "files":
        return f"{item.source.lower()}/fileservices/default/shares/{item.name.rpartition('/')[2].lower()}"
    return item.source.lower()


def state_of(item: Item, policy: Policy | None, now: datetime) -> str:
    """The state of a protected item, as far as it is true of its source whether it is protected."""
    told = item.state.lower()
    if item.soft_deleted:
        return DELETED
    if item.stopped:
        return STOPPED
    if told.startswith(("configuring", "notprotected", "invalid")):
        return CONFIGURING
    if "error" in told:
        return ERROR
    if item.last_recovery_point is None:
        # Operational backup of blobs is continuous: it makes no recovery points of its own.
        return HEALTHY if policy and item.workload == "blob" and not policy.rule else NEVER
    age = rpo_age(item, now)
    return LATE_STATE if age is not None and age > LATE * rpo(policy) else HEALTHY
