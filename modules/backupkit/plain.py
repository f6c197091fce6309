"""JSON values as what they should be; anything else is as if it were absent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, (dict, Mapping)) else {}  # asking Mapping first takes longer


def mappings(value: object) -> list[Mapping[str, Any]]:
    """The objects of a list."""
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def text(value: object) -> str:
    return value if isinstance(value, str) else ""


def last(resource_id: object) -> str:
    """The name at the end of an id; "" where there is none."""
    return text(resource_id).rstrip("/").rpartition("/")[2]


def flag(value: object) -> bool | None:
    """Booleans inside Resource Graph's properties may be text."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return value if isinstance(value, bool) else None
