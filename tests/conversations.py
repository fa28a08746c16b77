"""A benchmark of conversations, and a model that says what it was asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from leaderboard.contracts.values import BenchmarkData, BenchmarkItem, FinishReason, Message
from leaderboard.models import Board
from leaderboard.services import catalog
from tests.factories import Parrot, sums_board

ITEMS = (
    BenchmarkItem("q", "First?", "", "talk"),
    BenchmarkItem("q:turn-2", "Second?", "", "talk", follows="q"),
    BenchmarkItem("q:turn-3", "Third?", "", "talk", follows="q:turn-2"),
    BenchmarkItem("r", "Other?", "", "talk"),
    BenchmarkItem("r:turn-2", "More?", "", "talk", follows="r"),
)


class Chatty(Parrot):
    """Says who it is, which sample it writes and what it is asked, and keeps what it is sent."""

    heard: ClassVar[list[Any]] = []
    broken: ClassVar[set[str]] = set()

    class Params(Parrot.Params):
        same: bool = False
        """Always the same words, whoever it is, from the second turn on."""
        cut: bool = False

    def generate(self, requests):
        for request in requests:
            text = request.messages[-1].content
            if text in self.broken:
                raise RuntimeError(f"cannot answer {text}")
            self.heard.append(request)
            own = f"{self.params.model} {request.sample} on {text}"
            said = "Yes." if self.params.same and len(request.messages) > 1 else own
            (made,) = super().generate([replace(request, messages=(Message("user", "1+1"),))])
            yield replace(made, text=said, finish_reason=FinishReason("length" if self.params.cut else "stop"))


def talk_board(**more: Any) -> Board:
    """A board of conversations without a judge, open to submissions."""
    made = sums_board(benchmark=catalog.benchmark(BenchmarkData("talk", "1", ITEMS)), metric=None, **more)
    made.judges.clear()
    return made
