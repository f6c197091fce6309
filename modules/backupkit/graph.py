"""Reading Resource Graph completely, or saying that it could not be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from backupkit.arm import Answer, Arm
from backupkit.errors import ArmError, IncompleteReadError
from backupkit.limits import GRAPH_PAGE, GRAPH_SUBSCRIPTIONS

Row = Mapping[str, Any]
T = TypeVar("T")

READINGS = 3
"""Whole readings of a query whose rows do not add up, before it counts as unread."""


@dataclass(frozen=True)
class Scope:
    """One request's worth of scope; with neither, all the identity sees."""

    subscriptions: tuple[str, ...] = ()
    management_groups: tuple[str, ...] = ()

    def body(self) -> dict[str, Any]:
        if self.subscriptions:
            return {"subscriptions": list(self.subscriptions)}
        if self.management_groups:
            return {"managementGroups": list(self.management_groups)}
        return {}


def scopes(subscriptions: Sequence[str]) -> list[Scope]:
    """Batches that a request may name; no subscription gives no batch."""
    return [Scope(subscriptions=tuple(batch)) for batch in batches(subscriptions, GRAPH_SUBSCRIPTIONS)]


def batches(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]


def quoted(values: Iterable[str]) -> str:
    """KQL string literals.

    Raises:
        ValueError: a value that could end its literal.
    """
    listed = list(values)
    for value in listed:
        if any(sign in value for sign in "'\"\\`\n\r"):
            raise ValueError(f"{value!r} cannot stand in a query")
    return ", ".join(f"'{value}'" for value in listed)


class Graph:
    """Keeps within the caller's quota, which its answers tell, rather than running into it."""

    def __init__(self, arm: Arm) -> None:
        self._arm = arm
        self._remaining = 1
        self._resets_after = 0.0

    def read(self, query: str, scope: Scope, what: str) -> list[Row]:
        return self.read_as(query, scope, what, lambda row: row)

    def read_as(self, query: str, scope: Scope, what: str, make: Callable[[Row], T]) -> list[T]:
        """All rows of a query that projects `id` and ends with `order by id asc`, each made into a record.

        Records are made page by page: whole rows of an estate would not fit the sandbox.

        Raises:
            IncompleteReadError: the rows do not add up to `totalRecords`, or an id came twice, in
                three readings on end.
            ArmError: Azure refused, or went on not answering.
        """
        fault = ""
        for _ in range(READINGS):
            reading = _Reading(make)
            fault = self._read_once(query, scope, what, reading) or reading.fault
            if not fault:
                return reading.records
        raise IncompleteReadError(f"{what}: {fault}, {READINGS} times on end")

    def _read_once(self, query: str, scope: Scope, what: str, reading: _Reading[T]) -> str:
        """Read to the end; returns what was odd."""
        token, top = "", GRAPH_PAGE
        used = set[str]()
        while True:
            try:
                body = self._page(query, scope, what, top, token).body
            except ArmError as error:
                if "ResponsePayloadTooLarge" not in error.code or top == 1:
                    raise
                top = max(1, top // 2)
                continue
            if not isinstance(body.get("data"), list) or type(body.get("totalRecords")) is not int:
                return "an answer without rows, or without their number, came"
            reading.total = reading.total if token else body["totalRecords"]
            reading.add(body["data"])
            used.add(token)
            token = str(body.get("$skipToken") or "")
            if token in used:  # the last page has none, and none is what the first was asked with
                cut = str(body.get("resultTruncated")).lower() == "true"
                return "Resource Graph cut the result off" if cut else ""

    def _page(self, query: str, scope: Scope, what: str, top: int, token: str) -> Answer:
        options: dict[str, Any] = {"resultFormat": "objectArray", "$top": top}
        if token:
            options["$skipToken"] = token
        if self._remaining <= 0:
            self._arm.wait(self._resets_after, what)
        return self._arm.graph({**scope.body(), "query": query, "options": options}, what, self._note)

    def _note(self, answer: Answer) -> None:
        remaining = answer.headers.get("x-ms-user-quota-remaining", "")
        self._remaining = int(remaining) if remaining.isdigit() else 1
        self._resets_after = _seconds(answer.headers.get("x-ms-user-quota-resets-after", ""))


class _Reading(Generic[T]):
    """One reading of a query: its records, and whether their number is right."""

    def __init__(self, make: Callable[[Row], T]) -> None:
        self._make = make
        self._ids: set[str] = set()
        self.records: list[T] = []
        self.total = 0

    def add(self, page: Iterable[Row]) -> None:
        for row in page:
            self._ids.add(str(row["id"]).lower())
            self.records.append(self._make(row))

    @property
    def fault(self) -> str:
        rows = len(self.records)
        if len(self._ids) != rows:
            return f"{rows - len(self._ids)} rows came twice"
        return f"{rows} of {self.total} rows came" if rows != self.total else ""


def _seconds(text: str) -> float:
    """`00:00:05`; 5 where it cannot be read."""
    parts = text.split(":")
    try:
        hours, minutes, seconds = (float(part) for part in parts)
    except ValueError:
        return 5.0
    return hours * 3600 + minutes * 60 + seconds
