"""A decoding strategy as a `LogitsProcessor` of transformers' `generate`.

    processor = StrategyProcessor(strategy, attention_mask)
    model.generate(**inputs, logits_processor=[processor], **generate_settings(strategy))

The tokens are drawn by `generate`, with torch's global random numbers: the distribution is ours, the draw is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from transformers import LogitsProcessor

from workers.decoding.history import History, surprise_of


def generate_settings(strategy: Any) -> Mapping[str, Any]:
    """Arguments of `generate` that leave the whole choice to the strategy: nothing heated, cut or penalised twice."""
    neutral = {"temperature": 1.0, "top_k": 0, "top_p": 1.0} if strategy.samples else {}
    common = {"do_sample": strategy.samples, "num_beams": 1, "max_new_tokens": strategy.max_new_tokens}
    return {**common, **neutral, "repetition_penalty": 1.0}


class StrategyProcessor(LogitsProcessor):
    """Runs a strategy's `apply` at each step of one call of `generate`; a second call needs another one."""

    def __init__(self, strategy: Any, attention_mask: Tensor | None = None) -> None:
        self.strategy = strategy
        self.mask = attention_mask
        self.width = 0
        self.expected = 0
        self.last: Tensor | None = None
        self.surprise: Tensor | None = None

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """New scores, (rows, vocabulary), from the ids so far, (rows, length), padded on the left as `attention_mask`.

        Raises ValueError where the ids do not continue those of the last call.
        """
        if not self.expected:
            self._begin(input_ids)
        if input_ids.shape[1] != self.expected:
            raise ValueError("One StrategyProcessor serves one call of generate; make another for the next.")
        self.expected += 1
        if self.last is not None and self.surprise is not None:
            self.surprise = self.surprise + surprise_of(self.last, input_ids[:, -1])
        new: Tensor = self.strategy.apply(scores, self._history(input_ids))
        if self.surprise is not None:
            self.last = new
        return new

    def _begin(self, input_ids: Tensor) -> None:
        self.width = self.expected = input_ids.shape[1]
        if self.mask is None:
            self.mask = torch.ones_like(input_ids)
        if getattr(self.strategy, "keeps_surprise", False):
            self.surprise = torch.zeros(input_ids.shape[0], dtype=torch.float64, device=input_ids.device)

    def _history(self, input_ids: Tensor) -> History:
        assert self.mask is not None
        prompt = self.mask.bool().to(input_ids.device)
        new = input_ids.shape[1] - self.width
        known = torch.cat([prompt, prompt.new_ones(prompt.shape[0], new)], dim=1)
        lengths = prompt.sum(1)
        return History(input_ids, known, lengths, torch.full_like(lengths, new), self.surprise)
