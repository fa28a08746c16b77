"""Which pair of entries people are shown next: the published rule, as a probability for each pair.

P = (1 − u) · gainˢ + u · uniform, times the operator's weights, raised to least shares. The gain is how far one more
vote lowers the ratings' variance (`active.gains`). The rule sees earlier votes only, never the next outcome, so that
the likelihood of the votes given the pairs does not depend on it (docs/arena.md says what follows).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator
from scipy.special import expit

from leaderboard.contracts.params import Params
from leaderboard.contracts.said import said
from leaderboard.ratings.active import gains
from leaderboard.ratings.pairs import Floats
from leaderboard.ratings.strengths import Fit

Mask = NDArray[np.bool_]
PATIENCE = 20
"""Verdicts between two scales after which pairs across them no longer come first: one side wins (nearly) always."""
FEW_BATTLES = 30
"""Below this many battles of an entry a sandwich covariance is too narrow to plan by: that of a lone tie is 0."""
FEWEST_CAPPED = 2
"""The most that a pair may take is never below this many times its equal share, or few entries could not be told."""
SWEEPS = 200
CLOSE = 1e-9


class Sampling(Params):
    """Settings of the rule, published with the board. Entries are named by slug."""

    uniform: float = Field(
        default=0.2,
        gt=0,
        le=1,
        title="Uniform share",
        description="Share of pairs drawn without looking at ratings; 1 draws every pair alike.",
    )
    sharpness: float = Field(
        default=2.0,
        ge=1,
        le=8,
        title="Sharpness",
        description="Power of the gain that the other draws follow; the higher, the more the best pairs are drawn.",
    )
    most: float = Field(
        default=0.1, gt=0, le=1, title="Most of one pair", description="Largest share that the gain may give one pair."
    )
    weights: dict[str, float] = Field(
        default={}, title="Weights", description="By entry, how often it is drawn against others; 1 where not named."
    )
    least: float = Field(
        default=0.25,
        ge=0,
        le=0.9,
        title="Least share",
        description="Every entry is shown at least this often, as a part of what drawing all pairs alike gives it.",
    )
    least_of: dict[str, float] = Field(
        default={}, title="Least share of an entry", description="By entry, where it differs from the least share."
    )

    categories: Literal["size", "alike"] = Field(
        default="size",
        title="Categories",
        description="size shows every prompt equally often; alike shows every category equally often.",
    )

    @field_validator("weights")
    @classmethod
    def _weigh(cls, given: dict[str, float]) -> dict[str, float]:
        if not all(0.01 <= weight <= 100 for weight in given.values()):
            raise ValueError(said("A weight lies between 0.01 and 100."))
        return given

    @field_validator("least_of")
    @classmethod
    def _least(cls, given: dict[str, float]) -> dict[str, float]:
        if not all(0 <= share <= 0.9 for share in given.values()):
            raise ValueError(said("A least share lies between 0 and 0.9."))
        return given


def probabilities(
    names: Sequence[str], allowed: Mask, seen: Floats, fit: Fit | None = None, sampling: Sampling | None = None
) -> Floats:
    """(K, K) chances of drawing i on the left against j on the right; symmetric, sum 1, above 0 where allowed.

    `allowed` (K, K): pairs that can be shown, symmetric, diagonal False. `seen` (K, K): verdicts of each pair so far,
    symmetric. `fit`: of the K names in this order; None falls back on the pairs that were seen least.

    Raises: ValueError where no pair is allowed, or shapes or names differ.
    """
    rule = sampling or Sampling()
    _check(names, allowed, seen, fit)
    alike = allowed / allowed.sum()
    sought = _least_seen(allowed, seen) if fit is None else _by_gain(fit, allowed, seen, rule.sharpness)
    chances = (1 - rule.uniform) * _capped(sought, alike, rule.most) + rule.uniform * alike
    weight = np.array([rule.weights.get(name, 1.0) for name in names])
    chances = chances * np.outer(weight, weight)
    least = np.array([rule.least_of.get(name, rule.least) for name in names]) * shares(alike)
    return _raised(chances / chances.sum(), alike, least)


def shares(chances: Floats) -> Floats:
    """(K,) share of the draws that each entry takes part in; they sum to 2."""
    return np.asarray(chances.sum(axis=0) + chances.sum(axis=1))


def _check(names: Sequence[str], allowed: Mask, seen: Floats, fit: Fit | None) -> None:
    shape = (len(names), len(names))
    if allowed.shape != shape or seen.shape != shape or (fit is not None and fit.names != tuple(names)):
        raise ValueError("names, pairs and fit must be of the same entries, in one order")
    if not np.array_equal(allowed, allowed.T) or allowed.diagonal().any():
        raise ValueError("allowed pairs must be symmetric, and no entry meets itself")
    if not allowed.any():
        raise ValueError("no pair can be shown")


def _least_seen(allowed: Mask, seen: Floats) -> Floats:
    """(K, K) equal chances of the allowed pairs with the fewest verdicts, sum 1."""
    fewest = allowed & (seen <= seen[allowed].min())
    return np.asarray(fewest / fewest.sum())


def _by_gain(fit: Fit, allowed: Mask, seen: Floats, sharpness: float) -> Floats:
    """(K, K) chances by a power of the gain, sum 1; where scales can be connected, equal ones of pairs that do so."""
    apart = fit.component[:, None] != fit.component[None, :]
    connects = allowed & apart & (_across(fit, seen) < PATIENCE)
    if connects.any():
        return np.asarray(connects / connects.sum())
    gain = np.where(allowed & ~apart, gains(_steady(fit, seen)), 0.0)
    if not gain.max() > 0:
        return np.asarray(allowed / allowed.sum())
    power = (gain / gain.max()) ** sharpness
    return np.asarray(power / power.sum())


def _steady(fit: Fit, seen: Floats) -> Fit:
    """The fit, with the inverse information of the model as covariance on scales where an entry has few battles."""
    covariance = fit.covariance.copy()
    for label in np.unique(fit.component):
        members = np.flatnonzero(fit.component == label)
        if len(members) > 1 and fit.used[members].min() < FEW_BATTLES:
            z = fit.theta[members][:, None] - fit.theta[members][None, :]
            weight = seen[np.ix_(members, members)] * expit(z) * expit(-z)
            information = np.diag(weight.sum(axis=0)) - weight
            # The constant fixes the sum, which no pair depends on; without it there is no inverse.
            covariance[np.ix_(members, members)] = np.linalg.inv(information + weight.sum() / len(members) ** 2)
    return dataclasses.replace(fit, covariance=covariance)


def _across(fit: Fit, seen: Floats) -> Floats:
    """(K, K) verdicts between the whole scales of i and j."""
    _, place = np.unique(fit.component, return_inverse=True)
    member = np.eye(int(place.max(initial=-1)) + 1)[place]
    between = member.T @ seen @ member
    return np.asarray(between[place[:, None], place[None, :]])


def _capped(chances: Floats, alike: Floats, most: float) -> Floats:
    """The chances with no unordered pair above `most`; what is cut off goes to the others in proportion, then alike."""
    ceiling = max(most / 2, FEWEST_CAPPED * float(alike.max()))
    found = chances
    for _ in range(len(chances) ** 2):
        over = found > ceiling * (1 + CLOSE)
        if not over.any():
            break
        full = found >= ceiling
        rest = np.where(full, 0.0, found)
        rest = rest if rest.sum() > 0 else np.where(full, 0.0, alike)
        left = 1 - ceiling * full.sum()
        if rest.sum() <= 0 or left <= 0:
            return alike
        found = np.where(full, ceiling, rest * left / rest.sum())
    return found


def _raised(chances: Floats, alike: Floats, least: Floats) -> Floats:
    """The distribution nearest to `chances` (in Kullback and Leibler's sense) that gives every entry its least share.

    It is chances · f_i · f_j with factors f ≥ 1 that are above 1 only where an entry is raised (Csiszár 1975); each is
    set in turn. `alike` meets every least share, and as much of it as rounding leaves wanting is mixed in.
    """
    factor = np.ones(len(least))
    for _ in range(SWEEPS):
        before = factor.copy()
        _sweep(chances, least, factor)
        if np.max(np.abs(factor / before - 1)) < CLOSE:
            break
    found = chances * np.outer(factor, factor)
    found /= found.sum()
    lack, room = least - shares(found), shares(alike) - shares(found)
    short = lack > 0
    mix = float(np.max(lack[short] / room[short], initial=0.0))
    return np.asarray((1 - mix) * found + mix * alike)


def _sweep(chances: Floats, least: Floats, factor: Floats) -> None:
    """Sets each factor that is above 1, or must be, to what its entry's share asks with the others held."""
    total = float(factor @ chances @ factor)
    for i in range(len(least)):
        own = 2 * float(chances[i] @ factor)
        others = total - factor[i] * own
        wanted = least[i] * others / ((1 - least[i]) * own) if own > 0 else 1.0
        factor[i] = max(1.0, wanted)
        total = others + factor[i] * own
