"""Run a command and write what it took: python launch.py FILE COMMAND...

A process of its own, and a small one: the peak memory that the system tells of a
child is never less than that of the process which started it.
"""

import json
import os
import subprocess
import sys
import time

BYTES = 1 if sys.platform == "darwin" else 1024
"""The unit of `ru_maxrss`."""

if __name__ == "__main__":
    started = time.monotonic()
    process = subprocess.Popen(sys.argv[2:])
    _, status, used = os.wait4(process.pid, 0)
    took = {
        "code": os.waitstatus_to_exitcode(status),
        "wall_s": time.monotonic() - started,
        "cpu_s": used.ru_utime + used.ru_stime,
        "peak_mb": used.ru_maxrss * BYTES / 1e6,
    }
    with open(sys.argv[1], "w") as file:  # noqa: PTH123 - pathlib would be a third of this process
        json.dump(took, file)
