"""What is refused in `schedules.json`, and what is said of it."""

import json

import pytest
from deployer.errors import ManifestError
from deployer.manifest import read
from hypothesis import given
from hypothesis import strategies as st

from tests.deployer.manifests import LEAVE_OUT, RIGHT, RUNBOOKS, changed, faults

HOURLY = "schedules / hourly"
RUN = "schedules / hourly / runs / 0"
PARAMETERS = "schedules / hourly / runs / 0 / parameters"
ITS = "schedules.hourly.runs[0].parameters"
NAME = "must be 1 to 128 characters, none of them <>*%&:\\?.+/# or a control, no blank at either end"
DAY = "must be such as 'Monday', '15' (from 1 to 31), 'last day' or 'first Monday'"
ZONE = "must be a time zone of IANA, such as Etc/UTC or Europe/Berlin"
AT = "must be a time of day from 00:00 to 23:59, such as 06:30"
CENTURY = "must be a date of this century, such as 2026-12-01; leave it out for none"
CONTAINER = "must be https://<account>.blob.core.windows.net/<container>, without a SAS"
BLANK = "must be without blanks, since Azure Automation splits values there"
UNSET = "is not set in the environment; export it, or write its value into the file"
ITS_EVERY = "schedules.hourly.every:"
SUB = "11111111-2222-3333-4444-555555555555"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        # -- The file and its runtime environment
        pytest.param(
            [("scheduls", {})], "scheduls: no such key (did you mean 'schedules'?)", id="a misspelt section"
        ),
        pytest.param(
            [("cron", {})],
            "cron: no such key; known are $schema, runtime, runbooks, schedules, webhooks, alerts, variables",
            id="a section like no other",
        ),
        pytest.param(
            [("runtime", LEAVE_OUT)],
            "runtime: is missing: the runtime environment that the runbooks run in",
            id="no runtime environment",
        ),
        pytest.param(
            [("runtime / staging", LEAVE_OUT)],
            "runtime.staging: is missing: the blob container that Azure Automation fetches the packages "
            "from: its URL, without a SAS",
            id="no container for packages",
        ),
        pytest.param(
            [("runtime / staging", "https://st.blob.core.windows.net/c?sv=1&sig=SECRET")],
            f"runtime.staging: {CONTAINER}, got 'https://...'",
            id="a container with its SAS",
        ),
        pytest.param(
            [("runtime / name", "Python-3.10")],
            "runtime.name: must be letters, digits, _ or -, a letter first, got 'Python-3.10'",
            id="a runtime environment of Azure's own",
        ),
        pytest.param(
            [("runtime / version", 3.10)],
            "runtime.version: must be a version of Python such as '3.10', got 3.1",
            id="a version that JSON reads as a number",
        ),
        pytest.param([("runtime", [])], "runtime: must be an object, got a list", id="a list for an object"),
        # -- Runbooks
        pytest.param(
            [("runbooks / auto_retri", {})],
            "runbooks.auto_retri: there is no auto_retri.py in runbooks/ (did you mean 'auto_retry'?)",
            id="a runbook without a file",
        ),
        pytest.param(
            [("runbooks / auto_retry / verbos", True)],
            "runbooks.auto_retry.verbos: no such key (did you mean 'verbose'?)",
            id="a misspelt switch",
        ),
        pytest.param(
            [("runbooks / auto_retry / verbose", "yes")],
            "runbooks.auto_retry.verbose: must be true or false, got 'yes'",
            id="a switch in words",
        ),
        pytest.param(
            [("runbooks / auto_retry / description", None)],
            "runbooks.auto_retry.description: must be a text, got null",
            id="null for a text",
        ),
        # -- Schedules: names
        pytest.param(
            [("schedules / a:b", RIGHT["schedules"]["hourly"])],
            f"schedules['a:b']: {NAME}, got 'a:b'",
            id="a schedule's name with a colon",
        ),
        pytest.param(
            [("schedules / late ", RIGHT["schedules"]["hourly"])],
            f"schedules['late ']: {NAME}, got 'late '",
            id="a schedule's name that ends in a blank",
        ),
        pytest.param(
            [(f"schedules / {'a' * 129}", RIGHT["schedules"]["hourly"])],
            f"schedules.{'a' * 129}: {NAME}, got '{'a' * 129}'",
            id="a schedule's name that is too long",
        ),
        pytest.param(
            [("schedules / Hourly", RIGHT["schedules"]["hourly"])],
            "schedules.Hourly: differs from 'hourly' in casing alone, and to Azure not at all",
            id="two names that Azure takes for one",
        ),
        # -- Schedules: how often
        pytest.param(
            [(f"{HOURLY} / evry", "1 hour")],
            "schedules.hourly.evry: no such key (did you mean 'every'?)",
            id="a misspelt key of a schedule",
        ),
        pytest.param(
            [(f"{HOURLY} / every", "15 minutes")],
            "schedules.hourly.every: must be hours, days, weeks or months: Azure starts nothing more often "
            "than hourly, but several hourly schedules at different minutes do, got '15 minutes'",
            id="minutes",
        ),
        pytest.param(
            [(f"{HOURLY} / every", "1 hours")],
            f"{ITS_EVERY} must be such as '1 hour' or '2 hours', got '1 hours' (did you mean '1 hour'?)",
            id="one in the plural",
        ),
        pytest.param(
            [(f"{HOURLY} / every", "2 hour")],
            f"{ITS_EVERY} must be such as '1 hour' or '2 hours', got '2 hour' (did you mean '2 hours'?)",
            id="two in the singular",
        ),
        pytest.param(
            [(f"{HOURLY} / every", "fortnight")],
            f"{ITS_EVERY} must be such as '1 hour', '2 days', '1 week' or '3 months', got 'fortnight'",
            id="a word nobody knows",
        ),
        pytest.param(
            [(f"{HOURLY} / every", "101 days")],
            "schedules.hourly.every: must be from 1 to 100 days, got '101 days'",
            id="more than Azure counts to",
        ),
        pytest.param(
            [(f"{HOURLY} / every", "0 days")],
            "schedules.hourly.every: must be from 1 to 100 days, got '0 days'",
            id="never",
        ),
        pytest.param(
            [(f"{HOURLY} / every", 1)],
            "schedules.hourly.every: must be a text such as '1 hour', got 1",
            id="a number without its unit",
        ),
        # -- Schedules: at what time
        pytest.param(
            [(f"{HOURLY} / at", LEAVE_OUT)],
            "schedules.hourly.at: is missing: time of day in its zone, HH:MM; an hourly schedule starts at "
            "these minutes of every hour",
            id="no time of day",
        ),
        pytest.param(
            [(f"{HOURLY} / at", "24:00")], f"schedules.hourly.at: {AT}, got '24:00'", id="an hour too many"
        ),
        pytest.param(
            [(f"{HOURLY} / at", "6:30")], f"schedules.hourly.at: {AT}, got '6:30'", id="a digit too few"
        ),
        pytest.param(
            [(f"{HOURLY} / zone", "W. Europe Standard Time")],
            f"schedules.hourly.zone: {ZONE}, got 'W. Europe Standard Time' (did you mean 'Europe/Berlin'?)",
            id="a zone of Windows",
        ),
        pytest.param(
            [(f"{HOURLY} / zone", "Europe/Berln")],
            f"schedules.hourly.zone: {ZONE}, got 'Europe/Berln' (did you mean 'Europe/Berlin'?)",
            id="a misspelt zone",
        ),
        pytest.param(
            [(f"{HOURLY} / zone", "etc/utc")],
            f"schedules.hourly.zone: {ZONE}, got 'etc/utc' (did you mean 'Etc/UTC'?)",
            id="a zone in other casing",
        ),
        pytest.param(
            [(f"{HOURLY} / zone", "+01:00")],
            f"schedules.hourly.zone: {ZONE}, got '+01:00'",
            id="an offset for a zone",
        ),
        # -- Schedules: on which days
        pytest.param(
            [(f"{HOURLY} / on", ["Monday"])],
            "schedules.hourly.on: goes with weeks and months alone, and every is '1 hour'; leave it out",
            id="days of an hourly schedule",
        ),
        pytest.param(
            [(f"{HOURLY} / every", "1 week")],
            "schedules.hourly.on: is missing: every is '1 week', so say on which days, such as [\"Monday\"]",
            id="a week without days",
        ),
        pytest.param(
            [(f"{HOURLY} / every", "2 months")],
            "schedules.hourly.on: is missing: every is '2 months', so say on which days, such as [\"1\"], "
            '["last day"] or ["first Monday"]',
            id="months without days",
        ),
        pytest.param(
            [(f"{HOURLY} / every", "1 week"), (f"{HOURLY} / on", ["Monday", "1", "last day"])],
            "schedules.hourly.on: must be weekdays, since every is '1 week', got '1', 'last day'",
            id="days of the month in a week",
        ),
        pytest.param(
            [(f"{HOURLY} / every", "1 month"), (f"{HOURLY} / on", ["Monday"])],
            "schedules.hourly.on: must say which of the month's, such as 'first Monday', got 'Monday'",
            id="any Monday of a month",
        ),
        pytest.param(
            [(f"{HOURLY} / every", "1 month"), (f"{HOURLY} / on", ["1", "first Monday"])],
            "schedules.hourly.on: takes days of the month or weekdays of the month, not both; make two "
            "schedules of it",
            id="both kinds of days in a month",
        ),
        pytest.param(
            [(f"{HOURLY} / every", "1 week"), (f"{HOURLY} / on", ["Monday", "Monday"])],
            "schedules.hourly.on: names a day twice",
            id="a day twice",
        ),
        pytest.param(
            [("schedules / weekly / on", ["Tusday"])],
            f"schedules.weekly.on[0]: {DAY}, got 'Tusday' (did you mean 'Tuesday'?)",
            id="a misspelt weekday",
        ),
        pytest.param(
            [("schedules / weekly / on", ["monday"])],
            f"schedules.weekly.on[0]: {DAY}, got 'monday' (did you mean 'Monday'?)",
            id="a weekday in other casing",
        ),
        pytest.param(
            [(f"{HOURLY} / every", "1 month"), (f"{HOURLY} / on", ["1", "32"])],
            f"schedules.hourly.on[1]: {DAY}, got '32'",
            id="a day that no month has",
        ),
        pytest.param(
            [(f"{HOURLY} / every", "1 month"), (f"{HOURLY} / on", [1])],
            "schedules.hourly.on[0]: must be a text such as 'Monday' or '15', got 1",
            id="a day as a number",
        ),
        pytest.param(
            [("schedules / weekly / on", "Monday")],
            "schedules.weekly.on: must be a list, got 'Monday'",
            id="a day outside a list",
        ),
        # -- Schedules: from when to when
        pytest.param(
            [("schedules / weekly / starts", "2027-02-29")],
            "schedules.weekly.starts: must be a day of the calendar, got '2027-02-29'",
            id="a day that its year lacks",
        ),
        pytest.param(
            [("schedules / weekly / starts", "1.12.2026")],
            f"schedules.weekly.starts: {CENTURY}, got '1.12.2026'",
            id="a date in another form",
        ),
        pytest.param(
            [("schedules / weekly / ends", "9999-12-31")],
            f"schedules.weekly.ends: {CENTURY}, got '9999-12-31'",
            id="a date that means never",
        ),
        pytest.param(
            [("schedules / weekly / ends", "2026-11-30")],
            "schedules.weekly.ends: must not be before starts, which is 2026-12-01, got '2026-11-30'",
            id="an end before the start",
        ),
        # -- Runs
        pytest.param(
            [(f"{HOURLY} / runs", [])],
            "schedules.hourly.runs: names none; add a run, or leave the schedule out",
            id="no runs",
        ),
        pytest.param(
            [(f"{HOURLY} / runs", LEAVE_OUT)],
            "schedules.hourly.runs: is missing: what it starts",
            id="runs left out",
        ),
        pytest.param(
            [(f"{HOURLY} / runs / 1", {"runbook": "auto_retry", "parameters": {"window": "48h"}})],
            "schedules.hourly.runs[1].runbook: is started by this schedule already, and Azure links the two "
            "once; add a second schedule",
            id="a runbook twice",
        ),
        pytest.param(
            [(f"{RUN} / runbook", "auto_retri")],
            "schedules.hourly.runs[0].runbook: must be listed under runbooks, got 'auto_retri' "
            "(did you mean 'auto_retry'?)",
            id="a run of a runbook that is not listed",
        ),
        pytest.param(
            [(f"{RUN} / params", {})],
            "schedules.hourly.runs[0].params: no such key (did you mean 'parameters'?)",
            id="a misspelt key of a run",
        ),
        # -- Parameters
        pytest.param(
            [(f"{PARAMETERS} / window", "99d")],
            f"{ITS}.window: must be from 1h to 14d, got '99d'",
            id="a value that the runbook would refuse",
        ),
        pytest.param(
            [(f"{PARAMETERS} / windw", "24h")],
            f"{ITS}.windw: auto_retry has no such parameter (did you mean 'window'?)",
            id="a misspelt parameter",
        ),
        pytest.param(
            [(f"{PARAMETERS} / xyz", "red")],
            f"{ITS}.xyz: auto_retry has no such parameter; the table in README.md lists them",
            id="a parameter like no other",
        ),
        pytest.param(
            [(f"{PARAMETERS} / dry_run", False)],
            f"{ITS}.ledger: is required with dry_run=false; none counts attempts from job history",
            id="a parameter that another one needs",
        ),
        pytest.param(
            [(f"{PARAMETERS} / retry_codes", "X"), (f"{PARAMETERS} / never_codes", "x")],
            f"{ITS}: x stands in retry_codes and in never_codes",
            id="parameters that contradict each other",
        ),
        pytest.param(
            [("webhooks / backup-failed / parameters", {"dry_run": False, "ledger": "none"})],
            "webhooks.backup-failed.parameters.ledger: must be a container where alerts start a run with "
            "dry_run=false",
            id="what a run may do, but no alert",
        ),
        pytest.param(
            [(f"{PARAMETERS} / optout_tag", "a: b")],
            f"{ITS}.optout_tag: {BLANK}, got 'a: b'",
            id="a value with a blank",
        ),
        pytest.param(
            [(f"{PARAMETERS} / vaults", ["a", "b\tc"])],
            f"{ITS}.vaults: {BLANK}, got 'b\\tc'",
            id="a tab within a list",
        ),
        pytest.param(
            [(f"{PARAMETERS} / vaults", ["a,b"])],
            f"{ITS}.vaults: holds a comma within a text, where one is read as two; make them two texts of "
            "the list",
            id="a comma within a list",
        ),
        pytest.param(
            [(f"{PARAMETERS} / vaults", ["a", 1])],
            f"{ITS}.vaults: must be a text, a number, true, false or a list of texts, got a list",
            id="a number within a list",
        ),
        pytest.param(
            [(f"{PARAMETERS} / window", None)],
            f"{ITS}.window: must be a text, a number, true, false or a list of texts, got null",
            id="null for a value",
        ),
        pytest.param(
            [(f"{PARAMETERS} / dry run", True)],
            f"{ITS}['dry run']: names of parameters are letters, digits and underscores",
            id="a blank in a parameter's name",
        ),
        pytest.param(
            [(PARAMETERS, ["dry_run=true"])],
            f"{ITS}: must be an object of names and values, got a list",
            id="tokens for parameters",
        ),
        # -- Webhooks
        pytest.param(
            [("webhooks / backup_failed", {"runbook": "auto_retry"})],
            "webhooks.backup_failed: must be 1 to 100 letters, digits or hyphens; a suffix is put to it, "
            "got 'backup_failed'",
            id="a webhook's name with an underscore",
        ),
        pytest.param(
            [("webhooks / backup-failed / valid_days", 3651)],
            "webhooks.backup-failed.valid_days: must be 3650 at most, got 3651",
            id="more than ten years",
        ),
        pytest.param(
            [("webhooks / backup-failed / renew_days", -1)],
            "webhooks.backup-failed.renew_days: must be 0 at least, got -1",
            id="fewer days than none",
        ),
        pytest.param(
            [("webhooks / backup-failed / valid_days", "365")],
            "webhooks.backup-failed.valid_days: must be a whole number, got '365'",
            id="a number as a text",
        ),
        pytest.param(
            [("webhooks / backup-failed / renew_days", 365)],
            "webhooks.backup-failed.renew_days: must be less than valid_days, which is 365, got 365",
            id="a webhook that would always be made anew",
        ),
        pytest.param(
            [("webhooks / backup-failed / valid_days", 30)],
            "webhooks.backup-failed.renew_days: must be less than valid_days, which is 30, got 30",
            id="a webhook that the default would always make anew",
        ),
        # -- Alerts
        pytest.param(
            [("alerts / ag-backup-failed / webhook", "backup-faild")],
            "alerts.ag-backup-failed.webhook: must be one of webhooks, got 'backup-faild' "
            "(did you mean 'backup-failed'?)",
            id="an alert that calls no webhook",
        ),
        pytest.param(
            [("alerts / ag-backup-failed / short_name", "backup-failed")],
            "alerts.ag-backup-failed.short_name: must be 1 to 12 characters, got 'backup-failed'",
            id="a short name that is not short",
        ),
        pytest.param(
            [("alerts / ag-backup-failed / short_name", "")],
            "alerts.ag-backup-failed.short_name: must be 1 to 12 characters, got ''",
            id="no short name",
        ),
        pytest.param(
            [("alerts / ag-backup-failed / rules", {"prod": "rg-backup"})],
            "alerts.ag-backup-failed.rules.prod: must be a subscription id, got 'prod'",
            id="a subscription by its name",
        ),
        pytest.param(
            [("alerts / ag-backup-failed / rules", {SUB: ""})],
            f"alerts.ag-backup-failed.rules.{SUB}: must be the name of a resource group, got ''",
            id="a rule without a resource group",
        ),
        pytest.param(
            [("alerts / ag-backup-failed / resource_group", "rg.")],
            "alerts.ag-backup-failed.resource_group: must be the name of a resource group, or empty for the "
            "account's, got 'rg.'",
            id="a resource group that ends in a full stop",
        ),
        pytest.param(
            [("alerts / on call?", {"webhook": "backup-failed", "short_name": "oncall"})],
            "alerts['on call?...']: must be 1 to 260 characters, none of them :<>+/&%\\?#*{} or a control, "
            "no blank or full stop last, got 'on call?...'",
            id="an action group's name with a question mark",
        ),
        # -- Variables
        pytest.param(
            [("variables / a.b", {"value": ""})],
            f"variables['a.b']: {NAME}, got 'a.b'",
            id="a variable's name with a full stop",
        ),
        pytest.param(
            [("variables / backup-reports / value", 12345)],
            "variables.backup-reports.value: must be a text, got a number, or true or false",
            id="a variable that is a number, which may be a secret",
        ),
        pytest.param(
            [("variables / backup-reports / encrypt", True)],
            "variables.backup-reports.encrypt: no such key (did you mean 'encrypted'?)",
            id="a misspelt key of a variable",
        ),
    ],
)
def test_one_fault_is_told_in_full(tmp_path, changes, told):
    assert faults(tmp_path, changed(*changes)) == [told]


def test_all_faults_are_told_at_once_in_the_order_of_the_file(tmp_path):
    document = changed(
        ("runtime / staging", "there"),
        (f"{HOURLY} / at", "25:00"),
        (f"{PARAMETERS} / window", "99d"),
        (f"{PARAMETERS} / optout_tag", "a b"),
        (f"{PARAMETERS} / identity", "${NOBODY}"),
        ("schedules / weekly / runs / 0 / runbook", "job_export"),
        ("alerts / ag-backup-failed / webhook", "gone"),
        ("crons", {}),
    )

    assert [one.partition(": ")[0] for one in faults(tmp_path, document)] == [
        "runtime.staging",
        "schedules.hourly.at",
        f"{ITS}.window",
        f"{ITS}.optout_tag",
        f"{ITS}.identity",
        "schedules.weekly.runs[0].runbook",
        "alerts.ag-backup-failed.webhook",
        "crons",
    ]


def test_a_runbook_takes_fifty_parameters_at_most(tmp_path):
    many = {f"p{number}": True for number in range(51)}
    told = faults(tmp_path, changed((PARAMETERS, many)))

    assert f"{ITS}: must be 50 at most, Azure's limit, got 51" in told
    assert len(told) == 52  # and the runbook knows none of them


# -- Runbooks that are none ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "why"),
    [
        pytest.param(
            "import nothing_like_it", "ModuleNotFoundError: No module named 'nothing_like_it'", id="no module"
        ),
        pytest.param("RUNBOOK = ", "SyntaxError: invalid syntax (broken.py, line 1)", id="no Python"),
        pytest.param("raise SystemExit", "SystemExit", id="an end"),
        pytest.param(
            "x = 1", "AttributeError: module '_runbook_broken' has no attribute 'RUNBOOK'", id="no runbook"
        ),
    ],
)
def test_a_runbook_that_cannot_be_imported_is_told_with_the_exception(tmp_path, source, why):
    (tmp_path / "broken.py").write_text(source)
    document = {"runtime": RIGHT["runtime"], "runbooks": {"broken": {}}}

    assert faults(tmp_path, document, runbooks=tmp_path) == [
        f"runbooks.broken: broken.py cannot be imported: {why}"
    ]


# -- The environment -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        pytest.param(
            [("runtime / staging", "https://${BACKUP_STORAGE}.blob.core.windows.net/c")],
            f"runtime.staging: ${{BACKUP_STORAGE}} {UNSET}",
            id="a text",
        ),
        pytest.param(
            [(f"{PARAMETERS} / vaults", ["${VAULT}"])],
            f"{ITS}.vaults[0]: ${{VAULT}} {UNSET}",
            id="a text in a list",
        ),
        pytest.param(
            [("alerts / ag-backup-failed / rules", {"${SUBSCRIPTION}": "rg"})],
            f"alerts.ag-backup-failed.rules['${{SUBSCRIPTION}}']: ${{SUBSCRIPTION}} {UNSET}",
            id="a name",
        ),
    ],
)
def test_what_the_environment_does_not_hold_is_told_and_nothing_that_follows_from_it(tmp_path, changes, told):
    assert faults(tmp_path, changed(*changes)) == [told]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(
            "${A B}", "${A B} names no environment variable; write $${ for a literal ${", id="a blank"
        ),
        pytest.param("${}", "${} names no environment variable; write $${ for a literal ${", id="no name"),
        pytest.param("${A", "${ has no }; write $${ for a literal ${", id="no end"),
    ],
)
def test_a_place_that_names_no_variable_is_refused(tmp_path, text, told):
    assert faults(tmp_path, changed(("variables / x", {"value": text}))) == [f"variables.x.value: {told}"]


# -- Secrets -------------------------------------------------------------------------------------

SECRET = "Zq9sekrit"
URL = f"https://x.webhook.we.azure-automation.net/webhooks?token={SECRET}"
PLACES = {
    "a text that has a form": "runtime / staging",
    "a text that is read": "schedules / hourly / every",
    "a day": "schedules / weekly / on / 0",
    "a parameter": f"{PARAMETERS} / window",
    "a parameter's list": f"{PARAMETERS} / scope",
    "a parameter that must be an id": f"{PARAMETERS} / identity",
    "a name": "schedules / hourly / runs / 0 / runbook",
    "a name that stands elsewhere": "alerts / ag-backup-failed / webhook",
    "a switch": "alerts / ag-backup-failed / enabled",
    "a number": "webhooks / backup-failed / valid_days",
    "a list": "schedules / hourly / runs",
    "an object": "schedules / hourly",
}
FORMS = {
    "a URL": URL,
    "a SAS without a URL": f"?sv=2024-11-04&sig={SECRET}",
    "a signature alone": f"sv=1&sig={SECRET}",
    "a place for it": "${TOKEN}",
    "a place within a word": "x${TOKEN}y",
    "a place for a URL": "${HOOK}",
    "a place for something short": "${PIN}",
}
ENVIRON = {"TOKEN": SECRET, "HOOK": URL, "PIN": "77"}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_a_fault_echoes_no_secret(tmp_path, place, form):
    told = "\n".join(faults(tmp_path, changed((place, form)), ENVIRON))

    assert told
    assert SECRET.lower() not in told.lower()
    assert "'77'" not in told


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("holder", ["schedules", PARAMETERS, "webhooks", "runtime"])
def test_a_fault_echoes_no_secret_that_stands_for_a_name(tmp_path, holder, form):
    told = "\n".join(faults(tmp_path, changed((f"{holder} / {form}", None)), ENVIRON))

    assert told
    assert SECRET.lower() not in told.lower()
    assert "'77'" not in told


def test_what_was_given_is_told_as_it_is_written_in_the_file(tmp_path):
    told = faults(tmp_path, changed((f"{HOURLY} / at", "${HOUR}:70")), {"HOUR": "03"})

    assert told == [f"schedules.hourly.at: {AT}, got '${{HOUR}}:70'"]


# -- Files that are no manifest ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(
            '{\n  "runtime": nil\n}', "line 2, column 14: expecting value; JSON was expected", id="a word"
        ),
        pytest.param('{"a": 1} {', "line 1, column 10: extra data; JSON was expected", id="more behind it"),
        pytest.param("", "line 1, column 1: expecting value; JSON was expected", id="nothing"),
        pytest.param("[]", "must be an object, got a list", id="a list"),
        pytest.param('{"a": NaN}', "holds NaN, which is no number in JSON", id="a number that is none"),
        pytest.param(
            f'{{"a": {"9" * 5000}}}', "holds a whole number of too many digits", id="an endless number"
        ),
        pytest.param(
            "[" * 100_000, "holds lists or objects nested too deeply; it needs six levels", id="an abyss"
        ),
        pytest.param(
            "[" * 5000 + "]" * 5000,
            "holds lists or objects nested too deeply; it needs six levels",
            id="a pit",
        ),
    ],
)
def test_a_file_that_is_no_manifest_is_told_with_the_place(tmp_path, text, told):
    assert faults(tmp_path, text) == [told]


def test_a_key_that_stands_twice_is_refused(tmp_path):
    text = json.dumps(RIGHT).replace('"every": "1 hour"', '"every": "1 hour", "every": "2 hours"')

    assert faults(tmp_path, text) == ["schedules.hourly.every: stands twice; keep one"]


def test_a_key_that_the_environment_makes_stand_twice_is_refused(tmp_path):
    text = json.dumps(RIGHT).replace('"weekly": {', '"${NAME}": {')

    assert faults(tmp_path, text, {"NAME": "hourly"}) == ["schedules.${NAME}: stands twice; keep one"]


def test_a_file_that_is_not_there_is_told_by_name(tmp_path):
    with pytest.raises(ManifestError) as refused:
        read(tmp_path / "no.json", RUNBOOKS, {})

    assert refused.value.faults == (
        f"{tmp_path / 'no.json'}: cannot be read (No such file or directory); name the file with --file",
    )


def test_a_file_in_another_encoding_is_told(tmp_path):
    path = tmp_path / "schedules.json"
    path.write_bytes(b'{"a": "\xe4"}')

    with pytest.raises(ManifestError, match="is not text in UTF-8"):
        read(path, RUNBOOKS, {})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)
SPOTS = [
    *PLACES.values(),
    "runbooks",
    "schedules",
    "webhooks",
    "variables",
    "schedules / weekly / starts",
    PARAMETERS,
]


@given(st.lists(st.tuples(st.sampled_from(SPOTS), JSON), min_size=1, max_size=1))
def test_whatever_stands_in_it_is_read_or_refused_in_our_words(tmp_path_factory, changes):
    told = "\n".join(faults(tmp_path_factory.mktemp("any"), changed(*changes)))

    assert "Input" not in told
    assert "something else" not in told
    assert "pydantic" not in told
