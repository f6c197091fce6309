"""Run the storage tests on Azurite as well: `python -m tests.simulator.on_azurite FOLDER-OF-ITS-PACKAGE`."""

import os
import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

SUITE = "tests/simulator/test_blob.py"
_LISTENS = re.compile(r"listens on (http://127\.0\.0\.1:\d+)")


@contextmanager
def azurite(package):
    """The address of an Azurite that keeps everything in memory, on a free port."""
    options = ["--inMemoryPersistence", "--blobHost", "127.0.0.1", "--blobPort", "0"]
    options += ["--skipApiVersionCheck", "--disableTelemetry", "--silent"]
    command = ["node", str(package / "dist/src/blob/main.js"), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
        try:
            yield _address(running.stdout)
        finally:
            running.terminate()


def _address(lines):
    said = []
    for line in lines:
        found = _LISTENS.search(line)
        if found:
            return found[1]
        said.append(line)
    sys.exit(f"Azurite does not start: {''.join(said).strip()}")


def main(package):
    with azurite(package) as url:
        command = [sys.executable, "-m", "pytest", "-q", SUITE]
        return subprocess.call(command, env={**os.environ, "AZURITE_URL": url})


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
