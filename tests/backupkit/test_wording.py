"""Numbers as people read them."""

import pytest
from backupkit.wording import counted, moment, percent, span


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [
        (1, 3, "33.3 %"),
        (3, 3, "100 %"),
        (0, 3, "0 %"),
        (199_999, 200_000, "> 99.9 %"),
        (1, 200_000, "< 0.1 %"),
        (0, 0, "\u2013"),
    ],
)
def test_a_share_is_all_or_nothing_only_where_it_is(part, whole, said):
    assert percent(part, whole).replace("\u202f", " ") == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "\u2013"),
        (59, "0 min"),
        (3_600, "1 h"),
        (5_400, "1 h 30 min"),
        (90_000, "1 d 1 h"),
        (86_400 * 12 + 3_600, "12 d"),
        (86_400 * 1_200, "1,200 d"),
    ],
)
def test_a_span_is_told_in_its_largest_units(seconds, said):
    assert span(seconds).replace("\u202f", " ") == said


def test_moments_and_counts():
    assert moment("2026-11-25T22:05:00Z") == "25 Nov 22:05"
    assert (moment(None), moment("odd")) == ("\u2013", "odd ")
    assert [counted(1, "item"), counted(1_200, "item"), counted(2, "is", "are")] == [
        "1 item",
        "1,200 items",
        "2 are",
    ]
