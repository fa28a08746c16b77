"""How far a judge agrees with people, and how far people agree with each other, by one and the same measure.

People's majority on a comparison is the side of their mean credit, a tie where it is exactly one half. Every
comparison weighs the same, however many voted on it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from leaderboard.ratings.agreement.draws import Draws
from leaderboard.ratings.agreement.verdicts import Floats, Votes, forced, mean_by, outcome, side
from leaderboard.ratings.variation.resampling import Estimate

CLASSES = 3


@dataclass(frozen=True)
class Agreement:
    """A judge against people over `items` comparisons that both saw, with `votes` votes.

    `accuracy`: against the majority with a tie on either side worth one half, so that a coin has ½ (AlpacaEval's
    human agreement). `exact`: against the commonest of three outcomes, shared where several are commonest.
    `decided`: over comparisons where neither side tied, of which there are `decided_items`. `kappa`: Cohen's (1960)
    against single votes with three outcomes; `kappa_decided`: without ties. `ties`: the judge's share of ties.
    """

    items: int
    votes: int
    accuracy: Estimate
    exact: Estimate
    decided: Estimate
    decided_items: int
    kappa: Estimate
    kappa_decided: Estimate
    ties: Estimate


@dataclass(frozen=True)
class Ceiling:
    """One person against the majority of the others, over `items` comparisons with two votes or more.

    `people`: leave-one-out accuracy, ties worth one half. `judge`: the judge against the very same majorities.
    `difference`: judge less people, paired. `kappa`, `kappa_decided`: between two people. `alpha`: Krippendorff's
    (nominal) over three outcomes. `ties`: people's share of ties.
    """

    items: int
    votes: int
    people: Estimate
    judge: Estimate
    difference: Estimate
    kappa: Estimate
    kappa_decided: Estimate
    alpha: Estimate
    ties: Estimate


def agreement(credit: Floats, votes: Votes, draws: Draws) -> Agreement:
    """A judge's (M,) `credit` of each item, NaN where unscored, against the votes."""
    size = len(credit)
    counts, people = votes.counts(size), votes.means(size)
    both = ~np.isnan(credit) & ~np.isnan(people)
    seen = np.where(both, credit, np.nan)
    one = side(seen) * side(people)
    clear = both & (one != 0)
    return Agreement(
        items=int(both.sum()),
        votes=int(counts[both].sum()),
        accuracy=draws.share(forced(seen, people)),
        exact=draws.share(_among_commonest(seen, counts)),
        decided=draws.share(np.where(clear, one > 0, np.nan)),
        decided_items=int(clear.sum()),
        kappa=draws.of_sums(kappa, _judge_table(seen, counts)),
        kappa_decided=draws.of_sums(decided_kappa, _judge_table(seen, counts)),
        ties=draws.share(np.where(both, side(seen) == 0, np.nan)),
    )


def _among_commonest(credit: Floats, counts: Floats) -> Floats:
    """(M,) 1/k where the judge's outcome is one of the k commonest among the votes, else 0; NaN without either."""
    known = ~np.isnan(credit) & (counts.sum(axis=1) > 0)
    top = counts == counts.max(axis=1, keepdims=True)
    place = outcome(np.where(known, credit, 0.5))
    hit = top[np.arange(len(credit)), place] / top.sum(axis=1)
    return np.where(known, hit, np.nan)


def _judge_table(credit: Floats, counts: Floats) -> Floats:
    """(M, 9) the judge's outcome by the outcome of one vote drawn from the item."""
    known, total = ~np.isnan(credit), counts.sum(axis=1)
    use = known & (total > 0)
    table = np.zeros((len(credit), CLASSES, CLASSES))
    rows = np.flatnonzero(use)
    table[rows, outcome(credit[rows])] = counts[rows] / total[rows, None]
    return table.reshape(len(credit), -1)


def vote_pairs(counts: Floats) -> Floats:
    """(M, 9) outcomes of two different votes drawn from each item; 0 for items with fewer than two."""
    total = counts.sum(axis=1)
    pairs = counts[:, :, None] * counts[:, None, :]
    pairs[:, range(CLASSES), range(CLASSES)] -= counts
    share = np.where(total > 1, 1 / np.maximum(total * (total - 1), 1), 0.0)
    return np.asarray((pairs * share[:, None, None]).reshape(len(counts), -1))


def kappa(tables: Floats) -> Floats:
    """(R,) Cohen's κ of (R, K²) tables, rows one rater and columns the other; NaN where chance alone agrees always."""
    size = round(float(np.sqrt(tables.shape[1])))
    cells = tables.reshape(len(tables), size, size)
    total = cells.sum(axis=(1, 2))
    safe = np.where(total > 0, total, 1.0)
    seen = np.trace(cells, axis1=1, axis2=2) / safe
    chance = np.sum(cells.sum(axis=2) * cells.sum(axis=1), axis=1) / safe**2
    known = (total > 0) & (chance < 1)
    return np.where(known, (seen - chance) / np.where(known, 1 - chance, 1.0), np.nan)


def decided_kappa(tables: Floats) -> Floats:
    """(R,) κ of (R, 9) tables without ties on either side."""
    cells = tables.reshape(len(tables), CLASSES, CLASSES)[:, ::2, ::2]
    return kappa(cells.reshape(len(tables), -1))


def alpha(tables: Floats) -> Floats:
    """(R,) Krippendorff's nominal α of (R, 9) coincidences; NaN where only one outcome occurs.

    α = 1 − (n − 1)·Σ_{c≠k} o_ck / Σ_{c≠k} n_c·n_k (Krippendorff 2011, eq. for nominal data).
    """
    cells = tables.reshape(len(tables), CLASSES, CLASSES)
    margin = cells.sum(axis=2)
    total = margin.sum(axis=1)
    apart = total - np.trace(cells, axis1=1, axis2=2)
    expected = total**2 - np.sum(margin**2, axis=1)
    known = expected > 0
    return np.where(known, 1 - (total - 1) * apart / np.where(known, expected, 1.0), np.nan)


def ceiling(credit: Floats, votes: Votes, draws: Draws) -> Ceiling:
    """People against each other, and the judge's (M,) `credit` held against the same majorities."""
    size = len(credit)
    counts = votes.counts(size)
    total = counts.sum(axis=1)
    several = total > 1
    own, rest = _left_out(votes, size)
    people = _by_item(votes, forced(own, rest), several)
    judged = _by_item(votes, forced(credit[votes.item], rest), several)
    pairs = vote_pairs(counts)
    share = np.where(several, counts[:, 1] / np.maximum(total, 1), np.nan)
    return Ceiling(
        items=int(several.sum()),
        votes=int(total[several].sum()),
        people=draws.share(people),
        judge=draws.share(judged),
        difference=draws.mean(judged - people),
        kappa=draws.of_sums(kappa, pairs),
        kappa_decided=draws.of_sums(decided_kappa, pairs),
        alpha=draws.of_sums(alpha, pairs * total[:, None]),
        ties=draws.share(share),
    )


def _left_out(votes: Votes, size: int) -> tuple[Floats, Floats]:
    """(N,) each vote, and the mean credit of the other votes on its item, NaN where there is none."""
    count = np.bincount(votes.item, minlength=size)[votes.item]
    total = np.bincount(votes.item, votes.credit, size)[votes.item]
    rest = np.where(count > 1, (total - votes.credit) / np.maximum(count - 1, 1), np.nan)
    return votes.credit, rest


def _by_item(votes: Votes, scores: Floats, several: np.ndarray) -> Floats:
    """(M,) mean score of each item's votes, NaN where there are fewer than two."""
    return np.where(several, mean_by(votes.item, scores, len(several)), np.nan)
