"""The forms of an export's files: written a line at a time, and read back equal.

`ndjson`, a JSON object a line; `json`, the table form of Resource Graph, a row a line; `csv` as RFC 4180
has it. Each may be compressed.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from backupkit.blobs import CHUNK
from backupkit.errors import BackupkitError
from backupkit.export_schema import Cell, Kind, Record, columns, kinds

GZIP_LEVEL: Final = 3
"""A quarter larger than by the usual 6, in less than half the time."""
PIECE: Final = 256 * 1024
"""Bytes that are compressed at a time: all that is at hand is memory."""

_TYPES: Final[Mapping[Kind, str]] = {
    "text": "string",
    "time": "string",
    "integer": "integer",
    "boolean": "boolean",
}
_KINDS: Final = {(entity, name): kind for entity, name, kind in kinds()}
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "'", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a cell must not begin with, or a spreadsheet may execute it (owasp.org/www-community/attacks/
CSV_Injection); the apostrophe, since it is what such a cell gets in front."""


class FormError(BackupkitError):
    """A file is not what an export writes."""


@dataclass(frozen=True)
class Form:
    """How the files of one export are written; `extension` is theirs."""

    kind: str
    compressed: bool
    raw: bool = False

    @property
    def extension(self) -> str:
        return f"{self.kind}.gz" if self.compressed else self.kind

    def name(self, entity: str, date: str) -> str:
        return f"{entity}/date={date}/{entity}.{self.extension}"

    def line(self, entity: str) -> Callable[[Record], bytes]:
        """What makes a record a line, without its end."""
        names = [column.name for column in columns(entity, raw=self.raw)]
        if self.kind == "csv":
            return _csv_line(names)
        if self.kind == "json":
            return lambda record: packed([record.get(name) for name in names])
        return lambda record: packed({name: record.get(name) for name in names})

    def whole(self, entity: str, lines: Iterable[bytes]) -> Iterator[bytes]:
        """The file in chunks; the same lines make the same bytes."""
        told = self._framed(entity, lines)
        return _compressed(told) if self.compressed else _chunks(told)

    def _framed(self, entity: str, lines: Iterable[bytes]) -> Iterator[bytes]:
        held = columns(entity, raw=self.raw)
        if self.kind == "ndjson":
            yield from (line + b"\n" for line in lines)
        elif self.kind == "csv":
            yield ",".join(column.name for column in held).encode() + b"\r\n"
            yield from (line + b"\r\n" for line in lines)
        else:
            yield b'{"columns":' + packed([{"name": one.name, "type": _TYPES[one.kind]} for one in held])
            yield b',"rows":['
            before = b"\n"
            for line in lines:
                yield before + line
                before = b",\n"
            yield b"\n]}\n"


def records(name: str, chunks: Iterable[bytes]) -> Iterator[Record]:
    """The records of a file, as its name says how they are written.

    Raises:
        FormError: it is cut off, or not what an export writes.
    """
    entity, _, rest = name.rpartition("/")[2].partition(".")
    raw = io.BufferedReader(_Chunked(iter(chunks)), CHUNK)
    stream: Any = gzip.GzipFile(fileobj=raw) if rest.endswith(".gz") else raw
    kind = rest.removesuffix(".gz")
    if kind not in ("ndjson", "csv", "json"):
        raise FormError(f"{name}: an export writes no such file")
    lines = io.TextIOWrapper(stream, encoding="utf-8", newline="" if kind == "csv" else "\n")
    try:
        if rest.endswith(".gz") and not raw.peek(1):
            raise ValueError("it is empty")
        yield from _cells(entity, lines) if kind == "csv" else _OF_JSON[kind](lines)
    except (OSError, EOFError, ValueError, KeyError, TypeError, csv.Error, zlib.error) as error:
        raise FormError(f"{name} is not what an export writes ({error}); move it out of the way") from error


def in_order(name: str, found: Iterable[Record]) -> Iterator[Record]:
    """Records as an export writes them, each key once and in their order.

    Raises:
        FormError: they are not.
    """
    last = ""
    for record in found:
        key = record["key"]
        if not isinstance(key, str) or key <= last:
            why = f"key {key!r} is out of order, or there twice"
            raise FormError(f"{name} is not what an export writes ({why}); move it out of the way")
        last = key
        yield record


def objects(chunks: Iterable[bytes]) -> Iterator[Mapping[str, Any]]:
    """The objects of any NDJSON, such as a report.

    Raises:
        ValueError: a line is none.
    """
    for line in io.TextIOWrapper(io.BufferedReader(_Chunked(iter(chunks)), CHUNK), encoding="utf-8"):
        one = json.loads(line)
        if not isinstance(one, dict):
            raise ValueError("a line is no object")
        yield one


def _objects(lines: Iterable[str]) -> Iterator[Record]:
    for line in lines:
        record = json.loads(line)
        if not isinstance(record, dict) or "key" not in record:
            raise ValueError("a line is no record")
        yield record


def _rows(lines: Iterable[str]) -> Iterator[Record]:
    told = iter(lines)
    head = json.loads(next(told, "") + "]}")
    names = _with_key([column["name"] for column in head["columns"]])
    for line in told:
        if line.startswith("]"):
            return
        yield dict(zip(names, json.loads(line.rstrip(",\n")), strict=True))
    raise ValueError("it is cut off")


_OF_JSON: Final = {"ndjson": _objects, "json": _rows}


def _cells(entity: str, lines: Iterable[str]) -> Iterator[Record]:
    csv.field_size_limit(2**31 - 1)
    reader = csv.reader(map(_ended, lines), strict=True)
    names = _with_key(next(reader, []))
    readings = [(name, _READERS[_KINDS.get((entity, name), "text")]) for name in names]
    for row in reader:
        yield {name: read(cell) for (name, read), cell in zip(readings, row, strict=True)}


def _ended(line: str) -> str:
    """A line as it is; what is left of one that is cut off may look like a whole row."""
    if line[-1] not in "\r\n":
        raise ValueError("it is cut off")
    return line


def _with_key(names: list[str]) -> list[str]:
    if "key" not in names:
        raise ValueError("its rows have no key")
    return names


def _csv_line(names: Sequence[str]) -> Callable[[Record], bytes]:
    held = io.StringIO()
    writer = csv.writer(held, lineterminator="\r\n")

    def line(record: Record) -> bytes:
        held.seek(0)
        held.truncate()
        writer.writerow([_cell(record.get(name)) for name in names])
        return held.getvalue()[:-2].encode("utf-8", "replace")

    return line


def _cell(value: Cell) -> Cell:
    """A cell that no spreadsheet executes; a NUL, which CSV cannot hold, is shown as unknown."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return value
    plain = value.replace("\0", "\ufffd")
    return f"'{plain}" if plain.startswith(_FORMULA) else plain


def _text(cell: str) -> Cell:
    return cell.removeprefix("'") or None


def _integer(cell: str) -> Cell:
    return int(cell) if cell else None


def _boolean(cell: str) -> Cell:
    return {"true": True, "false": False, "": None}[cell]


_READERS: Final[Mapping[str, Callable[[str], Cell]]] = {
    "text": _text,
    "time": _text,
    "integer": _integer,
    "boolean": _boolean,
}


def packed(value: object) -> bytes:
    """As JSON; text that is no Unicode is shown as `?`."""
    return _ENCODE(value).encode("utf-8", "replace")


_ENCODE: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _compressed(parts: Iterable[bytes]) -> Iterator[bytes]:
    """A gzip file without a time in its head."""

    def pressed() -> Iterator[bytes]:
        packing = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
        for chunk in _chunks(parts, PIECE):
            yield packing.compress(chunk)
        yield packing.flush()

    return _chunks(pressed())


def _chunks(parts: Iterable[bytes], least: int = CHUNK) -> Iterator[bytes]:
    held: list[bytes] = []
    size = 0
    for part in parts:
        held.append(part)
        size += len(part)
        if size >= least:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)


class _Chunked(io.RawIOBase):
    """Chunks as a stream."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        while not self._rest:
            self._rest = memoryview(next(self._chunks, b""))
            if not self._rest:
                return 0
        room = memoryview(buffer)
        count = min(len(room), len(self._rest))
        room[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
