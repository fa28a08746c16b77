"""From the log-probabilities of a judge's first token to the share of the first slot."""

from __future__ import annotations

import math
from collections.abc import Sequence

PARSER_VERSION = "1"
_LEADING = " \u2581\u0120"
"""How tokenizers write a space before a word: itself, sentencepiece's ▁, byte-level BPE's Ġ."""


def first_slot_share(logprobs: Sequence[tuple[str, float]], names: tuple[str, str]) -> float | None:
    """P(slot 1) / (P(slot 1) + P(slot 2)), in [0, 1]; None where neither name is among the tokens.

    `logprobs`: (token, nats). Tokens match in exact case, leading spaces aside; several that match are
    summed; an absent name counts 0. Source: AlpacaEval's weighted annotator (arXiv 2404.04475).
    """
    first, second = (_probability(logprobs, name) for name in names)
    total = first + second
    return first / total if total > 0 else None


def _probability(logprobs: Sequence[tuple[str, float]], name: str) -> float:
    return math.fsum(
        math.exp(min(value, 0.0))
        for token, value in logprobs
        if token.lstrip(_LEADING) == name and not math.isnan(value)
    )
