"""Containers and blobs: what is known of them in memory, their bytes in files of a temporary folder."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from simulator.wire import Streamed

PIECE = 1 << 20
"""As many bytes of a blob as are in memory at a time."""
_TICKS_OF_1970 = 621355968000000000
"""Azure's ETags are moments, counted in tenths of a microsecond from the year 1."""
STAGED_LIVE_S = 7 * 86400.0
"""How long blocks wait for a block list, from the last of them on."""


@dataclass(frozen=True)
class Block:
    """Bytes in a file of their own that never change; a blob put in one piece is one block with the id "".

    The file goes when nobody refers to the block any more, be it a blob or a download under way.
    """

    id: str
    size: int
    path: Path


@dataclass(frozen=True)
class Lease:
    """`seconds` None is for ever; `breaks` is the moment a broken lease ends, `ends` that of any other."""

    id: str
    seconds: float | None
    ends: float | None
    breaks: float | None = None

    def state(self, now: float) -> str:
        if self.breaks is not None:
            return "breaking" if now < self.breaks else "broken"
        return "leased" if self.ends is None or now < self.ends else "expired"

    def moved(self, seconds: float) -> Lease:
        return replace(self, ends=_moved(self.ends, seconds), breaks=_moved(self.breaks, seconds))


@dataclass
class Container:
    name: str
    etag: str = ""
    modified: float = 0.0
    metadata: dict[str, str] = field(default_factory=dict)
    lease: Lease | None = None
    blobs: dict[str, Blob] = field(default_factory=dict)


@dataclass
class Blob:
    """`headers` are its content's, by HTTP's names; while `blocks` is None only `staged` ones are there."""

    name: str
    etag: str = ""
    created: float = 0.0
    modified: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    tier: str = ""
    blocks: tuple[Block, ...] | None = None
    staged: dict[str, Block] = field(default_factory=dict)
    staged_at: float = 0.0
    lease: Lease | None = None

    @property
    def size(self) -> int:
        return sum(block.size for block in self.blocks or ())

    def read(self, start: int, end: int) -> bytes | Streamed:
        """The bytes from `start` up to, not including, `end`; many come as they are now, whoever writes."""
        blocks = self.blocks or ()
        if end - start > PIECE:
            return Streamed(end - start, lambda: pieces(blocks, start, end))
        return b"".join(pieces(blocks, start, end))


class Blobs:
    """All storage accounts: containers by account and name.

    `ids` has the resource ids of accounts met so far, `delegators` the client ids of those who
    got a user-delegation key, by object id.
    """

    def __init__(self) -> None:
        self.accounts: dict[str, dict[str, Container]] = {}
        self.ids: dict[str, str] = {}
        self.delegators: dict[str, str] = {}
        self._last = self._made = 0

    def containers(self, account: str) -> dict[str, Container]:
        return self.accounts.setdefault(account, {})

    def new_etag(self, now: float) -> str:
        self._last = max(self._last + 1, round(now * 1e7) + _TICKS_OF_1970)
        return f'"0x{self._last:X}"'

    def seen_etag(self, etag: str) -> None:
        """No new one will be like it."""
        self._last = max(self._last, int(etag.strip('"'), 16))

    def keep(self, block_id: str, data: bytes | bytearray) -> Block:
        path = self.new_path()
        path.write_bytes(data)
        block = Block(block_id, len(data), path)
        weakref.finalize(block, path.unlink, missing_ok=True).atexit = False
        return block

    def new_path(self) -> Path:
        self._made += 1
        return self._folder / f"{self._made}"

    def commit(self, blob: Blob, blocks: Iterable[Block]) -> None:
        """Make these its content; what else it had, staged or not, is gone."""
        blob.blocks, blob.staged = tuple(blocks), {}

    def stage(self, blob: Blob, block: Block, now: float) -> None:
        blob.staged[block.id] = block
        blob.staged_at = now

    def delete(self, container: Container, blob: Blob) -> None:
        del container.blobs[blob.name]

    def delete_container(self, account: str, container: Container) -> None:
        for blob in list(container.blobs.values()):
            self.delete(container, blob)
        del self.accounts[account][container.name]

    def find(self, container: Container, name: str, now: float) -> Blob | None:
        """The blob, less uncommitted blocks that waited too long."""
        blob = container.blobs.get(name)
        if blob and blob.staged and now >= blob.staged_at + STAGED_LIVE_S:
            blob.staged = {}
            if blob.blocks is None:
                del container.blobs[name]
                return None
        return blob

    def age(self, seconds: float) -> None:
        for containers in self.accounts.values():
            for container in containers.values():
                container.modified -= seconds
                container.lease = container.lease and container.lease.moved(-seconds)
                for blob in container.blobs.values():
                    blob.created -= seconds
                    blob.modified -= seconds
                    blob.staged_at -= seconds
                    blob.lease = blob.lease and blob.lease.moved(-seconds)

    @cached_property
    def _folder(self) -> Path:
        """Made when the first bytes come, gone with this object."""
        folder = Path(tempfile.mkdtemp(prefix="azure-simulator-blobs-"))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return folder


def pieces(blocks: Iterable[Block], start: int, end: int) -> Iterator[bytes]:
    at = 0
    for block in blocks:
        left = min(end, at + block.size) - max(start, at)
        if left > 0:
            with block.path.open("rb") as file:
                file.seek(max(0, start - at))
                while left > 0:
                    yield file.read(min(PIECE, left))
                    left -= PIECE
        at += block.size


def _moved(moment: float | None, seconds: float) -> float | None:
    return None if moment is None else round(moment + seconds, 6)
