"""Intervals of an audit: a bootstrap over clusters of comparisons, the same draws for every figure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leaderboard.ratings.agreement.verdicts import Floats, Ints
from leaderboard.ratings.clusters import places
from leaderboard.ratings.intervals import z_value
from leaderboard.ratings.variation.resampling import NOTHING, Bootstrap, Estimate

BLOCK = 100
"""Replicates multiplied at a time."""
FEW_CLUSTERS = 30
"""Below this many clusters an interval is likely too narrow, as for ratings."""


@dataclass(frozen=True)
class Draws:
    """How often each of R replicates drew each of G clusters, with replacement (Efron 1979).

    `place` (M,): the cluster of each item. `weight` (R, G). One `Draws` serves all figures over the same items, so
    differences between them are paired.
    """

    plan: Bootstrap
    place: Ints
    weight: NDArray[np.uint8]

    @classmethod
    def of(cls, cluster: Ints, plan: Bootstrap) -> Draws:
        """The draws for the items' clusters."""
        place, groups = places(cluster)
        rng, shape = np.random.default_rng(plan.seed), (plan.replicates, groups)
        if not groups:
            return cls(plan, place, np.zeros(shape, dtype=np.uint8))
        drawn = [
            rng.multinomial(groups, np.full(groups, 1 / groups), size=min(BLOCK, plan.replicates - start))
            for start in range(0, plan.replicates, BLOCK)
        ]
        return cls(plan, place, np.minimum(np.concatenate(drawn), 255).astype(np.uint8))

    @property
    def groups(self) -> int:
        """How many clusters there are."""
        return int(self.weight.shape[1])

    def mean(self, values: Floats, weight: Floats | None = None) -> Estimate:
        """Weighted mean of (M,) `values` over items, NaN left out."""
        known = ~np.isnan(values)
        share = known.astype(np.float64) if weight is None else np.where(known, weight, 0.0)
        return self.ratio(np.where(known, values, 0.0) * share, share)

    def share(self, values: Floats) -> Estimate:
        """As `mean`, of (M,) values in [0, 1]; where all are 0, or all 1, the interval is Wilson's over clusters.

        A bootstrap of equal values never differs, and an interval without width would claim to be sure.
        """
        known = ~np.isnan(values)
        return self.part(np.where(known, values, 0.0), known.astype(np.float64))

    def part(self, top: Floats, bottom: Floats) -> Estimate:
        """As `ratio`, of a part `top` of `bottom`, with Wilson's interval over clusters where it is none or all."""
        found = self.ratio(top, bottom)
        if found.value not in (0.0, 1.0):
            return found
        used = len(np.unique(self.place[bottom > 0]))
        return wilson(int(found.value) * used, used, self.plan.confidence) if used > 1 else found

    def ratio(self, top: Floats, bottom: Floats) -> Estimate:
        """Σ top / Σ bottom over (M,) items."""
        return self.of_sums(_share, np.stack([top, bottom], axis=1))

    def of_sums(self, figure: Callable[[Floats], Floats], columns: Floats) -> Estimate:
        """A figure of the sums over items of (M, K) `columns`.

        `figure` takes (R, K) sums to (R,) numbers, NaN where it does not exist. No interval for fewer than two
        clusters that hold anything, or where half of the replicates have no number.
        """
        sums = self._sums(columns)
        value = float(figure(sums.sum(axis=0, keepdims=True))[0])
        if np.isnan(value):
            return NOTHING
        used = int(np.sum(np.any(sums != 0, axis=1)))
        return self.interval(value, figure(self._drawn(sums)), used)

    def interval(self, value: float, replicates: Floats, clusters: int) -> Estimate:
        """`value` with the spread and percentile interval of its (R,) replicates."""
        found = replicates[~np.isnan(replicates)]
        if clusters < 2 or 2 * len(found) < len(replicates):
            return Estimate(value)
        tail = (1 - self.plan.confidence) / 2
        low, high = np.quantile(found, [tail, 1 - tail])
        return Estimate(value, float(np.std(found, ddof=1)), float(low), float(high))

    def _sums(self, columns: Floats) -> Floats:
        """(G, K) sums by cluster."""
        return np.stack([np.bincount(self.place, column, self.groups) for column in columns.T], axis=1)

    def _drawn(self, sums: Floats) -> Floats:
        """(R, K) sums of each replicate."""
        starts = range(0, len(self.weight), BLOCK)
        return np.concatenate([np.asarray(self.weight[at : at + BLOCK] @ sums, dtype=np.float64) for at in starts])


def wilson(hits: int, n: int, confidence: float = 0.95) -> Estimate:
    """A share with Wilson's (1927) score interval; nothing of none."""
    if not n:
        return NOTHING
    z, share = z_value(confidence), hits / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * float(np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)))
    return Estimate(share, float(np.sqrt(share * (1 - share) / n)), max(0.0, middle - half), min(1.0, middle + half))


def _share(sums: Floats) -> Floats:
    top, bottom = sums.T
    return np.asarray(np.divide(top, bottom, out=np.full(len(top), np.nan), where=bottom > 0))
