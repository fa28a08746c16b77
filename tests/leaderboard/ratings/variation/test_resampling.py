"""Draws of prompts and of what runs share."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.ratings.variation.resampling import NOTHING, Bootstrap, Draws, Estimate, shared_by_runs
from tests.leaderboard.ratings.variation.strategies import judged

NAN = float("nan")


def test_each_replicate_draws_as_many_prompts_as_there_are():
    weight = Draws.of(7, Bootstrap(50)).weight
    assert weight.shape == (50, 7)
    assert np.all(weight.sum(axis=1) == 7)


def test_the_same_plan_gives_the_same_draws_and_another_seed_others():
    first, again, other = (Draws.of(9, Bootstrap(20, seed)).weight for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_standard_error_of_a_mean_is_that_of_the_formula():
    values = np.random.default_rng(0).standard_normal(400)
    found = Draws.of(400, Bootstrap(4000)).mean(values)
    assert found.value == pytest.approx(values.mean())
    assert found.se == pytest.approx(values.std() / 20, rel=0.04)
    assert found.low == pytest.approx(values.mean() - 1.96 * values.std() / 20, abs=0.01)
    assert found.high == pytest.approx(values.mean() + 1.96 * values.std() / 20, abs=0.01)


def test_a_missing_prompt_counts_for_nothing():
    values = np.array([1.0, NAN, 3.0])
    draws = Draws.of(3, Bootstrap(200))
    found = draws.means(values)
    assert np.array_equal(np.isnan(found), draws.weight[:, 1] == 3)
    assert np.nanmin(found) == 1 and np.nanmax(found) == 3
    assert draws.mean(values).value == 2


@pytest.mark.parametrize("values", [np.zeros(0), np.array([NAN, NAN])])
def test_nothing_gives_nothing(values):
    assert Draws.of(len(values), Bootstrap(5)).mean(values) == NOTHING


def test_one_prompt_has_a_value_and_no_interval():
    assert Draws.of(1, Bootstrap(5)).mean(np.array([0.3])) == Estimate(0.3)


@given(st.floats(-5, 5), st.floats(0.1, 3))
def test_an_estimate_follows_shift_and_scale(shift, scale):
    values = judged(12, 1)[:, 0]
    draws = Draws.of(12, Bootstrap(40))
    plain, moved = draws.mean(values), draws.mean(values * scale + shift)
    assert moved.value == pytest.approx(plain.value * scale + shift)
    assert moved.se == pytest.approx(plain.se * scale)
    assert moved.high == pytest.approx(plain.high * scale + shift)


def test_runs_that_share_nothing_shift_nothing():
    scores = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    assert not Draws.of(4, Bootstrap(10)).run_shifts(scores).any()


def test_one_run_shifts_nothing():
    assert not Draws.of(3, Bootstrap(10)).run_shifts(np.array([[1.0], [0.0], [1.0]])).any()


def test_what_runs_share_shifts_the_mean_by_its_own_spread():
    scores = judged(300, 40, run_effect=0.5)
    effects = shared_by_runs(scores)
    shifts = Draws.of(300, Bootstrap(6000)).run_shifts(scores)
    assert np.sqrt(np.mean(effects**2)) == pytest.approx(0.5, rel=0.3)
    assert shifts.std() == pytest.approx(np.sqrt(np.mean(effects**2) / 40), rel=0.04)
    assert shifts.mean() == pytest.approx(0, abs=0.005)


def test_only_the_noise_of_single_samples_is_taken_off_the_runs():
    scores = np.array([[0.0, 1.0, 0.0], [0.5, 0.5, 1.5], [1.0, 0.0, 2.0]])
    runs = scores.mean(axis=0)
    residual = np.sum((scores - scores.mean(axis=1)[:, None] - runs + scores.mean()) ** 2) / 4
    wanted = max(0.0, np.var(runs, ddof=1) - residual / 3)
    assert np.mean(shared_by_runs(scores) ** 2) == pytest.approx(wanted)


def test_two_configurations_draw_their_runs_apart():
    draws, scores = Draws.of(50, Bootstrap(30)), judged(50, 10, run_effect=1.0)
    assert not np.array_equal(draws.run_shifts(scores, 0), draws.run_shifts(scores, 1))


@pytest.mark.parametrize(
    ("changes", "words"), [({"replicates": 1}, "at least 2"), ({"confidence": 1.0}, "between 0 and 1")]
)
def test_a_plan_that_cannot_be_is_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        Bootstrap(**changes)
