"""Reads what a board was given for length control."""

from __future__ import annotations

from leaderboard.models import Board, LengthData


def given(board: Board) -> LengthData | None:
    """What the board was given, or its parent; None where nothing was."""
    return LengthData.objects.filter(board__in=[board.pk, board.parent_id or board.pk]).order_by("-board_id").first()


def difficulties(board: Board) -> list[float]:
    """Of each prompt of the benchmark, by position; empty where one of them has none."""
    found = given(board)
    known = found.difficulty if found else {}
    keys = list(board.benchmark.prompts.order_by("position").values_list("key", flat=True))
    return [known[key] for key in keys] if keys and known.keys() >= set(keys) else []
