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

    `a`, `b`: (n,) int of any width, places in `names`. `credit`: (n,) float in [0, 1], the share of side a;
    unscored verdicts are left out before. `cluster`: (n,) int; rows that share a cluster are not independent
    (the same answer pair in both orders, the same prompt, the same voter). None: each row stands for itself.

    Optional: `prompt`, (n,) int, the prompt's place in its benchmark; `difficulty`, (P,) float by that place,
    NaN where unknown; `measures`, by name the (n,) values of side a and of side b, such as `chars` (code
    points), `tokens`, `headers`, `lists`, `bold`.
    """

    names: tuple[str, ...]
    a: NDArray[np.integer[Any]]
    b: NDArray[np.integer[Any]]
    credit: NDArray[np.float64]
    cluster: NDArray[np.int64] | None
    prompt: NDArray[np.int64] | None = None
    difficulty: NDArray[np.float64] | None = None
    measures: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises ValueError where the arrays do not fit together."""
        columns = [column for column in (self.b, self.credit, self.cluster, self.prompt) if column is not None]
        columns += [side for sides in self.measures.values() for side in sides]
        if any(len(column) != len(self.a) for column in columns):
            raise ValueError("a, b, credit, cluster, prompt and every measure must have one length")
        if len(self.credit) and not (self.credit.min() >= 0 and self.credit.max() <= 1):
            raise ValueError("credit must lie in [0, 1] and must not be NaN")
        if np.any(self.a == self.b):
            raise ValueError("an entrant cannot meet itself")

    @property
    def labels(self) -> NDArray[np.int64]:
        """(n,) `cluster`, or each row's own number where it is None."""
        return np.arange(len(self.credit)) if self.cluster is None else self.cluster

    def take(self, rows: NDArray[Any]) -> Battles:
        """The battles at `rows`, places or a (n,) mask, among the same entrants."""
        return dataclasses.replace(
            self,
            a=self.a[rows],
            b=self.b[rows],
            credit=self.credit[rows],
            cluster=None if self.cluster is None else self.cluster[rows],
            prompt=None if self.prompt is None else self.prompt[rows],
            measures={name: (left[rows], right[rows]) for name, (left, right) in self.measures.items()},
        )

    @classmethod
    def of(cls, names: Sequence[str], rows: Sequence[tuple[int, int, float, int]]) -> Battles:
        """From (a, b, credit, cluster) rows."""
        table = np.array(rows, dtype=np.float64).reshape(-1, 4)
        ints = table[:, [0, 1, 3]].astype(np.int64)
        return cls(tuple(names), ints[:, 0], ints[:, 1], table[:, 2], ints[:, 2])

    @classmethod
    def of_names(
        cls,
        a: Sequence[str] | NDArray[Any],
        b: Sequence[str] | NDArray[Any],
        credit: NDArray[np.float64],
        cluster: NDArray[np.int64] | None = None,
    ) -> Battles:
        """From the names of both sides, (n,) each; `names` are sorted. Raises ValueError for a name that is missing."""
        names, places = coded(a, b)
        return cls(names, places[0], places[1], np.asarray(credit, dtype=np.float64), cluster)


def coded(*columns: Any) -> tuple[tuple[str, ...], list[NDArray[np.int64]]]:
    """The distinct texts of all columns together, ascending, and each column as (n,) places among them.

    A column is a sequence, an array or a pyarrow array of text. Raises ValueError where a text is missing.
    """
    found = [_encoded(column) for column in columns]
    names = sorted({name for words, _ in found for name in words})
    place = {name: i for i, name in enumerate(names)}
    return tuple(names), [np.array([place[name] for name in words], dtype=np.int64)[codes] for words, codes in found]


def _encoded(column: Any) -> tuple[list[str], NDArray[Any]]:
    import pyarrow as pa  # loads slowly, and few processes read files

    array = column if isinstance(column, pa.Array | pa.ChunkedArray) else pa.array(column, type=pa.string())
    if array.null_count:
        raise ValueError("a name is missing")
    encoded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        # joined only once it is numbers, since joining text would copy it
        encoded = encoded.unify_dictionaries().combine_chunks()
    return encoded.dictionary.to_pylist(), encoded.indices.to_numpy(zero_copy_only=False)


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
