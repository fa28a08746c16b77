"""How far a metric of a board can be moved by asking the same model for longer or shorter answers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from leaderboard.contracts.said import said

VERBOSE, CONCISE = "_verbose", "_concise"


@dataclass(frozen=True)
class Gameability:
    """Relative spread in %, lower is better; both None where it is not defined, and `reason` says why.

    `bases`: the entries that have both variants, in ascending order.
    """

    verbose: float | None
    concise: float | None
    bases: tuple[str, ...]
    reason: str = ""


def length_gameability(
    metric: Mapping[str, float], win_rates: Mapping[str, float], suffixes: tuple[str, str] = (VERBOSE, CONCISE)
) -> Gameability:
    """Length gameability of `metric` by name (AlpacaEval 2, arXiv 2404.04475).

    100 · mean over bases of sd/mean of (base, variant) · sd(win rate)/sd(metric), every sd with ddof 1. A base is
    an entry whose variants, its name with either of `suffixes` (verbose, concise), are entries too. The last ratio
    puts metrics of different spread on the scale of the raw win rate; it is over all entries with both numbers,
    the verbose variants left out.

    Raises: ValueError where the suffixes are equal or empty, or a number is not finite.
    """
    _check(metric, win_rates, suffixes)
    bases = tuple(sorted(name for name in metric if all(name + suffix in metric for suffix in suffixes)))
    scale, reason = _scale(metric, win_rates, suffixes[0])
    if not bases:
        reason = said("No entry has both a '{first}' and a '{second}' variant.", first=suffixes[0], second=suffixes[1])
    elif any(metric[base] + metric[base + suffix] <= 0 for base in bases for suffix in suffixes):
        reason = said("A base and its variant have a mean that is not positive, so no relative spread.")
    if reason:
        return Gameability(None, None, bases, reason)
    verbose, concise = (100 * scale * _spread(metric, bases, suffix) for suffix in suffixes)
    return Gameability(verbose, concise, bases)


def _check(metric: Mapping[str, float], win_rates: Mapping[str, float], suffixes: tuple[str, str]) -> None:
    if not all(suffixes) or suffixes[0] == suffixes[1]:
        raise ValueError("The two suffixes must differ and must not be empty.")
    for name, value in [*metric.items(), *win_rates.items()]:
        if not math.isfinite(value):
            raise ValueError(f"The number of '{name}' is not finite.")


def _scale(metric: Mapping[str, float], win_rates: Mapping[str, float], left_out: str) -> tuple[float, str]:
    """sd(win rate)/sd(metric), and why there is none."""
    # sorted, so that the order of the entries moves no last digit
    names = sorted(name for name in metric if name in win_rates and not name.endswith(left_out))
    if len(names) < 2:
        return math.nan, said("Fewer than two entries have both numbers.")
    own, raw = (float(np.std([board[name] for name in names], ddof=1)) for board in (metric, win_rates))
    if not (own and raw):
        return math.nan, said("The metric or the win rate is the same for every entry.")
    return raw / own, ""


def _spread(metric: Mapping[str, float], bases: Sequence[str], suffix: str) -> float:
    """Mean over the bases of sd/mean of the pair; the sd of two numbers is |x − y|/√2, ddof 1."""
    pairs = [(metric[base], metric[base + suffix]) for base in bases]
    return float(np.mean([abs(x - y) / math.sqrt(2) / ((x + y) / 2) for x, y in pairs]))
