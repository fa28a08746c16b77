"""What every chart has: a name, words that tell what to see, a figure for its template, and its data as a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from leaderboard.models import Board, Standing

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
Course = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Source:
    """What charts are drawn from. `rows` in rank order, those out of the ranking last.

    `courses`: by entry, (seconds since 1970, rating or rate) of past snapshots, oldest first.
    """

    board: Board
    details: Mapping[str, Any]
    rows: Sequence[Standing]
    courses: Mapping[str, Course]
    field: str
    """What the board is ranked by."""

    @cached_property
    def names(self) -> dict[str, str]:
        """Readable names by slug, in rank order."""
        return names_of(self.rows)


def names_of(rows: Sequence[Standing]) -> dict[str, str]:
    """Readable names by slug, in the order of `rows`; a decoding that all share goes without saying."""
    entries = [row.entry for row in rows]
    shared = len({entry.decoding_id for entry in entries}) == 1
    names = {entry.slug: str(entry.model) if shared else str(entry) for entry in entries}
    return names if len(set(names.values())) == len(names) else {entry.slug: str(entry) for entry in entries}


@dataclass(frozen=True)
class Table:
    """The numbers behind a chart."""

    header: Sequence[str]
    rows: Sequence[Sequence[Any]]

    def csv(self) -> str:
        """As CSV; an apostrophe goes before text that a spreadsheet would run as a formula."""
        file = io.StringIO(newline="")
        writer = csv.writer(file)
        writer.writerow(self.header)
        writer.writerows([_cell(value) for value in row] for row in self.rows)
        return file.getvalue()


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value


@dataclass(frozen=True)
class Chart:
    """A chart; `sentence` tells what to see, `text` says the same in figures for those who do not see it."""

    name: str
    title: str
    sentence: str
    text: str
    template: str
    figure: Any
    table: Table
