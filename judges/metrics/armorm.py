"""ArmoRM (arXiv 2406.12845) as a module of our own, for the weights of RLHFlow/ArmoRM-Llama3-8B-v0.1.

A Llama backbone; a linear head gives objectives (19 in the published model) from the last token's hidden state; a gate
reads that of the prompt's last token. With gate g, objectives r and transform M the score is Σ_j g_j (rM)_j.
The published folder asks for code of its own, which is never run here.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import nn
from transformers import LlamaConfig, LlamaModel, LlamaPreTrainedModel
from transformers.modeling_outputs import SequenceClassifierOutput

from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.contracts.said import said

ARCHITECTURE = "LlamaForRewardModelWithGating"
GATE_TEXT = "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"
"""What follows the prompt in Llama 3's chat template; the gate reads its first token."""


class Gate(nn.Module):
    """Weights of the objectives: softmax over temperature, after linear layers with ReLU between; times one scale."""

    def __init__(self, width: int, objectives: int, hidden: int, layers: int, temperature: float) -> None:
        super().__init__()
        self.temperature = temperature
        self.logit_scale = nn.Parameter(torch.ones(1))
        sizes = [width, *[hidden] * layers, objectives]
        self.layers = nn.ModuleList(nn.Linear(*pair) for pair in pairwise(sizes))

    def forward(self, prompt: torch.Tensor) -> torch.Tensor:
        """(batch, width) hidden states to (batch, objectives) weights."""
        for layer in self.layers[:-1]:
            prompt = torch.relu(layer(prompt))
        weights: torch.Tensor = torch.softmax(self.layers[-1](prompt) / self.temperature, dim=-1)
        return weights * self.logit_scale[0]


class ArmoRM(LlamaPreTrainedModel):  # type: ignore[no-untyped-call]
    """The names of the parameters are those of the published weights."""

    def __init__(self, config: LlamaConfig) -> None:
        super().__init__(config)
        objectives = config.num_objectives
        self.model = LlamaModel(config)
        self.regression_layer = nn.Linear(config.hidden_size, objectives, bias=False)
        self.reward_transform_matrix = nn.Parameter(torch.eye(objectives), requires_grad=False)
        self.gating = Gate(
            config.hidden_size,
            objectives,
            config.gating_hidden_dim,
            config.gating_n_hidden,
            config.gating_temperature,
        )
        self.pattern: list[int] = []
        finish: Any = self.post_init
        finish()

    @classmethod
    def load(cls, where: str, **pinned: Any) -> ArmoRM:
        """The model from a folder or hub id. Raises InvalidInput where weights are missing."""
        loaded: Any = cls.from_pretrained(where, use_safetensors=True, output_loading_info=True, **pinned)
        model, told = loaded
        if told["missing_keys"]:
            names = ", ".join(sorted(told["missing_keys"])[:3])
            raise InvalidInput(
                FieldError(("model",), said("This is no whole ArmoRM: its weights lack {names}.", names=names))
            )
        found: ArmoRM = model
        return found

    def find_gate(self, tokenizer: Any) -> None:
        """Learn from the tokenizer which ids end the prompt: 128009 128006 78191 128007 271 with the published one."""
        self.pattern = list(tokenizer(GATE_TEXT, add_special_tokens=False).input_ids)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, **_: Any) -> SequenceClassifierOutput:
        """(batch, length) ids, padded on the right, to (batch, 1) scores as `logits`."""
        hidden = self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        rows = torch.arange(len(input_ids), device=hidden.device)
        objectives = self.regression_layer(hidden[rows, attention_mask.sum(-1) - 1])
        places = [last_place(ids, self.pattern) for ids in input_ids.tolist()]
        weights = self.gating(hidden[rows, torch.tensor(places, device=hidden.device)])
        scores = (weights * (objectives @ self.reward_transform_matrix)).sum(-1, keepdim=True)
        return SequenceClassifierOutput(logits=scores)


def last_place(ids: Sequence[int], pattern: Sequence[int]) -> int:
    """Where `pattern` begins for the last time. Raises ValueError where it does not stand in `ids`."""
    size = len(pattern)
    for start in range(len(ids) - size, -1, -1):
        if ids[start : start + size] == list(pattern):
            return start
    raise ValueError("The chat template does not end the prompt as Llama 3's does, so the gate finds no place.")
