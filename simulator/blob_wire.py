"""What all operations of Blob storage share: who answers, refusals as XML, headers."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from typing import TYPE_CHECKING
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from simulator import clock
from simulator.blob_errors import ERRORS, StorageError
from simulator.blob_xml import leaf, xml
from simulator.routes import Routes
from simulator.wire import RefusedError, Request, Response

if TYPE_CHECKING:
    from simulator.blob_store import Blob, Container
    from simulator.world import World

HOST = r"[a-z0-9]{3,24}\.blob\.core\.windows\.net"
ACCOUNT_TYPE = "microsoft.storage/storageaccounts"
_NAMED = "lower(type) = ? AND ends_with(_key, ?)"
_UNPLAYED_HEADERS = (
    "x-ms-content-crc64",
    "x-ms-copy-source",
    "x-ms-encryption-key",
    "x-ms-encryption-scope",
    "x-ms-if-tags",
    "x-ms-immutability-policy-until-date",
    "x-ms-legal-hold",
    "x-ms-structured-body",
    "x-ms-tags",
)
_UNPLAYED_QUERIES = ("snapshot", "versionid")
_ARMS = (
    "Cache-Control",
    "Expires",
    "Pragma",
    "Strict-Transport-Security",
    "X-Content-Type-Options",
    "x-ms-correlation-request-id",
)
"""Headers of ARM's answers that storage does not send; a blob's own Cache-Control would drown in ours."""


@dataclass(frozen=True)
class Account:
    name: str
    id: str


@dataclass(frozen=True)
class Call:
    """One request: `granted` are the permissions of its SAS, None where it came with a token."""

    world: World
    request: Request
    account: Account
    container_name: str = ""
    blob_name: str = ""
    granted: str | None = None

    @property
    def now(self) -> float:
        return self.world.now()

    def header(self, name: str) -> str:
        return self.request.headers.get(name, "")

    def query(self, name: str) -> str:
        return self.request.query.get(name, "")

    @property
    def containers(self) -> dict[str, Container]:
        return self.world.blobs.containers(self.account.name)

    @property
    def container(self) -> Container:
        """Raises StorageError: ContainerNotFound."""
        found = self.containers.get(self.container_name)
        if found is None:
            raise StorageError("ContainerNotFound")
        return found

    @property
    def maybe_blob(self) -> Blob | None:
        """The blob, committed or not."""
        return self.world.blobs.find(self.container, self.blob_name, self.now)

    @property
    def maybe_committed(self) -> Blob | None:
        found = self.maybe_blob
        return None if found is None or found.blocks is None else found

    @property
    def blob(self) -> Blob:
        """Raises StorageError: BlobNotFound where nothing is committed."""
        found = self.maybe_committed
        if found is None:
            raise StorageError("BlobNotFound")
        return found


@dataclass(frozen=True)
class Right:
    """What an operation needs: an action of a role (`data`: a data action), or any permission in `sas`."""

    action: str
    data: bool = True
    sas: str = ""


Handler = Callable[[Call], Response]
Authorise = Callable[[Call, Right], Call]


class Operations:
    """The operations of one subject; `authorise` returns the call with what its caller is granted."""

    def __init__(self, authorise: Authorise) -> None:
        self.routes = Routes()
        self._authorise = authorise

    def on(
        self, method: str, pattern: str, name: str, right: Right, **where: str
    ) -> Callable[[Handler], Handler]:
        """Register a handler; `where` says which `comp` and `restype` it is, none being none."""

        def register(handler: Handler) -> Handler:
            asked = {"comp": "", "restype": "", **where}

            @self.routes.on(method, pattern, f"Blob/{name}", host=HOST, since="", open=True, where=asked)
            def answer(world: World, request: Request, container: str = "", blob: str = "") -> Response:
                call = _call(world, request, container, blob)
                try:
                    _check_playable(request)
                    response = handler(self._authorise(call, right))
                except StorageError as error:
                    response = refusal(call, error)
                return Response(response.status, response.body, {**_common(call.request), **response.headers})

            return handler

        return register


def account_id(world: World, host: str) -> str:
    """The resource id of the storage account that a host is of, "" where there is none."""
    name = host.partition(".")[0].lower()
    known = world.blobs.ids.get(name)
    if known and world.store.get("resources", known, world.now()):
        return known
    rows = world.store.query("resources", _NAMED, [ACCOUNT_TYPE, f"/{name}"], world.now())
    if rows:
        world.blobs.ids[name] = str(rows[0]["id"])
    return str(rows[0]["id"]) if rows else ""


def is_there(world: World, host: str) -> bool:
    """Whether a host is no storage account's, or one's that exists; for threads other than the services'."""
    if not re.fullmatch(HOST, host):
        return True
    query = f"SELECT 1 FROM ({world.store.as_of('resources', world.now())}) WHERE {_NAMED}"
    asked = [ACCOUNT_TYPE, f"/{host.partition('.')[0]}"]
    return world.store.connection.cursor().execute(query, asked).fetchone() is not None


def _call(world: World, request: Request, container: str, blob: str) -> Call:
    """Raises RefusedError: 403 where the account does not exist; in Azure its name does not resolve."""
    name = request.host.partition(".")[0].lower()
    found = account_id(world, request.host)
    if not found:
        raise RefusedError(
            403,
            "HostNotSimulated",
            f"{request.host} does not resolve: no row of resources is a storage account named {name!r}",
        )
    if blob and request.target:
        blob = unquote(request.target.lstrip("/").partition("/")[2])
    return Call(world, request, Account(name, found), container, blob)


def _check_playable(request: Request) -> None:
    """Raises RefusedError: 501 NotSimulated."""
    asked = [name for name in _UNPLAYED_HEADERS if name in request.headers]
    asked += [name for name in _UNPLAYED_QUERIES if name in request.query]
    if asked:
        raise unplayed(f"Blob storage requests with {', '.join(asked)}")


def unplayed(what: str) -> RefusedError:
    return RefusedError(501, "NotSimulated", f"the simulator does not play {what}")


def refusal(call: Call, error: StorageError) -> Response:
    status, message = ERRORS[error.code]
    request_id = str(uuid.uuid4())
    text = f"{message}\nRequestId:{request_id}\nTime:{clock.stamp(call.now)}"
    root = Element("Error")
    code = "ConditionNotMet" if error.code == "NotModified" else error.code
    for name, value in {"Code": code, "Message": text, **error.about}.items():
        leaf(root, name, value)
    headers = {"x-ms-error-code": code, "x-ms-request-id": request_id, **error.headers}
    if call.request.method == "HEAD" or status == 304:
        return Response(status, None, headers)
    return xml(root, headers, status)


def state_headers(one: Container | Blob) -> dict[str, str]:
    return {"ETag": one.etag, "Last-Modified": http_date(one.modified)}


def http_date(moment: float) -> str:
    return formatdate(int(moment), usegmt=True)


def metadata(call: Call) -> dict[str, str]:
    """What the `x-ms-meta-` headers say.

    Raises:
        StorageError: InvalidMetadata, EmptyMetadataKey.
    """
    prefix = "x-ms-meta-"
    pairs = {
        name.removeprefix(prefix): value
        for name, value in call.request.headers.items()
        if name.startswith(prefix)
    }
    for name in pairs:
        if not name:
            raise StorageError("EmptyMetadataKey")
        if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
            raise StorageError("InvalidMetadata")
    return pairs


def metadata_headers(one: Container | Blob) -> dict[str, str]:
    return {f"x-ms-meta-{name}": value for name, value in one.metadata.items()}


def _common(request: Request) -> dict[str, str]:
    headers = dict.fromkeys(_ARMS, "")
    headers["Server"] = "Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0"
    headers["x-ms-version"] = request.headers.get("x-ms-version", "")
    headers["x-ms-client-request-id"] = request.headers.get("x-ms-client-request-id", "")
    return headers
