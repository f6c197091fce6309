"""What an export's files hold: their columns, in order, for both kinds of vault and all workloads.

`docs/export-schema.md` is made from this.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

VERSION: Final = 1
"""Grows when a column changes its name or meaning; columns are added without."""

Cell = str | int | float | bool | None
Record = dict[str, Cell]
Kind = Literal["text", "integer", "boolean", "time"]


@dataclass(frozen=True)
class Column:
    """A `time` is text, UTC, to the second: `2026-11-25T22:00:00Z`. No text is ever empty, but null."""

    name: str
    kind: Kind
    meaning: str


def _columns(*rows: tuple[str, Kind, str]) -> tuple[Column, ...]:
    return tuple(Column(*row) for row in rows)


COMMON = _columns(
    ("id", "text", "id in Azure as Azure gives it, in any casing"),
    ("key", "text", "the same lower-cased: one row has it in a day's file, and other columns refer to it"),
    ("tenant", "text", "id of the tenant, which is a customer's with Lighthouse"),
    ("subscription", "text", "id of the subscription, lower-cased"),
    ("subscription_name", "text", "its name"),
    ("resource_group", "text", "resource group, lower-cased"),
    ("vault", "text", "key of the vault"),
    ("vault_name", "text", "its name as given"),
    ("vault_type", "text", "`Recovery Services` or `Backup`"),
    ("location", "text", "region of the vault"),
)
_SUBJECT = _columns(
    (
        "workload",
        "text",
        "`vm` `files` `sql` `hana` `ase` `disk` `blob` `postgresql` `aks`, or as Azure says",
    ),
    ("item", "text", "key of the protected item"),
    ("item_name", "text", "its name; a database's and a share's with the server or account it is in"),
    ("source", "text", "id of what is backed up, lower-cased: `source` in the others of these files"),
    ("policy", "text", "key of the policy"),
    ("policy_name", "text", "its name"),
)
_FAILURE = _columns(
    ("error_code", "text", "code of the failure, by name where the tables know it, else as given"),
    (
        "error_class",
        "text",
        "class of the cause: `gone` `human` `unknown` `foreign` `self-heal` `limit` `wait` or `passing`",
    ),
    ("error_text", "text", "what Azure says of it, whole"),
    ("remedy", "text", "what to do about it"),
)

JOBS = (
    *COMMON,
    *_SUBJECT,
    *_columns(
        ("name", "text", "id of the job in its vault"),
        ("operation", "text", "what it does, as Azure says: `Backup`, `Restore`, `Backup (Full)`"),
        ("backup", "boolean", "whether it is a backup"),
        ("backup_type", "text", "`Full` `Differential` `Incremental` `Log` ..., where it says"),
        ("status", "text", "as Azure says"),
        ("outcome", "text", "`succeeded` `warned` `failed` `cancelled` `running` or `other`"),
        ("started", "time", "its start, by whose UTC day it is filed"),
        ("ended", "time", "its end"),
        ("duration_s", "integer", "seconds from start to end"),
        ("on_demand", "boolean", "whether somebody asked for it; null where Azure does not tell"),
        (
            "transferred_bytes",
            "integer",
            "bytes transferred, where it tells; a Recovery Services vault rounds them",
        ),
        ("activity", "text", "activity id, for Microsoft's support"),
    ),
    *_FAILURE,
)
ITEMS = (
    *COMMON,
    *[one for one in _SUBJECT if one.name not in ("item", "item_name")],
    *_columns(
        ("name", "text", "name; a database's and a share's with the server or account it is in"),
        (
            "state",
            "text",
            "`healthy` `never backed up` `past RPO` `error` `configuring` `stopped` or `soft-deleted`",
        ),
        ("protection_state", "text", "as Azure says"),
        ("protected", "boolean", "whether that state protects the source"),
        ("last_backup", "time", "last backup, where the item tells"),
        ("last_backup_status", "text", "how it went, as Azure says"),
        ("last_recovery_point", "time", "newest recovery point"),
        ("oldest_recovery_point", "time", "oldest recovery point"),
        ("recovery_points", "integer", "how many there are"),
        ("rpo_s", "integer", "frequency of the policy's backups in seconds"),
        ("rpo_age_s", "integer", "age of the newest recovery point when it was read, in seconds"),
        ("past_rpo_s", "integer", "how far past `rpo_s` that is; null where it is not, or not protected"),
        ("read", "time", "when it was read"),
    ),
    *_FAILURE,
)
POLICIES = (
    *COMMON,
    *_columns(
        ("name", "text", "name"),
        ("workload", "text", "what it is for"),
        ("rpo_s", "integer", "frequency of its backups in seconds; null where they are continuous"),
        ("schedule", "text", "such as `Full daily 22:00, Log every 15m`"),
        ("time_zone", "text", "the zone of its times"),
        ("keep_days", "integer", "how long a point of its most frequent kept backup is kept"),
        ("items", "integer", "how many items go by it, where it says"),
    ),
)
VAULTS = (
    *COMMON,
    *_columns(
        ("redundancy", "text", "`LocallyRedundant` `GeoRedundant` `ZoneRedundant`, as Azure says"),
        ("cross_region_restore", "text", "`Enabled` or `Disabled`"),
        ("soft_delete", "text", "state of soft delete, as Azure says"),
        ("soft_delete_days", "integer", "how long what is deleted can be had back"),
        ("immutability", "text", "state of immutability, as Azure says"),
        ("public_network", "text", "`Enabled` or `Disabled`"),
        ("job_failure_alerts", "text", "`Enabled` or `Disabled`"),
        ("tags", "text", "tags as JSON"),
    ),
)
ALERTS = (
    *COMMON,
    *_SUBJECT,
    *_columns(
        ("rule", "text", "what it is called: `Backup Failure`"),
        ("severity", "text", "`Sev0` to `Sev4`"),
        ("condition", "text", "`Fired` or `Resolved`, which the service says"),
        ("state", "text", "`New` `Acknowledged` or `Closed`, which people say"),
        ("fired", "time", "when it was raised, by whose UTC day it is filed"),
        ("changed", "time", "when it last changed"),
        ("resolved", "time", "when the service resolved it"),
        ("job", "text", "id in its vault of the job that it is of"),
    ),
    *_FAILURE,
)
COVERAGE = (
    *COMMON,
    *_columns(
        ("source", "text", "id of the resource, lower-cased"),
        ("name", "text", "its name"),
        ("kind", "text", "as what it is backed up, such as `vm`; a resource may have a row for each"),
        ("verdict", "text", "`protected` `unprotected` `unknown` or `excluded`, as unprotected_sweep says"),
        ("state", "text", "state of what protects it, or `none`"),
        ("action", "text", "what the sweep did about it"),
        ("reason", "text", "why"),
        ("rule", "text", "the rule that decided"),
        ("policy_name", "text", "the policy that protects it, or would"),
        ("confirmed", "boolean", "whether the service itself was asked"),
    ),
)

ENTITIES: Final[Mapping[str, tuple[Column, ...]]] = {
    "jobs": JOBS,
    "items": ITEMS,
    "policies": POLICIES,
    "vaults": VAULTS,
    "alerts": ALERTS,
    "coverage": COVERAGE,
}
RAW = Column("raw", "text", "with `raw=true`: the row as Resource Graph gave it, as JSON")


def names(entity: str, *, raw: bool) -> tuple[str, ...]:
    return tuple(column.name for column in columns(entity, raw=raw))


def columns(entity: str, *, raw: bool) -> tuple[Column, ...]:
    return (*ENTITIES[entity], RAW) if raw else ENTITIES[entity]


def kinds() -> Iterator[tuple[str, str, Kind]]:
    """Of each column its entity, name and kind."""
    for entity, held in ENTITIES.items():
        for column in (*held, RAW):
            yield entity, column.name, column.kind
