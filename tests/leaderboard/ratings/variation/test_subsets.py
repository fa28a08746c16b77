"""Exact expectations over subsets against counting every subset."""

from __future__ import annotations

from itertools import combinations, permutations
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.ratings.variation.subsets import expected_best, expected_chosen, top_weights
from tests.leaderboard.ratings.variation.strategies import VALUES

ROWS = st.lists(st.tuples(VALUES, st.integers(0, 3)), min_size=1, max_size=6)


def every_k(n):
    return range(1, n + 1)


@given(ROWS)
def test_the_expected_best_is_the_mean_over_all_subsets(rows):
    values = np.array([value for value, _ in rows])
    wanted = [np.mean([max(subset) for subset in combinations(values, k)]) for k in every_k(len(values))]
    assert expected_best(values, every_k(len(values))) == pytest.approx(wanted)


@given(ROWS)
def test_the_expected_choice_is_the_mean_over_all_subsets_and_the_tied_at_the_top(rows):
    truth, rating = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    wanted = []
    for k in every_k(len(rows)):
        shown = []
        for subset in combinations(range(len(rows)), k):
            top = max(rating[place] for place in subset)
            shown.append(np.mean([truth[place] for place in subset if rating[place] == top]))
        wanted.append(np.mean(shown))
    assert expected_chosen(truth[None], rating[None], every_k(len(rows)))[0] == pytest.approx(wanted, abs=1e-12)


@given(ROWS, st.randoms())
def test_the_order_of_samples_does_not_matter(rows, random):
    truth, rating = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    order = random.sample(range(len(rows)), len(rows))
    ks = every_k(len(rows))
    plain, turned = (expected_chosen(truth[None, at], rating[None, at], ks) for at in (range(len(rows)), order))
    assert turned == pytest.approx(plain, abs=1e-12)


def test_a_tie_is_broken_in_every_order():
    truth = np.array([1.0, 0.0, 0.5])
    wanted = np.mean([truth[order[-1]] for order in permutations(range(3))])
    assert expected_chosen(truth[None], np.zeros((1, 3)), [3])[0] == pytest.approx([wanted])


def test_a_sample_without_rating_is_shown_only_where_no_other_is_drawn():
    truth, rating = np.array([[1.0, 0.0]]), np.array([[np.nan, -5.0]])
    assert expected_chosen(truth, rating, [1, 2])[0] == pytest.approx([0.5, 0.0])


@given(st.integers(1, 60), st.data())
def test_right_and_wrong_give_the_unbiased_pass_at_k(n, data):
    c, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    values = np.repeat([1.0, 0.0], [c, n - c])
    assert expected_best(values, [k])[0] == pytest.approx(1 - comb(n - c, k) / comb(n, k), abs=1e-12)


@pytest.mark.parametrize(("n", "k"), [(5000, 1), (5000, 2500), (5000, 5000)])
def test_weights_are_chances_for_thousands_of_samples(n, k):
    weights = top_weights(n, k)
    assert weights.sum() == pytest.approx(1.0)
    assert weights[-1] == k / n
    assert not weights[: k - 1].any()


@pytest.mark.parametrize("k", [0, 4])
def test_a_k_out_of_range_is_refused(k):
    with pytest.raises(ValueError, match="k must lie between 1 and 3"):
        expected_best(np.zeros(3), [k])


def test_tables_of_two_shapes_are_refused():
    with pytest.raises(ValueError, match="one shape"):
        expected_chosen(np.zeros((2, 3)), np.zeros((2, 2)), [1])
