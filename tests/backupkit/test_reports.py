"""What a report says of an item whose backup failed."""

from __future__ import annotations

import pytest
from backupkit.evidence import cases_of
from backupkit.reports import backup_entry

from tests.decisions.cases import (
    HUMAN,
    NOW,
    PASSING,
    SUBSCRIPTION,
    before,
    completed,
    failed,
    history,
    item,
    policy,
    vault_id,
    warned,
)


def entry(*jobs, **facts):
    [case] = cases_of([history(*jobs, **facts)], before("24h"), NOW)
    return backup_entry(case.history, case.failure, case.cause, NOW)


def test_who_where_and_why():
    assert entry(failed("10h")) == {
        "item": item().id,
        "name": "vm-01",
        "vault": vault_id("rsv-01"),
        "subscription": SUBSCRIPTION.rpartition("/")[2],
        "workload": "vm",
        "code": PASSING,
        "class": "passing",
        "remedy": "if it repeats, check the VM agent, outbound network and locks on the VM's resource group",
        "job": "failed-10h-15m",
        "rpo_age_s": 35 * 3600,
        "attention": True,
    }


def test_the_item_and_its_vault_are_shown_as_azure_writes_them():
    odd = item().id.replace("/subscriptions/", "/Subscriptions/").replace("rg-backup", "RG-Backup")
    one = entry(failed("10h"), id=odd)

    assert one["item"] == odd
    assert one["vault"] == vault_id("rsv-01").replace("/subscriptions/", "/Subscriptions/").replace(
        "rg-backup", "RG-Backup"
    )


def test_a_job_whose_item_is_gone_goes_by_the_name_it_carries():
    one = entry(failed("10h"), item=None)

    assert (one["item"], one["name"], one["vault"]) == (None, "vm-01", vault_id("rsv-01"))
    assert one["rpo_age_s"] is None


def test_an_item_that_was_never_backed_up_has_no_age():
    assert entry(failed("10h"), last_recovery_point=None)["rpo_age_s"] is None


FRESH = {"last_recovery_point": before("20h")}


@pytest.mark.parametrize(
    ("jobs", "facts", "attention"),
    [
        pytest.param([failed("10h")], {}, True, id="its recovery point is older than its policy promises"),
        pytest.param([failed("10h")], {"last_recovery_point": None}, True, id="it has no recovery point"),
        pytest.param([failed("10h")], FRESH, False, id="its recovery point is young enough"),
        pytest.param(
            [failed("10h")],
            {"policy": policy(every=7 * (NOW - before("24h")))},
            False,
            id="its policy is weekly",
        ),
        pytest.param([failed("10h", code=HUMAN)], FRESH, True, id="the cause needs a person"),
        pytest.param([failed("10h", code=HUMAN), completed("9h")], FRESH, False, id="it has succeeded since"),
        pytest.param([failed("10h"), warned("9h")], {}, False, id="it has succeeded since, with warnings"),
    ],
)
def test_a_person_should_look_at_it(jobs, facts, attention):
    assert entry(*jobs, **facts)["attention"] is attention
