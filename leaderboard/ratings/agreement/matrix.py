"""How far judges agree with each other, pair by pair, on the comparisons that both scored; people are one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from leaderboard.ratings.agreement.draws import Draws
from leaderboard.ratings.agreement.people import kappa
from leaderboard.ratings.agreement.verdicts import Floats, forced, outcome, side
from leaderboard.ratings.variation.resampling import Estimate


@dataclass(frozen=True)
class Met:
    """Two judges over `items` comparisons. `accuracy`: a tie on either side is one half. `same`: of three outcomes.

    `kappa`: Cohen's, with three outcomes.
    """

    first: str
    second: str
    items: int
    accuracy: Estimate
    same: Estimate
    kappa: Estimate


def matrix(credits_: Mapping[str, Floats], draws: Draws) -> tuple[Met, ...]:
    """Every pair of names that share a comparison, in the order given; (M,) credit of each, NaN where unscored."""
    found = []
    for (first, one), (second, two) in combinations(credits_.items(), 2):
        both = ~np.isnan(one) & ~np.isnan(two)
        if np.any(both):
            same = np.where(both, side(one) == side(two), np.nan)
            cells = draws.of_sums(kappa, _table(one, two, both))
            found.append(Met(first, second, int(both.sum()), draws.share(forced(one, two)), draws.share(same), cells))
    return tuple(found)


def _table(one: Floats, two: Floats, both: np.ndarray) -> Floats:
    """(M, 9) a one in the cell of both outcomes."""
    table = np.zeros((len(one), 9))
    rows = np.flatnonzero(both)
    table[rows, 3 * outcome(one[rows]) + outcome(two[rows])] = 1.0
    return table
