"""Blobs in the folder of an estate.

`blobs/<account>/<container>/<name>` is a blob's content. What bytes cannot say is
a line of `blobs.ndjson` for each container and blob; a file without a line is a
blob all the same, and a line whose file is gone is not. Content that cannot
stand under the blob's name, and blocks not yet committed, are numbered files in
`blobs.more/`.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.blob_lines import blob_line, container_line, put_blob, put_container
from simulator.blob_store import Blob, Blobs, Block, Container
from simulator.blob_wire import account_id

if TYPE_CHECKING:
    from simulator.world import World

LINES, CONTENT, MORE = "blobs.ndjson", "blobs", "blobs.more"
_LONGEST_NAME = 255
_LONGEST_PATH = 2048


def load(world: World, folder: Path, seconds: float) -> None:
    """Read an estate's blobs, `seconds` later than it says.

    Raises:
        ValueError: what is wrong, naming file and line.
    """
    folders = [path for account in _accounts(world, folder / CONTENT) for path in _folders(account)]
    for path in folders:
        container = Container(path.name, world.blobs.new_etag(world.now()), world.now())
        world.blobs.containers(path.parent.name)[path.name] = container
    loader = _Loader(world.blobs, folder, seconds)
    for number, text in enumerate(_lines(folder / LINES), 1):
        try:
            loader.read(json.loads(text))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{LINES}:{number}: {type(error).__name__}: {error}") from error
    for path in folders:
        loader.take_others(path, world.now())


def _accounts(world: World, folder: Path) -> list[Path]:
    """Raises ValueError: a folder that is not an account's, a file that is in no container."""
    accounts = _folders(folder)
    for account in accounts:
        where = f"{CONTENT}/{account.name}"
        if not account_id(world, account.name):
            raise ValueError(f"{where}: no row of resources is a storage account of this name")
        for path in account.iterdir():
            if not path.is_dir():
                raise ValueError(f"{where}/{path.name}: a blob stands in the folder of a container")
    return accounts


class _Loader:
    def __init__(self, blobs: Blobs, folder: Path, seconds: float) -> None:
        self._blobs = blobs
        self._folder = folder
        self._seconds = seconds
        self._described = set[Path]()

    def read(self, line: dict[str, Any]) -> None:
        if "delegator" in line:
            self._blobs.delegators[line["delegator"]] = line["client"]
            return
        containers = self._blobs.containers(line["account"])
        if "blob" not in line:
            containers[line["container"]] = put_container(line, self._seconds)
            self._blobs.seen_etag(line["etag"])
            return
        blob = put_blob(line, self._seconds)
        if "blocks" in line:
            path = self._folder / line["file"]
            self._described.add(path)
            if not path.is_file():
                return
            blob.blocks = tuple(self._cut(path, line["blocks"]))
            self._blobs.seen_etag(blob.etag)
        for block_id, size, file in line.get("staged", ()):
            [blob.staged[block_id]] = self._cut(self._folder / file, [[block_id, size]])
        containers[line["container"]].blobs[blob.name] = blob

    def _cut(self, path: Path, blocks: list[list[Any]]) -> Iterator[Block]:
        """The file as blocks of these sizes; as one if it is no longer of their size altogether."""
        if path.stat().st_size != sum(size for _, size in blocks):
            blocks = [["", path.stat().st_size]]
        with path.open("rb") as file:
            for block_id, size in blocks:
                yield self._blobs.keep(block_id, file.read(size))

    def take_others(self, folder: Path, now: float) -> None:
        """Files nobody described."""
        container = self._blobs.containers(folder.parent.name)[folder.name]
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path not in self._described:
                name = path.relative_to(folder).as_posix()
                [block] = self._cut(path, [["", path.stat().st_size]])
                container.blobs[name] = Blob(
                    name,
                    self._blobs.new_etag(now),
                    created=now,
                    modified=now,
                    headers={"Content-Type": "application/octet-stream"},
                    blocks=(block,),
                )


def dump(world: World, folder: Path) -> None:
    """Write all blobs so that `load` finds them as they are; those of an earlier dump are gone."""
    for name in (CONTENT, MORE):
        shutil.rmtree(folder / name, ignore_errors=True)
    (folder / LINES).unlink(missing_ok=True)
    writer = _Writer(folder)
    lines = [
        {"delegator": object_id, "client": client} for object_id, client in world.blobs.delegators.items()
    ]
    for account, containers in sorted(world.blobs.accounts.items()):
        if account_id(world, account):
            for container in containers.values():
                lines += writer.container(account, container)
    if lines:
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (folder / LINES).write_text(text, encoding="utf-8")


class _Writer:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbered = 0

    def container(self, account: str, container: Container) -> Iterator[dict[str, Any]]:
        place = f"{CONTENT}/{account}/{container.name}"
        (self._folder / place).mkdir(parents=True)
        yield {"account": account, "container": container.name, **container_line(container)}
        parents = {
            parent
            for blob in container.blobs.values()
            for parent in _parents(blob.name)
            if blob.blocks is not None
        }
        for blob in container.blobs.values():
            line = {"account": account, "container": container.name, **blob_line(blob)}
            if blob.blocks is not None:
                fits = blob.name not in parents and _is_path(blob.name)
                line["file"] = self._write(blob.blocks, f"{place}/{blob.name}" if fits else "")
            line["staged"] = [[one.id, one.size, self._write([one])] for one in blob.staged.values()]
            yield {name: value for name, value in line.items() if value or name == "blocks"}

    def _write(self, blocks: Iterable[Block], place: str = "") -> str:
        """Where in the estate it is; a numbered file where there is no place for it."""
        if not place:
            self._numbered += 1
            place = f"{MORE}/{self._numbered:06d}"
        path = self._folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            for block in blocks:
                with block.path.open("rb") as source:
                    shutil.copyfileobj(source, file)
        return place


def _parents(name: str) -> Iterator[str]:
    """`a` and `a/b` of `a/b/c`: a file cannot stand where its folder must."""
    head, slash, _ = name.rpartition("/")
    while slash:
        yield head
        head, slash, _ = head.rpartition("/")


def _is_path(name: str) -> bool:
    """Whether a file can be called so, and is found again by the same name."""
    if not name.isprintable() or len(name.encode()) > _LONGEST_PATH:
        return False
    parts = name.split("/")
    return all(part not in ("", ".", "..") and len(part.encode()) <= _LONGEST_NAME for part in parts)


def _folders(place: Path) -> list[Path]:
    return sorted(path for path in place.iterdir() if path.is_dir()) if place.is_dir() else []


def _lines(path: Path) -> Iterator[str]:
    if path.exists():
        with path.open(encoding="utf-8") as lines:
            yield from (line for line in lines if line.strip())
