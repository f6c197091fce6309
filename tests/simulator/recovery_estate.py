"""A small estate of one Recovery Services vault, and how to ask it."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from simulator import clock, recovery
from simulator.estate import Estate
from simulator.routes import dispatch
from simulator.wire import Request, Response
from simulator.world import Settings, World

NOW = clock.moment("2026-11-22T12:00:00Z")
SUB = "/subscriptions/5a5a0000-0000-0000-0000-000000000001"
VAULT = f"{SUB}/resourceGroups/rg-backup/providers/Microsoft.RecoveryServices/vaults/rsv-1"
POLICY = f"{VAULT}/backupPolicies/daily"
JOBS = "microsoft.recoveryservices/vaults/backupjobs"
ITEMS = "microsoft.recoveryservices/vaults/backupfabrics/protectioncontainers/protecteditems"
TABLE = "recoveryservicesresources"
BODY = {"properties": {"objectType": "IaasVMBackupRequest"}}


def vm_id(name: str) -> str:
    return f"{SUB}/resourceGroups/rg-app/providers/Microsoft.Compute/virtualMachines/{name}"


def item_id(name: str) -> str:
    where = f"iaasvmcontainerv2;rg-app;{name}"
    return (
        f"{VAULT}/backupFabrics/Azure/protectionContainers/IaasVMContainer;{where}/protectedItems/VM;{where}"
    )


def job_id(number: int) -> str:
    return f"{VAULT}/backupJobs/00000000-0000-0000-0000-{number:012d}"


def row(id: str, type: str, **properties: Any) -> dict[str, Any]:
    return {
        "id": id,
        "name": id.rsplit("/", 1)[-1],
        "type": type,
        "subscriptionId": SUB.rsplit("/", 1)[-1],
        "resourceGroup": "rg-backup",
        "location": "westeurope",
        "properties": properties,
    }


def vault() -> dict[str, Any]:
    return {**row(VAULT, "microsoft.recoveryservices/vaults"), "sku": {"name": "RS0", "tier": "Standard"}}


def item(name: str, **properties: Any) -> dict[str, Any]:
    given = {
        "friendlyName": name,
        "virtualMachineId": vm_id(name),
        "sourceResourceId": vm_id(name),
        "containerName": f"iaasvmcontainerv2;rg-app;{name}",
        "protectedItemType": "Microsoft.Compute/virtualMachines",
        "backupManagementType": "AzureIaasVM",
        "workloadType": "VM",
        "protectionState": "Protected",
        "protectionStatus": "Healthy",
        "healthStatus": "Passed",
        "lastBackupStatus": "Completed",
        "lastBackupTime": "2026-11-21T03:00:00.0000000Z",
        "policyId": POLICY,
        "policyName": "daily",
        "vaultId": VAULT,
        "currentProtectionState": "ProtectionConfigured",
        "dataSourceInfo": {"resourceID": vm_id(name)},
        "policyInfo": {"name": "daily"},
        "extendedInfo": {"recoveryPointCount": 7},
    }
    return row(item_id(name), ITEMS, **{**given, **properties})


def job(number: int, name: str, status: str = "Completed", **properties: Any) -> dict[str, Any]:
    given = {
        "jobType": "AzureIaaSVMJob",
        "entityFriendlyName": name,
        "containerName": f"iaasvmcontainerv2;rg-app;{name}",
        "backupInstanceId": item_id(name),
        "dataSourceId": vm_id(name),
        "backupManagementType": "AzureIaasVM",
        "operation": "Backup",
        "status": status,
        "startTime": "2026-11-22T03:00:00.0000000Z",
        "endTime": "2026-11-22T03:30:00.0000000Z",
        "duration": "PT30M0S",
        "activityId": "0a0a",
        "isUserTriggered": False,
    }
    if status == "InProgress":
        del given["endTime"]
    return row(job_id(number), JOBS, **{**given, **properties})


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> float:
        return self.at


def write(folder: Path, rows: list[dict[str, Any]], **known: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "resources.ndjson").write_text(json.dumps(vault()) + "\n")
    (folder / f"{TABLE}.ndjson").write_text("".join(json.dumps(one) + "\n" for one in rows))
    (folder / "world.json").write_text(json.dumps(known))
    return folder


class Caller:
    """A client of the vault: one identity, one world, a clock of its own."""

    def __init__(self, world: World, clock: Clock, who: str = "robot") -> None:
        self.world = world
        self.clock = clock
        self.who = who

    def get(self, path: str, **query: str) -> Response:
        return self.ask("GET", path, query)

    def post(self, path: str, body: Any = None, **query: str) -> Response:
        return self.ask("POST", path, query, json.dumps(body).encode())

    def backup(self, name: str, body: Any = BODY) -> Response:
        return self.post(f"{item_id(name)}/backup", body)

    def follow(self, link: str) -> Response:
        parts = urlsplit(link)
        assert (parts.scheme, parts.netloc) == ("https", "management.azure.com")
        return self.ask("GET", unquote(parts.path), dict(parse_qsl(parts.query)))

    def ask(self, method: str, path: str, query: dict[str, str], body: bytes = b"") -> Response:
        named = {name.lower(): value for name, value in {"api-version": "2024-04-01", **query}.items()}
        claims = {"aud": "https://management.azure.com", "exp": 9e12, "oid": self.who, "tid": "t"}
        token = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        headers = {"authorization": f"Bearer e30.{token}.c2ln"}
        request = Request(method, "management.azure.com", path, named, headers, body)
        return dispatch(self.world, recovery.routes.all, request)

    def jobs(self, filter: str = "") -> list[tuple[str, str]]:
        """Machine and status of the vault's jobs, newest first."""
        asked = {"$filter": filter} if filter else {}
        answer = self.get(f"{VAULT}/backupJobs", **asked)
        assert answer.status == 200, answer.body
        listed = [one["properties"] for one in answer.body["value"]]
        return [(one["entityFriendlyName"], one["status"]) for one in listed]

    def item(self, name: str) -> dict[str, Any]:
        properties: dict[str, Any] = self.get(item_id(name)).body["properties"]
        return properties


def caller(
    folder: Path, rows: list[dict[str, Any]], settings: Settings | None = None, **known: Any
) -> Caller:
    going = Clock()
    return Caller(World.load(write(folder, rows, **known), settings, going), going)


def estate() -> Estate:
    """One to add to, whose vault is `VAULT`."""
    made = Estate(NOW)
    subscription = made.subscription("prod", id=SUB.rsplit("/", 1)[-1])
    made.vault("rsv-1", subscription=subscription, group="rg-backup")
    return made


def playing(folder: Path, made: Estate, settings: Settings | None = None) -> Caller:
    going = Clock()
    return Caller(World.load(made.write(folder), settings, going), going)
