"""What was asked and answered in a run."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from simulator.wire import Request

NO_ANSWER = "none"
"""Stands for the status of a request that got none: a reset connection, a killed client."""


class Stats:
    """One entry a request, in the order they arrived, from 1."""

    def __init__(self) -> None:
        self._requests: list[dict[str, Any]] = []
        self._operations: dict[str, Counter[str]] = defaultdict(Counter)
        self._refused: Counter[str] = Counter()
        self._bytes_in = self._bytes_out = 0
        self._running = self._peak = 0
        self._throttled = 0

    def arrived(self, request: Request) -> dict[str, Any]:
        """The request's own entry, which `answered` completes."""
        entry = {
            "n": len(self._requests) + 1,
            "method": request.method,
            "host": request.host,
            "path": request.path,
            "status": None,
        }
        self._requests.append(entry)
        self._bytes_in += len(request.body)
        self._running += 1
        self._peak = max(self._peak, self._running)
        return entry

    def answered(self, entry: dict[str, Any], operation: str, status: int | None, sent: int) -> None:
        entry["status"] = status
        self._operations[operation][str(status or NO_ANSWER)] += 1
        self._bytes_out += sent
        self._running -= 1
        self._throttled += status == 429

    def refused(self, host: str) -> None:
        """Count a connection to a host the simulator does not play; it is no request."""
        self._refused[host] += 1

    def report(self) -> dict[str, Any]:
        """`bytes` are those of bodies."""
        return {
            "operations": {name: dict(sorted(one.items())) for name, one in sorted(self._operations.items())},
            "bytes": {"in": self._bytes_in, "out": self._bytes_out},
            "throttles": self._throttled,
            "peak_concurrency": self._peak,
            "refused_hosts": dict(sorted(self._refused.items())),
            "requests": self._requests,
        }
