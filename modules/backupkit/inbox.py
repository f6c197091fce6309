"""Alerts that wait to be looked at: every job brings its own, and one job at a time looks at all of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from backupkit.alerts import AlertHint
from backupkit.blobs import BlobError, Blobs, ConflictError, Credential
from backupkit.estate import Unread
from backupkit.params import LedgerParams

INBOX, LEASE = "inbox/", "drain"
Alerts = Sequence[AlertHint] | None
_IDS = ("vault", "item", "source", "job")


@dataclass(frozen=True)
class Entry:
    name: str
    etag: str
    alert: AlertHint


class Inbox:
    """What could not be read of it stands in `unread`. Every method raises BlobError."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._odd = set[str]()
        self.unread: list[Unread] = []

    @property
    def url(self) -> str:
        return self._blobs.url

    def put(self, alerts: Iterable[AlertHint]) -> None:
        """One blob for each item; a second alert of it changes the ETag, so that it is looked at again."""
        for alert in alerts:
            ids = {name: getattr(alert, name) for name in _IDS}
            name = sha256("|".join([alert.vault, alert.item or alert.source or alert.job]).encode())
            self._blobs.put(f"{INBOX}{name.hexdigest()}.json", json.dumps(ids).encode())

    def drain(self, work: Callable[[Sequence[AlertHint]], None]) -> bool:
        """Hand what is there to `work`, batch by batch until it is empty; False if another job does.

        It is looked at once more after the lease is given back: who came meanwhile has left it to us.
        """
        while self._waiting():
            with self._blobs.held(LEASE) as held:
                if not held:
                    return False
                while entries := self._entries():
                    work([entry.alert for entry in entries])
                    for entry in entries:
                        self._drop(entry)
        return True

    def _waiting(self) -> list[str]:
        return sorted((self._blobs.names(INBOX) or set()) - self._odd)

    def _drop(self, entry: Entry) -> None:
        try:
            self._blobs.delete(entry.name, entry.etag)
        except ConflictError:
            return  # it has come again; the next batch has it

    def _entries(self) -> list[Entry]:
        found = ((name, self._blobs.read(name)) for name in self._waiting())
        entries = [self._entry(name, *blob) for name, blob in found if blob]
        return [entry for entry in entries if entry]

    def _entry(self, name: str, content: bytes, etag: str) -> Entry | None:
        try:
            return Entry(name, etag, _alert(json.loads(content)))
        except (KeyError, TypeError, ValueError) as error:
            self._odd.add(name)
            reason = f"it is not what a run writes ({type(error).__name__}); delete it"
            self.unread.append(Unread(f"{self._blobs.url}/{name}", reason))
            return None


def inbox_of(options: LedgerParams, credential: Credential) -> Inbox | None:
    """None where a run decides on its own: without a ledger, and in a dry run."""
    return Inbox(Blobs(options.ledger, credential)) if options.remembers and not options.dry_run else None


def attend(
    options: LedgerParams, credential: Credential, alerts: Alerts, work: Callable[[Alerts], list[Unread]]
) -> list[Unread] | None:
    """Let `work` look at everything (None) or at what these alerts name, and at what waits in the inbox.

    Returns what could not be read; None where another job is going to look.
    """
    box = inbox_of(options, credential)
    unread = box.unread if box else list[Unread]()
    looked = look(box, alerts, lambda named: unread.extend(work(named)))
    return unread if looked else None


def look(box: Inbox | None, alerts: Alerts, work: Callable[..., None]) -> bool:
    """Look at everything (None), or at what these alerts name, and then at what waits in the inbox.

    With an inbox alerts go through it, and `work` adds to its `unread`. False where another job is going
    to look at them.
    """
    if box is not None and alerts is not None:
        box.put(alerts)
        return box.drain(work)
    work(alerts)
    if box is not None and all(one.scope != box.url for one in box.unread):
        try:
            box.drain(work)
        except BlobError as error:
            box.unread.append(Unread(box.url, str(error)))
    return True


def _alert(entry: dict[str, Any]) -> AlertHint:
    ids = {name: entry[name] for name in _IDS}
    if not all(isinstance(one, str) for one in ids.values()):
        raise TypeError("an id is a text")
    return AlertHint(**ids, fired=None, code="")
