"""Votes of each day as bars; days are joined to weeks or more where there are too many for the width."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from leaderboard.web.charts.chart import Chart, Table
from leaderboard.web.charts.scales import Scale, Tick, ticks

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640.0, 200.0, 56.0, 12.0, 12.0, 36.0
MOST = 90
"""Bars that fit."""
WIDEST = 48.0


@dataclass(frozen=True)
class Bar:
    """One bar; places and sizes in the drawing's units. `label` says what it holds."""

    x: str
    y: str
    width: str
    height: str
    label: str


@dataclass(frozen=True)
class Bars:
    """Bars over marked axes; `start` and `end` are the words under the ends of the x axis."""

    bars: list[Bar]
    y_ticks: list[Tick]
    start: str
    end: str


def chart(days: Sequence[Sequence[str | int]]) -> Chart | None:
    """The chart of (date, votes), without gaps; None where there are none."""
    if not days:
        return None
    total, (best, most) = sum(int(one[1]) for one in days), max(days, key=lambda one: int(one[1]))
    return Chart(
        name="days",
        title=_("Votes per day"),
        sentence=ngettext("%(n)s vote that counts, by day in UTC.", "%(n)s votes that count, by day in UTC.", total)
        % {"n": f"{total:,}"},
        text=_("From %(first)s to %(last)s; most on %(best)s: %(most)s.")
        % {"first": days[0][0], "last": days[-1][0], "best": best, "most": f"{int(most):,}"},
        template="parts/charts/bars.html",
        figure=_bars(days),
        table=Table(("day", "votes"), days),
    )


def _bars(days: Sequence[Sequence[str | int]]) -> Bars:
    span = math.ceil(len(days) / MOST)
    parts = [days[i : i + span] for i in range(0, len(days), span)]
    heights = [sum(int(n) for _, n in part) for part in parts]
    y = Scale(0.0, float(max(1, *heights)), HEIGHT - BOTTOM, TOP)
    step = (WIDTH - RIGHT - LEFT) / len(parts)
    wide = min(step * 0.8, WIDEST)
    bars = [
        Bar(
            f"{LEFT + step * i + (step - wide) / 2:.1f}",
            f"{y.at(n):.1f}",
            f"{wide:.1f}",
            f"{HEIGHT - BOTTOM - y.at(n):.1f}",
            _label(part, n),
        )
        for i, (part, n) in enumerate(zip(parts, heights, strict=True))
    ]
    marks = [tick for tick in ticks(y, 4) if "." not in tick.label]
    return Bars(bars, marks, str(days[0][0]), str(days[-1][0]) if len(days) > 1 else "")


def _period(part: Sequence[Sequence[str | int]]) -> str:
    if len(part) == 1:
        return str(part[0][0])
    return _("%(low)s to %(high)s") % {"low": part[0][0], "high": part[-1][0]}


def _label(part: Sequence[Sequence[str | int]], n: int) -> str:
    votes = ngettext("%(n)s vote", "%(n)s votes", n) % {"n": f"{n:,}"}
    return f"{_period(part)}: {votes}"
