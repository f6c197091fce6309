"""What auto_retry does for each thing that Azure Backup protects, from its failure to a backup that completed."""

import pytest

from tests.journeys.ledgers import REAL
from tests.journeys.runs import retry
from tests.journeys.workloads import EVERYTHING, KINDS, Estate

MINUTE = 60
NAMES = {kind: f"{kind}01" for kind in KINDS}


@pytest.fixture(scope="module")
def estate(tmp_path_factory):
    """One item of each workload, whose scheduled backup failed three hours ago for a passing cause."""
    made = Estate()
    for name, kind in KINDS.items():
        item = kind.make(made, NAMES[name])
        made.fails(item, kind.code, **kind.job)
        made.minutes(item, 5)
    return made.write(tmp_path_factory.mktemp("workloads"))


@pytest.fixture(scope="module")
def run(estate, tmp_path_factory):
    return retry(estate, tmp_path_factory.mktemp("run"), *REAL, EVERYTHING)


def test_each_is_retried(run):
    assert {entry["name"]: entry["verdict"] for entry in run.decisions} == dict.fromkeys(
        NAMES.values(), "retried"
    )
