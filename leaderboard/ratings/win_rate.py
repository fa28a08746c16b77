"""Win rate: the mean credit of an entrant against a baseline, or against everyone it met."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from leaderboard.contracts.params import Params
from leaderboard.contracts.said import said
from leaderboard.ratings.battles import Battles, Rating, RatingTable
from leaderboard.ratings.intervals import IntervalParams, mean_with_se, z_value
from leaderboard.ratings.ranks import with_ranks


class WinRateParams(IntervalParams):
    """Settings of `WinRate`."""

    baseline: str = Field(
        default="", title="Baseline", description="Entrant to compare with; empty counts every battle of an entrant."
    )


@dataclass(frozen=True)
class Outcomes:
    """Whole wins, losses and draws of one entrant, as AlpacaEval counts them."""

    n_wins: int
    n_wins_base: int
    n_draws: int

    @property
    def discrete_win_rate(self) -> float:
        """100 · (wins + draws/2) / n, in points."""
        total = self.n_wins + self.n_wins_base + self.n_draws
        return 100 * (self.n_wins + self.n_draws / 2) / total


@dataclass(frozen=True)
class Side:
    """One entrant's battles seen from its own side: (n,) `credit` in [0, 1] and (n,) `cluster`."""

    credit: NDArray[np.float64]
    cluster: NDArray[np.int64]


def sides(battles: Battles, baseline: str = "") -> tuple[Side, ...]:
    """One `Side` an entrant, in the order of `names`; with a baseline, only the rows against it.

    Raises: ValueError where the baseline is not among the entrants.
    """
    own = np.concatenate([battles.a, battles.b])
    other = np.concatenate([battles.b, battles.a])
    credit = np.concatenate([battles.credit, 1 - battles.credit])
    cluster = np.concatenate([battles.labels, battles.labels])
    if baseline:
        rows = np.flatnonzero(other == _place(battles, baseline))
        own, credit, cluster = own[rows], credit[rows], cluster[rows]
    order = np.argsort(own, kind="stable")
    cuts = np.searchsorted(own[order], np.arange(1, len(battles.names)))
    parts = zip(np.split(credit[order], cuts), np.split(cluster[order], cuts), strict=True)
    return tuple(Side(*part) for part in parts)[: len(battles.names)]


def win_rate(side: Side) -> tuple[float, float | None]:
    """100 · mean credit and its standard error in points (formula: `intervals.mean_with_se`).

    Raises: ValueError where the side has no battles.
    """
    mean, se = mean_with_se(side.credit, side.cluster)
    return 100 * mean, None if se is None else 100 * se


def outcomes(side: Side) -> Outcomes:
    """Wins above 0.5, draws at exactly 0.5, losses below (AlpacaEval 2, arXiv 2404.04475)."""
    return Outcomes(
        n_wins=int(np.sum(side.credit > 0.5)),
        n_wins_base=int(np.sum(side.credit < 0.5)),
        n_draws=int(np.sum(side.credit == 0.5)),
    )


class WinRate:
    """Plugin. `extra["outcomes"]`: by name the whole wins, losses (`n_wins_base`), draws and their win rate."""

    name: ClassVar[str] = "win-rate"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Win rate: mean credit against a baseline"
    Params: ClassVar[type[Params]] = WinRateParams

    def __init__(self, params: WinRateParams) -> None:
        self.params = params

    def rate(self, battles: Battles) -> RatingTable:
        """The table, in the order of `names`.

        Raises: ValueError where the baseline is not among the entrants.
        """
        views = sides(battles, self.params.baseline)
        ratings = [self._rating(name, view) for name, view in zip(battles.names, views, strict=True)]
        if self.params.baseline:
            place = _place(battles, self.params.baseline)
            met = int(np.sum((battles.a == place) | (battles.b == place)))
            ratings[place] = Rating(self.params.baseline, 50.0, 0.0, 50.0, 50.0, met, note=said("The baseline itself."))
        return RatingTable(
            method=self.name,
            version=self.version,
            params=self.params.canonical(),
            ratings=with_ranks(ratings),
            extra={"outcomes": _counted(battles.names, views)},
        )

    def _rating(self, name: str, side: Side) -> Rating:
        if not len(side.credit):
            why = said("No battles against the baseline.") if self.params.baseline else said("No battles.")
            return Rating(name, None, None, None, None, 0, note=why)
        value, se = win_rate(side)
        n = len(side.credit)
        if se is None:
            return Rating(name, value, None, None, None, n, note=said("One battle or one cluster only: no interval."))
        reach = z_value(self.params.confidence) * se
        note: str = said("Every verdict is the same, so the interval says nothing.") if _constant(side) else ""
        return Rating(name, value, se, max(0.0, value - reach), min(100.0, value + reach), n, note=note)


def _constant(side: Side) -> bool:
    return bool(np.all(side.credit == side.credit[0]))


def _place(battles: Battles, name: str) -> int:
    if name not in battles.names:
        raise ValueError(said("The baseline '{name}' is not among the entrants.", name=name))
    return battles.names.index(name)


def _counted(names: tuple[str, ...], views: tuple[Side, ...]) -> dict[str, dict[str, float | int]]:
    table: dict[str, dict[str, float | int]] = {}
    for name, view in zip(names, views, strict=True):
        if len(view.credit):
            found = outcomes(view)
            table[name] = {
                "discrete_win_rate": found.discrete_win_rate,
                "n_wins": found.n_wins,
                "n_wins_base": found.n_wins_base,
                "n_draws": found.n_draws,
            }
    return table
