"""What a report says, and what it never says."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runbooks import backup_report
from tests.decisions.reports import COVERED, SUBSCRIPTION, VAULT, facts, page, verdict
from tests.pages.exports import AGENT, NOW, PASSING, UNHEARD, cause, item, job, resource

H, D = timedelta(hours=1), timedelta(days=1)
UNREAD = [("/subscriptions/x/vaults/rsv-dark", "Azure answered 403 AuthorizationFailed")]


def healthy(name="vm-1"):
    return item(name, VAULT, NOW - 5 * H)


def late(name="vm-late", days=3):
    return item(name, VAULT, NOW - days * D)


def failed(name="vm-1", ago=2 * H, how=PASSING, **columns):
    return job(name, VAULT, NOW - ago, "failed", **cause(how), **columns)


# -- The verdict ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("estate", "said"),
    [
        pytest.param({}, ("good", "Backups are fine"), id="all within RPO, all covered"),
        pytest.param({"items": [healthy(), late()]}, ("bad", "1 item needs you"), id="one is past its RPO"),
        pytest.param(
            {"items": [healthy(), item("vm-2", VAULT, None)]},
            ("bad", "1 item needs you"),
            id="one was never backed up",
        ),
        pytest.param(
            {"jobs": [failed(how=AGENT)]},
            ("bad", "1 item needs you"),
            id="one failed for what a person must mend",
        ),
        pytest.param(
            {"jobs": [failed()]},
            ("warn", "No item needs you yet"),
            id="one failed for what passes, its RPO holds",
        ),
        pytest.param(
            {"jobs": [failed(), job("vm-1", VAULT, NOW - H)]},
            ("good", "Backups are fine"),
            id="it succeeded since",
        ),
        pytest.param(
            {"coverage": [*COVERED, resource("vm-2", SUBSCRIPTION, "unprotected")]},
            ("warn", "1 resource has no backup"),
            id="one is not protected",
        ),
        pytest.param(
            {"coverage": None}, ("warn", "What is protected is fine"), id="coverage was not exported"
        ),
        pytest.param(
            {"items": [], "coverage": []},
            ("unknown", "Nothing is backed up here"),
            id="there is nothing at all",
        ),
    ],
)
def test_the_page_says_first_where(tmp_path, estate, said):
    assert (
        verdict(
            facts(tmp_path, **{"items": [healthy()], "jobs": [job("vm-1", VAULT, NOW - 5 * H)], **estate})
        )
        == said
    )


@pytest.mark.parametrize(
    ("estate", "said"),
    [
        pytest.param(
            {"unread": UNREAD, "complete": False}, "rsv-dark was not read", id="a scope was not read"
        ),
        pytest.param({"manifest": False}, "manifest.json is missing", id="there is no manifest"),
        pytest.param({"complete": False}, "the export left something out", id="the export is incomplete"),
        pytest.param({"items": None}, "items are not in the export", id="items were not exported"),
        pytest.param(
            {"items": [item("vm-1", VAULT, NOW - 40 * H, NOW - 37 * H)]},
            "the export is 1\u202fd 13\u202fh old",
            id="it is stale",
        ),
        pytest.param(
            {"coverage": [resource("vm-2", SUBSCRIPTION, "unknown")]},
            "coverage could not be judged of 1 resource",
            id="coverage of a resource is not known",
        ),
    ],
)
def test_nothing_is_ever_called_fine_while(tmp_path, estate, said):
    jobs = [job("vm-1", VAULT, NOW - 5 * H)]
    tone, headline = verdict(facts(tmp_path, **{"items": [healthy()], "jobs": jobs, **estate}))

    assert tone == "unknown"
    assert headline.startswith(f"Not known: {said}")


def test_what_is_accepted_to_be_unread_does_not_hide_that_all_else_is_fine(tmp_path):
    found = facts(
        tmp_path, items=[healthy()], jobs=[job("vm-1", VAULT, NOW - H)], unread=UNREAD, complete=False
    )

    told = page(found, accept_unread=(UNREAD[0][0].upper(),))

    assert told.headline == "Backups are fine"
    assert [row.cells[1].note for row in told.warnings.rows] == ["accepted with accept_unread"]


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        pytest.param(("1",), "Backups are fine", id="as many as are expected"),
        pytest.param(("2",), "Not known: subscriptions with items are 1", id="too few"),
        pytest.param(
            (SUBSCRIPTION.upper(),), "Backups are fine", id="the one that is expected, in any casing"
        ),
    ],
)
def test_subscriptions_that_are_missing_are_noticed(tmp_path, expected, said):
    found = facts(tmp_path, items=[healthy()], jobs=[job("vm-1", VAULT, NOW - H)])

    assert verdict(found, expect_subscriptions=expected)[1] == said


def test_the_rest_is_still_told_when_something_was_not_read(tmp_path):
    told = page(facts(tmp_path, items=[healthy(), late()], unread=UNREAD))

    assert told.detail == "In what was read 1 item needs you: 1 past their RPO, of 2 protected items."
    assert told.steps[0].href == "#unread"


# -- Items ----------------------------------------------------------------------------------------


def test_a_new_item_may_wait_for_its_first_backup(tmp_path):
    """It needs somebody once it had none a snapshot ago either."""
    new, old = item("vm-new", VAULT, None), item("vm-old", VAULT, None)

    found = facts(tmp_path, items=[new, old], before=[old]).items

    assert [line.name for line in found.never] == ["vm-old"]
    assert (found.needs, found.fresh) == (1, 1)


@pytest.mark.parametrize(
    ("own", "ago", "failing"),
    [
        pytest.param("Failed", 1 * H, True, id="it says itself that a later one failed"),
        pytest.param("Completed", 1 * H, False, id="it says itself that a later one succeeded"),
        pytest.param("Completed", 9 * H, True, id="it knows less than the jobs do"),
    ],
)
def test_the_newest_word_on_an_item_counts(tmp_path, own, ago, failing):
    """Not all backups of databases are listed as jobs; the item's own word may be newer, or older."""
    told = item(
        "db-1", VAULT, NOW - 5 * H, last_backup_status=own, last_backup=f"{NOW - ago:%Y-%m-%dT%H:%M:%SZ}"
    )
    history = [failed("db-1")] if own == "Completed" else [job("db-1", VAULT, NOW - 2 * H)]

    assert (facts(tmp_path, items=[told], jobs=history).items.at_risk.total == 1) is failing


def test_a_cancelled_or_running_backup_says_nothing_of_an_item(tmp_path):
    later = [job("vm-1", VAULT, NOW - H, "cancelled"), job("vm-1", VAULT, NOW - H / 2, "running")]

    assert facts(tmp_path, items=[healthy()], jobs=[failed(), *later]).items.at_risk.total == 1


def test_items_are_ranked_by_how_far_they_are_past_their_rpo(tmp_path):
    found = facts(tmp_path, items=[late("b", 3), late("c", 9), late("a", 5)])

    assert [line.name for line in found.items.past] == ["c", "a", "b"]


def test_an_item_in_two_lists_needs_somebody_once(tmp_path):
    found = facts(tmp_path, items=[late("vm-1")], jobs=[failed(how=AGENT)])

    assert (found.items.needs, found.items.past.total, found.items.at_risk.total) == (1, 1, 0)


def test_what_is_not_protected_any_more_is_nobodys_duty(tmp_path):
    stopped = {**late(), "state": "stopped", "protected": False, "past_rpo_s": None}

    assert facts(tmp_path, items=[stopped]).items.needs == 0


# -- Jobs, retries, storms ------------------------------------------------------------------------


def test_a_success_share_is_of_backups_that_ended(tmp_path):
    outcomes = ("succeeded", "succeeded", "warned", "failed", "cancelled", "running")
    yesterday = [job(f"vm-{n}", VAULT, NOW - D, outcome) for n, outcome in enumerate(outcomes)]
    restore = job("vm-9", VAULT, NOW - D, "failed", operation="Restore", backup=False)

    [figure] = [
        one
        for one in page(facts(tmp_path, jobs=[*yesterday, restore])).figures
        if one.label == "Backups succeeded"
    ]

    assert (figure.value, figure.note) == ("60.0\u202f%", "on 25 Nov, 1 failed")


@pytest.mark.parametrize(
    ("after", "columns", "counted"),
    [
        pytest.param(2 * H, {"on_demand": True}, {"succeeded": 1}, id="on demand, soon after"),
        pytest.param(2 * H, {"on_demand": True, "outcome": "failed"}, {"failed": 1}, id="it failed again"),
        pytest.param(2 * H, {"on_demand": True, "outcome": "running"}, {"running": 1}, id="it runs"),
        pytest.param(2 * H, {"on_demand": False}, {}, id="by schedule"),
        pytest.param(2 * H, {"on_demand": None}, {}, id="Azure does not tell"),
        pytest.param(25 * H, {"on_demand": True}, {}, id="more than a day after"),
        pytest.param(-2 * H, {"on_demand": True}, {}, id="before it"),
    ],
)
def test_a_retry_is_a_backup(tmp_path, after, columns, counted):
    """Of the same item, on demand, within 24 hours after its failure."""
    begun = NOW - 40 * H
    then = job("vm-1", VAULT, begun + after, **columns)

    found = facts(tmp_path, jobs=[failed(ago=40 * H), then, job("vm-2", VAULT, NOW, on_demand=True)])

    assert dict(found.retries.outcomes) == counted


@pytest.mark.parametrize(
    ("failing", "of", "storms"),
    [
        pytest.param(10, 33, 1, id="ten, and nearly a third"),
        pytest.param(9, 12, 0, id="too few"),
        pytest.param(10, 34, 0, id="too small a share of the vault"),
    ],
)
def test_a_storm_is_many_items_and_much_of_a_vault(tmp_path, failing, of, storms):
    items = [healthy(f"vm-{n}") for n in range(of)]
    found = facts(tmp_path, items=items, jobs=[failed(f"vm-{n}") for n in range(failing)])

    assert len(found.storms) == storms


def test_a_storm_is_within_one_day_one_vault_and_one_cause(tmp_path):
    days = [failed(f"vm-{n}", ago=2 * H + n % 2 * D) for n in range(18)]
    ways = [failed(f"vm-{n}", how=(AGENT, UNHEARD)[n % 2]) for n in range(18)]

    assert facts(tmp_path, items=[healthy()], jobs=[*days, *ways]).storms == ()


def test_a_storm_that_is_over_is_listed_and_nothing_to_do(tmp_path):
    items = [healthy(f"vm-{n}") for n in range(12)]
    jobs = [failed(f"vm-{n}", ago=5 * H) for n in range(12)] + [
        job(f"vm-{n}", VAULT, NOW - H) for n in range(12)
    ]

    told = page(facts(tmp_path, items=items, jobs=jobs))

    assert ("Storms", "1", "0 going on") in [(one.label, one.value, one.note) for one in told.figures]
    assert told.steps == ()


# -- What to do first -----------------------------------------------------------------------------


def test_what_to_do_first_comes_first(tmp_path):
    """What is not known, then one cause for many, then the causes most items need somebody for, then gaps."""
    items = [healthy(f"vm-{n}") for n in range(12)] + [
        late("x"),
        late("y"),
        healthy("z"),
        item("new", VAULT, None),
    ]
    jobs = [failed(f"vm-{n}") for n in range(12)]
    jobs += [failed("x", how=AGENT), failed("y", how=AGENT), failed("z", how=(*UNHEARD[:1], "human", None))]
    bare = [*COVERED, resource("bare", SUBSCRIPTION, "unprotected")]

    told = page(facts(tmp_path, items=items, jobs=jobs, coverage=bare, unread=UNREAD))

    assert [step.title for step in told.steps] == [
        "Make known what was not read",
        "End the storm in rsv-prod",
        "Start, update or install the VM agent and let it reach 168.63.129.16",
        "Find out what 499999 means",
        "Take a first backup",
        "Protect what has no backup",
    ]


def test_many_storms_leave_room_for_other_steps(tmp_path):
    vaults = [{**VAULT, "vault": f"{VAULT['vault']}-{n}", "vault_name": f"rsv-{n}"} for n in range(4)]
    names = [(f"vm-{n}-{at}", vault) for at, vault in enumerate(vaults) for n in range(10)]
    items = [item(name, vault, NOW - 5 * H) for name, vault in names]
    jobs = [job(name, vault, NOW - 2 * H, "failed", **cause(PASSING)) for name, vault in names]

    told = page(facts(tmp_path, items=[*items, late()], jobs=jobs)).steps

    assert [(step.title, step.count) for step in told] == [
        ("End the storm in rsv-0", "10 items"),
        ("End the storm in rsv-1", "10 items"),
        ("End 2 more storms", "20 items"),
        ("Find out why nothing failed and no backup came", "1 item"),
    ]


def test_items_that_are_late_without_a_failure_have_a_step_of_their_own(tmp_path):
    [step] = page(facts(tmp_path, items=[late()], jobs=[job("vm-late", VAULT, NOW - H)])).steps

    assert (step.title, step.count) == ("Find out why nothing failed and no backup came", "1 item")


def test_a_list_that_is_cut_says_of_how_many_and_where_all_are(tmp_path):
    options = backup_report.Params(rows=3)
    found = facts(tmp_path, items=[late(f"vm-{n}") for n in range(5)], options=options)

    [past] = [table for one in page(found).sections for table in one.tables if table.id == "past"]

    assert (len(past.rows), past.total, past.rest) == (3, 5, "items/date=2026-11-26/items.ndjson.gz")


def test_a_scope_shows_its_subscriptions_alone(tmp_path):
    options = backup_report.Params(scope=(SUBSCRIPTION,))
    other = {**late("elsewhere"), "subscription": "00000002-1111-4222-8333-000000000002"}

    found = facts(tmp_path, items=[healthy(), other], jobs=[job("vm-1", VAULT, NOW - H)], options=options)

    assert verdict(found) == ("good", "Backups are fine")


def test_the_message_is_the_page_in_short(tmp_path):
    told = page(facts(tmp_path, items=[late(f"vm-{n}") for n in range(4)], jobs=[failed("vm-1", how=AGENT)]))

    body = backup_report.message(told, "https://reports.contoso.com/latest.html").body
    [card] = [one["content"] for one in body["attachments"]]

    assert body["text"].startswith("Azure Backup: 4 items need you")
    assert (body["verdict"], body["figures"]["Past RPO"]) == ("bad", "4, and 0 never backed up")
    assert card["actions"][0]["url"] == body["link"]
    assert body["attention"][0].startswith("1. Find out why nothing failed")


# -- Always ---------------------------------------------------------------------------------------

STATES = st.sampled_from(["healthy", "late", "never", "failed", "human"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STATES, max_size=12), st.booleans(), st.booleans())
def test_fine_is_said_only_where_every_item_is(tmp_path_factory, states, unread, bare):
    make = {"late": late, "never": lambda name: item(name, VAULT, None)}
    jobs = [
        failed(f"vm-{n}", how=AGENT if one == "human" else PASSING)
        for n, one in enumerate(states)
        if one in ("failed", "human")
    ]
    found = facts(
        tmp_path_factory.mktemp("export"),
        items=[make.get(one, healthy)(f"vm-{n}") for n, one in enumerate(states)],
        jobs=[*jobs, job("other", VAULT, NOW - H)],
        coverage=[*COVERED, *([resource("bare", SUBSCRIPTION, "unprotected")] if bare else [])],
        unread=UNREAD if unread else (),
    )

    told = page(found)

    assert (told.headline == "Backups are fine") is (not unread and not bare and set(states) <= {"healthy"})
    assert found.items.needs == sum(one in ("late", "never", "human") for one in states)
    assert found.items.at_risk.total == sum(one in ("failed", "human") for one in states)
