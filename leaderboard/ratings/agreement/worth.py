"""How many human votes one verdict of a judge is worth.

Model: a comparison has a share p of people for side a. A vote H is one person's, so E[H | p] = p. A verdict J follows p
as far as it goes, E[J | p] − ½ = β·(p − ½), and else errs independently of it. All are counted from ½, so naming the
sides the other way round changes nothing. To estimate how often people prefer one entry, n verdicts on n new
comparisons give an estimate with variance Var J / (β²·n), n votes one with Var H / n. So one verdict is worth
β²·Var H / Var J votes. With β = E[JH]/E[HH′], H′ being another person's vote on the same comparison, and all Var
as E[·²] from ½:

    worth = (E[JH] / E[HH′])² · E[H²] / E[J²]

A judge that votes as a person drawn at random is worth 1, a coin 0, one that knows p for sure 1/ρ with
ρ = E[HH′]/E[H²], the share of a vote's variance that people have in common; more is not possible, since which
comparisons were drawn is uncertain too.

What it assumes: faults of the judge are the same for all entries. A leaning towards an entry, as by length, is no
noise and does not go away with more verdicts; the worth then flatters the judge.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from leaderboard.contracts.said import said
from leaderboard.ratings.agreement.draws import Draws
from leaderboard.ratings.agreement.people import vote_pairs
from leaderboard.ratings.agreement.verdicts import Floats, Votes
from leaderboard.ratings.variation.resampling import NOTHING, Estimate

LEAST = 30
"""Comparisons with two votes or more below which nothing is claimed."""


@dataclass(frozen=True)
class Worth:
    """`votes`: human votes that one judged comparison is worth; `most`: what any judge could be worth here.

    `items`: comparisons with the judge's verdict and two votes or more. `reason` says why there is no number.
    """

    votes: Estimate
    most: Estimate
    items: int
    reason: str = ""


def worth(credit: Floats, votes: Votes, draws: Draws, *, least: int = LEAST) -> Worth:
    """The worth of the judge's (M,) `credit`; a verdict is all that was asked about one comparison, as both orders."""
    size = len(credit)
    counts = votes.counts(size)
    total = counts.sum(axis=1)
    use = ~np.isnan(credit) & (total > 1)
    items = int(use.sum())
    if items < least:
        return Worth(
            NOTHING,
            NOTHING,
            items,
            said("It needs {least} comparisons with two votes or more; there are {items}.", least=least, items=items),
        )
    columns = np.where(use[:, None], _moments(np.where(use, credit, 0.5), counts, np.maximum(total, 1)), 0.0)
    found = draws.of_sums(_worth, columns)
    if found.value is None:
        return Worth(
            NOTHING, NOTHING, items, said("People agree with each other no more than by chance, so there is no scale.")
        )
    return Worth(found, draws.of_sums(_most, columns), items)


SCALE = np.array([-0.5, 0.0, 0.5])
"""The credit of b, a tie and a, from ½."""


def _moments(credit: Floats, counts: Floats, total: Floats) -> Floats:
    """(M, 4) J², J·H, H·H′ and H² of each item, the votes averaged."""
    mean, square = counts @ SCALE / total, counts @ SCALE**2 / total
    pairs = vote_pairs(counts) @ np.outer(SCALE, SCALE).ravel()
    own = credit - 0.5
    return np.stack([own**2, own * mean, pairs, square], axis=1)


def _worth(sums: Floats) -> Floats:
    own, shared, common, square = sums.T
    known = (common > 0) & (square > 0)
    slope = shared / np.where(known, common, 1.0)
    # A judge that always ties says nothing; one that goes against people is worth nothing as it stands.
    value = np.where((own > 0) & (slope > 0), slope**2 * square / np.where(own > 0, own, 1.0), 0.0)
    return np.where(known, value, np.nan)


def _most(sums: Floats) -> Floats:
    _, _, common, square = sums.T
    return np.where(common > 0, square / np.where(common > 0, common, 1.0), np.nan)
