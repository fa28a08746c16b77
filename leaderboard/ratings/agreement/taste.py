"""What a judge, or a crowd, favours beside quality: longer answers, lists, style, and answers of its own family."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from leaderboard.contracts.said import said
from leaderboard.ratings.agreement.draws import Draws
from leaderboard.ratings.agreement.verdicts import Calls, Floats, Items, Votes, side
from leaderboard.ratings.battles import Battles
from leaderboard.ratings.intervals import z_value
from leaderboard.ratings.logistic import sigmoid
from leaderboard.ratings.strengths import fit
from leaderboard.ratings.style import fit_styled
from leaderboard.ratings.variation.resampling import NOTHING, Estimate

STYLE = ("tokens", "header", "list", "bold")
STEPS, TOLERANCE, STEEPEST = 100, 1e-10, 30.0
LEAST = 10
"""Comparisons below which a slope says nothing."""


@dataclass(frozen=True)
class Effect:
    """A style feature's effect in logits for one `scale` of (fa − fb)/(fa + fb), with who plays held equal."""

    name: str
    effect: Estimate
    scale: float


@dataclass(frozen=True)
class Taste:
    """`longer`: share of decided verdicts for the longer of two answers; `lists`: for the only one with a list.

    `longer_items`, `lists_items`: comparisons that those shares are over.

    `slope`: logits for one standard deviation of the difference of lengths, better answers being longer or not.
    `style`: effects with the entrants' strengths held equal; `reason` says why there are none.
    """

    longer: Estimate
    lists: Estimate
    slope: Estimate
    style: tuple[Effect, ...]
    reason: str = ""
    longer_items: int = 0
    lists_items: int = 0


@dataclass(frozen=True)
class SelfPreference:
    """Credit for answers of the judge's own family against others, over `items` comparisons.

    `own`: the judge's. `reference`: that of `against`, "people" or "other judges", on the same comparisons; `excess`:
    own less reference, paired. Quality alone explains `own`; only the excess is a preference.
    """

    family: str
    items: int
    against: str
    own: Estimate
    reference: Estimate
    excess: Estimate


def longest(items: Items) -> Calls | None:
    """The rule that the longer answer wins, as a judge; None without lengths."""
    if items.length is None:
        return None
    left, right = items.length
    return Calls.of_credit((1 + np.sign(left - right)) / 2)


def taste(items: Items, credit: Floats, draws: Draws, *, votes: Votes | None = None) -> Taste:
    """Of a judge with (M,) `credit`, or of people where `votes` are given, whose mean credit it is then."""
    none = Taste(NOTHING, NOTHING, NOTHING, (), said("The lengths of the answers are not known."))
    if items.length is None:
        return none
    left, right = items.length
    longer, lists = (_for_side(credit, wanted) for wanted in (np.sign(left - right), _only_list(items)))
    style, reason = _style(items, credit, draws.plan.confidence, votes)
    return Taste(
        longer=draws.share(longer),
        lists=draws.share(lists),
        slope=slope(left - right, credit, draws.place, draws.plan.confidence),
        style=style,
        reason=reason,
        longer_items=int(np.sum(~np.isnan(longer))),
        lists_items=int(np.sum(~np.isnan(lists))),
    )


def _for_side(credit: Floats, wanted: Floats) -> Floats:
    """(M,) whether the verdict is for the wanted side; NaN where either is for none."""
    way = side(credit)
    return np.where((wanted != 0) & (way != 0) & ~np.isnan(way), way == wanted, np.nan)


def _only_list(items: Items) -> Floats:
    if "list" not in items.measures:
        return np.zeros(len(items))
    left, right = items.measures["list"]
    return np.sign((left > 0).astype(np.float64) - (right > 0))


def slope(difference: Floats, credit: Floats, cluster: np.ndarray, confidence: float = 0.95) -> Estimate:
    """β of P(a) = σ(β·x), x the (M,) difference over its root mean square, with a cluster-robust interval.

    No intercept, so that swapping the sides of any comparison changes nothing. Soft credits are shares of two
    outcomes. Nothing where the difference never varies, decides every verdict, or there are fewer than `LEAST`.
    """
    known = ~np.isnan(credit) & np.isfinite(difference)
    x, y = difference[known], credit[known]
    spread = float(np.sqrt(np.mean(x**2))) if len(x) >= LEAST else 0.0
    if not spread:
        return NOTHING
    x = x / spread
    beta = slope_of(x, y)
    if beta is None:
        return NOTHING
    score = x * (y - sigmoid(beta * x))
    bread = float(np.sum(x**2 * sigmoid(beta * x) * sigmoid(-beta * x)))
    sums = np.bincount(np.unique(cluster[known], return_inverse=True)[1], score)
    if len(sums) < 2:
        return Estimate(beta)
    error = float(np.sqrt(len(sums) / (len(sums) - 1) * np.sum(sums**2))) / bread
    reach = z_value(confidence) * error
    return Estimate(beta, error, beta - reach, beta + reach)


def slope_of(x: Floats, y: Floats) -> float | None:
    """β of P = σ(β·x) by maximum likelihood for (n,) shares `y`; None where no finite one exists."""
    beta = 0.0
    for _ in range(STEPS):
        share = sigmoid(beta * x)
        weight = float(np.sum(x**2 * share * (1 - share)))
        if weight <= 0 or abs(beta) > STEEPEST:
            return None
        step = float(np.sum(x * (y - share))) / weight
        # A whole step can fly past the optimum where shares are near 0 and 1; this one cannot.
        beta += float(np.clip(step, -1.0, 1.0))
        if abs(step) < TOLERANCE:
            return beta
    return None


def _style(items: Items, credit: Floats, confidence: float, votes: Votes | None) -> tuple[tuple[Effect, ...], str]:
    names = tuple(name for name in STYLE if name in items.measures) or (("chars",) if "chars" in items.measures else ())
    battles = battles_of(items, credit) if votes is None else battles_of_votes(items, votes)
    if len(battles.credit) < LEAST * max(1, len(battles.names)):
        return (), said("There are too few verdicts to hold the entrants' strengths equal.")
    try:
        found = fit_styled(battles, fit(battles), names)
    except ValueError as problem:
        return (), str(problem)
    z = z_value(confidence)
    return tuple(
        Effect(one.name, Estimate(one.beta, one.se, one.beta - z * one.se, one.beta + z * one.se), one.scale)
        for one in found.effects
    ), ""


def battles_of(items: Items, credit: Floats) -> Battles:
    """The scored items as battles, one each; an entrant met with itself says nothing and is left out."""
    rows = np.flatnonzero(~np.isnan(credit) & (items.a != items.b))
    return _battles(items, rows, credit[rows])


def battles_of_votes(items: Items, votes: Votes) -> Battles:
    """Every vote as a battle."""
    apart = items.a[votes.item] != items.b[votes.item]
    return _battles(items, votes.item[apart], votes.credit[apart])


def _battles(items: Items, rows: np.ndarray, credit: Floats) -> Battles:
    measures = {name: (left[rows], right[rows]) for name, (left, right) in items.measures.items()}
    return Battles(items.names, items.a[rows], items.b[rows], credit, items.cluster[rows], measures=measures)


def self_preference(
    items: Items,
    credit: Floats,
    reference: Floats,
    draws: Draws,
    *,
    families: tuple[str, ...],
    family: str,
    against: str,
) -> SelfPreference | None:
    """The judge's and the reference's (M,) credit for answers of the judge's `family`; None where none met others.

    `families`: of each entrant in `items.names`, "" where it is not known; those meet nobody.
    """
    own = np.array([bool(family) and name == family for name in families], dtype=np.bool_)
    other = np.array([bool(name) and name != family for name in families], dtype=np.bool_)
    left, right = own[items.a] & other[items.b], own[items.b] & other[items.a]
    use = (left | right) & ~np.isnan(credit) & ~np.isnan(reference)
    if not np.any(use):
        return None
    mine, theirs = (np.where(use, np.where(left, values, 1 - values), np.nan) for values in (credit, reference))
    return SelfPreference(
        family, int(use.sum()), against, draws.mean(mine), draws.mean(theirs), draws.mean(mine - theirs)
    )
