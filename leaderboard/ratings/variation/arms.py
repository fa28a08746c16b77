"""The arms of a sweep: scores on tune and on test prompts, the choice made on the former and judged on the latter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from leaderboard.ratings.variation.paired import PairedTest, paired_tests
from leaderboard.ratings.variation.tables import TIED, as_table

SCORED = 0.9
"""Least share of scored outputs, of that of the arm with most, at which an arm can be chosen."""


@dataclass(frozen=True)
class Level:
    """A mean over `prompts` prompts in the scores' units; `se` and the t interval are None without spread to tell."""

    prompts: int
    value: float | None
    se: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class ArmResult:
    """One arm. `gap`: greedy less this arm over the test prompts that both have, None for greedy itself.

    `against`: the paired test of this arm less the baseline on test prompts, Holm-corrected over all arms; None for
    the baseline. `best_of_strategy` and `best`: chosen on tune prompts, among the arms that could be chosen.
    """

    tune: Level
    test: Level
    gap: Level | None
    against: PairedTest | None
    best_of_strategy: bool
    best: bool


def arm_results(
    means: ArrayLike,
    tune: Sequence[bool] | NDArray[np.bool_],
    strategies: Sequence[str],
    *,
    complete: Sequence[bool],
    baseline: int,
    greedy: int | None,
    confidence: float = 0.95,
) -> list[ArmResult]:
    """Results of A arms from their (A, P) mean scores by prompt, NaN where there is none.

    Only `complete` arms can be chosen, since one that lacks prompts may look good for having missed the hard ones. The
    highest mean over tune prompts wins; of equal ones the first declared. Intervals are Student's t over prompts.

    Raises: ValueError where shapes differ or a place is out of range.
    """
    table, mask = as_table(means), np.asarray(tune, dtype=np.bool_)
    arms, prompts = table.shape
    if mask.shape != (prompts,) or len(strategies) != arms or len(complete) != arms:
        raise ValueError("arms and prompts must agree in number")
    if arms and not (0 <= baseline < arms and (greedy is None or 0 <= greedy < arms)):
        raise ValueError("baseline and greedy must be arms")
    chosen_on, tested_on = table[:, mask], table[:, ~mask]
    levels = [level(row, confidence) for row in chosen_on]
    values = [one.value if ready else None for one, ready in zip(levels, complete, strict=True)]
    best, heads = _highest(values, range(arms)), _heads(values, strategies)
    others = [arm for arm in range(arms) if arm != baseline]
    tests = paired_tests({str(arm): (tested_on[arm], tested_on[baseline]) for arm in others})
    against = dict(zip(others, tests, strict=True))
    return [
        ArmResult(
            tune=levels[arm],
            test=level(tested_on[arm], confidence),
            gap=level(tested_on[greedy] - tested_on[arm], confidence) if greedy not in (None, arm) else None,
            against=against.get(arm),
            best_of_strategy=arm in heads,
            best=arm == best,
        )
        for arm in range(arms)
    ]


def choosable(done: Sequence[bool], scored: Sequence[float]) -> list[bool]:
    """Which arms may be chosen, from whether each is done and the share of its outputs that has a score.

    An output without a score counts in no mean. So an arm that often gives none could win with the easy rest: it is
    left out below `SCORED` of the largest share among the arms that are done.
    """
    most = max((share for ready, share in zip(done, scored, strict=True) if ready), default=0.0)
    return [ready and share > 0 and share >= SCORED * most - TIED for ready, share in zip(done, scored, strict=True)]


def level(row: NDArray[np.float64], confidence: float = 0.95) -> Level:
    """Mean, standard error and t interval of the known values of `row`."""
    known = row[~np.isnan(row)]
    count = len(known)
    if not count:
        return Level(0, None, None, None, None)
    value = float(known.mean())
    se = float(known.std(ddof=1) / math.sqrt(count)) if count > 1 else 0.0
    if se <= TIED:
        return Level(count, value, None, None, None)
    half = float(stdtrit(count - 1, 0.5 + confidence / 2)) * se
    return Level(count, value, se, value - half, value + half)


def _highest(values: Sequence[float | None], among: Sequence[int]) -> int | None:
    """The first place with the highest value; sums in another order differ in their last digits."""
    best: int | None = None
    for place in among:
        value, leader = values[place], None if best is None else values[best]
        if value is not None and (leader is None or value > leader + TIED):
            best = place
    return best


def _heads(values: Sequence[float | None], strategies: Sequence[str]) -> set[int]:
    """The best place of each strategy."""
    own = {name: [place for place, other in enumerate(strategies) if other == name] for name in strategies}
    found = {_highest(values, places) for places in own.values()}
    return {place for place in found if place is not None}
