"""Rows for tests, made through the services that make them in earnest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from leaderboard.contracts.params import Params
from leaderboard.contracts.protocols import Capability
from leaderboard.contracts.values import (
    BenchmarkData,
    BenchmarkItem,
    FinishReason,
    Generation,
    GenerationRequest,
    ModelIdentity,
)
from leaderboard.models import Board, Submission
from leaderboard.services import catalog, submissions


class Parrot:
    """A generator that adds: it answers "a+b" rightly when `skill` says so for that prompt and sample."""

    name: ClassVar[str] = "parrot"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Answers sums in tests"
    capabilities: ClassVar[frozenset[str]] = frozenset({Capability.LOGITS})
    backend: ClassVar[str] = "parrot"

    class Params(Params):
        model: str = "parrot"
        wrong_every: int = 0
        """Every how many prompts the sum is off by one; 0 means never."""
        fails_on: str = ""
        """A prompt text that raises."""

    def __init__(self, params: Any) -> None:
        self.params = params

    @classmethod
    def identity(cls, params: Any) -> ModelIdentity:
        return ModelIdentity("test", params.model, "1")

    def generate(self, requests: Sequence[GenerationRequest]) -> Iterator[Generation]:
        for request in requests:
            question = request.messages[-1].content
            if question == self.params.fails_on:
                raise RuntimeError(f"cannot add {question}")
            a, b = map(int, question.split("+"))
            off = int(self.params.wrong_every > 0 and (a + request.sample) % self.params.wrong_every == 0)
            text = f"So the answer is {a + b + off}."
            yield Generation(request.key, text, FinishReason.STOP, 3, 6, 0.001, logprob=-1.0)

    def provenance(self) -> Mapping[str, str]:
        return {"device": "none"}


def sums_board(prompts: int = 6, **more: Any) -> Board:
    """A board of sums, judged by reference, open to submissions."""
    items = tuple(BenchmarkItem(f"sum-{i}", f"{i}+{i}", str(2 * i), "sums") for i in range(1, prompts + 1))
    board = Board.objects.create(
        slug="sums",
        title="Sums",
        benchmark=catalog.benchmark(BenchmarkData("sums", "1", items)),
        metric=catalog.metric(plugin="exact-match", params={}),
        open_to_submissions=True,
        **more,
    )
    board.judges.add(catalog.judge(plugin="reference", params={}))
    return board


def request_for(board: Board, /, model: Mapping[str, Any], **more: Any) -> submissions.Request:
    """A request for the parrot, greedy unless said otherwise."""
    return submissions.Request(
        **{"board": board.slug, "generator": "parrot", "model": model, "strategy": "greedy", **more}
    )


def submit(board: Board, model: Mapping[str, Any], **more: Any) -> Submission:
    """A stored submission by nobody."""
    return submissions.submit(request_for(board, model, **more), user=None)[0]
