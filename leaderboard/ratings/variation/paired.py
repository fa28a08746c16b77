"""Paired tests of declared comparisons, corrected together by Holm's procedure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr

from leaderboard.ratings.holm import holm
from leaderboard.ratings.variation.tables import TIED, as_row

Alternative = Literal["two-sided", "greater", "less"]


@dataclass(frozen=True)
class PairedTest:
    """One comparison of `pairs` paired scores. `difference`: mean of first − second, in their units.

    `first_mean`, `second_mean`: the absolute scores beside it. `t`: difference over its standard error `se`, None
    without spread. `p_value` and `p_holm`, over all tests made together, are None where no test was made.
    """

    label: str
    pairs: int
    first_mean: float | None
    second_mean: float | None
    difference: float | None
    se: float | None
    t: float | None
    p_value: float | None
    p_holm: float | None


def paired_tests(
    comparisons: Mapping[str, tuple[ArrayLike, ArrayLike]], alternative: Alternative = "two-sided"
) -> tuple[PairedTest, ...]:
    """Paired t-tests (Student 1908) of (first, second) scores by label, Holm-corrected over all of them.

    Pairs with NaN on either side are left out. `greater` asks whether the first is greater. Fewer than two pairs make
    no test. Equal differences have no spread: then the sign test is exact, p = 2^−n one-sided, and 1 where all
    differences are 0. Name every arm: tests left out of the mapping are not corrected for.

    Raises: ValueError where two sides differ in length or the alternative is unknown.
    """
    if alternative not in ("two-sided", "greater", "less"):
        raise ValueError("alternative must be two-sided, greater or less")
    made = [_tested(label, *sides, alternative) for label, sides in comparisons.items()]
    adjusted = holm([math.nan if test.p_value is None else test.p_value for test in made])
    return tuple(_with_holm(test, float(p)) for test, p in zip(made, adjusted, strict=True))


def _tested(label: str, first: ArrayLike, second: ArrayLike, alternative: Alternative) -> PairedTest:
    left = as_row(first)
    right = as_row(second, len(left))
    known = ~np.isnan(left + right)
    left, right = left[known], right[known]
    count = len(left)
    if not count:
        return PairedTest(label, 0, None, None, None, None, None, None, None)
    means = float(left.mean()), float(right.mean())
    difference = means[0] - means[1]
    if count < 2:
        return PairedTest(label, count, *means, difference, None, None, None, None)
    se = float(np.std(left - right, ddof=1) / math.sqrt(count))
    t = difference / se if se > TIED else None
    tails = _sign_tails(difference, count) if t is None else (float(stdtr(count - 1, -t)), float(stdtr(count - 1, t)))
    return PairedTest(label, count, *means, difference, se, t, _p_value(tails, alternative), None)


def _sign_tails(difference: float, count: int) -> tuple[float, float]:
    """Chances of as many positive, and of as few, among `count` differences of one sign."""
    if abs(difference) <= TIED:
        return 1.0, 1.0
    return (0.5**count, 1.0) if difference > 0 else (1.0, 0.5**count)


def _p_value(tails: tuple[float, float], alternative: Alternative) -> float:
    """`tails`: chance of a difference at least, and at most, as great as the one seen."""
    up, down = tails
    if alternative == "two-sided":
        return min(1.0, 2 * min(up, down))
    return up if alternative == "greater" else down


def _with_holm(test: PairedTest, p_holm: float) -> PairedTest:
    return test if math.isnan(p_holm) else replace(test, p_holm=p_holm)
