"""Rows for tests, made through the services that make them in earnest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
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
    Outcome,
    VerdictState,
)
from leaderboard.models import (
    Ballot,
    Board,
    BoardSnapshot,
    CategoryStanding,
    Comparison,
    Entry,
    Judge,
    Judgment,
    Output,
    Prompt,
    Standing,
    Submission,
    Vote,
)
from leaderboard.services import catalog, facts, submissions


class Parrot:
    """A generator that adds: it answers "a+b" rightly when `skill` says so for that prompt and sample."""

    name: ClassVar[str] = "parrot"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Answers sums in tests"
    capabilities: ClassVar[frozenset[str]] = frozenset({Capability.LOGITS, Capability.LOOP})
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


def sums_board(prompts: int = 6, version: str = "1", **more: Any) -> Board:
    """A board of sums, judged by reference, open to submissions."""
    items = tuple(BenchmarkItem(f"sum-{i}", f"{i}+{i}", str(2 * i), "sums") for i in range(1, prompts + 1))
    parts: dict[str, Any] = {
        "slug": "sums",
        "title": "Sums",
        "benchmark": catalog.benchmark(BenchmarkData("sums", version, items)),
        "metric": catalog.metric(plugin="exact-match", params={}),
        "open_to_submissions": True,
    }
    board = Board.objects.create(**(parts | more))
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


MARKERS = ("answer is", "the result:", "so it is")
"""What tells the judges of a `FactBoard` apart."""


@dataclass
class FactBoard:
    """A board of named entries, and a hand that puts facts on it one by one; `prompts` by key."""

    board: Board
    entries: dict[str, Entry]
    prompts: dict[str, Prompt]
    judges: list[Judge]

    def answer(self, name: str, key: str, text: str | None = None, **more: Any) -> Output:
        """The entry's output to the prompt; made, with a text of its own unless one is given, where there is none."""
        entry, prompt, sample = self.entries[name], self.prompts[key], more.pop("sample", 0)
        known = Output.objects.filter(entry=entry, prompt=prompt, sample=sample).first()
        if known is None:
            text = (
                f"{name} on {key}:" + " x" * (7 * sum(map(ord, name)) * (prompt.position + 1) % 11)
                if text is None
                else text
            )
            facts.add_outputs([Output(entry=entry, prompt=prompt, sample=sample, text=text, **more)])
            known = Output.objects.get(entry=entry, prompt=prompt, sample=sample)
        return known

    def pair(self, first: str, second: str, key: str) -> Comparison:
        """The comparison of the two outputs."""
        row = facts.comparison_row(self.answer(first, key), self.answer(second, key))
        facts.add_comparisons([row])
        return Comparison.objects.get(a=row.a, b=row.b)

    def verdict(
        self, first: str, second: str, key: str, credit: float | None, *, judge: int = 0, repeat: int = 0
    ) -> Judgment:
        """A judge's verdict with the credit of `first`, who was shown first; None is unscored."""
        comparison = self.pair(first, second, key)
        turned = comparison.entry_a_id != self.entries[first].pk
        row = Judgment(
            judge=self.judges[judge],
            comparison=comparison,
            swapped=turned,
            repeat=repeat,
            state=VerdictState.UNPARSED if credit is None else VerdictState.SCORED,
            credit_a=credit if credit is None or not turned else 1.0 - credit,
        )
        facts.add_judgments([row])
        return Judgment.objects.get(judge=row.judge, comparison=comparison, swapped=turned, repeat=repeat)

    def vote(self, first: str, second: str, key: str, outcome: Outcome, voter: str = "user:1") -> Vote:
        """A person's vote; `outcome` A is for `first`, who was shown left."""
        comparison = self.pair(first, second, key)
        turned = comparison.entry_a_id != self.entries[first].pk
        ballot = Ballot.objects.create(
            board=self.board,
            comparison=comparison,
            voter=voter,
            swapped=turned,
            token=f"{voter} {comparison.pk}",
            expires_at="2100-01-01T00:00:00Z",
        )
        seen = {Outcome.A: Outcome.B, Outcome.B: Outcome.A}.get(outcome, outcome) if turned else outcome
        return Vote.objects.create(ballot=ballot, comparison=comparison, board=self.board, voter=voter, outcome=seen)


def named_entry(name: str) -> Entry:
    """An entry of an imported model of this name."""
    identity = ModelIdentity("test", name, "1")
    row = catalog.named_model(generator="imported", identity=identity, params={})
    return catalog.entry(model=row, decoding=catalog.unknown_decoding(), template=catalog.prompt_template())


def fact_board(
    entries: Sequence[str],
    categories: Mapping[str, str],
    *,
    judges: int = 1,
    baseline: str = "",
    slug: str = "facts",
    **more: Any,
) -> FactBoard:
    """A board without facts; `categories` of each prompt by its key. It is rated as `rater` in `more` says."""
    items = tuple(BenchmarkItem(key, f"Say {key}.", category=category) for key, category in categories.items())
    benchmark = catalog.benchmark(BenchmarkData(slug, "1", items))
    made = {name: named_entry(name) for name in entries}
    pairing = Board.Pairing.BASELINE if baseline else Board.Pairing.ALL
    board = Board.objects.create(
        slug=slug,
        title=slug,
        benchmark=benchmark,
        baseline=made.get(baseline),
        **{"pairing": pairing, "rater": "win-rate" if baseline else "bradley-terry", **more},
    )
    board.entries.add(*made.values())
    own = [catalog.judge(plugin="reference", params={"marker": marker}) for marker in MARKERS[:judges]]
    board.judges.add(*own)
    return FactBoard(board, made, {prompt.key: prompt for prompt in benchmark.prompts.all()}, own)
