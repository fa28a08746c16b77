from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from leaderboard.ratings.logistic import Floats, l1_logistic, sigmoid, softplus


def problem(seed: int, *, n: int = 40, k: int = 3) -> tuple[Floats, Floats, Floats]:
    """Features (1, n, k), soft targets (1, n) and weights (1, n) of one problem."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, k))
    y = sigmoid(2 * random.normal(size=n) + x @ random.normal(size=k))
    return x[None], y[None], random.uniform(0.1, 2, size=n)[None]


def objective(w: Floats, x: Floats, y: Floats, s: Floats, c: float) -> float:
    z = x @ w
    loss = y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)
    return float(np.abs(w).sum() + c * s @ loss)


def by_scipy(x: Floats, y: Floats, s: Floats, c: float) -> Floats:
    """The same optimum by another road: w = u − v with u, v ≥ 0 makes the objective smooth."""
    k = x.shape[1]

    def split(uv: Floats) -> tuple[float, Floats]:
        w = uv[:k] - uv[k:]
        slope = c * x.T @ (s * (sigmoid(x @ w) - y))
        smooth = objective(w, x, y, s, c) - np.abs(w).sum()
        return smooth + uv.sum(), np.concatenate([slope + 1, 1 - slope])

    uv, bounds = np.zeros(2 * k), [(0, None)] * 2 * k
    # it now and then stops short on a bound, and goes on when it is started again
    for _ in range(5):
        uv = minimize(split, uv, jac=True, bounds=bounds, options={"ftol": 1e-15, "gtol": 1e-9}).x
    return np.asarray(uv[:k] - uv[k:])


@given(st.floats(-700, 700))
def test_sigmoid_is_the_logistic_function(x: float) -> None:
    assert sigmoid(np.array(x)) == pytest.approx(1 / (1 + np.exp(-x)), abs=1e-15)


@given(st.floats(-1e300, 1e300))
def test_softplus_is_the_logarithm_of_one_and_e_to_the_x(x: float) -> None:
    assert softplus(np.array(x)) == pytest.approx(np.logaddexp(0, x), rel=1e-15)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([1e-3, 0.05, 0.3, 2.78, 100.0]), st.integers(1, 4))
def test_scipy_finds_the_same_optimum(seed: int, c: float, k: int) -> None:
    x, y, s = problem(seed, k=k)
    found = l1_logistic(x, y, s, c)[0]
    assert found == pytest.approx(by_scipy(x[0], y[0], s[0], c), abs=1e-4)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.05, 2.78, 1e4]), st.integers(0, 2), st.floats(-0.1, 0.1))
def test_no_move_of_one_coefficient_is_better(seed: int, c: float, column: int, step: float) -> None:
    x, y, s = problem(seed)
    found = l1_logistic(x, y, s, c)[0]
    moved = found.copy()
    moved[column] += step
    best = objective(found, x[0], y[0], s[0], c)
    assert best <= objective(moved, x[0], y[0], s[0], c) + 1e-12 * best


def test_one_column_by_hand() -> None:
    # |w| + c·(n₁·log(1 + e^−w) + n₀·log(1 + e^w)) is least where c·(n₁ − n·σ(w)) = 1, n = n₁ + n₀
    x, s = np.ones((1, 8, 1)), np.ones((1, 8))
    y = np.array([[1, 1, 1, 1, 1, 1, 0, 0]], dtype=np.float64)
    assert l1_logistic(x, y, s, 2.0)[0, 0] == pytest.approx(np.log(5.5 / 2.5), rel=1e-9)
    assert l1_logistic(x, y, s, 0.5)[0, 0] == 0.0


def test_a_strong_penalty_gives_exact_zeros() -> None:
    x, y, s = problem(1)
    assert np.all(l1_logistic(x, y, s, 1e-4) == 0)


def test_ties_alone_give_zeros() -> None:
    x, _, s = problem(2)
    assert np.all(l1_logistic(x, np.full((1, 40), 0.5), s, 100.0) == 0)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 5))
def test_solving_together_or_alone_gives_the_same(seed: int, size: int) -> None:
    x, y, _ = problem(seed)
    s = np.random.default_rng(seed).uniform(0, 1, size=(size, 40))
    together = l1_logistic(x, y, s, 2.78)
    alone = [l1_logistic(x, y, row[None], 2.78)[0] for row in s]
    assert together == pytest.approx(np.array(alone), abs=1e-6)


def test_problems_may_differ_in_features_and_targets() -> None:
    parts = [problem(seed) for seed in (3, 4)]
    x, y, s = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    alone = [l1_logistic(*part, 1.5)[0] for part in parts]
    assert l1_logistic(x, y, s, 1.5) == pytest.approx(np.array(alone), abs=1e-8)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.floats(-5, 5))
def test_the_start_does_not_matter(seed: int, start: float) -> None:
    x, y, s = problem(seed)
    warm = l1_logistic(x, y, s, 2.78, np.full((1, 3), start))
    assert warm == pytest.approx(l1_logistic(x, y, s, 2.78), abs=1e-6)


def test_a_row_of_weight_two_is_two_rows() -> None:
    x, y, s = problem(5)
    twice = [np.concatenate([part, part], axis=1) for part in (x, y, s)]
    assert l1_logistic(*twice, 2.78) == pytest.approx(l1_logistic(x, y, 2 * s, 2.78), abs=1e-8)


@pytest.mark.parametrize("c", [1.0, 1e4])
def test_one_sided_targets_end_where_the_penalty_holds(c: float) -> None:
    # c·n·(1 − σ(w)) = 1 for a constant column and n targets of 1
    x, s = np.ones((1, 30, 1)), np.ones((1, 30))
    assert l1_logistic(x, s, s, c)[0, 0] == pytest.approx(np.log(30 * c - 1), rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 12), st.sampled_from([1.0, 1e4]), st.sampled_from([1.0, 1e3]))
def test_whole_targets_of_few_rows_meet_the_conditions_of_an_optimum(
    seed: int, n: int, c: float, stretch: float
) -> None:
    # such targets are often separable, with the optimum hundreds of logits away
    x, y, s = problem(seed, n=n)
    x[:, :, 1] *= stretch
    w = l1_logistic(x, np.round(y), s, c)[0]
    slope = c * (x[0].T @ (s[0] * (sigmoid(x[0] @ w) - np.round(y[0]))))
    rounding = 2e-9 * c * np.max(s @ np.abs(x[0]))
    assert np.all(np.abs(slope[w == 0]) <= 1 + rounding)
    assert slope[w != 0] == pytest.approx(-np.sign(w[w != 0]), abs=rounding)


def test_a_column_of_zeros_gets_zero() -> None:
    x, y, s = problem(6)
    x[:, :, 1] = 0
    found = l1_logistic(x, y, s, 2.78)[0]
    assert found[1] == 0
    assert found[[0, 2]] == pytest.approx(l1_logistic(x[:, :, [0, 2]], y, s, 2.78)[0], abs=1e-6)


def test_equal_columns_are_solved() -> None:
    x, y, s = problem(7)
    x[:, :, 2] = x[:, :, 1]
    found = l1_logistic(x, y, s, 2.78)[0]
    single = l1_logistic(x[:, :, :2], y, s, 2.78)[0]
    assert found[1] + found[2] == pytest.approx(single[1], abs=1e-6)


def test_no_rows_give_zeros() -> None:
    empty = np.zeros((1, 0))
    assert np.all(l1_logistic(np.zeros((1, 0, 3)), empty, empty, 1.0) == 0)


@pytest.mark.parametrize(
    ("part", "value", "message"),
    [
        (0, np.nan, "finite"),
        (1, np.inf, "finite"),
        (2, np.nan, "finite"),
        (1, 1.5, "target must lie"),
        (1, -0.1, "target must lie"),
        (2, -1.0, "weight must not be negative"),
    ],
)
def test_bad_numbers_are_refused(part: int, value: float, message: str) -> None:
    arrays = problem(8)
    arrays[part].flat[3] = value
    with pytest.raises(ValueError, match=message):
        l1_logistic(*arrays, 1.0)


@pytest.mark.parametrize("c", [0.0, -1.0, np.nan, np.inf])
def test_a_bad_c_is_refused(c: float) -> None:
    with pytest.raises(ValueError, match="c must be positive"):
        l1_logistic(*problem(9), c)


def test_five_columns_are_refused() -> None:
    with pytest.raises(ValueError, match="at most 4 columns"):
        l1_logistic(*problem(9, k=5), 1.0)
