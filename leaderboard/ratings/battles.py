"""The arrays that every rater takes and the table that it gives back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Battles:
    """Verdicts on pairs of entrants.

    `a`, `b`: (n,) int, places in `names`. `credit`: (n,) float in [0, 1], the share of side a; unscored
    verdicts are left out before. `cluster`: (n,) int; rows that share a cluster are not independent
    (the same answer pair in both orders, the same prompt).
    """

    names: tuple[str, ...]
    a: NDArray[np.int64]
    b: NDArray[np.int64]
    credit: NDArray[np.float64]
    cluster: NDArray[np.int64]

    def __post_init__(self) -> None:
        """Raises ValueError where the arrays do not fit together."""
        if not len(self.a) == len(self.b) == len(self.credit) == len(self.cluster):
            raise ValueError("a, b, credit and cluster must have one length")
        if len(self.credit) and not (np.all(self.credit >= 0) and np.all(self.credit <= 1)):
            raise ValueError("credit must lie in [0, 1] and must not be NaN")
        if np.any(self.a == self.b):
            raise ValueError("an entrant cannot meet itself")

    @classmethod
    def of(cls, names: Sequence[str], rows: Sequence[tuple[int, int, float, int]]) -> Battles:
        """From (a, b, credit, cluster) rows."""
        table = np.array(rows, dtype=np.float64).reshape(-1, 4)
        ints = table[:, [0, 1, 3]].astype(np.int64)
        return cls(tuple(names), ints[:, 0], ints[:, 1], table[:, 2], ints[:, 2])


@dataclass(frozen=True)
class Rating:
    """One entrant's number. `value` is None where the method gives none, and `note` says why.

    Ranks count from 1; `rank_low`–`rank_high` is the group that the interval leaves possible.
    """

    name: str
    value: float | None
    se: float | None
    low: float | None
    high: float | None
    n: int
    rank_low: int | None = None
    rank_high: int | None = None
    note: str = ""


@dataclass(frozen=True)
class RatingTable:
    """A method's whole answer, with what is needed to compute it again."""

    method: str
    version: str
    params: Mapping[str, Any]
    ratings: tuple[Rating, ...]
    notes: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    def by_name(self) -> dict[str, Rating]:
        """Name to rating."""
        return {rating.name: rating for rating in self.ratings}
