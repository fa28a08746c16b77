"""What a moderator looks at before deciding on a voter, worked out for all voters at once. Arrays in, dataclasses out.

None of it is a verdict: the tests of `voter_tests` stand beside plain shares that anyone can check by reading votes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from leaderboard.ratings.battles import Battles
from leaderboard.ratings.strengths import Fit
from leaderboard.ratings.voter_tests import LEAST_VOTES, TargetTest, VoterTest, target_tests, voter_tests

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

QUICK_SECONDS = 2.0
"""A vote after less time on the screen than this can hardly rest on reading two answers."""


@dataclass(frozen=True)
class Votes:
    """n votes beside the battles that they are, `battles.a` being the left side.

    `voter`, `network`: (n,) labels, network "" where it is not known. `comparison`: (n,) ids, one for each pair of
    answers. `seconds`: (n,) on the screen, NaN where not known. `at`: (n,) when, in Unix seconds.
    """

    battles: Battles
    voter: NDArray[np.str_]
    network: NDArray[np.str_]
    comparison: Ints
    seconds: Floats
    at: Floats


@dataclass(frozen=True)
class Evidence:
    """One voter's `n` votes. A None means that there is no such number.

    `left_share`: mean credit of the left side. `test`: where the voter has enough votes. `seconds`: median on the
    screen; `quick`: share below `QUICK_SECONDS`. `agreement`: share of the `shared` decided votes that side with most
    others on the same pair. `target`: the entry favoured most surely. `network`: where most votes came from, and
    `network_voters` how many voters came from there.
    """

    voter: str
    n: int
    left_share: float
    test: VoterTest | None
    seconds: float | None
    quick: float | None
    agreement: float | None
    shared: int
    target: TargetTest | None
    network: str
    network_voters: int

    @property
    def surest(self) -> float:
        """The smallest p-value of any test, 1 where there is none."""
        found = [self.test.position_p, self.test.information_p] if self.test else []
        return min([*found, self.target.p_value] if self.target else found, default=1.0)


def evidence(votes: Votes, fit: Fit, *, least_votes: int = LEAST_VOTES) -> tuple[Evidence, ...]:
    """One line for each voter, the surest sign first, then by votes and name.

    `fit` may be of other votes on the same entries, as of those that count. Raises: ValueError as `voter_tests`.
    """
    labels, place, n = np.unique(votes.voter, return_inverse=True, return_counts=True)
    # Places, not names: names are 80 characters wide, and to sort them for each test takes longer than the tests.
    tests = {test.voter: test for test in voter_tests(votes.battles, fit, place, least_votes=least_votes)}
    targets: dict[int, TargetTest] = {}
    for test in target_tests(votes.battles, fit, place, least_votes=least_votes):
        targets.setdefault(test.cohort, test)
    left = np.bincount(place, votes.battles.credit, len(labels)) / n
    agreed, shared = _agreement(votes, place, len(labels))
    homes, neighbours = _networks(votes, place, len(labels))
    rows = np.split(np.argsort(place, kind="stable"), np.cumsum(n)[:-1])
    found = [
        Evidence(
            voter=str(label),
            n=int(n[i]),
            left_share=float(left[i]),
            test=replace(tests[i], voter=str(label)) if i in tests else None,
            **_times(votes.seconds[rows[i]]),
            agreement=float(agreed[i] / shared[i]) if shared[i] else None,
            shared=int(shared[i]),
            target=replace(targets[i], cohort=str(label)) if i in targets else None,
            network=homes[i],
            network_voters=neighbours[i],
        )
        for i, label in enumerate(labels)
    ]
    return tuple(sorted(found, key=lambda one: (one.surest, -one.n, one.voter)))


def _times(seconds: Floats) -> dict[str, float | None]:
    known = seconds[~np.isnan(seconds)]
    if not len(known):
        return {"seconds": None, "quick": None}
    return {"seconds": float(np.median(known)), "quick": float(np.mean(known < QUICK_SECONDS))}


def _agreement(votes: Votes, place: Ints, size: int) -> tuple[Floats, Ints]:
    """(size,) decided votes that side with most others, and how many could be held to others at all."""
    pair = np.unique(votes.comparison, return_inverse=True)[1]
    lean = np.sign(votes.battles.credit - 0.5) * np.where(votes.battles.a < votes.battles.b, 1.0, -1.0)
    others = np.sign(np.bincount(pair, lean)[pair] - lean)
    both = (lean != 0) & (others != 0)
    agreed = np.bincount(place[both], (lean == others)[both], size).astype(np.float64)
    return agreed, np.bincount(place[both], minlength=size)


def _networks(votes: Votes, place: Ints, size: int) -> tuple[list[str], list[int]]:
    """Of each voter the network of most votes, and how many voters it has; "" and 0 where none is known."""
    known = votes.network != ""
    names, net = np.unique(votes.network[known], return_inverse=True)
    cells, count = np.unique(place[known] * max(len(names), 1) + net, return_counts=True)
    voters = np.bincount(cells % max(len(names), 1), minlength=len(names))
    homes, neighbours = [""] * size, [0] * size
    for at in np.argsort(count, kind="stable"):
        who, where = divmod(int(cells[at]), len(names))
        homes[who], neighbours[who] = str(names[where]), int(voters[where])
    return homes, neighbours
