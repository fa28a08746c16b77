from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaderboard.ratings import length_fit
from leaderboard.ratings.length_fit import (
    BASELINE_FIT,
    C_GRID,
    LengthFit,
    Regulariser,
    Rows,
    between,
    choose_c,
    cross_validated,
    fit_rows,
    length_controlled,
    points,
    published_se,
    refits,
)
from leaderboard.ratings.logistic import Floats, l1_logistic, sigmoid
from tests.leaderboard.ratings.length_boards import bound

COEFFICIENT = st.floats(-5, 5)
GAMMAS = st.lists(st.floats(-5, 5), min_size=1, max_size=30).map(np.array)


def some_rows(seed: int, n: int = 60) -> Rows:
    random = np.random.default_rng(seed)
    t, gamma = np.tanh(random.normal(size=n)), random.normal(size=n)
    return Rows(t, gamma, sigmoid(-t + 0.8 * gamma - 0.5 + random.normal(size=n)), np.ones(n))


def taken(rows: Rows, places: Floats) -> Rows:
    return Rows(*(getattr(rows, part.name)[places] for part in dataclasses.fields(rows)))


def made(psi: float, theta: float) -> LengthFit:
    return LengthFit(-1.0, psi, theta, 2.78, 900.0)


def test_length_controlled_by_hand() -> None:
    # σ(1·0 + log 3) = 3/4, σ(1·log 3 + log 3) = 9/10
    fit, gamma = made(1.0, np.log(3)), np.array([0.0, np.log(3)])
    assert length_controlled(fit, gamma) == pytest.approx(82.5, rel=1e-14)
    assert length_controlled(fit, gamma, np.array([2.0, 1.0])) == pytest.approx(80.0, rel=1e-14)


def test_length_has_no_part_in_the_value() -> None:
    gamma = np.array([0.3, -1.0])
    assert length_controlled(dataclasses.replace(made(1, 0.2), length=5.0), gamma) == length_controlled(
        made(1, 0.2), gamma
    )


def test_published_se_by_hand() -> None:
    fit = made(1.0, 0.0)
    assert published_se(fit, np.array([0.0, np.log(3)])) == pytest.approx(100 * 0.25 / 2, rel=1e-14)
    assert published_se(fit, np.zeros(1)) is None


def test_a_mean_over_no_prompt_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one prompt"):
        length_controlled(made(1, 0), np.zeros(0))
    with pytest.raises(ValueError, match="at least one prompt"):
        between(made(1, 0), made(0, 0), np.zeros(0))


@given(COEFFICIENT, COEFFICIENT, COEFFICIENT, COEFFICIENT, GAMMAS)
def test_between_is_antisymmetric_about_50(p: float, q: float, r: float, s: float, gamma: Floats) -> None:
    i, j = made(p, q), made(r, s)
    assert between(i, j, gamma) + between(j, i, gamma) == pytest.approx(100, abs=1e-10)
    assert between(i, i, gamma) == 50


@given(COEFFICIENT, COEFFICIENT, GAMMAS)
def test_against_the_baseline_between_is_the_value(psi: float, theta: float, gamma: Floats) -> None:
    fit = made(psi, theta)
    assert between(fit, BASELINE_FIT, gamma) == length_controlled(fit, gamma)


@given(COEFFICIENT, COEFFICIENT, COEFFICIENT, st.floats(0, 5), GAMMAS)
def test_a_stronger_entry_wins_more(psi: float, theta: float, other: float, gain: float, gamma: Floats) -> None:
    assert between(made(psi, theta + gain), made(other, 0), gamma) >= between(made(psi, theta), made(other, 0), gamma)


def test_the_fit_is_the_penalised_optimum_of_both_kinds_of_rows() -> None:
    rows, others = some_rows(0), bound()
    features = np.concatenate(
        [
            np.stack([rows.length, rows.difficulty, np.ones(60)], axis=1),
            np.stack([others.length, others.difficulty, np.zeros(60)], axis=1),
        ]
    )
    target, weight = np.concatenate([rows.credit, others.target]), np.repeat([1.0, 0.1], 60)
    found = fit_rows(rows, 1.5, 900.0, others)
    assert found.coefficients == pytest.approx(l1_logistic(features[None], target[None], weight[None], 1.5)[0])
    assert (found.c, found.std_delta) == (1.5, 900.0)


def test_ties_alone_give_50() -> None:
    rows = dataclasses.replace(some_rows(1), credit=np.full(60, 0.5))
    fit = fit_rows(rows, 2.78, 900.0, Regulariser.none())
    assert np.all(fit.coefficients == 0)
    assert length_controlled(fit, rows.difficulty) == 50


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_mirrored_verdicts_mirror_the_value(seed: int) -> None:
    rows, others = some_rows(seed), bound(seed)
    mirror = dataclasses.replace(rows, credit=1 - rows.credit)
    other_way = Regulariser.of(others.length, others.difficulty, 1 - others.target)
    value, mirrored = (fit_rows(r, 2.78, 900.0, o) for r, o in ((rows, others), (mirror, other_way)))
    total = length_controlled(value, rows.difficulty) + length_controlled(mirrored, rows.difficulty)
    assert total == pytest.approx(100, abs=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.floats(-0.2, 0.2))
def test_two_half_rows_are_their_mean(seed: int, gap: float) -> None:
    rows = some_rows(seed)
    middle = np.clip(rows.credit, 0.2, 0.8)
    halves = taken(rows, np.repeat(np.arange(60), 2))
    signs = np.tile([1.0, -1.0], 60)
    halves = dataclasses.replace(halves, credit=np.repeat(middle, 2) + gap * signs, weight=np.full(120, 0.5))
    one = fit_rows(dataclasses.replace(rows, credit=middle), 2.78, 900.0, bound())
    assert fit_rows(halves, 2.78, 900.0, bound()).coefficients == pytest.approx(one.coefficients, abs=1e-6)


def test_a_replicate_is_the_fit_of_the_drawn_rows() -> None:
    rows, others = some_rows(2), bound()
    draws = np.random.default_rng(0).multinomial(60, np.full(60, 1 / 60), size=4)
    fit = fit_rows(rows, 2.78, 900.0, others)
    found = refits(rows, fit, draws, others)
    for counts, got in zip(draws, found, strict=True):
        again = fit_rows(taken(rows, np.repeat(np.arange(60), counts)), 2.78, 900.0, others)
        assert got == pytest.approx(again.coefficients, abs=1e-6)


def test_replicates_do_not_depend_on_how_they_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, others = some_rows(3), bound()
    draws = np.random.default_rng(0).multinomial(60, np.full(60, 1 / 60), size=7)
    fit = fit_rows(rows, 2.78, 900.0, others)
    whole = refits(rows, fit, draws, others)
    monkeypatch.setattr(length_fit, "CHUNK", 3 * 120)
    assert refits(rows, fit, draws, others) == pytest.approx(whole, abs=1e-6)


def test_a_replicate_without_rows_is_nan() -> None:
    rows = some_rows(4)
    draws = np.stack([np.zeros(60, dtype=np.int64), np.ones(60, dtype=np.int64)])
    fit = fit_rows(rows, 2.78, 900.0, bound())
    found = refits(rows, fit, draws, bound())
    assert np.all(np.isnan(found[0]))
    assert found[1] == pytest.approx(fit.coefficients, abs=1e-6)
    assert np.isnan(points(found, rows.difficulty, draws)).tolist() == [True, False]


def validated_slowly(rows: Rows, others: Regulariser) -> list[float]:
    """The cross-validated losses written out row by row."""
    n, m = len(rows.credit), len(others.target)
    x = [(rows.length[i], rows.difficulty[i], 1.0) for i in range(n)]
    x += [(others.length[i], others.difficulty[i], 0.0) for i in range(m)]
    y, s = [*rows.credit, *others.target], [*rows.weight, *[0.1] * m]
    folds: list[list[int]] = [[] for _ in range(5)]
    for j, row in enumerate(reversed(range(n + m))):
        folds[j % 5].append(row)
    losses = []
    for c in C_GRID:
        total = 0.0
        for fold in folds:
            rest = [row for row in range(n + m) if row not in set(fold)]
            picked = (np.array([[part[row] for row in rest]]) for part in (x, y, s))
            w = l1_logistic(*picked, c)[0]
            q = {row: float(sigmoid(np.array(np.dot(x[row], w)))) for row in fold}
            loss = sum(-s[row] * (y[row] * np.log(q[row]) + (1 - y[row]) * np.log(1 - q[row])) for row in fold)
            total += loss / sum(s[row] for row in fold)
        losses.append(total / 5)
    return losses


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 1000), st.integers(6, 23), st.integers(0, 9))
def test_cross_validation_by_a_second_road(seed: int, n: int, m: int) -> None:
    rows, others = some_rows(seed, n), bound(seed, m)
    losses = cross_validated(rows, others)
    assert losses == pytest.approx(np.array(validated_slowly(rows, others)), rel=1e-5)
    assert choose_c(rows, others) == C_GRID[np.argmin(losses)]


def test_the_choice_of_c_needs_five_rows() -> None:
    with pytest.raises(ValueError, match="5 folds need at least 5 rows"):
        choose_c(some_rows(0, 4), Regulariser.none())


@pytest.mark.parametrize(
    ("t", "difficulty", "target", "message"),
    [
        ([0.1], [0.0, 1.0], [0.5], "have one length"),
        ([[0.1]], [[0.0]], [[0.5]], "one-dimensional"),
        ([np.nan], [0.0], [0.5], "finite"),
        ([0.1], [np.inf], [0.5], "finite"),
        ([1.1], [0.0], [0.5], "must lie in"),
        ([0.1], [0.0], [1.5], "must lie in"),
    ],
)
def test_a_bad_regulariser_is_refused(
    t: list[float], difficulty: list[float], target: list[float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Regulariser.of(t, difficulty, target)


def test_regularising_rows_bind_the_length_coefficient() -> None:
    rows = dataclasses.replace(some_rows(5), credit=np.full(60, 0.3))
    free = fit_rows(rows, 2.78, 900.0, Regulariser.none())
    t = np.linspace(-1, 1, 2000)
    tied = fit_rows(rows, 2.78, 900.0, Regulariser.of(t, 0 * t, sigmoid(-2 * t)))
    assert abs(free.length) < 0.3
    assert tied.length < -1.0


def test_rows_at_mean_difficulty_keep_length_and_target() -> None:
    others = bound()
    flat = others.at_mean_difficulty()
    assert np.all(flat.difficulty == 0)
    assert (flat.length is others.length, flat.target is others.target) == (True, True)
