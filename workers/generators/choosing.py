"""One token for every row: strategies run once for each branch, noise once for each row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from workers.decoding.dola import EarlyHistory
from workers.decoding.history import History
from workers.decoding.kld import EvidenceHistory
from workers.decoding.noise import gumbel
from workers.generators.columns import Columns
from workers.generators.layers import CausalModel, Read
from workers.generators.rows import Row


@dataclass
class Group:
    """Rows of one strategy. `places` has, for each row, where its branches are in `branches`."""

    strategy: Any
    rows: list[Row] = field(default_factory=list)
    branches: dict[tuple[int, ...], int] = field(default_factory=dict)
    places: list[int] = field(default_factory=list)
    firsts: list[Row] = field(default_factory=list)

    def add(self, row: Row) -> None:
        """Rows of the same branches and strategy have one past, so the first of them speaks for all."""
        branch = tuple(row.branches)
        if branch not in self.branches:
            self.branches[branch] = len(self.branches)
            self.firsts.append(row)
        self.rows.append(row)
        self.places.append(self.branches[branch])


class Chooser:
    """Applies the strategies to what one forward pass gave."""

    def __init__(self, model: CausalModel, columns: Columns, read: Read) -> None:
        self.model, self.columns, self.read = model, columns, read
        self.ids = columns.ids[: columns.count, columns.low : columns.high]
        self.known = columns.known(columns.high)

    def tokens(self, rows: Sequence[Row]) -> tuple[list[Row], Tensor]:
        """The rows in the order of their groups, and (rows,) int64: argmax after the strategy and a row's noise."""
        groups = _groups(rows)
        ordered = [row for group in groups for row in group.rows]
        keyed = [row for group in groups if group.strategy.samples for row in group.rows]
        noise = self._noise(keyed)
        tokens = []
        for group in groups:
            own, noise = (
                (noise[: len(group.rows)], noise[len(group.rows) :]) if group.strategy.samples else (None, noise)
            )
            tokens.append(self._group(group, own))
        return ordered, torch.cat(tokens)

    def history(self, branches: Sequence[int], rows: Sequence[Row]) -> History:
        """The past of `branches`; `rows` has one row for each of them."""
        return History(**self._past(branches, rows))

    def _group(self, group: Group, noise: Tensor | None) -> Tensor:
        index = self._tensor([own[0] for own in group.branches])
        scores = group.strategy.apply(self.read.logits[index], self._history(group, index)).double()
        places = self._tensor(group.places)
        tokens = first_best(scores)[places] if noise is None else first_best(scores[places].add_(noise))
        if getattr(group.strategy, "keeps_surprise", False):
            self._note_surprise(group, scores[places], tokens)
        return tokens

    def _history(self, group: Group, index: Tensor) -> History:
        past = self._past([own[0] for own in group.branches], group.firsts)
        if hasattr(group.strategy, "contexts"):
            others = self._tensor([own[-1] for own in group.branches])
            return EvidenceHistory(**past, without=self.read.logits[others])
        wanted = getattr(group.strategy, "early_layers", None)
        if wanted is not None:
            layers = wanted(self.model.layers, self.model.tied)
            hidden = torch.stack([self.read.early[layer][index] for layer in layers], dim=1)
            return EarlyHistory(**past, early=self.model.early_logits(hidden, group.strategy.norm_early))
        if getattr(group.strategy, "keeps_surprise", False):
            past["surprise"] = torch.tensor([r.surprise for r in group.firsts], dtype=torch.double, device=index.device)
        return History(**past)

    def _past(self, branches: Sequence[int], rows: Sequence[Row]) -> dict[str, Any]:
        index = self._tensor(branches)
        return {
            "ids": self.ids[index],
            "known": self.known[index],
            "prompt_length": self._tensor([len(row.waiting.ids) for row in rows]),
            "step": self._tensor(
                [self.columns.lengths[b] - len(r.waiting.ids) for b, r in zip(branches, rows, strict=True)]
            ),
        }

    def _noise(self, rows: Sequence[Row]) -> Tensor:
        keys, steps = self._tensor([row.key for row in rows]), self._tensor([len(row.ids) for row in rows])
        return gumbel(keys, steps, self.read.logits.shape[1])

    def _note_surprise(self, group: Group, scores: Tensor, tokens: Tensor) -> None:
        from workers.decoding.history import surprise_of

        for row, bits in zip(group.rows, surprise_of(scores, tokens).tolist(), strict=True):
            row.surprise += bits

    def _tensor(self, values: Sequence[int]) -> Tensor:
        return torch.tensor(values, dtype=torch.long, device=self.model.device)


def first_best(scores: Tensor) -> Tensor:
    """The argmax of each row, ties to the lowest id: plain argmax promises no order on a GPU."""
    ids = torch.arange(scores.shape[1], device=scores.device)
    best = scores == scores.amax(1, keepdim=True)
    return torch.where(best, ids, scores.shape[1]).amin(1)


def _groups(rows: Sequence[Row]) -> list[Group]:
    groups: dict[int, Group] = {}
    for row in rows:
        groups.setdefault(id(row.waiting.strategy), Group(row.waiting.strategy)).add(row)
    return list(groups.values())
