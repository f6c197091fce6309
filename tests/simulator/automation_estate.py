"""An estate with an Automation account and a storage account, wheels to import, and ways to ask it."""

from __future__ import annotations

import base64
import hmac
import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from azure.mgmt.automation import AutomationClient
from azure.storage.blob import ContainerClient, generate_blob_sas

from simulator import alert_urls, clock, delegation, worldfile
from simulator.blob_store import Blob, Container
from simulator.estate import Estate
from simulator.faults import Faults
from simulator.routes import dispatch
from simulator.store import KEPT
from simulator.wire import Request, Response
from simulator.world import Settings, World
from tests.simulator.asking import ISSUER, ROBOT, ROUTES
from tests.simulator.blob_clients import Credential, client_of, simulated

NOW = clock.moment("2026-11-22T12:00:00Z")
MANAGEMENT = "https://management.azure.com/"
GROUP, ACCOUNT, STORAGE = "rg-automation", "aa-backup", "stpackages"
VERSION = "2024-10-23"
HOOK = "https://1.webhook.westeurope.azure-automation.net/webhooks?token=s3cret%3d"
GROUPS, RULES = "Microsoft.Insights/actionGroups", "Microsoft.AlertsManagement/actionRules"
PYTHON = {"runtime": {"language": "Python", "version": "3.10"}}
WHEEL = "sample-1.2.3-py3-none-any.whl"
SOURCE = "print('caf\u00e9')\n"


class Clock:
    """Stands still until it is told otherwise."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += seconds


class Running(Clock):
    """Goes on, as the SDK's own signatures need it."""

    def __call__(self) -> float:
        self.now = clock.now()
        return self.now


class Place:
    """An Automation account in a world of its own, asked over no wire."""

    def __init__(
        self, clock: Clock | None = None, *, location: str = "westeurope", speed: float = 1.0, **world: Any
    ) -> None:
        self.clock = clock or Clock()
        self.estate = Estate(self.clock.now)
        self.subscription = self.estate.subscription("prod")
        where = {"subscription": self.subscription, "group": GROUP}
        self.account = self.estate.automation_account(ACCOUNT, location=location, **where)
        self.storage = self.estate.storage_account(STORAGE, **where)
        self.estate.world.update(world)
        self.world = loaded(self.estate, self.clock, speed)

    def ask(
        self, method: str, path: str, body: Any = None, *, version: str = VERSION, **query: str
    ) -> Response:
        """`path` is below the account unless it begins with a slash."""
        full = path if path.startswith("/") else f"{self.account}/{path}"
        return asked(self.world, method, full.rstrip("/"), body, {"api-version": version, **query})

    def put(self, path: str, **properties: Any) -> Response:
        return self.ask("PUT", path, {"location": "westeurope", "properties": properties})

    def published(self, name: str = "nightly", source: str = SOURCE) -> None:
        """A runbook with this content, published."""
        self.put(f"runbooks/{name}", runbookType="Python", runtimeEnvironment="Python-3.10", draft={})
        self.ask("PUT", f"runbooks/{name}/draft/content", source.encode())
        assert self.ask("POST", f"runbooks/{name}/publish").status == 202

    def scheduled(self, name: str = "daily", **properties: Any) -> Response:
        return self.put(f"schedules/{name}", **{**daily(self.clock.now), **properties})

    def linked(self, link: str, runbook: str = "nightly", schedule: str = "daily", **more: Any) -> Response:
        ends = {"runbook": {"name": runbook}, "schedule": {"name": schedule}}
        return self.put(f"jobSchedules/{link}", **ends, **more)

    def hooked(self, name: str = "failed", **properties: Any) -> Response:
        given = {"uri": HOOK, "expiryTime": stamp(self.clock.now + 86400), "runbook": {"name": "nightly"}}
        return self.put(f"webhooks/{name}", **{"isEnabled": True, **given, **properties})

    def stored(self, name: str = WHEEL, content: bytes | None = None) -> str:
        """Put a file into a container; its URL, signed for an hour of reading."""
        blobs = self.world.blobs
        container = blobs.containers(STORAGE).setdefault("wheels", Container("wheels", '"0x1"'))
        blob = container.blobs[name] = Blob(name, '"0x2"')
        blobs.commit(blob, [blobs.keep("", wheel() if content is None else content)])
        return f"https://{STORAGE}.blob.core.windows.net/wheels/{name}?{signature(name)}"

    def imported(self, uri: str, name: str = "sample", **link: Any) -> Response:
        """Put a package into the environment `kit`."""
        return self.put(f"runtimeEnvironments/kit/packages/{name}", contentLink={"uri": uri, **link})

    def package(self, name: str = "sample", after: float = 60) -> dict[str, Any]:
        """What that package is when so many seconds have passed."""
        self.clock.pass_(after)
        told = self.ask("GET", f"runtimeEnvironments/kit/packages/{name}").body["properties"]
        return dict(told)

    def id(self, kind: str, name: str) -> str:
        return f"/subscriptions/{self.subscription}/resourceGroups/{GROUP}/providers/{kind}/{name}"

    def receiver(self, **more: Any) -> dict[str, Any]:
        """What an action group needs to call the webhook `failed`."""
        return {
            "name": "retry",
            "automationAccountId": self.account,
            "runbookName": "nightly",
            "webhookResourceId": f"{self.account}/webhooks/failed",
            "isGlobalRunbook": False,
            "serviceUri": HOOK,
            "useCommonAlertSchema": True,
            **more,
        }

    def action_group(
        self, *receivers: dict[str, Any], location: str = "global", short: str = "retry", **more: Any
    ) -> Response:
        properties = {"groupShortName": short, "automationRunbookReceivers": [*receivers], **more}
        body = {"location": location, "properties": properties}
        return self.ask("PUT", self.id(GROUPS, "ag-backup"), body, version="2023-01-01")

    def group(self) -> Response:
        return self.ask("GET", self.id(GROUPS, "ag-backup"), version="2023-01-01")

    def processing_rule(self, **more: Any) -> Response:
        groups = [self.id(GROUPS, "ag-backup")]
        properties = {
            "scopes": [f"/subscriptions/{self.subscription}"],
            "conditions": [{"field": "MonitorService", "operator": "Equals", "values": ["Azure Backup"]}],
            "actions": [{"actionType": "AddActionGroups", "actionGroupIds": groups}],
            **more,
        }
        body = {"location": "Global", "properties": properties}
        return self.ask("PUT", self.id(RULES, "apr-backup"), body, version="2021-08-08")

    def list(self, kind: str, **query: str) -> list[dict[str, Any]]:
        found = self.ask("GET", kind, **query).body["value"]
        assert isinstance(found, list)
        return found


def signature(name: str) -> str:
    """A user-delegation SAS for reading this file, as a query."""
    given = {
        "sv": "2020-12-06",
        "sr": "b",
        "sp": "r",
        "se": "2026-11-22T13:00:00Z",
        "skoid": ROBOT.object_id,
        "sktid": ROBOT.tenant,
        "skt": "2026-11-22T11:00:00Z",
        "ske": "2026-11-22T13:00:00Z",
        "sks": "b",
        "skv": "2020-12-06",
    }
    text = delegation.signed_text(given, f"/blob/{STORAGE}/wheels/{name}")
    digest = hmac.digest(delegation.key(STORAGE, given), text.encode(), "sha256")
    return urlencode({**given, "sig": base64.b64encode(digest).decode()})


def loaded(estate: Estate, clock: Clock, speed: float = 1.0) -> World:
    world = World(Settings(speed=speed), clock=clock)
    for table in KEPT:
        world.store.load(table, estate.rows(table))
    world.known = worldfile.read(estate.world)
    alert_urls.seal_all(world)
    return world


def asked(world: World, method: str, path: str, body: Any, query: dict[str, str]) -> Response:
    token = ISSUER.signer.token(ROBOT, MANAGEMENT)
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    kind = "text/plain" if isinstance(body, bytes) else "application/json"
    headers = {"authorization": f"Bearer {token}", "content-type": kind}
    request = Request(method, "management.azure.com", path, query=query, headers=headers, body=content)
    return dispatch(world, ROUTES, request)


def refused(response: Response) -> tuple[int, str, str]:
    """Status, code and message, in whichever of its two envelopes."""
    error = response.body.get("error", response.body)
    return response.status, error["code"], error["message"]


def daily(now: float) -> dict[str, Any]:
    return {"startTime": stamp(now + 3600), "frequency": "Day", "interval": 1, "timeZone": "UTC"}


def stamp(moment: float) -> str:
    return clock.stamp(moment, digits=0)


def wheel(name: str = "sample", version: str = "1.2.3", code: str = "") -> bytes:
    """A wheel as pip takes it, with little in it but what it says of itself; the same bytes every time."""
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo(f"{name}-{version}.dist-info/METADATA"), metadata)
        archive.writestr(zipfile.ZipInfo(f"{name}/__init__.py"), code)
    return file.getvalue()


@contextmanager
def playing(place: Place, faults: Faults | None = None) -> Iterator[tuple[AutomationClient, Any]]:
    """The SDK's client of a place whose clock runs, and where the simulator serves it."""
    with simulated(place.world, faults) as address, automation_client(address, place.subscription) as client:
        yield client, address


def automation_client(address: Any, subscription: str) -> AutomationClient:
    return AutomationClient(
        Credential(audience=MANAGEMENT),
        subscription,
        proxies={"https": address.url},
        connection_verify=str(address.ca_file),
        polling_interval=0,
        retry_total=0,
    )


def staged(address: Any, files: dict[str, bytes]) -> dict[str, str]:
    """Put files into a container; their URLs with a user-delegation SAS, by name."""
    ends = datetime.now(UTC) + timedelta(hours=1)
    with client_of(address, name=STORAGE) as service:
        key = service.get_user_delegation_key(datetime.now(UTC) - timedelta(minutes=1), ends)
        container: ContainerClient = service.create_container("wheels")
        links = {}
        for name, content in files.items():
            container.upload_blob(name, content)
            sas = generate_blob_sas(
                STORAGE, "wheels", name, user_delegation_key=key, permission="r", expiry=ends
            )
            links[name] = f"{container.url}/{name}?{sas}"
    return links
