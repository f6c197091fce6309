"""Resource ids: where they point, and the right each method on them needs."""

from __future__ import annotations

from dataclasses import dataclass

ANY = "*"
"""The action of a route that serves every type; `action` says which it is for a request."""
_VERBS = {"GET": "read", "HEAD": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}


@dataclass(frozen=True)
class Place:
    """A resource, or all of a type (`is_list`), in the casing of the path.

    `parent` is the resource right above, if there is one, and `container` what
    stands before the last `/providers/`.
    """

    id: str
    subscription: str
    group: str
    type: str
    container: str
    parent: str
    is_list: bool

    @property
    def name(self) -> str:
        """`Microsoft.X/y/z`, as ARM names a resource within its group."""
        return self.id[len(self.container) + len("/providers/") :]


def place(path: str) -> Place | None:
    """None where a path leads to no provider's resource in a subscription."""
    segments = path.strip("/").split("/")
    lowered = [segment.lower() for segment in segments]
    if lowered[0] != "subscriptions" or "providers" not in lowered:
        return None
    at = len(lowered) - 1 - lowered[::-1].index("providers")
    tail = segments[at + 1 :]
    if len(tail) < len(("namespace", "type")):
        return None
    is_list = len(tail) % 2 == 0
    deeper = len(tail) > len(("namespace", "type", "name"))
    container = "/" + "/".join(segments[:at])
    above = segments[: -1 if is_list else -2]
    return Place(
        id="/" + "/".join(segments),
        subscription=segments[1],
        group=segments[3] if lowered[2:3] == ["resourcegroups"] and len(segments) > 3 else "",
        type="/".join([tail[0], *tail[1::2]]),
        container=container,
        parent="/" + "/".join(above) if deeper else "",
        is_list=is_list,
    )


def action(method: str, path: str) -> str:
    """The operation's name in Azure's list of them, such as Microsoft.Compute/virtualMachines/read."""
    here = place(path)
    if here is None:
        groups = "/resourceGroups" if "/resourcegroups/" in path.lower() else ""
        return f"Microsoft.Resources/subscriptions{groups}/resources/{_VERBS.get(method, 'action')}"
    return f"{here.type}/{_VERBS.get(method, 'action')}"
