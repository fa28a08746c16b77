from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.ratings.active import Pair, best_pairs, gains, pair_probabilities, undecided
from leaderboard.ratings.battles import Battles
from leaderboard.ratings.deciding import Separation, neighbours
from leaderboard.ratings.strengths import SCALE, Fit, fit
from tests.leaderboard.ratings.strategies import any_battles

THETA = np.array([1.2, 1.1, 0.2, 0.0, -1.0, -2.2])


def made(
    theta: list[float], covariance: np.ndarray, component: list[int] | None = None, n: list[int] | None = None
) -> Fit:
    """A fit with given numbers."""
    size = len(theta)
    counts = np.array(n or [9] * size)
    return dataclasses.replace(
        fit(Battles.of([f"m{i}" for i in range(size)], [])),
        component=np.array(component or [0] * size),
        theta=np.array(theta),
        covariance=covariance,
        n=counts,
        used=counts,
        clusters=counts,
    )


def some_covariance(size: int, seed: int = 0) -> np.ndarray:
    root = np.random.default_rng(seed).normal(size=(size, size + 2))
    return root @ root.T / size


def asked(rng: np.random.Generator, chances: np.ndarray, n: int, theta: np.ndarray) -> Battles:
    size = len(theta)
    a, b = np.divmod(rng.choice(size * size, n, p=chances.ravel()), size)
    credit = (rng.random(n) < 1 / (1 + np.exp(theta[b] - theta[a]))).astype(float)
    return Battles(tuple(f"m{i}" for i in range(size)), a, b, credit, np.arange(n))


def joined(first: Battles, second: Battles) -> Battles:
    columns = [np.concatenate([getattr(first, c), getattr(second, c)]) for c in ("a", "b", "credit")]
    return Battles(first.names, *columns, np.arange(len(columns[0])))


def everyone_alike(size: int) -> np.ndarray:
    return (1 - np.eye(size)) / (size * (size - 1))


@given(st.lists(st.floats(-3, 3), min_size=2, max_size=6), st.integers(0, 1000))
def test_gain_is_what_inverting_the_updated_information_gives(theta: list[float], seed: int) -> None:
    size = len(theta)
    v, contrasts = some_covariance(size, seed), np.random.default_rng(seed).normal(size=(3, size))
    found = gains(made(theta, v), contrasts)
    for i in range(size):
        for j in range(size):
            x = np.eye(size)[i] - np.eye(size)[j]
            p = 1 / (1 + np.exp(theta[j] - theta[i]))
            after = np.linalg.inv(np.linalg.inv(v) + p * (1 - p) * np.outer(x, x))
            fall = SCALE**2 * np.trace(contrasts @ (v - after) @ contrasts.T)
            assert found[i, j] == pytest.approx(fall, rel=1e-5, abs=1e-4)


def test_without_contrasts_all_ratings_count() -> None:
    found = made([0.0, 1.0, 2.0], some_covariance(3))
    assert gains(found) == pytest.approx(gains(found, np.eye(3)))


@given(any_battles())
def test_gains_are_symmetric_and_never_negative(battles: Battles) -> None:
    found = gains(fit(battles))
    assert np.array_equal(found, found.T)
    assert np.all(found >= 0)
    assert not np.any(np.diag(found))


@pytest.mark.parametrize("contrasts", [np.ones(3), np.ones((2, 4)), np.full((1, 3), np.nan)])
def test_contrasts_that_do_not_fit_are_refused(contrasts: np.ndarray) -> None:
    with pytest.raises(ValueError, match="contrasts must"):
        gains(made([0.0] * 3, np.eye(3)), contrasts)


def test_the_pair_itself_decides_its_own_contrast_best() -> None:
    rng = np.random.default_rng(2)
    found = fit(asked(rng, everyone_alike(6), 600, THETA))
    best = best_pairs(found, 1, np.array([[1.0, -1.0, 0, 0, 0, 0]]))[0]
    assert {best.first, best.second} == {"m0", "m1"}


def test_best_pairs_are_those_of_largest_gain_in_falling_order() -> None:
    found = made([0.0, 0.5, 1.0, 3.0], some_covariance(4))
    gain = gains(found)
    i, j = np.triu_indices(4, 1)
    best = best_pairs(found, 4)
    assert [pair.gain for pair in best] == sorted(gain[i, j], reverse=True)[:4]
    assert all(gain[int(pair.first[1]), int(pair.second[1])] == pair.gain for pair in best)


def test_no_more_pairs_than_there_are() -> None:
    assert len(best_pairs(made([0.0] * 3, np.eye(3)), 10)) == 3
    assert best_pairs(made([0.0], np.eye(1)), 1) == ()


def test_no_pair_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="k must"):
        best_pairs(made([0.0] * 3, np.eye(3)), 0)


def test_pairs_that_connect_come_first_the_newest_against_the_best_known() -> None:
    covariance = np.zeros((4, 4))
    covariance[:2, :2] = [[1.0, -1.0], [-1.0, 1.0]]
    found = made([0.0] * 4, covariance, [0, 0, 1, 2], [9, 8, 0, 3])
    names = [(pair.first, pair.second) for pair in best_pairs(found, 6)]
    assert names == [("m0", "m2"), ("m1", "m2"), ("m2", "m3"), ("m0", "m3"), ("m1", "m3"), ("m0", "m1")]
    assert [np.isinf(pair.gain) for pair in best_pairs(found, 6)] == [True] * 5 + [False]


def test_connecting_pairs_share_all_but_the_uniform_part() -> None:
    found = made([0.0] * 3, np.zeros((3, 3)), [0, 0, 1], [5, 5, 0])
    chances = pair_probabilities(found, uniform=0.3)
    assert chances[0, 1] == pytest.approx(0.3 / 6)
    assert chances[0, 2] == pytest.approx(0.3 / 6 + 0.7 / 4)
    assert chances[2, 1] == pytest.approx(0.3 / 6 + 0.7 / 4)


@given(any_battles(), st.floats(0.01, 1))
def test_probabilities_are_symmetric_sum_to_one_and_leave_no_pair_out(battles: Battles, uniform: float) -> None:
    chances = pair_probabilities(fit(battles), uniform=uniform)
    size = len(battles.names)
    assert chances.sum() == pytest.approx(1)
    assert np.array_equal(chances, chances.T)
    assert not np.any(np.diag(chances))
    assert np.all(chances[~np.eye(size, dtype=bool)] >= 0.999999 * uniform / (size * (size - 1)))


def test_nothing_to_gain_is_uniform() -> None:
    found = made([0.0, 1.0, 2.0], np.zeros((3, 3)))
    assert pair_probabilities(found) == pytest.approx(everyone_alike(3))
    assert pair_probabilities(found, np.zeros((0, 3))) == pytest.approx(everyone_alike(3))


@pytest.mark.parametrize("uniform", [0.0, -0.1, 1.1])
def test_a_share_outside_its_range_is_refused(uniform: float) -> None:
    with pytest.raises(ValueError, match="uniform must"):
        pair_probabilities(made([0.0] * 2, np.eye(2)), uniform=uniform)


def test_one_entry_has_no_pairs() -> None:
    with pytest.raises(ValueError, match="two entries"):
        pair_probabilities(made([0.0], np.eye(1)))


def test_undecided_separations_become_contrasts() -> None:
    found = made([0.0] * 3, np.eye(3))
    open_one = Separation("m2", "m0", 1.0, 2.0, 0.7, 0.6, 0.6, False, 9)
    decided = dataclasses.replace(open_one, decided=True)
    assert undecided(found, [decided, open_one]).tolist() == [[-1.0, 0.0, 1.0]]
    assert undecided(found, []).shape == (0, 3)


def test_a_separation_of_others_is_refused() -> None:
    with pytest.raises(ValueError, match="'zed' is not in the fit"):
        undecided(made([0.0] * 2, np.eye(2)), [Separation("zed", "m0", 1.0, None, None, None, None, False, None)])


def campaign(seed: int, *, active: bool) -> tuple[float, float]:
    """After 400 more battles in 8 rounds: the summed variance of the undecided neighbours of the first 400, and the
    squared error of those contrasts, in points²."""
    rng = np.random.default_rng(seed)
    battles = asked(rng, everyone_alike(6), 400, THETA)
    start = fit(battles)
    aim = undecided(start, neighbours(start, np.argsort(-start.theta).tolist()))
    for _ in range(8):
        chances = pair_probabilities(fit(battles), aim) if active else everyone_alike(6)
        battles = joined(battles, asked(rng, chances, 50, THETA))
    end = fit(battles)
    error = SCALE * aim @ (end.theta - THETA)
    return SCALE**2 * float(np.trace(aim @ end.covariance @ aim.T)), float(error @ error)


def test_asking_for_what_is_undecided_lowers_its_variance_and_error_faster_than_chance() -> None:
    uniform, active = (np.array([campaign(seed, active=flag) for seed in range(40)]).mean(axis=0) for flag in (0, 1))
    assert active[0] < 0.8 * uniform[0]
    assert active[1] < 0.9 * uniform[1]


def test_three_hundred_entries_are_weighed_at_once() -> None:
    found = made(list(np.linspace(-3, 3, 300)), some_covariance(300))
    contrasts = np.eye(300)[:-1] - np.eye(300)[1:]
    table = gains(found, contrasts)
    assert table.shape == (300, 300)
    assert np.array_equal(table, table.T)


def test_a_pair_is_plain_data() -> None:
    assert best_pairs(made([0.0, 0.0], np.eye(2)), 1) == (Pair("m0", "m1", pytest.approx(SCALE**2 * 0.5 / 1.5)),)
