"""Poisson bootstrap: its spread is the sandwich's, with and without clusters, and broken replicates are NaN."""

from __future__ import annotations

import numpy as np
import pytest

from leaderboard.ratings.battles import Battles
from leaderboard.ratings.bootstrap import bootstrap
from leaderboard.ratings.bradley_terry import BradleyTerry, BradleyTerryParams
from leaderboard.ratings.strengths import fit
from tests.leaderboard.ratings.strategies import random_battles


def paired(battles: Battles) -> Battles:
    pair = np.minimum(battles.a, battles.b) * 5 + np.maximum(battles.a, battles.b)
    marks = pair * 50 + np.arange(len(pair)) % 50
    return Battles(battles.names, battles.a, battles.b, battles.credit, marks)


@pytest.mark.parametrize(
    "battles",
    [random_battles(3000), random_battles(3000, clusters=300), paired(random_battles(3000))],
    ids=["own", "crossing", "pair"],
)
@pytest.mark.parametrize("even", [False, True])
def test_the_spread_is_that_of_the_sandwich(battles: Battles, even: bool) -> None:
    found = fit(battles, even=even)
    draws = bootstrap(battles, found, 2000, seed=1, even=even)
    assert np.cov(draws.T) == pytest.approx(found.covariance, rel=0.15, abs=0.15 * found.covariance.max())
    assert draws.mean(axis=0) == pytest.approx(found.theta, abs=0.02)
    assert draws.sum(axis=1) == pytest.approx(np.zeros(2000), abs=1e-5)


def test_each_replicate_is_the_optimum_of_its_own_weights() -> None:
    # Equal weights of all rows give the full fit itself, whatever the number of rounds.
    battles = random_battles(60, size=3)
    found = fit(battles)
    draws = bootstrap(battles, found, 500, seed=3)
    kept = draws[~np.isnan(draws).any(axis=1)]
    assert len(kept) > 450
    assert np.abs(kept).max() < 20


def test_the_seed_decides() -> None:
    battles = random_battles(300)
    one, two, other = (bootstrap(battles, fit(battles), 50, seed=s) for s in (5, 5, 6))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)


def test_replicates_that_fall_apart_are_nan_and_counted() -> None:
    # b beat c once: half of the replicates or so lose that battle, or c's only win.
    rows = [(0, 1, 1.0), (1, 0, 1.0), (1, 2, 1.0), (2, 1, 1.0)] + [(0, 1, 0.5)] * 20
    battles = Battles.of("abc", [(*row, i) for i, row in enumerate(rows)])
    draws = bootstrap(battles, fit(battles), 400, seed=0)
    broken = np.isnan(draws).any(axis=1)
    # Both single wins must be drawn: (1 - 1/e)² = 0.40
    assert broken.mean() == pytest.approx(1 - 0.3996, abs=0.08)
    assert np.isnan(draws[broken]).all()
    table = BradleyTerry(BradleyTerryParams(interval="bootstrap", replicates=400)).rate(battles)
    assert table.extra["degenerate"] == broken.sum()
    assert [(r.low, r.value is None) for r in table.ratings] == [(None, False)] * 3
    assert "Most replicates" in table.ratings[0].note


def test_who_has_no_strength_has_no_replicate() -> None:
    rows = [(0, 1, 1.0), (0, 1, 0.0), (0, 1, 0.5), (2, 0, 1.0)]
    battles = Battles.of("abc", [(*row, i) for i, row in enumerate(rows)])
    assert np.isnan(bootstrap(battles, fit(battles), 20, seed=0)[:, 2]).all()


def test_percentiles_hold_the_truth() -> None:
    held = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        a = rng.integers(0, 5, 500)
        b = (a + rng.integers(1, 5, 500)) % 5
        credit = (rng.random(500) < 1 / (1 + np.exp((b - a) * 0.5))).astype(float)
        table = BradleyTerry(BradleyTerryParams(interval="bootstrap", replicates=300)).rate(
            Battles(tuple("abcde"), a, b, credit, None)
        )
        truth = 400 / np.log(10) * (np.arange(5) - 2) * 0.5 + 1000
        held += [r.low <= t <= r.high for r, t in zip(table.ratings, truth, strict=True)]
    assert 0.9 <= np.mean(held) <= 0.98
