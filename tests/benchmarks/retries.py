"""auto_retry over an estate where thousands of backups failed in one night."""

import json
import random
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from simulator import clock
from simulator.estate import Estate
from simulator.world import Settings
from tests.benchmarks.measuring import SANDBOX, Book, Exchange, against

CODES = (
    400002,
    130001,
    400001,
    "ExtensionSnapshotFailedNoNetwork",
    "BackUpOperationFailedV2",
    400160,
    499999,
)
"""Causes that pass, that need a person, and one nobody has judged."""
MAX_TRIGGERS, MAX_PER_VAULT, CANARIES, MAX_ATTEMPTS = 200, 20, 2, 2
"""The defaults of auto_retry, as its help states them."""
STORM_MIN, STORM_SHARE = 10, 0.3
RUNNING = 5


@dataclass(frozen=True)
class Size:
    """In every vault `failing` items and a fifth as many that are well."""

    vaults: int
    failing: int

    @property
    def items(self) -> int:
        return self.failing + self.failing // 5


@dataclass
class Truth:
    """What the estate's builder knows, by lower-cased item id."""

    failing: dict[str, tuple[str, str]] = field(default_factory=dict)
    spent: set[str] = field(default_factory=set)


def build(folder: Path, size: Size) -> Truth:
    """Every fourth vault has a storm: most of it failed with one code."""
    estate, dice, truth = Estate(clock.now()), random.Random(7), Truth()
    subscriptions = [estate.subscription(f"bench-{number}") for number in range(4)]
    for number in range(size.vaults):
        subscription = subscriptions[number % 4]
        vault = estate.vault(f"rsv-{number:02}", subscription=subscription, group="rg-backup")
        policy = estate.policy(vault, "daily", at=clock.stamp(estate.now - 9 * 3600)[11:16])
        for index in range(size.items):
            name = f"vm-{number:02}-{index:04}"
            vm = estate.vm(name, subscription=subscription, group=f"rg-{index % 20}")
            item = estate.item(vault, vm, policy=policy)
            estate.job(item, "Completed", ago="32h", takes="40m")
            if index < size.failing:
                stormy = number % 4 == 0 and index < size.failing * 0.7
                _fail(estate, item, CODES[1] if stormy else dice.choice(CODES), truth)
                _tried(estate, item, index, truth)
            elif index < size.failing + RUNNING:
                estate.job(item, "InProgress", ago="20m")
            else:
                estate.job(item, "Completed", ago="8h", takes="40m")
    estate.write(folder)
    return truth


def _fail(estate: Estate, item: str, code: int | str, truth: Truth) -> None:
    estate.job(item, "Failed", ago="9h", takes="8m", codes=[code])
    truth.failing[item.lower()] = (vault_of(item), str(code))


def _tried(estate: Estate, item: str, index: int, truth: Truth) -> None:
    """One in twenty has had its attempts."""
    if index % 20 == 19:
        code = truth.failing[item.lower()][1]
        for ago in ("7h", "4h"):
            estate.job(item, "Failed", ago=ago, takes="8m", codes=[code], user=True)
        truth.spent.add(item.lower())


def vault_of(item: str) -> str:
    return item.lower().split("/backupfabrics/")[0]


def measure(book: Book, size: Size) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        truth = build(folder / "estate", size)
        count = len(truth.failing)
        dry(book, folder, "quota 15/5", Settings(), count)
        exchange = dry(book, folder, "quota off", Settings(quota=None), count)
        beside_bare_loop(book, folder, exchange)
        real(book, folder, size, truth)


def auto_retry(folder: Path, settings: Settings, *tokens: str) -> tuple[Exchange, list[dict[str, str]]]:
    report = folder / "report.ndjson"
    exchange = against(
        folder / "estate", settings, [SANDBOX, "runbooks/auto_retry.py", f"report={report}", *tokens]
    )
    entries = [json.loads(line) for line in report.read_text().splitlines()]
    return exchange, [one for one in entries if "verdict" in one]


def dry(book: Book, folder: Path, label: str, settings: Settings, count: int) -> Exchange:
    exchange, entries = auto_retry(folder, settings)
    took, asked = exchange.took, exchange.simulator.stats.report()
    name = f"{count:,} failed items, dry, {label}:"
    book.add(f"{name} all decided", took.wall_s, "s", 60, f"{count / took.wall_s:,.0f} decisions/s")
    book.add("  own CPU", took.cpu_s, "s", None, f"{1e3 * took.cpu_s / count:.2f} ms a decision")
    book.add("  memory at most", took.peak_mb, "MB")
    queries = asked["operations"]["Microsoft.ResourceGraph/resources/read"].get("200", 0)
    book.add("  requests", len(exchange.simulator.asked), "", None, f"{asked['throttles']} throttled")
    if settings.quota:
        pace_s = queries * settings.quota[1] / settings.quota[0]
        beside = f"{took.wall_s / pace_s:.2f}x what the quota allows at best"
        book.add("  of them Resource Graph queries", queries, "", None, beside)
    book.check(took.code == 0, f"{name} exit {took.code}: {took.output[-2000:]}")
    book.check(len(entries) == count, f"{name} {len(entries)} decisions")
    book.check(asked["throttles"] == 0, f"{name} {asked['throttles']} requests were throttled")
    book.check(not exchange.simulator.world.triggers, f"{name} a dry run started backups")
    return exchange


def beside_bare_loop(book: Book, folder: Path, exchange: Exchange) -> None:
    recorded = folder / "reads.json"
    recorded.write_text(json.dumps(exchange.simulator.reads()))
    bare = against(
        folder / "estate",
        Settings(quota=None),
        [SANDBOX, str(Path(__file__).with_name("bare_loop.py")), str(recorded)],
    )
    book.check(bare.took.code == 0, f"bare loop: {bare.took.output[-2000:]}")
    sizes = [one.simulator.stats.report()["bytes"]["out"] for one in (exchange, bare)]
    book.check(
        0.95 < sizes[0] / sizes[1] < 1.05, f"the bare loop read {sizes[1]} bytes, auto_retry {sizes[0]}"
    )
    ratio = exchange.took.wall_s / bare.took.wall_s
    book.add("bare loop over the same answers", bare.took.wall_s, "s", None, f"auto_retry {ratio:.2f}x")
    ratio = exchange.took.cpu_s / bare.took.cpu_s
    book.add("  own CPU", bare.took.cpu_s, "s", None, f"auto_retry {ratio:.2f}x")
    book.add("  the simulator's share of the wall time", bare.simulator.busy_s, "s")


def real(book: Book, folder: Path, size: Size, truth: Truth) -> None:
    """At speed 60, since Azure lets a minute pass before it tells what became of a trigger."""
    exchange, entries = auto_retry(folder, Settings(speed=60, quota=None), "dry_run=false", "ledger=none")
    took, triggers = exchange.took, exchange.simulator.world.triggers
    started = [str(one["item"]).lower() for one in triggers]
    first = next((at for at, one in exchange.simulator.asked if one.path.endswith("/backup")), 0.0)
    name = f"{len(truth.failing):,} failed items, dry_run=false:"
    book.add(f"{name} first trigger", first - exchange.started, "s", 60)
    book.add(f"{name} all done", took.wall_s, "s", None, f"{len(triggers)} started")
    book.add("  own CPU", took.cpu_s, "s")
    book.add("  memory at most", took.peak_mb, "MB")
    book.check(took.code == 0, f"{name} exit {took.code}: {took.output[-2000:]}")
    retried = Counter(one["item"].lower() for one in entries if one["verdict"] == "retried")
    book.check(retried == Counter(started), f"{name} the report and the vaults' triggers differ")
    book.check(bool(started), f"{name} nothing was started")
    for claim in beyond_caps(started, size, truth):
        book.check(False, f"{name} {claim}")


def beyond_caps(started: list[str], size: Size, truth: Truth) -> list[str]:
    """What was started that should not have been, from what the estate's builder knows."""
    of_vault = Counter(map(vault_of, started))
    of_code = Counter(truth.failing[one] for one in started if one in truth.failing)
    groups = Counter(truth.failing.values())
    storms = {key for key, items in groups.items() if items >= max(STORM_MIN, STORM_SHARE * size.items)}
    faults = {
        f"{len(started)} started, max_triggers={MAX_TRIGGERS}": len(started) > MAX_TRIGGERS,
        "an item was started twice": len(set(started)) < len(started),
        "an item that had not failed was started": not truth.failing.keys() >= set(started),
        "an item was started whose attempts were spent": bool(truth.spent & set(started)),
        f"more than max_per_vault={MAX_PER_VAULT} run in a vault": max(of_vault.values(), default=0) + RUNNING
        > MAX_PER_VAULT,
        f"more than {CANARIES} canaries were started in a storm": any(
            of_code[key] > CANARIES for key in storms
        ),
    }
    return [claim for claim, holds in faults.items() if holds]
