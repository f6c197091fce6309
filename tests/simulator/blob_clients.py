"""Storage accounts, and the Azure SDK's own clients for them, on the simulator or on Azurite."""

import asyncio
import threading
import time
from contextlib import contextmanager

from azure.core.credentials import AccessToken
from azure.storage.blob import BlobServiceClient

from simulator.app import Simulator
from simulator.faults import Faults
from simulator.server import serving
from tests.simulator.asking import GROUP, ISSUER, ROBOT, ask, world_of

ACCOUNT = "stledger"
ACCOUNT_ID = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/{ACCOUNT}"
HOST = f"{ACCOUNT}.blob.core.windows.net"
VERSION = "2025-05-05"
AZURITE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The well-known one of its development account."""


def account(name=ACCOUNT, **more):
    return {
        "id": ACCOUNT_ID.replace(ACCOUNT, name),
        "name": name,
        "type": "microsoft.storage/storageaccounts",
        "subscriptionId": "aaaa",
        "resourceGroup": "rg-app",
        "kind": "StorageV2",
        "sku": {"name": "Standard_ZRS"},
        **more,
    }


class Credential:
    """Gives the tokens that the managed identity of a robot would get."""

    def __init__(self, caller=ROBOT, audience="https://storage.azure.com/"):
        self.token = ISSUER.signer.token(caller, audience)
        self.asked = []

    def get_token(self, *scopes, **options):
        self.asked.append((scopes, options))
        return AccessToken(self.token, int(time.time()) + 3600)


@contextmanager
def simulated(world, faults=None):
    """The address of a simulator that serves in a thread of its own."""
    started, loop, told = threading.Event(), asyncio.new_event_loop(), {}

    async def serve():
        async with serving(Simulator(world, ISSUER, faults or Faults(), lambda: None)) as address:
            told["address"], told["stop"] = address, asyncio.Event()
            started.set()
            await told["stop"].wait()

    def run():
        try:
            loop.run_until_complete(serve())
        finally:
            started.set()
            loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    started.wait()
    try:
        yield told["address"]
    finally:
        loop.call_soon_threadsafe(told["stop"].set)
        thread.join()


def client_of(address, credential=None, name=ACCOUNT):
    return BlobServiceClient(
        f"https://{name}.blob.core.windows.net",
        credential=credential or Credential(),
        proxies={"https": address.url},
        connection_verify=str(address.ca_file),
        retry_total=0,
    )


@contextmanager
def on_simulator():
    with simulated(world_of(account())) as address, client_of(address) as client:
        yield client


@contextmanager
def on_azurite(url):
    key = {"account_name": "devstoreaccount1", "account_key": AZURITE_KEY}
    with BlobServiceClient(f"{url}/devstoreaccount1", credential=key, retry_total=0) as client:
        yield client


def storage(world, method, path, body=None, **headers):
    """Ask a simulated account over no wire at all, with a token unless that is ""."""
    token = ISSUER.signer.token(ROBOT, "https://storage.azure.com/")
    sent = {"authorization": f"Bearer {token}", "x_ms_version": VERSION, **headers}
    sent = {name: one for name, one in sent.items() if one or name == "authorization"}
    return ask(world, method, path, body, host=HOST, **sent)
