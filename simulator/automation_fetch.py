"""What the Automation service downloads itself: from the simulated storage accounts and nowhere else."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from simulator import blob
from simulator.automation_rows import bad
from simulator.routes import dispatch
from simulator.wire import Request, Streamed

if TYPE_CHECKING:
    from simulator.world import World


class UnfetchedError(Exception):
    """The message is for `properties.error`; it never has the query, where the signature is."""


def fetch(world: World, link: dict[str, Any]) -> bytes:
    """The content of a `contentLink`, whose `contentHash` is checked if there is one.

    Raises:
        UnfetchedError: it cannot be downloaded, or is not what was meant.
    """
    place = urlsplit(str(link["uri"]))
    where = f"https://{place.netloc}{place.path}"
    query = {name.lower(): value for name, value in parse_qsl(place.query, keep_blank_values=True)}
    answer = dispatch(
        world,
        blob.routes.all,
        Request("GET", place.netloc.lower(), unquote(place.path), query=query, target=place.path),
    )
    if isinstance(answer.body, dict):  # no host that is played
        raise UnfetchedError(f"The remote name could not be resolved: '{place.hostname}'.")
    content = b"".join(answer.body.pieces()) if isinstance(answer.body, Streamed) else answer.body
    if answer.status != 200 or not isinstance(content, bytes):
        raise UnfetchedError(
            f"The content at {where} could not be downloaded: the remote server returned an error: "
            f"({answer.status})."
        )
    _check_hash(content, link.get("contentHash"))
    return content


def _check_hash(content: bytes, told: dict[str, Any] | None) -> None:
    if told and sha256(content).hexdigest() != str(told["value"]).lower():
        raise UnfetchedError("The content hash of the downloaded content does not match the given hash.")


def checked(link: Any) -> dict[str, Any]:
    """A `contentLink` or `publishContentLink` that can be followed.

    Raises:
        RefusedError: 400.
    """
    if not isinstance(link, dict) or urlsplit(str(link.get("uri", ""))).scheme != "https":
        raise bad("The content link must have a uri that begins with https://.")
    told = link.get("contentHash")
    if told is not None and not isinstance(told, dict):
        raise bad("The content hash must be an object.")
    if told is not None and (str(told.get("algorithm")).lower() != "sha256" or not told.get("value")):
        raise bad("The content hash must have the algorithm SHA256 and a value.")
    return dict(link)
