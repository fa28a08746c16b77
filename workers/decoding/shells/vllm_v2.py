"""Decoding strategies on a vLLM server with Model Runner V2, whose processors have an interface of their own.

    vllm serve MODEL --logits-processors workers.decoding.shells.vllm_v2:StrategyProcessor

The processor runs after the server's own bias, penalties and grammar and before its temperature and cuts; `strategy_of`
refuses a request that has any of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vllm.v1.worker.gpu.sample.logits_processor import LogitsProcessor  # type: ignore[import-not-found]

from workers.decoding.shells.requests import new_logits, strategy_of

if TYPE_CHECKING:
    from torch import Tensor


class StrategyProcessor(LogitsProcessor):  # type: ignore[misc]
    """Applies to each row of logits the strategy of the request that the row belongs to."""

    @classmethod
    def validate_params(cls, sampling_params: Any) -> None:
        """Raises ValueError for a request that cannot be decoded as it asks."""
        strategy_of(sampling_params)

    def __init__(self, vllm_config: Any, req_states: Any) -> None:
        self.states = req_states
        self.strategies: dict[int, Any] = {}

    def add_request(self, req_idx: int, sampling_params: Any) -> bool:
        """Take over a slot, whatever it held before. True where the request names a strategy."""
        self.strategies.pop(req_idx, None)
        strategy = strategy_of(sampling_params)
        if strategy is not None:
            self.strategies[req_idx] = strategy
        return strategy is not None

    def apply(self, logits: Tensor, ctx: Any) -> Tensor:
        """Changes rows of `logits`, (rows, vocabulary), in place and returns it; `ctx`: the layout of this step."""
        slots, places = ctx.expanded_idx_mapping.tolist(), ctx.expanded_local_pos.tolist()
        for row, (slot, place) in enumerate(zip(slots, places, strict=True)):
            strategy = self.strategies.get(slot)
            if strategy is not None:
                ids = self._ids(ctx, row, slot, place)
                logits[row] = new_logits(strategy, logits[row], ids, int(self.states.prompt_len.np[slot]))
        return logits

    def _ids(self, ctx: Any, row: int, slot: int, place: int) -> Tensor:
        """The ids that row sees: those of its request, and the drafted ones before it, which only this step has."""
        import torch

        committed = int(ctx.pos[row]) + 1 - place
        ids = self.states.all_token_ids.gpu[slot, :committed].to(torch.int64)
        drafted = ctx.input_ids[row - place + 1 : row + 1].to(ids)
        return torch.cat([ids, drafted])
