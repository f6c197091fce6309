"""Run a script until it does the Nth thing to files below a folder, and kill it just before.

python at_files.py N FOLDER SCRIPT ARGUMENT...

It runs on the sandbox's Python too.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
from typing import Any

EVENTS = ("open", "os.mkdir", "os.rename", "os.remove", "os.scandir", "os.listdir", "sqlite3.connect")


def main(at: int, folder: str) -> None:
    done = 0

    def heard(event: str, args: tuple[Any, ...]) -> None:
        nonlocal done
        if event in EVENTS and args and str(args[0]).startswith(folder):
            done += 1
            if done == at:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(heard)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
    del sys.argv[:3]
    runpy.run_path(sys.argv[0], run_name="__main__")
