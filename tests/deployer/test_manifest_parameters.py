"""Parameters from `schedules.json` to Azure and back."""

import json

import pytest
from deployer.manifest import azure_parameters, tokens, tokens_of
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("value", "token"),
    [
        pytest.param(True, "x=true", id="true"),
        pytest.param(False, "x=false", id="false"),
        pytest.param("24h", "x=24h", id="a text"),
        pytest.param("", "x=", id="an empty text"),
        pytest.param(5, "x=5", id="a whole number"),
        pytest.param(0.3, "x=0.3", id="a number"),
        pytest.param(("a", "b"), "x=a,b", id="a list"),
        pytest.param((), "x=", id="an empty list"),
    ],
)
def test_a_value_becomes_a_token(value, token):
    assert tokens({"x": value}) == (token,)


def test_tokens_are_numbered_in_their_order():
    assert list(azure_parameters(["dry_run=true", "window=24h"]).items()) == [
        ("[parameter 1]", "dry_run=true"),
        ("[parameter 2]", "window=24h"),
    ]


@pytest.mark.parametrize(
    ("azure", "read_back"),
    [
        pytest.param(
            {"[parameter 1]": "b=1", "[parameter 2]": "a=2"}, ("a=2", "b=1"), id="as they were sent"
        ),
        pytest.param({"[parameter 2]": "b=1", "[parameter 1]": "a=2"}, ("a=2", "b=1"), id="in other casing"),
        pytest.param({"anything": "b=1"}, ("b=1",), id="by other names"),
        pytest.param({"[parameter 1]": '"b=1"'}, ("b=1",), id="quoted once more"),
        pytest.param({"[parameter 1]": '"b=\\"1\\""'}, ('b="1"',), id="quoted with quotes within"),
        pytest.param({"[parameter 1]": '"b=1'}, ('"b=1',), id="with a stray quote"),
        pytest.param({"[parameter 1]": "", "[parameter 2]": None}, (), id="empty"),
        pytest.param({}, (), id="without any"),
        pytest.param(None, (), id="missing"),
    ],
)
def test_tokens_are_read_back_from_azure(azure, read_back):
    assert tokens_of(azure) == read_back


WORDS = st.text(st.characters(codec="ascii", exclude_categories=("Z", "C")), max_size=9)
VALUES = WORDS | st.booleans() | st.integers() | st.lists(WORDS, max_size=3).map(tuple)


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,9}", fullmatch=True), VALUES, max_size=12), st.booleans())
def test_what_is_sent_is_what_is_read_back(parameters, quoted):
    sent = azure_parameters(tokens(parameters))
    returned = {name: json.dumps(token) if quoted else token for name, token in sent.items()}

    assert tokens_of(returned) == tuple(sorted(tokens(parameters)))
