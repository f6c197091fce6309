"""How often Recovery Services may be asked about jobs and operations."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from simulator.recovery_rows import ACTION
from simulator.wire import RefusedError, Request

if TYPE_CHECKING:
    from simulator.world import World

READS = 150
WINDOW_S = 3600.0


def count_read(world: World, request: Request, subscription: str, kind: str) -> None:
    """Count a read of `kind` for caller and subscription: the limit spans the vaults of a subscription.

    Raises:
        RefusedError: 429 beyond 150 an hour, which is what recorded refusals name.
    """
    caller = world.access.principal(request).object_id
    name = f"{ACTION}/{kind}/read {subscription} {caller}".lower()
    wait = world.limits.take(name, READS, world.paced(WINDOW_S), world.now())
    if wait:
        seconds = math.ceil(wait)
        raise RefusedError(
            429,
            "ResourceRequestsThrottled",
            f"Number of requests for action '{ACTION}/{kind}/read' exceeded the limit of '{READS}' "
            f"for time interval '01:00:00'. Please try again after '{seconds}' seconds.",
            headers={"Retry-After": str(seconds), "x-ms-failure-cause": "gateway"},
        )
