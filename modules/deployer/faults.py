"""Faults of `schedules.json` in our words, and without what the environment keeps secret."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from deployer.document import Filled
from deployer.wording import Fault, FaultsError, Steps, UnfitError, did_you_mean, place, quoted

MUST = {
    "string_type": "a text",
    "string_unicode": "a text that UTF-8 can hold",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "greater_than_equal": "{ge} at least",
    "less_than_equal": "{le} at most",
    "tuple_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
}
"""What pydantic misses, by its names for errors."""

SIGNATURE = re.compile(r"\b(sig|sv|se|sp|token|key|secret|password)=[^\s&'\"]+", re.IGNORECASE)


def faults_of(error: ValidationError, model: type[BaseModel]) -> Iterator[Fault]:
    for one in error.errors(include_url=False):
        is_key = one["loc"][-1:] == ("[key]",) and one["type"] == "value_error"
        steps: Steps = one["loc"][:-1] if is_key else one["loc"]
        raised = one.get("ctx", {}).get("error")
        if isinstance(raised, FaultsError):
            yield from (Fault(steps + inner.steps, inner.text) for inner in raised.faults)
        else:
            yield Fault(steps, _text(one, raised, steps, model))


def _text(one: Any, raised: object, steps: Steps, model: type[BaseModel]) -> str:
    if one["type"] == "missing":
        about = _fields(model, steps[:-1])[str(steps[-1])].description or ""
        return f"is missing: {about[:1].lower()}{about[1:]}".rstrip(".")
    if one["type"] == "extra_forbidden":
        known = _fields(model, steps[:-1])
        hint = did_you_mean(str(steps[-1]), known) or f"; known are {', '.join(known)}"
        return f"no such key{hint}"
    given = _given(one["input"], steps)
    if isinstance(raised, UnfitError):
        return f"{raised}, got {given}{raised.hint}"
    must = MUST.get(one["type"], "something else").format(**one.get("ctx", {}))
    return f"must be {must}, got {given}"


def _given(given: Any, steps: Steps) -> str:
    """The value of a variable may be a secret of any form."""
    hidden = steps[:1] == ("variables",) and steps[-1] == "value" and isinstance(given, int | float)
    return "a number, or true or false" if hidden else quoted(given)


def _fields(model: type[BaseModel], steps: Steps) -> dict[str, FieldInfo]:
    """The keys of the object that the steps lead to."""
    kind: Any = model
    for step in steps:
        kind = (
            _keys(kind)[str(step)].annotation if _is_model(kind) else next(filter(_is_model, get_args(kind)))
        )
    return _keys(kind)


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _keys(model: type[BaseModel]) -> dict[str, FieldInfo]:
    return {info.alias or name: info for name, info in model.model_fields.items()}


def line(fault: Fault, filled: Sequence[Filled]) -> str:
    """Where and what; what the environment gave is put back as `${NAME}`."""
    where = place(fault.steps)
    text = f"{where}: {fault.text}" if where else fault.text
    near = [one for one in filled if _is_near(one.steps, fault.steps)]
    for one in near:
        text = _replaced(text, one.text, one.written)
    for name, value in (pair for one in near for pair in one.values.items()):
        text = _replaced(text, value, f"${{{name}}}")
    return SIGNATURE.sub(r"\1=...", text)


def _is_near(one: Steps, other: Steps) -> bool:
    least = min(len(one), len(other))
    return one[:least] == other[:least]


def _replaced(text: str, secret: str, written: str) -> str:
    """A short one only where it stands by itself: `1` is in many a word of ours."""
    for form in filter(None, (secret, repr(secret)[1:-1])):
        pattern = re.escape(form) if len(form) > 5 else rf"(?<!\w){re.escape(form)}(?!\w)"
        text = re.sub(pattern, lambda _: written, text, flags=re.IGNORECASE)
    return text
