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
from leaderboard.models import Board, BoardSnapshot, CategoryStanding, Entry, Standing, Submission
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


def plain_entries(count: int) -> list[Entry]:
    """Entries of models entry-0, entry-1, … as imported: they wrote nothing here."""
    made = []
    for i in range(count):
        model = catalog.named_model(generator="", identity=ModelIdentity("test", f"entry-{i}", "1"), params={})
        parts = {"decoding": catalog.unknown_decoding(), "template": catalog.prompt_template()}
        made.append(catalog.entry(model=model, **parts))
    return made


def snapshot(
    board: Board,
    rows: Sequence[Mapping[str, Any]],
    details: Mapping[str, Any] | None = None,
    categories: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
) -> BoardSnapshot:
    """The board's new current snapshot; the first of `rows` holds the numbers of entry-0, and so on."""
    categories = categories or {}
    entries = plain_entries(max(map(len, [rows, *categories.values()])))
    board.entries.add(*entries)
    named = [{"name": name, "prompts": 1, "verdicts": 1} for name in categories]
    made = BoardSnapshot.objects.create(
        board=board,
        digest=f"{board.snapshots.count():064x}",
        details={"rater": board.rater, "version": "1", "categories": named, **(details or {})},
    )
    for place, (entry, row) in enumerate(zip(entries, rows, strict=False), 1):
        Standing.objects.create(snapshot=made, entry=entry, **{"position": place, **row})
    for name, own in categories.items():
        for place, (entry, row) in enumerate(zip(entries, own, strict=False), 1):
            CategoryStanding.objects.create(snapshot=made, entry=entry, category=name, **{"position": place, **row})
    Board.objects.filter(pk=board.pk).update(current=made)
    board.refresh_from_db()
    return made
