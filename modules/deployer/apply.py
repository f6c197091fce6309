"""Carries a plan out, one change after the other; killed at any point, the next plan has the rest."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from deployer import marks, timetable
from deployer.account import Account, Json, Kind
from deployer.changes import Change, Plan
from deployer.compare import LINKS, environment_body, links, runbook_body, variable_body
from deployer.compare_alerts import is_ours, webhook_body, webhook_name
from deployer.importing import Importing
from deployer.live import GROUPS, RULES, Live
from deployer.live import links as links_of
from deployer.manifest import azure_parameters
from deployer.packages import Wheel
from deployer.wanted import Wanted

Told = Callable[[Change], None]
Shown = Callable[[str, str], None]
NAMED: Mapping[str, Kind] = {
    kind: kind for kind in ("environment", "runbook", "schedule", "webhook", "variable")
}


@dataclass
class Doing:
    """`told` hears of each change that is done, `shown` gets the URL of a new webhook, once."""

    account: Account
    live: Live
    told: Told
    shown: Shown | None = None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def remove(self, change: Change) -> None:
        """Delete one thing."""
        if change.kind == "link":
            self.account.delete_link(change.id)
        elif change.kind == "package":
            self.account.delete_package(change.id, change.name)
        elif change.kind in ("action group", "alert rule"):
            version = GROUPS[1] if change.kind == "action group" else RULES[1]
            url = f"{change.id}?api-version={version}"
            self.account.send("DELETE", url, f"delete {change.kind} {change.name}")
        else:
            self.account.delete(NAMED[change.kind], change.name)
        self.told(change)


class Applying:
    """What makes a plan true for `wanted`."""

    def __init__(
        self, doing: Doing, wanted: Wanted, importing: Importing, wheels: Mapping[str, Wheel]
    ) -> None:
        self._doing = doing
        self._account = doing.account
        self._live = doing.live
        self._wanted = wanted
        self._importing = importing
        self._wheels = wheels
        self._make: Mapping[str, Callable[[Change], None]] = {
            "variable": self._variable,
            "runbook": self._runbook,
            "schedule": self._schedule,
            "webhook": self._webhook,
            "action group": self._group,
            "alert rule": self._rule,
        }

    def run(self, plan: Plan) -> None:
        """Raises DeployError: what failed; what was done before it stays done."""
        self._packages([one for one in plan.changes if one.kind in ("environment", "package")])
        self._each(plan, ("variable", "schedule", "runbook"))
        if any(one.kind in ("schedule", "link") for one in plan.changes):
            self._relink(self._wanted.manifest.runbooks)
        self._each(plan, ("webhook", "action group", "alert rule"))
        for change in plan.removals:
            self._doing.remove(change)

    def _each(self, plan: Plan, kinds: Sequence[str]) -> None:
        for change in plan.changes:
            if change.kind in kinds and change.verb == "delete":
                self._doing.remove(change)
            elif change.kind in kinds:
                self._make[change.kind](change)

    # -- the environment and its packages ----------------------------------------------------------

    def _packages(self, changes: Sequence[Change]) -> None:
        """Nothing that runs in the environment is published before all of its packages are there."""
        if not changes:
            return
        imports = {one.name: one for one in changes if one.kind == "package"}
        for change in changes:
            if (change.kind, change.verb) == ("environment", "create"):
                self._put_environment(complete=False)
                self._doing.told(change)
        pins = [pin for pin in self._wanted.pins if pin.name in imports]
        self._importing.run(pins, self._wheels, lambda pin: self._doing.told(imports[pin.name]))
        self._put_environment(complete=True)
        for change in changes:
            if (change.kind, change.verb) == ("environment", "update"):
                self._doing.told(change)

    def _put_environment(self, *, complete: bool) -> None:
        body = environment_body(self._wanted, str(self._live.account["location"]), complete=complete)
        self._account.put("environment", self._wanted.environment, body)

    # -- what stands by itself ---------------------------------------------------------------------

    def _variable(self, change: Change) -> None:
        if change.verb == "replace":
            self._account.delete("variable", change.name)
        self._account.put("variable", change.name, variable_body(self._wanted, change.name))
        self._doing.told(change)

    def _runbook(self, change: Change) -> None:
        name, sent = change.name, runbook_body(self._wanted, change.name)
        if change.verb == "create":
            made = {**sent["properties"], "runbookType": "Python", "draft": {}}
            location = self._live.account["location"]
            self._account.put(
                "runbook", name, {"location": location, "tags": sent["tags"], "properties": made}
            )
        if change.verb == "update":
            self._account.patch("runbook", name, sent)
        else:
            self._account.publish(name, self._wanted.texts[name])
        self._doing.told(change)
        self._relink([name])

    def _schedule(self, change: Change) -> None:
        one = self._wanted.manifest.schedules[change.name]
        note = {"description": marks.noted(one.description)}
        live = self._live.schedules.get(change.name.lower())
        alike = one.model_copy(update={"enabled": live["properties"].get("isEnabled", True)}) if live else one
        if live is None or timetable.difference(alike, live["properties"]):
            # Packages may have taken longer than a start has to lie ahead.
            made = timetable.wanted(one, self._doing.now())
            self._account.put("schedule", change.name, {"properties": {**made, **note}})
        # Writing one anew may enable it: what it should be is said each time.
        if live or not one.enabled:
            known = {**note, "isEnabled": one.enabled}
            self._account.patch("schedule", change.name, {"properties": known})
        self._doing.told(change)

    def _relink(self, runbooks: Collection[str]) -> None:
        """By what is there now: updating a runbook renews its links, and has been seen to lose them."""
        now = links_of(self._account, runbooks)
        for change in links(self._wanted.manifest, now):
            if change.name.rpartition(LINKS)[2] not in runbooks:
                continue
            if change.verb == "delete":
                self._doing.remove(change)
                continue
            schedule, _, runbook = change.name.partition(LINKS)
            body: Json = {"schedule": {"name": schedule}, "runbook": {"name": runbook}}
            body["parameters"] = azure_parameters(change.tokens)
            self._account.put_link(str(uuid.uuid4()), body)
            self._doing.told(change)

    # -- from an alert to a runbook ----------------------------------------------------------------

    def _webhook(self, change: Change) -> None:
        """The URL lives in this call only: it goes to those that call it, and to whoever asked to see it.

        It is shown before the webhook is made: a webhook that is there was shown, whenever we are killed.
        """
        sent = webhook_body(self._wanted, change.name)
        if change.verb == "update":
            self._account.patch("webhook", change.id, {"properties": sent})
            self._doing.told(change)
            return
        one = self._wanted.manifest.webhooks[change.name]
        url = self._account.new_url()
        name = webhook_name(change.name, url)
        fixed = {
            "uri": url,
            "expiryTime": (self._wanted.now + timedelta(days=one.valid_days)).isoformat(timespec="seconds"),
            "runbook": {"name": one.runbook},
        }
        if self._doing.shown:
            self._doing.shown(change.name, url)
        self._account.put("webhook", name, {"properties": {**sent, **fixed}})
        for group, alerts in self._wanted.manifest.alerts.items():
            if alerts.webhook == change.name:
                self._put_group(group, name, url)
        self._doing.told(change)

    def _put_group(self, group: str, webhook: str, url: str) -> None:
        alerts, id = self._wanted.manifest.alerts[group], self._wanted.group_id(group)
        live = (self._live.groups.get(id.lower()) or {}).get("properties", {})
        receiver = {**self._wanted.receiver(alerts, webhook), "serviceUri": url}
        others = [
            one
            for one in live.get("automationRunbookReceivers") or ()
            if one["name"] != receiver["name"] and not is_ours(one, self._wanted.target.id)
        ]
        properties = {
            # Others may have added receivers of their own, such as mail.
            **{key: value for key, value in live.items() if key.endswith("Receivers")},
            "groupShortName": alerts.short_name,
            "enabled": True,
            "automationRunbookReceivers": [*others, receiver],
        }
        body = {"location": "Global", "tags": marks.tags(self._wanted.target.id), "properties": properties}
        self._account.send("PUT", f"{id}?api-version={GROUPS[1]}", f"write action group {group}", body)

    def _group(self, change: Change) -> None:
        """One that needs a URL was written with its webhook; enabling needs none."""
        if change.id:
            enabled: Json = {"properties": {"enabled": True}}
            url = f"{change.id}?api-version={GROUPS[1]}"
            self._account.send("PATCH", url, f"enable action group {change.name}", enabled)
        self._doing.told(change)

    def _rule(self, change: Change) -> None:
        subscription = self._wanted.rule_ids(change.name)[change.id]
        body = self._wanted.rule(change.name, subscription)
        self._account.send(
            "PUT", f"{change.id}?api-version={RULES[1]}", f"write alert rule {change.name}", body
        )
        self._doing.told(change)
