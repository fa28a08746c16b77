"""The sweep that all sides decode: models, prompts, configurations, and our own engine on it. Imports no Django."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

from leaderboard.contracts.registry import benchmarks, decoding
from leaderboard.contracts.values import DecodingChoice, GenerationRequest
from workers.generators.decode_loop import DecodeLoop
from workers.generators.rows import Figures, Waiting

MODELS = Path(__file__).resolve().parent.parent / "models"


@dataclass(frozen=True)
class Configuration:
    """One column of the sweep, in our words and as the fields of transformers' GenerationConfig."""

    name: str
    strategy: str
    params: dict[str, float]
    theirs: dict[str, Any]


def _sampled(name: str, strategy: str, params: dict[str, float], **theirs: float) -> Configuration:
    fields = {"do_sample": True, "temperature": 1.0, "top_k": 0, "top_p": 1.0, **theirs}
    return Configuration(name, strategy, params, fields)


SWEEP = (
    Configuration("greedy", "greedy", {}, {"do_sample": False}),
    _sampled("T 0.7", "temperature", {"temperature": 0.7}, temperature=0.7),
    _sampled("T 1", "temperature", {"temperature": 1.0}),
    _sampled("T 1.5", "temperature", {"temperature": 1.5}, temperature=1.5),
    _sampled("T 2", "temperature", {"temperature": 2.0}, temperature=2.0),
    _sampled("top-k 20", "top-k", {"k": 20}, top_k=20),
    _sampled("top-p 0.9", "top-p", {"p": 0.9}, top_p=0.9),
    _sampled("T 1.5 top-p 0.9", "top-p", {"p": 0.9, "temperature": 1.5}, temperature=1.5, top_p=0.9),
)
"""Only what continuous batching can also do for each request: it has temperature, top-k and top-p, nothing else."""


@dataclass(frozen=True)
class Work:
    """What is decoded: `prompts` as ids; every prompt with every configuration, `samples` times."""

    model: Any
    tokenizer: Any
    prompts: tuple[tuple[int, ...], ...]
    samples: int
    new_tokens: int

    @property
    def outputs(self) -> int:
        """How many outputs the whole sweep has."""
        return len(self.prompts) * self.samples * len(SWEEP)

    @property
    def ends(self) -> list[int]:
        """The token ids that end an output."""
        found = self.model.generation_config.eos_token_id
        return [] if found is None else found if isinstance(found, list) else [found]


@dataclass(frozen=True)
class Taken:
    """What one side took: seconds of processor and wall, and new tokens, those that end an output included."""

    cpu_s: float
    wall_s: float
    tokens: int

    def rate(self, by_cpu: bool) -> float:
        """New tokens a second, of processor time or of wall time."""
        return self.tokens / (self.cpu_s if by_cpu else self.wall_s)


class Clock:
    """Times a block: `with Clock(device) as clock`, then `clock.taken(tokens)`."""

    def __init__(self, device: torch.device) -> None:
        self.device = device

    def __enter__(self) -> Clock:
        self._wait()
        self.began = time.process_time(), time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self._wait()
        self.cpu_s, self.wall_s = time.process_time() - self.began[0], time.perf_counter() - self.began[1]

    def taken(self, tokens: int) -> Taken:
        """The times with what was made in them."""
        return Taken(self.cpu_s, self.wall_s, tokens)

    def _wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


def load(name: str, device: str, prompts: int, samples: int, new_tokens: int) -> Work:
    """The sweep for a model: a pebble or folder, `random` for pebble-m's shape without training, or `llama-1b`.

    A random model hardly ever writes the same twice and never ends, so that outputs share nothing but the prompt.
    """
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    tokens = MODELS / ("pebble-m" if name in ("random", "llama-1b") else name)
    tokenizer = AutoTokenizer.from_pretrained(tokens)
    model = _model(name, tokens, dtype).to(device).eval()
    items = benchmarks.build("pebble-tasks", {}).load().items
    texts = [item.text for item in items[:: max(1, len(items) // prompts)]][:prompts]
    return Work(model, tokenizer, tuple(_encoded(tokenizer, text) for text in texts), samples, new_tokens)


def _model(name: str, folder: Path, dtype: torch.dtype) -> Any:
    torch.manual_seed(0)
    if name == "llama-1b":
        model: Any = LlamaForCausalLM(_llama_1b()).to(dtype)
    elif name == "random":
        model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(folder)).to(dtype)
    else:
        return AutoModelForCausalLM.from_pretrained(folder, dtype=dtype)
    model.generation_config.eos_token_id = None
    return model


def _llama_1b() -> LlamaConfig:
    return LlamaConfig(
        vocab_size=128_256, hidden_size=2048, intermediate_size=8192, num_hidden_layers=16, num_attention_heads=32,
        num_key_value_heads=8, head_dim=64, max_position_embeddings=8192, tie_word_embeddings=True, eos_token_id=None,
    )  # fmt: skip


def _encoded(tokenizer: Any, text: str) -> tuple[int, ...]:
    turns = [{"role": "user", "content": text}]
    written = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    return tuple(tokenizer(written, add_special_tokens=False).input_ids)


class _Endless:
    """The tokenizer of a model that never ends."""

    eos_token_id = None

    def __init__(self, tokenizer: Any) -> None:
        self.decode = tokenizer.decode


def ours(work: Work, limit: int, seed: int, timed: bool = False) -> tuple[Taken, Figures]:
    """The sweep in one run of our loop."""
    asks = _asks(work, seed)
    loop = DecodeLoop(work.model, work.tokenizer if work.ends else _Endless(work.tokenizer), limit, timed)
    with Clock(loop.device) as clock:
        made = list(loop.run(asks))
    return clock.taken(sum(one.output_tokens for one in made)), loop.figures


def _asks(work: Work, seed: int) -> list[Waiting]:
    asks = []
    for one in SWEEP:
        params = {**one.params, "max_new_tokens": work.new_tokens}
        strategy, choice = decoding.build(one.strategy, params), DecodingChoice(one.strategy, params)
        for place, ids in enumerate(work.prompts):
            for sample in range(work.samples):
                request = GenerationRequest(f"{one.name}/{place}/{sample}", (), choice, str(place), sample, seed)
                asks.append(Waiting(request, ids, False, strategy))
    return asks
