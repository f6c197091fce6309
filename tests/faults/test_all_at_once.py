"""5,000 items of all workloads: what is reported, what was started and what the vaults hold are one."""

from collections import Counter

import pytest

from tests.journeys.ledgers import LEDGER, REAL
from tests.journeys.runs import retry
from tests.journeys.workloads import EVERYTHING, KINDS, Estate, rows_of

ITEMS = 5000
HUMAN = {"files": "AFSMaxSnapshotReached", "vm": "UserErrorVmProvisioningStateFailed"}
HUMAN |= dict.fromkeys(("sql", "hana", "ase"), "VMNotInRunningStateUserError")
HUMAN |= dict.fromkeys(("disk", "blob", "postgresql", "aks"), "UserErrorMissingRequiredPermissions")
FATES = {
    "passing": ("retried", "passing_cause"),
    "recovered": ("left", "succeeded_since"),
    "running": ("left", "running_now"),
    "strange": ("left", "unknown_cause"),
    "human": ("left", "needs_a_human"),
}
CAPS = ("max_per_vault=1000", "max_triggers=1000", "storm_min=5000")


def fate_of(number: int) -> str:
    """Of forty two pass by themselves, and one has each other fate but that of needing a person."""
    return ["passing", "recovered", "running", "strange", "passing"][number] if number < 5 else "human"


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    """The estate, and by lower-cased item what is to become of it."""
    made, fates = Estate(), {}
    kinds = list(KINDS)
    for number in range(ITEMS):
        name = kinds[number % len(kinds)]
        kind, fate = KINDS[name], fate_of(number // len(kinds) % 40)
        item = kind.make(made, f"{name}{number:04}")
        code = {"human": HUMAN[name], "strange": "UserErrorNobodyHasSeenBefore"}.get(fate, kind.code)
        made.fails(item, code, ago="5h", **kind.job)
        if fate == "recovered":
            made.ends(item, "Completed", ago="2h", **kind.job)
        if fate == "running":
            made.ends(item, "InProgress", ago="20m", **kind.job)
        made.minutes(item, 6000)
        fates[item.lower()] = FATES[fate]
    return made.write(tmp_path_factory.mktemp("all")), fates


def decided(run):
    return {one["item"].lower(): (one["verdict"], one["rule"]) for one in run.decisions}


def jobs_in(folder):
    """Names of the vaults' jobs, with the items they are of."""
    rows = (row for row in rows_of(folder) if "/backupjobs/" in row["id"].lower())
    return {row["name"]: row["properties"]["backupInstanceId"].lower() for row in rows}


def test_a_dry_run_decides_each_by_what_happened_to_it(truth, tmp_path):
    estate, fates = truth
    run = retry(estate, tmp_path, f"ledger={LEDGER}", EVERYTHING, *CAPS, quota="off")
    would = {"retried": "would retry", "left": "left"}

    assert decided(run) == {item: (would[verdict], rule) for item, (verdict, rule) in fates.items()}
    assert {one["workload"] for one in run.decisions if one["verdict"] == "would retry"} == set(KINDS)
    assert (run.code, run.triggers, run.writes) == (0, [], [])


def test_report_triggers_and_vaults_agree_item_by_item(truth, tmp_path):
    estate, fates = truth
    run = retry(estate, tmp_path, *REAL, EVERYTHING, *CAPS, quota="off")
    retried = {item for item, (verdict, _) in fates.items() if verdict == "retried"}
    before, after = jobs_in(estate), jobs_in(run.state)
    fresh = {job: item for job, item in after.items() if job not in before}

    assert (run.code, decided(run)) == (0, fates)
    assert {one["item"].lower() for one in run.triggers} == retried
    assert fresh == {one["new_job"]: one["item"].lower() for one in run.decisions if one["new_job"]}
    assert set(fresh.values()) == retried
    assert set(Counter(fresh.values()).values()) == {1}
