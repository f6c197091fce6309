"""What pip says when it cannot download wheels, as a sentence that says what to do."""

from __future__ import annotations

import re

from deployer import sandbox

_STAMP = re.compile(r"^\d{4}-\d\d-\d\dT\S+ ", re.MULTILINE)
_OTHER_FILE = re.compile(
    r"^\s+(?P<name>\S+?)==(?P<version>\S+).*:\n\s+Expected sha256 [\s\S]*?Got +(?P<sha256>\w+)", re.MULTILINE
)
_NOTHING = re.compile(r"No matching distribution found for (\S+?)==(\S+)")
_UNREAD = re.compile(r"Could not fetch URL (\S+): (?!404 )(.*) - skipping")
_OTHER_PYTHON = re.compile(r"Package '(\S+)' requires a different Python: \S+ not in '(.+?)'")
_URL = re.compile(r"\b([a-z]+://)(?:[^\s/@]+@)?([^\s/?]*)\S*")


def why(said: str, python: str) -> str:
    """From what was written to pip's log, or printed where it came to none."""
    said = _STAMP.sub("", said)
    if other := _OTHER_FILE.search(said):
        return (
            f"{other['name']} {other['version']}: the index offers other files than the lock was made from "
            f"(sha256 {other['sha256']}): do not deploy; find out why, then run `make lock`"
        )
    if nothing := _NOTHING.search(said):
        return _nothing(nothing[1], nothing[2], said, python)
    if other := _OTHER_PYTHON.search(said):
        return _other_python(other[1], other[2], python)
    if "No module named pip" in said:
        return "pip could not be started; install it for the Python that runs the deployer"
    lines = said.strip().splitlines()
    told = [line for line in lines if line.startswith("ERROR: ")] or lines[-1:]
    return f"pip could not download the wheels: {_without_urls(' '.join(told))}"


def _nothing(name: str, version: str, said: str, python: str) -> str:
    unread = {f"{_without_urls(url)} {_reason(text)}" for url, text in _UNREAD.findall(said)}
    if unread:
        return (
            f"{name} {version}: not found, and an index could not be read ({'; '.join(sorted(unread))}): "
            f"check the network, the proxy, and what `pip config list` says of indexes"
        )
    if other := re.search(rf"(?<![\w.]){re.escape(version)} Requires-Python ([^;:\n]+)", said):
        return _other_python(f"{name} {version}", other[1].strip(), python)
    return (
        f"{name} {version}: the index has no wheel of it that the sandbox can run ({sandbox.takes(python)}): "
        f"pin another version in modules/sandbox.in and run `make lock`"
    )


def _other_python(what: str, needs: str, python: str) -> str:
    return (
        f"{what} needs Python {needs}, and the sandbox has {python}: "
        f"pin another version in modules/sandbox.in and run `make lock`"
    )


def _reason(text: str) -> str:
    """Its first words: how much comes after them depends on the version of pip."""
    return re.split(r": |HTTPS?ConnectionPool", text)[0] or "no answer"


def _without_urls(text: str) -> str:
    """Hosts alone: the addresses of a private index's files may hold a signature or a password."""
    return _URL.sub(r"\1\2", text)
