"""Loaders: what is sound passes, and each fault is told for its own reason."""

from typing import ClassVar

import pytest

from leaderboard.contracts import conformance
from leaderboard.contracts.values import (
    BenchmarkData,
    BenchmarkItem,
)
from tests.leaderboard.contracts.conformance.plugins import Base, bad, complains


class Fixed(Base):
    items: ClassVar = (BenchmarkItem("a", "One?"), BenchmarkItem("b", "Two?", follows="a"))

    def load(self):
        return BenchmarkData("fixed", "1", self.items)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"load": lambda self: []}, "must give a BenchmarkData"),
        ({"load": lambda self: BenchmarkData("", "1", Fixed.items)}, "a name and a version"),
        ({"items": ()}, "loads no items"),
        ({"items": (*Fixed.items, BenchmarkItem("a", "x"))}, "the key 'a' twice"),
        ({"items": (BenchmarkItem("a", "x", follows="b"), BenchmarkItem("b", "y"))}, "'a' follow none before it"),
        ({"items": (BenchmarkItem("a", " "),)}, "no text for item 'a'"),
        ({"items": (BenchmarkItem("a", "x", "\ud800"),)}, "half a surrogate pair in item 'a'"),
    ],
)
def test_a_loader_that_breaks_a_rule(changes, words):
    conformance.check_loader(Fixed)
    complains(words, conformance.check_loader, bad(Fixed, **changes))


def test_a_loader_that_gives_something_else_each_time():
    counter = iter(range(100))
    moving = bad(Fixed, load=lambda self: BenchmarkData("fixed", str(next(counter)), Fixed.items))
    complains("something else the second time", conformance.check_loader, moving)
