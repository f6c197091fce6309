"""Which type of a database's backup makes up for which."""

from __future__ import annotations

import pytest
from backupkit.kinds import COPY, DIFFERENTIAL, FULL, HEAVY, INCREMENTAL, LOG, NAMES, kind_in, makes_up_for
from hypothesis import given
from hypothesis import strategies as st

NOTHING_TELLS = ""
SNAPSHOT = "snapshotfull"
ALL = st.sampled_from([*NAMES, NOTHING_TELLS])


@pytest.mark.parametrize(
    ("done", "failed"),
    [
        pytest.param(
            FULL, {FULL, DIFFERENTIAL, INCREMENTAL, LOG, NOTHING_TELLS}, id="a Full: all but a copy"
        ),
        pytest.param(
            SNAPSHOT,
            {FULL, SNAPSHOT, DIFFERENTIAL, INCREMENTAL, LOG, NOTHING_TELLS},
            id="a snapshot, like it",
        ),
        pytest.param(
            DIFFERENTIAL, {DIFFERENTIAL, INCREMENTAL, LOG, NOTHING_TELLS}, id="a Differential: no Full"
        ),
        pytest.param(
            INCREMENTAL, {DIFFERENTIAL, INCREMENTAL, LOG, NOTHING_TELLS}, id="an Incremental: no Full"
        ),
        pytest.param(LOG, {LOG, NOTHING_TELLS}, id="a log: logs alone"),
        pytest.param(COPY, {COPY}, id="a copy: copies alone, since nothing else rests on one"),
        pytest.param(NOTHING_TELLS, {LOG, NOTHING_TELLS}, id="one of no known type: it may have been a log"),
    ],
)
def test_what_a_backup_that_went_well_makes_up_for(done, failed):
    assert {one for one in [*NAMES, NOTHING_TELLS] if makes_up_for(done, one)} == failed


@given(ALL)
def test_a_backup_makes_up_for_one_of_its_own_type(kind):
    assert makes_up_for(kind, kind)


@given(ALL, ALL, ALL)
def test_what_makes_up_for_a_backup_makes_up_for_all_that_this_one_does(first, second, third):
    """So a success that settles a failure settles whatever a retry of it would have."""
    if makes_up_for(first, second) and makes_up_for(second, third):
        assert makes_up_for(first, third)


@given(ALL)
def test_only_what_reads_the_whole_database_makes_up_for_a_full(kind):
    assert not makes_up_for(kind, FULL) or kind in HEAVY


@given(st.sampled_from(sorted(NAMES)))
def test_a_type_is_read_back_from_the_operation_that_a_request_becomes(kind):
    assert kind_in(f"Backup ({NAMES[kind]})") == kind


@given(st.text())
def test_no_operation_is_too_odd_to_have_no_type(operation):
    assert kind_in(operation) in {*NAMES, NOTHING_TELLS}
