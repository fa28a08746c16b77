"""From a judge's credit to the chance that a person agrees: maps, how good they are on held-out clusters, and bins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from leaderboard.contracts.said import said
from leaderboard.ratings.agreement.draws import Draws
from leaderboard.ratings.agreement.taste import slope_of
from leaderboard.ratings.agreement.verdicts import Floats, Ints, Votes
from leaderboard.ratings.logistic import sigmoid
from leaderboard.ratings.variation.resampling import Estimate

FOLDS = 5
BINS = 10
CLIP = 0.01
"""Predictions are held this far from 0 and 1 for the logarithmic score, or one sure error would be infinite."""
LEAST = 30

Map = Callable[[Floats], Floats]


@dataclass(frozen=True)
class Bin:
    """Comparisons with a credit in [low, high): `n`, their mean credit, and people's mean credit."""

    low: float
    high: float
    n: int
    credit: float
    people: Estimate


@dataclass(frozen=True)
class Score:
    """How a map predicts votes on clusters that it was not fitted on: mean squared error (Brier) and log loss, nats."""

    name: str
    brier: Estimate
    log_loss: Estimate


@dataclass(frozen=True)
class Calibration:
    """`beta` of P(person for a) = σ(β·(2·credit − 1)), fitted on all; `steps`: the isotonic map as (credit, chance).

    `scores`: of even odds, the bare credit and both maps. `bins`: the reliability table, each comparison from both
    sides, so it is symmetric. `reason` says why there is none of it.
    """

    items: int
    beta: float | None
    steps: tuple[tuple[float, float], ...]
    scores: tuple[Score, ...]
    bins: tuple[Bin, ...]
    reason: str = ""


def calibrate(credit: Floats, votes: Votes, draws: Draws) -> Calibration:
    """Of a judge's (M,) `credit` against the votes. Sides are interchangeable: every map has f(1 − q) = 1 − f(q)."""
    people = votes.means(len(credit))
    use = ~np.isnan(credit) & ~np.isnan(people)
    count = int(use.sum())
    if count < LEAST or draws.groups < FOLDS:
        return Calibration(
            count, None, (), (), (), said("It needs {least} comparisons in {folds} clusters.", least=LEAST, folds=FOLDS)
        )
    q, y = credit[use], people[use]
    held_out = {name: np.full(len(credit), np.nan) for name in MAPS}
    fold = draws.place[use] % FOLDS
    for name, fit in MAPS.items():
        held_out[name][use] = _predicted(fit, q, y, fold)
    spread = _spread(votes, people)
    beta = logistic_slope(q, y)
    return Calibration(
        items=count,
        beta=beta,
        steps=_steps(*isotonic(q, y)),
        scores=tuple(_scored(name, p, people, spread, draws) for name, p in held_out.items()),
        bins=_bins(credit, people, draws),
    )


def logistic_slope(q: Floats, y: Floats) -> float | None:
    """β by maximum likelihood; None where the verdicts are separated or never for a side."""
    return slope_of(2 * q - 1, y) if np.any(q != 0.5) else None


def isotonic(q: Floats, y: Floats) -> tuple[Floats, Floats]:
    """(U,) distinct credits and the chance at each: the rising map with the least squared error, both sides counted."""
    from scipy.optimize import isotonic_regression  # takes a tenth of a second to load, and few processes audit

    both, target = np.concatenate([q, 1 - q]), np.concatenate([y, 1 - y])
    at, place, count = np.unique(np.round(both, 12), return_inverse=True, return_counts=True)
    mean = np.bincount(place, target) / count
    return at, np.asarray(isotonic_regression(mean, weights=count).x)


def _fit_logistic(q: Floats, y: Floats) -> Map:
    beta = logistic_slope(q, y)
    return lambda x: sigmoid((beta or 0.0) * (2 * x - 1)) if beta is not None else _bare(x)


def _fit_isotonic(q: Floats, y: Floats) -> Map:
    at, chance = isotonic(q, y)
    return lambda x: np.interp(x, at, chance)


def _bare(x: Floats) -> Floats:
    return np.asarray(x, dtype=np.float64)


MAPS: dict[str, Callable[[Floats, Floats], Map]] = {
    "even": lambda q, y: lambda x: np.full(len(x), 0.5),
    "credit": lambda q, y: _bare,
    "logistic": _fit_logistic,
    "isotonic": _fit_isotonic,
}
"""What can be fitted to credits and votes, by name."""


def _predicted(fit: Callable[[Floats, Floats], Map], q: Floats, y: Floats, fold: Ints) -> Floats:
    """Each row's prediction by the map fitted on all other folds; clusters lie whole in one fold."""
    found = np.empty(len(q))
    for label in np.unique(fold):
        out = fold == label
        found[out] = fit(q[~out], y[~out])(q[out]) if np.any(~out) else 0.5
    return found


def _spread(votes: Votes, people: Floats) -> Floats:
    """(M,) variance of the votes on each item: what no prediction can explain."""
    gap = (votes.credit - people[votes.item]) ** 2
    count = np.bincount(votes.item, minlength=len(people))
    return np.bincount(votes.item, gap, len(people)) / np.maximum(count, 1)


def _scored(name: str, p: Floats, people: Floats, spread: Floats, draws: Draws) -> Score:
    held = np.clip(p, CLIP, 1 - CLIP)
    loss = -(people * np.log(held) + (1 - people) * np.log1p(-held))
    return Score(name, draws.mean((p - people) ** 2 + spread), draws.mean(loss))


def _steps(at: Floats, chance: Floats) -> tuple[tuple[float, float], ...]:
    """The map without points that lie between equal ones."""
    inner = (chance[1:-1] == chance[:-2]) & (chance[1:-1] == chance[2:])
    kept = np.concatenate([[True], ~inner, [True]])[: len(at)] if len(at) > 2 else np.ones(len(at), dtype=np.bool_)
    return tuple((float(x), float(y)) for x, y in zip(at[kept], chance[kept], strict=True))


def _bins(credit: Floats, people: Floats, draws: Draws) -> tuple[Bin, ...]:
    found = []
    straight, mirrored = _bin_of(credit), _bin_of(1 - credit)
    for place in range(BINS):
        one, two = straight == place, mirrored == place
        n = int(np.sum(one & ~np.isnan(people)) + np.sum(two & ~np.isnan(people)))
        if n:
            known = ~np.isnan(people)
            weight = (one & known).astype(np.float64) + (two & known)
            top = np.where(one & known, people, 0.0) + np.where(two & known, 1 - people, 0.0)
            mean = float((np.sum(credit[one & known]) + np.sum(1 - credit[two & known])) / n)
            found.append(Bin(place / BINS, (place + 1) / BINS, n, mean, draws.ratio(top, weight)))
    return tuple(found)


def _bin_of(credit: Floats) -> Any:
    """(M,) number of the bin, −1 without a credit; 1 belongs to the last."""
    scaled = np.where(np.isnan(credit), -1.0, np.floor(credit * BINS + 1e-9))
    return np.minimum(scaled, BINS - 1)
