"""Distinct-n: how many of the n-grams in several texts are different."""

from __future__ import annotations

from collections.abc import Sequence

from judges.metrics.words import ngrams, words


def distinct_n(texts: Sequence[str], n: int) -> float | None:
    """Different n-grams over all n-grams of `texts` taken together, in (0, 1]; 1: none occurs twice.

    Li et al. 2016 (arXiv 1510.03055), over n-grams rather than tokens, so that 1 is reached for every n. It falls as
    texts get longer or more: compare sets of like size. None where no text has n words.

    Raises: ValueError for n below 1.
    """
    found = [gram for text in texts for gram in ngrams(words(text), n)]
    return len(set(found)) / len(found) if found else None
