"""python -m tests.benchmarks [--small]: figures, beside their targets and beside what they stand on.

Slowness fails nothing; a wrong result does.
"""

import argparse
import os
import platform
import subprocess
import sys

from tests.benchmarks import cold_start, retries
from tests.benchmarks.measuring import SANDBOX, Book


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument(
        "--small", action="store_true", help="few items and few repetitions, to see that it works"
    )
    small = parser.parse_args().small
    version = subprocess.run(
        [SANDBOX, "--version"], capture_output=True, text=True, check=True
    ).stdout.split()[1]
    print(f"{os.cpu_count()} processors, {platform.system()}, runbooks on Python {version}\n")
    book = Book()
    cold_start.measure(book, times=3 if small else 9)
    retries.measure(book, retries.Size(4, 60) if small else retries.Size(20, 500))
    print(f"\n{len(book.figures)} figures, {len(book.wrong)} wrong results")
    return 1 if book.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
