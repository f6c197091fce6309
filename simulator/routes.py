"""Which function answers a path."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.wire import RefusedError, Request, Response

if TYPE_CHECKING:
    from simulator.world import World

Handler = Callable[..., Response]
"""`handler(world, request, **segments)`; segments are decoded and keep their casing."""

MANAGEMENT = "management.azure.com"


@dataclass(frozen=True)
class Route:
    """`action` names the operation in statistics and is the right it needs.

    An empty `scope` needs a token but no right; `since` is the oldest
    api-version the shapes were checked against (empty: none is asked for);
    `where` are values the query must have ("": none).
    """

    method: str
    host: re.Pattern[str]
    path: re.Pattern[str]
    action: str
    handler: Handler
    scope: str
    since: str
    open: bool
    where: Mapping[str, str]

    def answers(self, request: Request) -> re.Match[str] | None:
        """The segments of the path, if this is the route of the request."""
        if self.method != request.method or not self.host.fullmatch(request.host.split(":")[0]):
            return None
        if any(request.query.get(name, "").lower() != value for name, value in self.where.items()):
            return None
        return self.path.fullmatch(request.path)


class Routes:
    """The routes of one service; the first that matches answers.

    In a pattern `{name}` is one segment and `{name*}` one or more.
    """

    def __init__(self, host: str = MANAGEMENT) -> None:
        self._host = host
        self.all: list[Route] = []

    def on(
        self,
        method: str,
        pattern: str,
        action: str,
        *,
        scope: str = "{path}",
        since: str = "2015-01-01",
        open: bool = False,
        host: str = "",
        where: Mapping[str, str] | None = None,
    ) -> Callable[[Handler], Handler]:
        """Register a handler.

        `scope` is a template over the segments, "{path}" the request's own path, for
        which the caller must hold `action`; "" asks for no right. `open`
        routes need no token (the identity endpoints).
        """

        def register(handler: Handler) -> Handler:
            self.all.append(
                Route(
                    method=method,
                    host=re.compile(host or re.escape(self._host), re.IGNORECASE),
                    path=_compiled(pattern),
                    action=action,
                    handler=handler,
                    scope=scope,
                    since=since,
                    open=open,
                    where=where or {},
                )
            )
            return handler

        return register


def _compiled(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\{\w+\*?\})", pattern)
    return re.compile("".join(_part(part) for part in parts), re.IGNORECASE | re.DOTALL)


def _part(part: str) -> str:
    if not part.startswith("{"):
        return re.escape(part)
    name = part.strip("{}*")
    return f"(?P<{name}>.+)" if part.endswith("*}") else f"(?P<{name}>[^/]+)"


def find(routes: list[Route], request: Request) -> tuple[Route, dict[str, str]]:
    """Say who answers.

    Raises:
        RefusedError: 501 NotSimulated, a code Azure never sends.
    """
    for route in routes:
        match = route.answers(request)
        if match:
            return route, match.groupdict()
    raise RefusedError(
        501,
        "NotSimulated",
        f"the simulator has no {request.method} https://{request.host}{request.path}; add it to the "
        f"file of its service, or check the URL: the real Azure may well have it",
    )


def dispatch(world: World, routes: list[Route], request: Request) -> Response:
    """Answer one request: route, api-version, token, right, handler."""
    try:
        route, segments = find(routes, request)
        if route.since:
            _check_api_version(request, route)
        if not route.open:
            scope = route.scope.format(path=request.path, **segments)
            world.access.check(request, route.action, scope)
        return route.handler(world, request, **segments)
    except RefusedError as refusal:
        return refusal.response()


def _check_api_version(request: Request, route: Route) -> None:
    given = request.query.get("api-version", "")
    if not given:
        raise RefusedError(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )
    if not re.fullmatch(r"\d{4}-\d\d-\d\d(-\w+)?", given) or given[:10] < route.since:
        raise RefusedError(
            400,
            "InvalidApiVersionParameter",
            f"The api-version '{given}' is invalid. The oldest version the simulator knows for "
            f"{route.action} is '{route.since}'.",
        )
