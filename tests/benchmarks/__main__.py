"""python -m tests.benchmarks [--small | --full]: figures, beside their targets and beside what they stand on.

Slowness fails nothing; a wrong result does.
"""

import argparse
import os
import platform
import subprocess
import sys

from tests.benchmarks import cold_start, estates, exports, nights, retries, sweeps
from tests.benchmarks.measuring import SANDBOX, Book


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    sizes = parser.add_mutually_exclusive_group()
    sizes.add_argument(
        "--small", action="store_true", help="few items and few repetitions, to see that it works"
    )
    sizes.add_argument(
        "--full",
        action="store_true",
        help="200,000 resources swept, a million jobs exported: half an hour, 3 GB of memory, 3 of disk",
    )
    asked = parser.parse_args()
    small = asked.small
    version = subprocess.run(
        [SANDBOX, "--version"], capture_output=True, text=True, check=True
    ).stdout.split()[1]
    print(f"{os.cpu_count()} processors, {platform.system()}, runbooks on Python {version}\n")
    book = Book()
    cold_start.measure(book, times=3 if small else 9)
    retries.measure(book, nights.machines(nights.Size(4, 60) if small else nights.Size(20, 500)))
    retries.measure(
        book,
        nights.all_workloads(nights.Size(4, 60), nights.Size(2, 60))
        if small
        else nights.all_workloads(nights.Size(20, 400), nights.Size(20, 100)),
    )
    large = [sweeps.TENTH, sweeps.WHOLE, *[sweeps.DOUBLE] * asked.full]
    sweeps.measure(book, *([sweeps.SMALL] if small else large))
    exports.measure(book, exports.SMALL, *[exports.TENTH] * (not small), *[exports.WHOLE] * asked.full)
    million, some, few = estates.Size(20_000, 1_000_000), estates.Size(5000, 100_000), estates.Size(100, 2000)
    estates.measure(book, million if asked.full else few if small else some)
    print(f"\n{len(book.figures)} figures, {len(book.wrong)} wrong results")
    return 1 if book.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
