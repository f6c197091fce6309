"""How a runbook starts, speaks and ends."""

import json
import logging

import pytest
import requests
from backupkit.backups import Backups
from backupkit.entrypoint import (
    BAD_PARAMETERS,
    DONE,
    FAILED,
    MOST_LINES,
    Runbook,
    Session,
    check_rights,
    main,
)
from backupkit.errors import ArmError, IncompleteReadError, ParameterError, PartialFailureError
from backupkit.estate import Unread
from backupkit.params import CommonParams
from backupkit.speaking import say
from backupkit.starts import right_to_start

from simulator.estate import Estate
from simulator.estate_instances import backup_vault
from tests.backupkit.fakes import NOW, Clock, Simulated, load, refused

HOOK = "https://hooks.example.com/workflows/SECRET?sig=SECRET"
VAULT = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.RecoveryServices/vaults/rsv-1"


def entry(name="vm-1", verdict="left", rule="unknown_cause", **more):
    told = {"item": f"{VAULT}/x/{name}", "name": name, "vault": VAULT, "verdict": verdict, "rule": rule}
    return {**told, "reason": f"because of {name}", "job": "job-1", "attention": False, **more}


def book(work=lambda session: None, check=lambda session: None):
    return Runbook("auto_retry", "Retry what may pass.", CommonParams, work, check)


def telling(*entries, unread=()):
    """A runbook that decides this, and could not read that."""

    def work(session):
        session.tell(entries, "retried")
        session.finish(unread)

    return book(work)


def raising(problem):
    def work(session):
        raise problem

    return book(work)


@pytest.fixture
def run(capsys, mocker):
    """The exit code and the lines of stdout of a run; nothing is ever written to stderr."""

    def run_it(runbook, *tokens):
        code = main(runbook, tokens)
        out, err = capsys.readouterr()
        assert err == ""
        assert out.endswith("\n")
        return code, out.splitlines()

    return run_it


# -- How it ends -------------------------------------------------------------------


def test_a_run_that_did_all_ends_well_and_done_is_its_last_line(run):
    runbook = telling(entry(), entry("vm-2", "retried", "passing_cause", new_job="job-2"))

    assert run(runbook) == (
        DONE,
        [
            "left item=vm-1 vault=rsv-1 why='because of vm-1' job=job-1",
            "retried item=vm-2 vault=rsv-1 why='because of vm-2' job=job-1 new_job=job-2",
            "done decided=2 retried=1 left=1 failed=0 unread=0",
        ],
    )


def test_a_run_with_nothing_to_do_says_so_in_figures(run):
    assert run(telling()) == (DONE, ["done decided=0 retried=0 left=0 failed=0 unread=0"])


@pytest.mark.parametrize(
    ("runbook", "lines"),
    [
        pytest.param(
            telling(entry(), entry("vm-2", "failed", "passing_cause")),
            [
                "left item=vm-1 vault=rsv-1 why='because of vm-1' job=job-1",
                "WARNING: failed item=vm-2 vault=rsv-1 why='because of vm-2' job=job-1",
                "done decided=2 retried=0 left=1 failed=1 unread=0",
                "ERROR: 1 of 2 items failed; see the WARNING lines above",
            ],
            id="an item that failed",
        ),
        pytest.param(
            telling(unread=[Unread("/subscriptions/a", "Azure answered 403")]),
            [
                "WARNING: not read scope=/subscriptions/a why='Azure answered 403'",
                "done decided=0 retried=0 left=0 failed=0 unread=1",
                "ERROR: 1 scopes were not read; see the WARNING lines above",
            ],
            id="a scope that was not read",
        ),
        pytest.param(
            telling(entry(rule="out_of_time"), entry("vm-2", rule="out_of_time")),
            [
                "WARNING: left item=vm-1 vault=rsv-1 why='because of vm-1' job=job-1",
                "WARNING: left item=vm-2 vault=rsv-1 why='because of vm-2' job=job-1",
                "done decided=2 retried=0 left=2 failed=0 out_of_time=2 unread=0",
                "ERROR: 2 of 2 items were left at max_minutes; see the WARNING lines above",
            ],
            id="work left for want of time",
        ),
        pytest.param(
            telling(
                entry("vm-1", "failed"),
                entry("vm-2", rule="out_of_time"),
                unread=[Unread("x", "y"), Unread("z", "y")],
            ),
            [
                "WARNING: failed item=vm-1 vault=rsv-1 why='because of vm-1' job=job-1",
                "WARNING: left item=vm-2 vault=rsv-1 why='because of vm-2' job=job-1",
                "WARNING: not read scope=x why=y",
                "WARNING: not read scope=z why=y",
                "done decided=2 retried=0 left=1 failed=1 out_of_time=1 unread=2",
                (
                    "ERROR: 1 of 2 items failed, 2 scopes were not read, "
                    "1 of 2 items were left at max_minutes; see the WARNING lines above"
                ),
            ],
            id="everything at once",
        ),
        pytest.param(
            raising(ArmError("list vaults", 403, "AuthorizationFailed", "no right")),
            [
                "done",
                "ERROR: list vaults: Azure answered 403 AuthorizationFailed: no right (the run ended there)",
            ],
            id="a failure that ends it",
        ),
        pytest.param(
            raising(IncompleteReadError("list subscriptions: 1 of 2 rows came")),
            ["done", "ERROR: list subscriptions: 1 of 2 rows came (the run ended there)"],
            id="a list that cannot be trusted",
        ),
    ],
)
def test_a_run_is_failed_by(run, runbook, lines):
    assert run(runbook) == (FAILED, lines)


def resources(**accepted):
    """A runbook that judges resources, two of which are unknown."""
    found = [
        entry("vm-1", "protected", "its_item", kind="vm", state="healthy", job=None),
        entry("vm-2", "unknown", "not_read", kind="vm", state="none", job=None, vault=None),
        entry("vm-3", "unknown", "not_read", kind="vm", state="none", job=None, vault=None),
    ]

    def work(session):
        session.tell_all(iter(found), ("protected", "unprotected", "unknown"))
        session.counts.update(accepted)
        session.finish(())

    return book(work)


def test_resources_are_told_by_kind_and_state_and_the_unknown_fail_the_run(run):
    code, lines = run(resources())

    assert code == FAILED
    assert lines == [
        "protected resource=vm-1 kind=vm state=healthy vault=rsv-1 why='because of vm-1'",
        "WARNING: unknown resource=vm-2 kind=vm state=none why='because of vm-2'",
        "WARNING: unknown resource=vm-3 kind=vm state=none why='because of vm-3'",
        "done decided=3 protected=1 unprotected=0 unknown=2 unread=0",
        "ERROR: 2 of 3 resources are unknown; see the WARNING lines above",
    ]


def test_what_is_unknown_and_accepted_fails_nothing(run):
    assert run(resources(accepted=2))[0] == DONE
    assert run(resources(accepted=1))[1][-1].startswith("ERROR: 1 of 3 resources are unknown;")


def test_a_fault_in_what_a_parameter_names_is_one_of_the_parameter(run):
    assert run(raising(ParameterError(["rules: no JSON", "rules: no list"]))) == (
        BAD_PARAMETERS,
        [
            "ERROR: rules: no JSON",
            "ERROR: rules: no list",
            "done",
            "ERROR: 2 faults in what parameters name, nothing was changed",
        ],
    )


def test_an_item_left_by_a_cap_fails_nothing(run):
    code, _ = run(telling(entry(rule="no_room")))

    assert code == DONE


def test_a_fault_of_our_own_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        main(raising(ZeroDivisionError("a bug")), [])


def test_what_libraries_log_goes_nowhere_near_the_streams(run):
    def work(session):
        logging.getLogger("azure.identity").warning("something long with details")

    assert run(book(work)) == (DONE, ["done"])


# -- Bad parameters ----------------------------------------------------------------


def test_bad_parameters_are_all_told_and_nothing_is_begun(run, mocker):
    connect = mocker.patch("backupkit.entrypoint.connect")

    assert run(raising(AssertionError("begun")), "log=all", "repot=x") == (
        BAD_PARAMETERS,
        [
            "ERROR: parameter log must be one of decisions, summary, got 'all'",
            "ERROR: no parameter 'repot' (did you mean 'report'?)",
            "ERROR: 2 parameter faults, nothing was sent; the token help lists all parameters",
        ],
    )
    connect.assert_not_called()


def test_bad_parameters_open_no_report(run, tmp_path):
    run(book(), f"report={tmp_path}/report.ndjson", "log=all")

    assert list(tmp_path.iterdir()) == []


def test_the_exit_codes_are_those_that_operators_know():
    assert (DONE, FAILED, BAD_PARAMETERS) == (0, 1, 2)


# -- Help and check ----------------------------------------------------------------


@pytest.mark.parametrize("tokens", [["help"], ["'help'"], [" help "], ["log=all", "help"], ["help", "check"]])
def test_help_lists_the_parameters_and_does_nothing_else(run, mocker, tokens):
    connect = mocker.patch("backupkit.entrypoint.connect")
    code, lines = run(raising(AssertionError("begun")), *tokens)

    assert code == DONE
    assert lines[0] == "Retry what may pass."
    assert (
        "  max_minutes=150                    stop after this long; the sandbox stops a job at 180" in lines
    )
    assert lines[-1].split() == ["check", "try", "what", "the", "run", "would", "need;", "changes", "nothing"]
    connect.assert_not_called()


@pytest.mark.parametrize("token", ["check", "'check'", '"check"'])
def test_check_tries_what_a_run_needs_instead_of_running(run, token):
    runbook = book(raising(AssertionError("begun")).run, lambda session: say("ok", log=session.options.log))

    assert run(runbook, token, "log=summary") == (DONE, ["ok log=summary", "done"])


def test_check_leaves_a_report_that_is_there_as_it_is(run, tmp_path):
    path = tmp_path / "report.ndjson"
    path.write_text("of an earlier run\n")

    run(book(check=lambda session: session.record({"a": 1})), f"report={path}", "check")

    assert path.read_text() == "of an earlier run\n"


def test_check_says_where_a_report_cannot_be_written(run, tmp_path):
    code, lines = run(book(), f"report={tmp_path}", "check")

    assert code == FAILED
    assert lines[-1].startswith(f"ERROR: report={tmp_path}: cannot be written (")


def test_check_sends_no_message(run, mocker, tmp_path):
    post = mocker.patch("requests.post")
    failing = book(check=raising(ArmError("x", 403, "y", "z")).run)

    code, _ = run(failing, "check", f"notify={hook(tmp_path)}")

    assert code == FAILED
    post.assert_not_called()


def checked(capsys, report="out/", instead=lambda sent: None, backup_vaults=(), **world):
    """The lines of checking the rights over two Recovery Services vaults and these, and how it ended."""
    estate, clock = Estate(NOW), Clock()
    subscription = estate.subscription("app", id="11111111-0000-0000-0000-000000000000")
    for name in ("rsv-1", "rsv-2"):
        estate.vault(name, subscription=subscription, group="rg")
    for name in backup_vaults:
        backup_vault(estate, name, subscription=subscription, group="rg")
    estate.world.update(world)
    arm = Simulated(load(estate, clock), clock, instead).arm()
    session = Session("auto_retry", CommonParams(report=report), arm)
    try:
        check_rights(session, Backups(arm, CommonParams()), "Backup Operator")
        ended = ""
    except PartialFailureError as problem:
        ended = str(problem)
    return capsys.readouterr().out.splitlines(), ended


def vault_id(name):
    group = "/subscriptions/11111111-0000-0000-0000-000000000000/resourcegroups/rg"
    return f"{group}/providers/microsoft.recoveryservices/vaults/{name}"


def test_rights_that_are_there_are_fine(capsys):
    assert checked(capsys) == (["ok sees='1 subscriptions, 2 vaults'", "ok report='can be written'"], "")
    assert checked(capsys, report="") == (["ok sees='1 subscriptions, 2 vaults'"], "")


def test_a_right_that_cannot_be_read_counts_as_missing(capsys):
    def instead(sent):
        asks = sent.path.endswith("/rsv-2/providers/Microsoft.Authorization/permissions")
        return refused(403, "AuthorizationFailed", "no") if asks else None

    lines, ended = checked(capsys, instead=instead)

    told = f"read permissions at {vault_id('rsv-2')}: Azure answered 403 AuthorizationFailed: no"
    assert lines[-1] == f"WARNING: right unknown vault={vault_id('rsv-2')} why='{told}'"
    assert ended == "1 of 2 vaults lack the right, 0 scopes were not read; see the WARNING lines above"


def test_a_right_that_is_missing_comes_with_the_command_that_grants_it(capsys):
    subscription = "/subscriptions/11111111-0000-0000-0000-000000000000"
    lines, ended = checked(
        capsys,
        role_assignments=[
            {"role": "Reader", "scope": subscription},
            {"role": "Backup Operator", "scope": vault_id("rsv-1")},
        ],
    )

    assert lines[-1] == (
        f"WARNING: right missing vault={vault_id('rsv-2')} needs={right_to_start(vault_id('rsv-2'))} "
        'an_owner_runs=\'az role assignment create --assignee <identity> --role "Backup Operator" --scope '
        f"{vault_id('rsv-2')}'"
    )
    assert ended == "1 of 2 vaults lack the right, 0 scopes were not read; see the WARNING lines above"


BACKUP_VAULT = vault_id("bv-1").replace("recoveryservices/vaults", "dataprotection/backupvaults")


@pytest.mark.parametrize(("role", "lacking"), [("Backup Operator", False), ("Backup Reader", True)])
def test_a_backup_vault_needs_a_right_of_its_own(capsys, role, lacking):
    subscription = "/subscriptions/11111111-0000-0000-0000-000000000000"
    assignments = [
        {"role": "Backup Operator", "scope": vault_id("rsv-1")},
        {"role": "Backup Operator", "scope": vault_id("rsv-2")},
        {"role": "Reader", "scope": subscription},
        {"role": role, "scope": BACKUP_VAULT},
    ]
    lines, ended = checked(capsys, backup_vaults=["bv-1"], role_assignments=assignments)

    needs = "needs=Microsoft.DataProtection/backupVaults/backupInstances/backup/action"
    assert [needs in line and BACKUP_VAULT in line for line in lines if "WARNING" in line] == [True] * lacking
    assert ended.startswith("1 of 3 vaults lack the right") is lacking


# -- Many decisions ----------------------------------------------------------------


def many(count, **more):
    return [entry(f"vm-{number}", rule=f"rule-{number % 2}", **more) for number in range(count)]


def test_a_summary_counts_by_verdict_and_rule(run):
    entries = [*many(3), entry("vm-9", "would retry", "passing_cause"), entry("vm-8", rule="out_of_time")]

    assert run(telling(*entries), "log=summary")[1][:-1] == [
        "WARNING: left rule=out_of_time count=1",
        "left rule=rule-0 count=2",
        "left rule=rule-1 count=1",
        "would retry rule=passing_cause count=1",
        "done decided=5 retried=0 left=4 failed=0 would_retry=1 out_of_time=1 unread=0",
    ]


def test_a_summary_still_names_what_failed(run):
    _, lines = run(telling(*many(2), entry("vm-9", "failed", "passing_cause")), "log=summary")

    assert lines == [
        "WARNING: failed item=vm-9 vault=rsv-1 why='because of vm-9' job=job-1",
        "failed rule=passing_cause count=1",
        "left rule=rule-0 count=1",
        "left rule=rule-1 count=1",
        "done decided=3 retried=0 left=2 failed=1 unread=0",
        "ERROR: 1 of 3 items failed; see the WARNING lines above",
    ]


@pytest.mark.parametrize(("count", "lines"), [(MOST_LINES, MOST_LINES + 1), (MOST_LINES + 1, 3)])
def test_a_stream_holds_two_thousand_decisions_and_no_more(run, tmp_path, count, lines):
    report = tmp_path / "report.ndjson"
    code, told = run(telling(*many(count)), f"report={report}")

    assert (code, len(told)) == (DONE, lines)
    assert told[-1] == f"done decided={count} retried=0 left={count} failed=0 unread=0"
    assert len(report.read_text().splitlines()) == count


# -- Reports -----------------------------------------------------------------------


def test_a_report_has_an_object_for_each_decision_and_each_unread_scope(run, tmp_path):
    report = tmp_path / "report.ndjson"
    entries = [entry(), entry("vm-\xe9", "failed")]

    run(telling(*entries, unread=[Unread("/subscriptions/a", "no")]), f"report={report}")

    assert [json.loads(line) for line in report.read_text().splitlines()] == [
        *entries,
        {"unread": "/subscriptions/a", "reason": "no"},
    ]
    assert report.read_bytes().isascii()


def test_each_entry_is_in_the_report_at_once(run, tmp_path):
    report = tmp_path / "report.ndjson"
    seen = []

    def work(session):
        for number in range(2):
            session.record({"n": number})
            seen.append(report.read_text())

    run(book(work), f"report={report}")

    assert seen == ['{"n": 0}\n', '{"n": 0}\n{"n": 1}\n']


def test_a_report_in_a_folder_is_named_by_runbook_day_and_run(run, tmp_path):
    ids = []

    def work(session):
        ids.append((f"{session.started:%Y-%m-%d}", session.run_id))
        session.record({})

    run(book(work), f"report={tmp_path}/")
    run(book(work), f"report={tmp_path}/")

    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.ndjson")) == sorted(
        f"auto_retry/{day}/{run_id}.ndjson" for day, run_id in ids
    )
    assert len(set(ids)) == 2


def test_a_report_that_cannot_be_written_is_told_before_anything_is_done(run, tmp_path):
    code, lines = run(raising(AssertionError("begun")), f"report={tmp_path}")

    assert code == FAILED
    assert lines[0] == "done"
    assert lines[1].startswith(f"ERROR: report={tmp_path}: cannot be written (")


# -- Messages ----------------------------------------------------------------------


def hook(tmp_path, text=HOOK):
    path = tmp_path / "hook.txt"
    path.write_text(text + "\n")
    return path


@pytest.fixture
def notified(run, mocker, tmp_path):
    """The exit code, the lines and the messages of a run that may notify."""

    def run_it(runbook, status=202, text=HOOK):
        post = mocker.patch("requests.post", return_value=mocker.Mock(status_code=status))
        code, lines = run(runbook, f"notify={hook(tmp_path, text)}")
        assert all(call.args == (HOOK,) and call.kwargs["timeout"] for call in post.call_args_list)
        return code, lines, [call.kwargs["json"] for call in post.call_args_list]

    return run_it


def test_nobody_is_told_of_a_run_that_ended_well(notified):
    code, _, messages = notified(telling(entry(), entry("vm-2", "retried")))

    assert (code, messages) == (DONE, [])


def test_nobody_is_told_without_notify(run, mocker):
    post = mocker.patch("requests.post")

    run(telling(entry("vm-1", "failed", attention=True)))

    post.assert_not_called()


@pytest.mark.parametrize(
    ("runbook", "code", "headline", "attention"),
    [
        pytest.param(
            telling(entry("vm-1", "failed")),
            FAILED,
            "1 of 1 items failed; see the WARNING lines above",
            ["failed vm-1: because of vm-1"],
            id="failed",
        ),
        pytest.param(
            telling(unread=[Unread("x", "y")]),
            FAILED,
            "1 scopes were not read; see the WARNING lines above",
            [],
            id="was partly blind",
        ),
        pytest.param(
            raising(ArmError("list vaults", 500, "Oops", "sorry")),
            FAILED,
            "list vaults: Azure answered 500 Oops: sorry (the run ended there)",
            [],
            id="ended early",
        ),
        pytest.param(
            telling(entry("vm-1", attention=True), entry("vm-2")),
            DONE,
            "items need attention",
            ["left vm-1: because of vm-1"],
            id="left an item that needs somebody",
        ),
    ],
)
def test_one_message_is_sent_when_a_run(notified, runbook, code, headline, attention):
    ended, lines, (message,) = notified(runbook)

    assert ended == code
    first, done, *rest = message["text"].split("\n\n")
    assert first == f"auto_retry {message['run']}: {headline}"
    assert (done, rest) == (next(line for line in lines if line.startswith("done")), attention)
    assert (message["runbook"], message["attention"]) == ("auto_retry", attention)
    assert message["error"] == (headline if code else "")


def test_teams_workflows_get_the_same_lines_as_a_card(notified):
    _, _, (message,) = notified(telling(entry("vm-1", "failed")))

    ((attachment,),) = [message["attachments"]]
    assert (message["type"], attachment["contentType"]) == (
        "message",
        "application/vnd.microsoft.card.adaptive",
    )
    assert attachment["content"]["type"] == "AdaptiveCard"
    assert [block["text"] for block in attachment["content"]["body"]] == message["text"].split("\n\n")


def test_a_message_names_twenty_items_those_first_for_which_nothing_is_done(notified):
    retried = [entry(f"vm-r{number}", "retried", attention=True) for number in range(15)]
    left = [entry(f"vm-l{number}", attention=True) for number in range(15)]
    _, _, (message,) = notified(telling(*retried, *left))

    assert [line.partition(":")[0] for line in message["attention"]] == [
        *(f"left vm-l{number}" for number in range(15)),
        *(f"retried vm-r{number}" for number in range(5)),
    ]
    assert message["text"].endswith("and 10 more; the report has them all")
    assert message["counts"]["decided"] == 30


@pytest.mark.parametrize("runbook", [telling(entry(attention=True)), telling(entry("vm-1", "failed"))])
def test_a_message_that_is_refused_is_a_failure(notified, runbook):
    code, lines, _ = notified(runbook, status=410)

    assert code == FAILED
    assert lines[-1] == (
        "ERROR: notify: the webhook answered 410; renew its URL where notify says it is kept"
    )


@pytest.mark.parametrize(
    "problem", [requests.ConnectionError, requests.Timeout, requests.exceptions.InvalidURL]
)
def test_a_webhook_that_does_not_answer_is_a_failure_that_does_not_show_it(run, mocker, tmp_path, problem):
    mocker.patch("requests.post", side_effect=lambda url, **more: (_ for _ in ()).throw(problem(f"no {url}")))
    code, lines = run(telling(entry(attention=True)), f"notify={hook(tmp_path)}")

    assert code == FAILED
    assert lines[-1] == f"ERROR: notify: the webhook did not answer ({problem.__name__})"
    assert "SECRET" not in "".join(lines)


@pytest.mark.parametrize("text", ["http://hooks.example.com/SECRET", "SECRET"])
def test_what_is_no_https_url_is_not_called(notified, text):
    code, lines, messages = notified(telling(entry(attention=True)), text=text)

    assert (code, messages) == (FAILED, [])
    assert lines[-1] == (
        "ERROR: notify: what the location holds is no https URL; store the webhook's URL there"
    )


def test_a_webhook_that_is_not_where_it_should_be_is_a_failure(run, tmp_path):
    code, lines = run(telling(entry(attention=True)), f"notify={tmp_path}/none.txt")

    assert code == FAILED
    assert lines[-1].startswith(f"ERROR: {tmp_path}/none.txt: cannot be read (FileNotFoundError)")


def test_somebody_is_told_of_a_fault_of_our_own_too(mocker, tmp_path):
    """Exit code 1 by a traceback is an exit code too."""
    post = mocker.patch("requests.post", return_value=mocker.Mock(status_code=202))

    with pytest.raises(ZeroDivisionError):
        main(raising(ZeroDivisionError("a bug")), [f"notify={hook(tmp_path)}"])

    (call,) = post.call_args_list
    assert "an unexpected ZeroDivisionError" in call.kwargs["json"]["error"]
