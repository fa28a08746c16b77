"""Pairs of models that greedy decoding ranks one way and the mean over samples the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leaderboard.ratings.variation.resampling import Bootstrap, Draws
from leaderboard.ratings.variation.tables import TIED, Floats, Ints, as_row, as_table, prompt_means


@dataclass(frozen=True)
class PairOrder:
    """Two models under both rankings; differences are `first` − `second` in the units of the scores.

    `flipped`: the differences have opposite signs; a tie on either side is no flip (`tables.TIED`). `chance`: share
    of bootstrap replicates with a flip, and `chance_first_greedy`, `chance_first_sampled` with `first` strictly
    ahead; None where there are no scores by prompt, or only one prompt.
    """

    first: str
    second: str
    greedy_difference: float
    sampled_difference: float
    flipped: bool
    chance: float | None = None
    chance_first_greedy: float | None = None
    chance_first_sampled: float | None = None


@dataclass(frozen=True)
class RankFlips:
    """Rankings of K models, greedy and by sample mean, and every pair in order of names given.

    Ranks count from 1, equal scores share the better rank. `prompts`: on which every model has both scores; 0 where
    totals alone were given. Scores are NaN where no such prompt exists; there are then no pairs.
    """

    names: tuple[str, ...]
    greedy: Floats
    sampled: Floats
    greedy_rank: Ints
    sampled_rank: Ints
    pairs: tuple[PairOrder, ...]
    prompts: int = 0

    @property
    def flips(self) -> tuple[PairOrder, ...]:
        """The pairs that flipped."""
        return tuple(pair for pair in self.pairs if pair.flipped)


def flips_of_totals(names: Sequence[str], greedy: ArrayLike, sampled: ArrayLike) -> RankFlips:
    """Flips of K models of which only the greedy score (K,) and the sample mean (K,) are known.

    Models with NaN in either are ranked last on that side and are in no pair.

    Raises: ValueError where the numbers differ, a name repeats or a score is infinite.
    """
    _check_names(names)
    ours, theirs = as_row(greedy, len(names)), as_row(sampled, len(names))
    known = [place for place in range(len(names)) if not np.isnan(ours[place] + theirs[place])]
    pairs = [_pair(names, (ours, theirs), (i, j)) for i, j in combinations(known, 2)]
    return RankFlips(tuple(names), ours, theirs, _ranks(ours), _ranks(theirs), tuple(pairs))


def rank_flips(
    names: Sequence[str], greedy: ArrayLike, scores: Sequence[ArrayLike], plan: Bootstrap | None = None
) -> RankFlips:
    """Flips of K models over the same prompts: `greedy` (K, P), `scores` K tables (P, N_k).

    Prompts that any model lacks are left out, so that all are ranked on the same. A replicate draws prompts once for
    all models and both ways of decoding, and what whole runs share per model (`Draws.run_shifts`); `chance` is the
    share of replicates with opposite signs. It measures how surely a flip is real, and how near others are.

    Raises: ValueError where the shapes do not fit, a name repeats or a score is infinite.
    """
    _check_names(names)
    ours = as_table(greedy) if len(names) else np.zeros((0, 0))
    if len(ours) != len(names) or len(scores) != len(names):
        raise ValueError("each name needs greedy scores and a table of scores")
    tables = [as_table(table) for table in scores]
    if any(len(table) != ours.shape[1] for table in tables):
        raise ValueError("greedy and sampled scores must be over the same prompts")
    theirs = np.array([prompt_means(table) for table in tables]).reshape(ours.shape)
    used = ~np.isnan(ours + theirs).any(axis=0)
    if not used.any():
        nothing = np.full(len(names), np.nan)
        return flips_of_totals(names, nothing, nothing)
    draws = Draws.of(int(used.sum()), plan)
    shifts = [draws.run_shifts(table[used], place) for place, table in enumerate(tables)]
    drawn = draws.means(ours[:, used].T), draws.means(theirs[:, used].T) + np.column_stack(shifts)
    return _with_chances(names, ours[:, used], theirs[:, used], drawn)


def _with_chances(names: Sequence[str], ours: Floats, theirs: Floats, drawn: tuple[Floats, Floats]) -> RankFlips:
    greedy, sampled, prompts = ours.mean(axis=1), theirs.mean(axis=1), ours.shape[1]
    known = drawn if prompts > 1 else None
    pairs = [_pair(names, (greedy, sampled), ij, known) for ij in combinations(range(len(names)), 2)]
    return RankFlips(tuple(names), greedy, sampled, _ranks(greedy), _ranks(sampled), tuple(pairs), prompts)


def _pair(
    names: Sequence[str],
    scores: tuple[Floats, Floats],
    places: tuple[int, int],
    drawn: tuple[Floats, Floats] | None = None,
) -> PairOrder:
    """One pair; `scores` (K,) and `drawn` (R, K) are each the greedy and the sampled side."""
    i, j = places
    greedy, sampled = (float(side[i] - side[j]) for side in scores)
    known = names[i], names[j], greedy, sampled, bool(_opposite(greedy, sampled))
    if drawn is None:
        return PairOrder(*known)
    left, right = (side[:, i] - side[:, j] for side in drawn)
    return PairOrder(
        *known,
        chance=float(np.mean(_opposite(left, right))),
        chance_first_greedy=float(np.mean(left > TIED)),
        chance_first_sampled=float(np.mean(right > TIED)),
    )


def _opposite(left: Floats | float, right: Floats | float) -> NDArray[np.bool_]:
    return np.asarray((np.minimum(left, right) < -TIED) & (np.maximum(left, right) > TIED))


def _ranks(scores: Floats) -> Ints:
    values = np.where(np.isnan(scores), -np.inf, scores)
    return np.array([1 + int(np.sum(values > value + TIED)) for value in values], dtype=np.int64)


def _check_names(names: Sequence[str]) -> None:
    if len(set(names)) != len(names):
        raise ValueError("each model needs a name of its own")
