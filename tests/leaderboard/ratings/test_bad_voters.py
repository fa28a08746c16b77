"""A made-up arena unlike that of the reference data: 45 bad voters among 1,500, riggers with nothing in common."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from leaderboard.ratings.battles import Battles
from leaderboard.ratings.strengths import SCALE, fit
from leaderboard.ratings.target_groups import group_tests
from leaderboard.ratings.voter_tests import voter_tests

ENTRIES, VOTERS, VOTES = 40, 1500, 40_000
POSITION, RANDOM, RIGGERS, HONEST = range(0, 15), range(15, 30), range(30, 45), range(45, VOTERS)
SEEDS = range(11, 21)
TABLE = {
    ("one side", 10): POSITION,
    ("at random", 30): RANDOM,
    ("at random", 60): RANDOM,
    ("at random", 100): RANDOM,
    ("one target", 10): RIGGERS,
    ("honest", 1): HONEST,
}
SPREAD, TASTE, LEFT = 0.52, 0.2, 0.03
"""Logits: of the entries, of each voter's own view of one, and of everyone's liking for the left side."""


@dataclass(frozen=True)
class Arena:
    """`theta`: true logits. `voter`: (n,) numbers, whose ranges above say of what kind each is."""

    battles: Battles
    voter: NDArray[np.int64]
    theta: NDArray[np.float64]
    target: str

    def without(self, held: set[int]) -> Battles:
        return self.battles.take(np.flatnonzero(~np.isin(self.voter, sorted(held))))

    def of(self, kind: range, least: int) -> set[int]:
        count = np.bincount(self.voter, minlength=VOTERS)
        return {one for one in kind if count[one] >= least}

    def error(self, held: set[int]) -> float:
        """Root mean square of rating − truth in points."""
        return float(np.sqrt(np.mean((fit(self.without(held)).theta - self.theta) ** 2)) * SCALE)


def arena(seed: int) -> Arena:
    """Eight voters always choose left and seven nine times in ten; voters differ in tastes and in calling ties."""
    rng = np.random.default_rng(seed)
    theta = rng.normal(0, SPREAD, ENTRIES)
    theta -= theta.mean()
    busy = rng.lognormal(0, 1.25, VOTERS)
    busy[:45] = np.maximum(busy[:45], np.quantile(busy, 0.85))
    voter = rng.choice(VOTERS, VOTES, p=busy / busy.sum())
    a = rng.integers(0, ENTRIES, VOTES)
    b = (a + rng.integers(1, ENTRIES, VOTES)) % ENTRIES
    view = theta + rng.normal(0, TASTE, (VOTERS, ENTRIES))
    p = expit(view[voter, a] - view[voter, b] + LEFT)
    half = np.minimum(rng.beta(2, 6, VOTERS)[voter] * 2 * p * (1 - p), np.minimum(p, 1 - p))
    drawn = rng.random(VOTES)
    credit = np.where(drawn < p - half, 1.0, np.where(drawn < p + half, 0.5, 0.0))
    sided = np.isin(voter, POSITION) & (rng.random(VOTES) < np.where(voter < 8, 1.0, 0.9))
    credit = np.where(sided, 1.0, credit)
    credit = np.where(np.isin(voter, RANDOM), rng.choice([1.0, 0.0, 0.5, 0.5], VOTES), credit)
    target = int(np.argsort(theta)[ENTRIES // 2])
    pushed = np.isin(voter, RIGGERS) & ((a == target) | (b == target))
    credit = np.where(pushed, (a == target).astype(float), credit)
    names = tuple(f"m{place:02}" for place in range(ENTRIES))
    return Arena(Battles(names, a, b, credit, None), voter, theta, names[target])


def quarantined(found: Arena) -> set[int]:
    """Whom the tests find, against a fit without those found before, until nobody more is found."""
    held: set[int] = set()
    while new := {t.voter for t in voter_tests(found.battles, fit(found.without(held)), found.voter) if t.flags} - held:
        held |= new
    return held


def flagged(found: Arena, held: set[int]) -> list[str]:
    kept = np.flatnonzero(~np.isin(found.voter, sorted(held)))
    battles = found.battles.take(kept)
    return [test.target for test in group_tests(battles, fit(battles), found.voter[kept]) if test.flagged]


def test_bad_voters_are_found_and_honest_ones_are_not() -> None:
    """Prints the figures of the page on integrity: ten arenas."""
    caught = {(name, least): [0, 0] for name, least in TABLE}
    before, after, clean, targets, others = [], [], [], 0, 0
    for seed in SEEDS:
        found = arena(seed)
        held = quarantined(found)
        for (name, least), kind in TABLE.items():
            caught[name, least][0] += len(found.of(kind, least) & held)
            caught[name, least][1] += len(found.of(kind, least))
        before.append(found.error(set()))
        after.append(found.error(held))
        clean.append(found.error({*POSITION, *RANDOM, *RIGGERS}))
        groups = flagged(found, held)
        targets += found.target in groups
        others += len(set(groups) - {found.target})
    for (name, least), (there, all_of) in caught.items():
        print(f"\n{name}, {least} votes or more: {there} of {all_of}", end="")
    print(
        f"\nerror {np.mean(before):.2f} before, {np.mean(after):.2f} after, {np.mean(clean):.2f} without the bad ones"
    )
    print(f"target flagged in {targets} of {len(SEEDS)} arenas, other entries {others}")
    share = {of: there / all_of for of, (there, all_of) in caught.items()}
    assert share["one side", 10] == 1 and share["at random", 60] > 0.5
    assert share["honest", 1] <= 0.01
    assert np.mean(after) < np.mean(before)
    assert targets and not others
