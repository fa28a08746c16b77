"""Columns of the board's table: their heads, and the numbers below them as text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from leaderboard.contracts.said import said
from leaderboard.queries.standings import Line, View
from leaderboard.web.charts.whiskers import Whisker
from leaderboard.web.language import translated

NONE = "–"


@dataclass(frozen=True)
class Text:
    """What a cell says; `quiet` is the smaller part behind it."""

    main: str
    quiet: str = ""


@dataclass(frozen=True)
class Cell:
    """A cell under the column `key`."""

    key: str
    label: str
    text: Text
    whisker: Whisker | None = None


@dataclass(frozen=True)
class Kind:
    """A column: `field` is the number it shows, `how` the anchor on the page that says how it was computed.

    `better` is an arrow that says which direction is better; `up_first` sorts from the least at first.
    """

    key: str
    label: str
    hint: str
    field: str
    write: Callable[[Any], Text]
    better: str = ""
    how: str = ""
    up_first: bool = False


@dataclass(frozen=True)
class Head:
    """A column head: its address sorts by it, or turns the order round."""

    key: str
    label: str
    hint: str
    href: str
    aria: str
    better: str
    how: str


def _number(value: float | None, digits: int, sign: str = "") -> str:
    return NONE if value is None else f"{sign}{value:,.{digits}f}"


def _plain(field: str, digits: int, sign: str = "") -> Callable[[Any], Text]:
    return lambda row: Text(_number(getattr(row, field), digits, sign))


def _with_error(field: str) -> Callable[[Any], Text]:
    def write(row: Any) -> Text:
        error = getattr(row, f"{field}_se")
        return Text(_number(getattr(row, field), 1), "" if error is None else f"± {error:.1f}")

    return write


def chance_text(chance: float | None) -> str:
    """A probability in percent; never "100 %", since no amount of data makes an order certain."""
    if chance is None:
        return NONE
    return "> 99.9 %" if chance > 0.999 else f"{100 * chance:.1f} %"


def _above_next(row: Any) -> Text:
    return Text(chance_text(row.chance), _("about %(n)s more") % {"n": f"{row.more:,}"} if row.more else "")


def _missing(row: Any) -> Text:
    return Text(f"{row.missing:,}", _("%(n)s unscored") % {"n": f"{row.unscored:,}"} if row.unscored else "")


def _score(row: Any) -> Text:
    """The mean, and over how many outputs where some are unscored, with what it would be at least."""
    if not row.score_missing:
        return Text(_number(row.score, 1), "")
    told = {
        "n": f"{row.score_n:,}",
        "all": f"{row.score_n + row.score_missing:,}",
        "least": _number(row.score_least, 1),
    }
    part = _("%(n)s of %(all)s") if row.score_least is None else _("%(n)s of %(all)s; at least %(least)s")
    return Text(_number(row.score, 1), part % told)


KINDS = (
    Kind("rating", said("Rating"), said("Rating with its 95 % interval"), "rating", _plain("rating", 0), "↑", "rating"),
    Kind(
        "lc",
        said("LC win rate"),
        said("Win rate in percent as if all answers had the same length, with its standard error"),
        "lc",
        _with_error("lc"),
        "↑",
        "length-controlled",
    ),
    Kind(
        "win-rate",
        said("Win rate"),
        said("Mean credit in percent, with its standard error"),
        "win_rate",
        _with_error("win_rate"),
        "↑",
        "win-rate",
    ),
    Kind(
        "above-next",
        said("Above next"),
        said("Chance that it really stands above the next one, and about how many more judgments would decide it"),
        "chance",
        _above_next,
        how="neighbours",
    ),
    Kind("n", "n", said("Verdicts counted"), "n", lambda row: Text(f"{row.n:,}"), how="counts"),
    Kind(
        "missing",
        said("Missing"),
        said("Verdicts and outputs that should be there and are not"),
        "missing",
        _missing,
        "↓",
        "counts",
        True,
    ),
    Kind(
        "score",
        said("Score"),
        said(
            "The board's metric in percent, each prompt weighing the same; where outputs are unscored, over how many "
            "it is, and what it would be with the others at their lowest"
        ),
        "score",
        _score,
        "↑",
    ),
    Kind(
        "length",
        said("Length"),
        said("Mean length of an output in characters"),
        "mean_length",
        _plain("mean_length", 0),
        "",
        "",
        True,
    ),
    Kind(
        "tokens",
        said("Tokens"),
        said("Mean length of an output in tokens"),
        "mean_tokens",
        _plain("mean_tokens", 1),
        "",
        "",
        True,
    ),
    Kind(
        "cost",
        said("Cost"),
        said("What the outputs cost, in US dollars"),
        "cost_usd",
        _plain("cost_usd", 4, "$"),
        "↓",
        "",
        True,
    ),
)
STYLED = Kind(
    "rating",
    said("Rating, style equal"),
    said("Rating with the style of the answers held equal, with its 95 % interval"),
    "style_rating",
    _plain("style_rating", 0),
    "↑",
    "style",
)
RANK = Kind(
    "rank",
    said("Rank"),
    said("Ranks that the data cannot tell apart are shown as a group"),
    "",
    Text,
    "",
    "ranks",
    True,
)
ENTRY = Kind("entry", said("Entry"), said("Model and decoding"), "", Text, up_first=True)
UNSTYLED_ONLY = ("above-next",)
"""Columns about the order of the ranking itself, which is another one where style is held equal."""


def kinds(rows: Sequence[Line], view: View) -> list[Kind]:
    """The columns after rank and entry that have a value in some row."""
    offered = [STYLED if view.style and kind.key == "rating" else kind for kind in KINDS]
    if view.style:
        offered = [kind for kind in offered if kind.key not in UNSTYLED_ONLY]
    return [kind for kind in offered if any(getattr(row.standing, kind.field) is not None for row in rows)]


def heads(shown: Sequence[Kind], view: View) -> list[Head]:
    """The heads of the table, rank and entry first."""
    return [_head(kind, view) for kind in (RANK, ENTRY, *shown)]


def _head(kind: Kind, view: View) -> Head:
    current = view.key == kind.key
    aria = ("descending" if view.down else "ascending") if current else ""
    down = not view.down if current else not kind.up_first
    hint = translated(kind.hint) + {"↑": _("; higher is better"), "↓": _("; lower is better")}.get(kind.better, "")
    href = view.but(sort=f"{'-' if down else ''}{kind.key}")
    return Head(kind.key, kind.label, hint, href, aria, kind.better, kind.how)


def cells(row: Line, shown: Sequence[Kind], measure: str, whisker: Whisker | None) -> list[Cell]:
    """One row's cells; the whisker stands beside the number in the field `measure`."""
    return [
        Cell(kind.key, kind.label, kind.write(row.standing), whisker if kind.field == measure else None)
        for kind in shown
    ]
