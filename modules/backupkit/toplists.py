"""The first few of any number of rows, by rank, in the memory of those few."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Top(Generic[T]):
    """Keeps the `most` rows of the highest rank; of equals, those that came first. `total` counts all."""

    def __init__(self, most: int) -> None:
        self.total = 0
        self._most = most
        self._heap: list[tuple[Any, int, T]] = []

    def wants(self, rank: Any) -> bool:
        """Whether a row of this rank would be kept, so that others need not be made."""
        return len(self._heap) < self._most or (self._most > 0 and rank > self._heap[0][0])

    def add(self, rank: Any, row: T) -> None:
        self.total += 1
        entry = (rank, -self.total, row)
        if len(self._heap) < self._most:
            heapq.heappush(self._heap, entry)
        elif self._most:
            heapq.heappushpop(self._heap, entry)

    def skip(self) -> None:
        """Count a row that is not wanted."""
        self.total += 1

    def __iter__(self) -> Iterator[T]:
        """The highest first."""
        return (row for _, _, row in sorted(self._heap, key=lambda entry: entry[:2], reverse=True))

    def __len__(self) -> int:
        return len(self._heap)
