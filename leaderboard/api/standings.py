"""A board's rows as plain values: what the API, the CSV and the command line share."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import Any, TextIO

from pydantic import BaseModel

from leaderboard.models import BoardSnapshot, CategoryStanding, Standing

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class Row(BaseModel):
    """One row of a board. Rates are in percent; null means that there is no such number, never zero.

    `lc`: length-controlled win rate. `style_…`: the rating with style held equal. `chance`: probability that the
    entry stands above the next row, and `more` about how many judgments would decide it. `missing` counts what
    should be there and is not, `unscored` those of it that were judged without a number. `score` is over `score_n`
    outputs, each prompt weighing the same; `score_least`: with the `score_missing` unscored ones as the metric's lowest
    value, where that is lower. `flags`: why a row is out of the ranking.
    """

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
    lc: float | None
    lc_se: float | None
    lc_low: float | None
    lc_high: float | None
    style_rating: float | None
    style_low: float | None
    style_high: float | None
    style_rank_low: int | None
    style_rank_high: int | None
    chance: float | None
    more: int | None
    n: int
    missing: int
    unscored: int
    discrete_win_rate: float | None
    elo: float | None
    score: float | None
    score_n: int
    score_missing: int
    score_least: float | None
    mean_length: float | None
    mean_tokens: float | None
    cost_usd: float | None
    flags: list[str]
    note: str


COLUMNS = tuple(Row.model_fields)
_NAMES = {"entry", "model", "decoding"}


def as_row(standing: Standing | CategoryStanding) -> Row:
    """A standing, with its entry's parts loaded, as a row."""
    entry = standing.entry
    numbers = {name: getattr(standing, name) for name in COLUMNS if name not in _NAMES}
    return Row(entry=entry.slug, model=str(entry.model), decoding=str(entry.decoding), **numbers)


def rows_of(snapshot: BoardSnapshot | None, category: str = "") -> list[Row]:
    """All rows of a snapshot, or of one of its categories, best first; none where there is no snapshot yet."""
    if snapshot is None:
        return []
    found: Any = Standing.objects.filter(snapshot=snapshot)
    if category:
        found = CategoryStanding.objects.filter(snapshot=snapshot, category=category)
    return [as_row(row) for row in found.select_related("entry__model", "entry__decoding").order_by("position")]


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
    if isinstance(value, list):
        return _cell(" ".join(value))
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value
