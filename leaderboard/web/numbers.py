"""Numbers that a form or an address names a row by."""

from __future__ import annotations

MOST_DIGITS = 18
"""Digits of the largest ids that every database takes, and of numbers that are cheap to read."""


def id_in(text: str) -> int:
    """The id that a text names; 0, which no row has, for anything else."""
    return int(text) if text.isdecimal() and len(text) <= MOST_DIGITS else 0
