"""Tell from an export whether backups are fine, and what to do first, on one page and in one message.

Reads    what job_export wrote, and nothing else
Changes  nothing in Azure: it writes the page and sends the message
Never    says that all is well while something was not read, or what was read is old
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from backupkit import report_sections as parts
from backupkit.entrypoint import Runbook, Session, main
from backupkit.errors import OutOfTimeError, PartialFailureError
from backupkit.estate import Unread
from backupkit.export_reading import Export
from backupkit.export_store import store_at
from backupkit.item_sums import Failing
from backupkit.messages import Message
from backupkit.page import Page, Section, Step, Tone, render
from backupkit.params import FOLDER, Between, CommonParams, Text
from backupkit.publishing import page_places, publish, try_place
from backupkit.report_facts import Facts, Measures, Storm, gather
from backupkit.report_figures import figures
from backupkit.report_lists import called, not_read
from backupkit.report_sums import NO_FAILURE, failing_at
from backupkit.speaking import say, warn
from backupkit.times import stamp
from backupkit.wording import counted, day, grouped, minute, percent, span

# -- Parameters: each is a name=value token -------------------------------------------------------

TITLE = Text(r"[^\s,<>\"']{1,80}", "Backups-of-Contoso")
LINK = Text(r"https://[^\s?#]+", "https://reports.contoso.com/latest.html, without a signature")


@dataclass(frozen=True)
class Params(CommonParams):
    source: Annotated[str, "the place that job_export writes to", FOLDER] = ""
    to: Annotated[str, "where the page goes; what ends in / gets a page a run, and latest.html", FOLDER] = ""
    window: Annotated[timedelta, "days to look at, today included", Between(1440, 132480)] = timedelta(
        days=14
    )
    rows: Annotated[int, "rows that a list shows at most; it says of how many", Between(1, 2000)] = 200
    title: Annotated[str, "name of the page; its hyphens are shown as blanks", TITLE] = "Azure-Backup"
    link: Annotated[str, "URL under which people open the page, for the message", LINK] = ""
    always: Annotated[bool, "send the message also when all is well"] = True

    def faults(self) -> Iterator[str]:
        yield from super().faults()
        for name in ("source", "to"):
            if not getattr(self, name):
                yield f"parameter {name} is required: a blob container's URL, a path, or var:NAME"
        if any(one.startswith("mg:") for one in self.scope):
            yield "parameter scope takes subscription ids here: no export says what is in a management group"


# -- Decide: facts in, a page out -----------------------------------------------------------------

STALE = timedelta(hours=36)
RETRY_WITHIN = timedelta(hours=24)
STORM_MIN, STORM_SHARE = 10, 0.3
GOOD_SHARE, FAIR_SHARE = 0.98, 0.9
"""Shares of backups that succeeded on a day."""
OWN = ("manifest.json", "the export", "items", "jobs", "coverage", "subscriptions")
"""What a doubt of the report's own is about; all others are scopes that the export names, or its files."""
STEPS, STEPS_TOLD, STORMS_TOLD = 8, 5, 2
"""What to do first: on the page, in the message, and storms one by one."""


def doubts(facts: Facts, options: Params) -> list[Unread]:
    """Why nobody may say that all is well: what was not read, is missing, or is too old."""
    last_run, accepted = facts.export.last_run, {one.lower() for one in options.accept_unread}
    found = [one for one in last_run.unread if one.scope.lower() not in accepted]
    found += facts.export.faults
    if not last_run.there:
        found.append(Unread("manifest.json", "is missing, which tells what was not read"))
    elif not (last_run.complete or last_run.unread):
        found.append(Unread("the export", "left something out and does not say what"))
    found += too_old(facts)
    found += missing_subscriptions(facts, options)
    unknown = facts.coverage.total("unknown")
    if unknown:
        found.append(Unread("coverage", f"could not be judged of {counted(unknown, 'resource')}"))
    return found


def too_old(facts: Facts) -> Iterator[Unread]:
    oldest = facts.now - STALE
    if not facts.newest:
        yield Unread("items", "are not in the export, so which are past their RPO nobody knows")
    elif facts.read is None:
        yield Unread("the export", "does not say when it was read from Azure")
    elif facts.read < oldest:
        age = span(int((facts.now - facts.read).total_seconds()))
        yield Unread("the export", f"is {age} old: see whether job_export runs")
    if facts.items.protected and not facts.jobs.days:
        yield Unread("jobs", "of these days are not in the export, so which backups failed nobody knows")
    if facts.covered and f"{facts.covered}T24" < stamp(oldest):
        yield Unread("coverage", f"is of {day(facts.covered)}: see whether unprotected_sweep runs")


def missing_subscriptions(facts: Facts, options: Params) -> Iterator[Unread]:
    expected, seen = options.expect_subscriptions, facts.items.subscriptions
    if len(expected) == 1 and expected[0].isdigit():
        if len(seen) < int(expected[0]):
            yield Unread("subscriptions", f"with items are {len(seen)}, and {expected[0]} are expected")
        return
    for one in expected:
        if one.lower() not in seen:
            yield Unread(one, "has no item in the export, and is expected")


def verdict(facts: Facts, doubtful: Sequence[Unread]) -> tuple[Tone, str, str]:
    """What the page says first, and what it is made of."""
    items, bare = facts.items, facts.coverage.total("unprotected")
    need, why = needing(facts)
    if doubtful:
        said = f"In what was read {need[0].lower() + need[1:]}{':' if items.needs else '.'} {why}"
        told = said if items.protected else ""
        return (
            "unknown",
            f"Not known: {doubt(doubtful)}",
            told or "Nothing can be said before that is mended.",
        )
    if not (items.protected or facts.coverage.kinds):
        why = "The export was read whole and has no protected item. If it should, see what job_export reads."
        return "unknown", "Nothing is backed up here", why
    if items.needs:
        return "bad", need, why
    if bare:
        more = "See under Coverage what should be backed up and is not."
        return "warn", f"{counted(bare, 'resource has', 'resources have')} no backup", f"{why} {more}"
    if items.at_risk.total:
        more = (
            f"{counted(items.at_risk.total, 'item')} failed last time; a retry or the next schedule may pass."
        )
        return "warn", "No item needs you yet", f"{why} {more}"
    if not facts.covered:
        more = "What has no backup at all is not known: the export has no coverage."
        return "warn", "What is protected is fine", f"{why} {more}"
    more = "Every newest backup succeeded, and nothing that should have one is without."
    return "good", "Backups are fine", f"{why} {more}"


def doubt(doubtful: Sequence[Unread]) -> str:
    if len(doubtful) > 1:
        return f"{grouped(len(doubtful))} things were not read"
    scope, reason = called(doubtful[0].scope), doubtful[0].reason
    if doubtful[0].scope in OWN:
        return f"{scope} {reason.partition(':')[0].partition(',')[0]}"
    return f"{scope} was not read" if len(scope) < 60 else "a scope was not read"


def needing(facts: Facts) -> tuple[str, str]:
    """How many items need somebody, and why."""
    items = facts.items
    protected = counted(items.protected, "protected item")
    if not items.needs:
        return "No item needs you", f"All {protected} are within their RPO."
    whys = (
        (items.past.total, "past their RPO"),
        (items.never.total, "without any backup"),
        (items.human, "failed for a cause that somebody has to mend"),
    )
    made_of = ", ".join(f"{grouped(count)} {why}" for count, why in whys if count)
    return counted(items.needs, "item needs you", "items need you"), f"{made_of}, of {protected}."


def steps(facts: Facts, doubtful: Sequence[Unread]) -> Iterator[Step]:
    """What to do first: make known what is not, end storms, then the causes behind most, then gaps."""
    if doubtful:
        told = "; ".join(gap(one) for one in doubtful[:3])
        yield Step("Make known what was not read", told, "#unread", "unknown", counted(len(doubtful), "gap"))
    stormy = parts.ongoing(facts)
    yield from end(stormy, facts)
    taken = Counter[str]()
    for storm in stormy:
        taken[storm.at.code] += storm.still
    by_need = sorted(facts.items.failing.items(), key=lambda one: (one[1].needs, one[1].past), reverse=True)
    for code, group in by_need:
        if group.needs and 2 * taken[code] < group.items:
            yield mend(code, group, facts)
    if facts.items.never.total:
        told = "Protected, and never backed up: see whether their policy runs, or start one by hand."
        yield Step("Take a first backup", told, "#never", "bad", counted(facts.items.never.total, "item"))
    bare = facts.coverage.total("unprotected")
    if bare:
        told = "Or exclude it by a tag or a rule, so that it does not come again."
        yield Step("Protect what has no backup", told, "#unprotected", "warn", counted(bare, "resource"))


def gap(one: Unread) -> str:
    return f"{one.scope} {one.reason}" if one.scope in OWN else f"{called(one.scope)}: {one.reason}"


def end(stormy: Sequence[Storm], facts: Facts) -> Iterator[Step]:
    for storm in stormy[:STORMS_TOLD]:
        at, remedy = storm.at, facts.jobs.causes[storm.at.code].remedy
        title, items = f"End the storm in {at.vault_name}", counted(storm.still, "item")
        told = f"{at.code}, {percent(storm.share, 1)} of the vault: {remedy}"
        yield Step(title, told, "#storm-list", "bad", items)
    others = stormy[STORMS_TOLD:]
    if others:
        title = f"End {counted(len(others), 'more storm')}"
        items = counted(sum(one.still for one in others), "item")
        yield Step(title, "Each is one cause in one vault.", "#storm-list", "bad", items)


def mend(code: str, group: Failing, facts: Facts) -> Step:
    """The remedy is the headline: it is what to do."""
    past = "all" if group.past == group.items > 1 else grouped(group.past)
    late = f", {past} past RPO" if group.past and code else ""
    tone: Tone = "bad" if group.past else "warn"
    rest = (failing_at(code, facts), tone, counted(group.items, "item") + late)
    if code == NO_FAILURE:
        told = "They are past their RPO: see whether their schedule runs, and who stopped it."
        return Step("Find out why nothing failed and no backup came", told, *rest)
    if not group.remedy:
        return Step(f"Find out what {code} means", "No table knows it: read what the job says of it.", *rest)
    return Step(group.remedy[0].upper() + group.remedy[1:], code, *rest)


SECTIONS: tuple[Callable[[Facts], Section], ...] = (
    parts.coverage, parts.backups, parts.causes, parts.late, parts.retries, parts.storms, parts.reading,
)  # fmt: skip


def page(facts: Facts, options: Params, run: str) -> Page:
    doubtful = doubts(facts, options)
    tone, headline, detail = verdict(facts, doubtful)
    return Page(
        title=options.title.replace("-", " "),
        tone=tone,
        headline=headline,
        detail=detail,
        facts=(
            ("Read from Azure", minute(facts.read)),
            ("Days", f"{day(facts.days[0])} \u2013 {day(facts.days[-1])}"),
            ("Page made", minute(facts.now)),
        ),
        figures=tuple(figures(facts, GOOD_SHARE, FAIR_SHARE)),
        warnings=not_read(facts, doubtful),
        steps=tuple(steps(facts, doubtful))[:STEPS],
        sections=tuple(section(facts) for section in SECTIONS),
        foot=(f"backup_report {run}, from the export {facts.export.last_run.run or 'without a manifest'}",),
    )


def message(told: Page, link: str) -> Message:
    """The page in short."""
    todo = [f"{at}. {one.title} ({one.count}): {one.detail}" for at, one in enumerate(told.steps, 1)]
    numbers = [(one.label, f"{one.value}, {one.note}") for one in told.figures]
    keys = {"verdict": told.tone, "headline": told.headline, "figures": dict(numbers), "link": link}
    shown = todo[:STEPS_TOLD]
    lines = (told.detail, *shown)
    return Message(f"{told.title}: {told.headline}", lines, numbers, link, {**keys, "attention": shown})


# -- Run: read, write, tell -----------------------------------------------------------------------


def run(session: Session[Params]) -> None:
    options = session.options
    facts = read(session)
    told = page(facts, options, session.run_id)
    for one in doubts(facts, options):
        warn("not read", scope=one.scope, why=one.reason)
        session.record({"unread": one.scope, "reason": one.reason})
    for step in told.steps:
        session.record({"verdict": step.tone, "step": step.title, "count": step.count, "reason": step.detail})
    html = render(told)
    for place in page_places(options.to, session.runbook, session.started, session.run_id):
        publish(place, html, session.arm.credential)
        say("wrote", page=place)
    if options.always or told.tone != "good":
        session.message = message(told, options.link)
    say("verdict", **{"is": told.tone}, says=told.headline)
    session.counts.update(counts(facts))
    if facts.export.faults:
        raise PartialFailureError(f"{len(facts.export.faults)} files of the export could not be read whole")


def read(session: Session[Params]) -> Facts:
    options = session.options

    def in_time() -> None:
        if session.arm.seconds_left < 0:
            raise OutOfTimeError("max_minutes is over; give more, or a shorter window")

    scope = frozenset(one.lower() for one in options.scope)
    measures = Measures(options.window, options.rows, STORM_MIN, STORM_SHARE, RETRY_WITHIN, scope)
    return gather(
        Export(store_at(options.source, session.arm.credential)), measures, session.started, in_time
    )


def counts(facts: Facts) -> dict[str, int]:
    items = facts.items
    return {
        "jobs": sum(day.total() for day in facts.jobs.days.values()),
        "items": items.states.total(),
        "need_you": items.needs,
        "past_rpo": items.past.total,
        "at_risk": items.at_risk.total,
        "unprotected": facts.coverage.total("unprotected"),
        "storms": len(facts.storms),
        "unread": len(facts.export.last_run.unread),
        "faults": len(facts.export.faults),
    }


def check(session: Session[Params]) -> None:
    export = Export(store_at(session.options.source, session.arm.credential))
    days = {entity: len(export.dates(entity)) for entity in ("jobs", "items", "coverage")}
    say("ok", reads=export.place, manifest=export.last_run.there, **days)
    for place in page_places(session.options.to, session.runbook, session.started, session.run_id):
        try_place(place, session.arm.credential)
        say("ok", writes=place)


RUNBOOK = Runbook("backup_report", "Tell from an export whether backups are fine.", Params, run, check)

if __name__ == "__main__":
    sys.exit(main(RUNBOOK, sys.argv[1:]))
