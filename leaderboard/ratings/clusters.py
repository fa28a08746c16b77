"""Labels of clusters: rows that share one are not independent. Counting them, and where they lie."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Labels = NDArray[np.integer[Any]]

Kind = Literal["own", "pair", "crossing"]
"""Where clusters lie: each row its own; several rows, all of one pair of entrants; rows of several pairs."""

ROOM = 4
"""Numbers of table a row up to which labels are counted in place rather than sorted."""


def places(labels: Labels) -> tuple[Ints, int]:
    """(n,) each row's cluster as a number from 0 without gaps, in ascending order of label, and how many there are."""
    if not len(labels):
        return np.zeros(0, dtype=np.int64), 0
    low, high = int(labels.min()), int(labels.max())
    if high - low > ROOM * len(labels) + 1000:
        names, found = np.unique(labels, return_inverse=True)
        return found.astype(np.int64), len(names)
    shifted = labels.astype(np.int64) - low
    seen = np.bincount(shifted, minlength=1) > 0
    number = np.cumsum(seen) - 1
    return np.asarray(number[shifted], dtype=np.int64), int(number[-1]) + 1


def count_clusters(labels: Labels | None, rows: int) -> int:
    """How many distinct clusters; `labels` None is one for each of the `rows`."""
    return rows if labels is None else places(labels)[1]


def first_of(place: Ints, values: NDArray[Any], size: int) -> NDArray[Any]:
    """(size,) one value of each cluster."""
    found = np.zeros(size, dtype=values.dtype)
    found[place] = values
    return found


def kind_of(place: Ints, size: int, pair: Labels) -> Kind:
    """Where the clusters lie. `place` (n,) from `places`, `pair` (n,) the same number for both orders of a pair."""
    if size == len(place):
        return "own"
    inside = np.array_equal(first_of(place, pair, size)[place], pair)
    return "pair" if inside else "crossing"
