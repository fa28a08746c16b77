"""The length-controlled win rate of AlpacaEval 2 (Dubois et al. 2024, arXiv 2404.04475) as arrays and formulas.

P(entry wins on prompt i) = σ(φ·t_i + ψ·γ_i + θ), t = tanh(Δ/s): Δ the baseline's length less the entry's,
s the spread of Δ, γ the prompt's difficulty (larger is easier to win). With t set to 0 it is what the entry
would win at the baseline's lengths. Which verdicts enter, and what is refused, is in `length_views`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leaderboard.contracts.said import said
from leaderboard.ratings.logistic import Floats, l1_logistic, sigmoid, softplus

C_GRID = tuple(np.logspace(-4, 4, 10).tolist())
"""The values among which AlpacaEval 2 chooses."""
FOLDS = 5
ROUGH = 1e-7
"""Tolerance of the fits that only choose C: an error of ε in coefficients is one of ε² in the loss."""
REGULARISER_WEIGHT = 0.1
"""Weight of one regularising row; an entry's own rows weigh 1 a prompt."""
CHUNK = 1_000_000
"""Most weights held at a time while replicates are fitted."""


@dataclass(frozen=True)
class Regulariser:
    """Rows that bind φ and ψ of every entry: verdicts on the baseline made verbose or concise, fitted without θ.

    All (m,): `length` = tanh(Δ/s), `difficulty` of the row's prompt, `target` in [0, 1].
    """

    length: Floats
    difficulty: Floats
    target: Floats

    @classmethod
    def of(cls, t: ArrayLike, difficulty: ArrayLike, target: ArrayLike) -> Regulariser:
        """Checked and copied. Raises: ValueError where lengths differ or a number is out of its range."""
        columns = [np.array(column, dtype=np.float64) for column in (t, difficulty, target)]
        if columns[0].ndim != 1 or any(column.shape != columns[0].shape for column in columns):
            raise ValueError("t, difficulty and target of a regulariser must be one-dimensional and have one length")
        if not all(np.all(np.isfinite(column)) for column in columns):
            raise ValueError("a regulariser must hold finite numbers only")
        if np.any(np.abs(columns[0]) > 1) or np.any(columns[2] < 0) or np.any(columns[2] > 1):
            raise ValueError("t of a regulariser must lie in [-1, 1] and target in [0, 1]")
        return cls(*columns)

    @classmethod
    def none(cls) -> Regulariser:
        """No rows."""
        return cls.of([], [], [])

    def at_mean_difficulty(self) -> Regulariser:
        """The same rows with difficulty 0, for a board whose difficulty has another scale, or none."""
        return Regulariser(self.length, np.zeros_like(self.difficulty), self.target)


@dataclass(frozen=True)
class Rows:
    """One entry's verdicts against the baseline.

    All (n,): `length` = tanh(Δ/s), `difficulty`, `credit` in [0, 1], `weight` (1 over the rows of the prompt).
    """

    length: Floats
    difficulty: Floats
    credit: Floats
    weight: Floats


@dataclass(frozen=True)
class LengthFit:
    """Coefficients of one entry: φ, ψ, θ, the C of the fit and s in units of the measure."""

    length: float
    difficulty: float
    entry: float
    c: float
    std_delta: float

    @property
    def coefficients(self) -> Floats:
        """(3,) φ, ψ, θ."""
        return np.array([self.length, self.difficulty, self.entry])


BASELINE_FIT = LengthFit(0.0, 0.0, 0.0, 0.0, 0.0)
"""The baseline against itself."""


def fit_rows(
    rows: Rows, c: float, std_delta: float, regulariser: Regulariser, begin: LengthFit = BASELINE_FIT
) -> LengthFit:
    """min ‖w‖₁ + C·Σ weight·CE over the entry's rows and the regularising rows, to the exact optimum.

    The search begins at φ and ψ of `begin`, as of `fit_regulariser`, and at the θ of the entry's raw win rate; a
    near start saves steps and changes nothing else.

    Raises: ValueError as `logistic.l1_logistic`.
    """
    features, target, weight = _stacked(rows, regulariser)
    start = np.array([[begin.length, begin.difficulty, _log_odds(rows)]])
    w = l1_logistic(features, target, weight, c, start)[0]
    return LengthFit(float(w[0]), float(w[1]), float(w[2]), c, std_delta)


def fit_regulariser(regulariser: Regulariser, c: float) -> LengthFit:
    """The fit of an entry that has no rows: φ and ψ of the regularising rows alone, θ = 0.

    Raises: ValueError as `logistic.l1_logistic`.
    """
    features, target, weight = _stacked(Rows(*[np.zeros(0)] * 4), regulariser)
    w = l1_logistic(features, target, weight, c)[0]
    return LengthFit(float(w[0]), float(w[1]), 0.0, c, 0.0)


def _log_odds(rows: Rows) -> float:
    """Of the raw win rate, which is held away from 0 and 1; 0 without rows."""
    if not np.sum(rows.weight):
        return 0.0
    share = float(np.clip(np.average(rows.credit, weights=rows.weight), 0.01, 0.99))
    return float(np.log(share / (1 - share)))


def choose_c(rows: Rows, regulariser: Regulariser) -> float:
    """The C of `C_GRID` with the least cross-validated loss; the smaller one where two are equal.

    Raises: ValueError where there are fewer rows than folds.
    """
    return float(C_GRID[int(np.argmin(cross_validated(rows, regulariser)))])


def cross_validated(rows: Rows, regulariser: Regulariser) -> Floats:
    """(len(C_GRID),) mean over the folds of the weighted mean CE of the rows held out.

    Rows are dealt to the folds in turn, entry rows first: the published folds, which are dealt from the end.

    Raises: ValueError where there are fewer rows than folds.
    """
    features, target, weight = _stacked(rows, regulariser)
    size = target.shape[1]
    if size < FOLDS:
        raise ValueError(said("{folds} folds need at least {folds} rows.", folds=FOLDS))
    fold = np.arange(size) % FOLDS
    training = weight * (fold != np.arange(FOLDS)[:, None])
    share = weight[0] / np.bincount(fold, weight[0])[fold] / FOLDS
    w = np.zeros((FOLDS, 3))
    losses = []
    for c in C_GRID:
        w = l1_logistic(features, target, training, c, w, tolerance=ROUGH)
        held_out = np.sum(features[0] * w[fold], axis=1)
        losses.append(share @ (softplus(held_out) - target[0] * held_out))
    return np.array(losses)


def refits(rows: Rows, fit: LengthFit, draws: NDArray[np.int64], regulariser: Regulariser) -> Floats:
    """(R, 3) φ, ψ, θ refitted with each row counted `draws` (R, n) times; s and the regularising rows stay.

    A replicate that drew none of the rows is NaN.

    Raises: ValueError as `logistic.l1_logistic`.
    """
    found = np.full((len(draws), 3), np.nan)
    if not len(draws):
        return found
    features, target, weight = _stacked(rows, regulariser)
    n = len(rows.credit)
    for part in _chunks(len(draws), target.shape[1]):
        weights = np.repeat(weight, len(draws[part]), axis=0)
        weights[:, :n] *= draws[part]
        found[part] = l1_logistic(features, target, weights, fit.c, np.tile(fit.coefficients, (len(weights), 1)))
    found[~np.any(draws, axis=1)] = np.nan
    return found


def points(coefficients: Floats, difficulty: Floats, weight: Floats | NDArray[np.int64]) -> Floats:
    """(B,) 100 · mean of σ(ψγ + θ) at equal lengths, in points.

    `coefficients` (B, 3), `difficulty` (n,), `weight` (B or 1, n) of each row in the mean; NaN where they sum to 0.
    """
    chance = sigmoid(coefficients[:, 1:2] * difficulty + coefficients[:, 2:3])
    total = np.sum(weight, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(100 * np.sum(weight * chance, axis=1) / total)


def length_controlled(fit: LengthFit, difficulty: Floats, weight: Floats | None = None) -> float:
    """100 · mean σ(ψγ + θ) over prompts of (n,) `difficulty`, each counted `weight` times (once where not given).

    Raises: ValueError where there is no prompt.
    """
    if not len(difficulty):
        raise ValueError("a mean over prompts needs at least one prompt")
    counted = np.ones(len(difficulty)) if weight is None else weight
    return float(points(fit.coefficients[None], difficulty, counted[None])[0])


def published_se(fit: LengthFit, difficulty: Floats) -> float | None:
    """What AlpacaEval prints as `lc_standard_error`: 100 · sd(σ(ψγ + θ), ddof 1) / √n; None where n < 2.

    It is the spread of the fitted chances over the prompts, not a sampling error.
    """
    n = len(difficulty)
    chance = sigmoid(fit.difficulty * difficulty + fit.entry)
    return None if n < 2 else float(100 * np.std(chance, ddof=1) / np.sqrt(n))


def between(i: LengthFit, j: LengthFit, difficulty: Floats) -> float:
    """Length-controlled win rate of i against j, in points: 100 · mean σ((ψ_i − ψ_j)·γ + θ_i − θ_j).

    50 for an entry against itself; `between(j, i)` is 100 less; j = `BASELINE_FIT` gives `length_controlled(i)`.

    Raises: ValueError where there is no prompt.
    """
    gap = LengthFit(0.0, i.difficulty - j.difficulty, i.entry - j.entry, 0.0, 0.0)
    return length_controlled(gap, difficulty)


def _stacked(rows: Rows, regulariser: Regulariser) -> tuple[Floats, Floats, Floats]:
    """Features (1, n + m, 3), targets (1, n + m) and weights (1, n + m): the entry's rows first."""
    own = np.stack([rows.length, rows.difficulty, np.ones(len(rows.length))], axis=1)
    m = len(regulariser.target)
    others = np.stack([regulariser.length, regulariser.difficulty, np.zeros(m)], axis=1)
    target = np.concatenate([rows.credit, regulariser.target])
    weight = np.concatenate([rows.weight, np.full(m, REGULARISER_WEIGHT)])
    return np.concatenate([own, others])[None], target[None], weight[None]


def _chunks(replicates: int, rows: int) -> Iterator[slice]:
    step = max(1, CHUNK // max(1, rows))
    for start in range(0, replicates, step):
        yield slice(start, start + step)
