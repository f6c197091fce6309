"""How faults are put: where, what was given, what was probably meant."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

Steps = tuple[str | int, ...]


class Fault(NamedTuple):
    """What is wrong at a place of the file, or below the place that raised it."""

    steps: Steps
    text: str


class UnfitError(ValueError):
    """A value that cannot be used; what was given stands between `must` and `hint`."""

    def __init__(self, must: str, hint: str = "") -> None:
        super().__init__(must)
        self.must, self.hint = must, hint


class FaultsError(ValueError):
    """FaultsError that say all that is to be said; their steps count from where this is raised."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(fault.text for fault in faults))
        self.faults = tuple(faults)


def fault(text: str) -> FaultsError:
    return FaultsError([Fault((), text)])


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """` (did you mean 'x'?)`, or nothing where nothing is near."""
    by_lower = {one.lower(): one for one in known}
    near = difflib.get_close_matches(given.lower(), by_lower, n=1)
    return meant(by_lower[near[0]]) if near else ""


def meant(known: str) -> str:
    return f" (did you mean {known!r}?)"


def quoted(given: Any) -> str:
    """As it was given, but for what follows a scheme or a question mark: it may hold a secret."""
    if isinstance(given, str):
        return repr(re.sub(r"(://|\?).*", r"\1...", given, flags=re.DOTALL))
    if isinstance(given, list | tuple):
        return "a list"
    return "an object" if isinstance(given, dict) else json.dumps(given, default=str)


def place(steps: Steps) -> str:
    """`schedules.weekly.runs[0]`; a name with other characters stands in brackets."""
    told = "".join(_step(step) for step in steps)
    return told.removeprefix(".")


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if re.fullmatch(r"[\w$-]+", step) else f"[{quoted(step)}]"


def listed(words: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
