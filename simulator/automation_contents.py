"""What runbooks contain, published and in draft: a row of its own, so that Resource Graph does not see it."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.automation_rows import Call
from simulator.store import AUTOMATION

if TYPE_CHECKING:
    from simulator.store import Row


@dataclass(frozen=True)
class Contents:
    """`draft` is None while there is none."""

    published: bytes | None
    draft: bytes | None
    drafted: str = ""


def contents(call: Call, runbook: Row) -> Contents:
    """An estate made by hand says `published` and `draft` as text; the simulator writes `..Base64`.

    Plain text would move with the estate's stamps wherever it has something like one. A runbook
    that is published and of which no more is said is empty.
    """
    row = call.world.store.get(AUTOMATION, f"{runbook['id']}/content", call.now)
    known = (row or {}).get("properties") or {}
    published = _read(known, "published")
    if published is None and runbook["properties"]["state"] == "Published":
        published = b""
    return Contents(published, _read(known, "draft"), str(known.get("drafted") or ""))


def keep_contents(call: Call, runbook: Row, *, published: bytes | None, draft: bytes | None) -> None:
    known = {"publishedBase64": _written(published), "draftBase64": _written(draft)}
    properties = {name: text for name, text in known.items() if text is not None}
    if draft is not None:
        properties["drafted"] = call.stamp
    call.keep(f"runbooks/{runbook['name']}", "content", properties)


def _read(known: dict[str, Any], name: str) -> bytes | None:
    coded, text = known.get(f"{name}Base64"), known.get(name)
    if coded is not None:
        return base64.b64decode(coded)
    return None if text is None else str(text).encode()


def _written(content: bytes | None) -> str | None:
    return None if content is None else base64.b64encode(content).decode()
