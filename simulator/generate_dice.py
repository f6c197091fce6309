"""Chance that is the same for the same seed, whatever else was made before."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
Shares = Sequence[tuple[T, float]]
"""What there is, each with its share; the last one has what is left."""

_STEPS = (0.6180339887498949, 0.41421356237309515, 0.7320508075688772)


def dice(*names: object) -> random.Random:
    """The source of one entity: no other's draws move it."""
    return random.Random("/".join(map(str, names)))


def shared_out(total: int, weights: Sequence[int]) -> list[int]:
    """Numbers in proportion to `weights` that add up to `total`, on every version of Python."""
    whole, so_far, given, out = sum(weights), 0, 0, list[int]()
    for weight in weights:
        so_far += weight
        due = total * so_far // whole
        out.append(due - given)
        given = due
    return out


class Spread:
    """Numbers 0, 1, 2... over [0, 1), evenly: of any n in a row, a share of s has about s * n.

    Multiples of the golden ratio are as even as it gets at every length, so that a small
    estate has the rare states too, which dice would leave out at times. Two spreads over the
    same numbers must have different axes, 0 to 2, or one would follow from the other.
    """

    def __init__(self, *names: object, axis: int = 0) -> None:
        self._first = dice(*names).random()
        self._step = _STEPS[axis]

    def __call__(self, number: int) -> float:
        return (self._first + number * self._step) % 1.0


def pick(shares: Shares[T], at: float) -> T:
    """The one whose share `at`, of [0, 1), falls into."""
    for one, share in shares:
        if at < share:
            return one
        at -= share
    return shares[-1][0]
