"""Groups of voters who vote for one entry whatever it answers, with few votes each and no network in common.

No such voter shows alone where there are many voters. Together they do: under a fit that holds, each voter's record
on an entry bets fairly against it, so bets of all voters multiply to an e-value, which exceeds 1/α with chance α at
most (Vovk and Wang 2021; Ramdas et al. 2023, "Game-theoretic statistics and safe anytime-valid inference").
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, logsumexp

from leaderboard.ratings.battles import Battles
from leaderboard.ratings.holm import holm
from leaderboard.ratings.strengths import Fit
from leaderboard.ratings.voter_tests import Floats, Ints, checked_votes

ALPHA = 0.01
"""Chance that any entry is flagged where nobody pushes."""
PUSHES = (1.0, 2.0, 4.0)
"""Logits that a voter may add to the entry; the bets on them are averaged."""
MOST_TIES = 2.0
"""Ties over p(1 − p) at most: with more, a win would have a chance below 0 somewhere."""
SHARES = (0.003, 0.01, 0.03, 0.1)
"""Shares of voters that may belong to the group; averaged too."""
SURE = 0.9
"""Chance of belonging to the group from which a voter is named."""
LEAST_MEMBER_VOTES = 3


@dataclass(frozen=True)
class Member:
    """One voter of a group: of `n` votes on the entry `votes_for` were for it, where `expected` were due.

    `chance`: that the voter belongs to the group, by the share of the group that fits best.
    """

    voter: Any
    n: int
    votes_for: float
    expected: float
    chance: float


@dataclass(frozen=True)
class GroupTest:
    """Whether some of the `voters` who met `target` vote for it beyond what it earns.

    `evidence`: log₁₀ of the e-value; `against`: the same for votes against it. Honest tastes that differ show as much
    evidence against some entry as for another, so the most of `against` over all entries is taken off first. `p_holm`:
    one over what is left, corrected over the entries. `flagged`: p_holm ≤ alpha. `share`: of voters in the group, where
    it fits best. `members`: of a flagged test, those who are surely in the group, surest first.
    """

    target: str
    voters: int
    evidence: float
    against: float
    p_holm: float
    flagged: bool
    share: float
    members: tuple[Member, ...]


def group_tests(
    battles: Battles,
    fit: Fit,
    voter: NDArray[Any],
    *,
    alpha: float = ALPHA,
    least_member_votes: int = LEAST_MEMBER_VOTES,
) -> tuple[GroupTest, ...]:
    """One test of each entry that somebody met, the surest first.

    `voter`: (n,) labels of one kind. Half of each voter's stake is on a push: a bet is 1 + λ(y − p) with λ so that a
    win pays q/p and a loss (1 − q)/(1 − p), q = σ(logit p + push), fair for any credit y in [0, 1] of mean p, ties
    included. The other half is on wins alone, as who votes for an entry whatever it answers calls no tie: a win pays
    1/(p − t/2), all else nothing. t = κ·p(1 − p) is the chance of a tie, κ the ties of all votes over Σp(1 − p). Where
    voters differ in how often they call a tie, that bet is as wrong for an entry as against it. The fit must be of
    enough votes for p to be near the truth; it holds the tested votes too, which makes the tests mild.

    Raises: ValueError as `voter_tests`.
    """
    records = _records(battles, fit, voter, alpha, least_member_votes)
    found = [_target(battles.names[target], records.of(target), least_member_votes) for target in records.targets]
    tastes = max([0.0, *(test.against for test in found)])
    adjusted = holm([min(1.0, 10 ** (tastes - test.evidence)) for test in found])
    told = [_judged(test, float(p), alpha) for test, p in zip(found, adjusted, strict=True)]
    return tuple(sorted(told, key=lambda test: -test.evidence))


def _judged(test: GroupTest, p: float, alpha: float) -> GroupTest:
    flagged = p <= alpha
    return replace(test, p_holm=p, flagged=flagged, members=test.members if flagged else ())


@dataclass(frozen=True)
class _Records:
    """Voters' records: the (voter, target) of each, its votes, and the logs of its bets."""

    voter: NDArray[Any]
    target: Ints
    n: Ints
    votes_for: Floats
    expected: Floats
    up: Floats
    down: Floats

    @property
    def targets(self) -> list[int]:
        return [int(one) for one in np.unique(self.target)]

    def of(self, target: int) -> _Records:
        kept = self.target == target
        return _Records(**{name: column[kept] for name, column in vars(self).items()})


def _records(battles: Battles, fit: Fit, voter: NDArray[Any], alpha: float, least_votes: int) -> _Records:
    votes = checked_votes(battles, fit, voter, alpha, least_votes)
    labels, place = np.unique(voter[votes.rows], return_inverse=True)
    size = len(battles.names)
    own = np.concatenate([battles.a[votes.rows], battles.b[votes.rows]])
    keys, cell = np.unique(np.concatenate([place, place]) * size + own, return_inverse=True)
    chance = np.concatenate([votes.chance, 1 - votes.chance])
    credit = np.concatenate([battles.credit[votes.rows], 1 - battles.credit[votes.rows]])
    tie = _ties(chance, credit)
    count = len(keys)
    return _Records(
        voter=labels[keys // size],
        target=keys % size,
        n=np.bincount(cell, minlength=count),
        votes_for=np.bincount(cell, credit, count).astype(np.float64),
        expected=np.bincount(cell, chance, count).astype(np.float64),
        up=_bets(chance, credit, tie, cell, count),
        down=_bets(1 - chance, 1 - credit, tie, cell, count),
    )


def _ties(chance: Floats, credit: Floats) -> Floats:
    """(n,) chance that each vote calls no winner, in proportion to p(1 − p)."""
    spread = chance * (1 - chance)
    ties = np.count_nonzero((credit > 0) & (credit < 1))
    return np.asarray(min(MOST_TIES, ties / np.sum(spread)) * spread if len(spread) else spread, dtype=np.float64)


def _bets(chance: Floats, credit: Floats, tie: Floats, cell: Ints, size: int) -> Floats:
    """(size,) log of what the two halves of a stake of 1 have become in each cell."""
    wins = np.where(credit == 1, -np.log(chance - tie / 2), -np.inf)
    by_wins = np.bincount(cell, wins, size)
    return np.asarray(np.logaddexp(_pushed(chance, credit, cell, size), by_wins) - np.log(2), dtype=np.float64)


def _pushed(chance: Floats, credit: Floats, cell: Ints, size: int) -> Floats:
    """(size,) log of the mean over pushes of the product of the bets in each cell."""
    by_push = []
    for push in PUSHES:
        pushed = expit(logit(chance) + push)
        pays = credit * pushed / chance + (1 - credit) * (1 - pushed) / (1 - chance)
        by_push.append(np.bincount(cell, np.log(pays), size))
    return np.asarray(logsumexp(by_push, axis=0) - np.log(len(PUSHES)), dtype=np.float64)


def _target(name: str, records: _Records, least_votes: int) -> GroupTest:
    up, share = _pooled(records.up)
    down, _ = _pooled(records.down)
    chance = np.exp(np.log(share) + records.up - np.logaddexp(np.log1p(-share), np.log(share) + records.up))
    sure = np.flatnonzero((chance >= SURE) & (records.n >= least_votes))
    members = tuple(
        Member(
            records.voter[i].item(),
            int(records.n[i]),
            float(records.votes_for[i]),
            float(records.expected[i]),
            float(chance[i]),
        )
        for i in sure[np.argsort(-chance[sure], kind="stable")]
    )
    return GroupTest(name, len(records.n), up / np.log(10), down / np.log(10), 1.0, False, share, members)


def _pooled(bets: Floats) -> tuple[float, float]:
    """Log of the e-value of a group among these voters, and the share that fits best."""
    logs = [float(np.sum(np.logaddexp(np.log1p(-share), np.log(share) + bets))) for share in SHARES]
    return float(logsumexp(logs) - np.log(len(SHARES))), SHARES[int(np.argmax(logs))]
