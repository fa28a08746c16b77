"""Rank groups: the places that an interval leaves possible, for any values with a low and a high end."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leaderboard.ratings.battles import Rating


def rank_groups(low: ArrayLike, high: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Best and worst possible rank, each (K,), counted from 1, of K intervals.

    rank_low = 1 + #{j: low_j > high_i}; rank_high = K − #{j: high_j < low_i} (Chatbot Arena, arXiv
    2403.04132). An interval that is not known is given as −inf and inf.

    Raises: ValueError where the shapes differ, or a bound is NaN, or low exceeds high.
    """
    lows, highs = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
    if lows.shape != highs.shape or lows.ndim != 1:
        raise ValueError("low and high must be one-dimensional and have one length")
    if not np.all(lows <= highs):
        raise ValueError("each low must be a number and no larger than its high")
    above = len(lows) - np.searchsorted(np.sort(lows), highs, side="right")
    below = np.searchsorted(np.sort(highs), lows, side="left")
    return (1 + above).astype(np.int64), (len(lows) - below).astype(np.int64)


def with_ranks(ratings: Sequence[Rating], groups: Sequence[Hashable] | None = None) -> tuple[Rating, ...]:
    """The ratings with their rank groups, each ranked against those of its own group (one for all by default).

    A rating without a value gets no rank and counts for nobody; one without an interval may stand anywhere.
    """
    labels = groups if groups is not None else [0] * len(ratings)
    places: dict[Hashable, list[int]] = {}
    for place, (rating, label) in enumerate(zip(ratings, labels, strict=True)):
        if rating.value is not None:
            places.setdefault(label, []).append(place)
    ranked = list(ratings)
    for members in places.values():
        for place, rating in zip(members, _ranked([ratings[i] for i in members]), strict=True):
            ranked[place] = rating
    return tuple(ranked)


def _ranked(ratings: Sequence[Rating]) -> list[Rating]:
    low = [-np.inf if rating.low is None else rating.low for rating in ratings]
    high = [np.inf if rating.high is None else rating.high for rating in ratings]
    best, worst = rank_groups(low, high)
    return [
        dataclasses.replace(rating, rank_low=int(first), rank_high=int(last))
        for rating, first, last in zip(ratings, best, worst, strict=True)
    ]
