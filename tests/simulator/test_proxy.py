import asyncio
import json
import ssl

import pytest

from simulator.app import Simulator
from simulator.faults import Fault, Faults, Rule
from simulator.server import serving
from tests.simulator.asking import ISSUER, ROBOT, VM, vm, world_of

TOKEN = ISSUER.signer.token(ROBOT, "https://management.azure.com/")
HEADERS = f"Host: management.azure.com\r\nAuthorization: Bearer {TOKEN}\r\n"
GET_VM = f"GET {VM}?api-version=2024-07-01 HTTP/1.1\r\n{HEADERS}\r\n"
TUNNEL = b"CONNECT management.azure.com:443 HTTP/1.1\r\nHost: management.azure.com:443\r\n\r\n"


def served(conversation, *rules):
    """Run `conversation(address)` against a simulator on a port of its own; gives what it gives."""

    async def run():
        simulator = Simulator(world_of(vm("vm-1")), ISSUER, Faults(list(rules)), lambda: None)
        async with serving(simulator) as address:
            return await asyncio.wait_for(conversation(address), 20)

    return asyncio.run(run())


async def answer(reader):
    """Status, reason and body of the next answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    _, status, reason = head[0].split(" ", 2)
    headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
    return int(status), reason, await reader.readexactly(int(headers.get("content-length", 0)))


async def secured(address, server="management.azure.com"):
    """A TLS connection through the tunnel, which trusts the authority of this run only."""
    reader, writer = await asyncio.open_connection("127.0.0.1", address.port)
    writer.write(TUNNEL)
    assert (await answer(reader))[0] == 200
    context = ssl.create_default_context(cafile=address.ca_file)
    await writer.start_tls(context, server_hostname=server)
    return reader, writer


async def plain(address, *lines):
    reader, writer = await asyncio.open_connection("127.0.0.1", address.port)
    writer.write("\r\n".join([*lines, "", ""]).encode())
    got = await answer(reader)
    writer.close()
    return got


def test_a_tunnel_to_azure_ends_here_and_stays_open():
    async def conversation(address):
        reader, writer = await secured(address)
        seen = []
        for _ in range(2):
            writer.write(GET_VM.encode())
            status, _, body = await answer(reader)
            seen.append((status, json.loads(body)["name"]))
        writer.close()
        return seen

    assert served(conversation) == [(200, "vm-1"), (200, "vm-1")]


def test_tls_without_a_tunnel_is_answered_too():
    async def conversation(address):
        context = ssl.create_default_context(cafile=address.ca_file)
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", address.port, ssl=context, server_hostname="acct.blob.core.windows.net"
        )
        writer.write(GET_VM.encode())
        status = (await answer(reader))[0]
        writer.close()
        return status

    assert served(conversation) == 200


def test_a_client_that_does_not_trust_us_gets_no_further():
    async def conversation(address):
        reader, writer = await asyncio.open_connection("127.0.0.1", address.port)
        writer.write(TUNNEL)
        await answer(reader)
        with pytest.raises(ssl.SSLCertVerificationError):
            await writer.start_tls(ssl.create_default_context(), server_hostname="management.azure.com")
        return (await secured(address))[1].close()

    served(conversation)


def test_a_tunnel_to_anywhere_else_is_refused_by_name():
    async def conversation(address):
        return await plain(address, "CONNECT graph.microsoft.com:443 HTTP/1.1")

    status, reason, body = served(conversation)

    assert (status, reason) == (403, "not simulated: graph.microsoft.com")
    assert body == b"the simulator does not play graph.microsoft.com:443, and lets nothing out\n"


def test_imds_is_asked_by_its_absolute_url():
    async def conversation(address):
        url = "http://169.254.169.254/metadata/identity/oauth2/token?resource=https://management.azure.com/"
        return await plain(address, f"GET {url} HTTP/1.1", "Host: 169.254.169.254", "Metadata: true")

    status, _, body = served(conversation)

    assert status == 200
    assert json.loads(body)["token_type"] == "Bearer"


def test_plain_http_to_anywhere_else_is_refused():
    async def conversation(address):
        return await plain(address, "GET http://example.org/ HTTP/1.1", "Host: example.org")

    assert served(conversation)[0] == 403


def test_the_identity_endpoint_is_on_the_same_port():
    async def conversation(address):
        path = address.variables()["IDENTITY_ENDPOINT"].removeprefix(address.url)
        return await plain(
            address,
            f"GET {path}?resource=x HTTP/1.1",
            f"Host: 127.0.0.1:{address.port}",
            f"X-IDENTITY-HEADER: {address.secret}",
        )

    assert served(conversation)[0] == 200


def test_a_tunnel_to_loopback_goes_through():
    async def conversation(address):
        async def echo(reader, writer):
            writer.write(await reader.readline())
            writer.close()

        there = await asyncio.start_server(echo, "127.0.0.1", 0)
        port = there.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", address.port)
        writer.write(f"CONNECT localhost:{port} HTTP/1.1\r\n\r\n".encode())
        status = (await answer(reader))[0]
        writer.write(b"hello\n")
        said = await reader.read()
        writer.close()
        there.close()
        return status, said

    assert served(conversation) == (200, b"hello\n")


def test_a_tunnel_to_a_closed_port_says_so():
    async def conversation(address):
        there = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
        port = there.sockets[0].getsockname()[1]
        there.close()
        await there.wait_closed()
        return await plain(address, f"CONNECT 127.0.0.1:{port} HTTP/1.1")

    assert served(conversation)[:2] == (502, "Bad Gateway")


def test_a_reset_is_a_reset():
    async def conversation(address):
        with pytest.raises(ConnectionResetError):
            await plain(address, "GET /msi/token HTTP/1.1", "Host: 127.0.0.1")

    served(conversation, Rule(Fault("reset", True), {"always": True}))


def test_a_cut_answer_ends_in_the_middle():
    async def conversation(address):
        reader, writer = await secured(address)
        writer.write(GET_VM.encode())
        with pytest.raises(asyncio.IncompleteReadError):
            await answer(reader)
        writer.close()

    served(conversation, Rule(Fault("truncate", 0.5), {"always": True}))


def test_a_head_that_comes_in_pieces_is_waited_for():
    async def conversation(address):
        reader, writer = await asyncio.open_connection("127.0.0.1", address.port)
        for piece in (b"CONN", b"ECT graph.microsoft.com:443 HTTP/1.1\r\n", b"\r\n"):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        status = (await answer(reader))[0]
        writer.close()
        return status

    assert served(conversation) == 403


def test_an_endless_head_is_cut_off():
    async def conversation(address):
        reader, writer = await asyncio.open_connection("127.0.0.1", address.port)
        writer.write(b"CONNECT " + b"x" * 70000)
        ended = await reader.read()
        writer.close()
        return ended

    assert served(conversation) == b""


def test_the_outer_environment_leads_nowhere_else():
    async def conversation(address):
        outer = {
            "PATH": "/bin",
            "AZURE_CLIENT_SECRET": "x",
            "AZURE_SUBSCRIPTION_ID": "aaaa",
            "MSI_ENDPOINT": "x",
        }
        return address.environment(outer), address

    environment, address = served(conversation)

    assert environment == {"PATH": "/bin", "AZURE_SUBSCRIPTION_ID": "aaaa", **address.variables()}
    assert environment["HTTPS_PROXY"] == environment["http_proxy"] == f"http://127.0.0.1:{address.port}"
    assert environment["REQUESTS_CA_BUNDLE"] == environment["NODE_EXTRA_CA_CERTS"] == str(address.ca_file)
    assert environment["NO_PROXY"] == "127.0.0.1"
    assert not address.ca_file.exists(), "it went with the run"
