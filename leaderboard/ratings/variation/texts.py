"""Texts in groups (the samples of one prompt are a group) as arrays of token numbers, and their n-grams.

What is measured of them is in `self_bleu` and `repeats`. Nothing here compares texts of different groups.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from leaderboard.ratings.variation.tables import Ints

Groups = Sequence[Sequence[str]]
_WORD = re.compile(r"[^\W_]+")


def words(text: str) -> list[str]:
    """Runs of letters and digits in lower case. Scripts written without spaces give long runs, not words."""
    return _WORD.findall(text.lower())


@dataclass(frozen=True)
class Tokens:
    """All texts one after another: (W,) `token` numbers and `text`, the place of the text that each is of.

    `group` (T,): the group of each text, ascending from 0 to `groups` − 1. A text may have no token.
    """

    token: Ints
    text: Ints
    group: Ints
    groups: int

    @classmethod
    def of(cls, texts: Iterable[Sequence[Sequence[str]]]) -> Tokens:
        """From the tokens of each text of each group."""
        names: dict[str, int] = {}
        tokens, sizes, group, count = list[int](), list[int](), list[int](), 0
        for place, own in enumerate(texts):
            count = place + 1
            for words_of in own:
                tokens += [names.setdefault(word, len(names)) for word in words_of]
                sizes.append(len(words_of))
                group.append(place)
        owner = np.repeat(np.arange(len(sizes)), sizes)
        return cls(np.array(tokens, dtype=np.int64), owner, np.array(group, dtype=np.int64), count)

    @property
    def lengths(self) -> Ints:
        """(T,) tokens of each text."""
        return np.bincount(self.text, minlength=len(self.group)).astype(np.int64)

    def ngrams(self, most: int) -> Iterator[tuple[Ints, Ints]]:
        """For n = 1 … `most`: a number for each n-gram, equal for equal ones of one group, and its text's place."""
        gram = _numbered(self.group[self.text], self.token)
        owner = self.text
        yield gram, owner
        for n in range(2, most + 1):
            starts = self._starts(n)
            shorter = np.searchsorted(self._starts(n - 1), starts)
            gram = _numbered(gram[shorter], self.token[starts + n - 1])
            owner = self.text[starts]
            yield gram, owner

    def _starts(self, n: int) -> Ints:
        """Places at which n tokens of one text begin."""
        last = self.text[n - 1 :]
        return np.flatnonzero(last == self.text[: len(last)])


def _numbered(first: Ints, second: Ints) -> Ints:
    """Numbers from 0, equal where both are equal."""
    key = first * (int(second.max(initial=0)) + 1) + second
    return np.asarray(np.unique(key, return_inverse=True)[1], dtype=np.int64)
