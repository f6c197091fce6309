"""What an alert says failed, as ids to look up in the vault.

Reads the common alert schema: the alerts that vaults raise by themselves, and
those of log search rules. Anyone may have posted the body, so an id has the
one right form or is dropped; it proves nothing, and no free text is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from backupkit.params import GUID
from backupkit.plain import mapping
from backupkit.records import arm_path, vault_of
from backupkit.times import utc_or_none

MOST = 100
"""Entries taken from one body; what is beyond them is left to the schedule."""

_LONGEST_ID = 2_048
_GROUP = rf"/subscriptions/{GUID}/resourcegroups/[-\w.()]{{0,89}}[-\w()]/providers"
_RECOVERY_VAULT = rf"{_GROUP}/microsoft\.recoveryservices/vaults/[a-z0-9-]{{1,50}}"
_BACKUP_VAULT = rf"{_GROUP}/microsoft\.dataprotection/backupvaults/[a-z0-9-]{{1,50}}"
# Names of databases and shares may hold blanks and much else; nothing that changes the meaning of a path.
_NAME = r"\w[\w ;.,()\[\]@$+=&!~'-]*"
_VAULT = re.compile(rf"{_RECOVERY_VAULT}|{_BACKUP_VAULT}")
_ITEM = re.compile(
    rf"{_RECOVERY_VAULT}/backupfabrics/{_NAME}/protectioncontainers/{_NAME}/protecteditems/{_NAME}"
    rf"|{_BACKUP_VAULT}/backupinstances/{_NAME}"
)
_SOURCE = re.compile(
    rf"{_GROUP}/(?!microsoft\.(?:recoveryservices|dataprotection)/)[a-z]+\.[a-z.]+(?:/[a-z]+/{_NAME}){{1,4}}"
)
_JOB = re.compile(rf"(?:(?:{_RECOVERY_VAULT}|{_BACKUP_VAULT})/backupjobs/)?(?P<guid>{GUID})")
_CODE = re.compile(r"[a-z][a-z0-9_]{2,99}")
_CODE_LINK = re.compile(r"aka\.ms/AB-(\w+)", re.IGNORECASE)
_CODE_AT_END = re.compile(
    r"\d*(?:azure(?:iaasvm|storage)(\w+)"
    r"|azureworkload(\w+?)(?:copyonlyfull|full|differential|incremental|log)?)"
)
_AS_EXTENSION = "/providers/microsoft.recoveryservices/backupprotecteditem/"
"""How `sourceId` hangs a database on the id of its machine."""

_LOG_SEARCH = ("log alerts v2", "log analytics")


@dataclass(frozen=True)
class AlertHint:
    """A backup that is said to have failed; ids are lower-cased, "" is what the alert does not say.

    There is always a vault, and one of `item`, `source` and `job` at least.
    `code` is a failure code by its lower-cased name, good for a log line only.
    """

    vault: str
    item: str
    source: str
    job: str
    fired: datetime | None
    code: str


@dataclass(frozen=True)
class NotOurs:
    """An alert that gives nothing to do, and why."""

    reason: str


def read(body: object) -> list[AlertHint | NotOurs]:
    """Read one alert or a list of them: one entry for each thing said to have failed.

    Entries are unique, in order, at least one and at most MOST; one more says
    that there were others. Never raises, whatever the JSON value.
    """
    entries = (entry for alert in _list(body) or [body] for entry in _entries(alert))
    found: dict[AlertHint | NotOurs, None] = {}
    for entry in entries:
        if len(found) == MOST and entry not in found:
            return [*found, NotOurs(f"more than {MOST} entries in one body; the schedule takes the rest")]
        found[entry] = None
    return list(found)


def _entries(alert: object) -> Iterator[AlertHint | NotOurs]:
    data = mapping(mapping(alert).get("data"))
    essentials, context = mapping(data.get("essentials")), mapping(data.get("alertContext"))
    service = _words(essentials, "monitoringService").lower()
    if not essentials:
        yield NotOurs("not in the common alert schema; turn that on in the action group")
    elif (condition := _words(essentials, "monitorCondition").lower()) != "fired":
        yield NotOurs("resolved" if condition == "resolved" else f"its condition is {condition!r}, not fired")
    elif service == "azure backup":
        yield _built_in(essentials, context)
    elif service in _LOG_SEARCH:
        yield from _log_search(essentials, context)
    else:
        yield NotOurs(f"raised by {service!r}, not by Azure Backup or a log search")


def _built_in(essentials: Mapping[str, Any], context: Mapping[str, Any]) -> AlertHint | NotOurs:
    rule = _words(essentials, "alertRule").lower()
    if not (rule.startswith("backup") and "fail" in rule):
        return NotOurs(f"the alert {rule!r} is of no failed backup")
    extended = mapping(context.get("extendedInfo"))
    source = _id(context.get("sourceId"), None).partition(_AS_EXTENSION)[0]
    draft = AlertHint(
        vault="",
        item=_id(context.get("protectedItemId"), _ITEM) or _id(context.get("sourceId"), _ITEM),
        source=_id(context.get("linkedResourceId"), _SOURCE) or _id(source, _SOURCE),
        job=_job(extended.get("jobId")),
        fired=utc_or_none(essentials.get("firedDateTime")),
        code=code_in(extended.get("recommendedActions"), essentials.get("originAlertId")),
    )
    return _settled(draft, _list(essentials.get("alertTargetIDs")))


def _log_search(essentials: Mapping[str, Any], context: Mapping[str, Any]) -> Iterator[AlertHint | NotOurs]:
    row = None
    for row in _rows(context):
        yield _from_row(row, essentials)
    if row is None:
        yield NotOurs("a log search without dimensions; split its rule by _ResourceId and JobUniqueId")


def _from_row(row: Mapping[str, object], essentials: Mapping[str, Any]) -> AlertHint | NotOurs:
    """Columns of AddonAzureBackupJobs by name; what the rule leaves out the vault must tell.

    `BackupItemUniqueId` is usually the service's own key, and then no id at all.
    """
    operation, status = _words(row, "joboperation").lower(), _words(row, "jobstatus").lower()
    if not operation.startswith("backup") and operation:
        return NotOurs(f"the row is of a {operation!r} job, not of a backup")
    if status not in ("", "failed"):
        return NotOurs(f"the row is of a job that is {status!r}, not failed")
    items = (_id(row.get(name), _ITEM) for name in ("protecteditemid", "backupitemid", "backupitemuniqueid"))
    draft = AlertHint(
        vault="",
        item=next(filter(None, items), ""),
        source=_id(row.get("datasourceresourceid"), _SOURCE),
        job=_job(row.get("jobuniqueid")),
        fired=utc_or_none(essentials.get("firedDateTime")),
        code=_matched(_CODE, row.get("jobfailurecode")),
    )
    own = [row[name] for name in ("_resourceid", "resourceid") if _id(row.get(name), _VAULT)]
    return _settled(draft, own or _list(essentials.get("alertTargetIDs")))


def _rows(context: Mapping[str, Any]) -> Iterator[Mapping[str, object]]:
    """Dimensions of a condition are a row; alerts of the older rules carry the rows they found."""
    for condition in _list(mapping(context.get("condition")).get("allOf")):
        dimensions = [mapping(one) for one in _list(mapping(condition).get("dimensions"))]
        if dimensions:
            yield {_words(one, "name").lower(): one.get("value") for one in dimensions}
    for table in _list(mapping(context.get("SearchResults")).get("tables")):
        names = [_words(mapping(one), "name").lower() for one in _list(mapping(table).get("columns"))]
        for row in _list(mapping(table).get("rows")):
            yield dict(zip(names, _list(row), strict=False))


def _settled(draft: AlertHint, targets: list[Any]) -> AlertHint | NotOurs:
    """With its vault: the item's, which must be among those that the alert is about, else the only one."""
    vaults = {_id(target, _VAULT) for target in targets} - {""}
    vault = vault_of(draft.item) if draft.item else next(iter(vaults), "")
    if not vault:
        return NotOurs("names no vault")
    if (vaults and vault not in vaults) or (len(vaults) > 1 and not draft.item):
        return NotOurs("its vaults differ")
    if not (draft.item or draft.source or draft.job):
        return NotOurs("names neither protected item nor data source nor job")
    return replace(draft, vault=vault)


def _id(value: object, form: re.Pattern[str] | None) -> str:
    """An id lower-cased, `%3B` and doubled slashes undone; "" where it has not the form."""
    if not isinstance(value, str) or len(value) > _LONGEST_ID:
        return ""
    text = re.sub("/{2,}", "/", unquote(arm_path(value))).lower()
    return text if form is None or form.fullmatch(text) else ""


def _job(value: object) -> str:
    """A job's name: Recovery Services vaults give that alone, Backup vaults the whole id."""
    found = _JOB.fullmatch(_id(value, None))
    return found["guid"] if found else ""


def code_in(advice: object, origin: object) -> str:
    """From Microsoft's link, else from the end of the alert's own key: `..._<digits><type><code><kind>`."""
    link = _CODE_LINK.search(advice) if isinstance(advice, str) else None
    if link:
        return _matched(_CODE, link[1])
    tail = origin.lower().rpartition("_")[2] if isinstance(origin, str) else ""
    found = _CODE_AT_END.fullmatch(tail[:200])
    return _matched(_CODE, found[1] or found[2]) if found else ""


def _matched(form: re.Pattern[str], value: object) -> str:
    text = value.lower() if isinstance(value, str) else ""
    return text if form.fullmatch(text) else ""


def _words(values: Mapping[str, Any], key: str) -> str:
    """A short text; blanks may have been lost, or come twice."""
    value = values.get(key)
    return " ".join(value[:80].split()) if isinstance(value, str) else ""


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
