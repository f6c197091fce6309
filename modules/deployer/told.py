"""How a deployment speaks to a person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from rich.console import Console
from rich.text import Text

from deployer.changes import Change, Plan
from deployer.compare import package_state
from deployer.compare_alerts import entry_of, expiry
from deployer.live import Live
from deployer.wanted import Wanted

_STYLES = {"create": "green", "import": "green", "delete": "red", "replace": "yellow", "keep": "dim"}


class Teller:
    """Lines on stdout, in colour on a terminal; faults on stderr."""

    def __init__(self) -> None:
        # Not wrapped, and with nothing taken for markup: a line is a line, also in the log of a pipeline.
        self._out = Console(soft_wrap=True, markup=False, highlight=False, emoji=False)
        self._err = Console(stderr=True, soft_wrap=True, markup=False, highlight=False, emoji=False)

    def line(self, text: str = "") -> None:
        self._out.print(text)

    def fault(self, text: str) -> None:
        self._err.print(f"error: {text}", style="red")

    def change(self, change: Change) -> None:
        text = Text(str(change))
        text.stylize(_STYLES.get(change.verb, "yellow"), 0, len(change.verb))
        self._out.print(text)

    def plan(self, plan: Plan, command: str) -> None:
        """`command` does it."""
        for change in plan.all:
            self.change(change)
        self.left(plan.left)
        self.notes(plan.notes)
        if plan.all:
            self.line(f"plan {plan.id}: {count(plan.all)}; do it with: {command} --plan {plan.id}")
        else:
            self.line("nothing to do: the account is as schedules.json says")

    def notes(self, notes: Sequence[str]) -> None:
        for note in notes:
            self.line(f"note    {note}")

    def left(self, left: Sequence[Change]) -> None:
        for change in left:
            self.change(change)
        if any(one.verb == "delete" for one in left):
            self.line("what is not in schedules.json any more stays until --prune is given")

    def status(self, found: dict[str, Any]) -> None:
        drift, packages = found["drift"], found["packages"]
        told = " ".join(f"{state}={number}" for state, number in packages.items())
        self.line(f"packages  {told}")
        for one in found["webhooks"]:
            enabled = "enabled" if one["enabled"] else "disabled"
            self.line(
                f"webhook   {one['name']}  {enabled}, expires {one['expires']} in {one['days']} days, "
                f"last called {one['last_called']}"
            )
        for name in found["links_lost"]:
            self.line(f"lost      link {name}")
        for line in drift:
            self.line(f"drift     {line}")
        for kind in ("left", "notes"):
            for line in found[kind]:
                self.line(f"{kind.rstrip('s'):<10}{line}")
        self.line(f"done drift={len(drift)} links_lost={len(found['links_lost'])} left={len(found['left'])}")


def count(changes: Sequence[Change]) -> str:
    return f"{len(changes)} change{'s' * (len(changes) != 1)}"


def status_of(wanted: Wanted, live: Live, plan: Plan) -> dict[str, Any]:
    """What somebody responsible looks at: drift, packages, expiry of webhooks, lost links."""
    states: dict[str, int] = {}
    for body in live.packages.values():
        states[package_state(body)] = states.get(package_state(body), 0) + 1
    return {
        "drift": [str(one) for one in plan.changes],
        "packages": {"wanted": len(wanted.pins), **states},
        "webhooks": sorted(_webhooks(wanted, live), key=lambda one: str(one["expires"])),
        "links_lost": [one.name for one in plan.changes if (one.verb, one.kind) == ("create", "link")],
        "left": [str(one) for one in plan.left],
        "notes": list(plan.notes),
    }


def _webhooks(wanted: Wanted, live: Live) -> Iterable[dict[str, Any]]:
    for body in live.webhooks.values():
        if entry_of(str(body["name"])):
            days = (expiry(body) - wanted.now) / timedelta(days=1)
            yield {
                "name": body["name"],
                "entry": entry_of(body["name"]),
                "enabled": bool(body["properties"].get("isEnabled")),
                "expires": f"{expiry(body):%Y-%m-%d}",
                "days": int(days),
                "last_called": _stamp(body["properties"].get("lastInvokedTime")),
            }


def _stamp(value: object) -> str:
    return f"{datetime.fromisoformat(str(value)):%Y-%m-%dT%H:%MZ}" if value else "never"
