"""Deployments as plain values: what is wanted, and an account in which all of it is there."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from deployer import marks, timetable
from deployer.account import Target
from deployer.changes import Plan
from deployer.compare import environment_body, runbook_body, variable_body
from deployer.compare_alerts import webhook_body, webhook_name
from deployer.live import Link, Live
from deployer.manifest import read
from deployer.packages import Pin, azure_version
from deployer.plan import plan
from deployer.wanted import Wanted

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
SUBSCRIPTION = "5a5a0000-0000-0000-0000-000000000001"
OTHER = "5a5a0000-0000-0000-0000-000000000002"
TARGET = Target(SUBSCRIPTION, "rg-backup", "aa-backup")
URL = "https://guid.webhook.we.azure-automation.net/webhooks?token=secret"
PINS = (Pin("azure-core", "1.41.0"), Pin("cffi", "2.0.0"), Pin("tzdata", "2026.3"))
TEXT = '"""Retry failed backups."""\n\nimport sys\n'
MANIFEST: dict[str, Any] = {
    "runtime": {"name": "backup", "staging": "https://stbackup.blob.core.windows.net/packages"},
    "runbooks": {"auto_retry": {}},
    "schedules": {
        "hourly": {
            "every": "hour",
            "at": "00:20",
            "runs": [{"runbook": "auto_retry", "parameters": {"dry_run": True, "window": "24h"}}],
        },
        "nightly": {
            "every": "day",
            "at": "03:00",
            "zone": "Europe/Berlin",
            "runs": [{"runbook": "auto_retry", "parameters": {"window": "48h"}}],
        },
    },
    "webhooks": {"failed": {"runbook": "auto_retry", "parameters": {"dry_run": True}}},
    "alerts": {"ag-failed": {"webhook": "failed", "short_name": "failed"}},
    "variables": {"reports": {"value": "out/"}, "teams": {"value": "https://hook/secret", "encrypted": True}},
}


def wanted(folder: Path, change: Callable[[dict[str, Any]], object] = lambda manifest: None) -> Wanted:
    """What `MANIFEST`, changed, asks for at noon."""
    said = copy.deepcopy(MANIFEST)
    change(said)
    path = folder / "schedules.json"
    path.write_text(json.dumps(said))
    manifest = read(path, ROOT / "runbooks", {})
    return Wanted(manifest, dict.fromkeys(manifest.runbooks, TEXT), PINS, TARGET, NOW)


def settled(asked: Wanted) -> Live:
    """The account after all of it was applied, as Azure tells it."""
    manifest, account = asked.manifest, {"id": TARGET.id, "name": TARGET.account, "location": "westeurope"}
    names = {entry: webhook_name(entry, URL) for entry in manifest.webhooks}
    return Live(
        account=account,
        environments={"backup": {"name": "backup", **environment_body(asked, "westeurope", complete=True)}},
        packages={pin.name: package(pin.name, version=azure_version(pin.version)) for pin in PINS},
        runbooks={name: {"name": name, **_typed(runbook_body(asked, name))} for name in manifest.runbooks},
        contents=dict(asked.texts),
        schedules={name: _schedule(asked, name) for name in manifest.schedules},
        links=tuple(
            Link(f"link-{name}-{number}", name, run.runbook, run.tokens)
            for name, one in manifest.schedules.items()
            for number, run in enumerate(one.runs)
        ),
        webhooks={names[entry].lower(): _webhook(asked, entry, names[entry]) for entry in manifest.webhooks},
        variables={name: {"name": name, **_shown(variable_body(asked, name))} for name in manifest.variables},
        groups={asked.group_id(name).lower(): _group(asked, name, names) for name in manifest.alerts},
        rules={
            rule.lower(): {"id": rule, "name": name, **asked.rule(name, subscription)}
            for name in manifest.alerts
            for rule, subscription in asked.rule_ids(name).items()
        },
    )


def package(name: str, state: str = "Succeeded", **properties: Any) -> dict[str, Any]:
    return {"name": name, "properties": {"provisioningState": state, **properties}}


def _typed(body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "properties": {**body["properties"], "runbookType": "Python", "state": "Published"}}


def _shown(body: dict[str, Any]) -> dict[str, Any]:
    """Azure never gives an encrypted value back."""
    kept = {key: value for key, value in body["properties"].items() if key != "value"}
    return {"properties": kept} if kept["isEncrypted"] else body


def _schedule(asked: Wanted, name: str) -> dict[str, Any]:
    one = asked.manifest.schedules[name]
    made = timetable.wanted(one, NOW - timedelta(days=40))
    note = {"description": marks.noted(one.description), "isEnabled": one.enabled}
    return {"name": name, "properties": {**made, **note}}


def _webhook(asked: Wanted, entry: str, name: str) -> dict[str, Any]:
    runbook = {"name": asked.manifest.webhooks[entry].runbook}
    expiry = (NOW + timedelta(days=300)).isoformat()
    known = {**webhook_body(asked, entry), "runbook": runbook, "expiryTime": expiry, "uri": None}
    return {"name": name, "properties": known}


def _group(asked: Wanted, name: str, names: dict[str, str]) -> dict[str, Any]:
    alert = asked.manifest.alerts[name]
    receiver = {**asked.receiver(alert, names[alert.webhook]), "serviceUri": URL}
    properties = {
        "groupShortName": alert.short_name,
        "enabled": True,
        "automationRunbookReceivers": [receiver],
    }
    return {"id": asked.group_id(name), "name": name, "tags": marks.tags(TARGET.id), "properties": properties}


def changed(live: Live, table: str, name: str, **properties: Any) -> Live:
    """The account with other properties of one object; None takes one away."""
    bodies = copy.deepcopy(dict(getattr(live, table)))
    body = bodies[name.lower()]
    body["properties"] = {**body["properties"], **properties}
    body["properties"] = {key: value for key, value in body["properties"].items() if value is not None}
    return replace(live, **{table: bodies})


def without(live: Live, table: str, name: str) -> Live:
    return replace(
        live, **{table: {key: one for key, one in getattr(live, table).items() if key != name.lower()}}
    )


def theirs(live: Live, table: str, name: str, body: dict[str, Any]) -> Live:
    """The account with an object of somebody else."""
    return replace(live, **{table: {**getattr(live, table), name.lower(): {"name": name, **body}}})


def told(plan_: Plan) -> list[str]:
    """Its changes in words: verb, kind, name and why."""
    return [f"{one.verb} {one.kind} {one.name}: {one.why}" for one in plan_.all]


def changes(asked: Wanted, live: Live, **how: bool) -> list[str]:
    return told(plan(asked, live, **how))
