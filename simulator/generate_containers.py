"""Rows of what a subscription consists of: itself, its resource groups, its vaults."""

from __future__ import annotations

from collections.abc import Iterator

from simulator import estate_resources, estate_rows, protection_shapes
from simulator.estate import guid_of
from simulator.generate_dice import Shares, dice, pick
from simulator.generate_machines import managed_group, owner_of, resource
from simulator.generate_records import Subscription
from simulator.generate_resources import TYPES
from simulator.store import Row

_REDUNDANCY: Shares[str] = (("GeoRedundant", 0.55), ("ZoneRedundant", 0.2), ("LocallyRedundant", 1.0))
_IMMUTABLE: Shares[str] = (("Unlocked", 0.15), ("Locked", 0.05), ("Disabled", 1.0))
_ALWAYS, _CROSS_REGION, _PRIVATE = 0.15, 0.3, 0.15
"""Shares like those above: judgement. No vault is without soft delete, since any may have deleted items."""


def containers(one: Subscription) -> Iterator[tuple[Row, str]]:
    """The rows of `resourcecontainers`, each with what it is."""
    columns = {"tenantId": one.tenant, "subscriptionId": one.id}
    managed_by = "" if one.tenant == one.home else one.home
    described = estate_rows.subscription(one.management_groups, managed_by)
    kind = "microsoft.resources/subscriptions"
    yield (
        {"id": one.path, "name": one.name, "type": kind, "properties": described, **columns},
        "subscriptions",
    )
    for group, (region, owner) in _groups(one).items():
        row = {
            "id": f"{one.path}/resourceGroups/{group}",
            "name": group,
            "type": f"{kind}/resourcegroups",
            "location": region,
            "resourceGroup": group.lower(),
            "managedBy": owner,
            "properties": estate_resources.resource_group(),
        }
        yield {**row, **columns}, "resource groups"


def _groups(one: Subscription) -> dict[str, tuple[str, str]]:
    """Names of groups, each with its region and the id of the resource that made it."""
    groups = {vault.id.split("/")[4]: (vault.region, "") for vault in one.vaults}
    for fleet in one.fleets:
        groups[fleet.group] = (fleet.region, "")
        if fleet.tier.managed:
            kind = TYPES["cluster" if fleet.tier.name == "aks" else "workspace"]
            owner = f"{one.path}/resourceGroups/{fleet.group}/providers/{kind}/{owner_of(fleet)}"
            groups[managed_group(one, fleet)] = (fleet.region, owner)
    return groups


def vault_rows(one: Subscription) -> Iterator[tuple[Row, str]]:
    """The rows of the vaults of both worlds."""
    sku = {"name": "RS0", "tier": "Standard"}
    for vault in one.vaults:
        yield (
            resource(one, vault.id, _recovery_vault(vault.id), location=vault.region, sku=sku),
            "Recovery Services vaults",
        )
    for vault in one.backup_vaults:
        principal = guid_of("identity", vault.id)
        identity = {"type": "SystemAssigned", "principalId": principal, "tenantId": one.tenant}
        # Its own row has a capital B, unlike the ids of what lies in it.
        row_id = vault.id.replace("/backupVaults/", "/BackupVaults/")
        shape = _backup_vault(vault.id)
        yield resource(one, row_id, shape, location=vault.region, identity=identity), "Backup vaults"


def _recovery_vault(vault: str) -> Row:
    chance = dice("settings", vault)
    redundancy = pick(_REDUNDANCY, chance.random())
    return estate_rows.vault(
        redundancy=redundancy,
        cross_region=redundancy == "GeoRedundant" and chance.random() < _CROSS_REGION,
        soft_delete="AlwaysON" if chance.random() < _ALWAYS else "Enabled",
        immutability=pick(_IMMUTABLE, chance.random()),
        public=chance.random() >= _PRIVATE,
    )


def _backup_vault(vault: str) -> Row:
    chance = dice("settings", vault)
    redundancy = pick(_REDUNDANCY, chance.random())
    return protection_shapes.vault(
        redundancy,
        cross_region=redundancy == "GeoRedundant" and chance.random() < _CROSS_REGION,
        soft_delete="AlwaysOn" if chance.random() < _ALWAYS else "On",
        immutability=pick(_IMMUTABLE, chance.random()),
    )
