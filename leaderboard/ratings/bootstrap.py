"""Poisson bootstrap of Bradley–Terry strengths: each cluster of battles gets a Poisson(1) weight in each replicate.

Equal clusters are drawn together: c of them weigh Poisson(c), so the cost hangs on the distinct outcomes a pair
had, not on the battles. A replicate starts at the full fit and steps with that fit's curvature; one that does
not settle is solved on its own, and one whose battles no longer tie its entrants together is NaN.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.special import expit

from leaderboard.ratings import clusters, pairs
from leaderboard.ratings.battles import Battles
from leaderboard.ratings.pairs import Floats, Ints, PairTable
from leaderboard.ratings.poisson import poisson
from leaderboard.ratings.strengths import Fit, curvature, solve, solve_spd

Singles = NDArray[np.float32]
"""Sums of draws; their rounding is far below the noise that they stand for."""
BLOCK = 2_000_000
"""Draws held at a time."""
SETTLED = 1e-4
"""Logits (0.02 points): a smaller step ends a replicate."""
ROUNDS = 12


def bootstrap(battles: Battles, fitted: Fit, replicates: int, seed: int, *, even: bool = False) -> Floats:
    """(R, K) logits of each replicate, each component summing to 0; NaN for who has no strength in it.

    `fitted` must be `fit(battles, even=even)`; with `even`, pairs keep the weights of the full data.
    """
    rng = np.random.default_rng(seed)
    found = np.full((replicates, len(battles.names)), np.nan)
    for label in np.flatnonzero(np.bincount(fitted.component, minlength=1) > 1):
        members = np.flatnonzero(fitted.component == label)
        part = pairs.inside(battles, members)
        task = _Task.of(part, fitted.theta[members], even=even)
        done = 0
        for won, lost in _draws(_units(part, task.table), replicates, rng):
            size = won.shape[1]
            found[done : done + size, members] = task.settle(won, lost).T
            done += size
    return found


@dataclass(frozen=True)
class _Units:
    """What is drawn: U sorts of cluster over P pairs. `count` (U,): clusters a sort; `won`, `lost` (P, U): sums."""

    count: Ints
    won: csr_array
    lost: csr_array


def _units(battles: Battles, table: PairTable) -> _Units:
    key = pairs.pair_keys(battles)
    if battles.cluster is None:
        place, size = np.arange(len(key)), len(key)
    else:
        place, size = clusters.places(battles.cluster)
    shape = (len(table.i), size)
    met = table.i * len(battles.names) + table.j
    if clusters.kind_of(place, size, key) == "crossing":
        row = np.searchsorted(met, key)
        won = np.where(battles.a < battles.b, battles.credit, 1 - battles.credit)
        return _Units(np.ones(size, dtype=np.int64), _sums(won, row, place, shape), _sums(1 - won, row, place, shape))
    won, lost, key = pairs.cluster_sums(battles, place, size)
    row = np.searchsorted(met, key)
    first, count = _alike(row, won, lost)
    shape, unit = (len(table.i), len(first)), np.arange(len(first))
    return _Units(count, _sums(won[first], row[first], unit, shape), _sums(lost[first], row[first], unit, shape))


def _alike(row: Ints, won: Floats, lost: Floats) -> tuple[Ints, Ints]:
    """(U,) the first place of each distinct (row, won, lost), and (U,) how often it occurs; by row."""
    values, won_code = np.unique(won, return_inverse=True)
    others, lost_code = np.unique(lost, return_inverse=True)
    code = (row * len(values) + won_code) * len(others) + lost_code
    _, first, count = np.unique(code, return_index=True, return_counts=True)
    return first, count


def _sums(values: Floats, row: Ints, column: Ints, shape: tuple[int, int]) -> csr_array:
    return coo_array((values.astype(np.float32), (row, column)), shape=shape).tocsr()


def _draws(units: _Units, replicates: int, rng: np.random.Generator) -> Iterator[tuple[Singles, Singles]]:
    """(P, r) credit of i and of j for some replicates at a time."""
    step = max(1, BLOCK // max(1, len(units.count)))
    for start in range(0, replicates, step):
        weight = poisson(rng, units.count, min(step, replicates - start))
        yield units.won @ weight, units.lost @ weight


@dataclass(frozen=True)
class _Task:
    """One component to be solved again and again from `theta` (K,), `inverse` (K, K) of the full fit's curvature.

    `incidence` (K, P) turns scores of pairs into a gradient; `weight` (P, 1) of each pair's battles. `tree`
    (K−1,): pairs that reach all entrants and have the most battles on their poorer side.
    """

    table: PairTable
    incidence: csr_array
    theta: Floats
    inverse: Floats
    weight: Singles
    tree: Ints

    @classmethod
    def of(cls, battles: Battles, theta: Floats, *, even: bool) -> _Task:
        """The task of the battles of one component."""
        table = pairs.count_pairs(battles)
        weighted = pairs.evened(table) if even else table
        size, count = len(theta), len(table.i)
        sign, place = np.repeat([1.0, -1.0], count), np.concatenate([table.i, table.j])
        incidence = _sums(sign, place, np.tile(np.arange(count), 2), (size, count))
        inverse = solve_spd(curvature(weighted, theta), np.eye(size))
        return cls(
            table, incidence, theta, inverse, (weighted.n / table.n).astype(np.float32)[:, None], _tree(table, size)
        )

    def settle(self, won: Singles, lost: Singles) -> Floats:
        """(K, r) logits for (P, r) credits; NaN where none exist."""
        won, lost = won * self.weight, lost * self.weight
        theta = np.repeat(self.theta[:, None], won.shape[1], axis=1)
        broken = self._broken(won, lost)
        theta[:, broken] = np.nan
        waiting = np.flatnonzero(~broken)
        total = won + lost
        p = self._chance(self.theta[:, None])
        for _ in range(ROUNDS):
            step = self.inverse @ (self.incidence @ (won[:, waiting] - total[:, waiting] * p))
            theta[:, waiting] += step
            waiting = waiting[np.max(np.abs(step), axis=0) > SETTLED]
            if not len(waiting):
                return theta
            p = self._chance(theta[:, waiting])
        for place in waiting:
            theta[:, place] = solve(self._replicate(won[:, place], lost[:, place]), len(self.theta), self.theta)
        return theta

    def _broken(self, won: Singles, lost: Singles) -> NDArray[np.bool_]:
        """(r,) whether the battles of a replicate do not tie all entrants together."""
        broken = ~np.all((won[self.tree] > 0) & (lost[self.tree] > 0), axis=0)
        for place in np.flatnonzero(broken):
            table = self._replicate(won[:, place], lost[:, place])
            broken[place] = np.ptp(pairs.components(table, len(self.theta))) > 0
        return np.asarray(broken)

    def _chance(self, theta: Floats) -> Singles:
        small = theta.astype(np.float32)
        return np.asarray(expit(small[self.table.i] - small[self.table.j]))

    def _replicate(self, won: Singles, lost: Singles) -> PairTable:
        return dataclasses.replace(self.table, won_i=won.astype(np.float64), won_j=lost.astype(np.float64))


def _tree(table: PairTable, size: int) -> Ints:
    from scipy.sparse.csgraph import minimum_spanning_tree  # loads slowly, and few processes rate

    poorer = np.minimum(table.won_i, table.won_j)
    cost = coo_array((1 / (1 + poorer), (table.i, table.j)), shape=(size, size))
    found = minimum_spanning_tree(cost.tocsr()).tocoo()
    i, j = np.minimum(found.row, found.col), np.maximum(found.row, found.col)
    return np.asarray(np.searchsorted(table.i * size + table.j, i.astype(np.int64) * size + j))
