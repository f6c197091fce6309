"""What a plan says: nothing where all is there, and one line with the reason for each thing that is not."""

from dataclasses import replace
from datetime import timedelta

import pytest
from deployer import marks
from deployer.changes import Plan
from deployer.compare_alerts import entry_of, webhook_name
from deployer.errors import DeployError, PlanError
from deployer.live import Link, Live
from deployer.plan import check_removals, plan, plan_nothing

from tests.deployer.cases import (
    NOW,
    OTHER,
    SUBSCRIPTION,
    TARGET,
    TEXT,
    URL,
    changed,
    changes,
    package,
    settled,
    theirs,
    told,
    wanted,
    without,
)

WEBHOOK, OLDER = webhook_name("failed", URL), webhook_name("failed", "https://older")
BESIDE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-backup/providers"
GROUP = f"{BESIDE}/Microsoft.Insights/actionGroups/ag-failed"
RULE = f"{BESIDE}/Microsoft.AlertsManagement/actionRules/ag-failed"


@pytest.fixture
def asked(tmp_path):
    return wanted(tmp_path)


@pytest.fixture
def live(asked):
    return settled(asked)


def test_an_account_that_is_as_wanted_needs_nothing(asked, live):
    assert changes(asked, live) == []


def test_an_empty_account_needs_everything_in_the_order_of_doing(asked):
    assert changes(asked, Live()) == [
        "create environment backup: Python 3.10",
        "import package azure-core: 1.41.0, not in the environment",
        "import package cffi: 2.0.0, not in the environment",
        "import package tzdata: 2026.3, not in the environment",
        "create variable reports: plain",
        "create variable teams: encrypted",
        "create schedule hourly: every hour at :20",
        "create schedule nightly: every day at 03:00 Europe/Berlin",
        "create runbook auto_retry: not in the account",
        "create link hourly -> auto_retry: not linked: dry_run=true window=24h",
        "create link nightly -> auto_retry: not linked: window=48h",
        "create webhook failed: not in the account",
        "create action group ag-failed: calls the new failed",
        f"create alert rule ag-failed: alerts of subscription {SUBSCRIPTION}",
    ]


def link(live, number=0, **changes):
    links = list(live.links)
    links[number] = replace(links[number], **changes)
    return replace(live, links=tuple(links))


DRIFT = {
    "a package of another version": (
        lambda live: changed(live, "packages", "cffi", version="1.9.0"),
        ["import package cffi: 2.0.0 instead of 1.9.0"],
    ),
    "a package that failed": (
        lambda live: changed(live, "packages", "cffi", provisioningState="Failed"),
        ["import package cffi: 2.0.0, its import ended failed"],
    ),
    "a package with an error beside a state that sounds well": (
        lambda live: changed(live, "packages", "cffi", error={"message": "no wheel"}),
        ["import package cffi: 2.0.0, its import ended failed"],
    ),
    "a package that is still on its way": (
        lambda live: changed(live, "packages", "cffi", provisioningState="Creating"),
        ["import package cffi: 2.0.0, an import is going on (creating)"],
    ),
    "a version with another number of zeros": (
        lambda live: changed(live, "packages", "azure-core", version="1.41.0.0"),
        [],
    ),
    "a version that is none": (
        lambda live: changed(live, "packages", "cffi", version="unknown"),
        ["import package cffi: 2.0.0 instead of unknown"],
    ),
    "a package that tells no version, where all were imported": (
        lambda live: changed(live, "packages", "cffi", version=None),
        [],
    ),
    "a package that tells no version, where nothing says that all were imported": (
        lambda live: untagged(changed(live, "packages", "cffi", version=None), marks.tags()),
        ["import package cffi: 2.0.0, the account does not say which version it has"],
    ),
    "packages that are all there, which was not written down": (
        lambda live: untagged(live, marks.tags()),
        ["update environment backup: all packages are there, which was not written down"],
    ),
    "a package of nobody": (
        lambda live: theirs(live, "packages", "numpy", package("numpy")),
        [],
    ),
    "another text of a runbook": (
        lambda live: replace(live, contents={"auto_retry": TEXT + "# edited in the portal\n"}),
        ["publish runbook auto_retry: changed: auto_retry.py"],
    ),
    "line ends that the service changed": (
        lambda live: replace(live, contents={"auto_retry": TEXT.replace("\n", "\r\n")}),
        [],
    ),
    "a runbook that was never published": (
        lambda live: replace(live, contents={"auto_retry": None}),
        ["publish runbook auto_retry: never published"],
    ),
    "a runbook in another environment": (
        lambda live: changed(live, "runbooks", "auto_retry", runtimeEnvironment="Old", logVerbose=True),
        ["update runbook auto_retry: another environment, log settings"],
    ),
    "an environment in another casing": (
        lambda live: changed(live, "runbooks", "auto_retry", runtimeEnvironment="Backup"),
        [],
    ),
    "another value of a variable": (
        lambda live: changed(live, "variables", "reports", value='"elsewhere/"'),
        ["update variable reports: another value"],
    ),
    "a variable that became plain": (
        lambda live: changed(live, "variables", "teams", isEncrypted=False),
        ["replace variable teams: encrypted from now on"],
    ),
    "a schedule at another time": (
        lambda live: changed(live, "schedules", "hourly", startTime="2026-10-01T00:45:00+00:00"),
        ["update schedule hourly: at :45 instead of :20"],
    ),
    "a disabled schedule": (
        lambda live: changed(live, "schedules", "hourly", isEnabled=False),
        ["update schedule hourly: is disabled"],
    ),
    "a schedule with another description": (
        lambda live: changed(live, "schedules", "hourly", description=marks.noted("Theirs")),
        ["update schedule hourly: another description"],
    ),
    "a lost link": (
        lambda live: replace(live, links=live.links[1:]),
        ["create link hourly -> auto_retry: not linked: dry_run=true window=24h"],
    ),
    "a link without its parameters": (
        lambda live: link(live, tokens=()),
        [
            "delete link hourly -> auto_retry: not wanted: no parameters",
            "create link hourly -> auto_retry: other parameters: dry_run=true window=24h",
        ],
    ),
    "a link under another id": (lambda live: link(live, id="renewed"), []),
    "a link in another casing": (lambda live: link(live, schedule="Hourly", runbook="Auto_Retry"), []),
    "a wrong link beside the right one": (
        lambda live: replace(live, links=(*live.links, replace(live.links[0], id="second", tokens=("x=1",)))),
        ["delete link hourly -> auto_retry: not wanted: x=1"],
    ),
    "a webhook with other parameters": (
        lambda live: changed(live, "webhooks", WEBHOOK, parameters={"[parameter 1]": "dry_run=false"}),
        ["update webhook failed: other parameters"],
    ),
    "a disabled webhook": (
        lambda live: changed(live, "webhooks", WEBHOOK, isEnabled=False),
        ["update webhook failed: enabled"],
    ),
    "a deleted webhook": (
        lambda live: without(live, "webhooks", WEBHOOK),
        ["create webhook failed: not in the account", "update action group ag-failed: calls the new failed"],
    ),
    "a webhook that is about to expire": (
        lambda live: changed(live, "webhooks", WEBHOOK, expiryTime=(NOW + timedelta(days=29)).isoformat()),
        [
            "create webhook failed: it expires on 2026-12-24",
            "update action group ag-failed: calls the new failed",
            f"delete webhook {WEBHOOK}: replaced: it expires on 2026-12-24",
        ],
    ),
    "a webhook of another runbook": (
        lambda live: changed(live, "webhooks", WEBHOOK, runbook={"name": "other"}),
        [
            "create webhook failed: it starts other, not auto_retry",
            "update action group ag-failed: calls the new failed",
            f"delete webhook {WEBHOOK}: replaced: it starts other, not auto_retry",
        ],
    ),
    "an action group that is gone": (
        lambda live: without(live, "groups", GROUP),
        [
            "create webhook failed: action group ag-failed is not there",
            "create action group ag-failed: calls the new failed",
            f"delete webhook {WEBHOOK}: replaced: action group ag-failed is not there",
        ],
    ),
    "an action group that calls another webhook": (
        lambda live: changed(live, "groups", GROUP, automationRunbookReceivers=[]),
        [
            "create webhook failed: action group ag-failed does not call it",
            "update action group ag-failed: calls the new failed",
            f"delete webhook {WEBHOOK}: replaced: action group ag-failed does not call it",
        ],
    ),
    "an action group that somebody disabled": (
        lambda live: changed(live, "groups", GROUP, enabled=False),
        ["update action group ag-failed: is disabled"],
    ),
    "a receiver that somebody added": (
        lambda live: changed(live, "groups", GROUP, emailReceivers=[{"name": "night shift"}]),
        [],
    ),
    "an alert rule that was narrowed": (
        lambda live: changed(live, "rules", RULE, conditions=[]),
        [f"update alert rule ag-failed: is not as wanted in subscription {SUBSCRIPTION}"],
    ),
    "an alert rule in another casing": (
        lambda live: changed(live, "rules", RULE, scopes=[f"/Subscriptions/{SUBSCRIPTION.upper()}/"]),
        [],
    ),
}


def untagged(live, tags):
    environment = {**live.environments["backup"], "tags": tags}
    return replace(live, environments={"backup": environment})


@pytest.mark.parametrize("drift", DRIFT)
def test_what_has_drifted_is_named_with_its_reason(asked, live, drift):
    change, expected = DRIFT[drift]

    assert changes(asked, change(live)) == expected


def test_a_new_policy_line_publishes_one_runbook_and_leaves_its_links(asked, live):
    newer = replace(asked, texts={"auto_retry": TEXT + "# a line\n"})

    assert changes(newer, live) == ["publish runbook auto_retry: changed: auto_retry.py"]


def test_another_value_of_a_secret_is_noticed_without_being_read(tmp_path, live):
    newer = wanted(tmp_path, lambda said: said["variables"]["teams"].update(value="https://hook/other"))

    assert changes(newer, live) == ["update variable teams: another value"]
    assert "hook" not in str(plan(newer, live)) + repr(plan(newer, live).as_json())


def test_a_webhook_that_no_alert_calls_stays(tmp_path):
    """Its URL was shown before it was made."""
    alone = wanted(tmp_path, lambda said: said.pop("alerts"))

    assert changes(alone, settled(alone)) == []


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        pytest.param(WEBHOOK, "failed", id="ours"),
        pytest.param(WEBHOOK.upper(), "failed", id="ours in another casing"),
        pytest.param("failed", "", id="no digits"),
        pytest.param("failed-0123456789", "", id="digits that do not fit"),
        pytest.param(WEBHOOK.replace("failed", "other"), "", id="the digits of another entry"),
    ],
)
def test_the_name_of_a_webhook_tells_whether_it_is_ours(name, entry):
    assert entry_of(name) == entry


def test_of_two_webhooks_the_one_that_is_called_stays(asked, live):
    older = {**live.webhooks[WEBHOOK], "name": OLDER}

    assert changes(asked, theirs(live, "webhooks", OLDER, older)) == [
        f"delete webhook {OLDER}: replaced: failed"
    ]


def test_rotating_makes_a_new_webhook_where_all_is_well(asked, live):
    assert changes(replace(asked, rotate=frozenset(["failed"])), live) == [
        "create webhook failed: a new URL was asked for",
        "update action group ag-failed: calls the new failed",
        f"delete webhook {WEBHOOK}: replaced: a new URL was asked for",
    ]


def test_each_subscription_gets_a_rule_of_its_own(tmp_path):
    rules = {SUBSCRIPTION: "rg-backup", OTHER: "rg-alerts"}
    both = wanted(tmp_path, lambda said: said["alerts"]["ag-failed"].update(rules=rules))

    assert changes(both, settled(wanted(tmp_path))) == [
        f"create alert rule ag-failed: alerts of subscription {OTHER}"
    ]


# -- others' ---------------------------------------------------------------------------------------

THEIRS = {"properties": {"description": "theirs"}}
CLASHES = {
    "environment": (
        "environments",
        "backup",
        {"properties": {"runtime": {"language": "Python", "version": "3.10"}}},
        f"runtime environment backup {marks.NOT_OURS}",
    ),
    "variable": ("variables", "reports", THEIRS, f"variable reports {marks.NOT_OURS}"),
    "runbook": ("runbooks", "auto_retry", THEIRS, f"runbook auto_retry {marks.NOT_OURS}"),
    "schedule": ("schedules", "hourly", THEIRS, f"schedule hourly {marks.NOT_OURS}"),
    "action group": ("groups", GROUP, {**THEIRS, "id": GROUP}, f"action group ag-failed {marks.ELSEWHERE}"),
    "alert rule": ("rules", RULE, THEIRS, f"alert rule {RULE} {marks.ELSEWHERE}"),
}


@pytest.mark.parametrize("kind", CLASHES)
def test_a_name_that_somebody_else_uses_forbids_the_deployment(asked, live, kind):
    table, name, body, fault = CLASHES[kind]
    with pytest.raises(PlanError) as refused:
        plan(asked, theirs(live, table, name, body))

    assert refused.value.faults == (fault,)


def test_an_action_group_made_for_another_account_is_somebody_elses(asked, live):
    body = {**live.groups[GROUP.lower()], "tags": marks.tags(TARGET.id + "-test")}
    with pytest.raises(PlanError, match="was not made for this account"):
        plan(asked, theirs(live, "groups", GROUP, body))


@pytest.mark.parametrize(
    ("fixed", "fault"),
    [
        pytest.param(
            ("environments", "backup", {"runtime": {"language": "Python", "version": "3.8"}}),
            "runtime environment backup has Python 3.8, which Azure cannot change: give runtime.name another "
            "name; the old one goes with --prune when nothing uses it",
            id="the version of an environment",
        ),
        pytest.param(
            ("runbooks", "auto_retry", {"runbookType": "PowerShell72"}),
            "runbook auto_retry is no Python runbook, which Azure cannot change: delete it",
            id="the type of a runbook",
        ),
    ],
)
def test_what_azure_cannot_change_is_said_before_anything_is_done(asked, live, fixed, fault):
    table, name, properties = fixed
    with pytest.raises(PlanError) as refused:
        plan(asked, changed(live, table, name, **properties))

    assert refused.value.faults == (fault,)


# -- what is wanted no more ------------------------------------------------------------------------


def smaller(said):
    del said["schedules"]["nightly"], said["webhooks"], said["alerts"], said["variables"]["reports"]


LEFT = [
    "alert rule ag-failed",
    "action group ag-failed",
    f"webhook {WEBHOOK}",
    "schedule nightly",
    "variable reports",
]


def test_what_is_wanted_no_more_stays_until_it_is_pruned(tmp_path, live):
    less = wanted(tmp_path, smaller)
    kept, pruned = plan(less, live), plan(less, live, prune=True)

    assert (kept.all, [f"{one.kind} {one.name}" for one in kept.left]) == ([], LEFT)
    assert [f"{one.kind} {one.name}" for one in pruned.removals] == LEFT
    assert (pruned.left, pruned.removed, pruned.owned) == ([], 5, 9)


def test_links_go_with_the_runbook_that_is_wanted_no_more(asked, live):
    more = (*live.links, Link("mine", "hourly", "old_runbook", ()))
    ours = {"tags": marks.tags(), "properties": {}}
    old = theirs(replace(live, links=more), "runbooks", "old_runbook", ours)

    assert changes(asked, old, prune=True) == [
        "delete runbook old_runbook: made by this tool, not in schedules.json"
    ]


def test_a_link_between_two_of_ours_that_nobody_wants_is_removed_when_it_is_pruned(tmp_path):
    asked = wanted(tmp_path)
    there = settled(asked)
    _, nightly = there.links
    nobody = asked.manifest.schedules["nightly"].model_copy(update={"runs": ()})
    schedules = {**asked.manifest.schedules, "nightly": nobody}
    less = replace(asked, manifest=asked.manifest.model_copy(update={"schedules": schedules}))

    assert [one.name for one in plan(less, there).left] == ["nightly -> auto_retry"]
    assert [one.id for one in plan(less, there, prune=True).removals] == [nightly.id]


@pytest.fixture
def shared(live):
    """The account with runbooks, schedules, webhooks and more of somebody else's."""
    there = theirs(live, "runbooks", "theirs", {"properties": {"runtimeEnvironment": "Python-3.8"}})
    there = theirs(there, "schedules", "theirs", THEIRS)
    there = theirs(there, "variables", "theirs", THEIRS)
    there = theirs(there, "environments", "Python-3.10", {"properties": {}})
    there = theirs(there, "webhooks", "theirs", {"properties": {"runbook": {"name": "theirs"}}})
    return replace(there, links=(*there.links, Link("theirs", "theirs", "theirs", ())))


def test_what_others_made_is_neither_changed_nor_removed(asked, shared):
    everything = plan_nothing(shared)

    assert changes(asked, shared, prune=True) == []
    assert [one.name for one in everything.removals if "theirs" in one.name] == []
    assert everything.removed == everything.owned == 9


def linked(live, schedule, runbook):
    return replace(live, links=(*live.links, Link("theirs", schedule, runbook, ())))


USES = {
    "a webhook": (
        lambda live: theirs(live, "webhooks", "call-me", {"properties": {"runbook": {"name": "auto_retry"}}}),
        "keep runbook auto_retry: not in schedules.json, but webhook call-me, which is not ours, starts it",
    ),
    "a schedule": (
        lambda live: theirs(linked(live, "weekly", "auto_retry"), "schedules", "weekly", THEIRS),
        "keep runbook auto_retry: not in schedules.json, but schedule weekly, which is not ours, starts it",
    ),
    "a runbook that a schedule of ours starts": (
        lambda live: theirs(linked(live, "hourly", "report"), "runbooks", "report", THEIRS),
        "keep schedule hourly: not in schedules.json, but it starts report, which is not ours",
    ),
    "a runbook in our environment": (
        lambda live: theirs(live, "runbooks", "report", {"properties": {"runtimeEnvironment": "Backup"}}),
        "keep environment backup: not in schedules.json, but runbook report, which stays, runs in it",
    ),
}


@pytest.mark.parametrize("use", USES)
def test_what_others_use_of_ours_stays_and_is_named(live, use):
    change, expected = USES[use]
    everything = plan_nothing(change(live))

    assert expected in [f"{one.verb} {one.kind} {one.name}: {one.why}" for one in everything.left]
    assert expected.split(": ")[0].replace("keep", "delete") not in " ".join(told(everything))


@pytest.mark.parametrize(("removed", "refused"), [(3, False), (4, True)])
def test_removing_more_than_three_in_ten_needs_force(removed, refused):
    from deployer.changes import Change

    gone = Plan([], [Change("delete", "schedule", str(number), "") for number in range(removed)], owned=10)
    check_removals(gone, force=True)
    if refused:
        with pytest.raises(DeployError, match="4 of 10 objects of ours would be removed, 40% is over 30%"):
            check_removals(gone, force=False)
    else:
        check_removals(gone, force=False)


def test_a_variable_that_parameters_name_and_nobody_has_made_is_noted(tmp_path, live):
    run = {"runbook": "auto_retry", "parameters": {"notify": "var:hook", "report": "var:reports"}}
    asked = wanted(tmp_path, lambda said: said["schedules"]["nightly"].update(runs=[run]))

    assert plan(asked, live).notes == [
        "parameters name variable hook, neither in schedules.json nor in the account: make it there"
    ]
    assert plan(asked, theirs(live, "variables", "Hook", THEIRS)).notes == []


def test_a_schedule_that_can_never_start_is_told_before_anything_is_done(tmp_path):
    asked = wanted(tmp_path, lambda said: said["schedules"]["nightly"].update(ends="2026-11-24"))
    with pytest.raises(
        PlanError, match=r"^schedule nightly: every day .* until 2026-11-24: there is no such time "
    ):
        plan(asked, Live())


def test_a_plan_has_the_same_id_until_something_it_would_do_is_another(tmp_path, asked, live):
    later = replace(asked, now=NOW + timedelta(hours=5))
    drifted = without(live, "schedules", "hourly")
    at_another_time = wanted(tmp_path, lambda said: said["schedules"]["hourly"].update(description="new"))

    assert plan(asked, drifted).id == plan(later, drifted).id
    assert plan(asked, drifted).id != plan(at_another_time, drifted).id
    assert plan(asked, Live()).id != plan(replace(asked, texts={"auto_retry": TEXT + "#\n"}), Live()).id
