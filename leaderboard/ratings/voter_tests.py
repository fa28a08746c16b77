"""Voters whose votes do not follow the answers: residual tests against a Bradley–Terry fit. No vote texts here.

A residual is credit − p, p the fitted chance of the left side. The fit holds the tested votes too, which makes
all tests a little mild. Votes of one voter on one battle count as independent, so let each vote once a battle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr, rel_entr

from leaderboard.ratings.battles import Battles
from leaderboard.ratings.holm import holm
from leaderboard.ratings.strengths import Fit

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ALPHA = 1e-3
LEAST_VOTES = 10
ROUNDING = 1e-9
"""Logits, or variance as a share of p(1−p), below which a number is 0."""


@dataclass(frozen=True)
class VoterTest:
    """How one voter's `n` comparable votes depart from the fit.

    `position_z`: Σ(y − p) over its spread, y = 1 where the left side won; above 0 the voter favours the left
    side; `position_p` is two-sided. `information_z`: Σ(y − p)·logit p over its spread, low where the votes do not
    follow which side is better; `information_p` is one-sided, small where z is low. `flags`: of "position" and
    "uninformative" those whose p is below alpha.
    """

    voter: Any
    n: int
    position_z: float
    position_p: float
    information_z: float
    information_p: float
    flags: tuple[str, ...]


@dataclass(frozen=True)
class TargetTest:
    """Whether one cohort votes for one entry beyond what the entry earns.

    Of its `n` votes on battles of `target` the cohort gave `votes_for`, where `expected` were due. `z`: the
    excess over its spread. `p_value`: one-sided bound on the chance of such an excess; `p_holm`: corrected
    over all tests made together. `flagged`: p_holm ≤ alpha.
    """

    cohort: Any
    target: str
    n: int
    votes_for: float
    expected: float
    z: float
    p_value: float
    p_holm: float
    flagged: bool


def voter_tests(
    battles: Battles, fit: Fit, voter: NDArray[Any], *, alpha: float = ALPHA, least_votes: int = LEAST_VOTES
) -> tuple[VoterTest, ...]:
    """One test of each voter with at least `least_votes` comparable votes, ordered by label.

    `battles.a` is the left side; `voter`: (n,) labels, of one kind. The variance of a residual is φ·p(1−p), φ the
    ratio Σ(y − p)² / Σp(1−p) over all votes, which ties bring below 1. Two tests a voter, each at `alpha`, are
    not corrected for the number of voters: about 2·alpha of the honest are flagged.

    Raises: ValueError where the lengths differ, the fit is of other entries, alpha is not in (0, 1), or
    `least_votes` is below 1.
    """
    _check(battles, fit, voter, alpha, least_votes)
    votes = _votes(battles, fit)
    labels, place = np.unique(voter[votes.rows], return_inverse=True)
    size = len(labels)
    n = np.bincount(place, minlength=size)
    position = _z(place, votes.residual, votes.variance, size)
    information = _z(place, votes.residual * votes.logit, votes.variance * votes.logit**2, size)
    position_p, information_p = 2 * ndtr(-np.abs(position)), ndtr(information)
    return tuple(
        VoterTest(
            voter=label,
            n=int(n[i]),
            position_z=float(position[i]),
            position_p=float(position_p[i]),
            information_z=float(information[i]),
            information_p=float(information_p[i]),
            flags=_flags(position_p[i] < alpha, information_p[i] < alpha),
        )
        for i, label in enumerate(labels.tolist())
        if n[i] >= least_votes
    )


def target_tests(
    battles: Battles, fit: Fit, cohort: NDArray[Any], *, alpha: float = ALPHA, least_votes: int = LEAST_VOTES
) -> tuple[TargetTest, ...]:
    """One test of each cohort and entry with at least `least_votes` comparable votes, surest first.

    `cohort`: (n,) labels of one kind: the voter, or better what voters share, as a network or a time window; riggers
    with few votes each are seen only together. As cells are small and p far from ½, the p-value is no normal
    tail but the smaller of two bounds that always hold: Bennett's (1962), exp(−V·((1+u)·ln(1+u) − u)) with
    u = S/V, and Hoeffding's (1963), exp(−n·KL(mean credit ‖ mean p)).

    Raises: ValueError as `voter_tests`.
    """
    _check(battles, fit, cohort, alpha, least_votes)
    votes = _votes(battles, fit)
    labels, place = np.unique(cohort[votes.rows], return_inverse=True)
    size = len(battles.names)
    own = np.concatenate([battles.a[votes.rows], battles.b[votes.rows]])
    keys, cell = np.unique(np.concatenate([place, place]) * size + own, return_inverse=True)

    n = np.bincount(cell, minlength=len(keys)).astype(np.float64)
    expected = _of_both_sides(cell, votes.chance, 1 - votes.chance)
    excess = _of_both_sides(cell, votes.residual, -votes.residual)
    variance = _of_both_sides(cell, votes.variance, votes.variance)
    tested, names = np.flatnonzero(n >= least_votes), labels.tolist()
    p = _excess_p(excess[tested], variance[tested], n[tested], expected[tested])
    found = [
        TargetTest(
            cohort=names[keys[i] // size],
            target=battles.names[keys[i] % size],
            n=int(n[i]),
            votes_for=float(expected[i] + excess[i]),
            expected=float(expected[i]),
            z=float(_ratio(excess[i], variance[i])),
            p_value=float(raw),
            p_holm=float(adjusted),
            flagged=bool(adjusted <= alpha),
        )
        for i, raw, adjusted in zip(tested, p, holm(p), strict=True)
    ]
    return tuple(sorted(found, key=lambda test: (test.p_value, -test.z)))


@dataclass(frozen=True)
class _Votes:
    """The comparable votes, at `rows` of the battles: p, its logit, y − p and the variance of that."""

    rows: Ints
    chance: Floats
    logit: Floats
    residual: Floats
    variance: Floats


def _votes(battles: Battles, fit: Fit) -> _Votes:
    rows = np.flatnonzero(fit.component[battles.a] == fit.component[battles.b])
    logit = fit.theta[battles.a[rows]] - fit.theta[battles.b[rows]]
    chance = expit(logit)
    residual, spread = battles.credit[rows] - chance, chance * expit(-logit)
    dispersion = float(np.sum(residual**2) / np.sum(spread)) if len(rows) else 0.0
    # A ratio to a spread that is rounding would be any number at all.
    variance = spread * (dispersion if dispersion > ROUNDING else 0.0)
    return _Votes(rows, chance, np.where(np.abs(logit) > ROUNDING, logit, 0.0), residual, variance)


def _of_both_sides(cell: Ints, left: Floats, right: Floats) -> Floats:
    """Sums by cell, `cell` holding the cells of all left sides and then of all right sides."""
    return np.bincount(cell, np.concatenate([left, right])).astype(np.float64)


def _z(place: Ints, score: Floats, variance: Floats, size: int) -> Floats:
    return _ratio(np.bincount(place, score, size), np.bincount(place, variance, size))


def _ratio(score: Any, variance: Any) -> Floats:
    """Score over standard deviation; 0 where there is no variance, since then every residual counts 0."""
    safe = np.where(variance > 0, variance, 1.0)
    return np.asarray(np.where(variance > 0, score / np.sqrt(safe), 0.0), dtype=np.float64)


def _excess_p(excess: Floats, variance: Floats, n: Floats, expected: Floats) -> Floats:
    """Bound on the chance of an excess at least as large; 1 where there is none."""
    up = np.maximum(excess, 0.0)
    ratio = up / np.where(variance > 0, variance, 1.0)
    bennett = variance * ((1 + ratio) * np.log1p(ratio) - ratio)
    due, given = expected / n, np.clip((expected + up) / n, 0.0, 1.0)
    hoeffding = n * (rel_entr(given, due) + rel_entr(1 - given, 1 - due))
    return np.asarray(np.minimum(1.0, np.exp(-np.maximum(bennett, hoeffding))))


def _flags(position: Any, uninformative: Any) -> tuple[str, ...]:
    return (*(("position",) if position else ()), *(("uninformative",) if uninformative else ()))


def _check(battles: Battles, fit: Fit, label: NDArray[Any], alpha: float, least_votes: int) -> None:
    if len(label) != len(battles.a):
        raise ValueError("each vote needs one label")
    if fit.names != battles.names:
        raise ValueError("the fit must be of the same entries, in the same order")
    if not 0 < alpha < 1:
        raise ValueError("alpha must lie between 0 and 1")
    if least_votes < 1:
        raise ValueError("least_votes must be at least 1")


def checked_votes(battles: Battles, fit: Fit, label: NDArray[Any], alpha: float, least_votes: int) -> _Votes:
    """The comparable votes with their chances. Raises: ValueError as `voter_tests`."""
    _check(battles, fit, label, alpha, least_votes)
    return _votes(battles, fit)
