"""Whether a judge ranks as people do: Spearman's correlation of the Bradley–Terry ratings of each side's verdicts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from leaderboard.contracts.said import said
from leaderboard.ratings.agreement.taste import battles_of, battles_of_votes
from leaderboard.ratings.agreement.verdicts import Floats, Items, Votes
from leaderboard.ratings.battles import Battles
from leaderboard.ratings.bootstrap import bootstrap
from leaderboard.ratings.strengths import SCALE, Fit, fit
from leaderboard.ratings.variation.resampling import NOTHING, Bootstrap, Estimate

REPLICATES = 300
FEWEST = 3
NEAR_ONE = 1 - 1e-12
DIGITS = 9
"""Strengths that agree to so many decimals (nats) are equal."""


@dataclass(frozen=True)
class Induced:
    """`spearman` over the `entrants` that both sides put on one scale; `left_out` are not on both.

    `rows`: (name, people's rating, judge's rating) in points around 0, by people's rating.
    """

    spearman: Estimate
    entrants: int
    left_out: int
    rows: tuple[tuple[str, float, float], ...]
    reason: str = ""


def induced(items: Items, credit: Floats, votes: Votes, plan: Bootstrap) -> Induced:
    """Ratings by the judge's (M,) `credit` and by the votes on the same items.

    The interval: both sides' verdicts are drawn anew by cluster, apart from each other, and Fisher's z of the
    correlation is moved so that its median is the estimate's, since noise added to ratings lowers every replicate.
    Drawing the sides apart leaves out what they share, which makes the interval wider rather than narrower.
    """
    judged = ~np.isnan(credit)
    kept = votes.take(judged[votes.item])
    seen = ~np.isnan(kept.means(len(items)))
    sides = battles_of(items, np.where(seen, credit, np.nan)), battles_of_votes(items, kept)
    if not all(len(side.credit) for side in sides):
        return Induced(NOTHING, 0, len(items.names), (), said("The judge and people have no comparison in common."))
    fits = fit(sides[0]), fit(sides[1])
    shared = np.intersect1d(_main(fits[0]), _main(fits[1]))
    gone = len(items.names) - len(shared)
    if len(shared) < FEWEST:
        reason = said("Fewer than {fewest} entrants stand on one scale for both the judge and people.", fewest=FEWEST)
        return Induced(NOTHING, len(shared), gone, (), reason)
    judge, people = fits[0].theta[shared], fits[1].theta[shared]
    found = _interval(spearman(judge, people), sides, fits, shared, plan)
    return Induced(found, len(shared), gone, _rows(items, shared, people, judge))


def spearman(first: Floats, second: Floats) -> float:
    """Pearson's correlation of ranks, ties sharing theirs; 0 where one side has no order.

    Equal strengths come out of a fit unequal in their last digits, otherwise on each machine.
    """
    from scipy.stats import rankdata  # takes a quarter of a second to load, and few processes audit

    x, y = (rankdata(np.round(side, DIGITS)) for side in (first, second))
    x, y = x - x.mean(), y - y.mean()
    norm = float(np.sqrt(np.sum(x**2) * np.sum(y**2)))
    return float(np.sum(x * y)) / norm if norm else 0.0


def _main(found: Fit) -> np.ndarray:
    """Places in the largest component."""
    used = found.component[found.used > 0]
    if not len(used):
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero(found.component == np.bincount(used).argmax())


def _interval(
    value: float, sides: tuple[Battles, Battles], fits: tuple[Fit, Fit], shared: np.ndarray, plan: Bootstrap
) -> Estimate:
    count = min(plan.replicates, REPLICATES)
    judge, people = (
        bootstrap(battles, fitted, count, plan.seed + place)[:, shared]
        for place, (battles, fitted) in enumerate(zip(sides, fits, strict=True))
    )
    whole = ~np.isnan(judge).any(axis=1) & ~np.isnan(people).any(axis=1)
    if 2 * whole.sum() < count:
        return Estimate(value)
    drawn = np.array([spearman(one, two) for one, two in zip(judge[whole], people[whole], strict=True)])
    z = np.arctanh(np.clip(drawn, -NEAR_ONE, NEAR_ONE))
    # Fisher's z of a perfect correlation is infinite: there the replicates count as they are, which is too low.
    centred = drawn if abs(value) >= NEAR_ONE else np.tanh(z - np.median(z) + np.arctanh(value))
    tail = (1 - plan.confidence) / 2
    low, high = np.quantile(centred, [tail, 1 - tail])
    return Estimate(value, float(np.std(centred, ddof=1)), min(value, float(low)), max(value, float(high)))


def _rows(items: Items, shared: np.ndarray, people: Floats, judge: Floats) -> tuple[tuple[str, float, float], ...]:
    one, two = SCALE * (people - people.mean()), SCALE * (judge - judge.mean())
    order = np.argsort(-one, kind="stable")
    return tuple((items.names[shared[i]], float(one[i]), float(two[i])) for i in order)
