"""Style control: Bradley–Terry with features of the two answers, z = θa − θb + x·β.

x = (fa − fb)/(fa + fb) for each feature, 0 where both are 0, divided by its root mean square over the battles.
It is not centred, so swapping the sides of any battle changes nothing. β is shared by all entrants and is not
penalised unless asked: a ridge on the mean loss, as some tools use, shrinks β several times over.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.special import expit

from leaderboard.contracts.said import said
from leaderboard.ratings import clusters
from leaderboard.ratings.battles import Battles
from leaderboard.ratings.pairs import Floats, Ints, sum_by
from leaderboard.ratings.strengths import ROUNDING, TOLERANCE, Fit

STEPS = 100
FLAT = 1e-12
"""Root mean square below which a feature says nothing."""


@dataclass(frozen=True)
class Effect:
    """What one feature does: `beta` and its standard error `se` in logits for one `scale` of x."""

    name: str
    beta: float
    se: float
    scale: float


@dataclass(frozen=True)
class StyledFit:
    """Strengths with style held equal, the effects of style, and the names of features that never vary."""

    fit: Fit
    effects: tuple[Effect, ...]
    dropped: tuple[str, ...]


def features(battles: Battles, names: Sequence[str]) -> tuple[Floats, Floats]:
    """(n, F) scaled features and (F,) their scale, 0 where a feature never differs.

    Raises: ValueError for a measure that the battles do not have, or values that are negative or not finite.
    """
    columns = [_difference(battles, name) for name in names]
    raw = np.stack(columns, axis=1) if columns else np.zeros((len(battles.credit), 0))
    scale = np.sqrt(np.mean(raw**2, axis=0)) if len(raw) else np.zeros(raw.shape[1])
    scale = np.where(scale > FLAT, scale, 0.0)
    return raw / np.where(scale > 0, scale, 1.0), scale


def _difference(battles: Battles, name: str) -> Floats:
    if name not in battles.measures:
        known = ", ".join(battles.measures) or "none"
        raise ValueError(said("The battles have no measure '{name}'. Measures: {known}.", name=name, known=known))
    left, right = (np.asarray(side, dtype=np.float64) for side in battles.measures[name])
    if not (np.all(np.isfinite(left)) and np.all(np.isfinite(right)) and np.all(left >= 0) and np.all(right >= 0)):
        raise ValueError(said("The measure '{name}' must be finite and not negative.", name=name))
    total = left + right
    return np.divide(left - right, total, out=np.zeros(len(left)), where=total > 0)


def fit_styled(battles: Battles, plain: Fit, names: tuple[str, ...], *, ridge: float = 0.0) -> StyledFit:
    """Maximum likelihood θ and β with a sandwich covariance, clustered as the battles are.

    `plain` is `fit(battles)`: its components are kept, and battles across them are left out. `ridge` is the
    precision of a normal prior on each β, beside the summed loss; 0 for none.

    Raises: ValueError where the features cannot be computed or no optimum exists.
    """
    kept = plain.component[battles.a] == plain.component[battles.b]
    rows = battles.take(kept)
    x, scale = features(rows, names)
    use = np.flatnonzero(scale > 0).tolist()
    problem = _Problem(rows, plain.component, x[:, use], ridge)
    theta, beta = problem.solve(plain.theta)
    covariance = problem.covariance(theta, beta)
    size = len(plain.names)
    spread = np.sqrt(np.maximum(np.diag(covariance)[size:], 0))
    effects = tuple(
        Effect(names[k], float(b), float(se), float(scale[k])) for k, b, se in zip(use, beta, spread, strict=True)
    )
    styled = Fit(
        plain.names,
        plain.component,
        theta,
        covariance[:size, :size],
        plain.n,
        plain.used,
        plain.clusters,
        plain.clustered,
        plain.n_clusters,
    )
    return StyledFit(styled, effects, tuple(names[k] for k in np.flatnonzero(scale == 0).tolist()))


@dataclass(frozen=True)
class _Problem:
    """`battles` inside components (K,) with (n, F) features `x`. Vectors hold θ (K,) and then β (F,)."""

    battles: Battles
    component: Ints
    x: Floats
    ridge: float

    def solve(self, start: Floats) -> tuple[Floats, Floats]:
        """Newton steps, shortened by log(1+r)/r as for the plain fit. Raises ValueError where none ends."""
        size, last = len(start), math.inf
        w = np.concatenate([start, np.zeros(self.x.shape[1])])
        for _ in range(STEPS):
            z = self._logits(w)
            step = _solved(self._curvature(z), self._gradient(z, w))
            reach = float(np.max(np.abs(self._logits(step)), initial=0.0))
            w = w + step * (math.log1p(reach) / reach if reach > TOLERANCE else 1.0)
            if reach < TOLERANCE or last / 2 < reach < ROUNDING:
                return self._centred(w[:size]), w[size:]
            last = reach
        raise ValueError(
            said("Style control found no optimum: the features separate the verdicts, or are too few to tell.")
        )

    def covariance(self, theta: Floats, beta: Floats) -> Floats:
        """(K+F, K+F) sandwich H⁻¹BH⁻¹, B from the summed score of each cluster."""
        z = self._logits(np.concatenate([theta, beta]))
        score = self.battles.credit * expit(-z) - (1 - self.battles.credit) * expit(z)
        bread = self._curvature(z)
        half = _solved(bread, self._meat(score))
        found = _solved(bread, half.T)
        return np.asarray((found + found.T) / 2)

    def _logits(self, w: Floats) -> Floats:
        size = len(self.component)
        return np.asarray(w[self.battles.a] - w[self.battles.b] + self.x @ w[size:])

    def _centred(self, theta: Floats) -> Floats:
        count = np.bincount(self.component)
        return np.asarray(theta - (np.bincount(self.component, theta) / count)[self.component])

    def _by_side(self, values: Floats) -> Floats:
        size = len(self.component)
        return sum_by(self.battles.a, values, size) - sum_by(self.battles.b, values, size)

    def _gradient(self, z: Floats, w: Floats) -> Floats:
        score = self.battles.credit * expit(-z) - (1 - self.battles.credit) * expit(z)
        of_style = score @ self.x - self.ridge * w[len(self.component) :]
        return np.concatenate([self._by_side(score), of_style])

    def _curvature(self, z: Floats) -> Floats:
        """(K+F, K+F) negative Hessian, with (mean diagonal / k)·11ᵀ added to each component of k entrants."""
        matrix = self._blocks(expit(z) * expit(-z))
        size = len(self.component)
        matrix[size:, size:] += self.ridge * np.eye(self.x.shape[1])
        for label in np.unique(self.component):
            members = np.flatnonzero(self.component == label)
            diagonal = float(np.mean(matrix[members, members])) or 1.0
            matrix[np.ix_(members, members)] += diagonal / len(members)
        return matrix

    def _blocks(self, weight: Floats) -> Floats:
        """(K+F, K+F) Σ weight · uuᵀ, u = (e_a − e_b, x)."""
        size, extra = len(self.component), self.x.shape[1]
        matrix = np.zeros((size + extra, size + extra))
        key = self.battles.a.astype(np.int64) * size + self.battles.b
        met = np.bincount(key, weight, size * size).reshape(size, size)
        matrix[:size, :size] = np.diag(met.sum(axis=0) + met.sum(axis=1)) - met - met.T
        for k in range(extra):
            matrix[:size, size + k] = matrix[size + k, :size] = self._by_side(weight * self.x[:, k])
        matrix[size:, size:] = (self.x * weight[:, None]).T @ self.x
        return matrix

    def _meat(self, score: Floats) -> Floats:
        if self.battles.cluster is None:
            return self._blocks(score**2)
        place, count = clusters.places(self.battles.cluster)
        if count == len(place):
            return self._blocks(score**2)
        summed = self._scores(score, place, count)
        return np.asarray((summed.T @ summed).toarray(), dtype=np.float64)

    def _scores(self, score: Floats, place: Ints, count: int) -> csr_array:
        """(clusters, K+F) summed scores."""
        size, extra = len(self.component), self.x.shape[1]
        values = [score, -score, *(score * self.x[:, k] for k in range(extra))]
        columns = [self.battles.a, self.battles.b, *(np.full(len(score), size + k) for k in range(extra))]
        where = (np.tile(place, 2 + extra), np.concatenate(columns))
        return coo_array((np.concatenate(values), where), shape=(count, size + extra)).tocsr()


def _solved(matrix: Floats, right: Floats) -> Floats:
    try:
        return np.asarray(np.linalg.solve(matrix, right))
    except np.linalg.LinAlgError:
        raise ValueError(
            said("Style control cannot tell the features apart: one of them follows from the others or from who plays.")
        ) from None
