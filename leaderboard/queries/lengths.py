"""Reads the difficulties of prompts that a board was given for length control."""

from __future__ import annotations

from leaderboard.models import Board, LengthData


def difficulties(board: Board) -> list[float]:
    """Of each prompt of the benchmark, by position; empty where one of them has none."""
    of_both = LengthData.objects.filter(board__in=[board.pk, board.parent_id or board.pk])
    given = of_both.order_by("-board_id").first()
    known = given.difficulty if given else {}
    keys = list(board.benchmark.prompts.order_by("position").values_list("key", flat=True))
    return [known[key] for key in keys] if keys and known.keys() >= set(keys) else []
