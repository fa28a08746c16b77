"""Sampling rules as pure functions: logits (rows, vocabulary) in, logits of the same shape out.

-inf marks a token that cannot be chosen. Every row is treated on its own. No randomness, no state, no
order of application: `strategies` owns that.
"""

from __future__ import annotations

import torch
from torch import Tensor

NEVER = float("-inf")


def repetition_penalty(logits: Tensor, ids: Tensor, known: Tensor, penalty: float) -> Tensor:
    """Each id seen so far, prompt included, once: z > 0 becomes z / penalty, else z * penalty (CTRL, arXiv 1909.05858).

    `ids`: (rows, length) int64; `known`: the same shape, False where `ids` is padding.
    """
    spare = logits.shape[-1]
    seen = torch.zeros(logits.shape[0], spare + 1, dtype=torch.bool, device=logits.device)
    seen.scatter_(1, torch.where(known, ids, spare), True)
    changed = torch.where(logits > 0, logits / penalty, logits * penalty)
    return torch.where(seen[:, :spare], changed, logits)


def temperature(logits: Tensor, value: float) -> Tensor:
    """Logits over `value` > 0, first shifted to a maximum of 0 so that a tiny `value` cannot overflow to NaN."""
    return (logits - logits.amax(-1, keepdim=True)) / value


def top_k(logits: Tensor, k: int) -> Tensor:
    """Keeps what is at least as large as the k-th largest logit; ties with it stay."""
    least = logits.topk(min(k, logits.shape[-1]), dim=-1).values[:, -1:]
    return logits.masked_fill(logits < least, NEVER)


def top_p(logits: Tensor, p: float) -> Tensor:
    """Keeps the likeliest tokens through the one that brings their mass to `p` (arXiv 1904.09751)."""
    if p >= 1.0:  # else rounding in the sums would drop the tail
        return logits
    ordered, places = logits.sort(dim=-1, descending=True, stable=True)
    chances = ordered.double().softmax(-1)
    before = chances.cumsum(-1) - chances
    drop = before >= p
    drop[:, 0] = False
    return logits.masked_fill(torch.zeros_like(drop).scatter_(1, places, drop), NEVER)


def min_p(logits: Tensor, base: float) -> Tensor:
    """Keeps tokens at least `base` times as likely as the likeliest (arXiv 2407.01082)."""
    chances = logits.softmax(-1)
    return logits.masked_fill(chances < base * chances.amax(-1, keepdim=True), NEVER)
