"""What holds of auto_retry whatever the night was like: nothing makes it do more than it may."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from backupkit.evidence import History
from backupkit.failures import classify
from backupkit.records import Job, Source
from hypothesis import given
from hypothesis import strategies as st

from runbooks.auto_retry import RULES, Params, decided
from tests.decisions.cases import (
    GONE,
    HEALS,
    HUMAN,
    NOW,
    OTHER_PASSING,
    PASSING,
    UNKNOWN,
    WAIT,
    Vaults,
    history,
    job,
    machine,
    policy,
    told,
)

DAY = timedelta(days=1)
GOOD = ("Completed", "CompletedWithWarnings")
CODES = (PASSING, PASSING, PASSING, OTHER_PASSING, WAIT, HUMAN, GONE, HEALS, UNKNOWN, "none given")
ORIGINS = (True, True, False, None)


@st.composite
def jobs(draw):
    status = draw(st.sampled_from(["Failed"] * 5 + ["Completed", "CompletedWithWarnings", "Cancelled"]))
    one = job(
        status,
        f"{draw(st.integers(0, 2880))}m",
        code=draw(st.sampled_from(CODES)),
        takes=f"{draw(st.integers(0, 600))}m",
        user=draw(st.sampled_from(ORIGINS)),
        operation=draw(st.sampled_from(["Backup"] * 6 + ["Restore"])),
    )
    still = draw(st.integers(0, 9)) == 0
    return replace(one, status="InProgress", ended=None, failure=None) if still else one


@st.composite
def items(draw, number):
    """Most of them failed last night like the others."""
    last_night = [job("Failed", "10h")] if draw(st.integers(0, 4)) else []
    its_jobs = [*last_night, *draw(st.lists(jobs(), max_size=2 if last_night else 5))]
    its_jobs = [replace(one, name=f"{n}") for n, one in enumerate(its_jobs)]
    age = draw(st.none() | st.integers(1, 200))
    return history(
        *its_jobs,
        vm=f"vm-{number:02}",
        vault=draw(st.sampled_from(["rsv-01", "rsv-01", "rsv-01", "rsv-02"])),
        state=draw(st.sampled_from(["Protected"] * 9 + ["ProtectionStopped"])),
        last_recovery_point=None if age is None else NOW - timedelta(hours=age),
        policy=draw(st.sampled_from([policy()] * 6 + [policy("10:00"), None])),
        source=Source(machine("vm"), exists=draw(st.integers(0, 19)) > 0, known=draw(st.integers(0, 19)) > 0),
    )


@st.composite
def nights(draw):
    """Up to fourteen items, as Resource Graph tells of them and as their vaults do."""
    truth = [draw(items(number)) for number in range(draw(st.integers(1, 14)))]
    lagging = [draw(st.integers(0, 4)) == 0 and bool(one.jobs) for one in truth]
    graph = [
        replace(one, jobs=one.jobs[1:]) if late else one for one, late in zip(truth, lagging, strict=True)
    ]
    unreadable = {"rsv-02": "403"} if draw(st.integers(0, 5)) == 0 else {}
    sizes = {"rsv-01": draw(st.integers(1, 30)), "rsv-02": draw(st.integers(1, 30))}
    return Vaults(truth, graph, sizes, unreadable)


OPTIONS = st.builds(
    Params,
    window=st.integers(1, 48).map(lambda hours: timedelta(hours=hours)),
    max_attempts=st.integers(1, 4),
    max_triggers=st.integers(0, 8),
    max_per_vault=st.integers(1, 6),
    backoff=st.integers(1, 240).map(lambda minutes: timedelta(minutes=minutes)),
    unknown=st.sampled_from(["leave", "once", "retry"]),
    storm_share=st.sampled_from([0.0, 0.1, 0.3, 0.5]),
    storm_min=st.integers(1, 6),
    canaries=st.integers(1, 3),
    retry_codes=st.sampled_from([(), (), (HUMAN,)]),
    never_codes=st.sampled_from([(), (), (OTHER_PASSING,)]),
    optout_tag=st.sampled_from(["none", "backup-retry:off"]),
)


def judge(vaults: Vaults, options: Params):
    return decided(options, Vaults(vaults.truth, vaults.graph, vaults.sizes, vaults.unreadable), NOW)


def backups(one: History) -> list[Job]:
    return [job for job in one.jobs if job.operation == "Backup"]


def ended(one: Job) -> datetime:
    return one.ended or one.started


def last_success(one: History) -> datetime | None:
    return max((ended(job) for job in backups(one) if job.status in GOOD), default=None)


def since_success(one: History) -> list[Job]:
    success = last_success(one)
    others = [job for job in backups(one) if job.status not in GOOD]
    return [job for job in others if success is None or ended(job) > success]


def tries(one: History) -> list[Job]:
    return [job for job in since_success(one) if job.user is not False]


def back_off_end(one: History, options: Params) -> datetime | None:
    counted = len([job for job in tries(one) if NOW - job.started < DAY])
    if not tries(one):
        return None
    return max(map(ended, tries(one))) + options.backoff * 2 ** max(0, counted - 1)


# -- One run -----------------------------------------------------------------------------------


@given(nights(), OPTIONS)
def test_nothing_is_retried_that_runs_or_recovered_or_is_over_budget_or_in_back_off(vaults, options):
    """By what the vaults themselves say, whatever Resource Graph thought."""
    truth = {one.key: one for one in vaults.truth}
    for one in [truth[one.case.history.key] for one in judge(vaults, options) if one.retry]:
        assert not [job for job in one.jobs if job.status == "InProgress"]
        failures = [job for job in backups(one) if job.status == "Failed"]
        success = last_success(one)
        assert success is None or success < max(map(ended, failures))
        assert len([job for job in tries(one) if NOW - job.started < DAY]) < options.max_attempts
        assert (back_off_end(one, options) or NOW) <= NOW


@given(nights(), OPTIONS)
def test_the_caps_of_run_and_vault_are_never_exceeded(vaults, options):
    chosen = [one for one in judge(vaults, options) if one.retry]

    assert len(chosen) <= options.max_triggers
    for name, starting in Counter(one.case.history.vault for one in chosen).items():
        here = [job for one in vaults.truth if one.vault == name for job in backups(one)]
        assert starting + sum(job.status == "InProgress" for job in here) <= options.max_per_vault


@given(nights(), OPTIONS)
def test_a_closed_storm_has_no_more_canaries_in_flight_than_it_may(vaults, options):
    chosen = {one.case.history.key for one in judge(vaults, options) if one.retry}
    for name, code in {(one.vault, code) for one in vaults.truth for code in CODES}:
        group = [one for one in vaults.truth if one.vault == name and fails_with(one, code, options)]
        if closed(group, vaults, options):
            runs = [one for one in group if any(job.status == "InProgress" for job in backups(one))]
            starting = [one for one in group if one.key in chosen]
            assert not starting or len(runs) + len(starting) <= options.canaries
            blocked = max(filter(None, (back_off_end(one, options) for one in group)), default=NOW)
            assert not starting or blocked <= NOW


def fails_with(one: History, code: str, options: Params) -> bool:
    """An item with this failure since its last success, and its newest one in the window."""
    failures = [job for job in since_success(one) if job.status == "Failed"]
    recent = [job for job in failures if ended(job) >= NOW - options.window]
    return bool(recent) and code in {job.failure.code for job in failures if job.failure}


def closed(group: list[History], vaults: Vaults, options: Params) -> bool:
    """A storm for sure: no backup of the vault that began after its newest failure has completed."""
    if len(group) < max(1, options.storm_min):
        return False
    name = group[0].vault
    if len(group) / vaults.items_in(name) < options.storm_share:
        return False
    newest = max(ended(job) for one in group for job in backups(one) if job.status == "Failed")
    here = [job for one in vaults.truth if one.vault == name for job in backups(one)]
    return not any(job.status in GOOD and job.started >= newest for job in here)


@given(nights(), OPTIONS)
def test_every_case_is_decided_once_and_says_by_which_rule_and_why(vaults, options):
    found = judge(vaults, options)
    keys = [one.case.history.key for one in found]
    since = NOW - options.window
    cases = {
        one.key
        for told_of in (vaults.truth, vaults.graph)
        for one in told_of
        if any(job.status == "Failed" and ended(job) >= since for job in one.jobs)
    }

    assert len(keys) == len(set(keys))
    assert set(keys) <= cases
    assert {
        one.key for one in vaults.graph if any(job.failure and ended(job) >= since for job in one.jobs)
    } <= set(keys)
    assert all(one.reason for one in found)
    left = {one.rule for one in found if not one.retry}
    assert left <= {rule.__name__ for rule in RULES}


@given(nights(), OPTIONS, st.randoms(use_true_random=False))
def test_the_order_of_what_is_read_decides_nothing(vaults, options, shuffling):
    shuffled = replace(vaults, truth=mixed(vaults.truth, shuffling), graph=mixed(vaults.graph, shuffling))

    assert list(map(spoken, judge(shuffled, options))) == list(map(spoken, judge(vaults, options)))


def mixed(histories: list[History], shuffling: random.Random) -> list[History]:
    return shuffling.sample(histories, len(histories))


def spoken(decision):
    return decision.case.history.key, *told(decision)


@given(nights(), OPTIONS)
def test_a_vault_that_was_not_read_starts_nothing(vaults, options):
    asked = Vaults(vaults.truth, vaults.graph, vaults.sizes, vaults.unreadable)
    chosen = [one.case.history.vault for one in decided(options, asked, NOW) if one.retry]

    assert {name.rpartition("/")[2] for name in chosen} <= set(asked.asked) - set(vaults.unreadable)


@given(nights(), OPTIONS)
def test_a_second_run_right_after_starts_nothing_of_the_first_again(vaults, options):
    chosen = {one.case.history.key for one in judge(vaults, options) if one.retry}
    start = job("InProgress", "0m", takes="0m", name="new", ended=None, user=True)
    after = [replace(one, jobs=(start, *one.jobs)) if one.key in chosen else one for one in vaults.truth]
    again = judge(replace(vaults, truth=after), options)

    assert not chosen & {one.case.history.key for one in again if one.retry}


# -- Days of runs ------------------------------------------------------------------------------


@dataclass
class Estate:
    """Items whose backups go as fate has it; the runbook runs again and again, and keeps nothing."""

    options: Params
    fate: random.Random
    now: datetime = NOW
    histories: dict[str, History] = field(default_factory=dict)
    tried: list[tuple[str, Job]] = field(default_factory=list)

    def __post_init__(self):
        for number in range(self.fate.randint(1, 12)):
            one = history(vm=f"vm-{number:02}", vault=self.fate.choice(["rsv-01", "rsv-02"]), policy=None)
            self.histories[one.key] = one
            self.back_up(one.key, user=False)

    def back_up(self, key, *, user):
        """How it will end is decided now, and seen when its time has come."""
        status = self.fate.choice(["Failed", "Failed", "Failed", "Completed", "Cancelled"])
        code = self.fate.choice([PASSING, PASSING, PASSING, OTHER_PASSING, WAIT])
        failure = classify([{"code": code}]) if status == "Failed" else None
        end = self.now + timedelta(minutes=self.fate.choice([1, 30, 90, 600]))
        one = job(status, "0m", started=self.now, ended=end, user=user, failure=failure)
        one = replace(one, name=f"{len(self.histories[key].jobs)}")
        whole = self.histories[key]
        self.histories[key] = replace(whole, jobs=(one, *whole.jobs))
        return one

    def seen(self):
        return [replace(one, jobs=tuple(map(self.as_of_now, one.jobs))) for one in self.histories.values()]

    def as_of_now(self, one):
        ended = one.ended <= self.now
        return one if ended else replace(one, status="InProgress", ended=None, failure=None)

    def run(self):
        vaults = Vaults(self.seen(), sizes={"rsv-01": 10, "rsv-02": 10})
        chosen = [one.case.history.key for one in decided(self.options, vaults, self.now) if one.retry]
        assert len(chosen) <= self.options.max_triggers
        for key in chosen:
            self.tried.append((key, self.back_up(key, user=True)))
        for name in {one.vault for one in self.histories.values()} if chosen else ():
            here = [job for one in self.seen() if one.vault == name for job in one.running]
            started = [key for key in chosen if self.histories[key].vault == name]
            assert not started or len(here) <= self.options.max_per_vault

    def live(self, runs):
        for _ in range(runs):
            self.run()
            self.now += timedelta(minutes=self.fate.choice([5, 15, 60, 180, 600]))
            for key in [one.key for one in self.seen() if not one.running and self.fate.random() < 0.1]:
                self.back_up(key, user=False)


@given(OPTIONS, st.randoms(use_true_random=False))
def test_over_days_no_item_is_tried_more_often_than_it_may_be(options, fate):
    """In any 24 hours without a success, however often the runbook runs, and each try waits for its turn."""
    estate = Estate(replace(options, window=timedelta(hours=48)), fate)
    estate.live(runs=20)

    for key, newest in estate.tried:
        earlier = [one for of, one in estate.tried if of == key and one.started < newest.started]
        good = [job.ended for job in estate.histories[key].jobs if job.status in GOOD]
        since = max((end for end in good if end <= newest.started), default=NOW - DAY)
        counted = [one for one in earlier if one.ended > since and newest.started - one.started < DAY]
        assert len(counted) < options.max_attempts
        if counted:
            waited = newest.started - max(one.ended for one in counted)
            assert waited >= options.backoff * 2 ** (len(counted) - 1)
