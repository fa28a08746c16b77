"""Habits that show without people: the slot a judge favours, whether it says the same again, what it leaves open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from leaderboard.ratings.agreement.draws import Draws, wilson
from leaderboard.ratings.agreement.verdicts import Calls, Floats, Ints, mean_by, side
from leaderboard.ratings.variation.resampling import Estimate

QUANTILES = (0.1, 0.5, 0.9, 0.99)


@dataclass(frozen=True)
class Slot:
    """How the first slot fares over `calls` scored verdicts on `items` comparisons.

    `credit`: its mean credit. `decided`: the share of verdicts for it among those for either side. `ties`: the share of
    verdicts for neither. Even shares are ½ where both orders were shown; where one was, the answer that came first
    may have been the better one.
    """

    items: int
    calls: int
    credit: Estimate
    decided: Estimate
    ties: Estimate


@dataclass(frozen=True)
class Orders:
    """The same comparison in both orders, `items` of them.

    `same`: share with one outcome in both. `to_first`, `to_second`: share where each order went to the slot. `shift`:
    mean credit that an answer gains by coming first.
    """

    items: int
    same: Estimate
    to_first: Estimate
    to_second: Estimate
    shift: Estimate


@dataclass(frozen=True)
class Repeats:
    """The same comparison in the same order judged again, `items` of them.

    `same`: share of pairs of verdicts with one outcome. `distance`: mean absolute difference of their credits.
    """

    items: int
    same: Estimate
    distance: Estimate


@dataclass(frozen=True)
class State:
    """How many verdicts ended in a state, and their share with Wilson's (1927) interval."""

    name: str
    n: int
    share: Estimate


@dataclass(frozen=True)
class Spent:
    """What verdicts cost, of which `known` told it. `quantiles`: (share, value) of a verdict; None where none told."""

    known: int
    total: float | None
    mean: float | None
    quantiles: tuple[tuple[float, float], ...]


def paired_orders(calls: Calls) -> tuple[Ints, Ints]:
    """Places of scored verdicts in the first and in the second order of each (item, repeat) that has both."""
    known = np.flatnonzero(calls.scored)
    key = calls.item[known] * (int(calls.repeat.max(initial=0)) + 1) + calls.repeat[known]
    ways = [known[calls.swapped[known] == way] for way in (False, True)]
    keys = [key[calls.swapped[known] == way] for way in (False, True)]
    _, one, two = np.intersect1d(keys[0], keys[1], assume_unique=False, return_indices=True)
    return ways[0][one], ways[1][two]


def slots(calls: Calls, draws: Draws) -> tuple[Slot, Slot]:
    """The first slot over verdicts that have their counterpart in the other order, and over those that have not."""
    one, two = paired_orders(calls)
    balanced = np.zeros(len(calls), dtype=np.bool_)
    balanced[one] = balanced[two] = True
    return _slot(calls.take(balanced), draws), _slot(calls.take(~balanced & calls.scored), draws)


def _slot(calls: Calls, draws: Draws) -> Slot:
    size, known = len(draws.place), calls.take(calls.scored)
    first, count = known.first, np.bincount(known.item, minlength=size).astype(np.float64)
    way = side(first)
    credit, won, clear, tied = (
        np.bincount(known.item, values, size).astype(np.float64) for values in (first, way > 0, way != 0, way == 0)
    )
    return Slot(
        items=int(np.sum(count > 0)),
        calls=len(known),
        credit=draws.part(credit, count),
        decided=draws.part(won, clear),
        ties=draws.part(tied, count),
    )


def orders(calls: Calls, draws: Draws) -> Orders:
    """What the order alone changes."""
    one, two = paired_orders(calls)
    size, item = len(draws.place), calls.item[one]
    first = side(calls.first[one]), side(calls.first[two])
    kinds = {
        "same": side(calls.credit[one]) == side(calls.credit[two]),
        "to_first": (first[0] > 0) & (first[1] > 0),
        "to_second": (first[0] < 0) & (first[1] < 0),
    }
    shift = (calls.first[one] + calls.first[two] - 1) / 2
    found = {name: draws.share(mean_by(item, hit.astype(np.float64), size)) for name, hit in kinds.items()}
    return Orders(items=len(np.unique(item)), shift=draws.mean(mean_by(item, shift, size)), **found)


def repeats(calls: Calls, draws: Draws) -> Repeats:
    """What a second reading changes. Every pair of repeats of an item and order counts, each item weighs the same."""
    size, known = len(draws.place), calls.take(calls.scored)
    group = known.item * 2 + known.swapped
    same, distance, pairs = (np.zeros(size) for _ in range(3))
    for rows in _several(group):
        credits_ = known.credit[rows]
        i, j = np.triu_indices(len(rows), 1)
        item = int(known.item[rows[0]])
        same[item] += float(np.sum(side(credits_[i]) == side(credits_[j])))
        distance[item] += float(np.sum(np.abs(credits_[i] - credits_[j])))
        pairs[item] += len(i)
    held = pairs > 0
    per = np.where(held, 1 / np.maximum(pairs, 1), np.nan)
    return Repeats(int(held.sum()), draws.share(same * per), draws.mean(distance * per))


def _several(group: Ints) -> list[Ints]:
    """Places of each group with two rows or more."""
    order = np.argsort(group, kind="stable")
    _, start, count = np.unique(group[order], return_index=True, return_counts=True)
    return [order[at : at + n] for at, n in zip(start, count, strict=True) if n > 1]


def states(names: Sequence[str], confidence: float = 0.95) -> tuple[State, ...]:
    """Each state that occurs among the verdicts, commonest first."""
    found, count = np.unique(np.array(names, dtype=np.str_), return_counts=True)
    order = sorted(range(len(found)), key=lambda i: (-count[i], found[i]))
    return tuple(State(str(found[i]), int(count[i]), wilson(int(count[i]), len(names), confidence)) for i in order)


def spent(values: Floats) -> Spent:
    """Cost or time of verdicts, NaN where it was not told."""
    known = values[~np.isnan(values)]
    if not len(known):
        return Spent(0, None, None, ())
    found = np.quantile(known, QUANTILES)
    quantiles = tuple((share, float(value)) for share, value in zip(QUANTILES, found, strict=True))
    return Spent(len(known), float(known.sum()), float(known.mean()), quantiles)
