"""The fewest judgments or votes whose removal changes the first place of a board.

`win_rate_fragility` is exact. `bradley_terry_fragility` follows the influence of single battles and refits, so its
number always suffices and is seldom above the least; it works on counts of equal outcomes, not on battles.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.special import expit

from leaderboard.ratings.battles import Battles
from leaderboard.ratings.pairs import LEAST_CREDIT
from leaderboard.ratings.strengths import fit

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MARGIN = 1e-9
"""Logits, or share of a win, by which the challenger must lead."""
TOLERANCE = 1e-10
"""Logits; a Newton step below it ends a refit."""
STEPS = 100
CHALLENGERS = 8
"""Challengers followed by refits: those that a first estimate finds nearest."""
ONE_BY_ONE = 8
"""Battles still to remove, as estimated, from which on each is removed alone."""
FIRST_LOOK = 64
"""Cells sorted at first; most gaps are closed by few."""
STEP_SHARE = 0.02
"""Twice the share of all battles that one step may remove."""


@dataclass(frozen=True)
class Fragility:
    """Without the battles at `rows`, (n_removed,) places, `challenger` stands above `leader`.

    `share`: n_removed over all battles that count for the board.
    """

    leader: str
    challenger: str
    n_removed: int
    share: float
    rows: Ints


def win_rate_fragility(battles: Battles, baseline: str) -> Fragility | None:
    """The least set of battles against `baseline` without which another entry has the highest win rate.

    None where there is none, as where the leader won throughout; each entry keeps one battle. For a pair the best
    r rows of the leader and the worst s of the challenger go, r + s least over all r. The baseline itself
    stands at one half.

    Raises: ValueError where the baseline is not among the entrants, or nobody has met it.
    """
    if baseline not in battles.names:
        raise ValueError(f"The baseline '{baseline}' is not among the entrants.")
    base = battles.names.index(baseline)
    credits = _against(battles, base)
    if not credits:
        raise ValueError("Nobody has met the baseline.")
    means = {place: float(np.mean(credit)) for place, (_, credit) in credits.items()} | {base: 0.5}
    leader = max(sorted(means), key=lambda place: means[place])
    fixed = np.zeros(0, dtype=np.int64), np.zeros(0)
    best: tuple[int, Ints] | None = None
    for place in sorted(means):
        if place != leader:
            rows = _overtake(credits.get(leader, fixed), credits.get(place, fixed))
            if rows is not None and (best is None or len(rows) < len(best[1])):
                best = place, rows
    if best is None:
        return None
    total = sum(len(rows) for rows, _ in credits.values())
    return _fragility(battles.names, leader, best[0], best[1], total)


def bradley_terry_fragility(battles: Battles) -> Fragility | None:
    """A small set of battles without which another entry leads the largest group that is on one scale.

    Removing one battle with residual r = y − p lowers θ_leader − θ_challenger by (e_L − e_C)ᵀH⁻¹x·r / (1 − h·xᵀH⁻¹x),
    x = e_a − e_b, h = p(1−p) (one step of leaving one out, Pregibon 1981). The strongest battles go first, half of
    what seems needed at a time and the last ones singly, with a refit between. No removal takes the group apart.

    None where no removal changes the first place. Raises: ValueError where no two entries are on one scale.
    """
    start = fit(battles)
    sizes = np.bincount(start.component, minlength=1)
    if sizes.max() < 2:
        raise ValueError("No two entries are on one scale.")
    members = np.flatnonzero(start.component == np.argmax(sizes))
    cells, rows, cell_of = _cells(battles, members)
    theta = _solve(cells, start.theta[members])
    if theta is None:
        raise ValueError("The battles tie the entrants together too weakly.")
    leader, best = int(np.argmax(theta)), None
    for challenger in _nearest(cells, theta, leader):
        found = _follow(cells, theta, leader, challenger, best)
        best = best if found is None else found
    if best is None:
        return None
    winner, removed = best
    chosen = rows[_rows_of(cell_of, removed)]
    return _fragility(battles.names, int(members[leader]), int(members[winner]), chosen, len(rows))


def _fragility(names: Sequence[str], leader: int, challenger: int, rows: Ints, total: int) -> Fragility:
    return Fragility(names[leader], names[challenger], len(rows), len(rows) / total, np.sort(rows))


def _against(battles: Battles, base: int) -> dict[int, tuple[Ints, Floats]]:
    """By entry: the rows against the baseline and the entry's credit there."""
    rows = np.flatnonzero((battles.a == base) | (battles.b == base))
    left = battles.b[rows] == base
    own = np.where(left, battles.a[rows], battles.b[rows])
    credit = np.where(left, battles.credit[rows], 1 - battles.credit[rows])
    return {int(place): (rows[own == place], credit[own == place]) for place in np.unique(own)}


def _overtake(leader: tuple[Ints, Floats], challenger: tuple[Ints, Floats]) -> Ints | None:
    """The fewest rows of both without which the challenger's mean is above the leader's."""
    best, worst = np.argsort(-leader[1], kind="stable"), np.argsort(challenger[1], kind="stable")
    falling, rising = _means_without(leader[1][best]), _means_without(challenger[1][worst])
    also = np.searchsorted(rising, falling + MARGIN, side="right")
    total = np.where(also < len(rising), np.arange(len(falling)) + also, np.iinfo(np.int64).max)
    r = int(np.argmin(total))
    if also[r] >= len(rising):
        return None
    return np.concatenate([leader[0][best[:r]], challenger[0][worst[: also[r]]]])


def _means_without(credit: Floats) -> Floats:
    """Mean of what is left after leaving out the first 0, 1, …, n − 1; one half where there is nothing."""
    if not len(credit):
        return np.array([0.5])
    # Summed from the end, and made monotone, so that rounding cannot disorder equal means.
    means = np.cumsum(credit[::-1])[::-1] / np.arange(len(credit), 0, -1)
    rising = means[-1] >= means[0]
    return np.asarray(np.maximum.accumulate(means) if rising else np.minimum.accumulate(means))


@dataclass(frozen=True)
class _Cells:
    """`count` battles of i against j with credit y for i, by outcome; every array is (M,), of `size` entries."""

    size: int
    i: Ints
    j: Ints
    y: Floats
    count: Floats

    def laplacian(self, weight: Floats) -> Floats:
        """(K, K) Σ weight · (e_i − e_j)(e_i − e_j)ᵀ, plus a multiple of 11ᵀ that makes it invertible."""
        k = self.size
        half = np.bincount(self.i * k + self.j, weight, k * k).reshape(k, k)
        full = half + half.T
        matrix = np.diag(full.sum(axis=1)) - full
        return np.asarray(matrix + np.trace(matrix) / k**2)

    def curvature(self, theta: Floats) -> Floats:
        z = theta[self.i] - theta[self.j]
        return self.laplacian(self.count * expit(z) * expit(-z))

    def connected(self) -> bool:
        """Whether every entry has beaten or tied its way to every other."""
        from scipy.sparse.csgraph import connected_components  # loads slowly, and few processes rate

        down, up = self.count * self.y >= LEAST_CREDIT, self.count * (1 - self.y) >= LEAST_CREDIT
        winner = np.concatenate([self.i[down], self.j[up]])
        loser = np.concatenate([self.j[down], self.i[up]])
        graph = coo_array((np.ones(len(winner)), (winner, loser)), shape=(self.size, self.size))
        return int(connected_components(graph.tocsr(), directed=True, connection="strong")[0]) == 1


def _cells(battles: Battles, members: Ints) -> tuple[_Cells, Ints, Ints]:
    """The cells among `members`, the rows they count, and each row's cell."""
    size, place = len(members), np.full(len(battles.names), -1)
    place[members] = np.arange(size)
    rows = np.flatnonzero((place[battles.a] >= 0) & (place[battles.b] >= 0))
    a, b, credit = place[battles.a[rows]], place[battles.b[rows]], battles.credit[rows]
    i, j, credit = np.minimum(a, b), np.maximum(a, b), np.where(a < b, credit, 1 - credit)
    levels, level = np.unique(credit, return_inverse=True)
    keys, cell_of, count = np.unique((i * size + j) * len(levels) + level, return_inverse=True, return_counts=True)
    pair, y = keys // len(levels), levels[keys % len(levels)]
    return _Cells(size, pair // size, pair % size, y, count.astype(np.float64)), rows, cell_of


def _solve(cells: _Cells, theta: Floats) -> Floats | None:
    """Logits of highest likelihood from a start near by; None where none is found.

    Newton steps shortened by log(1+r)/r, r the largest change of any pair's logit (Bach 2010).
    """
    for _ in range(STEPS):
        z = theta[cells.i] - theta[cells.j]
        score = cells.count * (cells.y * expit(-z) - (1 - cells.y) * expit(z))
        pull = np.bincount(cells.i, score, cells.size) - np.bincount(cells.j, score, cells.size)
        try:
            step = np.linalg.solve(cells.curvature(theta), pull)
        except np.linalg.LinAlgError:
            return None
        reach = float(np.ptp(step))
        if not math.isfinite(reach):
            return None
        theta = theta + step * (math.log1p(reach) / reach if reach > TOLERANCE else 1.0)
        if reach < TOLERANCE:
            return np.asarray(theta - theta.mean())
    return None


@dataclass(frozen=True)
class _Influence:
    """What removing one battle of a cell does to any contrast: (K, K) H⁻¹ and (M,) r / (1 − h·xᵀH⁻¹x), 0 if none."""

    cells: _Cells
    inverse: Floats
    pull: Floats

    @classmethod
    def at(cls, cells: _Cells, theta: Floats) -> _Influence:
        i, j = cells.i, cells.j
        z = theta[i] - theta[j]
        p = expit(z)
        inverse = np.asarray(np.linalg.inv(cells.curvature(theta)), dtype=np.float64)
        variance = inverse.diagonal()
        leverage = p * expit(-z) * (variance[i] + variance[j] - 2 * inverse[i, j])
        pull = (cells.y - p) / np.maximum(1 - leverage, MARGIN)
        return cls(cells, inverse, np.where(cells.count > 0, pull, 0.0))

    def falls(self, leader: int, challenger: int) -> Floats:
        """(M,) fall of θ_leader − θ_challenger by removing one battle of each cell."""
        reach = self.inverse[leader] - self.inverse[challenger]
        return np.asarray((reach[self.cells.i] - reach[self.cells.j]) * self.pull)


def _nearest(cells: _Cells, theta: Floats, leader: int) -> list[int]:
    """Challengers in the order of the removals that today's influences call for, at most `CHALLENGERS`.

    gap / largest fall bounds that number from below, so most challengers need no sorting of cells.
    """
    influence = _Influence.at(cells, theta)
    others = [place for place in range(cells.size) if place != leader]
    falls = {place: float(np.max(influence.falls(leader, place))) for place in others}
    bound = {p: (theta[leader] - theta[p]) / falls[p] if falls[p] > 0 else math.inf for p in others}
    estimates: dict[int, float] = {}
    for place in sorted(others, key=lambda p: (bound[p], p)):
        ranked = sorted(estimates.values())
        if len(ranked) >= CHALLENGERS and bound[place] > ranked[CHALLENGERS - 1]:
            break
        estimates[place] = _needed(cells, influence.falls(leader, place), theta[leader] - theta[place])
    return sorted(estimates, key=lambda p: (estimates[p], p))[:CHALLENGERS]


def _needed(cells: _Cells, fall: Floats, gap: float) -> float:
    """How many battles, strongest first, until the falls sum to `gap`, at least one; all useful ones if short."""
    useful = np.flatnonzero(fall > 0)
    if not len(useful):
        return 0.0
    first = FIRST_LOOK
    while True:
        order = useful[_strongest(fall[useful], first)]
        total = np.cumsum(cells.count[order] * fall[order])
        if total[-1] >= gap or len(order) == len(useful):
            break
        first *= 8
    before = total - cells.count[order] * fall[order]
    taken = np.clip(np.ceil((gap - before) / fall[order]), 0, cells.count[order])
    return max(1.0, float(taken.sum()))


def _strongest(fall: Floats, n: int) -> Ints:
    """Places of the n largest and of all that equal the last of them, largest first, equal ones in order of place."""
    if n >= len(fall):
        return np.argsort(-fall, kind="stable")
    least = -np.partition(-fall, n - 1)[n - 1]
    places = np.flatnonzero(fall >= least)
    return np.asarray(places[np.argsort(-fall[places], kind="stable")])


def _first(cells: _Cells, fall: Floats, n: float) -> Floats:
    """(M,) the n strongest battles."""
    some = np.flatnonzero(cells.count > 0)
    # n cells with a battle each hold enough.
    order = some[_strongest(fall[some], max(1, int(n)))]
    before = np.cumsum(cells.count[order]) - cells.count[order]
    taken = np.zeros(len(fall))
    taken[order] = np.clip(n - before, 0, cells.count[order])
    return taken


def _follow(
    cells: _Cells, theta: Floats, leader: int, challenger: int, best: tuple[int, Floats] | None
) -> tuple[int, Floats] | None:
    """Who leads, and (M,) battles removed, once the challenger or another has overtaken; None if not below `best`."""
    limit = math.inf if best is None else float(best[1].sum())
    kept = np.zeros(len(cells.count))
    now = cells
    while True:
        removed = cells.count - now.count
        winner = int(np.argmax(theta))
        if winner != leader and theta[winner] > theta[leader] + MARGIN:
            return winner, removed
        fall = _Influence.at(now, theta).falls(leader, challenger) * (now.count > kept)
        open_cells = replace(now, count=np.maximum(now.count - kept, 0))
        n = _needed(open_cells, fall, theta[leader] - theta[challenger] + MARGIN)
        if not n or removed.sum() + 1 >= limit:
            return None
        # Influences hold near by only: a large step would overshoot.
        step = 1.0 if n <= ONE_BY_ONE else max(1.0, min(n, STEP_SHARE * float(now.count.sum())) // 2)
        taken = _first(open_cells, fall, step)
        after = replace(now, count=now.count - taken)
        moved = _solve(after, theta) if after.connected() else None
        if moved is None:
            # One battle stays in each cell that this step would have emptied; if none was, the step itself is barred.
            emptied = (taken > 0) & (after.count == 0)
            kept = np.where(emptied, 1.0, kept) if emptied.any() else np.where(taken > 0, now.count, kept)
            continue
        now, theta = after, moved


def _rows_of(cell_of: Ints, removed: Floats) -> Ints:
    """Places of the first `removed` rows of each cell."""
    touched = np.flatnonzero(removed[cell_of] > 0)
    order = touched[np.argsort(cell_of[touched], kind="stable")]
    own = cell_of[order]
    rank = np.arange(len(own)) - np.searchsorted(own, own)
    return order[rank < removed[own]]
