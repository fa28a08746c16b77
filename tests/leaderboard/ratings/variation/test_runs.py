"""Best, worst and spread of runs, and how often prompts come out right."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given

from leaderboard.ratings.variation.runs import Consistency, consistency, summarise_runs
from tests.leaderboard.ratings.variation.strategies import VALUES, judged, tables

NAN = float("nan")


def test_a_small_table_by_hand():
    found = summarise_runs([[1.0, 0.0], [1.0, 1.0]])
    assert (found.mean, found.best, found.worst, found.range) == (0.75, 1.0, 0.5, 0.5)
    assert found.std == pytest.approx(np.sqrt(0.125))
    assert found.se_prompts == pytest.approx(0.25)
    assert found.se_runs == pytest.approx(0.25)
    assert (found.prompts, found.runs, found.missing) == (2, 2, 0)


def test_gaps_are_counted():
    found = summarise_runs([[1.0, NAN, NAN], [0.0, 0.5, NAN], [NAN, NAN, NAN]])
    assert (found.prompts, found.runs, found.missing) == (2, 2, 6)
    assert np.isnan(found.scores[2])


@pytest.mark.parametrize("scores", [np.zeros((0, 3)), np.zeros((3, 0)), np.full((2, 2), NAN)])
def test_nothing_scored_has_no_figures(scores):
    found = dataclasses.asdict(summarise_runs(scores))
    figures = ("mean", "std", "best", "worst", "range", "se_prompts", "se_runs", "se")
    assert [found[name] for name in figures] == [None] * len(figures)


def test_one_sample_has_a_spread_over_prompts_only():
    found = summarise_runs([[1.0], [0.0], [0.0], [1.0]])
    assert (found.std, found.se_runs, found.range) == (None, None, 0.0)
    assert found.se == found.se_prompts == pytest.approx(np.sqrt(1 / 12))


def test_one_prompt_has_a_spread_over_runs_only():
    found = summarise_runs([[1.0, 0.0, 1.0, 0.0]])
    assert found.se_prompts is None
    assert found.se == found.se_runs == pytest.approx(np.sqrt(1 / 12))


@given(tables(VALUES, least=2))
def test_the_joint_error_lies_between_the_larger_one_and_both_together(scores):
    found = summarise_runs(scores)
    assert max(found.se_prompts, found.se_runs) - 1e-12 <= found.se
    assert found.se <= np.hypot(found.se_prompts, found.se_runs) + 1e-12


def test_the_joint_error_matches_means_of_fresh_prompts_and_runs():
    drawn = [summarise_runs(judged(40, 6, seed, run_effect=0.1)) for seed in range(400)]
    actual = np.std([found.mean for found in drawn])
    assert np.sqrt(np.mean([found.se**2 for found in drawn])) == pytest.approx(actual, rel=0.1)


@given(tables())
def test_the_order_of_prompts_and_runs_does_not_matter(scores):
    plain, turned = summarise_runs(scores), summarise_runs(scores[::-1, ::-1])
    assert turned.runs == plain.runs
    for name in ("mean", "std", "best", "worst", "se"):
        assert getattr(turned, name) == pytest.approx(getattr(plain, name), abs=1e-9)


def test_prompts_are_counted_by_how_often_they_are_right():
    scores = [[1.0, 1.0], [1.0, 0.0], [0.0, 0.0], [1.0, NAN], [NAN, NAN]]
    assert consistency(scores) == Consistency(always=2, sometimes=1, never=1, unscored=1)


def test_right_starts_at_the_given_score():
    assert consistency([[0.5, 0.7], [0.4, 0.5]], right_at=0.5) == Consistency(1, 1, 0, 0)


@given(tables())
def test_every_prompt_is_counted_once(scores):
    found = consistency(scores)
    assert found.always + found.sometimes + found.never + found.unscored == len(scores)
