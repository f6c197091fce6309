"""Databases in the virtual machines of an estate: SQL Server, SAP HANA, SAP ASE."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from simulator import container_rows, database_rows, protectable_rows
from simulator.estate import Estate

Kind = Literal["sql", "hana", "ase"]


def database(
    estate: Estate,
    vault: str,
    vm: str,
    name: str,
    *,
    kind: Kind = "sql",
    instance: str = "",
    policy: str = "",
    last_recovery_point_ago: str | None = "20h",
    last_full_ago: str | None = "7d",
    unhealthy: int | str = "",
    failed_ago: str = "2h",
    recovery_model: str = "FULL",
    **properties: Any,
) -> str:
    """Protect a database of a VM, which need not exist; returns the item's id.

    `last_recovery_point_ago` None says that it was never backed up. With a policy that has logs that point
    is a log, and `last_full_ago` says when its Full was; None says that it has none. `unhealthy` is the code
    with which its newest backup failed, `failed_ago`. `recovery_model` is that of SQL Server: FULL, SIMPLE...
    """
    described = database_rows.item(
        kind,
        vm,
        name,
        instance=instance or database_rows.DATABASES[kind].instance,
        vault=vault,
        location=estate.row(vault)["location"],
        policy=policy,
        recovery_model=recovery_model,
    )
    path = database_rows.item_path(kind, vm, described["parentName"], name)
    item = estate.below(vault, path, described)
    if last_recovery_point_ago is not None:
        _recovered(estate, item, estate.stamp(last_recovery_point_ago), last_full_ago)
    if unhealthy:
        estate.change(item, **database_rows.last_backup(estate.stamp(failed_ago), str(unhealthy)))
    if policy:
        estate.row(policy)["properties"]["protectedItemsCount"] += 1
    estate.row(item)["properties"].update(properties)
    return item


def _recovered(estate: Estate, item: str, last: str, full_ago: str | None) -> None:
    """The oldest recovery point of a chain is its Full."""
    shown = estate.row(item)["properties"]
    policy = estate.row(shown["policyId"])["properties"] if shown["policyId"] else {}
    if full_ago and estate.stamp(full_ago) < last:
        estate.change(item, **database_rows.recovery_point(shown, estate.stamp(full_ago)))
    estate.change(item, **database_rows.recovery_point(shown, last, log=database_rows.has_logs(policy)))
    estate.change(item, **database_rows.last_backup(last))


def database_policy(
    estate: Estate,
    vault: str,
    name: str,
    *,
    kind: Kind = "sql",
    full: str = "22:00",
    full_days: Sequence[str] = (),
    differential: str | None = None,
    incremental: str | None = None,
    log_minutes: int | None = 60,
    days: int = 30,
    zone: str = "UTC",
) -> str:
    """Add a policy: a Full daily or on `full_days` (such as "Sunday"), what has a time between, and logs.

    Times are wall-clock in `zone`; `days` is how long a Full is kept. A Differential or Incremental runs on
    the days without a Full, so it needs `full_days`.
    """
    others = [day for day in database_rows.WEEK if day not in full_days]
    strangers = [day for day in full_days if day not in database_rows.WEEK]
    if strangers:
        raise ValueError(f"policy {name!r}: full_days are {', '.join(database_rows.WEEK)}, got {strangers}")
    if (differential or incremental) and not (full_days and others):
        raise ValueError(
            f"policy {name!r}: a Differential or Incremental needs full_days that leave it a day"
        )
    parts = [database_rows.full(estate.wall_clock(name, full), full_days, days)]
    for policy_type, at in (("Differential", differential), ("Incremental", incremental)):
        if at:
            parts.append(database_rows.between(policy_type, estate.wall_clock(name, at), others))
    if log_minutes:
        parts.append(database_rows.log(log_minutes))
    return estate.below(vault, f"backupPolicies/{name}", database_rows.policy(kind, zone=zone, parts=parts))


def protectable(
    estate: Estate,
    vault: str,
    vm: str,
    name: str,
    *,
    kind: Kind = "sql",
    instance: str = "",
    protected: bool = False,
    **properties: Any,
) -> str:
    """Let a vault have discovered a database of a VM, and its instance with the first; returns the row's id.

    A database that is an item too says so with `protected`.
    """
    within = instance or database_rows.DATABASES[kind].instance
    parent = f"{vault}/{protectable_rows.instance_path(kind, vm, within)}"
    if not estate.has(parent):
        protectable_instance(estate, vault, vm, kind=kind, instance=within)
    estate.change(parent, **protectable_rows.one_more(estate.row(parent)["properties"]))
    described = protectable_rows.database(kind, vm, name, instance=within, protected=protected)
    path = protectable_rows.database_path(kind, vm, within, name)
    return estate.below(vault, path, {**described, **properties})


def protectable_instance(
    estate: Estate, vault: str, vm: str, *, kind: Kind = "sql", instance: str = "", refused: str = ""
) -> str:
    """Let a vault have discovered an instance without databases; `refused` is why it found none, a code."""
    within = instance or database_rows.DATABASES[kind].instance
    described = protectable_rows.instance(kind, vm, within, refused=refused)
    return estate.below(vault, protectable_rows.instance_path(kind, vm, within), described)


def registered(estate: Estate, vault: str, vm: str, *, kind: Kind = "sql", failed: str = "") -> str:
    """Register a VM of which nothing is discovered yet; `failed` is the code with which looking ended."""
    container = container_rows.container_id(vault, database_rows.container(vm))
    overlay = container_rows.failed_inquiry(kind, failed) if failed else {}
    estate.world.setdefault("containers", {})[container] = overlay
    return container


def sql_virtual_machine(estate: Estate, vm: str, **properties: Any) -> str:
    """Add the resource that says that a VM, which must exist, has SQL Server."""
    machine = estate.row(vm)
    return estate.resource(
        "Microsoft.SqlVirtualMachine/SqlVirtualMachines",
        machine["name"],
        subscription=machine["subscriptionId"],
        group=vm.split("/")[4],
        location=machine["location"],
        properties={**database_rows.sql_virtual_machine(vm), **properties},
    )
