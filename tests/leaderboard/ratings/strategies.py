"""Random battles, and transformations that a rater must respect."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from leaderboard.ratings.battles import Battles

CREDITS = st.one_of(st.sampled_from([0.0, 0.5, 1.0]), st.floats(0, 1))


@st.composite
def any_battles(draw: st.DrawFn, clustered: bool = False) -> Battles:
    """Up to 6 entrants, up to 25 battles, possibly none, possibly unconnected."""
    size = draw(st.integers(2, 6))
    pair = st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)).filter(lambda ab: ab[0] != ab[1])
    rows = draw(st.lists(st.tuples(pair, CREDITS, st.integers(0, 5)), max_size=25))
    table = [(a, b, y, c if clustered else i) for i, ((a, b), y, c) in enumerate(rows)]
    return Battles.of([f"e{i}" for i in range(size)], table)


def relabelled(battles: Battles, order: list[int]) -> Battles:
    """The same battles with entrant `order[i]` in place i."""
    new = np.argsort(order)
    return Battles(
        tuple(battles.names[i] for i in order), new[battles.a], new[battles.b], battles.credit, battles.cluster
    )


def swapped(battles: Battles) -> Battles:
    """Every battle seen from the other side."""
    return Battles(battles.names, battles.b, battles.a, 1 - battles.credit, battles.cluster)


def repeated(battles: Battles, times: int, *, new_clusters: bool) -> Battles:
    """Every battle `times` over, each copy in its own cluster or in the same."""
    step = int(battles.labels.max(initial=0)) + 1 if new_clusters else 0
    return Battles(
        battles.names,
        np.tile(battles.a, times),
        np.tile(battles.b, times),
        np.tile(battles.credit, times),
        np.concatenate([battles.labels + step * k for k in range(times)]),
    )


def random_battles(n: int = 400, size: int = 5, clusters: int | None = None, seed: int = 0) -> Battles:
    rng = np.random.default_rng(seed)
    a = rng.integers(0, size, n)
    b = (a + rng.integers(1, size, n)) % size
    p = 1 / (1 + np.exp(b - a.astype(float)))
    credit = np.where(rng.random(n) < 0.3, 0.5, (rng.random(n) < p).astype(float))
    cluster = None if clusters is None else rng.integers(0, clusters, n)
    return Battles(tuple(f"m{i}" for i in range(size)), a, b, credit, cluster)
