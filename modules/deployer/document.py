"""The text of `schedules.json`: JSON whose texts may hold `${NAME}`, taken from the environment."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from deployer.wording import Fault, FaultsError, Steps, fault

_PLACE = re.compile(r"\$\$\{|\$\{([^{}]*)(\}?)")
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)


class Filled(NamedTuple):
    """A text that the environment had a part in."""

    steps: Steps
    written: str
    text: str
    values: Mapping[str, str]


class _Pairs(list[tuple[str, Any]]):
    """An object as it is written: repeated keys are still there."""


def parsed(text: str) -> Any:
    """What the text holds, for `Document` to look at.

    Raises:
        FaultsError: it is no JSON; where.
    """
    try:
        return json.loads(text, object_pairs_hook=_Pairs, parse_constant=_refused)
    except json.JSONDecodeError as error:
        told = error.msg[:1].lower() + error.msg[1:]
        raise fault(f"line {error.lineno}, column {error.colno}: {told}; JSON was expected") from error
    except FaultsError:
        raise
    except ValueError as error:
        raise fault("holds a whole number of too many digits") from error


def _refused(constant: str) -> None:
    raise fault(f"holds {constant}, which is no number in JSON")


@dataclass
class Document:
    """A walk through what `parsed` gave; it collects as it goes."""

    environ: Mapping[str, str]
    repeated: list[Fault] = field(default_factory=list)
    unfilled: list[Fault] = field(default_factory=list)
    filled: list[Filled] = field(default_factory=list)
    order: dict[Steps, int] = field(default_factory=dict)

    def value(self, given: Any, steps: Steps = ()) -> Any:
        """The same with texts filled in."""
        self.order.setdefault(steps, len(self.order))
        if isinstance(given, _Pairs):
            return self._object(given, steps)
        if isinstance(given, list):
            return [self.value(one, (*steps, number)) for number, one in enumerate(given)]
        return self._text(given, steps) if isinstance(given, str) else given

    def _object(self, pairs: _Pairs, steps: Steps) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for written, value in pairs:
            name = self._text(written, steps, is_key=True)
            if name in found:
                self.repeated.append(Fault((*steps, name), "stands twice; keep one"))
            found[name] = self.value(value, (*steps, name))
        return found

    def _text(self, written: str, steps: Steps, *, is_key: bool = False) -> str:
        values: dict[str, str] = {}
        wrong: list[str] = []
        text = _PLACE.sub(lambda found: self._part(found, values, wrong), written)
        steps = (*steps, text) if is_key else steps
        self.unfilled += [Fault(steps, why) for why in wrong]
        if values:
            self.filled.append(Filled(steps, written, text, values))
        return text

    def _part(self, found: re.Match[str], values: dict[str, str], wrong: list[str]) -> str:
        if found[0] == "$${":
            return "${"
        name, closed = found[1], found[2]
        if not closed:
            why = "${ has no }; write $${ for a literal ${"
        elif not _NAME.fullmatch(name):
            why = f"{found[0]} names no environment variable; write $${{ for a literal ${{"
        elif name not in self.environ:
            why = f"{found[0]} is not set in the environment; export it, or write its value into the file"
        else:
            values[name] = self.environ[name]
            return values[name]
        wrong.append(why)
        return found[0]
