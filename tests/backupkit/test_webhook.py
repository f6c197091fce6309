"""What a runbook takes from its arguments when a webhook may have added its data to them."""

from __future__ import annotations

import json

import pytest
from backupkit.alerts import read
from backupkit.webhook import Hint, split
from hypothesis import given
from hypothesis import strategies as st

from tests.backupkit.webhook_shapes import (
    ALERT,
    COLLAPSED,
    HEADERS,
    HOSTILE,
    SHAPES,
    envelope,
    escaped,
    plain,
    unquoted,
)

SIZE = 512 * 1024
"""The largest body that a webhook takes."""


# -- What comes through --------------------------------------------------------


@pytest.mark.parametrize("argv", SHAPES.values(), ids=SHAPES)
def test_an_alert_comes_through_whole_from(argv):
    name = "" if "RequestBody" not in "".join(argv).split("schemaId", maxsplit=1)[0] else "retry-hook"

    assert split(argv) == ([], Hint(name, ALERT))


@pytest.mark.parametrize("argv", COLLAPSED.values(), ids=COLLAPSED)
def test_the_ids_of_an_alert_come_through_from(argv):
    tokens, hint = split(argv)

    assert tokens == []
    assert read(hint.body) == read(ALERT)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(["dry_run=false", "window=24h"], [], id="before the data"),
        pytest.param([], ["dry_run=false", "window=24h"], id="after the data"),
        pytest.param(["dry_run=false"], ["'window=24h'", "help"], id="round the data"),
        pytest.param(["dry_run=false"], ['quiet_hours="08:00-18:00@Europe/Berlin"'], id="with quotes"),
        pytest.param(["dry-run=false"], ["no_such=1"], id="that no runbook knows"),
    ],
)
@pytest.mark.parametrize("argv", {**SHAPES, **COLLAPSED}.values(), ids={**SHAPES, **COLLAPSED})
def test_tokens_are_kept_in_order(argv, before, after):
    tokens, hint = split([*before, *argv, *after])

    assert tokens == [*before, *after]
    assert read(hint.body) == read(ALERT)


@pytest.mark.parametrize(
    "argv",
    [
        pytest.param([], id="nothing"),
        pytest.param(["dry_run=false", "", "window=24h"], id="tokens"),
        pytest.param(["true", "vault-1"], id="positional text of a schedule"),
        pytest.param(["[EmptyString]"], id="the portal's empty text"),
        pytest.param(["tags={env:prod}", "vaults=[a]"], id="brackets inside a value"),
        pytest.param(["WebhookName:a", "RequestBody:b"], id="words of an envelope without one"),
    ],
)
def test_arguments_without_webhook_data_stay_as_they_are(argv):
    assert split(argv) == (argv, None)


@pytest.mark.parametrize(
    ("argv", "body"),
    [
        pytest.param(["{WebhookName:w,RequestBody:[", "{", '"a":', "1", "}", "]}"], [{"a": 1}], id="a list"),
        pytest.param(["[", '{"a":1}', "]"], [{"a": 1}], id="a list without envelope"),
        pytest.param(["{WebhookName:w,RequestBody:{},RequestHeader:{}}"], {}, id="an empty object"),
        pytest.param(["{WebhookName:w,RequestBody:7}"], 7, id="a number"),
        pytest.param(['{"RequestBody":"{\\"a\\":\\"x\ny\\"}"}'], {"a": "x\ny"}, id="a raw line break"),
        pytest.param(['{"a":' + "9" * 400 + "}"], {"a": float("inf")}, id="a number beyond all bounds"),
        pytest.param(
            [r"{'a': 'it\'s \x41\u00e9\U0001f600\q'}"], {"a": "it's A\u00e9\U0001f600\\q"}, id="a repr"
        ),
        pytest.param(
            ["{'a': True, 'b': None, 'c': \"it's\"}"], {"a": True, "b": None, "c": "it's"}, id="words"
        ),
    ],
)
def test_a_body_may_be(argv, body):
    assert split(argv)[1].body == body


# -- What is of no use ---------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "hint"),
    [
        pytest.param(
            ["{WebhookName:w,RequestBody:,RequestHeader:{Host:h}}"],
            Hint("w", None, "webhook data has no body"),
            id="a post without a body, unquoted",
        ),
        pytest.param(
            ["{WebhookName:w,RequestBody:}"],
            Hint("w", None, "webhook data has no body"),
            id="a post without body and headers",
        ),
        pytest.param(
            ["{WebhookName:w,RequestBody:null,RequestHeader:{}}"],
            Hint("w", None, "webhook data has no body"),
            id="a null, unquoted",
        ),
        pytest.param(
            ['{"WebhookName":"w","RequestBody":null}'],
            Hint("w", None, "webhook data has no body"),
            id="a null in JSON",
        ),
        pytest.param(
            ["{'WebhookName': 'w', 'RequestBody': None}"],
            Hint("w", None, "webhook data has no body"),
            id="a None in a repr",
        ),
        pytest.param(
            ['{"WebhookName":"w","RequestBody":" "}'],
            Hint("w", None, "webhook data has no body"),
            id="blank text",
        ),
        pytest.param(
            ['{"WebhookName":["w"]}'],
            Hint("", None, "webhook data has no body"),
            id="an envelope without a body",
        ),
        pytest.param(
            ["{WebhookName:w,RequestBody:hello", "world,RequestHeader:{}}"],
            Hint("w", None, "webhook data has a body that is not JSON"),
            id="words",
        ),
        pytest.param(
            ["{WebhookName:w,RequestBody:5", "apples,RequestHeader:{}}"],
            Hint("w", None, "webhook data has a body that is not JSON"),
            id="words that begin like JSON",
        ),
        pytest.param(
            ['{"WebhookName":"w","RequestBody":"hello world"}'],
            Hint("w", None, "webhook data has a body that is not JSON"),
            id="words in JSON",
        ),
        pytest.param(
            [json.dumps(envelope(json.dumps(json.dumps("{}"))))],
            Hint("retry-hook", None, "webhook data has a body that is not JSON"),
            id="text in text in text",
        ),
        pytest.param(
            ["{WebhookName:w,RequestBody:name=value,RequestHeader:{}}"],
            Hint("w", None, "webhook data has a body that is not JSON"),
            id="a form",
        ),
        pytest.param(
            ["{WebhookName:w,RequestBody:<a>{}</a>,RequestHeader:{}}"],
            Hint("w", None, "webhook data has a body that is not JSON"),
            id="XML",
        ),
        pytest.param(
            ["{WebhookName:w,Body:{}}"],
            Hint("w", None, "webhook data is not JSON and has no RequestBody (23 characters)"),
            id="an envelope that nobody knows",
        ),
        pytest.param(
            ['{WebhookName:w,RequestBody:{"a":', '"b', "c"],
            Hint("w", None, "webhook data is cut off: it does not end with a bracket (37 characters)"),
            id="the start of a body",
        ),
        pytest.param(
            ["{WebhookName:w,RequestBody:{},RequestHeader:{Host:h,User-Agent:x"],
            Hint("w", None, "webhook data is cut off: it does not end with a bracket (64 characters)"),
            id="a whole body and the start of the headers",
        ),
        pytest.param(
            ["{"],
            Hint("", None, "webhook data is cut off: it does not end with a bracket (1 characters)"),
            id="a lone bracket",
        ),
    ],
)
def test_webhook_data_is_of_no_use(argv, hint):
    assert split(["dry_run=false", *argv]) == (["dry_run=false"], hint)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("left", [0.3, 0.6, 0.9])
def test_data_that_was_cut_off_is_never_half_an_alert(shape, left):
    text = " ".join(shape)
    tokens, hint = split(["dry_run=false", *text[: int(len(text) * left)].split(" ")])

    assert tokens == ["dry_run=false"]
    assert (hint.body, bool(hint.fault)) in ((None, True), (ALERT, False))


def test_a_fault_does_not_show_what_was_posted():
    _, hint = split(["{WebhookName:w,RequestBody:password", "hunter2,RequestHeader:{Key:s3cret}}"])

    assert "hunter2" not in hint.fault
    assert "s3cret" not in hint.fault


# -- What anybody may have posted ----------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("x dry_run=false", id="plain text"),
        pytest.param("{} dry_run=false", id="after a body that is whole"),
        pytest.param("{}} dry_run=false", id="after what looks like the end"),
        pytest.param("{},RequestHeader:{}} dry_run=false help check ", id="after a feigned end of all"),
        pytest.param('{"a":"} dry_run=false "}', id="inside a string"),
        pytest.param("{}}\n\ndry_run=false\t", id="over lines"),
        pytest.param("' dry_run=false '", id="between quotes"),
        pytest.param("} { dry_run=false", id="between brackets"),
    ],
)
@pytest.mark.parametrize("headers", ["after", "before", "none"])
def test_nothing_from_within_the_data_becomes_a_token(text, headers):
    argv = unquoted(text, headers=headers)

    assert split(argv.split(" "))[0] == []
    assert split(argv.split())[0] == []
    assert split(["window=24h", *argv.split(), "unknown=leave"])[0] == ["window=24h", "unknown=leave"]


def test_a_token_after_data_without_an_end_may_be_somebodys_text():
    tokens, hint = split(["window=24h", "{WebhookName:w,RequestBody:{}", "and", "dry_run=false"])

    assert tokens == ["window=24h"]
    assert hint.body is None


def test_the_text_of_an_alert_cannot_pass_for_its_envelope():
    body = {"description": HOSTILE, "ours": True}

    assert split(unquoted(plain(body)).split(" "))[1] == Hint("retry-hook", body)


@pytest.mark.parametrize(
    ("argv", "name"),
    [
        pytest.param(
            ["{WebhookName:a.b-c_d", "e,RequestBody:{}}"], "a.b-c_d e", id="all that a name may hold"
        ),
        pytest.param(["{WebhookName:" + "x" * 500 + ",RequestBody:{}}"], "x" * 128, id="of any length"),
        pytest.param(["{WebhookName:,RequestBody:{}}"], "", id="none"),
        pytest.param(['{"WebhookName":7,"RequestBody":{}}'], "", id="a number"),
    ],
)
def test_the_name_of_the_webhook_is_short_text(argv, name):
    assert split(argv)[1].webhook == name


@given(st.text())
def test_whatever_is_posted_no_token_comes_of_it(text):
    assert split(f"{{WebhookName:w,RequestBody:{text}}}".split())[0] == []
    assert split(["a=1", *unquoted(text).split(" ")])[0] == ["a=1"]


@given(
    st.lists(
        st.text(alphabet="{}[]\"'\\ :,=aRN01")
        | st.sampled_from(
            ["{WebhookName:w,", "RequestBody:", "{", "}", "a=1", "help", "", "'", "\ud800", "\\u12"]
        )
    )
)
def test_any_arguments_are_read(argv):
    tokens, hint = split(argv)

    remaining = iter(argv)
    assert all(token in remaining for token in tokens)
    assert hint is None or (hint.body is None) == bool(hint.fault)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
WRAPPINGS = {
    "unquoted, split on blanks": lambda body: unquoted(plain(body)).split(" "),
    "unquoted, without headers": lambda body: unquoted(plain(body), headers="none").split(" "),
    "JSON": lambda body: [json.dumps(envelope(plain(body)))],
    "JSON round JSON": lambda body: [json.dumps(envelope(body))],
    "Python repr": lambda body: [repr(envelope(plain(body)))],
    "Python repr round an object": lambda body: [repr(envelope(body))],
}


@pytest.mark.parametrize("wrapping", WRAPPINGS.values(), ids=WRAPPINGS)
@given(body=st.lists(VALUES) | st.dictionaries(st.text(), VALUES))
def test_any_body_comes_through(wrapping, body):
    tokens, hint = split(["a=1", *wrapping(body), "b=2"])

    assert tokens == ["a=1", "b=2"]
    assert hint == Hint("retry-hook", body)


@given(body=VALUES.filter(lambda value: value and not isinstance(value, str)))
def test_a_body_with_backslashes_comes_through(body):
    assert split(unquoted(escaped(json.dumps({"a": body}))).split(" "))[1].body == {"a": body}


BOMBS = {
    "lists in lists": "[" * SIZE + "]",
    "objects in objects": '{"a":' * (SIZE // 5) + "}",
    "a body of lists in lists": "{WebhookName:w,RequestBody:" + "[" * SIZE + "}",
    "text of lists in lists": '{"RequestBody":"' + "[" * SIZE + '"}',
    "a body of lists, closed": "{WebhookName:w,RequestBody:" + "[" * SIZE + "]" * SIZE + "}",
    "reprs in reprs": "{'a':" * (SIZE // 5) + "}",
    "a number of half a million digits": '{WebhookName:w,RequestBody:{"a":' + "9" * SIZE + "x}}",
    "single quotes": "{" + "'" * SIZE + "}",
    "double quotes": '"' * SIZE + "{x}",
    "quotes without end": "{" + "'\\" * (SIZE // 2) + "}",
    "backslashes in a repr": "{'" + "\\" * SIZE + "}",
    "characters beyond Unicode": "{'" + "\\UFFFFFFFF\\U00FFFFFF" * (SIZE // 20) + "}",
    "marks": "{" + "RequestBody:" * (SIZE // 12) + "x}",
    "marks without colons": "{" + "RequestBody\\\\\\" * (SIZE // 14) + "}",
    "a mark and backslashes": "{RequestBody" + "\\" * SIZE + "}",
    "a mark and blanks": "{RequestBody" + "\n" * SIZE + "}",
    "names": "{" + "WebhookName" * (SIZE // 11) + "}",
    "a token of quotes": "{a=" + "\"'" * (SIZE // 2) + "}",
    "NUL": "{'" + "\0" * SIZE + "}",
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS)
def test_half_a_megabyte_of_junk_is_refused(text):
    """Each takes milliseconds; anything but linear time would take hours."""
    tokens, hint = split(["a=1", *text.split(" ")])

    assert tokens in (["a=1"], ["a=1", text])
    assert hint is None or (hint.body is None and hint.fault)


def test_half_a_megabyte_of_tokens_after_the_data_is_read():
    tokens, hint = split(["{}", *["a=" + "\"'" * 1000 + "}"] * 200, *["a=1"] * 100_000])

    assert len(tokens) == 100_000
    assert hint.body is None


def test_headers_are_not_passed_on():
    """They may hold secrets, and prove nothing."""
    _, hint = split([plain(envelope(plain(ALERT)))])

    assert not any(value in json.dumps(hint.body) for value in HEADERS.values())
