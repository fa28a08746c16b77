"""The bootstrap behind the intervals: prompts drawn again, and what whole runs share drawn again beside them.

One `Draws` serves every configuration over the same prompts, so that differences between them are paired.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from leaderboard.ratings.variation.tables import Floats, prompt_means, residual_variance, run_scores

SEEDS_OF_RUNS = 1_000_003
"""Keeps the draws of runs apart from those of prompts."""


@dataclass(frozen=True)
class Bootstrap:
    """How to resample: number of replicates, seed and the confidence of percentile intervals."""

    replicates: int = 1000
    seed: int = 0
    confidence: float = 0.95

    def __post_init__(self) -> None:
        """Raises ValueError for fewer than 2 replicates or a confidence outside (0, 1)."""
        if self.replicates < 2:
            raise ValueError("a bootstrap needs at least 2 replicates")
        if not 0 < self.confidence < 1:
            raise ValueError("confidence must lie between 0 and 1")


@dataclass(frozen=True)
class Estimate:
    """A value with its bootstrap standard error and interval; each is None where it is not known.

    Units are those of the scores. An interval needs two prompts at least.
    """

    value: float | None
    se: float | None = None
    low: float | None = None
    high: float | None = None


NOTHING = Estimate(None)


@dataclass(frozen=True)
class Draws:
    """`weight` (R, P): how often each replicate drew each of P prompts, uniformly with replacement (Efron 1979)."""

    plan: Bootstrap
    weight: Floats

    @classmethod
    def of(cls, prompts: int, plan: Bootstrap | None = None) -> Draws:
        """The draws for a number of prompts; the same for the same plan and number."""
        chosen = plan or Bootstrap()
        if not prompts:
            return cls(chosen, np.zeros((chosen.replicates, 0)))
        rng = np.random.default_rng(chosen.seed)
        drawn = rng.multinomial(prompts, np.full(prompts, 1 / prompts), size=chosen.replicates)
        return cls(chosen, drawn.astype(np.float64))

    def means(self, values: Floats) -> Floats:
        """(R,) or (R, K) means over prompts of (P,) or (P, K) `values`, rows with NaN left out.

        NaN for a replicate that drew none of the rows left.
        """
        known = ~np.isnan(values) if values.ndim == 1 else ~np.isnan(values).any(axis=1)
        total = self.weight[:, known].sum(axis=1)
        sums = self.weight[:, known] @ values[known]
        share = np.divide(1.0, total, out=np.full(len(total), np.nan), where=total > 0)
        return np.asarray(sums * (share if values.ndim == 1 else share[:, None]))

    def mean(self, values: Floats, shifts: Floats | None = None) -> Estimate:
        """Mean over prompts of (P,) `values`, NaN left out, with its interval; (R,) `shifts` add to the replicates."""
        known = values[~np.isnan(values)]
        if not len(known):
            return NOTHING
        drawn = self.means(values) if shifts is None else self.means(values) + shifts
        return self.estimate(float(np.mean(known)), drawn, units=len(known))

    def estimate(self, value: float, replicates: Floats, units: int) -> Estimate:
        """`value` with the spread and percentile interval of its (R,) `replicates`; `units` prompts are behind it."""
        found = replicates[~np.isnan(replicates)]
        if units < 2 or len(found) < 2:
            return Estimate(value)
        tail = (1 - self.plan.confidence) / 2
        low, high = np.quantile(found, [tail, 1 - tail])
        return Estimate(value, float(np.std(found, ddof=1)), float(low), float(high))

    def run_shifts(self, scores: Floats, stream: int = 0) -> Floats:
        """(R,) shifts of the mean of (P, N) `scores` from drawing runs again, 0 where runs share nothing.

        What run j adds is its score less the mean; drawn with replacement after shrinking all to their estimated
        variance max(0, var(run scores) − residual/P), as residuals are in a bootstrap of random effects (Carpenter,
        Goldstein and Rasbash 2003). Prompts drawn with their samples already carry the noise of single samples;
        drawing runs bare would count it twice. `stream` keeps configurations with runs of their own apart.
        """
        effects = shared_by_runs(scores)
        rng = np.random.default_rng((self.plan.seed, SEEDS_OF_RUNS, stream))
        if not np.any(effects):
            return np.zeros(self.plan.replicates)
        size = len(effects)
        drawn = rng.multinomial(size, np.full(size, 1 / size), size=self.plan.replicates)
        return np.asarray(drawn @ effects / size)


def shared_by_runs(scores: Floats) -> Floats:
    """(M,) what each of the M runs with a score adds to every prompt, shrunk to the variance of that share.

    Zero for fewer than two runs, where it cannot be told from noise.
    """
    runs = run_scores(scores)
    runs = runs[~np.isnan(runs)]
    spread = float(np.var(runs, ddof=1)) if len(runs) > 1 else 0.0
    residual = residual_variance(scores)
    if not spread or math.isnan(residual):
        return np.zeros(len(runs))
    prompts = int(np.sum(~np.isnan(prompt_means(scores))))
    shared = max(0.0, spread - residual / prompts)
    # The runs drawn have variance (M−1)/M of ddof 1; reflated so that shifts vary by shared/M.
    return np.asarray((runs - runs.mean()) * math.sqrt(shared / spread * len(runs) / (len(runs) - 1)))
