"""A small estate of one Backup vault with an instance of each kind, and how to ask it."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from simulator import clock, protection
from simulator.estate import Estate
from simulator.estate_instances import backup_policy, backup_vault, instance
from simulator.routes import dispatch
from simulator.wire import Request, Response
from simulator.world import Settings, World

NOW = clock.moment("2026-11-22T12:00:00Z")
TABLE = "recoveryservicesresources"
API = "2024-04-01"
SOURCES = {
    "disk": "Microsoft.Compute/disks/d1",
    "blob": "Microsoft.Storage/storageAccounts/stoperational",
    "blob-vaulted": "Microsoft.Storage/storageAccounts/stvaulted",
    "postgresql": "Microsoft.DBforPostgreSQL/servers/pg1/databases/db1",
    "postgresql-flexible": "Microsoft.DBforPostgreSQL/flexibleServers/pg2",
    "aks": "Microsoft.ContainerService/managedClusters/k1",
}
RULES = {
    "disk": "BackupHourly",
    "blob-vaulted": "BackupWeekly",
    "postgresql": "BackupWeekly",
    "postgresql-flexible": "BackupWeekly",
    "aks": "BackupHourly",
}
TRIGGERED = tuple(RULES)
"""The kinds that have something to trigger."""


def body(rule: str = "BackupHourly", tag: str | None = "Default") -> dict[str, Any]:
    option = {} if tag is None else {"retentionTagOverride": tag}
    return {"backupRuleOptions": {"ruleName": rule, "triggerOption": option}}


class Place:
    """An estate with a Backup vault, and an instance of every kind by its name."""

    def __init__(self, now: float = NOW) -> None:
        self.estate = Estate(now)
        self.subscription = self.estate.subscription("prod")
        self.row_id = backup_vault(
            self.estate, "bv-1", subscription=self.subscription, group="rg-backup", location="northeurope"
        )
        self.vault = self.row_id.replace("/BackupVaults/", "/backupVaults/")
        self.policies = {
            kind: backup_policy(self.estate, self.row_id, f"{kind}-policy", kind) for kind in SOURCES
        }
        self.instances = {kind: self.protect(kind, source) for kind, source in SOURCES.items()}

    def protect(self, kind: str, source: str, **more: Any) -> str:
        policy = self.policies[kind]
        return instance(self.estate, self.row_id, self.resource(source), kind, policy=policy, **more)

    def resource(self, source: str) -> str:
        return f"/subscriptions/{self.subscription}/resourceGroups/rg-app/providers/{source}"


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> float:
        return self.at


class Caller:
    """A client of the vault: one identity, one world, a clock of its own."""

    def __init__(self, world: World, clock: Clock, place: Place, api: str = API) -> None:
        self.world = world
        self.clock = clock
        self.place = place
        self.api = api

    def get(self, path: str, **query: str) -> Response:
        return self.ask("GET", path, query)

    def backup(self, kind: str = "disk", given: Any = None, **query: str) -> Response:
        sent = body(RULES.get(kind, "BackupHourly")) if given is None else given
        return self.trigger(self.place.instances[kind], sent, **query)

    def trigger(self, instance_id: str, sent: Any, **query: str) -> Response:
        return self.ask("POST", f"{instance_id}/backup", query, json.dumps(sent).encode())

    def follow(self, link: str) -> Response:
        parts = urlsplit(link)
        assert (parts.scheme, parts.netloc) == ("https", "management.azure.com")
        return self.ask("GET", unquote(parts.path), dict(parse_qsl(parts.query)))

    def ask(self, method: str, path: str, query: dict[str, str], content: bytes = b"") -> Response:
        named = {name.lower(): value for name, value in {"api-version": self.api, **query}.items()}
        claims = {"aud": "https://management.azure.com", "exp": 9e12, "oid": "robot", "tid": "t"}
        token = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        headers = {"authorization": f"Bearer e30.{token}.c2ln"}
        request = Request(method, "management.azure.com", path, named, headers, content)
        return dispatch(self.world, protection.routes.all, request)

    def job(self, name: str) -> dict[str, Any]:
        properties: dict[str, Any] = self.get(f"{self.place.vault}/backupJobs/{name}").body["properties"]
        return properties

    def jobs(self) -> list[tuple[str, str]]:
        """Source and status of the vault's jobs, newest first."""
        listed = [one["properties"] for one in self.get(f"{self.place.vault}/backupJobs").body["value"]]
        return [(one["dataSourceName"], one["status"]) for one in listed]

    def graph(self, row_id: str) -> dict[str, Any]:
        """The properties Resource Graph has now, behind as it may be."""
        row = self.world.store.get(TABLE, row_id, self.world.graph_now())
        assert row is not None
        properties: dict[str, Any] = row["properties"]
        return properties


def caller(
    folder: Path, place: Place | None = None, settings: Settings | None = None, **known: Any
) -> Caller:
    place, going = place or Place(), Clock()
    place.estate.world.update(known)
    return Caller(World.load(place.estate.write(folder), settings, going), going, place)


def error(answer: Response) -> tuple[int, str]:
    return answer.status, answer.body["error"]["code"]
