"""What every test stands on: a network that ends at this machine, and the same examples each time."""

import atexit
import gc
import ipaddress
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# No deadline: how fast this machine is decides nothing. Derandomized: a red run is red again.
settings.register_profile("suite", max_examples=50, deadline=None, derandomize=True, database=None)
settings.load_profile("suite")


class OutsideCallError(BaseException):
    """A test tried to leave this machine; not an Exception, so that no retry of ours can swallow it."""


def _is_here(host: Any) -> bool:
    if host in (None, "localhost", b"localhost"):
        return True
    try:
        return ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host).is_loopback
    except ValueError:
        return False


def _refuse_outside(event: str, args: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"):
        address = args[1]
        host = address[0] if isinstance(address, tuple) else None  # else a path: a socket of this machine
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = args[0]
    else:
        return
    if not _is_here(host):
        raise OutsideCallError(f"{event} {host!r}: tests reach loopback only; put the simulator in between")


# An audit hook sees every socket of the process, asyncio's included, and cannot be taken out again.
sys.addaudithook(_refuse_outside)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that only wait come first: the other workers are busy meanwhile."""
    items.sort(key=lambda item: item.get_closest_marker("patient") is None)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Thousands of tests stay until the end: no collection of garbage has to look through them again."""
    gc.freeze()
    atexit.register(gc.unfreeze)  # else what DuckDB keeps is not taken down, and told as a leak


@pytest.fixture(scope="session")
def root() -> Path:
    """The clone."""
    return Path(__file__).parents[1]
