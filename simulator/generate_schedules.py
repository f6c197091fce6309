"""When the policies of a generated estate run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simulator import clock, estate_rows, protection_kinds, protection_shapes

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
AS_OF = clock.moment("2026-03-02T07:10:00Z")
"""The moment every generated estate is of: a Monday, with no change of clocks in the weeks before it."""

_MIDNIGHT = clock.moment("2026-01-04T00:00:00Z")
"""A Sunday long enough ago for every run to be later."""


@dataclass(frozen=True)
class Schedule:
    """A run at `first`, a moment in the past, and another `every` so many seconds."""

    every: float
    first: float

    def newest(self, before: float = AS_OF) -> float:
        return self.first + (before - self.first) // self.every * self.every


@dataclass(frozen=True)
class Policy:
    """A policy of a vault: `at` is the hour of a run in `zone`, which is `ahead` of UTC by so many.

    `of` is the kind of what it is for, `how` hourly (every four), daily or weekly, or "" where nothing runs.
    """

    id: str
    of: str
    how: str
    at: float
    zone: str
    ahead: float
    days: int = 30

    @property
    def name(self) -> str:
        return self.id.rpartition("/")[2]

    @property
    def schedule(self) -> Schedule:
        every = {"hourly": 4 * HOUR, "daily": DAY, "weekly": 7 * DAY}[self.how or "daily"]
        return Schedule(every, _MIDNIGHT + (self.at - self.ahead) * HOUR)

    @property
    def runs(self) -> int:
        """How often it does in 14 days."""
        return {"hourly": 84, "daily": 14, "weekly": 2, "": 0}[self.how]

    @property
    def wall_clock(self) -> str:
        """A run in the policy's zone, written as a stamp, as policies have it."""
        return clock.stamp(_MIDNIGHT + self.at * HOUR, digits=0)


def of_machines(policy: Policy, items: int) -> dict[str, Any]:
    """The properties of a policy for virtual machines that so many items have."""
    described = estate_rows.policy(policy.wall_clock, policy.days, weekly=policy.how == "weekly")
    if policy.how == "hourly":
        described |= {"policyType": "V2", "schedulePolicy": _every_four_hours(policy)}
    return {**described, "timeZone": policy.zone, "protectedItemsCount": items}


def of_instances(policy: Policy) -> dict[str, Any]:
    """The properties of a policy of a Backup vault."""
    kind = protection_kinds.kind(policy.of)
    every = {"hourly": "PT4H", "daily": "P1D", "weekly": "P1W", "": ""}[policy.how]
    rule = protection_kinds.rule_name(every) if every else ""
    minutes = round(policy.ahead * 60)
    offset = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    interval = f"R/{policy.wall_clock[:-1]}{offset}/{every}"
    return protection_shapes.policy(kind, rule, interval, policy.zone, {"Default": f"P{policy.days}D"})


def _every_four_hours(policy: Policy) -> dict[str, Any]:
    """Enhanced policies alone run more often than daily."""
    return {
        "schedulePolicyType": "SimpleSchedulePolicyV2",
        "scheduleRunFrequency": "Hourly",
        "hourlySchedule": {
            "interval": 4,
            "scheduleWindowStartTime": policy.wall_clock,
            "scheduleWindowDuration": 20,
        },
    }
