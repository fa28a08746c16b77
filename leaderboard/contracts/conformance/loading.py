"""Checks of benchmark loaders."""

from __future__ import annotations

from typing import Any

from leaderboard.contracts.conformance.shared import Given, build, expect, storable
from leaderboard.contracts.values import BenchmarkData


def check_loader(cls: Any, params: Given = None) -> None:
    """A benchmark loader: unique keys, texts that can be stored, the same every time."""
    loader, who = build(cls, params)
    data = loader.load()
    expect(isinstance(data, BenchmarkData), f"{who}.load() must give a BenchmarkData.")
    expect(bool(data.name and data.version), f"{who} must give its data a name and a version.")
    expect(len(data.items) > 0, f"{who} loads no items.")
    expect(data == loader.load(), f"{who} loads something else the second time.")
    keys: set[str] = set()
    for item in data.items:
        expect(bool(item.key) and item.key not in keys, f"{who} has the key {item.key!r} twice, or an empty key.")
        before = not item.follows or (item.follows in keys and not item.earlier)
        expect(before, f"{who} lets item {item.key!r} follow none before it, or gives it earlier turns beside.")
        keys.add(item.key)
        expect(bool(item.text.strip()), f"{who} has no text for item {item.key!r}.")
        texts = (item.key, item.text, item.reference, item.category)
        expect(all(map(storable, texts)), f"{who} has NUL or half a surrogate pair in item {item.key!r}.")
