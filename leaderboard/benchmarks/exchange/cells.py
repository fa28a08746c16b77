"""Cells of CSV files that spreadsheets may open: text that would run as a formula is guarded, and freed on reading.

Only rows whose column `format` says so are undone, so that an apostrophe in anybody else's file stays.
"""

from __future__ import annotations

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
GUARD = "'"
MARK_COLUMN, MARK = "format", "touchstone"


def guarded(text: str) -> str:
    """`text` as a cell that no spreadsheet runs; an empty text becomes a lone apostrophe, told from an empty cell."""
    return GUARD + text if not text or text.startswith((*FORMULA_STARTS, GUARD)) else text


def bare(cell: str) -> str:
    """The text that `guarded` was given."""
    return cell.removeprefix(GUARD)
