"""When many items of a vault fail alike, what is under way, and when it is over."""

from __future__ import annotations

import pytest
from backupkit.evidence import cases_of
from backupkit.storms import Alike, Storm, storms
from backupkit.times import stamp

from tests.decisions.cases import (
    A_PERSON,
    NOW,
    OTHER_PASSING,
    PASSING,
    attempt,
    before,
    completed,
    failed,
    history,
    many,
    of_database,
    running,
    vault_id,
)

KEY = (vault_id("rsv-01"), PASSING)


def found(*histories, least=3, share=0.5, items=6, back_off=lambda case: None):
    cases = cases_of(histories, before("24h"), NOW)
    return storms(cases, Alike(least, share, lambda vault: items), back_off)


@pytest.mark.parametrize(
    ("failing", "least", "share", "items", "is_one"),
    [
        pytest.param(3, 3, 0.5, 6, True, id="as many as it takes, and the share of the vault"),
        pytest.param(2, 3, 0.1, 6, False, id="too few"),
        pytest.param(3, 3, 0.5, 7, False, id="too small a share"),
        pytest.param(3, 3, 0.0, 1000, True, id="no share is asked for"),
        pytest.param(3, 3, 1.0, 3, True, id="the whole vault"),
        pytest.param(1, 1, 1.0, 1, True, id="a vault of one item"),
        pytest.param(3, 3, 1.0, 0, True, id="of a vault whose items were not counted"),
    ],
)
def test_what_a_storm_is(failing, least, share, items, is_one):
    one = found(*many(failing, failed()), least=least, share=share, items=items)

    assert list(one) == ([KEY] if is_one else [])


def test_a_storm_is_of_one_vault_and_one_code():
    assert found(*many(2, failed()), *many(2, failed(code=OTHER_PASSING), first=3)) == {}
    assert found(*many(2, failed()), *many(2, failed(), first=3, vault="rsv-02")) == {}


def test_a_vault_may_have_two_storms():
    codes = {code for _, code in found(*many(3, failed()), *many(3, failed(code=OTHER_PASSING), first=4))}

    assert codes == {PASSING, OTHER_PASSING}


def test_items_that_recovered_are_not_counted():
    assert found(*many(2, failed()), *many(2, failed(), completed("1h"), first=3)) == {}
    assert found(*many(3, failed()), *many(2, failed(), completed("1h"), first=4))[KEY].items == 3


@pytest.mark.parametrize(
    "others",
    [
        pytest.param(many(2, failed(operation="Restore"), first=3), id="restores"),
        pytest.param(many(2, failed(), first=3, item=None), id="jobs of items that are gone"),
    ],
)
def test_what_is_no_failure_to_back_up_an_item_is_not_counted(others):
    assert found(*many(2, failed()), *others) == {}


def test_a_fresh_storm():
    assert found(*many(3, failed())) == {KEY: Storm(items=3, running=0, recovered=False, blocked_until=None)}


def test_backups_of_its_items_that_run_are_counted_whoever_started_them():
    runs = [running("1h"), running("30m", user=A_PERSON)]
    storm = found(*many(3, failed()), *(history(failed(), one, vm=one.name) for one in runs))[KEY]

    assert storm.running == 2


@pytest.mark.parametrize(
    ("job", "recovered"),
    [
        pytest.param(completed("1h", takes="8h"), True, id="started after the newest failure"),
        pytest.param(completed("1h", takes="9h"), True, id="started as the newest failure ended"),
        pytest.param(completed("1h", takes="10h"), False, id="started before the newest failure ended"),
        pytest.param(completed("1h", operation="Restore"), False, id="no backup"),
        pytest.param(running("1h"), False, id="still runs"),
    ],
)
def test_a_storm_is_over_when_a_backup_of_one_of_its_items_completed_that(job, recovered):
    storm = found(history(failed("10h"), job, vm="canary"), *many(3, failed("10h")))[KEY]

    assert storm.recovered is recovered


def test_the_newest_failure_of_all_its_items_is_what_a_backup_must_come_after():
    canary = history(failed("20h"), completed("12h", takes="1h"), vm="canary")
    storm = found(canary, *many(2, failed("20h")), *many(2, failed("10h"), first=3))[KEY]

    assert not storm.recovered


def test_a_backup_of_another_item_of_the_vault_ends_no_storm():
    other = history(failed("10h", code=OTHER_PASSING), completed("1h"), vm="other")

    assert not found(other, *many(3, failed("10h")))[KEY].recovered


def test_an_item_that_failed_for_another_cause_since_is_still_one_of_its_items():
    canary = history(failed("10h"), attempt("1h", code=OTHER_PASSING), vm="canary")

    assert found(canary, *many(2, failed("10h")))[KEY].items == 3


def test_it_is_blocked_until_the_last_back_off_among_its_items_ends():
    ends = {"vm-01": before("2h"), "vm-02": before("1h"), "vm-03": None}
    storm = found(*many(3, failed()), back_off=lambda case: ends[case.history.item.name])[KEY]

    assert storm.blocked_until is not None
    assert stamp(storm.blocked_until) == "2026-03-10T08:00:00Z"


def test_the_back_off_of_an_item_that_recovered_blocks_nothing():
    def back_off(case):
        return NOW if case.history.success_since(case.failure) else None

    recovered = history(failed("10h"), completed("1h"), vm="recovered")
    storm = found(recovered, *many(3, failed()), back_off=back_off)[KEY]

    assert storm.blocked_until is None


# -- Databases ---------------------------------------------------------------------------------


def of_databases(*later, count=3):
    """So many databases of one vault whose Full failed, and what one of them had since."""
    full = {"operation": "Backup (Full)"}
    jobs = [failed("10h", **full)]
    others = [of_database(*jobs, name=f"db-{number}") for number in range(1, count)]
    return found(of_database(*jobs, *later, name="db-0"), *others)[KEY]


@pytest.mark.parametrize(
    ("kind", "recovered"), [("Full", True), ("Differential", False), ("Log", False), ("CopyOnlyFull", False)]
)
def test_a_storm_of_fulls_is_over_only_when_a_full_completed(kind, recovered):
    """Logs go on through most outages of a Full."""
    one = of_databases(completed("1h", operation=f"Backup ({kind})"), count=4)

    assert one.recovered is recovered


def test_a_database_that_a_log_succeeded_of_is_still_counted():
    assert of_databases(completed("1h", operation="Backup (Log)")).items == 3


def test_machines_and_databases_that_fail_alike_are_one_storm():
    assert found(*many(2, failed()), of_database(failed(operation="Backup (Full)")))[KEY].items == 3
