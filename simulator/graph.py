"""Azure Resource Graph: POST /providers/Microsoft.ResourceGraph/resources.

Paging, limits and headers: learn.microsoft.com/azure/governance/resource-graph/concepts/work-with-data
and .../guidance-for-throttled-requests; shapes as recorded from Azure.
"""

from __future__ import annotations

import json
import math
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator import clock, graph_results, kql
from simulator.graph_facets import facet
from simulator.graph_scope import MAX_SUBSCRIPTIONS, Reader, Scope
from simulator.kql_errors import InvalidQueryError, NotSimulatedError
from simulator.routes import Routes
from simulator.wire import RefusedError, Request, Response

if TYPE_CHECKING:
    from simulator.access import Principal
    from simulator.world import World

MAX_PAGE = 1000
MAX_PAYLOAD = 16_777_216
"""Bytes of JSON in one answer."""
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

routes = Routes()


@dataclass(frozen=True)
class Asked:
    query: str
    scope: Scope
    top: int
    skip: int
    token: str
    as_table: bool
    facets: list[dict[str, Any]]


@routes.on(
    "POST",
    "/providers/Microsoft.ResourceGraph/resources",
    "Microsoft.ResourceGraph/resources/read",
    scope="",
    since="2018-09-01",
)
def resources(world: World, request: Request) -> Response:
    caller = world.access.principal(request)
    headers = _counted(world, caller)
    try:
        return _answer(world, caller, _asked(request), headers)
    except InvalidQueryError as error:
        raise _refused(world, 400, "BadRequest", error.details, headers) from error
    except NotSimulatedError as error:
        raise RefusedError(501, "NotSimulated", str(error), headers=headers) from error


def _counted(world: World, caller: Principal) -> dict[str, str]:
    """Count the query; returns the headers that tell what is left.

    Raises:
        RefusedError: 429, the quota is used up.
    """
    if world.settings.quota is None:
        return {"x-ms-user-quota-remaining": "15", "x-ms-user-quota-resets-after": "00:00:05"}
    allowed, window = world.settings.quota[0], world.paced(world.settings.quota[1])
    name, now = f"resourcegraph/{caller.tenant}/{caller.object_id}", world.now()
    wait = world.limits.take(name, allowed, window, now)
    left, resets = world.limits.left(name, allowed, window, now)
    headers = {
        "x-ms-user-quota-remaining": str(left),
        "x-ms-user-quota-resets-after": _clocked(math.ceil(resets)),
    }
    if wait:
        message = (
            "Client application has been throttled and should not attempt to repeat the request until an "
            "amount of time has elapsed. Please see https://aka.ms/resourcegraph-throttling for help."
        )
        headers["Retry-After"] = str(math.ceil(wait))
        raise _refused(world, 429, "RateLimiting", [{"code": "RateLimiting", "message": message}], headers)
    return headers


def _clocked(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _refused(
    world: World, status: int, code: str, details: list[dict[str, Any]], headers: Mapping[str, str]
) -> RefusedError:
    stamp = clock.stamp(world.now())
    message = (
        f"Please provide below info when asking for support: timestamp = {stamp}, "
        f"correlationId = {uuid.uuid5(uuid.NAMESPACE_OID, stamp)}."
    )
    return RefusedError(status, code, message, extra={"details": details}, headers=headers)


def _asked(request: Request) -> Asked:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise RefusedError(500, "InternalServerError", "Encountered internal server error.")
    body = request.json()
    if not isinstance(body, dict):
        raise _bad("InvalidRequestBody", "The request body must be a JSON object.")
    options = body.get("options") or {}
    since_objects = request.query.get("api-version", "") >= "2021"
    wanted = options.get("resultFormat") or ("objectArray" if since_objects else "table")
    if wanted not in ("objectArray", "table"):
        raise _bad("InvalidResultFormat", f"The result format '{wanted}' is not one of: table, objectArray.")
    return Asked(
        query=str(body.get("query") or ""),
        scope=_scope(body, options),
        top=_number(options, "$top", MAX_PAGE, (1, MAX_PAGE)),
        skip=_number(options, "$skip", 0, (0, 2**31 - 1)),
        token=str(options.get("$skipToken") or ""),
        as_table=wanted == "table",
        facets=body.get("facets") or [],
    )


def _bad(code: str, message: str) -> InvalidQueryError:
    return InvalidQueryError({"code": code, "message": message})


def _number(options: Mapping[str, Any], name: str, default: int, bounds: tuple[int, int]) -> int:
    given = options.get(name)
    if given is None:
        return default
    if type(given) is not int or not bounds[0] <= given <= bounds[1]:
        message = f"The value {given!r} of {name} is not a whole number from {bounds[0]} to {bounds[1]}."
        raise _bad("InvalidQueryOptions", message)
    return given


def _scope(body: Mapping[str, Any], options: Mapping[str, Any]) -> Scope:
    subscriptions, groups = body.get("subscriptions") or [], body.get("managementGroups") or []
    if subscriptions and groups:
        raise _bad("InvalidScope", "Either subscriptions or managementGroups can be given, not both.")
    wrong = [str(one) for one in subscriptions if not _GUID.fullmatch(str(one))]
    if wrong:
        raise _bad("SubscriptionsContainInvalidGuids", f"Not a subscription id: {', '.join(wrong)}.")
    if len(subscriptions) > MAX_SUBSCRIPTIONS:
        given = len(subscriptions)
        message = f"The request names {given} subscriptions; the maximum allowed is {MAX_SUBSCRIPTIONS}."
        raise _bad("TooManySubscriptions", message)
    reach = options.get("authorizationScopeFilter") or "AtScopeAndBelow"
    if reach not in ("AtScopeAndBelow", "AtScopeAboveAndBelow"):
        raise NotSimulatedError(f"the simulator does not filter by authorizationScopeFilter {reach!r}")
    return Scope(_folded(subscriptions), _folded(groups), reach == "AtScopeAboveAndBelow")


def _folded(names: list[str]) -> tuple[str, ...]:
    return tuple(sorted({str(one).lower() for one in names}))


def _answer(world: World, caller: Principal, asked: Asked, headers: dict[str, str]) -> Response:
    results, translation = graph_results.of(world), kql.translate(asked.query)
    whose = graph_results.whose(asked.query, asked.scope, caller)
    if asked.token:
        written, offset = results.find(asked.token, whose)
    else:
        if Reader(world, caller, world.graph_now()).show(
            translation.tables, asked.scope, translation.started
        ):
            headers = headers | {"x-ms-tenant-subscription-limit-hit": "true"}
        written = results.write(translation, whose, world.now())
        offset = 0 if translation.limited else asked.skip
    page = results.page(written, offset, asked.top)
    _check_size(page)
    names, after = [name for name, _ in page.columns], offset + len(page.rows)
    body: dict[str, Any] = {
        "totalRecords": written.total,
        "count": len(page.rows),
        "data": page.table() if asked.as_table else page.objects(),
        "facets": [facet(results, written, names, one, asked.as_table) for one in asked.facets],
    }
    body |= _what_follows(written, after, pages=translation.paged and "id" in names)
    if not asked.token and "$skipToken" not in body:
        results.drop(written)
    return Response(200, body, headers)


def _what_follows(written: graph_results.Written, after: int, *, pages: bool) -> dict[str, str]:
    """A token where there are more rows; a result without ids or of summarize has a first page only."""
    if after >= written.total:
        return {"resultTruncated": "false"}
    if not pages:
        return {"resultTruncated": "true"}
    return {"resultTruncated": "false", "$skipToken": graph_results.token(written, after)}


def _check_size(page: kql.Result) -> None:
    if page.weight < MAX_PAYLOAD // 4:
        return
    size = len(json.dumps(page.objects(), ensure_ascii=False, separators=(",", ":")).encode())
    if size > MAX_PAYLOAD:
        raise _bad(
            "ResponsePayloadTooLarge",
            f"Response payload size is {size}, and has exceeded the limit of {MAX_PAYLOAD}. Please consider "
            f"querying less data at a time and make paginated call if needed.",
        )
