"""What a decoding strategy may know of the past."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class History:
    """Tokens so far. `ids`: (rows, length) int64, prompt and output; `known`: the same shape, bool, False on padding.

    `prompt_length`: (rows,) int64, how many known ids of a row belong to its prompt.
    `step`: (rows,) int64, how many new tokens each row has.
    `surprise`: (rows,) float64 bits, the sum of `surprise_of` over each row's new tokens; None where the loop keeps
    none. It is all the past that mirostat needs. A loop keeps it for a strategy whose `keeps_surprise` is True.
    """

    ids: Tensor
    known: Tensor
    prompt_length: Tensor
    step: Tensor
    surprise: Tensor | None = None

    @property
    def outputs(self) -> Tensor:
        """(rows, length) bool: True on the new tokens, False on prompt and padding."""
        return self.known & (self.known.cumsum(1) > self.prompt_length[:, None])


def surprise_of(scores: Tensor, tokens: Tensor) -> Tensor:
    """−log2 p of the chosen tokens, (rows,) float64, where p is the softmax of what a strategy's `apply` gave.

    `scores`: (rows, vocabulary), before any noise; `tokens`: (rows,) int64.
    """
    chosen = scores.double().log_softmax(-1).gather(1, tokens[:, None])[:, 0]
    return chosen / -math.log(2.0)
