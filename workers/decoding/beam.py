"""Beam search: the best of several continuations by log-probability over length to a power.

The rule for when to stop is that of transformers with `early_stopping=False`: once as many texts as beams are
finished and the best running one, at its present length, is no better than the worst of them. Imports no torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import Field

from leaderboard.contracts.params import Params
from leaderboard.contracts.protocols import Capability
from leaderboard.contracts.said import said
from workers.decoding.search import Found, View
from workers.decoding.strategies import Greedy, GreedyParams


class BeamParams(GreedyParams):
    """Settings of beam search."""

    beams: int = Field(default=4, ge=1, le=64, title="Beams", description="How many continuations stay alive.")
    length_penalty: float = Field(
        default=1.0,
        ge=-5.0,
        le=5.0,
        title="Length penalty",
        description="The score is the log-probability over length to this power; above 0 favours longer texts.",
    )


class Beam(Greedy):
    """Keeps the likeliest texts as a whole instead of the likeliest next token."""

    name: ClassVar[str] = "beam"
    version: ClassVar[str] = "1 rep>beam"
    title: ClassVar[str] = "Beam search: the likeliest text as a whole"
    Params: ClassVar[type[Params]] = BeamParams

    @property
    def label(self) -> str:
        """Short text for a chip: "beam 4 · λ 1"."""
        text = f"beam {self.params.beams} · λ {self.params.length_penalty:g}"
        penalty = self.params.repetition_penalty
        return text if penalty == 1.0 else f"{text} · rep {penalty:g}"

    @property
    def branches(self) -> int:
        """How many continuations the engine reads side by side."""
        return int(self.params.beams)

    def needs(self) -> frozenset[str]:
        """Our own loop over the model: servers differ in what they mean by beams."""
        return frozenset({Capability.LOOP})

    def search(self, ends: frozenset[int]) -> BeamSearch:
        """A fresh search for one output that stops at a token of `ends`."""
        return BeamSearch(self, ends)

    def request_fields(self) -> Mapping[str, Any]:
        """Raises ValueError: no request can ask for beams."""
        raise ValueError(said("Beam search runs only on a model loaded here."))


@dataclass(frozen=True)
class Text:
    """New tokens with two sums of log-probabilities: after the penalties, by which texts are ranked, and before."""

    ids: tuple[int, ...]
    score: float
    logprob: float


class BeamSearch:
    """One output: up to `beams` running texts and as many finished ones, each list best first."""

    def __init__(self, strategy: Beam, ends: frozenset[int]) -> None:
        self.strategy, self.ends = strategy, ends
        self.running = [Text((), 0.0, 0.0)]
        self.finished: list[Text] = []

    def step(self, view: View) -> Sequence[tuple[int, int]] | Found:
        """The next branches, or what was found."""
        candidates = self._candidates(view)
        self._finish([text for _, text in candidates[: self.strategy.branches] if self._ended(text)])
        going = [(branch, text) for branch, text in candidates if not self._ended(text)][: self.strategy.branches]
        self.running = [text for _, text in going]
        if not going or self._settled():
            best = self.finished[0]
            return Found(best.ids, best.logprob, best.ids[-1] in self.ends)
        return [(branch, text.ids[-1]) for branch, text in going]

    def _candidates(self, view: View) -> list[tuple[int, Text]]:
        """The best continuations of all running texts. Enough of them that `beams` remain when others end."""
        import torch

        after = self.strategy.apply(view.logits, view.history).log_softmax(-1)
        before = view.logits.log_softmax(-1)
        scores = after + torch.tensor([text.score for text in self.running], device=after.device)[:, None]
        wanted = min((1 + max(1, len(self.ends))) * self.strategy.branches, scores.numel())
        # A stable sort: topk promises no order among equals.
        best = scores.flatten().sort(descending=True, stable=True)
        places, vocabulary = best.indices[:wanted], scores.shape[1]
        rows = zip(best.values[:wanted].tolist(), places.tolist(), before.flatten()[places].tolist(), strict=True)
        return [(place // vocabulary, self._longer(place, vocabulary, score, own)) for score, place, own in rows]

    def _longer(self, place: int, vocabulary: int, score: float, logprob: float) -> Text:
        old = self.running[place // vocabulary]
        return Text((*old.ids, place % vocabulary), score, old.logprob + logprob)

    def _ended(self, text: Text) -> bool:
        return text.ids[-1] in self.ends or len(text.ids) >= self.strategy.max_new_tokens

    def _value(self, text: Text) -> float:
        return float(text.score / len(text.ids) ** self.strategy.params.length_penalty)

    def _finish(self, texts: list[Text]) -> None:
        self.finished = sorted([*self.finished, *texts], key=self._value, reverse=True)[: self.strategy.branches]

    def _settled(self) -> bool:
        """Whether no running text is better than the worst of enough finished ones."""
        if len(self.finished) < self.strategy.branches:
            return False
        return self._value(self.running[0]) <= self._value(self.finished[-1])
