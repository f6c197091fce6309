"""Webhook data among a runbook's arguments.

Azure adds what was posted to a webhook as one more argument, and the cloud
sandbox splits arguments on blanks. The envelope `{WebhookName:..,RequestBody:..,
RequestHeader:..}` comes in many forms: unquoted round a body of raw JSON (cloud),
valid JSON round a body that is text (portal), a Python repr (Linux hybrid
worker), any of these encoded once more, or not at all.

Whoever knows the URL can post anything, `dry_run=false` between blanks included,
so nothing from within the data becomes a token. Every step is linear in its
length. Split text may have lost blanks inside strings: only ids can be trusted
to have come through.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_OPENING = re.compile(r"""["'\s]*(?:\{|\[\s*(?:[\[{"']|\Z))""")
_TOKEN = re.compile(r"""["']*(?:[A-Za-z][\w-]*=[^{}\[\]\\]*|(?:help|check)["']*)""")
_MARK = r"""%s\\*["']?\s*:\s*"""
_BODY = re.compile(_MARK % "RequestBody")
_NAME = re.compile(_MARK % "WebhookName" + r"""\\*["']?([\w .-]{1,128})""")
_ESCAPE = re.compile(r'\\([\\"/bfnrt])')
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_REPR_START = re.compile(r"[\[{\s]*'")
_REPR = re.compile(
    r"""'([^'\\]*(?:\\.[^'\\]*)*)'?|"([^"\\]*(?:\\.[^"\\]*)*)"?|\b(True|False|None)\b""", re.DOTALL
)
_REPR_WORDS = {"True": "true", "False": "false", "None": "null"}
_REPR_ESCAPE = re.compile(
    r"\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U00([\da-fA-F]{6})|(.))", re.DOTALL | re.ASCII
)
_NO_BODY = "webhook data has no body"
_NOT_JSON = "webhook data has a body that is not JSON"
# Faults never show a body: it may hold anything, secrets included.


@dataclass(frozen=True)
class Hint:
    """What a webhook received. Where it is of no use, `fault` says why and `body` is None."""

    webhook: str
    body: Any
    fault: str = ""


def split(argv: Sequence[str]) -> tuple[list[str], Hint | None]:
    """Part the arguments into tokens and webhook data, None where there is none.

    The data runs from the first argument that opens a JSON value to the last
    one that is no token. Azure closes what it adds with a bracket, so a token
    after anything else is a piece of somebody's text. Never raises.
    """
    start = next((n for n, piece in enumerate(argv) if _OPENING.match(piece)), None)
    if start is None:
        return list(argv), None
    end = len(argv)
    while end > start + 1 and (not argv[end - 1].strip() or _TOKEN.fullmatch(argv[end - 1])):
        end -= 1
    text = " ".join(argv[start:end])
    if not text.rstrip("\"' \r\n\t").endswith(("}", "]")):
        return list(argv[:start]), _unusable(text, "is cut off: it does not end with a bracket")
    return [*argv[:start], *argv[end:]], _read(_outer(text.strip()))


def _read(text: str) -> Hint:
    for form in (text, _from_repr(text)):
        try:
            return _from_value(_value(form))
        except ValueError:
            continue
    return _from_marks(text)


def _from_value(value: Any) -> Hint:
    """The data was one value throughout: an envelope, or a body by itself."""
    if not isinstance(value, dict) or not {"WebhookName", "RequestBody"} & value.keys():
        return Hint("", value)
    given = value.get("WebhookName")
    name = given[:128] if isinstance(given, str) else ""
    body = value.get("RequestBody")
    if body is None or (isinstance(body, str) and not body.strip()):
        return Hint(name, None, _NO_BODY)
    if not isinstance(body, str):
        return Hint(name, body)
    for form in (body, _unescaped(body)):
        try:
            return Hint(name, _value(form))
        except ValueError:
            continue
    return Hint(name, None, _NOT_JSON)


def _from_marks(text: str) -> Hint:
    """The body stands raw in an envelope that is not JSON; it ends where its JSON ends."""
    mark = _BODY.search(text)
    if not mark:
        return _unusable(text, "is not JSON and has no RequestBody")
    rest = text[mark.end() :]
    if rest[:1] in ("", ",", "}"):
        return Hint(_name(text), None, _NO_BODY)
    for form in (rest, _unescaped(rest)):
        try:
            return _from_value({"WebhookName": _name(text), "RequestBody": _leading(form)})
        except ValueError:
            continue
    return Hint(_name(text), None, _NOT_JSON)


def _unusable(text: str, why: str) -> Hint:
    return Hint(_name(text), None, f"webhook data {why} ({len(text)} characters)")


def _name(text: str) -> str:
    found = _NAME.search(text)
    return found[1].strip() if found else ""


def _number(text: str) -> int | float:
    """No number in an alert is longer; making an int of half a million digits takes seconds."""
    return int(text) if len(text) < 20 else float(text)


_DECODER = json.JSONDecoder(strict=False, parse_int=_number)


def _leading(text: str) -> Any:
    """The JSON value at the start of an envelope's rest.

    Raises:
        ValueError: there is none, or it is only the start of some other text.
    """
    try:
        value, end = _DECODER.raw_decode(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if text[end:].lstrip("\\\"' \r\n\t")[:1] not in (",", "}"):
        raise ValueError("followed by other text")
    return value


def _value(text: str) -> Any:
    """JSON, or JSON as text in JSON.

    Raises:
        ValueError: it is not, or holds nothing but text.
    """
    value: Any = text
    for _ in range(2):
        if isinstance(value, str):
            try:
                value = _DECODER.decode(value)
            except RecursionError as error:
                raise ValueError("nested too deeply") from error
    if isinstance(value, str):
        raise ValueError("text")
    return value


def _outer(text: str) -> str:
    """Without quotes round the whole: those of JSON with its escapes, others as they stand."""
    if text[:1] == '"':
        try:
            value = _DECODER.decode(text)
        except ValueError:
            return text.strip("\"' ")
        return str(value).strip()
    return text.strip("' ")


def _unescaped(text: str) -> str:
    r"""One layer of JSON's escapes undone; `\u` stays, for the layer below reads the same."""
    return _ESCAPE.sub(lambda found: _ESCAPES.get(found[1], found[1]), text)


def _from_repr(text: str) -> str:
    """A Python repr as JSON; other text unchanged."""
    return _REPR.sub(_as_json, text) if _REPR_START.match(text) else text


def _as_json(found: re.Match[str]) -> str:
    if found[3]:
        return _REPR_WORDS[found[3]]
    return json.dumps(_REPR_ESCAPE.sub(_character, found[1] or found[2] or ""))


def _character(found: re.Match[str]) -> str:
    digits = found[1] or found[2] or found[3]
    if digits:
        return chr(min(int(digits, 16), 0x10FFFF))
    return {**_ESCAPES, "\n": "", "'": "'", "\\": "\\", '"': '"'}.get(found[4], found[0])
