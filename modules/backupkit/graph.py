"""Reading Resource Graph completely, or saying that it could not be."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

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


class Reading(Protocol):
    """What becomes of rows; `distinct` is how many of those given had an id of their own."""

    @property
    def distinct(self) -> int: ...
    def add(self, page: Sequence[Row], /) -> None: ...


R = TypeVar("R", bound=Reading)


class Graph:
    """Keeps within the caller's quota, which its answers tell, rather than running into it."""

    def __init__(self, arm: Arm) -> None:
        self._arm = arm
        self._remaining = 1
        self._resets_after = 0.0

    def read(self, query: str, scope: Scope, what: str) -> list[Row]:
        return self.read_as(query, scope, what, lambda row: row)

    def read_as(self, query: str, scope: Scope, what: str, make: Callable[[Row], T]) -> list[T]:
        """All rows of a query, each made into a record.

        Records are made page by page: whole rows of an estate would not fit the sandbox.

        Raises:
            IncompleteReadError, ArmError: as for `read_into`.
        """
        return self.read_into(query, scope, what, lambda: _Kept(make)).records

    def read_into(self, query: str, scope: Scope, what: str, fresh: Callable[[], R]) -> R:
        """Give all rows of a query that projects `id` and has an order to a reading, page by page.

        Each reading is begun with a fresh one, which has to forget what the last was given.

        Raises:
            IncompleteReadError: the rows do not add up to `totalRecords`, or an id came twice, in
                three readings on end.
            ArmError: Azure refused, or went on not answering.
        """
        fault = ""
        for _ in range(READINGS):
            reading = fresh()
            fault = self._read_once(query, scope, what, reading)
            if not fault:
                return reading
        raise IncompleteReadError(f"{what}: {fault}, {READINGS} times on end")

    def _read_once(self, query: str, scope: Scope, what: str, reading: Reading) -> str:
        """Read to the end; returns what was odd."""
        rows, total = 0, None
        cut = False
        with closing(self._pages(query, scope, what)) as pages:
            for body in pages:
                if not isinstance(body.get("data"), list) or type(body.get("totalRecords")) is not int:
                    return "an answer without rows, or without their number, came"
                total = body["totalRecords"] if total is None else total
                rows += len(body["data"])
                cut = str(body.get("resultTruncated")).lower() == "true"
                reading.add(body["data"])
        if cut:
            return "Resource Graph cut the result off"
        if reading.distinct != rows:
            return f"{rows - reading.distinct} rows came twice"
        return f"{rows} of {total} rows came" if rows != total else ""

    def _pages(self, query: str, scope: Scope, what: str) -> Generator[Mapping[str, Any], None, None]:
        """Bodies of answers; the next is asked for while the last is worked on."""
        used = {""}
        with ThreadPoolExecutor(1) as ahead:
            body, top = self._fitting(query, scope, what, GRAPH_PAGE, "")
            while True:
                token = str(body.get("$skipToken") or "")
                if token in used:  # the last page has none
                    yield body
                    return
                used.add(token)
                following = ahead.submit(self._fitting, query, scope, what, top, token)
                yield body
                body, top = following.result()

    def _fitting(
        self, query: str, scope: Scope, what: str, top: int, token: str
    ) -> tuple[Mapping[str, Any], int]:
        """A page, smaller than asked for where that many rows are too large an answer; and its size."""
        while True:
            try:
                return self._page(query, scope, what, top, token).body, top
            except ArmError as error:
                if "ResponsePayloadTooLarge" not in error.code or top == 1:
                    raise
                top = max(1, top // 2)

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


class _Kept(Generic[T]):
    """Records in memory."""

    def __init__(self, make: Callable[[Row], T]) -> None:
        self._make = make
        self._ids: set[str] = set()
        self.records: list[T] = []

    def add(self, page: Sequence[Row]) -> None:
        for row in page:
            self._ids.add(str(row["id"]).lower())
            self.records.append(self._make(row))

    @property
    def distinct(self) -> int:
        return len(self._ids)


def _seconds(text: str) -> float:
    """`00:00:05`; 5 where it cannot be read."""
    parts = text.split(":")
    try:
        hours, minutes, seconds = (float(part) for part in parts)
    except ValueError:
        return 5.0
    return hours * 3600 + minutes * 60 + seconds
