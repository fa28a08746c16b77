"""Tables of scores: checks of shape, means over samples, and gaps filled so that runs compare like with like."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

TIED = 1e-9
"""Units of the scores; means nearer than this are equal. Means of equal sums differ in the last digit."""


def as_table(scores: ArrayLike) -> Floats:
    """`scores` as (P, N) floats. Raises ValueError where it has another shape or an infinite value."""
    table = np.asarray(scores, dtype=np.float64)
    if table.ndim != 2:
        raise ValueError("scores must be a table of prompts by samples")
    return _finite(table)


def as_row(scores: ArrayLike, size: int | None = None) -> Floats:
    """`scores` as (P,) floats. Raises ValueError for another shape or length than `size`, or an infinite value."""
    row = np.asarray(scores, dtype=np.float64)
    if row.ndim != 1:
        raise ValueError("scores must be one-dimensional")
    if size is not None and len(row) != size:
        raise ValueError(f"there must be {size} scores, not {len(row)}")
    return _finite(row)


def mean_last(values: Floats) -> Floats:
    """Mean over the last axis without NaN; NaN where nothing is left. Warns of nothing."""
    known = ~np.isnan(values)
    count = known.sum(axis=-1)
    total = np.where(known, values, 0.0).sum(axis=-1)
    return np.asarray(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))


def prompt_means(scores: Floats) -> Floats:
    """(P,) mean over the scored samples of each prompt; NaN where none is."""
    return mean_last(scores)


def run_scores(scores: Floats) -> Floats:
    """(N,) score of each run over the prompts that have any score; NaN for a run without one.

    A prompt missing from a run stands with its mean over the other runs, so that a run is not the best for having
    missed the hard prompts. The mean of the run scores is then the mean of the prompt means.
    """
    means = prompt_means(scores)
    used = ~np.isnan(means)
    if not used.any():
        return np.full(scores.shape[1], np.nan)
    table, known = scores[used], ~np.isnan(scores[used])
    filled = np.where(known, table, means[used][:, None]).mean(axis=0)
    return np.asarray(np.where(known.any(axis=0), filled, np.nan))


def residual_variance(scores: Floats) -> float:
    """Mean square of what prompt and run means leave: estimates the variance of one sample around both.

    Two-way layout; degrees of freedom are scored cells − prompts − runs + 1. NaN where none is left. With missing
    cells it is a close guess, as the means are then not fitted jointly.
    """
    means, runs = prompt_means(scores), run_scores(scores)
    rows, columns = ~np.isnan(means), ~np.isnan(runs)
    if not rows.any():
        return float("nan")
    table = scores[np.ix_(rows, columns)]
    freedom = int(np.sum(~np.isnan(table))) - int(rows.sum()) - int(columns.sum()) + 1
    if freedom < 1:
        return float("nan")
    left = table - means[rows][:, None] - (runs[columns] - np.mean(means[rows]))[None, :]
    return float(np.nansum(left**2) / freedom)


def _finite(values: Floats) -> Floats:
    if np.isinf(values).any():
        raise ValueError("scores must be finite or NaN")
    return values
