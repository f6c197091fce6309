"""auto_retry over estates where thousands of backups failed in one night."""

import json
import tempfile
from collections import Counter
from pathlib import Path

from simulator.world import Settings
from tests.benchmarks.measuring import SANDBOX, Book, Exchange, against
from tests.benchmarks.nights import RUNNING, Night, Truth, vault_of

MAX_TRIGGERS, MAX_PER_VAULT, CANARIES = 200, 20, 2
"""The defaults of auto_retry, as its help states them."""
STORM_MIN, STORM_SHARE = 10, 0.3
READS = {
    "Resource Graph queries": "Microsoft.ResourceGraph/resources/read",
    "lists of jobs": "/backupJobs/read",
    "lists of databases": "/backupProtectedItems/read",
    "lists of recovery points": "/recoveryPoints/read",
}
"""Requests by how the operation that they need a right for ends."""


def measure(book: Book, night: Night) -> None:
    with tempfile.TemporaryDirectory() as place:
        runs = Runs(book, night, Path(place))
        runs.dry("quota 15/5", Settings())
        runs.beside_bare_loop(runs.dry("quota off", Settings(quota=None)))
        runs.real()


class Runs:
    """Runs over one estate, whose figures go into the book."""

    def __init__(self, book: Book, night: Night, folder: Path) -> None:
        self.book, self.night, self.folder = book, night, folder
        self.truth = night.build(folder / "estate")
        self.count = len(self.truth.failing)
        self.name = f"{self.count:,} {night.of}"

    def dry(self, label: str, settings: Settings) -> Exchange:
        exchange, entries = self._run(settings)
        took, asked = exchange.took, exchange.simulator.stats.report()
        name, book = f"{self.name}, dry, {label}:", self.book
        book.add(f"{name} all decided", took.wall_s, "s", 60, f"{self.count / took.wall_s:,.0f} decisions/s")
        book.add("  own CPU", took.cpu_s, "s", None, f"{1e3 * took.cpu_s / self.count:.2f} ms a decision")
        book.add("  memory at most", took.peak_mb, "MB")
        book.add("  requests", len(exchange.simulator.asked), "", None, f"{asked['throttles']} throttled")
        for what, ending in READS.items():
            self._reads(what, _done(asked["operations"], ending), exchange, settings)
        book.check(took.code == 0, f"{name} exit {took.code}: {took.output[-2000:]}")
        book.check(len(entries) == self.count, f"{name} {len(entries)} decisions")
        book.check(asked["throttles"] == 0, f"{name} {asked['throttles']} requests were throttled")
        book.check(not exchange.simulator.world.triggers, f"{name} a dry run started backups")
        return exchange

    def _reads(self, what: str, count: int, exchange: Exchange, settings: Settings) -> None:
        if count:
            pace_s = count * settings.quota[1] / settings.quota[0] if settings.quota else 0.0
            paced = pace_s and what == "Resource Graph queries"
            beside = f"{exchange.took.wall_s / pace_s:.2f}x what the quota allows at best" if paced else ""
            self.book.add(f"  of them {what}", count, "", None, beside)

    def beside_bare_loop(self, exchange: Exchange) -> None:
        recorded, book = self.folder / "reads.json", self.book
        recorded.write_text(json.dumps(exchange.simulator.reads()))
        command = [SANDBOX, str(Path(__file__).with_name("bare_loop.py")), str(recorded)]
        bare = against(self.folder / "estate", Settings(quota=None), command)
        book.check(bare.took.code == 0, f"bare loop: {bare.took.output[-2000:]}")
        sizes = [one.simulator.stats.report()["bytes"]["out"] for one in (exchange, bare)]
        claim = f"the bare loop read {sizes[1]} bytes, auto_retry {sizes[0]}"
        book.check(0.95 < sizes[0] / sizes[1] < 1.05, claim)
        ratio = exchange.took.wall_s / bare.took.wall_s
        book.add("bare loop over the same answers", bare.took.wall_s, "s", None, f"auto_retry {ratio:.2f}x")
        ratio = exchange.took.cpu_s / bare.took.cpu_s
        book.add("  own CPU", bare.took.cpu_s, "s", None, f"auto_retry {ratio:.2f}x")
        book.add("  the simulator's share of the wall time", bare.simulator.busy_s, "s")

    def real(self) -> None:
        """At speed 60, since Azure lets a minute pass before it tells what became of a trigger."""
        settings = Settings(speed=60, quota=None)
        exchange, entries = self._run(settings, "dry_run=false", *self.night.real)
        took, triggers = exchange.took, exchange.simulator.world.triggers
        started = [str(one["item"]).lower() for one in triggers]
        first = next((at for at, one in exchange.simulator.asked if one.path.endswith("/backup")), 0.0)
        name, book = f"{self.name}, dry_run=false:", self.book
        book.add(f"{name} first trigger", first - exchange.started, "s", 60)
        book.add(f"{name} all done", took.wall_s, "s", None, f"{len(triggers)} started")
        book.add("  own CPU", took.cpu_s, "s")
        book.add("  memory at most", took.peak_mb, "MB")
        book.check(took.code == 0, f"{name} exit {took.code}: {took.output[-2000:]}")
        retried = Counter(one["item"].lower() for one in entries if one["verdict"] == "retried")
        book.check(retried == Counter(started), f"{name} the report and the vaults' triggers differ")
        book.check(bool(started), f"{name} nothing was started")
        held = {"storm", "no_room"} - {one["rule"] for one in entries}
        book.check(not held, f"{name} nothing was held back by {held}: no cap was tried")
        for claim in beyond_caps(started, self.truth):
            book.check(False, f"{name} {claim}")

    def _run(self, settings: Settings, *tokens: str) -> tuple[Exchange, list[dict[str, str]]]:
        report = self.folder / "report.ndjson"
        command = [SANDBOX, "runbooks/auto_retry.py", f"report={report}", *self.night.tokens, *tokens]
        exchange = against(self.folder / "estate", settings, command)
        entries = [json.loads(line) for line in report.read_text().splitlines()]
        return exchange, [one for one in entries if "verdict" in one]


def _done(operations: dict[str, dict[str, int]], ending: str) -> int:
    return sum(counts.get("200", 0) for name, counts in operations.items() if name.endswith(ending))


def beyond_caps(started: list[str], truth: Truth) -> list[str]:
    """What was started that should not have been, from what the estate's builder knows."""
    of_vault = Counter(map(vault_of, started))
    of_code = Counter(truth.failing[one] for one in started if one in truth.failing)
    groups = Counter(truth.failing.values())
    storms = {
        key for key, items in groups.items() if items >= max(STORM_MIN, STORM_SHARE * truth.held[key[0]])
    }
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
