"""Sequential Elo: a line over time for each entrant. It depends on the order of battles and is never the ranking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from leaderboard.contracts.params import Params
from leaderboard.contracts.said import said
from leaderboard.ratings.battles import Battles, Rating, RatingTable

POINTS_PER_TENFOLD_ODDS = 400.0


class EloParams(Params):
    """Settings of `Elo`."""

    k: float = Field(default=4.0, gt=0, le=128, title="K", description="Most points that one battle can move.")
    start: float = Field(
        default=1000.0, ge=-100_000, le=100_000, title="Start", description="Rating before any battle."
    )
    points: int = Field(default=100, ge=2, le=1000, title="Points", description="Most points kept of each line.")


@dataclass(frozen=True)
class EloLine:
    """One entrant's course: `rating[i]` after `n_battles[i]` battles of its own; starts at 0 battles."""

    name: str
    n_battles: tuple[int, ...]
    rating: tuple[float, ...]


def history(battles: Battles, *, k: float = 4.0, start: float = 1000.0, points: int = 100) -> tuple[EloLine, ...]:
    """One line an entrant, in the order of `names`; battles are played in the order of their rows.

    P(a wins) = 1 / (1 + 10^((R_b − R_a)/400)); R_a gains k · (credit − P), R_b loses the same. Each line
    keeps at most `points` points, evenly spaced, always the first and the last.

    Raises: ValueError where `points` is below 2.
    """
    if points < 2:
        raise ValueError("a line needs at least 2 points")
    after = _play(battles, k, start).ravel()
    own = np.stack([battles.a, battles.b], axis=1).ravel()
    order = np.argsort(own, kind="stable")
    cuts = np.searchsorted(own[order], np.arange(1, len(battles.names)))
    courses = np.split(after[order], cuts)
    return tuple(_line(name, start, course, points) for name, course in zip(battles.names, courses, strict=False))


def _play(battles: Battles, k: float, start: float) -> NDArray[np.float64]:
    """Ratings of both sides after each battle, (n, 2)."""
    now = [start] * len(battles.names)
    after = np.empty((len(battles.credit), 2))
    rows = zip(battles.a.tolist(), battles.b.tolist(), battles.credit.tolist(), strict=True)
    for place, (a, b, credit) in enumerate(rows):
        gain = k * (credit - 1 / (1 + 10 ** ((now[b] - now[a]) / POINTS_PER_TENFOLD_ODDS)))
        now[a] += gain
        now[b] -= gain
        after[place] = now[a], now[b]
    return after


def _line(name: str, start: float, course: NDArray[np.float64], points: int) -> EloLine:
    whole = np.concatenate([[start], course])
    kept = np.unique(np.linspace(0, len(course), min(points, len(whole))).round().astype(np.int64))
    return EloLine(name, tuple(kept.tolist()), tuple(whole[kept].tolist()))


class Elo:
    """Plugin. `extra["history"]`: by name a list of [battles so far, rating]. No interval and no rank."""

    name: ClassVar[str] = "elo"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Sequential Elo: a history line, not a ranking"
    Params: ClassVar[type[Params]] = EloParams

    def __init__(self, params: EloParams) -> None:
        self.params = params

    def rate(self, battles: Battles) -> RatingTable:
        """The last point of each line, in the order of `names`."""
        lines = history(battles, k=self.params.k, start=self.params.start, points=self.params.points)
        return RatingTable(
            method=self.name,
            version=self.version,
            params=self.params.canonical(),
            ratings=tuple(_last(line) for line in lines),
            notes=(said("Elo depends on the order of the battles: read it as a history, not as a ranking."),),
            extra={
                "history": {
                    line.name: [list(p) for p in zip(line.n_battles, line.rating, strict=True)] for line in lines
                }
            },
        )


def _last(line: EloLine) -> Rating:
    n = line.n_battles[-1]
    if not n:
        return Rating(line.name, None, None, None, None, 0, note=said("No battles."))
    return Rating(line.name, line.rating[-1], None, None, None, n)
