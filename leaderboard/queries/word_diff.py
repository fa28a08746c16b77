"""Two answers word by word: what both say, and what only one of them says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

MOST_WORDS = 2_000
"""In each answer; matching takes time that grows with their product."""
_WORDS = re.compile(r"\s*\S+|\s+$")


@dataclass(frozen=True)
class Passage:
    """A run of words of one answer, or the space before one; `own`: the other answer does not have the words there."""

    text: str
    own: bool


def word_diff(left: str, right: str) -> tuple[list[Passage] | None, list[Passage] | None]:
    """Each answer as passages, in their order; None for both where one has more than `MOST_WORDS` words.

    Passages of an answer joined are its text. Spaces count for nothing in the match.
    """
    a, b = (_WORDS.findall(text) for text in (left, right))
    if max(len(a), len(b)) > MOST_WORDS:
        return None, None
    first: list[Passage] = []
    second: list[Passage] = []
    matcher = SequenceMatcher(None, [word.strip() for word in a], [word.strip() for word in b])
    for kind, i, j, k, m in matcher.get_opcodes():
        _add(first, a[i:j], kind != "equal")
        _add(second, b[k:m], kind != "equal")
    return first, second


def _add(passages: list[Passage], words: list[str], own: bool) -> None:
    text = "".join(words)
    space = text[: len(text) - len(text.lstrip())] if own else ""
    passages += [Passage(part, marked) for part, marked in ((space, False), (text[len(space) :], own)) if part]
