"""What a runbook says: one line of ASCII each."""

import sys

import pytest
from backupkit.speaking import error, say, warn
from hypothesis import given
from hypothesis import strategies as st


def said(capsys, event, voice=say, **facts):
    voice(event, **facts)
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param("vm-1", "vm-1", id="a word"),
        pytest.param(7, "7", id="a number"),
        pytest.param("", "''", id="nothing"),
        pytest.param("two words", "'two words'", id="words"),
        pytest.param("it's", '"it\'s"', id="a quote"),
        pytest.param("a\r\nb\tc", "'a b c'", id="several lines"),
        pytest.param("caf\xe9", r"caf\xe9", id="a letter that is no ASCII"),
        pytest.param("a/b;c=d", "a/b;c=d", id="signs"),
        pytest.param("\u2028", "''", id="a line separator"),
    ],
)
def test_a_fact_is_shown_as(capsys, value, shown):
    assert said(capsys, "left", why=value) == f"left why={shown}\n"


def test_each_stream_has_its_prefix_and_information_none(capsys):
    assert said(capsys, "left", item="vm-1") == "left item=vm-1\n"
    assert said(capsys, "not read", warn, scope="x") == "WARNING: not read scope=x\n"
    assert said(capsys, "1 of 2 items failed", error) == "ERROR: 1 of 2 items failed\n"


@given(st.text(), st.text())
def test_whatever_is_said_is_one_line_of_ascii(event, fact):
    written = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.stdout, "write", written.append)
        say(event, why=fact)

    assert len(written) == 1
    assert len(written[0].splitlines()) == 1
    assert written[0].isascii()
    assert written[0].endswith("\n")
