"""A sweep's way to what it judges, and what it tells of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from backupkit.arm import Arm
from backupkit.blobs import Blobs, Credential
from backupkit.coverage import Resource
from backupkit.errors import BackupkitError, ParameterError
from backupkit.estate import Unread
from backupkit.ledger import Ledger
from backupkit.locations import variable
from backupkit.params import CommonParams
from backupkit.plain import mapping
from backupkit.speaking import say
from backupkit.survey import Found, Survey

MEMORY = "runs/unprotected_sweep.json"
Coverage = Mapping[str, Mapping[str, int]]
"""Resources by `<what>=<which>`, such as `kind=vm`, and verdict."""


class Sweeping:
    """The verbs a sweep needs."""

    def __init__(
        self, arm: Arm, options: CommonParams, kinds: Iterable[str], ledger: Ledger | None = None
    ) -> None:
        self._kinds = sorted(kinds)
        self._survey = Survey(arm, options, self._kinds)
        self._ledger = ledger
        self._asked = ",".join([*sorted(map(str.lower, options.scope)), *self._kinds])
        self._vaults: Mapping[str, str] = {}

    @property
    def unread(self) -> Sequence[Unread]:
        return self._survey.unread

    def look(self) -> Found:
        found = self._survey.look(self._last().get("vaults", ()))
        self._vaults = found.vaults
        return found

    def confirm(self, resource: Resource) -> str | None:
        """The vault that protects it by the service's own word; "" for none, None for no answer."""
        try:
            return self._survey.confirm(resource)
        except BackupkitError as error:
            self._survey.could_not_read(resource.id, error)
            return None

    def hidden(self, vault: str) -> None:
        """A vault that protects something, and that this identity does not see."""
        self._survey.could_not_read(vault, "it protects what is in scope, and this identity does not see it")

    def before(self) -> Coverage:
        """What the last complete run counted; empty where there was none."""
        kept = mapping(self._last().get("coverage"))
        return {part: mapping(counts) for part, counts in kept.items()}

    def remember(self, started: datetime, coverage: Coverage) -> None:
        """Keep what was seen and counted for the next run, if all was read."""
        if self._ledger is None or self.unread:
            return
        try:
            self._ledger.keep_vaults(self._asked, started, self._vaults, coverage=coverage)
        except BackupkitError as error:
            self._survey.could_not_read(self._ledger.url, error)

    def _last(self) -> Mapping[str, Any]:
        try:
            return self._ledger.last_run(self._asked) if self._ledger else {}
        except BackupkitError as error:
            if self._ledger:
                self._survey.could_not_read(self._ledger.url, error)
            return {}


def text_at(location: str, credential: Credential) -> str:
    """What is kept at a path, in a blob, or in the variable of `var:NAME`.

    Raises:
        ParameterError: it cannot be read.
    """
    try:
        if location.startswith("var:"):
            return variable(location[4:])
        if not location.startswith("https://"):
            return Path(location).read_text(encoding="utf-8")
        url, _, name = location.rpartition("/")
        found = Blobs(url, credential).read(name)
    except (OSError, ValueError, BackupkitError) as error:
        raise ParameterError([f"rules: {location}: cannot be read ({error})"]) from error
    if found is None:
        raise ParameterError([f"rules: {location}: there is no such blob"])
    return found[0].decode("utf-8", "replace")


class Tally:
    """Counts of verdicts by each part of the estate that a resource belongs to, such as its region."""

    def __init__(self) -> None:
        self._alike: Counter[tuple[tuple[tuple[str, str], ...], str]] = Counter()

    def add(self, parts: Mapping[str, str], verdict: str) -> None:
        self._alike[tuple(parts.items()), verdict] += 1

    @property
    def coverage(self) -> dict[str, dict[str, int]]:
        counts: dict[str, Counter[str]] = {}
        for (parts, verdict), count in self._alike.items():
            for what, which in parts:
                if which:
                    counts.setdefault(f"{what}={which}", Counter())[verdict] += count
        return {name: dict(sorted(counts[name].items())) for name in sorted(counts)}


def tell_coverage(now: Coverage, before: Coverage) -> None:
    """A line for each part of the estate: how much of what should be protected is, and how that changed."""
    for part, counts in now.items():
        whole, was = share(counts), share(before.get(part, {}))
        change = f"{whole - was:+.1f}" if whole is not None and was is not None else "new"
        name, _, which = part.partition("=")
        shown = "none should be" if whole is None else f"{whole:.1f}%"
        say("coverage", **{name: which, "share": shown, "change": change, **counts})


def share(counts: Mapping[str, int]) -> float | None:
    """Which part of what should be protected is, in percent; None where nothing should be."""
    protected = counts.get("protected", 0)
    whole = protected + counts.get("unprotected", 0) + counts.get("unknown", 0)
    return 100 * protected / whole if whole else None
