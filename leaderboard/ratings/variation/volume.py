"""Strategies compared at equal volume: the best of equally many settings, however many each was given.

More settings tried means a higher best by luck alone. E[max of m settings] puts strategies side by side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from leaderboard.ratings.variation.resampling import Bootstrap, Draws, Estimate
from leaderboard.ratings.variation.subsets import expected_chosen
from leaderboard.ratings.variation.tables import Flags, Floats, as_row, as_table


@dataclass(frozen=True)
class VolumeCurve:
    """One strategy: `best[m−1]` is the expected score of the best of m of its settings, m up to those that finished.

    `failed` settings have no score over the prompts that count; they are in no expectation.
    """

    strategy: str
    best: tuple[Estimate, ...]
    failed: int

    @property
    def settings(self) -> int:
        """How many settings finished."""
        return len(self.best)


@dataclass(frozen=True)
class VolumeContrast:
    """`difference` = first − second at the common volume; its interval is None where no scores by prompt are known."""

    first: str
    second: str
    difference: Estimate


@dataclass(frozen=True)
class EqualVolume:
    """Curves of all strategies; `common` is the least number of finished settings, where `contrasts` are taken.

    `common` is 0, and there are no contrasts, where a strategy has no finished setting. `prompts`: behind the
    intervals, 0 where totals alone were given.
    """

    curves: tuple[VolumeCurve, ...]
    common: int
    contrasts: tuple[VolumeContrast, ...]
    prompts: int = 0

    def of(self, strategy: str) -> VolumeCurve:
        """The curve of `strategy`. Raises ValueError where there is none."""
        for curve in self.curves:
            if curve.strategy == strategy:
                return curve
        raise ValueError(f"there is no strategy '{strategy}'")


@dataclass(frozen=True)
class _Expected:
    """(M,) expected best by volume, its (R, M) replicates or none, and how many settings failed."""

    best: Floats
    drawn: Floats | None
    failed: int

    def at(self, place: int) -> tuple[float, Floats | None]:
        """Value and (R,) replicates of one volume, by place from 0."""
        return float(self.best[place]), None if self.drawn is None else self.drawn[:, place]


def volume_of_totals(
    strategies: Mapping[str, ArrayLike], held_out: Mapping[str, ArrayLike] | None = None
) -> EqualVolume:
    """Expected best of m settings drawn without replacement from the (S,) scores of each strategy.

    Σᵢ x₍ᵢ₎ · C(i−1, m−1)/C(S, m), x ascending (Dodge et al. 2019, arXiv 1909.03004, in the unbiased form of Tang et
    al. 2020, arXiv 2004.13705). `held_out` (S,) of each strategy: scores on other prompts; then the best by the first
    is shown with its score on the second, free of the luck of the choice. NaN in either is a setting that failed.

    Raises: ValueError where names or numbers of settings differ, or a score is infinite.
    """
    tests = strategies if held_out is None else held_out
    if set(tests) != set(strategies):
        raise ValueError("held-out scores must be of the same strategies")
    found = {name: _of_totals(as_row(scores), as_row(tests[name])) for name, scores in strategies.items()}
    return _compared(found, None)


def equal_volume(
    strategies: Mapping[str, ArrayLike], tune: ArrayLike | None = None, plan: Bootstrap | None = None
) -> EqualVolume:
    """As `volume_of_totals` from scores by prompt, (S, P) for each strategy, with intervals and paired contrasts.

    `tune` (P,): true for prompts that choose the best setting, the others score it. Without it the same prompts do
    both: best and interval then lie above what fresh prompts would show, the more so the more settings. A setting
    without any score failed. Prompts that another setting lacks are left out. Intervals are percentile bootstraps
    over prompts, the choice made again in each replicate.

    Raises: ValueError where prompts differ in number, a score is infinite, or no prompt is left to choose or score.
    """
    tables = {name: as_table(scores) for name, scores in strategies.items()}
    widths = {table.shape[1] for table in tables.values()}
    if len(widths) > 1:
        raise ValueError("all strategies must be scored over the same prompts")
    finished = {name: table[~np.isnan(table).all(axis=1)] for name, table in tables.items()}
    used = np.ones(widths.pop() if widths else 0, dtype=bool)
    for table in finished.values():
        used &= ~np.isnan(table).any(axis=0)
    parts = _parts(used, tune)
    draws = Draws.of(len(used), plan)
    found = {name: _by_prompt(draws, table, parts, len(tables[name]) - len(table)) for name, table in finished.items()}
    return _compared(found, draws, int(parts[1].sum()))


def _parts(used: Flags, tune: ArrayLike | None) -> tuple[Flags, Flags]:
    if tune is None:
        return used, used
    mask = np.asarray(tune)
    if mask.shape != used.shape or mask.dtype != np.bool_:
        raise ValueError("tune must be true or false for each prompt")
    choosing, scoring = used & mask, used & ~mask
    if len(used) and not (choosing.any() and scoring.any()):
        raise ValueError("there must be prompts to choose a setting and others to score it")
    return choosing, scoring


def _of_totals(chosen_by: Floats, scored_by: Floats) -> _Expected:
    if len(chosen_by) != len(scored_by):
        raise ValueError("held-out scores must be of the same settings")
    known = ~np.isnan(chosen_by + scored_by)
    size = int(known.sum())
    best = expected_chosen(scored_by[None, known], chosen_by[None, known], range(1, size + 1))[0]
    return _Expected(best, None, len(known) - size)


def _by_prompt(draws: Draws, table: Floats, parts: tuple[Flags, Flags], failed: int) -> _Expected:
    """`parts`: the prompts that choose and those that score. Replicates that drew none to score are NaN."""
    if not parts[1].any():
        return _Expected(np.zeros(0), None, failed + len(table))
    volumes = range(1, len(table) + 1)
    chosen_by, scored_by = (table[:, part].mean(axis=1)[None] for part in parts)
    drawn = [draws.means(np.where(part[:, None], table.T, np.nan)) for part in parts]
    best = expected_chosen(scored_by, chosen_by, volumes)[0]
    return _Expected(best, expected_chosen(drawn[1], drawn[0], volumes), failed)


def _compared(found: Mapping[str, _Expected], draws: Draws | None, prompts: int = 0) -> EqualVolume:
    curves = []
    for name, expected in found.items():
        best = [_estimate(draws, *expected.at(m), prompts) for m in range(len(expected.best))]
        curves.append(VolumeCurve(name, tuple(best), expected.failed))
    common = min((curve.settings for curve in curves), default=0)
    pairs = combinations(found, 2) if common else ()
    contrasts = [_contrast(draws, pair, (found[pair[0]], found[pair[1]]), common, prompts) for pair in pairs]
    return EqualVolume(tuple(curves), common, tuple(contrasts), prompts)


def _contrast(
    draws: Draws | None, names: tuple[str, str], sides: tuple[_Expected, _Expected], common: int, prompts: int
) -> VolumeContrast:
    (first, first_drawn), (second, second_drawn) = (side.at(common - 1) for side in sides)
    drawn = None if first_drawn is None or second_drawn is None else first_drawn - second_drawn
    return VolumeContrast(*names, _estimate(draws, first - second, drawn, prompts))


def _estimate(draws: Draws | None, value: float, drawn: Floats | None, prompts: int) -> Estimate:
    if draws is None or drawn is None:
        return Estimate(value)
    return draws.estimate(value, drawn, prompts)
