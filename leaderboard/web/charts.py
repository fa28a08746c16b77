"""Geometry of the charts. Templates draw them as plain SVG: it works without scripts and under a strict CSP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from leaderboard.models import Standing

WIDTH, PAD = 160.0, 6.0
CHART_WIDTH, CHART_HEIGHT, MARGIN = 640.0, 240.0, 44.0
MOST_LINES = 8


@dataclass(frozen=True)
class Whisker:
    """An interval as a bar with a dot; positions are text, ready for SVG."""

    at: str
    low: str
    high: str
    middle: str
    text: str


@dataclass(frozen=True)
class Line:
    """One entrant's course. `style` picks its colour and dashes; the label names it."""

    label: str
    points: str
    end: str
    style: int


@dataclass(frozen=True)
class Lines:
    """A line chart with the ends of its axes."""

    lines: list[Line]
    low: str
    high: str
    longest: int


def whiskers(standings: Sequence[Standing], rater: str) -> dict[int, Whisker]:
    """One whisker a standing on a shared scale; none where there is no rating."""
    known = {row.pk: found for row in standings if (found := _interval(row, rater))}
    if not known:
        return {}
    low, high = min(k[1] for k in known.values()), max(k[2] for k in known.values())
    middle = 50.0 if rater == "win-rate" else (low + high) / 2
    low, high = min(low, middle), max(high, middle)

    def place(value: float) -> str:
        share = (value - low) / (high - low) if high > low else 0.5
        return f"{PAD + share * (WIDTH - 2 * PAD):.1f}"

    unit = " %" if rater == "win-rate" else ""
    return {
        pk: Whisker(place(v), place(a), place(b), place(middle), _interval_text(v, a, b, unit))
        for pk, (v, a, b) in known.items()
    }


def _interval(row: Standing, rater: str) -> tuple[float, float, float] | None:
    """Value, low, high; an absent end falls on the value."""
    name = "win_rate" if rater == "win-rate" else "rating"
    value = getattr(row, name)
    if value is None:
        return None
    low, high = getattr(row, f"{name}_low"), getattr(row, f"{name}_high")
    return float(value), float(value if low is None else low), float(value if high is None else high)


def _interval_text(value: float, low: float, high: float, unit: str) -> str:
    if low == high:
        return f"{value:.1f}{unit}, no interval"
    return f"{value:.1f}{unit}, 95 % interval {low:.1f} to {high:.1f}{unit}"


def history(
    courses: Mapping[str, Sequence[Sequence[float]]], order: Sequence[str], names: Mapping[str, str]
) -> Lines | None:
    """The Elo lines of the first entries in `order`; None where nobody has met yet."""
    wanted = [(slug, courses[slug]) for slug in order if len(courses.get(slug, ())) > 1][:MOST_LINES]
    if not wanted:
        return None
    ratings = [rating for _, course in wanted for _, rating in course]
    low, high, longest = min(ratings), max(ratings), max(course[-1][0] for _, course in wanted)

    def point(n: float, rating: float) -> str:
        x = MARGIN + n / longest * (CHART_WIDTH - 2 * MARGIN)
        share = (rating - low) / (high - low) if high > low else 0.5
        return f"{x:.1f},{CHART_HEIGHT - MARGIN / 2 - share * (CHART_HEIGHT - MARGIN):.1f}"

    lines = [
        Line(names.get(slug, slug), " ".join(point(n, r) for n, r in course), f"{course[-1][1]:.0f}", style)
        for style, (slug, course) in enumerate(wanted)
    ]
    return Lines(lines, f"{low:.0f}", f"{high:.0f}", int(longest))
