"""Azure file shares of an estate's storage accounts."""

from __future__ import annotations

from typing import Any

from simulator import container_rows, protectable_rows, share_rows
from simulator.estate import Estate


def share(
    estate: Estate,
    vault: str,
    account: str,
    name: str,
    *,
    policy: str = "",
    last_recovery_point_ago: str | None = "20h",
    unhealthy: int | str = "",
    failed_ago: str = "2h",
    hashed: bool = False,
    **properties: Any,
) -> str:
    """Protect a share of a storage account, which need not exist; returns the item's id.

    `last_recovery_point_ago` None says that it was never backed up. `unhealthy` is the code with which its
    newest backup failed, `failed_ago`. `hashed` names the item by a hash, as newer ones are.
    """
    described = share_rows.item(
        account,
        name,
        vault=vault,
        location=estate.row(vault)["location"],
        policy=policy,
        synced=estate.stamp("60d"),
    )
    if last_recovery_point_ago is not None:
        at = estate.stamp(last_recovery_point_ago)
        described |= share_rows.recovery_point(described, at) | share_rows.last_backup(at)
    if unhealthy:
        described |= share_rows.last_backup(estate.stamp(failed_ago), str(unhealthy))
    if policy:
        estate.row(policy)["properties"]["protectedItemsCount"] += 1
    return estate.below(
        vault, share_rows.item_path(account, name, hashed=hashed), {**described, **properties}
    )


def share_policy(
    estate: Estate,
    vault: str,
    name: str,
    *,
    at: str = "22:00",
    days: int = 30,
    zone: str = "UTC",
    every_hours: int = 0,
    window_hours: int = 12,
) -> str:
    """Add a policy that runs daily at the wall-clock time `at` in `zone`.

    With `every_hours` (4, 6, 8 or 12) it runs so often, from `at` for `window_hours`.
    """
    if every_hours and every_hours not in share_rows.HOURS:
        raise ValueError(f"policy {name!r}: every_hours is one of {share_rows.HOURS}, got {every_hours}")
    runs = estate.wall_clock(name, at)
    properties = share_rows.policy(runs, days, zone=zone, every_hours=every_hours, window_hours=window_hours)
    return estate.below(vault, f"backupPolicies/{name}", properties)


def file_share(
    estate: Estate,
    account: str,
    name: str,
    *,
    protocol: str = "SMB",
    modified_ago: str = "30d",
    deleted_ago: str | None = None,
    **properties: Any,
) -> None:
    """Let a storage account have a share; one that a vault protects or has discovered is there without this.

    `properties` are those of its listing, such as `accessTier`. A deleted share is kept for seven days.
    """
    described = share_rows.as_listed(name, modified=estate.stamp(modified_ago), protocol=protocol)
    if deleted_ago is not None:
        described |= share_rows.deleted(estate.stamp(deleted_ago), 7)
    estate.world.setdefault("shares", {}).setdefault(account, []).append({**described, **properties})


def protectable_share(
    estate: Estate, vault: str, account: str, name: str, *, protected: bool = False, **properties: Any
) -> str:
    """Let a vault have discovered a share; one that is an item too says so with `protected`."""
    described = protectable_rows.share(account, name, protected=protected)
    return estate.below(vault, protectable_rows.share_path(account, name), {**described, **properties})


def registered_account(estate: Estate, vault: str, account: str) -> str:
    """Register a storage account of which the vault protects nothing yet."""
    container = container_rows.container_id(vault, share_rows.container(account))
    estate.world.setdefault("containers", {})[container] = {}
    return container
