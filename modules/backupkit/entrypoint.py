"""How a runbook starts, tells of its decisions and ends.

Automation drops stderr in the cloud and marks a job failed by its exit code
alone. So: stdout only, in the lines of `speaking`, and a code that tells.
"""

from __future__ import annotations

import gc
import json
import logging
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from itertools import chain, islice
from typing import Any, Generic, TextIO

from backupkit.alerts import AlertHint, NotOurs
from backupkit.alerts import read as heard_in
from backupkit.arm import Arm, connect
from backupkit.backups import Backups
from backupkit.checking import allowed
from backupkit.errors import ArmError, BackupkitError, ParameterError, PartialFailureError
from backupkit.estate import Unread
from backupkit.locations import report_at, report_place, secret, try_report
from backupkit.messages import Message, post
from backupkit.params import P, help_text, read
from backupkit.plain import last
from backupkit.records import Job
from backupkit.speaking import error, say, warn
from backupkit.starts import Start, right_to_start
from backupkit.webhook import split

DONE, FAILED, BAD_PARAMETERS = 0, 1, 2
GARBAGE_AFTER = 200_000
"""New containers, such as lists, before Python looks for cycles among them."""
MOST_LINES = 2_000
"""Decisions with a line each: an Automation job's stream holds 1 MiB."""


class Session(Generic[P]):
    """One run of a runbook: its parameters, its way to Azure, its log and its report."""

    def __init__(self, runbook: str, options: P, arm: Arm, report: TextIO | None = None) -> None:
        self.runbook = runbook
        self.options = options
        self.arm = arm
        self.started = datetime.now(timezone.utc).replace(microsecond=0)
        self.run_id = f"{self.started:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:8]}"
        self.counts: Counter[str] = Counter()
        self.attention: list[str] = []
        self.alerts: tuple[AlertHint, ...] | None = None
        self.message: Message | None = None
        self._report = report

    def open_report(self, stack: ExitStack, *, checking: bool) -> None:
        """Open the place of the report; a check only tries it."""
        if not self.options.report:
            return
        place = report_place(self.options.report, self.runbook, self.started, self.run_id)
        if checking:
            try_report(place, self.arm.credential)
        else:
            self._report = stack.enter_context(report_at(place, self.arm.credential))

    def record(self, entry: Mapping[str, Any]) -> None:
        """Add one object to the report, at once, so that a killed run leaves what it did."""
        if self._report:
            self._report.write(json.dumps(entry) + "\n")
            self._report.flush()

    def tell(self, entries: Sequence[Mapping[str, Any]], did: str) -> None:
        """Log and report decisions: objects with `verdict`, `rule` and `reason`; a failed one is a warning.

        `did` is a verdict to count even where no item has it. A line each, or counts where `log=summary`
        asks for them or a job's stream would overflow.
        """
        self.tell_all(entries, (did, "left", "failed"))

    def tell_all(self, entries: Iterable[Mapping[str, Any]], verdicts: Iterable[str]) -> None:
        """As `tell`, of any number of decisions; all these verdicts are counted, also without any.

        They are told as they come, once it is known whether each can have a line.
        """
        self.counts.update(dict.fromkeys(("decided", *verdicts), 0))
        coming = iter(entries)
        first = list(islice(coming, MOST_LINES + 1))
        brief = self.options.log == "summary" or len(first) > MOST_LINES
        reasons: Counter[tuple[str, str]] = Counter()
        for entry in chain(first, coming):
            self.record(entry)
            self.counts["decided"] += 1
            verdict = str(entry["verdict"])
            self.counts[verdict.replace(" ", "_")] += 1
            reasons[verdict, str(entry["rule"])] += 1
            if entry["rule"] == "out_of_time":
                self.counts["out_of_time"] += 1
            if entry.get("attention") or verdict == "failed":
                self.attention.append(f"{verdict} {entry['name']}: {entry['reason']}")
            if verdict == "failed" or not brief:
                undone = verdict in ("failed", "unknown") or entry["rule"] == "out_of_time"
                (warn if undone else say)(verdict, **_facts(entry))
        if brief:
            for (verdict, rule), alike in sorted(reasons.items()):
                undone = verdict == "unknown" or rule == "out_of_time"
                (warn if undone else say)(verdict, rule=rule, count=alike)

    def follow(self, ended: Iterable[tuple[Start, Job]]) -> None:
        """Log and count how the jobs ended that this run started."""
        for start, job in ended:
            self.counts[f"then_{job.status.lower()}"] += 1
            (warn if job.failed else say)(job.status.lower(), item=start.item.name, job=job.name)

    def hear(self, heard: Sequence[AlertHint | NotOurs]) -> None:
        """Take the alerts that started this run, and say of the others why nothing is done about them."""
        self.alerts = tuple(one for one in heard if isinstance(one, AlertHint))
        for one in heard:
            if isinstance(one, NotOurs):
                say("left", alert="none of ours", why=one.reason)
                self.counts["not_ours"] += 1

    def not_confirmed(self, alerts: Sequence[AlertHint]) -> None:
        for one in alerts:
            told = {"alert": last(one.item or one.source or one.job), "vault": last(one.vault)}
            say("left", **told, why="no vault that is looked at shows a failure of it in the window")
        if alerts:
            self.counts["not_confirmed"] += len(alerts)

    def finish(self, unread: Sequence[Unread] | None) -> None:
        """Name what was not read; None where all is left to another job.

        Raises:
            PartialFailureError: something failed, was not read, or was left for want of time.
        """
        if unread is None:
            self.counts["deferred"] = 1
            return
        self.unread(unread)
        decisions = self.counts["decided"]
        found = [
            (self.counts["failed"], f"of {decisions} items failed"),
            (self.counts["unknown"] - self.counts["accepted"], f"of {decisions} resources are unknown"),
            (self.counts["unread"], "scopes were not read"),
            (self.counts["out_of_time"], f"of {decisions} items were left at max_minutes"),
        ]
        if any(count for count, _ in found):
            told = ", ".join(f"{count} {what}" for count, what in found if count)
            raise PartialFailureError(f"{told}; see the WARNING lines above")

    def unread(self, found: Sequence[Unread]) -> None:
        """Name what could not be read."""
        reasons = {one.scope: one.reason for one in reversed(found)}
        for scope, reason in reversed(reasons.items()):
            warn("not read", scope=scope, why=reason)
            self.record({"unread": scope, "reason": reason})
        self.counts["unread"] = len(reasons)


def _facts(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What a decision's line tells of it."""
    known = {name: entry[name] for name in ("kind", "state") if name in entry}
    told = {"resource" if known else "item": entry["name"], **known, "vault": last(entry["vault"])}
    told["why"] = entry["reason"]
    told.update({key: entry[key] for key in ("backup_type", "job", "new_job") if entry.get(key)})
    return {name: value for name, value in told.items() if value}


@dataclass(frozen=True)
class Runbook(Generic[P]):
    """`run` does the work and `check` tries what it would need; both speak through the session."""

    name: str
    purpose: str
    params: type[P]
    run: Callable[[Session[P]], None]
    check: Callable[[Session[P]], None]


def check_rights(session: Session[P], vaults: Backups, role: str) -> None:
    """Say what is seen, and which command, run by an owner, grants what is missing."""
    names = vaults.open()
    say("ok", sees=f"{len(vaults.subscriptions)} subscriptions, {len(names)} vaults")
    if session.options.report:
        say("ok", report="can be written")
    if vaults.try_ledger():
        say("ok", ledger="can be read")
    lacking = sum(not _may(session, name, right_to_start(name), role) for name in names)
    session.counts["vaults"], session.counts["lacking"] = len(names), lacking
    session.unread(vaults.unread)
    if lacking or vaults.unread:
        told = f"{lacking} of {len(names)} vaults lack the right, {len(vaults.unread)} scopes were not read"
        raise PartialFailureError(f"{told}; see the WARNING lines above")


def _may(session: Session[P], vault: str, action: str, role: str) -> bool:
    try:
        if allowed(session.arm, vault, action):
            return True
        grant = f'az role assignment create --assignee <identity> --role "{role}" --scope {vault}'
        warn("right missing", vault=vault, needs=action, an_owner_runs=grant)
    except ArmError as refused:
        warn("right unknown", vault=vault, why=refused)
    return False


def main(runbook: Runbook[P], argv: Sequence[str]) -> int:
    """Run it and say how it ended, as an exit code.

    A failure we expected is one line; one we did not keeps its traceback.
    """
    argv, hint = split(argv)
    tokens = [token for token in argv if token.strip("\"' ") not in ("help", "check")]
    if "help" in [token.strip("\"' ") for token in argv]:
        for line in help_text(runbook.params, runbook.purpose):
            say(line)
        return DONE
    try:
        options = read(runbook.params, tokens, alerted=hint is not None)
    except ParameterError as refused:
        for fault in refused.faults:
            error(fault)
        error(
            f"{len(refused.faults)} parameter faults, nothing was sent; the token help lists all parameters"
        )
        return BAD_PARAMETERS
    # A page of rows is a hundred thousand objects, none of them in a cycle: looking for cycles as often as
    # Python does by itself takes more time than reading the page.
    gc.set_threshold(GARBAGE_AFTER)
    # Libraries log warnings; with nobody listening Python prints them to stderr, past our prefixes.
    logging.getLogger().addHandler(logging.NullHandler())
    arm = connect(options.cloud, options.identity, minutes=options.max_minutes)
    session = Session(runbook.name, options, arm)
    if hint:
        session.hear([NotOurs(hint.fault)] if hint.fault else heard_in(hint.body))
    checking = len(tokens) < len(argv)
    ended = _worked(session, runbook, checking=checking)
    return ended[0] if checking else _notified(session, ended)


def _worked(session: Session[P], runbook: Runbook[P], *, checking: bool) -> tuple[int, str]:
    """The exit code and the line that explains it."""
    code, fault = DONE, ""
    try:
        with ExitStack() as stack:
            session.open_report(stack, checking=checking)
            if checking:
                runbook.check(session)
            elif session.alerts != ():
                runbook.run(session)
    except BackupkitError as failure:
        code, fault = _told(failure)
    except Exception as bug:
        if not checking:
            told = f"an unexpected {type(bug).__name__}; the job's exception has the traceback"
            _notified(session, (FAILED, told))
        raise
    say("done", **session.counts)
    if fault:
        error(fault)
    return code, fault


def _told(failure: BackupkitError) -> tuple[int, str]:
    """The exit code of an expected failure, and its line; a faulty file of a parameter is bad input."""
    if isinstance(failure, PartialFailureError):
        return FAILED, str(failure)
    if isinstance(failure, ParameterError):
        for one in failure.faults:
            error(one)
        return BAD_PARAMETERS, f"{len(failure.faults)} faults in what parameters name, nothing was changed"
    return FAILED, f"{failure} (the run ended there)"


def _notified(session: Session[P], ended: tuple[int, str]) -> int:
    """Send one message where somebody should look, or where the runbook has one, and only then."""
    code, fault = ended
    if not session.options.notify or not (code or session.attention or session.message):
        return code
    try:
        post(secret(session.options.notify), _message(session, fault).body)
    except BackupkitError as failure:
        error(str(failure))
        return FAILED
    return code


def _message(session: Session[P], fault: str) -> Message:
    """What the runbook has to say, or what happened and what somebody should look at."""
    told = {"runbook": session.runbook, "run": session.run_id, "error": fault, "counts": dict(session.counts)}
    if session.message:
        said = session.message
        return replace(said, lines=(*said.lines, *filter(None, [fault])), rest={**told, **said.rest})
    done = " ".join(["done", *(f"{name}={count}" for name, count in session.counts.items())])
    # What nothing is done about comes first.
    shown = sorted(session.attention, key=lambda line: line.startswith(("retried", "would")))[:20]
    headline = f"{session.runbook} {session.run_id}: {fault or 'items need attention'}"
    more = len(session.attention) - len(shown)
    rest = [f"and {more} more; the report has them all"] if more > 0 else []
    return Message(headline, (done, *shown, *rest), rest={**told, "attention": shown})
