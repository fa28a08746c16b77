"""Tables in colour of who met whom: the share of wins, and the number of battles."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from django.utils.translation import gettext as _

from leaderboard.web.charts.chart import Chart, Source, Table

MOST = 25
SIDE, TOP, NUMBERS, LETTER = 30, 24, 34, 7
"""Units of the drawing: a square, the row of numbers above, the column of numbers, a letter of a name."""
MIDDLE = 5
"""The neutral one of the colours h0 (orange) to h10 (blue)."""


@dataclass(frozen=True)
class Pair:
    """What two entries did: `won` is the credit of `first` over `n` battles."""

    first: str
    second: str
    won: float
    n: float

    @property
    def share(self) -> float:
        """Of the credit, in percent."""
        return 100 * self.won / self.n


@dataclass(frozen=True)
class Square:
    """A coloured field with its number."""

    x: int
    y: int
    colour: int
    number: str
    text: str


@dataclass(frozen=True)
class Label:
    """The name of a row, and its number, which stands over its column as well."""

    number: int
    over: int
    at: int
    short: str
    name: str


@dataclass(frozen=True)
class Heatmap:
    """A grid of squares in rank order; places where nobody met are left out."""

    squares: list[Square]
    labels: list[Label]
    left: int
    width: int
    height: int
    left_out: int


def pairs(details: Mapping[str, Any]) -> list[Pair]:
    """All pairs that met, each once."""
    kept = details.get("pairs") or {}
    slugs = kept.get("entries", [])
    columns = (kept.get(name, []) for name in ("i", "j", "won_i", "n"))
    return [Pair(slugs[i], slugs[j], won, n) for i, j, won, n in zip(*columns, strict=True) if n]


def is_star(found: Sequence[Pair]) -> bool:
    """Whether all pairs share one entry: then the win rate of each row says the same, and a grid is empty."""
    shared = set.intersection(*({pair.first, pair.second} for pair in found)) if found else {""}
    return bool(shared)


def both_ways(found: Sequence[Pair]) -> dict[tuple[str, str], Pair]:
    """Each pair from either side."""
    straight = {(p.first, p.second): p for p in found}
    return straight | {(p.second, p.first): Pair(p.second, p.first, p.n - p.won, p.n) for p in found}


def grid(
    cells: Mapping[tuple[str, str], Pair],
    names: Mapping[str, str],
    colour: Callable[[Pair], int],
    write: Callable[[Pair], tuple[str, str]],
) -> Heatmap:
    """The squares of the first entries of `names`; `write` gives a pair's number and its words."""
    order = list(names)[:MOST]
    left = NUMBERS + LETTER * max((len(_short(names[slug])) for slug in order), default=0)
    labels = [_label(i, left, names[slug]) for i, slug in enumerate(order)]
    squares = [
        Square(left + j * SIDE, TOP + i * SIDE, colour(pair), *write(pair))
        for i, a in enumerate(order)
        for j, b in enumerate(order)
        if (pair := cells.get((a, b)))
    ]
    side = SIDE * len(order)
    return Heatmap(squares, labels, left, left + side, TOP + side, len(names) - len(order))


def _label(place: int, left: int, name: str) -> Label:
    middle = place * SIDE + SIDE // 2
    return Label(place + 1, left + middle, TOP + middle + 4, _short(name), name)


def _short(name: str) -> str:
    return name if len(name) <= 32 else f"{name[:31]}…"


def share_colour(pair: Pair) -> int:
    """0 where the first never won, 5 at one half, 10 where it always won."""
    return math.floor(10 * pair.won / pair.n + 0.5)


def count_colour(n: float, middle: float) -> int:
    """5 at the median count, 10 from four times as many on, 0 from a quarter down."""
    return math.floor(MIDDLE + 2.5 * max(-2.0, min(2.0, math.log2(n / middle))) + 0.5)


def wins_chart(source: Source) -> Chart | None:
    """Each row's share of the credit against each column."""
    found = _met(source)
    if not found:
        return None
    cells = both_ways(found)
    figure = grid(cells, source.names, share_colour, lambda p: (f"{p.share:.0f}", _won_words(p, source.names)))
    best = max(cells.values(), key=lambda p: (p.share, p.n))
    return Chart(
        name="win-fractions",
        title=_("Who wins against whom"),
        sentence=_(
            "Blue: the entry of the row took more than half of the credit from that of the column; orange: less."
        )
        + _rest(figure),
        text=_("Clearest: %(what)s.") % {"what": _won_words(best, source.names)},
        template="parts/charts/heatmap.html",
        figure=figure,
        table=Table(("entry", "against", "share_percent", "credit", "n"), _both_rows(cells, source.names)),
    )


def counts_chart(source: Source) -> Chart | None:
    """How often each pair met."""
    found = _met(source)
    if not found:
        return None
    middle = median(pair.n for pair in found)
    figure = grid(
        both_ways(found),
        source.names,
        lambda p: count_colour(p.n, middle),
        lambda p: (_count(p.n), _met_words(p, source.names)),
    )
    possible = len(source.names) * (len(source.names) - 1) // 2
    return Chart(
        name="battle-counts",
        title=_("How often each pair met"),
        sentence=_("Blue: more often than the median pair, which met %(middle)s times; orange: less; empty: never.")
        % {"middle": f"{middle:,.0f}"}
        + _rest(figure),
        text=_("%(n)s of %(possible)s pairs have met, %(times)s times in all.")
        % {"n": f"{len(found):,}", "possible": f"{possible:,}", "times": f"{sum(p.n for p in found):,.0f}"},
        template="parts/charts/heatmap.html",
        figure=figure,
        table=Table(("entry", "against", "n"), [(p.first, p.second, p.n) for p in found]),
    )


def _met(source: Source) -> list[Pair]:
    known = [pair for pair in pairs(source.details) if {pair.first, pair.second} <= source.names.keys()]
    return [] if is_star(known) else known


def _both_rows(
    cells: Mapping[tuple[str, str], Pair], names: Mapping[str, str]
) -> list[tuple[str, str, float, float, float]]:
    place = {slug: i for i, slug in enumerate(names)}
    ordered = sorted(cells.values(), key=lambda p: (place[p.first], place[p.second]))
    return [(p.first, p.second, p.share, p.won, p.n) for p in ordered]


def _won_words(pair: Pair, names: Mapping[str, str]) -> str:
    return _("%(first)s took %(share)s %% of %(n)s from %(second)s") % {
        "first": names[pair.first],
        "second": names[pair.second],
        "share": f"{pair.share:.1f}",
        "n": f"{pair.n:,.0f}",
    }


def _met_words(pair: Pair, names: Mapping[str, str]) -> str:
    told = {"first": names[pair.first], "second": names[pair.second], "n": f"{pair.n:,.0f}"}
    return _("%(first)s and %(second)s met %(n)s times") % told


def _count(n: float) -> str:
    return f"{n:.0f}" if n < 1000 else f"{n / 1000:.0f}k" if n >= 9950 else f"{n / 1000:.1f}k"


def _rest(figure: Heatmap) -> str:
    shown = _("The first %(most)s in rank order are shown; the CSV has all.") % {"most": MOST}
    return f" {shown}" if figure.left_out else ""
