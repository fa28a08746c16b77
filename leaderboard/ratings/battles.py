"""The arrays that every rater takes and the table that it gives back."""

from __future__ import annotations

import dataclasses
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

    Optional: `prompt`, (n,) int, the prompt's place in its benchmark; `difficulty`, (P,) float by that place,
    NaN where unknown; `measures`, by name the (n,) values of side a and of side b, such as `chars` (code
    points), `tokens`, `headers`, `lists`, `bold`.
    """

    names: tuple[str, ...]
    a: NDArray[np.int64]
    b: NDArray[np.int64]
    credit: NDArray[np.float64]
    cluster: NDArray[np.int64]
    prompt: NDArray[np.int64] | None = None
    difficulty: NDArray[np.float64] | None = None
    measures: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises ValueError where the arrays do not fit together."""
        columns = [self.b, self.credit, self.cluster, *([] if self.prompt is None else [self.prompt])]
        columns += [side for sides in self.measures.values() for side in sides]
        if any(len(column) != len(self.a) for column in columns):
            raise ValueError("a, b, credit, cluster, prompt and every measure must have one length")
        if len(self.credit) and not (np.all(self.credit >= 0) and np.all(self.credit <= 1)):
            raise ValueError("credit must lie in [0, 1] and must not be NaN")
        if np.any(self.a == self.b):
            raise ValueError("an entrant cannot meet itself")

    def take(self, rows: NDArray[Any]) -> Battles:
        """The battles at `rows`, places or a (n,) mask, among the same entrants."""
        return dataclasses.replace(
            self,
            a=self.a[rows],
            b=self.b[rows],
            credit=self.credit[rows],
            cluster=self.cluster[rows],
            prompt=None if self.prompt is None else self.prompt[rows],
            measures={name: (left[rows], right[rows]) for name, (left, right) in self.measures.items()},
        )

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
