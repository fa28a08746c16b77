"""Poisson draws: mean, variance and each probability, for small means and large."""

import numpy as np
import pytest
from scipy.stats import poisson as law

from leaderboard.ratings.poisson import poisson


@pytest.mark.parametrize("mean", [1, 2, 7, 63, 64, 500])
def test_the_distribution_is_poisson(mean):
    draws = poisson(np.random.default_rng(0), np.full(50, mean), 4000).ravel()
    assert draws.mean() == pytest.approx(mean, abs=5 * np.sqrt(mean / len(draws)))
    assert draws.var() == pytest.approx(mean, rel=0.03)
    values = np.arange(max(0, mean - 3), mean + 4)
    share = np.array([(draws == value).mean() for value in values])
    assert share == pytest.approx(law.pmf(values, mean), abs=0.005)


def test_rows_keep_their_own_mean_and_zero_is_zero():
    draws = poisson(np.random.default_rng(1), np.array([0, 3, 200, 0, 3]), 3000)
    assert draws.mean(axis=1) == pytest.approx([0, 3, 200, 0, 3], abs=1)
    assert not draws[[0, 3]].any()
    assert not np.array_equal(draws[1], draws[4])
