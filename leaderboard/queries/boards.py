"""Reads boards, their leaders and what is being worked on; `standings` reads their rows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from django.db.models import Count, QuerySet

from leaderboard.models import Board, Standing, Submission


@dataclass(frozen=True)
class Card:
    """A board on the front page."""

    board: Board
    entries: int
    leaders: list[Standing]
    active: int


def all_boards() -> QuerySet[Board]:
    """Boards with all that their heads show."""
    return Board.objects.select_related(
        "benchmark",
        "metric",
        "current",
        "parent",
        "baseline__model",
        "baseline__decoding",
        "baseline__template",
    )


def cards() -> list[Card]:
    """Every board with its size and who shares the first place."""
    boards = list(all_boards().annotate(own=Count("entries")))
    sizes = {board.pk: board.own for board in boards}
    found = Standing.objects.filter(snapshot__in=[b.current_id for b in boards if b.current_id], rank_low=1)
    leaders: dict[int, list[Standing]] = {}
    for row in found.select_related("entry__model", "entry__decoding").order_by("position"):
        leaders.setdefault(row.snapshot_id, []).append(row)
    active = Counter(_active().values_list("board_id", flat=True))
    return [
        Card(b, sizes.get(b.entries_of, 0), leaders.get(b.current_id or 0, []), active[b.parent_id or b.pk])
        for b in boards
    ]


def _active() -> QuerySet[Submission]:
    return Submission.objects.exclude(state__in=Submission.ENDED)


def active_submissions(board: Board) -> list[Submission]:
    """What is still being worked on for this board, newest first."""
    return list(
        _active()
        .filter(board__in=[board.pk, board.parent_id or board.pk])
        .select_related("entry__model", "entry__decoding")
        .order_by("-created_at")
    )


def rank_group(low: int | None, high: int | None) -> str:
    """ "3" or "3–7"; "" where there is no rank yet."""
    if low is None or high is None:
        return ""
    return str(low) if low == high else f"{low}–{high}"
