"""What the error details of a backup mean, and what to do about them.

Reads plain JSON as the vaults send it. Four shapes are in use: a job of a
Recovery Services vault `{errorCode: int, errorTitle, errorString, recommendations}`
(Azure Files without the title, which is also often empty), a job of a Backup
vault `{code, message, recommendedAction}`, an item's `lastBackupErrorDetail`
`{code, message, recommendations}` and its `healthDetails` `{code: int, title, ...}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from backupkit.failure_codes import CAUSES, GENERAL_CODES, Cause, Failure
from backupkit.failure_codes_vm import VM_CODES

__all__ = ["CAUSES", "NONE_GIVEN", "Cause", "Failure", "classify", "find", "known_codes"]

NONE_GIVEN: Final = "none given"
"""The code of a failure that came without one."""

_ROWS = (*GENERAL_CODES, *VM_CODES)
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
_LONGEST_TEXT = 20_000


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
    was given or NONE_GIVEN. Details that report success say nothing. Not for
    Resource Manager's own refusals: its `ResourceNotFound` is a missing vault.
    """
    judged = (_judge(detail) for detail in _objects(details))
    failures = [failure for failure in judged if failure]
    return min(failures, key=lambda failure: _RANK[failure.cause], default=_unknown("", None))


def _objects(details: object) -> list[Mapping[Any, Any]]:
    entries = details if isinstance(details, (list, tuple)) else [details]
    return [entry for entry in entries if isinstance(entry, Mapping)]


def _judge(detail: Mapping[Any, Any]) -> Failure | None:
    """Judge one detail; None when it says nothing.

    A known name decides, then a known number: names are what Microsoft
    documents. Text decides only where no name is given, since a name
    that we do not know is a cause that nobody has judged.
    """
    name, number = _name_in(detail), _number_in(detail)
    if name.casefold() in _SAYS_NOTHING:
        return None
    known = _BY_NAME.get(name.casefold()) or (None if number is None else _BY_NUMBER.get(number))
    if known or name:
        return known or _unknown(name, number)
    texts = [_text(detail, _MESSAGES), _text(detail, _ADVICE)]
    if number is None and not any(texts):
        return None
    return _from_links(texts) or _from_phrases(texts) or _unknown("", number)


def _name_in(detail: Mapping[Any, Any]) -> str:
    """The first name known to us, else the first given, else nothing."""
    given = [detail.get(key) for key in ("errorTitle", "title", "code", "errorCode")]
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
    hits = (row for text in texts for phrase, row in _BY_PHRASE.items() if phrase in text)
    return next(hits, None)


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
