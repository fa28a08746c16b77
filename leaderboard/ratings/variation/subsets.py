"""The best of k drawn without replacement from n values: exact expectations, no simulation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from leaderboard.ratings.variation.tables import Floats


def top_weights(n: int, k: int) -> Floats:
    """(n,) chance that the i-th smallest of n values, i from 1, is the largest of k drawn: C(i−1, k−1)/C(n, k).

    Made by w_n = k/n, w_{i−1} = w_i · (i − k)/(i − 1), all factors in [0, 1]: no large binomials.

    Raises: ValueError where k is not in 1…n.
    """
    if not 1 <= k <= n:
        raise ValueError(f"k must lie between 1 and {n}")
    place = np.arange(n, 1, -1)
    steps = np.concatenate([[k / n], np.maximum(place - k, 0) / (place - 1)])
    return np.asarray(np.cumprod(steps)[::-1])


def weight_table(n: int, ks: Sequence[int]) -> Floats:
    """(n, K) `top_weights` of each k. Raises ValueError as `top_weights`."""
    return np.column_stack([top_weights(n, k) for k in ks]) if len(ks) else np.zeros((n, 0))


def expected_best(values: Floats, ks: Sequence[int]) -> Floats:
    """(..., K) expected largest of k of the n values (..., n) in the last axis, for each k.

    For c ones among zeros it is 1 − C(n−c, k)/C(n, k), the unbiased pass@k of Chen et al. 2021 (arXiv 2107.03374).

    Raises: ValueError where a k is not in 1…n.
    """
    return np.asarray(np.sort(values, axis=-1) @ weight_table(values.shape[-1], ks))


def expected_chosen(truth: Floats, selector: Floats, ks: Sequence[int]) -> Floats:
    """(R, K) expected truth of the draw that `selector` rates highest of k, for (R, n) rows of both.

    Σᵢ truth₍ᵢ₎ · C(i−1, k−1)/C(n, k) in ascending order of the selector. Equal ratings are put in random order: over
    all orders each place of a tie holds the mean truth of the tie, so the result is exact. A NaN rating is below all.

    Raises: ValueError where the shapes differ or a k is not in 1…n.
    """
    if truth.ndim != 2 or truth.shape != selector.shape:
        raise ValueError("truth and selector must be tables of one shape")
    ratings = np.where(np.isnan(selector), -np.inf, selector)
    order = np.argsort(ratings, axis=1, kind="stable")
    ordered = np.take_along_axis(truth, order, axis=1)
    levelled = _level_ties(ordered, np.take_along_axis(ratings, order, axis=1))
    return np.asarray(levelled @ weight_table(truth.shape[1], ks))


def _level_ties(truth: Floats, ratings: Floats) -> Floats:
    """Rows sorted by rating, each truth replaced by the mean of those with the same rating."""
    starts = np.ones(ratings.shape, dtype=bool)
    starts[:, 1:] = ratings[:, 1:] != ratings[:, :-1]
    group = np.cumsum(starts.ravel()) - 1
    sums = np.bincount(group, weights=truth.ravel())
    return np.asarray((sums / np.maximum(np.bincount(group), 1))[group].reshape(truth.shape))
