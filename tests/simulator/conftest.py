import os

import pytest

PLAYERS = ["simulator", *(["azurite"] if "AZURITE_URL" in os.environ else [])]


@pytest.fixture(scope="module", params=PLAYERS)
def service(request):
    """The SDK's client of an account, on each of those that play storage here."""
    from tests.simulator.blob_clients import on_azurite, on_simulator

    playing = on_simulator() if request.param == "simulator" else on_azurite(os.environ["AZURITE_URL"])
    with playing as client:
        yield client


@pytest.fixture
def container(service):
    """A new container."""
    made = service.create_container(f"test-{os.urandom(8).hex()}")
    yield made
    made.delete_container(lease=None)
