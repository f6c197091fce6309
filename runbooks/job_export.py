"""Export what the estate's backups do, to where dashboards read it: every row once, in its last state.

Reads    jobs, items, policies, vaults and alerts of both kinds of vault; the reports of unprotected_sweep
Writes   a file for each entity and day below `to`, replaced whole, and a manifest of what was not read
Never    drops a row that a file has because Azure has forgotten it
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Annotated, Any, Literal, Protocol

from backupkit import export_manifest
from backupkit.blobs import BlobError
from backupkit.entrypoint import Runbook, Session, main
from backupkit.errors import BackupkitError, ParameterError, PartialFailureError
from backupkit.estate import Unread
from backupkit.export_coverage import entries, reports
from backupkit.export_estate import ExportEstate
from backupkit.export_files import Form
from backupkit.export_manifest import Entry, Manifest
from backupkit.export_schema import ENTITIES, Record
from backupkit.export_store import Store, store_at
from backupkit.exporting import File, Gathered, Rules, Written, write
from backupkit.locations import LocationError
from backupkit.params import FOLDER, Checked, CommonParams, duration
from backupkit.speaking import say, warn
from backupkit.times import stamp, utc

# -- Parameters: each is a name=value token -------------------------------------------------------

Entity = Literal["jobs", "items", "policies", "vaults", "alerts", "coverage"]


def since(text: str) -> str | timedelta:
    """A UTC day, or how long ago."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        datetime.fromisoformat(text)
        return text
    if not text.endswith("d"):
        raise ValueError("a day such as 2026-11-25, or a number of days such as 7d")
    return duration(text)


@dataclass(frozen=True)
class Params(CommonParams):
    to: Annotated[str, "where the files go: a folder, a blob container's URL, or var:NAME", FOLDER] = ""
    entities: Annotated[tuple[Entity, ...], "what to export; default all, coverage where sweep is given"] = ()
    sweep: Annotated[str, "where unprotected_sweep files its reports, its report=<place>/", FOLDER] = ""
    format: Annotated[Literal["ndjson", "csv"], "how files are written"] = "ndjson"
    layout: Annotated[Literal["objects", "table"], "of ndjson: records, or columns and rows"] = "objects"
    compress: Annotated[Literal["gzip", "none"], "whether files are compressed"] = "gzip"
    since: Annotated[
        str,
        "read again from this day on: 2026-11-25 or 7d; default: what is not final",
        Checked(since),
    ] = ""
    raw: Annotated[bool, "a column more: the row as Resource Graph gave it"] = False

    def faults(self) -> Iterator[str]:
        yield from super().faults()
        if not self.to:
            yield "parameter to is required: a folder, or https://<account>.blob.core.windows.net/<container>"
        if "coverage" in self.entities and not self.sweep:
            yield "parameter sweep is required with entities=coverage: where unprotected_sweep's reports are"

    @property
    def chosen(self) -> tuple[str, ...]:
        return self.entities or tuple(one for one in ENTITIES if one != "coverage" or self.sweep)

    @property
    def form(self) -> Form:
        kind = "json" if self.format == "ndjson" and self.layout == "table" else self.format
        return Form(kind, compressed=self.compress == "gzip", raw=self.raw)


# -- Decide: plain records in, what to read and what stands out -----------------------------------

BY_DAY = ("jobs", "alerts")
"""What is filed by the day it began; the others by the day they were read."""
DAY = timedelta(days=1)
LAG = DAY
"""How long after a day's end Resource Graph may still get to know of what began on it: hours are usual."""


def is_open(record: Record) -> bool:
    """Whether it may still change: a job that runs, an alert that nobody has closed."""
    unresolved = record.get("condition") == "Fired" and record.get("state") != "Closed"
    return record.get("outcome") == "running" or unresolved


def stands(new: Record, old: Record) -> bool:
    """Whether what was just read stands, rather than what the file has.

    Resource Graph lags, and another export may have read later: a job that ended runs no more.
    """
    if "outcome" in new and is_open(new) != is_open(old):
        return is_open(old)
    last_change = "ended" if "outcome" in new else "changed"
    return str(new.get(last_change) or "") >= str(old.get(last_change) or "")


def has_news(new: Record, old: Record) -> bool:
    """As `stands`, for records that may lack what was not read beside them, such as the item of a job."""
    return stands(new, old) and not stands(old, new)


RULES, UNSURE = Rules(is_open, stands), Rules(is_open, has_news)


def due(days: Sequence[str], of: Callable[[str], Entry | None], options: Params, now: datetime) -> list[str]:
    """The days to read, the one first that Resource Graph will forget first."""
    if options.since:
        asked = since(options.since)
        first = asked if isinstance(asked, str) else f"{now - asked:%Y-%m-%d}"
        return [day for day in days if day >= first]
    return [day for day in days if not is_final(of(day))]


def is_final(entry: Entry | None) -> bool:
    return entry is not None and entry.final


def can_change_no_more(entry: Entry) -> bool:
    """Whether all of a day was over when it was read."""
    return entry.open == 0 and utc(entry.read) >= day_of(entry.date) + DAY + LAG


def day_of(date: str) -> datetime:
    return datetime.fromisoformat(date).replace(tzinfo=timezone.utc)


def misfits(names: set[str], form: Form, entities: Sequence[str]) -> Iterator[str]:
    """Files of another form: readers of the place would read its days twice."""
    for entity in entities:
        ours = f"{entity}.{form.extension}"
        others = [one for one in names if one.startswith(f"{entity}/date=") and not one.endswith(f"/{ours}")]
        if others:
            yield (
                f"parameter to names a place that has {min(others)}, and this run would write {ours}; "
                "give another place, or the format, layout and compress of before"
            )


# -- Run: read, lay over, replace, tell -----------------------------------------------------------


class Estate(Protocol):
    """What an export asks of Azure; each answer is a heap of records."""

    @property
    def subscriptions(self) -> Sequence[str]: ...
    @property
    def unread(self) -> Sequence[Unread]: ...
    def open(self, known: Sequence[str]) -> Gathered: ...
    def policies(self) -> Gathered: ...
    def items(self) -> Gathered: ...
    def days(self, entity: str) -> list[str]: ...
    def day(self, entity: str, date: str, until: str) -> Gathered: ...
    def coverage(self, entries: Iterable[Mapping[str, Any]]) -> Gathered: ...
    def could_not_read(self, scope: str, reason: object) -> None: ...


class Export:
    """One run over one place; `files` are those it looked at, `failed` those it could not write."""

    def __init__(self, session: Session[Params], estate: Estate, store: Store, before: Manifest) -> None:
        self.session = session
        self.estate = estate
        self.store = store
        self.before = before
        self.files: dict[str, Entry] = {}
        self.failed: list[Unread] = []

    def estate_as_it_is(self, known: Sequence[str]) -> None:
        """Vaults and items are read whatever is exported: jobs tell no names and no policies."""
        self._today("vaults", self.estate.open(known))
        if {"policies", "items"} & {*self.session.options.chosen}:
            self._today("policies", self.estate.policies())
        self._today("items", self.estate.items())

    def _today(self, entity: str, gathered: Gathered) -> None:
        """What an earlier run of the day saw stays where this one did not look, or could not."""
        if entity in self.session.options.chosen:
            file = File(entity, f"{self.session.started:%Y-%m-%d}", self.session.started)
            complete, seen = not self.estate.unread, {*self.estate.subscriptions}
            self._write(gathered, file, lambda old: not complete or old["subscription"] not in seen)

    def days(self, entity: str) -> None:
        """What began on each day that may have changed."""
        options, now = self.session.options, self.session.started
        seen = self.estate.days(entity)
        dates = due(seen, lambda day: self.before.entry(entity, day), options, now)
        self.before = export_manifest.reopen(self.store, self.before, entity, dates)
        for date in dates:
            gathered = self.estate.day(entity, date, stamp(min(day_of(date) + DAY, now)))
            self._write(gathered, File(entity, date, now), lambda _: True)

    def coverage(self, sweep: Store) -> None:
        """What the sweeps of each day said, the last of them of each resource."""
        for date, names in reports(sweep).items():
            known = self.before.entry("coverage", date)
            for name in names:
                if known is None or name > known.source:
                    self._reported(sweep, File("coverage", date, self.session.started, name))

    def _reported(self, sweep: Store, file: File) -> None:
        try:
            gathered = self.estate.coverage(self._resources(entries(sweep, file.source)))
        except BackupkitError as error:
            self.estate.could_not_read(file.source, error)
        else:
            self._write(gathered, file, lambda _: True)

    def _resources(self, told: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
        for entry in told:
            if "unread" in entry:
                self.estate.could_not_read(str(entry["unread"]), f"the sweep did not: {entry.get('reason')}")
            else:
                yield entry

    def _write(self, gathered: Gathered, file: File, stays: Callable[[Record], bool]) -> None:
        with closing(gathered):
            complete = not self.estate.unread
            if not complete and not len(gathered.spool):
                return
            if not complete and not file.source:
                gathered.rules = UNSURE
            try:
                written = write(gathered, file, self.store, self.session.options.form, stays)
            except BackupkitError as error:
                self.could_not_write(error, entity=file.entity, date=file.date)
                return
            entry = replace(written.entry, final=complete and can_change_no_more(written.entry))
            self.files[written.name] = entry
            self.tell(written, entry)

    def could_not_write(self, why: BackupkitError, **what: str) -> None:
        warn("failed", **what, why=why)
        self.session.record({"verdict": "failed", **what, "reason": str(why)})
        self.failed.append(Unread(" of ".join(what.values()), str(why)))

    def tell(self, written: Written, entry: Entry) -> None:
        verdict = "exported" if written.new or written.changed else "unchanged"
        facts = {"entity": entry.entity, "date": entry.date, "rows": entry.rows, "new": written.new}
        if self.session.options.log == "decisions":
            say(verdict, **facts, changed=written.changed, open=entry.open)
        self.session.record({"verdict": verdict, "file": written.name, **asdict(entry)})
        self.session.counts[verdict] += 1
        self.session.counts["rows"] += entry.rows


def export(session: Session[Params], vaults: ExportEstate, store: Store) -> list[Unread]:
    """Returns the files that could not be written."""
    options, asked = session.options, ",".join(sorted(map(str.lower, session.options.scope)))
    before, _ = export_manifest.load(store)
    if before.fault:
        warn("read again", why=before.fault)
    faults = [*misfits(store.names(), options.form, options.chosen)]
    if faults:
        raise ParameterError(faults)
    session.counts.update(dict.fromkeys(("exported", "unchanged", "rows"), 0))
    work = Export(session, vaults, store, before)
    try:
        work.estate_as_it_is(before.vaults.get(asked, ()))
        for entity in BY_DAY:
            if entity in options.chosen:
                work.days(entity)
        if "coverage" in options.chosen:
            work.coverage(store_at(options.sweep, session.arm.credential))
    except (BlobError, LocationError) as error:
        vaults.could_not_read("coverage", error)
    except BackupkitError as error:  # max_minutes are over, or nothing can be asked any more
        vaults.could_not_read("what was left", error)
    conclude(work, vaults, asked)
    return work.failed


def conclude(work: Export, vaults: ExportEstate, asked: str) -> None:
    """Write the manifest."""
    session, undone = work.session, [*vaults.unread, *work.failed]
    told = {"form": session.options.form.extension, "raw": session.options.raw, "run": session.run_id}
    told |= {"started": stamp(session.started), "ended": stamp(datetime.now(timezone.utc))}
    told |= {"complete": not undone, "unread": [asdict(one) for one in undone]}
    seen = {} if undone else {asked: vaults.vaults}
    try:
        export_manifest.write(work.store, told, work.files, seen, work.before)
    except BackupkitError as error:
        work.could_not_write(error, entity="manifest")


def opened(session: Session[Params]) -> tuple[ExportEstate, Store]:
    options = session.options
    estate = ExportEstate(session.arm, options, session.started, RULES, raw=options.raw)
    return estate, store_at(options.to, session.arm.credential)


def run(session: Session[Params]) -> None:
    vaults, store = opened(session)
    with store.held():
        failed = export(session, vaults, store)
    session.counts["failed"] = len(failed)
    session.unread(vaults.unread)
    if failed or vaults.unread:
        told = f"{len(failed)} files were not written, {len(vaults.unread)} scopes were not read"
        raise PartialFailureError(f"{told}; see the WARNING lines above")


def check(session: Session[Params]) -> None:
    vaults, store = opened(session)
    say("ok", to=f"{store.place} has {len(store.names())} files")
    vaults.open(())
    say("ok", sees=f"{len(vaults.subscriptions)} subscriptions, {len(vaults.vaults)} vaults")
    session.finish(vaults.unread)


RUNBOOK = Runbook("job_export", "Export what backups do to where dashboards read it.", Params, run, check)

if __name__ == "__main__":
    sys.exit(main(RUNBOOK, sys.argv[1:]))
