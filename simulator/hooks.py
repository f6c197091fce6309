"""Where messages go: the incoming webhooks of Teams and of Logic Apps, whose URL is all they ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator import clock
from simulator.routes import Routes
from simulator.wire import Request, Response

if TYPE_CHECKING:
    from simulator.world import World

routes = Routes()

TEAMS = r"[a-z0-9-]+\.webhook\.office\.com"
LOGIC_APPS = r"[a-z0-9-]+(\.[a-z0-9-]+)?\.logic\.azure\.com"
"""`prod-12.westeurope.logic.azure.com`: a region stands in it."""


@routes.on("POST", "/{path*}", "IncomingWebhook/post", host=TEAMS, since="", open=True)
def teams(world: World, request: Request, path: str) -> Response:
    _keep(world, request)
    return Response(200, b"1", {"Content-Type": "text/plain; charset=utf-8"})


@routes.on(
    "POST", "/{path*}", "Microsoft.Logic/workflows/triggers/invoke", host=LOGIC_APPS, since="", open=True
)
def logic_app(world: World, request: Request, path: str) -> Response:
    _keep(world, request)
    return Response(202)


def _keep(world: World, request: Request) -> None:
    """Raises RefusedError: 400 where the body is not JSON."""
    host = request.host.partition(":")[0]
    world.messages.append({"at": clock.stamp(world.now()), "host": host, "body": request.json()})
