"""Curves over prompts with gaps, and their intervals."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given

from leaderboard.ratings.variation.best_of import best_of_n
from leaderboard.ratings.variation.majority import NO_ANSWER
from leaderboard.ratings.variation.resampling import Bootstrap
from tests.leaderboard.ratings.variation.strategies import judged, tables

NAN = float("nan")
QUICK = Bootstrap(20)


def scores_of(found, selector):
    return {point.k: point.score.value for point in found.of(selector).points}


def test_two_prompts_by_hand():
    truth = np.array([[1.0, 0.0], [0.0, 0.0]])
    found = best_of_n(truth, {"judge": 1 - truth}, np.array([[0, 1], [2, 2]]), plan=QUICK)
    assert scores_of(found, "oracle") == {1: 0.25, 2: 0.5}
    assert scores_of(found, "random") == {1: 0.25, 2: 0.25}
    assert scores_of(found, "judge") == {1: 0.25, 2: 0.0}
    assert scores_of(found, "majority") == {1: 0.25, 2: 0.25}
    assert (found.prompts, found.left_out) == (2, 0)


def test_samples_without_truth_are_never_drawn():
    gappy = best_of_n([[1.0, NAN, 0.0]], {"judge": [[1.0, 9.0, 2.0]]}, np.array([[0, 0, 1]]), plan=QUICK)
    whole = best_of_n([[1.0, 0.0]], {"judge": [[1.0, 2.0]]}, np.array([[0, 1]]), plan=QUICK)
    assert gappy == whole


def test_prompts_with_too_few_samples_are_left_out_of_every_point():
    truth = [[1.0, 1.0, 1.0], [0.0, NAN, NAN], [NAN, NAN, NAN]]
    found = best_of_n(truth, ks=[1, 2], plan=QUICK)
    assert scores_of(found, "oracle") == {1: 1.0, 2: 1.0}
    assert (found.prompts, found.left_out) == (1, 2)


def test_by_default_the_curve_ends_where_the_poorest_prompt_does():
    truth = np.zeros((3, 8))
    truth[0, 6:] = NAN
    truth[1] = NAN
    assert list(scores_of(best_of_n(truth, plan=QUICK), "oracle")) == [1, 2, 4, 6]


@pytest.mark.parametrize("truth", [np.zeros((0, 3)), np.zeros((3, 0)), np.full((2, 2), NAN)])
def test_nothing_scored_has_no_points(truth):
    found = best_of_n(truth, plan=QUICK)
    assert found.of("oracle").points == ()
    assert found.prompts == 0


@given(tables())
def test_selectors_lie_between_the_extremes(truth):
    found = best_of_n(truth, {"itself": truth, "against": -truth}, plan=QUICK)
    oracle, random = scores_of(found, "oracle"), scores_of(found, "random")
    assert scores_of(found, "itself") == pytest.approx(oracle)
    for k, worst in scores_of(found, "against").items():
        assert worst - 1e-12 <= random[k] <= oracle[k] + 1e-12
    assert np.all(np.diff(list(oracle.values())) >= -1e-12)


def test_a_constant_selector_is_random():
    found = best_of_n(judged(20, 6), {"constant": np.zeros((20, 6))}, plan=QUICK)
    assert scores_of(found, "constant") == pytest.approx(scores_of(found, "random"))


def test_a_prompt_where_nobody_answers_scores_zero_by_vote():
    assert scores_of(best_of_n([[1.0, 1.0]], answers=np.full((1, 2), NO_ANSWER), plan=QUICK), "majority") == {
        1: 0,
        2: 0,
    }


def test_intervals_are_those_of_the_mean_over_prompts():
    truth = judged(150, 4)
    point = best_of_n(truth, ks=[4]).of("oracle").points[0].score
    assert point.se == pytest.approx(truth.max(axis=1).std() / np.sqrt(150), rel=0.1)
    assert point.low < point.value < point.high


def test_800_prompts_of_100_samples_take_seconds():
    truth = judged(800, 100)
    rng = np.random.default_rng(0)
    answers = np.where(truth > 0, 0, rng.integers(1, 40, truth.shape))
    started = time.process_time()
    best_of_n(truth, {"judge": truth + rng.standard_normal(truth.shape)}, answers)
    assert time.process_time() - started < 10


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"selectors": {"oracle": np.zeros((2, 2))}}, "may not be called"),
        ({"selectors": {"judge": np.zeros((2, 3))}}, "rate every sample"),
        ({"answers": np.zeros((2, 2))}, "integers"),
        ({"answers": np.zeros((2, 3), dtype=int)}, "one for each sample"),
        ({"ks": [0]}, "at least 1"),
    ],
)
def test_settings_that_do_not_fit_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        best_of_n(np.zeros((2, 2)), **arguments)


def test_an_unknown_curve_is_refused():
    with pytest.raises(ValueError, match="no curve of 'judge'"):
        best_of_n(np.zeros((2, 2)), plan=QUICK).of("judge")
