"""Score against diversity with intervals: the points are those of `diversity`, the draws are joint."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.ratings.variation.diversity import eda, frontier
from leaderboard.ratings.variation.resampling import Bootstrap
from leaderboard.ratings.variation.tradeoffs import measured_tradeoffs
from tests.leaderboard.ratings.variation.strategies import judged

NAN = float("nan")
PLAN = Bootstrap(200, 1)


def several(seed, count=3, prompts=30):
    rng = np.random.default_rng(seed)
    return [judged(prompts, 4, seed + i) for i in range(count)], [rng.random(prompts) for _ in range(count)]


@given(st.integers(0, 1000))
def test_values_are_those_of_the_means(seed):
    scores, diverse = several(seed)
    found = measured_tradeoffs("abc", scores, diverse, PLAN)
    good, spread = [table.mean() for table in scores], [row.mean() for row in diverse]
    assert [one.quality.value for one in found] == pytest.approx(good)
    assert [one.eda.value for one in found] == pytest.approx(eda(good, spread))
    assert [one.on_frontier for one in found] == frontier(good, spread).tolist()
    assert all(one.eda.low - 1e-12 <= one.eda.value <= one.eda.high + 1e-12 for one in found)
    assert all(0 <= one.frontier_share <= 1 for one in found)


def test_one_configuration_alone_is_always_on_the_frontier():
    (only,) = measured_tradeoffs("a", *(side[:1] for side in several(1)), PLAN)
    assert (only.on_frontier, only.frontier_share) == (True, 1.0)


def test_equal_configurations_stand_together_in_every_draw():
    scores, diverse = several(2, 1)
    one, other = measured_tradeoffs("ab", scores * 2, diverse * 2, PLAN)
    assert (one.frontier_share, other.frontier_share) == (1.0, 1.0)


def test_one_that_is_worse_on_every_prompt_is_never_on_the_frontier():
    scores, diverse = several(3, 1)
    better = measured_tradeoffs("ab", [scores[0], scores[0] - 0.1], [diverse[0], diverse[0] / 2], PLAN)
    assert [one.frontier_share for one in better] == [1.0, 0.0]


def test_whole_runs_that_differ_widen_the_interval_of_the_distance():
    diverse = np.full(40, 0.5)
    runs = np.array([0.2, 0.5, 0.8])
    (still,) = measured_tradeoffs("a", [np.full((40, 3), 0.5)], [diverse], PLAN)
    (moving,) = measured_tradeoffs("a", [np.tile(runs, (40, 1))], [diverse], PLAN)
    assert still.eda.se == pytest.approx(0, abs=1e-12) and moving.eda.se > 0.05


def test_an_unknown_diversity_has_a_quality_and_no_place():
    scores, diverse = several(4, 2)
    known, unknown = measured_tradeoffs("ab", scores, [diverse[0], np.full(30, NAN)], PLAN)
    assert (unknown.diversity.value, unknown.eda.value, unknown.frontier_share) == (None, None, None)
    assert (unknown.on_frontier, unknown.quality.value, known.frontier_share) == (False, scores[1].mean(), 1.0)


def test_scores_off_the_unit_scale_have_no_distance():
    scores, diverse = several(5, 1)
    (one,) = measured_tradeoffs("a", [scores[0] * 9], diverse, PLAN)
    assert (one.eda.value, one.on_frontier) == (None, True)


def test_nothing_gives_nothing():
    assert measured_tradeoffs([], [], []) == ()


@pytest.mark.parametrize(
    ("names", "scores", "diverse", "told"),
    [
        ("ab", [np.ones((2, 1))], [np.ones(2)], "needs a name"),
        ("ab", [np.ones((2, 1)), np.ones((3, 1))], [np.ones(2)] * 2, "same prompts"),
        ("a", [np.ones((2, 1))], [np.ones(3)], "there must be 2 scores"),
        ("a", [np.ones((2, 1))], [np.full(2, 1.5)], "diversity must lie in its range"),
    ],
)
def test_configurations_that_do_not_fit_are_refused(names, scores, diverse, told):
    with pytest.raises(ValueError, match=told):
        measured_tradeoffs(names, scores, diverse, PLAN)
