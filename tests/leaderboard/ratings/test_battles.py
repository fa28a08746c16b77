"""Battles: what fits together, and the rows taken from it."""

import numpy as np
import pyarrow as pa
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


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1.0000001, -0.1])
def test_a_credit_that_is_no_share_is_refused(bad):
    with pytest.raises(ValueError, match=r"credit must lie in \[0, 1\] and must not be NaN"):
        Battles(("x", "y"), np.array([0, 0]), np.array([1, 1]), np.array([1.0, bad]), None)


def test_nobody_meets_itself():
    with pytest.raises(ValueError, match="cannot meet itself"):
        Battles(("x", "y"), np.array([0, 1]), np.array([1, 1]), np.ones(2), None)


@pytest.mark.parametrize("kind", [list, np.array, pa.array, lambda names: pa.array(names).dictionary_encode()])
def test_names_become_places_in_ascending_order(kind):
    found = Battles.of_names(kind(["zoë", "b", "zoë"]), kind(["b", "a", "a"]), np.array([1.0, 0.5, 0.0]))
    assert found.names == ("a", "b", "zoë")
    assert (found.a.tolist(), found.b.tolist()) == ([2, 1, 2], [1, 0, 0])
    assert found.labels.tolist() == [0, 1, 2]


def test_a_missing_name_is_refused():
    with pytest.raises(ValueError, match="a name is missing"):
        Battles.of_names(["x", None], ["y", "y"], np.ones(2))
