"""Find what should be backed up and is not, and say of everything else what protects it.

Reads    what can be backed up, what protects it, and in which state, in both kinds of vault
Changes  nothing: it reports
Never    calls a resource unprotected while something that could protect it was not read
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import chain
from typing import Annotated, Any, Literal, Protocol

from backupkit.coverage import GONE, NEVER, NONE, PROTECTS, TWICE, Resource, key_of, state_of
from backupkit.entrypoint import Runbook, Session, main
from backupkit.errors import ParameterError
from backupkit.findings import Finding
from backupkit.inventory import Notes
from backupkit.kinds import DATABASES
from backupkit.ledger import ledger_of
from backupkit.params import KEPT, RESOURCE, TAG, Between, LedgerParams
from backupkit.plain import last
from backupkit.protection_rules import AUTO, Rule, read_rules, unfit, vault_for
from backupkit.records import Item, has_tag, subscription_of
from backupkit.speaking import say
from backupkit.survey import Found
from backupkit.sweeping import MEMORY, Coverage, Sweeping, Tally, tell_coverage, text_at

# -- Parameters: each is a name=value token -------------------------------------------------------

Kind = Literal["vm", "sql", "hana", "files", "disk", "blob", "postgresql", "aks"]
VERDICTS = ("protected", "unprotected", "unknown", "excluded")
KINDS: tuple[Kind, ...] = ("vm", "sql", "hana", "files", "disk", "blob", "postgresql", "aks")


@dataclass(frozen=True)
class Params(LedgerParams):
    mode: Annotated[Literal["report"], "what to do about what is unprotected"] = "report"
    kinds: Annotated[tuple[Kind, ...], "what to look at"] = KINDS
    exclude_tag: Annotated[str, "name:value of the tag that excludes, or none", TAG] = "backup:off"
    grace: Annotated[timedelta, "younger resources are excluded", Between(0, 43200)] = timedelta(hours=24)
    rules: Annotated[str, "where the rules are kept: a path, a blob URL, or var:NAME", KEPT] = ""
    confirm: Annotated[Literal["acted", "all"], "ask the service itself of all that is unprotected"] = "acted"
    explain: Annotated[str, "id of one resource, to be told all about", RESOURCE] = ""


# -- Decide: plain records in, verdicts with reasons out ------------------------------------------


@dataclass
class Situation:
    """What is true of the run as a whole; `machines` has what a disk goes by, a verdict or a rule."""

    now: datetime
    options: Params
    found: Found
    rules: Sequence[Rule] = ()
    machines: Notes = field(default_factory=dict[str, str])
    protecting: Counter[tuple[str, str]] = field(default_factory=Counter)

    def state_of(self, item: Item) -> str:
        return state_of(item, self.found.policies.get(item.policy), self.now)

    def rule_for(self, resource: Resource) -> Rule | None:
        return next((one for one in self.rules if one.takes(resource)), None)


def opted_out(resource: Resource, at: Situation) -> str | None:
    name, _, value = at.options.exclude_tag.partition(":")
    tagged = at.options.exclude_tag != "none" and has_tag(resource.tags, name, value)
    return f"tagged {at.options.exclude_tag}" if tagged else None


def made_by_another(resource: Resource, at: Situation) -> str | None:
    return f"{resource.made_by}, which looks after it" if resource.made_by else None


def backed_up_with_its_machine(resource: Resource, at: Situation) -> str | None:
    covered = resource.kind == "disk" and at.machines.get(resource.inside, "") == "protected"
    return f"its machine {last(resource.inside)} is backed up with all its disks" if covered else None


def too_young(resource: Resource, at: Situation) -> str | None:
    young = resource.created is not None and at.now - resource.created < at.options.grace
    return f"younger than grace={int(at.options.grace.total_seconds() // 3600)}h" if young else None


EXCLUSIONS: tuple[Callable[[Resource, Situation], str | None], ...] = (
    opted_out, made_by_another, backed_up_with_its_machine, too_young,
)  # fmt: skip


def judge(resource: Resource, items: Sequence[Item], at: Situation) -> Finding:
    """What protects it counts first, then whether it has to be; then whether all was read that could tell."""
    states = [(at.state_of(item), item) for item in items]
    holding = [(state, item) for state, item in states if state in PROTECTS]
    rule, state = at.rule_for(resource), state_in(states)
    if resource.kind in DATABASES and gone(resource, at):
        reason = "its machine does not exist any more"
        return Finding(resource, rule, "excluded", GONE, reason, "source_gone")
    if holding:
        return protected(resource, holding, rule)
    for reason_not in EXCLUSIONS:
        reason = reason_not(resource, at) or ""
        if reason:
            return Finding(resource, rule, "excluded", state, reason, reason_not.__name__)
    if rule and rule.exclude:
        return Finding(resource, rule, "excluded", state, rule.exclude, rule.name)
    by, reason = hidden_by(resource, at)
    if by:
        return Finding(resource, rule, "unknown", state, reason, by)
    return unprotected(resource, states, rule, at)


def protected(resource: Resource, holding: Sequence[tuple[str, Item]], rule: Rule | None) -> Finding:
    state, item = holding[0]
    names = " and ".join(sorted({last(one.vault) for _, one in holding}))
    told = TWICE if len(holding) > 1 else state
    reason, policy = f"by {names}", last(item.policy)
    return Finding(resource, rule, "protected", told, reason, "its_item", item.vault, policy)


def unprotected(
    resource: Resource, states: Sequence[tuple[str, Item]], rule: Rule | None, at: Situation
) -> Finding:
    state = state_in(states)
    told = "no vault protects it" if state == NONE else f"its item in {last(states[0][1].vault)} is {state}"
    if rule is None:
        by = "no_rule" if at.rules else "nothing_protects_it"
        return Finding(resource, None, "unprotected", state, told, by)
    vault, fault = vault_for(rule, resource, at.found.vaults, at.protecting)
    reason = f"{told}; {fault}" if fault else told
    return Finding(resource, rule, "unprotected", state, reason, rule.name, vault, rule.policy)


def hidden_by(resource: Resource, at: Situation) -> tuple[str, str]:
    """The rule and the reason where it cannot be known."""
    if resource.undiscovered:
        files = resource.kind == "files"
        told = "its file shares could not be listed" if files else "its databases were never discovered"
        return "undiscovered", told
    machine = at.machines.get(resource.inside, "")
    if resource.kind == "disk" and machine in ("machine_unknown", "accepted_unread"):
        return machine, f"whether its machine {last(resource.inside)} is backed up is not known"
    scope = at.found.hidden_by(resource)
    by = "accepted_unread" if scope and at.found.accepts(scope) else "not_read"
    return (by, f"what could protect it was not read: {scope}") if scope else ("", "")


def state_in(states: Sequence[tuple[str, Item]]) -> str:
    return states[0][0] if states else NONE


def gone(resource: Resource, at: Situation) -> bool:
    """Whether what it is in is missing where it would be seen."""
    seen = at.found.sees(subscription_of(resource.inside))
    return bool(resource.inside) and seen and not at.found.inventory.has(resource.inside)


def orphans(at: Situation) -> Iterator[Finding]:
    """Items whose source does not exist any more, or is out of sight."""
    for key, item in at.found.inventory.sourceless():
        source = Resource(key, item.workload, item.name, "", subscription_of(key), "")
        rule = at.rule_for(source)
        if at.found.sees(source.subscription):
            reason = f"it does not exist, and {last(item.vault)} still has it"
            yield Finding(source, rule, "excluded", GONE, reason, "source_gone", item.vault)
        else:
            by = "accepted_unread" if at.found.accepts(source.subscription) else "not_read"
            yield Finding(source, rule, "unknown", NONE, "its source was not read", by, item.vault)


def findings(at: Situation, vaults: Vaults | None = None) -> Iterator[Finding]:
    """Machines first, since disks and databases go by them; `vaults`, if given, may know better of each."""
    if any(rule.vault.lower() == AUTO for rule in at.rules):
        for items in at.found.inventory.protected():
            alive = [item for item in items if not (item.stopped or item.soft_deleted)]
            at.protecting.update({(item.vault, item.workload) for item in alive})
    told = chain((judged(*one, at, vaults) for one in at.found.inventory.resources()), orphans(at))
    return (one for one in told if one.resource.kind in at.options.kinds)


def judged(resource: Resource, items: Sequence[Item], at: Situation, vaults: Vaults | None) -> Finding:
    finding = judge(resource, items, at)
    finding = confirmed(finding, items, vaults, at) if vaults else finding
    if resource.kind == "vm" and "disk" in at.options.kinds:
        at.machines[resource.key] = as_disks_see(finding, at)
    return finding


def as_disks_see(machine: Finding, at: Situation) -> str:
    """Its verdict, or the rule by which a disk is unknown with it.

    What nothing has to protect may be protected all the same, where that was not read.
    """
    by = hidden_by(machine.resource, at)[0] if machine.verdict == "excluded" else machine.by
    if machine.verdict not in ("excluded", "unknown") or not by:
        return machine.verdict
    return by if by == "accepted_unread" else "machine_unknown"


# -- Run: look, decide, confirm, tell -------------------------------------------------------------


class Vaults(Protocol):
    """What a sweep asks of Azure."""

    def look(self) -> Found: ...
    def confirm(self, resource: Resource) -> str | None: ...
    def hidden(self, vault: str) -> None: ...
    def before(self) -> Coverage: ...
    def remember(self, started: datetime, coverage: Coverage) -> None: ...


def sweep(session: Session[Params], vaults: Vaults, rules: Sequence[Rule]) -> None:
    options = session.options
    found = vaults.look()
    check_rules(rules, found)
    at = Situation(session.started, options, found, rules, found.inventory.notes)
    told = findings(at, vaults if options.confirm == "all" else None)
    tally = Tally()
    if options.explain:
        told = iter(explained(options.explain, told, at))
    session.tell_all((counted(one, tally, session) for one in told), VERDICTS)
    if not options.explain:
        tell_coverage(tally.coverage, vaults.before())
        vaults.remember(session.started, tally.coverage)


def counted(finding: Finding, tally: Tally, session: Session[Params]) -> dict[str, Any]:
    """What is told of it."""
    tally.add(finding.parts, finding.verdict)
    if finding.by == "accepted_unread":
        session.counts["accepted"] += 1
    return finding.entry


def check_rules(rules: Sequence[Rule], found: Found) -> None:
    """Raises ParameterError where they do not fit the vaults; what was not read is no fault of theirs."""
    faults = [*unfit(rules, found.vaults, found.policies)]
    if faults and found.vaults_known:
        raise ParameterError(faults)


def explained(asked: str, told: Iterable[Finding], at: Situation) -> list[Finding]:
    """What is found of a resource and of what is in it; before that, all that the decisions looked at.

    Raises:
        ParameterError: all was read, and there is no such resource.
    """
    key = key_of(asked)
    found = [one for one in told if key in (one.resource.key, one.resource.inside)]
    for resource, items in at.found.inventory.resources():
        if key in (resource.key, resource.inside):
            explain(resource, items, at)
    if not found and not at.found.unread:
        kinds = ",".join(at.options.kinds)
        raise ParameterError([f"explain: no resource {asked} is seen among kinds={kinds}; give its ARM id"])
    return found


def explain(resource: Resource, items: Sequence[Item], at: Situation) -> None:
    for item in items:
        point = item.last_recovery_point or "none"
        say("considered", item=item.id, state=at.state_of(item), recovery_point=point)
    for rule in at.rules:
        say("considered", rule=rule.name, takes_it=rule.takes(resource))
    scope = at.found.hidden_by(resource)
    if scope:
        say("considered", not_read=scope)


def confirmed(finding: Finding, items: Sequence[Item], vaults: Vaults, at: Situation) -> Finding:
    """By the service's own word, which knows of vaults that this identity does not see.

    It may call protected what is stopped or soft-deleted; the item itself, where it was read, knows better.
    """
    if finding.by not in ("not_read", "accepted_unread") and finding.verdict != "unprotected":
        return finding
    vault = vaults.confirm(finding.resource)
    if vault is None:
        return finding
    if not vault:
        nothing_hidden = replace(at, found=at.found.but_for_items())
        return replace(judge(finding.resource, items, nothing_hidden), confirmed=True)
    if vault in {item.vault for item in items}:
        return replace(finding, confirmed=True)
    if vault in at.found.vaults and finding.verdict == "unknown":
        return replace(finding, reason=f"{last(vault)} has it, and its state was not read", vault=vault)
    if vault in at.found.vaults:
        reason = f"by {last(vault)}, which Resource Graph does not show yet"
        moved = replace(finding, verdict="protected", reason=reason, vault=vault)
        return replace(moved, by="confirmed", state=NEVER, confirmed=True)
    vaults.hidden(vault)
    reason = f"{last(vault)} protects it, and this identity does not see that vault"
    return replace(finding, verdict="unknown", reason=reason, vault=vault, by="hidden_vault", confirmed=True)


def opened(session: Session[Params]) -> tuple[Sweeping, list[Rule]]:
    options, credential = session.options, session.arm.credential
    rules = read_rules(text_at(options.rules, credential), KINDS) if options.rules else []
    ledger = ledger_of(options, credential, session.run_id, MEMORY)
    return Sweeping(session.arm, options, options.kinds, ledger), rules


def run(session: Session[Params]) -> None:
    vaults, rules = opened(session)
    sweep(session, vaults, rules)
    session.finish(vaults.unread)


def check(session: Session[Params]) -> None:
    vaults, rules = opened(session)
    found = vaults.look()
    say("ok", sees=f"{len(found.subscriptions)} subscriptions, {len(found.vaults)} vaults", rules=len(rules))
    check_rules(rules, found)
    session.finish(vaults.unread)


RUNBOOK = Runbook("unprotected_sweep", "Find what should be backed up and is not.", Params, run, check)

if __name__ == "__main__":
    sys.exit(main(RUNBOOK, sys.argv[1:]))
