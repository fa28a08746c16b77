"""What votes show beside ratings: agreement with judges, votes per day, and which answers were both bad."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leaderboard.ratings.agreement.verdicts import forced
from leaderboard.ratings.intervals import mean_with_se, z_value

DAY_SECONDS = 86_400
CONFIDENCE = 0.95
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Agreed:
    """How often a judge chose people's majority, as a share of `n` comparisons; a tie on either side is one half.

    `low` and `high` are at 95 %, clustered by prompt; None where there is one prompt only.
    """

    judge: str
    category: str
    share: float
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True)
class Bad:
    """How many of `n` votes on something said that both answers were bad."""

    name: str
    bad: int
    n: int


def agreed(
    judge: str, credit: Floats, people: Floats, *, prompt: Ints, category: NDArray[Any], names: Sequence[str]
) -> list[Agreed]:
    """Over all comparisons (category "") and over each category that has some.

    credit, people (M,): mean credit of side a by the judge and by people, NaN for none. prompt, category (M,).
    """
    same = forced(credit, people)
    known = ~np.isnan(same)
    parts = [("", known), *((name, known & (category == name)) for name in names)]
    return [_agreed(judge, name, same[rows], prompt[rows]) for name, rows in parts if np.any(rows)]


def _agreed(judge: str, category: str, same: Floats, prompt: Ints) -> Agreed:
    mean, se = mean_with_se(same, prompt)
    if se is None:
        return Agreed(judge, category, mean, None, None, len(same))
    reach = z_value(CONFIDENCE) * se
    return Agreed(judge, category, mean, max(0.0, mean - reach), min(1.0, mean + reach), len(same))


def per_day(at: Floats) -> list[tuple[str, int]]:
    """Votes of each day in UTC from the first to the last, days without votes too; `at` (N,) in Unix seconds."""
    if not len(at):
        return []
    day = np.floor(at / DAY_SECONDS).astype(np.int64)
    counts = np.bincount(day - day.min())
    first = np.datetime64(int(day.min()), "D")
    return [(str(first + np.timedelta64(place, "D")), int(n)) for place, n in enumerate(counts)]


def both_bad(place: Ints, bad: NDArray[np.bool_], names: Mapping[int, str]) -> list[Bad]:
    """Of each thing that `place` (N,) names: votes that said both bad, among all; most first."""
    size = max(names, default=-1) + 1
    total, hit = np.bincount(place, minlength=size), np.bincount(place[bad], minlength=size)
    rows = [Bad(names[i], int(hit[i]), int(total[i])) for i in names if total[i]]
    return sorted(rows, key=lambda one: (-one.bad / one.n, -one.n, one.name))
