"""Exports as job_export writes them, of estates that are made up: empty, healthy, burning, of any size."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from backupkit.export_files import Form
from backupkit.export_schema import ENTITIES

NOW = datetime(2026, 11, 26, 6, 40, tzinfo=UTC)
SUBSCRIPTIONS = {
    f"{n:08x}-1111-4222-8333-{n:012x}": name
    for n, name in enumerate(("contoso-prod", "contoso-dev", "fabrikam-prod", "northwind-prod"), 1)
}
PASSING = ("CloudInternalError", "passing", "it usually passes, the service advises to try again")
AGENT = (
    "UserErrorGuestAgentStatusUnavailable",
    "human",
    "start, update or install the VM agent and let it reach 168.63.129.16",
)
EXTENSION = (
    "UserErrorVmProvisioningStateFailed",
    "human",
    "remove the failed extension of the VM, restart it, then back up by hand",
)
SNAPSHOT = ("ExtensionSnapshotFailedNoNetwork", "passing", "it usually passes; else open port 443 to storage")
UNHEARD = ("499999", "unknown", None)


def stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def row(entity: str, **columns: Any) -> dict[str, Any]:
    known = {column.name for column in ENTITIES[entity]}
    assert columns.keys() <= known, columns.keys() - known
    return dict.fromkeys(column.name for column in ENTITIES[entity]) | columns


def vault_columns(vault: str, subscription: str) -> dict[str, Any]:
    group = f"/subscriptions/{subscription}/resourcegroups/rg-backup"
    key = f"{group}/providers/microsoft.recoveryservices/vaults/{vault}"
    return {
        "tenant": "00000000-0000-4000-8000-00000000000a",
        "subscription": subscription,
        "subscription_name": SUBSCRIPTIONS.get(subscription, subscription),
        "resource_group": "rg-backup",
        "vault": key,
        "vault_name": vault,
        "vault_type": "Recovery Services",
        "location": "westeurope",
    }


def item_key(name: str, vault: dict[str, Any]) -> str:
    return (
        f"{vault['vault']}/backupfabrics/azure/protectioncontainers/c;{name}/protecteditems/vm;{name}".lower()
    )


def job(
    name: str, vault: dict[str, Any], started: datetime, outcome: str = "succeeded", **columns: Any
) -> dict[str, Any]:
    key = f"{vault['vault']}/backupjobs/{hashlib.sha256(f'{name}{started}'.encode()).hexdigest()[:32]}"
    ended = None if outcome == "running" else stamp(started + timedelta(minutes=23))
    told = {"id": key, "key": key, "workload": "vm", "item": item_key(name, vault), "item_name": name}
    told |= {"operation": "Backup", "backup": True, "status": outcome, "outcome": outcome, "on_demand": False}
    return row("jobs", **vault, **(told | {"started": stamp(started), "ended": ended} | columns))


def cause(known: tuple[str, str, str | None]) -> dict[str, Any]:
    code, kind, remedy = known
    return {"error_code": code, "error_class": kind, "remedy": remedy, "error_text": f"Azure says: {code}"}


def item(
    name: str, vault: dict[str, Any], point: datetime | None, now: datetime = NOW, **columns: Any
) -> dict[str, Any]:
    key = item_key(name, vault)
    age = int((now - point).total_seconds()) if point else None
    late = age is not None and age > 1.5 * 86_400
    state = "past RPO" if late else "healthy" if point else "never backed up"
    told = {"id": key, "key": key, "workload": "vm", "name": name, "state": state, "protected": True}
    told |= {"last_recovery_point": stamp(point) if point else None, "rpo_s": 86_400, "rpo_age_s": age}
    told |= {"past_rpo_s": age - 86_400 if late else None, "read": stamp(now)}
    return row("items", **vault, **(told | columns))


def resource(name: str, subscription: str, verdict: str = "protected", **columns: Any) -> dict[str, Any]:
    group = f"/subscriptions/{subscription}/resourcegroups/rg-app"
    key = f"{group}/providers/microsoft.compute/virtualmachines/{name}"
    told = {"id": key, "key": f"{key}#vm", "source": key, "name": name, "kind": "vm", "verdict": verdict}
    told |= {"subscription": subscription, "subscription_name": SUBSCRIPTIONS.get(subscription, subscription)}
    told |= {"resource_group": "rg-app", "location": "westeurope"}
    told |= {"state": "healthy" if verdict == "protected" else "none", "reason": "no vault protects it"}
    return row("coverage", **(told | columns))


@dataclass
class Written:
    """An export being written to a folder."""

    folder: Path
    form: Form = field(default_factory=lambda: Form("ndjson", compressed=True))
    files: dict[str, Any] = field(default_factory=dict)

    def write(self, entity: str, day: str, rows: Iterable[dict[str, Any]]) -> None:
        line, count = self.form.line(entity), 0

        def lines() -> Iterator[bytes]:
            nonlocal count
            for one in rows:
                count += 1
                yield line(one)

        name = self.form.name(entity, day)
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.writelines(self.form.whole(entity, lines()))
        self.files[name] = {"entity": entity, "date": day, "rows": count}

    def manifest(
        self, now: datetime = NOW, *, complete: bool = True, unread: Iterable[tuple[str, str]] = ()
    ) -> None:
        told = {
            "schema": 1,
            "form": self.form.extension,
            "raw": False,
            "run": f"{now:%Y%m%dT%H%M%SZ}-0badcafe",
            "started": stamp(now - timedelta(minutes=9)),
            "ended": stamp(now),
            "complete": complete,
            "unread": [{"scope": scope, "reason": reason} for scope, reason in unread],
            "files": self.files,
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "manifest.json").write_text(json.dumps(told), encoding="utf-8")


def day(back: int, now: datetime = NOW) -> str:
    return stamp(now - timedelta(days=back))[:10]


def empty(folder: Path, now: datetime = NOW) -> Path:
    export = Written(folder)
    for entity in ("jobs", "items", "policies", "vaults", "coverage"):
        export.write(entity, day(0, now), [])
    export.manifest(now)
    return folder


@dataclass
class Estate:
    """`rate` is the share of backups that fail; `burning` adds what goes wrong in an estate at its worst."""

    items: int = 120
    days: int = 14
    rate: float = 0.0
    burning: bool = False
    vaults: int = 6
    snapshots: int = 14
    now: datetime = NOW

    def names(self) -> Iterator[tuple[int, str, dict[str, Any]]]:
        subscriptions = list(SUBSCRIPTIONS)
        vaults = [
            vault_columns(
                f"rsv-{('prod', 'dev', 'shop')[n % 3]}-weu-{n + 1:02d}", subscriptions[n % len(subscriptions)]
            )
            for n in range(self.vaults)
        ]
        for n in range(self.items):
            yield (
                n,
                f"vm-{('erp', 'shop', 'dc', 'hr', 'apac')[n % 5]}-{('app', 'sql', 'web')[n % 3]}-{n:05d}",
                vaults[n % self.vaults],
            )

    def write(self, folder: Path, unread: Iterable[tuple[str, str]] = ()) -> Path:
        export = Written(folder)
        self.ends: dict[int, tuple[str, tuple[str, str, str | None]]] = {}
        for back in range(self.days - 1, -1, -1):
            export.write("jobs", day(back, self.now), self.jobs(back))
        for back in range(self.snapshots - 1, -1, -1):
            export.write("items", day(back, self.now), self.rows(back))
            export.write("coverage", day(back, self.now), self.coverage(back))
        export.manifest(self.now, unread=unread)
        return folder

    def jobs(self, back: int) -> Iterator[dict[str, Any]]:
        dice = random.Random(back)
        midnight = (self.now - timedelta(days=back)).replace(hour=0, minute=0, second=0)
        for n, name, vault in self.names():
            started = midnight + timedelta(minutes=n * 7 % 290, seconds=n % 60)
            failure = self.failure(n, vault, dice, back)
            if failure:
                self.ends[n] = ("failed", failure)
                yield from self.failed(n, (name, vault, started), failure, dice)
            else:
                runs = back == 0 and n % 37 == 5
                outcome = "warned" if dice.random() < 0.004 else "running" if runs else "succeeded"
                self.ends[n] = (outcome, PASSING)
                yield job(name, vault, started, outcome)

    def failed(
        self, n: int, what: tuple[str, dict[str, Any], datetime], failure: Any, dice: random.Random
    ) -> Iterator[dict[str, Any]]:
        """A failed backup, and what was done about it."""
        name, vault, started = what
        yield job(name, vault, started, "failed", **cause(failure))
        if failure[1] == "passing" and dice.random() < 0.7:
            then = dice.choice(("succeeded", "succeeded", "succeeded", "failed"))
            told = cause(failure) if then == "failed" else {}
            self.ends[n] = (then, failure)
            yield job(name, vault, started + timedelta(minutes=50), then, on_demand=True, **told)
        if dice.random() < 0.02:
            yield job(name, vault, started + timedelta(minutes=95), "cancelled", on_demand=True)

    def failure(self, n: int, vault: dict[str, Any], dice: random.Random, back: int) -> Any:
        if self.burning:
            if n % 23 == 3 and back < 4 + n % 9:
                return (AGENT, EXTENSION, AGENT, UNHEARD)[n % 4]
            if vault["vault_name"].endswith("04") and back in (0, 6) and n % 5:
                return SNAPSHOT
        if dice.random() < self.rate:
            return dice.choice((PASSING, PASSING, SNAPSHOT))
        return None

    def rows(self, back: int) -> Iterator[dict[str, Any]]:
        now = self.now - timedelta(days=back)
        for n, name, vault in self.names():
            outcome, known = self.ends.get(n, ("succeeded", PASSING))
            point: datetime | None = now - timedelta(hours=3 + n % 5)
            columns: dict[str, Any] = {}
            if self.burning and n % 23 == 3:
                missed = max(0, 4 + n % 9 - back)
                point = now - timedelta(days=missed, hours=4) if n % 6 != 3 else None
            elif back == 0 and outcome == "failed":
                point = now - timedelta(hours=29)
            if back == 0 and outcome == "failed":
                columns = {"last_backup_status": "Failed", **cause(known)}
            if self.burning and n % 41 == 7:
                point, columns = now - timedelta(days=3, hours=n % 20), {}
            yield item(name, vault, point, now, **columns)

    def coverage(self, back: int) -> Iterator[dict[str, Any]]:
        for n, name, vault in self.names():
            yield resource(
                name,
                vault["subscription"],
                reason=f"by {vault['vault_name']}",
                kind=("vm", "vm", "disk", "sql", "files")[n % 5],
            )
        if self.burning:
            for n in range(self.items // 18 + back // 3):
                kind = ("vm", "disk", "sql")[n % 3]
                yield resource(f"vm-bare-{n:04d}", list(SUBSCRIPTIONS)[n % 4], "unprotected", kind=kind)
            for n in range(self.items // 90):
                yield resource(
                    f"vm-hidden-{n:04d}",
                    list(SUBSCRIPTIONS)[3],
                    "unknown",
                    reason="what could protect it was not read: rsv-nw-01",
                )
        for n in range(self.items // 12):
            yield resource(f"vm-test-{n:04d}", list(SUBSCRIPTIONS)[1], "excluded", reason="tagged backup:off")


def odd(folder: Path, now: datetime = NOW) -> Path:
    """Names in any script, with all that HTML minds, and longer than any line."""
    export = Written(folder)
    vault = vault_columns("rsv-<b>&amp;\"'", next(iter(SUBSCRIPTIONS)))
    names = [
        "<script>alert(1)</script>",
        "vm-\u6771\u4eac-\u672c\u756a",
        "\u0627\u0644\u0646\u0633\u062e-\u0627\u0644\u0627\u062d\u062a\u064a\u0627\u0637\u064a",
        "{{ 7*7 }}",
        "vm-" + "unbreakable" * 24,
        "</title></style>'\"--><svg onload=alert(1)>",
    ]
    failing = [
        job(
            one,
            vault,
            now - timedelta(hours=5),
            "failed",
            **cause(("<i>E</i>" + one[:9], "human", "see <a href=x>this</a>")),
        )
        for one in names
    ]
    export.write("jobs", day(0, now), failing)
    export.write(
        "items", day(0, now), [item(one, vault, now - timedelta(days=9 + at)) for at, one in enumerate(names)]
    )
    export.write(
        "coverage",
        day(0, now),
        [resource(one, vault["subscription"], "unprotected", kind="<k>") for one in names],
    )
    export.manifest(now, unread=[("<scope>" * 30, "AuthorizationFailed & <more>")])
    return folder
