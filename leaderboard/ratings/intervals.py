"""Normal intervals and cluster-robust spread, shared by the raters. Arrays and numbers only."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from leaderboard.contracts.params import Params
from leaderboard.ratings.clusters import places


class IntervalParams(Params):
    """What every rater with an interval can be told."""

    confidence: float = Field(
        default=0.95, ge=0.5, le=0.999, title="Confidence", description="Share of intervals that should hold the truth."
    )


def z_value(confidence: float) -> float:
    """The two-sided normal quantile: 1.96 for 0.95."""
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def mean_with_se(values: NDArray[np.float64], cluster: NDArray[np.int64]) -> tuple[float, float | None]:
    """Mean of (n,) `values` and its cluster-robust standard error; None where there is one cluster only.

    Var = G/(G−1) · Σ_g (Σ_{i in g} (v_i − mean))² / n², G clusters (Liang and Zeger 1986, with the usual
    small-sample factor). Where each row is its own cluster this is sd(ddof 1)²/n.

    Raises: ValueError where there are no values.
    """
    if not len(values):
        raise ValueError("a mean needs at least one value")
    mean = float(np.mean(values))
    sums = np.bincount(places(cluster)[0], weights=values - mean)
    groups = len(sums)
    if groups < 2:
        return mean, None
    return mean, float(np.sqrt(groups / (groups - 1) * np.sum(sums**2)) / len(values))
