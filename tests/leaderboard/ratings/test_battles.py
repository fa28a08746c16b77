"""Battles: what fits together, and the rows taken from it."""

import numpy as np
import pytest

from leaderboard.ratings.battles import Battles


def battles(**more):
    credit = np.array([1.0, 0.5, 0.0])
    return Battles(("x", "y"), np.array([0, 1, 0]), np.array([1, 0, 1]), credit, np.arange(3), **more)


def test_take_keeps_every_column_in_step():
    full = battles(prompt=np.array([5, 6, 7]), measures={"chars": (np.array([1.0, 2, 3]), np.array([4.0, 5, 6]))})
    part = full.take(np.array([False, True, True]))
    assert part.prompt.tolist() == [6, 7]
    assert part.credit.tolist() == [0.5, 0.0]
    assert [side.tolist() for side in part.measures["chars"]] == [[2, 3], [5, 6]]


@pytest.mark.parametrize("more", [{"prompt": np.array([1])}, {"measures": {"chars": (np.ones(3), np.ones(2))}}])
def test_columns_of_another_length_are_refused(more):
    with pytest.raises(ValueError, match="one length"):
        battles(**more)
