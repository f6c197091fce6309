"""Lists in pages: `nextLink` while there is more, and no such key on the last page."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from simulator.store import rows_of
from simulator.wire import RefusedError, Request, Response

if TYPE_CHECKING:
    from simulator.world import World

PAGE = 1000


def paged(request: Request, values: Sequence[Any], size: int = PAGE) -> Response:
    """The page of a list at hand that `$skiptoken` asks for, of `$top` values at most.

    Raises:
        RefusedError: 400 where either is no number.
    """
    start = number(request, "$skiptoken", 0)
    stop = start + (min(number(request, "$top", size), size) or size)
    body: dict[str, Any] = {"value": list(values[start:stop])}
    if stop < len(values):
        body["nextLink"] = next_link(request, str(stop))
    return Response(200, body)


def keyset(world: World, request: Request, table: str, *, under: str, type: str) -> dict[str, Any]:
    """A page of the rows the caller may read, by id; the token is the last id, so that no page costs more."""
    size = min(number(request, "$top", PAGE), PAGE) or PAGE
    seen, values = world.access.visible_sql(world.access.principal(request))
    where = f"starts_with(_key, ?) AND _key > ? AND (? = '' OR lower(type) = ?) AND ({seen})"
    bound = [under.lower() + "/", _after(request), type.lower(), type.lower(), *values]
    now = world.now()
    keys = world.store.connection.execute(
        f"SELECT _key FROM {rows_of(table)} WHERE {where} AND _from <= ? AND _until > ? "
        f"ORDER BY _key LIMIT {size + 1}",
        [*bound, now, now],
    ).fetchall()
    if not keys:
        return {"value": []}
    last = str(keys[:size][-1][0])
    page: dict[str, Any] = {"value": world.store.query(table, f"{where} AND _key <= ?", [*bound, last], now)}
    if len(keys) > size:
        page["nextLink"] = next_link(request, base64.urlsafe_b64encode(last.encode()).decode())
    return page


def next_link(request: Request, token: str) -> str:
    """This request's URL with another `$skiptoken`."""
    query = {**request.query, "$skiptoken": token}
    pairs = "&".join(f"{quote(name, safe='$')}={quote(value, safe='')}" for name, value in query.items())
    return f"{request.base}{quote(request.path, safe='/;=@:,!()~*')}?{pairs}"


def _after(request: Request) -> str:
    token = request.query.get("$skiptoken", "")
    try:
        return base64.urlsafe_b64decode(token).decode()
    except ValueError as error:
        raise RefusedError(400, "InvalidSkipToken", f"The skip token '{token}' is not valid.") from error


def number(request: Request, name: str, default: int) -> int:
    given = request.query.get(name, "")
    if not given:
        return default
    if not given.isdecimal():
        raise RefusedError(400, "InvalidQueryParameter", f"The value '{given}' of {name} is not a number.")
    return int(given)
