"""Finding the stated answer in an output, and telling whether two answers mean the same.

Rules of thumb, no parser of mathematics: folded text, plain decimal numbers, comma-separated lists.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|[\r\n]")
_NUMBER = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d*)?")
_WRAPPING = " \t.,;:!?\"'`*_()[]{}<>$€£%°~|=“”‘’«»"
_SHOWN = 200
"""Characters of an extracted answer that are kept as evidence."""


@dataclass(frozen=True)
class Check:
    """One output against a reference. `found` is the stated answer, None where there is none."""

    found: str | None
    right: bool


def extract_answer(text: str, marker: str) -> str | None:
    """What follows the last `marker` (in any case), up to the end of that sentence or line; None if nothing does.

    A full stop ends the sentence only before a space or the end, so "3.5" stays whole.
    """
    spots = list(re.finditer(re.escape(marker), text, re.IGNORECASE))
    if not spots:
        return None
    rest = text[spots[-1].end() :].lstrip(" \t:")
    end = _SENTENCE_END.search(rest)
    answer = rest[: end.start()] if end else rest
    return answer.strip() if normalise(answer) else None


def normalise(answer: str) -> str:
    """Case, width and runs of white space folded, wrapping punctuation gone; a sign and a leading point stay."""
    folded = " ".join(unicodedata.normalize("NFKC", answer).casefold().replace("\u2212", "-").split())
    bare = folded.rstrip(_WRAPPING).lstrip(_WRAPPING.replace(".", ""))
    return bare if re.match(r"\.\d", bare) else bare.lstrip(_WRAPPING)


def as_number(answer: str) -> Decimal | None:
    """`answer` (normalised) as an exact decimal, thousands commas allowed; None if it is none."""
    if not any(c.isdecimal() for c in answer) or not _NUMBER.fullmatch(answer):
        return None
    return Decimal(answer.replace(",", ""))


def same_answer(answer: str, reference: str) -> bool:
    """Whether both mean the same: as numbers, else item by item for lists, else as folded text."""
    left, right = normalise(answer), normalise(reference)
    if _same_item(left, right):
        return True
    if as_number(right) is not None or "," not in right:
        return False
    ours, theirs = _items(left), _items(right)
    return len(ours) == len(theirs) and all(map(_same_item, ours, theirs))


def check(text: str, reference: str, marker: str) -> Check:
    """The stated answer of `text` and whether it matches `reference`."""
    found = extract_answer(text, marker)
    if found is None:
        return Check(None, False)
    return Check(found[:_SHOWN], same_answer(found, reference))


def _same_item(left: str, right: str) -> bool:
    if left == right:
        return True
    number = as_number(left)
    return number is not None and number == as_number(right)


def _items(answer: str) -> list[str]:
    return [normalise(item) for item in answer.split(",")]
