"""Majority vote over k of n stored answers, exactly: a sum over all subsets by polynomials, no simulation."""

from __future__ import annotations

from functools import lru_cache
from math import comb

import numpy as np

from leaderboard.ratings.variation.tables import Floats, Ints

NO_ANSWER = -1
"""Label of a sample that states no answer: it is drawn like the others, and votes for nothing."""
MOST = 1000
"""Samples per prompt up to which numbers of subsets fit into a float."""
LONG = 10
"""Coefficients beyond which one product with a matrix is faster than a sum of shifts."""

Tally = tuple[tuple[int, float], ...]
"""Of each answer: how many samples give it, and its truth."""


def tally_of(labels: Ints, truth: Floats) -> tuple[Tally, int]:
    """Answers of one prompt, sorted, and the number of samples without one.

    `labels` (n,): equal for equal normalised answers, `NO_ANSWER` for none. Where samples with one answer differ in
    `truth` (n,), the answer has their mean: the vote shows one of them at random.
    """
    votes = labels != NO_ANSWER
    names, place = np.unique(labels[votes], return_inverse=True)
    count = np.bincount(place, minlength=len(names))
    sums = np.bincount(place, weights=truth[votes], minlength=len(names))
    answers = sorted((int(c), float(s / c)) for c, s in zip(count, sums, strict=True))
    return tuple(answers), int(np.sum(~votes))


@lru_cache(maxsize=65536)
def expected_majority(answers: Tally, without: int, ks: tuple[int, ...]) -> Floats:
    """(K,) expected truth of the most frequent answer among k drawn without replacement, for each k; read-only.

    Tied answers are chosen among at random; where no drawn sample states an answer the truth is 0 (self-consistency,
    Wang et al. 2023, arXiv 2203.11171). For each t the subsets whose largest vote is t are counted by multiplying
    one polynomial an answer, Σ_{c<t} C(m, c)·x^c for those below and C(m, t)·x^t for one at the top, while the number
    at the top and the sum of their truth are carried along. Every term is positive where truth is, so nothing cancels.

    Raises: ValueError where a k is not in 1…n or n is above `MOST`.
    """
    n = without + sum(count for count, _ in answers)
    if n > MOST:
        raise ValueError(f"a majority vote is counted for at most {MOST} samples a prompt")
    if any(not 1 <= k <= n for k in ks):
        raise ValueError(f"k must lie between 1 and {n}")
    if not answers:
        return np.zeros(len(ks))
    degree = max((k for k in ks if k < n), default=0)
    ranked = sorted(answers, reverse=True)
    largest, runner_up = ranked[0][0], ranked[1][0] if len(ranked) > 1 else 0
    total = _beyond(ranked[0], runner_up, n, degree)
    for top in range(1, min(degree, runner_up) + 1):
        total += _with_top(answers, without, top, degree)
    whole = float(np.mean([truth for count, truth in answers if count == largest]))
    found = np.array([whole if k == n else total[k] / comb(n, k) for k in ks])
    found.flags.writeable = False
    return found


def _beyond(leader: tuple[int, float], runner_up: int, n: int, degree: int) -> Floats:
    """(degree+1,) as `_with_top` over every largest vote above what any other answer can get."""
    count, truth = leader
    ways = _binomials(count, degree).copy()
    ways[: runner_up + 1] = 0.0
    return np.asarray(truth * np.convolve(ways, _padded(_binomials(n - count, degree), degree))[: degree + 1])


def _with_top(answers: Tally, without: int, top: int, degree: int) -> Floats:
    """(degree+1,) by subset size: sum over the subsets with largest vote `top` of the mean truth at the top.

    `state` (2, J, E): by how many answers are at the top, and how many samples are drawn beside theirs, the number of
    subsets and the sum of their truth.
    """
    low = without + sum(count for count, _ in answers if count < top)
    contenders = [(count, truth) for count, truth in answers if count >= top]
    room, beside = min(len(contenders), degree // top), min(degree, low + len(contenders) * (top - 1))
    state = np.zeros((2, 1, beside + 1))
    state[0, 0, : low + 1] = _binomials(low, beside)
    for count, truth in contenders:
        height = state.shape[1]
        grown = np.empty((2, min(height, room) + 1, beside + 1))
        grown[:, height:] = 0.0
        _times(state, _binomials(count, top - 1), grown[:, :height])
        reached = state[:, : grown.shape[1] - 1] * float(comb(count, top))
        grown[:, 1:] += reached
        if truth:
            grown[1, 1:] += reached[0] if truth == 1.0 else truth * reached[0]
        state = grown
    found = np.zeros(degree + 1)
    for tied in range(1, state.shape[1]):
        size = min(beside, degree - top * tied) + 1
        found[top * tied : top * tied + size] += state[1, tied, :size] / tied
    return found


@lru_cache(maxsize=4096)
def _binomials(n: int, degree: int) -> Floats:
    """C(n, 0), …, C(n, min(n, degree)); kept, so it cannot be written to."""
    row = np.array([float(comb(n, c)) for c in range(min(n, degree) + 1)])
    row.flags.writeable = False
    return row


def _padded(row: Floats, degree: int) -> Floats:
    return np.concatenate([row, np.zeros(degree + 1 - len(row))])


def _times(rows: Floats, factor: Floats, found: Floats) -> None:
    """Writes into `found` polynomials in ascending powers along the last axis, times `factor`, cut to their length."""
    size = rows.shape[-1]
    if len(factor) > LONG:
        found[...] = (rows.reshape(-1, size) @ _shifted(factor, size)).reshape(rows.shape)
        return
    np.multiply(rows, factor[0], out=found)
    for power in range(1, min(len(factor), size)):
        found[..., power:] += factor[power] * rows[..., :-power]


def _shifted(factor: Floats, size: int) -> Floats:
    """(size, size) whose row e holds the factor from power −e on, so that a product with it multiplies polynomials."""
    padded = np.zeros(2 * size)
    padded[size : size + len(factor)] = factor[:size]
    # A plain view takes a tenth of the time of numpy's own windows, and this is made for each factor.
    step = padded.itemsize
    return np.ndarray((size, size), padded.dtype, padded, size * step, (-step, step))
