"""Holm's step-down correction for several tests at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """(m,) p-values adjusted so that rejecting those ≤ α errs anywhere with probability at most α (Holm 1979).

    adjusted_(k) = max over j ≤ k of min(1, (m − j + 1) · p_(j)), p_(1) the smallest. NaN stands for a test
    that was not made: it stays NaN and does not count in m.

    Raises: ValueError where p is not one-dimensional or a value lies outside [0, 1].
    """
    values = np.asarray(p, dtype=np.float64)
    if values.ndim != 1:
        raise ValueError("p-values must be one-dimensional")
    made = np.flatnonzero(~np.isnan(values))
    if np.any(values[made] < 0) or np.any(values[made] > 1):
        raise ValueError("p-values must lie in [0, 1]")
    order = made[np.argsort(values[made], kind="stable")]
    scaled = values[order] * np.arange(len(order), 0, -1)
    adjusted = np.full(len(values), np.nan)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(scaled))
    return adjusted
