"""Scores along one parameter of decoding, such as temperature or repetition penalty."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from leaderboard.ratings.variation.resampling import NOTHING, Bootstrap, Draws, Estimate
from leaderboard.ratings.variation.tables import as_table, prompt_means


@dataclass(frozen=True)
class Setting:
    """One configuration: its `label`, the `value` of the parameter, and its (P, N) scores; N may differ."""

    label: str
    value: float
    scores: ArrayLike


@dataclass(frozen=True)
class CurvePoint:
    """Mean score of one setting over its `prompts`, and `change` from the first point over the prompts of both."""

    label: str
    value: float
    score: Estimate
    change: Estimate
    prompts: int


@dataclass(frozen=True)
class ParameterCurve:
    """Points by ascending value of `parameter`; settings with one value stay apart, in the order given."""

    parameter: str
    points: tuple[CurvePoint, ...]


def parameter_curve(parameter: str, settings: Sequence[Setting], plan: Bootstrap | None = None) -> ParameterCurve:
    """Orders `settings` over the same prompts along `parameter`; greedy decoding may stand at temperature 0.

    Intervals are percentile bootstraps over prompts, drawn once for all points, and what whole runs share
    (`Draws.run_shifts`). A setting without a score keeps its place and has no estimate.

    Raises: ValueError where the numbers of prompts differ, or a value or score is not finite.
    """
    if any(not math.isfinite(setting.value) for setting in settings):
        raise ValueError(f"each value of {parameter} must be a finite number")
    ordered = sorted(settings, key=lambda setting: setting.value)
    tables = [as_table(setting.scores) for setting in ordered]
    if len({len(table) for table in tables}) > 1:
        raise ValueError("all settings must be scored over the same prompts")
    if not tables:
        return ParameterCurve(parameter, ())
    draws = Draws.of(len(tables[0]), plan)
    means = [prompt_means(table) for table in tables]
    shifts = [draws.run_shifts(table, place) for place, table in enumerate(tables)]
    points = []
    for place, setting in enumerate(ordered):
        score = draws.mean(means[place], shifts[place])
        change = draws.mean(means[place] - means[0], shifts[place] - shifts[0]) if place else NOTHING
        points.append(
            CurvePoint(setting.label, float(setting.value), score, change, int(np.sum(~np.isnan(means[place]))))
        )
    return ParameterCurve(parameter, tuple(points))
