"""Parameters of a runbook: `name=value` tokens in any order.

Azure hands Python runbooks positional text, split on blanks and sometimes
re-ordered, so no value may hold a blank and no position means anything. One
frozen dataclass per runbook is the only source for reading, help, the check
of `schedules.json` and the README's table.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
import typing
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Literal, TypeVar

from backupkit.errors import ParameterError

GUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
VAULT_ID = (
    rf"/subscriptions/{GUID}/resourceGroups/[-\w.()]+"
    r"/providers/(Microsoft\.RecoveryServices/vaults|Microsoft\.DataProtection/backupVaults)/[A-Za-z0-9-]+"
)


@dataclass(frozen=True)
class Text:
    """What a text must look like; `example` is shown when it does not."""

    pattern: str
    example: str


@dataclass(frozen=True)
class Between:
    """Bounds of a number, or of a duration in minutes."""

    least: float
    most: float


@dataclass(frozen=True)
class Checked:
    """A text that `read` understands; it raises ValueError saying what the text must be."""

    read: Callable[[str], object]


PLACE = Text(r"(?-i:https://\S+|var:\w[\w-]*)|[^\s:]+", "var:NAME or out/report.ndjson")


CODE = Text(r"[\w.-]+", "400002 or UserErrorGuestAgentStatusUnavailable")
TAG = Text(r"[^\s:,]+:[^\s,]+|none", "backup-retry:off")
RESOURCE = Text(
    rf"/subscriptions/{GUID}/resourceGroups/[^/,]+/providers(/[^/,]+){{3,}}", "a resource's ARM id"
)
VAULT = Text(VAULT_ID, "/subscriptions/.../vaults/rsv-prod")
BLOBS = (
    r"(?-i:https://[a-z0-9]{3,24}\.blob\.core\.(windows\.net|usgovcloudapi\.net|chinacloudapi\.cn)"
    r"/[a-z0-9]([a-z0-9-]{1,61}[a-z0-9])(/[\w.-]+)*/?)"
)
"""A container or what is in it, without a signature: the run's identity signs in."""

KEPT = Text(rf"{BLOBS}|(?-i:var:\w[\w-]*)|[^\s:]+", "rules.json, var:NAME, or a blob's URL without a SAS")
FOLDER = Text(KEPT.pattern, "out/export, var:NAME, or https://<account>.blob.core.windows.net/<container>")
LEDGER = Text(rf"none|{BLOBS}", "https://<account>.blob.core.windows.net/<container>, without a SAS, or none")


@dataclass(frozen=True)
class CommonParams:
    """What every runbook takes."""

    scope: Annotated[
        tuple[str, ...],
        "subscription ids, or mg:<id>; default all the identity sees",
        Text(rf"{GUID}|mg:[-\w.()]+", "mg:corp or a subscription id"),
    ] = ()
    expect_subscriptions: Annotated[
        tuple[str, ...],
        "how many subscriptions must be seen, or which; fewer is an error",
        Text(rf"\d+|{GUID}", "12 or a subscription id"),
    ] = ()
    accept_unread: Annotated[
        tuple[str, ...],
        "subscriptions and vaults known to be unreadable",
        Text(rf"{GUID}|{VAULT_ID}", "a subscription id or a vault id"),
    ] = ()
    identity: Annotated[
        str, "client id of a user-assigned identity; default system-assigned", Text(GUID, "a client id")
    ] = ""
    cloud: Annotated[Literal["AzurePublic", "AzureUSGovernment", "AzureChina"], "which Azure"] = "AzurePublic"
    report: Annotated[
        str, "where the NDJSON report goes: a blob URL, a path, or var:NAME that holds one", PLACE
    ] = ""
    log: Annotated[Literal["decisions", "summary"], "a line per decision, or counts"] = "decisions"
    max_minutes: Annotated[
        int, "stop after this long; the sandbox stops a job at 180", Between(1, 10_000)
    ] = 150
    notify: Annotated[
        str, "where the URL of a Teams or Logic App webhook is kept: var:NAME or a path", PLACE
    ] = ""

    def faults(self) -> Iterator[str]:
        """Faults that no single parameter shows; a subclass calls super()."""
        numbers = [one for one in self.expect_subscriptions if one.isdigit()]
        if numbers and len(self.expect_subscriptions) > 1:
            yield "parameter expect_subscriptions takes one number, or subscription ids, not both"
        groups = [one for one in self.scope if one.startswith("mg:")]
        if groups and len(groups) != len(self.scope):
            yield (
                "parameter scope takes subscription ids or management groups, not both: Resource Graph "
                "cannot combine them"
            )
        if self.report.startswith("https://") and not re.fullmatch(BLOBS, self.report):
            yield "parameter report must be such as https://account.blob.core.windows.net/reports/, unsigned"
        if self.notify.startswith("https://"):
            yield "parameter notify takes the place where the URL is kept, never the URL: var:NAME or a path"

    def alert_faults(self) -> Iterator[str]:
        """Faults of parameters that come with an alert."""
        yield from ()


@dataclass(frozen=True)
class LedgerParams(CommonParams):
    """What a runbook takes that changes something and writes down what."""

    dry_run: Annotated[bool, "decide and report, start nothing"] = True
    ledger: Annotated[str, "blob container that attempts are written to; none counts jobs", LEDGER] = ""

    @property
    def remembers(self) -> bool:
        return self.ledger not in ("", "none")

    def faults(self) -> Iterator[str]:
        yield from super().faults()
        if not self.dry_run and not self.ledger:
            yield "parameter ledger is required with dry_run=false; none counts attempts from job history"

    def alert_faults(self) -> Iterator[str]:
        if not self.dry_run and not self.remembers:
            yield "parameter ledger must be a container where alerts start a run with dry_run=false"


P = TypeVar("P", bound=CommonParams)


@dataclass(frozen=True)
class Parameter:
    name: str
    type: Any
    default: Any
    meaning: str
    text: Text | Checked | None
    bounds: Between | None

    @property
    def default_text(self) -> str:
        return shown(self.default)


def parameters(kind: type[CommonParams]) -> list[Parameter]:
    """What a runbook takes: its own first, then the common ones."""
    common = {field.name for field in dataclasses.fields(CommonParams)}
    hints = typing.get_type_hints(kind, include_extras=True)
    found = [_parameter(field, hints[field.name]) for field in dataclasses.fields(kind)]
    return sorted(found, key=lambda one: one.name in common)


def read(kind: type[P], tokens: Sequence[str], *, alerted: bool = False) -> P:
    """Read the tokens, which an alert may have come with.

    Raises:
        ParameterError: every fault at once.
    """
    known = {one.name: one for one in parameters(kind)}
    values: dict[str, Any] = {}
    faults: list[str] = []
    for token in filter(None, map(_unquoted, tokens)):
        name, equals, text = token.partition("=")
        if not equals:
            faults.append(f"{_quoted(token)} is not a name=value token")
        elif name not in known:
            faults.append(f"no parameter {_quoted(name)}{_suggestion(name, known)}")
        elif name in values:
            faults.append(f"parameter {name} is given twice")
        else:
            values[name] = _value(known[name], _unquoted(text), faults)
    options = kind(**values)
    faults.extend(options.faults())
    if alerted:
        faults.extend(options.alert_faults())
    if faults:
        raise ParameterError(faults)
    return options


def shown(value: Any) -> str:
    """A value as it is typed."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, timedelta):
        return _shown_duration(value)
    if isinstance(value, tuple):
        return ",".join(value)
    return str(value)


def help_text(kind: type[CommonParams], purpose: str) -> list[str]:
    table = [(f"{one.name}={one.default_text}", one.meaning + _choices(one)) for one in parameters(kind)]
    table += [("help", "this text"), ("check", "try what the run would need; changes nothing")]
    lines = [purpose, "", "parameters are name=value tokens without blanks, in any order:"]
    return lines + [f"  {name:<34} {meaning}" for name, meaning in table]


def _choices(parameter: Parameter) -> str:
    kind = parameter.type
    if typing.get_origin(kind) is tuple:
        kind = typing.get_args(kind)[0]
    return f" ({' | '.join(typing.get_args(kind))})" if typing.get_origin(kind) is Literal else ""


def _parameter(field: dataclasses.Field[Any], hint: Any) -> Parameter:
    kind, meaning, *marks = typing.get_args(hint)
    return Parameter(
        field.name,
        kind,
        field.default,
        meaning,
        next((mark for mark in marks if isinstance(mark, (Text, Checked))), None),
        next((mark for mark in marks if isinstance(mark, Between)), None),
    )


def _unquoted(text: str) -> str:
    text = text.strip()
    while len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1].strip()
    return text


def _quoted(text: str) -> str:
    """As it was given, but for what follows a scheme: a URL may hold a secret."""
    return repr(re.sub(r"://.*", "://...", text, flags=re.DOTALL))


def _suggestion(name: str, known: dict[str, Parameter]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean {near[0]!r}?)" if near else "; help lists them"


def _value(parameter: Parameter, text: str, faults: list[str]) -> Any:
    try:
        if typing.get_origin(parameter.type) is tuple:
            kind = typing.get_args(parameter.type)[0]
            parts = [one for one in (part.strip() for part in text.split(",")) if one]
            if not parts and parameter.default:
                raise ValueError("a comma-separated list of one at least")
            return tuple(_scalar(parameter, kind, part) for part in parts)
        return _scalar(parameter, parameter.type, text)
    except ValueError as error:
        faults.append(f"parameter {parameter.name} must be {error}, got {_quoted(text)}")
        return parameter.default


def _scalar(parameter: Parameter, kind: Any, text: str) -> Any:
    if typing.get_origin(kind) is Literal:
        return _choice(typing.get_args(kind), text)
    if kind is bool:
        return _choice(("true", "false"), text.lower()) == "true"
    if kind is timedelta:
        return _bounded(parameter, duration(text))
    if kind in (int, float):
        return _bounded(parameter, _number(kind, text))
    if text:
        _check_text(parameter.text, text)
    return text


def _check_text(mark: Text | Checked | None, text: str) -> None:
    if isinstance(mark, Checked):
        mark.read(text)
    elif mark and not re.fullmatch(mark.pattern, text, re.IGNORECASE | re.ASCII):
        raise ValueError(f"such as {mark.example}")


def _choice(choices: Sequence[str], text: str) -> str:
    if text not in choices:
        raise ValueError(f"{'one of ' if len(choices) > 1 else ''}{', '.join(choices)}")
    return text


def _number(kind: type[int | float], text: str) -> int | float:
    pattern = r"\d{1,9}" if kind is int else r"\d{1,9}(\.\d{1,9})?"
    if not re.fullmatch(pattern, text, re.ASCII):
        raise ValueError("a whole number" if kind is int else "a number")
    return kind(text)


def duration(text: str) -> timedelta:
    """`90m`, `24h` or `7d`."""
    match = re.fullmatch(r"(\d{1,6})([mhd])", text, re.ASCII)
    if not match:
        raise ValueError("a duration such as 90m, 24h or 7d")
    return timedelta(minutes=int(match[1]) * {"m": 1, "h": 60, "d": 1440}[match[2]])


def _bounded(parameter: Parameter, value: Any) -> Any:
    bounds = parameter.bounds
    size = value.total_seconds() / 60 if isinstance(value, timedelta) else value
    if bounds and not bounds.least <= size <= bounds.most:
        ends = (bounds.least, bounds.most)
        if isinstance(value, timedelta):
            least, most = (_shown_duration(timedelta(minutes=end)) for end in ends)
        else:
            least, most = (f"{end:g}" for end in ends)
        raise ValueError(f"from {least} to {most}")
    return value


def _shown_duration(value: timedelta) -> str:
    minutes = int(value.total_seconds() // 60)
    for size, unit in ((1440, "d"), (60, "h")):
        if minutes and minutes % size == 0 and (unit != "d" or minutes > 1440):
            return f"{minutes // size}{unit}"
    return f"{minutes}m"
