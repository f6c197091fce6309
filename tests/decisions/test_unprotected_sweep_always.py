"""What holds of unprotected_sweep whatever the estate: no verdict is said that the whole truth would deny."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from backupkit.coverage import PROTECTS, Resource, protects, state_of
from backupkit.findings import Finding
from backupkit.records import Item
from hypothesis import given
from hypothesis import strategies as st

from runbooks.unprotected_sweep import Params, Situation, findings
from tests.decisions.cases import BACKUP_VAULT, NOW, before, instance, item, vault_id
from tests.decisions.sweeps import Vaults, disk, resource, seen

RECOVERY = (vault_id("rsv-01"), vault_id("rsv-02"))
VAULTS = (*RECOVERY, BACKUP_VAULT)
STATES = (
    "Protected",
    "Protected",
    "ProtectionError",
    "ProtectionStopped",
    "ConfiguringProtection",
    "IRPending",
)
POINTS = st.sampled_from([None, before("11h"), before("90h")])
MACHINES = [resource(f"vm-0{number}") for number in (1, 2, 3)]


@dataclass(frozen=True)
class Estate:
    """All that is true; `hidden` are vaults of which nothing can be read."""

    resources: tuple[Resource, ...]
    items: tuple[Item, ...]
    hidden: frozenset[str]

    @property
    def visible(self) -> tuple[Item, ...]:
        return tuple(one for one in self.items if one.vault not in self.hidden)

    def protecting(self, key: str) -> list[Item]:
        held = (one for one in self.items if protects(one) == key)
        return [one for one in held if state_of(one, None, NOW) in PROTECTS]


@st.composite
def resources(draw):
    facts = st.fixed_dictionaries(
        {
            "tags": st.sampled_from([{}, {}, {"backup": "off"}]),
            "created": st.sampled_from([before("400d"), before("400d"), before("1h"), None]),
            "made_by": st.sampled_from(["", "", "of aks-01"]),
        }
    )
    machines = [replace(one, **draw(facts)) for one in MACHINES]
    homes = draw(st.lists(st.sampled_from([None, *MACHINES]), min_size=2, max_size=2))
    disks = [disk(f"disk-{n}", home, **draw(facts)) for n, home in enumerate(homes)]
    return tuple(draw(st.permutations([*machines, *disks])))


@st.composite
def items(draw):
    """Of machines and disks, of which one more of each is not there any more."""
    facts = st.fixed_dictionaries(
        {"state": st.sampled_from(STATES), "soft_deleted": st.booleans(), "last_recovery_point": POINTS}
    )
    machines = [
        item(name, vault, **draw(facts))
        for name in ("vm-01", "vm-02", "vm-03", "vm-gone")
        for vault in ("rsv-01", "rsv-02")
        if draw(st.booleans())
    ]
    names = ("disk-0", "disk-1", "disk-gone")
    disks = [instance(name, **draw(facts)) for name in names if draw(st.booleans())]
    loud = [
        replace(one, source=draw(st.sampled_from([str.upper, str.lower]))(one.source)) for one in machines
    ]
    return tuple(draw(st.permutations([*loud, *disks])))


ESTATES = st.builds(Estate, resources(), items(), st.frozensets(st.sampled_from(VAULTS)))
READ = st.builds(Estate, resources(), items(), st.just(frozenset()))


def situation(estate: Estate) -> Situation:
    unread = dict.fromkeys(estate.hidden, "403")
    known = {vault: region for vault, region in seen().vaults.items() if vault not in estate.hidden}
    found = seen(estate.resources, estate.visible, unread=unread, vaults=known)
    return Situation(NOW, Params(kinds=("vm", "disk")), found)


def verdicts(told: Iterable[Finding]) -> dict[str, str]:
    return {one.resource.key: one.verdict for one in told}


def oracle(estate: Estate, one: Resource) -> str:
    """By nothing but the words of the manual."""
    if estate.protecting(one.key):
        return "protected"
    machine = next((other for other in estate.resources if other.key == one.inside), None)
    young = one.created is not None and one.created > before("24h")
    covered = one.kind == "disk" and machine is not None and oracle(estate, machine) == "protected"
    return "excluded" if one.tags or one.made_by or young or covered else "unprotected"


@given(READ)
def test_where_all_was_read_the_verdict_is_that_of_the_manual(estate):
    told = verdicts(findings(situation(estate)))

    assert {one.key: told[one.key] for one in estate.resources} == {
        one.key: oracle(estate, one) for one in estate.resources
    }


@given(ESTATES)
def test_nothing_is_called_unprotected_or_protected_that_is_not(estate):
    """A resource that is protected somewhere out of sight may be unknown or excluded, never unprotected."""
    told = verdicts(findings(situation(estate)))

    for one in estate.resources:
        if told[one.key] == "unprotected":
            assert oracle(estate, one) == "unprotected"
        if told[one.key] == "protected":
            assert estate.protecting(one.key)


@given(ESTATES)
def test_reading_more_only_answers_what_was_unknown(estate):
    """No verdict that was said is taken back but an exclusion, which what protects a resource outweighs."""
    some = verdicts(findings(situation(estate)))
    whole = verdicts(findings(situation(replace(estate, hidden=frozenset()))))

    changed = {some[one.key] for one in estate.resources if some[one.key] != whole[one.key]}
    assert changed <= {"unknown", "excluded"}


@given(ESTATES)
def test_each_resource_and_each_gone_source_is_told_once(estate):
    told = [*findings(situation(estate))]
    sources = {protects(one) for one in estate.visible} | {one.key for one in estate.resources}

    assert sorted(one.resource.key for one in told) == sorted(sources)
    for one in told:
        assert ("gone" in one.resource.key) is (one.state == "source gone")


@given(ESTATES, st.randoms(use_true_random=False))
def test_the_order_of_rows_decides_nothing(estate, random):
    def shuffled(values):
        return tuple(random.sample(values, len(values)))

    other = Estate(shuffled(estate.resources), shuffled(estate.items), estate.hidden)

    assert verdicts(findings(situation(estate))) == verdicts(findings(situation(other)))


@given(ESTATES)
def test_what_the_service_itself_says_makes_no_verdict_wrong(estate):
    """It knows every vault, and calls protected what is stopped too, as Azure does."""
    of_all = {
        one.name: next((i for i in estate.items if protects(i) == one.key), None) for one in estate.resources
    }
    words = {name: kept.vault if kept else "" for name, kept in of_all.items()}
    at = situation(estate)
    vaults = Vaults(at.found, words)
    told = verdicts(findings(at, vaults))

    for one in estate.resources:
        if told[one.key] == "unprotected":
            assert oracle(estate, one) == "unprotected"
        if told[one.key] == "protected":
            assert estate.protecting(one.key)
    assert set(vaults.out_of_sight) <= estate.hidden
