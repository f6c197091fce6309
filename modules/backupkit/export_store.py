"""Where an export's files are: a local folder, or blobs below one place of a container."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from backupkit.blobs import CHUNK, Blobs, Credential
from backupkit.export_files import records
from backupkit.locations import LocationError, plain_place, replace_file

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from backupkit.export_schema import Record


class Store(Protocol):
    """Files by names such as `jobs/date=2026-11-25/jobs.ndjson.gz`; each stands there whole or not at all.

    Every method raises LocationError or BlobError.
    """

    @property
    def place(self) -> str: ...

    def held(self) -> AbstractContextManager[None]:
        """Be ready to write, and the only one who does where `replace` could not tell two of them apart."""

    def names(self, below: str = "") -> set[str]: ...

    def open(self, name: str) -> tuple[Iterator[bytes], str] | None:
        """The file in chunks, and its mark; None where there is none."""

    def replace(self, name: str, chunks: Iterable[bytes], mark: str, /) -> None:
        """Write it if it is still the one of that mark, or, with "", not there yet.

        Raises:
            ConflictError: it is not.
        """


def read(store: Store, name: str) -> bytes | None:
    found = store.open(name)
    return b"".join(found[0]) if found else None


def records_in(store: Store, name: str) -> Iterator[Record]:
    """Raises FormError for a file that no export wrote; one that is not there has none."""
    found = store.open(name)
    yield from records(name, found[0]) if found else ()


def store_at(location: str, credential: Credential) -> Store:
    """`https://<account>.blob.<suffix>/<container>[/<prefix>]`, a path, or `var:NAME` that holds one.

    Raises:
        LocationError: a signed URL, or no such variable.
    """
    place = plain_place(location)
    return Container(place, credential) if place.startswith("https://") else Folder(Path(place))


class Container:
    """Blobs; any number of writers are kept in order by their ETags."""

    def __init__(self, url: str, credential: Credential) -> None:
        self._blobs = Blobs(url, credential)
        self.place = self._blobs.url

    def held(self) -> AbstractContextManager[None]:
        if self._blobs.names("") is None:
            self._blobs.make_container()
        return nullcontext()

    def names(self, below: str = "") -> set[str]:
        return self._blobs.names(below) or set()

    def open(self, name: str) -> tuple[Iterator[bytes], str] | None:
        return self._blobs.stream(name)

    def replace(self, name: str, chunks: Iterable[bytes], mark: str, /) -> None:
        self._blobs.write_chunks(name, chunks, mark)


class Folder:
    """A local folder, which one process at a time may write to."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.place = str(path)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Raises LocationError at once where another process has it."""
        with _told(self._path):
            self._path.mkdir(parents=True, exist_ok=True)
            # A lock of SQLite's is the same on every system, and dies with its process.
            lock = sqlite3.connect(self._path / ".lock", timeout=0, isolation_level=None)
        try:
            try:
                lock.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError as error:
                told = f"{self.place} is being written to by another export ({error}); run this one after it"
                raise LocationError(told) from error
            for left in self._path.glob(".part-*"):
                left.unlink()
            yield
        finally:
            lock.close()

    def names(self, below: str = "") -> set[str]:
        found = (path for path in self._path.rglob("*") if path.is_file())
        names = {path.relative_to(self._path).as_posix() for path in found}
        return {name for name in names if name.startswith(below) and not name.startswith(".")}

    def open(self, name: str) -> tuple[Iterator[bytes], str] | None:
        path = self._path / name
        with _told(path):
            if not path.exists():
                return None
            file = path.open("rb")

        def chunks() -> Iterator[bytes]:
            with file, _told(path):
                while chunk := file.read(CHUNK):
                    yield chunk

        return chunks(), "there"

    def replace(self, name: str, chunks: Iterable[bytes], _mark: str, /) -> None:
        path = self._path / name
        with _told(path):
            replace_file(path, self._path / f".part-{uuid.uuid4().hex}", chunks)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise LocationError(f"{path}: cannot be read or written ({error}); name a place that can") from error
