"""A configuration over its runs: best, worst, mean, spread; and prompts always, sometimes or never right.

The best run is one sample index over the whole benchmark. It is not the oracle, which picks prompt by prompt.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from leaderboard.ratings.variation.tables import Floats, as_table, prompt_means, residual_variance, run_scores


@dataclass(frozen=True)
class RunSummary:
    """How the runs of one configuration came out, in the units of the scores; None where not known.

    `scores` (N,): each run, NaN for one without a score. `std`: over runs, ddof 1. `range`: best − worst, which grows
    with the number of runs. `se_prompts`, `se_runs`: of the mean, were only the prompts or only the runs drawn
    anew; `se`: were both. `prompts` and `runs` count those with a score, `missing` the cells without one.
    """

    scores: Floats
    prompts: int
    runs: int
    missing: int
    mean: float | None
    std: float | None
    best: float | None
    worst: float | None
    range: float | None
    se_prompts: float | None
    se_runs: float | None
    se: float | None


@dataclass(frozen=True)
class Consistency:
    """Prompts by whether all, some or none of their scored samples are right; `unscored` have no scored sample."""

    always: int
    sometimes: int
    never: int
    unscored: int


def summarise_runs(scores: ArrayLike) -> RunSummary:
    """The runs of (P, N) `scores`; see `tables.run_scores` for what a run without all prompts scores.

    se_prompts = sd(prompt means)/√P, se_runs = sd(run scores)/√N. Both hold the noise of single samples, so
    se² = se_prompts² + se_runs² − s²/(PN), s² the mean square left of the two-way layout, and at least the larger
    of the two (two-way variance of Cameron, Gelbach and Miller 2011).

    Raises: ValueError where `scores` is not a table or has an infinite value.
    """
    table = as_table(scores)
    means, runs = prompt_means(table), run_scores(table)
    means, found = means[~np.isnan(means)], runs[~np.isnan(runs)]
    best, worst = (float(np.max(found)), float(np.min(found))) if len(found) else (None, None)
    se_prompts, se_runs = _se(means), _se(found)
    return RunSummary(
        scores=runs,
        prompts=len(means),
        runs=len(found),
        missing=int(np.isnan(table).sum()),
        mean=float(np.mean(means)) if len(means) else None,
        std=float(np.std(found, ddof=1)) if len(found) > 1 else None,
        best=best,
        worst=worst,
        range=None if best is None or worst is None else best - worst,
        se_prompts=se_prompts,
        se_runs=se_runs,
        se=_both(se_prompts, se_runs, residual_variance(table) / max(1, len(means) * len(found))),
    )


def consistency(scores: ArrayLike, right_at: float = 1.0) -> Consistency:
    """Counts the prompts of (P, N) `scores`; a sample is right at `right_at` or above.

    A prompt with one scored sample is always or never right.

    Raises: ValueError where `scores` is not a table or has an infinite value.
    """
    table = as_table(scores)
    scored = (~np.isnan(table)).sum(axis=1)
    right = (table >= right_at).sum(axis=1)
    return Consistency(
        always=int(np.sum((scored > 0) & (right == scored))),
        sometimes=int(np.sum((right > 0) & (right < scored))),
        never=int(np.sum((scored > 0) & (right == 0))),
        unscored=int(np.sum(scored == 0)),
    )


def _se(values: Floats) -> float | None:
    return float(np.std(values, ddof=1) / math.sqrt(len(values))) if len(values) > 1 else None


def _both(prompts: float | None, runs: float | None, noise: float) -> float | None:
    if prompts is None or runs is None or math.isnan(noise):
        return prompts if runs is None else runs if prompts is None else math.hypot(prompts, runs)
    return math.sqrt(max(prompts**2, runs**2, prompts**2 + runs**2 - noise))
