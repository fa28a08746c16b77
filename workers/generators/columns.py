"""The caches of the running batch: one growing buffer a layer, every branch aligned to end at the same column.

A branch is one prompt with the tokens written so far. Branches are copied, moved and dropped row by row, so a
departure costs one row and a forward pass writes one column, never a copy of the whole cache.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from transformers.cache_utils import Cache, CacheLayerMixin

CHUNK = 64
"""How many columns and rows are added when a buffer is full."""


class ColumnLayer(CacheLayerMixin):  # type: ignore[no-untyped-call]
    """One layer's keys and values, (slots, heads, columns, size), as a view on `Columns`."""

    is_sliding = False
    keys: Any
    values: Any

    def __init__(self, columns: Columns) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.columns = columns

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        """Nothing to do: `Columns.add` makes the buffers."""

    def update(self, key_states: Tensor, value_states: Tensor, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        """Write the new column; returns all columns of all branches."""
        own = self.columns
        end = own.high + key_states.shape[2]
        self.keys[: own.count, :, own.high : end] = key_states
        self.values[: own.count, :, own.high : end] = value_states
        return self.keys[: own.count, :, own.low : end], self.values[: own.count, :, own.low : end]

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Columns that a query sees, and the first of them."""
        return self.get_seq_length() + query_length, 0

    def get_seq_length(self) -> int:
        """Columns that are in use."""
        return self.columns.high - self.columns.low

    def get_max_length(self) -> int:
        """-1: no limit."""
        return -1


class Columns:
    """The branches: their ids, caches and, where wanted, last hidden states.

    Columns `low` to `high` are in use. A branch of length n takes the last n of them; what is left of it is padding.
    """

    def __init__(self, device: Any) -> None:
        self.device = device
        self.count, self.slots, self.low, self.high, self.capacity = 0, 0, 0, 0, 0
        self.lengths: list[int] = []
        self.ids = torch.zeros(0, 0, dtype=torch.long, device=device)
        self.states: Tensor | None = None
        self.layers: list[ColumnLayer] = []
        self.cache: Any = None

    def add(self, prompts: Sequence[tuple[int, ...]], ids: Tensor, cache: Any, states: Tensor | None) -> None:
        """Append branches: `ids` (new, width) and `cache` padded on the left, `states` (new, width, hidden) or None."""
        width, first, end = ids.shape[1], self.count, self.count + len(prompts)
        if self.cache is None:
            self._begin(cache, states)
        self._reserve(end, width)
        start = self.high - width
        self.ids[first:end, start : self.high] = ids
        for mine, theirs in zip(self.layers, cache.layers, strict=True):
            if mine.keys is not None:
                mine.keys[first:end, :, start : self.high] = theirs.keys
                mine.values[first:end, :, start : self.high] = theirs.values
        if self.states is not None and states is not None:
            self.states[first:end, start : self.high] = states
        self.lengths += map(len, prompts)
        self.count = end
        self.low = self.high - max(self.lengths)

    def advance(self, parents: Sequence[int], tokens: Sequence[int]) -> list[int]:
        """Make one branch of each parent with a token written behind it; all other branches go.

        Returns the slot of each new branch. The forward pass must follow, and then `written`.
        """
        if not parents:
            self.count, self.lengths = 0, []
            return []
        slots, copies = _placed(parents)
        lengths = [self.lengths[parent] + 1 for parent in parents]
        self._reserve(len(parents), 0)
        if copies:
            self._copy([parents[child] for child in copies], [slots[child] for child in copies])
        self.count, self.lengths = len(parents), [0] * len(parents)
        fed = [0] * len(parents)
        for slot, length, token in zip(slots, lengths, tokens, strict=True):
            self.lengths[slot], fed[slot] = length, token
        self.low = self.high + 1 - max(self.lengths)
        self.ids[: self.count, self.high] = torch.tensor(fed, device=self.device)
        return slots

    def written(self, states: Tensor | None) -> None:
        """The newest column is in the cache now. `states`: (branches, hidden) of it, or None."""
        if self.states is not None and states is not None:
            self.states[: self.count, self.high] = states
        self.high += 1

    def known(self, end: int) -> Tensor:
        """(branches, end - low) bool: False on padding, where every branch ends before column `end`."""
        starts = torch.tensor([end - length for length in self.lengths], device=self.device)
        return torch.arange(self.low, end, device=self.device) >= starts[:, None]

    def _begin(self, cache: Any, states: Tensor | None) -> None:
        self.layers = [ColumnLayer(self) for _ in cache.layers]
        self.cache = Cache(layers=[*self.layers])
        for mine, theirs in zip(self.layers, cache.layers, strict=True):
            if getattr(theirs, "keys", None) is not None:
                mine.is_initialized = True
                mine.keys, mine.values = (_empty(found) for found in (theirs.keys, theirs.values))
        self.states = None if states is None else states.new_zeros(0, 0, states.shape[-1])

    def _reserve(self, slots: int, width: int) -> None:
        """Room for `slots` branches, for `width` columns before `high` and for one behind it."""
        if slots <= self.slots and width <= self.high < self.capacity:
            return
        used = self.high - self.low if self.count else 0
        span = max(used, width)
        more = self.slots if slots <= self.slots else max(slots, min(2 * self.slots, self.slots + CHUNK))

        def moved(old: Tensor, axis: int) -> Tensor:
            # Zero where no branch is: garbage could be NaN, which no mask takes away.
            shape = list(old.shape)
            shape[0], shape[axis] = more, span + CHUNK
            new = old.new_zeros(shape)
            new.narrow(axis, span - used, used)[: self.count] = old.narrow(axis, self.high - used, used)[: self.count]
            return new

        self._each(moved)
        self.slots, self.capacity, self.low, self.high = more, span + CHUNK, span - used, span

    def _copy(self, sources: list[int], targets: list[int]) -> None:
        here = torch.tensor([sources, targets], device=self.device)

        def copied(old: Tensor, axis: int) -> Tensor:
            used = old.narrow(axis, self.low, self.high - self.low)
            used[here[1]] = used[here[0]]
            return old

        self._each(copied)

    def _each(self, change: Callable[[Tensor, int], Tensor]) -> None:
        """Replace every buffer by `change(buffer, axis of its columns)`, one at a time to keep the peak low."""
        self.ids = change(self.ids, 1)
        if self.states is not None:
            self.states = change(self.states, 1)
        for layer in self.layers:
            if layer.keys is not None:
                layer.keys, layer.values = change(layer.keys, 2), change(layer.values, 2)


def _empty(like: Tensor) -> Tensor:
    return like.new_zeros(0, like.shape[1], 0, like.shape[3])


def _placed(parents: Sequence[int]) -> tuple[list[int], list[int]]:
    """The slot of each child, and which children need a copy of their parent.

    A first child stays where its parent is if that slot is among the first len(parents); all others fill the holes.
    No hole is anybody's parent, so that the copies can be made at once.
    """
    stays: dict[int, int] = {}
    for child, parent in enumerate(parents):
        if parent < len(parents):
            stays.setdefault(parent, child)
    slots = [-1] * len(parents)
    for parent, child in stays.items():
        slots[child] = parent
    holes = iter([slot for slot in range(len(parents)) if slot not in stays])
    copies = [child for child, slot in enumerate(slots) if slot < 0]
    for child in copies:
        slots[child] = next(holes)
    return slots, copies
