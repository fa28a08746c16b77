"""Charts with one row a configuration: values with whiskers on one scale, and shares as stacked bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from leaderboard.web.charts.scales import Scale, Tick, ticks

WIDTH, LEFT, RIGHT, TOP, STEP, FOOT = 640.0, 12.0, 12.0, 6.0, 44.0, 24.0
ROOM = 34.0
"""A part of a bar narrower than this does not hold its number; the words at the end of the row do."""


@dataclass(frozen=True)
class Measured:
    """A value with its interval (None where there is none), and the same in words."""

    label: str
    value: float
    low: float | None
    high: float | None
    text: str


@dataclass(frozen=True)
class Span:
    """A row with a dot and a whisker at the height `y`."""

    label: str
    text: str
    y: float
    at: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Spans:
    """Rows under each other on one scale; `zero` is the place of the value 0 where it is to be marked."""

    rows: list[Span]
    ticks: list[Tick]
    height: float
    bottom: float
    zero: float | None


@dataclass(frozen=True)
class Part:
    """A part of a bar; `style` picks its colour, `number` is "" where there is no room for it."""

    label: str
    text: str
    number: str
    x: float
    width: float
    middle: float
    style: int


@dataclass(frozen=True)
class Bar:
    """A row of parts with its upper edge at `y`, and all of them in words."""

    label: str
    text: str
    y: float
    parts: list[Part]


@dataclass(frozen=True)
class Bars:
    """Stacked bars on one scale; `legend` has a name and a style for each part."""

    rows: list[Bar]
    height: float
    legend: list[tuple[str, int]]


@dataclass(frozen=True)
class Amounts:
    """The parts of one bar: (amount, its number as text) by name, and all of them in words."""

    label: str
    parts: Mapping[str, tuple[float, str]]
    text: str


def bounds(rows: Sequence[Measured]) -> tuple[float, float]:
    """The lowest and the highest place that any row or its whisker reaches. Raises ValueError where there is none."""
    if not rows:
        raise ValueError("A scale needs a value.")
    ends = [end for row in rows for end in (row.value, row.low, row.high) if end is not None]
    return min(ends), max(ends)


def spans(rows: Sequence[Measured], over: tuple[float, float], *, zero: bool = False) -> Spans:
    """Rows on the scale `over`; with `zero` it is held and marked."""
    low, high = (min(0.0, over[0]), max(0.0, over[1])) if zero else over
    scale = Scale(low, high, LEFT, WIDTH - RIGHT)
    bottom = TOP + STEP * len(rows)
    drawn = [
        Span(
            row.label,
            row.text,
            TOP + STEP * place + 29,
            scale.at(row.value),
            None if row.low is None else scale.at(row.low),
            None if row.high is None else scale.at(row.high),
        )
        for place, row in enumerate(rows)
    ]
    return Spans(drawn, ticks(scale), bottom + FOOT, bottom, scale.at(0.0) if zero else None)


def bars(rows: Sequence[Amounts], whole: float, styles: Mapping[str, int]) -> Bars:
    """Bars over 0 to `whole`; `styles` has the names of all parts in order. A part of amount 0 is not drawn."""
    scale = Scale(0.0, whole, LEFT, WIDTH - RIGHT)
    used = [(name, style) for name, style in styles.items() if any(row.parts.get(name, (0, ""))[0] for row in rows)]
    drawn = [
        Bar(row.label, row.text, TOP + STEP * place + 20, _parts(row, scale, styles)) for place, row in enumerate(rows)
    ]
    return Bars(drawn, TOP + STEP * len(rows), used)


def _parts(row: Amounts, scale: Scale, styles: Mapping[str, int]) -> list[Part]:
    found, start = [], 0.0
    for name, style in styles.items():
        amount, text = row.parts.get(name, (0.0, ""))
        if amount:
            left, right = scale.at(start), scale.at(start + amount)
            width = round(right - left, 1)
            number = text if width >= ROOM else ""
            found.append(Part(name, text, number, left, width, round((left + right) / 2, 1), style))
            start += amount
    return found
