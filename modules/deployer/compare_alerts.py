"""What of the way from an alert to a runbook differs from what is wanted.

A webhook's URL is a secret that Azure gives once and never again. So a webhook and the action groups that
call it are written together, and the webhook's name ends in digits that stand for its URL: an action group
that names the live webhook was written with its URL. Anything that needs the URL again makes a new webhook;
the old one goes when nothing calls it any more.

The name is also how a webhook is known to be ours: of its description, which could say so, the recorded
service tells nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from deployer import marks
from deployer.changes import Change, Findings, digest
from deployer.live import Live
from deployer.manifest import azure_parameters, tokens_of
from deployer.wanted import Wanted

Json = dict[str, Any]


@dataclass(frozen=True)
class Calls:
    """What is to be done about the webhook of one entry; `current` is the name of the one that stays."""

    current: str = ""
    why_new: str = ""
    old: tuple[str, ...] = ()


def webhook_name(entry: str, url: str) -> str:
    """The digest of a URL that nobody can guess gives nothing away."""
    made_of = hashlib.sha256(url.encode()).hexdigest()[:6]
    return f"{entry}-{made_of}{_check(entry, made_of)}"


def entry_of(name: str) -> str:
    """The entry, lower-cased, that a webhook was made for; empty for a name that is not of our making."""
    found = re.fullmatch(r"(.+)-([0-9a-f]{6})([0-9a-f]{4})", name.lower())
    return found[1] if found and found[3] == _check(found[1], found[2]) else ""


def _check(entry: str, made_of: str) -> str:
    """What tells our names from others' that look alike."""
    return hashlib.sha256(f"{marks.NAME} {entry.lower()} {made_of}".encode()).hexdigest()[:4]


def webhook_body(wanted: Wanted, entry: str) -> Json:
    """What can be changed later; `uri`, `expiryTime` and `runbook` are for ever."""
    one = wanted.manifest.webhooks[entry]
    return {"isEnabled": one.enabled, "parameters": azure_parameters(one.tokens)}


def compare_alerts(wanted: Wanted, live: Live, found: Findings) -> None:
    calls = {entry: calls_of(wanted, live, entry) for entry in wanted.manifest.webhooks}
    for entry, one in calls.items():
        found.changes += _webhook(wanted, live, entry, one)
    for name, alert in wanted.manifest.alerts.items():
        body = _has(wanted, live, name)
        if body and not marks.tagged(body, wanted.target.id):
            found.faults.append(f"action group {name} {marks.ELSEWHERE}")
        elif calls[alert.webhook].why_new:
            verb = "update" if body else "create"
            found.changes.append(Change(verb, "action group", name, f"calls the new {alert.webhook}"))
        elif body and not body["properties"].get("enabled", True):
            id = wanted.group_id(name)
            found.changes.append(Change("update", "action group", name, "is disabled", id=id))
    _rules(wanted, live, found)
    for entry, one in calls.items():
        found.changes += [
            Change("delete", "webhook", name, f"replaced: {one.why_new or entry}") for name in one.old
        ]


def calls_of(wanted: Wanted, live: Live, entry: str) -> Calls:
    """Which webhook of an entry stays, if one can."""
    groups = tuple(name for name, alerts in wanted.manifest.alerts.items() if alerts.webhook == entry)
    made = {key: body for key, body in live.webhooks.items() if entry_of(key) == entry.lower()}
    reasons = {key: _unfit(wanted, live, entry, body, groups) for key, body in made.items()}
    fit = sorted((key for key, why in reasons.items() if not why), key=lambda key: expiry(made[key]))
    current = fit[-1] if fit else ""
    why_new = "" if current else "; ".join(dict.fromkeys(reasons.values())) or "not in the account"
    old = tuple(str(body["name"]) for key, body in made.items() if key != current)
    return Calls(str(made[current]["name"]) if current else "", why_new, old)


def _unfit(wanted: Wanted, live: Live, entry: str, body: Json, groups: tuple[str, ...]) -> str:
    """Why a webhook cannot stay, or nothing."""
    if entry in wanted.rotate:
        return "a new URL was asked for"
    one, known = wanted.manifest.webhooks[entry], body["properties"]
    runs = str((known.get("runbook") or {}).get("name") or "")
    expires = expiry(body)
    if runs.lower() != one.runbook.lower():
        return f"it starts {runs or 'nothing'}, not {one.runbook}"
    if expires <= wanted.now + timedelta(days=one.renew_days):
        return f"it expires on {expires:%Y-%m-%d}"
    for name in groups:
        why = _uncalled(wanted, live, name, str(body["name"]))
        if why:
            return why
    return ""


def _uncalled(wanted: Wanted, live: Live, name: str, webhook: str) -> str:
    """Why an action group has to be written anew, and with it the webhook."""
    alerts, body = wanted.manifest.alerts[name], _has(wanted, live, name)
    if body is None:
        return f"action group {name} is not there"
    known = body["properties"]
    receiver = wanted.receiver(alerts, webhook)
    theirs = [one for one in known.get("automationRunbookReceivers") or () if one["name"] == receiver["name"]]
    if not theirs or any(not _same(theirs[0].get(key), value) for key, value in receiver.items()):
        return f"action group {name} does not call it"
    if known.get("groupShortName") != alerts.short_name:
        return f"action group {name} has another short name"
    return ""


def is_ours(receiver: Json, account: str) -> bool:
    """Whether a receiver of an action group calls a webhook that this tool made in the account."""
    above, _, name = str(receiver.get("webhookResourceId") or "").rpartition("/")
    return above.lower() == f"{account}/webhooks".lower() and bool(entry_of(name))


def _same(has: object, value: object) -> bool:
    return str(has or False).lower() == str(value or False).lower()


def _webhook(wanted: Wanted, live: Live, entry: str, calls: Calls) -> Iterator[Change]:
    one, sent = wanted.manifest.webhooks[entry], webhook_body(wanted, entry)
    if calls.why_new:
        to = digest([sent, one.runbook, one.valid_days])
        yield Change("create", "webhook", entry, calls.why_new, to=to)
        return
    has = live.webhooks[calls.current.lower()]["properties"]
    different = [
        told
        for told, same in (
            ("other parameters", tokens_of(has.get("parameters")) == one.tokens),
            ("enabled" if one.enabled else "disabled", bool(has.get("isEnabled")) == one.enabled),
        )
        if not same
    ]
    if different:
        yield Change("update", "webhook", entry, ", ".join(different), id=calls.current, to=digest(sent))


def _rules(wanted: Wanted, live: Live, found: Findings) -> None:
    for name in wanted.manifest.alerts:
        for rule, subscription in wanted.rule_ids(name).items():
            sent, body = wanted.rule(name, subscription), live.rules.get(rule.lower())
            if body is None:
                why = f"alerts of subscription {subscription}"
                found.changes.append(Change("create", "alert rule", name, why, id=rule, to=digest(sent)))
            elif not marks.tagged(body, wanted.target.id):
                found.faults.append(f"alert rule {rule} {marks.ELSEWHERE}")
            elif _shape(body["properties"]) != _shape(sent["properties"]):
                why = f"is not as wanted in subscription {subscription}"
                found.changes.append(Change("update", "alert rule", name, why, id=rule, to=digest(sent)))


def _shape(properties: marks.Json) -> Json:
    """What of a rule counts, in one casing and order."""
    conditions = properties.get("conditions") or ()
    actions = properties.get("actions") or ()
    return {
        "scopes": sorted(str(one).lower().rstrip("/") for one in properties.get("scopes") or ()),
        "conditions": sorted(
            (
                str(one["field"]).lower(),
                str(one["operator"]).lower(),
                sorted(str(v).lower() for v in one["values"]),
            )
            for one in conditions
        ),
        "groups": sorted(str(id).lower() for one in actions for id in one.get("actionGroupIds") or ()),
        "enabled": bool(properties.get("enabled", True)),
        "description": properties.get("description") or "",
    }


def _has(wanted: Wanted, live: Live, name: str) -> Json | None:
    return live.groups.get(wanted.group_id(name).lower())


def expiry(body: Json) -> datetime:
    return datetime.fromisoformat(str(body["properties"]["expiryTime"]))
