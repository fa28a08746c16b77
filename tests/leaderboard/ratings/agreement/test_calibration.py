"""Maps from credit to votes: against a slow isotonic fit, symmetric, and never judged on what they were fitted on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.ratings.agreement.calibration import calibrate, isotonic, logistic_slope
from leaderboard.ratings.agreement.draws import Draws
from leaderboard.ratings.agreement.verdicts import Votes
from leaderboard.ratings.variation.resampling import Bootstrap
from tests.leaderboard.ratings.agreement.crowds import people

PLAN = Bootstrap(replicates=50)
SHARES = st.lists(
    st.tuples(st.sampled_from([k / 8 for k in range(9)]), st.sampled_from((0.0, 0.25, 0.5, 1.0))),
    min_size=1,
    max_size=12,
)


@given(SHARES)
def test_the_isotonic_map_is_the_min_max_of_means(rows):
    """Robertson, Wright and Dykstra 1988: f(i) = max over s ≤ i of min over t ≥ i of the mean of s..t."""
    q, y = np.array(rows, dtype=float).T
    at, chance = isotonic(q, y)
    both = sorted([*zip(q, y, strict=True), *zip(1 - q, 1 - y, strict=True)])
    values = {x: [target for credit, target in both if credit == x] for x in {credit for credit, _ in both}}
    means = [values[x] for x in sorted(values)]
    for i, found in enumerate(chance):
        slow = max(min(np.mean(np.concatenate(means[s : t + 1])) for t in range(i, len(means))) for s in range(i + 1))
        assert found == pytest.approx(slow)
    assert np.all(np.diff(chance) >= -1e-12)
    assert at == pytest.approx(1 - at[::-1]) and chance == pytest.approx(1 - chance[::-1])


def test_a_judge_that_tells_the_chance_is_calibrated_as_it_stands():
    share = np.random.default_rng(0).random(3000)
    found = calibrate(share, people(share, 2), Draws.of(np.arange(3000), PLAN))
    score = {one.name: one.brier.value for one in found.scores}
    assert score["credit"] < score["even"] and score["isotonic"] == pytest.approx(score["credit"], abs=0.005)
    for one in found.bins:
        assert one.people.value == pytest.approx(one.credit, abs=5 * one.people.se)
    assert sum(one.n for one in found.bins) == 6000


def test_a_judge_that_is_too_sure_gains_from_a_map_on_comparisons_it_was_not_fitted_on():
    share = np.random.default_rng(1).random(2000)
    sure = (share > 0.5).astype(float)
    found = calibrate(sure, people(share, 3), Draws.of(np.arange(2000), PLAN))
    score = {one.name: one for one in found.scores}
    assert score["logistic"].brier.high < score["credit"].brier.low
    assert score["logistic"].log_loss.high < score["even"].log_loss.low


def test_a_coin_gains_nothing_from_any_map():
    rng = np.random.default_rng(2)
    found = calibrate(rng.random(2000), people(rng.random(2000), 1), Draws.of(np.arange(2000), PLAN))
    score = {one.name: one.brier.value for one in found.scores}
    assert score["isotonic"] > score["even"] - 0.002
    assert abs(found.beta) < 0.3


def test_brier_counts_each_vote():
    """On even odds it is the mean squared distance of the votes from one half, whatever the judge."""
    votes = Votes(np.repeat(np.arange(40), 2), np.tile([0, 1], 40), np.tile([1.0, 0.5], 40))
    found = calibrate(np.full(40, 1.0), votes, Draws.of(np.arange(40), PLAN))
    assert found.scores[0].brier.value == pytest.approx(0.125)


def test_too_little_says_what_is_needed_and_a_judge_without_opinions_has_no_slope():
    found = calibrate(np.ones(5), people(np.ones(5), 1), Draws.of(np.arange(5), PLAN))
    assert found.scores == () and "30" in found.reason
    assert logistic_slope(np.full(9, 0.5), np.ones(9)) is None
    assert logistic_slope(np.ones(9), np.ones(9)) is None
