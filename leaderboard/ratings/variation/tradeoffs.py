"""Score against diversity of many configurations over the same prompts, with intervals drawn jointly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from leaderboard.ratings.variation.diversity import eda, frontier
from leaderboard.ratings.variation.resampling import NOTHING, Bootstrap, Draws, Estimate
from leaderboard.ratings.variation.tables import Floats, as_row, as_table, prompt_means


@dataclass(frozen=True)
class MeasuredTradeoff:
    """One configuration with intervals; see `diversity.Tradeoff`.

    `frontier_share`: in what share of the replicates it is on the frontier; None where quality or diversity is not
    known. `eda` is None too where a score does not lie in [0, 1], as it then has no ideal.
    """

    name: str
    quality: Estimate
    diversity: Estimate
    eda: Estimate
    on_frontier: bool
    frontier_share: float | None


def measured_tradeoffs(
    names: Sequence[str],
    scores: Sequence[ArrayLike],
    diversities: Sequence[ArrayLike],
    plan: Bootstrap | None = None,
) -> tuple[MeasuredTradeoff, ...]:
    """Configurations in the order given, from (P, N) scores, N may differ, and (P,) diversity in [0, 1] of each.

    Quality is the mean over prompt means and diversity over prompts, NaN left out. Prompts are drawn once for all
    configurations and both measures, so that their covariance is in the intervals, and what whole runs share is drawn
    beside them (`Draws.run_shifts`); replicates of EDA are cut to the scale.

    Raises: ValueError where numbers of prompts or of names differ, a score is infinite or a diversity off its scale.
    """
    tables = [as_table(table) for table in scores]
    if not len(names) == len(tables) == len(diversities):
        raise ValueError("each configuration needs a name, scores and diversities")
    if len({len(table) for table in tables}) > 1:
        raise ValueError("all configurations must be scored over the same prompts")
    if not tables:
        return ()
    prompts = len(tables[0])
    diverse = [as_row(row, prompts) for row in diversities]
    good = [prompt_means(table) for table in tables]
    draws = Draws.of(prompts, plan)
    quality = np.array(
        [draws.means(good[place]) + draws.run_shifts(tables[place], place) for place in range(len(names))]
    )
    return _estimated(draws, names, (good, diverse), (quality, np.array([draws.means(row) for row in diverse])))


def _estimated(
    draws: Draws,
    names: Sequence[str],
    rows: tuple[Sequence[Floats], Sequence[Floats]],
    drawn: tuple[Floats, Floats],
) -> tuple[MeasuredTradeoff, ...]:
    """`rows` by prompt and (K, R) replicates `drawn`, of quality and of diversity."""
    good, diverse = (np.array([_mean(row) for row in side]) for side in rows)
    known = ~np.isnan(good + diverse)
    units = [min(int(np.sum(~np.isnan(row))) for row in both) for both in zip(*rows, strict=True)]
    on = frontier(good, diverse)
    often = np.mean([frontier(*pair) for pair in zip(drawn[0].T, drawn[1].T, strict=True)], axis=0)
    far = _distances(good, diverse, drawn) if _on_scale(good) else None

    def estimate(value: float, replicates: Floats, place: int) -> Estimate:
        return NOTHING if np.isnan(value) else draws.estimate(float(value), replicates, units[place])

    return tuple(
        MeasuredTradeoff(
            name,
            estimate(good[i], drawn[0][i], i),
            estimate(diverse[i], drawn[1][i], i),
            NOTHING if far is None else estimate(far[0][i], far[1][i], i),
            bool(on[i]),
            float(often[i]) if known[i] else None,
        )
        for i, name in enumerate(names)
    )


def _distances(good: Floats, diverse: Floats, drawn: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """(K,) EDA and its (K, R) replicates."""
    quality, diversity = (np.clip(side, 0.0, 1.0) for side in drawn)
    return eda(good, diverse), eda(quality.ravel(), diversity.ravel()).reshape(quality.shape)


def _on_scale(good: Floats) -> bool:
    known = good[~np.isnan(good)]
    return bool(np.all((known >= 0) & (known <= 1)))


def _mean(row: Floats) -> float:
    known = row[~np.isnan(row)]
    return float(known.mean()) if len(known) else float("nan")
