"""One port for everything a client may speak to the simulator.

Its first bytes tell what a connection is: CONNECT to a host of Azure becomes
TLS as that host, right here without another hop; a TLS handshake is served as
such; anything else is plain HTTP (identity endpoints, IMDS by its absolute
URL). CONNECT to loopback is a tunnel, to any other host a refusal.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
import struct
from asyncio.sslproto import SSLProtocol
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

_LONGEST_HEAD = 65536
_HANDSHAKE = 0x16


@dataclass(frozen=True)
class House:
    """What stands behind the door: `http` makes the protocol of a new connection."""

    http: Callable[[], asyncio.Protocol]
    context: ssl.SSLContext
    plays: Callable[[str], bool]
    refused: Callable[[str], None]


class Door(asyncio.Protocol):
    """Reads as much of a connection as tells what it is, then hands it on."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._seen = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._seen += data
        if self._seen[0] == _HANDSHAKE:
            self._serve_tls(self._seen)
        elif self._seen[:8].upper() == b"CONNECT ":
            head, end, rest = self._seen.partition(b"\r\n\r\n")
            if end:
                self._connect(head.split()[1].decode("latin-1"), rest)
            elif len(self._seen) > _LONGEST_HEAD:
                self._transport.close()
        elif len(self._seen) >= len(b"CONNECT "):
            self._hand_on(self._house.http(), self._seen)

    def _connect(self, target: str, rest: bytes) -> None:
        host, _, port = target.lower().rpartition(":")
        if _is_loopback(host) and port.isdecimal():
            self._transport.pause_reading()
            task = asyncio.get_running_loop().create_task(self._tunnel(host.strip("[]"), int(port), rest))
            task.add_done_callback(lambda done: done.exception())
        elif self._house.plays(host):
            self._transport.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            self._serve_tls(rest)
        else:
            self._house.refused(host)
            self._refuse(
                f"403 not simulated: {host}", f"the simulator does not play {target}, and lets nothing out\n"
            )

    def _serve_tls(self, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        waiter.add_done_callback(lambda done: done.cancelled() or done.exception())
        tls = SSLProtocol(
            loop,
            self._house.http(),
            self._house.context,
            waiter,
            server_side=True,
            ssl_shutdown_timeout=1.0,
        )
        self._transport.set_protocol(tls)
        tls.connection_made(self._transport)
        while data:
            buffer = tls.get_buffer(len(data))
            count = min(len(buffer), len(data))
            buffer[:count] = data[:count]
            tls.buffer_updated(count)
            data = data[count:]

    def _hand_on(self, protocol: asyncio.Protocol, data: bytes) -> None:
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        if data:
            protocol.data_received(data)

    async def _tunnel(self, host: str, port: int, rest: bytes) -> None:
        loop = asyncio.get_running_loop()
        try:
            there, _ = await loop.create_connection(lambda: Pipe(self._transport), host, port)
        except OSError as error:
            self._refuse("502 Bad Gateway", f"{host}:{port}: {error.strerror}\n")
            return
        self._transport.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        there.write(rest)
        self._transport.set_protocol(Pipe(there))
        self._transport.resume_reading()

    def _refuse(self, status: str, text: str) -> None:
        body = text.encode()
        head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n"
        self._transport.write(head.encode() + b"Connection: close\r\n\r\n" + body)
        self._transport.close()


class Pipe(asyncio.Protocol):
    """Writes what it reads to the other end."""

    def __init__(self, other: asyncio.Transport) -> None:
        self._other = other

    def data_received(self, data: bytes) -> None:
        self._other.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._other.close()


def abort(transport: asyncio.Transport) -> None:
    """Drop a connection the hard way: the other side reads ECONNRESET, not an end."""
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
