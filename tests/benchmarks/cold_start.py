"""How long a runbook takes, and how much memory, until it first asks Azure for anything."""

import http.server
import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.benchmarks.measuring import ROOT, SANDBOX, Book

RUNBOOKS = ("auto_retry", "unprotected_sweep")
BARE = "import requests; requests.get('https://management.azure.com/subscriptions')"
"""A client with nothing but its HTTP library: less than this no runbook can take."""
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Start:
    host: str
    tokens: int
    wall_s: float
    resident_mb: float


class Doorstep(http.server.ThreadingHTTPServer):
    """Gives tokens; the first CONNECT is a request to Azure about to be made."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Visit)
        self.tokens = 0
        self.knocks: list[tuple[float, str]] = []
        self.knocked = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Visit(http.server.BaseHTTPRequestHandler):
    server: Doorstep

    def do_GET(self) -> None:
        self.server.tokens += 1
        soon = str(int(time.time()) + 3600)
        body = json.dumps({"access_token": "e30.e30.x", "expires_on": soon, "token_type": "Bearer"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_CONNECT(self) -> None:
        self.server.knocks.append((time.monotonic(), self.path))
        self.server.knocked.set()
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: stderr is for faults."""


@contextmanager
def doorstep() -> Iterator[Doorstep]:
    with Doorstep() as door:
        thread = threading.Thread(target=door.serve_forever)
        thread.start()
        try:
            yield door
        finally:
            door.shutdown()
            thread.join()


def start(command: Sequence[str]) -> Start:
    """Raises TimeoutError where no request comes."""
    with doorstep() as door:
        environment = {
            **os.environ,
            "HTTPS_PROXY": door.url,
            "https_proxy": door.url,
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
            "IDENTITY_ENDPOINT": f"{door.url}/msi/token",
            "IDENTITY_HEADER": "s",
        }
        started = time.monotonic()
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            if not door.knocked.wait(PATIENCE_S):
                raise TimeoutError(f"{' '.join(command)}: no request in {PATIENCE_S:.0f} s")
            resident = resident_mb(process.pid)
        finally:
            process.kill()
            process.wait()
        at, host = door.knocks[0]
        return Start(host, door.tokens, at - started, resident)


def resident_mb(pid: int) -> float:
    """The memory a process has resident; only Linux tells."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1]) * 1024 / 1e6


def measure(book: Book, times: int) -> None:
    bare = [start([SANDBOX, "-c", BARE]) for _ in range(times)]
    wall, memory = median(one.wall_s for one in bare), median(one.resident_mb for one in bare)
    book.add("bare client: to its first request", wall, "s")
    book.add("bare client: memory then", memory, "MB")
    for runbook in RUNBOOKS:
        starts = [start([SANDBOX, f"runbooks/{runbook}.py"]) for _ in range(times)]
        for one in starts:
            asked = (one.host, one.tokens)
            book.check(asked == ("management.azure.com:443", 1), f"{runbook} first asked {asked!r}")
        took, held = median(one.wall_s for one in starts), median(one.resident_mb for one in starts)
        book.add(f"{runbook}: to its first request", took, "s", 1.5, f"{took / wall:.1f}x bare")
        book.add(f"{runbook}: memory then", held, "MB", 90, f"{held / memory:.1f}x bare")
