"""Pages of boards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from leaderboard.contracts.fingerprint import fingerprint
from leaderboard.models import Board, Submission
from leaderboard.queries import boards as read
from leaderboard.queries.boards import Row
from leaderboard.web import charts
from leaderboard.web.charts import Whisker


@dataclass(frozen=True)
class Column:
    """A column head: its address sorts by it, or turns the order round."""

    key: str
    label: str
    hint: str
    href: str
    aria: str
    better: str
    """An arrow that says which direction is better."""


COLUMNS = (
    ("rank", "Rank", "Ranks that the data cannot tell apart are shown as a group", ""),
    ("entry", "Entry", "Model and decoding", ""),
    ("rating", "Rating", "Rating by the board's method, with its 95 % interval", "↑"),
    ("win-rate", "Win rate", "Mean credit in percent, with its standard error", "↑"),
    ("score", "Score", "Exact match in percent", "↑"),
    ("n", "n", "Verdicts counted", ""),
    ("missing", "Missing", "Verdicts and outputs that should be there and are not", "↓"),
    ("tokens", "Tokens", "Mean length of an output in tokens", ""),
    ("cost", "Cost", "What the outputs cost, in US dollars", "↓"),
)
ASCENDING_FIRST = ("rank", "entry", "missing", "cost", "tokens")


@require_safe
def boards(request: HttpRequest) -> HttpResponse:
    """All boards."""
    return render(request, "boards.html", {"cards": read.cards()})


@require_safe
def board(request: HttpRequest, slug: str) -> HttpResponse:
    """One board. Its ETag begins with the snapshot's digest."""
    found = get_object_or_404(read.all_boards(), slug=slug)
    active = read.active_submissions(found)
    etag = _etag(request, found, active)
    unread = "messages" in request.COOKIES  # a 304 would hide them
    answer = None if unread else get_conditional_response(request, etag=etag)
    if answer is None:
        answer = render(request, "board.html", _context(request, found, active))
    answer["ETag"] = etag
    answer["Cache-Control"] = "no-cache"
    return answer


def _etag(request: HttpRequest, found: Board, active: list[Submission]) -> str:
    """The snapshot's digest, and what else the page shows: who is signed in, what runs, the form token."""
    digest = found.current.digest if found.current else "empty"
    seen = [request.user.pk, request.META.get("CSRF_COOKIE"), found.wanted, found.built, found.title]
    shown = fingerprint("page", seen, [[str(s.pk), s.state] for s in active])
    return f'"{digest}.{shown[:12]}"'


def _context(request: HttpRequest, found: Board, active: list[Submission]) -> dict[str, Any]:
    sort = request.GET.get("sort", "rank")
    rows = read.rows(found, sort)
    details = found.current.details if found.current else {}
    standings = [row.standing for row in rows]
    return {
        "board": found,
        "lines": _lines(rows, charts.whiskers(standings, found.rater)),
        "columns": [_column(key, label, hint, better, sort) for key, label, hint, better in COLUMNS],
        "details": details,
        "elo": _elo(details, rows),
        "active": active,
        "stale": found.built < found.wanted,
        "rank_of": "win-rate" if found.rater == "win-rate" else "rating",
        "votes_here": found.open_to_votes,
    }


def _lines(rows: list[Row], whiskers: dict[int, Whisker]) -> list[tuple[Row, Whisker | None]]:
    return [(row, whiskers.get(row.standing.pk)) for row in rows]


def _elo(details: dict[str, Any], rows: list[Row]) -> charts.Lines | None:
    order = [row.standing for row in sorted(rows, key=lambda row: row.standing.position)]
    names = {standing.entry.slug: str(standing.entry) for standing in order}
    return charts.history(details.get("elo_history", {}), list(names), names)


def _column(key: str, label: str, hint: str, better: str, sort: str) -> Column:
    current, down = sort.removeprefix("-") == key, sort.startswith("-")
    aria = ("descending" if down else "ascending") if current else ""
    next_down = not down if current else key not in ASCENDING_FIRST
    return Column(key, label, hint, f"?sort={'-' if next_down else ''}{key}", aria, better)
