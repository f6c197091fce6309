"""Rules that say what is to protect what: checked as a whole, the first that takes a resource decides."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from backupkit.coverage import Resource
from backupkit.errors import ParameterError
from backupkit.kinds import BACKUP_VAULTS
from backupkit.plain import mapping
from backupkit.records import Policy, has_tag, is_backup_vault, subscription_of

LISTS = ("kinds", "names", "regions", "subscriptions", "groups")
TEXTS = ("name", "vault", "policy", "exclude")
AUTO = "auto"


@dataclass(frozen=True)
class Rule:
    """Conditions, all of which must hold, and what then protects the resource, or why nothing has to.

    An empty condition holds for all. `names` and `groups` may have `*`; texts are compared without case.
    """

    name: str
    kinds: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    subscriptions: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    vault: str = ""
    policy: str = ""
    exclude: str = ""

    def takes(self, resource: Resource) -> bool:
        return (
            _among(resource.kind, self.kinds)
            and _among(resource.location, self.regions)
            and _among(resource.subscription, self.subscriptions)
            and _like(resource.name, self.names)
            and _like(resource.group, self.groups)
            and all(has_tag(resource.tags, name, value) for name, value in self.tags.items())
        )

    def covers(self, later: Rule) -> bool:
        """Whether it takes all that a later rule would."""
        lists = all(
            not getattr(self, name) or (set(getattr(later, name)) and _all_in(later, self, name))
            for name in LISTS
        )
        return lists and self.tags.items() <= later.tags.items()


def read_rules(text: str, kinds: Iterable[str]) -> list[Rule]:
    """A JSON list of rules.

    Raises:
        ParameterError: every fault of it at once.
    """
    try:
        entries = json.loads(text)
    except ValueError as error:
        raise ParameterError([f"rules: no JSON: {error}"]) from error
    if not isinstance(entries, list):
        raise ParameterError(["rules: must be a list of objects"])
    faults: list[str] = []
    rules = [_rule(entry, number, faults) for number, entry in enumerate(entries, 1)]
    faults.extend(_faults_of_all(rules, set(kinds)))
    if faults:
        raise ParameterError(faults)
    return rules


def _rule(entry: object, number: int, faults: list[str]) -> Rule:
    given = mapping(entry)
    name = given.get("name")
    where = f"rules: {name!r}" if isinstance(name, str) and name else f"rules: rule {number}"
    if not isinstance(name, str) or not name:
        faults.append(f"{where} needs a name")
    strangers = sorted(set(given) - {*LISTS, *TEXTS, "tags"})
    faults += [f"{where}: no such key {key!r}" for key in strangers]
    values: dict[str, Any] = {}
    for key in LISTS:
        value = given.get(key, [])
        if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
            faults.append(f"{where}: {key} must be a list of texts")
            value = []
        values[key] = tuple(one.lower() for one in value)
    for key in TEXTS[1:]:
        values[key] = given.get(key, "")
        if not isinstance(values[key], str):
            faults.append(f"{where}: {key} must be a text")
            values[key] = ""
    tags = given.get("tags", {})
    if not isinstance(tags, Mapping) or not all(isinstance(one, str) for one in tags.values()):
        faults.append(f"{where}: tags must be an object of texts")
        tags = {}
    lowered = {str(key).lower(): value.lower() for key, value in tags.items()}
    return Rule(name=str(name or number), tags=lowered, **values)


def _faults_of_all(rules: Sequence[Rule], kinds: set[str]) -> Iterator[str]:
    for number, rule in enumerate(rules):
        where = f"rules: {rule.name!r}"
        for kind in sorted(set(rule.kinds) - kinds):
            yield f"{where}: no kind {kind!r}; there are {', '.join(sorted(kinds))}"
        if rule.exclude and (rule.vault or rule.policy):
            yield f"{where} excludes, so it takes neither vault nor policy"
        if not rule.exclude and not (rule.vault and rule.policy):
            yield f"{where} needs a vault (an id, or auto) and a policy, or exclude with the reason"
        before = next((one for one in rules[:number] if one.covers(rule)), None)
        if before:
            yield f"{where} can never match: {before.name!r} before it takes all that it would"
        if any(one.name == rule.name for one in rules[:number]):
            yield f"{where}: two rules have this name"


def unfit(rules: Iterable[Rule], vaults: Mapping[str, str], policies: Mapping[str, Policy]) -> Iterator[str]:
    """What is wrong with the rules for the vaults that are seen: regions by vault, and policies, by id."""
    for rule in rules:
        if rule.exclude or rule.vault.lower() == AUTO:
            continue
        region = vaults.get(rule.vault.lower())
        if region is None:
            yield f"rules: {rule.name!r}: the vault {rule.vault} is not seen by this identity"
        else:
            yield from (f"rules: {rule.name!r}: {fault}" for fault in _unfit(rule, region, policies))


def _unfit(rule: Rule, region: str, policies: Mapping[str, Policy]) -> Iterator[str]:
    vault, of_backup_vault = rule.vault.lower(), is_backup_vault(rule.vault)
    for one in sorted(set(rule.regions) - {region}):
        yield f"its vault is in {region} and cannot protect what is in {one}"
    for one in sorted(set(rule.subscriptions) - {subscription_of(vault)}) if not of_backup_vault else ():
        yield f"its vault protects its own subscription alone, not {one}"
    for kind in rule.kinds:
        if (kind in BACKUP_VAULTS) != of_backup_vault:
            yield f"{kind} is not protected by that kind of vault"
    policy = policies.get(f"{vault}/backuppolicies/{rule.policy.lower()}")
    if policy is None:
        yield f"no policy {rule.policy!r} in its vault"
        return
    for kind in rule.kinds:
        if policy.workload and kind != policy.workload:
            yield f"the policy {rule.policy!r} is for {policy.workload}, not for {kind}"


def vault_for(
    rule: Rule, resource: Resource, vaults: Mapping[str, str], protecting: Mapping[tuple[str, str], int]
) -> tuple[str, str]:
    """The vault that is to protect a resource, and why there is none.

    `auto` takes those of the resource's region and subscription, and of them the one that protects most of
    its kind already; `protecting` counts by vault and kind. Two that are equal are an error.
    """
    if rule.vault.lower() != AUTO:
        fault = _out_of_reach(rule.vault.lower(), resource, vaults)
        return ("", fault) if fault else (rule.vault.lower(), "")
    world = resource.kind in BACKUP_VAULTS
    near = [
        vault
        for vault, region in vaults.items()
        if region == resource.location
        and subscription_of(vault) == resource.subscription
        and is_backup_vault(vault) == world
    ]
    ranked = sorted(near, key=lambda vault: (-protecting.get((vault, resource.kind), 0), vault))
    if not ranked:
        return "", "no vault in its region and subscription"
    counts = [protecting.get((vault, resource.kind), 0) for vault in ranked[:2]]
    if len(counts) == 2 and counts[0] == counts[1]:
        names = " and ".join(vault.rpartition("/")[2] for vault in ranked[:2])
        return "", f"the vaults {names} are equal: name one in the rule"
    return ranked[0], ""


def _out_of_reach(vault: str, resource: Resource, vaults: Mapping[str, str]) -> str:
    """Why a vault that a rule names cannot protect a resource; a rule without conditions takes all kinds."""
    of_backup_vault, region = is_backup_vault(vault), vaults.get(vault, "")
    if (resource.kind in BACKUP_VAULTS) != of_backup_vault:
        return f"its vault is of the kind that does not protect {resource.kind}"
    if region != resource.location:
        return f"its vault is in {region or 'an unknown region'}, the resource in {resource.location}"
    if not of_backup_vault and subscription_of(vault) != resource.subscription:
        return "its vault protects its own subscription alone"
    return ""


def _among(value: str, allowed: Sequence[str]) -> bool:
    return not allowed or value.lower() in allowed


def _like(value: str, patterns: Sequence[str]) -> bool:
    return not patterns or any(_matches(value.lower(), one) for one in patterns)


def _matches(value: str, pattern: str) -> bool:
    """`*` alone is special: databases may have brackets in their names."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), value, re.DOTALL) is not None


def _all_in(later: Rule, earlier: Rule, name: str) -> bool:
    """Whether each value of a condition is among the earlier rule's, patterns among patterns."""
    known = getattr(earlier, name)
    if name in ("names", "groups"):
        return all(any(_matches(one, pattern) for pattern in known) for one in getattr(later, name))
    return set(getattr(later, name)) <= set(known)
