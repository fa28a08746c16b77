"""Bradley–Terry ratings: exact maximum likelihood with cluster-robust sandwich intervals.

`fit` holds the mathematics and gives logits with their covariance; `BradleyTerry` turns them into points.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from pydantic import Field
from scipy.sparse import coo_array
from scipy.special import expit

from leaderboard.contracts.params import Params
from leaderboard.ratings.battles import Battles, Rating, RatingTable
from leaderboard.ratings.intervals import IntervalParams, count_clusters, z_value
from leaderboard.ratings.pairs import Floats, Ints, PairTable, among, components, count_pairs, inside, sum_by
from leaderboard.ratings.ranks import with_ranks

SCALE = 400 / math.log(10)
"""Rating points a logit."""
CENTRE = 1000.0
FEW_CLUSTERS = 30
"""Below this many clusters a sandwich interval is known to be too narrow."""
NO_SPREAD = 1e-6
"""Points; a standard error below it comes of verdicts without any spread, such as ties alone."""
TOLERANCE = 1e-10
"""Logits; a Newton step below it ends the search."""
ROUNDING = 1e-4
"""Logits; a step below it that no longer shrinks is rounding of an ill-conditioned table, and ends it too."""
STEPS = 1000


class BradleyTerryParams(IntervalParams):
    """Settings of `BradleyTerry`."""

    anchor: str = Field(
        default="", title="Anchor", description="Entrant held at 1000; empty puts the mean of all entrants at 1000."
    )


@dataclass(frozen=True)
class Fit:
    """Bradley–Terry strengths of K entrants.

    `component` (K,): entrants with different labels cannot be compared. `theta` (K,): logits, summing to 0
    in each component. `covariance` (K, K): of `theta`, in squared logits, 0 across components.
    `n` (K,): battles of each; `used` (K,): those inside its component; `clusters` (K,): distinct clusters
    among the used. `clustered`: whether any cluster holds more than one battle.
    """

    names: tuple[str, ...]
    component: Ints
    theta: Floats
    covariance: Floats
    n: Ints
    used: Ints
    clusters: Ints
    clustered: bool

    @property
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
            raise ValueError(f"'{self.names[i]}' and '{self.names[j]}' are rated apart and cannot be compared.")
        if min(self.clusters[i], self.clusters[j]) < 2:
            raise ValueError(f"'{self.names[i]}' and '{self.names[j]}' need two battles or clusters each.")
        v = self.covariance
        return SCALE * math.sqrt(max(0.0, float(v[i, i] + v[j, j] - 2 * v[i, j])))


def fit(battles: Battles) -> Fit:
    """Maximum likelihood strengths and their sandwich covariance, each component on its own.

    Ties are half a win for each side. The covariance is H⁻¹BH⁻¹: H from the model, B from the squared
    score of each battle, or of each cluster where a cluster holds several (White 1982; no small-sample factor).
    """
    size, table = len(battles.names), count_pairs(battles)
    label = components(table, size)
    theta, covariance = np.zeros(size), np.zeros((size, size))
    used, clusters = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    clustered = count_clusters(battles.cluster) < len(battles.cluster)
    for component in np.flatnonzero(np.bincount(label, minlength=1) > 1):
        members = np.flatnonzero(label == component)
        part = inside(battles, members)
        block = np.ix_(members, members)
        theta[members], covariance[block] = _fit_part(part, among(table, members, size), clustered=clustered)
        used[members] = _battles_each(part)
        clusters[members] = _clusters_each(part) if clustered else used[members]
    return Fit(battles.names, label, theta, covariance, _battles_each(battles), used, clusters, clustered)


def solve(table: PairTable, size: int) -> Floats:
    """(size,) logits of highest likelihood, summing to 0, for a strongly connected table.

    Newton steps, each shortened by log(1+r)/r, r the largest change of any pair's logit: for a logistic
    loss this always descends and ends quadratically (Bach 2010, quasi-self-concordance).

    Raises: ValueError where no optimum is found, as for a table that is not strongly connected.
    """
    theta, last = np.zeros(size), math.inf
    for _ in range(STEPS):
        step = np.linalg.solve(_curvature(table, theta), _gradient(table, theta))
        if not np.all(np.isfinite(step)):
            break
        reach = float(np.max(np.abs(step[table.i] - step[table.j]), initial=0.0))
        theta += step * (math.log1p(reach) / reach if reach > TOLERANCE else 1.0)
        theta -= theta.mean()
        spread = float(np.ptp(step))
        if spread < TOLERANCE or last / 2 < spread < ROUNDING:
            return theta
        last = spread
    raise ValueError("Bradley–Terry did not converge: the battles tie the entrants together too weakly.")


def _gradient(table: PairTable, theta: Floats) -> Floats:
    z = theta[table.i] - theta[table.j]
    # won − n·p would lose a small won_j to rounding where p is close to 1
    score = table.won_i * expit(-z) - table.won_j * expit(z)
    size = len(theta)
    return sum_by(table.i, score, size) - sum_by(table.j, score, size)


def _curvature(table: PairTable, theta: Floats) -> Floats:
    """(K, K) negative Hessian, plus (mean diagonal / K)·11ᵀ which fixes the sum and leaves the rest alone."""
    z = theta[table.i] - theta[table.j]
    matrix = _laplacian(table, table.n * expit(z) * expit(-z), len(theta))
    gauge = float(np.trace(matrix)) / len(theta) ** 2
    return matrix + gauge


def _laplacian(table: PairTable, weight: Floats, size: int) -> Floats:
    """(size, size) Σ weight · (e_i − e_j)(e_i − e_j)ᵀ over the pairs."""
    matrix = np.zeros((size, size))
    matrix[table.i, table.j] = matrix[table.j, table.i] = -weight
    matrix[np.diag_indices(size)] = sum_by(table.i, weight, size) + sum_by(table.j, weight, size)
    return matrix


def _fit_part(part: Battles, table: PairTable, *, clustered: bool) -> tuple[Floats, Floats]:
    theta = solve(table, len(part.names))
    meat = _meat_of_clusters(part, theta) if clustered else _meat_of_battles(table, theta)
    half = np.linalg.solve(_curvature(table, theta), meat)
    covariance = np.linalg.solve(_curvature(table, theta), half.T)
    return theta, (covariance + covariance.T) / 2


def _meat_of_battles(table: PairTable, theta: Floats) -> Floats:
    """(K, K) sum of the squared scores, each battle on its own: (y − p)² = (y(1−p) − (1−y)p)²."""
    z = theta[table.i] - theta[table.j]
    p, q = expit(z), expit(-z)
    squared = table.square_i * q**2 - 2 * table.cross * p * q + table.square_j * p**2
    return _laplacian(table, np.maximum(squared, 0.0), len(theta))


def _meat_of_clusters(battles: Battles, theta: Floats) -> Floats:
    """(K, K) sum over clusters of (summed score)(summed score)ᵀ."""
    z = theta[battles.a] - theta[battles.b]
    score = battles.credit * expit(-z) - (1 - battles.credit) * expit(z)
    names, place = np.unique(battles.cluster, return_inverse=True)
    rows, columns = np.concatenate([place, place]), np.concatenate([battles.a, battles.b])
    shape = (len(names), len(theta))
    summed = coo_array((np.concatenate([score, -score]), (rows, columns)), shape=shape).tocsr()
    return np.asarray((summed.T @ summed).toarray(), dtype=np.float64)


def _battles_each(battles: Battles) -> Ints:
    """(K,) number of battles of each entrant."""
    return np.bincount(np.concatenate([battles.a, battles.b]), minlength=len(battles.names))


def _clusters_each(battles: Battles) -> Ints:
    """(K,) number of distinct clusters that each entrant fought in."""
    names, place = np.unique(battles.cluster, return_inverse=True)
    keys = np.concatenate([battles.a, battles.b]) * len(names) + np.concatenate([place, place])
    return np.bincount(np.unique(keys) // len(names), minlength=len(battles.names))


class BradleyTerry:
    """Plugin. The ranking of record for battles among many.

    The anchor moves the scale only: intervals stay those of the sum-to-zero gauge, so ranks do not depend
    on it. For a claim about two entrants use `fit(battles).contrast_se(i, j)`.

    `extra`: `components` (lists of names, largest first), `clustered`, `n_clusters`.
    """

    name: ClassVar[str] = "bradley-terry"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Bradley–Terry rating with cluster-robust intervals"
    Params: ClassVar[type[Params]] = BradleyTerryParams

    def __init__(self, params: BradleyTerryParams) -> None:
        self.params = params

    def rate(self, battles: Battles) -> RatingTable:
        """The table, in the order of `names`.

        Raises: ValueError where the anchor is not among the entrants.
        """
        if self.params.anchor and self.params.anchor not in battles.names:
            raise ValueError(f"The anchor '{self.params.anchor}' is not among the entrants.")
        result = fit(battles)
        shift = self._shift(result)
        ratings = [self._rating(result, place, shift) for place in range(len(result.names))]
        return RatingTable(
            method=self.name,
            version=self.version,
            params=self.params.canonical(),
            ratings=with_ranks(ratings, result.component.tolist()),
            notes=self._notes(result, count_clusters(battles.cluster)),
            extra=_extra(result, count_clusters(battles.cluster)),
        )

    def _shift(self, result: Fit) -> Floats:
        """(K,) points to add to each rating: 1000, less the anchor's own in the anchor's component."""
        shift = np.full(len(result.names), CENTRE)
        if self.params.anchor:
            place = result.names.index(self.params.anchor)
            shift[result.members(place)] -= SCALE * result.theta[place]
        return shift

    def _rating(self, result: Fit, place: int, shift: Floats) -> Rating:
        name, n = result.names[place], int(result.n[place])
        if not result.used[place]:
            return Rating(name, None, None, None, None, n, note=_why_unrated(n))
        value, se = float(shift[place] + SCALE * result.theta[place]), result.se(place)
        note = _note(result, place)
        if se is None:
            return Rating(name, value, None, None, None, n, note=note)
        reach = z_value(self.params.confidence) * se
        return Rating(name, value, se, value - reach, value + reach, n, note=note)

    def _notes(self, result: Fit, n_clusters: int) -> tuple[str, ...]:
        notes = []
        if not result.connected:
            groups = len(np.unique(result.component))
            notes.append(f"The battles do not put all entrants on one scale: {groups} groups of them are rated apart.")
            if self.params.anchor:
                notes.append("Only the anchor's own group is anchored; in every other group the mean is 1000.")
        if result.clustered and n_clusters < FEW_CLUSTERS:
            notes.append(f"Only {n_clusters} clusters: the intervals are likely too narrow.")
        return tuple(notes)


def _why_unrated(n: int) -> str:
    if not n:
        return "No battles."
    return (
        "Rated apart, and alone: no chain of wins or ties leads from it to another entrant and back, "
        "as when it won, or lost, every battle."
    )


def _note(result: Fit, place: int) -> str:
    parts = []
    if not result.connected:
        size, n, used = len(result.members(place)), result.n[place], result.used[place]
        parts.append(f"Rated apart, among {size} of {len(result.names)} entrants; {used} of its {n} battles count.")
    se = result.se(place)
    if se is None:
        parts.append("One battle or one cluster only: no interval.")
    elif se < NO_SPREAD:
        parts.append("Every verdict is the same, so the interval says nothing.")
    return " ".join(parts)


def _extra(result: Fit, n_clusters: int) -> dict[str, Any]:
    groups = [
        [result.names[place] for place in np.flatnonzero(result.component == label)]
        for label in np.unique(result.component)
    ]
    return {
        "components": sorted(groups, key=lambda group: (-len(group), group)),
        "clustered": result.clustered,
        "n_clusters": n_clusters,
    }
