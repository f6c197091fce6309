"""How the deployer tells what it made from what others made."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

Json = Mapping[str, Any]
NAME = "azure-backup-runbooks"
TAG = "managed-by"
ACCOUNT_TAG = "automation-account"
"""On what lies beside an account, whose it is: several accounts may share a subscription."""
NOT_OURS = "is in the account and was not made by this tool: rename one of the two, or delete it there"
ELSEWHERE = (
    "is there and was not made for this account by this tool: rename one of the two, or delete it there"
)
_NOTE = re.compile(rf"\s*\[{NAME}(?: [0-9a-f]+)?\]$")


def tags(account: str = "") -> dict[str, str]:
    return {TAG: NAME, ACCOUNT_TAG: account.lower()} if account else {TAG: NAME}


def tagged(body: Json, account: str = "") -> bool:
    """Whether a resource bears our tag, and that of the account."""
    found = {name.lower(): str(value).lower() for name, value in (body.get("tags") or {}).items()}
    return all(found.get(name) == value for name, value in tags(account).items())


def noted(description: str, word: str = "") -> str:
    """A description that says whose the object is, since schedules and variables have no tags.

    `word`, in hexadecimal, remembers what Azure does not give back.
    """
    return f"{description} [{NAME}{' ' * bool(word)}{word}]".lstrip()


def is_noted(body: Json) -> bool:
    return bool(_NOTE.search(_description(body)))


def plain(body: Json) -> str:
    """The description without our note."""
    return _NOTE.sub("", _description(body))


def fingerprint(secret: str, place: str) -> str:
    """Tells that a secret has changed, without telling what it is: slow to guess, different in each place."""
    return hashlib.scrypt(secret.encode(), salt=place.lower().encode(), n=2**14, r=8, p=1, dklen=8).hex()


def _description(body: Json) -> str:
    return str((body.get("properties") or {}).get("description") or "")
