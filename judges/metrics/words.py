"""Words and n-grams of a text, for the metrics that count them."""

from __future__ import annotations

import re
from collections.abc import Sequence

_WORD = re.compile(r"[^\W_]+")


def words(text: str) -> list[str]:
    """Runs of letters and digits in lower case. Scripts written without spaces give long runs, not words."""
    return _WORD.findall(text.lower())


def ngrams(tokens: Sequence[str], n: int) -> list[tuple[str, ...]]:
    """Every run of n tokens, in order. Raises ValueError for n below 1."""
    if n < 1:
        raise ValueError("n must be at least 1")
    return [tuple(tokens[start : start + n]) for start in range(len(tokens) - n + 1)]
