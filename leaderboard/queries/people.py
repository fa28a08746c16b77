"""Reads how people and judges rate the same entries: a board with votes, its parent, and the boards beside it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from leaderboard.models import Board, Entry, Standing


@dataclass(frozen=True)
class Beside:
    """One entry on each of the boards; None where a board does not rank it."""

    entry: Entry
    rows: list[Standing | None]


def family(board: Board) -> list[Board]:
    """The board that judges rate, then those that people's votes rate; empty where there are no two of them.

    Without what their snapshots hold, which is large; one query.
    """
    home = board.parent_id or board.pk
    found = Board.objects.filter(Q(pk=home) | Q(parent=home, counts_votes=True)).select_related("current")
    boards = list(found.defer("current__details").order_by("created_at", "pk"))
    boards.sort(key=lambda one: one.pk != home)
    return boards if len(boards) > 1 else []


def beside(boards: list[Board], order: Board) -> list[Beside]:
    """Every entry that any of the boards ranks, in the order of the board `order`, then of the others; one query."""
    rows = Standing.objects.filter(snapshot__in=[one.current_id for one in boards if one.current_id])
    entries: dict[int, Entry] = {}
    found: dict[tuple[int, int], Standing] = {}
    known = sorted(
        rows.select_related("entry__model", "entry__decoding", "entry__template"),
        key=lambda row: (row.snapshot_id != order.current_id, row.position, row.pk),
    )
    for row in known:
        entries.setdefault(row.entry_id, row.entry)
        found[row.snapshot_id, row.entry_id] = row
    return [Beside(entry, [found.get((one.current_id or 0, pk)) for one in boards]) for pk, entry in entries.items()]
