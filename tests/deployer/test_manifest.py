"""`schedules.json` that is right: what comes of it."""

import json
from datetime import date, time

import pytest
from deployer.cadence import Every, MonthDay, Occurrence, Weekday
from deployer.manifest import Manifest, read
from pydantic import ValidationError

from tests.deployer.manifests import RIGHT, RUNBOOKS, STAGING, changed, manifest, written
from tests.test_shape import ROOT

HOURLY = "schedules / hourly"
PARAMETERS = "schedules / hourly / runs / 0 / parameters"


# -- The file that is shipped ---------------------------------------------------------------------


@pytest.fixture
def shipped():
    return read(ROOT / "schedules.json", RUNBOOKS, {"BACKUP_STORAGE": "stbackup"})


def test_the_shipped_file_needs_one_variable_of_the_environment(shipped):
    assert shipped.runtime.staging == STAGING


def test_the_shipped_file_publishes_every_runbook_there_is(shipped):
    assert set(shipped.runbooks) == {path.stem for path in RUNBOOKS.glob("*.py")}


def test_the_shipped_file_says_of_every_run_that_it_is_dry(shipped):
    starts = [*shipped.webhooks.values(), *(run for one in shipped.schedules.values() for run in one.runs)]

    assert starts
    changing = [start for start in starts if start.runbook not in ("job_export", "backup_report")]
    assert all(start.parameters["dry_run"] is True for start in changing)


def test_the_shipped_file_starts_nothing_at_the_full_or_half_hour_when_everybody_does(shipped):
    assert all(one.at.minute % 15 for one in shipped.schedules.values())


def test_the_shipped_file_sends_the_alerts_of_the_accounts_own_subscription(shipped):
    assert [(alert.webhook, dict(alert.rules)) for alert in shipped.alerts.values()] == [
        ("backup-failed", {})
    ]


# -- What can be written --------------------------------------------------------------------------


def test_a_runtime_environment_and_runbooks_are_enough(tmp_path):
    least = manifest(tmp_path, {"runtime": RIGHT["runtime"], "runbooks": {}})

    assert least.runtime.version == "3.10"
    assert (least.schedules, least.webhooks, least.alerts, least.variables) == ({}, {}, {}, {})


@pytest.mark.parametrize(
    ("text", "every"),
    [
        pytest.param("hour", Every(1, "hour"), id="a unit alone"),
        pytest.param("1 hour", Every(1, "hour"), id="one"),
        pytest.param("2 days", Every(2, "day"), id="two"),
        pytest.param("100 days", Every(100, "day"), id="as many as Azure counts to"),
    ],
)
def test_how_often_is_read(tmp_path, text, every):
    assert manifest(tmp_path, changed((f"{HOURLY} / every", text))).schedules["hourly"].every == every


@pytest.mark.parametrize(
    ("every", "on", "days"),
    [
        pytest.param(
            "1 week", ["Monday", "Thursday"], (Weekday("Monday"), Weekday("Thursday")), id="weekdays"
        ),
        pytest.param("1 month", ["1", "last day"], (MonthDay(1), MonthDay(-1)), id="days of the month"),
        pytest.param(
            "2 months",
            ["first Monday", "last Friday"],
            (Occurrence(1, "Monday"), Occurrence(-1, "Friday")),
            id="weekdays of the month",
        ),
    ],
)
def test_days_are_read(tmp_path, every, on, days):
    read_back = manifest(tmp_path, changed((f"{HOURLY} / every", every), (f"{HOURLY} / on", on)))

    assert read_back.schedules["hourly"].on == days


def test_times_and_dates_are_read(tmp_path):
    weekly = manifest(tmp_path, changed(("schedules / weekly / ends", "2027-12-31"))).schedules["weekly"]

    assert (weekly.at, weekly.zone) == (time(6, 30), "Etc/UTC")
    assert (weekly.starts, weekly.ends) == (date(2026, 12, 1), date(2027, 12, 31))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("back up (nightly)", id="blanks and brackets"),
        pytest.param("nächtlich", id="letters of other alphabets"),
        pytest.param("a" * 128, id="as long as may be"),
    ],
)
def test_a_schedule_may_have_the_name(tmp_path, name):
    document = changed((f"schedules / {name}", RIGHT["schedules"]["hourly"]))

    assert name in manifest(tmp_path, document).schedules


def test_a_byte_order_mark_does_not_matter(tmp_path):
    path = tmp_path / "schedules.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(RIGHT).encode())

    assert "auto_retry" in read(path, RUNBOOKS, {}).runbooks


# -- The environment ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "read_back"),
    [
        pytest.param("${NAME}", "st", id="a text that is a place"),
        pytest.param("https://${NAME}.net/${NAME}", "https://st.net/st", id="two places"),
        pytest.param("${EMPTY}", "", id="a variable that is set to nothing"),
        pytest.param("$${NAME}", "${NAME}", id="a place that is meant literally"),
        pytest.param("$NAME {x} $", "$NAME {x} $", id="no place"),
        pytest.param("${PLACE}", "${NAME}", id="a value that looks like a place"),
    ],
)
def test_a_text_is_filled_from_the_environment(tmp_path, text, read_back):
    document = changed(("variables / x", {"value": text}))
    environ = {"NAME": "st", "EMPTY": "", "PLACE": "${NAME}"}

    assert manifest(tmp_path, document, environ).variables["x"].value == read_back


def test_a_name_is_filled_from_the_environment(tmp_path):
    subscription = "11111111-2222-3333-4444-555555555555"
    document = changed(("alerts / ag-backup-failed / rules", {"${SUBSCRIPTION}": "rg-backup"}))

    rules = manifest(tmp_path, document, {"SUBSCRIPTION": subscription}).alerts["ag-backup-failed"].rules

    assert rules == {subscription: "rg-backup"}


# -- What the plan asks of it ---------------------------------------------------------------------


def test_variables_that_parameters_name_and_the_file_does_not_hold_are_listed(tmp_path):
    document = changed(
        (f"{PARAMETERS} / report", "var:Backup-Reports"),
        (f"{PARAMETERS} / notify", "var:teams-hook"),
        ("webhooks / backup-failed / parameters", {"notify": "var:teams-hook", "report": "var:alerts"}),
    )

    assert manifest(tmp_path, document).var_names() == ("alerts", "teams-hook")


def test_the_tokens_of_a_run_are_in_the_order_that_those_of_the_account_are_in(tmp_path):
    run = manifest(tmp_path, changed((f"{PARAMETERS} / backoff", "30m"))).schedules["hourly"].runs[0]

    assert run.tokens == ("backoff=30m", "dry_run=true")


def test_a_manifest_stays_as_it_was_read(tmp_path):
    with pytest.raises(ValidationError, match="frozen"):
        manifest(tmp_path, RIGHT).schedules["hourly"].enabled = False


def test_names_are_looked_up_by_read_alone():
    """So that a part of a manifest can be made of plain values."""
    document = changed((f"{HOURLY} / runs / 0 / runbook", "another"))

    assert Manifest.model_validate(document).schedules["hourly"].runs[0].runbook == "another"


def test_the_file_is_named_as_it_was_given(tmp_path, monkeypatch):
    written(tmp_path, [])
    monkeypatch.chdir(tmp_path)

    with pytest.raises(Exception, match=r"^schedules\.json: must be an object, got a list$"):
        read(written(tmp_path, []).relative_to(tmp_path), RUNBOOKS, {})
