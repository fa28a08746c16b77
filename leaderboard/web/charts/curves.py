"""Curves over a number, with a whisker at each point: best of k samples, and scores along a parameter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from leaderboard.web.charts.scales import Scale, Tick, ticks

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM, INSET = 640.0, 300.0, 56.0, 12.0, 12.0, 48.0, 24.0
MARGIN = 8.0
APART = 5.0
"""Curves stand side by side at one x, so that equal values and their whiskers are all seen."""
MOST = 8
"""Curves that are drawn: there are as many colours. The table has all."""


@dataclass(frozen=True)
class Point:
    """A value at `x` with its interval, None where there is none; and the same in words."""

    x: float
    value: float
    low: float | None
    high: float | None
    text: str


@dataclass(frozen=True)
class Course:
    """A curve before it is drawn. `is_bound`: it is an upper bound and no method, drawn dashed."""

    label: str
    points: Sequence[Point]
    is_bound: bool = False


@dataclass(frozen=True)
class Mark:
    """A point on the paper."""

    x: float
    y: float
    low: float | None
    high: float | None
    text: str


@dataclass(frozen=True)
class Curve:
    """A curve on the paper. `style` picks its colour and the shape of its points."""

    label: str
    path: str
    marks: list[Mark]
    style: int
    shape: int
    is_bound: bool


@dataclass(frozen=True)
class Curves:
    """Curves within marked axes."""

    curves: list[Curve]
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    x_name: str
    y_name: str


def curves(courses: Sequence[Course], x_name: str, y_name: str) -> Curves:
    """The first `MOST` courses on shared scales; every x that has a point is marked, unless two are too near.

    Raises ValueError where no course has a point.
    """
    shown = list(courses)[:MOST]
    points = [point for course in shown for point in course.points]
    x = Scale.over((point.x for point in points), LEFT + INSET, WIDTH - RIGHT - INSET)
    ends = [end for p in points for end in (p.value, p.low, p.high) if end is not None]
    y = Scale.over(ends, HEIGHT - BOTTOM - MARGIN, TOP + MARGIN)
    drawn = [_curve(course, style, _shift(style, len(shown)), x, y) for style, course in enumerate(shown)]
    return Curves(drawn, _marked({point.x for point in points}, x), ticks(y, 4), x_name, y_name)


def _shift(place: int, count: int) -> float:
    return APART * (place - (count - 1) / 2)


def _curve(course: Course, style: int, shift: float, x: Scale, y: Scale) -> Curve:
    marks = [
        Mark(
            round(x.at(point.x) + shift, 1),
            y.at(point.value),
            None if point.low is None else y.at(point.low),
            None if point.high is None else y.at(point.high),
            point.text,
        )
        for point in sorted(course.points, key=lambda point: point.x)
    ]
    path = " ".join(f"{mark.x},{mark.y}" for mark in marks)
    return Curve(course.label, path, marks, style, style % 4, course.is_bound)


def _marked(values: set[float], scale: Scale) -> list[Tick]:
    """A tick at each value, from the left, that leaves 40 units to the one before."""
    found: list[Tick] = []
    for value in sorted(values):
        at = scale.at(value)
        if not found or at - found[-1].at >= 40:
            found.append(Tick(at, f"{value:g}"))
    return found
