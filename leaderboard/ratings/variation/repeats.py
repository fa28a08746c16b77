"""What texts say again: n-grams and whole texts among the samples of a prompt, and loops within one text."""

from __future__ import annotations

import numpy as np

from leaderboard.ratings.variation.tables import Flags, Floats
from leaderboard.ratings.variation.texts import Groups, Tokens, words

TIMES, LEAST, PERIOD = 4, 8, 50
"""A loop is said at least `TIMES` times in a row, over `LEAST` words or more, and has up to `PERIOD` words."""


def distinct_n(groups: Groups, n: int) -> Floats:
    """(G,) different n-grams over all n-grams of the texts of a group, in (0, 1]; 1: none occurs twice.

    Li et al. 2016 (arXiv 1510.03055), over n-grams rather than tokens, so that 1 is reached for every n. It falls as
    texts get longer or more: compare sets of like size. NaN where no text has n words.

    Raises: ValueError for n below 1.
    """
    if n < 1:
        raise ValueError("n must be at least 1")
    tokens = Tokens.of([[words(text) for text in own] for own in groups])
    *_, (gram, owner) = tokens.ngrams(n)
    group = tokens.group[owner]
    total = np.bincount(group, minlength=tokens.groups)
    different = np.bincount(group[np.unique(gram, return_index=True)[1]], minlength=tokens.groups)
    return np.asarray(np.where(total > 0, different / np.maximum(total, 1), np.nan))


def unique_share(groups: Groups) -> Floats:
    """(G,) different texts over all texts of a group, spaces at the ends aside; NaN for a group without a text."""
    return np.array([len({text.strip() for text in own}) / len(own) if own else np.nan for own in groups])


def loops(groups: Groups) -> list[Flags]:
    """For each group, which of its texts get stuck: the same 1 to 50 words four times in a row or more.

    All the times together must make eight words, so that "ha ha ha ha" is none. Words are those of `texts.words`.
    """
    tokens = Tokens.of([[words(text) for text in own] for own in groups])
    found = np.zeros(len(tokens.group), dtype=np.bool_)
    longest = int(tokens.lengths.max(initial=0))
    for period in range(1, min(PERIOD, longest // TIMES) + 1):
        again = tokens.token[period:] == tokens.token[:-period]
        again &= tokens.text[period:] == tokens.text[:-period]
        found[tokens.text[period:][_runs(again, max(TIMES * period, LEAST) - period)]] = True
    ends = np.cumsum(np.bincount(tokens.group, minlength=tokens.groups))
    return np.split(found, ends[:-1]) if len(ends) else []


def _runs(flags: Flags, size: int) -> Flags:
    """True where a run of at least `size` true flags has come so far."""
    seen = np.concatenate([[0], np.cumsum(flags)])
    ends = np.zeros(len(flags), dtype=np.bool_)
    if len(flags) >= size:
        ends[size - 1 :] = seen[size:] - seen[:-size] == size
    return ends
