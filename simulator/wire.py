"""What a request and an answer are, whatever carries them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Request:
    """One request as a service sees it.

    `path` is percent-decoded, without repeated or trailing slashes, in the
    casing the client used; `query` and `headers` have lower-cased names. `target`
    is the path as it was sent, for names in which slashes count.
    """

    method: str
    host: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | bytearray = b""
    scheme: str = "https"
    target: str = ""

    @property
    def base(self) -> str:
        """Where the client reached us: links in answers start with it."""
        return f"{self.scheme}://{self.host}"

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            RefusedError: 400, as Azure answers a body that is not JSON.
        """
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise RefusedError(
                400,
                "InvalidRequestContent",
                f"The request content was invalid and could not be deserialized: '{error}'.",
            ) from error


@dataclass(frozen=True)
class Streamed:
    """A body that is read while it is sent, `size` bytes altogether."""

    size: int
    pieces: Callable[[], Iterator[bytes]]

    def __len__(self) -> int:
        return self.size

    def first(self, size: int) -> Iterator[bytes]:
        """Its first bytes, piece by piece."""
        for piece in self.pieces():
            if size <= 0:
                return
            yield piece[:size]
            size -= len(piece)


@dataclass(frozen=True)
class Response:
    """`body` is sent as JSON, or as it is when it is bytes or `Streamed`; None sends nothing.

    A header that is "" is not sent, not even the one every answer has.
    """

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class RefusedError(Exception):
    """A refusal, as the service would word it.

    Four envelopes are in use (`envelope`): "arm" `{"error": {code, message}}`, "flat"
    `{code, message}`, "backup" `{"ErrorCode", "Message": {"Language", "Value"}, "Values": []}`
    and "empty" `{}`.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        envelope: str = "arm",
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.extra = dict(extra or {})
        self.headers = dict(headers or {})
        self.envelope = envelope

    def response(self) -> Response:
        body: dict[str, Any] = {}
        if self.envelope == "arm":
            body = {"error": {"code": self.code, "message": self.message, **self.extra}}
        elif self.envelope == "flat":
            body = {"code": self.code, "message": self.message, **self.extra}
        elif self.envelope == "backup":
            body = {
                "ErrorCode": self.code,
                "Message": {"Language": "en-US", "Value": self.message},
                "Values": [],
            }
        return Response(self.status, body, self.headers)
