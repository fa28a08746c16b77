"""How easily each prompt is won against the baseline, fitted from a board's own verdicts.

The rank-one model of AlpacaEval 2 (arXiv 2404.04475), P(entry m wins on prompt i) =
σ(φ_m·t_mi + ψ_m·γ_i + θ_m), t = tanh of the standardised length difference, with γ as unknown as the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leaderboard.contracts.said import said
from leaderboard.ratings.logistic import Floats, sigmoid

Ints = NDArray[np.int64]

LEAST_ENTRIES = 10
"""Entries below which no difficulty is fitted: an entry's own verdicts would make up too much of its prompts'
difficulty, and two halves of a board would not agree on it."""
LEAST_PROMPTS = 10
PRIOR_PROMPT = 1.0
"""Precision of γ_i around 0."""
PRIOR_ENTRY = np.array([0.01, 1.0, 0.01])
"""Precision of φ_m around 0, ψ_m around 1 and θ_m around 0; ψ around 1 sets the sign of γ."""
CENTRE_ENTRY = np.array([0.0, 1.0, 0.0])
ROUNDS = 500
TOLERANCE = 1e-7
"""Largest change of any γ, in logits, at which the search ends."""


@dataclass(frozen=True)
class Verdicts:
    """Verdicts of M entries against one baseline on P prompts; every array is (n,).

    `entry` in 0…M−1; `prompt` in 0…P−1; `credit` in [0, 1], of the entry; `length` = tanh of the
    standardised length difference; `weight`, 1 over the entry's rows on that prompt.
    """

    entry: Ints
    prompt: Ints
    credit: Floats
    length: Floats
    weight: Floats


def fit_difficulty(verdicts: Verdicts) -> Floats:
    """(P,) γ with mean 0 and standard deviation 1 (ddof 0) over the prompts; larger means more often won.

    Maximum a posteriori by turns: a ridge Newton step on (φ, ψ, θ) of every entry, one on γ of every prompt.
    Every prompt in 0…P−1, P − 1 the largest place, should have a verdict; one without gets the mean.

    Raises: ValueError where there are fewer than `LEAST_ENTRIES` entries or `LEAST_PROMPTS` prompts, a number is
    not finite, or the prompts do not differ.
    """
    entries, prompts = _sizes(verdicts)
    w = np.tile(CENTRE_ENTRY, (entries, 1))
    gamma = np.zeros(prompts)
    for _ in range(ROUNDS):
        w = _entry_step(verdicts, w, gamma)
        new = _prompt_step(verdicts, w, gamma)
        # A common shift of γ belongs to θ; left to the turns it moves slowly.
        shift = float(np.mean(new))
        w[:, 2] += w[:, 1] * shift
        new -= shift
        moved, gamma = float(np.max(np.abs(new - gamma))), new
        if moved <= TOLERANCE:
            break
    spread = float(np.std(gamma))
    if spread < 1e-6:
        raise ValueError(said("The verdicts show no difference between prompts."))
    return np.asarray(gamma / spread)


def _sizes(verdicts: Verdicts) -> tuple[int, int]:
    if not all(np.all(np.isfinite(part)) for part in (verdicts.credit, verdicts.length, verdicts.weight)):
        raise ValueError("Credits, lengths and weights must be finite.")
    entries = int(verdicts.entry.max(initial=-1)) + 1
    prompts = int(verdicts.prompt.max(initial=-1)) + 1
    if len(np.unique(verdicts.entry)) < LEAST_ENTRIES:
        raise ValueError(said("A difficulty needs {least_entries} entries.", least_entries=LEAST_ENTRIES))
    if len(np.unique(verdicts.prompt)) < LEAST_PROMPTS:
        raise ValueError(said("A difficulty needs {least_prompts} prompts.", least_prompts=LEAST_PROMPTS))
    return entries, prompts


def _residual(verdicts: Verdicts, w: Floats, gamma: Floats) -> tuple[Floats, Floats]:
    """(n,) weighted y − p and p(1−p)."""
    own = w[verdicts.entry]
    p = sigmoid(own[:, 0] * verdicts.length + own[:, 1] * gamma[verdicts.prompt] + own[:, 2])
    return verdicts.weight * (verdicts.credit - p), verdicts.weight * p * (1 - p)


def _entry_step(verdicts: Verdicts, w: Floats, gamma: Floats) -> Floats:
    """(M, 3) after one step of each entry, shortened as in `logistic.l1_logistic` so that it descends."""
    size = len(w)
    score, curve = _residual(verdicts, w, gamma)
    columns = (verdicts.length, gamma[verdicts.prompt], np.ones(len(score)))
    pull = np.stack([np.bincount(verdicts.entry, score * x, size) for x in columns], axis=1)
    pull -= PRIOR_ENTRY * (w - CENTRE_ENTRY)
    hessian = np.empty((size, 3, 3))
    for i in range(3):
        for j in range(i + 1):
            total = np.bincount(verdicts.entry, curve * columns[i] * columns[j], size)
            hessian[:, i, j] = hessian[:, j, i] = total
    step = np.linalg.solve(hessian + np.diag(PRIOR_ENTRY), pull[:, :, None])[:, :, 0]
    bound = np.array([1.0, float(np.max(np.abs(gamma), initial=0.0)), 1.0])
    return np.asarray(w + _share(np.abs(step) @ bound)[:, None] * step)


def _prompt_step(verdicts: Verdicts, w: Floats, gamma: Floats) -> Floats:
    """(P,) after one step of each prompt."""
    size, slope = len(gamma), w[verdicts.entry, 1]
    score, curve = _residual(verdicts, w, gamma)
    pull = np.bincount(verdicts.prompt, score * slope, size) - PRIOR_PROMPT * gamma
    step = pull / (np.bincount(verdicts.prompt, curve * slope**2, size) + PRIOR_PROMPT)
    return np.asarray(gamma + _share(np.abs(step) * float(np.max(np.abs(w[:, 1])))) * step)


def _share(reach: Floats) -> Floats:
    reach = np.maximum(reach, 1e-300)
    return np.asarray(np.log1p(reach) / reach)
