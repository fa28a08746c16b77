"""Made-up crowds of voters with a known truth, some of whom vote for one entry whatever it answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leaderboard.ratings.battles import Battles

VOTES = 25
TIES = 0.25


@dataclass(frozen=True)
class Crowd:
    """`voter`: (n,) numbers; those below `riggers` push `target`."""

    battles: Battles
    voter: NDArray[np.int64]
    target: str
    riggers: int

    def is_rigger(self, voter: int) -> bool:
        """Whether this voter pushes the target."""
        return voter < self.riggers


def crowd(
    seed: int,
    *,
    entries: int = 10,
    voters: int = 500,
    riggers: int = 0,
    votes_of_riggers: float = VOTES,
    taste: float = 0,
) -> Crowd:
    """A crowd over a middling target. `taste`: spread in logits of each voter's own view of each entry.

    Votes of the honest are log-normal in number with mean 25 or so, those of riggers Poisson; ties keep the mean.
    """
    rng, target = np.random.default_rng(seed), entries // 2
    theta = np.sort(rng.normal(0, 0.6, entries))[::-1]
    count = np.maximum(1, rng.lognormal(np.log(VOTES) - 0.5, 1.0, voters).astype(int))
    count[:riggers] = rng.poisson(votes_of_riggers, riggers)
    voter = np.repeat(np.arange(voters), count)
    a = rng.integers(0, entries, len(voter))
    b = (a + rng.integers(1, entries, len(voter))) % entries
    view = theta + rng.normal(0, taste, (voters, entries))
    p = 1 / (1 + np.exp(view[voter, b] - view[voter, a]))
    half, drawn = TIES * 2 * p * (1 - p), rng.random(len(p))
    credit = np.where(drawn < p - half, 1.0, np.where(drawn < p + half, 0.5, 0.0))
    pushed = (voter < riggers) & ((a == target) | (b == target))
    credit = np.where(pushed, (a == target).astype(float), credit)
    names = tuple(f"m{place}" for place in range(entries))
    return Crowd(Battles(names, a, b, credit, None), voter, names[target], riggers)
