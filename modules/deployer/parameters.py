"""Parameters: values in `schedules.json`, `name=value` tokens to a runbook, numbered texts in Azure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from backupkit import params
from backupkit.errors import ParameterError
from backupkit.params import CommonParams

from deployer.wording import Fault, FaultsError, fault, quoted

Value = str | bool | int | float | tuple[str, ...]
Parameters = Mapping[str, Value]

MOST = 50
"""Azure takes no more of them for a runbook."""


def tokens(parameters: Parameters) -> tuple[str, ...]:
    """In the order of the file, which means nothing to a runbook."""
    return tuple(f"{name}={_text(value)}" for name, value in parameters.items())


def azure_parameters(given: Iterable[str]) -> dict[str, str]:
    """As a job, a link or a webhook holds them: Python takes them by position, so the names only count.

    They are in lower case, since links of schedules are said to take no other.
    """
    return {f"[parameter {number}]": token for number, token in enumerate(given, 1)}


def tokens_of(azure: Mapping[str, str] | None) -> tuple[str, ...]:
    """The tokens in what Azure gives back, sorted, since their order is not to be trusted.

    Names come in any casing, and values may be quoted as JSON once more.
    """
    found = {_unquoted(value) for value in (azure or {}).values() if value is not None}
    return tuple(sorted(found - {""}))


def names_of_variables(parameters: Parameters) -> Iterator[str]:
    """The Automation variables that `var:NAME` names."""
    for value in parameters.values():
        for text in value if isinstance(value, tuple) else (value,):
            if isinstance(text, str) and text.startswith("var:"):
                yield text.removeprefix("var:")


def read(given: object, runbook: str, kind: type[CommonParams] | None, *, alerted: bool) -> dict[str, Value]:
    """Values that can become tokens and that the runbook, if known, would not refuse.

    Raises:
        FaultsError: every one that cannot, and whatever the runbook says.
    """
    if not isinstance(given, dict):
        raise fault(f"must be an object of names and values, got {quoted(given)}")
    unfit = {name: text for name, value in given.items() if (text := _unfit(name, value))}
    values = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in given.items()
        if name not in unfit
    }
    faults = [Fault((name,), text) for name, text in unfit.items()]
    if len(given) > MOST:
        faults.append(Fault((), f"must be {MOST} at most, Azure's limit, got {len(given)}"))
    refused = _refused(values, runbook, kind, alerted=alerted) if kind else ()
    faults += [one for one in refused if not set(one.steps) & set(unfit)]
    if faults:
        raise FaultsError(faults)
    return values


def _refused(values: Parameters, runbook: str, kind: type[CommonParams], *, alerted: bool) -> Iterator[Fault]:
    """What the runbook would say itself."""
    try:
        params.read(kind, tokens(values), alerted=alerted)
    except ParameterError as error:
        yield from (_placed(told, runbook) for told in error.faults)


def _placed(told: str, runbook: str) -> Fault:
    """A fault of the kit's, at the parameter that it names."""
    found = re.fullmatch(r"parameter (\w+) (.+)", told, re.DOTALL)
    if found:
        return Fault((found[1],), found[2])
    found = re.fullmatch(r"no parameter '([^']+)'(.*)", told, re.DOTALL)
    if found:
        hint = found[2].replace("help lists them", "the table in README.md lists them")
        return Fault((found[1],), f"{runbook} has no such parameter{hint}")
    return Fault((), told)


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _unquoted(value: str) -> str:
    text = str(value).strip()
    if not text.startswith('"'):
        return text
    try:
        return str(json.loads(text)).strip()
    except ValueError:
        return text


def _unfit(name: str, value: object) -> str:
    if not re.fullmatch(r"\w+", name):
        return "names of parameters are letters, digits and underscores"
    if isinstance(value, bool | int | float):
        return ""
    if isinstance(value, str):
        return _blank(value)
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        return f"must be a text, a number, true, false or a list of texts, got {quoted(value)}"
    if any("," in one for one in value):
        return "holds a comma within a text, where one is read as two; make them two texts of the list"
    return next(filter(None, map(_blank, value)), "")


def _blank(text: str) -> str:
    if not re.search(r"\s", text):
        return ""
    return f"must be without blanks, since Azure Automation splits values there, got {quoted(text)}"
