"""Entries as dots: length-controlled against raw win rate, and win rate against length."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from leaderboard.models import Standing
from leaderboard.web.charts.chart import Chart, Source, Table
from leaderboard.web.charts.scales import Scale, Tick, ticks

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640.0, 440.0, 56.0, 12.0, 12.0, 48.0
LEAST = 3
"""Entries that a fitted line needs."""


@dataclass(frozen=True)
class Dot:
    """An entry; `shape` is ranked, flagged or baseline."""

    x: float
    y: float
    shape: str
    text: str


@dataclass(frozen=True)
class Segment:
    """A straight line; `kind` names its look."""

    x1: float
    y1: float
    x2: float
    y2: float
    kind: str


@dataclass(frozen=True)
class Scatter:
    """Dots within marked axes."""

    dots: list[Dot]
    segments: list[Segment]
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    x_name: str
    y_name: str
    shapes: list[str]


@dataclass(frozen=True)
class Line:
    """y = intercept + slope·x; `se` of the slope, None with fewer than three points of freedom to tell it."""

    intercept: float
    slope: float
    se: float | None
    n: int

    def at(self, x: float) -> float:
        """y at `x`."""
        return self.intercept + self.slope * x


@dataclass(frozen=True)
class Place:
    """An entry's two numbers."""

    x: float
    y: float
    shape: str
    slug: str
    name: str


def fitted(xs: Sequence[float], ys: Sequence[float]) -> Line | None:
    """The ordinary least-squares line; None for fewer than three points or where all x are equal.

    slope = Σ(x−x̄)(y−ȳ)/Σ(x−x̄)²; its se = √(Σr²/(n−2) / Σ(x−x̄)²), r the residuals.
    """
    n = len(xs)
    if n < LEAST:
        return None
    mean_x, mean_y = math.fsum(xs) / n, math.fsum(ys) / n
    spread = math.fsum((x - mean_x) ** 2 for x in xs)
    if spread <= 1e-12 * max(1.0, mean_x**2):
        return None
    slope = math.fsum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True)) / spread
    line = Line(mean_y - slope * mean_x, slope, None, n)
    rest = math.fsum((y - line.at(x)) ** 2 for x, y in zip(xs, ys, strict=True))
    return Line(line.intercept, slope, math.sqrt(rest / (n - 2) / spread), n)


def lengths_chart(source: Source) -> Chart | None:
    """Win rate over mean length, with the line through the ranked entries."""
    found = _places(source, "mean_length", "win_rate")
    ranked = [place for place in found if place.shape == "ranked"]
    line = fitted([p.x for p in ranked], [p.y for p in ranked])
    if line is None:
        return None
    x, y = _axes(found, equal=False)
    figure = _figure(found, x, y, [clipped(line, x, y)], (_("Mean length in characters"), _("Win rate in %")))
    slope = f"{100 * line.slope:+.2f}".replace("-", "−")
    error = f" ± {100 * line.se:.2f}" if line.se is not None else ""
    return Chart(
        name="length",
        title=_("Win rate against length"),
        sentence=_("100 characters more go with %(slope)s%(error)s points of win rate.")
        % {"slope": slope, "error": error},
        text=_("Least squares over %(n)s ranked entries; the baseline and flagged entries are shown and not fitted.")
        % {"n": line.n},
        template="parts/charts/scatter.html",
        figure=figure,
        table=_table(found, "mean_length", "win_rate"),
    )


def controlled_chart(source: Source) -> Chart | None:
    """Length-controlled over raw win rate, with the diagonal where they are equal."""
    found = _places(source, "win_rate", "lc")
    if len(found) < LEAST:
        return None
    x, y = _axes(found, equal=True)
    diagonal = Segment(x.at(x.low), y.at(y.low), x.at(x.high), y.at(y.high), "diagonal")
    above = sum(place.y > place.x for place in found)
    most = max(found, key=lambda place: abs(place.y - place.x))
    return Chart(
        name="length-controlled",
        title=_("Length-controlled against raw win rate"),
        sentence=_("%(n)s of %(all)s entries are above the diagonal: better once length is controlled for.")
        % {"n": above, "all": len(found)},
        text=_("Moved most: %(name)s, from %(x)s %% to %(y)s %%.")
        % {"name": most.name, "x": f"{most.x:.1f}", "y": f"{most.y:.1f}"},
        template="parts/charts/scatter.html",
        figure=_figure(found, x, y, [diagonal], (_("Raw win rate in %"), _("Length-controlled win rate in %"))),
        table=_table(found, "win_rate", "lc"),
    )


def _places(source: Source, x: str, y: str) -> list[Place]:
    return [
        Place(getattr(row, x), getattr(row, y), _shape(row, source), row.entry.slug, source.names[row.entry.slug])
        for row in source.rows
        if getattr(row, x) is not None and getattr(row, y) is not None
    ]


def _shape(row: Standing, source: Source) -> str:
    if row.flags:
        return "flagged"
    return "baseline" if row.entry_id == source.board.baseline_id else "ranked"


def _axes(found: Sequence[Place], *, equal: bool) -> tuple[Scale, Scale]:
    """Scales with a margin of 3 % around the dots; `equal` gives both the same values."""
    xs, ys = [p.x for p in found], [p.y for p in found]
    if equal:
        xs = ys = xs + ys
    return (
        Scale.over(_widened(xs), LEFT, WIDTH - RIGHT),
        Scale.over(_widened(ys), HEIGHT - BOTTOM, TOP),
    )


def _widened(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    more = 0.03 * (high - low)
    return low - more, high + more


def clipped(line: Line, x: Scale, y: Scale) -> Segment:
    """The part of the line within both scales."""
    ends = [x.low, x.high]
    if line.slope:
        crossing = sorted((bound - line.intercept) / line.slope for bound in (y.low, y.high))
        ends = [max(ends[0], crossing[0]), min(ends[1], crossing[1])]
    (x1, y1), (x2, y2) = ((x.at(end), y.at(line.at(end))) for end in ends)
    return Segment(x1, y1, x2, y2, "fit")


def _figure(found: Sequence[Place], x: Scale, y: Scale, segments: list[Segment], axes: tuple[str, str]) -> Scatter:
    dots = [Dot(x.at(p.x), y.at(p.y), p.shape, f"{p.name}: {p.x:,.1f}, {p.y:,.1f}") for p in found]
    shapes = [shape for shape in ("ranked", "flagged", "baseline") if any(dot.shape == shape for dot in dots)]
    return Scatter(dots, segments, ticks(x), ticks(y), *axes, shapes)


def _table(found: Sequence[Place], x: str, y: str) -> Table:
    return Table(("entry", x, y, "shape"), [(p.slug, p.x, p.y, p.shape) for p in found])
