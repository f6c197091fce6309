"""Estates whose retries are written to a ledger, and what such a run leaves behind."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.journeys.estates import World
from tests.journeys.runs import RUNBOOK, SPEED, Run, later, ndjson, sandbox

ACCOUNT = "stledger"
LEDGER = f"https://{ACCOUNT}.blob.core.windows.net/ledger"
REAL = ("dry_run=false", f"ledger={LEDGER}")
BLOBS = Path("blobs") / ACCOUNT / "ledger"


def night(count: int, **world: Any) -> World:
    """So many machines of one vault whose backups failed, and the account of a ledger."""
    made = World()
    subscription = made.subscription("prod")
    account(made, subscription)
    vault = made.rsv("rsv-a", subscription)
    for number in range(count):
        made.failed(vault, f"vm-{number:02}")
    made.world.update(world)
    return made


def account(world: World, subscription: str, name: str = ACCOUNT) -> str:
    sku = {"name": "Standard_ZRS"}
    place = {"subscription": subscription, "group": "rg-backup"}
    return world.resource("Microsoft.Storage/storageAccounts", name, kind="StorageV2", sku=sku, **place)


def items(world: World) -> list[str]:
    """Ids of protected items and backup instances."""
    rows = world.rows("recoveryservicesresources")
    return [row["id"] for row in rows if row["id"].split("/")[-2] in ("protectedItems", "backupInstances")]


def attempts(state: Path) -> dict[str, list[dict[str, str]]]:
    """What the ledger of a state says, by the item's name."""
    found = [json.loads(path.read_bytes()) for path in (state / BLOBS / "attempts").glob("*.json")]
    return {name_of(one[0]["item"]): one for one in found}


def name_of(item: str) -> str:
    return item.rpartition("/")[2].rpartition(";")[2].lower()


def triggers(*states: Path) -> Counter[str]:
    """How often each item's backup was started, over these runs."""
    started = [one for state in states for one in ndjson(state / "triggers.ndjson")]
    return Counter(name_of(one["item"]) for one in started)


def killed(estate: Path, folder: Path, at: str, tokens: Sequence[str] = REAL) -> tuple[int, Path]:
    """Run auto_retry and kill it at a request; the exit code, and the state it left."""
    ended = sandbox().exec(estate, folder, [RUNBOOK, *tokens], {"speed": SPEED, "kill_at": at})
    return ended.code, ended.state


def aged(state: Path, hours: float, folder: Path) -> Path:
    """The estate of a state when so much time has passed, and what stands in the ledger is as much older."""
    later(Run(state.parent, 0, [], ""), hours * 3600, folder)
    for path in folder.glob("blobs/*/*/attempts/*.json"):
        rewrite(path, lambda one: {**one, "at": _earlier(one["at"], hours)})
    return folder


def rewrite(path: Path, change: Callable[[dict[str, str]], dict[str, str]]) -> None:
    path.write_text(json.dumps([change(one) for one in json.loads(path.read_text())]), encoding="utf-8")


def _earlier(stamp: str, hours: float) -> str:
    moment = datetime.fromisoformat(stamp).astimezone(UTC) - timedelta(hours=hours)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def alert(item: str = "", *, vault: str = "", job: str = "", condition: str = "Fired") -> str:
    """What Azure adds to the arguments when an alert of a failed backup is posted to a webhook."""
    vault = vault or item.lower().partition("/backupfabrics/")[0]
    essentials = {
        "alertRule": "Backup Failure",
        "monitoringService": "Azure Backup",
        "monitorCondition": condition,
        "alertTargetIDs": [vault],
        "firedDateTime": "2026-11-22T02:00:00Z",
    }
    context = {"protectedItemId": item, "extendedInfo": {"jobId": job}}
    body = {"data": {"essentials": essentials, "alertContext": context}}
    return json.dumps({"WebhookName": "failed-backups", "RequestBody": json.dumps(body)})


def waiting(state: Path) -> list[str]:
    """Names of the items that wait in the inbox."""
    found = (json.loads(path.read_bytes()) for path in (state / BLOBS / "inbox").glob("*.json"))
    return sorted(name_of(one["item"]) for one in found)
