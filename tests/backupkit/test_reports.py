"""What a report says of an item whose backup failed."""

from __future__ import annotations

import pytest
from backupkit.evidence import cases_of
from backupkit.intents import laid_over
from backupkit.reports import backup_entry

from tests.decisions.cases import (
    HUMAN,
    NOW,
    PASSING,
    SUBSCRIPTION,
    attempt,
    before,
    completed,
    database,
    failed,
    history,
    instance,
    intent,
    item,
    known_of,
    of_database,
    policy,
    vault_id,
    warned,
)


def entry(*jobs, **facts):
    [case] = cases_of([history(*jobs, **facts)], before("24h"), NOW)
    return backup_entry(case, NOW)


def test_who_where_and_why():
    assert entry(failed("10h")) == {
        "item": item().id,
        "name": "vm-01",
        "vault": vault_id("rsv-01"),
        "subscription": SUBSCRIPTION.rpartition("/")[2],
        "workload": "vm",
        "backup_type": None,
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
            [failed("10h")], {"last_recovery_point": before("24h")}, False, id="it is as old as promised"
        ),
        pytest.param(
            [failed("10h")],
            {"last_recovery_point": before("1441m")},
            True,
            id="it is a minute older than that",
        ),
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


# -- Databases and Backup vaults ---------------------------------------------------------------

MISSING = "UserErrorParentFullBackupMissing"


def told(known):
    [case] = cases_of([known], before("24h"), NOW)
    return backup_entry(case, NOW)


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        pytest.param("Backup (Full)", "Full", id="as its job tells"),
        pytest.param("Backup (Log)", "Log", id="a log"),
        pytest.param("Backup", "Differential", id="as was due at 22:00, where its job does not tell"),
    ],
)
def test_a_databases_failure_is_told_with_the_type_of_its_backup(operation, kind):
    one = told(of_database(failed("650m", takes="0m", operation=operation)))

    assert (one["item"], one["name"], one["workload"]) == (database().id, "sales", "sql")
    assert one["backup_type"] == kind


def test_the_type_is_that_of_the_retry_where_an_attempt_of_ours_lacks_its_parent():
    known = of_database(attempt("5h", name="ours", code=MISSING, operation="Backup (Differential)"))

    assert told(laid_over(known, [intent("6h", job="ours")]))["backup_type"] == "Full"
    assert told(laid_over(known, []))["backup_type"] == "Differential"


def test_a_failure_that_no_job_shows_names_none():
    one = told(of_database(failed("3h", name="", operation="Backup (Full)")))

    assert (one["job"], one["code"]) == (None, PASSING)


def test_a_later_log_does_not_take_attention_from_a_failed_full():
    full, log = {"operation": "Backup (Full)"}, {"operation": "Backup (Log)"}
    fresh = {"last_recovery_point": before("10m")}

    assert told(of_database(failed("10h", code=HUMAN, **full), completed("1h", **log), **fresh))["attention"]
    assert not told(of_database(failed("10h", code=HUMAN, **full), completed("1h", **full), **fresh))[
        "attention"
    ]


def test_an_instance_of_a_backup_vault():
    one = told(known_of(instance(), failed("10h"), policy=policy()))

    assert (one["item"], one["vault"], one["workload"]) == (instance().id, instance().vault, "disk")
    assert (one["backup_type"], one["rpo_age_s"], one["attention"]) == (None, None, True)
