"""The page of a board's charts, and the data of each as CSV."""

from __future__ import annotations

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from leaderboard.models import Board
from leaderboard.queries import boards as read_boards
from leaderboard.queries import charts as read
from leaderboard.web.charts import heatmap, lines, scatter
from leaderboard.web.charts.chart import Chart, Source
from leaderboard.web.charts.whiskers import measure

CHARTS: tuple[Callable[[Source], Chart | None], ...] = (
    heatmap.wins_chart,
    heatmap.counts_chart,
    scatter.controlled_chart,
    scatter.lengths_chart,
    lines.history_chart,
    lines.elo_chart,
)


def source_of(board: Board) -> Source:
    """All that the charts of the board are drawn from, in two queries."""
    rows, field = read.standings(board), measure(board.rater)
    leaders = [row.entry_id for row in rows[: lines.MOST]]
    courses = read.courses(board, leaders, field)
    return Source(board, board.current.details if board.current else {}, rows, courses, field)


def drawn(board: Board) -> list[Chart]:
    """The charts that the board has data for."""
    source = source_of(board)
    return [chart for make in CHARTS if (chart := make(source))]


@require_safe
def charts(request: HttpRequest, slug: str) -> HttpResponse:
    """Every chart of a board."""
    board = get_object_or_404(read_boards.all_boards(), slug=slug)
    return render(request, "charts.html", {"board": board, "charts": drawn(board)})


@require_safe
def chart_csv(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """The data of one chart."""
    board = get_object_or_404(read_boards.all_boards(), slug=slug)
    for chart in drawn(board):
        if chart.name == name:
            headers = {"Content-Disposition": f'inline; filename="{board.slug}-{name}.csv"'}
            return HttpResponse(chart.table.csv(), content_type="text/csv; charset=utf-8", headers=headers)
    raise Http404(f"This board has no data for a chart '{name}'.")
