"""Variance splits as the report tells them: the levels that there are, and why the others are absent."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leaderboard.contracts.said import said
from leaderboard.ratings.variation.resampling import Bootstrap
from leaderboard.ratings.variation.split import by_seed, split_variance
from leaderboard.services.variation_samples import Samples

ABSENT = {
    "seed": said("all samples come from one seed"),
    "unknown-seed": said("the seeds are not known"),
    "sample": said("there is one sample a prompt"),
    "own-seed": said("each sample has a seed of its own, so the level of the seeds holds both"),
    "opponent": said("each output met one other output"),
    "order": said("the judge saw each pair in one order only"),
    "repeat": said("the judge gave each verdict once"),
}
"""Why a level is not in a split; shown to people after the level's name."""


def metric_split(own: Samples, plan: Bootstrap) -> dict[str, Any] | None:
    """The split of the metric's scores between prompts, seeds where there are several, and samples."""
    return told_split(by_seed(own.score, own.seeds), ("seed", "sample"), own, plan)


def told_split(
    table: NDArray[np.float64], factors: Sequence[str], own: Samples, plan: Bootstrap
) -> dict[str, Any] | None:
    """The split of (P, n₁, …, n_F) values over the factors with two members or more; None where none has.

    `absent` says why of each other factor. Both orders of a judge are all there are, so that level is fixed.
    """
    sizes = dict(zip(factors, table.shape[1:], strict=True))
    kept = [name for name, size in sizes.items() if size > 1]
    if not kept:
        return None
    fixed = [name for name in kept if name == "order"]
    found = split_variance(table.reshape(table.shape[0], *(sizes[name] for name in kept)), kept, fixed, plan)
    absent = {name: _why(name, own, kept) for name in factors if name not in kept}
    return {**dataclasses.asdict(found), "absent": absent} if found else None


def _why(name: str, own: Samples, kept: Sequence[str]) -> str:
    if name == "seed" and not own.seed_count:
        return ABSENT["unknown-seed"]
    return ABSENT["own-seed" if name == "sample" and "seed" in kept else name]
