"""Tiny random models, a tokenizer that shows ids, and short ways to ask the loop."""

from __future__ import annotations

import functools

import torch
from transformers import (
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
)

from leaderboard.contracts.registry import decoding
from leaderboard.contracts.values import DecodingChoice, GenerationRequest
from workers.generators.decode_loop import DecodeLoop
from workers.generators.rows import Waiting

END = 49
LLAMA = {
    "vocab_size": 50, "hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 4, "num_key_value_heads": 2,
    "max_position_embeddings": 64, "eos_token_id": END, "initializer_range": 0.3,
}  # fmt: skip
PROMPTS = [(1, 2, 3), (7,), (4, 9, 12, 30, 2, 2, 8), (5, 6)]


@functools.cache
def tiny(kind="llama", layers=2, **more):
    """A model of 50 tokens with random weights, the same every time."""
    torch.manual_seed(3)
    if kind == "gpt2":
        shape = GPT2Config(
            vocab_size=50, n_embd=32, n_layer=2, n_head=2, n_positions=64, eos_token_id=END, initializer_range=0.3
        )
        return GPT2LMHeadModel(shape).eval()
    if kind == "mistral":
        return MistralForCausalLM(MistralConfig(**LLAMA, num_hidden_layers=layers, sliding_window=5)).eval()
    if kind == "gemma3":
        shape = Gemma3TextConfig(
            **LLAMA,
            num_hidden_layers=4,
            head_dim=8,
            sliding_window=4,
            layer_types=["sliding_attention", "full_attention"] * 2,
        )
        return Gemma3ForCausalLM(shape).eval()
    return LlamaForCausalLM(LlamaConfig(**LLAMA, num_hidden_layers=layers, **more)).eval()


class Digits:
    """A tokenizer that shows ids as numbers."""

    eos_token_id = END

    def decode(self, ids, **_):
        return " ".join(map(str, ids))


def waiting(key, ids, strategy, sample=0, **request):
    """One request for `strategy`, an instance or a name with its settings."""
    if isinstance(strategy, tuple):
        strategy = decoding.build(*strategy)
    ask = GenerationRequest(key, (), DecodingChoice(strategy.name), f"n{ids}", sample, **request)
    return Waiting(ask, tuple(ids), False, strategy)


def decode(asks, limit=64, model=None):
    """The outputs by key."""
    return {made.key: made for made in DecodeLoop(model or tiny(), Digits(), limit).run(asks)}


def ids_of(made):
    """The new ids of an output, without the end."""
    return [int(part) for part in made.text.split()]
