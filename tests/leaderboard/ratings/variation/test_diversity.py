"""EDA and the frontier."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.ratings.variation.diversity import eda, frontier, tradeoffs

NAN = float("nan")
POINTS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=8)


def sides(points):
    return np.array(points, dtype=float).T / 4


def test_the_ends_of_the_scale():
    assert eda([1, 0, 1, 0], [1, 0, 0, 1]) == pytest.approx([0, 1, np.sqrt(0.5), np.sqrt(0.5)])


def test_each_side_is_taken_on_its_own_scale():
    assert eda([5], [50], (1, 9), (0, 100)) == pytest.approx([0.5])


@given(POINTS, st.floats(0, 1))
def test_eda_lies_between_ideal_and_worst_and_falls_with_either_side(points, weight):
    quality, diversity = sides(points)
    found = eda(quality, diversity, quality_weight=weight)
    assert np.all((found >= 0) & (found <= 1 + 1e-12))
    assert np.all(eda((quality + 1) / 2, diversity, quality_weight=weight) <= found + 1e-12)
    assert np.all(eda(quality, (diversity + 1) / 2, quality_weight=weight) <= found + 1e-12)


@pytest.mark.parametrize(("weight", "wanted"), [(1.0, 0.75), (0.0, 0.25)])
def test_all_weight_on_one_side_is_the_distance_on_that_side(weight, wanted):
    assert eda([0.25], [0.75], quality_weight=weight) == pytest.approx([wanted])


@given(POINTS)
def test_the_frontier_is_what_no_other_point_beats(points):
    quality, diversity = sides(points)
    wanted = [not any(q >= a and d >= b and (q, d) != (a, b) for q, d in points) for a, b in points]
    assert frontier(quality, diversity).tolist() == wanted


def test_an_unknown_point_is_not_on_the_frontier_and_beats_nobody():
    assert frontier([NAN, 0.5, 1.0], [1.0, 0.5, NAN]).tolist() == [False, True, False]


def test_configurations_come_nearest_to_the_ideal_first():
    found = tradeoffs(["low", "none", "high"], [0.2, NAN, 0.9], [0.1, 0.9, 0.6])
    assert [each.name for each in found] == ["high", "low", "none"]
    assert [each.on_frontier for each in found] == [True, False, False]
    assert (found[2].quality, found[2].diversity, found[2].eda) == (None, 0.9, None)


def test_nothing_has_no_frontier():
    assert tradeoffs([], [], []) == ()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([0.5], [0.5, 0.5]), "there must be 1 scores, not 2"),
        (([1.5], [0.5]), "quality must lie in its range"),
        (([0.5], [-0.5]), "diversity must lie in its range"),
        (([0.5], [0.5], (1, 1)), "from a smaller to a greater"),
        (([0.5], [0.5], (0, 1), (0, 1), 1.5), "weight of quality"),
    ],
)
def test_values_off_the_scale_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        eda(*arguments)
