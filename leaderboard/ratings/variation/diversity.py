"""Quality and diversity together: distance from the ideal, and the configurations that no other one beats.

How diverse texts are is measured in `self_bleu` and `repeats`; here diversity is a number, greater is more diverse.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from leaderboard.ratings.variation.tables import Flags, Floats, as_row

Range = tuple[float, float]
UNIT: Range = (0.0, 1.0)


@dataclass(frozen=True)
class Tradeoff:
    """One configuration. `eda` is None where quality or diversity is not known, and it is then not on the frontier."""

    name: str
    quality: float | None
    diversity: float | None
    eda: float | None
    on_frontier: bool


def eda(
    quality: ArrayLike,
    diversity: ArrayLike,
    quality_range: Range = UNIT,
    diversity_range: Range = UNIT,
    quality_weight: float = 0.5,
) -> Floats:
    """(K,) EDA of K configurations, our definition: √(w·(1 − q̃)² + (1 − w)·(1 − d̃)²), 0 ideal, 1 worst.

    q̃ = (q − low)/(high − low) by the scale of the measure, not by the best and worst seen, so that one configuration's
    EDA does not depend on which others are compared; d̃ alike. w is `quality_weight`. The metric called EDA by Zhang
    et al. 2024 (EDT, arXiv 2403.14541) inspired it; its weights are not known to us and numbers must not be compared.
    NaN in gives NaN.

    Raises: ValueError where the lengths differ, a range is empty, a value lies outside its range, or w not in [0, 1].
    """
    if not 0 <= quality_weight <= 1:
        raise ValueError("the weight of quality must lie in [0, 1]")
    good = _normalised(as_row(quality), quality_range, "quality")
    diverse = _normalised(as_row(diversity, len(good)), diversity_range, "diversity")
    return np.asarray(np.sqrt(quality_weight * (1 - good) ** 2 + (1 - quality_weight) * (1 - diverse) ** 2))


def frontier(quality: ArrayLike, diversity: ArrayLike) -> Flags:
    """(K,) whether no other configuration is at least as good in both and better in one (Pareto).

    Equal configurations stand or fall together. NaN in either is not on the frontier and beats nobody.

    Raises: ValueError where the lengths differ or a value is infinite.
    """
    good = as_row(quality)
    diverse = as_row(diversity, len(good))
    at_least = (good[:, None] >= good) & (diverse[:, None] >= diverse)
    better = (good[:, None] > good) | (diverse[:, None] > diverse)
    return np.asarray(~(at_least & better).any(axis=0) & ~np.isnan(good + diverse))


def tradeoffs(
    names: Sequence[str],
    quality: ArrayLike,
    diversity: ArrayLike,
    quality_range: Range = UNIT,
    diversity_range: Range = UNIT,
) -> tuple[Tradeoff, ...]:
    """Each configuration with its EDA at equal weights, by ascending EDA, those without one last.

    Raises: ValueError as `eda`, or where the names differ in number.
    """
    good, diverse = as_row(quality, len(names)), as_row(diversity, len(names))
    columns = zip(
        names, good, diverse, eda(good, diverse, quality_range, diversity_range), frontier(good, diverse), strict=True
    )
    found = [Tradeoff(name, _known(q), _known(d), _known(e), bool(on)) for name, q, d, e, on in columns]
    return tuple(sorted(found, key=lambda each: math.inf if each.eda is None else each.eda))


def _normalised(values: Floats, scale: Range, what: str) -> Floats:
    low, high = scale
    if not low < high:
        raise ValueError(f"the range of {what} must run from a smaller to a greater number")
    if np.any(values < low) or np.any(values > high):
        raise ValueError(f"{what} must lie in its range, {low} to {high}")
    return (values - low) / (high - low)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
