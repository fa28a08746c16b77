"""The per-pair count table: all that Bradley–Terry needs of the battles, however many there are."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from leaderboard.ratings.battles import Battles

LEAST_CREDIT = 1e-6
"""Credit over a whole pair, in votes, below which it does not count as ever having beaten or tied."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class PairTable:
    """Sums over the battles of each pair that met; every array is (P,) and i < j.

    With y the credit of i in a battle: `won_i` = Σy, `won_j` = Σ(1−y), `square_i` = Σy²,
    `square_j` = Σ(1−y)², `cross` = Σy(1−y). Both sides are stored, since n − won_i would lose a small
    won_j to rounding. Tables of the same entrants may be added field by field.
    """

    i: Ints
    j: Ints
    won_i: Floats
    won_j: Floats
    square_i: Floats
    square_j: Floats
    cross: Floats

    @property
    def n(self) -> Floats:
        """(P,) number of battles."""
        return self.won_i + self.won_j


def sum_by(place: Ints, weights: Floats, size: int) -> Floats:
    """(size,) sums of `weights` by `place`, both (n,)."""
    return np.bincount(place, weights, size).astype(np.float64)


def count_pairs(battles: Battles) -> PairTable:
    """The table of `battles`; K entrants cost K² numbers for a moment."""
    size = len(battles.names)
    key = battles.a * size + battles.b
    i, j = np.divmod(_met(key, size), max(size, 1))

    def total(of_a: Floats, of_b: Floats) -> Floats:
        return _cells(key, of_a, size)[i, j] + _cells(key, of_b, size)[j, i]

    mine, other = battles.credit, 1 - battles.credit
    cross = mine * other
    return PairTable(
        i=i,
        j=j,
        won_i=total(mine, other),
        won_j=total(other, mine),
        square_i=total(mine**2, other**2),
        square_j=total(other**2, mine**2),
        cross=total(cross, cross),
    )


def _met(key: Ints, size: int) -> Ints:
    """Places i·size + j, i < j, of the pairs with a battle in either order."""
    count = np.bincount(key, minlength=size * size).reshape(size, size)
    return np.flatnonzero(np.triu(count + count.T, 1))


def _cells(key: Ints, weights: Floats, size: int) -> Floats:
    return sum_by(key, weights, size * size).reshape(size, size)


def components(table: PairTable, size: int) -> Ints:
    """(size,) label of the strongly connected component of each entrant in the "beat or tied" graph.

    Only inside one component do finite Bradley–Terry ratings exist (Zermelo 1929; Ford 1957).
    """
    down, up = table.won_i >= LEAST_CREDIT, table.won_j >= LEAST_CREDIT
    winner = np.concatenate([table.i[down], table.j[up]])
    loser = np.concatenate([table.j[down], table.i[up]])
    graph = coo_array((np.ones(len(winner)), (winner, loser)), shape=(size, size))
    _, label = connected_components(graph.tocsr(), directed=True, connection="strong")
    return np.asarray(label, dtype=np.int64)


def among(table: PairTable, members: Ints, size: int) -> PairTable:
    """The part of a table of `size` entrants that lies among `members`, renumbered as by `inside`."""
    place = np.full(size, -1, dtype=np.int64)
    place[members] = np.arange(len(members))
    rows = (place[table.i] >= 0) & (place[table.j] >= 0)
    kept = {field.name: getattr(table, field.name)[rows] for field in dataclasses.fields(table)}
    return PairTable(**{**kept, "i": place[kept["i"]], "j": place[kept["j"]]})


def inside(battles: Battles, members: Ints) -> Battles:
    """The battles among `members`, (k,) ascending places, renumbered 0 to k−1."""
    if len(members) == len(battles.names):
        return battles
    place = np.full(len(battles.names), -1, dtype=np.int64)
    place[members] = np.arange(len(members))
    kept = battles.take((place[battles.a] >= 0) & (place[battles.b] >= 0))
    names = tuple(battles.names[m] for m in members)
    return dataclasses.replace(kept, names=names, a=place[kept.a], b=place[kept.b])
