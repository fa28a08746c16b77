"""Self-BLEU: how alike several texts to one prompt are. All prompts at once, from arrays of n-gram counts."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from leaderboard.ratings.variation.tables import Floats, Ints
from leaderboard.ratings.variation.texts import Groups, Tokens

ORDER = 4


def self_bleu(groups: Groups) -> Floats:
    """(G,) mean BLEU-4 of each text of a group against all others as its references, in [0, 1]; 1: all alike.

    Zhu et al. 2018 (arXiv 1802.01886). BLEU is sacreBLEU's sentence score with tokeniser 13a, effective order and
    exponential smoothing. Texts without a token are left out; NaN where fewer than two are left.
    """
    tokenise = _tokeniser()
    split = [[tokenise(text.rstrip()).split() for text in own] for own in groups]
    tokens = Tokens.of([[each for each in own if each] for own in split])
    size = np.bincount(tokens.group, minlength=tokens.groups)
    scores = _scores(tokens)
    total = np.bincount(tokens.group, weights=scores, minlength=tokens.groups)
    return np.asarray(np.where(size > 1, np.minimum(1.0, total / np.maximum(size, 1)), np.nan))


@lru_cache(maxsize=1)
def _tokeniser() -> Any:
    # Only reports need it, and it takes long to import: the site must not wait for it.
    from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

    kind: Any = Tokenizer13a
    return kind()


def _scores(tokens: Tokens) -> Floats:
    """(T,) BLEU of each text in [0, 1]; meaningless for a text alone in its group."""
    count = len(tokens.group)
    correct, total = np.zeros((count, ORDER)), np.zeros((count, ORDER))
    for n, (gram, owner) in enumerate(tokens.ngrams(ORDER)):
        matched, times, text = _clipped(gram, owner, count)
        correct[:, n] = np.bincount(text, weights=matched, minlength=count)
        total[:, n] = np.bincount(text, weights=times, minlength=count)
    lengths = tokens.lengths
    return _bleu(correct, total, lengths, _closest(tokens.group, lengths))


def _clipped(gram: Ints, owner: Ints, texts: int) -> tuple[Ints, Ints, Ints]:
    """Of each n-gram of each text: its count, cut at the greatest in any other text; its count; and the text."""
    key, times = np.unique(gram * texts + owner, return_counts=True)
    kind, text = np.divmod(key, max(texts, 1))
    order = np.lexsort((-times, kind))
    kind, text, times = kind[order], text[order], times[order]
    first = np.flatnonzero(np.diff(kind, prepend=-1))
    size = np.diff(np.append(first, len(kind)))
    greatest = times[first]
    second = np.where(size > 1, times[np.minimum(first + 1, len(times) - 1)], 0) if len(times) else greatest
    others = np.repeat(greatest, size)
    others[first] = second
    return np.minimum(times, others), times, text


def _closest(group: Ints, lengths: Ints) -> Ints:
    """(T,) length of another text of the group nearest to its own, the shorter of two as near; 0 where it is alone."""
    order = np.lexsort((lengths, group))
    ordered, same = lengths[order], np.diff(group[order]) == 0
    far = int(ordered.max(initial=0)) * 2 + 1
    before, after = np.full(len(ordered), -far), np.full(len(ordered), far)
    before[1:][same], after[:-1][same] = ordered[:-1][same], ordered[1:][same]
    nearest = np.where(ordered - before <= after - ordered, before, after)
    found = np.empty_like(ordered)
    found[order] = np.where(np.abs(nearest) == far, 0, nearest)
    return found


def _bleu(correct: Floats, total: Floats, length: Ints, reference: Ints) -> Floats:
    """Geometric mean of the precisions of all orders that the text has, times the brevity penalty.

    The i-th precision of 0 counts as 1/(2^i · total) (NIST smoothing); a text without any match scores 0.
    """
    has, missed = total > 0, (total > 0) & (correct == 0)
    smoothed = np.where(missed, 0.5 ** np.cumsum(missed, axis=1), correct)
    logs = np.where(has, np.log(np.where(has, smoothed, 1.0) / np.maximum(total, 1.0)), 0.0)
    mean = logs.sum(axis=1) / np.maximum(has.sum(axis=1), 1)
    brevity = np.minimum(0.0, 1 - reference / np.maximum(length, 1))
    return np.asarray(np.where(correct.any(axis=1), np.exp(mean + brevity), 0.0))
