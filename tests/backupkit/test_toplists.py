"""The first few of many."""

from backupkit.toplists import Top
from hypothesis import given
from hypothesis import strategies as st


@given(st.lists(st.integers(0, 9)), st.integers(0, 8))
def test_a_top_list_is_the_head_of_the_sorted_whole(ranks, most):
    """Of equals those that came first."""
    top = Top(most)
    for at, rank in enumerate(ranks):
        if top.wants(rank):
            top.add(rank, (rank, at))
        else:
            top.skip()

    assert (
        list(top)
        == sorted(((rank, at) for at, rank in enumerate(ranks)), key=lambda one: (-one[0], one[1]))[:most]
    )
    assert (top.total, len(top)) == (len(ranks), min(most, len(ranks)))
