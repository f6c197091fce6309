"""job_export of estates of growing size: beside a bare loop over the same pages, and beside the quota."""

import gzip
import json
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from simulator.world import Settings
from tests.benchmarks.measuring import SANDBOX, Book, Exchange, against, timed
from tests.benchmarks.sweeps import GRAPH_A_SECOND, QUERY

RATIO, MEGABYTES, CPU_MS_A_PAGE, QUOTA_RATIO = 1.3, 150, 60, 1.05
VAULTS, SUBSCRIPTIONS = 50, 5


@dataclass(frozen=True)
class Size:
    vms: int
    jobs: int


SMALL, TENTH, WHOLE = Size(200, 10_000), Size(2_000, 100_000), Size(20_000, 1_000_000)


def measure(book: Book, *sizes: Size) -> None:
    """From small to large, since the memory of the last is compared with that of the first."""
    peaks = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as place:
            work = _Export(book, size, Path(place))
            peaks.append(work.beside_bare_loop().took.peak_mb)
            work.at_the_quota()
    for size, peak in zip(sizes[1:], peaks[1:], strict=True):
        beside = f"{peak - peaks[0]:+.0f} MB"
        book.add(
            f"memory at {size.jobs:,} jobs, to that at {sizes[0].jobs:,}", peak / peaks[0], "x", None, beside
        )


class _Export:
    def __init__(self, book: Book, size: Size, place: Path) -> None:
        self.book, self.size, self.place = book, size, place
        self.name = f"{size.jobs:,} jobs of {VAULTS} vaults in {SUBSCRIPTIONS} subscriptions:"
        made = timed(self._generate(), os.environ)
        book.check(made.code == 0, f"{self.name} {made.output[-2000:]}")

    def beside_bare_loop(self) -> Exchange:
        book, exchange = self.book, self.exported("out", Settings(quota=None))
        pages, took = _pages(exchange), exchange.took
        book.add(f"{self.name} exported, quota off", took.wall_s, "s", None, f"{pages:,} pages")
        book.add("  own CPU a page", 1e3 * took.cpu_s / pages, "ms", CPU_MS_A_PAGE)
        book.add("  memory at most", took.peak_mb, "MB", MEGABYTES)
        recorded, rows = self.place / "reads.json", self.place / "rows.ndjson"
        recorded.write_text(json.dumps(exchange.simulator.reads()))
        script = str(Path(__file__).with_name("bare_loop.py"))
        bare = against(
            self.place / "estate", Settings(quota=None), [SANDBOX, script, str(recorded), str(rows)]
        )
        book.check(bare.took.code == 0, f"bare loop: {bare.took.output[-2000:]}")
        ratio = took.wall_s / bare.took.wall_s
        beside = f"which took {bare.took.wall_s:.0f} s, {bare.simulator.busy_s:.0f} s of it the simulator's"
        book.add("  time, to a bare loop over the same pages", ratio, "x", RATIO, beside)
        return exchange

    def at_the_quota(self) -> None:
        """The first window's queries are there at once, so few pages may take less."""
        exchange = self.exported("out-at-quota", Settings())
        pages = _pages(exchange)
        least = pages / GRAPH_A_SECOND
        throttled = sum(counts.get("429", 0) for counts in _operations(exchange).values())
        beside = f"{exchange.took.wall_s:.0f} s, {pages:,} pages at {GRAPH_A_SECOND} a second"
        book = self.book
        book.add(
            "  at Resource Graph's own quota, to its own time",
            exchange.took.wall_s / least,
            "x",
            QUOTA_RATIO,
            beside,
        )
        book.add("  throttled", throttled, "", 0)

    def exported(self, name: str, settings: Settings) -> Exchange:
        out = self.place / name
        command = [SANDBOX, "runbooks/job_export.py", f"to={out}", "log=summary"]
        exchange = against(self.place / "estate", settings, command)
        told = exchange.took.output[-2000:]
        self.book.check(exchange.took.code == 0, f"{self.name} exit {exchange.took.code}: {told}")
        files = (gzip.decompress(path.read_bytes()) for path in out.glob("jobs/*/*.gz"))
        lines = (line for content in files for line in content.splitlines())
        keys = [json.loads(line)["key"] for line in lines]
        self.book.check(len(keys) == len(set(keys)) == self.size.jobs, f"{self.name} {len(keys):,} jobs came")
        return exchange

    def _generate(self) -> list[str]:
        sizes = ["--vms", str(self.size.vms), "--jobs", str(self.size.jobs), "--vaults", str(VAULTS)]
        where = ["--subscriptions", str(SUBSCRIPTIONS), "--out", str(self.place / "estate")]
        return [sys.executable, "-m", "simulator", "generate", *sizes, *where]


def _operations(exchange: Exchange) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = exchange.simulator.stats.report()["operations"]
    return found


def _pages(exchange: Exchange) -> int:
    return _operations(exchange)[QUERY]["200"]
