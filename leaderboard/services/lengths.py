"""Prompt difficulties and regularising rows that an operator gives a board for length control."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from leaderboard.models import Board, LengthData, Prompt
from leaderboard.ratings.length_fit import Regulariser


def give(
    *, board: Board, difficulty: dict[str, float] | None, regulariser: Regulariser | None, source: str
) -> LengthData:
    """Store what is given, by prompt key; what is None stays as it is. A refresh must follow."""
    found, _ = LengthData.objects.get_or_create(board=board)
    if difficulty is not None:
        found.difficulty = {key: value for key, value in difficulty.items() if np.isfinite(value)}
    if regulariser is not None:
        found.regulariser = {name: getattr(regulariser, name).tolist() for name in ("length", "difficulty", "target")}
    found.source = source[:200]
    found.save()
    return found


def difficulties(given: LengthData | None, prompts: Sequence[Prompt]) -> NDArray[np.float64]:
    """(P,) difficulty of each prompt; all NaN where one of them has none, so that it is fitted or left out."""
    known = given.difficulty if given else {}
    found = np.array([known.get(prompt.key, np.nan) for prompt in prompts], dtype=np.float64)
    return found if np.all(np.isfinite(found)) else np.full(len(prompts), np.nan)


def regulariser(given: LengthData | None) -> Regulariser | None:
    """The rows that were given."""
    rows = given.regulariser if given else {}
    return Regulariser.of(rows["length"], rows["difficulty"], rows["target"]) if rows else None
