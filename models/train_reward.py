"""Train pebble-reward, which tells right outputs from wrong ones: `python -m models.train_reward --steps 1200`.

It starts from a pebble that answers and reads outputs of the pebbles to training problems (`models.samples`, which
makes what is missing). Every token of an output is asked whether the output will be right, its last one with most
weight (Cobbe et al. 2021, arXiv 2110.14168); only the last is read afterwards. Seeded and resumable as `models.train`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import torch
from torch.nn.functional import binary_cross_entropy_with_logits
from transformers import AutoTokenizer, LlamaForSequenceClassification

from models.grammar import Example
from models.samples import Sampled, train_on_samples
from models.train import CHUNK, IGNORE, Recipe, Training, encode, folder_of, pad

NAME = "pebble-reward"
Row = tuple[list[int], int, bool]
"""Token ids, how many of them are the question, and whether the output is right."""


@dataclass(frozen=True)
class RewardRecipe(Recipe):
    """`start`: the pebble whose weights it begins with. `chunks`: of training problems."""

    name: str = NAME
    steps: int = 1200
    batch: int = 128
    peak_rate: float = 6e-4
    warmup: int = 100
    decay_share: float = 0.7
    seed: int = 20262
    start: str = "pebble-s"
    chunks: int = 24


def rows(problems: list[Sampled], tokenizer: object) -> list[Row]:
    """Every output once, as the model reads it."""
    pairs = [(p, one) for p in problems for one in p.samples]
    examples = [Example(p.task, p.key, p.question, one.text, p.answer) for p, one in pairs]
    coded = encode(examples, tokenizer)
    return [(ids, silent, one.right) for (ids, silent), (_, one) in zip(coded, pairs, strict=True)]


class RewardTrainer(Training):
    """Holds the rows; each epoch reads all of them in an order of its own."""

    precision = torch.float16

    def __init__(self, recipe: RewardRecipe, problems: list[Sampled], device: str = "cpu") -> None:
        torch.manual_seed(recipe.seed)
        start = folder_of(recipe.start)
        tokenizer = AutoTokenizer.from_pretrained(start)
        model = LlamaForSequenceClassification.from_pretrained(start, num_labels=1, id2label={0: "right"})
        super().__init__(recipe, tokenizer, model, device)
        self.rows = rows(problems, tokenizer)
        self._epoch: tuple[int, list[list[Row]]] = (-1, [])

    def loss(self) -> torch.Tensor:
        """Mean binary cross-entropy, half over the outputs' last tokens and half over all their tokens."""
        part = self._batch()
        ids, labels = (t.to(self.device) for t in pad([row[:2] for row in part], self.tokenizer.pad_token_id))
        hidden = self.model.model(input_ids=ids, use_cache=False).last_hidden_state
        logits = self.model.score(hidden)[..., 0].float()
        said = labels != IGNORE
        right = torch.tensor([float(row[2]) for row in part], device=self.device)
        each = binary_cross_entropy_with_logits(logits, right[:, None].expand_as(logits), reduction="none")
        last = torch.tensor([len(row[0]) - 1 for row in part], device=self.device)
        final = each.gather(1, last[:, None]).mean()
        return 0.5 * final + 0.5 * (each * said).sum() / said.sum()

    def _batch(self) -> list[Row]:
        size = self.recipe.batch
        epoch, place = divmod(self.step, len(self.rows) // size)
        if self._epoch[0] != epoch:
            rng = random.Random(self.recipe.seed * 1_000_003 + epoch)
            order = rng.sample(self.rows, len(self.rows))
            groups = [sorted(order[i : i + CHUNK * size], key=_length) for i in range(0, len(order), CHUNK * size)]
            parts = [group[i : i + size] for group in groups for i in range(0, len(group), size)]
            self._epoch = (epoch, [part for part in parts if len(part) == size])
        return self._epoch[1][place]


def _length(row: Row) -> int:
    return len(row[0])


def main() -> None:
    """Command line; see the module's docstring."""
    train_on_samples(__doc__, RewardRecipe, RewardTrainer)


if __name__ == "__main__":
    main()
