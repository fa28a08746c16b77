"""Whether the order of two entries is real, and about how many more judgments would decide it.

Neighbours on a board are compared by the variance of their contrast, never by two intervals side by side,
and corrected for their number. Arrays in, dataclasses out.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr, ndtri

from leaderboard.contracts.said import said
from leaderboard.ratings.holm import holm
from leaderboard.ratings.pairs import PairTable, among
from leaderboard.ratings.strengths import SCALE, Fit
from leaderboard.ratings.win_rate import Side

Floats = NDArray[np.float64]

NO_SPREAD = 1e-9
"""Points; a standard error below it comes of verdicts without any spread."""
MOST = 1e9
"""Judgments beyond which no number is named."""


@dataclass(frozen=True)
class Contrast:
    """The difference of two entries: `first` − `second` in points, and its standard error.

    `se` is None where it is unknown, and `note` says why. `rate`: information in 1/points² that one more
    judgment adds to 1/se²; None where that is not known. `clusters`: independent units behind a paired
    difference, 0 where it is not paired.
    """

    first: str
    second: str
    difference: float
    se: float | None
    rate: float | None = None
    clusters: int = 0
    note: str = ""


@dataclass(frozen=True)
class Separation:
    """How surely `better` stands above `worse`.

    `difference` ≥ 0 and `se` in points. `chance`: probability that the order is real, Φ(difference / se).
    `p_value`: two-sided, of no difference; `p_holm`: corrected over the separations made together.
    `decided`: p_holm ≤ 1 − confidence. `more`: about how many further judgments of these two decide it, 0
    where it is decided, None where no number can be given; `note` says why any field is None.
    """

    better: str
    worse: str
    difference: float
    se: float | None
    chance: float | None
    p_value: float | None
    p_holm: float | None
    decided: bool
    more: int | None
    note: str = ""


def neighbours(
    fit: Fit,
    order: Sequence[int],
    confidence: float = 0.95,
    *,
    table: PairTable | None = None,
    power: float = 0.8,
) -> tuple[Separation, ...]:
    """Each entry of `order`, places in `fit` from the top of the board down, against the next one.

    A further battle between the two adds h/d to 1/Var: h = p(1−p), d the design effect, the sandwich variance of
    this contrast over the model's, which ties lower and clusters raise. d needs the `table` of the fitted
    battles; without it d = 1, as for independent wins and losses. For `power` see `separations`.

    Raises: ValueError where a place repeats or is not in the fit, or as `separations`.
    """
    _check_order(order, len(fit.names))
    models = {} if table is None else _model_covariances(fit, table)
    contrasts = [_bt_contrast(fit, i, j, models.get(int(fit.component[i]))) for i, j in pairwise(order)]
    return separations(contrasts, confidence, power=power)


def win_rate_neighbours(
    names: Sequence[str],
    sides: Sequence[Side],
    order: Sequence[int],
    confidence: float = 0.95,
    *,
    baseline: str = "",
    power: float = 0.8,
) -> tuple[Separation, ...]:
    """As `neighbours` for win rates; `sides` as from `win_rate.sides`, clusters being prompts.

    Prompts that both entries answered are paired. `more` counts the judgments of both entries on new prompts
    like those judged. The `baseline` stands at 50 points exactly.

    Raises: ValueError as `neighbours`, or where `names` and `sides` differ in number.
    """
    if len(names) != len(sides):
        raise ValueError("each name needs one side")
    _check_order(order, len(names))
    views = [None if name == baseline else side for name, side in zip(names, sides, strict=True)]
    contrasts = [paired_contrast((names[i], names[j]), views[i], views[j]) for i, j in pairwise(order)]
    return separations(contrasts, confidence, power=power)


def covariance_neighbours(
    names: Sequence[str], values: Floats, covariance: Floats, order: Sequence[int], confidence: float = 0.95
) -> tuple[Separation, ...]:
    """As `neighbours` for any (K,) `values` in points with their (K, K) joint `covariance`, NaN where unknown.

    What one more judgment would add is not known here, so `more` is None unless the order is decided.

    Raises: ValueError as `neighbours`, or where the shapes do not fit.
    """
    size = len(names)
    if np.shape(values) != (size,) or np.shape(covariance) != (size, size):
        raise ValueError("values must be (K,) and covariance (K, K) for K names")
    _check_order(order, size)
    contrasts = []
    for i, j in pairwise(order):
        variance = float(covariance[i, i] + covariance[j, j] - 2 * covariance[i, j])
        se = None if math.isnan(variance) else math.sqrt(max(0.0, variance))
        note = said("Their joint spread is not known.") if se is None else ""
        contrasts.append(Contrast(names[i], names[j], float(values[i] - values[j]), se, note=note))
    return separations(contrasts, confidence)


def paired_contrast(names: tuple[str, str], first: Side | None, second: Side | None) -> Contrast:
    """Difference of two win rates in points, with a cluster-robust standard error that pairs shared prompts.

    Var = G/(G−1) · Σ_g u_g², u_g = Σ_{i in g}(y_i − ȳ)/n of the first less that of the second, G clusters: the
    influence form of the difference of two means, equal to sd²/G of the differences where each has one row a
    prompt. None stands for an entry fixed at 50 points, such as a baseline.
    """
    judged = [(sign, side) for sign, side in ((1.0, first), (-1.0, second)) if side is not None]
    if not judged or not all(len(side.credit) for _, side in judged):
        return Contrast(*names, math.nan, None, note=said("One of them has no battles."))
    difference = 100 * (_mean(first) - _mean(second))
    influence = [sign * (side.credit - _mean(side)) / len(side.credit) for sign, side in judged]
    _, place = np.unique(np.concatenate([side.cluster for _, side in judged]), return_inverse=True)
    sums = np.bincount(place, np.concatenate(influence))
    groups = len(sums)
    if groups < 2:
        return Contrast(*names, difference, None, note=said("One battle or one cluster only."))
    se = 100 * math.sqrt(groups / (groups - 1) * float(np.sum(sums**2)))
    rate = None if se < NO_SPREAD else 1 / (se**2 * len(place))
    return Contrast(*names, difference, se, rate, groups)


def separations(contrasts: Sequence[Contrast], confidence: float, *, power: float = 0.8) -> tuple[Separation, ...]:
    """Normal tests of `contrasts` made together, Holm-corrected.

    `more` is the least N after which the contrast is decided with probability `power`, given today's data and
    if today's difference is the true one, while the other contrasts stay as they are: with information I now
    and x = N · rate added, D(I + x) − z_power·√x ≥ z_critical·√(I + x). At power 0.5 today's difference just
    reaches the critical value. The critical value is that of the next step of Holm's procedure.

    Raises: ValueError where confidence is not in (0.5, 1) or power not in [0.5, 1).
    """
    if not 0.5 < confidence < 1:
        raise ValueError("confidence must lie between 0.5 and 1")
    if not 0.5 <= power < 1:
        raise ValueError("power must lie in [0.5, 1)")
    raw = [_p_value(contrast) for contrast in contrasts]
    adjusted = holm([math.nan if p is None else p for p in raw])
    level = 1 - confidence
    open_tests = int(np.sum(adjusted > level))
    found = []
    for contrast, p, p_holm in zip(contrasts, raw, adjusted, strict=True):
        decided = bool(p_holm <= level)
        base = _separation(contrast, p, None if p is None else float(p_holm), decided)
        found.append(base if decided else _with_more(base, contrast, level / max(open_tests, 1), power))
    return tuple(found)


def _check_order(order: Sequence[int], size: int) -> None:
    if len(set(order)) != len(order) or any(not 0 <= place < size for place in order):
        raise ValueError("order must name each entry at most once, by its place")


def _mean(side: Side | None) -> float:
    return 0.5 if side is None else float(np.mean(side.credit))


def _bt_contrast(fit: Fit, i: int, j: int, model: Floats | None) -> Contrast:
    names = fit.names[i], fit.names[j]
    difference = SCALE * float(fit.theta[i] - fit.theta[j])
    try:
        se = fit.contrast_se(i, j)
    except ValueError as error:
        apart = fit.component[i] != fit.component[j]
        return Contrast(*names, math.nan if apart else difference, None, note=str(error))
    if se < NO_SPREAD:
        return Contrast(*names, difference, se)
    effect = 1.0
    if model is not None:
        effect = (se / SCALE) ** 2 / float(model[i, i] + model[j, j] - 2 * model[i, j])
    p = float(expit(fit.theta[i] - fit.theta[j]))
    return Contrast(*names, difference, se, p * (1 - p) / effect / SCALE**2)


def _model_covariances(fit: Fit, table: PairTable) -> dict[int, Floats]:
    """By component the (K, K) inverse information of its members, 0 elsewhere."""
    size, found = len(fit.names), {}
    for label in np.flatnonzero(np.bincount(fit.component, minlength=1) > 1):
        members = np.flatnonzero(fit.component == label)
        part, theta = among(table, members, size), fit.theta[members]
        z = theta[part.i] - theta[part.j]
        weight = part.n * expit(z) * expit(-z)
        information = np.zeros((len(members), len(members)))
        np.add.at(information, (part.i, part.j), -weight)
        information += information.T
        information[np.diag_indices(len(members))] = -information.sum(axis=1)
        gauge = float(np.trace(information)) / len(members) ** 2
        full = np.zeros((size, size))
        full[np.ix_(members, members)] = np.linalg.inv(information + gauge)
        found[int(label)] = full
    return found


def _p_value(contrast: Contrast) -> float | None:
    if contrast.se is None:
        return None
    if contrast.se >= NO_SPREAD:
        return float(2 * ndtr(-abs(contrast.difference) / contrast.se))
    # Without spread the normal test is void; for equal paired differences the sign test is exact.
    if contrast.clusters and abs(contrast.difference) > NO_SPREAD:
        return 0.5 ** (contrast.clusters - 1)
    return None


def _separation(contrast: Contrast, p: float | None, p_holm: float | None, decided: bool) -> Separation:
    first, second = contrast.first, contrast.second
    if contrast.difference < 0:
        first, second = second, first
    return Separation(
        better=first,
        worse=second,
        difference=abs(contrast.difference),
        se=contrast.se,
        chance=None if p is None else 1 - p / 2,
        p_value=p,
        p_holm=p_holm,
        decided=decided,
        more=0 if decided else None,
        note=contrast.note,
    )


def _with_more(separation: Separation, contrast: Contrast, level: float, power: float) -> Separation:
    if separation.p_value is None:
        return dataclasses.replace(
            separation, note=contrast.note or said("Every verdict is the same: no spread is known.")
        )
    if contrast.rate is None:
        return dataclasses.replace(separation, note=said("How much one more judgment adds is not known."))
    if separation.difference < NO_SPREAD:
        return dataclasses.replace(separation, note=said("The difference is 0: no number of judgments decides it."))
    needed = _information_needed(separation.difference, 1 / float(contrast.se or 0) ** 2, level, power)
    more = needed / contrast.rate
    if not more <= MOST:
        return dataclasses.replace(
            separation, note=said("The difference is too small for any sensible number of judgments.")
        )
    return dataclasses.replace(separation, more=max(1, math.ceil(more)))


def _information_needed(difference: float, now: float, level: float, power: float) -> float:
    """The x > 0 with difference·(now + x) − z_power·√x − z_critical·√(now + x) = 0, in 1/points².

    The left side is convex in x and negative at 0, so there is one root; halving finds it.
    """
    critical, aim = float(-ndtri(level / 2)), NormalDist().inv_cdf(power)

    def short(x: float) -> bool:
        return difference * (now + x) < aim * math.sqrt(x) + critical * math.sqrt(now + x)

    low, high = 0.0, ((critical + aim) / difference) ** 2
    while short(high):
        high *= 2
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if short(middle) else (low, middle)
    return high
