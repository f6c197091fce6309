"""One seam to Azure Resource Manager: SDK pipelines out, plain JSON back.

The SDK's models are passed by: they drop the errors of the newer job types,
and reading a page of Resource Graph through them takes ten times as long as
`json` does. What the pipelines bring is kept: tokens, proxies, redirects,
user agent.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Protocol

from backupkit.errors import ArmError, IdentityError, OutOfTimeError

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken, TokenCredential
    from azure.core.rest import HttpRequest, HttpResponse

TRIES = 6
"""Sendings of one request before it counts as failed."""

PATIENCE_S = 900.0
"""The longest single wait that a Retry-After may ask for."""

BLOCK = 256 * 1024
"""Bytes of an answer that are read at a time."""

AGAIN = (408, 429, 500, 502, 503, 504)


@dataclass(frozen=True)
class Answer:
    """Header names are lower-cased; `body` is {} where Azure sent none."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


class Sender(Protocol):
    def __call__(self, request: HttpRequest, **options: Any) -> HttpResponse: ...


class Clock(Protocol):
    """Monotonic seconds and a way to let them pass."""

    def monotonic(self) -> float: ...

    def sleep(self, seconds: float, /) -> None: ...


class Arm:
    """Requests of one run, none of which waits past its deadline."""

    def __init__(
        self,
        graph: Callable[[], Sender],
        vaults: Callable[[], Sender],
        *,
        minutes: float,
        clock: Clock = time,
        credential: Callable[[], TokenCredential] | None = None,
    ) -> None:
        self._makers = {"graph": graph, "vaults": vaults}
        self._token = credential
        self._senders: dict[str, Sender] = {}
        self._clock = clock
        self._deadline = clock.monotonic() + minutes * 60

    def credential(self) -> TokenCredential:
        """The run's one credential, for what is not ARM."""
        if self._token is None:
            raise IdentityError("this run has no identity of its own")
        return self._token()

    @property
    def seconds_left(self) -> float:
        return self._deadline - self._clock.monotonic()

    def wait(self, seconds: float, what: str) -> None:
        """Let time pass.

        Raises:
            OutOfTimeError: the run would be over before; nothing was waited.
        """
        if seconds >= self.seconds_left:
            left = max(0.0, self.seconds_left)
            raise OutOfTimeError(f"{what}: needs a wait of {seconds:.0f} s, max_minutes leaves {left:.0f} s")
        self._clock.sleep(seconds)

    def graph(self, body: Mapping[str, Any], operation: str, on_answer: Callable[[Answer], None]) -> Answer:
        """Send one Resource Graph query; it only reads, so it is sent again like a GET."""
        url = "/providers/Microsoft.ResourceGraph/resources?api-version=2021-03-01"
        return self._read(_Call("graph", "POST", url, operation, body), on_answer)

    def get(self, url: str, operation: str) -> Answer:
        """Read; sent again after throttling, server errors and answers that are no JSON.

        Raises:
            ArmError: refused, or still no usable answer after several tries.
        """
        return self._read(_Call("vaults", "GET", url, operation))

    def ask(self, url: str, operation: str, body: Mapping[str, Any]) -> Answer:
        """POST what only asks, such as `backupStatus`; sent again like a GET.

        Raises:
            ArmError: as for `get`.
        """
        return self._read(_Call("vaults", "POST", url, operation, body))

    def pages(self, url: str, operation: str) -> Iterator[Mapping[str, Any]]:
        """The elements of a list, following `nextLink`; a link that comes twice is an ArmError."""
        seen = set[str]()
        while url:
            if url in seen:
                raise ArmError(operation, 200, "RepeatedNextLink", "the list led back to a page already read")
            seen.add(url)
            body = self.get(url, operation).body
            if not isinstance(body.get("value"), list):
                raise ArmError(operation, 200, "NotAList", "the answer has no value list")
            yield from body["value"]
            url = body.get("nextLink") or ""

    def act(self, url: str, operation: str, body: Mapping[str, Any]) -> Answer:
        """POST what changes something: sent once, and again only where Azure says it threw it away (429).

        Raises:
            ArmError: `is_clear_refusal` tells a refusal from an answer that leaves open whether it was done.
        """
        tried = 0
        while True:
            tried += 1
            try:
                return self._once(_Call("vaults", "POST", url, operation, body))[0]
            except _AgainError as again:
                after = again.after
                if again.error.status != 429 or after is None or after > PATIENCE_S or tried == TRIES:
                    raise again.error from again
                self.wait(after, operation)

    def _read(self, call: _Call, on_answer: Callable[[Answer], None] | None = None) -> Answer:
        tried = 0
        while True:
            tried += 1
            try:
                answer, parsed = self._once(call)
                if on_answer:
                    on_answer(answer)
                if parsed:
                    return answer
                error = ArmError(call.operation, answer.status, "NoJson", "the body is no JSON object")
                after = None
            except _AgainError as again:
                error, after = again.error, again.after
            if tried == TRIES or (after or 0) > PATIENCE_S:
                raise error
            self.wait(after if after is not None else min(8.0, 0.25 * 2**tried), call.operation)

    def _once(self, call: _Call) -> tuple[Answer, bool]:
        """Send once; says also whether the body could be read.

        Raises:
            ArmError: a refusal that sending again cannot change.
            _AgainError: worth another try, for a read.
        """
        from azure.core.exceptions import AzureError, ClientAuthenticationError
        from azure.core.rest import HttpRequest

        request = HttpRequest(call.method, call.url, headers={"Accept": "application/json"}, json=call.body)
        try:
            # Else the pipeline would parse every body too, for models that nobody asks for.
            response = self._sender(call.sender)(request, retry_total=0, stream=True)
            content = response.read()
        except ClientAuthenticationError as error:
            raise IdentityError(no_token(error)) from error
        except (AzureError, OSError) as error:
            failure = ArmError(call.operation, 0, type(error).__name__, _first_line(error))
            raise _AgainError(failure, None) from error
        parsed = _object(content)
        headers = {name.lower(): value for name, value in response.headers.items()}
        answer = Answer(response.status_code, parsed or {}, headers)
        if answer.status < 300:
            return answer, parsed is not None
        refusal = _refusal(call.operation, answer, content)
        if answer.status in AGAIN:
            raise _AgainError(refusal, _retry_after(headers))
        raise refusal

    def _sender(self, name: str) -> Sender:
        if name not in self._senders:
            self._senders[name] = self._makers[name]()
        return self._senders[name]


@dataclass(frozen=True)
class _Call:
    sender: str
    method: str
    url: str
    operation: str
    body: Mapping[str, Any] | None = None


class _AgainError(Exception):
    def __init__(self, error: ArmError, after: float | None) -> None:
        super().__init__(str(error))
        self.error = error
        self.after = after


def connect(cloud: str, identity: str, *, minutes: float) -> Arm:
    """The managed identity's access to ARM; clients are imported when first used."""
    token = _Credential(identity)

    def options() -> dict[str, Any]:
        waits = {"connection_timeout": 30, "read_timeout": 120}
        return {**endpoints(cloud), **waits, "connection_data_block_size": BLOCK}

    def graph() -> Sender:
        from azure.mgmt.resourcegraph import ResourceGraphClient

        # The public method of this client reads every page into models first.
        return ResourceGraphClient(token.get(), **options())._send_request

    def vaults() -> Sender:
        from azure.mgmt.recoveryservicesbackup import RecoveryServicesBackupClient

        no_subscription = "00000000-0000-0000-0000-000000000000"
        return RecoveryServicesBackupClient(token.get(), no_subscription, **options()).send_request

    return Arm(graph, vaults, minutes=minutes, credential=token.get)


def endpoints(cloud: str) -> dict[str, Any]:
    """What a client of the SDK has to know of a cloud."""
    from azure.core import AzureClouds
    from azure.mgmt.core.tools import get_arm_endpoints

    setting = {
        "AzurePublic": AzureClouds.AZURE_PUBLIC_CLOUD,
        "AzureUSGovernment": AzureClouds.AZURE_US_GOVERNMENT,
        "AzureChina": AzureClouds.AZURE_CHINA_CLOUD,
    }[cloud]
    ends = get_arm_endpoints(setting)
    return {
        "base_url": ends["resource_manager"],
        "credential_scopes": ends["credential_scopes"],
        "cloud_setting": setting,
    }


class _Credential:
    """One credential for all clients, so that its token is fetched once."""

    def __init__(self, client_id: str) -> None:
        self._client_id = client_id
        self._credential: TokenCredential | None = None

    def get(self) -> TokenCredential:
        if self._credential is None:
            from azure.identity import ManagedIdentityCredential

            self._credential = _Answered(ManagedIdentityCredential(client_id=self._client_id or None))
        return self._credential


class _Answered:
    """A credential whose endpoint may also answer what is no JSON, such as a gateway's page."""

    def __init__(self, credential: TokenCredential) -> None:
        self._credential = credential

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        from azure.identity import CredentialUnavailableError

        try:
            return self._credential.get_token(*scopes, **options)
        except ValueError as error:
            raise CredentialUnavailableError("the identity endpoint's answer is no JSON") from error


def no_token(error: Exception) -> str:
    return (
        f"no token for Azure: {_first_line(error)}; turn on the Automation account's system-assigned "
        "identity, or name a user-assigned one it has with identity=<client id>"
    )


def _object(content: bytes) -> Mapping[str, Any] | None:
    """A JSON object, {} for no body at all, None for anything else."""
    try:
        parsed = json.loads(content) if content.strip() else {}
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict) else None


def _refusal(operation: str, answer: Answer, content: bytes) -> ArmError:
    """Three envelopes are in use: ARM's, the backup backend's and an empty object."""
    body = answer.body
    error = body.get("error")
    inner: Mapping[str, Any] = error if isinstance(error, dict) else body
    code = inner.get("code") or body.get("ErrorCode") or "without a code"
    message = inner.get("message") or _value(body.get("Message"))
    listed = inner.get("details")
    details = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    codes = [str(one["code"]) for one in details if one.get("code")]
    named = " ".join([str(code), *codes])
    raw = content[:200].decode("ascii", "replace").strip() if _object(content) is None else ""
    text = str(message or raw or "no message")
    told = [str(one["message"]) for one in details if one.get("message")]
    return ArmError(operation, answer.status, named, " ".join(" ".join([text, *told]).split())[:500])


def _value(message: object) -> object:
    return message.get("Value") if isinstance(message, dict) else message


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, or a date, as HTTP allows both."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(timezone.utc)).total_seconds())
    except (TypeError, ValueError):
        return None


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__
