"""Blobs below one place of a container, through the SDK; the only file that knows azure-storage-blob."""

from __future__ import annotations

import itertools
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from backupkit.errors import BackupkitError

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.storage.blob import BlobLeaseClient, ContainerClient

_CONFLICTS = (
    "BlobAlreadyExists",
    "ConditionNotMet",
    "ContainerAlreadyExists",
    "InvalidBlockList",
    "LeaseAlreadyPresent",
    "LeaseIdMissing",
)
LEASE_S, RENEWED_S = 60, 5
CHUNK = 4 * 1024 * 1024
"""Bytes that are read or written at a time."""
Credential = Callable[[], "TokenCredential"]


class BlobError(BackupkitError):
    """Storage refused, or did not answer; `status` is 0 when no answer came at all."""

    def __init__(self, what: str, status: int, detail: str) -> None:
        answered = f"storage answered {status}" if status else "no answer from storage"
        super().__init__(f"{what}: {answered} {detail}{_advice(status, detail)}")
        self.status = status


class ConflictError(BlobError):
    """The blob is no longer as it was read, or somebody holds its lease."""


class Blobs:
    """`url` is `https://<account>.blob.<suffix>/<container>[/<prefix>]`; nothing is sent before it is needed.

    Every method raises BlobError.
    """

    def __init__(self, url: str, credential: Credential) -> None:
        parts = urlsplit(url)
        self.url = url.rstrip("/")
        self._account = f"https://{parts.netloc}"
        self._name, _, prefix = unquote(parts.path).strip("/").partition("/")
        self._prefix = f"{prefix}/" if prefix else ""
        self._credential = credential
        self._client: ContainerClient | None = None

    def names(self, below: str) -> set[str] | None:
        """None where the container is missing."""
        whole = self._prefix + below
        try:
            with _told(f"list {self.url}/{below}"):
                found = self._container().list_blob_names(name_starts_with=whole)
                return {name[len(self._prefix) :] for name in found}
        except BlobError as error:
            if error.status == 404:
                return None
            raise

    def make_container(self) -> None:
        try:
            with _told(f"create the container of {self.url}"):
                self._container().create_container()
        except ConflictError:
            return  # another run was faster

    def read(self, name: str) -> tuple[bytes, str] | None:
        """Content and ETag; None where there is no such blob."""
        try:
            with _told(f"read {self.url}/{name}"):
                stream = self._container().download_blob(self._prefix + name)
                return stream.readall(), str(stream.properties.etag)
        except BlobError as error:
            if error.status == 404:
                return None
            raise

    def write(self, name: str, content: bytes, etag: str = "") -> str:
        """Write it if it is still as it was read, or, without an ETag, not there yet; its new ETag.

        Raises:
            ConflictError: it is not.
        """
        from azure.core import MatchConditions

        with _told(f"write {self.url}/{name}"):
            blob = self._container().get_blob_client(self._prefix + name)
            if not etag:
                return str(blob.upload_blob(content)["etag"])
            as_read = MatchConditions.IfNotModified
            return str(blob.upload_blob(content, overwrite=True, etag=etag, match_condition=as_read)["etag"])

    def stream(self, name: str) -> tuple[Iterator[bytes], str] | None:
        """Content in chunks, of the blob as it is now, and ETag; None where there is no such blob."""
        try:
            with _told(f"read {self.url}/{name}"):
                # Ranges after the first are asked for with If-Match.
                stream = self._container().download_blob(self._prefix + name)
                etag = str(stream.properties.etag)
        except BlobError as error:
            if error.status == 404:
                return None
            raise

        def chunks() -> Iterator[bytes]:
            with _told(f"read {self.url}/{name}"):
                yield from stream.chunks()

        return chunks(), etag

    def write_chunks(self, name: str, chunks: Iterable[bytes], etag: str = "") -> str:
        """As `write`, of any size: nobody sees a part of it.

        Raises:
            ConflictError: as for `write`, or somebody else wrote it at the same time.
        """
        from azure.core import MatchConditions
        from azure.storage.blob import BlobBlock

        missing, as_read = MatchConditions.IfMissing, MatchConditions.IfNotModified
        first, rest = next(chunks := iter(chunks), b""), next(chunks, None)
        if rest is None:
            return self.write(name, first, etag)
        blob = self._container().get_blob_client(self._prefix + name)
        # Of one length, and of nobody else's: blocks of two writers stand side by side.
        writer, blocks = uuid.uuid4().hex, list[str]()
        for chunk in itertools.chain([first, rest], chunks):
            blocks.append(f"{writer}{len(blocks):06d}")
            with _told(f"write a block of {self.url}/{name}"):
                blob.stage_block(blocks[-1], chunk)
        with _told(f"write {self.url}/{name}"):
            whole = [BlobBlock(one) for one in blocks]
            if not etag:
                return str(blob.commit_block_list(whole, match_condition=missing)["etag"])
            return str(blob.commit_block_list(whole, etag=etag, match_condition=as_read)["etag"])

    def delete(self, name: str, etag: str) -> None:
        """Delete it if it is still as it was read; one that is gone is no error.

        Raises:
            ConflictError: it is not.
        """
        from azure.core import MatchConditions

        try:
            with _told(f"delete {self.url}/{name}"):
                self._container().delete_blob(
                    self._prefix + name, etag=etag, match_condition=MatchConditions.IfNotModified
                )
        except BlobError as error:
            if error.status != 404:
                raise

    def put(self, name: str, content: bytes, content_type: str = "") -> None:
        """Write it, whatever is there; the container is made when it is missing."""
        try:
            self._put(name, content, content_type)
        except BlobError as error:
            if error.status != 404:
                raise
            self.make_container()
            self._put(name, content, content_type)

    def _put(self, name: str, content: bytes, content_type: str) -> None:
        from azure.storage.blob import ContentSettings

        kind = ContentSettings(content_type=content_type) if content_type else None
        with _told(f"write {self.url}/{name}"):
            blobs = self._container()
            blobs.upload_blob(self._prefix + name, content, overwrite=True, content_settings=kind)

    @contextmanager
    def held(self, name: str) -> Iterator[bool]:
        """Hold the lease of a blob, which is made when missing; False where somebody else holds it.

        It is renewed all the while, and ends by itself a minute after its holder dies.
        """
        try:
            lease = self._lease(name)
        except ConflictError:
            yield False
            return
        stop = threading.Event()
        renewing = threading.Thread(target=_renew, args=(lease, stop), daemon=True)
        renewing.start()
        try:
            yield True
        finally:
            stop.set()
            renewing.join()
            with suppress(BlobError), _told(f"release {self.url}/{name}"):
                lease.release()  # else it ends by itself

    def _lease(self, name: str) -> BlobLeaseClient:
        blob = self._container().get_blob_client(self._prefix + name)
        try:
            with _told(f"lease {self.url}/{name}"):
                return blob.acquire_lease(lease_duration=LEASE_S)
        except BlobError as error:
            if error.status != 404:
                raise
        self.write(name, b"")
        with _told(f"lease {self.url}/{name}"):
            return blob.acquire_lease(lease_duration=LEASE_S)

    def _container(self) -> ContainerClient:
        if self._client is None:
            from azure.storage.blob import ContainerClient

            self._client = ContainerClient(
                self._account,
                self._name,
                credential=self._credential(),
                retry_total=3,
                initial_backoff=1,
                increment_base=2,
                random_jitter_range=1,
                connection_timeout=20,
                read_timeout=60,
                max_single_get_size=CHUNK,
            )
        return self._client


def _renew(lease: BlobLeaseClient, stop: threading.Event) -> None:
    """A lease that cannot be renewed is lost: another job may work too, and intents keep both in order."""
    try:
        while not stop.wait(RENEWED_S):
            with _told("renew a lease"):
                lease.renew()
    except BlobError:
        return


def _advice(status: int, detail: str) -> str:
    if detail == "CredentialUnavailableError":
        has_none = "there is no token for it: turn on the Automation account's system-assigned identity"
        return f"; {has_none}, or name a user-assigned one it has with identity=<client id>"
    if status in (401, 403):
        return "; grant the identity Storage Blob Data Contributor there, and let it through the firewall"
    if status == 0:
        return "; check the account's name, and that it can be reached from here: not by a private endpoint"
    return ""


@contextmanager
def _told(what: str) -> Iterator[None]:
    from azure.core.exceptions import AzureError, HttpResponseError

    try:
        yield
    except HttpResponseError as error:
        status = error.status_code or 0
        code = getattr(error, "error_code", None) or type(error).__name__
        text = str(getattr(code, "value", code))
        raise (ConflictError if text in _CONFLICTS else BlobError)(what, status, text) from error
    except (AzureError, OSError) as error:
        raise BlobError(what, 0, type(error).__name__) from error
