"""Plugin: Bradley–Terry ratings in points, with intervals, rank groups and style control."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from leaderboard.contracts.params import Params
from leaderboard.contracts.said import joined, said
from leaderboard.ratings.battles import Battles, Rating, RatingTable
from leaderboard.ratings.bootstrap import bootstrap
from leaderboard.ratings.intervals import IntervalParams, z_value
from leaderboard.ratings.pairs import Floats
from leaderboard.ratings.ranks import with_ranks
from leaderboard.ratings.strengths import SCALE, Fit, fit
from leaderboard.ratings.style import StyledFit, fit_styled

CENTRE = 1000.0
FEW_CLUSTERS = 30
"""Below this many clusters a sandwich interval is known to be too narrow."""
NO_SPREAD = 1e-4
"""Points; a standard error below it comes of verdicts without any spread, such as ties alone."""
LEAST_SHARE = 0.5
"""Share of replicates that must give a rating for a bootstrap interval."""


class BradleyTerryParams(IntervalParams):
    """Settings of `BradleyTerry`."""

    anchor: str = Field(
        default="", title="Anchor", description="Entrant held at 1000; empty puts the mean of all entrants at 1000."
    )
    weights: Literal["none", "inverse-pair"] = Field(
        default="none",
        title="Weights",
        description="inverse-pair weights a battle by 1/max(battles of its pair, 50), so that busy pairs count less.",
    )
    interval: Literal["sandwich", "bootstrap"] = Field(
        default="sandwich", title="Interval", description="From the sandwich covariance or from Poisson replicates."
    )
    replicates: int = Field(default=1000, ge=20, le=100_000, title="Replicates", description="Of the bootstrap.")
    seed: int = Field(default=0, ge=0, title="Seed", description="Of the bootstrap.")
    style: tuple[str, ...] = Field(
        default=(), title="Style", description="Measures to hold equal, such as tokens, header, list, bold."
    )
    ridge: float = Field(
        default=0.0, ge=0, title="Ridge", description="Precision of a normal prior on each style coefficient."
    )

    @model_validator(mode="after")
    def _fits(self) -> BradleyTerryParams:
        if self.style and (self.interval == "bootstrap" or self.weights != "none"):
            raise ValueError("style control takes sandwich intervals and no weights")
        return self


class BradleyTerry:
    """Plugin. The ranking of record for battles among many.

    The anchor moves the scale only: intervals stay those of the sum-to-zero gauge, so ranks do not depend
    on it. For a claim about two entrants use `fit(battles).contrast_se(i, j)`.

    `extra`: `components` (lists of names, largest first), `clustered`, `n_clusters`; with style control
    `style` (name, beta, se, low, high in logits, scale), `style_dropped`, and `plain` (name to value and
    rank_low, rank_high without style control); with the bootstrap `degenerate`, the replicates left out.
    """

    name: ClassVar[str] = "bradley-terry"
    version: ClassVar[str] = "2"
    title: ClassVar[str] = "Bradley–Terry rating with cluster-robust intervals"
    Params: ClassVar[type[Params]] = BradleyTerryParams

    def __init__(self, params: BradleyTerryParams) -> None:
        self.params = params

    def rate(self, battles: Battles) -> RatingTable:
        """The table, in the order of `names`.

        Raises: ValueError where the anchor is not among the entrants, or style control is not possible.
        """
        self._check_anchor(battles.names)
        plain = fit(battles, even=self.params.weights == "inverse-pair")
        if self.params.style:
            return self._styled(battles, plain)
        draws = self._draws(battles, plain) if self.params.interval == "bootstrap" else None
        return self.table(plain, draws)

    def table(self, result: Fit, draws: Floats | None = None) -> RatingTable:
        """The table of a fit; `draws` (R, K) are bootstrap replicates in logits."""
        self._check_anchor(result.names)
        shift = self._shift(result)
        ratings = [self._rating(result, place, shift, draws) for place in range(len(result.names))]
        extra = _extra(result)
        if draws is not None:
            extra["degenerate"] = _degenerate(result, draws)
        return RatingTable(
            method=self.name,
            version=self.version,
            params=self.params.canonical(),
            ratings=with_ranks(ratings, result.component.tolist()),
            notes=self._notes(result, extra),
            extra=extra,
        )

    def _check_anchor(self, names: tuple[str, ...]) -> None:
        if self.params.anchor and self.params.anchor not in names:
            raise ValueError(said("The anchor '{anchor}' is not among the entrants.", anchor=self.params.anchor))

    def _styled(self, battles: Battles, plain: Fit) -> RatingTable:
        styled = fit_styled(battles, plain, self.params.style, ridge=self.params.ridge)
        table, before = self.table(styled.fit), self.table(plain)
        extra = {**table.extra, **self._style_extra(styled), "plain": _ranks_of(before)}
        gone = [said("The measure '{name}' never differs, so it is left out.", name=name) for name in styled.dropped]
        return RatingTable(table.method, table.version, table.params, table.ratings, (*table.notes, *gone), extra)

    def _style_extra(self, styled: StyledFit) -> dict[str, Any]:
        z = z_value(self.params.confidence)
        rows = [
            {**vars(effect), "low": effect.beta - z * effect.se, "high": effect.beta + z * effect.se}
            for effect in styled.effects
        ]
        return {"style": rows, "style_dropped": list(styled.dropped)}

    def _draws(self, battles: Battles, plain: Fit) -> Floats:
        even = self.params.weights == "inverse-pair"
        return bootstrap(battles, plain, self.params.replicates, self.params.seed, even=even)

    def _shift(self, result: Fit) -> Floats:
        """(K,) points to add to each rating: 1000, less the anchor's own in the anchor's component."""
        shift = np.full(len(result.names), CENTRE)
        if self.params.anchor:
            place = result.names.index(self.params.anchor)
            shift[result.members(place)] -= SCALE * result.theta[place]
        return shift

    def _rating(self, result: Fit, place: int, shift: Floats, draws: Floats | None) -> Rating:
        name, n = result.names[place], int(result.n[place])
        if not result.used[place]:
            return Rating(name, None, None, None, None, n, note=_why_unrated(n))
        value = float(shift[place] + SCALE * result.theta[place])
        spread = self._spread(result, place, draws)
        note = _note(result, place, spread)
        if spread is None:
            return Rating(name, value, None, None, None, n, note=note)
        return Rating(name, value, spread.se, value + spread.low, value + spread.high, n, note=note)

    def _spread(self, result: Fit, place: int, draws: Floats | None) -> _Spread | None:
        se = result.se(place)
        if se is None:
            return None
        if draws is None:
            reach = z_value(self.params.confidence) * se
            return _Spread(se, -reach, reach)
        found = SCALE * (draws[:, place] - result.theta[place])
        found = found[~np.isnan(found)]
        if len(found) < max(2, LEAST_SHARE * len(draws)):
            return None
        tail = (1 - self.params.confidence) / 2
        low, high = np.quantile(found, [tail, 1 - tail])
        return _Spread(float(np.std(found, ddof=1)), float(low), float(high))

    def _notes(self, result: Fit, extra: dict[str, Any]) -> tuple[str, ...]:
        notes = []
        if not result.connected:
            groups = len(np.unique(result.component))
            notes.append(
                said(
                    "The battles do not put all entrants on one scale: {groups} groups of them are rated apart.",
                    groups=groups,
                )
            )
            if self.params.anchor:
                notes.append(said("Only the anchor's own group is anchored; in every other group the mean is 1000."))
        if result.clustered and result.n_clusters < FEW_CLUSTERS:
            notes.append(
                said("Only {n_clusters} clusters: the intervals are likely too narrow.", n_clusters=result.n_clusters)
            )
        if extra.get("degenerate"):
            notes.append(
                said(
                    "{degenerate} replicates fell into unconnected parts and are left out.",
                    degenerate=extra["degenerate"],
                )
            )
        return tuple(notes)


@dataclass(frozen=True)
class _Spread:
    """Points: standard error, and both ends of the interval as seen from the value."""

    se: float
    low: float
    high: float


def _why_unrated(n: int) -> str:
    if not n:
        return said("No battles.")
    return said(
        "Rated apart, and alone: no chain of wins or ties leads from it to another entrant and back, as when "
        "it won, or lost, every battle."
    )


def _note(result: Fit, place: int, spread: _Spread | None) -> str:
    parts = []
    if not result.connected:
        size, n, used = len(result.members(place)), result.n[place], result.used[place]
        parts.append(
            said(
                "Rated apart, among {size} of {n_names} entrants; {used} of its {n} battles count.",
                size=size,
                n_names=len(result.names),
                used=used,
                n=n,
            )
        )
    if spread is None and result.clusters[place] < 2:
        parts.append(said("One battle or one cluster only: no interval."))
    elif spread is None:
        parts.append(said("Most replicates do not tie the entrants together: no interval."))
    elif spread.se < NO_SPREAD:
        parts.append(said("Every verdict is the same, so the interval says nothing."))
    return joined(parts)


def _degenerate(result: Fit, draws: Floats) -> int:
    """Replicates that gave no rating to someone who has one."""
    rated = result.used > 0
    return int(np.sum(np.isnan(draws[:, rated]).any(axis=1)))


def _ranks_of(table: RatingTable) -> dict[str, dict[str, float | int | None]]:
    return {r.name: {"value": r.value, "rank_low": r.rank_low, "rank_high": r.rank_high} for r in table.ratings}


def _extra(result: Fit) -> dict[str, Any]:
    groups = [
        [result.names[place] for place in np.flatnonzero(result.component == label)]
        for label in np.unique(result.component)
    ]
    return {
        "components": sorted(groups, key=lambda group: (-len(group), group)),
        "clustered": result.clustered,
        "n_clusters": result.n_clusters,
    }
