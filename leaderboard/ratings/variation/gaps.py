"""Greedy decoding against sampling: the difference with its interval, and the absolute scores beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from leaderboard.ratings.variation.resampling import NOTHING, Bootstrap, Draws, Estimate
from leaderboard.ratings.variation.tables import TIED, Floats, as_row, as_table, prompt_means


@dataclass(frozen=True)
class GreedyGap:
    """Greedy score, sample mean and `gap` = greedy − sample mean over the same `prompts`.

    `left_out`: prompts without a greedy score or without a scored sample.
    """

    greedy: Estimate
    sampled: Estimate
    gap: Estimate
    prompts: int
    left_out: int


@dataclass(frozen=True)
class Cell:
    """One model on one benchmark: greedy score, mean, standard deviation and range of its runs, in one unit."""

    model: str
    benchmark: str
    greedy: float
    sampled: float
    std: float | None = None
    range: float | None = None

    @property
    def gap(self) -> float:
        """Greedy − sample mean."""
        return self.greedy - self.sampled


@dataclass(frozen=True)
class CellSummary:
    """Many cells at once. `mean_gap` and `largest_range` by benchmark; `greedy_above` of `cells` favour greedy.

    A benchmark whose cells have no range has none in `largest_range`.
    """

    cells: int
    greedy_above: int
    mean_gap: Mapping[str, float]
    largest_range: Mapping[str, float]


def greedy_gap(greedy: ArrayLike, scores: ArrayLike, plan: Bootstrap | None = None) -> GreedyGap:
    """Greedy scores (P,) against sampled (P, N) on the same prompts.

    The interval is a paired percentile bootstrap over prompts, with what whole runs share drawn again too (see
    `Draws.run_shifts`). Greedy output is one per prompt and has no runs.

    Raises: ValueError where the shapes do not fit or a score is infinite.
    """
    table = as_table(scores)
    row = as_row(greedy, len(table))
    return greedy_gap_with(Draws.of(len(table), plan), row, table)


def greedy_gaps(
    greedy: ArrayLike, configurations: Sequence[ArrayLike], plan: Bootstrap | None = None
) -> tuple[GreedyGap, ...]:
    """`greedy_gap` of each configuration's (P, N) scores against one greedy row (P,), prompts drawn once for all.

    Raises: ValueError as `greedy_gap`.
    """
    row = as_row(greedy)
    draws = Draws.of(len(row), plan)
    return tuple(greedy_gap_with(draws, row, as_table(scores), place) for place, scores in enumerate(configurations))


def greedy_gap_with(draws: Draws, greedy: Floats, scores: Floats, stream: int = 0) -> GreedyGap:
    """As `greedy_gap`, with draws that other estimates share.

    Raises: ValueError where `scores` has not one row a greedy score.
    """
    if len(scores) != len(greedy):
        raise ValueError("greedy and sampled scores must be over the same prompts")
    means = prompt_means(scores)
    both = ~np.isnan(greedy) & ~np.isnan(means)
    prompts, left_out = int(both.sum()), int((~both).sum())
    if not prompts:
        return GreedyGap(NOTHING, NOTHING, NOTHING, 0, left_out)
    columns = np.where(both[:, None], np.column_stack([greedy, means]), np.nan)
    drawn, at = draws.means(columns), columns[both].mean(axis=0)
    shifts = draws.run_shifts(np.where(both[:, None], scores, np.nan), stream)
    return GreedyGap(
        greedy=draws.estimate(float(at[0]), drawn[:, 0], prompts),
        sampled=draws.estimate(float(at[1]), drawn[:, 1] + shifts, prompts),
        gap=draws.estimate(float(at[0] - at[1]), drawn[:, 0] - drawn[:, 1] - shifts, prompts),
        prompts=prompts,
        left_out=left_out,
    )


def summarise_cells(cells: Sequence[Cell]) -> CellSummary:
    """Mean gap and largest range by benchmark, and in how many cells greedy is strictly above the sample mean."""
    by_benchmark: dict[str, list[Cell]] = {}
    for cell in cells:
        by_benchmark.setdefault(cell.benchmark, []).append(cell)
    ranges = {name: [cell.range for cell in found if cell.range is not None] for name, found in by_benchmark.items()}
    return CellSummary(
        cells=len(cells),
        greedy_above=sum(cell.gap > TIED for cell in cells),
        mean_gap={name: sum(cell.gap for cell in found) / len(found) for name, found in by_benchmark.items()},
        largest_range={name: max(found) for name, found in ranges.items() if found},
    )
