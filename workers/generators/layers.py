"""How the loop calls a causal model of transformers, and where it finds the model's layers, final norm and head."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

NORMS = ("norm", "ln_f", "final_layernorm", "final_layer_norm", "final_norm", "norm_f", "ln_out")


@dataclass(frozen=True)
class Read:
    """What one forward pass gave: `logits` (branches, vocabulary) float32 for the next token.

    `early`: by layer, (branches, hidden) at the last position; layer 0 is the embeddings. `states`: last hidden
    states (branches, positions read, hidden), or None.
    """

    logits: Tensor
    early: dict[int, Tensor] = field(default_factory=dict)
    states: Tensor | None = None

    def join(self, other: Read) -> Read:
        """The branches of both, this one's first; `states` belong to one pass and are left out."""
        early = {layer: torch.cat([mine, other.early[layer]]) for layer, mine in self.early.items()}
        return Read(torch.cat([self.logits, other.logits]), early)


class CausalModel:
    """A model with what this run wants of each pass: hidden states of the layers in `early`, and all last states.

    Raises ValueError for a model that keeps a recurrent state instead of keys and values for every token.
    """

    def __init__(self, model: Any) -> None:
        if getattr(model, "_is_stateful", False):
            raise ValueError(
                f"{type(model).__name__} keeps a recurrent state, which this engine cannot share or align."
            )
        self.model = model
        parameter = next(model.parameters())
        self.device, self.itemsize = parameter.device, parameter.element_size()
        text = model.config.get_text_config()
        self.layers, self.tied = int(text.num_hidden_layers), bool(getattr(text, "tie_word_embeddings", False))
        self.early: tuple[int, ...] = ()
        self.states = False

    def read(self, fed: Tensor, known: Tensor, places: Tensor, cache: Any) -> Read:
        """One forward pass: `fed`, `places` (rows, new), `known` (rows, all columns). Extends `cache`."""
        wanted = bool(self.early) or self.states
        out = self.model(
            input_ids=fed,
            attention_mask=known.long(),
            position_ids=places,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
            output_hidden_states=wanted,
        )
        early = {layer: out.hidden_states[layer][:, -1] for layer in self.early}
        return Read(out.logits[:, -1].float(), early, out.hidden_states[-1] if self.states else None)

    def early_logits(self, hidden: Tensor, norm: bool) -> Tensor:
        """The head over hidden states, after the final norm if `norm`: (..., vocabulary) float32 from (..., hidden)."""
        if norm:
            hidden = self._norm()(hidden)
        logits: Tensor = self.model.get_output_embeddings()(hidden).float()
        cap = getattr(self.model.config.get_text_config(), "final_logit_softcapping", None)
        return (logits / cap).tanh() * cap if cap else logits

    def _norm(self) -> Any:
        decoder = self.model.get_decoder()
        for name in NORMS:
            if hasattr(decoder, name):
                return getattr(decoder, name)
        raise ValueError(f"The final norm of {type(decoder).__name__} is not known here; turn `norm_early` off.")
