"""The demo tells what the runs said, and notices when they were not as told."""

import os

import pytest

from simulator import demo, demo_deploy
from simulator.demo_story import (
    NotAsToldError,
    Told,
    check_dry_run,
    check_kept_word,
    check_nothing_left,
    check_since,
    check_storm_over,
    check_triggers,
    ended,
    excerpt,
    folded,
    table,
)

QUERY = {"method": "POST", "path": "/providers/Microsoft.ResourceGraph/resources", "status": 200}
TRIGGER = {"method": "POST", "path": "/subscriptions/a/protectedItems/vm/backup", "status": 202}
VERDICTS = {"passing_cause": "retried", "would": "would retry"}
"""Verdict by the rule of `run`; of any other rule it is left."""


def run(**rules):
    """What a run said of machines by rule, all of one vault and with one code."""
    entries = [
        {
            "name": vm,
            "verdict": VERDICTS.get(rule, "left"),
            "rule": rule,
            "vault": "rsv",
            "code": "130001",
            "new_job": f"JOB-{vm}",
            "reason": "a reason",
        }
        for rule, vms in rules.items()
        for vm in vms.split()
    ]
    lines = [f"{one['verdict']} item={one['name']} why='a reason' new_job=j" for one in entries]
    return Told([*lines, f"done decided={len(entries)}"], entries)


@pytest.fixture
def clone(tmp_path, root):
    """A place to type the demo's commands in that is not the clone itself, with its estate."""
    for name in (".venv", ".venv-sandbox", "modules", "runbooks", "simulator"):
        (tmp_path / name).symlink_to(root / name)
    demo.build(tmp_path / demo.OUT)
    (tmp_path / demo.OUT / "state").symlink_to("estate")
    return tmp_path


def test_a_newcomer_reads_what_the_dry_run_decided(clone, capsys):
    story = demo.Demo(clone)

    demo.would_retry(story)

    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 100
    assert {f"  {line}" for line in table(story.runs[0])} <= set(lines)
    assert {"storm", "needs_a_human", "passing_cause"} <= {rule for _, rule in story.runs[0].rules()}


@pytest.mark.parametrize(
    "command", [pytest.param(command, id=why) for why, command in list(demo.NEXT.items())[:2]]
)
def test_what_to_try_next_works(clone, command):
    assert demo.Demo(clone).run(command, os.environ)


def test_with_throttling_and_broken_connections_the_decisions_are_the_same(clone):
    faulty = list(demo.NEXT.values())[-1]
    plain = faulty.replace(f" --faults {demo.OUT}/faults.json", "")

    assert plain != faulty
    assert demo.Demo(clone).run(faulty, os.environ) == demo.Demo(clone).run(plain, os.environ)


def test_without_what_make_demo_sets_up_it_says_so(tmp_path, capsys):
    assert demo.main(tmp_path) == 1
    assert capsys.readouterr().err == (
        "demo: the story is not as told: .venv/bin/python: No such file or directory; "
        "make demo sets up what it needs\n"
    )


def test_the_table_counts_items_by_verdict_and_rule_those_retried_first():
    assert list(table(run(storm="a b c", passing_cause="d", budget_spent="e"))) == [
        "verdict      rule                   items   for example",
        "retried      passing_cause              1   d",
        "left         storm                      3   a",
        "left         budget_spent               1   e",
        "                                        5   in all",
    ]


def test_an_excerpt_is_lines_of_the_log_without_job_ids_and_how_many_more_there_are():
    assert list(excerpt(run(storm="a b c", passing_cause="d"), ("storm",), most=2)) == [
        "left item=a why='a reason'",
        "left item=b why='a reason'",
        "    ... and 1 more of the rule storm",
        "done decided=4",
    ]


def test_long_lines_are_folded():
    lines = folded("left why='" + "because " * 40 + "'")

    assert len(lines) > 1
    assert max(map(len, lines)) <= 98


def test_how_a_retry_ends_is_in_the_cast():
    assert [ended("vm-crm-app-01", count) for count in (1, 2, 3)] == [
        "Failed:400002",
        "Completed",
        "Completed",
    ]


# vm-crm-app-01 fails when it is retried for the first time, the others do not.
WELL = run(succeeded_since="a b", backing_off="vm-crm-app-01", passing_cause="c")
DRY = run(would="a b vm-crm-app-01", storm="c")
REAL = run(passing_cause="a b vm-crm-app-01", storm="c")


def test_a_night_as_told_passes():
    calm = run(succeeded_since="a b vm-crm-app-01 c")

    check_dry_run(DRY, [QUERY, {"method": "GET", "path": "/x", "status": 200}])
    check_kept_word(DRY, REAL)
    check_since([DRY, REAL, WELL])
    check_storm_over(
        run(passing_cause="a vm-crm-app-01", storm="c"),
        run(succeeded_since="a vm-crm-app-01", passing_cause="c", backing_off="vm-crm-app-01"),
    )
    check_nothing_left([REAL, calm])


@pytest.mark.parametrize(
    ("check", "given", "claim"),
    [
        pytest.param(
            check_dry_run, (DRY, [QUERY, TRIGGER]), "a dry run sends only reads", id="it started one"
        ),
        pytest.param(
            check_dry_run, (run(storm="a"), [QUERY]), "something would be retried", id="nothing to show"
        ),
        pytest.param(
            check_kept_word,
            (DRY, run(passing_cause="a b", storm="c")),
            "what would be retried is",
            id="one less",
        ),
        pytest.param(
            check_kept_word,
            (run(would="a"), run(passing_cause="a")),
            "the rest of a storm waits",
            id="no storm",
        ),
        pytest.param(
            check_since,
            ([REAL, run(passing_cause="a", succeeded_since="b", backing_off="vm-crm-app-01")],),
            "what was retried with success is seen as recovered, but: {'a'}",
            id="one retried although it is well",
        ),
        pytest.param(
            check_since,
            ([REAL, run(succeeded_since="a b")],),
            "what failed again is backed off from or retried, but: {'vm-crm-app-01'}",
            id="one that failed again is forgotten",
        ),
        pytest.param(
            check_storm_over,
            (run(passing_cause="a", storm="c"), run(succeeded_since="a", storm="c")),
            "the rest of the storm follows",
            id="a storm that goes on",
        ),
        pytest.param(
            check_nothing_left,
            ([REAL, run(succeeded_since="a b", budget_spent="vm-crm-app-01")],),
            "all that was retried has recovered, but: {'vm-crm-app-01'}",
            id="one never recovered",
        ),
    ],
)
def test_a_night_not_as_told_is_noticed(check, given, claim):
    with pytest.raises(NotAsToldError, match=claim):
        check(*given)


PLAN = [
    "create  runbook      a",
    *(f"import  package      p{n}   1.0" for n in range(5)),
    "plan 1: 6 changes",
]
APPLIED = [f"  {n}/6   0.0 s  {line}" for n, line in enumerate(PLAN[:-1], 1)] + ["done changed=6"]


def test_a_plan_is_shown_with_some_of_its_packages_in_lines_that_fit():
    long = f"create  link         hourly -> auto_retry   {'window=24h ' * 20}"

    assert list(demo_deploy.excerpt([*PLAN[:-1], long])) == [
        *PLAN[:3],
        "... and 3 more packages",
        f"{long[:92].rstrip()} ...",
    ]


def test_a_deployment_that_did_not_do_what_was_planned_is_noticed():
    assert demo_deploy.check(PLAN, APPLIED, [demo_deploy.EMPTY]) == 6
    with pytest.raises(NotAsToldError, match="what was planned is done"):
        demo_deploy.check(PLAN, [*APPLIED[:-2], "done changed=5"], [demo_deploy.EMPTY])
    with pytest.raises(NotAsToldError, match="then there is nothing to do"):
        demo_deploy.check(PLAN, APPLIED, PLAN)


def test_reports_triggers_and_requests_are_compared_job_by_job():
    told = run(passing_cause="a b", storm="c")
    triggers = [{"job": "job-a"}, {"job": "job-b"}]

    assert check_triggers([told], triggers, [QUERY, TRIGGER, TRIGGER]) == 2
    with pytest.raises(NotAsToldError, match="the reports name the jobs that the vaults started"):
        check_triggers([told], [*triggers, {"job": "job-c"}], [TRIGGER] * 3)
    with pytest.raises(NotAsToldError, match="each backup was asked for once, but: 3, 2"):
        check_triggers([told], triggers, [TRIGGER] * 3)
