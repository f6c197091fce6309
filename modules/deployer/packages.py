"""From a lock file to wheels that the sandbox of Azure Automation can run."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.metadata import InvalidMetadata
from packaging.utils import canonicalize_name

from deployer import closure, pip_log, sandbox
from deployer.errors import DeployError

_PIN = re.compile(r"([A-Za-z0-9][\w.-]*)==([\w.!+-]+) \\", re.ASCII)
_HASH = re.compile(r" +--hash=sha256:([0-9a-f]{64})( \\)?")
_SILENT = re.compile(r"\s*(#.*)?")
_DOTTED = re.compile(r"[0-9]+(\.[0-9]+){1,3}")
_METADATA = re.compile(r"[^/]+\.dist-info/METADATA")


class PackageError(DeployError):
    """A lock file, or a wheel of it, that cannot be used."""


@dataclass(frozen=True)
class Pin:
    """`name` is normalised; `hashes` are the sha256 of all files published for the version, in hex."""

    name: str
    version: str
    hashes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wheel:
    name: str
    version: str
    filename: str
    sha256: str
    path: Path


def pins(lock: Path) -> tuple[Pin, ...]:
    """Read a lock file as pip-tools writes it.

    Raises:
        PackageError: it cannot be read, or says anything but versions and their hashes.
    """
    found: list[Pin] = []
    places: list[int] = []
    lines = _lines(lock)
    for number, line in enumerate(lines, 1):
        if pinned := _PIN.fullmatch(line):
            found.append(Pin(canonicalize_name(pinned[1]), pinned[2]))
            places.append(number)
        elif found and (hashed := _HASH.fullmatch(line)):
            found[-1] = replace(found[-1], hashes=(*found[-1].hashes, hashed[1]))
        elif not _SILENT.fullmatch(line):
            raise _malformed(lock, number, line)
    names = [pin.name for pin in found]
    for number, pin in zip(places, found, strict=True):
        if not pin.hashes or names.count(pin.name) > 1:
            raise _malformed(lock, number, lines[number - 1])
    return tuple(found)


def _lines(lock: Path) -> list[str]:
    try:
        return lock.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise PackageError(f"{lock}: cannot be read: {error}") from error


def _malformed(lock: Path, number: int, line: str) -> PackageError:
    return PackageError(
        f"{lock}:{number}: expected each package once, as name==version and its --hash=sha256:... lines, "
        f"got {line.strip()!r:.80}; run `make lock`"
    )


def digest(pinned: Iterable[Pin]) -> str:
    """A short name for these versions, whatever their order."""
    lines = sorted(f"{pin.name}=={pin.version}\n" for pin in pinned)
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:16]


def azure_version(version: str) -> str | None:
    """The version, where it is 2 to 4 dotted numbers, which is all that Azure takes for one."""
    return version if _DOTTED.fullmatch(version) else None


def missing(wheels: Iterable[Wheel], python: str = "3.10") -> list[str]:
    """What the wheels need that is not among them; Azure resolves nothing, and only a job would find out.

    Raises:
        PackageError: a file is no wheel.
    """
    return closure.unmet([_distribution(wheel) for wheel in wheels], python)


def _distribution(wheel: Wheel) -> closure.Distribution:
    try:
        with zipfile.ZipFile(wheel.path) as archive:
            [metadata] = filter(_METADATA.fullmatch, archive.namelist())
            return closure.read(archive.read(metadata))
    except (OSError, ValueError, zipfile.BadZipFile, InvalidMetadata) as error:
        raise PackageError(f"{wheel.path}: no wheel with readable METADATA: {error}") from error


def wheels(lock: Path, folder: Path, python: str = "3.10") -> tuple[Wheel, ...]:
    """The wheels of a lock; what `folder` does not have of them is downloaded, and stays there.

    pip downloads them, so that the index it is configured for is the one that is asked.

    Raises:
        PackageError: the lock is malformed, or pip cannot get what it names.
    """
    pinned = pins(lock)
    home = folder / f"{digest(pinned)}-{sandbox.abi(python)}"
    if len(_found(home, pinned)) < len(pinned):
        _download(lock, home, python)
    found = _found(home, pinned)
    lost = [f"{pin.name} {pin.version}" for pin in pinned if pin.name not in found]
    if lost:
        raise PackageError(f"{home}: pip reports no fault, but brought no wheel of {', '.join(lost)}")
    return tuple(found[pin.name] for pin in pinned)


def _found(home: Path, pinned: Iterable[Pin]) -> dict[str, Wheel]:
    """By name. A file is what its hash says: one that was cut short or exchanged is not there at all."""
    by_hash = {one: pin for pin in pinned for one in pin.hashes}
    found = {}
    for path in sorted(home.glob("*.whl")):
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        if pin := by_hash.get(sha256):
            found[pin.name] = Wheel(pin.name, pin.version, path.name, sha256, path)
    return found


def _download(lock: Path, home: Path, python: str) -> None:
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent, prefix="part-") as part:
        log = Path(part, "pip.log")
        ended = subprocess.run(  # noqa: S603 - the words are ours, the paths those of who deploys
            _command(lock, Path(part), log, python),
            # The lock says all there is to say: a constraint of this machine could only contradict it.
            env={**os.environ, "PIP_CONSTRAINT": os.devnull},
            capture_output=True,
            check=False,
        )
        if ended.returncode:
            said = log.read_bytes() if log.exists() else ended.stderr
            raise PackageError(f"{lock}: {pip_log.why(said.decode(errors='replace'), python)}")
        for path in Path(part).glob("*.whl"):
            path.replace(home / path.name)


def _command(lock: Path, part: Path, log: Path, python: str) -> list[str]:
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"]
    exactly = ["--no-deps", "--only-binary=:all:", "--require-hashes", f"--requirement={lock}"]
    tags = [f"--platform={platform}" for platform in sandbox.platforms()]
    runs_on = [f"--python-version={python}", "--implementation=cp", f"--abi={sandbox.abi(python)}", *tags]
    return [*pip, *exactly, *runs_on, f"--dest={part}", f"--log={log}"]
