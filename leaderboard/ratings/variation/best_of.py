"""Best-of-N curves from stored samples, exact for every k up to the samples at hand: nothing is generated again.

Selection is prompt by prompt. It is not the best run of `runs`, which is one sample index over the whole benchmark.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from leaderboard.ratings.variation.majority import expected_majority, tally_of
from leaderboard.ratings.variation.resampling import Bootstrap, Draws, Estimate
from leaderboard.ratings.variation.subsets import expected_best, expected_chosen
from leaderboard.ratings.variation.tables import Flags, Floats, Ints, as_table, prompt_means

ORACLE = "oracle"
MAJORITY = "majority"
RANDOM = "random"
RESERVED = (ORACLE, MAJORITY, RANDOM)


@dataclass(frozen=True)
class BestOfPoint:
    """Expected score of the output selected among `k` samples."""

    k: int
    score: Estimate


@dataclass(frozen=True)
class BestOfCurve:
    """One selector's curve. The `oracle` knows the truth: an upper bound, never a method."""

    selector: str
    points: tuple[BestOfPoint, ...]


@dataclass(frozen=True)
class BestOf:
    """Curves of several selectors on the same `prompts`; `left_out` have fewer scored samples than the largest k."""

    curves: tuple[BestOfCurve, ...]
    prompts: int
    left_out: int

    def of(self, selector: str) -> BestOfCurve:
        """The curve of `selector`. Raises ValueError where there is none."""
        for curve in self.curves:
            if curve.selector == selector:
                return curve
        raise ValueError(f"there is no curve of '{selector}'")


def best_of_n(
    truth: ArrayLike,
    selectors: Mapping[str, ArrayLike] | None = None,
    answers: ArrayLike | None = None,
    ks: Sequence[int] | None = None,
    plan: Bootstrap | None = None,
) -> BestOf:
    """Oracle, random, majority and named selectors over (P, N) `truth`, the score of each sample.

    `selectors`: (P, N) ratings by name, the highest of k drawn samples is shown; NaN is rated below all. `answers`
    (P, N): integers, equal for equal normalised answers of one prompt and `majority.NO_ANSWER` for none; without it
    there is no majority curve. Samples without truth are as if never drawn. `ks`: by default the powers of two up to
    the fewest scored samples of any prompt that has one, and that number. Prompts with fewer scored samples than the
    largest k are left out of every point, so that a curve is over one set of prompts. Intervals are percentile
    bootstraps over prompts, joint over all curves.

    Raises: ValueError where shapes differ, a k is below 1, a name is reserved, or truth is infinite.
    """
    table = as_table(truth)
    named = _checked_selectors(selectors or {}, table)
    labels = None if answers is None else _checked_answers(answers, table)
    known = ~np.isnan(table)
    chosen = _default_ks(known) if ks is None else sorted({int(k) for k in ks})
    if any(k < 1 for k in chosen):
        raise ValueError("each k must be at least 1")
    used = known.sum(axis=1) >= max(chosen, default=1)
    by_prompt = {name: np.full((len(table), len(chosen)), np.nan) for name in _names(named, labels)}
    for rows, packed in _blocks(known, used):
        values = packed(table)
        by_prompt[ORACLE][rows] = expected_best(values, chosen)
        by_prompt[RANDOM][rows] = prompt_means(values)[:, None]
        for name, ratings in named.items():
            by_prompt[name][rows] = expected_chosen(values, packed(ratings), chosen)
        if labels is not None:
            by_prompt[MAJORITY][rows] = _majority(packed(labels).astype(np.int64), values, chosen)
    draws = Draws.of(len(table), plan)
    curves = tuple(_curve(draws, name, chosen, values) for name, values in by_prompt.items())
    return BestOf(curves, int(used.sum()), int((~used).sum()))


def _names(selectors: Mapping[str, Floats], labels: Floats | None) -> list[str]:
    return [ORACLE, RANDOM, *([] if labels is None else [MAJORITY]), *selectors]


def _checked_selectors(selectors: Mapping[str, ArrayLike], table: Floats) -> dict[str, Floats]:
    found = {name: np.asarray(ratings, dtype=np.float64) for name, ratings in selectors.items()}
    if any(name in RESERVED for name in found):
        raise ValueError(f"a selector may not be called {', '.join(RESERVED)}")
    if any(ratings.shape != table.shape for ratings in found.values()):
        raise ValueError("each selector must rate every sample")
    return found


def _checked_answers(answers: ArrayLike, table: Floats) -> Floats:
    found = np.asarray(answers)
    if found.shape != table.shape or (found.size and found.dtype.kind not in "iu"):
        raise ValueError("answers must be integers, one for each sample")
    return found.astype(np.float64)


def _default_ks(known: Flags) -> list[int]:
    counts = known.sum(axis=1)
    least = int(min(counts[counts > 0], default=0))
    return sorted({2**power for power in range(least.bit_length())} | {least}) if least else []


def _blocks(known: Flags, used: Flags) -> list[tuple[Ints, Callable[[Floats], Floats]]]:
    """Used prompts with equally many scored samples, and what cuts their scored cells out of a table, as (B, n)."""
    counts = np.where(used, known.sum(axis=1), 0)
    found = []
    for count in np.unique(counts[counts > 0]):
        rows = np.flatnonzero(counts == count)
        places = np.argsort(~known[rows], axis=1, kind="stable")[:, :count]
        found.append((rows, _cutter(rows, places)))
    return found


def _cutter(rows: Ints, places: Ints) -> Callable[[Floats], Floats]:
    return lambda table: table[rows[:, None], places]


def _majority(labels: Ints, truth: Floats, ks: Sequence[int]) -> Floats:
    """(B, K) by prompt; equal tallies are counted once, in whatever configuration they come."""
    tallies = [tally_of(*row) for row in zip(labels, truth, strict=True)]
    return np.array([expected_majority(*tally, tuple(ks)) for tally in tallies]).reshape(len(tallies), len(ks))


def _curve(draws: Draws, name: str, ks: Sequence[int], values: Floats) -> BestOfCurve:
    points = [BestOfPoint(k, draws.mean(values[:, place])) for place, k in enumerate(ks)]
    return BestOfCurve(name, tuple(points))
