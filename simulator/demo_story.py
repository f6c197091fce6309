"""What the demo tells of a run of auto_retry, and what must be true of it."""

from __future__ import annotations

import json
import re
import textwrap
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator.demo_estate import CASES

WIDTH = 98
GOOD = ("Completed", "CompletedWithWarnings")
_OUTCOMES = {case.vm: case.then for case in CASES}


class NotAsToldError(Exception):
    """The runs were not as the story has them."""


def expect(holds: bool, claim: str, *seen: object) -> None:
    if not holds:
        raise NotAsToldError(f"{claim}, but: " + ", ".join(map(repr, seen)))


@dataclass(frozen=True)
class Told:
    """One run: the lines of its log, and the objects of its report in the same order."""

    log: Sequence[str]
    entries: Sequence[Mapping[str, Any]]

    def vms(self, **wanted: str) -> set[str]:
        """Names of the machines whose objects have these values."""
        return {
            str(entry["name"])
            for entry in self.entries
            if all(entry[name] == value for name, value in wanted.items())
        }

    def rules(self) -> dict[tuple[str, str], list[str]]:
        """Machines by verdict and rule, those retried first, then the rule with most of them."""
        groups: dict[tuple[str, str], list[str]] = {}
        for entry in self.entries:
            groups.setdefault((entry["verdict"], entry["rule"]), []).append(str(entry["name"]))
        return dict(sorted(groups.items(), key=lambda one: (one[0][0] == "left", -len(one[1]), one[0])))

    def line(self, vm: str) -> str:
        """Its line of the log."""
        return next(line for line in self.log if re.search(rf" item={re.escape(vm)} ", line))


def table(told: Told) -> Iterator[str]:
    yield f"{'verdict':<13}{'rule':<23}{'items':>5}   for example"
    for (verdict, rule), vms in told.rules().items():
        yield f"{verdict:<13}{rule:<23}{len(vms):>5}   {vms[0]}"
    yield f"{'':<36}{len(told.entries):>5}   in all"


def excerpt(told: Told, rules: Collection[str] = (), most: int = 3) -> Iterator[str]:
    """Lines of the log, grouped by rule, `most` of each, without the ids of jobs; and its last line."""
    for (_, rule), vms in told.rules().items():
        if rules and rule not in rules:
            continue
        for vm in vms[:most]:
            yield from folded(re.sub(r" (new_)?job=\S+", "", told.line(vm)))
        if len(vms) > most:
            yield f"    ... and {len(vms) - most} more of the rule {rule}"
    yield told.log[-1]


def folded(line: str) -> list[str]:
    return textwrap.wrap(line, WIDTH - 2, subsequent_indent="    ", break_on_hyphens=False)


def check_dry_run(told: Told, requests: Sequence[Mapping[str, Any]]) -> None:
    """It decides, explains, and asks nothing of Azure but reads."""
    posts = Counter(one["path"] for one in requests if one["method"] != "GET")
    expect(
        set(posts) == {"/providers/Microsoft.ResourceGraph/resources"}, "a dry run sends only reads", posts
    )
    expect(bool(told.vms(verdict="would retry")), "something would be retried", told.log[-1])
    expect(told.vms(verdict="retried") == set(), "nothing is retried", told.vms(verdict="retried"))
    unexplained = [entry["name"] for entry in told.entries if not entry["reason"]]
    expect(not unexplained, "each decision has its reason", unexplained)


def check_kept_word(dry: Told, real: Told) -> None:
    """What would be retried is; of the storm, no more than its canaries."""
    would, did = dry.vms(verdict="would retry"), real.vms(verdict="retried")
    expect(would == did, "what would be retried is retried", would ^ did)
    expect(bool(real.vms(rule="storm")), "the rest of a storm waits", real.rules().keys())
    expect(bool(canaries(real)), "a storm has canaries", real.rules().keys())


def canaries(told: Told) -> list[str]:
    """Those retried that failed in the vault and with the code of a storm."""
    stormy = {(entry["vault"], entry["code"]) for entry in told.entries if entry["rule"] == "storm"}
    return [
        str(entry["name"])
        for entry in told.entries
        if (entry["vault"], entry["code"]) in stormy and entry["verdict"] in ("retried", "would retry")
    ]


def check_since(runs: Sequence[Told]) -> None:
    """In the last of these runs: what was retried and is well again is left alone, what failed again is not.

    How the retries ended is known from the estate's own script.
    """
    *before, now = runs
    tries = Counter(vm for told in before for vm in told.vms(verdict="retried"))
    well = {vm for vm, count in tries.items() if ended(vm, count).partition(":")[0] in GOOD}
    lost = well - now.vms(verdict="left", rule="succeeded_since")
    expect(not lost, "what was retried with success is seen as recovered", lost)
    again = now.vms(verdict="retried") | now.vms(rule="backing_off") | now.vms(verdict="would retry")
    forgotten = set(tries) - well - again
    expect(not forgotten, "what failed again is backed off from or retried", forgotten)


def ended(vm: str, count: int) -> str:
    """How the item's `count`-th retry ends."""
    outcomes = _OUTCOMES.get(vm, ())
    return outcomes[count - 1] if count <= len(outcomes) else "Completed"


def check_storm_over(before: Told, now: Told) -> None:
    """Once the canaries have completed, the others follow; one that failed again waits for its back-off."""
    lost = set(canaries(before)) - now.vms(rule="succeeded_since")
    expect(not lost, "the canaries recovered", lost)
    waited = before.vms(rule="storm")
    expect(waited <= now.vms(verdict="retried"), "the rest of the storm follows", waited)
    expect(now.vms(rule="storm") == set(), "nothing waits any more", now.vms(rule="storm"))
    backing_off = now.vms(rule="backing_off") & before.vms(verdict="retried")
    expect(bool(backing_off), "one that failed again backs off", now.rules().keys())


def check_nothing_left(runs: Sequence[Told]) -> None:
    """All that was ever retried is well again, and nothing more would be tried."""
    tried = set[str]().union(*(told.vms(verdict="retried") for told in runs))
    now = runs[-1]
    expect(
        now.vms(verdict="would retry") == set(), "nothing is left to retry", now.vms(verdict="would retry")
    )
    ill = tried - now.vms(rule="succeeded_since")
    expect(not ill, "all that was retried has recovered", ill)


def check_triggers(
    runs: Sequence[Told], triggers: Sequence[Mapping[str, Any]], requests: Sequence[Mapping[str, Any]]
) -> int:
    """What the vaults started, what was asked for on the wire and what the reports say are one list."""
    said = Counter(
        str(e["new_job"]).lower() for told in runs for e in told.entries if e["verdict"] == "retried"
    )
    done = Counter(str(one["job"]).lower() for one in triggers)
    expect(said == done, "the reports name the jobs that the vaults started", said - done, done - said)
    asked: int = sum(
        one["method"] == "POST" and one["path"].endswith("/backup") and one["status"] == 202
        for one in requests
    )
    expect(asked == done.total(), "each backup was asked for once", asked, done.total())
    return asked


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
