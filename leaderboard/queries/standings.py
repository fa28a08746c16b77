"""Reads one board's rows as the page asks for them: sorted, with style held equal, or over one category."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.http import urlencode

from leaderboard.models import Board, CategoryStanding, Standing
from leaderboard.queries.boards import rank_group

SORTS = {
    "rank": "position",
    "entry": "name",
    "rating": "rating",
    "lc": "lc",
    "win-rate": "win_rate",
    "above-next": "chance",
    "n": "n",
    "missing": "missing",
    "score": "score",
    "length": "mean_length",
    "tokens": "mean_tokens",
    "cost": "cost_usd",
}
"""Names of `?sort=`, each with the field it sorts by."""
Row = Standing | CategoryStanding


@dataclass(frozen=True)
class View:
    """What the address of a board asks for; `category` "" means the whole board.

    `model`: whose decoding ladder to show, as the digits of its key; "" for the first that has one.
    """

    sort: str = "rank"
    style: bool = False
    category: str = ""
    model: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> View:
        """From `?sort=`, `?style=`, `?category=` and `?model=`; a sort that does not exist is the ranking."""
        sort = query.get("sort", "rank")
        known = sort.removeprefix("-") in SORTS
        named = query.get("category", ""), query.get("model", "")
        return cls(sort if known else "rank", query.get("style") == "1", *named)

    @property
    def key(self) -> str:
        """The column sorted by."""
        return self.sort.removeprefix("-")

    @property
    def down(self) -> bool:
        """Whether the greatest value comes first."""
        return self.sort.startswith("-")

    def but(self, **changes: Any) -> str:
        """The query string of this view with some of it changed; what is as usual is left out."""
        other = replace(self, **changes)
        named = {"category": other.category, "model": other.model}
        wanted = {"sort": other.sort, "style": "1" if other.style else "", **named}
        shown = {name: value for name, value in wanted.items() if value and (name, value) != ("sort", "rank")}
        return f"?{urlencode(shown)}"


@dataclass(frozen=True)
class Line:
    """One line of a board.

    `moved`: places up (positive) or down that the upper end of the rank group goes when style is held equal;
    None where there is nothing to tell. `flagged`: out of the ranking until a person clears its flags.
    """

    standing: Row
    rank: str
    is_baseline: bool
    flagged: bool
    moved: int | None = None

    @property
    def fallen(self) -> int:
        """Places down."""
        return -(self.moved or 0)


def rows(board: Board, view: View) -> list[Row]:
    """The current rows of the board, or of one category, best first; one query."""
    found: Any = CategoryStanding.objects.filter(category=view.category) if view.category else Standing.objects.all()
    parts = ("entry__model", "entry__decoding", "entry__template")
    return list(found.filter(snapshot=board.current_id).select_related(*parts)) if board.current_id else []


def has_style(found: Sequence[Row]) -> bool:
    """Whether any row has a rating with style held equal."""
    return any(row.style_rating is not None for row in found)


def lines(board: Board, found: Sequence[Row], view: View) -> list[Line]:
    """Rows in the order asked for; what has no number comes after what has one, and flagged entries last."""
    styled = {row.pk: place for place, row in enumerate(sorted(found, key=_style_order), 1)}

    def value(row: Row) -> Any:
        field = SORTS[view.key]
        if view.style and field in ("position", "rating"):
            return styled[row.pk] if field == "position" else row.style_rating
        return str(row.entry).lower() if field == "name" else getattr(row, field)

    known = sorted((row for row in found if value(row) is not None), key=value, reverse=view.down)
    ordered = known + [row for row in found if value(row) is None]
    ordered.sort(key=lambda row: bool(row.flags))
    return [_line(row, board, style=view.style) for row in ordered]


def _style_order(row: Row) -> tuple[bool, float, int]:
    return row.style_rating is None, -(row.style_rating or 0.0), row.position


def _line(row: Row, board: Board, *, style: bool) -> Line:
    low, high = (row.style_rank_low, row.style_rank_high) if style else (row.rank_low, row.rank_high)
    both = style and row.rank_low is not None and row.style_rank_low is not None
    moved = (row.rank_low or 0) - (row.style_rank_low or 0) if both else None
    return Line(row, rank_group(low, high), row.entry_id == board.baseline_id, bool(row.flags), moved)
