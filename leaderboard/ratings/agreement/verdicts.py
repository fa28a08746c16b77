"""The arrays of an audit: comparisons, people's votes on them, and a judge's verdicts on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Sides = tuple[Floats, Floats]

LEVEL = 1e-9
"""A credit nearer to one half is a tie: the mean of two opposite verdicts differs from it by rounding only."""
LENGTHS = ("chars", "tokens")
"""Measures that can stand for the length of an answer, the first that there is counts."""


@dataclass(frozen=True)
class Items:
    """M comparisons. `a`, `b`: (M,) places of the entrants in `names`; `cluster`: (M,) labels, as of prompts.

    `measures`: by name the (M,) values of side a and of side b, such as `chars`.
    """

    names: tuple[str, ...]
    a: Ints
    b: Ints
    cluster: Ints
    measures: Mapping[str, Sides] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises ValueError where the arrays differ in length."""
        columns = [self.b, self.cluster, *(side for sides in self.measures.values() for side in sides)]
        if any(len(column) != len(self.a) for column in columns):
            raise ValueError("a, b, cluster and every measure must have one length")

    def __len__(self) -> int:
        return len(self.a)

    @property
    def length(self) -> Sides | None:
        """The lengths of both sides; None where there is no such measure."""
        return next((self.measures[name] for name in LENGTHS if name in self.measures), None)


@dataclass(frozen=True)
class Votes:
    """N votes of people: on which item, by whom (labels), and the credit of side a: 1, 0, or ½ for a tie."""

    item: Ints
    voter: Ints
    credit: Floats

    def __post_init__(self) -> None:
        """Raises ValueError for arrays of different lengths or a credit outside [0, 1]."""
        if not len(self.item) == len(self.voter) == len(self.credit):
            raise ValueError("item, voter and credit must have one length")
        if not np.all((self.credit >= 0) & (self.credit <= 1)):
            raise ValueError("the credit of a vote must lie in [0, 1]")

    def __len__(self) -> int:
        return len(self.item)

    def take(self, rows: NDArray[Any]) -> Votes:
        """The votes at `rows`, places or a mask."""
        return Votes(self.item[rows], self.voter[rows], self.credit[rows])

    def counts(self, size: int) -> Floats:
        """(size, 3) votes on each item for b, for a tie, and for a."""
        key = self.item * 3 + outcome(self.credit)
        return np.bincount(key, minlength=3 * size).reshape(size, 3).astype(np.float64)

    def means(self, size: int) -> Floats:
        """(size,) mean credit of each item, NaN without a vote."""
        return mean_by(self.item, self.credit, size)


NO_VOTES = Votes(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0))


@dataclass(frozen=True)
class Calls:
    """N verdicts of one judge: on which item, the credit of side a (NaN unscored), and how it was asked.

    `swapped`: side b was in the first slot. `repeat`: the how-manieth time, from 0.
    """

    item: Ints
    credit: Floats
    swapped: NDArray[np.bool_]
    repeat: Ints

    def __post_init__(self) -> None:
        """Raises ValueError for arrays of different lengths or a credit outside [0, 1]."""
        if not len(self.item) == len(self.credit) == len(self.swapped) == len(self.repeat):
            raise ValueError("item, credit, swapped and repeat must have one length")
        known = self.credit[~np.isnan(self.credit)]
        if not np.all((known >= 0) & (known <= 1)):
            raise ValueError("the credit of a verdict must lie in [0, 1]")

    def __len__(self) -> int:
        return len(self.item)

    @classmethod
    def of_credit(cls, credit: Floats) -> Calls:
        """One verdict an item, side a in the first slot."""
        size = len(credit)
        return cls(np.arange(size), credit, np.zeros(size, dtype=np.bool_), np.zeros(size, dtype=np.int64))

    @property
    def scored(self) -> NDArray[np.bool_]:
        """(N,) whether there is a number."""
        return ~np.isnan(self.credit)

    @property
    def first(self) -> Floats:
        """(N,) credit of the first slot."""
        return np.where(self.swapped, 1 - self.credit, self.credit)

    def take(self, rows: NDArray[Any]) -> Calls:
        """The verdicts at `rows`, places or a mask."""
        return Calls(self.item[rows], self.credit[rows], self.swapped[rows], self.repeat[rows])

    def means(self, size: int) -> Floats:
        """(size,) the judge's credit of each item, NaN where nothing is scored; both orders weigh the same.

        So two verdicts that go with the slot and not with the answer are a tie.
        """
        known = self.take(self.scored)
        orders = [
            mean_by(known.item[known.swapped == way], known.credit[known.swapped == way], size) for way in (False, True)
        ]
        count = sum((~np.isnan(order)).astype(np.int64) for order in orders)
        total = sum(np.nan_to_num(order) for order in orders)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def mean_by(place: Ints, values: Floats, size: int) -> Floats:
    """(size,) mean of the values at each place, NaN where there is none."""
    count = np.bincount(place, minlength=size)
    total = np.bincount(place, values, size)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def side(credit: Floats) -> Floats:
    """1 for side a, −1 for side b, 0 for a tie, NaN for no verdict."""
    return np.where(np.abs(credit - 0.5) <= LEVEL, 0.0, np.sign(credit - 0.5))


def outcome(credit: Floats) -> Ints:
    """0 for b, 1 for a tie, 2 for a. Credits must be numbers."""
    return (side(credit) + 1).astype(np.int64)


def forced(first: Floats, second: Floats) -> Floats:
    """1 where both sides are the same, 0 where they are opposite, ½ where either is a tie; NaN where one is missing.

    It is what a forced choice would score on average with ties broken by a coin, as AlpacaEval's evaluators break
    them; so ½ is chance.
    """
    return (1 + side(first) * side(second)) / 2
