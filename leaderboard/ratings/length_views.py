"""Which verdicts enter a length-controlled fit: each entry's battles against the baseline, by prompt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leaderboard.contracts.said import said
from leaderboard.ratings.battles import Battles
from leaderboard.ratings.difficulty import Ints, Verdicts
from leaderboard.ratings.logistic import Floats

NO_SPREAD = 1e-9
"""A spread of length differences below it, as a share of the largest difference, is rounding."""


@dataclass(frozen=True)
class Prompts:
    """The P prompts of a board: `unit` (P,) is what the bootstrap draws, 0…`units` − 1, for each prompt."""

    unit: Ints
    units: int

    @property
    def size(self) -> int:
        """P."""
        return len(self.unit)


@dataclass(frozen=True)
class View:
    """One entry's battles against the baseline, from its own side, in the order of the board; all (n,).

    `delta` = the baseline's measure less the entry's; `prompt` in 0…P−1; `weight`, 1 over the rows of the
    prompt, so that a prompt judged in both orders counts once.
    """

    credit: Floats
    delta: Floats
    prompt: Ints
    weight: Floats

    @property
    def prompts(self) -> int:
        """How many different prompts were judged."""
        return int(np.count_nonzero(np.bincount(self.prompt)))

    @property
    def raw(self) -> float | None:
        """Win rate in points, each prompt counted once; None without battles."""
        return 100 * float(np.average(self.credit, weights=self.weight)) if len(self.credit) else None

    def once(self) -> View:
        """The same battles, each counted in full."""
        return View(self.credit, self.delta, self.prompt, np.ones(len(self.credit)))

    def std_delta(self) -> float:
        """Standard deviation of `delta`, ddof 1, each prompt counted once; 0 where it does not vary."""
        total = float(np.sum(self.weight))
        if total <= 1 + NO_SPREAD:
            return 0.0
        mean = np.average(self.delta, weights=self.weight)
        spread = float(np.sqrt(np.sum(self.weight * (self.delta - mean) ** 2) / (total - 1)))
        return spread if spread > NO_SPREAD * np.max(np.abs(self.delta)) else 0.0

    def length(self) -> Floats:
        """(n,) tanh of the standardised `delta`; 0 where it does not vary."""
        spread = self.std_delta()
        return np.tanh(self.delta / spread) if spread else np.zeros(len(self.delta))


def views(battles: Battles, baseline: str, measure: str) -> tuple[Prompts, tuple[View, ...]]:
    """The prompts, and one `View` an entrant in the order of `names`; the baseline's own is empty.

    Battles with a length that is not known (NaN) are left out.

    Raises: ValueError where the baseline is not among the entrants, the measure is not there, or a prompt lies
    outside the difficulties.
    """
    if baseline not in battles.names:
        raise ValueError(said("The baseline '{baseline}' is not among the entrants.", baseline=baseline))
    if measure not in battles.measures:
        raise ValueError(said("The battles carry no lengths: there is no measure '{measure}'.", measure=measure))
    prompts, place = _prompts(battles)
    home = battles.names.index(baseline)
    flipped = battles.a == home
    left, right = battles.measures[measure]
    delta = np.where(flipped, left - right, right - left)
    credit = np.where(flipped, 1 - battles.credit, battles.credit)
    entry = np.where(flipped, battles.b, battles.a)
    kept = np.flatnonzero((flipped | (battles.b == home)) & np.isfinite(delta))
    order = kept[np.argsort(entry[kept], kind="stable")]
    parts = np.split(order, np.searchsorted(entry[order], np.arange(1, len(battles.names))))
    return prompts, tuple(_view(credit[rows], delta[rows], place[rows]) for rows in parts)


def verdicts(board: tuple[View, ...]) -> Verdicts:
    """The rows of every entry whose lengths vary, for `difficulty.fit_difficulty`; entries numbered anew."""
    usable = [view for view in board if view.std_delta()]
    if not usable:
        empty = np.zeros(0)
        return Verdicts(empty.astype(np.int64), empty.astype(np.int64), empty, empty, empty)
    return Verdicts(
        entry=np.repeat(np.arange(len(usable)), [len(view.credit) for view in usable]),
        prompt=np.concatenate([view.prompt for view in usable]),
        credit=np.concatenate([view.credit for view in usable]),
        length=np.concatenate([view.length() for view in usable]),
        weight=np.concatenate([view.weight for view in usable]),
    )


def _view(credit: Floats, delta: Floats, prompt: Ints) -> View:
    weight = 1 / np.bincount(prompt)[prompt] if len(prompt) else np.zeros(0)
    return View(credit, delta, prompt, weight)


def _prompts(battles: Battles) -> tuple[Prompts, Ints]:
    """The prompts and the (n,) place of each row among them; without prompts, a cluster is a prompt."""
    rows = np.arange(len(battles.a))
    cluster = rows if battles.cluster is None else battles.cluster
    place = cluster if battles.prompt is None else battles.prompt
    if battles.difficulty is None or battles.prompt is None:
        _, place = np.unique(place, return_inverse=True)
        size = int(place.max(initial=-1)) + 1
    else:
        size = len(battles.difficulty)
        if len(place) and not 0 <= place.min() <= place.max() < size:
            raise ValueError(said("A prompt lies outside the {size} difficulties.", size=size))
    own = Prompts(np.arange(size), size)
    return (own if battles.cluster is None else _units(place, cluster, own)), place


def _units(place: NDArray[np.int64], cluster: NDArray[np.int64], own: Prompts) -> Prompts:
    """Clusters are drawn, or prompts (`own`) where one prompt lies in several clusters."""
    _, code = np.unique(cluster, return_inverse=True)
    clusters = int(code.max(initial=-1)) + 1
    met = np.unique(place.astype(np.int64) * max(clusters, 1) + code)
    if len(met) != len(np.unique(place)):
        return own
    unit = np.full(own.size, -1)
    unit[place] = code
    alone = np.flatnonzero(unit < 0)
    unit[alone] = clusters + np.arange(len(alone))
    return Prompts(unit, clusters + len(alone))
