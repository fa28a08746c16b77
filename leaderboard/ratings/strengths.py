"""Bradley–Terry mathematics: exact maximum likelihood and its sandwich covariance, in logits. No settings here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import coo_array
from scipy.special import expit

from leaderboard.contracts.said import said
from leaderboard.ratings import clusters, pairs
from leaderboard.ratings.battles import Battles
from leaderboard.ratings.pairs import Floats, Ints, PairTable, among, components, each, evened, sum_by

SCALE = 400 / math.log(10)
"""Rating points a logit."""
TOLERANCE = 1e-10
"""Logits; a Newton step below it ends the search."""
ROUNDING = 1e-4
"""Logits; a step below it that no longer shrinks is rounding of an ill-conditioned table, and ends it too."""
WHOLE = 1.5
"""Logits; a step that changes no pair by more than this r is taken whole: it descends, since (eʳ − r − 1)/r² < 1."""
STEPS = 1000


@dataclass(frozen=True)
class Fit:
    """Bradley–Terry strengths of K entrants.

    `component` (K,): entrants with different labels cannot be compared. `theta` (K,): logits, summing to 0
    in each component. `covariance` (K, K): of `theta`, in squared logits, 0 across components.
    `n` (K,): battles of each; `used` (K,): those inside its component; `clusters` (K,): distinct clusters
    among the used. `clustered`: whether any cluster holds more than one battle. `n_clusters`: in all.
    """

    names: tuple[str, ...]
    component: Ints
    theta: Floats
    covariance: Floats
    n: Ints
    used: Ints
    clusters: Ints
    clustered: bool
    n_clusters: int

    @cached_property
    def connected(self) -> bool:
        """Whether all entrants stand on one scale."""
        return len(np.unique(self.component)) <= 1

    def members(self, place: int) -> Ints:
        """Places of all entrants that can be compared with this one, itself included."""
        return np.flatnonzero(self.component == self.component[place])

    def se(self, place: int) -> float | None:
        """Standard error in points in the sum-to-zero gauge; None where its battles form fewer than two clusters."""
        if self.clusters[place] < 2:
            return None
        return SCALE * math.sqrt(max(0.0, float(self.covariance[place, place])))

    def contrast_se(self, i: int, j: int) -> float:
        """Standard error of rating i − rating j in points, from Var(i) + Var(j) − 2 Cov(i, j).

        Raises: ValueError where i and j stand on different scales, or either has fewer than two clusters.
        """
        if self.component[i] != self.component[j]:
            raise ValueError(
                said(
                    "'{first}' and '{second}' are rated apart and cannot be compared.",
                    first=self.names[i],
                    second=self.names[j],
                )
            )
        if min(self.clusters[i], self.clusters[j]) < 2:
            raise ValueError(
                said(
                    "'{first}' and '{second}' need two battles or clusters each.",
                    first=self.names[i],
                    second=self.names[j],
                )
            )
        v = self.covariance
        return SCALE * math.sqrt(max(0.0, float(v[i, i] + v[j, j] - 2 * v[i, j])))


def fit(battles: Battles, *, even: bool = False) -> Fit:
    """Maximum likelihood strengths and their sandwich covariance, each component on its own.

    Ties are half a win for each side. The covariance is H⁻¹BH⁻¹: H from the model, B from the squared
    score of each battle, or of each cluster where a cluster holds several (White 1982; no small-sample factor).
    `even` weights each battle by the inverse frequency of its pair (`pairs.evened`).
    """
    table, kind = pairs.count(battles)
    return fit_pairs(battles.names, table, even=even, crossing=battles if kind == "crossing" else None)


def fit_pairs(
    names: tuple[str, ...],
    table: PairTable,
    *,
    start: Floats | None = None,
    even: bool = False,
    crossing: Battles | None = None,
) -> Fit:
    """As `fit`, from a table kept so far. `start` (K,): logits to begin at, as of the last fit.

    `crossing`: the same battles, needed only where clusters cross pairs, since a table cannot hold those.
    """
    size = len(names)
    label = components(table, size)
    theta, covariance = np.zeros(size), np.zeros((size, size))
    used, seen = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    for component in np.flatnonzero(np.bincount(label, minlength=1) > 1):
        members = np.flatnonzero(label == component)
        plain = among(table, members, size)
        part = evened(plain) if even else plain
        own = None if crossing is None else pairs.inside(crossing, members)
        begin = None if start is None else start[members]
        theta[members], covariance[np.ix_(members, members)] = _fit_part(part, len(members), begin, own, plain)
        used[members] = each(plain, plain.n, len(members))
        seen[members] = (
            each(plain, plain.clusters.astype(np.float64), len(members)) if own is None else _clusters_each(own)
        )
    n_clusters = int(table.clusters.sum())
    if crossing is not None:
        n_clusters = clusters.count_clusters(crossing.cluster, len(crossing.credit))
    clustered = n_clusters < round(float(table.n.sum()))
    return Fit(names, label, theta, covariance, each(table, table.n, size), used, seen, clustered, n_clusters)


def solve(table: PairTable, size: int, start: Floats | None = None) -> Floats:
    """(size,) logits of highest likelihood, summing to 0, for a strongly connected table.

    Newton steps. With r the largest change of any pair's logit, a step is shortened by log(1+r)/r where r exceeds
    `WHOLE`: for a logistic loss this always descends and ends quadratically (Bach 2010, quasi-self-concordance).

    Raises: ValueError where no optimum is found, as for a table that is not strongly connected.
    """
    theta: Floats = np.zeros(size) if start is None else start - start.mean()
    last = math.inf
    for _ in range(STEPS):
        step = _newton_step(table, theta)
        if not np.all(np.isfinite(step)):
            break
        reach = float(np.max(np.abs(step[table.i] - step[table.j]), initial=0.0))
        theta = theta + step * (math.log1p(reach) / reach if reach > WHOLE else 1.0)
        theta -= theta.mean()
        spread = float(np.ptp(step))
        if spread < TOLERANCE or last / 2 < spread < ROUNDING:
            return theta
        last = spread
    raise ValueError(said("Bradley–Terry did not converge: the battles tie the entrants together too weakly."))


def _newton_step(table: PairTable, theta: Floats) -> Floats:
    p, q = _chances(table, theta)
    size = len(theta)
    # won − n·p would lose a small won_j to rounding where p is close to 1
    score = table.won_i * q - table.won_j * p
    gradient = sum_by(table.i, score, size) - sum_by(table.j, score, size)
    return solve_spd(_curvature(table, table.n * p * q, size), gradient)


def _chances(table: PairTable, theta: Floats) -> tuple[Floats, Floats]:
    """(P,) σ(z) and σ(−z), each to full precision however far z = θ_i − θ_j is from 0."""
    z = theta[table.i] - theta[table.j]
    small = np.exp(-np.abs(z))
    large = 1 / (1 + small)
    small *= large
    return np.where(z > 0, large, small), np.where(z > 0, small, large)


def solve_spd(matrix: Floats, right: Floats) -> Floats:
    """Solution for a symmetric positive matrix; where rounding spoilt that, by LU; NaN where it is singular."""
    from scipy.linalg import cho_factor, cho_solve  # loads slowly, and few processes rate

    try:
        found = cho_solve(cho_factor(matrix, lower=True, check_finite=False), right, check_finite=False)
    except np.linalg.LinAlgError:
        try:
            found = np.linalg.solve(matrix, right)
        except np.linalg.LinAlgError:
            found = np.full(right.shape, np.nan)
    return np.asarray(found, dtype=np.float64)


def curvature(table: PairTable, theta: Floats) -> Floats:
    """(K, K) negative Hessian, plus (mean diagonal / K)·11ᵀ which fixes the sum and leaves the rest alone."""
    p, q = _chances(table, theta)
    return _curvature(table, table.n * p * q, len(theta))


def _curvature(table: PairTable, weight: Floats, size: int) -> Floats:
    matrix = laplacian(table, weight, size)
    matrix += float(np.trace(matrix)) / size**2
    return matrix


def laplacian(table: PairTable, weight: Floats, size: int) -> Floats:
    """(size, size) Σ weight · (e_i − e_j)(e_i − e_j)ᵀ over the pairs."""
    matrix = np.zeros((size, size))
    matrix[table.i, table.j] = matrix[table.j, table.i] = -weight
    matrix[np.diag_indices(size)] = sum_by(table.i, weight, size) + sum_by(table.j, weight, size)
    return matrix


def _fit_part(
    table: PairTable, size: int, start: Floats | None, crossing: Battles | None, plain: PairTable
) -> tuple[Floats, Floats]:
    theta = solve(table, size, start)
    if crossing is None:
        meat = _meat_of_table(table, theta)
    else:
        weight = np.divide(table.n, plain.n, out=np.ones(len(plain.n)), where=plain.n > 0)
        meat = _meat_of_clusters(crossing, theta, _by_row(crossing, plain, weight))
    bread = curvature(table, theta)
    half = solve_spd(bread, meat)
    covariance = solve_spd(bread, half.T)
    return theta, (covariance + covariance.T) / 2


def _meat_of_table(table: PairTable, theta: Floats) -> Floats:
    """(K, K) sum of the squared scores: with w won and l lost in a cluster, (w(1−p) − lp)²."""
    p, q = _chances(table, theta)
    squared = table.square_i * q**2 - 2 * table.cross * p * q + table.square_j * p**2
    return laplacian(table, np.maximum(squared, 0.0), len(theta))


def _by_row(battles: Battles, table: PairTable, values: Floats) -> Floats:
    """(n,) each battle's value of its pair."""
    size = len(battles.names)
    found = np.zeros(size * size)
    found[table.i * size + table.j] = values
    return np.asarray(found[pairs.pair_keys(battles)])


def _meat_of_clusters(battles: Battles, theta: Floats, weight: Floats) -> Floats:
    """(K, K) sum over clusters of (summed score)(summed score)ᵀ."""
    assert battles.cluster is not None
    z = theta[battles.a] - theta[battles.b]
    score = weight * (battles.credit * expit(-z) - (1 - battles.credit) * expit(z))
    place, count = clusters.places(battles.cluster)
    rows, columns = np.concatenate([place, place]), np.concatenate([battles.a, battles.b])
    shape = (count, len(theta))
    summed = coo_array((np.concatenate([score, -score]), (rows, columns)), shape=shape).tocsr()
    return np.asarray((summed.T @ summed).toarray(), dtype=np.float64)


def _clusters_each(battles: Battles) -> Ints:
    """(K,) number of distinct clusters that each entrant fought in."""
    assert battles.cluster is not None
    place, count = clusters.places(battles.cluster)
    keys = np.concatenate([battles.a, battles.b]).astype(np.int64) * count + np.concatenate([place, place])
    return np.bincount(np.unique(keys) // max(count, 1), minlength=len(battles.names))
