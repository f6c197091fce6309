"""Databases and shares that vaults know of and need not protect, and those that no vault ever looked for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from simulator import container_rows, database_rows, protectable_rows
from simulator.generate_databases import Guests, guests
from simulator.generate_dice import dice
from simulator.generate_history import Fate
from simulator.generate_items import Protection, row
from simulator.generate_machines import Machine, resource
from simulator.generate_resources import Resource
from simulator.generate_shares import shares, vault_of
from simulator.store import Row

Found = Iterator[tuple[Row, str, str]]
"""Rows, each with what it is and its state."""
DISCOVERED, UNSEEN = 0.45, 0.1
"""Of the hosts without a protected database: those a vault looked into, and those it could not look into."""
_NOT_KEPT = (Fate.STOPPED, Fate.DELETED)
_SQL = "Microsoft.SqlVirtualMachine/SqlVirtualMachines"


def of_machine(machine: Machine, items: Sequence[Protection], seed: int) -> Found:
    """The databases that a vault has discovered in a machine, with their instance."""
    inside = guests(machine, seed)
    if inside is None or not (inside.protected or _way(machine, seed) < DISCOVERED):
        return
    fates = {item.part.partition("/")[2]: item.fate for item in items if item.kind == inside.kind}
    known = [name for name in inside.names if fates.get(name) is not Fate.GONE]
    kept = {name for name, fate in fates.items() if fate not in _NOT_KEPT}
    for path, properties in _rows(machine, inside, known, kept):
        described = row(machine.subscription, f"{inside.vault.id}/{path}", properties)
        yield described, f"discovered: {inside.kind}", properties["protectionState"]


def _rows(
    machine: Machine, inside: Guests, known: Collection[str], kept: set[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    kind, vm = inside.kind, machine.id
    parent = protectable_rows.instance(kind, vm, inside.instance)
    counts = {"subinquireditemcount": len(known), "subprotectableitemcount": len(known)}
    yield protectable_rows.instance_path(kind, vm, inside.instance), {**parent, **counts}
    for name in known:
        described = protectable_rows.database(
            kind, vm, name, instance=inside.instance, protected=name in kept
        )
        yield protectable_rows.database_path(kind, vm, inside.instance, name), described


def unseen(machine: Machine, seed: int) -> tuple[str, dict[str, Any]] | None:
    """The container of a host that is registered and whose databases could not be looked for."""
    inside = guests(machine, seed)
    if inside is None or inside.protected or not DISCOVERED <= _way(machine, seed) < DISCOVERED + UNSEEN:
        return None
    container = container_rows.container_id(inside.vault.id, database_rows.container(machine.id))
    return container, container_rows.failed_inquiry(inside.kind, "VMNotInRunningStateUserError")


def sql_machine(machine: Machine) -> Row | None:
    """The resource that says that a machine has SQL Server, whatever vaults know of it."""
    if machine.fleet.tier.guests != "sql" or not machine.exists:
        return None
    described = database_rows.sql_virtual_machine(machine.id)
    row_id = f"{machine.place}/providers/{_SQL}/{machine.name}"
    return resource(machine.subscription, row_id, described, location=machine.fleet.region)


def of_account(account: Resource, items: Sequence[Protection], seed: int) -> Found:
    """The shares of an account that is registered, of which one now and then is not protected."""
    known = shares(account, seed)
    if not known.protected:
        return
    fates = {item.part: item.fate for item in items if item.kind == "share"}
    for name in known.names:
        fate = fates.get(name, Fate.STOPPED)
        if fate is not Fate.GONE:
            properties = protectable_rows.share(account.id, name, protected=fate not in _NOT_KEPT)
            path = protectable_rows.share_path(account.id, name)
            described = row(account.subscription, f"{vault_of(account).id}/{path}", properties)
            yield described, "discovered: share", properties["protectionState"]


def unknown_shares(account: Resource, seed: int) -> list[dict[str, str]]:
    """The shares of an account that no vault knows; a premium one has some that no vault could protect."""
    known = shares(account, seed)
    if known.protected:
        return []
    protocols = ("NFS", "SMB") if known.kind == "FileStorage" else ("SMB",)
    return [
        {"name": name, "enabledProtocols": protocols[each % len(protocols)]}
        for each, name in enumerate(known.names)
    ]


def _way(machine: Machine, seed: int) -> float:
    return dice(seed, "discovered", machine.id).random()
