"""The URLs that action groups call, which are secrets.

Rows have a digest in their place, so that neither Resource Graph nor a dump shows one. Who may read an
action group gets the URL itself, in the run in which it was written or loaded.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from simulator.store import FOREVER, Version

if TYPE_CHECKING:
    from simulator.world import World

_TYPE = "microsoft.insights/actiongroups"
_URLS = ("serviceUri", "callbackUrl", "httpTriggerUrl")
_DIGEST = "sha256:"


def sealed(world: World, properties: dict[str, Any]) -> dict[str, Any]:
    """The properties of an action group with digests; the URLs are kept for this run."""
    changed = _changed(properties, lambda url: _digest(world, url))
    return dict(changed)


def told(world: World, body: Any) -> Any:
    """The same with the URLs this run knows."""
    return _changed(body, lambda url: world.urls.get(url, url))


def seal_all(world: World) -> None:
    """Take the URLs out of the rows of an estate."""
    for row in world.store.find("resources", FOREVER / 2, type=_TYPE):
        properties = sealed(world, row["properties"] or {})
        if properties != row["properties"]:
            key = str(row["id"]).lower()
            version = Version("resources", key, 0.0, {**row, "properties": properties})
            world.store.replace("resources", key, [version])


def _digest(world: World, url: str) -> str:
    if not url or url.startswith(_DIGEST):
        return url
    digest = _DIGEST + sha256(url.encode()).hexdigest()
    world.urls[digest] = url
    return digest


def _changed(value: Any, change: Callable[[str], str]) -> Any:
    """The same value with `change` made to every URL of a receiver."""
    if isinstance(value, list):
        return [_changed(one, change) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        name: change(one) if name in _URLS and isinstance(one, str) else _changed(one, change)
        for name, one in value.items()
    }
