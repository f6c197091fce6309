"""Rows on disk instead of in memory."""

import resource

import pytest
from backupkit.spool import Spool
from hypothesis import given
from hypothesis import strategies as st


@pytest.fixture
def spool():
    made = Spool()
    yield made
    made.close()


def test_it_gives_what_it_was_given_in_the_order_of_code_points(spool):
    spool.add([("b", b"2"), ("A", b"1"), ("é", b"4"), ("a", b"3")])

    assert list(spool) == [("A", b"1"), ("a", b"3"), ("b", b"2"), ("é", b"4")]


def test_a_key_that_comes_twice_keeps_its_first_value_and_is_not_counted(spool):
    assert spool.add([("a", b"1"), ("b", b"2"), ("a", b"3")]) == 2
    assert spool.add([("b", b"4"), ("c", b"5")]) == 1
    assert dict(spool) == {"a": b"1", "b": b"2", "c": b"5"}


def test_what_was_not_kept_can_be_dropped(spool):
    spool.add([("a", b"1")])
    spool.keep()
    spool.add([("b", b"2")])
    spool.drop()

    assert dict(spool) == {"a": b"1"}


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"])), unique=True))
def test_any_text_can_be_a_key(keys):
    spool = Spool()
    spool.add((key, key.encode()) for key in keys)

    assert [key for key, _ in spool] == sorted(keys)
    assert {key: spool.get(key) for key in keys} == {key: key.encode() for key in keys}
    spool.close()


def test_a_hundred_megabytes_take_few_of_memory(spool):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for start in range(100):
        spool.add((f"{start:03d}/{one:04d}", bytes(1000)) for one in range(1000))

    assert sum(len(value) for _, value in spool) == 100_000_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000


def test_a_value_can_be_put_in_place_of_another(spool):
    spool.add([("a", b"1")])
    spool.put("a", b"2")
    spool.put("b", b"3")

    assert dict(spool) == {"a": b"2", "b": b"3"}


@given(st.lists(st.text(alphabet="ab\n/\U0010ffff"), unique=True), st.text(alphabet="ab\n/\U0010ffff"))
def test_what_is_under_a_prefix_are_all_keys_that_begin_so_in_order(keys, prefix):
    spool = Spool()
    spool.add((key, b"") for key in keys)

    assert [key for key, _ in spool.under(prefix)] == sorted(key for key in keys if key.startswith(prefix))
    spool.close()


def test_others_may_be_added_while_what_is_under_a_prefix_is_looked_at(spool):
    spool.add((f"b/{number:03}", b"") for number in range(500))
    for key, _ in spool.under("b/"):
        spool.put(f"a{key}", b"")
        spool.add([(f"c{key}", b"")])
        spool.keep()

    assert len(spool) == 1500
