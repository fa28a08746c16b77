"""Which comparisons are worth asking for next: those that lower the variance of what is not yet known.

The gain of one more battle follows from a rank-one update of the covariance, so all pairs are weighed at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from leaderboard.ratings.deciding import Separation
from leaderboard.ratings.strengths import SCALE, Fit

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Pair:
    """A comparison to ask for. `gain`: expected fall of the summed variance in points², inf where it connects.

    A pair connects where its entries stand on different scales and cannot yet be compared.
    """

    first: str
    second: str
    gain: float


def gains(fit: Fit, contrasts: Floats | None = None) -> Floats:
    """(K, K) fall of Σ_c Var(c·θ) in points² by one more battle of i and j; symmetric, 0 on the diagonal.

    `contrasts`: (C, K) rows c, by default one for each rating. With V the covariance, h = p(1−p) and
    v_ij = V_ii + V_jj − 2V_ij: gain = h · Σ_c (cᵀV(e_i − e_j))² / (1 + h·v_ij) (Sherman and Morrison 1950).
    inf between entries on different scales; those comparisons come first.

    Raises: ValueError where the contrasts are not (C, K) or not finite.
    """
    size = len(fit.names)
    rows = np.eye(size) if contrasts is None else np.asarray(contrasts, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] != size or not np.all(np.isfinite(rows)):
        raise ValueError("contrasts must be (C, K) and finite for K entries")
    v = fit.covariance
    moved = v @ rows.T
    z = fit.theta[:, None] - fit.theta[None, :]
    h = expit(z) * expit(-z)
    gain = SCALE**2 * h * _spread(moved @ moved.T) / (1 + h * _spread(v))
    gain[fit.component[:, None] != fit.component[None, :]] = np.inf
    return np.asarray(gain)


def undecided(fit: Fit, separations: Sequence[Separation]) -> Floats:
    """(C, K) contrasts better − worse of those separations that are not decided, for `gains`.

    Raises: ValueError where an entry is not in the fit.
    """
    place = {name: i for i, name in enumerate(fit.names)}
    open_ones = [separation for separation in separations if not separation.decided]
    rows = np.zeros((len(open_ones), len(place)))
    for row, separation in zip(rows, open_ones, strict=True):
        for name, sign in ((separation.better, 1.0), (separation.worse, -1.0)):
            if name not in place:
                raise ValueError(f"'{name}' is not in the fit.")
            row[place[name]] = sign
    return rows


def best_pairs(fit: Fit, k: int, contrasts: Floats | None = None) -> tuple[Pair, ...]:
    """The k pairs of largest gain, fewer where there are no more, ties in the order of places.

    Pairs that connect scales come first: those of the entry with the fewest battles, against the entry with
    the most. For many comparisons at once draw from `pair_probabilities`, since each one lowers the gain
    of its like.

    Raises: ValueError where k is below 1, or as `gains`.
    """
    if k < 1:
        raise ValueError("k must be at least 1")
    i, j = np.triu_indices(len(fit.names), 1)
    gain = gains(fit, contrasts)[i, j]
    fewest, most = np.minimum(fit.n[i], fit.n[j]), np.maximum(fit.n[i], fit.n[j])
    connects = np.isinf(gain)
    order = np.lexsort((np.where(connects, -most, 0), np.where(connects, fewest, 0), -gain))[:k]
    return tuple(Pair(fit.names[i[p]], fit.names[j[p]], float(gain[p])) for p in order)


def pair_probabilities(fit: Fit, contrasts: Floats | None = None, *, uniform: float = 0.1) -> Floats:
    """(K, K) probabilities of asking i on the left against j on the right; symmetric, sum 1, diagonal 0.

    A share `uniform` falls on all pairs alike, so that every pair goes on being seen; the rest is
    proportional to the gain. Where scales are to be connected the rest falls on connecting pairs alone, alike on
    each; where no pair gains anything all is uniform.

    Raises: ValueError where there are fewer than two entries, `uniform` is not in (0, 1], or as `gains`.
    """
    size = len(fit.names)
    if size < 2:
        raise ValueError("a comparison needs two entries")
    if not 0 < uniform <= 1:
        raise ValueError("uniform must lie in (0, 1]")
    alike = (1 - np.eye(size)) / (size * (size - 1))
    gain = gains(fit, contrasts)
    connects = np.isinf(gain)
    weight = connects.astype(np.float64) if connects.any() else gain
    total = float(weight.sum())
    if total <= 0:
        return alike
    return np.asarray(uniform * alike + (1 - uniform) * weight / total)


def _spread(matrix: Floats) -> Floats:
    """(K, K) of M_ii + M_jj − 2M_ij, not below 0 by rounding."""
    diagonal = np.diag(matrix)
    return np.maximum(diagonal[:, None] + diagonal[None, :] - matrix - matrix.T, 0.0)
