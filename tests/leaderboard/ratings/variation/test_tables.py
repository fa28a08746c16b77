"""Means over prompts and runs in tables with gaps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.ratings.variation import tables
from tests.leaderboard.ratings.variation.strategies import VALUES
from tests.leaderboard.ratings.variation.strategies import tables as any_table

NAN = float("nan")


def test_a_prompt_missing_from_a_run_stands_with_its_own_mean():
    scores = np.array([[1.0, NAN, 0.5], [0.0, 0.2, 0.4]])
    assert tables.run_scores(scores) == pytest.approx([0.5, (0.75 + 0.2) / 2, 0.45])


def test_a_run_without_a_score_has_none():
    assert np.isnan(tables.run_scores(np.array([[1.0, NAN], [0.0, NAN]]))[1])


@given(any_table())
def test_the_mean_of_the_runs_is_the_mean_of_the_prompts(scores):
    runs, means = tables.run_scores(scores), tables.prompt_means(scores)
    runs, means = runs[~np.isnan(runs)], means[~np.isnan(means)]
    assert (len(runs) == 0) == (len(means) == 0)
    if len(runs):
        assert np.mean(runs) == pytest.approx(np.mean(means), abs=1e-12)


@given(any_table(VALUES, least=2), st.integers(0, 99))
def test_prompt_and_run_effects_alone_leave_nothing(scores, seed):
    rng = np.random.default_rng(seed)
    additive = rng.random((scores.shape[0], 1)) + rng.random(scores.shape[1])
    assert tables.residual_variance(additive) == pytest.approx(0, abs=1e-12)
    assert tables.residual_variance(scores + additive) == pytest.approx(tables.residual_variance(scores), abs=1e-9)


def test_the_residual_is_that_of_the_textbook_layout():
    assert tables.residual_variance(np.array([[1.0, 0.0], [0.0, 1.0]])) == pytest.approx(1.0)


@pytest.mark.parametrize("scores", [np.zeros((1, 3)), np.zeros((3, 1)), np.full((2, 2), NAN), np.zeros((0, 2))])
def test_without_freedom_there_is_no_residual(scores):
    assert np.isnan(tables.residual_variance(scores))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: tables.as_table([1.0, 2.0]), "a table of prompts by samples"),
        (lambda: tables.as_table([[np.inf]]), "finite or NaN"),
        (lambda: tables.as_row([[1.0]]), "one-dimensional"),
        (lambda: tables.as_row([1.0], 2), "there must be 2 scores, not 1"),
    ],
)
def test_bad_scores_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()
