"""ETags and dates a request asks for: If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from simulator.blob_errors import StorageError, bad_header
from simulator.blob_wire import Call

if TYPE_CHECKING:
    from simulator.blob_store import Blob, Container


@dataclass(frozen=True)
class Conditions:
    match: str
    none_match: str
    since: float | None
    unmodified_since: float | None


def of(call: Call) -> Conditions:
    return Conditions(
        match=_etag(call.header("if-match")),
        none_match=_etag(call.header("if-none-match")),
        since=_date(call, "if-modified-since"),
        unmodified_since=_date(call, "if-unmodified-since"),
    )


def check_read(call: Call, one: Blob | Container | None) -> None:
    """Raises StorageError: ConditionNotMet (412), NotModified (304) or UnsatisfiableCondition."""
    asked = of(call)
    if asked.none_match == "*":
        raise StorageError("UnsatisfiableCondition")
    if one is None:
        if asked.match:
            raise StorageError("ConditionNotMet")
        return
    modified = int(one.modified)
    if asked.match not in ("", "*", _etag(one.etag)):
        raise StorageError("ConditionNotMet")
    if asked.unmodified_since is not None and modified > asked.unmodified_since:
        raise StorageError("ConditionNotMet")
    stale = [asked.none_match == _etag(one.etag)] if asked.none_match else []
    stale += [modified <= asked.since] if asked.since is not None else []
    if stale and all(stale):
        raise StorageError("NotModified")


def check_write(call: Call, one: Blob | Container | None) -> None:
    """Raises StorageError: ConditionNotMet; whether "*" finds something is `check_new`'s to say."""
    asked = of(call)
    if bool(asked.match) and bool(asked.none_match):
        raise StorageError("MultipleConditionHeadersNotSupported")
    if not (_is_met(asked, one) if one else not asked.match):
        raise StorageError("ConditionNotMet")


def _is_met(asked: Conditions, one: Blob | Container) -> bool:
    """An ETag asked for is all that counts."""
    if asked.none_match:
        return asked.none_match != _etag(one.etag)
    if asked.match:
        return asked.match in ("*", _etag(one.etag))
    if asked.since is not None and int(one.modified) <= asked.since:
        return False
    return asked.unmodified_since is None or int(one.modified) <= asked.unmodified_since


def check_new(call: Call, one: Blob | None) -> None:
    """Raises StorageError: BlobAlreadyExists where `If-None-Match: *` found a blob."""
    if one is not None and of(call).none_match == "*":
        raise StorageError("BlobAlreadyExists")


def _etag(text: str) -> str:
    """Quotes are often left out; two ETags in a header are never taken."""
    if "," in text:
        raise StorageError("MultipleConditionHeadersNotSupported")
    return text.strip().strip('"')


def _date(call: Call, name: str) -> float | None:
    text = call.header(name)
    if not text:
        return None
    try:
        return parsedate_to_datetime(text).timestamp()
    except ValueError as error:
        raise bad_header(name, text) from error
