"""Random crowds and judges for tests of the audit."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from leaderboard.ratings.agreement.verdicts import Calls, Items, Votes

THREE = (0.0, 0.5, 1.0)


@st.composite
def crowds(draw, most_items: int = 12):
    """(items, votes) with zero to four votes an item."""
    size = draw(st.integers(1, most_items))
    sides = [draw(st.permutations(range(4))) for _ in range(size)]
    cluster = [draw(st.integers(0, 5)) for _ in range(size)]
    lengths = [[draw(st.integers(0, 9)) for _ in range(size)] for _ in "ab"]
    items = Items(
        tuple("wxyz"),
        np.array([s[0] for s in sides]),
        np.array([s[1] for s in sides]),
        np.array(cluster),
        {"chars": (np.array(lengths[0], dtype=float), np.array(lengths[1], dtype=float))},
    )
    rows = [
        (item, voter, draw(st.sampled_from(THREE))) for item in range(size) for voter in range(draw(st.integers(0, 4)))
    ]
    table = np.array(rows, dtype=float).reshape(-1, 3)
    return items, Votes(table[:, 0].astype(int), table[:, 1].astype(int), table[:, 2])


def credits_of(size: int):
    """(size,) credits, some of them missing."""
    one = st.one_of(st.just(float("nan")), st.sampled_from(THREE), st.floats(0, 1))
    return st.lists(one, min_size=size, max_size=size).map(np.array)


def pair_items(size: int, *, names: int = 6, seed: int = 0, prompts: int | None = None) -> Items:
    """Random pairs of entrants, `prompts` clusters or one an item, with random lengths."""
    rng = np.random.default_rng(seed)
    a = rng.integers(0, names, size)
    b = (a + rng.integers(1, names, size)) % names
    cluster = np.arange(size) if prompts is None else rng.integers(0, prompts, size)
    lengths = rng.integers(10, 200, (2, size)).astype(float)
    return Items(tuple(f"m{i}" for i in range(names)), a, b, cluster, {"chars": (lengths[0], lengths[1])})


def people(share: np.ndarray, voters: int, *, ties: float = 0.0, seed: int = 1) -> Votes:
    """`voters` votes an item, for side a with chance `share` (M,), a tie with chance `ties`."""
    rng = np.random.default_rng(seed)
    size = len(share)
    credit = (rng.random((size, voters)) < share[:, None]).astype(float)
    credit = np.where(rng.random((size, voters)) < ties, 0.5, credit)
    return Votes(np.repeat(np.arange(size), voters), np.tile(np.arange(voters), size), credit.ravel())


def both_orders(first: np.ndarray, second: np.ndarray) -> Calls:
    """Calls with the credit of side a in the first and in the second order."""
    size = len(first)
    return Calls(
        np.tile(np.arange(size), 2),
        np.concatenate([first, second]),
        np.repeat([False, True], size),
        np.zeros(2 * size, dtype=int),
    )
