"""Checks of raters."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from leaderboard.contracts.conformance.shared import Given, build, expect


def check_rater(cls: Any, params: Given, battles: Any) -> None:
    """A rater: every entrant once, sound intervals, and no difference between sides a and b.

    `battles`: a `leaderboard.ratings.battles.Battles`.
    """
    rater, who = build(cls, params)
    before = [column.copy() for column in (battles.a, battles.b, battles.credit, battles.cluster)]
    table, again = rater.rate(battles), rater.rate(battles)
    after = (battles.a, battles.b, battles.credit, battles.cluster)
    expect(all((x == y).all() for x, y in zip(before, after, strict=True)), f"{who} changes the arrays it is given.")
    names = sorted(rating.name for rating in table.ratings)
    expect(names == sorted(battles.names), f"{who} must rate every entrant once; it gives {names}.")
    expect(_values(table) == _values(again), f"{who} gives another rating the second time.")
    for rating in table.ratings:
        _check_rating(rating, who)
    turned = rater.rate(replace(battles, a=battles.b, b=battles.a, credit=1.0 - battles.credit))
    for name, value in _values(table).items():
        other = _values(turned)[name]
        same = value == other or (value is not None and other is not None and math.isclose(value, other, abs_tol=1e-3))
        expect(same, f"{who} rates {name!r} {value}, and {other} with sides a and b exchanged.")


def _values(table: Any) -> dict[str, float | None]:
    return {rating.name: rating.value for rating in table.ratings}


def _check_rating(rating: Any, who: str) -> None:
    if rating.value is None:
        expect(bool(rating.note), f"{who} gives {rating.name!r} no value and no note that says why.")
        return
    numbers = [number for number in (rating.low, rating.value, rating.high) if number is not None]
    expect(all(map(math.isfinite, numbers)), f"{who} gives {rating.name!r} a number that is not finite.")
    expect(numbers == sorted(numbers), f"{who}: the value of {rating.name!r} lies outside its own interval.")
