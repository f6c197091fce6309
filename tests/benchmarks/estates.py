"""Generating an estate and loading it: time, and memory beside that of a small one."""

import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.measuring import Book, timed

LOAD = """
import sys
from pathlib import Path
from simulator.world import World
rows = World.load(Path(sys.argv[1])).store.connection.execute(
    "SELECT count(*) FROM recoveryservicesresources_rows WHERE type LIKE '%/backupjobs' AND _from = 0"
)
print(rows.fetchone()[0])
"""
SECONDS_A_MILLION, SECONDS_TO_START = 120, 1


@dataclass(frozen=True)
class Size:
    vms: int
    jobs: int

    def __str__(self) -> str:
        return f"{self.vms:,} machines, {self.jobs:,} jobs"


SMALL = Size(20, 300)


def measure(book: Book, size: Size) -> None:
    with tempfile.TemporaryDirectory() as folder:
        small = timed(_command(SMALL, Path(folder) / "small"), os.environ)
        made = timed(_command(size, Path(folder) / "estate"), os.environ)
        book.check(small.code == made.code == 0, f"generate ended with {small.code} and {made.code}")
        target = SECONDS_TO_START + SECONDS_A_MILLION * size.jobs / 1e6
        beside = f"{size.jobs / made.cpu_s:,.0f} jobs a second"
        book.add(f"generate {size}: own time", made.cpu_s, "s", target, beside)
        beside = f"{made.peak_mb / small.peak_mb:.1f}x that for {SMALL}"
        book.add("generate: memory at most", made.peak_mb, "MB", 100, beside)
        loaded = timed([sys.executable, "-c", LOAD, str(Path(folder) / "estate")], os.environ)
        told = loaded.output.strip()
        book.check(told == str(size.jobs), f"{size}: {told!r} jobs were loaded")
        book.add("load it: from the start", loaded.wall_s, "s", beside=f"{loaded.cpu_s:.0f} s of processors")
        book.add("load it: memory at most", loaded.peak_mb, "MB")


def _command(size: Size, out: Path) -> list[str]:
    asked = ["--vms", str(size.vms), "--jobs", str(size.jobs), "--out", str(out)]
    return [sys.executable, "-m", "simulator", "generate", *asked]
