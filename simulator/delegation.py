"""User-delegation keys, and the shared access signatures made with them."""

from __future__ import annotations

import base64
import hmac
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from simulator.access import Principal
from simulator.blob_errors import StorageError
from simulator.blob_wire import Call, http_date, unplayed

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_S = 7 * 86400
_UNPLAYED = ("sip", "saoid", "suoid", "scid", "skdutid", "sduoid", "ses", "srh", "srq", "sdd", "si")
_SINCE = (("2018-11-09", "skv"), ("2020-02-10", "scid"), ("2025-07-05", "sduoid"))
"""From which version on the signed text goes on to which parameter of the key."""
_KEY = ("skoid", "sktid", "skt", "ske", "sks", "skv", "saoid", "suoid", "scid", "skdutid", "sduoid")
_RESOURCE = ("sip", "spr", "sv", "sr", "snapshot")
_ANSWER = ("rscc", "rscd", "rsce", "rscl", "rsct")


def key(account: str, given: Mapping[str, str]) -> bytes:
    """The key of these parameters (`skoid sktid skt ske sks skv`): always the same, so none is kept."""
    text = "\n".join([account, *(given.get(name, "") for name in _KEY[:6])])
    return hmac.digest(b"user-delegation keys of the simulator", text.encode(), "sha256")


def check(call: Call) -> tuple[Principal, str]:
    """Who made the request's SAS, and the permissions it grants.

    Raises:
        StorageError: AuthenticationFailed, with the reason Azure gives.
        RefusedError: 501 for parameters that are not played.
    """
    given = call.request.query
    strangers = [name for name in _UNPLAYED if name in given]
    if strangers or given.get("sr") not in ("b", "c"):
        raise unplayed(f"a SAS with {', '.join(strangers) or 'sr=' + given.get('sr', '')}")
    text = signed_text(given, _resource(call))
    signature = hmac.digest(key(call.account.name, given), text.encode(), "sha256")
    if not hmac.compare_digest(base64.b64encode(signature).decode(), given["sig"]):
        raise failed(f"Signature did not match. String to sign used was {text}")
    _check_time(call, "", given.get("st", ""), given.get("se", ""))
    _check_time(call, "key ", given.get("skt", ""), given.get("ske", ""))
    client = call.world.blobs.delegators.get(given["skoid"], "")
    return Principal(given.get("sktid", ""), given["skoid"], client), given.get("sp", "")


def signed_text(given: Mapping[str, str], resource: str) -> str:
    """What the signature is over; its lines depend on the version `sv`."""
    version = given.get("sv", "")
    last = [name for since, name in _SINCE if version >= since]
    if not last:
        raise failed(f"a user delegation SAS needs version 2018-11-09 or later, got {version}")
    lines = [given.get(name, "") for name in ("sp", "st", "se")] + [resource]
    lines += [given.get(name, "") for name in _KEY[: _KEY.index(last[-1]) + 1]]
    lines += [given.get(name, "") for name in _RESOURCE]
    lines += [""] * (version >= "2020-12-06") + ["", ""] * (version >= "2026-04-06")
    return "\n".join([*lines, *(given.get(name, "") for name in _ANSWER)])


def failed(detail: str) -> StorageError:
    return StorageError("AuthenticationFailed", {"AuthenticationErrorDetail": detail})


def moment(text: str) -> float:
    """Seconds of a SAS's time, which may end with the day or the minute; raises ValueError."""
    read = datetime.fromisoformat(text)
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()


def _resource(call: Call) -> str:
    path = f"/blob/{call.account.name}/{call.container_name}"
    if call.query("sr") == "c":
        return path
    return f"{path}/{call.blob_name}" if call.blob_name else path + "/"


def _check_time(call: Call, what: str, start: str, expiry: str) -> None:
    try:
        starts, ends = moment(start) if start else 0.0, moment(expiry)
    except ValueError as error:
        raise failed(f"{what}start {start} or expiry {expiry} is not a time") from error
    if not starts <= call.now < ends:
        frame = f"Start [{http_date(starts)}] - Expiry [{http_date(ends)}] - Current [{http_date(call.now)}]"
        raise failed(f"Signature not valid in the specified {what}time frame: {frame}")
