"""What an export reads of Azure: the estate first, then day by day what happened in it."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from backupkit import export_queries as queries
from backupkit import export_rows, rows
from backupkit.arm import Arm
from backupkit.errors import ArmError
from backupkit.estate import Estate, Unread
from backupkit.export_place import Place
from backupkit.export_rows import ODD, Known
from backupkit.export_schema import Record
from backupkit.exporting import Gathered, Reading, Rules
from backupkit.params import CommonParams
from backupkit.plain import text
from backupkit.records import Item, Job, Policy, fits, is_backup_vault, subscription_of
from backupkit.spool import Spool
from backupkit.tenants import NO_BACKUP_VAULTS, home_tenant
from backupkit.times import stamp
from backupkit.vaults import API

Row = Mapping[str, Any]
READS = (
    "Microsoft.RecoveryServices/vaults/backupJobs/read",
    "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems/read",
    "Microsoft.RecoveryServices/vaults/backupPolicies/read",
    "Microsoft.DataProtection/backupVaults/backupJobs/read",
    "Microsoft.DataProtection/backupVaults/backupInstances/read",
    "Microsoft.DataProtection/backupVaults/backupPolicies/read",
    "Microsoft.AlertsManagement/alerts/read",
)
"""The rights without which Resource Graph hides rows and says nothing of it."""


class ExportEstate:
    """Reads; what cannot be read stands in `unread`, and the rest goes on."""

    def __init__(
        self, arm: Arm, options: CommonParams, started: datetime, rules: Rules, *, raw: bool
    ) -> None:
        self._arm = arm
        self._estate = Estate(arm, options)
        self._place, self._cloud = Place(started), options.cloud
        self._rules, self._raw = rules, raw
        self._known = _Items()
        self._columns = queries.RAW_COLUMNS if raw else queries.COLUMNS

    @property
    def unread(self) -> list[Unread]:
        return self._estate.unread

    @property
    def subscriptions(self) -> Sequence[str]:
        return self._estate.subscriptions

    @property
    def vaults(self) -> list[str]:
        return sorted(self._place.vaults)

    def could_not_read(self, scope: str, reason: object) -> None:
        self._estate.could_not_read(scope, reason)

    def open(self, known: Sequence[str]) -> Gathered:
        """Find subscriptions and vaults, and say what of them is hidden; the vaults as records.

        `known` are vaults that an earlier run saw.

        Raises:
            BackupkitError: the subscriptions cannot be listed.
        """
        self._estate.open()
        self._place.subscriptions = self._estate.named
        for subscription in self._estate.subscriptions:
            self._estate.sees_all(subscription, READS, "grant it Reader")
        regions: dict[str, tuple[str, str]] = {}
        self._place.vaults = regions

        def make(row: Row) -> Record:
            regions[str(row["id"]).lower()] = (text(row.get("name")), text(row.get("location")).lower())
            return export_rows.vault(row, self._place)

        columns = self._columns if self._raw else f"{self._columns}, location, tags"
        unread = len(self._estate.failed)
        found = self._gather(queries.VAULTS.format(columns=columns), "vaults", make)
        seen = {key for key, _ in found.spool}  # of a reading that was begun again there may be others
        self._place.vaults = {key: told for key, told in regions.items() if key in seen}
        if len(self._estate.failed) == unread:
            self._estate.vanished_vaults(known, seen)
        return found

    def policies(self) -> Gathered:
        kept: dict[str, Policy] = {}
        self._place.policies = kept

        def make(row: Row) -> Record:
            one = _understood(rows.policy, row)
            if one:
                kept[one.id] = one
            return export_rows.policy(row, self._place, one)

        return self._gather(queries.POLICIES.format(columns=self._columns), "policies", make)

    def items(self) -> Gathered:
        """Protected items, of which jobs and alerts will be known to be."""

        def make(row: Row) -> Record:
            one = _understood(rows.item, row)
            if one:
                self._known.add(one)
            return export_rows.item(row, self._place, one)

        found = self._gather(queries.ITEMS.format(columns=self._columns), "items", make)
        self._look_behind()
        return found

    def days(self, entity: str) -> list[str]:
        """UTC days on which Resource Graph has rows of it that began before the run did."""
        asked = queries.DAYS[entity].format(until=stamp(self._place.read))
        found = set[str]()
        for reading in self._estate.readings(asked, f"days of {entity}", _Days):
            found |= reading.days
        if "" in found:
            why = f"there are {entity} without a start; they belong to no day"
            self._estate.could_not_read(f"{entity} without a start", why)
        return sorted(found - {""})

    def day(self, entity: str, date: str, until: str) -> Gathered:
        """What began on a day, up to `until`."""
        asked = queries.OF_A_DAY[entity].format(since=f"{date}T00:00:00Z", until=until, columns=self._columns)
        make = self._job if entity == "jobs" else self._alert
        return self._gather(asked, f"{entity} of {date}", make)

    def coverage(self, entries: Iterable[Row]) -> Gathered:
        gathered = Gathered(self._rules)
        gathered.add(export_rows.coverage(one, self._place) for one in entries)
        gathered.keep()
        return gathered

    def _job(self, row: Row) -> Record:
        one = _understood(rows.job, row)
        return export_rows.job(row, self._place, self._known.of(one) if one else None, one)

    def _alert(self, row: Row) -> Record:
        return export_rows.alert(row, self._place, self._known.by_id)

    def _gather(self, query: str, what: str, make: Callable[[Row], Record]) -> Gathered:
        gathered = Gathered(self._rules)
        for _ in self._estate.readings(query, what, lambda: Reading(gathered, make, raw=self._raw)):
            gathered.keep()
        gathered.drop()
        return gathered

    def _look_behind(self) -> None:
        """Ask Backup vaults of other tenants themselves: Resource Graph may not show what they have."""
        tenants = {tenant for _, tenant in self._estate.named.values()}
        home = home_tenant(self._arm, self._cloud) if len(tenants) > 1 else ""
        for vault in filter(is_backup_vault, self.vaults) if home else ():
            tenant = self._estate.named.get(subscription_of(vault), ("", home))[1]
            if tenant != home:
                hidden = self._hidden_in(vault)
                if hidden:
                    told = f"{hidden}; {NO_BACKUP_VAULTS}: export it in its own tenant, {tenant}"
                    self._estate.could_not_read(vault, told)

    def _hidden_in(self, vault: str) -> str:
        """Why not all of a vault is seen; "" where it is."""
        url, shown = f"{vault}/backupInstances?{API}", self._known.count(vault)
        try:
            there = sum(1 for _ in self._arm.pages(url, f"list backup instances of {vault}"))
        except ArmError as error:
            return str(error)
        return f"it has {there} backup instances, Resource Graph shows {shown}" if there > shown else ""


class _Days:
    """Days as a query counted them."""

    def __init__(self) -> None:
        self.days: set[str] = set()

    @property
    def distinct(self) -> int:
        return len(self.days)

    def add(self, page: Any) -> None:
        self.days.update(str(row["id"])[:10] for row in page)


class _Items:
    """Which item a job is of: by the id it carries, else by container, else by name, if only one fits."""

    def __init__(self) -> None:
        self._spool = Spool()
        self._found = functools.lru_cache(2_000)(self._one)

    def add(self, item: Item) -> None:
        known = Known(item.key, item.name, item.source.lower(), item.policy)
        calls = {item.name.lower(), *item.calls}
        names = [_name("name", item.vault, call, item.workload, item.key) for call in calls]
        if item.workload == "vm":  # other containers hold several items
            names.append(_name("container", item.vault, item.container, item.key))
        packed = json.dumps(known).encode()
        self._spool.add([(_name("id", item.key), packed), *((name, b"") for name in names)])

    def count(self, vault: str) -> int:
        return sum(1 for _ in self._spool.under(_name("id", f"{vault}/")))

    def by_id(self, key: str) -> Known | None:
        kept = self._spool.get(_name("id", key))
        return Known(*json.loads(kept)) if kept else None

    def of(self, job: Job) -> Known | None:
        return self._found(job.vault, job.item, job.container, job.item_name, job.workload)

    def _one(self, vault: str, item: str, container: str, name: str, workload: str) -> Known | None:
        if item:
            return self.by_id(item)
        keys = self._keys("container", vault, container) if container else []
        if len(keys) != 1 and name:
            named = self._keys("name", vault, name)
            keys = [key for key in named if fits(key.split(_BETWEEN)[3], workload)]
        return self.by_id(keys[0].rpartition(_BETWEEN)[2]) if len(keys) == 1 else None

    def _keys(self, *parts: str) -> list[str]:
        return [key for key, _ in self._spool.under(_name(*parts, ""))]


_BETWEEN = "\x1f"


def _name(*parts: str) -> str:
    return _BETWEEN.join(parts)


def _understood(make: Callable[[Row], Any], row: Row) -> Any:
    """The row as it is understood; None where its shape is unknown."""
    try:
        return make(row)
    except ODD:
        return None
