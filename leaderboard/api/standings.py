"""A board's rows as plain values: what the API, the CSV and the command line share."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import Any, TextIO

from pydantic import BaseModel

from leaderboard.models import BoardSnapshot, Standing

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class Row(BaseModel):
    """One row of a board. Rates are in percent; null means that there is no such number, never zero."""

    entry: str
    model: str
    decoding: str
    rank_low: int | None
    rank_high: int | None
    rating: float | None
    rating_low: float | None
    rating_high: float | None
    win_rate: float | None
    win_rate_se: float | None
    n: int
    missing: int
    discrete_win_rate: float | None
    elo: float | None
    score: float | None
    score_n: int
    score_missing: int
    mean_length: float | None
    mean_tokens: float | None
    cost_usd: float | None
    note: str


COLUMNS = tuple(Row.model_fields)
_NAMES = {"entry", "model", "decoding"}


def as_row(standing: Standing) -> Row:
    """A standing, with its entry's parts loaded, as a row."""
    entry = standing.entry
    numbers = {name: getattr(standing, name) for name in COLUMNS if name not in _NAMES}
    return Row(entry=entry.slug, model=str(entry.model), decoding=str(entry.decoding), **numbers)


def rows_of(snapshot: BoardSnapshot | None) -> list[Row]:
    """All rows of a snapshot, best first; none where there is no snapshot yet."""
    if snapshot is None:
        return []
    found = Standing.objects.filter(snapshot=snapshot).select_related("entry__model", "entry__decoding")
    return [as_row(standing) for standing in found.order_by("position")]


def write_csv(rows: Iterable[Row], file: TextIO) -> None:
    """A header and the rows; an empty cell is a number that does not exist."""
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([_cell(getattr(row, name)) for name in COLUMNS])


def _cell(value: Any) -> Any:
    """Text that a spreadsheet would run as a formula gets an apostrophe before it."""
    if value is None:
        return ""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value
