"""The simulator on a loopback port, in the running event loop."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from uvicorn import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from simulator import proxy, tls
from simulator.app import Message, Receive, Send, Simulator

_LONGEST_HEAD = 131072
"""Bytes of request line and headers; Automation's result URLs alone have 4 kB of signature."""
_ASTRAY = (
    "AZURE_AUTHORITY_HOST",
    "AZURE_CLIENT_CERTIFICATE_PASSWORD",
    "AZURE_CLIENT_CERTIFICATE_PATH",
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_PASSWORD",
    "AZURE_TENANT_ID",
    "AZURE_USERNAME",
    "ALL_PROXY",
    "all_proxy",
    "CURL_CA_BUNDLE",
    "IDENTITY_SERVER_THUMBPRINT",
    "IMDS_ENDPOINT",
    "MSI_ENDPOINT",
    "MSI_SECRET",
    "SSL_CERT_DIR",
)
"""What of the outer environment would lead a client past the simulator."""


class Connection(H11Protocol):
    """One HTTP connection; the application may drop it (`abort` of its scope)."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        connected = cast(asyncio.Transport, transport)
        super().connection_made(connected)
        inner = self.app

        async def app(scope: Message, receive: Receive, send: Send) -> None:
            _acknowledge(connected)
            await inner({**scope, "abort": lambda: proxy.abort(connected)}, receive, send)

        self.app = app


@dataclass(frozen=True)
class Address:
    """Where a running simulator is, and what a client needs to know to use it."""

    port: int
    secret: str
    ca_file: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def variables(self) -> dict[str, str]:
        proxies = ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy")
        trust = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS")
        return {
            **dict.fromkeys(proxies, self.url),
            **dict.fromkeys(trust, str(self.ca_file)),
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
            "IDENTITY_ENDPOINT": f"{self.url}/msi/token",
            "IDENTITY_HEADER": self.secret,
        }

    def environment(self, outer: Mapping[str, str]) -> dict[str, str]:
        """The outer environment, leading to the simulator and nowhere else."""
        return {name: value for name, value in outer.items() if name not in _ASTRAY} | self.variables()


@asynccontextmanager
async def serving(simulator: Simulator, port: int = 0) -> AsyncIterator[Address]:
    """Serve while the context lasts; port 0 is any free one.

    Raises:
        OSError: the port is taken.
    """
    with tempfile.TemporaryDirectory(prefix="azure-simulator-") as folder:
        ca_file = Path(folder) / "ca.pem"
        state = ServerState()
        house = proxy.House(
            http=_connections(simulator, state),
            context=tls.server_context(ca_file),
            plays=simulator.plays,
            refused=simulator.stats.refused,
        )
        listener = _listener(port)
        server = await asyncio.get_running_loop().create_server(lambda: proxy.Door(house), sock=listener)
        try:
            yield Address(listener.getsockname()[1], simulator.issuer.secret, ca_file)
        finally:
            server.close()
            await _leave(state)
            simulator.close()


def _connections(simulator: Simulator, state: ServerState) -> Callable[[], asyncio.Protocol]:
    config = Config(
        simulator,
        loop="asyncio",
        http=Connection,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level=logging.CRITICAL,
        access_log=False,
        proxy_headers=False,
        timeout_keep_alive=120,
        h11_max_incomplete_event_size=_LONGEST_HEAD,
    )
    config.load()
    return lambda: Connection(config, state, {})


def _acknowledge(transport: asyncio.Transport) -> None:
    """Tell the client at once that its head has come.

    Clients that use a proxy do not switch Nagle's algorithm off: they hold the body back until
    they know, which Linux would tell 40 ms later.
    """
    connection = transport.get_extra_info("socket")
    if connection is not None and sys.platform == "linux":
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


def _listener(port: int) -> socket.socket:
    """Accepted sockets inherit TCP_NODELAY; without it an answer waits 40 ms for the client's ACK."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(512)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener


async def _leave(state: ServerState) -> None:
    for task in list(state.tasks):
        task.cancel()
    for connection in list(state.connections):
        connection.transport.abort()
    await asyncio.gather(*state.tasks, return_exceptions=True)
