"""The parts of a report: what each counts, in words, then its charts and its lists."""

from __future__ import annotations

from collections import Counter
from typing import Final

from backupkit import report_charts as charts
from backupkit import report_lists as lists
from backupkit import report_sums as sums
from backupkit.page import Section
from backupkit.report_facts import Facts, Storm
from backupkit.report_lists import Heading
from backupkit.wording import counted, day, grouped, percent


def coverage(facts: Facts) -> Section:
    if not facts.covered:
        lead = "Not known: the export has no coverage. Give job_export the reports of unprotected_sweep."
        return Section("coverage", "Coverage", lead)
    found, where = facts.coverage, facts.export.name("coverage", facts.covered)
    whole, protected = sum(map(sums.covered_of, found.kinds.values())), found.total("protected")
    lead = (
        f"Of {counted(whole, 'resource')} that should have a backup a vault protects {grouped(protected)} "
        f"({percent(protected, whole)}), as unprotected_sweep found on {day(facts.covered)}."
    )
    excluded = found.total("excluded")
    if excluded:
        lead += f" {counted(excluded, 'other is', 'others are')} excluded by a rule or a tag, or gone."
    bare = Heading(
        "unprotected", "Unprotected", where, "Nothing that should be backed up is without a vault."
    )
    dark = Heading("unknown", "Not known", where, "Of every resource it is known whether it is protected.")
    tables = (
        sums.kinds(facts),
        lists.resources(bare, found.lists["unprotected"]),
        lists.resources(dark, found.lists["unknown"]),
    )
    return Section("coverage", "Coverage", lead, charts.coverage(facts), tables)


def backups(facts: Facts) -> Section:
    total: Counter[str] = Counter()
    for counts in facts.jobs.days.values():
        total.update(counts)
    good, ended = sums.good_of(total)
    first = min(facts.jobs.days, default=facts.days[0])
    lead = (
        f"Backup jobs by the UTC day they started on, since {day(first)}. "
        f"Of {grouped(ended)} that ended {grouped(good)} succeeded ({percent(good, ended)}), with "
        f"warnings or without. A job is an attempt: an item that failed and then succeeded counts as two."
    )
    tables = (sums.days(facts), sums.workloads(facts), *sums.failed(facts))
    return Section("days", "Backups day by day", lead, charts.backups(facts), tables)


def causes(facts: Facts) -> Section:
    now = sum(group.items for code, group in facts.items.failing.items() if code != sums.NO_FAILURE)
    lead = (
        f"\u201cFail now\u201d are items whose newest backup ended that way, {grouped(now)} in all. "
        f"\u201cItems\u201d and \u201cJobs\u201d count all that happened in the window, made up for or "
        f"not; an item may fail in several ways."
    )
    return Section("failures", "Failures by cause", lead, (), (sums.causes(facts), *sums.failing(facts)))


def late(facts: Facts) -> Section:
    items, where = facts.items, facts.export.name("items", facts.newest)
    lead = (
        f"An item is past its RPO when its newest recovery point is older than one and a half times the "
        f"frequency of its policy: {counted(items.past.total, 'item')} of {grouped(items.protected)} "
        f"that are protected."
    )
    fresh = (
        f" {counted(items.fresh, 'new item waits', 'new items wait')} for a first one." if items.fresh else ""
    )
    past = Heading(
        "past", "Past their RPO, the latest first", where, "No item with a backup is past its RPO."
    )
    never = Heading("never", "Without any backup", where, f"No item was left without a backup.{fresh}", fresh)
    nothing = "No newest backup failed of the items that are within their RPO."
    risk = Heading("risk", "At risk: the newest backup failed, the RPO still holds", where, nothing)
    tables = (
        lists.items(past, items.past),
        lists.items(never, items.never),
        lists.items(risk, items.at_risk),
    )
    return Section("items", "Items that are late", lead, charts.late(facts), tables)


def retries(facts: Facts) -> Section:
    hours = int(facts.measures.retry_within.total_seconds() // 3600)
    lead = (
        f"Backups on demand that started within {hours} hours after a failed one of the same item, by "
        f"auto_retry or by a person: {grouped(facts.retries.total)} in the window. {became(facts)}"
    )
    nothing = "No item was backed up on demand after a failure."
    heading = Heading("retried", "Those that failed again first", sums.JOB_FILES, nothing)
    return Section(
        "retries", "Retries, and what became of them", lead, (), (lists.jobs(heading, facts.retries.top),)
    )


def became(facts: Facts) -> str:
    """What became of the retries, in words."""
    told = facts.retries.outcomes
    parts = (
        (told["succeeded"] + told["warned"], "succeeded"),
        (told["failed"], "failed again"),
        (told["cancelled"], "cancelled"),
        (told["running"] + told["other"], "not ended"),
    )
    said = [f"{grouped(count)} {what}" for count, what in parts if count]
    return ", ".join(said) + "." if said else ""


def storms(facts: Facts) -> Section:
    measures = facts.measures
    lead = (
        f"A storm is one cause that on one UTC day failed {measures.storm_min} items of a vault at least, "
        f"and {measures.storm_share * 100:g}\u202f% of what it protects: one thing to mend, not many. "
        f"\u201cFail now\u201d are items of that vault whose newest backup ended that way."
    )
    return Section("storms", "Storms", lead, (), (sums.storms(facts),))


def ongoing(facts: Facts) -> list[Storm]:
    """Storms whose items still fail, each vault and cause once."""
    found: dict[tuple[str, str], Storm] = {}
    for storm in facts.storms:
        if storm.still >= facts.measures.storm_min:
            found.setdefault((storm.at.vault, storm.at.code), storm)
    return list(found.values())


WORDS: Final = (
    (
        "Needs you",
        "an item past its RPO, or never backed up and not new, or failed for a cause of class human",
    ),
    ("At risk", "an item within its RPO whose newest backup failed: a retry or the next schedule may pass"),
    ("Success share", "of the backups that succeeded, failed or were cancelled; of jobs, not of items"),
    (
        "Covered",
        "of the resources that are protected, unprotected or not known; what is excluded does not count",
    ),
    ("Class human", "somebody has to do something, which stands beside the cause"),
    ("Class passing, wait, self-heal", "it usually passes, by itself or with a retry"),
    ("Class limit", "a limit of the service is reached; it passes when there is room again"),
    ("Class gone, foreign", "what was backed up does not exist any more, or Azure cannot start its backup"),
    ("Class unknown", "nobody has judged this code yet: take it for yours"),
)


def reading(facts: Facts) -> Section:
    lead = f"Everything is from the export at {facts.export.place} and from nothing else. All times are UTC."
    return Section("classes", "How it is counted, and what was read", lead, (), (lists.files(facts),), WORDS)
