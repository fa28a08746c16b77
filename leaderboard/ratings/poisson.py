"""Many Poisson draws at once, for bootstrap weights."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

FEW = 64
"""Means below this are drawn by table; larger ones by numpy's generator."""
STEPS = 1 << 16
"""A table cuts the distribution into so many equal steps: each probability is exact to 2⁻¹⁷."""


def poisson(rng: np.random.Generator, mean: NDArray[np.int64], size: int) -> NDArray[np.float32]:
    """(U, size) draws; row u has mean `mean[u]`, a whole number from 0.

    Small means come by inversion from a table of 2¹⁶ steps, ten times faster than rejection; what lies
    beyond a probability of 2⁻¹⁷ on either side is cut, which costs less than 10⁻³ of the variance.
    """
    found = np.empty((len(mean), size), dtype=np.float32)
    large = np.flatnonzero(mean >= FEW)
    if len(large):
        found[large] = rng.poisson(mean[large, None], (len(large), size))
    for value in np.unique(mean[mean < FEW]):
        rows = np.flatnonzero(mean == value)
        at = rng.integers(0, STEPS, (len(rows), size), dtype=np.uint16)
        found[rows] = _table(int(value))[at]
    return found


@cache
def _table(mean: int) -> NDArray[np.float32]:
    """(STEPS,) the quantile in the middle of each step."""
    from scipy.stats import poisson as law  # takes a quarter of a second to load, and few processes draw

    below = law.cdf(np.arange(mean + 100), mean)
    return np.searchsorted(below, (np.arange(STEPS) + 0.5) / STEPS).astype(np.float32)
