"""The per-pair count table: all that Bradley–Terry needs of the battles, however many there are."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array

from leaderboard.ratings import clusters
from leaderboard.ratings.battles import Battles

LEAST_CREDIT = 1e-6
"""Credit over a whole pair, in votes, below which it does not count as ever having beaten or tied."""
CHUNK = 1 << 17
"""Rows counted at a time, so that what is made of them stays in the processor's cache."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class PairTable:
    """Sums over the battles of each pair that met; every array is (P,) and i < j.

    With y the credit of i in a battle: `won_i` = Σy, `won_j` = Σ(1−y). Both are stored, since n − won_i
    would lose a small won_j to rounding. With w = Σy and l = Σ(1−y) over one cluster (over one battle, where
    each is its own or where clusters cross pairs): `square_i` = Σw², `square_j` = Σl², `cross` = Σwl;
    `clusters` counts the terms. Tables of the same entrants and of separate clusters may be added.
    """

    i: Ints
    j: Ints
    won_i: Floats
    won_j: Floats
    square_i: Floats
    square_j: Floats
    cross: Floats
    clusters: Ints

    @property
    def n(self) -> Floats:
        """(P,) number of battles."""
        return self.won_i + self.won_j


def sum_by(place: NDArray[np.integer[Any]], weights: Floats, size: int) -> Floats:
    """(size,) sums of `weights` by `place`, both (n,)."""
    return np.bincount(place, weights, size).astype(np.float64)


def each(table: PairTable, values: Floats, size: int) -> Ints:
    """(size,) whole sums of a (P,) column over the pairs of each entrant."""
    total = sum_by(table.i, values, size) + sum_by(table.j, values, size)
    return np.rint(total).astype(np.int64)


def count_pairs(battles: Battles) -> PairTable:
    """The table of `battles`, squares by cluster where no cluster crosses pairs; K entrants cost 3K² numbers."""
    table, _ = count(battles)
    return table


def count(battles: Battles) -> tuple[PairTable, clusters.Kind]:
    """The table and where the clusters lie; squares are by battle where clusters cross pairs."""
    if battles.cluster is not None:
        place, size = clusters.places(battles.cluster)
        kind = clusters.kind_of(place, size, pair_keys(battles))
        if kind == "pair":
            return _by_cluster(battles, place, size), kind
        if kind == "crossing":
            return _by_battle(battles), kind
    return _by_battle(battles), "own"


def pair_keys(battles: Battles) -> Ints:
    """(n,) i·K + j with i < j: the same number for both orders of a pair."""
    low, high = np.minimum(battles.a, battles.b), np.maximum(battles.a, battles.b)
    return np.asarray(low.astype(np.int64) * len(battles.names) + high)


def _by_battle(battles: Battles) -> PairTable:
    cells = outcome_cells(battles)
    return _of_any_credit(battles) if cells is None else _of_cells(cells)


def outcome_cells(battles: Battles) -> Ints | None:
    """(K, K, 3) battles in which b, nobody, a won, by (a, b); None where a credit is none of 0, ½ and 1."""
    size, n = len(battles.names), len(battles.credit)
    total = np.zeros(3 * size * size, dtype=np.int64)
    key, twice = np.empty(min(CHUNK, n), dtype=np.int64), np.empty(min(CHUNK, n))
    for start in range(0, n, CHUNK):
        rows = slice(start, start + CHUNK)
        k, t = key[: n - start], twice[: n - start]
        np.multiply(battles.credit[rows], 2, out=t)
        outcome = t.astype(np.int8)
        if not np.array_equal(outcome, t):
            return None
        np.multiply(battles.a[rows], size, out=k, dtype=np.int64)
        k += battles.b[rows]
        k *= 3
        k += outcome
        total += np.bincount(k, minlength=len(total))
    return total.reshape(size, size, 3)


def _of_cells(cells: Ints) -> PairTable:
    both = cells + cells[:, :, ::-1].transpose(1, 0, 2)
    i, j = np.nonzero(np.triu(both.sum(axis=2), 1))
    lost, tied, won = both[i, j].T.astype(np.float64)
    return PairTable(
        i=i,
        j=j,
        won_i=won + tied / 2,
        won_j=lost + tied / 2,
        square_i=won + tied / 4,
        square_j=lost + tied / 4,
        cross=tied / 4,
        clusters=(lost + tied + won).astype(np.int64),
    )


def _of_any_credit(battles: Battles) -> PairTable:
    mine = np.where(battles.a < battles.b, battles.credit, 1 - battles.credit)
    other = np.where(battles.a < battles.b, 1 - battles.credit, battles.credit)
    return _summed(pair_keys(battles), mine, other, len(battles.names))


def _by_cluster(battles: Battles, place: Ints, size: int) -> PairTable:
    won, lost, key = cluster_sums(battles, place, size)
    return _summed(key, won, lost, len(battles.names))


def cluster_sums(battles: Battles, place: Ints, size: int) -> tuple[Floats, Floats, Ints]:
    """(size,) Σy, Σ(1−y) and pair key of each cluster that lies in one pair; y is the credit of the lower place."""
    ahead = battles.a < battles.b
    won = sum_by(place, np.where(ahead, battles.credit, 1 - battles.credit), size)
    lost = sum_by(place, np.where(ahead, 1 - battles.credit, battles.credit), size)
    return won, lost, clusters.first_of(place, pair_keys(battles), size)


def _summed(key: Ints, won: Floats, lost: Floats, size: int) -> PairTable:
    """`key` (n,), `won`, `lost` (n,): one row a cluster, or a battle."""
    terms = np.bincount(key, minlength=size * size)
    met = np.flatnonzero(terms)
    i, j = np.divmod(met, max(size, 1))

    def total(values: Floats) -> Floats:
        return sum_by(key, values, size * size)[met]

    return PairTable(i, j, total(won), total(lost), total(won * won), total(lost * lost), total(won * lost), terms[met])


def added(tables: Sequence[PairTable], size: int) -> PairTable:
    """The sum of tables of the same `size` entrants, whose clusters must be separate."""
    key = np.concatenate([table.i * size + table.j for table in tables])
    met, place = np.unique(key, return_inverse=True)
    sums = {
        field.name: np.bincount(
            place, np.concatenate([getattr(table, field.name) for table in tables]), minlength=len(met)
        )
        for field in dataclasses.fields(PairTable)[2:]
    }
    i, j = np.divmod(met, max(size, 1))
    return PairTable(**{**sums, "i": i, "j": j, "clusters": np.rint(sums["clusters"]).astype(np.int64)})


def components(table: PairTable, size: int) -> Ints:
    """(size,) label of the strongly connected component of each entrant in the "beat or tied" graph.

    Only inside one component do finite Bradley–Terry ratings exist (Zermelo 1929; Ford 1957).
    """
    from scipy.sparse.csgraph import connected_components  # loads slowly, and few processes rate

    down, up = table.won_i >= LEAST_CREDIT, table.won_j >= LEAST_CREDIT
    winner = np.concatenate([table.i[down], table.j[up]])
    loser = np.concatenate([table.j[down], table.i[up]])
    graph = coo_array((np.ones(len(winner)), (winner, loser)), shape=(size, size))
    _, label = connected_components(graph.tocsr(), directed=True, connection="strong")
    return np.asarray(label, dtype=np.int64)


def among(table: PairTable, members: Ints, size: int) -> PairTable:
    """The part of a table of `size` entrants that lies among `members`, renumbered as by `inside`."""
    if len(members) == size:
        return table
    place = np.full(size, -1, dtype=np.int64)
    place[members] = np.arange(len(members))
    rows = (place[table.i] >= 0) & (place[table.j] >= 0)
    kept = {field.name: getattr(table, field.name)[rows] for field in dataclasses.fields(table)}
    return PairTable(**{**kept, "i": place[kept["i"]], "j": place[kept["j"]]})


def evened(table: PairTable, most: float = 50.0) -> PairTable:
    """The table with each battle weighted by 1/max(battles of its pair, `most`): inverse pair frequency."""
    weight = 1 / np.maximum(table.n, most)
    first = {name: getattr(table, name) * weight for name in ("won_i", "won_j")}
    second = {name: getattr(table, name) * weight**2 for name in ("square_i", "square_j", "cross")}
    return dataclasses.replace(table, **first, **second)


def inside(battles: Battles, members: Ints) -> Battles:
    """The battles among `members`, (k,) ascending places, renumbered 0 to k−1."""
    if len(members) == len(battles.names):
        return battles
    place = np.full(len(battles.names), -1, dtype=np.int64)
    place[members] = np.arange(len(members))
    kept = battles.take((place[battles.a] >= 0) & (place[battles.b] >= 0))
    names = tuple(battles.names[m] for m in members)
    return dataclasses.replace(kept, names=names, a=place[kept.a], b=place[kept.b])
