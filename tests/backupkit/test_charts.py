"""Charts as shapes: what they hold stays on the drawing, and what is not known is a gap."""

from itertools import pairwise

from backupkit.charts import SIZES, Series, bars, shares
from hypothesis import given
from hypothesis import strategies as st

DAYS = st.integers(1, 92)


def days(count):
    return [f"2026-{1 + n // 28:02}-{1 + n % 28:02}" for n in range(count)]


@given(DAYS.flatmap(lambda n: st.lists(st.none() | st.integers(0, 2_000_000), min_size=n, max_size=n)))
def test_bars_stay_on_their_drawing_and_apart(values):
    chart = bars("c", "C", "says", days(len(values)), [Series("failed", "failed", tuple(values))])

    for drawing in chart.drawings:
        assert (drawing.width, drawing.height) == SIZES[drawing.size]
        for one, after in pairwise(drawing.rects):
            assert one.x + one.width <= after.x + 0.2
        for rect in drawing.rects:
            assert 0 <= rect.x <= rect.x + rect.width <= drawing.width
            assert 0 <= rect.y <= rect.y + rect.height <= drawing.height


@given(DAYS.flatmap(lambda n: st.lists(st.none() | st.floats(0, 1), min_size=n, max_size=n)))
def test_a_line_has_a_dot_for_each_day_that_is_known(values):
    chart = shares("c", "C", "says", days(len(values)), Series("succeeded", "line", tuple(values)))

    for drawing in chart.drawings:
        assert len(drawing.dots) == sum(value is not None for value in values)
        assert all(0 <= dot.y <= drawing.height and 0 <= dot.x <= drawing.width for dot in drawing.dots)


def test_a_day_of_which_nothing_is_known_breaks_the_line():
    chart = shares("c", "C", "", days(3), Series("succeeded", "line", (0.9, None, 1.0)))

    assert [drawing.path.count("M") for drawing in chart.drawings] == [2, 2]
    assert chart.data[1] == ("2026-01-02", "\u2013")


def test_labels_leave_room_for_one_another():
    for count in (1, 2, 14, 31, 92):
        chart = bars("c", "C", "", days(count), [Series("failed", "failed", (5.0,) * count)])
        for drawing in chart.drawings:
            spots = sorted(
                text.x for text in drawing.texts if text.style == "axis" and text.anchor == "middle"
            )
            assert all(after - one >= 50 for one, after in pairwise(spots))
            assert spots


@given(DAYS.flatmap(lambda n: st.lists(st.integers(0, 2_000_000), min_size=n, max_size=n)))
def test_no_figure_stands_on_another(values):
    """Two hundred thousand items have longer numbers than two hundred."""
    chart = bars("c", "C", "", days(len(values)), [Series("failed", "failed", tuple(values))])

    for drawing in chart.drawings:
        spots = [(text.x, len(text.text) * 8) for text in drawing.texts if text.style == "value"]
        assert spots
        assert all(
            after - one >= (wide + next_wide) / 2 for (one, wide), (after, next_wide) in pairwise(spots)
        )
