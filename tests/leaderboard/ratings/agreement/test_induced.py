"""The correlation of two rankings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from leaderboard.ratings.agreement.induced import spearman

RANKS = st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=3, max_size=20)


@given(RANKS, st.integers(0, 2**32 - 1))
def test_strengths_that_differ_by_rounding_alone_share_their_rank(pairs, seed):
    first, second = np.array(pairs, dtype=float).T
    noise = np.random.default_rng(seed).uniform(-1e-12, 1e-12, (2, len(pairs)))
    assert spearman(first + noise[0], second + noise[1]) == spearman(first, second)


@given(RANKS)
def test_it_is_the_correlation_that_scipy_gives_and_0_where_one_side_has_no_order(pairs):
    first, second = np.array(pairs, dtype=float).T
    flat = len(set(first)) == 1 or len(set(second)) == 1
    wanted = 0.0 if flat else spearmanr(first, second).statistic
    assert spearman(first, second) == pytest.approx(wanted, abs=1e-12)
