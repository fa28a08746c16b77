"""Decoding strategies on a vLLM server whose model runner is the first one, as on CPUs.

    vllm serve MODEL --logits-processors workers.decoding.shells.vllm_v1:StrategyProcessor

The processor runs before the server's own penalties, temperature and cuts; `strategy_of` refuses a request that has
any of them.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from vllm.v1.sample.logits_processor import LogitsProcessor, MoveDirectionality  # type: ignore[import-not-found]

from workers.decoding.shells.requests import new_logits, strategy_of

Held = tuple[Any, list[int], list[int]]
"""Strategy, prompt ids, and vLLM's own list of the output's ids, which grows as the output does."""


class StrategyProcessor(LogitsProcessor):  # type: ignore[misc]
    """Applies to each row of the batch the strategy that its request names."""

    @classmethod
    def validate_params(cls, sampling_params: Any) -> None:
        """Raises ValueError for a request that cannot be decoded as it asks."""
        strategy_of(sampling_params)

    def __init__(self, vllm_config: Any, device: Any, is_pin_memory: bool) -> None:
        self.held: dict[int, Held] = {}

    def is_argmax_invariant(self) -> bool:
        """False: penalties change which token is likeliest."""
        return False

    def update_state(self, batch_update: Any) -> None:
        """Follow the batch: removed, then added, then moved requests, in vLLM's documented order."""
        if batch_update is None:
            return
        for index in batch_update.removed:
            self.held.pop(index, None)
        for index, params, prompt, outputs in batch_update.added:
            strategy = strategy_of(params)
            self._put(index, strategy and (strategy, list(prompt or ()), outputs))
        for start, end, direction in batch_update.moved:
            moving, there = self.held.pop(start, None), self.held.pop(end, None)
            self._put(end, moving)
            if direction == MoveDirectionality.SWAP:
                self._put(start, there)

    def apply(self, logits: Tensor) -> Tensor:
        """Changes rows of `logits`, (requests, vocabulary), in place and returns it."""
        for index, (strategy, prompt, outputs) in self.held.items():
            ids = torch.tensor([*prompt, *outputs], dtype=torch.int64, device=logits.device)
            logits[index] = new_logits(strategy, logits[index], ids, len(prompt))
        return logits

    def _put(self, index: int, held: Held | None) -> None:
        if held is None:
            self.held.pop(index, None)
        else:
            self.held[index] = held
