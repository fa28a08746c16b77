"""Branches that are added, split, moved and dropped keep exactly their own columns."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import DynamicCache

from workers.generators.columns import CHUNK, Columns

SHAPES = ((2, 3), (1, 4))
"""Heads and size of each layer."""


def marks(texts, heads, size):
    """What a layer would hold of left-padded `texts`: every number is that of its token; padding is NaN-free junk."""
    width = max(map(len, texts))
    rows = torch.tensor([[-7.0] * (width - len(text)) + [float(t) for t in text] for text in texts])
    return rows[:, None, :, None].expand(-1, heads, -1, size).clone()


def read(columns, texts):
    """Add `texts` as a pass over prompts does."""
    cache = DynamicCache()
    for layer, (heads, size) in enumerate(SHAPES):
        cache.update(marks(texts, heads, size), -marks(texts, heads, size), layer)
    width = max(map(len, texts))
    ids = torch.tensor([[0] * (width - len(text)) + list(text) for text in texts])
    columns.add(texts, ids, cache, marks(texts, 1, 5)[:, 0])


def write(columns, parents, tokens):
    """Advance and then write the newest column, as a forward pass does; returns the slots."""
    slots = columns.advance(parents, tokens)
    if not slots:
        return slots
    newest = columns.ids[: columns.count, columns.high].float()
    for layer, (heads, size) in enumerate(SHAPES):
        new = newest[:, None, None, None].expand(-1, heads, 1, size)
        columns.cache.update(new, -new, layer)
    columns.written(newest[:, None].expand(-1, 5))
    return slots


def check(columns, texts):
    known = columns.known(columns.high)
    used = slice(columns.low, columns.high)
    assert columns.count == len(texts)
    for slot, text in enumerate(texts):
        wanted = [float(token) for token in text]
        assert columns.ids[slot, used][known[slot]].tolist() == list(text)
        assert columns.states[slot, used][known[slot]][:, 2].tolist() == wanted
        for layer in columns.layers:
            assert layer.keys[slot, 0, used][known[slot]][:, -1].tolist() == wanted
            assert layer.values[slot, -1, used][known[slot]][:, 0].tolist() == [-number for number in wanted]


TEXTS = st.lists(st.lists(st.integers(1, 90), min_size=1, max_size=9).map(tuple), min_size=1, max_size=4)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_course_keeps_every_branch_whole(data):
    columns, texts = Columns(torch.device("cpu")), []
    for _ in range(data.draw(st.integers(1, 12))):
        if not texts or data.draw(st.booleans()):
            new = data.draw(TEXTS)
            read(columns, new)
            texts = [*texts, *new]
        else:
            parents = data.draw(st.lists(st.integers(0, len(texts) - 1), max_size=8))
            tokens = data.draw(st.lists(st.integers(1, 90), min_size=len(parents), max_size=len(parents)))
            slots = write(columns, parents, tokens)
            assert sorted(slots) == list(range(len(parents)))
            placed = dict(zip(slots, [(*texts[p], t) for p, t in zip(parents, tokens, strict=True)], strict=True))
            texts = [placed[slot] for slot in range(len(parents))]
        check(columns, texts)


def test_a_buffer_that_is_full_grows_and_forgets_columns_that_nobody_uses():
    columns = Columns(torch.device("cpu"))
    read(columns, [(1,) * 50])
    read(columns, [(2, 3)])
    write(columns, [1], [4])
    text = [2, 3, 4]
    for token in range(3 * CHUNK):
        write(columns, [0], [token % 90 + 1])
        text.append(token % 90 + 1)
    check(columns, [tuple(text)])
    assert columns.capacity <= len(text) + 2 * CHUNK


def test_a_lone_child_stays_in_its_slot_without_a_copy():
    columns = Columns(torch.device("cpu"))
    read(columns, [(1, 2), (3,), (4, 5, 6)])
    before = columns.layers[0].keys
    assert write(columns, [2, 0, 1], [7, 8, 9]) == [2, 0, 1]
    assert columns.layers[0].keys is before
    check(columns, [(1, 2, 8), (3, 9), (4, 5, 6, 7)])
