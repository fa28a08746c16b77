"""Outputs of the pebbles with right or wrong beside them, for the models that judge: `python -m models.samples`.

Chunks of training problems, each decided by (seed, chunk) alone and kept as one file of JSON lines, so an interrupted
run goes on where it stopped. Held-out problems are sampled by the same code, for measuring only.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from leaderboard.contracts.registry import generators, metrics
from leaderboard.contracts.values import DecodingChoice, GenerationRequest, Message
from models.grammar import Example, draw
from models.train import folder_of

SEED = 20261
PROBLEMS = 256
"""Problems in one chunk."""

LONGEST = 96
"""New tokens of an output at most, as in the demo."""

Setting = tuple[str, float, int]
"""Pebble, temperature, and number of samples for each problem."""

TRAINING: tuple[Setting, ...] = (("pebble-s", 1.0, 1), ("pebble-s", 1.5, 1), ("pebble-s", 2.0, 1), ("pebble-m", 1.5, 1))


@dataclass(frozen=True)
class Sample:
    """One output to a problem; `logprob` is the sum over its `tokens` in nats."""

    by: str
    temperature: float
    text: str
    right: bool
    logprob: float
    tokens: int


@dataclass(frozen=True)
class Sampled:
    """A problem in one wording, and outputs to it in the order of the settings."""

    key: str
    task: str
    question: str
    answer: str
    samples: tuple[Sample, ...]


def drawn(chunk: int, seed: int = SEED, count: int = PROBLEMS) -> list[Example]:
    """The problems of one chunk, all from the training side."""
    rng = random.Random(seed * 1_000_003 + chunk)
    return [draw(rng, held_out=False) for _ in range(count)]


def sample(examples: Sequence[Example], settings: Iterable[Setting], seed: int) -> list[Sampled]:
    """Outputs to each example under each setting; no answer found counts as wrong."""
    found: list[list[Sample]] = [[] for _ in examples]
    exact = metrics.build("exact-match", {})
    for name, temperature, count in settings:
        made = _generate(name, temperature, count, examples, seed)
        for key in sorted(made, key=lambda key: tuple(map(int, key.split(":")))):
            place, one = int(key.split(":")[0]), made[key]
            asked = examples[place]
            right = exact.score(prompt=asked.question, reference=asked.answer, text=one.text).value == 1.0
            found[place].append(Sample(name, temperature, one.text, right, one.logprob or 0.0, one.output_tokens))
    return [Sampled(e.key, e.task, e.question, e.answer, tuple(own)) for e, own in zip(examples, found, strict=True)]


def _generate(name: str, temperature: float, count: int, examples: Sequence[Example], seed: int) -> dict[str, Any]:
    """By "problem:sample"."""
    generator = generators.build("transformers", {"model": name, "batch_size": 1024})
    decoding = DecodingChoice("temperature", {"temperature": temperature, "max_new_tokens": LONGEST})
    requests = [
        GenerationRequest(f"{i}:{s}", (Message("user", e.question),), decoding, f"{i}:{e.key}", seed=seed, sample=s)
        for i, e in enumerate(examples)
        for s in range(count)
    ]
    return {one.key: one for one in generator.generate(requests)}


def write(path: Path, rows: Iterable[Sampled]) -> None:
    """One JSON object a line, by way of a neighbour, so that a file that is there is whole."""
    part = path.with_suffix(".part")
    part.write_text("".join(json.dumps(asdict(row)) + "\n" for row in rows), encoding="utf-8")
    part.replace(path)


def read(paths: Iterable[Path]) -> list[Sampled]:
    """What `write` wrote."""
    rows = [json.loads(line) for path in paths for line in path.read_text(encoding="utf-8").split("\n") if line]
    return [Sampled(**{**row, "samples": tuple(Sample(**one) for one in row["samples"])}) for row in rows]


def chunk_file(work: Path, chunk: int) -> Path:
    """Where a chunk is kept."""
    return work / "samples" / f"training-{chunk:04}.jsonl"


def training(work: Path, chunks: int) -> list[Sampled]:
    """The first `chunks` chunks; those that are missing are made."""
    for chunk in range(chunks):
        make(work, chunk)
    return read(chunk_file(work, chunk) for chunk in range(chunks))


def make(work: Path, chunk: int) -> None:
    """Sample one chunk unless it is there."""
    path = chunk_file(work, chunk)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, sample(drawn(chunk), TRAINING, SEED + chunk))


def train_on_samples(told: str | None, recipe_of: Any, trainer_of: Any) -> None:
    """Command line of a model that learns from samples; `told` is its help.

    `recipe_of` takes `steps` and `chunks`, `trainer_of` a recipe and its training problems.
    """
    parser = argparse.ArgumentParser(description=told, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=recipe_of.steps)
    parser.add_argument("--chunks", type=int, default=recipe_of.chunks)
    parser.add_argument("--out", type=Path, default=folder_of(recipe_of.name), help="folder of the finished model")
    parser.add_argument("--work", type=Path, default=Path(".pebbles"), help="folder for samples and checkpoints")
    options = parser.parse_args()
    recipe = recipe_of(steps=options.steps, chunks=options.chunks)
    trainer = trainer_of(recipe, training(options.work, recipe.chunks))
    trainer.run(options.work / f"{recipe.name}.pt")
    trainer.save(options.out)


def main() -> None:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chunks", type=int, default=32)
    parser.add_argument("--work", type=Path, default=Path(".pebbles"), help="folder for samples and checkpoints")
    options = parser.parse_args()
    for chunk in range(options.chunks):
        began = time.monotonic()
        with torch.inference_mode():
            make(options.work, chunk)
        print(f"chunk {chunk + 1}/{options.chunks}  {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
