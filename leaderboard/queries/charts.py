"""Reads what the charts of a board need beyond its current snapshot."""

from __future__ import annotations

from collections.abc import Collection

from leaderboard.models import Board, BoardSnapshot, Standing

MOST = 100
"""Snapshots that a history goes back."""


def standings(board: Board) -> list[Standing]:
    """The rows of the current snapshot in rank order, those out of the ranking last."""
    if board.current_id is None:
        return []
    found = Standing.objects.filter(snapshot=board.current_id).select_related("entry__model", "entry__decoding")
    return sorted(found.order_by("position"), key=lambda row: bool(row.flags))


def courses(board: Board, entries: Collection[int], field: str) -> dict[str, list[tuple[float, float]]]:
    """By entry: (seconds since 1970, the number in `field`) of the last snapshots, oldest first; one query."""
    last = BoardSnapshot.objects.filter(board=board).order_by("-created_at", "-pk").values("pk")[:MOST]
    found = (
        Standing.objects.filter(snapshot__in=last, entry__in=entries, **{f"{field}__isnull": False})
        .order_by("snapshot__created_at", "snapshot")
        .values_list("entry__slug", "snapshot__created_at", field)
    )
    by_entry: dict[str, list[tuple[float, float]]] = {}
    for slug, at, value in found:
        by_entry.setdefault(slug, []).append((at.timestamp(), value))
    return by_entry
