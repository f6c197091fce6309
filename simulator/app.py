"""The simulator as an ASGI application: every service behind one door.

Services answer one at a time on one worker thread; waiting (latency, faults)
happens beside them.
"""

from __future__ import annotations

import asyncio
import sys
import traceback
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson

from simulator import (
    alerts,
    arm,
    arm_ids,
    automation,
    blob,
    control,
    graph,
    groups,
    hooks,
    metadata,
    permissions,
    protection,
    recovery,
    storage_shares,
    subscriptions,
)
from simulator.faults import Fault, Faults
from simulator.identity import Issuer
from simulator.routes import Route, dispatch, find
from simulator.stats import Stats
from simulator.wire import RefusedError, Request, Response, Streamed

if TYPE_CHECKING:
    from simulator.world import World

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
T = TypeVar("T")
Body = bytes | Streamed
Headers = list[tuple[bytes, bytes]]


def all_routes(issuer: Issuer) -> list[Route]:
    """Every service's, the generic resources last."""
    return [
        *issuer.routes().all,
        *metadata.routes.all,
        *subscriptions.routes.all,
        *groups.routes.all,
        *graph.routes.all,
        *permissions.routes.all,
        *hooks.routes.all,
        *blob.routes.all,
        *recovery.routes.all,
        *protection.routes.all,
        *storage_shares.routes.all,
        *automation.routes.all,
        *alerts.routes.all,
        *arm.routes.all,
    ]


class Simulator:
    """`kill` ends the client's process group; `broken` counts our own failures."""

    def __init__(self, world: World, issuer: Issuer, faults: Faults, kill: Callable[[], None]) -> None:
        self.world = world
        self.issuer = issuer
        self.stats = Stats()
        self.broken = 0
        self._routes = all_routes(issuer)
        self._faults = faults
        self._kill = kill
        self._worker = ThreadPoolExecutor(1, "services")
        self._has_routes = cache(self._any_route)

    def close(self) -> None:
        self._worker.shutdown()

    def plays(self, host: str) -> bool:
        """Whether the host is there; a storage account's is while the account is. Any thread may ask."""
        return self._has_routes(host) and blob.is_there(self.world, host)

    def _any_route(self, host: str) -> bool:
        return any(route.host.fullmatch(host) for route in self._routes)

    def answer(self, request: Request) -> tuple[str, Response]:
        """The name of the operation, and the answer without any fault."""
        try:
            route, _ = find(self._routes, request)
        except RefusedError as refusal:
            return refusal.code, refusal.response()
        return _operation(route, request), dispatch(self.world, [route], request)

    def carry_out(self, request: Request) -> tuple[str, int, Headers, Body]:
        """`answer` encoded; a failure of our own must never pass for one of Azure's."""
        try:
            operation, response = self.answer(request)
            headers, body = encoded(request, response)
        except Exception:  # noqa: BLE001 - whatever it is, the client gets an answer and we a traceback
            self.broken += 1
            traceback.print_exc(file=sys.stderr)
            operation = "SimulatorError"
            refusal = RefusedError(
                500, "SimulatorError", "the simulator failed; its stderr has the traceback"
            )
            response = refusal.response()
            headers, body = encoded(request, response)
        return operation, response.status, headers, body

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        request = await read(scope, receive)
        if control.is_control(request):
            answered = await self._on_worker(control.answer, self.world, self.issuer.secret, request)
            await _send(send, answered.status, *encoded(request, answered))
        elif not self._has_routes(request.host.split(":")[0]):
            self.stats.refused(request.host)
            refusal = RefusedError(403, "HostNotSimulated", f"the simulator does not play {request.host}")
            await _send(send, 403, *encoded(request, refusal.response()))
        else:
            await self._exchange(request, send, lambda: _reset(scope, receive))

    async def _exchange(self, request: Request, send: Send, reset: Callable[[], Awaitable[None]]) -> None:
        entry = self.stats.arrived(request)
        fault = self._faults.due(request)
        await asyncio.sleep(self.world.settings.latency_ms / 1000)
        operation, status, headers, body = await self._faulted(request, fault)
        gone = fault is not None and fault.kind in ("reset", "kill")
        self.stats.answered(entry, operation, None if gone else status, 0 if gone else len(body))
        if gone:
            if fault is not None and fault.kind == "kill":
                self._kill()
            await reset()
        else:
            share = fault.value if fault is not None and fault.kind == "truncate" else None
            await _send(send, status, headers, body, share)

    async def _faulted(self, request: Request, fault: Fault | None) -> tuple[str, int, Headers, Body]:
        if fault is None:
            return await self._on_worker(self.carry_out, request)
        if fault.kind == "delay_s" and not fault.after:
            await asyncio.sleep(fault.value)
        done = await self._on_worker(self.carry_out, request) if fault.carries_out else None
        if fault.kind == "delay_s" and fault.after:
            await asyncio.sleep(fault.value)
        instead = fault.response()
        if done and not instead:
            return done
        operation = done[0] if done else self._name(request)
        response = instead or Response(500)
        return operation, response.status, *encoded(request, response)

    def _name(self, request: Request) -> str:
        try:
            return _operation(find(self._routes, request)[0], request)
        except RefusedError as refusal:
            return refusal.code

    async def _on_worker(self, work: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._worker, work, *arguments)


def _operation(route: Route, request: Request) -> str:
    return arm_ids.action(request.method, request.path) if route.action == arm_ids.ANY else route.action


async def read(scope: Message, receive: Receive) -> Request:
    """The request as services see it; a proxy's absolute target is a host and a path."""
    headers = _joined(scope["headers"])
    target = scope["raw_path"].decode("ascii")
    host = headers.get("host", "")
    if target.lower().startswith("http://"):
        split = urlsplit(target)
        host, target = split.netloc, split.path
    path = "/" + "/".join(part for part in unquote(target).split("/") if part)
    query = parse_qsl(scope["query_string"].decode("ascii"), keep_blank_values=True)
    return Request(
        method=scope["method"],
        host=host.lower(),
        path=path,
        query={name.lower(): value for name, value in query},
        headers=headers,
        body=await _body(receive),
        scheme=scope["scheme"],
        target=target,
    )


def _joined(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in pairs:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


async def _body(receive: Receive) -> bytes | bytearray:
    """One growing buffer: parts that are joined at the end would be there twice."""
    message = await receive()
    if not message.get("more_body", False):
        return bytes(message.get("body", b""))
    whole = bytearray(message["body"])
    while message.get("more_body", False):
        message = await receive()
        whole += message.get("body", b"")
    return whole


def encoded(request: Request, response: Response) -> tuple[Headers, Body]:
    """Headers and body as they go out; a header of the response wins over ours."""
    body, kind = _payload(response.body)
    ours = {
        "Cache-Control": "no-cache",
        "Pragma": "no-cache",
        "Expires": "-1",
        "Date": formatdate(usegmt=True),
        "x-ms-request-id": str(uuid.uuid4()),
        "x-ms-correlation-request-id": request.headers.get("x-ms-correlation-request-id")
        or str(uuid.uuid4()),
        "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
        "X-Content-Type-Options": "nosniff",
    }
    if kind:
        ours["Content-Type"] = kind
    if response.status != 204:
        ours["Content-Length"] = str(len(body))
    return _merged(ours, response.headers), b"" if response.status == 204 else body


def _payload(body: Any) -> tuple[Body, str]:
    if body is None:
        return b"", ""
    if isinstance(body, bytes | Streamed):
        return body, "application/octet-stream"
    return orjson.dumps(body), "application/json; charset=utf-8"


def _merged(ours: Mapping[str, str], theirs: Mapping[str, str]) -> Headers:
    taken = {name.lower() for name in theirs}
    kept = {name: value for name, value in ours.items() if name.lower() not in taken}
    pairs = {**kept, **theirs}.items()
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs if value]


async def _send(send: Send, status: int, headers: Headers, body: Body, share: float | None = None) -> None:
    """`share` cuts the body and leaves the answer unfinished, so that the server closes the connection.

    Where there is no body to cut, the client is told so, else it may use the connection again.
    """
    if share is not None and not body:
        headers = [*headers, (b"Connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    size = len(body) if share is None else int(len(body) * share)
    for piece in body.first(size) if isinstance(body, Streamed) else ():
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    last = body[:size] if isinstance(body, bytes) else b""
    await send({"type": "http.response.body", "body": last, "more_body": share is not None})


async def _reset(scope: Message, receive: Receive) -> None:
    scope["abort"]()
    while (await receive())["type"] != "http.disconnect":
        pass
