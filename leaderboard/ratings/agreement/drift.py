"""Whether a judge still says what it said: the same comparisons, in the same order, judged again later."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leaderboard.contracts.said import said
from leaderboard.ratings.agreement.draws import Draws
from leaderboard.ratings.agreement.verdicts import LEVEL, Calls, Floats, Ints, Items, mean_by, side
from leaderboard.ratings.variation.paired import PairedTest, paired_tests
from leaderboard.ratings.variation.resampling import Estimate

ALPHA = 0.05


@dataclass(frozen=True)
class Drift:
    """The first verdicts against those of round `repeat`, over `calls` pairs of them.

    `same_credit`: share with the very same credit; `changed`: share with another outcome, unscored being one;
    `moved`: mean absolute difference of credit. `tests`: paired by comparison and Holm-corrected, of the first slot's
    credit, of the longer answer's, of the share of ties, and, where there are earlier rounds, of how far this one
    lies from the first less how far they do: a judge that is only noisy changes as much from round to round.
    `drifted`: whether any test is below `ALPHA`.
    """

    repeat: int
    calls: int
    same_credit: Estimate
    changed: Estimate
    moved: Estimate
    tests: tuple[PairedTest, ...]
    drifted: bool


def drift(items: Items, calls: Calls, draws: Draws) -> tuple[Drift, ...]:
    """Each later round against the verdicts of repeat 0, oldest first."""
    rounds = [int(number) for number in np.unique(calls.repeat) if number > 0]
    return tuple(_drift(items, calls, draws, number, [r for r in rounds if r < number]) for number in rounds)


def _drift(items: Items, calls: Calls, draws: Draws, number: int, earlier: list[int]) -> Drift:
    size = len(items)
    one, two = _pairs(calls, number)
    item, old, new = calls.item[one], calls.credit[one], calls.credit[two]
    scored = ~np.isnan(old) & ~np.isnan(new)
    apart = np.where(scored, side(old) != side(new), np.isnan(old) != np.isnan(new)).astype(np.float64)
    moved = np.where(scored, np.abs(old - new), np.nan)
    told = {
        said("first slot"): _means(item, calls.first[one], calls.first[two], size),
        said("longer answer"): _longer(items, item, old, new),
        said("ties"): _means(item, _tied(old, scored), _tied(new, scored), size),
    }
    if earlier:
        told[said("against earlier rounds")] = mean_by(item, apart, size), _earlier(calls, earlier, size)
    tests = paired_tests({name: sides for name, sides in told.items() if sides is not None})
    return Drift(
        repeat=number,
        calls=len(item),
        same_credit=draws.share(mean_by(item[scored], (moved[scored] <= LEVEL).astype(np.float64), size)),
        changed=draws.share(mean_by(item, apart, size)),
        moved=draws.mean(mean_by(item[scored], moved[scored], size)),
        tests=tests,
        drifted=any(test.p_holm is not None and test.p_holm < ALPHA for test in tests),
    )


def _pairs(calls: Calls, number: int) -> tuple[Ints, Ints]:
    """Places of the first verdict and of that of round `number`, for each (item, order) that has both."""
    key = calls.item * 2 + calls.swapped
    first, later = np.flatnonzero(calls.repeat == 0), np.flatnonzero(calls.repeat == number)
    _, one, two = np.intersect1d(key[first], key[later], return_indices=True)
    return first[one], later[two]


def _means(item: Ints, old: Floats, new: Floats, size: int) -> tuple[Floats, Floats]:
    """(size,) of the later verdicts and of the first, by item, where both are scored."""
    known = ~np.isnan(old) & ~np.isnan(new)
    return mean_by(item[known], new[known], size), mean_by(item[known], old[known], size)


def _tied(credit: Floats, scored: NDArray[np.bool_]) -> Floats:
    return np.where(scored, side(credit) == 0, np.nan).astype(np.float64)


def _longer(items: Items, item: Ints, old: Floats, new: Floats) -> tuple[Floats, Floats] | None:
    if items.length is None:
        return None
    way = np.sign(items.length[0] - items.length[1])[item]
    before, after = (np.where(way != 0, np.where(way > 0, v, 1 - v), np.nan) for v in (old, new))
    return _means(item, before, after, len(items))


def _earlier(calls: Calls, rounds: list[int], size: int) -> Floats:
    """(size,) mean share of outcomes in which earlier rounds differ from the first verdicts."""
    found = np.full((len(rounds), size), np.nan)
    for row, number in zip(found, rounds, strict=True):
        one, two = _pairs(calls, number)
        old, new = calls.credit[one], calls.credit[two]
        known = ~np.isnan(old) & ~np.isnan(new)
        apart = np.where(known, side(old) != side(new), np.isnan(old) != np.isnan(new)).astype(np.float64)
        row[:] = mean_by(calls.item[one], apart, size)
    count = np.sum(~np.isnan(found), axis=0)
    return np.where(count > 0, np.nansum(found, axis=0) / np.maximum(count, 1), np.nan)
