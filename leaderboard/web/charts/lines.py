"""Line charts: how entries rose and fell, over battles and over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils.translation import gettext as _

from leaderboard.web.charts.chart import Chart, Course, Source, Table
from leaderboard.web.charts.scales import Scale, Tick, ticks
from leaderboard.web.charts.whiskers import PERCENT
from leaderboard.web.language import listed

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640.0, 260.0, 56.0, 12.0, 12.0, 36.0
MOST = 8
"""Entries that get a line: there are as many colours."""


@dataclass(frozen=True)
class Line:
    """One entrant's course. `style` picks its colour and dashes; the label names it."""

    label: str
    points: str
    end: str
    style: int


@dataclass(frozen=True)
class Lines:
    """Courses within marked axes; `start` and `end` are the words under the ends of the x axis."""

    lines: list[Line]
    y_ticks: list[Tick]
    start: str
    end: str


def leading(courses: Mapping[str, Course], order: Sequence[str]) -> dict[str, Course]:
    """The courses of the first entries in `order` that have two points or more."""
    return dict([(slug, courses[slug]) for slug in order if len(courses.get(slug, ())) > 1][:MOST])


def drawn(courses: Mapping[str, Course], names: Mapping[str, str], ends: tuple[str, str], digits: int = 0) -> Lines:
    """Lines on shared scales. Raises ValueError where no course has a point."""
    x = Scale.over((at for course in courses.values() for at, _ in course), LEFT, WIDTH - RIGHT)
    y = Scale.over((value for course in courses.values() for _, value in course), HEIGHT - BOTTOM, TOP)
    lines = [
        Line(
            names.get(slug, slug),
            " ".join(f"{x.at(at):.1f},{y.at(value):.1f}" for at, value in course),
            f"{course[-1][1]:.{digits}f}",
            style,
        )
        for style, (slug, course) in enumerate(courses.items())
    ]
    return Lines(lines, ticks(y, 4), *ends)


def elo_chart(source: Source) -> Chart | None:
    """Sequential Elo over battles."""
    courses = leading(source.details.get("elo_history") or {}, list(source.names))
    if not courses:
        return None
    last = max(course[-1][0] for course in courses.values())
    first = min(course[0][0] for course in courses.values())
    figure = drawn(courses, source.names, (f"{first:,.0f}", _("%(n)s battles of its own") % {"n": f"{last:,.0f}"}))
    return Chart(
        name="elo",
        title=_("Elo history"),
        sentence=_("Sequential Elo over battles: it depends on their order, so it is a history and never the ranking."),
        text=_ends(figure),
        template="parts/charts/lines.html",
        figure=figure,
        table=Table(("entry", "battles", "elo"), [(slug, *point) for slug, c in courses.items() for point in c]),
    )


def history_chart(source: Source) -> Chart | None:
    """What the board is ranked by, over its snapshots."""
    courses = leading(source.courses, list(source.names))
    if not courses:
        return None
    times = sorted(at for course in courses.values() for at, _ in course)
    percent = source.field in PERCENT
    figure = drawn(courses, source.names, (_minute(times[0]), _minute(times[-1])), digits=int(percent))
    return Chart(
        name="history",
        title=_("Rating over time"),
        sentence=_history_sentence(len(set(times)), percent=percent),
        text=_ends(figure),
        template="parts/charts/lines.html",
        figure=figure,
        table=Table(
            ("entry", "snapshot_at", source.field),
            [(slug, _iso(at), value) for slug, course in courses.items() for at, value in course],
        ),
    )


def _history_sentence(n: int, *, percent: bool) -> str:
    if percent:
        rates = _("Win rate in percent of the leading entries at each snapshot of this board, the last %(n)s of them.")
        return rates % {"n": n}
    return _("Rating of the leading entries at each snapshot of this board, the last %(n)s of them.") % {"n": n}


def _ends(figure: Lines) -> str:
    told = listed(f"{line.label} {line.end}" for line in figure.lines)
    return _("At the end: %(values)s.") % {"values": told}


def _minute(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()
