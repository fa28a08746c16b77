"""The tensors of a running batch: token ids, key-value cache and next logits, cut and joined by rows.

Rows are padded on the left. What is known of a row is one unbroken stretch that ends in the last column, so
joining batches of different widths moves no token relative to its neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

VECTORS = ("prompt_length", "step", "limit", "noise", "config", "ticket", "logprob")


@dataclass
class Batch:
    """`ids`, `known`: (rows, width) int64 and bool. `logits`: (rows, vocabulary) float32 for the next token.

    `cache` is a DynamicCache whose layers hold (rows, heads, width, size). The cache object belongs to one
    Batch: `select` and `join` copy, then reuse the object of their first batch only where they say so.
    """

    ids: Tensor
    known: Tensor
    logits: Tensor
    cache: Any

    def __len__(self) -> int:
        return int(self.ids.shape[0])

    @property
    def width(self) -> int:
        """Columns, padding included."""
        return int(self.ids.shape[1])

    def select(self, index: Tensor, lead: int = 0) -> Batch:
        """The rows `index` (repeats allowed) without the first `lead` columns, which must be padding in all of them."""
        cache = _new_cache()
        for layer in self.cache.layers:
            cache.append(_cut(layer, index, lead))
        return Batch(self.ids[index, lead:], self.known[index, lead:], self.logits[index], _as_cache(cache))

    def join(self, other: Batch) -> Batch:
        """This batch's rows, then the other's, padded on the left to the wider of the two."""
        width = max(self.width, other.width)
        parts = [
            (_widen_pair(a, width), _widen_pair(b, width))
            for a, b in zip(_pairs(self.cache), _pairs(other.cache), strict=True)
        ]
        cache = [None if a is None or b is None else _stack(a, b) for a, b in parts]
        return Batch(
            torch.cat([_left_pad(self.ids, width), _left_pad(other.ids, width)]),
            torch.cat([_left_pad(self.known, width), _left_pad(other.known, width)]),
            torch.cat([self.logits, other.logits]),
            _as_cache(cache),
        )
