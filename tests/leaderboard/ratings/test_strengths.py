"""Bradley–Terry mathematics: hard tables are solved, a kept table gives what its battles give."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.ratings.pairs import PairTable, added, components, count_pairs
from leaderboard.ratings.strengths import fit, fit_pairs, solve
from tests.leaderboard.ratings.strategies import any_battles, random_battles


@pytest.mark.parametrize(("strong", "weak"), [(1e6, 1.0), (1e6, 1e-6), (1.0, 1e-6)])
def test_a_long_ladder_of_lopsided_pairs_is_solved(strong: float, weak: float) -> None:
    i = np.arange(49)
    ones = np.ones(49)
    theta = solve(PairTable(i, i + 1, strong * ones, weak * ones, ones, ones, ones, ones), 50)
    assert -np.diff(theta) == pytest.approx(np.full(49, math.log(strong / weak)), rel=1e-9)


def test_lopsided_random_tables_are_solved() -> None:
    rng = np.random.default_rng(0)
    solved = 0
    for _ in range(300):
        size = int(rng.integers(3, 9))
        i, j = np.triu_indices(size, 1)
        won = 10 ** rng.uniform(-7, 6, (2, len(i))) * (rng.random((2, len(i))) < 0.6)
        kept = won.sum(axis=0) > 0
        table = PairTable(i[kept], j[kept], *won[:, kept], *won[:, kept], won[0, kept], i[kept])
        if np.ptp(components(table, size)):
            continue
        theta = solve(table, size)
        z = theta[table.i] - theta[table.j]
        score = table.won_i / (1 + np.exp(z)) - table.won_j / (1 + np.exp(-z))
        gradient = np.bincount(table.i, score, size) - np.bincount(table.j, score, size)
        assert np.abs(gradient).max() < 1e-6
        solved += 1
    assert solved > 30


def test_a_table_without_an_optimum_is_refused() -> None:
    one = np.ones(1)
    with pytest.raises(ValueError, match="did not converge"):
        solve(PairTable(np.array([0]), np.array([1]), one, 0 * one, one, one, one, one), 2)


@pytest.mark.parametrize("clusters", [None, 80])
def test_a_kept_table_plus_new_battles_is_the_table_of_all(clusters: int | None) -> None:
    battles = random_battles(900)
    if clusters:  # both orders of an answer pair: clusters of two inside one pair of entrants
        pair = np.minimum(battles.a, battles.b) * 5 + np.maximum(battles.a, battles.b)
        battles = type(battles)(battles.names, battles.a, battles.b, battles.credit, pair * 10 + np.arange(900) % 10)
    late = np.isin(battles.labels, np.unique(battles.labels)[::3])
    kept = added([count_pairs(battles.take(~late)), count_pairs(battles.take(late))], 5)
    whole, start = fit(battles), fit(battles.take(~late)).theta
    again = fit_pairs(battles.names, kept, start=start)
    assert again.theta == pytest.approx(whole.theta, abs=1e-9)
    assert again.covariance == pytest.approx(whole.covariance, abs=1e-12)
    assert (again.n.tolist(), again.clusters.tolist()) == (whole.n.tolist(), whole.clusters.tolist())


@given(any_battles(), st.integers(0, 4))
def test_the_start_does_not_matter(battles, seed) -> None:
    table = count_pairs(battles)
    start = np.random.default_rng(seed).normal(0, 1, len(battles.names))
    assert fit_pairs(battles.names, table, start=start).theta == pytest.approx(fit(battles).theta, abs=1e-4)


def test_inverse_pair_weights_let_a_busy_pair_count_less() -> None:
    battles = random_battles(3000)
    busy = (np.minimum(battles.a, battles.b) == 0) & (np.maximum(battles.a, battles.b) == 1)
    more = battles.take(np.concatenate([np.arange(3000), np.repeat(np.flatnonzero(busy), 9)]))
    even, plain = (fit(battles, even=flag).theta for flag in (True, False))
    moved_even, moved = (fit(more, even=flag).theta for flag in (True, False))
    assert np.abs(moved_even - even).max() == pytest.approx(0, abs=1e-9)
    assert np.abs(moved - plain).max() > 1e-3
