"""What the caller may do at a scope, as ARM itself lists it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.access import forbidden
from simulator.roles import Role
from simulator.routes import Routes
from simulator.subscriptions import check_subscription
from simulator.wire import Request, Response

if TYPE_CHECKING:
    from simulator.world import World

routes = Routes()

READ = "Microsoft.Authorization/permissions/read"


@routes.on(
    "GET", "/{scope*}/providers/Microsoft.Authorization/permissions", READ, scope="", since="2015-07-01"
)
def list_permissions(world: World, request: Request, scope: str) -> Response:
    """One object per role held there; who holds none is refused like by any other read."""
    kind, _, rest = scope.partition("/")
    if kind.lower() == "subscriptions":
        check_subscription(world, rest.partition("/")[0])
    caller = world.access.principal(request)
    held = world.access.roles_at(caller, f"/{scope}")
    if not held:
        raise forbidden(caller, READ, f"/{scope}")
    return Response(200, {"value": [_permission(role) for role in held]})


def _permission(role: Role) -> dict[str, Any]:
    return {
        "actions": list(role.actions),
        "notActions": list(role.not_actions),
        "dataActions": list(role.data_actions),
        "notDataActions": [],
    }
