"""Parameters: `name=value` tokens without blanks, in any order."""

import dataclasses
import re
import string
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal

import pytest
from backupkit.errors import ParameterError
from backupkit.params import Between, Checked, CommonParams, Text, help_text, parameters, read, shown
from backupkit.times import DailyWindow
from hypothesis import given
from hypothesis import strategies as st

from runbooks.auto_retry import Params as AutoRetry

SUB = "11111111-2222-3333-4444-555555555555"
OTHER = "99999999-2222-3333-4444-555555555555"
VAULT = f"/subscriptions/{SUB}/resourceGroups/rg-app/providers/Microsoft.RecoveryServices/vaults/rsv-1"


@dataclass(frozen=True)
class Params(CommonParams):
    """One parameter of every kind."""

    names: Annotated[tuple[str, ...], "whom to greet"] = ()
    kinds: Annotated[tuple[Literal["vm", "files"], ...], "what to greet"] = ("vm",)
    window: Annotated[timedelta, "how far back", Between(60, 20160)] = timedelta(hours=24)
    most: Annotated[int, "how many", Between(0, 500)] = 200
    share: Annotated[float, "what part of them", Between(0, 1)] = 0.3
    dry_run: Annotated[bool, "say it, do nothing"] = True
    mode: Annotated[Literal["report", "protect"], "what to do"] = "report"
    code: Annotated[str, "which code", Text(r"[a-z]+\d", "abc1")] = ""
    quiet: Annotated[str, "when not", Checked(DailyWindow.read)] = ""


def faults(*tokens, kind=Params):
    with pytest.raises(ParameterError) as refused:
        read(kind, tokens)
    return list(refused.value.faults)


# -- What can be typed -------------------------------------------------------------


def test_no_tokens_give_the_defaults():
    assert read(Params, []) == Params()


@pytest.mark.parametrize(
    ("token", "name", "value"),
    [
        pytest.param("code=abc1", "code", "abc1", id="a text"),
        pytest.param("code=", "code", "", id="an empty text"),
        pytest.param("most=0", "most", 0, id="a whole number"),
        pytest.param("share=0.25", "share", 0.25, id="a number"),
        pytest.param("share=1", "share", 1.0, id="a number without a point"),
        pytest.param("window=90m", "window", timedelta(minutes=90), id="minutes"),
        pytest.param("window=24h", "window", timedelta(hours=24), id="hours"),
        pytest.param("window=7d", "window", timedelta(days=7), id="days"),
        pytest.param("dry_run=false", "dry_run", False, id="false"),
        pytest.param("dry_run=true", "dry_run", True, id="true"),
        pytest.param("dry_run=False", "dry_run", False, id="false as Azure's portal capitalises it"),
        pytest.param("mode=protect", "mode", "protect", id="one of several words"),
        pytest.param("names=ann", "names", ("ann",), id="a list of one"),
        pytest.param("names=ann,bob", "names", ("ann", "bob"), id="a list"),
        pytest.param("names=ann,,bob,", "names", ("ann", "bob"), id="a list with commas too many"),
        pytest.param("names=", "names", (), id="an empty list"),
        pytest.param("kinds=files,vm", "kinds", ("files", "vm"), id="a list of words, in the order typed"),
        pytest.param("names=a=b", "names", ("a=b",), id="a value with an equals sign"),
        pytest.param("quiet=22:00-06:00@Europe/Berlin", "quiet", "22:00-06:00@Europe/Berlin", id="a window"),
    ],
)
def test_a_token_is_read(token, name, value):
    read_back = getattr(read(Params, [token]), name)

    assert read_back == value
    assert type(read_back) is type(value)


@pytest.mark.parametrize(
    "token",
    ["'most=7'", '"most=7"', "most='7'", 'most="7"', "\"most='7'\"", "''most=7''", " most=7 ", "most= 7"],
)
def test_quotes_and_blanks_round_a_token_or_value_are_stripped(token):
    assert read(Params, [token]).most == 7


@pytest.mark.parametrize("token", ["", " ", "''", '""'])
def test_an_empty_token_says_nothing(token):
    assert read(Params, ["most=7", token]) == Params(most=7)


def test_the_order_of_tokens_means_nothing():
    tokens = ["most=7", "names=ann,bob", "dry_run=false", "window=90m"]

    assert read(Params, tokens) == read(Params, tokens[::-1])


# -- What cannot -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "told"),
    [
        pytest.param("most=soon", "parameter most must be a whole number, got 'soon'", id="no number"),
        pytest.param("most=1.5", "parameter most must be a whole number, got '1.5'", id="no whole number"),
        pytest.param("most=-1", "parameter most must be a whole number, got '-1'", id="a negative number"),
        pytest.param("most=", "parameter most must be a whole number, got ''", id="nothing for a number"),
        pytest.param("most=501", "parameter most must be from 0 to 500, got '501'", id="too much"),
        pytest.param("share=half", "parameter share must be a number, got 'half'", id="a number in words"),
        pytest.param("share=nan", "parameter share must be a number, got 'nan'", id="not a number at all"),
        pytest.param("share=1.01", "parameter share must be from 0 to 1, got '1.01'", id="more than all"),
        pytest.param(
            "window=24",
            "parameter window must be a duration such as 90m, 24h or 7d, got '24'",
            id="a duration without its unit",
        ),
        pytest.param(
            "window=1h30m",
            "parameter window must be a duration such as 90m, 24h or 7d, got '1h30m'",
            id="a duration of two parts",
        ),
        pytest.param("window=59m", "parameter window must be from 1h to 14d, got '59m'", id="too short"),
        pytest.param("window=15d", "parameter window must be from 1h to 14d, got '15d'", id="too long"),
        pytest.param("dry_run=no", "parameter dry_run must be one of true, false, got 'no'", id="a no"),
        pytest.param("dry_run=", "parameter dry_run must be one of true, false, got ''", id="no word"),
        pytest.param(
            "mode=Protect", "parameter mode must be one of report, protect, got 'Protect'", id="another word"
        ),
        pytest.param(
            "kinds=vm,sql",
            "parameter kinds must be one of vm, files, got 'vm,sql'",
            id="a list with a strange word",
        ),
        pytest.param(
            "kinds=",
            "parameter kinds must be a comma-separated list of one at least, got ''",
            id="an empty list where the default is none",
        ),
        pytest.param("code=7", "parameter code must be such as abc1, got '7'", id="a text of another kind"),
        pytest.param(
            "quiet=22-6",
            "parameter quiet must be HH:MM-HH:MM@Zone, such as 08:00-18:00@Europe/Berlin, got '22-6'",
            id="no window",
        ),
        pytest.param(
            "quiet=22:00-06:00@Atlantis",
            "parameter quiet must be a time zone such as Europe/Berlin, got 'Atlantis', "
            "got '22:00-06:00@Atlantis'",
            id="a window in no zone",
        ),
        pytest.param("mots=7", "no parameter 'mots' (did you mean 'most'?)", id="a slip of the pen"),
        pytest.param("zebra=7", "no parameter 'zebra'; help lists them", id="nothing like it"),
        pytest.param("=7", "no parameter ''; help lists them", id="no name"),
        pytest.param("most", "'most' is not a name=value token", id="no value"),
    ],
)
def test_a_bad_token_is_refused_with(token, told):
    assert faults(token) == [told]


def test_a_parameter_given_twice_is_refused():
    assert faults("most=7", "most=7") == ["parameter most is given twice"]


def test_a_parameter_given_badly_and_again_is_two_faults():
    assert faults("most=x", "most=7") == [
        "parameter most must be a whole number, got 'x'",
        "parameter most is given twice",
    ]


def test_all_faults_are_told_at_once_in_the_order_given():
    told = faults("most=x", "mots=1", "window=24", "window=24h", "soon", "share=2")

    assert told == [
        "parameter most must be a whole number, got 'x'",
        "no parameter 'mots' (did you mean 'most'?)",
        "parameter window must be a duration such as 90m, 24h or 7d, got '24'",
        "parameter window is given twice",
        "'soon' is not a name=value token",
        "parameter share must be from 0 to 1, got '2'",
    ]


# -- What every runbook takes ------------------------------------------------------


def test_the_common_parameters_are_as_the_contract_says():
    assert Params() == CommonParamsOf(
        scope=(),
        expect_subscriptions=(),
        accept_unread=(),
        identity="",
        cloud="AzurePublic",
        report="",
        log="decisions",
        max_minutes=150,
        notify="",
    )


class CommonParamsOf:
    """Equal to any parameters with these values."""

    def __init__(self, **values):
        self.values = values

    def __eq__(self, other):
        return {name: getattr(other, name) for name in self.values} == self.values and {
            field.name for field in dataclasses.fields(CommonParams)
        } == set(self.values)

    __hash__ = None


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(f"scope={SUB},{OTHER}", id="a scope of subscriptions"),
        pytest.param("scope=mg:corp,mg:Sand-box_1", id="a scope of management groups"),
        pytest.param("expect_subscriptions=12", id="a number of subscriptions"),
        pytest.param(f"expect_subscriptions={SUB},{OTHER}", id="which subscriptions"),
        pytest.param(f"accept_unread={SUB},{VAULT}", id="a subscription and a vault known to be unreadable"),
        pytest.param(f"identity={SUB}", id="a user-assigned identity"),
        pytest.param("cloud=AzureChina", id="another cloud"),
        pytest.param("report=out/", id="a folder for reports"),
        pytest.param("report=var:report-place", id="a variable that holds the report's place"),
        pytest.param("notify=var:hook", id="a variable that holds the webhook"),
        pytest.param("log=summary", id="counts only"),
        pytest.param("max_minutes=1", id="a minute"),
    ],
)
def test_every_runbook_takes(token):
    name, _, text = token.partition("=")

    assert shown(getattr(read(Params, [token]), name)) == text


@pytest.mark.parametrize(
    ("token", "told"),
    [
        (f"scope=/subscriptions/{SUB}", "must be such as mg:corp or a subscription id"),
        (f"scope={SUB},mg:corp", "takes subscription ids or management groups, not both"),
        (f"expect_subscriptions=3,{SUB}", "takes one number, or subscription ids, not both"),
        ("expect_subscriptions=2,3", "takes one number, or subscription ids, not both"),
        ("accept_unread=rsv-1", "must be such as a subscription id or a vault id"),
        ("identity=me", "must be such as a client id"),
        ("cloud=AzureGermany", "must be one of AzurePublic, AzureUSGovernment, AzureChina"),
        (
            "report=https://example.org/reports/",
            "must be such as https://account.blob.core.windows.net/reports/",
        ),
        ("report=VAR:place", "must be such as var:NAME or out/report.ndjson, got 'VAR:place'"),
        ("notify=https://hooks.example.com/x", "takes the place where the URL is kept, never the URL"),
        ("log=all", "must be one of decisions, summary"),
        ("max_minutes=0", "must be from 1 to 10000"),
    ],
)
def test_no_runbook_takes(token, told):
    (fault,) = faults(token)

    assert fault.startswith(f"parameter {token.partition('=')[0]} {told}")


@pytest.mark.parametrize(
    "tokens",
    [
        pytest.param(["notify=https://hooks.example.com/SECRET"], id="the webhook itself"),
        pytest.param(["notify=HTTPS://hooks.example.com/SECRET"], id="the webhook itself, in capitals"),
        pytest.param(["notify=http://hooks.example.com/SECRET"], id="the webhook without its s"),
        pytest.param(["notify=", "https://hooks.example.com/SECRET"], id="the webhook after a blank"),
        pytest.param(["notifi=https://hooks.example.com/SECRET"], id="the webhook under a wrong name"),
        pytest.param(["report=https://account.blob.core.windows.net/c?sig=SECRET"], id="a signed blob URL"),
        pytest.param(["code=https://account.blob.core.windows.net/c?sig=SECRET"], id="a URL anywhere"),
    ],
)
def test_a_fault_never_shows_a_url_that_may_hold_a_secret(tokens):
    assert "SECRET" not in " ".join(faults(*tokens))


# -- Retrying ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tokens", "told"),
    [
        pytest.param(
            ["dry_run=false"],
            ["parameter ledger is required with dry_run=false; none counts attempts from job history"],
            id="changing something without saying where attempts are kept",
        ),
        pytest.param(
            ["retry_codes=400002,ExtensionStuck", "never_codes=extensionstuck"],
            ["extensionstuck stands in retry_codes and in never_codes"],
            id="a code to retry and not to retry",
        ),
        pytest.param(
            ["retry_codes=400002", "never_codes=400002", "dry_run=false", "max_attempts=9"],
            [
                "parameter max_attempts must be from 1 to 8, got '9'",
                "parameter ledger is required with dry_run=false; none counts attempts from job history",
                "400002 stands in retry_codes and in never_codes",
            ],
            id="everything at once",
        ),
        pytest.param(
            ["vaults=rsv-1"],
            ["parameter vaults must be such as /subscriptions/.../vaults/rsv-prod, got 'rsv-1'"],
            id="a vault by its name",
        ),
        pytest.param(
            ["retention=0d"],
            ["parameter retention must be such as policy or 10d, got '0d'"],
            id="a recovery point for no day",
        ),
        pytest.param(
            ["optout_tag=backup-retry"],
            ["parameter optout_tag must be such as backup-retry:off, got 'backup-retry'"],
            id="a tag without a value",
        ),
    ],
)
def test_a_retry_is_not_begun_with(tokens, told):
    assert faults(*tokens, kind=AutoRetry) == told


def test_nothing_is_changed_by_default():
    assert AutoRetry().dry_run is True
    assert list(AutoRetry().faults()) == []


def test_a_real_run_counts_attempts_from_the_job_history():
    assert read(AutoRetry, ["dry_run=false", "ledger=none"]).dry_run is False


# -- Help --------------------------------------------------------------------------


def test_help_shows_parameters_their_defaults_and_meaning():
    assert help_text(Params, "Greet people.")[:12] == [
        "Greet people.",
        "",
        "parameters are name=value tokens without blanks, in any order:",
        "  names=                             whom to greet",
        "  kinds=vm                           what to greet (vm | files)",
        "  window=24h                         how far back",
        "  most=200                           how many",
        "  share=0.3                          what part of them",
        "  dry_run=true                       say it, do nothing",
        "  mode=report                        what to do (report | protect)",
        "  code=                              which code",
        "  quiet=                             when not",
    ]


@pytest.mark.parametrize("kind", [Params, AutoRetry])
def test_help_lists_every_parameter_once(kind):
    told = [match[1] for line in help_text(kind, "") if (match := re.match(r"  (\w+)=", line))]

    assert sorted(told) == sorted(field.name for field in dataclasses.fields(kind))


@pytest.mark.parametrize("kind", [Params, AutoRetry])
def test_a_default_that_help_shows_can_be_typed(kind):
    tokens = [f"{one.name}={one.default_text}" for one in parameters(kind)]

    assert read(kind, tokens) == kind()


# -- Whatever is typed -------------------------------------------------------------

WORDS = st.text("abcXYZ019._-;()", min_size=1)
GUIDS = st.uuids().map(str)
MINUTES = st.integers(60, 20160)
VALUES = {
    "names": st.lists(WORDS.filter(lambda text: text.strip("'\"") == text), max_size=4).map(tuple),
    "kinds": st.lists(st.sampled_from(["vm", "files"]), min_size=1, max_size=4).map(tuple),
    "window": MINUTES.map(lambda minutes: timedelta(minutes=minutes)),
    "most": st.integers(0, 500),
    "share": st.integers(0, 1000).map(lambda part: part / 1000),
    "dry_run": st.booleans(),
    "mode": st.sampled_from(["report", "protect"]),
    "code": st.from_regex(r"[a-z]+[0-9]", fullmatch=True),
    "quiet": st.sampled_from(["", "22:00-06:00@UTC", "08:00-18:00@Europe/Berlin"]),
    "scope": st.lists(GUIDS, max_size=3).map(tuple)
    | st.lists(WORDS.map(lambda name: f"mg:{re.sub('[^a-zA-Z0-9-]', '', name)}a"), max_size=3).map(tuple),
    "expect_subscriptions": st.integers(0, 9999).map(lambda number: (str(number),))
    | st.lists(GUIDS, max_size=3).map(tuple),
    "accept_unread": st.lists(GUIDS | st.just(VAULT), max_size=3).map(tuple),
    "identity": GUIDS | st.just(""),
    "cloud": st.sampled_from(["AzurePublic", "AzureUSGovernment", "AzureChina"]),
    "report": st.sampled_from(["", "out/", "var:place", "out/report.ndjson", "C;drive"]),
    "log": st.sampled_from(["decisions", "summary"]),
    "max_minutes": st.integers(1, 10_000),
    "notify": st.sampled_from(["", "var:hook", "hook.txt"]),
}
QUOTES = st.sampled_from(["{0}={1}", "'{0}={1}'", '"{0}={1}"', "{0}='{1}'", '{0}="{1}"', " {0}={1} "])


@given(st.fixed_dictionaries({}, optional=VALUES), st.data())
def test_what_is_shown_and_typed_in_any_order_and_quoting_reads_back(values, data):
    wanted = Params(**values)
    names = data.draw(st.permutations([field.name for field in dataclasses.fields(Params)]))
    tokens = [data.draw(QUOTES).format(name, shown(getattr(wanted, name))) for name in names]

    assert read(Params, tokens) == wanted


NAMES = sorted({one.name for kind in (Params, AutoRetry) for one in parameters(kind)})
JUNK = st.text() | st.text(string.printable) | WORDS
JUNK_TOKENS = st.lists(
    JUNK
    | st.builds("{}={}".format, st.sampled_from(NAMES) | JUNK, JUNK)
    | st.builds("quiet=08:00-18:00@{}".format, JUNK | st.sampled_from(["America", "../etc/passwd", "a\0b"]))
    | st.builds("retry_codes={0}".format, WORDS)
    | st.builds("never_codes={0}".format, WORDS)
)


@given(JUNK_TOKENS)
def test_whatever_is_typed_is_read_or_refused_as_parameter_faults(tokens):
    for kind in (Params, AutoRetry):
        try:
            read(kind, tokens)
            told = ()
        except ParameterError as refused:
            told = (str(refused), *refused.faults)
        assert all(told)
