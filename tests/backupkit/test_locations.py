"""Places that parameters name."""

import sys
from datetime import UTC, datetime, timedelta, timezone
from types import ModuleType

import pytest
from backupkit.locations import LocationError, open_report, report_place, secret, variable

STARTED = datetime(2026, 6, 16, 23, 30, tzinfo=UTC)


@pytest.fixture
def account(monkeypatch):
    """An Automation account's variables; what Azure puts on the path of a runbook gives them."""
    variables = {}
    module = ModuleType("automationassets")
    missing = type("AutomationAssetNotFound", (Exception,), {})

    def get_automation_variable(name):
        if name not in variables:
            raise missing(name)
        return variables[name]

    module.AutomationAssetNotFound = missing
    module.get_automation_variable = get_automation_variable
    monkeypatch.setitem(sys.modules, "automationassets", module)
    return variables


# -- Variables ---------------------------------------------------------------------


def test_a_variable_is_the_automation_accounts(account, monkeypatch):
    monkeypatch.setenv("hook", "of the environment")
    account["hook"] = " of the account\n"

    assert variable("hook") == "of the account"


def test_outside_automation_a_variable_is_of_the_environment(monkeypatch):
    monkeypatch.setenv("hook", " of the environment\n")

    assert variable("hook") == "of the environment"


@pytest.mark.parametrize("value", [None, ""])
def test_an_empty_variable_is_none(account, value):
    account["hook"] = value

    with pytest.raises(LocationError, match="var:hook: no such variable, or it is empty; create it"):
        variable("hook")


def test_a_variable_that_is_not_there_is_named(account, monkeypatch):
    monkeypatch.setenv("hook", "of the environment")

    with pytest.raises(LocationError) as error:
        variable("hook")
    assert str(error.value) == (
        "var:hook: no such variable, or it is empty; create it in the Automation account"
    )


def test_outside_automation_a_variable_that_is_not_there_is_named(monkeypatch):
    monkeypatch.delenv("hook", raising=False)

    with pytest.raises(LocationError, match="var:hook"):
        variable("hook")


def test_a_number_is_its_text(account):
    account["place"] = 7

    assert variable("place") == "7"


# -- Secrets -----------------------------------------------------------------------


def test_a_secret_is_kept_in_a_variable_or_a_file(account, tmp_path):
    account["hook"] = "https://hooks.example.com/1"
    (tmp_path / "hook.txt").write_text("https://hooks.example.com/2\n")

    assert secret("var:hook") == "https://hooks.example.com/1"
    assert secret(str(tmp_path / "hook.txt")) == "https://hooks.example.com/2"


@pytest.mark.parametrize(
    ("content", "why"), [(None, "FileNotFoundError"), (b"\xff\xfe\xff", "UnicodeDecodeError")]
)
def test_a_file_that_cannot_be_read_is_named(tmp_path, content, why):
    path = tmp_path / "hook.txt"
    if content:
        path.write_bytes(content)

    with pytest.raises(LocationError) as error:
        secret(str(path))
    assert str(error.value) == f"{path}: cannot be read ({why}); give var:NAME or a file's path"


# -- Reports -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("location", "path"),
    [
        pytest.param("out/report.ndjson", "out/report.ndjson", id="a file is itself"),
        pytest.param("out/", "out/auto_retry/2026-06-16/run-1.ndjson", id="a folder gets a dated file"),
        pytest.param(
            "https://account.blob.core.windows.net/reports/",
            "https://account.blob.core.windows.net/reports/auto_retry/2026-06-16/run-1.ndjson",
            id="so does a place in a container",
        ),
        pytest.param(
            "var:place", "kept/here/auto_retry/2026-06-16/run-1.ndjson", id="a variable may hold a folder"
        ),
    ],
)
def test_where_a_report_goes(account, location, path):
    account["place"] = "kept/here/"

    assert report_place(location, "auto_retry", STARTED, "run-1") == path


def test_a_reports_date_is_utc():
    elsewhere = STARTED.astimezone(timezone(timedelta(hours=5)))

    assert report_place("out/", "auto_retry", elsewhere, "r") == "out/auto_retry/2026-06-16/r.ndjson"


def test_a_variable_that_holds_a_signed_url_is_refused_and_not_shown(account):
    account["place"] = "https://account.blob.core.windows.net/reports/?sig=SECRET"

    with pytest.raises(LocationError) as error:
        report_place("var:place", "auto_retry", STARTED, "run-1")
    assert str(error.value) == ("var:place holds a signed URL; give it without, the run's identity signs in")


def test_a_report_is_opened_with_the_folders_it_needs(tmp_path):
    path = tmp_path / "a" / "b" / "report.ndjson"
    path.parent.mkdir(parents=True)
    path.write_text("of an earlier run\n")

    with open_report(path) as report:
        report.write("of this run\n")

    assert path.read_bytes() == b"of this run\n"


def test_a_report_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "taken").write_text("a file, not a folder")
    path = tmp_path / "taken" / "report.ndjson"

    with pytest.raises(LocationError, match=rf"report={path}: cannot be written \(.+\); name a place"):
        open_report(path)
