"""Azure as these tests need it: answers written down, or a simulated estate; and a clock that never waits."""

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from backupkit.arm import Arm

from simulator.estate import Estate
from simulator.routes import dispatch
from simulator.wire import Request
from simulator.world import Settings, World
from tests.simulator.asking import ISSUER, ROBOT, ROUTES

NOW = 1_781_611_200.0
"""2026-06-16 12:00:00 UTC."""


class Clock:
    """Time passes by sleeping only; `slept` says for how long each time."""

    def __init__(self, now: float = NOW):
        self.now = now
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@dataclass(frozen=True)
class Reply:
    status_code: int
    content: bytes
    headers: Mapping[str, str]

    def read(self) -> bytes:
        return self.content


def reply(body: Any = None, status: int = 200, **headers: str) -> Reply:
    """Bytes are sent as they are, None sends nothing; `retry_after="7"` is the header Retry-After."""
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    return Reply(status, content, {name.replace("_", "-").title(): text for name, text in headers.items()})


def refused(status: int, code: str = "", message: str = "", **headers: str) -> Reply:
    return reply({"error": {"code": code, "message": message}} if code else {}, status, **headers)


@dataclass(frozen=True)
class Sent:
    method: str
    url: str
    body: Any

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.url).path)

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.url).query))


class Azure:
    """Gives the replies in turn, raises those that are exceptions, and remembers what it was sent."""

    def __init__(self, *replies: Reply | Exception, clock: Clock | None = None):
        self.clock = clock or Clock()
        self.sent: list[Sent] = []
        self._replies = list(replies)

    def __call__(self, request: Any, **options: Any) -> Reply:
        sent = Sent(request.method, request.url, json.loads(request.content) if request.content else None)
        self.sent.append(sent)
        answer = self.answer(sent)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def answer(self, sent: Sent) -> Reply | Exception:
        assert self._replies, f"nobody expected {sent.method} {sent.url}"
        return self._replies.pop(0)

    def arm(self, minutes: float = 150) -> Arm:
        return Arm(lambda: self, lambda: self, minutes=minutes, clock=self.clock)


class Playing(Azure):
    """Answers by a function of what was sent."""

    def __init__(self, play: Callable[[Sent], Reply | Exception], clock: Clock | None = None):
        super().__init__(clock=clock)
        self.answer = play


class Simulated(Azure):
    """Answers as the simulator does, over no wire; `instead` may answer first."""

    def __init__(
        self, world: World, clock: Clock | None = None, instead: Callable[[Sent], Any] | None = None
    ):
        super().__init__(clock=clock)
        self.world = world
        self._instead = instead or (lambda sent: None)

    def answer(self, sent: Sent) -> Reply | Exception:
        return self._instead(sent) or self._dispatched(sent)

    def _dispatched(self, sent: Sent) -> Reply:
        token = ISSUER.signer.token(ROBOT, "https://management.azure.com/")
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        query = {name.lower(): text for name, text in sent.query.items()}
        body = b"" if sent.body is None else json.dumps(sent.body).encode()
        host = "management.azure.com"
        answer = dispatch(self.world, ROUTES, Request(sent.method, host, sent.path, query, headers, body))
        return reply(answer.body, answer.status, **answer.headers)


def load(estate: Estate, clock: Clock, settings: Settings | None = None) -> World:
    with tempfile.TemporaryDirectory() as folder:
        return World.load(estate.write(Path(folder)), settings or Settings(quota=None), clock)
