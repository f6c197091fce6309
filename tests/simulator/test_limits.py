"""Limits are counted in windows that start with their first request."""

from simulator.limits import Limits

T = 1_790_000_000.0


def test_requests_are_granted_until_the_window_is_full():
    limits = Limits()

    assert [limits.take("reads", 2, 60, T + second) for second in (0, 10, 20)] == [0.0, 0.0, 40.0]


def test_a_refused_request_is_not_counted_and_the_next_window_starts_with_its_first_request():
    limits = Limits()
    limits.take("reads", 1, 60, T)
    limits.take("reads", 1, 60, T + 59)

    assert limits.take("reads", 1, 60, T + 75) == 0.0
    assert limits.take("reads", 1, 60, T + 76) == 59.0


def test_names_are_counted_apart():
    limits = Limits()
    limits.take("reads of a", 1, 60, T)

    assert limits.take("reads of b", 1, 60, T) == 0.0


def test_what_is_left_counts_down_and_comes_back_at_once():
    limits = Limits()
    before = limits.left("reads", 15, 5, T)
    limits.take("reads", 15, 5, T)
    limits.take("reads", 15, 5, T + 1)

    assert before == (15, 5)
    assert limits.left("reads", 15, 5, T + 2) == (13, 3.0)
    assert limits.left("reads", 15, 5, T + 5) == (15, 5)


def test_a_window_keeps_the_length_it_was_created_with():
    limits = Limits()
    limits.take("reads", 1, 60, T)

    assert limits.take("reads", 1, 1, T + 30) == 30.0


def test_a_dump_holds_the_open_windows_and_loads_as_they_were():
    limits = Limits()
    limits.take("closed", 1, 5, T)
    limits.take("open", 2, 3600, T)

    dumped = limits.dump(T + 10)
    again = Limits.load(dumped)

    assert dumped == {"open": {"ends": "2026-09-21T15:13:20.0000000Z", "used": 1}}
    assert again.left("open", 2, 3600, T + 10) == (1, 3590.0)


def test_a_window_ages():
    limits = Limits()
    limits.take("reads", 1, 3600, T)
    limits.age(3000)

    assert limits.take("reads", 1, 3600, T) == 600.0
