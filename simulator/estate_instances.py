"""Backup vaults in an estate: their policies, backup instances and jobs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from tzlocal.windows_tz import win_tz

from simulator import clock
from simulator import protection_shapes as shapes
from simulator.estate import Estate, guid_of, seconds
from simulator.protection_errors import cause
from simulator.protection_kinds import Kind, destination, kind, rule_name
from simulator.protection_terms import duration_seconds
from simulator.store import Row

_TYPE = "microsoft.dataprotection/backupvaults"
_TABLE = "recoveryservicesresources"
_GOOD = ("Completed", "CompletedWithWarnings")


def backup_vault(
    estate: Estate,
    name: str,
    *,
    subscription: str,
    group: str,
    location: str = "westeurope",
    **properties: Any,
) -> str:
    """Add a Backup vault; Resource Graph has its id with a capital B, unlike the ids of what lies in it."""
    tenant = estate.row(f"/subscriptions/{subscription}")["tenantId"]
    principal = guid_of("identity", subscription, group, name)
    return estate.resource(
        "Microsoft.DataProtection/BackupVaults",
        name,
        subscription=subscription,
        group=group,
        location=location,
        identity={"type": "SystemAssigned", "principalId": principal, "tenantId": tenant},
        properties={**shapes.vault(), **properties},
    )


def backup_policy(
    estate: Estate,
    vault: str,
    name: str,
    of: str,
    *,
    rule: str | None = None,
    every: str | None = None,
    at: str = "22:00",
    zone: str = "UTC",
    tags: Mapping[str, str] | None = None,
) -> str:
    """Add a policy for `of`, a name of KINDS.

    It runs `every` PT4H, P1D or P1W from the wall-clock time `at` in `zone` (of Windows or IANA). `tags`
    say how long each is kept, the default first (Default for the kind's usual time). `rule` is the name of
    its backup rule, else the portal's for `every`. A policy of "blob" is operational and has no backup
    rule, unless it is given one or a schedule: then it is vaulted.
    """
    of = "blob-vaulted" if of == "blob" and (rule or every) else of
    known = kind(of)
    every = every or known.every
    rule = (rule or rule_name(every)) if every else ""
    interval = _interval(estate, name, at, every, zone) if every else ""
    kept = dict(tags or {"Default": known.retention})
    return _below(estate, vault, "backupPolicies", name, shapes.policy(known, rule, interval, zone, kept))


def instance(
    estate: Estate,
    vault: str,
    resource_id: str,
    of: str,
    *,
    policy: str = "",
    state: str = shapes.CONFIGURED,
    **properties: Any,
) -> str:
    """Protect a resource, which need not exist; `of` is a name of KINDS.

    "blob" is vaulted where its policy is, "postgresql" is of a flexible server where the resource is one.
    An instance that is SoftDeleted stands among the vault's deleted ones.
    """
    held = estate.row(vault)
    known = _refined(estate, of, resource_id, policy)
    name = shapes.instance_name(resource_id, guid_of("instance", vault, resource_id))
    described = shapes.instance(
        known,
        _lower(vault),
        resource_id,
        policy=policy,
        location=held["location"],
        state=state,
        **_of_policy(estate, policy),
    )
    if state == "SoftDeleted":
        gone = shapes.deleted(described, estate.now - 86400)
        return _below(estate, vault, "deletedBackupInstances", name, {**gone, **properties})
    return _below(
        estate, vault, "backupInstances", name, {**described, **properties}, location=held["location"]
    )


def instance_job(
    estate: Estate,
    of: str,
    status: str,
    *,
    ago: str,
    takes: str = "4m",
    codes: Iterable[str] = (),
    user: bool = False,
    operation: str = "Backup",
    tag: str = "Default",
    **properties: Any,
) -> str:
    """Add a job of the instance `of` that started `ago` and, unless it still runs, ended `takes` later.

    Add jobs oldest first: a backup that succeeds moves the instance's latest recovery point and clears its
    error, one that fails for a cause that needs a person leaves the error there.
    """
    start, end = estate.now - seconds(ago), estate.now - seconds(ago) + seconds(takes)
    if status not in shapes.RUNNING and end > estate.now:
        raise ValueError(f"job of {of}: started {ago} ago and taking {takes} it would not be {status} yet")
    row, codes = estate.row(of), [str(code) for code in codes]
    row_id = row["id"].replace("/deletedBackupInstances/", "/backupInstances/")
    name = guid_of("job", row_id, clock.stamp(start), operation)
    described = shapes.job(
        row_id,
        row["properties"],
        activity=guid_of("activity", name),
        user=user,
        operation=operation,
        destination=destination(row["properties"]["dataSourceInfo"]["datasourceType"]),
    )
    described |= shapes.course(described, status, start, end, tag=tag, codes=codes)
    if described["operationCategory"] == "Backup":
        _settle(row["properties"], status, clock.stamp(start), codes)
    return _below(estate, vault_of(row["id"]), "backupJobs", name, {**described, **properties})


def vault_of(row_id: str) -> str:
    """The id of the Backup vault an id lies in, in its own casing."""
    match = re.match(r"(.*?/backupVaults/[^/]+)/", row_id, re.IGNORECASE)
    if not match:
        raise ValueError(f"{row_id!r} does not lie in a Backup vault")
    return match[1]


def _lower(vault: str) -> str:
    return vault.replace("/BackupVaults/", "/backupVaults/")


def _interval(estate: Estate, name: str, at: str, every: str, zone: str) -> str:
    """The wall-clock time of a Sunday about two months ago, with the zone's offset of that day."""
    if not re.fullmatch(r"[0-2]\d:[0-5]\d", at):
        raise ValueError(f"policy {name!r}: at must be a time such as 22:00, got {at!r}")
    duration_seconds(every)
    day = datetime.fromtimestamp(estate.now - 60 * 86400, UTC)
    sunday = datetime.fromtimestamp(day.timestamp() - (day.weekday() + 1) % 7 * 86400, UTC)
    local = sunday.replace(
        hour=int(at[:2]), minute=int(at[3:]), second=0, microsecond=0, tzinfo=ZoneInfo(win_tz.get(zone, zone))
    )
    return f"R/{local.isoformat()}/{every}"


def _refined(estate: Estate, of: str, resource_id: str, policy: str) -> Kind:
    rules = estate.row(policy)["properties"]["policyRules"] if policy else []
    if of == "blob" and any(rule["objectType"] == "AzureBackupRule" for rule in rules):
        of = "blob-vaulted"
    if of == "postgresql" and "/flexibleservers/" in resource_id.lower():
        of = "postgresql-flexible"
    known = kind(of)
    if policy and known.datasource not in estate.row(policy)["properties"]["datasourceTypes"]:
        raise ValueError(f"{resource_id!r} is of {known.datasource}, which the policy {policy!r} is not for")
    return known


def _of_policy(estate: Estate, policy: str) -> dict[str, str]:
    """How often its backups run, and how long the longest kept of them is kept."""
    rules = estate.row(policy)["properties"]["policyRules"] if policy else []
    kept = [rule["lifecycles"][0]["deleteAfter"]["duration"] for rule in rules if "lifecycles" in rule]
    every = [rule["trigger"]["schedule"]["repeatingTimeIntervals"][0] for rule in rules if "trigger" in rule]
    return {
        "every": every[0].rpartition("/")[2] if every else "",
        "retention": max(kept, key=duration_seconds, default=""),
    }


def _settle(shown: Row, status: str, started: str, codes: list[str]) -> None:
    if status in _GOOD:
        shown.update(shapes.recovery_point(shown, started))
        shown.update(shapes.trouble(shown, ""))
    elif status == "Failed" and codes and cause(codes[0]).human:
        shown.update(shapes.trouble(shown, codes[0]))


def _below(
    estate: Estate, vault: str, path: str, name: str, properties: Mapping[str, Any], *, location: str = ""
) -> str:
    """Add a row of something inside a vault."""
    held = estate.row(vault)
    row = {
        "id": f"{_lower(held['id'])}/{path}/{name}",
        "name": name,
        "type": f"{_TYPE}/{path.lower()}",
        "location": location,
        "properties": dict(properties),
        **{column: held[column] for column in ("tenantId", "subscriptionId", "resourceGroup")},
    }
    return estate.add(_TABLE, row)
