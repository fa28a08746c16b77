"""What both vLLM shells share: the strategy that a request names, and its new logits for one row.

A request names it in `vllm_xargs`, as `request_fields` writes it: a JSON text with `strategy` and `params`. Importing
this module imports no torch, since vLLM checks requests in a process that must stay light.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from leaderboard.contracts import registry
from leaderboard.contracts.params import InvalidInput
from leaderboard.contracts.registry import PluginError
from workers.decoding.chain import XARG

if TYPE_CHECKING:
    from torch import Tensor

NEUTRAL: Mapping[str, tuple[float, ...]] = {
    "top_p": (1.0,),
    "top_k": (0, -1),
    "min_p": (0.0,),
    "repetition_penalty": (1.0,),
    "presence_penalty": (0.0,),
    "frequency_penalty": (0.0,),
}
"""The values at which vLLM's own settings do nothing."""


BEYOND = ("search", "keeps_states", "early_layers", "contexts")
"""What marks a strategy that reads more than one row of logits."""


def strategy_of(sampling_params: Any) -> Any | None:
    """The strategy that vLLM's `SamplingParams` ask for; None where they ask for none.

    Raises ValueError where it is unknown, badly set, needs more than logits, or would be heated or cut a second time.
    """
    text = (getattr(sampling_params, "extra_args", None) or {}).get(XARG)
    if text is None:
        return None
    strategy = _built(text)
    if any(hasattr(strategy, mark) for mark in BEYOND):
        raise ValueError(f"'{strategy.name}' reads more of the model than its logits, so it cannot run on vLLM.")
    if getattr(strategy, "keeps_surprise", False):
        raise ValueError("Mirostat cannot run on vLLM, which does not tell a processor what it drew from.")
    _check_neutral(sampling_params, 1.0 if strategy.samples else 0.0)
    return strategy


def _built(text: Any) -> Any:
    try:
        given = json.loads(text)
        name, params = given["strategy"], given["params"]
    except (KeyError, TypeError, ValueError):
        raise ValueError(f"'{XARG}' must be a JSON text with 'strategy' and 'params'.") from None
    try:
        return registry.decoding.build(str(name), params)
    except (InvalidInput, PluginError) as problem:
        raise ValueError(str(problem)) from problem


def _check_neutral(sampling_params: Any, heat: float) -> None:
    for name, values in {"temperature": (heat,), **NEUTRAL}.items():
        found = getattr(sampling_params, name, values[0])
        if found not in values:
            raise ValueError(f"The strategy decides alone: send {name} {values[0]:g}, not {found:g}.")


def new_logits(strategy: Any, logits: Tensor, ids: Tensor, prompt_length: int) -> Tensor:
    """The strategy's logits of one row: (vocabulary,) from (vocabulary,) and all ids so far, (length,) integers."""
    import torch

    from workers.decoding.history import History

    ids = ids.long()[None]
    known = torch.ones_like(ids, dtype=torch.bool)
    lengths = torch.tensor([prompt_length], device=ids.device)
    new: Tensor = strategy.apply(logits[None], History(ids, known, lengths, ids.shape[1] - lengths))
    return new[0]
