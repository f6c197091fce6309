"""Lifelike estates: rows as Resource Graph returns them, in a folder the simulator loads."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from simulator import clock, estate_jobs, estate_rows
from simulator.store import DYNAMIC, KEPT, TEXT, Row

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_COLUMNS: Row = {
    **dict.fromkeys(TEXT, ""),
    **{name: None for name in DYNAMIC if name != "systemData"},
}
_GROUP_CHAIN = ("corp", "root")
_GOOD = ("Completed", "CompletedWithWarnings")
_RECOVERY = "recoveryservicesresources"


class Estate:
    """An estate being built: ids follow from names, stamps from `now` (seconds since the epoch).

    `world` becomes `world.json`. A row that exists already, or one that needs a row
    not added yet, is a ValueError.
    """

    def __init__(self, now: float | None = None) -> None:
        self.now = clock.now() if now is None else now
        self.world: dict[str, Any] = {}
        self._tables: dict[str, list[Row]] = {table: [] for table in KEPT}
        self._rows: dict[str, Row] = {}
        self._jobs: dict[str, int] = {}
        self._newest: dict[str, str] = {}

    def subscription(
        self,
        name: str,
        *,
        management_groups: Iterable[str] | None = None,
        tenant: str | None = None,
        id: str | None = None,
    ) -> str:
        """Add a subscription below `management_groups`, nearest first; returns its bare id.

        The tenant of the first is the home of the identities; one of another tenant is delegated to it, and
        stands below that other tenant's own group.
        """
        guid, own = id or guid_of("subscription", name), tenant or guid_of("tenant")
        first = next(iter(self._tables["resourcecontainers"]), {"tenantId": own})["tenantId"]
        if own != first:
            self.world["home_tenant"] = first
        if management_groups is None:
            management_groups = _GROUP_CHAIN if own == first else (own,)
        self.add(
            "resourcecontainers",
            {
                "id": f"/subscriptions/{guid}",
                "name": name,
                "type": "microsoft.resources/subscriptions",
                "tenantId": own,
                "subscriptionId": guid,
                "properties": estate_rows.subscription(management_groups, first if own != first else ""),
            },
        )
        return guid

    def group(
        self,
        name: str,
        *,
        subscription: str,
        location: str = "westeurope",
        managed_by: str = "",
        tags: Mapping[str, str] | None = None,
    ) -> str:
        """Add a resource group; without one, resources are in a group all the same.

        `managed_by` is the id of what made it: an AKS cluster, a Databricks workspace, a managed application.
        """
        group_id = f"/subscriptions/{subscription}/resourceGroups/{name}"
        described = estate_rows.group(name, managed_by, tags, location)
        return self.add("resourcecontainers", {"id": group_id, **self._place(group_id), **described})

    def vault(
        self, name: str, *, subscription: str, group: str, location: str = "westeurope", **properties: Any
    ) -> str:
        return self.resource(
            "Microsoft.RecoveryServices/vaults",
            name,
            subscription=subscription,
            group=group,
            location=location,
            sku={"name": "RS0", "tier": "Standard"},
            properties={**estate_rows.vault(), **properties},
        )

    def policy(
        self,
        vault: str,
        name: str,
        *,
        at: str = "22:00",
        days: int = 30,
        zone: str = "UTC",
        weekly: bool = False,
    ) -> str:
        """Add a policy that runs at the wall-clock time `at` in `zone`, on Sundays when `weekly`."""
        properties = estate_rows.policy(self.wall_clock(name, at), days, weekly=weekly)
        return self.below(vault, f"backupPolicies/{name}", {**properties, "timeZone": zone})

    def vm(
        self,
        name: str,
        *,
        subscription: str,
        group: str,
        location: str = "westeurope",
        tags: Mapping[str, str] | None = None,
        **properties: Any,
    ) -> str:
        resource = (f"/subscriptions/{subscription}/resourceGroups/{group}", name)
        made = {"vmId": guid_of("vm", *resource), "timeCreated": self.stamp("400d")}
        return self.resource(
            "Microsoft.Compute/virtualMachines",
            name,
            subscription=subscription,
            group=group,
            location=location,
            tags=dict(tags or {}),
            properties={**estate_rows.virtual_machine(*resource), **made, **properties},
        )

    def item(
        self,
        vault: str,
        vm: str,
        *,
        policy: str = "",
        last_recovery_point_ago: str | None = "20h",
        **properties: Any,
    ) -> str:
        """Protect a VM, which need not exist; None says that it was never backed up."""
        described = estate_rows.item(self.row(vault), vm, policy)
        if last_recovery_point_ago is not None:
            at = self.stamp(last_recovery_point_ago)
            described |= estate_rows.recovery_point(described, at)
            described |= {"lastBackupTime": at, "lastBackupStatus": "Completed"}
        described["protectedItemDataId"] = str(uuid.UUID(guid_of(vault, vm)).int % 10**14)
        if policy:
            self.row(policy)["properties"]["protectedItemsCount"] += 1
        return self.below(vault, estate_rows.item_path(vm), {**described, **properties})

    def job(
        self,
        item: str,
        status: str,
        *,
        ago: str,
        takes: str = "10m",
        codes: Iterable[int | str] = (),
        user: bool | None = False,
        operation: str | None = None,
        **properties: Any,
    ) -> str:
        """Add a job that started `ago`, and, unless it is InProgress, ended `takes` later.

        A backup that ended moves the item's last backup and last recovery point, a cancelled one
        neither. `codes` are numbers or text codes; `user` None is a job of the newer type, which does not say
        who started it. `operation` is "Backup", or "Backup (Full)" where the item is a database.
        """
        vault = item[: item.lower().index("/backupfabrics/")]
        start, end = self.now - seconds(ago), self.now - seconds(ago) + seconds(takes)
        if status == "InProgress":
            end = self.now
        elif end > self.now:
            raise ValueError(
                f"job of {item}: started {ago} ago and taking {takes} it would not be {status} yet"
            )
        of, given = self.row(item), [str(code) for code in codes]
        described = estate_jobs.job(of, self.row(vault), operation, user)
        described |= estate_rows.course(status, start, end, given, estate_jobs.details_for(of))
        if described["operation"].startswith("Backup") and status not in ("InProgress", "Cancelled"):
            self._settle(item, status, clock.stamp(start), described["operation"], "".join(given[:1]))
        number = self._jobs[item.lower()] = self._jobs.get(item.lower(), 0) + 1
        name = guid_of("job", item, str(number))
        described["activityId"] = guid_of("activity", name)
        # Jobs come with a capital S, unlike their vault.
        path = vault.replace("/subscriptions/", "/Subscriptions/", 1)
        return self.below(path, f"backupJobs/{name}", {**described, **properties})

    def automation_account(
        self, name: str, *, subscription: str, group: str, location: str = "westeurope", **properties: Any
    ) -> str:
        """Add an Automation account with a system-assigned identity, its object id made from its name."""
        tenant = self.row(f"/subscriptions/{subscription}")["tenantId"]
        principal = guid_of("identity", subscription, group, name)
        return self.resource(
            "Microsoft.Automation/automationAccounts",
            name,
            subscription=subscription,
            group=group,
            location=location,
            identity={"type": "SystemAssigned", "principalId": principal, "tenantId": tenant},
            properties={**estate_rows.automation_account(self.stamp("30d")), **properties},
        )

    def storage_account(
        self, name: str, *, subscription: str, group: str, location: str = "westeurope", **properties: Any
    ) -> str:
        return self.resource(
            "Microsoft.Storage/storageAccounts",
            name,
            subscription=subscription,
            group=group,
            location=location,
            kind="StorageV2",
            sku={"name": "Standard_ZRS", "tier": "Standard"},
            properties={**estate_rows.storage_account(name), **properties},
        )

    def resource(self, arm_type: str, name: str, *, subscription: str, group: str, **columns: Any) -> str:
        """Add a row of `resources`; `arm_type` comes in Azure's usual casing."""
        row_id = f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{arm_type}/{name}"
        row = {"id": row_id, "name": name, "type": arm_type.lower(), **self._place(row_id)}
        return self.add("resources", {**row, **columns})

    def add(self, table: str, row: Row) -> str:
        """Add any row; columns it leaves out are empty."""
        if table not in self._tables:
            raise ValueError(f"no such table {table!r}; known are {', '.join(KEPT)}")
        key = row["id"].lower()
        if key in self._rows:
            raise ValueError(f"the estate already has {row['id']!r}")
        self._rows[key] = {**_COLUMNS, **row}
        self._tables[table].append(self._rows[key])
        return str(row["id"])

    def change(self, row_id: str, **properties: Any) -> None:
        """Override properties of a row; None removes one."""
        held = self.row(row_id)["properties"]
        held.update(properties)
        for name in [name for name, value in properties.items() if value is None]:
            del held[name]

    def outcomes(self, item: str, *outcomes: str) -> None:
        """Say how the item's next backups end: "Completed", "Failed:400002"."""
        self.world.setdefault("outcomes", {})[item] = list(outcomes)

    def minutes(self, item: str, minutes: float) -> None:
        """Say how long the item's next backups take."""
        self.world.setdefault("minutes", {})[item] = minutes

    def recovery_point(self, item: str, *, ago: str, type: str = "Full") -> None:
        """Add a recovery point that no job shows; `type` is that of a database's backup."""
        known = self.world.setdefault("recovery_points", {}).setdefault(item, [])
        known.append({"at": self.stamp(ago), "type": type})

    def rest(self, row_id: str, overlay: Mapping[str, Any]) -> None:
        """Say what the vault answers where Resource Graph differs: `{"properties": {...}}`."""
        strangers = sorted(set(overlay) - set(TEXT) - set(DYNAMIC))
        if strangers:
            raise ValueError(
                f"rest of {row_id!r}: no such column {strangers}; properties go under 'properties'"
            )
        self.world.setdefault("rest", {})[row_id] = dict(overlay)

    def row(self, row_id: str) -> Row:
        if not self.has(row_id):
            raise ValueError(f"the estate has no {row_id!r}; add it first")
        return self._rows[row_id.lower()]

    def has(self, row_id: str) -> bool:
        return row_id.lower() in self._rows

    def rows(self, table: str) -> list[Row]:
        return list(self._tables[table])

    def stamp(self, ago: str) -> str:
        return clock.stamp(self.now - seconds(ago))

    def wall_clock(self, policy: str, at: str) -> str:
        """A time of day as policies have it: a stamp of a day long ago."""
        if not re.fullmatch(r"[0-2]\d:[0-5]\d", at):
            raise ValueError(f"policy {policy!r}: at must be a time such as 22:00, got {at!r}")
        return f"{self.stamp('60d')[:10]}T{at}:00Z"

    def write(self, folder: Path, *, as_of: float | None = None) -> Path:
        """Write the estate; with `as_of`, that moment is now whenever it is loaded."""
        folder.mkdir(parents=True, exist_ok=True)
        for table, rows in self._tables.items():
            if rows:
                with (folder / f"{table}.ndjson").open("w", encoding="utf-8") as file:
                    file.writelines(json.dumps(row) + "\n" for row in rows)
        _write_json(folder / "world.json", self.world)
        if as_of is not None:
            _write_json(folder / "estate.json", {"as_of": clock.stamp(as_of)})
        return folder

    def _settle(self, item: str, status: str, started: str, operation: str, code: str) -> None:
        """Let a backup that ended show on its item, which names its newest by the start."""
        shown = self.row(item)["properties"]
        if status in _GOOD and started > shown.get("lastRecoveryPoint", ""):
            self.change(item, **estate_jobs.point(shown, started, operation))
        if started >= self._newest.get(item.lower(), ""):
            self._newest[item.lower()] = started
            self.change(item, **estate_jobs.newest(shown, started, status, code))

    def below(self, vault: str, path: str, properties: Mapping[str, Any]) -> str:
        """Add a row of something inside a vault; `path` is what of its id follows the vault's."""
        row_id, segments = f"{vault}/{path}", path.split("/")
        kinds = segments[2::2] if segments[0] == "backupFabrics" else []
        kind = "/".join(["microsoft.recoveryservices/vaults", segments[0], *kinds]).lower()
        row = {"id": row_id, "name": segments[-1], "type": kind, **self._place(row_id)}
        return self.add(_RECOVERY, {**row, "properties": dict(properties)})

    def _place(self, row_id: str) -> Row:
        """The columns that follow from an id; Resource Graph lower-cases the group's name."""
        _, _, subscription, _, group, *_ = row_id.split("/")
        tenant = self.row(f"/subscriptions/{subscription}")["tenantId"]
        return {"tenantId": tenant, "subscriptionId": subscription, "resourceGroup": group.lower()}


def guid_of(*names: str) -> str:
    """The same names always make the same id."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(names)))


def seconds(duration: str) -> float:
    """Read "90m", "3h", "2d"."""
    if not re.fullmatch(r"\d+(\.\d+)?[smhd]", duration):
        raise ValueError(f"a duration is a number and s, m, h or d, such as 90m; got {duration!r}")
    return float(duration[:-1]) * _UNITS[duration[-1]]


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
