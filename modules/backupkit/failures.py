"""What the error details of a backup mean, and what to do about them.

Reads plain JSON as the vaults send it. These shapes are in use:

- a job of a Recovery Services vault `{errorCode: int, errorTitle, errorString,
  recommendations}`, Azure Files without the title, which is also often empty, and
  databases with `additionalDetails`, a text;
- a job of a Backup vault `{code, message, recommendedAction, details, innerError,
  isRetryable}`, where `details` holds the like and `innerError` is `{code,
  embeddedInnerError}`;
- an item's `lastBackupErrorDetail` and a container's `errorDetail`
  `{code, message, recommendations}`, and health details `{code: int, title, ...}`;
- a refusal or a failed operation `{error: {code, message, additionalInfo: [{info}]}}`,
  where `info` is as in a Backup vault's job, or `{ErrorCode, Message: {Value}}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from backupkit.failure_codes import CAUSES, GENERAL_CODES, WIRE, Cause, Failure
from backupkit.failure_codes_blobs import BLOB_CODES
from backupkit.failure_codes_databases import DATABASE_CODES, SQL_CODES
from backupkit.failure_codes_files import FILES_CODES
from backupkit.failure_codes_sap import ASE_CODES, HANA_CODES
from backupkit.failure_codes_vaults import AKS_CODES, DISK_CODES, POSTGRESQL_CODES, VAULT_CODES
from backupkit.failure_codes_vm import VM_CODES

__all__ = ["CAUSES", "NONE_GIVEN", "TABLES", "Cause", "Failure", "classify", "find", "known_codes"]

TABLES: Final[Mapping[str, tuple[Failure, ...]]] = {
    "Whatever is backed up": GENERAL_CODES,
    "Azure VMs": VM_CODES,
    "Databases in Azure VMs": DATABASE_CODES,
    "SQL Server": SQL_CODES,
    "SAP HANA": HANA_CODES,
    "SAP ASE": ASE_CODES,
    "Azure Files": FILES_CODES,
    "Whatever a Backup vault protects": VAULT_CODES,
    "Disks": DISK_CODES,
    "Blobs": BLOB_CODES,
    "PostgreSQL": POSTGRESQL_CODES,
    "AKS": AKS_CODES,
}
"""The tables by what is backed up. A code is known whatever it is met with."""

NONE_GIVEN: Final = "none given"
"""The code of a failure that came without one."""

_ROWS = tuple(row for rows in TABLES.values() for row in rows)
_BY_NAME = {row.code.casefold(): row for row in _ROWS}
_BY_NUMBER = {number: row for row in _ROWS for number in row.numbers}
_BY_LINK = {**_BY_NAME, **{link: row for row in _ROWS for link in row.links}}
_BY_PHRASE = {phrase: row for row in _ROWS for phrase in row.phrases}
_RANK = {cause: rank for rank, cause in enumerate(CAUSES)}

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,127}")
_DIGITS = re.compile(r"-?[0-9]{1,15}")
_LINK = re.compile(r"aka\.ms/(?:AB-)?([A-Za-z0-9_-]+)", re.IGNORECASE)
_SAYS_NOTHING = {"success", "iaasvmhealthgreendefault", "iaasvmhealthyellowdefault"}
_MESSAGES = ("errorString", "message", "errorTitle", "title")
_ADVICE = ("recommendations", "recommendedAction", "recommendedActions")
_NOT_FOUND = re.compile(r"the resource '[^']*' under resource group '[^']*' was not found")
_LONGEST_TEXT = 20_000
_DEEPEST = 8
"""How far in an enclosed error is looked for; three levels were seen."""


def known_codes() -> list[Failure]:
    """Every failure in the tables, by class in the order of CAUSES, then by code."""
    return sorted(_ROWS, key=lambda row: (_RANK[row.cause], row.code.casefold()))


def find(code: int | str) -> Failure | None:
    """Look one code up: a name in any casing, a number, or a number as text.

    `UserErrorX` and `X` are different codes.
    """
    number = _number(code)
    if number is not None:
        return _BY_NUMBER.get(number)
    return _BY_NAME.get(code.strip().casefold()) if isinstance(code, str) else None


def classify(details: object) -> Failure:
    """Say what `errorDetails` (a list of objects, or one object) mean together.

    Of several causes the first in the order of CAUSES decides. Never raises:
    whatever cannot be read is a failure of unknown cause, whose code is what
    was given or NONE_GIVEN. Details that report success say nothing.
    """
    judged = (_judge(detail) for detail in _objects(details))
    return _first([failure for failure in judged if failure]) or _unknown("", None)


def _objects(details: object) -> list[Mapping[Any, Any]]:
    """The details, each without the envelope of a refusal."""
    entries = details if isinstance(details, (list, tuple)) else [details]
    return [_opened(entry) for entry in entries if isinstance(entry, Mapping)]


def _opened(entry: Mapping[Any, Any]) -> Mapping[Any, Any]:
    error = entry.get("error")
    return error if isinstance(error, Mapping) else entry


def _first(failures: Iterable[Failure]) -> Failure | None:
    return min(failures, key=lambda failure: _RANK[failure.cause], default=None)


def _judge(detail: Mapping[Any, Any], depth: int = _DEEPEST) -> Failure | None:
    """Judge one detail; None when it says nothing.

    A known outer code decides: it is what the documents and the job list show.
    An unknown one counts as one cause, and what it encloses as more causes of
    the same failure: so an inner cause that needs a person is told, but none
    that a retry would cure outweighs a code that nobody has judged. An inner
    cause decides alone where no code stands outside.
    """
    own = _judge_alone(detail)
    if depth == 0 or own is None or own.cause != "unknown":
        return own
    inner = [failure for one in _enclosed(detail) if (failure := _judge(one, depth - 1))]
    if own.code == NONE_GIVEN and inner:
        return _first(inner)
    return _first([_hinted(own, detail, inner), *inner])


def _judge_alone(detail: Mapping[Any, Any]) -> Failure | None:
    """Judge one detail without what it encloses.

    A known name decides, then a known number: names are what Microsoft
    documents. Text decides only where no name is given, since a name
    that we do not know is a cause that nobody has judged.
    """
    name, number = _name_in(detail), _number_in(detail)
    if name.casefold() in _SAYS_NOTHING:
        return None
    known = _BY_NAME.get(name.casefold()) or (None if number is None else _BY_NUMBER.get(number))
    if known or name:
        return _as_meant(known, detail) if known else _unknown(name, number)
    texts = [_text(detail, keys) for keys in (_MESSAGES, _ADVICE, ("additionalDetails",))]
    if number is None and not any(texts) and not _enclosed(detail):
        return None
    return _from_links(texts) or _from_phrases(texts) or _unknown("", number)


def _as_meant(known: Failure, detail: Mapping[Any, Any]) -> Failure:
    """The row, but where Resource Manager uses the name: `ResourceNotFound` is a machine's, or the vault's.

    A vault says in its own words that a machine is gone; nothing may be stopped
    or deleted because somebody asked for a vault by a wrong name.
    """
    if known.cause != "gone" or not _NOT_FOUND.search(_text(detail, _MESSAGES)):
        return known
    remedy = "look whether the resource that the message names is gone, it may be the vault itself"
    return Failure(known.code, "human", remedy, WIRE)


def _enclosed(detail: Mapping[Any, Any]) -> list[Mapping[Any, Any]]:
    """The objects within that tell more of the same failure."""
    info = [one.get("info") for one in _objects(detail.get("additionalInfo"))]
    within = [detail.get(key) for key in ("details", "innerError", "embeddedInnerError")]
    return [one for value in (*within, info) for one in _objects(value)]


def _hinted(own: Failure, detail: Mapping[Any, Any], inner: list[Failure]) -> Failure:
    """An unknown cause with what else the service says of it, none of which is to be relied on."""
    codes = sorted({failure.code for failure in inner} - {own.code, NONE_GIVEN})
    hints = [f"it encloses {', '.join(codes)}"] if codes else []
    if detail.get("isRetryable") is True:
        hints.append("the service calls it retryable")
    return replace(own, remedy=f"{own.remedy}; {' and '.join(hints)}") if hints else own


def _name_in(detail: Mapping[Any, Any]) -> str:
    """The first name known to us, else the first given, else nothing."""
    given = [detail.get(key) for key in ("errorTitle", "title", "code", "errorCode", "ErrorCode")]
    names = [text.strip() for text in given if isinstance(text, str) and _NAME.fullmatch(text.strip())]
    known = [name for name in names if name.casefold() in _BY_NAME]
    return next(iter(known + names), "")


def _number_in(detail: Mapping[Any, Any]) -> int | None:
    """The first number given; 0 is how success is written."""
    numbers = (_number(detail.get(key)) for key in ("errorCode", "code"))
    return next((number for number in numbers if number), None)


def _number(value: object) -> int | None:
    """A code as a number; Resource Graph may send 400001 as 400001.0 or "400001"."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**15:
        return value
    if isinstance(value, str) and _DIGITS.fullmatch(value.strip()):
        return int(value)
    return None


def _text(detail: Mapping[Any, Any], keys: Iterable[str]) -> str:
    """What these fields say, in lower case, on one line, with plain apostrophes."""
    parts: list[str] = []
    for key in keys:
        value = detail.get(key)
        values = value if isinstance(value, (list, tuple)) else [value]
        parts += [one[:_LONGEST_TEXT] for one in values if isinstance(one, str)]
    return " ".join(" ".join(parts).split()).replace("\u2019", "'").lower()


def _from_links(texts: Iterable[str]) -> Failure | None:
    slugs = (slug for text in texts for slug in _LINK.findall(text))
    return next((_BY_LINK[slug] for slug in slugs if slug in _BY_LINK), None)


def _from_phrases(texts: Iterable[str]) -> Failure | None:
    """The row of the first text that has one; of several the worst, and then the one that says most."""
    for text in texts:
        hits = [(_RANK[row.cause], -len(said), said) for said, row in _BY_PHRASE.items() if said in text]
        if hits:
            return _BY_PHRASE[min(hits)[2]]
    return None


def _unknown(name: str, number: int | None) -> Failure:
    numbers = () if number is None else (number,)
    code = name or (NONE_GIVEN if number is None else str(number))
    remedy = "open the job in the vault and read its message: the failure came without a code"
    if code != NONE_GIVEN:
        remedy = (
            f"look {code} up in Microsoft's troubleshooting pages, "
            f"then add it with retry_codes= or never_codes="
        )
    return Failure(code, "unknown", remedy, "not in the tables", numbers=numbers)
