"""People beside judges: ratings of both with their intervals, agreement, votes by day, and what was both bad."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from leaderboard.models import Board, Entry, Standing
from leaderboard.queries import boards as read_boards
from leaderboard.queries import people as read
from leaderboard.queries.boards import rank_group
from leaderboard.web.charts import days
from leaderboard.web.charts.chart import Table
from leaderboard.web.charts.whiskers import PERCENT, measure
from leaderboard.web.columns import NONE

EXPORTS = (
    ("csv", "CSV"),
    ("jsonl", "JSONL"),
    ("parquet", "Parquet"),
    ("battles", gettext_lazy("battles as of LMArena")),
)
"""Formats of exports that fit votes, with their names."""


@dataclass(frozen=True)
class Number:
    """A rating as text: the rank group, the value, its interval at 95 %, and over how many verdicts."""

    board: str
    rank: str
    value: str
    interval: str
    n: str


@dataclass(frozen=True)
class Line:
    """An entry with a number on each board; None where it has none."""

    entry: Entry
    numbers: list[tuple[str, Number | None]]


@dataclass(frozen=True)
class Together:
    """The table of people beside judges; `heads` are the boards, that of the judges first."""

    heads: list[tuple[Board, str]]
    lines: list[Line]


def together(board: Board, boards: list[Board]) -> Together | None:
    """The table, where there are two boards and one has a snapshot."""
    if not boards:
        return None
    heads = [(one, _who(one)) for one in boards]
    lines = [
        Line(found.entry, [(who, _number(one, row)) for (one, who), row in zip(heads, found.rows, strict=True)])
        for found in read.beside(boards, board)
    ]
    return Together(heads, lines) if lines else None


def _who(board: Board) -> str:
    if not board.counts_votes or board.parent_id is None:
        return _("judges")
    return {Board.Voters.NAMED: _("named voters"), Board.Voters.ANONYMOUS: _("anonymous voters")}.get(
        Board.Voters(board.voters), _("people")
    )


def _number(board: Board, row: Standing | None) -> Number | None:
    field = measure(board.rater)
    value = getattr(row, field, None)
    if row is None or value is None:
        return None
    low, high = getattr(row, f"{field}_low"), getattr(row, f"{field}_high")
    digits, unit = (1, " %") if field in PERCENT else (0, "")
    interval = "" if low is None or high is None else _span(f"{low:,.{digits}f}", f"{high:,.{digits}f}")
    group = rank_group(row.rank_low, row.rank_high)
    return Number(board.slug, group, f"{value:,.{digits}f}{unit}", interval, f"{row.n:,}")


@require_safe
def people(request: HttpRequest, slug: str) -> HttpResponse:
    """What people's votes say beside the judges' verdicts."""
    board = get_object_or_404(read_boards.all_boards(), slug=slug)
    boards = read.family(board)
    told = _told(board)
    if not boards and not told:
        raise Http404("No votes of people are counted here.")
    chart = days.chart(told.get("days") or [])
    context = {
        "board": board,
        "together": together(board, boards),
        "arenas": [one for one in boards if one.counts_votes and one.pk != board.pk],
        "told": told,
        "agreement": _agreement(told),
        "chart": chart,
        "closest": _closest(board),
        "exports": EXPORTS,
    }
    return render(request, "people.html", context)


def _told(board: Board) -> dict[str, Any]:
    details = board.current.details if board.current else {}
    return details.get("people") or {}


@dataclass(frozen=True)
class Agreed:
    """A judge's agreement with people, as text."""

    judge: str
    category: str
    share: str
    interval: str
    n: int


def _agreement(told: dict[str, Any]) -> list[Agreed]:
    return [
        Agreed(one["judge"], one["category"] or _("all prompts"), _percent(one["share"]), _interval(one), one["n"])
        for one in told.get("agreement") or []
    ]


def _interval(one: dict[str, Any]) -> str:
    return NONE if one["low"] is None else _span(f"{100 * one['low']:.0f}", f"{100 * one['high']:.0f} %")


def _span(low: str, high: str) -> str:
    return _("%(low)s to %(high)s") % {"low": low, "high": high}


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _closest(board: Board) -> dict[str, Any] | None:
    """The neighbours whose order the fewest more votes would settle."""
    found = (board.current.details.get("neighbours") or []) if board.current and board.counts_votes else []
    open_ones = [one for one in found if one.get("more")]
    return min(open_ones, key=lambda one: one["more"], default=None)


@require_safe
def people_csv(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """The data of one table: together, agreement, days, bad-entries or bad-prompts."""
    board = get_object_or_404(read_boards.all_boards(), slug=slug)
    table = _table(board, name)
    if table is None:
        raise Http404(f"This board has no data of votes called '{name}'.")
    headers = {"Content-Disposition": f'inline; filename="{board.slug}-{name}.csv"'}
    return HttpResponse(table.csv(), content_type="text/csv; charset=utf-8", headers=headers)


def _table(board: Board, name: str) -> Table | None:
    told = _told(board)
    if name == "together":
        return _together_table(board)
    if name == "days" and told.get("days"):
        return Table(("day", "votes"), told["days"])
    columns = {
        "agreement": ("judge", "category", "share", "low", "high", "n"),
        "bad-entries": ("name", "bad", "n"),
        "bad-prompts": ("name", "bad", "n"),
    }.get(name)
    rows = told.get(name.replace("-", "_"))
    if columns is None or rows is None:
        return None
    return Table(columns, [[row[column] for column in columns] for row in rows])


def _together_table(board: Board) -> Table | None:
    """Unrounded, a row for each entry and board."""
    boards = read.family(board)
    if not boards:
        return None
    rows = []
    for found in read.beside(boards, board):
        for one, row in zip(boards, found.rows, strict=True):
            if row is not None:
                field = measure(one.rater)
                numbers = [getattr(row, f"{field}{end}") for end in ("", "_low", "_high")]
                rows.append([found.entry.slug, one.slug, field, *numbers, row.rank_low, row.rank_high, row.n])
    return Table(("entry", "board", "measure", "value", "low", "high", "rank_low", "rank_high", "n"), rows)
