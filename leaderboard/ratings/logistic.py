"""L1-penalised logistic regression with soft labels on a few columns, solved to the exact optimum, many at a time.

min over w of ‖w‖₁ + C · Σ_i s_i · CE(p_i, σ(x_i·w)), CE(p, q) = −p·log q − (1−p)·log(1−q): scikit-learn's
and liblinear's convention for C, every coefficient penalised.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from leaderboard.contracts.said import said

Floats = NDArray[np.float64]

TOLERANCE = 1e-11
"""Largest breach of the optimality conditions, as a share of the largest gradient that is possible."""
ROUNDING = 1e-7
"""A breach below it that has not shrunk for `PATIENCE` steps is rounding, and ends the search too."""
PATIENCE = 5
WHOLE = 1.5
"""Logits; a step that changes none by more than this r is taken whole: it descends, since (eʳ − r − 1)/r² < 1."""
FAR = 3.0
"""Logits; longer steps are searched along."""
STEPS = 200
MOST_COLUMNS = 4
"""The search inside a step tries all 3^k sign patterns."""
JITTER = 1e-12
"""Ridge, as a share of the mean curvature: keeps equal columns solvable."""
FLAT = 1e-9
"""Least ridge: keeps steps finite where every chance is 0 or 1."""


def sigmoid(logits: Floats) -> Floats:
    """1/(1 + e^−x), without overflow."""
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * logits), dtype=np.float64)


def softplus(logits: Floats) -> Floats:
    """log(1 + e^x), without overflow; three times as fast as `logaddexp`."""
    return np.asarray(np.maximum(logits, 0) + np.log1p(np.exp(-np.abs(logits))))


def l1_logistic(
    features: Floats,
    target: Floats,
    weight: Floats,
    c: float,
    start: Floats | None = None,
    *,
    tolerance: float = TOLERANCE,
) -> Floats:
    """(B, k) coefficients of B problems solved together, to `tolerance` (see `TOLERANCE`).

    `features` (B or 1, n, k), `target` (B or 1, n) in [0, 1], `weight` (B or 1, n) non-negative, `start` (B, k).
    Each step minimises the second-order model of the loss plus ‖w‖₁ exactly (proximal Newton, Lee, Sun and
    Saunders 2014). With r the largest change of any logit, it is shortened by log(1+r)/r where r exceeds `WHOLE`:
    for a logistic loss this always descends and ends quadratically (Bach 2010, quasi-self-concordance). Of a far
    step also longer shares are tried, because one-sided targets put the optimum hundreds of logits away.

    Raises: ValueError where a number is not finite, c is not positive, k exceeds `MOST_COLUMNS`, or no
    optimum is found.
    """
    _check(features, target, weight, c)
    size = max(len(features), len(target), len(weight))
    w = np.zeros((size, features.shape[2])) if start is None else start.astype(np.float64)
    logits = _logits(features, w)
    products, places = _products(features)
    due = weight * target
    scale = 1 + c * np.max(_sums(weight, np.abs(features)), axis=1)
    least, idle = np.inf, 0
    for _ in range(STEPS):
        q = sigmoid(logits)
        given = weight * q
        gradient = c * _sums(given - due, features)
        breach = float(np.max(_breach(w, gradient) / scale))
        idle, least = (idle + 1, least) if breach >= least else (0, breach)
        if breach <= tolerance or (idle >= PATIENCE and breach <= ROUNDING):
            return w
        goal = _model_optimum(c * _sums(given * (1 - q), products)[:, places], gradient, w)
        moved = _logits(features, goal - w)
        share = _Line(target, c * weight, logits, moved, w, goal).shares()
        w = np.where(share == 1, goal, w + share * (goal - w))
        logits = logits + share * moved
    raise ValueError(said("the logistic fit found no optimum"))


@dataclass(frozen=True)
class _Line:
    """The way from `w` to `goal`, and from `logits` to `logits` + `moved`; `weight` times C."""

    target: Floats
    weight: Floats
    logits: Floats
    moved: Floats
    w: Floats
    goal: Floats

    def shares(self) -> Floats:
        """(B, 1) how much of the way to go."""
        reach = np.max(np.abs(self.moved), axis=1, initial=1e-300)[:, None]
        share = np.where(reach < WHOLE, 1.0, np.log1p(reach) / reach)
        far = np.flatnonzero(reach > FAR)
        if len(far):
            share[far] = self._some(far)._best(share[far])
        return share

    def _some(self, chosen: NDArray[np.int64]) -> _Line:
        parts = (self.target, self.weight, self.logits, self.moved, self.w, self.goal)
        return _Line(*(part[chosen] if len(part) > 1 else part for part in parts))

    def _best(self, least: Floats) -> Floats:
        """Of a few shares from `least` to 1 the one with the smallest objective."""
        shares = np.stack([least**power for power in (1.0, 0.75, 0.5, 0.25, 0.0)])
        values = np.stack([self._objective(share) for share in shares])
        return np.asarray(np.take_along_axis(shares, np.argmin(values, axis=0)[None, :, None], axis=0)[0])

    def _objective(self, share: Floats) -> Floats:
        z = self.logits + share * self.moved
        loss = np.sum(self.weight * (softplus(z) - self.target * z), axis=1)
        return np.asarray(loss + np.sum(np.abs(self.w + share * (self.goal - self.w)), axis=1))


def _check(features: Floats, target: Floats, weight: Floats, c: float) -> None:
    if not all(np.all(np.isfinite(part)) for part in (features, target, weight)):
        raise ValueError("features, target and weight must be finite")
    if not (c > 0 and np.isfinite(c)):
        raise ValueError("c must be positive and finite")
    if features.shape[2] > MOST_COLUMNS:
        raise ValueError(f"at most {MOST_COLUMNS} columns")
    if np.any(target < 0) or np.any(target > 1) or np.any(weight < 0):
        raise ValueError("target must lie in [0, 1] and weight must not be negative")


def _logits(features: Floats, w: Floats) -> Floats:
    if len(features) == 1:
        return np.asarray(w @ features[0].T)
    return np.asarray(np.matmul(features, w[:, :, None])[:, :, 0])


def _sums(rows: Floats, features: Floats) -> Floats:
    """(B, k) of Σ_i rows_i · x_i."""
    if len(features) == 1:
        return np.asarray(rows @ features[0])
    return np.asarray(np.matmul(rows[:, None, :], features)[:, 0, :])


@cache
def _triangle(k: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns of the upper triangle of a (k, k) matrix, and the (k, k) places of each entry among them."""
    i, j = np.triu_indices(k)
    places = np.zeros((k, k), dtype=np.int64)
    places[i, j] = places[j, i] = np.arange(len(i))
    return i, j, places


def _products(features: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """(B or 1, n, k(k+1)/2) products of every two columns of a row, and the (k, k) places of each among them.

    With them all curvatures are one matrix product.
    """
    i, j, places = _triangle(features.shape[2])
    columns = features.transpose(0, 2, 1).copy()
    return (columns[:, i] * columns[:, j]).transpose(0, 2, 1), places


def _breach(w: Floats, gradient: Floats) -> Floats:
    """(B,) how far −gradient is from the subdifferential of ‖w‖₁."""
    outside = np.maximum(np.abs(gradient) - 1, 0)
    return np.asarray(np.max(np.where(w == 0, outside, np.abs(gradient + np.sign(w))), axis=1))


def _model_optimum(hessian: Floats, gradient: Floats, w: Floats) -> Floats:
    """(B, k) the u with least ½(u−w)ᵀH(u−w) + g·(u−w) + ‖u‖₁: of all sign patterns the one that keeps its signs."""
    k = w.shape[1]
    ridge = JITTER * np.trace(hessian, axis1=1, axis2=2) / k + FLAT
    hessian = hessian + ridge[:, None, None] * np.eye(k)
    pull = np.matmul(hessian, w[:, :, None])[:, :, 0] - gradient
    signs = np.sign(w)
    u = np.linalg.solve(hessian, (pull - signs)[:, :, None])[:, :, 0]
    # once the first steps are done signs rarely change, and the whole search costs some times as much
    other = np.flatnonzero(np.any(np.sign(u) * signs <= 0, axis=1))
    if len(other):
        u[other] = _searched(hessian[other], pull[other])
    return np.asarray(u)


def _searched(hessian: Floats, pull: Floats) -> Floats:
    """The same from H and H·w − g, trying every pattern."""
    k = pull.shape[1]
    eye = np.eye(k)
    signs = np.array(list(product((0.0, 1.0, -1.0), repeat=k)))[:, None, :]
    active = np.abs(signs)
    # A row and a column of the identity stand in for each coefficient held at 0.
    held = active[..., :, None] * hessian * active[..., None, :] + (1 - active)[..., None] * eye
    u = np.linalg.solve(held, (active * (pull - signs))[..., None])[..., 0]
    force = pull - np.matmul(hessian, u[..., None])[..., 0]
    wrong = np.where(active > 0, np.maximum(-signs * u, 0) * np.diagonal(hessian, axis1=1, axis2=2), 0)
    pushed = np.where(active > 0, 0, np.maximum(np.abs(force) - 1, 0))
    chosen = np.argmin(np.max(wrong + pushed, axis=2), axis=0)
    return np.asarray(u[chosen, np.arange(len(pull))])
