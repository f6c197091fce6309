"""The simulator's own routes, for whoever holds the secret of its environment."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from simulator.wire import Request, Response

if TYPE_CHECKING:
    from simulator.world import World

PATH = "/simulator"
HEADER = "x-identity-header"
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def is_control(request: Request) -> bool:
    loopback = request.host.split(":")[0] in ("127.0.0.1", "localhost")
    return loopback and request.path.startswith(f"{PATH}/")


def answer(world: World, secret: str, request: Request) -> Response:
    if not secrets.compare_digest(request.headers.get(HEADER, ""), secret):
        return Response(401, {"error": f"the {HEADER} header does not hold the secret of the env file"})
    if (request.method, request.path) != ("POST", f"{PATH}/advance"):
        return Response(404, {"error": f"no such route: {request.method} {request.path}"})
    try:
        seconds = duration(request.query.get("by", ""))
    except ValueError as error:
        return Response(400, {"error": str(error)})
    world.advance(seconds)
    return Response(200, {"advanced_s": seconds})


def duration(text: str) -> float:
    """Seconds of `90s 90m 24h 7d`; raises ValueError for anything else."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text)
    if not match:
        raise ValueError(f"a duration is a number with s, m, h or d such as 90m, got {text!r}")
    return float(match[1]) * _UNITS[match[2]]
