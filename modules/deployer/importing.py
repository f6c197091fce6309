"""Packages of a runtime environment: staged, linked, waited for; and what a failed one says."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice

from deployer import marks
from deployer.account import Account
from deployer.compare import SETTLED, package_state, package_why
from deployer.errors import DeployError, scrubbed
from deployer.live import by_name
from deployer.packages import Pin, Wheel, azure_version
from deployer.staging import Staging

AT_ONCE = 5
"""The service takes five imports in half a minute."""
WAIT_S = 30 * 60.0
_ADVICE = (
    "the service fetches each wheel itself: a storage firewall or private endpoint may stand in its way, or "
    "the file is no wheel for this Python; mend it and apply again"
)


class Importing:
    """Imports into one environment; `poll_s` is how often the service is asked how far it is."""

    def __init__(self, account: Account, environment: str, staging: Staging, poll_s: float) -> None:
        self._account = account
        self._environment = environment
        self._staging = staging
        self._poll_s = poll_s

    def run(self, pins: Iterable[Pin], wheels: Mapping[str, Wheel], told: Callable[[Pin], None]) -> None:
        """Import what is not there, some at a time, and say of each when it is.

        What an earlier run began is waited for first.

        Raises:
            DeployError: packages failed, all of them named; the others are there.
        """
        live = self._settled()
        wanted = [pin for pin in pins if package_why(pin, live, complete=False)]
        for pin in pins:
            if pin not in wanted:
                told(pin)
        faults = []
        for batch in _batches(wanted):
            for pin in batch:
                self._begin(wheels[pin.name])
            live = self._settled()
            for pin in batch:
                fault = _fault(pin, live)
                if fault:
                    faults.append(fault)
                else:
                    told(pin)
        if faults:
            raise DeployError("; ".join([*faults, _ADVICE]))

    def _begin(self, wheel: Wheel) -> None:
        self._staging.put(wheel)
        version = azure_version(wheel.version)
        link = {
            "uri": self._staging.link(wheel),
            "contentHash": {"algorithm": "sha256", "value": wheel.sha256},
            **({"version": version} if version else {}),
        }
        self._account.put_package(self._environment, wheel.name, link)

    def _settled(self) -> dict[str, marks.Json]:
        """All packages, when nothing is going on any more."""
        until = time.monotonic() + WAIT_S
        while True:
            live = by_name(self._account.packages(self._environment))
            busy = [name for name, body in live.items() if package_state(body) not in SETTLED]
            if not busy:
                return dict(live)
            if time.monotonic() > until:
                raise DeployError(
                    f"packages {', '.join(sorted(busy))} are still being imported after "
                    f"{WAIT_S / 60:.0f} minutes; look at them in the portal, and apply again"
                )
            time.sleep(self._poll_s)


def _fault(pin: Pin, live: Mapping[str, marks.Json]) -> str:
    body = live.get(pin.name.lower())
    if body is None:
        return f"package {pin.name} {pin.version} is not there after its import"
    if package_state(body) == "succeeded":
        return ""
    said = (body["properties"].get("error") or {}).get("message") or "without a message"
    told = scrubbed(" ".join(str(said).split())).rstrip(".")
    return f"package {pin.name} {pin.version} did not import: {told}"


def _batches(pins: Iterable[Pin]) -> Iterator[list[Pin]]:
    rest = iter(pins)
    while batch := list(islice(rest, AT_ONCE)):
        yield batch
