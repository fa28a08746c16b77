"""Where the variance of scores lies: between prompts, between samples of a prompt, and in what the judge adds.

Nested levels, from the prompts down: each level is the spread of means within one unit of the level above.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leaderboard.ratings.variation.resampling import Bootstrap, Draws
from leaderboard.ratings.variation.tables import Floats, Ints, as_table, mean_last


@dataclass(frozen=True)
class Level:
    """One level of a split, in squared units of the scores.

    `variance`: mean population variance of this level's means within a unit above; those of all levels add up to the
    total. `share`: of the total, None where the total is 0. `component`: the unbiased variance due to this level
    alone, the noise of the levels below taken off and cut at 0; None where no unit has two of its members, or the
    noise below is not known for that reason. `low` and `high`: bootstrap interval of the share over prompts, None
    where none was asked for or no two prompts are scored.
    """

    name: str
    variance: float
    share: float | None
    component: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Split:
    """The levels from the prompts down, the `total` variance, and how many prompts have a score."""

    levels: tuple[Level, ...]
    total: float
    prompts: int

    def of(self, name: str) -> Level:
        """The level called `name`. Raises ValueError where there is none."""
        for level in self.levels:
            if level.name == name:
                return level
        raise ValueError(f"the split has no level '{name}'")


@dataclass(frozen=True)
class _Spread:
    """Variances of the children of each unit of a level; means over the units with two children or more.

    `drawn` is the mean ddof-1 variance and `whole` the mean population variance, both NaN where no unit has two;
    `lone` is the mean of 1 − 1/children. `share`: mean of 1/children over all units.
    """

    population: Floats
    drawn: float
    whole: float
    lone: float
    share: float

    @classmethod
    def of(cls, values: Floats) -> _Spread:
        count = np.sum(~np.isnan(values), axis=-1).astype(np.float64)
        population = mean_last((values - mean_last(values)[..., None]) ** 2)
        several = count > 1
        whole, lone = population[several], 1 - 1 / count[several]
        return cls(population, _mean(whole / lone), _mean(whole), _mean(lone), _mean(1 / count[count > 0]))


def split_variance(
    scores: ArrayLike,
    factors: Sequence[str] = ("sample",),
    fixed: Sequence[str] = (),
    plan: Bootstrap | None = None,
) -> Split | None:
    """Splits the variance of (P, n₁, …, n_F) `scores`, one axis a factor, nested in the order given.

    Usual orders are ("seed", "sample", "order", "repeat") or a part of it: a judge's orders and repeats are of one
    output. NaN is a score that is not there. Every prompt weighs the same, and within a unit each of its children.
    By the law of total variance the total is Var(prompt means) + E Var(means of factor 1 | prompt) + …

    `fixed` factors are all there is, such as the two orders of a judge: their mean is free of noise, so none is
    taken off above, and their component is the population variance. The others are draws: the component is the
    mean ddof-1 variance less the mean noise of a child's own mean (nested analysis of variance, Searle, Casella and
    McCulloch 1992), exact in expectation where every unit has the same number of children. With a `plan` the shares
    have percentile intervals by a bootstrap over prompts.

    None where nothing is scored.

    Raises: ValueError where axes and factors differ in number, a name is unknown or repeats, or a score is infinite.
    """
    values = _checked(scores, factors, fixed)
    spreads = []
    for _ in factors:
        spreads.append(_Spread.of(values))
        values = mean_last(values)
    if np.all(np.isnan(values)):
        return None
    spreads.append(_Spread.of(values))
    names = ["prompt", *factors]
    components = _components(list(zip(reversed(names), spreads, strict=True)), frozenset(fixed))
    variances = [_averaged(spread.population) for spread in reversed(spreads)]
    total = sum(variances)
    ends = _intervals(values, [spread.population for spread in reversed(spreads[:-1])], plan) if plan else {}
    levels = [
        Level(name, variance, variance / total if total else None, component, *ends.get(place, (None, None)))
        for place, (name, variance, component) in enumerate(zip(names, variances, reversed(components), strict=True))
    ]
    return Split(tuple(levels), total, int(np.sum(~np.isnan(values))))


def _intervals(means: Floats, within: Sequence[Floats], plan: Bootstrap) -> dict[int, tuple[float, float]]:
    """Of the share of each level, by its place: (P,) prompt `means`, and the variances `within` units of each prompt.

    A replicate has no shares where all that it drew is equal; none are told where that is true of nearly all.
    """
    inner = [_by_prompt(values) for values in within]
    drawn = Draws.of(len(means), plan).means(np.column_stack([means**2, means, *inner]))
    between = np.maximum(0.0, drawn[:, 0] - drawn[:, 1] ** 2)
    parts = np.column_stack([between, drawn[:, 2:]])
    total = parts.sum(axis=1)
    parts = parts[total > 0] / total[total > 0, None]
    if np.sum(~np.isnan(means)) < 2 or len(parts) < 2:
        return {}
    tail = (1 - plan.confidence) / 2
    low, high = np.quantile(parts, [tail, 1 - tail], axis=0)
    return {place: (float(low[place]), float(high[place])) for place in range(len(low))}


def _by_prompt(values: Floats) -> Floats:
    """(P,) means of means over all axes but the first."""
    while values.ndim > 1:
        values = mean_last(values)
    return values


def by_seed(scores: ArrayLike, seeds: ArrayLike) -> Floats:
    """(P, S, M) scores of (P, N) samples set apart by their (P, N) whole-number seeds, as `split_variance` takes them.

    S different seeds in ascending order, M the most samples of any seed and prompt; NaN where there is none.

    Raises: ValueError where the shapes differ or the seeds are not whole numbers.
    """
    table, labels = as_table(scores), np.asarray(seeds)
    if labels.shape != table.shape or (labels.size and labels.dtype.kind not in "iu"):
        raise ValueError("seeds must be whole numbers, one for each sample")
    own = [(~np.isnan(table)) & (labels == seed) for seed in np.unique(labels)]
    most = max((int(mask.sum(axis=1).max(initial=0)) for mask in own), default=0)
    found = [_packed(table, mask, most) for mask in own if mask.any()]
    return np.stack(found, axis=1) if found else np.full((len(table), 0, 0), np.nan)


def _packed(table: Floats, mask: NDArray[np.bool_], size: int) -> Floats:
    """(P, size) the marked cells of each row, in order, from the left."""
    rows: Ints
    rows, _ = np.nonzero(mask)
    places = np.cumsum(mask, axis=1)[mask] - 1
    packed = np.full((len(table), size), np.nan)
    packed[rows, places] = table[mask]
    return packed


def _checked(scores: ArrayLike, factors: Sequence[str], fixed: Sequence[str]) -> Floats:
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim != len(factors) + 1:
        raise ValueError("scores need one axis for the prompts and one for each factor")
    if len({"prompt", *factors}) != len(factors) + 1:
        raise ValueError("each factor needs a name of its own, other than 'prompt'")
    if not set(fixed) <= set(factors):
        raise ValueError("a fixed factor must be one of the factors")
    if np.isinf(values).any():
        raise ValueError("scores must be finite or NaN")
    return values


def _averaged(values: Floats) -> float:
    """Mean of means, axis by axis from the last: each unit weighs the same within the unit above."""
    while values.ndim:
        values = mean_last(values)
    return float(values)


def _components(levels: list[tuple[str, _Spread]], fixed: frozenset[str]) -> list[float | None]:
    """Components from the last level up. `noise`: mean variance of what is seen of one child, around its truth."""
    found: list[float | None] = []
    noise = 0.0
    for name, spread in levels:
        if name in fixed:
            component, passed = spread.whole - spread.lone * noise, noise
        else:
            component, passed = spread.drawn - noise, spread.drawn
        found.append(None if math.isnan(component) else max(0.0, component))
        noise = passed * spread.share
    return found


def _mean(values: Floats) -> float:
    return float(np.mean(values)) if values.size else math.nan
