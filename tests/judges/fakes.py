"""A generator that answers from a table, without a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar

from leaderboard.contracts.params import NoParams
from leaderboard.contracts.values import FinishReason, Generation, GenerationRequest, ModelIdentity


def reply(request: GenerationRequest, logprobs=None, **more) -> Generation:
    fields = {
        "key": request.key,
        "text": logprobs[0][0] if logprobs else "?",
        "finish_reason": FinishReason.LENGTH,
        "prompt_tokens": 50,
        "output_tokens": 1,
        "seconds": 0.25,
        "first_logprobs": logprobs,
        "cost_usd": 0.001,
    }
    return Generation(**{**fields, **more})


class FakeGenerator:
    """Subclass it with `answer`; `asked` collects the requests."""

    name = "fake"
    version = "3"
    title = "Answers from a table"
    Params = NoParams
    capabilities: ClassVar[frozenset[str]] = frozenset({"logprobs"})
    backend = "none"
    built = 0
    asked: ClassVar[list[GenerationRequest]] = []
    answer: ClassVar[Callable[[GenerationRequest], Generation]]

    def __init__(self, params) -> None:
        type(self).built += 1

    @classmethod
    def identity(cls, params) -> ModelIdentity:
        return ModelIdentity("fake", "table", "r1")

    def generate(self, requests: Sequence[GenerationRequest]) -> Iterator[Generation]:
        self.asked.extend(requests)
        for request in reversed(requests):
            yield type(self).answer(request)

    def provenance(self):
        return {"engine": "table 1"}


def fake(answer) -> type[FakeGenerator]:
    """A fresh class, so that tests share no state."""
    return type("Fake", (FakeGenerator,), {"answer": staticmethod(answer), "asked": [], "built": 0})
