"""What can be backed up and what protects it, however much that is: on disk, given out as it is asked for."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from heapq import merge
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any, Protocol

from backupkit.coverage import Resource, Row, protects
from backupkit.kinds import DATABASES
from backupkit.records import Item, vault_of
from backupkit.spool import Spool

Entry = tuple[str, bytes]
"""Of a spool: its key begins with what it is of, up to the end of a line."""
With = tuple[Resource, Sequence[Item]]


class Notes(Protocol):
    """A word on each of many things, by its key."""

    def get(self, key: str, otherwise: str, /) -> str: ...
    def __setitem__(self, key: str, word: str, /) -> None: ...


class Inventory(Protocol):
    """All of an estate that is judged, to be gone through as often as needed."""

    @property
    def notes(self) -> Notes: ...

    def resources(self) -> Iterable[With]:
        """Machines first, then by kind and key; each with the items of its kind that protect it, in order."""

    def protected(self) -> Iterable[Sequence[Item]]:
        """All items, those together that protect the same."""

    def has(self, key: str) -> bool:
        """Whether a resource is there, of all those of the types that were asked for."""

    def sourceless(self) -> Iterable[tuple[str, Item]]:
        """Keys that items protect and no resource has, in order, with the first item of each."""


class Reading:
    """Rows that become entries of a spool. Nothing is left of a reading before it that was not kept.

    The first entry of a row has a key of its own, by which rows that come twice are noticed.
    """

    def __init__(self, spool: Spool, entries: Callable[[Row], Sequence[Entry]]) -> None:
        spool.drop()
        self._spool, self._entries = spool, entries
        self.distinct = 0

    def add(self, page: Sequence[Row]) -> None:
        made = [self._entries(row) for row in page]
        self.distinct += self._spool.add(first for first, *_ in made)
        self._spool.add(entry for _, *more in made for entry in more)


class Stored:
    """An inventory in a spool."""

    def __init__(self) -> None:
        self._spool = Spool()
        self._managed: Mapping[str, str] = {}
        self._machines_too = False
        self.notes = _Notes(self._spool)

    # -- To be filled -----------------------------------------------------------------------------

    def reading(self, entries: Callable[[Row], Sequence[Entry]]) -> Callable[[], Reading]:
        return lambda: Reading(self._spool, entries)

    def keep(self, readings: Iterable[Reading]) -> None:
        """Keep each as it ends; of one that fails nothing is left."""
        for _ in readings:
            self._spool.keep()
        self._spool.drop()

    def add(self, entries: Iterable[Entry]) -> None:
        self._spool.add(entries)
        self._spool.keep()

    def complete(self, managed: Mapping[str, str], *, machines_too: bool) -> None:
        """Once all rows are read: what looks after resource groups, and whether machines are judged."""
        clusters = {group: f"of {name.decode()}" for group, name in self._under("nodes")}
        self._managed, self._machines_too = {**clusters, **managed}, machines_too

    # -- To be asked ------------------------------------------------------------------------------

    def resources(self) -> Iterator[With]:
        for place, resource, items in self._joined():
            if resource and (self._machines_too or not place.startswith(_place("vm", ""))):
                yield self._resource(resource), [_item(one) for one in items]

    def protected(self) -> Iterator[list[Item]]:
        return ([_item(one) for one in items] for _, _, items in self._joined() if items)

    def has(self, key: str) -> bool:
        places = (f"resource\n{_place(kind, key)}" for kind in _KINDS)
        return any(self._spool.get(one) is not None for one in (f"there\n{key}", *places))

    def sourceless(self) -> Iterator[tuple[str, Item]]:
        alone = ((place.partition("\n")[2], items[0]) for place, found, items in self._joined() if not found)
        self._spool.add((f"gone\n{key}", item) for key, item in alone if not self.has(key))
        return ((key, _item(value)) for key, value in self._under("gone"))

    def machine(self, key: str) -> Resource | None:
        value = self._spool.get(f"resource\n{_place('vm', key)}")
        return self._resource(value) if value else None

    def accounts(self) -> Iterator[tuple[Resource, list[Item]]]:
        """Those that may have file shares, with the items of these."""
        for key, value in self._under("account"):
            shares = self._spool.under(f"item\n{_place('files', key)}/")
            yield self._resource(value), [_item(one) for _, one in shares]

    def undiscovered_databases(self) -> Iterator[Item]:
        """Of each database that is protected and not there as a resource, the first item."""
        databases = ((key, _item(value)) for key, value in self._under("database"))
        return (item for key, item in databases if not self.has(key))

    def silent_hosts(self) -> Iterator[Resource]:
        """Machines with SQL Server in which no database is known."""
        silent = (key for key, _ in self._under("host") if self._spool.get(f"inside\n{key}") is None)
        return (machine for machine in map(self.machine, silent) if machine)

    def _under(self, what: str) -> Iterator[Entry]:
        """Entries of it, by the rest of their keys."""
        rest = len(what) + 1
        return ((key[rest:], value) for key, value in self._spool.under(f"{what}\n"))

    def _joined(self) -> Iterator[tuple[str, bytes | None, list[bytes]]]:
        """Resources and items by their place, as both stream by."""
        resources = ((place, "", value) for place, value in self._under("resource"))
        items = ((*_halves(key), value) for key, value in self._under("item"))
        for place, alike in groupby(merge(resources, items), itemgetter(0)):
            found = {one: value for _, one, value in alike}
            yield place, found.pop("", None), [*found.values()]

    def _resource(self, value: bytes) -> Resource:
        """With what looks after its group; what looks after a machine leaves its databases to others."""
        one = _resource(value)
        if one.made_by or (one.kind in DATABASES and not one.undiscovered):
            return one
        by = self._managed.get(f"/subscriptions/{one.subscription}/resourcegroups/{one.group}")
        return replace(one, made_by=by) if by else one


class _Notes:
    def __init__(self, spool: Spool) -> None:
        self._spool = spool

    def get(self, key: str, otherwise: str) -> str:
        word = self._spool.get(f"note\n{key}")
        return otherwise if word is None else word.decode()

    def __setitem__(self, key: str, word: str) -> None:
        self._spool.put(f"note\n{key}", word.encode())


# -- Entries --------------------------------------------------------------------------------------

_of_resource = attrgetter(
    "id", "kind", "name", "location", "subscription", "group", "tags", "inside", "made_by", "undiscovered"
)
_of_item = attrgetter("id", "name", "workload", "source", "policy", "state", "soft_deleted")
_KINDS = ("vm", "disk", "files", "blob", "postgresql", "aks", *DATABASES)


def came(row: Row) -> Entry:
    """Of a row that nothing else is kept of."""
    return f"row\n{str(row['id']).lower()}", b""


def there(row: Row) -> Entry:
    """Of a resource that is not judged."""
    return f"there\n{str(row['id']).lower()}", b""


def resource_entries(one: Resource) -> list[Entry]:
    entries = [(f"resource\n{_place(one.kind, one.key)}", _resource_value(one))]
    if one.kind in DATABASES and not one.undiscovered:
        entries.append((f"inside\n{one.inside}", b""))
    return entries


def account_entry(one: Resource) -> Entry:
    return f"account\n{one.key}", _resource_value(one)


def host_entry(machine: str) -> Entry:
    """Of a machine with SQL Server."""
    return f"host\n{machine}", b""


def nodes_entry(cluster: Resource, group: str) -> Entry:
    """Of the resource group of a cluster's nodes."""
    return f"nodes\n/subscriptions/{cluster.subscription}/resourcegroups/{group}", cluster.name.encode()


def item_entries(one: Item) -> list[Entry]:
    """Without what only jobs are compared with, and what its id tells."""
    key, value = protects(one), _value(_of_item(one), one.last_recovery_point)
    entries = [(f"item\n{_place(one.workload, key)}\n{one.key}", value)]
    return [*entries, (f"database\n{key}", value)] if one.workload in DATABASES else entries


def _item(value: bytes) -> Item:
    (item, name, workload, *others), point = _read(value)
    facts = [item, vault_of(item), name, workload, "", *others, point]
    return Item(*facts)


def _resource_value(one: Resource) -> bytes:
    return _value(_of_resource(one), one.created)


def _resource(value: bytes) -> Resource:
    (*place, inside, made_by, undiscovered), created = _read(value)
    facts = [*place, created, inside, made_by, undiscovered]
    return Resource(*facts)


def _value(facts: tuple[Any, ...], moment: datetime | None) -> bytes:
    """A moment is dear to pickle, a number is not."""
    return pickle.dumps((facts, moment and moment.timestamp()), 5)


def _read(value: bytes) -> tuple[tuple[Any, ...], datetime | None]:
    facts, moment = pickle.loads(value)
    return facts, None if moment is None else datetime.fromtimestamp(moment, timezone.utc)


def _place(kind: str, key: str) -> str:
    """By which what is judged is in order."""
    return f"{'0' if kind == 'vm' else '1'}{kind}\n{key}"


def _halves(key: str) -> tuple[str, str]:
    """The place of an item, and its id."""
    place, _, item = key.rpartition("\n")
    return place, item
