"""Arenas with a known truth: what drawing by gain saves, that ratings stay unbent, and where weights matter."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bench.pairing import SCENARIOS, UNIFORM, Arena, Scenario, best_saving, line, measured
from leaderboard.ratings.pairing import Sampling
from leaderboard.ratings.strengths import SCALE, fit

NEW, NOTHING = SCENARIOS[2], SCENARIOS[1]


def test_new_entries_are_rated_with_at_least_thirty_percent_fewer_votes() -> None:
    row = measured(NEW, 10, Sampling())
    assert row["saved"] - 2 * row["saved_se"] > 0.30
    assert "% fewer" in line(row)


def test_from_nothing_it_saves_most_of_what_any_rule_could() -> None:
    row = measured(dataclasses.replace(NOTHING, batch=100), 10, Sampling())
    assert 0.25 < row["best"] < 0.35
    assert 0.5 * row["best"] < row["saved"] < row["best"]


def test_mean_errors_lie_within_their_standard_errors_and_intervals_hold_the_truth() -> None:
    scenario = Scenario("small", 8, 1.0, 1600, batch=100)
    row = measured(scenario, 60, Sampling(uniform=0.1))
    assert row["bias_z"] < row["bias_limit"]
    assert row["bias_z_alike"] < row["bias_limit"]
    assert 0.92 < row["inside"] < 0.98


def test_drawing_alike_saves_nothing() -> None:
    row = measured(Scenario("alike", 8, 1.0, 800, batch=100), 12, UNIFORM)
    assert abs(row["saved"]) < 3 * row["saved_se"] + 0.05


def test_the_best_design_for_equal_entries_is_to_draw_alike() -> None:
    assert best_saving(np.zeros(6)) == pytest.approx(0, abs=1e-9)


def test_votes_have_the_credit_of_the_true_strengths() -> None:
    arena = Arena.of(Scenario("two", 2, 1.0, 1), 0)
    arena.vote(np.array([[0, 0.5], [0.5, 0]]), 40_000)
    wanted = 1 / (1 + np.exp(arena.truth[1] - arena.truth[0]))
    credit = np.where(arena.a == 0, arena.credit, 1 - arena.credit)
    assert credit.mean() == pytest.approx(wanted, abs=4 * 0.5 / 200)
    assert 0.05 < np.mean(arena.credit == 0.5) < 0.2


WINS = np.array([[0.5, 0.8, 0.5, 0.5], [0.2, 0.5, 0.8, 0.5], [0.5, 0.2, 0.5, 0.5], [0.5, 0.5, 0.5, 0.5]])
"""Entries that no strengths describe: 0 beats 1 and 1 beats 2 by more than 0 beats 2."""


def rated(chances: np.ndarray, *, even: bool, seed: int) -> np.ndarray:
    """(4,) ratings of many votes drawn with these chances."""
    arena = Arena.of(Scenario("any", 4, 1.0, 1), seed)
    a, b = np.divmod(arena.rng.choice(16, 40_000, p=chances.ravel()), 4)
    arena.a, arena.b, arena.credit = a, b, (arena.rng.random(40_000) < WINS[a, b]).astype(float)
    return SCALE * fit(arena.battles, even=even).theta


def test_where_no_strengths_fit_ratings_follow_the_mix_of_pairs_unless_pairs_are_weighted_alike() -> None:
    alike = (1 - np.eye(4)) / 12
    skewed = alike * np.where(np.add.outer(range(4), range(4)) == 1, 10, 1)
    skewed /= skewed.sum()
    target = np.mean([rated(alike, even=False, seed=seed) for seed in range(4)], axis=0)
    plain = np.mean([rated(skewed, even=False, seed=seed) for seed in range(4)], axis=0)
    even = np.mean([rated(skewed, even=True, seed=seed) for seed in range(4)], axis=0)
    assert np.abs(plain - target).max() > 30
    assert np.abs(even - target).max() < 8
