"""Train the pebble models from scratch: `python -m models.train pebble-m --steps 12000`.

Seeded and resumable: every step draws its examples from (seed, step), and the checkpoint in
`--work` holds weights, optimiser and step, so an interrupted run goes on as if undisturbed.
The result is a plain transformers folder: safetensors, tokenizer, chat template.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from models.grammar import Example, training_stream

PAD, USER, ASSISTANT, SYSTEM, END = "<|pad|>", "<|user|>", "<|assistant|>", "<|system|>", "<|end|>"
VOCABULARY = 512
CHAT_TEMPLATE = (
    "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
IGNORE = -100
CHUNK = 4
"""Batches drawn together and sorted by length, so that little is spent on padding."""


@dataclass(frozen=True)
class Size:
    """Shape of one pebble; `heads` of 32 dimensions each."""

    hidden: int
    inner: int
    layers: int
    heads: int


SIZES = {"pebble-s": Size(96, 256, 4, 3), "pebble-m": Size(160, 432, 6, 5)}


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the weights, stored beside them."""

    name: str
    steps: int
    batch: int = 128
    peak_rate: float = 3e-3
    warmup: int = 200
    decay_share: float = 0.3
    seed: int = 20260


def train_tokenizer(seed: int, examples: int = 20_000) -> PreTrainedTokenizerFast:
    """A byte-level BPE of `VOCABULARY` entries with single digits, trained on the grammar."""
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r" ?\d| ?[^\s\d\w]+| ?[^\W\d]+|\s+"), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[PAD, USER, ASSISTANT, SYSTEM, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = (f"{e.question}\n{e.response}" for e in islice(training_stream(seed), examples))
    core.train_from_iterator(texts, trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core, pad_token=PAD, eos_token=END, clean_up_tokenization_spaces=False
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def new_model(size: Size, tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """A freshly initialised model; the caller seeds torch."""
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=size.hidden,
            intermediate_size=size.inner,
            num_hidden_layers=size.layers,
            num_attention_heads=size.heads,
            num_key_value_heads=size.heads,
            max_position_embeddings=1024,
            tie_word_embeddings=True,
            initializer_range=0.04,
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=tokenizer.eos_token_id,
            bos_token_id=None,
        )
    )


def encode(examples: list[Example], tokenizer: PreTrainedTokenizerFast) -> list[tuple[list[int], int]]:
    """Token ids of each dialogue and the count of leading ids that carry no loss."""
    asks = tokenizer([f"{USER}{e.question}{END}{ASSISTANT}" for e in examples]).input_ids
    replies = tokenizer([f"{e.response}{END}" for e in examples]).input_ids
    return [(ask + reply, len(ask)) for ask, reply in zip(asks, replies, strict=True)]


def batches(recipe: Recipe, chunk: int, tokenizer: PreTrainedTokenizerFast) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """The `CHUNK` batches of one chunk as (ids, labels), each (batch, length) int64."""
    stream = training_stream(recipe.seed * 1_000_003 + chunk)
    rows = sorted(encode(list(islice(stream, CHUNK * recipe.batch)), tokenizer), key=lambda row: len(row[0]))
    parts = [rows[i : i + recipe.batch] for i in range(0, len(rows), recipe.batch)]
    random.Random(chunk).shuffle(parts)
    return [pad(part, tokenizer.pad_token_id) for part in parts]


def pad(rows: list[tuple[list[int], int]], filler: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Encoded rows side by side as (ids, labels), each (batch, length) int64; silent places are IGNORE in labels."""
    width = max(len(ids) for ids, _ in rows)
    ids = torch.full((len(rows), width), filler)
    labels = torch.full((len(rows), width), IGNORE)
    for i, (row, silent) in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row)
        labels[i, silent : len(row)] = ids[i, silent : len(row)]
    return ids, labels


def rate_at(step: int, recipe: Recipe) -> float:
    """Learning rate: linear warm-up, flat, then linear decay over the last share of the steps."""
    left = (recipe.steps - step) / max(1.0, recipe.decay_share * recipe.steps)
    return recipe.peak_rate * min(1.0, (step + 1) / recipe.warmup, max(left, 0.01))


class Training:
    """Holds model, optimiser and step of any recipe; `checkpoint` and `resume` carry all three.

    A kind of training gives `loss`, and what `save` needs beside the model.
    """

    precision: torch.dtype | None = None
    """Of the stored weights; None for float32."""

    def __init__(self, recipe: Recipe, tokenizer: Any, model: Any, device: str = "cpu", fuse: bool = False) -> None:
        self.recipe, self.tokenizer, self.device = recipe, tokenizer, device
        self.model = model.to(device)
        # On a CPU in bf16 the plain attention is many times faster than the fused one.
        self.model.set_attn_implementation("eager" if device == "cpu" else "sdpa")
        self.forward = torch.compile(self.model, dynamic=True) if fuse else self.model
        decayed = [p for p in self.parameters() if p.ndim > 1]
        plain = [p for p in self.parameters() if p.ndim == 1]
        groups = [{"params": decayed, "weight_decay": 0.1}, {"params": plain, "weight_decay": 0.0}]
        self.optimiser = torch.optim.AdamW(groups, lr=recipe.peak_rate, betas=(0.9, 0.98), fused=True)
        self.step = 0

    def parameters(self) -> list[torch.nn.Parameter]:
        """What is trained."""
        return list(self.model.parameters())

    def loss(self) -> torch.Tensor:
        """The loss of the batch of this step, decided by (seed, step)."""
        raise NotImplementedError

    def train_step(self) -> float:
        """One optimiser step; returns the loss in nats."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate_at(self.step, self.recipe)
        with torch.autocast(self.device, dtype=torch.bfloat16):
            loss = self.loss()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        return float(loss.detach())

    def run(self, state: Path) -> None:
        """Every step that is left, told every 100 and kept in `state` every 500."""
        state.parent.mkdir(exist_ok=True)
        self.resume(state)
        began, first = time.monotonic(), self.step
        while self.step < self.recipe.steps:
            loss = self.train_step()
            if self.step % 100 == 0:
                speed = (self.step - first) / (time.monotonic() - began)
                left = (self.recipe.steps - self.step) / speed / 60
                told = f"step {self.step}/{self.recipe.steps}  loss {loss:.4f}"
                print(f"{told}  {speed:.2f} steps/s  {left:.0f} min left", flush=True)
            if self.step % 500 == 0:
                self.checkpoint(state)

    def state(self) -> dict[str, Any]:
        """Everything that a checkpoint holds."""
        return {"model": self.model.state_dict(), "optimiser": self.optimiser.state_dict(), "step": self.step}

    def load(self, state: dict[str, Any]) -> None:
        """Take over what `state` gave."""
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step = state["step"]

    def checkpoint(self, path: Path) -> None:
        """Write the whole state to `path`, by way of a neighbour, so a kill leaves the old one."""
        torch.save(self.state(), path.with_suffix(".part"))
        path.with_suffix(".part").replace(path)

    def resume(self, path: Path) -> None:
        """Go on from `path` where it exists."""
        if path.exists():
            self.load(torch.load(path, map_location=self.device, weights_only=True))

    def save(self, folder: Path) -> None:
        """Write the model as a transformers folder, with the recipe that made it."""
        self.model.to(self.precision or torch.float32).save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)
        (folder / "recipe.json").write_text(json.dumps(asdict(self.recipe), indent=1) + "\n")


class Trainer(Training):
    """Trains a pebble from scratch to answer."""

    def __init__(
        self, recipe: Recipe, tokenizer: PreTrainedTokenizerFast, device: str = "cpu", fuse: bool = False
    ) -> None:
        torch.manual_seed(recipe.seed)
        super().__init__(recipe, tokenizer, new_model(SIZES[recipe.name], tokenizer), device, fuse)
        self._chunk: tuple[int, list[tuple[torch.Tensor, torch.Tensor]]] = (-1, [])

    def loss(self) -> torch.Tensor:
        """Mean loss per answer token in nats."""
        chunk, place = divmod(self.step, CHUNK)
        if self._chunk[0] != chunk:
            self._chunk = (chunk, batches(self.recipe, chunk, self.tokenizer))
        ids, labels = (t.to(self.device) for t in self._chunk[1][place])
        return self.forward(input_ids=ids, labels=labels, use_cache=False).loss


def folder_of(name: str) -> Path:
    """Where the finished pebble of this name is."""
    return Path(__file__).parent / name


def main() -> None:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=sorted(SIZES))
    parser.add_argument("--steps", type=int, default=12_000)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--out", type=Path, help="folder of the finished model (default: models/NAME)")
    parser.add_argument("--work", type=Path, default=Path(".pebbles"), help="folder for checkpoints")
    parser.add_argument(
        "--fuse", action="store_true", help="compile the model first (needs a C++ compiler, 3 times as fast)"
    )
    options = parser.parse_args()
    recipe = Recipe(options.name, options.steps)
    trainer = Trainer(recipe, train_tokenizer(recipe.seed), options.device, options.fuse)
    trainer.run(options.work / f"{options.name}.pt")
    trainer.save(options.out or folder_of(options.name))


if __name__ == "__main__":
    main()
