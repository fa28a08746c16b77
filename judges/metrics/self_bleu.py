"""Self-BLEU: how alike several texts to one prompt are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sacrebleu.metrics.bleu import BLEU

from judges.metrics.words import ngrams

ORDER = 4

Gram = tuple[str, ...]
Counts = Counter[Gram]


@dataclass(slots=True)
class _Most:
    """The two greatest counts of one n-gram in any text, and whose the greatest is."""

    first: int = 0
    owner: int = -1
    second: int = 0

    def see(self, owner: int, count: int) -> None:
        if count > self.first:
            self.first, self.owner, self.second = count, owner, self.first
        else:
            self.second = max(self.second, count)

    def without(self, owner: int) -> int:
        """The greatest count in the texts of others."""
        return self.second if owner == self.owner else self.first


def self_bleu(texts: Sequence[str]) -> float | None:
    """Mean BLEU-4 of each text against all others as its references, in [0, 1]; 1: all alike (Zhu et al. 2018).

    arXiv 1802.01886. BLEU is sacreBLEU's sentence score with tokeniser 13a, effective order and exponential
    smoothing, equal to its own to the last digit; clipping counts are gathered once for all texts, not once a text.
    Texts without a token are left out; None where fewer than two are left.
    """
    tokenise = BLEU(effective_order=True).tokenizer
    tokens = [tokenise(text.rstrip()).split() for text in texts]
    tokens = [each for each in tokens if each]
    if len(tokens) < 2:
        return None
    counts = [_counts(each) for each in tokens]
    most = _greatest(counts)
    lengths = Counter(len(each) for each in tokens)
    scores = [_score(place, each, most, _closest(lengths, len(tokens[place]))) for place, each in enumerate(counts)]
    return min(1.0, sum(scores) / len(scores) / 100)


def _counts(tokens: Sequence[str]) -> Counts:
    return Counter(gram for n in range(1, ORDER + 1) for gram in ngrams(tokens, n))


def _greatest(counts: Iterable[Counts]) -> dict[Gram, _Most]:
    found: dict[Gram, _Most] = {}
    for owner, grams in enumerate(counts):
        for gram, count in grams.items():
            found.setdefault(gram, _Most()).see(owner, count)
    return found


def _closest(lengths: Counter[int], own: int) -> int:
    """The length of another text nearest to `own`, the shorter of two as near."""
    others = [length for length, count in lengths.items() if count > (length == own)]
    return min(others, key=lambda length: (abs(length - own), length))


def _score(place: int, counts: Counts, most: dict[Gram, _Most], reference_length: int) -> float:
    correct, total = [0] * ORDER, [0] * ORDER
    for gram, count in counts.items():
        total[len(gram) - 1] += count
        correct[len(gram) - 1] += min(count, most[gram].without(place))
    bleu = BLEU.compute_bleu(
        correct, total, total[0], reference_length, smooth_method="exp", effective_order=True, max_ngram_order=ORDER
    )
    return bleu.score
