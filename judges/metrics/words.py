"""Words of a text, for the metrics that count them."""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W_]+")


def words(text: str) -> list[str]:
    """Runs of letters and digits in lower case. Scripts written without spaces give long runs, not words."""
    return _WORD.findall(text.lower())
