"""JSON values as what they should be, whatever came."""

from __future__ import annotations

import pytest
from backupkit.plain import flag, last, mapping, mappings, text
from hypothesis import given
from hypothesis import strategies as st

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(JSON)
def test_what_is_not_of_its_type_is_as_if_it_were_absent(value):
    assert mapping(value) == (value if isinstance(value, dict) else {})
    assert text(value) == (value if isinstance(value, str) else "")
    inside = value if isinstance(value, list) else []
    assert mappings(value) == [one for one in inside if isinstance(one, dict)]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (True, True),
        (False, False),
        ("true", True),
        ("False", False),
        ("yes", None),
        ("", None),
        (1, None),
        (None, None),
    ],
)
def test_a_boolean_may_be_text(said, meant):
    assert flag(said) is meant


@pytest.mark.parametrize(
    ("told", "name"), [("/a/vaults/Rsv", "Rsv"), ("/a/ws/", "ws"), ("rsv", "rsv"), ("", ""), (None, "")]
)
def test_the_name_of_an_id_is_at_its_end(told, name):
    assert last(told) == name
