"""Train pebble-judge, which names the better of two answers: `python -m models.train_judge --steps 550`.

It starts from pebble-reward and reads just what the judge plugin `pairwise-llm` sends with the wording short-1: two
outputs of the pebbles to one training problem, in either order, under names drawn as the plugin draws them. Where one
is right, its name is the answer; where both are or none is, both names are worth a half. While it learns, a probe asks
every token of an answer whether that answer is right; the probe is not kept. Seeded and resumable as `models.train`.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import binary_cross_entropy_with_logits, log_softmax
from transformers import AutoTokenizer, LlamaForCausalLM, LlamaForSequenceClassification

from judges.frames import FilledPrompt
from judges.prompts import SHORT_1, fill, random_names
from leaderboard.contracts.values import Pair
from models.samples import Sample, Sampled, train_on_samples
from models.train import CHUNK, Recipe, Training, folder_of, pad

NAME = "pebble-judge"
UNEQUAL = 0.8
"""Share of the draws that take a right and a wrong output where the problem has both."""

AIDED = 0.5
"""Weight of the probe's loss."""


@dataclass(frozen=True)
class JudgeRecipe(Recipe):
    """`start`: the reward model whose weights it begins with. `chunks`: of training problems."""

    name: str = NAME
    steps: int = 550
    batch: int = 64
    peak_rate: float = 6e-4
    warmup: int = 50
    decay_share: float = 0.7
    seed: int = 20263
    start: str = "pebble-reward"
    chunks: int = 40


@dataclass(frozen=True)
class Row:
    """A filled prompt as token ids. `spans`: where the answers stand, first slot first; `right`: whether each is.

    `names`: ids of the two names, each one token.
    """

    ids: list[int]
    spans: tuple[tuple[int, int], tuple[int, int]]
    right: tuple[bool, bool]
    names: tuple[int, int]


def draw_two(samples: Sequence[Sample], rng: random.Random) -> tuple[Sample, Sample] | None:
    """Two outputs with different texts, None where all are alike."""
    pairs = [(a, b) for a in samples for b in samples if a.text != b.text]
    unequal = [pair for pair in pairs if pair[0].right != pair[1].right]
    if unequal and rng.random() < UNEQUAL:
        return rng.choice(unequal)
    return rng.choice(pairs) if pairs else None


def row(problem: Sampled, a: Sample, b: Sample, tokenizer: Any, *, swapped: bool) -> Row:
    """One pair as the plugin and the engine send it."""
    pair = Pair("", problem.question, a.text, b.text, swapped=swapped)
    filled = fill(SHORT_1, pair, random_names(pair))
    turns = [{"role": message.role, "content": message.content} for message in filled.messages]
    text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    coded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    first, second = (b, a) if swapped else (a, b)
    ids = tuple(tokenizer(name, add_special_tokens=False).input_ids[0] for name in filled.names)
    return Row(coded.input_ids, _spans(text, filled, coded.offset_mapping), (first.right, second.right), ids)


def _spans(text: str, filled: FilledPrompt, offsets: Sequence[tuple[int, int]]) -> Any:
    """Token ranges of the two answers, by the lines that carry the code."""
    code = text.split("\n", 1)[0].rsplit(maxsplit=1)[-1]
    marks = [text.index(f"\n{name} {code}\n") for name in (*filled.names, "end")]
    starts = [text.index("\n", mark + 1) + 1 for mark in marks[:2]]
    return tuple(_tokens(offsets, start, end) for start, end in zip(starts, marks[1:], strict=True))


def _tokens(offsets: Sequence[tuple[int, int]], start: int, end: int) -> tuple[int, int]:
    inside = [i for i, (left, right) in enumerate(offsets) if left >= start and right <= end and right > left]
    return inside[0], inside[-1] + 1


class JudgeTrainer(Training):
    """Every pair is drawn anew."""

    precision = torch.float16

    def __init__(self, recipe: JudgeRecipe, problems: list[Sampled], device: str = "cpu") -> None:
        torch.manual_seed(recipe.seed)
        start = folder_of(recipe.start)
        reward = LlamaForSequenceClassification.from_pretrained(start, dtype=torch.float32)
        model = LlamaForCausalLM(reward.config)
        model.model.load_state_dict(reward.model.state_dict())
        self.probe = reward.score.to(device)
        super().__init__(recipe, AutoTokenizer.from_pretrained(start), model, device)
        self.problems = [one for one in problems if len({sample.text for sample in one.samples}) > 1]
        self._group: tuple[int, list[list[Row]]] = (-1, [])

    def parameters(self) -> list[torch.nn.Parameter]:
        """The model's and the probe's."""
        return [*self.model.parameters(), *self.probe.parameters()]

    def state(self) -> dict[str, Any]:
        """As for every training, and the probe."""
        return {**super().state(), "probe": self.probe.state_dict()}

    def load(self, state: dict[str, Any]) -> None:
        """Take over what `state` gave."""
        super().load(state)
        self.probe.load_state_dict(state["probe"])

    def loss(self) -> torch.Tensor:
        """Cross-entropy of the answer's one token, and the probe's mean binary cross-entropy over the answers."""
        part = self._batch()
        ids, _ = pad([(one.ids, 0) for one in part], self.tokenizer.pad_token_id)
        hidden = self.model.model(input_ids=ids.to(self.device), use_cache=False).last_hidden_state
        ends = torch.tensor([len(one.ids) - 1 for one in part], device=self.device)
        said = log_softmax(self.model.lm_head(hidden[torch.arange(len(part)), ends]).float(), dim=-1)
        return -(said * self._wanted(part, said.shape)).sum(-1).mean() + AIDED * self._aid(part, hidden)

    def _wanted(self, part: Sequence[Row], shape: torch.Size) -> torch.Tensor:
        wanted = torch.zeros(shape, device=self.device)
        for i, one in enumerate(part):
            first = 0.5 + 0.5 * (one.right[0] - one.right[1])
            wanted[i, one.names[0]], wanted[i, one.names[1]] = first, 1.0 - first
        return wanted

    def _aid(self, part: Sequence[Row], hidden: torch.Tensor) -> torch.Tensor:
        right = torch.zeros(hidden.shape[:2], device=self.device)
        asked = torch.zeros(hidden.shape[:2], dtype=torch.bool, device=self.device)
        for i, one in enumerate(part):
            for (start, end), good in zip(one.spans, one.right, strict=True):
                right[i, start:end], asked[i, start:end] = float(good), True
        logits = self.probe(hidden)[..., 0].float()
        return binary_cross_entropy_with_logits(logits[asked], right[asked])

    def _batch(self) -> list[Row]:
        """`CHUNK` batches are drawn together and sorted by length."""
        group, place = divmod(self.step, CHUNK)
        if self._group[0] != group:
            rng = random.Random(self.recipe.seed * 1_000_003 + group)
            rows = sorted((self._drawn(rng) for _ in range(CHUNK * self.recipe.batch)), key=lambda one: len(one.ids))
            parts = [rows[i : i + self.recipe.batch] for i in range(0, len(rows), self.recipe.batch)]
            rng.shuffle(parts)
            self._group = (group, parts)
        return self._group[1][place]

    def _drawn(self, rng: random.Random) -> Row:
        problem = rng.choice(self.problems)
        two = draw_two(problem.samples, rng)
        assert two is not None
        return row(problem, *two, self.tokenizer, swapped=rng.random() < 0.5)


def main() -> None:
    """Command line; see the module's docstring."""
    train_on_samples(__doc__, JudgeRecipe, JudgeTrainer)


if __name__ == "__main__":
    main()
