"""Wheels in a private blob container, and links to them that end soon: Azure fetches packages by URL."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import (
    BlobClient,
    BlobSasPermissions,
    BlobServiceClient,
    UserDelegationKey,
    generate_blob_sas,
)

from deployer import staging_errors
from deployer.errors import DeployError

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

    from deployer.packages import Wheel

RETRIES = 3
CLOCKS_DIFFER = timedelta(minutes=5)
KEY_LIVES = timedelta(days=1)
"""Longer than a deployment, shorter than the seven days that Azure allows."""
LARGEST = 100 * 1024 * 1024
"""Bytes; Azure Automation takes no larger package. Up to here a blob is put by one request, which is done
whole or not at all, and storage computes its MD5."""


class StagingError(DeployError):
    """Wheels cannot be staged; no message holds a link."""


class Staging:
    """`url` is `https://<account>.blob.core.windows.net/<container>[/<prefix>]`.

    Azure Automation fetches from the account by public networks: its firewall has to let them in, and private
    endpoints do not help. What was staged stays there. Nothing is sent before the first `put` or `link`; both
    raise StagingError.
    """

    def __init__(self, url: str, credential: TokenCredential) -> None:
        host, self._name, self._prefix = _place(url)
        self._credential = credential
        self._service = BlobServiceClient(
            f"https://{host}",
            credential=credential,
            max_single_put_size=LARGEST,
            retry_total=RETRIES,
            initial_backoff=1,
            increment_base=2,
            random_jitter_range=1,
            connection_timeout=20,
            read_timeout=60,
        )
        self._container = self._service.get_container_client(self._name)
        self._is_there = False
        self._key: UserDelegationKey | None = None
        self._key_ends = datetime.min.replace(tzinfo=UTC)

    def close(self) -> None:
        self._service.close()

    def put(self, wheel: Wheel) -> None:
        """Upload it, unless it is there; the container is made when it is missing."""
        content = wheel.path.read_bytes()
        with self._told(f"stage {wheel.filename} in {self._container.url}"):
            self._prepare()
            if not _holds(self._blob(wheel), content):
                self._blob(wheel).upload_blob(content, overwrite=True)

    def link(self, wheel: Wheel, valid: timedelta = timedelta(hours=2)) -> str:
        """The URL of the staged wheel, which anyone can read it by until then: a secret."""
        now = datetime.now(UTC)
        with self._told(f"sign links into {self._container.url}"):
            blob = self._blob(wheel)
            signature = generate_blob_sas(
                str(self._service.account_name),
                blob.container_name,
                blob.blob_name,
                user_delegation_key=self._key_until(now + valid, now),
                permission=BlobSasPermissions(read=True),
                start=now - CLOCKS_DIFFER,
                expiry=now + valid,
                protocol="https",
            )
        return f"{blob.url}?{signature}"

    def _blob(self, wheel: Wheel) -> BlobClient:
        return self._container.get_blob_client(f"{self._prefix}{wheel.sha256}/{wheel.filename}")

    def _prepare(self) -> None:
        """Make the container, private; one that is there and public is not used."""
        if self._is_there:
            return
        try:
            access = self._container.get_container_properties().public_access
        except ResourceNotFoundError:
            self._create()
        else:
            self._refuse(access)
        self._is_there = True

    def _create(self) -> None:
        try:
            self._container.create_container()
        except ResourceExistsError as error:
            if staging_errors.code(error) != "ContainerAlreadyExists":  # else another run was faster
                raise

    def _refuse(self, access: str | None) -> None:
        if access:
            raise StagingError(
                f"{self._container.url} can be read by everybody (its public access is {access}): "
                f"name another container, or shut it: az storage container set-permission "
                f"--account-name {self._service.account_name} --name {self._name} --public-access off"
            )

    def _key_until(self, ends: datetime, now: datetime) -> UserDelegationKey:
        if self._key is None or self._key_ends < ends:
            until = max(ends, now + KEY_LIVES)
            self._key = self._service.get_user_delegation_key(now - CLOCKS_DIFFER, until)
            self._key_ends = until
        return self._key

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        try:
            yield
        except AzureError as error:
            why = staging_errors.why(error, str(self._service.account_name), self._credential)
            raise StagingError(f"{what}: {why}") from error


def _place(url: str) -> tuple[str, str, str]:
    """Host, container and prefix.

    Raises:
        StagingError: it is another kind of URL; what stands behind a question mark is not shown.
    """
    parts = urlsplit(url)
    container, _, prefix = unquote(parts.path).strip("/").partition("/")
    if parts.scheme != "https" or ".blob." not in (parts.hostname or "") or not container:
        wrong = "is not of that form"
    elif parts.query or parts.fragment or parts.username:
        wrong = "has a query or a user: the deployer signs in by itself"
    else:
        return parts.netloc, container, f"{prefix}/" if prefix else ""
    shown = re.sub(r"//[^/]*@", "//", re.split(r"[?#]", url)[0])
    form = "https://<account>.blob.core.windows.net/<container>[/<prefix>]"
    raise StagingError(f"staging: expected {form}, and {shown!r} {wrong}")


def _holds(blob: BlobClient, content: bytes) -> bool:
    """Whether the blob is there with this content, by the MD5 that storage computed of it."""
    try:
        there = blob.get_blob_properties()
    except ResourceNotFoundError:
        return False
    digest = hashlib.md5(content, usedforsecurity=False).digest()
    return there.size == len(content) and bytes(there.content_settings.content_md5 or b"") == digest
