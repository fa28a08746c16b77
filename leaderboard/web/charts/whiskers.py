"""Intervals as bars on one scale, for the rows of a board."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from leaderboard.queries.standings import Row

WIDTH, PAD = 160.0, 6.0
PERCENT = ("win_rate", "lc")
"""Measures in percent: 50 means as good as the baseline."""


@dataclass(frozen=True)
class Whisker:
    """An interval as a bar with a dot; positions are text, ready for SVG."""

    at: str
    low: str
    high: str
    middle: str
    text: str


def measure(rater: str, *, style: bool = False) -> str:
    """The field that a board with this rater is ranked by."""
    if style:
        return "style_rating"
    return {"win-rate": "win_rate", "length-controlled": "lc"}.get(rater, "rating")


def whiskers(standings: Iterable[Row], field: str) -> dict[int, Whisker]:
    """One whisker a standing, by its key, on a shared scale; none where `field` has no value."""
    known = {row.pk: found for row in standings if (found := _interval(row, field))}
    if not known:
        return {}
    percent = field in PERCENT
    low, high = min(k[1] for k in known.values()), max(k[2] for k in known.values())
    middle = 50.0 if percent else (low + high) / 2
    low, high = min(low, middle), max(high, middle)

    def place(value: float) -> str:
        share = (value - low) / (high - low) if high > low else 0.5
        return f"{PAD + share * (WIDTH - 2 * PAD):.1f}"

    unit = " %" if percent else ""
    return {
        pk: Whisker(place(v), place(a), place(b), place(middle), _interval_text(v, a, b, unit))
        for pk, (v, a, b) in known.items()
    }


def _interval(row: Row, field: str) -> tuple[float, float, float] | None:
    """Value, low, high; an absent end falls on the value."""
    value = getattr(row, field)
    if value is None:
        return None
    stem = "style" if field == "style_rating" else field
    low, high = getattr(row, f"{stem}_low"), getattr(row, f"{stem}_high")
    return float(value), float(value if low is None else low), float(value if high is None else high)


def _interval_text(value: float, low: float, high: float, unit: str) -> str:
    if low == high:
        return _("%(value)s, no interval") % {"value": f"{value:.1f}{unit}"}
    told = {"value": f"{value:.1f}{unit}", "low": f"{low:.1f}", "high": f"{high:.1f}{unit}"}
    return _("%(value)s, 95 %% interval %(low)s to %(high)s") % told
