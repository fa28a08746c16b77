"""Paired tests against scipy's, and their defined answers where there is no spread."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_rel

from leaderboard.ratings.holm import holm
from leaderboard.ratings.variation.paired import paired_tests

NAN = float("nan")
PAIRS = st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=3, max_size=12)


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
@given(pairs=PAIRS.filter(lambda rows: len({a - b for a, b in rows}) > 1))
def test_the_test_is_the_paired_t_test(alternative, pairs):
    first, second = np.array(pairs, dtype=float).T
    found = paired_tests({"x": (first, second)}, alternative)[0]
    wanted = ttest_rel(first, second, alternative=alternative)
    assert (found.t, found.p_value) == pytest.approx((wanted.statistic, wanted.pvalue), abs=1e-9)
    assert found.difference == pytest.approx(found.first_mean - found.second_mean)


def test_all_tests_made_are_corrected_together_and_those_not_made_are_not():
    rng = np.random.default_rng(0)
    sides = {str(i): (rng.standard_normal(20) + 0.3 * i, rng.standard_normal(20)) for i in range(4)}
    found = paired_tests({**sides, "empty": ([NAN], [1.0])})
    assert [test.p_holm for test in found[:4]] == pytest.approx(holm([test.p_value for test in found[:4]]))
    assert (found[4].p_value, found[4].p_holm) == (None, None)


def test_pairs_with_a_gap_on_either_side_are_left_out():
    gappy = paired_tests({"x": ([1.0, NAN, 3.0, 5.0, 9.0], [0.0, 1.0, 1.0, 1.0, NAN])})
    assert gappy == paired_tests({"x": ([1.0, 3.0, 5.0], [0.0, 1.0, 1.0])})


@pytest.mark.parametrize(
    ("alternative", "ahead", "behind"), [("two-sided", 0.125, 0.125), ("greater", 0.0625, 1.0), ("less", 1.0, 0.0625)]
)
def test_equal_differences_are_tested_by_their_signs(alternative, ahead, behind):
    sides = {"ahead": (np.ones(4), np.zeros(4)), "behind": (np.zeros(4), np.ones(4)), "same": (np.ones(4), np.ones(4))}
    assert [test.p_value for test in paired_tests(sides, alternative)] == [ahead, behind, 1.0]


def test_one_pair_makes_no_test_and_shows_its_scores():
    found = paired_tests({"x": ([2.0], [1.0])})[0]
    assert (found.first_mean, found.second_mean, found.difference, found.p_value) == (2.0, 1.0, 1.0, None)


def test_no_pair_has_no_figures():
    found = dataclasses.asdict(paired_tests({"x": ([], [])})[0])
    assert {value for key, value in found.items() if key not in ("label", "pairs")} == {None}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(({"x": ([1.0], [1.0, 2.0])},), "there must be 1 scores, not 2"), (({}, "smaller"), "alternative must be")],
)
def test_bad_comparisons_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        paired_tests(*arguments)
