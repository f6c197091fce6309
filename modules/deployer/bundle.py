"""One file per runbook: its source, and the kit it imports.

Automation keeps a runbook as a single text. The kit travels in comment lines at its end, so that the rest
reads in the portal as it does here. (A zip after the source would do too, but CPython takes such a file for
an application in a zip, and fails.)
"""

from __future__ import annotations

import ast
import base64
import json
import textwrap
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deployer.errors import DeployError

PREAMBLE = Path(__file__).with_name("preamble.py")
MARK = "#| "
"""What a line of the packed kit begins with."""
_WIDTH = 100


@dataclass(frozen=True)
class Unpacked:
    """A built runbook taken apart: what one reads of it, and the kit's files by path."""

    source: str
    files: Mapping[str, str]


def build(runbook: Path, kit: Path) -> str:
    """The text to upload; the same bytes for the same files, wherever the clone stands.

    `kit` is a package's folder.

    Raises:
        DeployError: a file that is no Python.
    """
    files = {
        path.relative_to(kit.parent).as_posix(): read(path)
        for path in sorted(kit.rglob("*.py"))
        if "__pycache__" not in path.parts
    }
    packed = base64.b64encode(zlib.compress(json.dumps(files, sort_keys=True).encode(), 9)).decode()
    lines = [MARK + packed[at : at + _WIDTH] for at in range(0, len(packed), _WIDTH)]
    return "\n".join([_with_preamble(read(runbook), runbook), *lines, ""])


def unpack(text: str) -> Unpacked:
    """Take a runbook apart, also one that was built elsewhere, or is none of ours (it has no files).

    Compressed bytes may differ from one zlib to another, and Automation may change ends of lines: what
    counts is in here.
    """
    lines = text.lstrip("\ufeff").replace("\r\n", "\n").split("\n")
    packed = "".join(line[len(MARK) :].strip() for line in lines if line.startswith(MARK))
    source = "\n".join(line for line in lines if not line.startswith(MARK)).rstrip("\n")
    try:
        files = json.loads(zlib.decompress(base64.b64decode(packed))) if packed else {}
    except (ValueError, zlib.error):
        files = {"(unreadable)": packed}
    return Unpacked(source, files)


def differences(name: str, old: str, new: str) -> list[str]:
    """Files that differ between two built texts of the runbook `name`, itself first."""
    was, now = unpack(old), unpack(new)
    own = [f"{name}.py"] if was.source != now.source else []
    return own + sorted(
        path for path in was.files.keys() | now.files.keys() if was.files.get(path) != now.files.get(path)
    )


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8-sig").replace("\r\n", "\n")


def _with_preamble(source: str, runbook: Path) -> str:
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise DeployError(f"{runbook}: line {error.lineno} is no Python: {error.msg}") from error
    # A kit that is imported before it is there cannot be; what comes from __future__ has to stand first.
    first = next((node.lineno for node in tree.body if _is_import(node)), len(source.splitlines()) + 1)
    lines = source.rstrip("\n").split("\n")
    return "\n".join([*lines[: first - 1], *_preamble(), "", *lines[first - 1 :]])


def _is_import(node: ast.stmt) -> bool:
    return isinstance(node, ast.Import) or (isinstance(node, ast.ImportFrom) and node.module != "__future__")


def _preamble() -> list[str]:
    text = read(PREAMBLE)
    docstring = ast.parse(text).body[0]
    kept = "\n".join(text.split("\n")[docstring.end_lineno :]).strip("\n")
    told = "The kit (backupkit) that this runbook imports stands packed at its end; edit neither here."
    return [*(f"# {line}" for line in textwrap.wrap(told, 100)), *kept.split("\n"), ""]
